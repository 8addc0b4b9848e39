#include "base/mediatime.h"

#include <errno.h>

#include "check.h"

static const struct vt_rational ntsc = {30000, 1001}, fast_ntsc = {60000, 1001}, pal = {25, 1};

TEST(muldiv_rounds_halves_away_from_zero)
{
    REQUIRE_INT(vt_muldiv(1, 1, 2), 1);
    REQUIRE_INT(vt_muldiv(-1, 1, 2), -1);
    REQUIRE_INT(vt_muldiv(1, 1, 3), 0);
    REQUIRE_INT(vt_muldiv(2, 1, 3), 1);
    REQUIRE_INT(vt_muldiv(-2, 1, 3), -1);
    REQUIRE_INT(vt_muldiv(5, -1, 2), -3);
}

TEST(muldiv_goes_through_128_bits)
{
    REQUIRE_INT(vt_muldiv(INT64_MAX, 1000, 1000), INT64_MAX);
    REQUIRE_INT(vt_muldiv(INT64_MIN, 7, 7), INT64_MIN);
    REQUIRE_INT(vt_muldiv(INT64_MAX, 1, INT64_MAX), 1);
}

TEST(frames_to_ticks)
{
    REQUIRE_INT(vt_frame_to_90k(1, ntsc), 3003);
    REQUIRE_INT(vt_frame_to_90k(1, fast_ntsc), 1502);
    REQUIRE_INT(vt_frame_to_90k(2, fast_ntsc), 3003);
    REQUIRE_INT(vt_frame_to_ns(25, pal), VT_NS_PER_S);
    REQUIRE_INT(vt_frame_to_ns(1, ntsc), 33366667);
    REQUIRE_INT(vt_frame_to_ns(-1, ntsc), -33366667);
}

TEST(a_frame_starts_where_it_says)
{
    for (int64_t frame = -100; frame < 100000; frame += 37) {
        REQUIRE_INT(vt_ns_to_frame(vt_frame_to_ns(frame, ntsc), ntsc), frame);
        REQUIRE_INT(vt_ns_to_frame(vt_frame_to_ns(frame, fast_ntsc) - 1, fast_ntsc), frame - 1);
        REQUIRE_INT(vt_ns_to_nearest_frame(vt_frame_to_ns(frame, ntsc), ntsc), frame);
    }
    REQUIRE_INT(vt_ns_to_frame(-1, pal), -1);
    REQUIRE_INT(vt_ns_to_nearest_frame(19 * VT_NS_PER_MS, pal), 0);
    REQUIRE_INT(vt_ns_to_nearest_frame(21 * VT_NS_PER_MS, pal), 1);
}

TEST(unwraps_forwards_and_back)
{
    int64_t turn = INT64_C(1) << 32;
    REQUIRE_INT(vt_unwrap(5, 32, 0), 5);
    REQUIRE_INT(vt_unwrap(5, 32, turn - 10), turn + 5);
    REQUIRE_INT(vt_unwrap(0xfffffff0, 32, turn + 4), turn - 16);
    REQUIRE_INT(vt_unwrap(0xfffffff0, 32, 4), -16);
    REQUIRE_INT(vt_unwrap(7, 33, 5 * (INT64_C(1) << 33)), 5 * (INT64_C(1) << 33) + 7);
    REQUIRE_INT(vt_unwrap(0x7fffffff, 32, 0), 0x7fffffff);
    REQUIRE_INT(vt_unwrap(0x80000000, 32, 0), -INT64_C(0x80000000));
    REQUIRE_INT(vt_unwrap(0, 1, 3), 2);
    REQUIRE_INT(vt_unwrap(3, 63, 5), 3);
}

static void require_rate(const char *text, int num, int den)
{
    struct vt_rational rate = {0, 0};
    REQUIRE_INT(vt_parse_rate(text, &rate), 0);
    REQUIRE_INT(rate.num, num);
    REQUIRE_INT(rate.den, den);
}

TEST(parses_rates)
{
    require_rate("25", 25, 1);
    require_rate("30000/1001", 30000, 1001);
    require_rate("29.97", 30000, 1001);
    require_rate("59.94", 60000, 1001);
    require_rate("23.976", 24000, 1001);
    require_rate("23.98", 24000, 1001);
    require_rate("12.5", 25, 2);
    require_rate("50/2", 25, 1);
    require_rate("30.0", 30, 1);
}

TEST(refuses_what_is_no_rate)
{
    static const char *const texts[] = {"", "0", "x", "30/", "/30", "30/0", "30/1/1", "-25", "25 ", "1e3", "30.",
                                        "99999999999999999999", "0/1", "1001", "1/1001"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct vt_rational rate = {7, 7};
        REQUIRE_INT(vt_parse_rate(texts[i], &rate), -EINVAL);
        REQUIRE_INT(rate.num, 7);
    }
}

TEST(formats_time)
{
    char text[VT_TIME_TEXT];
    vt_format_time(INT64_C(1772391852480999999), text);
    REQUIRE_TEXT(text, "2026-03-01T19:04:12.480Z");
    vt_format_time(-1, text);
    REQUIRE_TEXT(text, "1969-12-31T23:59:59.999Z");
    vt_format_time(INT64_MAX, text);
    REQUIRE_TEXT(text, "2262-04-11T23:47:16.854Z");
}

TEST(parses_time)
{
    int64_t ns = 0;
    REQUIRE_INT(vt_parse_time("2026-03-01T19:04:12.480Z", &ns), 0);
    REQUIRE_INT(ns, INT64_C(1772391852480000000));
    REQUIRE_INT(vt_parse_time("2026-03-01T20:34:12.480000001+01:30", &ns), 0);
    REQUIRE_INT(ns, INT64_C(1772391852480000001));
    REQUIRE_INT(vt_parse_time("2024-02-29t00:00:00z", &ns), 0);
    REQUIRE_INT(ns, INT64_C(1709164800000000000));
}

TEST(refuses_what_is_no_time)
{
    static const char *const texts[] = {
        "", "2026-03-01", "2026-03-01T19:04:12", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z",
        "2026-03-01T24:00:00Z", "2026-03-01T00:60:00Z", "2026-03-01T00:00:61Z", "2026-03-01T00:00:00.Z",
        "2026-03-01T00:00:00.1234567890Z", "2026-03-01T00:00:00+25:00", "2026-03-01T00:00:00Z ",
        "0001-01-01T00:00:00Z", "2026-00-10T00:00:00Z", "9999-12-31T00:00:00Z"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int64_t ns = 7;
        REQUIRE_INT(vt_parse_time(texts[i], &ns), -EINVAL);
        REQUIRE_INT(ns, 7);
    }
}

int main(void)
{
    RUN(muldiv_rounds_halves_away_from_zero);
    RUN(muldiv_goes_through_128_bits);
    RUN(frames_to_ticks);
    RUN(a_frame_starts_where_it_says);
    RUN(unwraps_forwards_and_back);
    RUN(parses_rates);
    RUN(refuses_what_is_no_rate);
    RUN(formats_time);
    RUN(parses_time);
    RUN(refuses_what_is_no_time);
    return DONE();
}
