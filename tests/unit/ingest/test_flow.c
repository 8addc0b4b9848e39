#include "check.h"

#include "ingest/flow.h"

TEST(counts_what_comes)
{
    struct vt_flow flow = {0};
    vt_flow_add(&flow, 100, 0, true);
    vt_flow_add(&flow, 20, 40 * VT_NS_PER_MS, false);
    REQUIRE(flow.units == 2 && flow.bytes == 120 && flow.keys == 1);
}

TEST(tells_how_far_key_frames_are_apart)
{
    struct vt_flow flow = {0};
    vt_flow_add(&flow, 1, 5 * VT_NS_PER_S, false);
    REQUIRE_INT(vt_flow_key_interval(&flow), 0);
    vt_flow_add(&flow, 1, 6 * VT_NS_PER_S, true);
    REQUIRE_INT(vt_flow_key_interval(&flow), 0);
    vt_flow_add(&flow, 1, 7 * VT_NS_PER_S, false);
    REQUIRE_INT(vt_flow_key_interval(&flow), VT_NS_PER_S);       // at least
    vt_flow_add(&flow, 1, 8 * VT_NS_PER_S, true);
    vt_flow_add(&flow, 1, 9 * VT_NS_PER_S, false);
    REQUIRE_INT(vt_flow_key_interval(&flow), 2 * VT_NS_PER_S);
    vt_flow_add(&flow, 1, 13 * VT_NS_PER_S, false);
    REQUIRE_INT(vt_flow_key_interval(&flow), 5 * VT_NS_PER_S);   // it is longer already
    vt_flow_add(&flow, 1, 14 * VT_NS_PER_S, true);
    REQUIRE_INT(vt_flow_key_interval(&flow), 6 * VT_NS_PER_S);
    vt_flow_add(&flow, 1, 15 * VT_NS_PER_S, true);
    REQUIRE_INT(vt_flow_key_interval(&flow), VT_NS_PER_S);
}

TEST(tells_the_rate_since_it_was_asked)
{
    struct vt_rate rate = {0};
    REQUIRE_NEAR(vt_rate_kbps(&rate, 1000, 10 * VT_NS_PER_S), 0, 0);
    REQUIRE_NEAR(vt_rate_kbps(&rate, 251000, 12 * VT_NS_PER_S), 1000, 0.001);
    REQUIRE_NEAR(vt_rate_kbps(&rate, 251000, 12 * VT_NS_PER_S), 1000, 0.001);
    REQUIRE_NEAR(vt_rate_kbps(&rate, 251000, 13 * VT_NS_PER_S), 0, 0);
}

int main(void)
{
    RUN(counts_what_comes);
    RUN(tells_how_far_key_frames_are_apart);
    RUN(tells_the_rate_since_it_was_asked);
    return DONE();
}
