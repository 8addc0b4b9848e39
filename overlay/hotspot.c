// Tap rectangles: the border boxes of nodes with `hotspot`, at rest, in percent of the picture.
#include <math.h>
#include <stdlib.h>

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

// The part of a box that lies in the picture; false when there is none.
static bool clip(const struct vt_view *view, const struct vt_box *box, double *x, double *y, double *w, double *h)
{
    double x0 = fmax(box->x, 0), y0 = fmax(box->y, 0);
    double x1 = fmin(box->x + box->width, view->width), y1 = fmin(box->y + box->height, view->height);
    *x = x0;
    *y = y0;
    *w = x1 - x0;
    *h = y1 - y0;
    return *w > 0 && *h > 0;
}

static void add(struct vt_making *m, const struct vt_item *item)
{
    struct vt_view *view = m->view;
    const struct vt_node *node = item->node;
    double x, y, w, h;
    if (!clip(view, &item->box, &x, &y, &w, &h))
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
    vt_name_copy(to->action, vt_making_look(m, node, "hotspot", "action")->text);
    if (!to->label)
        to->label = "";
}

void vt_hotspots_make(struct vt_making *m)
{
    for (int i = 0; i < m->view->n_items; i++) {
        const struct vt_item *item = m->view->items[i];
        if (vt_making_look(m, item->node, NULL, "hotspot") && item->box.style.opacity >= 0.5)
            add(m, item);
    }
}
