// Five crashes a minute, then ten minutes of rest.
#include "check.h"
#include "serve/crashes.h"

#define S VT_NS_PER_S

static struct vt_crashes crashes;

static void start_anew(void)
{
    crashes = (struct vt_crashes){0};
}

TEST(five_within_a_minute_are_too_many)
{
    start_anew();
    for (int i = 0; i < VT_CRASHES - 1; i++)
        REQUIRE(!vt_crashes_note(&crashes, 7, (1 + i) * S) && vt_crashes_allow(&crashes, 7, (1 + i) * S));
    REQUIRE(vt_crashes_note(&crashes, 7, 61 * S));
    REQUIRE(!vt_crashes_allow(&crashes, 7, 61 * S));
    REQUIRE(!vt_crashes_allow(&crashes, 7, 61 * S + VT_CRASHES_BAN_NS - 1));
    REQUIRE(vt_crashes_allow(&crashes, 7, 61 * S + VT_CRASHES_BAN_NS));
}

TEST(five_within_a_little_more_are_not)
{
    start_anew();
    for (int i = 0; i < VT_CRASHES - 1; i++)
        REQUIRE(!vt_crashes_note(&crashes, 7, (1 + i) * S));
    REQUIRE(!vt_crashes_note(&crashes, 7, 61 * S + 1));
    REQUIRE(vt_crashes_allow(&crashes, 7, 62 * S));
    REQUIRE(vt_crashes_note(&crashes, 7, 62 * S));
}

TEST(keys_are_told_apart)
{
    start_anew();
    REQUIRE(vt_crashes_allow(&crashes, 0, S));
    for (int i = 0; i < VT_CRASHES; i++)
        vt_crashes_note(&crashes, 0, S + i);
    REQUIRE(!vt_crashes_allow(&crashes, 0, 2 * S));
    REQUIRE(vt_crashes_allow(&crashes, 1, 2 * S));
}

TEST(whose_crash_is_longest_ago_gives_way)
{
    start_anew();
    for (uint64_t key = 0; key < VT_CRASHES_KEYS; key++) {
        for (int i = 0; i < VT_CRASHES; i++)
            vt_crashes_note(&crashes, key, (int64_t)(key + 1) * S + i);
    }
    REQUIRE(!vt_crashes_allow(&crashes, 0, 70 * S));
    vt_crashes_note(&crashes, VT_CRASHES_KEYS, 70 * S);
    REQUIRE(vt_crashes_allow(&crashes, 0, 70 * S));
    REQUIRE(!vt_crashes_allow(&crashes, 1, 70 * S));
}

int main(void)
{
    RUN(five_within_a_minute_are_too_many);
    RUN(five_within_a_little_more_are_not);
    RUN(keys_are_told_apart);
    RUN(whose_crash_is_longest_ago_gives_way);
    return DONE();
}
