// Rules that two versions of a playlist, or two playlists of a presentation, break together.
#include "check/change.h"
#include "check/snapshot.h"
#include "check/together.h"

#include <stdlib.h>

#include "tests/unit/check/cases.h"

#define URL "http://127.0.0.1/live/v.m3u8"
#define OTHER "http://127.0.0.1/live/a.m3u8"
#define SAME "#EXTM3U", "#EXTM3U"
#define NEXT_CLASS "#EXT-X-DATERANGE:ID=\"n1\",CLASS=\"n\",START-DATE=\"2026-03-01T19:00:10.000Z\",END-ON-NEXT=YES\n"                \
    "#EXT-X-DATERANGE:ID=\"n3\",CLASS=\"n\",START-DATE=\"2026-03-01T19:00:30.000Z\",END-ON-NEXT=YES\n"
#define X "#EXTINF:6.00000,\nv-12.m4s\n"
#define RANGE "#EXT-X-DATERANGE:ID=\"c1.1\",CLASS=\"com.example\",START-DATE=\"2026-03-01T19:00:13.000Z\",DURATION=10.000,"   \
    "X-COM-EXAMPLE=\"abc\"\n"
#define HINT "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"v-26.2.m4s\"\n"
#define TAIL "#EXT-X-PART:DURATION=2.000,URI=\"v-26.0.m4s\",INDEPENDENT=YES\n#EXT-X-PART:DURATION=2.000,URI=\"v-26.1.m4s\"\n" HINT
#define PART_2 "#EXT-X-PART:DURATION=2.000,URI=\"v-26.2.m4s\"\n"

struct change {
    int rule;
    const char *base, *from_before, *to_before, *from_after, *to_after;
};

static const struct change changes[] = {
    {0, good_live, SAME, SAME},
    {0, good_low, SAME, HINT, PART_2 "#EXTINF:6.00000,\nv-26.m4s\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"v-27.0.m4s\"\n"},
    {0, good_live, SAME, "SEQUENCE:10\n#EXT-X-DISCONTINUITY-SEQUENCE:2\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MAP:URI=\"v-init.mp4\"\n"
     "#EXT-X-PROGRAM-DATE-TIME:2026-03-01T19:00:00.000Z\n#EXTINF:6.00000,\nv-10.m4s\n",
     "SEQUENCE:11\n#EXT-X-DISCONTINUITY-SEQUENCE:2\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MAP:URI=\"v-init.mp4\"\n"
     "#EXT-X-PROGRAM-DATE-TIME:2026-03-01T19:00:06.000Z\n"},
    {19, good_live, SAME, "DURATION:6", "DURATION:7"},
    {23, good_ts, "#EXT-X-MEDIA-SEQUENCE:1\n", "", "#EXT-X-MEDIA-SEQUENCE:1\n#EXTINF:6.00000,\nv-1.ts\n", ""},
    {24, good_live, SAME, "SEQUENCE:10", "SEQUENCE:9"},
    {24, good_live, SAME, "SEQUENCE:10", "SEQUENCE:11"},
    {25, good_live, SAME, "v-12.m4s", "w-12.m4s"},
    {25, good_vod, SAME, "600000@700", "500000@100700"},
    {26, good_live, SAME, "#EXTINF:6.00000,\nv-16.m4s\n", ""},
    {26, good_low, SAME, "#EXT-X-PART:DURATION=2.000,URI=\"v-26.1.m4s\"\n", ""},
    {27, good_ts, "#EXT-X-ENDLIST\n", "", "SEQUENCE:1\n#EXTINF:6.00000,\nv-1.ts\n#EXTINF:4.4,\nv-2.ts\n#EXT-X-ENDLIST\n",
     "SEQUENCE:2\n#EXTINF:4.4,\nv-2.ts\n"},
    {30, good_live, SAME, "#EXTINF:6.00000,\nv-11", "#EXTINF:5.90000,\nv-11"},
    {30, good_live, SAME, "19:00:18.000Z", "19:00:18.100Z"},
    {30, good_live, SAME, X, "#EXT-X-GAP\n" X},
    {30, good_live, SAME, "#EXT-X-INDEPENDENT-SEGMENTS\n", ""},
    {30, good_low, SAME, "DURATION=2.000,URI=\"v-26.0", "DURATION=1.900,URI=\"v-26.0"},
    {32, good_live, SAME, "#EXT-X-MEDIA-S", "#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-MEDIA-S"},
    {44, good_live, SAME, "DISCONTINUITY-SEQUENCE:2", "DISCONTINUITY-SEQUENCE:3"},
    {44, good_live, SAME, "DISCONTINUITY-SEQUENCE:2", "DISCONTINUITY-SEQUENCE:1"},
    {64, good_live, X, NEXT_CLASS X, X, NEXT_CLASS
     "#EXT-X-DATERANGE:ID=\"n2\",CLASS=\"n\",START-DATE=\"2026-03-01T19:00:20.000Z\",END-ON-NEXT=YES\n" X},
    {65, good_live, SAME, "\"abc\"", "\"def\""},
    {65, good_live, SAME, "DURATION=10.000,", ""},
    {66, good_live, SAME, "19:00:13.000Z", "19:00:14.000Z"},
    {67, good_live, SAME, RANGE, ""},
    {73, good_live, SAME, X, "#EXT-X-DATERANGE:ID=\"s\",START-DATE=\"2026-03-01T19:00:36.000Z\",SCTE35-OUT=0xFC\n" X},
    {90, good_low, SAME, "HOLD-BACK=6.000", "HOLD-BACK=6.500"},
    {90, good_low, SAME, "PART-TARGET=2.000", "PART-TARGET=2.100"},
    {92, good_low, TAIL, "#EXTINF:6.00000,\nv-26.m4s\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"v-27.0.m4s\"\n", TAIL,
     "#EXTINF:6.00000,\nv-26.m4s\n#EXT-X-MAP:URI=\"w-init.mp4\"\n#EXT-X-PART:DURATION=2.000,URI=\"v-27.0.m4s\"\n"},
    {93, good_low, SAME, HINT, "#EXT-X-PART:DURATION=2.000,URI=\"v-26.two.m4s\"\n"},
};

static void run_change(const struct change *one)
{
    char *old = edited(one->base, one->from_before, one->to_before), *new = edited(one->base, one->from_after, one->to_after);
    struct vt_findings findings = {.count = 0}, ignored = {.count = 0};
    struct vt_m3u *before = read_text(URL, old, &ignored), *after = read_text(URL, new, &ignored);
    vt_check_change(before, after, &findings);
    require_only(&findings, one->rule, one->to_after);
    vt_m3u_free(&before);
    vt_m3u_free(&after);
    vt_findings_free(&findings);
    vt_findings_free(&ignored);
    free(old);
    free(new);
}

// ---- pace

// A version that is fetched at these times; just `rule` is found.
static void pace_step(struct vt_check_pace *pace, const char *text, double asked, double came, int rule)
{
    struct vt_findings findings = {.count = 0}, ignored = {.count = 0};
    struct vt_m3u *m3u = read_text(URL, text, &ignored);
    m3u->asked = asked;
    m3u->came = came;
    vt_check_in_time(pace, m3u, &findings);
    require_only(&findings, rule, "a pace");
    vt_m3u_free(&m3u);
    vt_findings_free(&findings);
    vt_findings_free(&ignored);
}

static void test_pace(void)
{
    struct vt_check_pace pace = {.started = false};
    char *next = edited(good_live, "v-16.m4s\n", "v-16.m4s\n#EXTINF:6.00000,\nv-17.m4s\n");
    char *part = edited(good_low, HINT, PART_2);
    pace_step(&pace, good_live, 100, 100.1, 0);
    pace_step(&pace, good_live, 109, 109.1, 0);         // 1.5 target durations after it was seen
    pace_step(&pace, good_live, 109.2, 109.3, 29);
    pace_step(&pace, next, 110, 110.1, 0);
    pace_step(&pace, next, 119, 119.1, 0);
    pace = (struct vt_check_pace){.started = false};
    pace_step(&pace, good_low, 100, 100.1, 0);
    pace_step(&pace, part, 100.2, 104.3, 0);            // held up by less than a part target
    pace_step(&pace, part, 106.4, 106.5, 0);
    pace_step(&pace, part, 106.7, 106.8, 82);
    free(next);
    free(part);
}

// ---- delta updates

static void run_delta(const char *delta_text, const char *whole_text, bool v2, int rule)
{
    struct vt_findings findings = {.count = 0}, ignored = {.count = 0};
    struct vt_m3u *before = read_text(URL, good_low, &ignored), *delta = read_text(URL, delta_text, &ignored);
    struct vt_m3u *whole = read_text(URL, whole_text, &ignored);
    vt_check_delta(before, delta, whole, v2, &findings);
    vt_check_skipped(delta, &findings);
    require_only(&findings, rule, delta_text);
    vt_m3u_free(&before);
    vt_m3u_free(&delta);
    vt_m3u_free(&whole);
    vt_findings_free(&findings);
    vt_findings_free(&ignored);
}

#define SKIPPED "#EXT-X-MAP:URI=\"v-init.mp4\"\n#EXT-X-PROGRAM-DATE-TIME:2026-03-01T19:00:00.000Z\n#EXTINF:6.00000,\nv-20.m4s\n"  \
    "#EXTINF:6.00000,\nv-21.m4s\n"

static void test_deltas(void)
{
    char *delta = edited(good_low, SKIPPED, "#EXT-X-SKIP:SKIPPED-SEGMENTS=2\n");
    char *other = edited(delta, "#EXTINF:6.00000,\nv-23", "#EXTINF:5.50000,\nv-23");
    char *wrong = edited(delta, "#EXT-X-SKIP", "#EXT-X-DISCONTINUITY-SEQUENCE:4\n#EXT-X-SKIP");
    char *ranged = edited(good_low, "#EXT-X-PART-INF", RANGE "#EXT-X-PART-INF");
    char *v2 = edited(delta, "MENTS=2", "MENTS=2,RECENTLY-REMOVED-DATERANGES=\"\"");
    char *narrow = edited(good_low, "UNTIL=36.000", "UNTIL=20.000");
    run_delta(delta, good_low, false, 0);
    run_delta(delta, good_low, true, 0);
    run_delta(other, good_low, false, 112);
    run_delta(wrong, good_low, false, 111);
    run_delta(delta, ranged, false, 112);
    run_delta(delta, ranged, true, 113);
    run_delta(v2, ranged, true, 113);
    run_delta(good_low, good_low, false, 0);
    run_delta(narrow, good_low, false, 110);
    free(delta);
    free(other);
    free(wrong);
    free(ranged);
    free(v2);
    free(narrow);
}

// ---- several playlists

static const struct change pairs[] = {
    {0, good_live, SAME, SAME},
    {0, good_low, "a.m3u8", "b.m3u8", "a.m3u8", "v.m3u8"},
    {45, good_live, SAME, "DISCONTINUITY-SEQUENCE:2", "DISCONTINUITY-SEQUENCE:3"},
    {45, good_live, SAME, "#EXT-X-DISCONTINUITY\n", ""},
    {68, good_live, SAME, "\"abc\"", "\"def\""},
    {68, good_live, SAME, "ID=\"c1.1\"", "ID=\"c2.1\""},
    {96, good_low, SAME, "a.m3u8\",LAST-MSN=26,LAST-PART=1", "v.m3u8\",LAST-MSN=26,LAST-PART=0"},
    {97, good_low, SAME, "#EXT-X-PART:DURATION=2.000,URI=\"v-26.1.m4s\"\n", ""},
    {126, good_live, SAME, "#EXTINF:6.00000,\nv-15.m4s\n#EXTINF:6.00000,\nv-16.m4s\n", ""},
};

static const struct change together[] = {
    {0, good_live, SAME, SAME},
    {0, good_low, SAME, "a.m3u8", "v.m3u8"},
    {55, good_ts, SAME, "#EXTINF", "#EXT-X-PROGRAM-DATE-TIME:2026-03-01T19:00:00.000Z\n#EXTINF"},
    {89, good_low, SAME, "a.m3u8\",LAST-MSN=26,LAST-PART=1\n", "v.m3u8\",LAST-MSN=26,LAST-PART=1\n"
     "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=6.500,CAN-SKIP-UNTIL=36.000,CAN-SKIP-DATERANGES=YES\n"},
    {95, good_low, SAME, SAME},
    {96, good_low, SAME, "URI=\"a.m3u8\"", "URI=\"http://127.0.0.1/live/v.m3u8\""},
    {96, good_low, SAME, "a.m3u8\",LAST-MSN=26,LAST-PART=1", "v.m3u8\",LAST-PART=1"},
    {125, good_live, SAME, "DURATION:6", "DURATION:7"},
    {126, good_ts, SAME, "#EXTINF:4.4", "#EXTINF:6,\nv-3.ts\n#EXTINF:6,\nv-4.ts\n#EXTINF:4.4"},
};

static void run_several(const struct change *one, bool pair)
{
    char *first = edited(one->base, one->from_before, one->to_before), *second = edited(one->base, one->from_after, one->to_after);
    struct vt_findings findings = {.count = 0}, ignored = {.count = 0};
    struct vt_m3u *a = read_text(URL, first, &ignored), *b = read_text(OTHER, second, &ignored);
    static const enum vt_check_kind kinds[] = {VT_CHECK_VIDEO, VT_CHECK_AUDIO};
    const struct vt_m3u *const list[] = {a, b};
    struct vt_check_pair both = {a, b, VT_CHECK_VIDEO, VT_CHECK_AUDIO};
    a->asked = a->came = 100;
    b->asked = b->came = 103;
    if (pair)
        vt_check_pair(&both, &findings);
    else
        vt_check_together(NULL, list, kinds, 2, &findings);
    require_only(&findings, one->rule, one->to_after);
    vt_m3u_free(&a);
    vt_m3u_free(&b);
    vt_findings_free(&findings);
    vt_findings_free(&ignored);
    free(first);
    free(second);
}

static void test_independent(const char *multi_text, const char *video_text, int rule)
{
    struct vt_findings findings = {.count = 0}, ignored = {.count = 0};
    struct vt_m3u *multi = read_text("http://127.0.0.1/live/index.m3u8", multi_text, &ignored);
    struct vt_m3u *video = read_text(URL, video_text, &ignored);
    static const enum vt_check_kind kinds[] = {VT_CHECK_VIDEO};
    const struct vt_m3u *const list[] = {video};
    vt_check_together(multi, list, kinds, 1, &findings);
    require_only(&findings, rule, "EXT-X-INDEPENDENT-SEGMENTS");
    vt_m3u_free(&multi);
    vt_m3u_free(&video);
    vt_findings_free(&findings);
    vt_findings_free(&ignored);
}

void test_changes(void)
{
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++)
        run_change(&changes[i]);
    test_pace();
    test_deltas();
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        run_several(&pairs[i], true);
    for (size_t i = 0; i < sizeof together / sizeof together[0]; i++)
        run_several(&together[i], false);
    char *silent = edited(good_multi, "#EXT-X-INDEPENDENT-SEGMENTS\n", "");
    test_independent(good_multi, good_ts, 0);
    test_independent(silent, good_ts, 51);
    test_independent(silent, good_live, 0);
    test_independent(good_multi, good_live, 51);
    free(silent);
}
