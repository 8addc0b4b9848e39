// Cues in what the packager writes: in band, as tags, and their limits.
#include "shelf.h"

#include "base/bytes.h"

static struct shelf shelf;

static void close_all(struct vt_packager *p)
{
    vt_packager_free(&p);
    shelf_clear(&shelf);
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
    int fits = vt_packager_cue_fits(p, &given, false), result = vt_packager_cue(p, &given, NULL, 0);
    REQUIRE_INT(fits, result);
    return result;
}

// The first box of this type from `at` on: its start, or NULL.
static const uint8_t *find_box(const struct shelf_file *file, const char *type, int skip)
{
    for (size_t at = 0; at + 8 <= file->size;) {
        struct vt_reader r = vt_reader(file->data + at, 4);
        if (memcmp(file->data + at + 4, type, 4) == 0 && skip-- == 0)
            return file->data + at;
        at += vt_read_u32be(&r);
    }
    return NULL;
}

struct emsg {
    uint32_t timescale, duration, id;
    uint64_t time;
    char json[VT_CUE_JSON + 1];
};

static struct emsg read_emsg(const char *segment, int n)
{
    struct shelf_file *file = shelf_find(&shelf, segment);
    REQUIRE(file);
    const uint8_t *box = find_box(file, "emsg", n);
    REQUIRE(box);
    struct emsg emsg = {0};
    struct vt_reader r = vt_reader(box, 2000);
    uint32_t size = vt_read_u32be(&r);
    vt_read_skip(&r, 8);
    emsg.timescale = vt_read_u32be(&r);
    emsg.time = vt_read_u64be(&r);
    emsg.duration = vt_read_u32be(&r);
    emsg.id = vt_read_u32be(&r);
    size_t head = 32 + sizeof "https://aomedia.org/emsg/ID3" + 2 + 20 + 1 + sizeof "vitrine.cue.v1";
    memcpy(emsg.json, box + head, size - head);
    return emsg;
}

TEST(cues_are_in_band)
{
    struct vt_packager_params params = shelf_params(&shelf);
    params.n_tracks = 3;
    struct vt_packager *p = open_packager(&params);
    REQUIRE_INT(give(p, "c1", 1, VT_CUE_START, 70), 0);
    REQUIRE_INT(give(p, "c2", 1, VT_CUE_START, 119), 0);
    REQUIRE_INT(give(p, "c2", 2, VT_CUE_UPDATE, 120), 0);
    REQUIRE_INT(give(p, "c1", 2, VT_CUE_END, 150), 0);
    REQUIRE_INT(shelf_run(p, &params, 0, 245), 0);
    REQUIRE_INT(shelf.ready, 4);

    REQUIRE_TEXT(read_emsg("720p-1.m4s", 0).json, "{\"v\":1,\"op\":\"snap\",\"on\":[]}");
    REQUIRE(!find_box(shelf_find(&shelf, "720p-1.m4s"), "emsg", 1));
    REQUIRE(!find_box(shelf_find(&shelf, "audio-2.m4s"), "emsg", 0));

    struct emsg start = read_emsg("720p-2.m4s", 1), late = read_emsg("720p-2.m4s", 2);
    REQUIRE(strstr(start.json, "\"op\":\"start\""));
    REQUIRE_INT(start.timescale, 90000);
    REQUIRE_INT(start.time, 70 * 3000);
    REQUIRE_INT(start.duration, 50 * 3000);
    REQUIRE_INT(start.id, vt_cue_emsg_id("c1", 1, VT_CUE_START, 2));
    REQUIRE_INT(late.time, 119 * 3000);
    REQUIRE_INT(late.duration, 90000 / 4);

    // Segment 3: c1 was on air before; c2 changes on its first frame, so there is no snap of it.
    struct emsg snap = read_emsg("720p-3.m4s", 0), index = read_emsg("720p-3.m4s", 1);
    REQUIRE(strstr(snap.json, "\"id\":\"c1\",\"rev\":1,\"op\":\"snap\"") && strstr(snap.json, "\"pts\":210000,"));
    REQUIRE_INT(snap.time, 120 * 3000);
    REQUIRE_INT(snap.duration, 60 * 3000);
    REQUIRE_TEXT(index.json, "{\"v\":1,\"op\":\"snap\",\"on\":[\"c1.1\",\"c2.2\"]}");
    REQUIRE(strstr(read_emsg("720p-3.m4s", 2).json, "\"id\":\"c2\",\"rev\":2,\"op\":\"update\""));
    REQUIRE(strstr(read_emsg("720p-3.m4s", 3).json, "\"id\":\"c1\",\"rev\":2,\"op\":\"end\""));
    REQUIRE_TEXT(read_emsg("720p-4.m4s", 1).json, "{\"v\":1,\"op\":\"snap\",\"on\":[\"c2.2\"]}");

    // Alike in every rendition.
    for (int n = 0; n < 4; n++) {
        struct emsg a = read_emsg("720p-3.m4s", n), b = read_emsg("360p-3.m4s", n);
        REQUIRE(memcmp(&a, &b, sizeof a) == 0);
    }
    close_all(p);
}

TEST(tags_are_listed_with_their_segment_and_leave_the_window)
{
    struct vt_packager_params params = shelf_params(&shelf);
    struct vt_packager *p = open_packager(&params);
    struct vt_cue start = cue("c1", 1, VT_CUE_START, 70), end = cue("c1", 3, VT_CUE_END, 150);
    start.lease_frame = 70 + 3000;           // 100 s: capped
    REQUIRE_INT(vt_packager_cue(p, &start, NULL, 0), 0);
    REQUIRE_INT(give(p, "c1", 2, VT_CUE_UPDATE, 125), 0);
    REQUIRE_INT(vt_packager_cue(p, &end, NULL, 0), 0);
    REQUIRE_INT(shelf_run(p, &params, 0, 119), 0);
    REQUIRE(!strstr(shelf_text(&shelf, "720p.m3u8"), "DATERANGE"));
    REQUIRE_INT(shelf_run(p, &params, 119, 125), 0);
    const char *tag = strstr(shelf_text(&shelf, "720p.m3u8"), "#EXT-X-DATERANGE:ID=\"c1.1\"");
    REQUIRE(tag && strstr(tag, "START-DATE=\"2026-03-01T19:00:02.333Z\",DURATION=30.000,") &&
            strstr(tag, "\n720p-2.m4s"));
    REQUIRE_INT(shelf_run(p, &params, 125, 190), 0);
    // One tag a segment: the end, which reaches as far as the start did.
    for (int t = 0; t < 2; t++) {
        const char *text = shelf_text(&shelf, t ? "audio.m3u8" : "720p.m3u8");
        REQUIRE_INT(count_of(text, "#EXT-X-DATERANGE"), 2);
        tag = strstr(text, "#EXT-X-DATERANGE:ID=\"c1.3\"");
        REQUIRE(tag && strstr(tag, "START-DATE=\"2026-03-01T19:00:05.000Z\",DURATION=27.333,"));
    }
    // The range ends at 32.333 s: it stays while the window starts before.
    bool gone = false;
    for (int64_t frame = 190; frame < 2400; frame += 10) {
        REQUIRE_INT(shelf_run(p, &params, frame, frame + 10), 0);
        const char *text = shelf_text(&shelf, "720p.m3u8");
        bool listed = count_of(text, "#EXT-X-DATERANGE") == 2;
        REQUIRE(listed || count_of(text, "#EXT-X-DATERANGE") == 0);
        REQUIRE_INT(listed, (number_after(text, "SEQUENCE:") - 1) * 2 < 33);
        gone |= !listed;
    }
    REQUIRE(gone);
    close_all(p);
}

TEST(more_is_kept_while_something_points_at_it)
{
    struct vt_packager_params params = shelf_params(&shelf);
    struct vt_packager *p = open_packager(&params);
    struct vt_cue start = cue("c1", 1, VT_CUE_START, 10);
    start.more = "cues/c1.1.json";
    REQUIRE_INT(vt_packager_cue(p, &start, "{}", 2), 0);
    REQUIRE_TEXT(shelf_text(&shelf, "cues/c1.1.json"), "{}");
    REQUIRE_INT(shelf_run(p, &params, 0, 3000), 0);
    REQUIRE(!shelf_find(&shelf, "cues/c1.1.json")->dropped);
    REQUIRE_INT(give(p, "c1", 2, VT_CUE_END, 3010), 0);
    REQUIRE_INT(shelf_run(p, &params, 3000, 3200), 0);
    REQUIRE(shelf_find(&shelf, "cues/c1.1.json")->dropped);

    start = cue("c3", 1, VT_CUE_START, 3300);
    start.more = "../state.json";
    REQUIRE_INT(vt_packager_cue(p, &start, "{}", 2), -EINVAL);
    close_all(p);
}

TEST(wrong_cues_are_refused)
{
    struct vt_packager_params params = shelf_params(&shelf);
    struct vt_packager *p = open_packager(&params);
    REQUIRE_INT(shelf_run(p, &params, 0, 100), 0);
    REQUIRE_INT(give(p, "c1", 1, VT_CUE_START, 99), -EINVAL);
    REQUIRE_INT(give(p, "c1", 5, VT_CUE_START, 100), 0);
    REQUIRE_INT(give(p, "c1", 5, VT_CUE_UPDATE, 101), -EINVAL);
    REQUIRE_INT(give(p, "c1", 6, VT_CUE_SNAP, 101), -EINVAL);
    REQUIRE_INT(give(p, "c 1", 6, VT_CUE_START, 101), -EINVAL);
    REQUIRE_INT(shelf_run(p, &params, 100, 130), 0);
    REQUIRE_INT(give(p, "c1", 5, VT_CUE_UPDATE, 130), -EINVAL);
    REQUIRE_INT(give(p, "c1", 6, VT_CUE_UPDATE, 130), 0);
    close_all(p);
}

// The moof and mdat of a byte range, which hold one sample of `size` bytes.
TEST(cues_on_air_have_a_limit)
{
    struct vt_packager_params params = shelf_params(&shelf);
    struct vt_packager *p = open_packager(&params);
    char id[20];
    for (int i = 0; i < VT_CUES_LIVE_MAX; i++) {
        snprintf(id, sizeof id, "c%d", i);
        REQUIRE_INT(give(p, id, 1, VT_CUE_START, 10), 0);
    }
    REQUIRE_INT(give(p, "more", 1, VT_CUE_START, 10), -EBUSY);
    REQUIRE_INT(shelf_run(p, &params, 0, 70), 0);
    REQUIRE_INT(give(p, "more", 1, VT_CUE_START, 70), -EBUSY);
    REQUIRE_INT(give(p, "c0", 2, VT_CUE_END, 70), 0);
    REQUIRE_INT(shelf_run(p, &params, 70, 130), 0);
    REQUIRE_INT(give(p, "more", 1, VT_CUE_START, 130), 0);
    REQUIRE_INT(shelf_run(p, &params, 130, 190), 0);
    REQUIRE(strlen(read_emsg("720p-3.m4s", VT_CUES_LIVE_MAX - 1).json) <= VT_CUE_JSON);
    close_all(p);
}

TEST(date_ranges_have_a_limit)
{
    struct vt_packager_params params = shelf_params(&shelf);
    struct vt_packager *p = open_packager(&params);
    int64_t rev = 1, frame = 1;
    int result = 0;
    // A tag a segment and cue; each of four cues keeps room for its end.
    for (; result == 0; frame += 60)
        for (int i = 0; i < 4 && result == 0; i++) {
            result = give(p, (char[]){'c', (char)('0' + i), 0}, rev, VT_CUE_UPDATE, frame);
            rev += result == 0;
        }
    REQUIRE_INT(result, -EBUSY);
    REQUIRE_INT(rev - 1, VT_DATERANGES_MAX - 4);
    for (int i = 0; i < 4; i++)
        REQUIRE_INT(give(p, (char[]){'c', (char)('0' + i), 0}, rev, VT_CUE_END, frame), 0);
    close_all(p);
}

TEST(decode_times_are_64_bits)
{
    struct vt_packager_params params = shelf_params(&shelf);
    params.rate = (struct vt_rational){60, 1};
    params.first_frame = vt_segment_frame(&params, 100000);          // 18 G ticks of 90 kHz
    struct vt_packager *p = open_packager(&params);
    REQUIRE_INT(shelf_run(p, &params, params.first_frame, params.first_frame + 130), 0);
    struct shelf_file *file = shelf_find(&shelf, "720p-100001.m4s");
    REQUIRE(file);
    const uint8_t *moof = find_box(file, "moof", 0);
    REQUIRE(moof);
    // moof, mfhd, traf, tfhd, then tfdt's head.
    struct vt_reader r = vt_reader(moof + 8 + 16 + 8 + 24, 20);
    vt_read_skip(&r, 12);
    REQUIRE_INT(vt_read_u64be(&r), INT64_C(18000000000));
    REQUIRE_INT(read_emsg("720p-100001.m4s", 0).time, INT64_C(18000000000));
    close_all(p);
}

int main(void)
{
    RUN(cues_are_in_band);
    RUN(tags_are_listed_with_their_segment_and_leave_the_window);
    RUN(more_is_kept_while_something_points_at_it);
    RUN(wrong_cues_are_refused);
    RUN(cues_on_air_have_a_limit);
    RUN(date_ranges_have_a_limit);
    RUN(decode_times_are_64_bits);
    return DONE();
}
