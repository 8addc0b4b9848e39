#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "overlay/fade.h"
#include "overlay/roll.h"

#define STRIP_MOST  30000                // pixels of a ticker's strip; cairo's images end at 32767
#define PULSE_DEPTH 0.5                  // of the opacity that a pulse takes away
#define FAINTEST    (1.0 / 24)           // while it fades in or out: the first and the last frame show something

struct slot {
    uint64_t change;
    cairo_surface_t *surface;            // NULL: not drawn yet
    int x, y;                            // of its corner at rest, rendition pixels
    int period;                          // of a ticker, pixels
};

struct known {
    const struct vt_view *view;
    struct slot slots[VT_LAYERS_MAX];
    struct vt_fade fades[VT_LAYERS_MAX];         // in the order of the drawing
    struct known *next;
};

struct vt_painter {
    int width, height;
    struct known *known;
    struct vt_scaled_picture pictures[VT_SCALED_PICTURES];
    int next_picture;
};

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

static void free_known(struct known *known)
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
    for (struct known **at = &painter->known; *at; at = &(*at)->next) {
        struct known *found = *at;
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

static struct known *find_known(struct vt_painter *painter, const struct vt_view *view)
{
    for (struct known *known = painter->known; known; known = known->next) {
        if (known->view == view)
            return known;
    }
    struct known *known = calloc(1, sizeof *known);
    if (!known)
        return NULL;
    known->view = view;
    known->next = painter->known;
    painter->known = known;
    return known;
}

// ---- surfaces

static struct vt_brush make_brush(struct vt_painter *p, const struct vt_view *view, cairo_surface_t *surface, double x,
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

static int finish(const struct vt_brush *brush, cairo_surface_t *surface)
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
static int prepare(struct slot *slot, const struct vt_painter *p, double x0, double y0, double x1, double y1)
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
        right = view->rtl;
        break;
    case VT_TEXT_END:
        right = !view->rtl;
        break;
    case VT_TEXT_RIGHT:
        right = true;
        break;
    case VT_TEXT_LEFT:
        break;
    }
    return right ? room : 0;
}

static int64_t time_left(const struct vt_timer_content *timer, const struct vt_moment *moment)
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

// Of the lowest threshold that the time left lies below.
static struct vt_colour4 timer_colour(const struct vt_item *item, int64_t left_ns)
{
    const struct vt_timer_content *timer = item->timer;
    struct vt_colour4 colour = item->box.style.text.colour;
    int64_t lowest = INT64_MAX;
    for (int i = 0; i < timer->n_thresholds; i++) {
        const struct vt_threshold *t = &timer->thresholds[i];
        if (left_ns <= t->below_ns && t->below_ns < lowest) {
            lowest = t->below_ns;
            colour = t->colour;
        }
    }
    return colour;
}

static void paint_timer(const struct vt_brush *brush, const struct vt_view *view, const struct vt_item *item,
                        const char *text, struct vt_colour4 colour)
{
    const struct vt_timer_content *timer = item->timer;
    double x = item->box.x + item->box.edge[VT_LEFT] + timer_start(view, item, text_width(timer, text));
    double y = item->box.y + item->box.edge[VT_TOP] + (vt_item_inner_height(item) - timer->height) / 2;
    for (; *text; text++) {
        const struct vt_shaped *glyph = &timer->glyphs[*text == ':' ? 10 : *text - '0'];
        vt_paint_shaped(brush, glyph, x, y, colour, 1);
        x += *text == ':' ? timer->colon : timer->digit;
    }
}

static int draw_timer(struct vt_painter *p, const struct vt_view *view, const struct vt_view_layer *layer,
                      struct slot *slot, const struct vt_moment *moment)
{
    const struct vt_item *item = layer->items[0];
    char text[VT_TIMER_TEXT];
    int64_t left = time_left(item->timer, moment);
    struct vt_colour4 colour = timer_colour(item, left);
    vt_timer_text(item->timer->up ? gone(item->timer, left) : left, item->timer->format, text);
    uint64_t change = vt_hash(vt_hash(layer->hash, text, strlen(text)), &colour, sizeof colour);
    double sx = p->width / view->width, sy = p->height / view->height;
    if (slot->surface && slot->change == change)
        return 0;
    if (prepare(slot, p, layer->x0 * sx - 1, layer->y0 * sy - 1, layer->x1 * sx + 1, layer->y1 * sy + 1) != 0)
        return -ENOMEM;
    struct vt_brush brush = make_brush(p, view, slot->surface, slot->x, slot->y);
    paint_timer(&brush, view, item, text, colour);
    slot->change = change;
    return finish(&brush, slot->surface);
}

// ---- numbers

static const struct vt_item *item_before(const struct vt_view *view, const struct vt_item *item,
                                         const struct vt_moment *moment)
{
    const struct vt_view *before = moment->before;
    for (int i = 0; before && before->template == view->template && i < before->n_items; i++) {
        if (before->items[i]->node == item->node && before->items[i]->index == item->index)
            return before->items[i];
    }
    return NULL;
}

// How far a change of the item has come, 0..1, seen at the end of its frame; 1: it is over, or there was none.
static double change_progress(const struct vt_view *view, const struct vt_item *item, const struct vt_moment *moment,
                              const struct vt_item **ret_before)
{
    const struct vt_change *change = item->change;
    int64_t since = moment->now_ns + view->frame_ns - moment->change_ns;
    if (!change || !moment->before || since >= change->duration_ns || since < 0 ||
        (moment->reduced && view->template->calm_change))
        return 1;
    *ret_before = item_before(view, item, moment);
    return vt_changed_from(item, *ret_before) ? (double)since / (double)change->duration_ns : 1;
}

static int draw_number(struct vt_painter *p, const struct vt_view *view, const struct vt_view_layer *layer,
                       struct slot *slot, const struct vt_moment *moment)
{
    const struct vt_item *item = layer->items[0], *before = NULL;
    double progress = change_progress(view, item, moment, &before);
    double sx = p->width / view->width, sy = p->height / view->height;
    uint64_t change = layer->hash;
    if (progress < 1) {
        change = vt_hash(change, &before->shaped.hash, sizeof before->shaped.hash);
        change = vt_hash(change, &progress, sizeof progress);
    }
    if (slot->surface && slot->change == change)
        return 0;
    if (prepare(slot, p, layer->x0 * sx - 1, layer->y0 * sy - 1, layer->x1 * sx + 1, layer->y1 * sy + 1) != 0)
        return -ENOMEM;
    struct vt_brush brush = make_brush(p, view, slot->surface, slot->x, slot->y);
    if (progress < 1)
        vt_roll_paint(&brush, item, before, vt_ease(&item->change->easing, progress));
    else
        vt_paint_shaped(&brush, &item->shaped, item->box.x + item->box.edge[VT_LEFT],
                        item->box.y + item->box.edge[VT_TOP], item->box.style.text.colour, item->box.style.opacity);
    slot->change = change;
    return finish(&brush, slot->surface);
}

// ---- tickers

static void paint_strip(const struct vt_brush *b, const struct vt_view *view, const struct vt_item *item, int period,
                        int width)
{
    const struct vt_ticker_content *ticker = item->ticker;
    for (int start = 0; start < width; start += period) {
        double x = view->rtl ? (double)period / b->sx : 0;
        for (int i = 0; i < ticker->count; i++) {
            x -= view->rtl ? ticker->widths[i] : 0;
            struct vt_brush moved = *b;
            moved.x = -start;
            vt_paint_shaped(&moved, &ticker->items[i], x, (vt_item_inner_height(item) - ticker->height) / 2,
                            item->box.style.text.colour, 1);
            x += view->rtl ? 0 : ticker->widths[i];
        }
    }
}

// Items one after another, each in the window's place.
static int64_t flipped(const struct vt_ticker_content *ticker, const struct vt_moment *moment)
{
    return moment->now_ns > moment->enter_ns ? (moment->now_ns - moment->enter_ns) / ticker->hold_ns : 0;
}

static int draw_flip(struct vt_painter *p, const struct vt_view *view, const struct vt_view_layer *layer,
                     struct slot *slot, const struct vt_moment *moment)
{
    const struct vt_item *item = layer->items[0];
    const struct vt_ticker_content *ticker = item->ticker;
    int shown = (int)(flipped(ticker, moment) % ticker->count);
    uint64_t change = vt_hash(layer->hash, &shown, sizeof shown);
    double sx = p->width / view->width, sy = p->height / view->height;
    if (slot->surface && slot->change == change)
        return 0;
    if (prepare(slot, p, layer->x0 * sx, layer->y0 * sy, layer->x1 * sx, layer->y1 * sy) != 0)
        return -ENOMEM;
    struct vt_brush brush = make_brush(p, view, slot->surface, slot->x, slot->y);
    double y = item->box.y + item->box.edge[VT_TOP] + (vt_item_inner_height(item) - ticker->height) / 2;
    double x = item->box.x + item->box.edge[VT_LEFT] + timer_start(view, item, ticker->widths[shown]);
    vt_paint_shaped(&brush, &ticker->items[shown], x, y, item->box.style.text.colour, 1);
    slot->change = change;
    return finish(&brush, slot->surface);
}

// Each item comes in and goes out within a fifth of a second.
static double flip_opacity(const struct vt_ticker_content *ticker, const struct vt_moment *moment)
{
    int64_t since = (moment->now_ns - moment->enter_ns) % ticker->hold_ns, edge = VT_NS_PER_S / 5;
    if (ticker->count < 2 || moment->now_ns < moment->enter_ns || ticker->hold_ns < 4 * edge)
        return 1;
    double in = flipped(ticker, moment) == 0 ? 1 : (double)(since + edge / 6) / (double)edge;
    return fmin(1, fmin(in, (double)(ticker->hold_ns - since) / (double)edge));
}

static int draw_ticker(struct vt_painter *p, const struct vt_view *view, const struct vt_view_layer *layer,
                       struct slot *slot, const struct vt_moment *moment)
{
    if (layer->items[0]->ticker->hold_ns)
        return draw_flip(p, view, layer, slot, moment);
    const struct vt_item *item = layer->items[0];
    double sx = p->width / view->width, sy = p->height / view->height;
    int window = (int)fmax(1, round(layer->x1 * sx) - round(layer->x0 * sx));
    int height = (int)fmax(1, round(layer->y1 * sy) - round(layer->y0 * sy));
    int period = (int)fmax(1, round(item->ticker->width * sx)), width = period + window;
    if (slot->surface)
        return 0;
    if (width > STRIP_MOST || height > 2 * p->height)
        return 0;                        // not drawn: no picture is that wide
    slot->surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, width, height);
    if (cairo_surface_status(slot->surface) != CAIRO_STATUS_SUCCESS)
        return -ENOMEM;
    slot->x = (int)round(layer->x0 * sx);
    slot->y = (int)round(layer->y0 * sy);
    slot->period = period;
    slot->change = layer->hash;
    struct vt_brush brush = make_brush(p, view, slot->surface, 0, 0);
    paint_strip(&brush, view, item, period, width);
    return finish(&brush, slot->surface);
}

// The strip's column at the left edge of the window: whole pixels, from the time since the cue's first frame.
static int scrolled(const struct vt_painter *p, const struct vt_view *view, const struct vt_view_layer *layer,
                    const struct slot *slot, const struct vt_moment *moment, int window)
{
    int64_t elapsed = (moment->now_ns > moment->enter_ns ? moment->now_ns - moment->enter_ns : 0) + moment->ticker_ns;
    int64_t speed = llround(layer->items[0]->ticker->speed * (p->width / view->width) * 1000);     // pixels in 1000 s
    int64_t moved = (int64_t)((__int128)elapsed * speed / (1000 * VT_NS_PER_S) % slot->period);
    if (!view->rtl)
        return (int)moved;
    int64_t at = (slot->period - window % slot->period - moved) % slot->period;
    return (int)(at < 0 ? at + slot->period : at);
}

// ---- poses

static void add_pose(const struct vt_view *view, const struct vt_item *item, const struct vt_motion *motion,
                     double progress, struct vt_pose *to)
{
    struct vt_pose pose = vt_motion_pose(motion, progress, item->box.width, item->box.height, view->scale);
    bool moving = progress > 0 && progress < 1;
    to->opacity *= moving && pose.opacity < FAINTEST ? FAINTEST : pose.opacity;
    to->x += pose.x;
    to->y += pose.y;
    to->scale *= pose.scale;
    to->turn += pose.turn;
    if (pose.has_colour)
        to->has_colour = true, to->colour = pose.colour;
    if (pose.has_background)
        to->has_background = true, to->background = pose.background;
}

// Not so soon after the one before that it would flash.
static bool is_due(const struct vt_change *change, const struct vt_moment *moment)
{
    return moment->since_change_ns <= 0 || moment->since_change_ns >= change->gap_ns;
}

static double pulse_at(double progress)
{
    return 1 - PULSE_DEPTH * sin(M_PI * fmin(progress, 1));
}

// An item's own pose. An entry is seen at the end of its frame, so that its first frame shows something; an exit at the
// start.
static struct vt_pose own_pose(const struct vt_view *view, const struct vt_item *item, const struct vt_moment *moment)
{
    struct vt_pose pose = VT_POSE_REST;
    const struct vt_template *t = view->template;
    bool calm = moment->reduced;
    const struct vt_item *before = NULL;
    int64_t since_enter = moment->now_ns + view->frame_ns - moment->enter_ns;
    int64_t since_exit = moment->now_ns - moment->exit_ns;
    bool exiting = moment->exit_ns != INT64_MAX && since_exit >= 0;
    if (item->box.first)
        pose.opacity *= item->box.style.opacity;
    int64_t entered = since_enter - item->enter_delay_ns;
    if (item->enter && item->enter->duration_ns > entered && !(calm && t->calm_enter))
        add_pose(view, item, item->enter, fmax(0, (double)entered / (double)item->enter->duration_ns), &pose);
    if (item->loop && since_enter > 0 && !(calm && t->calm_loop))
        add_pose(view, item, item->loop, (double)(since_enter % item->loop->duration_ns) /
                                             (double)item->loop->duration_ns, &pose);
    if (item->change && item->change->effect == VT_PULSE && is_due(item->change, moment))
        pose.opacity *= pulse_at(change_progress(view, item, moment, &before));
    if (item->exit && exiting && item->exit->duration_ns > 0 && !(calm && t->calm_exit))
        add_pose(view, item, item->exit, (double)since_exit / (double)item->exit->duration_ns, &pose);
    return pose;
}

// How far an item is moved, with all that it is in.
static struct vt_pose moved(const struct vt_view *view, const struct vt_item *item, const struct vt_moment *moment)
{
    struct vt_pose sum = VT_POSE_REST;
    for (; item; item = item->parent) {
        struct vt_pose pose = own_pose(view, item, moment);
        sum.x += pose.x;
        sum.y += pose.y;
        sum.opacity *= pose.opacity;
    }
    return sum;
}

static bool is_at_rest(const struct vt_pose *pose)
{
    return pose->opacity >= 1 && pose->scale == 1 && pose->turn == 0;
}

// The outermost of the items around `item`, and inside of `around` (NULL: all), that fades, grows or turns.
static const struct vt_item *outermost(const struct vt_view *view, const struct vt_item *item, const struct vt_item *around,
                                       const struct vt_moment *moment)
{
    const struct vt_item *found = NULL;
    for (; item != around; item = item->parent) {
        struct vt_pose pose = own_pose(view, item, moment);
        if (!is_at_rest(&pose))
            found = item;
    }
    return found;
}

static bool is_over(const struct vt_view *view, const struct vt_moment *moment)
{
    int64_t exit_ns = moment->reduced && view->template->calm_exit ? 0 : view->exit_ns;
    return moment->exit_ns != INT64_MAX && moment->now_ns - moment->exit_ns >= exit_ns;
}

// ---- what stands still

// The same layer of another view, drawn already.
static bool share(const struct vt_painter *p, const struct vt_view_layer *layer, struct slot *slot)
{
    for (const struct known *known = p->known; known; known = known->next) {
        for (int i = 0; i < known->view->n_layers; i++) {
            const struct slot *other = &known->slots[i];
            if (known->view->layers[i].id != layer->id || !other->surface || other->change != layer->hash)
                continue;
            *slot = (struct slot){ other->change, cairo_surface_reference(other->surface), other->x, other->y, 0 };
            return true;
        }
    }
    return false;
}

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
    if (pose->has_background)
        copy.box.style.background = pose->background;
    vt_paint_item(brush, &copy);
}

static int draw_still(struct vt_painter *p, const struct vt_view *view, const struct vt_view_layer *layer,
                      struct slot *slot, const struct vt_moment *moment)
{
    double sx = p->width / view->width, sy = p->height / view->height;
    uint64_t change = layer->hash;
    for (int i = 0; i < layer->count; i++) {
        struct vt_pose pose = own_pose(view, layer->items[i], moment);
        change = hash_colours(change, &pose);
    }
    if ((slot->surface && slot->change == change) || (!slot->surface && change == layer->hash && share(p, layer, slot)))
        return 0;
    if (prepare(slot, p, layer->x0 * sx, layer->y0 * sy, layer->x1 * sx, layer->y1 * sy) != 0)
        return -ENOMEM;
    struct vt_brush brush = make_brush(p, view, slot->surface, slot->x, slot->y);
    for (int i = 0; i < layer->count; i++) {
        struct vt_pose pose = own_pose(view, layer->items[i], moment);
        paint_tinted(&brush, layer->items[i], &pose);
    }
    slot->change = change;
    return finish(&brush, slot->surface);
}

// ---- drawing

// A layer where it stands now, with the opacity of its leaf alone. False: it does not show.
static bool place(struct vt_painter *p, const struct vt_view *view, const struct vt_view_layer *layer,
                  const struct slot *slot, const struct vt_moment *moment, struct vt_layer *to)
{
    const struct vt_item *item = layer->items[0];
    struct vt_pose pose = moved(view, layer->group, moment);
    double opacity = 1;
    if (layer->kind == VT_LAYER_TIMER && item->timer->hides && time_left(item->timer, moment) <= 0)
        return false;
    if (layer->kind == VT_LAYER_TIMER || layer->kind == VT_LAYER_TICKER) {
        for (const struct vt_item *at = item; at != layer->group && at; at = at->parent)
            opacity *= at->box.style.opacity;
    }
    if (pose.opacity * opacity < 0.5 / 255)
        return false;
    *to = (struct vt_layer){
        .id = layer->id,
        .change = slot->change,
        .pixels = slot->surface,
        .x = slot->x + (int)round(pose.x * p->width / view->width),
        .y = slot->y + (int)round(pose.y * p->height / view->height),
        .width = cairo_image_surface_get_width(slot->surface),
        .height = cairo_image_surface_get_height(slot->surface),
        .opacity = (float)opacity,
    };
    if (layer->kind == VT_LAYER_TICKER && item->ticker->hold_ns) {
        to->opacity *= (float)flip_opacity(item->ticker, moment);
    } else if (layer->kind == VT_LAYER_TICKER) {
        to->width -= slot->period;
        to->source_x = scrolled(p, view, layer, slot, moment, to->width);
    }
    return true;
}

struct gathering {
    struct vt_painter *painter;
    const struct vt_view *view;
    const struct vt_moment *moment;
    struct known *known;
    int fades;
    struct vt_layer layers[VT_LAYERS_MAX];
    const struct vt_item *groups[VT_LAYERS_MAX];
    struct vt_drawing *out;
};

// Gives the layers from `first` on, `count` of them, that `fader` has in common, to the drawing as it shows them.
static int fade(struct gathering *g, const struct vt_item *fader, int first)
{
    const struct vt_painter *p = g->painter;
    struct vt_drawing *out = g->out;
    struct vt_pose pose = own_pose(g->view, fader, g->moment), all = moved(g->view, fader, g->moment);
    double sx = p->width / g->view->width, sy = p->height / g->view->height;
    struct vt_turn turn = { (fader->box.x + fader->box.width / 2 + all.x) * sx,
                            (fader->box.y + fader->box.height / 2 + all.y) * sy, pose.scale, pose.turn };
    bool turns = pose.scale != 1 || pose.turn != 0;
    int count = out->count - first, r = 0;
    if (count > 0 && g->fades < VT_LAYERS_MAX && (turns || vt_layers_overlap(out->layers + first, count))) {
        r = vt_fade_flatten(&g->known->fades[g->fades++], out->layers + first, count, turns ? &turn : NULL, p->width, p->height,
                            &out->layers[first]);
        out->count = first + 1;
    }
    for (int i = first; i < out->count; i++)
        out->layers[i].opacity *= (float)pose.opacity;
    return r;
}

// The layers from `i` to `end` inside of `around`.
static int gather(struct gathering *g, int i, int end, const struct vt_item *around)
{
    int r = 0;
    while (i < end && r == 0) {
        const struct vt_item *fader = outermost(g->view, g->groups[i], around, g->moment);
        int next = i + 1, first = g->out->count;
        while (fader && next < end && outermost(g->view, g->groups[next], around, g->moment) == fader)
            next++;
        if (!fader) {
            g->out->layers[g->out->count++] = g->layers[i];
        } else {
            r = gather(g, i, next, fader);
            r = r == 0 ? fade(g, fader, first) : r;
        }
        i = next;
    }
    return r;
}

static int draw_layer(struct vt_painter *painter, const struct vt_view *view, const struct vt_view_layer *layer,
                      struct slot *slot, const struct vt_moment *moment)
{
    switch (layer->kind) {
    case VT_LAYER_TIMER:
        return draw_timer(painter, view, layer, slot, moment);
    case VT_LAYER_NUMBER:
        return draw_number(painter, view, layer, slot, moment);
    case VT_LAYER_TICKER:
        return draw_ticker(painter, view, layer, slot, moment);
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
    g.known = find_known(painter, view);
    if (!g.known)
        return -ENOMEM;
    for (int i = 0; i < view->n_layers && !is_over(view, moment) && r == 0; i++) {
        const struct vt_view_layer *layer = &view->layers[i];
        struct slot *slot = &g.known->slots[i];
        r = draw_layer(painter, view, layer, slot, moment);
        if (r == 0 && slot->surface && place(painter, view, layer, slot, moment, &g.layers[count]))
            g.groups[count++] = layer->group;
    }
    if (r == 0)
        r = gather(&g, 0, count, NULL);
    ret->count = r == 0 ? ret->count : 0;
    return r;
}
