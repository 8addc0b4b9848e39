#include "shelf.h"
#include "packager/state.h"

#include "base/bytes.h"

static struct shelf shelf;

static void close_all(struct vt_packager *p)
{
    vt_packager_free(&p);
    shelf_clear(&shelf);
}

static double sum_of_durations(const char *text)
{
    double sum = 0;
    for (const char *at = text; (at = strstr(at, "#EXTINF:")); at++)
        sum += strtod(at + 8, NULL);
    return sum;
}

static struct vt_cue cue(const char *id, int64_t rev, enum vt_cue_op op, int64_t frame)
{
    struct vt_cue cue = {.rev = rev, .op = op, .frame = frame, .end_frame = INT64_MAX, .lease_frame = frame + 90,
                         .template = "t@1"};
    vt_name_copy(cue.id, id);
    return cue;
}

static int give(struct vt_packager *p, const char *id, int64_t rev, enum vt_cue_op op, int64_t frame)
{
    struct vt_cue given = cue(id, rev, op, frame);
    return vt_packager_cue(p, &given, NULL, 0);
}

TEST(playlists_are_exactly)
{
    struct vt_packager_params params = shelf_params(&shelf);
    struct vt_packager *p = open_packager(&params);
    REQUIRE_INT(shelf.puts[VT_BLOB_INIT], 2);
    REQUIRE_INT(shelf_run(p, &params, 0, 59), 0);
    REQUIRE_INT(shelf.readies, 0);
    REQUIRE_INT(shelf_run(p, &params, 59, 62), 0);
    REQUIRE_INT(shelf.ready, 1);
    REQUIRE_TEXT(shelf_text(&shelf, "720p.m3u8"),
        "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:1\n"
        "#EXT-X-MAP:URI=\"720p-init.mp4\"\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-03-01T19:00:00.000Z\n#EXTINF:2.000000,\n720p-1.m4s\n");
    REQUIRE_INT(shelf_run(p, &params, 62, 140), 0);
    REQUIRE_INT(vt_packager_finish(p), 0);
    REQUIRE_INT(shelf.ready, 3);
    REQUIRE_TEXT(shelf_text(&shelf, "720p.m3u8"),
        "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:1\n"
        "#EXT-X-MAP:URI=\"720p-init.mp4\"\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-03-01T19:00:00.000Z\n#EXTINF:2.000000,\n720p-1.m4s\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-03-01T19:00:02.000Z\n#EXTINF:2.000000,\n720p-2.m4s\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-03-01T19:00:04.000Z\n#EXTINF:0.666667,\n720p-3.m4s\n"
        "#EXT-X-ENDLIST\n");
    REQUIRE(strstr(shelf_text(&shelf, "audio.m3u8"), "#EXT-X-PROGRAM-DATE-TIME:2026-03-01T19:00:02.005Z\n"
                   "#EXTINF:2.005334,\naudio-2.m4s\n"));
    REQUIRE_INT(vt_packager_finish(p), 0);
    REQUIRE_INT(shelf_frame(p, &params, 140, 10), -EINVAL);
    close_all(p);
}

TEST(multivariant_is_exactly)
{
    struct vt_packager_params params = shelf_params(&shelf);
    params.n_tracks = 3;
    params.rate = (struct vt_rational){30000, 1001};
    struct vt_packager *p = open_packager(&params);
    struct vt_writer w = {0};
    vt_packager_multivariant(p, "show/main/", &w);
    vt_write_u8(&w, 0);
    REQUIRE_TEXT((char *)w.data,
        "#EXTM3U\n#EXT-X-INDEPENDENT-SEGMENTS\n"
        "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"audio\",LANGUAGE=\"en\",DEFAULT=YES,AUTOSELECT=YES,"
        "CHANNELS=\"2\",URI=\"show/main/audio.m3u8\"\n"
        "#EXT-X-STREAM-INF:BANDWIDTH=3285000,AVERAGE-BANDWIDTH=2628000,CODECS=\"avc1.64001f,mp4a.40.2\","
        "RESOLUTION=1280x720,FRAME-RATE=29.970,AUDIO=\"audio\",CLOSED-CAPTIONS=NONE\nshow/main/720p.m3u8\n"
        "#EXT-X-STREAM-INF:BANDWIDTH=1035000,AVERAGE-BANDWIDTH=828000,CODECS=\"avc1.64001f,mp4a.40.2\","
        "RESOLUTION=640x360,FRAME-RATE=29.970,AUDIO=\"audio\",CLOSED-CAPTIONS=NONE\nshow/main/360p.m3u8\n"
        "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=625000,AVERAGE-BANDWIDTH=625000,CODECS=\"avc1.64001f\","
        "RESOLUTION=1280x720,URI=\"show/main/720p-iframes.m3u8\"\n"
        "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=175000,AVERAGE-BANDWIDTH=175000,CODECS=\"avc1.64001f\","
        "RESOLUTION=640x360,URI=\"show/main/360p-iframes.m3u8\"\n");
    vt_writer_free(&w);
    close_all(p);
}

TEST(one_kind_alone_is_valid)
{
    struct vt_packager_params params = shelf_params(&shelf);
    params.n_tracks = 1;
    struct vt_packager *p = open_packager(&params);
    REQUIRE_INT(shelf_run(p, &params, 0, 61), 0);
    REQUIRE_TEXT(shelf_text(&shelf, "index.m3u8"),
        "#EXTM3U\n#EXT-X-INDEPENDENT-SEGMENTS\n"
        "#EXT-X-STREAM-INF:BANDWIDTH=3125000,AVERAGE-BANDWIDTH=2500000,CODECS=\"avc1.64001f\",RESOLUTION=1280x720,"
        "FRAME-RATE=30.000,CLOSED-CAPTIONS=NONE\n720p.m3u8\n"
        "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=625000,AVERAGE-BANDWIDTH=625000,CODECS=\"avc1.64001f\","
        "RESOLUTION=1280x720,URI=\"720p-iframes.m3u8\"\n");
    close_all(p);

    params.tracks = &shelf_tracks[1];
    p = open_packager(&params);
    int64_t sample = 0;
    REQUIRE_INT(shelf_sound(p, 0, &sample, 48000 * 5), 0);
    REQUIRE_INT(shelf.ready, 2);
    REQUIRE_TEXT(shelf_text(&shelf, "index.m3u8"),
        "#EXTM3U\n#EXT-X-INDEPENDENT-SEGMENTS\n"
        "#EXT-X-STREAM-INF:BANDWIDTH=160000,AVERAGE-BANDWIDTH=128000,CODECS=\"mp4a.40.2\"\naudio.m3u8\n");
    REQUIRE_INT(vt_packager_finish(p), 0);
    close_all(p);
}

TEST(bandwidth_is_never_below_what_was_measured)
{
    struct vt_packager_params params = shelf_params(&shelf);
    params.n_tracks = 1;
    struct vt_packager *p = open_packager(&params);
    for (int64_t frame = 0; frame <= 180; frame++)
        REQUIRE_INT(shelf_frame(p, &params, frame, frame < 60 ? 1000 : 20000), 0);
    double peak = shelf_find(&shelf, "720p-2.m4s")->size * 8 / 2.0;
    int64_t told = number_after(shelf_text(&shelf, "index.m3u8"), "BANDWIDTH=");
    REQUIRE(told >= peak && told <= 1.12 * peak);
    REQUIRE_INT(vt_packager_finish(p), 0);
    told = number_after(shelf_text(&shelf, "index.m3u8"), "BANDWIDTH=");
    REQUIRE_NEAR(told, peak, 0.01 * peak);
    close_all(p);
}

TEST(the_window_slides)
{
    static const struct vt_rational rates[] = {{25, 1}, {30000, 1001}, {30, 1}, {50, 1}, {60000, 1001}, {60, 1}};
    for (size_t r = 0; r < sizeof rates / sizeof *rates; r++) {
        struct vt_packager_params params = shelf_params(&shelf);
        params.rate = rates[r];
        params.first_msn = 1000;
        struct vt_packager *p = open_packager(&params);
        int64_t end = vt_segment_frame(&params, 60) + 5;
        REQUIRE_INT(shelf_run(p, &params, 0, end), 0);
        REQUIRE_INT(shelf.ready, 1000 + 59 - (shelf.ready < 1059));
        for (int t = 0; t < 2; t++) {
            const char *text = shelf_text(&shelf, t ? "audio.m3u8" : "720p.m3u8");
            int count = count_of(text, "#EXTINF:");
            int64_t first = number_after(text, "#EXT-X-MEDIA-SEQUENCE:");
            REQUIRE(count >= 10 && count <= 12);
            REQUIRE_INT(first + count - 1, shelf.ready);
            REQUIRE_INT(number_after(text, t ? "\naudio-" : "\n720p-"), first);
            int64_t a = vt_segment_frame(&params, first - 1000), b = vt_segment_frame(&params, first - 1000 + count);
            double exact = (double)(b - a) * params.rate.den / params.rate.num;
            REQUIRE_NEAR(sum_of_durations(text), exact, t ? 0.0214 : 0.000002);
            REQUIRE(!strstr(text, "DISCONTINUITY") && !strstr(text, "PLAYLIST-TYPE") && !strstr(text, "GAP"));
            REQUIRE_INT(number_after(text, "TARGETDURATION:"), 2);
        }
        // Gone from the playlist for its own duration and the longest playlist's: 48 s to 24 s ago at least.
        int64_t first = number_after(shelf_text(&shelf, "720p.m3u8"), "#EXT-X-MEDIA-SEQUENCE:");
        char name[40];
        for (int64_t msn = 1000; msn <= (int64_t)shelf.ready; msn++) {
            snprintf(name, sizeof name, "720p-%d.m4s", (int)msn);
            bool dropped = shelf_find(&shelf, name)->dropped;
            REQUIRE(dropped ? msn < first - 10 : msn > first - 14);
        }
        REQUIRE(shelf.drops > 60);
        close_all(p);
    }
}

TEST(a_window_is_never_too_short)
{
    struct vt_packager_params params = shelf_params(&shelf);
    params.window_ns = VT_NS_PER_S;
    struct vt_packager *p = open_packager(&params);
    REQUIRE_INT(shelf_run(p, &params, 0, 30 * 60), 0);
    REQUIRE_INT(count_of(shelf_text(&shelf, "720p.m3u8"), "#EXTINF:"), 6);
    close_all(p);

    params.window_ns = 0;
    p = open_packager(&params);
    REQUIRE_INT(shelf_run(p, &params, 0, 30 * 60 + 2), 0);
    REQUIRE_INT(count_of(shelf_text(&shelf, "720p.m3u8"), "#EXTINF:"), 30);
    REQUIRE(strstr(shelf_text(&shelf, "720p.m3u8"), "#EXT-X-PLAYLIST-TYPE:EVENT\n"));
    REQUIRE_INT(shelf.drops, 0);
    REQUIRE_INT(shelf.puts[VT_BLOB_STATE], 0);
    close_all(p);
}

static void check_key(const char *segment, int64_t at, int64_t length, size_t size)
{
    struct shelf_file *file = shelf_find(&shelf, segment);
    REQUIRE(file && at + length <= (int64_t)file->size);
    struct vt_reader r = vt_reader(file->data + at, (size_t)length);
    uint32_t moof = vt_read_u32be(&r);
    REQUIRE(memcmp(vt_read_bytes(&r, 4), "moof", 4) == 0);
    vt_read_skip(&r, moof - 8);
    REQUIRE_INT(vt_read_u32be(&r), 8 + size);
    REQUIRE(memcmp(vt_read_bytes(&r, 4), "mdat", 4) == 0);
    REQUIRE_INT(r.left, size);
}

TEST(key_frames_have_a_playlist)
{
    struct vt_packager_params params = shelf_params(&shelf);
    struct vt_packager *p = open_packager(&params);
    REQUIRE_INT(give(p, "c1", 1, VT_CUE_START, 30), 0);
    for (int64_t frame = 0; frame < 60; frame++)
        REQUIRE_INT(shelf_frame(p, &params, frame, frame ? 100 : 5000), 0);
    int64_t sample = 0;
    REQUIRE_INT(shelf_sound(p, 1, &sample, 100000), 0);
    const char *text = shelf_text(&shelf, "720p-iframes.m3u8");
    int64_t length = number_after(text, "#EXT-X-BYTERANGE:"), at = number_after(text, "@");
    char expected[1000];
    const char *tag = strstr(text, "#EXT-X-DATERANGE:ID=\"c1.1\"");
    REQUIRE(tag);
    snprintf(expected, sizeof expected,
        "#EXTM3U\n#EXT-X-VERSION:5\n#EXT-X-TARGETDURATION:2\n#EXT-X-I-FRAMES-ONLY\n#EXT-X-MEDIA-SEQUENCE:1\n"
        "#EXT-X-MAP:URI=\"720p-init.mp4\"\n#EXT-X-PROGRAM-DATE-TIME:2026-03-01T19:00:00.000Z\n%.*s\n"
        "#EXT-X-BYTERANGE:%d@%d\n#EXTINF:2.000000,\n720p-1.m4s\n", (int)strcspn(tag, "\n"), tag, (int)length, (int)at);
    REQUIRE_TEXT(text, expected);
    check_key("720p-1.m4s", at, length, 5000);
    REQUIRE(!shelf_find(&shelf, "audio-iframes.m3u8"));

    // What never came is a gap here too; what a finished show says of its key frames is what was measured.
    REQUIRE_INT(shelf_run(p, &params, 120, 180), 0);
    REQUIRE_INT(vt_packager_finish(p), 0);
    text = shelf_text(&shelf, "720p-iframes.m3u8");
    REQUIRE(strstr(text, "\n#EXT-X-GAP\n#EXTINF:2.000000,\n720p-2.m4s\n") && strstr(text, "\n#EXT-X-ENDLIST\n"));
    REQUIRE_INT(count_of(text, "#EXT-X-BYTERANGE:"), 2);
    const char *told = strstr(shelf_text(&shelf, "index.m3u8"), "#EXT-X-I-FRAME-STREAM-INF:");
    REQUIRE(told);
    REQUIRE_INT(number_after(told, ":BANDWIDTH="), length * 4);
    close_all(p);
}

TEST(key_frames_follow_low_latency_playlists)
{
    struct vt_packager_params params = shelf_params(&shelf);
    params.part_ns = 333 * VT_NS_PER_MS;
    params.window_ns = 60 * VT_NS_PER_S;
    struct vt_packager *p = open_packager(&params);
    REQUIRE_INT(shelf_run(p, &params, 0, 60 * 20), 0);
    const char *ll = shelf_text(&shelf, "720p-iframes.ll.m3u8"), *skip = shelf_text(&shelf, "720p-iframes.skip.m3u8");
    const char *media = shelf_text(&shelf, "720p.ll.m3u8"), *control = strstr(media, "#EXT-X-SERVER-CONTROL:");
    REQUIRE(control && strncmp(strstr(ll, "#EXT-X-SERVER-CONTROL:"), control, strcspn(control, "\n")) == 0);
    REQUIRE(!strstr(ll, "PART-INF") && !strstr(ll, "#EXT-X-PART:") && !strstr(ll, "PRELOAD") && !strstr(ll, "REPORT"));
    REQUIRE(strstr(skip, "#EXT-X-VERSION:9\n") && strstr(skip, "#EXT-X-SKIP:SKIPPED-SEGMENTS="));
    REQUIRE_INT(number_after(skip, "SKIPPED-SEGMENTS=") + count_of(skip, "#EXTINF:"), count_of(ll, "#EXTINF:"));
    const char *last = strstr(ll, "720p-19.m4s");
    REQUIRE(last);
    close_all(p);
}

TEST(segments_have_a_limit)
{
    struct vt_packager_params params = shelf_params(&shelf);
    params.n_tracks = 1;
    params.segment_ns = 10 * VT_NS_PER_S;
    struct vt_packager *p = open_packager(&params);
    for (int64_t frame = 0; frame < VT_SEGMENT_BYTES_MAX >> 20; frame++)
        REQUIRE_INT(shelf_frame(p, &params, frame, 1 << 20), 0);
    REQUIRE_INT(shelf_frame(p, &params, 64, 1), -EMSGSIZE);
    REQUIRE_INT(shelf_frame(p, &params, 65, 1), -EMSGSIZE);
    REQUIRE_INT(shelf_frame(p, &params, 300, 1), 0);
    REQUIRE(strstr(shelf_text(&shelf, "720p.m3u8"), "#EXT-X-GAP\n#EXTINF:10.000000,\n720p-1.m4s\n"));
    close_all(p);
}

TEST(tracks_have_a_limit)
{
    struct vt_track tracks[VT_TRACKS_MAX + 1];
    for (int i = 0; i <= VT_TRACKS_MAX; i++) {
        tracks[i] = shelf_tracks[0];
        snprintf(tracks[i].name, sizeof tracks[i].name, "v%d", i);
    }
    struct vt_packager_params params = shelf_params(&shelf);
    struct vt_packager *p = NULL;
    params.tracks = tracks;
    params.n_tracks = VT_TRACKS_MAX + 1;
    REQUIRE_INT(vt_packager_new(&p, &params), -EINVAL);
    REQUIRE(!p);
    params.n_tracks = VT_TRACKS_MAX;
    p = open_packager(&params);
    REQUIRE_INT(shelf_run(p, &params, 0, 0), 0);
    close_all(p);
}

TEST(tracks_may_run_apart_so_far)
{
    struct vt_packager_params params = shelf_params(&shelf);
    struct vt_packager *p = open_packager(&params);
    int64_t frame = 0, sample = 0;
    for (; frame < 60 * (VT_PACKAGER_AHEAD + 1); frame++)
        REQUIRE_INT(shelf_frame(p, &params, frame, 100), 0);
    REQUIRE_INT(shelf_frame(p, &params, frame, 100), -EBUSY);
    REQUIRE_INT(shelf_sound(p, 1, &sample, 48000 * 3), 0);
    REQUIRE_INT(shelf.ready, 1);
    REQUIRE_INT(shelf_frame(p, &params, frame, 100), 0);
    close_all(p);
}

TEST(a_segment_that_cannot_be_stored_is_a_gap)
{
    struct vt_packager_params params = shelf_params(&shelf);
    struct vt_packager *p = open_packager(&params);
    REQUIRE_INT(shelf_run(p, &params, 0, 65), 0);
    shelf.fail = ENOSPC;
    shelf.fail_kind = VT_BLOB_SEGMENT;
    REQUIRE_INT(shelf_run(p, &params, 65, 125), -ENOSPC);
    shelf.fail = 0;
    REQUIRE_INT(shelf_run(p, &params, 125, 185), 0);
    for (int t = 0; t < 2; t++) {
        const char *text = shelf_text(&shelf, t ? "audio.m3u8" : "720p.m3u8");
        REQUIRE_INT(count_of(text, "#EXT-X-GAP"), 1);
        REQUIRE_NEAR(sum_of_durations(text), 6, 0.022);
    }
    REQUIRE(strstr(shelf_text(&shelf, "720p.m3u8"), "#EXT-X-GAP\n#EXTINF:2.000000,\n720p-2.m4s\n"));
    REQUIRE_INT(shelf.ready, 3);
    close_all(p);
}

TEST(frames_that_never_came_are_a_gap)
{
    struct vt_packager_params params = shelf_params(&shelf);
    struct vt_packager *p = open_packager(&params);
    REQUIRE_INT(shelf_run(p, &params, 0, 90), 0);
    REQUIRE_INT(shelf_frame(p, &params, 150, 100), -EINVAL);         // not on a cut
    REQUIRE_INT(shelf_run(p, &params, 600, 700), 0);
    const char *text = shelf_text(&shelf, "720p.m3u8");
    REQUIRE_INT(count_of(text, "#EXT-X-GAP"), 8);
    REQUIRE_NEAR(sum_of_durations(text), 20, 1e-6);
    REQUIRE_INT(shelf.ready, 11);
    close_all(p);
}

TEST(a_restart_goes_on)
{
    struct vt_packager_params params = shelf_params(&shelf);
    params.first_msn = 500;
    struct vt_packager *p = open_packager(&params);
    REQUIRE_INT(give(p, "c1", 1, VT_CUE_START, 400), 0);
    REQUIRE_INT(shelf_run(p, &params, 0, 485), 0);
    vt_packager_free(&p);
    char *state = strdup(shelf_text(&shelf, "state.json"));
    size_t init_size = shelf_find(&shelf, "720p-init.mp4")->size;

    params.state = state;
    params.state_size = strlen(state);
    params.first_frame = 660;
    p = open_packager(&params);
    const char *text = shelf_text(&shelf, "720p.m3u8");
    REQUIRE_INT(shelf.ready, 510);
    REQUIRE_INT(count_of(text, "#EXT-X-GAP"), 3);
    REQUIRE(strstr(text, "#EXTINF:2.000000,\n720p-507.m4s\n#EXT-X-PROGRAM-DATE-TIME:2026-03-01T19:00:16.000Z\n"
                   "#EXT-X-GAP\n#EXTINF:2.000000,\n720p-508.m4s\n"));
    REQUIRE(strstr(text, "#EXT-X-DATERANGE:ID=\"c1.1\""));
    REQUIRE_INT(shelf_find(&shelf, "720p-init.mp4")->size, init_size);

    REQUIRE_INT(give(p, "c1", 1, VT_CUE_START, 660), -EINVAL);
    REQUIRE_INT(give(p, "c1", 2, VT_CUE_START, 660), 0);
    REQUIRE_INT(shelf_run(p, &params, 660, 800), 0);
    text = shelf_text(&shelf, "720p.m3u8");
    REQUIRE_INT(shelf.ready, 512);
    REQUIRE(strstr(text, "#EXT-X-PROGRAM-DATE-TIME:2026-03-01T19:00:22.000Z\n#EXT-X-DATERANGE:ID=\"c1.2\""));
    REQUIRE(strstr(text, "\"\n#EXTINF:2.000000,\n720p-511.m4s\n"));
    REQUIRE_INT(number_after(text, "SEQUENCE:") + count_of(text, "#EXTINF:") - 1, 512);
    REQUIRE_NEAR(sum_of_durations(shelf_text(&shelf, "audio.m3u8")), count_of(text, "#EXTINF:") * 2, 0.022);
    vt_packager_free(&p);

    // A state of another show, of other tracks, from after the restart, or cut short.
    params.epoch_ns += 1;
    REQUIRE_INT(vt_packager_new(&p, &params), -EBADMSG);
    params.epoch_ns -= 1;
    params.n_tracks = 3;
    REQUIRE_INT(vt_packager_new(&p, &params), -EBADMSG);
    params.n_tracks = 2;
    params.first_frame = 420;
    REQUIRE_INT(vt_packager_new(&p, &params), -EBADMSG);
    params.first_frame = 660;
    params.state_size -= 1;
    REQUIRE_INT(vt_packager_new(&p, &params), -EBADMSG);
    REQUIRE(!p);
    free(state);
    close_all(p);
}

TEST(wrong_parameters_are_refused)
{
    struct vt_packager *p = NULL;
    for (int i = 0; i < 13; i++) {
        struct vt_packager_params params = shelf_params(&shelf);
        struct vt_track tracks[2] = {shelf_tracks[0], shelf_tracks[1]};
        uint8_t avcc[sizeof shelf_avcc];
        memcpy(avcc, shelf_avcc, sizeof avcc);
        tracks[0].config = avcc;
        params.tracks = tracks;
        switch (i) {
        case 0: params.first_msn = 0; break;
        case 1: params.first_frame = 30; break;
        case 2: params.segment_ns = 0; break;
        case 3: params.n_tracks = 0; break;
        case 4: avcc[4] = 0xfd; break;                               // two length bytes
        case 5: avcc[0] = 2; break;
        case 6: tracks[0].config_size--; break;
        case 7: tracks[1].config = (const uint8_t[]){0x2b, 0x92}; break;     // HE-AAC
        case 8: tracks[1].sample_rate = 44100; break;
        case 9: tracks[1].language = "e\"n"; break;
        case 10: strcpy(tracks[1].name, "720p"); break;
        case 11: params.rate.num = 0; break;
        case 12: strcpy(tracks[1].name, "720p-iframes"); break;
        }
        REQUIRE_INT(vt_packager_new(&p, &params), -EINVAL);
    }
    REQUIRE(!p);
    REQUIRE_INT(shelf.count, 0);
}

int main(void)
{
    RUN(playlists_are_exactly);
    RUN(multivariant_is_exactly);
    RUN(one_kind_alone_is_valid);
    RUN(bandwidth_is_never_below_what_was_measured);
    RUN(the_window_slides);
    RUN(a_window_is_never_too_short);
    RUN(key_frames_have_a_playlist);
    RUN(key_frames_follow_low_latency_playlists);
    RUN(segments_have_a_limit);
    RUN(tracks_have_a_limit);
    RUN(tracks_may_run_apart_so_far);
    RUN(a_segment_that_cannot_be_stored_is_a_gap);
    RUN(frames_that_never_came_are_a_gap);
    RUN(a_restart_goes_on);
    RUN(wrong_parameters_are_refused);
    return DONE();
}
