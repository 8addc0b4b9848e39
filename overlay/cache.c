#include "overlay/cache.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

int vt_painter_new(struct vt_painter **ret, int width, int height)
{
    if (width < 1 || height < 1 || width > 16384 || height > 16384)
        return -EINVAL;
    struct vt_painter *painter = calloc(1, sizeof *painter);
    if (!painter)
        return -ENOMEM;
    painter->width = width;
    painter->height = height;
    *ret = painter;
    return 0;
}

static void free_known(struct vt_known *known)
{
    for (int i = 0; i < VT_LAYERS_MAX; i++) {
        if (known->slots[i].surface)
            cairo_surface_destroy(known->slots[i].surface);
        vt_fade_free(&known->fades[i]);
    }
    free(known);
}

void vt_painter_forget(struct vt_painter *painter, const struct vt_view *view)
{
    for (struct vt_known **at = &painter->known; *at; at = &(*at)->next) {
        struct vt_known *found = *at;
        if (found->view != view)
            continue;
        *at = found->next;
        free_known(found);
        return;
    }
}

void vt_painter_free(struct vt_painter **painter)
{
    struct vt_painter *old = *painter;
    *painter = NULL;
    if (!old)
        return;
    while (old->known)
        vt_painter_forget(old, old->known->view);
    for (int i = 0; i < VT_SCALED_PICTURES; i++) {
        if (old->pictures[i].surface)
            cairo_surface_destroy(old->pictures[i].surface);
    }
    free(old);
}

struct vt_known *vt_cache_find(struct vt_painter *painter, const struct vt_view *view)
{
    for (struct vt_known *known = painter->known; known; known = known->next) {
        if (known->view == view)
            return known;
    }
    struct vt_known *known = calloc(1, sizeof *known);
    if (!known)
        return NULL;
    known->view = view;
    known->next = painter->known;
    painter->known = known;
    return known;
}

// ---- surfaces

struct vt_brush vt_cache_brush(struct vt_painter *p, const struct vt_view *view, cairo_surface_t *surface, double x,
                                  double y)
{
    return (struct vt_brush){
        .cr = cairo_create(surface),
        .sx = p->width / view->width,
        .sy = p->height / view->height,
        .x = x,
        .y = y,
        .pictures = p->pictures,
        .next_picture = &p->next_picture,
    };
}

int vt_cache_finish(const struct vt_brush *brush, cairo_surface_t *surface)
{
    bool good = cairo_status(brush->cr) == CAIRO_STATUS_SUCCESS;
    cairo_destroy(brush->cr);
    cairo_surface_flush(surface);
    return good ? 0 : -ENOMEM;
}

static double clamp(double value, double min, double max)
{
    return value < min ? min : value > max ? max : value;
}

// A slot's surface, cleared. What lies more than a picture's size outside of the picture is left out.
int vt_cache_prepare(struct vt_slot *slot, const struct vt_painter *p, double x0, double y0, double x1, double y1)
{
    x0 = clamp(floor(x0), -p->width, 2.0 * p->width);
    x1 = clamp(ceil(x1), -p->width, 2.0 * p->width);
    y0 = clamp(floor(y0), -p->height, 2.0 * p->height);
    y1 = clamp(ceil(y1), -p->height, 2.0 * p->height);
    int width = (int)fmax(1, x1 - x0), height = (int)fmax(1, y1 - y0);
    if (slot->surface)
        cairo_surface_destroy(slot->surface);
    slot->surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, width, height);
    slot->x = (int)x0;
    slot->y = (int)y0;
    return cairo_surface_status(slot->surface) == CAIRO_STATUS_SUCCESS ? 0 : -ENOMEM;
}

// The same layer of another view, drawn already.
bool vt_cache_share(const struct vt_painter *p, const struct vt_view_layer *layer, struct vt_slot *slot)
{
    for (const struct vt_known *known = p->known; known; known = known->next) {
        for (int i = 0; i < known->view->n_layers; i++) {
            const struct vt_slot *other = &known->slots[i];
            if (known->view->layers[i].id != layer->id || !other->surface || other->change != layer->hash)
                continue;
            *slot = (struct vt_slot){ .change = other->change, .surface = cairo_surface_reference(other->surface),
                                      .x = other->x, .y = other->y };
            return true;
        }
    }
    return false;
}
