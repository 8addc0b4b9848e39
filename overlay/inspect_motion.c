// Flashing and cost: a view drawn small, frame by frame, in all that moves of it: from its first frame to its last, while
// its values change as often as they may, when a step brings nodes, and as its clocks pass their thresholds.
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
#define RATES_MOST  4                    // of changes, that are each tried
#define CLOCKS_MOST 8                    // whose thresholds are tried
#define AROUND_NS   (VT_NS_PER_S / 4)    // before a threshold

// What one pixel, or how red it is, has done so far.
struct trace {
    float turn;                          // its value when it last turned round, or how far it went on since
    bool red;                            // it was saturated in the frame before
    int way;                             // -1, 1; 0: it has not changed yet
    int last[CHANGES];                   // frames of its last changes; the oldest at `at`
    int at;
};

struct instant {
    const char *since;
    double seconds;
};

struct film {
    const struct vt_view *view;
    float linear[256];                   // of sRGB values
    struct vt_painter *painter;
    struct vt_drawing drawing;
    int width, height;
    struct trace *traces;                // by ground, pixel, and what of it
    double flashing;                     // most of the picture, in one frame
    struct instant flash, dear;
    uint64_t ids[VT_LAYERS_MAX], changes[VT_LAYERS_MAX];
    int n_layers;
    double cost;                         // most that VT_COST_FRAMES frames in a row all had
    double row[VT_COST_FRAMES];
    struct vt_view *before;              // the view as it was when its values were others, and a step had not come
    struct vt_item *items;               // of it
};

// A piece of it.
struct scene {
    const char *since;
    int64_t from_ns, to_ns;              // program time
    int64_t enter_ns, exit_ns;
    const struct vt_view *before;        // NULL: nothing changes
    int64_t every_ns;                    // a change, from `from_ns` on; 0: that one
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
static void see_flashes(struct film *f, const struct scene *scene, cairo_surface_t *surface, int frame)
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
            f->flash = (struct instant){ scene->since, (double)frame / RATE };
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
static void see_cost(struct film *f, const struct scene *scene, int frame)
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
        f->dear = (struct instant){ scene->since, (double)frame / RATE };
    }
}

static int see_frame(struct film *f, const struct scene *scene, int frame)
{
    int64_t since = vt_frame_to_ns(frame, (struct vt_rational){ RATE, 1 });
    int64_t change = scene->every_ns ? since / scene->every_ns * scene->every_ns : 0;
    struct vt_moment moment = { .now_ns = scene->from_ns + since, .enter_ns = scene->enter_ns, .exit_ns = scene->exit_ns,
                                .before = scene->before, .change_ns = scene->from_ns + change,
                                .since_change_ns = change ? scene->every_ns : 0 };
    int err = vt_painter_draw(f->painter, f->view, &moment, &f->drawing);
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, f->width, f->height);
    if (!err && cairo_surface_status(surface) != CAIRO_STATUS_SUCCESS)
        err = -ENOMEM;
    if (!err) {
        paint_layers(f, surface);
        see_flashes(f, scene, surface, frame);
        see_cost(f, scene, frame);
    }
    cairo_surface_destroy(surface);
    return err;
}

static int play(struct film *f, const struct scene *scene)
{
    int frames = (int)((scene->to_ns - scene->from_ns) * RATE / VT_NS_PER_S) + 2, err = 0;
    memset(f->traces, 0, (size_t)f->width * (size_t)f->height * 4 * sizeof *f->traces);
    memset(f->row, 0, sizeof f->row);
    f->n_layers = 0;
    for (int frame = 0; frame < frames && !err; frame++)
        err = see_frame(f, scene, frame);
    return err;
}

// ---- scenes

static int64_t longest_loop(const struct vt_view *view)
{
    int64_t longest = 0;
    for (int i = 0; i < view->n_items; i++) {
        if (view->items[i]->loop && view->items[i]->loop->duration_ns > longest)
            longest = view->items[i]->loop->duration_ns;
    }
    return longest;
}

// Entry, two rounds of the longest loop or a second of rest, exit.
static int play_all(struct film *f)
{
    const struct vt_view *view = f->view;
    int64_t loop_ns = 2 * longest_loop(view);
    bool moves = loop_ns > 0;
    for (int i = 0; i < view->n_items; i++)
        moves |= view->items[i]->enter || view->items[i]->exit;
    struct scene scene = { .since = "the first frame", .exit_ns = vt_view_enter_ns(view) };
    scene.exit_ns += loop_ns > VT_NS_PER_S ? loop_ns : VT_NS_PER_S;
    scene.to_ns = scene.exit_ns + vt_view_exit_ns(view);
    return moves ? play(f, &scene) : 0;
}

// The view with every value that is watched other than it is, and without what steps bring.
static int make_before(struct film *f)
{
    const struct vt_view *view = f->view;
    f->before = malloc(sizeof *f->before);
    f->items = calloc((size_t)view->n_items + 1, sizeof *f->items);
    if (!f->before || !f->items)
        return -ENOMEM;
    *f->before = *view;
    f->before->n_items = 0;
    for (int i = 0; i < view->n_items; i++) {
        struct vt_item *item = &f->items[i];
        *item = *view->items[i];
        if (item->step)
            continue;
        item->value += item->change && item->change->when == VT_INCREASED ? -1 : 1;
        item->shaped.hash = ~item->shaped.hash;
        f->before->items[f->before->n_items++] = item;
    }
    return 0;
}

// Values that change as often as their pulses are let through.
static int play_changes(struct film *f)
{
    const struct vt_view *view = f->view;
    int64_t rates[RATES_MOST];
    int n_rates = 0, err = 0;
    for (int i = 0; i < view->n_items && !err; i++) {
        const struct vt_change *change = view->items[i]->change;
        bool known = !change || change->effect != VT_PULSE || n_rates == RATES_MOST;
        for (int k = 0; k < n_rates && !known; k++)
            known = rates[k] == change->gap_ns;
        if (known)
            continue;
        rates[n_rates++] = change->gap_ns;
        int64_t length = 2 * (change->gap_ns > longest_loop(view) ? change->gap_ns : longest_loop(view)) + VT_NS_PER_S;
        struct scene scene = { .since = "a new value", .from_ns = vt_view_enter_ns(view), .exit_ns = INT64_MAX,
                               .before = f->before, .every_ns = change->gap_ns };
        scene.to_ns = scene.from_ns + length;
        err = play(f, &scene);
    }
    return err;
}

static int play_step(struct film *f)
{
    struct scene scene = { .since = "a step", .from_ns = vt_view_enter_ns(f->view), .exit_ns = INT64_MAX, .before = f->before };
    scene.to_ns = scene.from_ns + vt_view_change_ns(f->view) + VT_NS_PER_S / 2;
    bool steps = false;
    for (int i = 0; i < f->view->n_items; i++)
        steps |= f->view->items[i]->step != NULL;
    return steps ? play(f, &scene) : 0;
}

static int play_clock(struct film *f, const struct vt_timer_content *timer)
{
    int err = 0;
    for (int i = 0; i < timer->n_looks && !err; i++) {
        struct scene scene = { .since = "just before a threshold of a clock", .exit_ns = INT64_MAX };
        int64_t until = timer->for_ns ? timer->for_ns : timer->until_ns;
        scene.from_ns = until - timer->looks[i].below_ns - AROUND_NS;
        scene.to_ns = scene.from_ns + VT_NS_PER_S + AROUND_NS;
        scene.enter_ns = timer->for_ns ? 0 : scene.from_ns - vt_view_enter_ns(f->view) - VT_NS_PER_S;
        err = play(f, &scene);
    }
    return err;
}

static int play_clocks(struct film *f)
{
    int err = 0, clocks = 0;
    for (int i = 0; i < f->view->n_items && !err; i++) {
        const struct vt_timer_content *timer = f->view->items[i]->timer;
        if (timer && timer->n_looks > 0 && clocks++ < CLOCKS_MOST)
            err = play_clock(f, timer);
    }
    return err;
}

static int start(struct film *f)
{
    const struct vt_view *view = f->view;
    double scale = SMALL / fmax(view->width, view->height);
    f->width = (int)fmax(1, round(view->width * scale));
    f->height = (int)fmax(1, round(view->height * scale));
    for (int i = 0; i < 256; i++)
        f->linear[i] = i / 255.0 <= 0.04045 ? (float)(i / 255.0 / 12.92) : powf(((float)i / 255 + 0.055f) / 1.055f, 2.4f);
    f->traces = calloc((size_t)f->width * (size_t)f->height * 4, sizeof *f->traces);
    int err = f->traces ? vt_painter_new(&f->painter, f->width, f->height) : -ENOMEM;
    return err ? err : make_before(f);
}

static void judge(const struct film *f, struct vt_flaws *to)
{
    const struct vt_yaml *motion = vt_yaml_get(vt_yaml_root(f->view->template->document), "motion");
    struct vt_flaw where = { .line = motion ? motion->key_line : 1, .column = motion ? motion->key_column : 1 };
    if (f->flashing > VT_FLASH_AREA)
        vt_flaw_add(to, VT_ERROR, &where, "%.0f %% of the picture flash more than %d times a second, %.2f s after %s, which can "
                "harm viewers: make the motion slower, smaller or fainter", 100 * f->flashing, VT_FLASHES_MOST, f->flash.seconds,
                f->flash.since);
    if (f->cost > VT_COST_MOST)
        vt_flaw_add(to, VT_WARNING, &where, "%.2f s after %s a frame costs as much as blending %.0f pictures, and %.0f is the budget: "
                "where a channel has no more room it loses its motion; let less of it grow, turn or change colour",
                f->dear.seconds, f->dear.since, f->cost, VT_COST_MOST);
}

int vt_inspect_motion(const struct vt_view *view, struct vt_flaws *to)
{
    struct film *f = calloc(1, sizeof *f);
    if (!f)
        return -ENOMEM;
    f->view = view;
    int err = start(f);
    if (!err)
        err = play_all(f);
    if (!err)
        err = play_changes(f);
    if (!err)
        err = play_step(f);
    if (!err)
        err = play_clocks(f);
    if (!err)
        judge(f, to);
    vt_painter_free(&f->painter);
    free(f->before);
    free(f->items);
    free(f->traces);
    free(f);
    return err;
}
