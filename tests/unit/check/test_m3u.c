#include "check/m3u.h"

#include <errno.h>

#include "base/mediatime.h"
#include "tests/unit/check.h"

static struct vt_m3u *m3u;
static struct vt_findings findings;

static int read_all(const char *text, size_t size)
{
    vt_m3u_free(&m3u);
    return vt_m3u_read(&m3u, "http://127.0.0.1/v.m3u8", text, size, &findings);
}

static int read_it(const char *text)
{
    return read_all(text, strlen(text));
}

// A text of `count` times `line` behind a head.
static int read_many(const char *line, size_t count)
{
    static const char head[] = "#EXTM3U\n";
    size_t length = strlen(line), size = sizeof head - 1 + count * length;
    char *text = malloc(size + 1), *at = text + sizeof head - 1;
    REQUIRE(text);
    memcpy(text, head, sizeof head - 1);
    for (size_t i = 0; i < count; i++, at += length)
        memcpy(at, line, length);
    int result = read_all(text, size);
    free(text);
    return result;
}

TEST(segments_have_numbers_times_and_ranges)
{
    REQUIRE_INT(read_it("#EXTM3U\r\n#EXT-X-VERSION:4\r\n#EXT-X-TARGETDURATION:4\r\n#EXT-X-MEDIA-SEQUENCE:7\r\n"
                        "#EXT-X-DISCONTINUITY-SEQUENCE:3\r\n#EXT-X-PROGRAM-DATE-TIME:2026-03-01T19:00:00.000Z\r\n"
                        "#EXT-X-BYTERANGE:10@5\r\n#EXTINF:4,\r\na\r\n#EXT-X-BYTERANGE:20\r\n#EXTINF:3.5,\r\na\r\n"
                        "#EXT-X-DISCONTINUITY\r\n#EXT-X-BYTERANGE:30\r\n#EXTINF:2,\r\na\r\n"), 0);
    REQUIRE_INT(m3u->n_segments, 3);
    const struct vt_m3u_segment *second = vt_m3u_find(m3u, 8);
    REQUIRE(second && second->range.given && second->range.offset == 15 && second->range.length == 20);
    REQUIRE_INT(second->time_ns - m3u->segments[0].time_ns, 4 * VT_NS_PER_S);
    REQUIRE_INT(second->dsn, 3);
    REQUIRE_INT(m3u->segments[2].dsn, 4);
    REQUIRE(!m3u->segments[2].timed);
    REQUIRE(!vt_m3u_find(m3u, 6) && !vt_m3u_find(m3u, 10));
    REQUIRE_INT(vt_m3u_next(m3u), 10);
    REQUIRE_NEAR(vt_m3u_duration(m3u), 9.5, 1e-9);
}

TEST(parts_belong_to_their_segments)
{
    uint64_t msn;
    int part;
    REQUIRE_INT(read_it("#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-PART-INF:PART-TARGET=1\n"
                        "#EXT-X-PART:DURATION=1,URI=\"a0\",BYTERANGE=\"10@0\"\n"
                        "#EXT-X-PART:DURATION=1,URI=\"a0\",BYTERANGE=\"20\"\n#EXTINF:2,\na\n"), 0);
    REQUIRE(vt_m3u_last_part(m3u, &msn, &part) && msn == 7 && part == 1);
    REQUIRE_INT(m3u->parts[1].range.offset, 10);
    REQUIRE_INT(read_it("#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-PART-INF:PART-TARGET=1\n"
                        "#EXTINF:2,\na\n#EXT-X-PART:DURATION=1,URI=\"b0\"\n"), 0);
    REQUIRE(vt_m3u_last_part(m3u, &msn, &part) && msn == 8 && part == 0);
    REQUIRE_INT(m3u->open.parts, 1);
}

TEST(limits_hold)
{
    REQUIRE_INT(read_many("#\n", VT_M3U_LINES - 1), 0);
    REQUIRE_INT(read_many("#\n", VT_M3U_LINES), -E2BIG);
    REQUIRE_INT(read_many("#EXT-X-DATERANGE:ID=\"a\"\n", VT_M3U_RANGES), 0);
    REQUIRE_INT(read_many("#EXT-X-DATERANGE:ID=\"a\"\n", VT_M3U_RANGES + 1), -E2BIG);
    REQUIRE_INT(read_many("#EXT-X-MEDIA:TYPE=A\n", VT_M3U_MULTI - 1), 0);
    REQUIRE_INT(read_many("#EXT-X-MEDIA:TYPE=A\n", VT_M3U_MULTI), -E2BIG);
    char line[8 * VT_M3U_LIST + 64] = "#EXT-X-PART-INF:A=1";
    for (int i = 1; i < VT_M3U_LIST; i++)
        strcat(line, ",A=1");
    REQUIRE_INT(read_it(line), 0);
    REQUIRE_INT(read_it(strcat(line, ",A=1")), -E2BIG);
    char *text = calloc(1, VT_M3U_BYTES + 1);
    REQUIRE(text);
    REQUIRE_INT(read_all(text, VT_M3U_BYTES), 0);
    REQUIRE_INT(read_all(text, VT_M3U_BYTES + 1), -E2BIG);
    free(text);
}

TEST(a_failed_read_leaves_the_result)
{
    struct vt_m3u *kept = (struct vt_m3u *)&findings, *same = kept;
    char text[] = "x";
    REQUIRE_INT(vt_m3u_read(&kept, "u", text, VT_M3U_BYTES + 1, &findings), -E2BIG);
    REQUIRE(kept == same);
}

int main(void)
{
    RUN(segments_have_numbers_times_and_ranges);
    RUN(parts_belong_to_their_segments);
    RUN(limits_hold);
    RUN(a_failed_read_leaves_the_result);
    vt_m3u_free(&m3u);
    vt_findings_free(&findings);
    return DONE();
}
