#include <errno.h>
#include <math.h>

#include "overlay/live.h"
#include "overlay/pose.h"

// ---- what stands still

static uint64_t hash_colours(uint64_t hash, const struct vt_pose *pose)
{
    if (pose->has_colour)
        hash = vt_hash(hash, &pose->colour, sizeof pose->colour);
    return pose->has_background ? vt_hash(hash, &pose->background, sizeof pose->background) : hash;
}

static void paint_tinted(const struct vt_brush *brush, const struct vt_item *item, const struct vt_pose *pose)
{
    struct vt_item copy = *item;
    if (pose->has_colour)
        copy.box.style.text.colour = copy.fill = pose->colour;
    if (pose->has_background) {
        copy.box.style.background = pose->background;
        copy.box.style.gradient = NULL;
    }
    vt_paint_item(brush, &copy);
}

static int draw_still(struct vt_painter *p, const struct vt_view *view, const struct vt_view_layer *layer,
                      struct vt_slot *slot, const struct vt_moment *moment)
{
    double sx = p->width / view->width, sy = p->height / view->height;
    uint64_t change = layer->hash;
    for (int i = 0; i < layer->count; i++) {
        struct vt_pose pose = vt_pose_own(view, layer->items[i], moment);
        change = hash_colours(change, &pose);
    }
    if ((slot->surface && slot->change == change) || (!slot->surface && change == layer->hash && vt_cache_share(p, layer, slot)))
        return 0;
    if (vt_cache_prepare(slot, p, layer->x0 * sx, layer->y0 * sy, layer->x1 * sx, layer->y1 * sy) != 0)
        return -ENOMEM;
    struct vt_brush brush = vt_cache_brush(p, view, slot->surface, slot->x, slot->y);
    for (int i = 0; i < layer->count; i++) {
        struct vt_pose pose = vt_pose_own(view, layer->items[i], moment);
        cairo_save(brush.cr);
        vt_paint_clip(&brush, layer->items[i], layer->group);
        paint_tinted(&brush, layer->items[i], &pose);
        cairo_restore(brush.cr);
    }
    slot->change = change;
    return vt_cache_finish(&brush, slot->surface);
}

// ---- drawing

static int64_t in_parts(double pixels)
{
    return llround(pixels * VT_PARTS);
}

static int whole(int64_t parts)
{
    return (int)(parts >= 0 ? parts / VT_PARTS : -((VT_PARTS - 1 - parts) / VT_PARTS));
}

static int part(int64_t parts)
{
    return (int)(parts - (int64_t)whole(parts) * VT_PARTS);
}

// The strip behind its window: `moved` is how far both are moved sideways. The window's sides are on whole pixels.
static void place_strip(struct vt_layer *to, const struct vt_slot *slot, int64_t scrolled, int64_t moved)
{
    int x = slot->x + whole(moved + VT_PARTS / 2);
    int64_t at = scrolled + (int64_t)(x - slot->x) * VT_PARTS - moved, period = (int64_t)slot->period * VT_PARTS;
    at = at < 0 ? at + period : at;
    to->width = vt_live_window(slot);
    to->x = x;
    to->part_x = part(-at);
    to->source_x = -whole(-at);
    // Where it begins, what stands between columns would look at those before the first.
    if (to->part_x && to->source_x < VT_STRIP_MARGIN / 2)
        to->source_x += slot->period;
}

// A layer where it stands now, with the opacity of its leaf alone. False: it does not show.
static bool place(struct vt_painter *p, const struct vt_view *view, const struct vt_view_layer *layer,
                  const struct vt_slot *slot, const struct vt_moment *moment, struct vt_layer *to)
{
    const struct vt_item *item = layer->items[0];
    struct vt_pose pose = vt_pose_moved(view, layer->group, moment);
    double opacity = 1;
    if (layer->kind == VT_LAYER_TIMER && item->timer->zero == VT_ZERO_HIDE && vt_live_left(item->timer, moment) <= 0)
        return false;
    if (layer->kind == VT_LAYER_TIMER || layer->kind == VT_LAYER_TICKER) {
        for (const struct vt_item *at = item; at != layer->group && at; at = at->parent)
            opacity *= at->box.style.opacity;
    }
    if (pose.opacity * opacity < 0.5 / 255)
        return false;
    int64_t x = in_parts(pose.x * p->width / view->width), y = in_parts(pose.y * p->height / view->height);
    *to = (struct vt_layer){
        .id = layer->id,
        .change = slot->change,
        .before = slot->before,
        .changed_x = slot->changed_x,
        .changed_width = slot->changed_width,
        .pixels = slot->surface,
        .x = slot->x + whole(x),
        .y = slot->y + whole(y),
        .part_x = part(x),
        .part_y = part(y),
        .width = cairo_image_surface_get_width(slot->surface),
        .height = cairo_image_surface_get_height(slot->surface),
        .opacity = (float)opacity,
    };
    if (layer->kind == VT_LAYER_TICKER && item->ticker->hold_ns) {
        to->opacity *= (float)vt_live_flip_opacity(item->ticker, moment);
    } else if (layer->kind == VT_LAYER_TICKER) {
        place_strip(to, slot, vt_live_scrolled(p, view, layer, slot, moment), x);
    }
    return true;
}

struct gathering {
    struct vt_painter *painter;
    const struct vt_view *view;
    const struct vt_moment *moment;
    struct vt_known *known;
    int fades;
    struct vt_layer layers[VT_LAYERS_MAX];
    const struct vt_item *starts[VT_LAYERS_MAX];     // the innermost item that moves or cuts off each
    struct vt_drawing *out;
};

// What layers have in common: an item that fades, grows or turns, or the box of one that cuts off what stands out of it,
// which lies inside of that. No item: nothing.
struct common {
    const struct vt_item *item;
    bool cuts;
};

static bool same(struct common a, struct common b)
{
    return a.item == b.item && a.cuts == b.cuts;
}

// The outermost such of the items from `start` on, inside of `around`.
static struct common outermost(const struct gathering *g, const struct vt_item *start, struct common around)
{
    struct common found = { 0 };
    for (const struct vt_item *item = start; item; item = item->parent) {
        struct common cut = { item, true };
        if (same(cut, around))
            break;
        if (item != start && item->box.style.overflow)
            found = cut;
        if (item == around.item)
            break;
        struct vt_pose pose = vt_pose_own(g->view, item, g->moment);
        if (!vt_pose_rests(&pose))
            found = (struct common){ item, false };
    }
    return found;
}

// Makes the layers from `first` on one.
static int flatten(struct gathering *g, int first, const struct vt_turn *turn, const struct vt_cut *cut)
{
    struct vt_drawing *out = g->out;
    int count = out->count - first;
    if (count == 0 || g->fades == VT_LAYERS_MAX)
        return 0;
    int r = vt_fade_flatten(&g->known->fades[g->fades++], out->layers + first, count, turn, cut, g->painter->width,
                            g->painter->height, &out->layers[first]);
    out->count = first + 1;
    return r;
}

static int cut_off(struct gathering *g, const struct vt_item *item, int first)
{
    const struct vt_painter *p = g->painter;
    struct vt_pose moved = vt_pose_moved(g->view, item, g->moment);
    int64_t x = in_parts(moved.x * p->width / g->view->width), y = in_parts(moved.y * p->height / g->view->height);
    struct vt_brush brush = { .sx = p->width / g->view->width, .sy = p->height / g->view->height, .x = -whole(x), .y = -whole(y) };
    struct vt_cut cut = { .part_x = part(x), .part_y = part(y) };
    cut.edges = vt_inside_of(&brush, item, &cut.corners);
    return vt_cut_needed(&cut, g->out->layers + first, g->out->count - first) ? flatten(g, first, NULL, &cut) : 0;
}

// Gives the layers from `first` on, that `fader` has in common, to the drawing as it shows them.
static int fade(struct gathering *g, const struct vt_item *fader, int first)
{
    const struct vt_painter *p = g->painter;
    struct vt_drawing *out = g->out;
    struct vt_pose pose = vt_pose_own(g->view, fader, g->moment), all = vt_pose_moved(g->view, fader, g->moment);
    double sx = p->width / g->view->width, sy = p->height / g->view->height;
    struct vt_turn turn = { (fader->box.x + fader->box.width / 2 + all.x) * sx,
                            (fader->box.y + fader->box.height / 2 + all.y) * sy, pose.scale, pose.turn };
    bool turns = pose.scale != 1 || pose.turn != 0;
    int r = 0;
    if (turns || vt_layers_overlap(out->layers + first, out->count - first))
        r = flatten(g, first, turns ? &turn : NULL, NULL);
    for (int i = first; i < out->count; i++)
        out->layers[i].opacity *= (float)pose.opacity;
    return r;
}

// The layers from `i` to `end` inside of `around`.
static int gather(struct gathering *g, int i, int end, struct common around)
{
    int r = 0;
    while (i < end && r == 0) {
        struct common all = outermost(g, g->starts[i], around);
        int next = i + 1, first = g->out->count;
        while (all.item && next < end && same(outermost(g, g->starts[next], around), all))
            next++;
        if (!all.item) {
            g->out->layers[g->out->count++] = g->layers[i];
        } else {
            r = gather(g, i, next, all);
            r = r != 0 ? r : all.cuts ? cut_off(g, all.item, first) : fade(g, all.item, first);
        }
        i = next;
    }
    return r;
}

static int draw_layer(struct vt_painter *painter, const struct vt_view *view, const struct vt_view_layer *layer,
                      struct vt_slot *slot, const struct vt_moment *moment)
{
    switch (layer->kind) {
    case VT_LAYER_TIMER:
        return vt_live_timer(painter, view, layer, slot, moment);
    case VT_LAYER_NUMBER:
        return vt_live_number(painter, view, layer, slot, moment);
    case VT_LAYER_TICKER:
        return vt_live_ticker(painter, view, layer, slot, moment);
    case VT_LAYER_STILL:
        break;
    }
    return draw_still(painter, view, layer, slot, moment);
}

int vt_painter_draw(struct vt_painter *painter, const struct vt_view *view, const struct vt_moment *moment,
                    struct vt_drawing *ret)
{
    struct gathering g = { .painter = painter, .view = view, .moment = moment, .out = ret };
    int count = 0, r = 0;
    ret->count = 0;
    g.known = vt_cache_find(painter, view);
    if (!g.known)
        return -ENOMEM;
    for (int i = 0; i < view->n_layers && !vt_pose_is_over(view, moment) && r == 0; i++) {
        const struct vt_view_layer *layer = &view->layers[i];
        struct vt_slot *slot = &g.known->slots[i];
        r = draw_layer(painter, view, layer, slot, moment);
        if (r == 0 && slot->surface && place(painter, view, layer, slot, moment, &g.layers[count]))
            g.starts[count++] = layer->kind == VT_LAYER_STILL ? layer->group : layer->items[0];
    }
    if (r == 0)
        r = gather(&g, 0, count, (struct common){ 0 });
    ret->count = r == 0 ? ret->count : 0;
    return r;
}
