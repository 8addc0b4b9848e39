// Which things are drawn together: what stands still in a card is one layer; timers, tickers and whatever moves or
// fades by itself have their own.
#include <math.h>
#include <string.h>

#include "overlay/shift.h"
#include "overlay/view.h"

static bool paints(const struct vt_motion *motion)
{
    return motion && motion->frames[0].has_background;
}

static bool is_painted(const struct vt_item *item)
{
    const struct vt_style *style = &item->box.style;
    return style->background.a > 0 || style->gradient || item->frame || paints(item->enter) || paints(item->exit) ||
           paints(item->loop) || paints(item->step) || style->shadow.colour.a > 0 || (style->border > 0 && style->border_colour.a > 0);
}

static bool has_motion(const struct vt_item *item)
{
    return item->enter || item->exit || item->loop || item->step || (item->change && item->change->effect == VT_PULSE);
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

// A text's ink with what stands behind it.
static struct rect reach_of(const struct vt_item *item, struct rect ink)
{
    const struct vt_text_style *text = &item->box.style.text;
    double stroke = text->stroke * item->scale;
    struct rect rect = { ink.x0 - stroke, ink.y0 - stroke, ink.x1 + stroke, ink.y1 + stroke };
    if (text->shadow.colour.a == 0)
        return rect;
    double soft = (1.5 * text->shadow.blur + 2) * item->scale;
    double x = text->shadow.x * item->scale, y = text->shadow.y * item->scale;
    return (struct rect){ fmin(rect.x0, rect.x0 + x - soft), fmin(rect.y0, rect.y0 + y - soft), fmax(rect.x1, rect.x1 + x + soft),
                          fmax(rect.y1, rect.y1 + y + soft) };
}

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
        double x = box->x + box->edge[VT_LEFT] + item->text_x + shaped->x;
        double y = box->y + box->edge[VT_TOP] + item->text_y + shaped->y;
        struct rect ink = reach_of(item, (struct rect){ x, y, x + shaped->width, y + shaped->height });
        rect = (struct rect){ item->text_clipped ? rect.x0 : fmin(rect.x0, ink.x0), fmin(rect.y0, ink.y0),
                              item->text_clipped ? rect.x1 : fmax(rect.x1, ink.x1), fmax(rect.y1, ink.y1) };
    }
    return rect;
}

static struct rect content_of(const struct vt_item *item)
{
    const struct vt_box *box = &item->box;
    return (struct rect){ box->x + box->edge[VT_LEFT], box->y + box->edge[VT_TOP],
                          box->x + box->width - box->edge[VT_RIGHT], box->y + box->height - box->edge[VT_BOTTOM] };
}

// Nothing of an item shows outside of the boxes between it and its group that cut it off.
static struct rect cut_off(struct rect rect, const struct vt_item *item, const struct vt_item *group)
{
    for (; item != group && item->parent; item = item->parent) {
        const struct vt_box *box = &item->parent->box;
        if (box->style.overflow == 0)
            continue;
        rect = (struct rect){ fmax(rect.x0, box->x), fmax(rect.y0, box->y), fmin(rect.x1, box->x + box->width),
                              fmin(rect.y1, box->y + box->height) };
    }
    return rect;
}

static struct rect join(struct rect a, struct rect b)
{
    return (struct rect){ fmin(a.x0, b.x0), fmin(a.y0, b.y0), fmax(a.x1, b.x1), fmax(a.y1, b.y1) };
}

static bool overlap(const struct vt_view_layer *layer, struct rect rect)
{
    return layer->x0 < rect.x1 && rect.x0 < layer->x1 && layer->y0 < rect.y1 && rect.y0 < layer->y1;
}

static uint64_t hash_gradient(uint64_t hash, const struct vt_gradient *g)
{
    double numbers[8] = { g->radial, g->circle, g->degrees, g->across, g->down, (double)g->x.value, (double)g->y.value,
                          g->x.unit * 16 + g->y.unit };
    hash = vt_hash(hash, numbers, sizeof numbers);
    for (int i = 0; i < g->count; i++) {
        hash = vt_hash(hash, &g->stops[i].colour, sizeof g->stops[i].colour);
        hash = vt_hash(hash, &g->stops[i].at, sizeof g->stops[i].at);
    }
    return hash;
}

// How a box looks, without what it holds.
static uint64_t hash_box(uint64_t hash, const struct vt_item *item)
{
    const struct vt_box *box = &item->box;
    const struct vt_style *style = &box->style;
    const double numbers[] = { box->x, box->y, box->width, box->height, box->edge[0], box->edge[1], box->edge[2],
                               box->edge[3], style->border, style->opacity, style->shadow.x, style->shadow.y,
                               style->shadow.blur, style->shadow.spread };
    const int words[] = { style->border_dashed, (int)style->radius[0].unit, (int)style->radius[1].unit,
                          (int)style->radius[2].unit, (int)style->radius[3].unit, style->overflow };
    const float radii[] = { style->radius[0].value, style->radius[1].value, style->radius[2].value, style->radius[3].value };
    const struct vt_colour4 colours[] = { style->background, style->border_colour, style->shadow.colour };
    hash = vt_hash(hash, numbers, sizeof numbers);
    hash = vt_hash(hash, words, sizeof words);
    hash = vt_hash(hash, radii, sizeof radii);
    hash = vt_hash(hash, colours, sizeof colours);
    if (style->gradient)
        hash = hash_gradient(hash, style->gradient);
    if (item->frame) {
        hash = vt_hash(hash, &item->frame_hash, sizeof item->frame_hash);
        hash = vt_hash(hash, style->nine->slice, sizeof style->nine->slice);
        hash = vt_hash(hash, style->nine->width, sizeof style->nine->width);
        hash = vt_hash(hash, &style->nine->fill, sizeof style->nine->fill);
    }
    return hash;
}

static uint64_t hash_text(uint64_t hash, const struct vt_item *item)
{
    const struct vt_text_style *text = &item->box.style.text;
    const double numbers[] = { item->share, item->text_x, item->text_y, text->shadow.x, text->shadow.y, text->shadow.blur,
                               text->stroke };
    const int words[] = { item->bar, item->mirrored, item->text_clipped };
    const struct vt_colour4 colours[] = { text->colour, item->fill, text->shadow.colour, text->stroke_colour };
    hash = vt_hash(hash, numbers, sizeof numbers);
    hash = vt_hash(hash, words, sizeof words);
    hash = vt_hash(hash, colours, sizeof colours);
    return vt_hash(hash, &item->shaped.hash, sizeof item->shaped.hash);
}

static uint64_t hash_item(uint64_t hash, const struct vt_item *item, const struct vt_item *group)
{
    const struct vt_style *style = &item->box.style;
    const float places[] = { style->object_position[0].value, style->object_position[1].value };
    const int words[] = { style->object_fit, (int)style->object_position[0].unit, (int)style->object_position[1].unit };
    hash = hash_text(hash_box(hash, item), item);
    hash = vt_hash(hash, places, sizeof places);
    hash = vt_hash(hash, words, sizeof words);
    hash = vt_hash(hash, &item->picture_hash, sizeof item->picture_hash);
    for (const struct vt_item *at = item; at != group && at->parent; at = at->parent) {
        if (at->parent->box.style.overflow)
            hash = hash_box(hash, at->parent);
    }
    if (item->shape)
        hash = vt_hash(hash, item->shape, strlen(item->shape));
    hash = vt_hash(hash, item->qr.dark, (size_t)item->qr.side * (size_t)item->qr.side);
    for (int i = 0; item->timer && i < VT_TIMER_GLYPHS; i++)
        hash = vt_hash(hash, &item->timer->glyphs[i].hash, sizeof hash);
    if (item->timer)
        hash = vt_hash(hash, &item->timer->ending.hash, sizeof hash);
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
    layer->hash = hash_item(layer->hash, item, layer->group);
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

// With all that it looks like later on.
static void put_clock(struct vt_making *m, struct vt_view_layer *layer, struct vt_item *item)
{
    const struct vt_timer_content *timer = item->timer;
    put(m, layer, item, timer->boxed ? join(ink_of(item), reach_of(item, content_of(item)))
                                     : reach_of(item, content_of(item)));
    for (int i = 0; i < timer->n_looks; i++) {
        struct vt_item *copy = vt_arena_alloc(&m->view->arena, sizeof *copy);
        *copy = *item;
        copy->box.style = *timer->looks[i].style;
        struct rect rect = reach_of(copy, content_of(copy));
        put(m, layer, copy, timer->boxed ? join(ink_of(copy), rect) : rect);
    }
}

static void add_item(struct vt_making *m, struct vt_item *item)
{
    struct vt_item *group = group_of(item);
    bool draws = (is_painted(item) && !(item->timer && item->timer->boxed)) || item->picture || (item->shaped.n_runs && !item->rolls) || item->bar ||
                 item->shape || item->qr.side || item->svg;
    struct vt_view_layer *layer;
    if (draws && item->box.style.opacity > 0) {
        struct rect rect = cut_off(ink_of(item), item, group);
        if (rect.x1 <= rect.x0 || rect.y1 <= rect.y0)
            return;
        layer = find_layer(m->view, group, rect);
        if (!layer)
            layer = new_layer(m, VT_LAYER_STILL, group, item);
        if (layer)
            put(m, layer, item, rect);
    }
    if (item->timer && (layer = new_layer(m, VT_LAYER_TIMER, group, item)))
        put_clock(m, layer, item);
    if (item->rolls && item->box.style.opacity > 0 && (layer = new_layer(m, VT_LAYER_NUMBER, group, item)))
        put(m, layer, item, reach_of(item, content_of(item)));
    if (item->ticker && item->ticker->count && (layer = new_layer(m, VT_LAYER_TICKER, group, item)))
        put(m, layer, item, content_of(item));
}

void vt_layers_make(struct vt_making *m)
{
    for (int i = 0; i < m->view->n_items; i++)
        add_item(m, m->view->items[i]);
}

void vt_drawing_paint(const struct vt_drawing *drawing, cairo_t *cr)
{
    for (int i = 0; i < drawing->count; i++)
        vt_shift_paint(cr, &drawing->layers[i]);
}
