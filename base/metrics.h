// Counters and gauges as a table with doc text, written out in Prometheus' text format.
//
// A set belongs to one thread. Other processes send theirs inside their status messages.
#pragma once

#include <stdint.h>

#include "base/bytes.h"

enum vt_metric_type { VT_COUNTER, VT_GAUGE };

struct vt_metric {
    const char *name;                // "vitrine_frames_total"
    enum vt_metric_type type;
    const char *doc;
};

// Writes one family's HELP and TYPE lines.
void vt_metric_head(struct vt_writer *w, const struct vt_metric *metric);

// Writes one sample; `labels` is already escaped text such as channel="mango", or NULL.
void vt_metric_sample(struct vt_writer *w, const struct vt_metric *metric, const char *labels, double value);
