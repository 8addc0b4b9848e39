#include "base/metrics.h"

#include <math.h>

static void write_doc(struct vt_writer *w, const char *doc)
{
    for (; *doc; doc++) {
        if (*doc == '\n')
            vt_write_text(w, "\\n");
        else if (*doc == '\\')
            vt_write_text(w, "\\\\");
        else
            vt_write_u8(w, (uint8_t)*doc);
    }
}

void vt_metric_head(struct vt_writer *w, const struct vt_metric *metric)
{
    vt_write_format(w, "# HELP %s ", metric->name);
    write_doc(w, metric->doc);
    vt_write_format(w, "\n# TYPE %s %s\n", metric->name, metric->type == VT_COUNTER ? "counter" : "gauge");
}

void vt_metric_sample(struct vt_writer *w, const struct vt_metric *metric, const char *labels, double value)
{
    vt_write_text(w, metric->name);
    if (labels)
        vt_write_format(w, "{%s}", labels);
    if (isnan(value))
        vt_write_text(w, " NaN\n");
    else if (isinf(value))
        vt_write_text(w, value > 0 ? " +Inf\n" : " -Inf\n");
    else if (value == floor(value) && fabs(value) < 1e15)
        vt_write_format(w, " %.0f\n", value);
    else
        vt_write_format(w, " %.9g\n", value);
}
