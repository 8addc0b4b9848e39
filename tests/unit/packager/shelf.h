// A sink that keeps everything in memory, and a packager with simple tracks to fill it.
#pragma once

#include <errno.h>

#include "base/bytes.h"
#include "check.h"
#include "packager/packager.h"

#define SHELF_FILES 20000

struct shelf_file {
    char name[100];
    enum vt_blob kind;
    uint8_t *data;
    size_t size;
    char *whole;                             // a playlist with what its VT_PAST_LINE stands for
    bool dropped;
};

struct shelf {
    struct shelf_file files[SHELF_FILES];
    int count;
    int puts[8];
    int drops;
    bool resumed;                            // what was dropped since the state was kept is dropped once more
    uint64_t ready;                          // last whole segment told
    int readies;
    uint64_t msn;                            // last part told
    int part, parts;
    int fail;                                // errno that puts of `fail_kind` return
    enum vt_blob fail_kind;
};

__attribute__((unused)) static struct shelf_file *shelf_find(struct shelf *shelf, const char *name)
{
    for (int i = 0; i < shelf->count; i++)
        if (strcmp(shelf->files[i].name, name) == 0)
            return &shelf->files[i];
    return NULL;
}

static int shelf_put(void *opaque, enum vt_blob kind, const char *name, const void *data, size_t size)
{
    struct shelf *shelf = opaque;
    if (shelf->fail && shelf->fail_kind == kind)
        return -shelf->fail;
    shelf->puts[kind]++;
    struct shelf_file *file = shelf_find(shelf, name);
    if (!file) {
        REQUIRE(shelf->count < SHELF_FILES);
        file = &shelf->files[shelf->count++];
    }
    free(file->data);
    free(file->whole);
    *file = (struct shelf_file){.kind = kind, .data = malloc(size + 1), .size = size};
    snprintf(file->name, sizeof file->name, "%s", name);
    memcpy(file->data, data, size);
    file->data[size] = 0;
    return 0;
}

static int shelf_append(void *opaque, const char *name, const void *data, size_t size)
{
    struct shelf *shelf = opaque;
    struct shelf_file *file = shelf_find(shelf, name);
    REQUIRE(file && file->kind == VT_BLOB_PAST && !file->dropped);
    if (shelf->fail && shelf->fail_kind == VT_BLOB_PAST)
        return -shelf->fail;
    file->data = realloc(file->data, file->size + size + 1);
    memcpy(file->data + file->size, data, size);
    file->size += size;
    file->data[file->size] = 0;
    return 0;
}

static int shelf_drop(void *opaque, const char *name)
{
    struct shelf *shelf = opaque;
    struct shelf_file *file = shelf_find(shelf, name);
    REQUIRE(file && (!file->dropped || shelf->resumed));
    file->dropped = true;
    shelf->drops++;
    return 0;
}

__attribute__((unused)) static int shelf_get(void *opaque, const char *name, struct vt_writer *w)
{
    struct shelf_file *file = shelf_find(opaque, name);
    if (!file || file->dropped)
        return -ENOENT;
    vt_write_bytes(w, file->data, file->size);
    return w->failed ? -ENOMEM : 0;
}

static void shelf_ready(void *opaque, uint64_t msn, int part)
{
    struct shelf *shelf = opaque;
    if (part >= 0) {
        // One after the other, and the segment after its last part.
        bool starts = part == 0 && msn > shelf->msn && shelf->ready >= shelf->msn;
        REQUIRE(starts || (msn == shelf->msn && part == shelf->part + 1));
        shelf->msn = msn;
        shelf->part = part;
        shelf->parts++;
        return;
    }
    REQUIRE(msn > shelf->ready && (shelf->parts == 0 || msn == shelf->msn));
    shelf->ready = msn;
    shelf->readies++;
}

// What a VT_PAST_LINE stands for, as docs/hls.md says.
static void shelf_expand(struct shelf *shelf, const char *line, struct vt_writer *w)
{
    char name[100];
    size_t from, size, segments, found = 0;
    REQUIRE(sscanf(line, VT_PAST_LINE "%99[^,],%zu,%zu,%zu\n", name, &from, &size, &segments) == 4);
    struct shelf_file *file = shelf_find(shelf, name);
    REQUIRE(file && !file->dropped && from + size <= file->size);
    for (const char *at = (char *)file->data + from, *end = at + size; at < end; at = strchr(at, '\n') + 1) {
        if (segments > 0 || strncmp(at, "#EXT-X-DATERANGE:", 17) == 0)
            vt_write_bytes(w, at, strcspn(at, "\n") + 1);
        found += *at != '#';
    }
    REQUIRE(segments == 0 || segments == found);
}

__attribute__((unused)) static const char *shelf_text(struct shelf *shelf, const char *name)
{
    struct shelf_file *file = shelf_find(shelf, name);
    const char *line = file && file->kind == VT_BLOB_PLAYLIST ? strstr((char *)file->data, VT_PAST_LINE) : NULL;
    if (!line)
        return file ? (const char *)file->data : "";
    if (file->whole)
        return file->whole;
    struct vt_writer w = {0};
    vt_write_bytes(&w, file->data, (size_t)(line - (char *)file->data));
    shelf_expand(shelf, line, &w);
    vt_write_text(&w, strchr(line, '\n') + 1);
    vt_write_u8(&w, 0);
    return file->whole = (char *)w.data;
}

__attribute__((unused)) static void shelf_clear(struct shelf *shelf)
{
    for (int i = 0; i < shelf->count; i++)
        free(shelf->files[i].data), free(shelf->files[i].whole);
    *shelf = (struct shelf){0};
}

// High profile, level 3.1, one set of each kind; AAC-LC, 48 kHz, stereo.
static const uint8_t shelf_avcc[] = {1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 4, 0x67, 0x64, 0, 0x1f, 1, 0, 2, 0x68, 0xee};
static const uint8_t shelf_asc[] = {0x11, 0x90};

// 2026-03-01T19:00:00Z
#define SHELF_EPOCH (INT64_C(1772391600) * VT_NS_PER_S)

static const struct vt_track shelf_tracks[] = {
    {.name = "720p", .kind = VT_TRACK_VIDEO, .config = shelf_avcc, .config_size = sizeof shelf_avcc, .width = 1280,
     .height = 720, .bitrate = 2500000},
    {.name = "audio", .kind = VT_TRACK_AUDIO, .config = shelf_asc, .config_size = sizeof shelf_asc,
     .bitrate = 128000, .sample_rate = 48000, .channels = 2, .language = "en"},
    {.name = "360p", .kind = VT_TRACK_VIDEO, .config = shelf_avcc, .config_size = sizeof shelf_avcc, .width = 640,
     .height = 360, .bitrate = 700000},
};

__attribute__((unused)) static struct vt_packager_params shelf_params(struct shelf *shelf)
{
    return (struct vt_packager_params){
        .rate = {30, 1}, .segment_ns = 2 * VT_NS_PER_S, .window_ns = 20 * VT_NS_PER_S,
        .epoch_ns = SHELF_EPOCH, .first_msn = 1, .tracks = shelf_tracks, .n_tracks = 2,
        .sink = {.opaque = shelf, .put = shelf_put, .drop = shelf_drop, .get = shelf_get, .append = shelf_append,
                 .ready = shelf_ready},
    };
}

// Gives video frame `frame` to every video track, with `size` bytes.
__attribute__((unused)) static int shelf_frame(struct vt_packager *p, const struct vt_packager_params *params,
                                               int64_t frame, size_t size)
{
    static uint8_t data[1 << 20];
    bool key = vt_segment_frame(params, vt_segment_of(params, frame)) == frame;
    struct vt_packet packet = {data, size, frame, frame, 1, key};
    int result = 0;
    for (int t = 0; t < params->n_tracks; t++) {
        int given = params->tracks[t].kind == VT_TRACK_VIDEO ? vt_packager_packet(p, t, &packet) : 0;
        result = result < 0 ? result : given;
    }
    return result;
}

// Gives all AAC frames that start before sample `until`.
__attribute__((unused)) static int shelf_sound(struct vt_packager *p, int track, int64_t *sample, int64_t until)
{
    static const uint8_t data[200];
    int result = 0;
    for (; *sample < until && result == 0; *sample += 1024) {
        struct vt_packet packet = {data, sizeof data, *sample, *sample, 1024, true};
        result = vt_packager_packet(p, track, &packet);
    }
    return result;
}

// Video frames [from, to) with their sound, the audio track being the second.
__attribute__((unused)) static int shelf_run(struct vt_packager *p, const struct vt_packager_params *params,
                                             int64_t from, int64_t to)
{
    int64_t sample = (vt_muldiv(from, INT64_C(48000) * params->rate.den, params->rate.num) + 1023) / 1024 * 1024;
    int result = 0;
    for (int64_t frame = from; frame < to; frame++) {
        int given = shelf_frame(p, params, frame, 1000);
        result = result < 0 ? result : given;
        if (params->n_tracks > 1) {
            int64_t until = vt_muldiv(frame + 1, INT64_C(48000) * params->rate.den, params->rate.num);
            given = shelf_sound(p, 1, &sample, until);
            result = result < 0 ? result : given;
        }
    }
    return result;
}

// -- what the tests ask of texts

static inline struct vt_packager *open_packager(const struct vt_packager_params *params)
{
    struct vt_packager *p = NULL;
    REQUIRE_INT(vt_packager_new(&p, params), 0);
    return p;
}

static inline int count_of(const char *text, const char *what)
{
    int count = 0;
    for (const char *at = text; (at = strstr(at, what)); at++)
        count++;
    return count;
}

static inline int64_t number_after(const char *text, const char *what)
{
    const char *at = strstr(text, what);
    return at ? strtoll(at + strlen(what), NULL, 10) : -1;
}
