// An hour of media time: nothing drifts, playlists say what the media say, and the year ends in between.
#include "check.h"
#include "packager/packager.h"
#include "packager/segmenter.h"

#define TRACKS 2
#define YEAR_END (INT64_C(1798761600) * VT_NS_PER_S)                 // 2027-01-01T00:00:00Z

static const uint8_t avcc[] = {1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 4, 0x67, 0x64, 0, 0x1f, 1, 0, 2, 0x68, 0xee};
static const uint8_t asc[] = {0x11, 0x90};
static const struct vt_track tracks[TRACKS] = {
    {.name = "v", .config = avcc, .config_size = sizeof avcc, .width = 1280, .height = 720, .bitrate = 2500000},
    {.name = "a", .kind = VT_TRACK_AUDIO, .config = asc, .config_size = sizeof asc, .bitrate = 128000,
     .sample_rate = 48000, .channels = 2},
};

// What the files of each track said so far.
struct heard {
    int64_t first[2000], ticks[2000];        // decode time and length of each segment, by number
    int64_t next;                            // decode time that must come
    int64_t last_msn, last_us;               // of the playlist
    double total;                            // EXTINF of all segments so far
    int lines;
};
static struct heard heard[TRACKS];
static struct vt_packager_params params;
static int years;                            // bits: 1 the old, 2 the new

static uint32_t at_u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

// Fragments follow each other to the tick.
static int64_t read_fragments(struct heard *h, const uint8_t *data, size_t size)
{
    int64_t total = 0;
    for (const uint8_t *at = data, *end = data + size; at < end; at += at_u32(at)) {
        if (memcmp(at + 4, "moof", 4) != 0)
            continue;
        const uint8_t *tfhd = memmem(at, at_u32(at), "tfhd", 4), *tfdt = memmem(at, at_u32(at), "tfdt", 4);
        const uint8_t *trun = memmem(at, at_u32(at), "trun", 4);
        REQUIRE(tfhd && tfdt && trun);
        int64_t time = (int64_t)at_u32(tfdt + 8) << 32 | at_u32(tfdt + 12), each = at_u32(tfhd + 12);
        REQUIRE(h->next < 0 || time == h->next);
        uint32_t columns = at_u32(trun + 4), count = at_u32(trun + 8);
        const uint8_t *sample = trun + 16 + (columns & 4);
        int64_t length = 0;
        for (uint32_t i = 0; i < count; i++, sample += 4 * __builtin_popcount(columns & 0xF00))
            length += columns & 0x100 ? at_u32(sample) : each;
        h->next = time + length;
        total += length;
    }
    return total;
}

static void read_playlist(struct heard *h, int t, const char *text)
{
    int64_t msn = strtoll(strstr(text, "MEDIA-SEQUENCE:") + 15, NULL, 10);
    int64_t scale = t ? 48000 : vt_video_timescale(params.rate);
    for (const char *at = text; (at = strstr(at, "#EXT-X-PROGRAM-DATE-TIME:")); at++, msn++) {
        char time[VT_TIME_TEXT] = "";
        int64_t program_ns;
        if (msn <= h->last_msn)
            continue;
        REQUIRE_INT(msn, h->last_msn + 1);
        memcpy(time, at + 25, strcspn(at + 25, "\n"));
        REQUIRE_INT(vt_parse_time(time, &program_ns), 0);
        years |= program_ns < YEAR_END ? 1 : 2;
        REQUIRE((program_ns < YEAR_END) == (strncmp(time, "2026-12-31T", 11) == 0));
        double extinf = strtod(strstr(at, "#EXTINF:") + 8, NULL);
        // Its date is where its media are, its length theirs.
        double start = (double)h->first[msn] / (double)scale;
        REQUIRE_NEAR((double)(program_ns - params.epoch_ns) / 1e9, start, 0.0010001);
        REQUIRE_NEAR(extinf, (double)h->ticks[msn] / (double)scale, 1.1e-6);
        h->total += extinf;
        h->last_msn = msn;
        REQUIRE_NEAR(h->total, (double)(h->first[msn] + h->ticks[msn] - h->first[1]) / (double)scale, 1.1e-6);
    }
}

static int put(void *opaque, enum vt_blob kind, const char *name, const void *data, size_t size)
{
    int t = name[0] == 'a';
    (void)opaque;
    if (kind == VT_BLOB_SEGMENT) {
        int64_t msn = strtoll(name + 2, NULL, 10), before = heard[t].next;
        REQUIRE(msn > 0 && msn < 2000);
        heard[t].ticks[msn] = read_fragments(&heard[t], data, size);
        heard[t].first[msn] = before < 0 ? heard[t].next - heard[t].ticks[msn] : before;
    } else if (kind == VT_BLOB_PLAYLIST && name[1] == '.' && strcmp(name + 1, ".m3u8") == 0) {
        char *text = strndup(data, size);
        read_playlist(&heard[t], t, text);
        free(text);
    }
    return 0;
}

static void begin(struct vt_rational rate)
{
    memset(heard, 0, sizeof heard);
    heard[0].next = heard[1].next = -1;
    years = 0;
    params = (struct vt_packager_params){
        .rate = rate, .segment_ns = 2 * VT_NS_PER_S, .window_ns = 20 * VT_NS_PER_S,
        .epoch_ns = YEAR_END - 1800 * VT_NS_PER_S + 123 * VT_NS_PER_MS, .first_msn = 1, .tracks = tracks,
        .n_tracks = TRACKS, .sink = {.put = put},
    };
}

// Runs for so many seconds; `drops` says which frames never come.
static void run(int64_t seconds, bool (*drops)(int64_t frame))
{
    static const uint8_t data[40];
    struct vt_packager *p = NULL;
    REQUIRE_INT(vt_packager_new(&p, &params), 0);
    int64_t frames = vt_ns_to_nearest_frame(seconds * VT_NS_PER_S, params.rate), sample = 0;
    for (int64_t frame = 0; frame < frames; frame++) {
        bool key = vt_segment_frame(&params, vt_segment_of(&params, frame)) == frame;
        struct vt_packet packet = {data, sizeof data, frame, frame, 1, key};
        if (key || !drops || !drops(frame))
            REQUIRE_INT(vt_packager_packet(p, 0, &packet), 0);
        for (; sample < vt_muldiv(frame + 1, INT64_C(48000) * params.rate.den, params.rate.num); sample += 1024) {
            packet = (struct vt_packet){data, sizeof data, sample, sample, 1024, true};
            REQUIRE_INT(vt_packager_packet(p, 1, &packet), 0);
        }
    }
    vt_packager_free(&p);
}

TEST(an_hour_drifts_by_nothing)
{
    static const struct vt_rational rates[] = {{25, 1}, {30000, 1001}, {30, 1}, {50, 1}, {60000, 1001}, {60, 1}};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        begin(rates[i]);
        run(3600, NULL);
        REQUIRE_INT(years, 3);
        for (int t = 0; t < TRACKS; t++) {
            REQUIRE(heard[t].last_msn >= 1798);
            // The last one ends where its frames are on the clock, or up to one AAC frame after.
            double exact = (double)vt_frame_to_ns(vt_segment_frame(&params, heard[t].last_msn), params.rate) / 1e9;
            REQUIRE(heard[t].total >= exact - 1e-6 && heard[t].total <= exact + (t ? 1024.0 / 48000 : 1e-6));
        }
    }
}

// Two frames of three, and now and then none for most of a second.
static bool overloaded(int64_t frame)
{
    return frame % 3 || (frame / 25) % 4 == 1;
}

TEST(overload_repeats_frames_and_tells_no_lie)
{
    begin((struct vt_rational){30000, 1001});
    run(120, overloaded);
    REQUIRE(heard[0].last_msn >= 58);
    double exact = (double)vt_frame_to_ns(vt_segment_frame(&params, heard[0].last_msn), params.rate) / 1e9;
    REQUIRE_NEAR(heard[0].total, exact, 1e-6);

    begin((struct vt_rational){30, 1});
    params.part_ns = 333 * VT_NS_PER_MS;
    run(120, overloaded);
    REQUIRE_NEAR(heard[0].total, 2.0 * (double)heard[0].last_msn, 1e-6);
}

int main(void)
{
    RUN(an_hour_drifts_by_nothing);
    RUN(overload_repeats_frames_and_tells_no_lie);
    return DONE();
}
