#include "studio/fit.h"

// The source's width over its height as it is shown, in samples of the rendition, whose own may not be square.
static double shape(const struct vt_fit_params *p)
{
    double square = p->sar_num > 0 && p->sar_den > 0 ? (double)p->sar_num / p->sar_den : 1;
    double sample = (double)p->canvas.width * p->size.height / ((double)p->canvas.height * p->size.width);
    return square * p->source.width / p->source.height / sample;
}

static int even_within(double v, int most)
{
    int n = v >= most * 0.99 ? most : (int)(v / 2 + 0.5) * 2;
    return n < 2 ? 2 : n > most ? most : n;
}

static int centred(int inside, int outside)
{
    return (outside - inside) / 4 * 2;
}

struct vt_rect vt_fit_contain(const struct vt_fit_params *p)
{
    double wide = shape(p);
    struct vt_rect r = {
        .width = even_within(p->size.height * wide, p->size.width),
        .height = even_within(p->size.width / wide, p->size.height),
    };
    r.x = centred(r.width, p->size.width);
    r.y = centred(r.height, p->size.height);
    return r;
}

struct vt_rect vt_fit_cover(const struct vt_fit_params *p)
{
    double wider = shape(p) * p->size.height / p->size.width;
    struct vt_rect r = {
        .width = even_within(p->source.width / (wider > 1 ? wider : 1), p->source.width),
        .height = even_within(p->source.height * (wider < 1 ? wider : 1), p->source.height),
    };
    r.x = centred(r.width, p->source.width);
    r.y = centred(r.height, p->source.height);
    return r;
}
