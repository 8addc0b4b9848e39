#include "ingest/flow.h"

void vt_flow_add(struct vt_flow *flow, size_t size)
{
    flow->units++;
    flow->bytes += (int64_t)size;
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
