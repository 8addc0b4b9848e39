#include "serve/backoff.h"

#include "check.h"

TEST(at_once_then_doubling_to_five_seconds)
{
    struct vt_backoff backoff = {0};
    static const int64_t expected_ms[] = {0, 100, 200, 400, 800, 1600, 3200, 5000, 5000};
    for (size_t i = 0; i < sizeof expected_ms / sizeof expected_ms[0]; i++)
        REQUIRE_INT(vt_backoff_next(&backoff, VT_BACKOFF_RESET_NS - 1), expected_ms[i] * VT_NS_PER_MS);
}

TEST(deaths_in_a_row_are_counted)
{
    struct vt_backoff backoff = {0};
    for (int i = 1; i <= 20; i++) {
        vt_backoff_next(&backoff, VT_BACKOFF_RESET_NS - 1);
        REQUIRE_INT(backoff.deaths, i);
    }
    vt_backoff_next(&backoff, VT_BACKOFF_RESET_NS);
    REQUIRE_INT(backoff.deaths, 1);
}

TEST(a_long_life_forgets)
{
    struct vt_backoff backoff = {0};
    for (int i = 0; i < 5; i++)
        vt_backoff_next(&backoff, 0);
    REQUIRE_INT(vt_backoff_next(&backoff, VT_BACKOFF_RESET_NS), 0);
    REQUIRE_INT(vt_backoff_next(&backoff, 0), 100 * VT_NS_PER_MS);
}

TEST(shows_are_named_by_their_start)
{
    char id[VT_NAME_ROOM];
    vt_show_id(id, INT64_C(1772391852480999999), 1);
    REQUIRE_TEXT(id, "20260301T190412Z");
    vt_show_id(id, INT64_C(1772391852480999999), 2);
    REQUIRE_TEXT(id, "20260301T190412Z-2");
    REQUIRE(vt_name_valid(id));
    vt_show_id(id, INT64_C(1772391852480999999), 2147483647);
    REQUIRE(vt_name_valid(id));
}

int main(void)
{
    RUN(at_once_then_doubling_to_five_seconds);
    RUN(deaths_in_a_row_are_counted);
    RUN(a_long_life_forgets);
    RUN(shows_are_named_by_their_start);
    return DONE();
}
