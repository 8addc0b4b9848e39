#include "ingest/pace.h"

static struct vt_pace_range join(struct vt_pace_range a, struct vt_pace_range b)
{
    return (struct vt_pace_range){a.least < b.least ? a.least : b.least, a.most > b.most ? a.most : b.most};
}

void vt_pace_add(struct vt_pace *pace, int64_t dts_ns, int64_t arrival_ns)
{
    struct vt_pace_range one = {arrival_ns - dts_ns, arrival_ns - dts_ns};
    if (!pace->started) {
        *pace = (struct vt_pace){true, arrival_ns, arrival_ns, one, one, one, 0};
    } else if (arrival_ns - pace->block_ns > VT_PACE_BLOCK_NS) {
        pace->block_ns = arrival_ns;
        pace->blocks += pace->blocks < 2;
        pace->earlier = pace->before;
        pace->before = pace->now;
        pace->now = one;
    }
    pace->now = join(pace->now, one);
}

int64_t vt_pace_due(const struct vt_pace *pace, int64_t dts_ns)
{
    struct vt_pace_range range = join(pace->now, pace->before);
    int64_t delay = range.most - range.least > VT_PACE_MOST_NS ? range.least + VT_PACE_MOST_NS : range.most;
    int64_t due = dts_ns + delay, learnt = pace->first_ns + VT_PACE_LEARN_NS;
    return due > learnt ? due : learnt;
}

int64_t vt_pace_live_due(const struct vt_pace *pace, int64_t dts_ns)
{
    struct vt_pace_range all = join(join(pace->now, pace->before), pace->earlier);
    int64_t most = pace->before.most < pace->earlier.most ? pace->before.most : pace->earlier.most;
    int64_t hold = most - all.least - VT_PACE_FREE_NS;
    if (pace->blocks < 2 || hold <= 0)
        return INT64_MIN;
    return dts_ns + all.least + (hold > VT_PACE_LIVE_NS ? VT_PACE_LIVE_NS : hold);
}
