#include "check.h"
#include "ingest/pace.h"

#define MS VT_NS_PER_MS

TEST(sound_that_comes_late_holds_the_picture_back)
{
    struct vt_pace pace = {0};
    for (int i = 0; i < 150; i++) {                      // pictures at once, sound in packs of four, 90 ms late
        int64_t at = 1000 * MS + i * 40 * MS;
        vt_pace_add(&pace, i * 40 * MS, at);
        if (i % 4 == 3) {
            for (int j = 0; j < 4; j++)
                vt_pace_add(&pace, (i - 5 + j) * 40 * MS, at + 2 * MS);
        }
    }
    int64_t dts = 149 * 40 * MS;
    REQUIRE_INT(vt_pace_due(&pace, dts), 1000 * MS + dts + 202 * MS);
    REQUIRE_INT(vt_pace_due(&pace, dts + 40 * MS) - vt_pace_due(&pace, dts), 40 * MS);
}

TEST(nothing_goes_on_before_it_has_learnt)
{
    struct vt_pace pace = {0};
    vt_pace_add(&pace, 0, 7000 * MS);
    REQUIRE_INT(vt_pace_due(&pace, 0), 7000 * MS + VT_PACE_LEARN_NS);
    REQUIRE_INT(vt_pace_due(&pace, 2000 * MS), 9000 * MS);
}

TEST(forgets_a_delay_after_two_blocks)
{
    struct vt_pace pace = {0};
    vt_pace_add(&pace, 0, 0);
    vt_pace_add(&pace, 0, 300 * MS);
    int64_t dts = 0;
    for (; dts <= 2 * VT_PACE_BLOCK_NS + 200 * MS; dts += 100 * MS)
        vt_pace_add(&pace, dts, dts);
    REQUIRE_INT(vt_pace_due(&pace, dts), dts);
}

TEST(holds_nothing_back_longer_than_the_limit)
{
    struct vt_pace pace = {0};
    vt_pace_add(&pace, 10000 * MS, 10000 * MS);
    vt_pace_add(&pace, 9000 * MS, 10000 * MS);
    REQUIRE_INT(vt_pace_due(&pace, 10000 * MS), 10000 * MS + VT_PACE_MOST_NS);
    vt_pace_add(&pace, 2000 * MS, 10000 * MS);
    REQUIRE_INT(vt_pace_due(&pace, 10000 * MS), 10000 * MS + VT_PACE_MOST_NS);
}

int main(void)
{
    RUN(sound_that_comes_late_holds_the_picture_back);
    RUN(nothing_goes_on_before_it_has_learnt);
    RUN(forgets_a_delay_after_two_blocks);
    RUN(holds_nothing_back_longer_than_the_limit);
    return DONE();
}
