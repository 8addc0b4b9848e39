// Any viewer report: it is counted, or refused with a reason.
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "serve/viewer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char why[VT_JSON_WHY] = "";
    struct vt_viewer_event event;
    if (vt_viewer_parse((const char *)data, size, &event, why) < 0) {
        assert(why[0]);
        return 0;
    }
    assert(size <= VT_VIEWER_BYTES && event.event[0]);
    struct vt_viewer_counts counts;
    assert(vt_viewer_counts_init(&counts) == 0);
    vt_viewer_count(&counts, &event);
    assert(json_object_size(counts.by_event) == 1);
    json_t *body = vt_viewer_to_json(&event);
    assert(body);
    json_decref(body);
    vt_viewer_counts_free(&counts);
    return 0;
}
