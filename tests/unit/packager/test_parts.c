// Low latency: parts, their playlists and their delta updates.
#include "shelf.h"

#include "base/bytes.h"
#include "packager/segmenter.h"

static struct shelf shelf;
static const struct vt_rational rates[] = {{25, 1}, {30000, 1001}, {30, 1}, {50, 1}, {60000, 1001}, {60, 1}};

static struct vt_packager_params low_latency(void)
{
    struct vt_packager_params params = shelf_params(&shelf);
    params.part_ns = 333 * VT_NS_PER_MS;
    return params;
}

static void close_all(struct vt_packager *p)
{
    vt_packager_free(&p);
    shelf_clear(&shelf);
}

static int give_priced(struct vt_packager *p, const char *id, int64_t rev, enum vt_cue_op op, int64_t frame,
                       int64_t amount)
{
    struct vt_cue cue = {.rev = rev, .op = op, .frame = frame, .end_frame = INT64_MAX, .lease_frame = frame + 90,
                         .template = "t@1", .priced = true, .amount = amount, .currency = "EUR"};
    vt_name_copy(cue.id, id);
    return vt_packager_cue(p, &cue, NULL, 0);
}

#define HEAD(version) "#EXTM3U\n#EXT-X-VERSION:" version "\n#EXT-X-TARGETDURATION:2\n" \
    "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12.0,CAN-SKIP-DATERANGES=YES,PART-HOLD-BACK=1.026\n" \
    "#EXT-X-PART-INF:PART-TARGET=0.342\n"

TEST(low_latency_playlists_are_exactly)
{
    struct vt_packager_params params = low_latency();
    struct vt_packager *p = open_packager(&params);
    REQUIRE_INT(shelf_run(p, &params, 0, 9), 0);
    REQUIRE_INT(shelf.parts, 0);
    // The picture's tenth frame ends the part, once the sound that overlaps it has come.
    REQUIRE_INT(shelf_run(p, &params, 9, 11), 0);
    REQUIRE_INT(shelf.parts, 1);
    REQUIRE_TEXT(shelf_text(&shelf, "720p.ll.m3u8"),
        HEAD("6") "#EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-MAP:URI=\"720p-init.mp4\"\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-03-01T19:00:00.000Z\n"
        "#EXT-X-PART:DURATION=0.333333,URI=\"720p-1.0.m4s\",INDEPENDENT=YES\n"
        "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"720p-1.1.m4s\"\n"
        "#EXT-X-RENDITION-REPORT:URI=\"audio.m3u8\",LAST-MSN=1,LAST-PART=0\n");
    REQUIRE_TEXT(shelf_text(&shelf, "720p.m3u8"), "");
    REQUIRE_INT(shelf_run(p, &params, 11, 81), 0);
    REQUIRE_INT(shelf.parts, 8);
    REQUIRE_INT(shelf.ready, 1);
    const char *whole = HEAD("6") "#EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-MAP:URI=\"audio-init.mp4\"\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-03-01T19:00:00.000Z\n"
        "#EXT-X-PART:DURATION=0.341333,URI=\"audio-1.0.m4s\",INDEPENDENT=YES\n"
        "#EXT-X-PART:DURATION=0.341334,URI=\"audio-1.1.m4s\",INDEPENDENT=YES\n"
        "#EXT-X-PART:DURATION=0.320000,URI=\"audio-1.2.m4s\",INDEPENDENT=YES\n"
        "#EXT-X-PART:DURATION=0.341333,URI=\"audio-1.3.m4s\",INDEPENDENT=YES\n"
        "#EXT-X-PART:DURATION=0.341333,URI=\"audio-1.4.m4s\",INDEPENDENT=YES\n"
        "#EXT-X-PART:DURATION=0.320000,URI=\"audio-1.5.m4s\",INDEPENDENT=YES\n"
        "#EXTINF:2.005333,\naudio-1.m4s\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-03-01T19:00:02.005Z\n"
        "#EXT-X-PART:DURATION=0.341334,URI=\"audio-2.0.m4s\",INDEPENDENT=YES\n"
        "#EXT-X-PART:DURATION=0.320000,URI=\"audio-2.1.m4s\",INDEPENDENT=YES\n"
        "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"audio-2.2.m4s\"\n"
        "#EXT-X-RENDITION-REPORT:URI=\"720p.m3u8\",LAST-MSN=2,LAST-PART=1\n";
    REQUIRE_TEXT(shelf_text(&shelf, "audio.ll.m3u8"), whole);
    REQUIRE_TEXT(shelf_text(&shelf, "audio.skip.m3u8"), whole);
    REQUIRE_TEXT(shelf_text(&shelf, "audio.skip2.m3u8"), whole);
    REQUIRE(strstr(shelf_text(&shelf, "720p.ll.m3u8"), "720p-1.5.m4s\"\n#EXTINF:2.000000,\n720p-1.m4s\n"));
    REQUIRE_INT(count_of(shelf_text(&shelf, "720p.ll.m3u8"), "INDEPENDENT=YES"), 2);
    REQUIRE_TEXT(shelf_text(&shelf, "720p.m3u8"),
        "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:1\n"
        "#EXT-X-MAP:URI=\"720p-init.mp4\"\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-03-01T19:00:00.000Z\n#EXTINF:2.000000,\n720p-1.m4s\n");
    close_all(p);
}

TEST(the_end_has_no_hint)
{
    for (int64_t frames = 121; frames <= 150; frames++) {
        struct vt_packager_params params = low_latency();
        struct vt_packager *p = open_packager(&params);
        REQUIRE_INT(shelf_run(p, &params, 0, frames), 0);
        // Sound goes on for a while.
        int64_t sample = (frames * 1600 + 1023) / 1024 * 1024;
        REQUIRE_INT(shelf_sound(p, 1, &sample, sample + 5 * 1024), 0);
        REQUIRE_INT(vt_packager_finish(p), 0);
        REQUIRE_INT(shelf.ready, 3);
        REQUIRE_INT(shelf.msn, 3);
        REQUIRE_INT(shelf.part, (frames - 121) / 10);
        for (int t = 0; t < 2; t++) {
            const char *text = shelf_text(&shelf, t ? "audio.ll.m3u8" : "720p.ll.m3u8");
            REQUIRE(strstr(text, "\n#EXT-X-ENDLIST\n") && !strstr(text, "PRELOAD-HINT") && !strstr(text, "GAP"));
            REQUIRE_TEXT(shelf_text(&shelf, t ? "audio.skip2.m3u8" : "720p.skip2.m3u8"), text);
            REQUIRE_INT(count_of(text, "#EXT-X-PART:"), shelf.parts);
            double sum = 0, last = 0;
            for (const char *at = text; (at = strstr(at, "#EXT-X-PART:DURATION=")); at++) {
                sum += last = strtod(at + 21, NULL);
                REQUIRE(last <= 0.342);
            }
            REQUIRE_NEAR(sum, frames / 30.0, t ? 0.0214 : 0.00001);
        }
        close_all(p);
    }
}

// The audio's and the video's parts of one segment after the other are its bytes.
static void check_bytes(const char *track, int msn)
{
    char name[60];
    snprintf(name, sizeof name, "%s-%d.m4s", track, msn);
    const struct shelf_file *segment = shelf_find(&shelf, name);
    REQUIRE(segment);
    size_t at = 0;
    for (int part = 0; at < segment->size; part++) {
        snprintf(name, sizeof name, "%s-%d.%d.m4s", track, msn, part);
        const struct shelf_file *file = shelf_find(&shelf, name);
        REQUIRE(file && file->kind == VT_BLOB_PART && at + file->size <= segment->size);
        REQUIRE(memcmp(segment->data + at, file->data, file->size) == 0);
        at += file->size;
    }
    snprintf(name, sizeof name, "%s-%d.%d.m4s", track, msn, 6);
    REQUIRE(!shelf_find(&shelf, name));
}

TEST(parts_are_their_segment)
{
    for (size_t r = 0; r < sizeof rates / sizeof *rates; r++) {
        struct vt_packager_params params = low_latency();
        params.rate = rates[r];
        struct vt_packager *p = open_packager(&params);
        for (int64_t frame = 0; frame < 300; frame++) {
            if (frame % 7 == 3)
                REQUIRE_INT(give_priced(p, "c1", frame, VT_CUE_UPDATE, frame, frame), 0);
            REQUIRE_INT(shelf_run(p, &params, frame, frame + 1), 0);
        }
        REQUIRE(shelf.ready >= 2);
        for (int msn = 1; msn <= (int)shelf.ready; msn++) {
            check_bytes("720p", msn);
            check_bytes("audio", msn);
        }
        close_all(p);
    }
}

static int64_t box_at(const struct shelf_file *file, const char *type, size_t *at)
{
    for (; *at + 8 <= file->size;) {
        struct vt_reader r = vt_reader(file->data + *at, 4);
        size_t start = *at;
        *at += vt_read_u32be(&r);
        if (memcmp(file->data + start + 4, type, 4) == 0)
            return (int64_t)start;
    }
    return -1;
}

TEST(a_cue_is_in_the_part_that_holds_its_frame)
{
    struct vt_packager_params params = low_latency();
    struct vt_packager *p = open_packager(&params);
    for (int64_t frame = 0; frame < 130; frame++) {
        if (frame % 10 == 5)
            REQUIRE_INT(give_priced(p, "c1", 1 + frame / 10, VT_CUE_UPDATE, frame, frame), 0);
        REQUIRE_INT(shelf_run(p, &params, frame, frame + 1), 0);
    }
    char name[40];
    for (int i = 0; i < 12; i++) {
        snprintf(name, sizeof name, "720p-%d.%d.m4s", 1 + i / 6, i % 6);
        const struct shelf_file *file = shelf_find(&shelf, name);
        REQUIRE(file);
        size_t at = 0;
        int inside = 0, count = 0;
        for (int64_t box; (box = box_at(file, "emsg", &at)) >= 0; count++) {
            struct vt_reader r = vt_reader(file->data + box + 16, 8);
            int64_t time = (int64_t)vt_read_u64be(&r);
            REQUIRE(time >= i * 30000 && time < (i + 1) * 30000);
            inside += time == (i * 10 + 5) * 3000;
        }
        REQUIRE_INT(inside, 1);
        // The index in each segment's first part, and from the second on a snap.
        REQUIRE_INT(count, i == 0 ? 2 : i == 6 ? 3 : 1);
        snprintf(name, sizeof name, "audio-%d.%d.m4s", 1 + i / 6, i % 6);
        at = 0;
        REQUIRE(box_at(shelf_find(&shelf, name), "emsg", &at) < 0);
    }
    // Other prices are told at once: the tag stands right before its part.
    const char *text = shelf_text(&shelf, "audio.ll.m3u8");
    REQUIRE_INT(count_of(text, "#EXT-X-DATERANGE"), 13);
    const char *tag = strstr(text, "#EXT-X-DATERANGE:ID=\"c1.8\"");
    REQUIRE(tag && strncmp(strchr(tag, '\n') + 1, "#EXT-X-PART:", 12) == 0);
    REQUIRE(strncmp(strstr(tag, "URI="), "URI=\"audio-2.1.m4s\"", 19) == 0);
    close_all(p);
}

TEST(a_price_that_never_rests_is_taken_each_time)
{
    struct vt_packager_params params = low_latency();
    params.window_ns = 60 * VT_NS_PER_S;
    struct vt_packager *p = open_packager(&params);
    int most = 0;
    for (int64_t frame = 0; frame < 9000; frame++) {
        if (frame % 3 == 0)
            REQUIRE_INT(give_priced(p, "c1", 1 + frame / 3, VT_CUE_UPDATE, frame, 100 + frame), 0);
        if (frame % 3 == 1)
            REQUIRE_INT(give_priced(p, "c2", 1 + frame / 3, VT_CUE_UPDATE, frame, 100 + frame), 0);
        REQUIRE_INT(shelf_run(p, &params, frame, frame + 1), 0);
        int tags = count_of(shelf_text(&shelf, "720p.ll.m3u8"), "#EXT-X-DATERANGE");
        most = tags > most ? tags : most;
    }
    REQUIRE(most > VT_DATERANGES_MAX / 3 && most <= VT_DATERANGES_MAX);
    close_all(p);
}

TEST(other_changes_are_told_once_a_segment)
{
    struct vt_packager_params params = low_latency();
    struct vt_packager *p = open_packager(&params);
    int64_t most = 0;
    for (int64_t frame = 0; frame < 18000; frame++) {
        // Ten changes a second that leave the price alone, and then none.
        if (frame % 3 == 0 && frame < 17900)
            REQUIRE_INT(give_priced(p, "c1", 1 + frame / 3, VT_CUE_UPDATE, frame, 100), 0);
        REQUIRE_INT(shelf_run(p, &params, frame, frame + 1), 0);
        int64_t size = (int64_t)strlen(shelf_text(&shelf, "720p.ll.m3u8"));
        most = size > most ? size : most;
    }
    REQUIRE(most < 64000);
    const char *text = shelf_text(&shelf, "720p.ll.m3u8");
    int segments = count_of(text, "#EXTINF:");
    REQUIRE(count_of(text, "#EXT-X-DATERANGE") <= segments + 3);
    // What came last is told in the end.
    char last[60];
    snprintf(last, sizeof last, "#EXT-X-DATERANGE:ID=\"c1.%d\"", 1 + 17898 / 3);
    REQUIRE(strstr(text, last));
    close_all(p);
}

// What a player has that knew `previous` and is given `delta`.
static char *merge(const char *previous, const char *delta)
{
    const char *skip = strstr(delta, "#EXT-X-SKIP:SKIPPED-SEGMENTS=");
    if (!skip)
        return strdup(delta);
    int64_t skipped = strtoll(skip + 29, NULL, 10);
    int64_t first = strtoll(strstr(delta, "SEQUENCE:") + 9, NULL, 10);
    int64_t was = strtoll(strstr(previous, "SEQUENCE:") + 9, NULL, 10);
    REQUIRE(first >= was);
    struct vt_writer w = {0};
    vt_write_bytes(&w, delta, (size_t)(skip - delta));
    const char *map = strstr(previous, "#EXT-X-MAP");
    const char *body = strchr(map, '\n') + 1;
    vt_write_bytes(&w, map, (size_t)(body - map));
    // Segments [first, first + skipped) of the previous one, without their parts.
    for (int64_t k = was; k < first + skipped; k++) {
        const char *end = strchr(strstr(body, "#EXTINF"), '\n') + 1;
        end = strchr(end, '\n') + 1;
        while (k >= first && body < end) {
            const char *next = strchr(body, '\n') + 1;
            if (strncmp(body, "#EXT-X-PART:", 12) != 0 && strncmp(body, "#EXT-X-DATERANGE:", 17) != 0)
                vt_write_bytes(&w, body, (size_t)(next - body));
            body = next;
        }
        body = end;
    }
    vt_write_text(&w, strchr(skip, '\n') + 1);
    REQUIRE(!w.failed);
    vt_write_u8(&w, 0);
    return (char *)w.data;
}

// The playlist without its tags of cues and its version, which a delta update may move or change.
static char *bare(const char *text)
{
    struct vt_writer w = {0};
    while (*text) {
        const char *next = strchr(text, '\n') + 1;
        if (strncmp(text, "#EXT-X-DATERANGE", 16) != 0 && strncmp(text, "#EXT-X-VERSION", 14) != 0)
            vt_write_bytes(&w, text, (size_t)(next - text));
        text = next;
    }
    vt_write_u8(&w, 0);
    return (char *)w.data;
}

static void check_delta(const char *previous, const char *name, const char *full)
{
    char *merged = merge(previous, shelf_text(&shelf, name));
    char *a = bare(merged), *b = bare(full);
    REQUIRE_TEXT(a, b);
    free(merged);
    free(a);
    free(b);
}

// Every range of `text` is in `other`, but those that `but` names, unless it is NULL.
static void check_ranges(const char *text, const char *other, const char *but)
{
    for (const char *at = text; (at = strstr(at, "#EXT-X-DATERANGE:ID=")); at++) {
        size_t size = strcspn(at, "\n") + 1;
        char *line = strndup(at, size), id[40];
        snprintf(id, sizeof id, "%.*s", (int)strcspn(at + 21, "\""), at + 21);
        REQUIRE(strstr(other, line) || (but && strstr(but, id)));
        free(line);
    }
}

TEST(a_delta_update_and_the_playlist_before_make_the_playlist)
{
    struct vt_packager_params params = low_latency();
    struct vt_packager *p = open_packager(&params);
    char *previous = NULL;
    int removed = 0, parts = 0;
    for (int64_t frame = 0; frame < 3600; frame++) {
        if (frame % 100 == 50 && frame < 1800)
            REQUIRE_INT(give_priced(p, "c1", 1 + frame / 100, VT_CUE_UPDATE, frame, frame), 0);
        REQUIRE_INT(shelf_run(p, &params, frame, frame + 1), 0);
        if (shelf.parts == parts)
            continue;
        parts = shelf.parts;
        const char *full = shelf_text(&shelf, "720p.ll.m3u8"), *skip2 = shelf_text(&shelf, "720p.skip2.m3u8");
        REQUIRE_INT(count_of(full, "PRELOAD-HINT"), 1);
        if (previous) {
            check_delta(previous, "720p.skip.m3u8", full);
            check_delta(previous, "720p.skip2.m3u8", full);
            check_ranges(full, shelf_text(&shelf, "720p.skip.m3u8"), NULL);
            check_ranges(skip2, full, NULL);
            // A range of before is in the new playlist, or said to be removed.
            check_ranges(previous, full, strstr(skip2, "REMOVED-DATERANGES="));
            check_ranges(full, previous, strstr(skip2, "#EXT-X-DATERANGE"));
            removed += strstr(skip2, "REMOVED-DATERANGES=\"c1.") != NULL;
        }
        free(previous);
        previous = strdup(full);
    }
    REQUIRE(removed > 0);
    REQUIRE(strstr(shelf_text(&shelf, "720p.skip.m3u8"), HEAD("9")));
    REQUIRE(strstr(shelf_text(&shelf, "720p.skip2.m3u8"), HEAD("10")));
    REQUIRE(strstr(shelf_text(&shelf, "720p.skip2.m3u8"), ",RECENTLY-REMOVED-DATERANGES=\""));
    // 12 seconds from the end of the last whole segment stay.
    REQUIRE_INT(count_of(shelf_text(&shelf, "720p.skip.m3u8"), "#EXTINF:"), 7);
    free(previous);
    close_all(p);
}

TEST(parts_leave_the_playlist_and_then_the_disk)
{
    struct vt_packager_params params = low_latency();
    struct vt_packager *p = open_packager(&params);
    int64_t listed[40] = {0};
    for (int64_t frame = 0; frame < 2000; frame++) {
        REQUIRE_INT(shelf_run(p, &params, frame, frame + 1), 0);
        const char *text = shelf_text(&shelf, "audio.ll.m3u8");
        for (int msn = 1; msn <= (int)shelf.ready; msn++) {
            char name[40];
            snprintf(name, sizeof name, "audio-%d.3.m4s", msn);
            if (strstr(text, name))
                listed[msn] = frame;
            // Listed for 3 target durations after its segment's end; there for another 3 and more.
            double age = (frame - msn * 60) / 30.0, gone = (double)(frame - listed[msn]) / 30;
            REQUIRE(age > 5.9 || listed[msn] == frame);
            REQUIRE(age < 6.8 || listed[msn] < frame);
            bool dropped = shelf_find(&shelf, name)->dropped;
            REQUIRE(gone > 6 || !dropped);
            REQUIRE(gone < 7 || dropped);
        }
    }
    close_all(p);
}

TEST(what_is_missing_is_a_gap)
{
    // A part cannot be stored: the segment can.
    struct vt_packager_params params = low_latency();
    struct vt_packager *p = open_packager(&params);
    REQUIRE_INT(shelf_run(p, &params, 0, 15), 0);
    shelf.fail = ENOSPC;
    shelf.fail_kind = VT_BLOB_PART;
    REQUIRE_INT(shelf_run(p, &params, 15, 25), -ENOSPC);
    shelf.fail = 0;
    REQUIRE_INT(shelf_run(p, &params, 25, 65), 0);
    const char *text = shelf_text(&shelf, "720p.ll.m3u8");
    REQUIRE(strstr(text, "URI=\"720p-1.1.m4s\",GAP=YES\n"));
    REQUIRE_INT(count_of(text, "GAP"), 1);
    REQUIRE(shelf_find(&shelf, "720p-1.m4s"));
    close_all(p);

    // Frames do not come: the last one stays until the segment's end, and the sound goes on.
    p = open_packager(&params);
    int64_t sample = 0;
    for (int64_t frame = 0; frame < 130; frame++) {
        if (frame < 33 || frame >= 60)
            REQUIRE_INT(shelf_frame(p, &params, frame, 100), 0);
        REQUIRE_INT(shelf_sound(p, 1, &sample, (frame + 1) * 1600), 0);
    }
    text = shelf_text(&shelf, "720p.ll.m3u8");
    REQUIRE_INT(count_of(text, ",GAP=YES"), 2);
    REQUIRE(strstr(text, "720p-1.3.m4s\"\n#EXT-X-PART:DURATION=0.333334,URI=\"720p-1.4.m4s\",GAP=YES\n"
                   "#EXT-X-PART:DURATION=0.333333,URI=\"720p-1.5.m4s\",GAP=YES\n#EXTINF:2.000000,\n720p-1.m4s\n"));
    REQUIRE(!strstr(text, "#EXT-X-GAP"));
    REQUIRE(!strstr(shelf_text(&shelf, "audio.ll.m3u8"), "GAP"));
    REQUIRE_INT(shelf.ready, 2);
    close_all(p);

    // Whole segments do not come.
    p = open_packager(&params);
    REQUIRE_INT(shelf_run(p, &params, 0, 60), 0);
    REQUIRE_INT(shelf_run(p, &params, 180, 200), 0);
    text = shelf_text(&shelf, "720p.ll.m3u8");
    REQUIRE_INT(count_of(text, "#EXT-X-GAP"), 2);
    REQUIRE_INT(count_of(text, ",GAP=YES"), 12);
    REQUIRE_INT(shelf.parts, 20);
    close_all(p);
}

TEST(a_restart_keeps_the_parts)
{
    struct vt_packager_params params = low_latency();
    params.first_msn = 500;
    struct vt_packager *p = open_packager(&params);
    REQUIRE_INT(give_priced(p, "c1", 1, VT_CUE_START, 425, 1), 0);
    REQUIRE_INT(shelf_run(p, &params, 0, 485), 0);
    vt_packager_free(&p);
    char *state = strdup(shelf_text(&shelf, "state.json"));
    params.state = state;
    params.state_size = strlen(state);
    params.first_frame = 600;
    shelf.msn = shelf.ready = 0;
    p = open_packager(&params);
    const char *text = shelf_text(&shelf, "audio.ll.m3u8");
    REQUIRE(strstr(text, "URI=\"audio-507.5.m4s\",INDEPENDENT=YES\n#EXTINF:"));
    REQUIRE_INT(count_of(text, "#EXT-X-GAP"), 2);
    REQUIRE_INT(count_of(text, ",GAP=YES"), 12);
    REQUIRE(strstr(text, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"audio-510.0.m4s\"\n"
                   "#EXT-X-RENDITION-REPORT:URI=\"720p.m3u8\",LAST-MSN=509,LAST-PART=5\n"));
    const char *tag = strstr(text, "#EXT-X-DATERANGE:ID=\"c1.1\"");
    REQUIRE(tag && strncmp(strstr(tag, "URI="), "URI=\"audio-507.0.m4s\"", 21) == 0);
    REQUIRE_INT(shelf_run(p, &params, 600, 1200), 0);
    REQUIRE(shelf_find(&shelf, "audio-507.5.m4s")->dropped);
    vt_packager_free(&p);

    // Parts that cannot be.
    char *broken = strstr(state, "\"parts\":[[");
    broken[9] = '{';
    REQUIRE_INT(vt_packager_new(&p, &params), -EBADMSG);
    broken[9] = '[';
    params.part_ns = 500 * VT_NS_PER_MS;
    REQUIRE_INT(vt_packager_new(&p, &params), -EBADMSG);
    free(state);
    close_all(p);
}

TEST(reordered_frames_are_cut_in_decoding_order)
{
    // I P B P B …: each B is given after the P that follows it.
    struct vt_packager_params params = low_latency();
    params.n_tracks = 1;
    struct vt_packager *p = open_packager(&params);
    static const uint8_t data[100];
    for (int64_t i = 0; i < 130; i++) {
        int64_t first = i / 60 * 60, at = i - first;
        int64_t shown = at == 0 ? 0 : at == 59 ? 59 : at % 2 ? at + 1 : at - 1;
        struct vt_packet packet = {data, sizeof data, i - 1, first + shown, 1, at == 0};
        REQUIRE_INT(vt_packager_packet(p, 0, &packet), 0);
    }
    REQUIRE_INT(shelf.parts, 13);
    const char *text = shelf_text(&shelf, "720p.ll.m3u8");
    REQUIRE_INT(count_of(text, "#EXT-X-PART:DURATION=0.33333"), 13);
    check_bytes("720p", 1);
    close_all(p);
}

static int kept_files(const char *what)
{
    int count = 0;
    for (int i = 0; i < shelf.count; i++)
        count += strstr(shelf.files[i].name, what) && !shelf.files[i].dropped;
    return count;
}

// What is listed once is written once: a part costs no more in a long window than in a short one.
TEST(a_long_window_is_not_written_with_each_part)
{
    struct vt_packager_params params = low_latency();
    params.n_tracks = 2;
    params.window_ns = 200 * VT_NS_PER_S;
    struct vt_packager *p = open_packager(&params);
    uint64_t listed = 0;
    for (int64_t frame = 0; frame < 700 * 30; frame += 15) {
        REQUIRE_INT(shelf_run(p, &params, frame, frame + 15), 0);
        struct shelf_file *file = shelf_find(&shelf, "720p.ll.m3u8");
        REQUIRE(!file || (file->size < 5000 && kept_files("720p.past-") <= 2));
        if (shelf.ready == listed || shelf.ready < 2)
            continue;
        listed = shelf.ready;
        const char *text = shelf_text(&shelf, "720p.ll.m3u8"), *plain = shelf_text(&shelf, "720p.m3u8");
        REQUIRE_INT(count_of(text, "#EXTINF:"), count_of(plain, "#EXTINF:"));
        text = shelf_text(&shelf, "720p-iframes.ll.m3u8");
        REQUIRE_INT(count_of(text, "#EXTINF:"), count_of(plain, "#EXTINF:"));
    }
    REQUIRE_INT(count_of(shelf_text(&shelf, "720p.ll.m3u8"), "#EXTINF:"), 100);
    // The files of a packager that broke off go, too.
    vt_packager_free(&p);
    shelf.resumed = true;
    params.state = strdup(shelf_text(&shelf, "state.json"));
    params.state_size = strlen(params.state);
    params.first_frame = 700 * 30 + 60;
    p = open_packager(&params);
    char *state = (char *)params.state;
    params.state = NULL;
    REQUIRE_INT(shelf_run(p, &params, params.first_frame, params.first_frame + 500 * 30), 0);
    REQUIRE(kept_files("720p.past-") <= 2 && kept_files("720p-iframes.past-") <= 2 && kept_files("audio.past-") <= 2);
    free(state);
    close_all(p);
}

TEST(lines_that_cannot_be_kept_in_a_file_are_written)
{
    struct vt_packager_params params = low_latency();
    struct vt_packager *p = open_packager(&params);
    REQUIRE_INT(shelf_run(p, &params, 0, 20 * 60 + 1), 0);
    REQUIRE(strstr((char *)shelf_find(&shelf, "720p.ll.m3u8")->data, VT_PAST_LINE));
    shelf.fail = ENOSPC;
    shelf.fail_kind = VT_BLOB_PAST;
    for (int64_t frame = 20 * 60 + 1; frame < 21 * 60 + 2; frame++)
        REQUIRE_INT(shelf_run(p, &params, frame, frame + 1), 0);
    REQUIRE(!strstr((char *)shelf_find(&shelf, "720p.ll.m3u8")->data, VT_PAST_LINE));
    REQUIRE_INT(count_of(shelf_text(&shelf, "720p.ll.m3u8"), "#EXTINF:"), 10);
    REQUIRE(count_of(shelf_text(&shelf, "720p.skip.m3u8"), "#EXTINF:") == 7);
    shelf.fail = 0;
    REQUIRE_INT(shelf_run(p, &params, 21 * 60 + 2, 22 * 60 + 2), 0);
    REQUIRE(strstr((char *)shelf_find(&shelf, "720p.ll.m3u8")->data, VT_PAST_LINE));
    REQUIRE_INT(count_of(shelf_text(&shelf, "720p.ll.m3u8"), "#EXTINF:"), 10);
    close_all(p);
}

int main(void)
{
    RUN(low_latency_playlists_are_exactly);
    RUN(the_end_has_no_hint);
    RUN(parts_are_their_segment);
    RUN(a_cue_is_in_the_part_that_holds_its_frame);
    RUN(a_price_that_never_rests_is_taken_each_time);
    RUN(other_changes_are_told_once_a_segment);
    RUN(a_delta_update_and_the_playlist_before_make_the_playlist);
    RUN(parts_leave_the_playlist_and_then_the_disk);
    RUN(what_is_missing_is_a_gap);
    RUN(a_restart_keeps_the_parts);
    RUN(reordered_frames_are_cut_in_decoding_order);
    RUN(a_long_window_is_not_written_with_each_part);
    RUN(lines_that_cannot_be_kept_in_a_file_are_written);
    return DONE();
}
