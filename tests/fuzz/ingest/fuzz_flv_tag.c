// Audio, video and data messages: what is given out lies within the message, names are printable.
#include <assert.h>
#include <ctype.h>
#include <string.h>

#include "ingest/flv_tag.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int error, const struct vt_flv_tag *tag, bool video, const uint8_t *data, size_t size)
{
    char text[128];
    if (error == -1 || tag->kind > VT_FLV_END)
        return;
    if (tag->size > 0)
        assert(tag->data >= data && tag->data + tag->size <= data + size);
    assert(tag->composition_ms >= -0x800000 && tag->composition_ms < 0x800000);
    vt_flv_refusal(text, sizeof text, video, tag);
    for (const char *c = text; *c; c++)
        assert(isprint((unsigned char)*c));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vt_flv_tag tag;
    struct vt_flv_metadata metadata;
    memset(&tag, 0, sizeof tag);
    check(vt_flv_video(&tag, data, size), &tag, true, data, size);
    memset(&tag, 0, sizeof tag);
    check(vt_flv_audio(&tag, data, size), &tag, false, data, size);
    if (vt_flv_metadata(&metadata, data, size))
        assert(metadata.width >= 0 && metadata.fps <= 1000 && strlen(metadata.encoder) < sizeof metadata.encoder);
    return 0;
}
