// A packager that starts with any state must refuse it or go on, and then package a segment. The state, its open segment
// and a chunk stand one after the other, with a zero byte between them; every part that is asked for has some bytes.
#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "packager/packager.h"

static int put(void *opaque, enum vt_blob kind, const char *name, const void *data, size_t size)
{
    return 0;
}

struct texts {
    const uint8_t *at[3];
    size_t size[3];
};

static struct texts split(const uint8_t *data, size_t size)
{
    struct texts texts = {0};
    for (int i = 0; i < 3; i++) {
        const uint8_t *end = i < 2 && size > 0 ? memchr(data, 0, size) : NULL;
        texts.at[i] = data;
        texts.size[i] = end ? (size_t)(end - data) : size;
        data += texts.size[i] + (end ? 1 : 0);
        size -= texts.size[i] + (end ? 1 : 0);
    }
    return texts;
}

static int get(void *opaque, const char *name, struct vt_writer *w)
{
    const struct texts *texts = opaque;
    int i = strcmp(name, "open.json") == 0 ? 1 : 2;
    if (strstr(name, ".json"))
        vt_write_bytes(w, texts->at[i], texts->size[i]);
    else
        vt_write_text(w, "part");
    return w->failed ? -1 : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t avcc[] = {1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 4, 0x67, 0x64, 0, 0x1f, 1, 0, 2, 0x68, 0xee};
    static const uint8_t picture[10];
    struct vt_track track = {.name = "720p", .kind = VT_TRACK_VIDEO, .config = avcc, .config_size = sizeof avcc,
                             .width = 1280, .height = 720, .bitrate = 2500000};
    struct texts texts = split(data, size);
    struct vt_packager_params params = {
        .rate = {30, 1}, .segment_ns = 2 * VT_NS_PER_S, .part_ns = 333 * VT_NS_PER_MS,
        .window_ns = 20 * VT_NS_PER_S,
        .epoch_ns = INT64_C(1772391600) * VT_NS_PER_S, .first_msn = 60, .first_frame = 1200,
        .state = (const char *)texts.at[0], .state_size = texts.size[0], .tracks = &track, .n_tracks = 1,
        .sink = {.opaque = &texts, .put = put, .get = get},
    };
    struct vt_packager *packager = NULL;
    if (vt_packager_new(&packager, &params) < 0) {
        assert(!packager);
        return 0;
    }
    for (int64_t frame = 1200; frame <= 1260; frame++) {
        struct vt_packet packet = {picture, sizeof picture, frame, frame, 1, frame % 60 == 0};
        int result = vt_packager_packet(packager, 0, &packet);
        assert(result == 0);
    }
    vt_packager_free(&packager);
    return 0;
}
