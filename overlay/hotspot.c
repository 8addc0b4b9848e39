// Tap rectangles: the border boxes of nodes with `hotspot`, at rest, in percent of the picture.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "overlay/view.h"

static double percent(double value, double of)
{
    return round(value / of * 100000) / 1000;
}

static int read_count(const struct vt_making *m, const struct vt_node *node, const char *key, int fallback)
{
    const struct vt_yaml *at = vt_making_look(m, node, "hotspot", key);
    return at ? atoi(at->text) : fallback;
}

static const char *read_optional(struct vt_making *m, const struct vt_node *node, const char *key)
{
    const char *text = vt_making_text(m, node, "hotspot", key, false);
    return text && *text ? text : NULL;
}

struct target {
    double x0, y0, x1, y1;               // canvas pixels
};

// The part of a box that lies in the picture, and in the boxes around it that cut off what stands out of them; false
// when there is none.
static bool clip(const struct vt_view *view, const struct vt_item *item, struct target t, double *x, double *y, double *w,
                 double *h)
{
    for (const struct vt_item *at = item->parent; at; at = at->parent) {
        const struct vt_box *box = &at->box;
        double border = box->style.border * at->scale;
        if (box->style.overflow == 0)
            continue;
        t = (struct target){ fmax(t.x0, box->x + border), fmax(t.y0, box->y + border),
                             fmin(t.x1, box->x + box->width - border), fmin(t.y1, box->y + box->height - border) };
    }
    double x0 = fmax(t.x0, 0), y0 = fmax(t.y0, 0), x1 = fmin(t.x1, view->width), y1 = fmin(t.y1, view->height);
    *x = x0;
    *y = y0;
    *w = x1 - x0;
    *h = y1 - y0;
    return *w > 0 && *h > 0;
}

// The second of a repetition is called buy-2.
static void add_number(char name[VT_NAME_ROOM], int number)
{
    size_t length = strlen(name), most = VT_NAME_ROOM - 4;
    snprintf(name + (length < most ? length : most), 4, "-%d", number % 100);
}

static void add(struct vt_making *m, const struct vt_item *item, struct target target)
{
    struct vt_view *view = m->view;
    const struct vt_node *node = item->node;
    double x, y, w, h;
    m->scope.item = item->entry;
    if (!clip(view, item, target, &x, &y, &w, &h))
        return;
    if (view->n_hotspots == VT_HOTSPOTS_MAX) {
        vt_diagnose(m->diagnostics, VT_ERROR, node->yaml->line, node->yaml->column, "a view has at most %d hotspots (limit)",
                    VT_HOTSPOTS_MAX);
        m->failed = true;
        return;
    }
    struct vt_hotspot *to = &view->hotspots[view->n_hotspots++];
    *to = (struct vt_hotspot){
        .x = percent(x, view->width),
        .y = percent(y, view->height),
        .width = percent(w, view->width),
        .height = percent(h, view->height),
        .z = read_count(m, node, "priority", 1),
        .label = vt_making_text(m, node, "hotspot", "label", false),
        .item = read_optional(m, node, "item"),
        .coupon = read_optional(m, node, "coupon"),
        .url = read_optional(m, node, "url"),
        .quantity = read_count(m, node, "quantity", 0),
    };
    vt_name_copy(to->name, node->id);
    if (item->index > 0)
        add_number(to->name, item->index + 1);
    vt_name_copy(to->action, vt_making_look(m, node, "hotspot", "action")->text);
    if (!to->label)
        to->label = "";
}

// ---- targets that a finger can hit

static bool related(const struct vt_item *a, const struct vt_item *b)
{
    for (const struct vt_item *at = a; at; at = at->parent) {
        if (at == b)
            return true;
    }
    for (const struct vt_item *at = b; at; at = at->parent) {
        if (at == a)
            return true;
    }
    return false;
}

static void widen(double *low, double *high, double least, double room)
{
    double missing = least - (*high - *low);
    if (missing <= 0)
        return;
    *low -= missing / 2;
    *high += missing / 2;
    double off = *low < 0 ? -*low : *high > room ? fmax(room - *high, -*low) : 0;
    *low += off;
    *high = fmin(*high + off, room);
}

// Back from another target, along the direction in which the two were apart.
static void yield_to(struct target *t, const struct vt_box *own, const struct vt_box *other)
{
    if (t->x0 >= other->x + other->width || other->x >= t->x1 || t->y0 >= other->y + other->height || other->y >= t->y1)
        return;
    if (other->x >= own->x + own->width)
        t->x1 = other->x;
    else if (other->x + other->width <= own->x)
        t->x0 = other->x + other->width;
    else if (other->y >= own->y + own->height)
        t->y1 = other->y;
    else if (other->y + other->height <= own->y)
        t->y0 = other->y + other->height;
}

static bool is_target(const struct vt_making *m, const struct vt_item *item)
{
    return vt_making_look(m, item->node, NULL, "hotspot") && item->box.style.opacity >= 0.5;
}

static struct target target_of(const struct vt_making *m, const struct vt_item *item)
{
    const struct vt_view *view = m->view;
    const struct vt_box *box = &item->box;
    const struct vt_yaml *at = vt_making_look(m, item->node, "hotspot", "min-target");
    struct target t = { box->x, box->y, box->x + box->width, box->y + box->height };
    if (!at)
        return t;
    double least = strtod(at->text, NULL) / VT_PLAYER_SIDE * fmin(view->width, view->height);
    widen(&t.x0, &t.x1, least, view->width);
    widen(&t.y0, &t.y1, least, view->height);
    for (int i = 0; i < view->n_items; i++) {
        const struct vt_item *other = view->items[i];
        if (other != item && is_target(m, other) && !related(item, other))
            yield_to(&t, box, &other->box);
    }
    return t;
}

void vt_hotspots_make(struct vt_making *m)
{
    for (int i = 0; i < m->view->n_items; i++) {
        const struct vt_item *item = m->view->items[i];
        if (is_target(m, item))
            add(m, item, target_of(m, item));
    }
}
