// Any text in a cue gives JSON that fits and parses, or is refused; its labels are whole UTF-8.
#include <assert.h>
#include <errno.h>
#include <jansson.h>
#include <stddef.h>
#include <string.h>

#include "packager/cue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Input: a byte with the number of hotspots, then texts that NULs end: item, and a label and a link for each hotspot.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char text[4096];
    if (size < 1 || size >= sizeof text)
        return 0;
    memcpy(text, data, size);
    text[size] = 0;
    const char *at = text + 1, *end = text + size;
    const char *texts[1 + 2 * VT_CUE_HOTSPOTS];
    for (int i = 0; i < 1 + 2 * VT_CUE_HOTSPOTS; i++) {
        texts[i] = at;
        at = at < end ? at + strlen(at) + 1 : end;
        at = at < end ? at : end;
    }
    struct vt_cue_hotspot spots[VT_CUE_HOTSPOTS] = {0};
    for (int i = 0; i < VT_CUE_HOTSPOTS; i++)
        spots[i] = (struct vt_cue_hotspot){.name = "n", .action = "open", .label = texts[1 + 2 * i],
                                           .rect = {data[0] / 3.0, 50, 1e300, -7.77777},
                                           .url = texts[2 + 2 * i][0] ? texts[2 + 2 * i] : NULL};
    struct vt_cue cue = {.id = "c1", .rev = 1, .op = (enum vt_cue_op)(data[0] >> 5 & 3), .frame = 10, .end_frame = 20,
                         .lease_frame = 30, .template = "t@1", .item = texts[0], .hotspots = spots,
                         .hotspot_count = data[0] % (VT_CUE_HOTSPOTS + 1)};
    struct vt_cue_clock clock = {{30000, 1001}, INT64_C(1772391600) * VT_NS_PER_S};
    char out[VT_CUE_JSON + 1];
    int length = vt_cue_json(&cue, &clock, out);
    if (length < 0) {
        assert(length == -EMSGSIZE);
        return 0;
    }
    assert(length <= VT_CUE_JSON && (int)strlen(out) == length);
    json_t *root = json_loads(out, JSON_REJECT_DUPLICATES, NULL);
    assert(root);
    json_decref(root);
    return 0;
}
