#include "overlay/fade.h"

#include <errno.h>
#include <math.h>

#include "overlay/shift.h"
#include "overlay/text.h"

struct rect {
    double x0, y0, x1, y1;
};

bool vt_layers_overlap(const struct vt_layer *layers, int count)
{
    for (int i = 0; i < count; i++) {
        const struct vt_layer *a = &layers[i];
        for (int k = i + 1; k < count; k++) {
            const struct vt_layer *b = &layers[k];
            if (a->x < b->x + b->width && b->x < a->x + a->width && a->y < b->y + b->height && b->y < a->y + a->height)
                return true;
        }
    }
    return false;
}

bool vt_cut_needed(const struct vt_cut *cut, const struct vt_layer *layers, int count)
{
    const double *radius = cut->corners.radius;
    double corner = fmax(fmax(radius[0], radius[1]), fmax(radius[2], radius[3])) * (1 - M_SQRT1_2);
    for (int i = 0; i < count; i++) {
        const struct vt_layer *l = &layers[i];
        if (l->x < cut->edges.x0 + corner || l->y < cut->edges.y0 + corner || l->x + l->width > cut->edges.x1 - corner ||
            l->y + l->height > cut->edges.y1 - corner)
            return true;
    }
    return false;
}

static void set_matrix(cairo_matrix_t *matrix, const struct vt_turn *turn)
{
    cairo_matrix_init_identity(matrix);
    if (!turn)
        return;
    cairo_matrix_translate(matrix, turn->x, turn->y);
    cairo_matrix_rotate(matrix, turn->degrees * M_PI / 180);
    cairo_matrix_scale(matrix, turn->scale, turn->scale);
    cairo_matrix_translate(matrix, -turn->x, -turn->y);
}

static void add_corner(struct rect *bounds, const cairo_matrix_t *matrix, double x, double y)
{
    cairo_matrix_transform_point(matrix, &x, &y);
    bounds->x0 = fmin(bounds->x0, x);
    bounds->y0 = fmin(bounds->y0, y);
    bounds->x1 = fmax(bounds->x1, x);
    bounds->y1 = fmax(bounds->y1, y);
}

// How far between pixels the whole of it stands: as what cuts it off, or as the first of its layers; what turns is drawn where
// it stands.
struct parts {
    int x, y;
};

static struct parts parts_of(const struct vt_layer *layers, const struct vt_turn *turn, const struct vt_cut *cut)
{
    if (turn)
        return (struct parts){ 0, 0 };
    return cut ? (struct parts){ cut->part_x, cut->part_y } : (struct parts){ layers[0].part_x, layers[0].part_y };
}

static struct vt_layer within(const struct vt_layer *layer, struct parts all)
{
    struct vt_layer l = *layer;
    l.part_x -= all.x;
    l.part_y -= all.y;
    l.x -= l.part_x < 0;
    l.y -= l.part_y < 0;
    l.part_x += l.part_x < 0 ? VT_PARTS : 0;
    l.part_y += l.part_y < 0 ? VT_PARTS : 0;
    return l;
}

static struct rect bounds_of(const struct vt_layer *layers, int count, struct parts all, const cairo_matrix_t *matrix, int width,
                             int height)
{
    struct rect r = { INFINITY, INFINITY, -INFINITY, -INFINITY };
    for (int i = 0; i < count; i++) {
        struct vt_layer l = within(&layers[i], all);
        double x = l.part_x ? VT_SHIFT_REACH : 0, y = l.part_y ? VT_SHIFT_REACH : 0;
        add_corner(&r, matrix, l.x - x, l.y - y);
        add_corner(&r, matrix, l.x + l.width + x, l.y - y);
        add_corner(&r, matrix, l.x - x, l.y + l.height + y);
        add_corner(&r, matrix, l.x + l.width + x, l.y + l.height + y);
    }
    return (struct rect){ fmin(fmax(floor(r.x0), -width), 2.0 * width), fmin(fmax(floor(r.y0), -height), 2.0 * height),
                          fmin(fmax(ceil(r.x1), -width), 2.0 * width), fmin(fmax(ceil(r.y1), -height), 2.0 * height) };
}

static uint64_t key_of(const struct vt_layer *layers, int count, struct parts all, const struct rect *at,
                       const struct vt_turn *turn, const struct vt_cut *cut)
{
    uint64_t hash = VT_HASH_START;
    for (int i = 0; i < count; i++) {
        struct vt_layer l = within(&layers[i], all);
        const double numbers[] = { l.x - at->x0, l.y - at->y0, l.width, l.height, l.source_x, (double)l.opacity, l.part_x,
                                   l.part_y };
        hash = vt_hash(vt_hash(hash, &l.id, sizeof l.id), &l.change, sizeof l.change);
        hash = vt_hash(hash, numbers, sizeof numbers);
    }
    if (turn) {
        const double numbers[] = { turn->x - at->x0, turn->y - at->y0, turn->scale, turn->degrees };
        hash = vt_hash(hash, numbers, sizeof numbers);
    }
    if (cut) {
        const double numbers[] = { cut->edges.x0 - at->x0, cut->edges.y0 - at->y0, cut->edges.x1 - at->x0,
                                   cut->edges.y1 - at->y0 };
        hash = vt_hash(vt_hash(hash, numbers, sizeof numbers), &cut->corners, sizeof cut->corners);
    }
    return hash;
}

// What turns is drawn with a filter anyway.
static void paint(cairo_t *cr, struct vt_layer *layer, const struct vt_turn *turn)
{
    cairo_save(cr);
    if (turn) {
        cairo_translate(cr, (double)layer->part_x / VT_PARTS, (double)layer->part_y / VT_PARTS);
        layer->part_x = layer->part_y = 0;
    }
    vt_shift_paint(cr, layer);
    cairo_restore(cr);
}

int vt_fade_flatten(struct vt_fade *fade, const struct vt_layer *layers, int count, const struct vt_turn *turn,
                    const struct vt_cut *cut, int width, int height, struct vt_layer *ret)
{
    cairo_matrix_t matrix;
    set_matrix(&matrix, turn);
    struct parts all = parts_of(layers, turn, cut);
    struct rect at = bounds_of(layers, count, all, &matrix, width, height);
    if (cut)
        at = (struct rect){ fmax(at.x0, cut->edges.x0), fmax(at.y0, cut->edges.y0), fmin(at.x1, cut->edges.x1),
                            fmin(at.y1, cut->edges.y1) };
    int w = (int)fmax(1, at.x1 - at.x0), h = (int)fmax(1, at.y1 - at.y0);
    uint64_t key = key_of(layers, count, all, &at, turn, cut), id = vt_hash(layers[0].id, "fade", 4) | 1;
    if (!fade->surface || fade->key != key) {
        vt_fade_free(fade);
        fade->surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, w, h);
        cairo_t *cr = cairo_create(fade->surface);
        cairo_translate(cr, -at.x0, -at.y0);
        if (cut) {
            vt_round_path(cr, cut->edges, cut->corners);
            cairo_clip(cr);
        }
        cairo_transform(cr, &matrix);
        for (int i = 0; i < count; i++) {
            struct vt_layer l = within(&layers[i], all);
            paint(cr, &l, turn);
        }
        cairo_status_t status = cairo_status(cr);
        cairo_destroy(cr);
        cairo_surface_flush(fade->surface);
        if (status != CAIRO_STATUS_SUCCESS) {
            vt_fade_free(fade);
            return -ENOMEM;
        }
        fade->key = key;
    }
    *ret = (struct vt_layer){ .id = id, .change = key, .pixels = fade->surface, .x = (int)at.x0, .y = (int)at.y0,
                              .width = w, .height = h, .part_x = all.x, .part_y = all.y, .opacity = 1 };
    return 0;
}

void vt_fade_free(struct vt_fade *fade)
{
    if (fade->surface)
        cairo_surface_destroy(fade->surface);
    fade->surface = NULL;
}
