// Flashing and cost: a view drawn small, frame by frame, from its first to its last.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "overlay/inspect.h"
#include "overlay/view.h"

#define SMALL       160                  // pixels of the longer side
#define RATE        30                   // frames a second
#define BRIGHT      0.8                  // relative luminance: changes between brighter ones do not count
#define STEP        0.1                  // of relative luminance: a change
#define STEP_RED    (20.0 / 320)         // of R − G − B
#define SATURATED   0.8                  // R of R + G + B
#define CHANGES     (2 * VT_FLASHES_MOST + 1)

// What one pixel, or how red it is, has done so far.
struct trace {
    float turn;                          // its value when it last turned round, or how far it went on since
    bool red;                            // it was saturated in the frame before
    int way;                             // -1, 1; 0: it has not changed yet
    int last[CHANGES];                   // frames of its last changes; the oldest at `at`
    int at;
};

struct film {
    const struct vt_view *view;
    float linear[256];                   // of sRGB values
    struct vt_painter *painter;
    struct vt_drawing drawing;
    int width, height, frames;
    int64_t exit_ns;
    struct trace *traces;                // by ground, pixel, and what of it
    double flashing;                     // most of the picture, in one frame
    int flash_frame;
    uint64_t ids[VT_LAYERS_MAX], changes[VT_LAYERS_MAX];
    int n_layers;
    double cost;                         // most that VT_COST_FRAMES frames in a row all had
    double row[VT_COST_FRAMES];
    int cost_frame;
};

// True when the pixel has changed to and fro too often within the last second. `counts`: this change may be one.
static bool follow(struct trace *t, float value, float step, bool counts, int frame)
{
    float by = value - t->turn;
    int way = by > 0 ? 1 : -1;
    if (frame == 0 || (way == t->way && by != 0)) {
        t->turn = value;                 // further the same way
    } else if (fabsf(by) >= step && counts) {
        t->last[t->at] = frame;
        t->at = (t->at + 1) % CHANGES;
        t->way = way;
        t->turn = value;
    }
    return t->last[t->at] > 0 && frame - t->last[t->at] < RATE - 1;      // a frame is as exact as it gets
}

static bool follow_pixel(const struct film *f, struct trace pair[2], uint32_t pixel, int video, int frame)
{
    float c[3];
    for (int i = 0; i < 3; i++)
        c[i] = f->linear[(pixel >> (16 - 8 * i) & 255) + (255 - (pixel >> 24)) * (unsigned)video];
    float light = 0.2126f * c[0] + 0.7152f * c[1] + 0.0722f * c[2], red = fmaxf(0, c[0] - c[1] - c[2]);
    bool saturated = c[0] >= SATURATED * (c[0] + c[1] + c[2]) && c[0] > 0, was = pair[1].red;
    pair[1].red = saturated;
    bool flashes = follow(&pair[0], light, STEP, fminf(light, pair[0].turn) < BRIGHT, frame);
    return follow(&pair[1], red, STEP_RED, saturated || was, frame) || flashes;
}


// ---- frames

static void paint_layers(const struct film *f, cairo_surface_t *surface)
{
    cairo_t *cr = cairo_create(surface);
    vt_drawing_paint(&f->drawing, cr);
    cairo_destroy(cr);
    cairo_surface_flush(surface);
}

// The share of the picture that flashes in this frame, over black and over white video.
static void see_flashes(struct film *f, cairo_surface_t *surface, int frame)
{
    const uint8_t *data = cairo_image_surface_get_data(surface);
    int stride = cairo_image_surface_get_stride(surface), pixels = f->width * f->height;
    for (int video = 0; video < 2; video++) {
        int count = 0;
        for (int i = 0; i < pixels; i++) {
            uint32_t pixel;
            memcpy(&pixel, data + i / f->width * stride + 4 * (i % f->width), 4);
            count += follow_pixel(f, &f->traces[2 * (video * pixels + i)], pixel, video, frame);
        }
        if ((double)count / pixels > f->flashing) {
            f->flashing = (double)count / pixels;
            f->flash_frame = frame;
        }
    }
}

static bool was_drawn(const struct film *f, const struct vt_layer *layer)
{
    for (int i = 0; i < f->n_layers; i++) {
        if (f->ids[i] == layer->id && f->changes[i] == layer->change)
            return true;
    }
    return false;
}

// A frame's cost, in pictures; and the least of the last frames', which is what lasts.
static void see_cost(struct film *f, int frame)
{
    double cost = 0, least = INFINITY;
    for (int i = 0; i < f->drawing.count; i++) {
        const struct vt_layer *layer = &f->drawing.layers[i];
        double share = (double)layer->width * layer->height / (f->width * f->height);
        cost += share * (was_drawn(f, layer) ? 1 : 1 + VT_COST_DRAWN);
    }
    f->n_layers = f->drawing.count;
    for (int i = 0; i < f->n_layers; i++) {
        f->ids[i] = f->drawing.layers[i].id;
        f->changes[i] = f->drawing.layers[i].change;
    }
    f->row[frame % VT_COST_FRAMES] = frame == 0 ? 0 : cost;             // the first drawing is no reason
    for (int i = 0; i < VT_COST_FRAMES; i++)
        least = fmin(least, f->row[i]);
    if (least > f->cost) {
        f->cost = least;
        f->cost_frame = frame;
    }
}

static int see_frame(struct film *f, int frame)
{
    struct vt_moment moment = { .now_ns = vt_frame_to_ns(frame, (struct vt_rational){ RATE, 1 }), .exit_ns = f->exit_ns };
    int err = vt_painter_draw(f->painter, f->view, &moment, &f->drawing);
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, f->width, f->height);
    if (!err && cairo_surface_status(surface) != CAIRO_STATUS_SUCCESS)
        err = -ENOMEM;
    if (!err) {
        paint_layers(f, surface);
        see_flashes(f, surface, frame);
        see_cost(f, frame);
    }
    cairo_surface_destroy(surface);
    return err;
}

// Entry, two rounds of the longest loop or a second of rest, exit.
static int start(struct film *f)
{
    const struct vt_view *view = f->view;
    int64_t loop_ns = 0;
    for (int i = 0; i < view->n_items; i++) {
        if (view->items[i]->loop && 2 * view->items[i]->loop->duration_ns > loop_ns)
            loop_ns = 2 * view->items[i]->loop->duration_ns;
    }
    double scale = SMALL / fmax(view->width, view->height);
    f->width = (int)fmax(1, round(view->width * scale));
    f->height = (int)fmax(1, round(view->height * scale));
    f->exit_ns = vt_view_enter_ns(view) + (loop_ns > VT_NS_PER_S ? loop_ns : VT_NS_PER_S);
    f->frames = (int)((f->exit_ns + vt_view_exit_ns(view)) * RATE / VT_NS_PER_S) + 2;
    for (int i = 0; i < 256; i++)
        f->linear[i] = i / 255.0 <= 0.04045 ? (float)(i / 255.0 / 12.92) : powf(((float)i / 255 + 0.055f) / 1.055f, 2.4f);
    f->traces = calloc((size_t)f->width * (size_t)f->height * 4, sizeof *f->traces);
    return f->traces ? vt_painter_new(&f->painter, f->width, f->height) : -ENOMEM;
}

static bool moves(const struct vt_view *view)
{
    for (int i = 0; i < view->n_items; i++) {
        const struct vt_item *item = view->items[i];
        if (item->enter || item->exit || item->loop)
            return true;
    }
    return false;
}

static void judge(const struct film *f, struct vt_flaws *to)
{
    const struct vt_yaml *motion = vt_yaml_get(vt_yaml_root(f->view->template->document), "motion");
    struct vt_flaw where = { .line = motion ? motion->key_line : 1, .column = motion ? motion->key_column : 1 };
    if (f->flashing > VT_FLASH_AREA)
        vt_flaw_add(to, VT_ERROR, &where, "%.0f %% of the picture flash more than %d times a second, %.2f s after the first frame, "
                "which can harm viewers: make the motion slower, smaller or fainter", 100 * f->flashing, VT_FLASHES_MOST,
                (double)f->flash_frame / RATE);
    if (f->cost > VT_COST_MOST)
        vt_flaw_add(to, VT_WARNING, &where, "%.2f s after the first frame a frame costs as much as blending %.0f pictures, and %.0f "
                "is the budget: where a channel has no more room it loses its motion; let less of it grow, turn or change colour",
                (double)f->cost_frame / RATE, f->cost, VT_COST_MOST);
}

int vt_inspect_motion(const struct vt_view *view, struct vt_flaws *to)
{
    if (!moves(view))
        return 0;
    struct film *f = calloc(1, sizeof *f);
    if (!f)
        return -ENOMEM;
    f->view = view;
    int err = start(f);
    for (int frame = 0; frame < f->frames && !err; frame++)
        err = see_frame(f, frame);
    if (!err)
        judge(f, to);
    vt_painter_free(&f->painter);
    free(f->traces);
    free(f);
    return err;
}
