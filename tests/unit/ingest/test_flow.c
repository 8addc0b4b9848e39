#include "check.h"

#include "base/mediatime.h"
#include "ingest/flow.h"

TEST(counts_what_comes)
{
    struct vt_flow flow = {0};
    vt_flow_add(&flow, 100);
    vt_flow_add(&flow, 20);
    REQUIRE(flow.units == 2 && flow.bytes == 120);
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
    RUN(tells_the_rate_since_it_was_asked);
    return DONE();
}
