#include "overlay/live.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "overlay/cells.h"
#include "overlay/pose.h"
#include "overlay/roll.h"

#define ROLL_NS (VT_NS_PER_S * 2 / 5)    // that a ticker's next item takes to push the one before out

// ---- timers

static double text_width(const struct vt_timer_content *timer, const char *text)
{
    double width = 0;
    for (; *text; text++)
        width += *text == ':' ? timer->colon : timer->digit;
    return width;
}

static double timer_start(const struct vt_view *view, const struct vt_item *item, double width)
{
    double room = vt_item_inner_width(item) - width;
    bool right = false;
    switch ((enum vt_text_align)item->box.style.text.align) {
    case VT_TEXT_CENTER:
        return room / 2;
    case VT_TEXT_START:
        right = vt_item_rtl(view, item);
        break;
    case VT_TEXT_END:
        right = !vt_item_rtl(view, item);
        break;
    case VT_TEXT_RIGHT:
        right = true;
        break;
    case VT_TEXT_LEFT:
        break;
    }
    return right ? room : 0;
}

int64_t vt_live_left(const struct vt_timer_content *timer, const struct vt_moment *moment)
{
    int64_t until = timer->for_ns ? moment->enter_ns + timer->for_ns : timer->until_ns;
    int64_t left = until - moment->now_ns;
    return left < timer->most_ns ? left : timer->most_ns;
}

// Whole seconds that have gone, as vt_timer_text wants them: a second is counted when it is over.
static int64_t gone(const struct vt_timer_content *timer, int64_t left_ns)
{
    int64_t gone_ns = timer->for_ns - (left_ns > 0 ? left_ns : 0);
    return gone_ns / VT_NS_PER_S * VT_NS_PER_S;
}

// Of the looks that the time left lies below, the lowest: its place, -1 for none.
static int look_of(const struct vt_timer_content *timer, int64_t left_ns)
{
    int found = -1;
    for (int i = 0; i < timer->n_looks; i++) {
        if (left_ns <= timer->looks[i].below_ns && (found < 0 || timer->looks[i].below_ns < timer->looks[found].below_ns))
            found = i;
    }
    return found;
}

// What the clock says; "" when its text at zero stands there.
static void say(const struct vt_timer_content *timer, int64_t left_ns, char text[VT_TIMER_TEXT])
{
    text[0] = 0;
    if (left_ns <= 0 && timer->ending.n_runs)
        return;
    if (left_ns < 0 && timer->zero == VT_ZERO_UP)
        vt_timer_text(-left_ns / VT_NS_PER_S * VT_NS_PER_S, timer->format, text);
    else
        vt_timer_text(timer->up ? gone(timer, left_ns) : left_ns, timer->format, text);
}

// A clock as it looks now.
struct face {
    const char *text;
    struct vt_item item;                 // with the look that the time left gives it
    struct vt_cell_look look;
    struct vt_cell cells[VT_TIMER_TEXT];
    int count;
    double x, y;                         // of its text
};

static void make_face(struct face *face, const struct vt_painter *p, const struct vt_view *view, const struct vt_item *item,
                      const char *text, int look)
{
    const struct vt_timer_content *timer = item->timer;
    double width = *text ? text_width(timer, text) : timer->ending_width;
    *face = (struct face){ .text = text, .item = *item };
    if (look >= 0)
        face->item.box.style = *timer->looks[look].style;
    face->item.box.style.opacity = 1;    // the layer's
    face->look = (struct vt_cell_look){ &face->item.box.style.text, p->width / view->width, item->scale };
    face->x = item->box.x + item->box.edge[VT_LEFT] + timer_start(view, &face->item, width);
    face->y = item->box.y + item->box.edge[VT_TOP] + (vt_item_inner_height(item) - timer->height) / 2;
    face->count = vt_cells_of(timer, text, face->x, face->cells);
}

static void paint_cells(const struct vt_brush *brush, const struct face *face, const struct vt_columns *columns)
{
    const struct vt_text_style *style = face->look.style;
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < face->count; i++) {
            const struct vt_cell *cell = &face->cells[i];
            if (columns && !vt_cell_shows(&face->look, cell, columns))
                continue;
            if (pass == 0)
                vt_paint_behind(brush, style, face->look.scale, cell->glyph, cell->x, face->y, 1);
            else
                vt_paint_shaped(brush, cell->glyph, cell->x, face->y, style->colour, 1);
        }
    }
}

static int draw_face(struct vt_painter *p, const struct vt_view *view, const struct vt_view_layer *layer,
                     struct vt_slot *slot, const struct face *face)
{
    double sx = p->width / view->width, sy = p->height / view->height;
    if (vt_cache_prepare(slot, p, layer->x0 * sx - 1, layer->y0 * sy - 1, layer->x1 * sx + 1, layer->y1 * sy + 1) != 0)
        return -ENOMEM;
    struct vt_brush brush = vt_cache_brush(p, view, slot->surface, slot->x, slot->y);
    if (face->item.timer->boxed)
        vt_paint_item(&brush, &face->item);
    paint_cells(&brush, face, NULL);
    return vt_cache_finish(&brush, slot->surface);
}

// The columns of the slot's surface in which the clock differs from what stands there. False: it is to be drawn whole.
static bool find_changed(const struct face *face, const struct vt_slot *slot, int look, struct vt_columns *columns)
{
    struct vt_cell then[VT_TIMER_TEXT];
    if (!slot->surface || slot->look != look || !*slot->text || strlen(slot->text) != strlen(face->text) ||
        face->item.timer->boxed)
        return false;
    vt_cells_of(face->item.timer, slot->text, face->x, then);
    if (!vt_cells_changed(&face->look, then, face->cells, face->count, columns))
        return false;
    columns->x0 = fmax(columns->x0, slot->x);
    columns->x1 = fmin(columns->x1, slot->x + cairo_image_surface_get_width(slot->surface));
    return columns->x0 < columns->x1;
}

static int draw_changed(struct vt_painter *p, const struct vt_view *view, struct vt_slot *slot, const struct face *face,
                        const struct vt_columns *columns)
{
    struct vt_brush brush = vt_cache_brush(p, view, slot->surface, slot->x, slot->y);
    cairo_rectangle(brush.cr, columns->x0 - slot->x, 0, columns->x1 - columns->x0,
                    cairo_image_surface_get_height(slot->surface));
    cairo_clip(brush.cr);
    cairo_set_operator(brush.cr, CAIRO_OPERATOR_CLEAR);
    cairo_paint(brush.cr);
    cairo_set_operator(brush.cr, CAIRO_OPERATOR_OVER);
    paint_cells(&brush, face, columns);
    slot->before = slot->change;
    slot->changed_x = (int)columns->x0 - slot->x;
    slot->changed_width = (int)(columns->x1 - columns->x0);
    return vt_cache_finish(&brush, slot->surface);
}

int vt_live_timer(struct vt_painter *p, const struct vt_view *view, const struct vt_view_layer *layer,
                  struct vt_slot *slot, const struct vt_moment *moment)
{
    const struct vt_item *item = layer->items[0];
    char text[VT_TIMER_TEXT];
    int64_t left = vt_live_left(item->timer, moment);
    int look = look_of(item->timer, left);
    say(item->timer, left, text);
    uint64_t change = vt_hash(vt_hash(layer->hash, text, strlen(text)), &look, sizeof look);
    if (slot->surface && slot->change == change)
        return 0;
    struct face face;
    struct vt_columns columns;
    make_face(&face, p, view, item, text, look);
    slot->before = 0;
    int r = find_changed(&face, slot, look, &columns) ? draw_changed(p, view, slot, &face, &columns)
                                                      : draw_face(p, view, layer, slot, &face);
    slot->change = r == 0 ? change : 0;
    slot->look = look;
    strcpy(slot->text, r == 0 ? text : "");
    return r;
}

// ---- numbers

int vt_live_number(struct vt_painter *p, const struct vt_view *view, const struct vt_view_layer *layer,
                       struct vt_slot *slot, const struct vt_moment *moment)
{
    const struct vt_item *item = layer->items[0], *before = NULL;
    double progress = vt_pose_change(view, item, moment, &before);
    double sx = p->width / view->width, sy = p->height / view->height;
    uint64_t change = layer->hash;
    if (progress < 1) {
        change = vt_hash(change, &before->shaped.hash, sizeof before->shaped.hash);
        change = vt_hash(change, &progress, sizeof progress);
    }
    if (slot->surface && slot->change == change)
        return 0;
    if (vt_cache_prepare(slot, p, layer->x0 * sx - 1, layer->y0 * sy - 1, layer->x1 * sx + 1, layer->y1 * sy + 1) != 0)
        return -ENOMEM;
    struct vt_brush brush = vt_cache_brush(p, view, slot->surface, slot->x, slot->y);
    if (progress < 1)
        vt_roll_paint(&brush, item, before, vt_ease(&item->change->easing, progress));
    else {
        vt_paint_behind(&brush, &item->box.style.text, item->scale, &item->shaped, item->box.x + item->box.edge[VT_LEFT],
                        item->box.y + item->box.edge[VT_TOP], item->box.style.opacity);
        vt_paint_shaped(&brush, &item->shaped, item->box.x + item->box.edge[VT_LEFT],
                        item->box.y + item->box.edge[VT_TOP], item->box.style.text.colour, item->box.style.opacity);
    }
    slot->change = change;
    return vt_cache_finish(&brush, slot->surface);
}

// ---- tickers

static void paint_strip(const struct vt_brush *b, const struct vt_view *view, const struct vt_item *item, int period,
                        int width)
{
    const struct vt_ticker_content *ticker = item->ticker;
    const struct vt_text_style *style = &item->box.style.text;
    bool rtl = vt_item_rtl(view, item);
    double y = (vt_item_inner_height(item) - ticker->height) / 2;
    for (int start = 0; start < width; start += period) {
        double x = rtl ? (double)period / b->sx : 0;
        for (int i = 0; i < ticker->count; i++) {
            x -= rtl ? ticker->widths[i] : 0;
            struct vt_brush moved = *b;
            moved.x = -start;
            vt_paint_behind(&moved, style, item->scale, &ticker->items[i], x, y, 1);
            vt_paint_shaped(&moved, &ticker->items[i], x, y, style->colour, 1);
            x += rtl ? 0 : ticker->widths[i];
        }
    }
}

// Items one after another, each in the window's place.
static int64_t flipped(const struct vt_ticker_content *ticker, const struct vt_moment *moment)
{
    return moment->now_ns > moment->enter_ns ? (moment->now_ns - moment->enter_ns) / ticker->hold_ns : 0;
}

// How far the item that is shown has come up, 0..1, and the one before it gone.
static double rolled(const struct vt_view *view, const struct vt_ticker_content *ticker, const struct vt_moment *moment)
{
    int64_t since = (moment->now_ns - moment->enter_ns) % ticker->hold_ns + view->frame_ns;
    if (!ticker->rolls || ticker->count < 2 || flipped(ticker, moment) == 0 || since >= ROLL_NS || ticker->hold_ns < 2 * ROLL_NS ||
        (moment->reduced && view->template->calm_loop))
        return 1;
    double t = (double)since / ROLL_NS;
    return t * t * (3 - 2 * t);
}

static void paint_flip(const struct vt_brush *brush, const struct vt_view *view, const struct vt_item *item, int shown,
                       double away)
{
    const struct vt_ticker_content *ticker = item->ticker;
    double height = vt_item_inner_height(item);
    double y = item->box.y + item->box.edge[VT_TOP] + (height - ticker->height) / 2 + away * height;
    double x = item->box.x + item->box.edge[VT_LEFT] + timer_start(view, item, ticker->widths[shown]);
    vt_paint_behind(brush, &item->box.style.text, item->scale, &ticker->items[shown], x, y, 1);
    vt_paint_shaped(brush, &ticker->items[shown], x, y, item->box.style.text.colour, 1);
}

static int draw_flip(struct vt_painter *p, const struct vt_view *view, const struct vt_view_layer *layer,
                     struct vt_slot *slot, const struct vt_moment *moment)
{
    const struct vt_item *item = layer->items[0];
    const struct vt_ticker_content *ticker = item->ticker;
    int shown = (int)(flipped(ticker, moment) % ticker->count);
    double come = rolled(view, ticker, moment);
    uint64_t change = vt_hash(vt_hash(layer->hash, &shown, sizeof shown), &come, sizeof come);
    double sx = p->width / view->width, sy = p->height / view->height;
    if (slot->surface && slot->change == change)
        return 0;
    if (vt_cache_prepare(slot, p, layer->x0 * sx, layer->y0 * sy, layer->x1 * sx, layer->y1 * sy) != 0)
        return -ENOMEM;
    struct vt_brush brush = vt_cache_brush(p, view, slot->surface, slot->x, slot->y);
    paint_flip(&brush, view, item, shown, 1 - come);
    if (come < 1)
        paint_flip(&brush, view, item, (shown + ticker->count - 1) % ticker->count, -come);
    slot->change = change;
    return vt_cache_finish(&brush, slot->surface);
}

// Each item comes in and goes out within a fifth of a second.
double vt_live_flip_opacity(const struct vt_ticker_content *ticker, const struct vt_moment *moment)
{
    int64_t since = (moment->now_ns - moment->enter_ns) % ticker->hold_ns, edge = VT_NS_PER_S / 5;
    if (ticker->rolls || ticker->count < 2 || moment->now_ns < moment->enter_ns || ticker->hold_ns < 4 * edge)
        return 1;
    double in = flipped(ticker, moment) == 0 ? 1 : (double)(since + edge / 6) / (double)edge;
    return fmin(1, fmin(in, (double)(ticker->hold_ns - since) / (double)edge));
}

int vt_live_ticker(struct vt_painter *p, const struct vt_view *view, const struct vt_view_layer *layer,
                       struct vt_slot *slot, const struct vt_moment *moment)
{
    if (layer->items[0]->ticker->hold_ns)
        return draw_flip(p, view, layer, slot, moment);
    const struct vt_item *item = layer->items[0];
    double sx = p->width / view->width, sy = p->height / view->height;
    int window = (int)fmax(1, round(layer->x1 * sx) - round(layer->x0 * sx));
    int height = (int)fmax(1, round(layer->y1 * sy) - round(layer->y0 * sy));
    int period = (int)fmax(1, round(item->ticker->width * sx)), width = period + window + VT_STRIP_MARGIN;
    if (slot->surface)
        return 0;
    if (width > VT_STRIP_MOST || height > 2 * p->height)
        return 0;                        // not drawn: no picture is that wide
    slot->surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, width, height);
    if (cairo_surface_status(slot->surface) != CAIRO_STATUS_SUCCESS)
        return -ENOMEM;
    slot->x = (int)round(layer->x0 * sx);
    slot->y = (int)round(layer->y0 * sy);
    slot->period = period;
    slot->change = layer->hash;
    struct vt_brush brush = vt_cache_brush(p, view, slot->surface, 0, 0);
    paint_strip(&brush, view, item, period, width);
    return vt_cache_finish(&brush, slot->surface);
}

int64_t vt_live_scrolled(const struct vt_painter *p, const struct vt_view *view, const struct vt_view_layer *layer,
                         const struct vt_slot *slot, const struct vt_moment *moment)
{
    const struct vt_ticker_content *ticker = layer->items[0]->ticker;
    int64_t elapsed = (moment->now_ns > moment->enter_ns ? moment->now_ns - moment->enter_ns : 0) +
                      (ticker->marquee ? 0 : moment->ticker_ns);
    if (ticker->marquee && moment->reduced && view->template->calm_loop)
        elapsed = 0;
    int64_t speed = llround(ticker->speed * (p->width / view->width) * 1000);     // pixels in 1000 s
    int64_t period = (int64_t)slot->period * VT_PARTS, window = (int64_t)vt_live_window(slot) * VT_PARTS;
    __int128 parts = (__int128)elapsed * speed * VT_PARTS, unit = 1000 * VT_NS_PER_S;
    int64_t moved = (int64_t)((parts + unit / 2) / unit % period);
    if (!vt_item_rtl(view, layer->items[0]))
        return moved;
    int64_t at = (period - window % period - moved) % period;
    return at < 0 ? at + period : at;
}

int vt_live_window(const struct vt_slot *slot)
{
    return cairo_image_surface_get_width(slot->surface) - slot->period - VT_STRIP_MARGIN;
}
