// What listing costs, by the length of the window: microseconds of CPU for a part and for a segment, bytes written.
//
//     bench_packager SECONDS...
//
// Two renditions and sound, 2 s segments in 333 ms parts, one cue on air; files go nowhere.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "packager/packager.h"

#define MEASURED 30                          // segments

static int64_t written;

static int put(void *opaque, enum vt_blob kind, const char *name, const void *data, size_t size)
{
    (void)opaque, (void)name, (void)data;
    written += kind == VT_BLOB_PLAYLIST || kind == VT_BLOB_STATE || kind == VT_BLOB_PAST ? (int64_t)size : 0;
    return 0;
}

static int append(void *opaque, const char *name, const void *data, size_t size)
{
    (void)opaque, (void)name, (void)data;
    written += (int64_t)size;
    return 0;
}

static double cpu_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static const uint8_t avcc[] = {1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 4, 0x67, 0x64, 0, 0x1f, 1, 0, 2, 0x68, 0xee};
static const uint8_t asc[] = {0x11, 0x90};
static const struct vt_track tracks[] = {
    {.name = "720p", .config = avcc, .config_size = sizeof avcc, .width = 1280, .height = 720, .bitrate = 2500000},
    {.name = "360p", .config = avcc, .config_size = sizeof avcc, .width = 640, .height = 360, .bitrate = 700000},
    {.name = "audio", .kind = VT_TRACK_AUDIO, .config = asc, .config_size = sizeof asc, .bitrate = 128000,
     .sample_rate = 48000, .channels = 2},
};

static void give(struct vt_packager *p, const struct vt_packager_params *params, int64_t frame)
{
    static const uint8_t data[200];
    bool key = vt_segment_frame(params, vt_segment_of(params, frame)) == frame;
    struct vt_packet packet = {data, sizeof data, frame, frame, 1, key};
    for (int t = 0; t < 2; t++)
        if (vt_packager_packet(p, t, &packet) < 0)
            exit(1);
}

static void run(struct vt_packager_params *params, int64_t seconds)
{
    struct vt_packager *p = NULL;
    int64_t frames = (seconds + 20 + 2 * MEASURED) * 30, sample = 0, rev = 0;
    double part_us = 0, most_us = 0, start = 0, total = cpu_us();
    params->window_ns = seconds * VT_NS_PER_S;
    if (vt_packager_new(&p, params) < 0)
        exit(1);
    for (int64_t frame = 0; frame < frames; frame++) {
        if (frame == frames - MEASURED * 60)
            start = cpu_us(), written = 0;
        struct vt_cue cue = {.id = "c1", .rev = ++rev, .op = VT_CUE_UPDATE, .frame = frame + 1, .end_frame = INT64_MAX,
                             .lease_frame = frame + 890, .template = "t@1"};
        if (frame % 600 == 0 && vt_packager_cue(p, &cue, NULL, 0) < 0)
            exit(1);
        double before = cpu_us();
        give(p, params, frame);
        for (; sample < (frame + 1) * 1600; sample += 1024) {
            static const uint8_t data[200];
            struct vt_packet packet = {data, sizeof data, sample, sample, 1024, true};
            if (vt_packager_packet(p, 2, &packet) < 0)
                exit(1);
        }
        double took = cpu_us() - before;
        if (start > 0 && took > most_us)
            most_us = took;
    }
    part_us = (cpu_us() - start) / (MEASURED * 6);
    printf("window %6lld s: %8.0f us a part on average, %8.0f us at most, %6.1f kB written a second\n",
           (long long)seconds, part_us, most_us, (double)written / 1e3 / (2 * MEASURED));
    (void)total;
    vt_packager_free(&p);
}

int main(int argc, char **argv)
{
    struct vt_packager_params params = {
        .rate = {30, 1}, .segment_ns = 2 * VT_NS_PER_S, .part_ns = 333 * VT_NS_PER_MS,
        .epoch_ns = INT64_C(1772391600) * VT_NS_PER_S, .first_msn = 1, .tracks = tracks, .n_tracks = 3,
        .sink = {.put = put, .append = append},
    };
    for (int i = 1; i < argc; i++)
        run(&params, atoll(argv[i]));
    return 0;
}
