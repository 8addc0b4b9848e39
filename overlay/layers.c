// Which things are drawn together: what stands still in a card is one layer; timers, tickers and whatever moves or
// fades by itself have their own.
#include <math.h>
#include <string.h>

#include "overlay/view.h"

static bool paints(const struct vt_motion *motion)
{
    return motion && motion->frames[0].has_background;
}

static bool is_painted(const struct vt_item *item)
{
    const struct vt_style *style = &item->box.style;
    return style->background.a > 0 || paints(item->enter) || paints(item->exit) || paints(item->loop) || style->shadow.colour.a > 0 || (style->border > 0 && style->border_colour.a > 0);
}

static bool has_motion(const struct vt_item *item)
{
    return item->enter || item->exit || item->loop || (item->change && item->change->effect == VT_PULSE);
}

static bool fades_children(const struct vt_item *item)
{
    return item->box.style.opacity < 1 && item->box.first;
}

// The item whose layer this one is drawn in: the outermost that paints something behind it, but within the nearest that
// moves or fades as one; else the box around it.
static struct vt_item *group_of(struct vt_item *item)
{
    struct vt_item *painted = NULL;
    for (struct vt_item *at = item; at; at = at->parent) {
        if (is_painted(at))
            painted = at;
        if (has_motion(at) || fades_children(at))
            return painted ? painted : at;
    }
    return painted ? painted : item->parent ? item->parent : item;
}

struct rect {
    double x0, y0, x1, y1;
};

static struct rect ink_of(const struct vt_item *item)
{
    const struct vt_box *box = &item->box;
    struct rect rect = { box->x, box->y, box->x + box->width, box->y + box->height };
    const struct vt_shadow *shadow = &box->style.shadow;
    if (shadow->colour.a > 0) {
        double reach = (1.5 * shadow->blur + shadow->spread + 2) * item->scale;
        double x = shadow->x * item->scale, y = shadow->y * item->scale;
        rect = (struct rect){ fmin(rect.x0, rect.x0 + x - reach), fmin(rect.y0, rect.y0 + y - reach),
                              fmax(rect.x1, rect.x1 + x + reach), fmax(rect.y1, rect.y1 + y + reach) };
    }
    const struct vt_shaped *shaped = &item->shaped;
    if (shaped->n_runs && !item->rolls) {
        double x = box->x + box->edge[VT_LEFT] + shaped->x, y = box->y + box->edge[VT_TOP] + item->text_y + shaped->y;
        rect = (struct rect){ fmin(rect.x0, x), fmin(rect.y0, y), fmax(rect.x1, x + shaped->width),
                              fmax(rect.y1, y + shaped->height) };
    }
    return rect;
}

static struct rect content_of(const struct vt_item *item)
{
    const struct vt_box *box = &item->box;
    return (struct rect){ box->x + box->edge[VT_LEFT], box->y + box->edge[VT_TOP],
                          box->x + box->width - box->edge[VT_RIGHT], box->y + box->height - box->edge[VT_BOTTOM] };
}

static bool overlap(const struct vt_view_layer *layer, struct rect rect)
{
    return layer->x0 < rect.x1 && rect.x0 < layer->x1 && layer->y0 < rect.y1 && rect.y0 < layer->y1;
}

static uint64_t hash_item(uint64_t hash, const struct vt_item *item)
{
    const struct vt_box *box = &item->box;
    const struct vt_style *style = &box->style;
    const double numbers[] = { box->x, box->y, box->width, box->height, box->edge[0], box->edge[1], box->edge[2],
                               box->edge[3], style->border, style->radius.value, style->opacity, style->shadow.x,
                               style->shadow.y, style->shadow.blur, style->shadow.spread, item->share, item->text_y };
    const int words[] = { style->border_dashed, (int)style->radius.unit, style->object_fit, item->bar, item->mirrored };
    const struct vt_colour4 colours[] = { style->background, style->border_colour, style->text.colour,
                                           style->shadow.colour, item->fill };
    hash = vt_hash(hash, numbers, sizeof numbers);
    hash = vt_hash(hash, words, sizeof words);
    hash = vt_hash(hash, colours, sizeof colours);
    hash = vt_hash(hash, &item->shaped.hash, sizeof item->shaped.hash);
    hash = vt_hash(hash, &item->picture_hash, sizeof item->picture_hash);
    if (item->shape)
        hash = vt_hash(hash, item->shape, strlen(item->shape));
    hash = vt_hash(hash, item->qr.dark, (size_t)item->qr.side * (size_t)item->qr.side);
    for (int i = 0; item->timer && i < VT_TIMER_GLYPHS; i++)
        hash = vt_hash(hash, &item->timer->glyphs[i].hash, sizeof hash);
    for (int i = 0; item->ticker && i < item->ticker->count; i++)
        hash = vt_hash(hash, &item->ticker->items[i].hash, sizeof hash);
    return hash;
}

static struct vt_view_layer *new_layer(struct vt_making *m, enum vt_layer_kind kind, struct vt_item *group,
                                       const struct vt_item *first)
{
    struct vt_view *view = m->view;
    if (view->n_layers == VT_LAYERS_MAX) {
        if (!m->failed)
            vt_diagnose(m->diagnostics, VT_ERROR, 0, 0, "the template needs more than %d layers (limit): put texts on "
                        "backgrounds", VT_LAYERS_MAX);
        m->failed = true;
        return NULL;
    }
    struct vt_view_layer *layer = &view->layers[view->n_layers++];
    const char *id = vt_template_id(view->template);
    int place[3] = { view->n_layers, (int)kind, (int)(first->node - view->template->nodes) };
    layer->kind = kind;
    layer->group = group;
    layer->x0 = layer->y0 = INFINITY;
    layer->x1 = layer->y1 = -INFINITY;
    layer->id = vt_hash(vt_hash(VT_HASH_START, id, strlen(id)), place, sizeof place) | 1;
    layer->hash = VT_HASH_START;
    return layer;
}

static void put(struct vt_making *m, struct vt_view_layer *layer, struct vt_item *item, struct rect rect)
{
    if (layer->count == layer->room) {
        struct vt_item **old = layer->items;
        layer->room = layer->room ? layer->room * 2 : 8;
        layer->items = vt_arena_alloc(&m->view->arena, sizeof *old * (size_t)layer->room);
        if (layer->count)
            memcpy(layer->items, old, sizeof *old * (size_t)layer->count);
    }
    layer->items[layer->count++] = item;
    layer->x0 = fmin(layer->x0, rect.x0);
    layer->y0 = fmin(layer->y0, rect.y0);
    layer->x1 = fmax(layer->x1, rect.x1);
    layer->y1 = fmax(layer->y1, rect.y1);
    layer->hash = hash_item(layer->hash, item);
}

// The newest layer of the group that nothing drawn after it covers here.
static struct vt_view_layer *find_layer(struct vt_view *view, const struct vt_item *group, struct rect rect)
{
    for (int i = view->n_layers - 1; i >= 0; i--) {
        struct vt_view_layer *layer = &view->layers[i];
        if (layer->kind == VT_LAYER_STILL && layer->group == group)
            return layer;
        if (overlap(layer, rect))
            return NULL;
    }
    return NULL;
}

static void add_item(struct vt_making *m, struct vt_item *item)
{
    struct vt_item *group = group_of(item);
    bool draws = is_painted(item) || item->picture || (item->shaped.n_runs && !item->rolls) || item->bar ||
                 item->shape || item->qr.side || item->svg;
    struct vt_view_layer *layer;
    if (draws && item->box.style.opacity > 0) {
        struct rect rect = ink_of(item);
        layer = find_layer(m->view, group, rect);
        if (!layer)
            layer = new_layer(m, VT_LAYER_STILL, group, item);
        if (layer)
            put(m, layer, item, rect);
    }
    if (item->timer && (layer = new_layer(m, VT_LAYER_TIMER, group, item)))
        put(m, layer, item, content_of(item));
    if (item->rolls && item->box.style.opacity > 0 && (layer = new_layer(m, VT_LAYER_NUMBER, group, item)))
        put(m, layer, item, content_of(item));
    if (item->ticker && item->ticker->count && (layer = new_layer(m, VT_LAYER_TICKER, group, item)))
        put(m, layer, item, content_of(item));
}

void vt_layers_make(struct vt_making *m)
{
    for (int i = 0; i < m->view->n_items; i++)
        add_item(m, m->view->items[i]);
}
