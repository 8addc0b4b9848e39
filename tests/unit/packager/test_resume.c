// A packager that broke off, wherever it did: what the next one makes of it.
#include "shelf.h"

#include "base/bytes.h"
#include "packager/segmenter.h"
#include "packager/state.h"

static struct shelf shelf;

static double sum_after(const char *text, const char *what)
{
    double sum = 0;
    for (const char *at = text; (at = strstr(at, what)); at++)
        sum += strtod(at + strlen(what), NULL);
    return sum;
}

static struct vt_cue cue(const char *id, int64_t rev, enum vt_cue_op op, int64_t frame)
{
    struct vt_cue cue = {.rev = rev, .op = op, .frame = frame, .end_frame = INT64_MAX, .lease_frame = frame + 90,
                         .template = "t@1"};
    vt_name_copy(cue.id, id);
    return cue;
}

static struct vt_packager_params low_latency(void)
{
    struct vt_packager_params params = shelf_params(&shelf);
    params.part_ns = 333 * VT_NS_PER_MS;
    params.n_tracks = 3;
    params.first_msn = 500;
    return params;
}

// Goes on at the segment after `frame` with what the shelf holds. The state is kept in `keep`, to be freed.
static struct vt_packager *go_on(struct vt_packager_params *params, int64_t frame, char **keep)
{
    struct vt_packager_params next = *params;
    shelf.resumed = true;
    *keep = strdup(shelf_text(&shelf, "state.json"));
    next.state = *keep;
    next.state_size = strlen(*keep);
    next.first_frame = vt_segment_frame(params, vt_segment_of(params, frame) + 1);
    return open_packager(&next);
}

static uint32_t at_u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

// Ticks of the samples in a file of this track's fragments.
static int64_t ticks_of(const char *name)
{
    struct shelf_file *file = shelf_find(&shelf, name);
    int64_t total = 0;
    REQUIRE(file);
    for (const uint8_t *at = file->data; (at = memmem(at, (size_t)(file->data + file->size - at), "tfhd", 4)); at += 4) {
        int64_t each = at_u32(at + 12);
        const uint8_t *trun = memmem(at, 200, "trun", 4);
        REQUIRE(trun);
        uint32_t columns = at_u32(trun + 4), count = at_u32(trun + 8);
        const uint8_t *sample = trun + 16 + (columns & 4);
        size_t step = 4 * (size_t)__builtin_popcount(columns & 0xF00);
        for (uint32_t i = 0; i < count; i++, sample += step)
            total += columns & 0x100 ? at_u32(sample) : each;
    }
    return total;
}

// The parts of a segment, joined, are its file.
static void check_joined(const char *track, int msn, int parts)
{
    char name[60];
    snprintf(name, sizeof name, "%s-%d.m4s", track, msn);
    struct shelf_file *whole = shelf_find(&shelf, name);
    size_t at = 0;
    REQUIRE(whole);
    for (int i = 0; i < parts; i++) {
        snprintf(name, sizeof name, "%s-%d.%d.m4s", track, msn, i);
        struct shelf_file *part = shelf_find(&shelf, name);
        REQUIRE(part && at + part->size <= whole->size);
        REQUIRE(memcmp(whole->data + at, part->data, part->size) == 0);
        at += part->size;
    }
    REQUIRE_INT(at, whole->size);
}

// Broken off when `parts` parts of segment 12 are listed.
static const char *const names[] = {"720p", "audio", "360p"};

static const char *low_latency_text(int t)
{
    char name[60];
    snprintf(name, sizeof name, "%s.ll.m3u8", names[t]);
    return shelf_text(&shelf, name);
}

// What was listed still is, with the same names, and nothing of it became a gap.
static void check_still_listed(char *const before[3], int parts)
{
    for (int t = 0; t < 3; t++) {
        for (int i = 0; i < parts; i++) {
            char name[60];
            snprintf(name, sizeof name, "%s-512.%d.m4s\"", names[t], i);
            const char *was = strstr(before[t], name), *is = strstr(low_latency_text(t), name);
            REQUIRE(was && is && strncmp(was, is, strcspn(was, "\n") + 1) == 0);
        }
    }
}

// The closed segment says how long its media are.
static void check_length(int t)
{
    char name[60];
    const char *text = low_latency_text(t);
    snprintf(name, sizeof name, "\n%s-512.m4s\n", names[t]);
    const char *extinf = strstr(text, name);
    REQUIRE(extinf);
    snprintf(name, sizeof name, "%s-512.m4s", names[t]);
    while (strncmp(extinf, "#EXTINF:", 8) != 0)
        extinf--;
    double ticks = (double)ticks_of(name) / (t == 1 ? 48000 : 90000);
    REQUIRE_NEAR(strtod(extinf + 8, NULL), ticks, 2e-6);
}

// Key frames of the closed segment are found, too.
static void check_key_frame(int t)
{
    char name[60], uri[60];
    snprintf(name, sizeof name, "%s-iframes.m3u8", names[t]);
    snprintf(uri, sizeof uri, "\n%s-512.m4s\n", names[t]);
    const char *key = strstr(shelf_text(&shelf, name), uri);
    REQUIRE(key);
    while (*key != '\n' || key[1] != '#')
        key--;
    const char *range = key - 1;
    while (*range != '\n')
        range--;
    REQUIRE(strncmp(range + 1, "#EXT-X-BYTERANGE:", 17) == 0);
}

static void check_closed(int t, int parts, int split)
{
    char name[60];
    const char *text = low_latency_text(t);
    REQUIRE(!strstr(text, "DISCONTINUITY"));
    REQUIRE_INT(count_of(text, "#EXT-X-GAP\n"), parts == 0 ? 2 : 1 + split);
    REQUIRE_INT(number_after(text, "MEDIA-SEQUENCE:") + count_of(text, "#EXTINF:") - 1, 515 + split);
    REQUIRE_INT(count_of(text, "#EXT-X-DATERANGE:ID=\"c1.1\""), parts > 0);
    // All time is accounted for: what is listed ends where segment 16 starts.
    int64_t first = number_after(text, "MEDIA-SEQUENCE:") - 500;
    REQUIRE_NEAR(sum_after(text, "#EXTINF:"), (16 - first) * 2, t == 1 ? 0.0214 : 1e-5);
    if (parts == 0)
        return;
    check_joined(names[t], 512, parts);
    check_length(t);
    snprintf(name, sizeof name, "%s-513.m4s\n", names[t]);
    REQUIRE(!split || (strstr(text, name) && !shelf_find(&shelf, name)));
    if (t != 1)
        check_key_frame(t);
}

static void break_off(int parts)
{
    struct vt_packager_params params = low_latency();
    struct vt_packager *p = open_packager(&params);
    struct vt_cue start = cue("c1", 1, VT_CUE_START, 12 * 60 + 2);
    start.more = "cues/c1.1.json";
    REQUIRE_INT(vt_packager_cue(p, &start, "{}", 2), 0);
    int64_t frame = 12 * 60 + (parts ? vt_part_frame(&params, 0, parts) : 0) + 2;
    REQUIRE_INT(shelf_run(p, &params, 0, frame), 0);
    REQUIRE_INT(shelf.msn, parts ? 512 : 511);
    vt_packager_free(&p);
    char *before[3], *state;
    for (int t = 0; t < 3; t++)
        before[t] = strdup(low_latency_text(t));
    p = go_on(&params, frame + 60, &state);              // at segment 14
    check_still_listed(before, parts);
    for (int t = 0; t < 3; t++)
        free(before[t]);
    int split = parts > 0 && parts < 6;
    REQUIRE_INT(vt_packager_first_msn(p), 500 + (uint64_t)split);
    REQUIRE_INT(shelf.ready, 513 + (uint64_t)split);
    params.first_msn += (uint64_t)split;
    REQUIRE_INT(shelf_run(p, &params, 14 * 60, 16 * 60 + 5), 0);
    for (int t = 0; t < 3; t++)
        check_closed(t, parts, split);
    // The file that the cue points at is known again, and goes when nothing points at it any more.
    params.state = NULL;
    REQUIRE_INT(shelf_run(p, &params, 16 * 60 + 5, 60 * 60), 0);
    if (parts > 0)
        REQUIRE(shelf_find(&shelf, "cues/c1.1.json")->dropped);
    vt_packager_free(&p);
    free(state);
    shelf_clear(&shelf);
}

TEST(an_open_segment_is_closed_from_its_parts)
{
    for (int parts = 0; parts <= 5; parts++)
        break_off(parts);
}

TEST(bandwidth_counts_what_a_death_closed)
{
    struct vt_packager_params params = low_latency();
    params.n_tracks = 1;
    struct vt_packager *p = open_packager(&params);
    int64_t broken = 2 * 60 + vt_part_frame(&params, 0, 5) + 2;
    for (int64_t frame = 0; frame < broken; frame++)
        REQUIRE_INT(shelf_frame(p, &params, frame, frame < 120 ? 100 : 20000), 0);
    vt_packager_free(&p);
    char *state;
    p = go_on(&params, broken, &state);
    for (int64_t frame = 3 * 60; frame < 5 * 60; frame++)
        REQUIRE_INT(shelf_frame(p, &params, frame, 100), 0);
    REQUIRE_INT(vt_packager_finish(p), 0);
    double seconds = (double)vt_part_frame(&params, 0, 5) / 30;
    int64_t told = number_after(shelf_text(&shelf, "index.m3u8"), "BANDWIDTH=");
    REQUIRE(told >= (double)shelf_find(&shelf, "720p-502.m4s")->size * 8 / seconds);
    REQUIRE(told < 1.01 * (double)shelf_find(&shelf, "720p-502.m4s")->size * 8 / seconds);
    vt_packager_free(&p);
    free(state);
    shelf_clear(&shelf);
}

// Each death splits one segment; numbers rise by one, in every track alike, and never go back.
TEST(numbers_rise_over_many_deaths)
{
    struct vt_packager_params params = low_latency();
    params.window_ns = 30 * VT_NS_PER_S;
    struct vt_packager *p = open_packager(&params);
    int64_t frame = 0;
    uint64_t highest = 0;
    for (int death = 0; death < 20; death++) {
        int64_t until = frame + 190 + 17 * death;
        char *state;
        REQUIRE_INT(shelf_run(p, &params, frame, until), 0);
        uint64_t told = shelf.ready;
        REQUIRE(told >= highest);
        highest = told;
        vt_packager_free(&p);
        p = go_on(&params, until, &state);
        free(state);
        frame = vt_segment_frame(&params, vt_segment_of(&params, until) + 1);
        const char *a = shelf_text(&shelf, "720p.m3u8"), *b = shelf_text(&shelf, "audio.m3u8");
        REQUIRE_INT(number_after(a, "MEDIA-SEQUENCE:"), number_after(b, "MEDIA-SEQUENCE:"));
        REQUIRE_INT(count_of(a, "#EXTINF:"), count_of(b, "#EXTINF:"));
        REQUIRE_INT(count_of(a, "#EXT-X-GAP"), count_of(b, "#EXT-X-GAP"));
        REQUIRE_INT(number_after(a, "TARGETDURATION:"), 2);
        for (const char *at = a; (at = strstr(at, "#EXTINF:")); at++)
            REQUIRE(strtod(at + 8, NULL) < 2.5);
    }
    REQUIRE(vt_packager_first_msn(p) > 510);
    vt_packager_free(&p);

    // Without a state, numbers begin where none was used before.
    params.first_frame = vt_segment_frame(&params, vt_segment_of(&params, frame) + 1);
    params.least_msn = highest + 90;
    p = open_packager(&params);
    REQUIRE_INT(shelf_run(p, &params, params.first_frame, params.first_frame + 130), 0);
    REQUIRE_INT(number_after(shelf_text(&shelf, "720p.m3u8"), "MEDIA-SEQUENCE:"), highest + 90);
    vt_packager_free(&p);
    shelf_clear(&shelf);
}

// What has left the playlists is told to players that still know it, whoever packages.
TEST(removed_ranges_are_remembered)
{
    struct vt_packager_params params = low_latency();
    params.window_ns = 60 * VT_NS_PER_S;
    struct vt_packager *p = open_packager(&params);
    struct vt_cue start = cue("c1", 1, VT_CUE_START, 30), end = cue("c1", 2, VT_CUE_END, 60);
    REQUIRE_INT(vt_packager_cue(p, &start, NULL, 0), 0);
    REQUIRE_INT(vt_packager_cue(p, &end, NULL, 0), 0);
    int64_t frame = 0;
    const char *both = "RECENTLY-REMOVED-DATERANGES=\"c1.1\tc1.2\"\n";
    while (frame < 3000 && !strstr(shelf_text(&shelf, "720p.skip2.m3u8"), both)) {
        REQUIRE_INT(shelf_run(p, &params, frame, frame + 10), 0);
        frame += 10;
    }
    REQUIRE(frame < 3000);
    vt_packager_free(&p);
    char *state;
    p = go_on(&params, frame, &state);
    REQUIRE(strstr(shelf_text(&shelf, "720p.skip2.m3u8"), both));
    frame = vt_segment_frame(&params, vt_segment_of(&params, frame) + 1);
    REQUIRE_INT(shelf_run(p, &params, frame, frame + 600), 0);
    REQUIRE(strstr(shelf_text(&shelf, "720p.skip2.m3u8"), "RECENTLY-REMOVED-DATERANGES=\"\"\n"));
    vt_packager_free(&p);
    free(state);
    shelf_clear(&shelf);
}

// A long window's state lies in chunks; all of it comes back, or what stands after the chunk that is damaged.
TEST(a_long_window_comes_back)
{
    for (int damage = 0; damage < 2; damage++) {
        struct vt_packager_params params = low_latency();
        params.n_tracks = 2;
        params.window_ns = 400 * VT_NS_PER_S;
        struct vt_packager *p = open_packager(&params);
        for (int i = 0; i < 30; i++) {
            struct vt_cue given = cue("c1", i + 1, VT_CUE_UPDATE, 500 * i + 1);
            REQUIRE_INT(vt_packager_cue(p, &given, NULL, 0), 0);
            REQUIRE_INT(shelf_run(p, &params, 500 * i, 500 * (i + 1)), 0);
        }
        REQUIRE_INT(shelf_run(p, &params, 15000, 15000 + 20), 0);
        vt_packager_free(&p);
        char *before = strdup(shelf_text(&shelf, "720p.m3u8")), *state;
        REQUIRE(strlen(shelf_text(&shelf, "state.json")) < 40000);
        REQUIRE(shelf_find(&shelf, "state-10.json") && !shelf_find(&shelf, "state-10.json")->dropped);
        if (damage)
            shelf_find(&shelf, "state-10.json")->size -= 10;
        p = go_on(&params, 15000 + 20, &state);
        const char *after = shelf_text(&shelf, "720p.m3u8");
        int64_t first = number_after(after, "MEDIA-SEQUENCE:");
        REQUIRE(damage ? first == 11 * 64 : first <= number_after(before, "MEDIA-SEQUENCE:") + 2);
        // What is listed now was listed so before, but for what has slid out and the end.
        char name[40];
        snprintf(name, sizeof name, "720p-%lld.m4s\n", (long long)first);
        const char *a = strstr(before, name), *b = strstr(after, name);
        REQUIRE(a && b && strncmp(a, b, strlen(a)) == 0);
        REQUIRE(count_of(after, "#EXT-X-DATERANGE") >= (damage ? 2 : 20));
        REQUIRE_INT(count_of(shelf_text(&shelf, "audio.m3u8"), "#EXTINF:"), count_of(after, "#EXTINF:"));
        vt_packager_free(&p);
        free(state);
        free(before);
        shelf_clear(&shelf);
    }
}

TEST(a_damaged_open_segment_is_a_gap)
{
    for (int damage = 0; damage < 4; damage++) {
        struct vt_packager_params params = low_latency();
        struct vt_packager *p = open_packager(&params);
        REQUIRE_INT(shelf_run(p, &params, 0, 12 * 60 + 25), 0);
        vt_packager_free(&p);
        struct shelf_file *open = shelf_find(&shelf, VT_STATE_OPEN);
        REQUIRE(open);
        if (damage == 0)
            open->size /= 2;
        else if (damage == 1)
            memcpy(strstr((char *)open->data, "\"epoch\":1"), "\"epoch\":2", 10);
        else if (damage == 2)
            memcpy(strstr((char *)open->data, "\"k\":12"), "\"k\":11", 6);
        else
            shelf_find(&shelf, "audio-512.1.m4s")->dropped = true;
        char *state;
        if (damage < 3)
            shelf.msn = shelf.ready;         // the segment is told anew, as a gap
        p = go_on(&params, 12 * 60 + 25, &state);
        const char *text = shelf_text(&shelf, "720p.m3u8"), *audio = shelf_text(&shelf, "audio.m3u8");
        REQUIRE_INT(vt_packager_first_msn(p), damage == 3 ? 501 : 500);
        REQUIRE_INT(count_of(text, "#EXT-X-GAP"), 1);
        REQUIRE_INT(count_of(audio, "#EXT-X-GAP"), damage == 3 ? 2 : 1);
        REQUIRE_INT(count_of(audio, "#EXTINF:"), count_of(text, "#EXTINF:"));
        vt_packager_free(&p);
        free(state);
        shelf_clear(&shelf);
    }
}

int main(void)
{
    RUN(an_open_segment_is_closed_from_its_parts);
    RUN(bandwidth_counts_what_a_death_closed);
    RUN(numbers_rise_over_many_deaths);
    RUN(removed_ranges_are_remembered);
    RUN(a_long_window_comes_back);
    RUN(a_damaged_open_segment_is_a_gap);
    return DONE();
}
