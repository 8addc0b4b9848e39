#include "check/values.h"

#include "tests/unit/check.h"

TEST(whole_numbers_reach_to_64_bits)
{
    uint64_t value = 7;
    REQUIRE(vt_value_whole("18446744073709551615", &value));
    REQUIRE(value == UINT64_MAX);
    REQUIRE(!vt_value_whole("18446744073709551616", &value) && value == UINT64_MAX);
    REQUIRE(!vt_value_whole("000000000000000000001", &value));
    REQUIRE(!vt_value_whole("", &value) && !vt_value_whole("-1", &value) && !vt_value_whole("1 ", &value));
}

TEST(decimals_have_no_sign_and_no_exponent)
{
    double value = 0;
    REQUIRE(vt_value_decimal("2.5", &value));
    REQUIRE_NEAR(value, 2.5, 0);
    REQUIRE(vt_value_signed("-0.5", &value));
    REQUIRE_NEAR(value, -0.5, 0);
    REQUIRE(!vt_value_decimal("-1", &value) && !vt_value_decimal("1e3", &value) && !vt_value_decimal(".5", &value));
    REQUIRE(!vt_value_decimal("5.", &value) && !vt_value_decimal("inf", &value) && !vt_value_signed("--1", &value));
}

TEST(byte_ranges)
{
    uint64_t length = 0, offset = 9;
    bool placed = true;
    REQUIRE(vt_value_range("100", &length, &offset, &placed));
    REQUIRE(length == 100 && offset == 0 && !placed);
    REQUIRE(vt_value_range("100@7", &length, &offset, &placed));
    REQUIRE(length == 100 && offset == 7 && placed);
    REQUIRE(!vt_value_range("9223372036854775808", &length, &offset, &placed));
    REQUIRE(!vt_value_range("1@", &length, &offset, &placed) && !vt_value_range("@1", &length, &offset, &placed));
}

TEST(dates_of_iso_8601)
{
    int64_t ns = 0, same = 0;
    bool exact = false;
    REQUIRE(vt_value_date("2026-03-01T19:00:00.500Z", &ns, &exact));
    REQUIRE(exact);
    REQUIRE_INT(ns, INT64_C(1772391600500000000));
    static const char *const zones[] = {"2026-03-01T20:00:00.500+01:00", "2026-03-01T20:00:00.500+0100",
                                        "2026-03-01T20:00:00.500+01", "2026-03-01T18:00:00.500-0100"};
    for (int i = 0; i < 4; i++) {
        REQUIRE(vt_value_date(zones[i], &same, &exact));
        REQUIRE_INT(same, ns);
        REQUIRE(exact);
    }
    REQUIRE(vt_value_date("2026-03-01T19:00:00.500", &same, &exact) && !exact && same == ns);
    REQUIRE(vt_value_date("2026-03-01T19:00:00Z", &same, &exact) && !exact);
    REQUIRE(!vt_value_date("2026-03-01", &same, &exact) && !vt_value_date("", &same, &exact));
    char longest[80];
    memset(longest, '1', sizeof longest);
    longest[79] = 0;
    REQUIRE(!vt_value_date(longest, &same, &exact));
}

TEST(each_type_has_its_rule)
{
    REQUIRE_INT(vt_value_judge(VT_VALUE_WHOLE, "1", false), 0);
    REQUIRE_INT(vt_value_judge(VT_VALUE_WHOLE, "1", true), 8);
    REQUIRE_INT(vt_value_judge(VT_VALUE_WHOLE, "1.5", false), 9);
    REQUIRE_INT(vt_value_judge(VT_VALUE_QUOTED, "", true), 8);
    REQUIRE_INT(vt_value_judge(VT_VALUE_EMPTY, "", true), 0);
    REQUIRE_INT(vt_value_judge(VT_VALUE_HEX, "0xFg", false), 8);
    REQUIRE_INT(vt_value_judge(VT_VALUE_SIZE, "1x", false), 8);
    REQUIRE_INT(vt_value_judge(VT_VALUE_WORD, "A B", false), 8);
}

TEST(bad_bytes_are_found_where_they_stand)
{
    REQUIRE_INT(vt_text_bad_byte("ab\r\nc\xc3\xa9", 7), 7);
    REQUIRE_INT(vt_text_bad_byte("ab\x7f", 3), 2);
    REQUIRE_INT(vt_text_bad_byte("a\0b", 3), 1);
    REQUIRE_INT(vt_text_bad_byte("a\xc0\x80", 3), 1);               // overlong
    REQUIRE_INT(vt_text_bad_byte("a\xed\xa0\x80", 4), 1);           // a surrogate
    REQUIRE_INT(vt_text_bad_byte("a\xf4\x90\x80\x80", 5), 1);       // past U+10FFFF
    REQUIRE_INT(vt_text_bad_byte("a\xe2\x82", 3), 1);               // cut
}

int main(void)
{
    RUN(whole_numbers_reach_to_64_bits);
    RUN(decimals_have_no_sign_and_no_exponent);
    RUN(byte_ranges);
    RUN(dates_of_iso_8601);
    RUN(each_type_has_its_rule);
    RUN(bad_bytes_are_found_where_they_stand);
    return DONE();
}
