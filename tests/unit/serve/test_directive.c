#include "check.h"
#include "serve/directive.h"

// Whole segments 10 and 11 (two parts each are listed of 11), then two parts of 12. Parts of 0.5 s: limit 6.
static const char live[] =
    "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:4\n"
    "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.5,CAN-SKIP-UNTIL=24,CAN-SKIP-DATERANGES=YES\n"
    "#EXT-X-PART-INF:PART-TARGET=0.5\n#EXT-X-MEDIA-SEQUENCE:10\n"
    "#EXTINF:4.0,\na-10.m4s\n"
    "#EXT-X-PART:DURATION=0.5,URI=\"a-11.0.m4s\"\r\n#EXT-X-PART:DURATION=0.5,URI=\"a-11.1.m4s\"\n"
    "#EXTINF:4.0,\na-11.m4s\n"
    "#EXT-X-PART:DURATION=0.5,URI=\"a-12.0.m4s\"\n#EXT-X-PART:DURATION=0.5,URI=\"a-12.1.m4s\"\n"
    "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"a-12.2.m4s\"\n";

static struct vt_edge read_edge(const char *text)
{
    struct vt_edge edge;
    vt_edge_read(text, strlen(text), &edge);
    return edge;
}

TEST(a_playlist_says_where_it_ends)
{
    struct vt_edge edge = read_edge(live);
    REQUIRE_INT(edge.target_ns, 4000000000);
    REQUIRE_INT(edge.part_ns, 500000000);
    REQUIRE_INT(edge.last_msn, 11);
    REQUIRE_INT(edge.last_parts, 2);
    REQUIRE_INT(edge.open_parts, 2);
    REQUIRE(edge.blocks && edge.skips && edge.skips_dates && !edge.ended);
}

TEST(a_delta_says_it_too)
{
    struct vt_edge edge = read_edge("#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:100\n"
                                    "#EXT-X-SERVER-CONTROL:CAN-SKIP-UNTIL=12.0\n"
                                    "#EXT-X-SKIP:SKIPPED-SEGMENTS=20,RECENTLY-REMOVED-DATERANGES=\"\"\n#EXTINF:2,\nx\n");
    REQUIRE_INT(edge.last_msn, 120);
    REQUIRE(!edge.blocks && edge.skips && !edge.skips_dates);
}

TEST(a_playlist_may_be_empty_or_odd)
{
    struct vt_edge edge = read_edge("");
    REQUIRE_INT(edge.last_msn, -1);
    REQUIRE_INT(edge.target_ns, 0);
    edge = read_edge("#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-PART:URI=\"a-7.0.m4s\"");
    REQUIRE_INT(edge.last_msn, 6);
    REQUIRE_INT(edge.open_parts, 1);
    edge = read_edge("#EXT-X-TARGETDURATION:99999999999999999999\n#EXT-X-PART-INF:PART-TARGET=0.33366700001\n"
                     "#EXT-X-ENDLIST");
    REQUIRE_INT(edge.target_ns, VT_TARGET_NS_MAX);
    REQUIRE_INT(edge.part_ns, 333667000);
    REQUIRE(edge.ended);
    REQUIRE(!read_edge("#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=NO").blocks);
}

static enum vt_verdict ask(const char *text, const char *msn, const char *part)
{
    struct vt_edge edge = read_edge(text);
    struct vt_directives directives;
    const char *why = NULL;
    vt_directives_read(msn, part, NULL, &directives);
    enum vt_verdict verdict = vt_directives_decide(&edge, &directives, &why);
    REQUIRE(verdict != VT_ANSWER_NEVER || why);
    return verdict;
}

enum { NOW = VT_ANSWER_NOW, LATER = VT_ANSWER_LATER, NEVER = VT_ANSWER_NEVER };

TEST(each_rule_gives_its_verdict)
{
    static const struct {
        const char *msn, *part;
        int verdict;
    } rows[] = {
        {NULL, NULL, NOW},
        // a segment: whole, or later
        {"11", NULL, NOW}, {"12", NULL, LATER}, {"13", NULL, LATER}, {"14", NULL, NEVER},
        // old, or scrolled off
        {"10", NULL, NOW}, {"0", NULL, NOW}, {"3", "7", NOW}, {"10", "99", NOW},
        // a part, or anything later
        {"12", "0", NOW}, {"12", "1", NOW}, {"12", "2", LATER}, {"11", "0", NOW}, {"11", "1", NOW},
        // past the end of a whole segment: the first part of the next
        {"11", "2", NOW}, {"11", "3", NOW}, {"11", "500", NOW},
        // the advance limit: six parts of half a second past the last one
        {"12", "7", LATER}, {"12", "8", NEVER}, {"13", "0", LATER}, {"13", "5", LATER}, {"13", "6", NEVER},
        {"14", "0", NEVER},
        // what cannot be followed
        {NULL, "0", NEVER}, {NULL, "x", NEVER}, {"", NULL, NEVER}, {"-1", NULL, NEVER}, {"+1", NULL, NEVER},
        {"1x", NULL, NEVER}, {" 1", NULL, NEVER}, {"1.5", NULL, NEVER}, {"0x1", NULL, NEVER}, {"11", "", NEVER},
        {"11", "-1", NEVER}, {"11", "1 ", NEVER}, {"000000000000011", NULL, NOW}, {"0000000000000011", NULL, NEVER},
        {"999999999999999", NULL, NEVER}, {"12", "999999999999999", NEVER},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int verdict = (int)ask(live, rows[i].msn, rows[i].part);
        if (verdict != rows[i].verdict)
            check_fail(__FILE__, __LINE__, "msn %s part %s gives %d", rows[i].msn, rows[i].part, verdict);
    }
}

TEST(past_the_end_waits_for_the_next_segments_first_part)
{
    static const char closed[] =
        "#EXT-X-TARGETDURATION:4\n#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES\n#EXT-X-PART-INF:PART-TARGET=1.0\n"
        "#EXT-X-MEDIA-SEQUENCE:5\n#EXT-X-PART:URI=\"a-5.0.m4s\"\n#EXT-X-PART:URI=\"a-5.1.m4s\"\n#EXTINF:2,\na-5.m4s\n";
    REQUIRE_INT(ask(closed, "5", "1"), NOW);
    REQUIRE_INT(ask(closed, "5", "2"), LATER);
    REQUIRE_INT(ask(closed, "5", "70"), LATER);
    REQUIRE_INT(ask(closed, "6", "0"), LATER);
    // parts of a second and longer: three ahead
    REQUIRE_INT(ask(closed, "6", "2"), LATER);
    REQUIRE_INT(ask(closed, "6", "3"), NEVER);
}

TEST(a_segment_without_parts_is_there_whole)
{
    static const char gap[] =
        "#EXT-X-TARGETDURATION:4\n#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES\n#EXT-X-PART-INF:PART-TARGET=0.334\n"
        "#EXT-X-MEDIA-SEQUENCE:5\n#EXT-X-GAP\n#EXTINF:4,\na-5.m4s\n";
    REQUIRE_INT(ask(gap, "5", "0"), NOW);
    REQUIRE_INT(ask(gap, "6", "0"), LATER);
    REQUIRE_INT(ask(gap, "6", "8"), LATER);      // 3 / 0.334 is 8.98: nine ahead
    REQUIRE_INT(ask(gap, "6", "9"), NEVER);
}

TEST(an_ended_or_plain_playlist_ignores_directives)
{
    char ended[sizeof live + 32];
    snprintf(ended, sizeof ended, "%s#EXT-X-ENDLIST\n", live);
    static const char plain[] = "#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:1\n#EXTINF:4,\na\n";
    const char *const texts[] = {ended, plain};
    for (int i = 0; i < 2; i++) {
        REQUIRE_INT(ask(texts[i], "12", NULL), NOW);
        REQUIRE_INT(ask(texts[i], "900", "900"), NOW);
        REQUIRE_INT(ask(texts[i], NULL, "1"), NOW);
        REQUIRE_INT(ask(texts[i], "x", NULL), NOW);
    }
}

TEST(skip_is_yes_or_v2)
{
    static const struct {
        const char *text;
        int skip;
    } rows[] = {{NULL, VT_SKIP_NONE}, {"", VT_SKIP_NONE}, {"yes", VT_SKIP_NONE}, {"YES", VT_SKIP_SEGMENTS},
                {"v2", VT_SKIP_DATES}, {"v3", VT_SKIP_NONE}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vt_directives directives;
        vt_directives_read(NULL, NULL, rows[i].text, &directives);
        REQUIRE_INT(directives.skip, rows[i].skip);
        REQUIRE(!directives.flaw);
    }
}

TEST(names_of_parts_and_segments_are_read)
{
    char rendition[VT_NAME_ROOM];
    int64_t msn, part;
    REQUIRE(vt_media_name("720p-17.3.m4s", rendition, &msn, &part));
    REQUIRE_TEXT(rendition, "720p");
    REQUIRE_INT(msn, 17);
    REQUIRE_INT(part, 3);
    REQUIRE(vt_media_name("a-b-9.m4s", rendition, &msn, &part));
    REQUIRE_TEXT(rendition, "a-b");
    REQUIRE_INT(part, -1);
    static const char *const others[] = {"", "-1.m4s", "720p-init.mp4", "720p-.m4s", "720p-1.", "720p-1..m4s",
                                         "720p-1.m4s.m4s",
                                         "720p-1.2.3.m4s", "720p-1.ts", "7.20p-1.m4s", "720p-1234567890123456.m4s",
                                         "720p-1.1234567890123456.m4s", "abcdefghijklmnopqrstuvwxyz0123456-1.m4s"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (vt_media_name(others[i], rendition, &msn, &part))
            check_fail(__FILE__, __LINE__, "%s is taken", others[i]);
    REQUIRE(vt_media_name("abcdefghijklmnopqrstuvwxyz012345-123456789012345.m4s", rendition, &msn, &part));
}

TEST(what_is_about_to_come_is_waited_for)
{
    static const struct {
        int64_t msn, part;
        int verdict;
    } rows[] = {
        {12, 2, LATER}, {12, 7, LATER}, {12, 8, NEVER}, {13, 0, LATER}, {13, 5, LATER}, {13, 6, NEVER}, {14, 0, NEVER},
        {12, -1, LATER}, {13, -1, NEVER}, {11, -1, NEVER}, {11, 5, NEVER}, {10, 0, NEVER},
        {12, 0, NEVER},                  // listed, but not there: it never will be
    };
    struct vt_edge edge = read_edge(live);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int verdict = (int)vt_media_decide(&edge, rows[i].msn, rows[i].part);
        if (verdict != rows[i].verdict)
            check_fail(__FILE__, __LINE__, "row %zu gives %d", i, verdict);
    }
    edge.ended = true;
    REQUIRE_INT(vt_media_decide(&edge, 12, 2), NEVER);
}

TEST(gzip_is_sent_to_who_takes_it)
{
    static const char *const takes[] = {"gzip", "GZIP", "deflate, gzip", "br;q=1.0, gzip;q=0.8", "*", "gzip;q=0.001",
                                        "gzip ; q=1", " ,gzip"};
    static const char *const leaves[] = {"", "identity", "xgzip", "gzipx", "gzip;q=0", "gzip;q=0.000", "gzip; Q=0.0",
                                         "*;q=0", "br, deflate"};
    for (size_t i = 0; i < sizeof takes / sizeof *takes; i++)
        if (!vt_accepts_gzip(takes[i]))
            check_fail(__FILE__, __LINE__, "'%s' leaves it", takes[i]);
    for (size_t i = 0; i < sizeof leaves / sizeof *leaves; i++)
        if (vt_accepts_gzip(leaves[i]))
            check_fail(__FILE__, __LINE__, "'%s' takes it", leaves[i]);
    REQUIRE(!vt_accepts_gzip(NULL));
}

TEST(a_line_stands_for_many_segments)
{
    static const char text[] = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:10\n#VITRINE-PAST:v.past-3,7,900,5\n"
        "#EXT-X-PART:DURATION=0.5,URI=\"v-15.0.m4s\"\n#EXTINF:2,\nv-15.m4s\n#EXT-X-PART:DURATION=0.5,URI=\"v-16.0.m4s\"\n";
    struct vt_edge edge;
    vt_edge_read(text, strlen(text), &edge);
    REQUIRE_INT(edge.last_msn, 15);
    REQUIRE_INT(edge.last_parts, 1);
    REQUIRE_INT(edge.open_parts, 1);
    static const char odd[] = "#VITRINE-PAST:\n#VITRINE-PAST:a,1\n#VITRINE-PAST:a,1,2,99999999999999999999\n";
    vt_edge_read(odd, strlen(odd), &edge);
    REQUIRE_INT(edge.last_msn, 1000000 - 1);
}

int main(void)
{
    RUN(a_playlist_says_where_it_ends);
    RUN(a_delta_says_it_too);
    RUN(a_playlist_may_be_empty_or_odd);
    RUN(each_rule_gives_its_verdict);
    RUN(past_the_end_waits_for_the_next_segments_first_part);
    RUN(a_segment_without_parts_is_there_whole);
    RUN(an_ended_or_plain_playlist_ignores_directives);
    RUN(skip_is_yes_or_v2);
    RUN(names_of_parts_and_segments_are_read);
    RUN(what_is_about_to_come_is_waited_for);
    RUN(gzip_is_sent_to_who_takes_it);
    RUN(a_line_stands_for_many_segments);
    return DONE();
}
