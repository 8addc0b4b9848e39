#include "ingest/flow.h"

void vt_flow_add(struct vt_flow *flow, size_t size, int64_t dts_ns, bool key)
{
    flow->units++;
    flow->bytes += (int64_t)size;
    flow->last_ns = dts_ns;
    if (!key)
        return;
    flow->interval_ns = flow->keys > 0 ? dts_ns - flow->key_ns : 0;
    flow->key_ns = dts_ns;
    flow->keys++;
}

int64_t vt_flow_key_interval(const struct vt_flow *flow)
{
    int64_t since_ns = flow->keys > 0 ? flow->last_ns - flow->key_ns : 0;
    return since_ns > flow->interval_ns ? since_ns : flow->interval_ns;
}

double vt_rate_kbps(struct vt_rate *rate, int64_t bytes, int64_t now_ns)
{
    int64_t span_ns = now_ns - rate->at_ns;
    if (rate->at_ns > 0 && span_ns > 0)
        rate->kbps = (double)(bytes - rate->bytes) * 8e6 / (double)span_ns;
    rate->at_ns = now_ns;
    rate->bytes = bytes;
    return rate->kbps;
}
