#include "base/metrics.h"
#include "check.h"

static const struct vt_metric frames = {"vitrine_frames_total", VT_COUNTER, "Frames\\encoded\nso far"};
static const struct vt_metric load = {"vitrine_load", VT_GAUGE, "Load"};

static void require_text(struct vt_writer *w, const char *expected)
{
    vt_write_u8(w, 0);
    REQUIRE(!w->failed);
    REQUIRE_TEXT((const char *)w->data, expected);
    vt_writer_free(w);
}

TEST(head)
{
    struct vt_writer w = {0};
    vt_metric_head(&w, &frames);
    vt_metric_head(&w, &load);
    require_text(&w, "# HELP vitrine_frames_total Frames\\\\encoded\\nso far\n"
                     "# TYPE vitrine_frames_total counter\n"
                     "# HELP vitrine_load Load\n# TYPE vitrine_load gauge\n");
}

TEST(samples)
{
    struct vt_writer w = {0};
    vt_metric_sample(&w, &frames, "channel=\"mango\"", 12345678901.0);
    vt_metric_sample(&w, &load, NULL, 0.25);
    vt_metric_sample(&w, &load, NULL, (double)INFINITY);
    vt_metric_sample(&w, &load, NULL, (double)-INFINITY);
    vt_metric_sample(&w, &load, NULL, (double)NAN);
    vt_metric_sample(&w, &load, NULL, -3);
    require_text(&w, "vitrine_frames_total{channel=\"mango\"} 12345678901\nvitrine_load 0.25\n"
                     "vitrine_load +Inf\nvitrine_load -Inf\nvitrine_load NaN\nvitrine_load -3\n");
}

int main(void)
{
    RUN(head);
    RUN(samples);
    return DONE();
}
