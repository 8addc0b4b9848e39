// Audio, video and data messages: what is given out lies within the message, names are printable.
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "ingest/flv_tag.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int got, const struct vt_flv_tag *tag, bool video, const uint8_t *data, size_t size)
{
    char text[128];
    if (got > 0 && tag->size > 0)
        assert(tag->data >= data && tag->data + tag->size <= data + size);
    assert(tag->kind <= VT_FLV_COLOUR && (got < 0 || vt_codec_is_video(tag->codec) == video));
    assert(tag->composition_ms >= -0x800000 && tag->composition_ms < 0x800000);
    vt_flv_refusal(text, sizeof text, video, tag);
    for (const char *c = text; *c; c++)
        assert(isprint((unsigned char)*c));
    struct vt_flv_colours colours;
    if (got > 0 && tag->kind == VT_FLV_COLOUR)
        vt_flv_colour(&colours, tag->data, tag->size);
}

static void walk_through(bool video, const uint8_t *data, size_t size)
{
    struct vt_flv_walk walk;
    struct vt_flv_tag tag;
    int got = video ? vt_flv_video(&walk, data, size) : vt_flv_audio(&walk, data, size), tracks = 0;
    while (got == 0 && (got = vt_flv_next(&walk, &tag)) != 0 && got != -EINVAL) {
        check(got, &tag, video, data, size);
        assert(++tracks <= VT_FLV_TRACKS_MAX);
        got = 0;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vt_flv_metadata metadata;
    struct vt_flv_colours colours;
    walk_through(true, data, size);
    walk_through(false, data, size);
    vt_flv_colour(&colours, data, size);
    if (vt_flv_metadata(&metadata, data, size))
        assert(metadata.width >= 0 && metadata.fps <= 1000 && strlen(metadata.encoder) < sizeof metadata.encoder);
    return 0;
}
