#include "overlay/inspect.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "overlay/paint.h"
#include "overlay/pose.h"

#define HARDLY        0.05               // share of a text's pixels that may fall below the contrast
#define UNREADABLE    3.0                // contrast below this is an error for any text
#define CONTRASTS     211                // steps of a tenth, from 0 to 21
#define COVERED       96                 // of 255: a pixel that belongs to a letter
#define SLACK         1.5                // canvas pixels over the edge of the safe area

// A page is painted item by item, so that what lies behind each text is known when its turn comes; twice: with the
// pictures as they are, and with holes in their place, because another product has another picture.
struct page {
    const struct vt_view *view;
    cairo_surface_t *drawn, *holed;
    struct vt_scaled_picture kept[VT_SCALED_PICTURES];
    int next;
    struct vt_flaws *to;
    struct vt_moment moment;             // of the loops; enter_ns INT64_MAX: at rest, without them
};

struct area {
    int x0, y0, x1, y1;
};

int vt_template_languages(const struct vt_template *t, const char **ret, int room)
{
    int count = 0;
    const struct vt_yaml *entry = t->strings ? t->strings->first : NULL;
    for (; entry && count < room; entry = entry->next)
        ret[count++] = entry->key;
    return count;
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcasecmp(a, b) == 0 : a == b;
}

int vt_template_audiences(const struct vt_template *t, struct vt_audience *ret, int room)
{
    int count = 0;
    for (int i = 0; i < t->n_variants && count < room; i++) {
        const struct vt_variant *v = &t->variants[i];
        bool known = !v->language && !v->market && !v->output;
        for (int k = 0; k < count && !known; k++)
            known = same_text(ret[k].language, v->language) && same_text(ret[k].market, v->market) &&
                    same_text(ret[k].output, v->output);
        if (!known)
            ret[count++] = (struct vt_audience){ v->language, v->market, v->output };
    }
    return count;
}

int vt_template_steps(const struct vt_template *t)
{
    const struct vt_yaml *steps = vt_yaml_get(vt_yaml_root(t->document), "stepCount");
    int count = steps ? atoi(steps->text) : 1;
    return count > 1 ? count : 1;
}

void vt_flaw_add(struct vt_flaws *to, enum vt_severity severity, const struct vt_flaw *where, const char *format, ...)
{
    if (to->count == VT_FLAWS_MAX)
        return;
    struct vt_flaw *flaw = &to->list[to->count++];
    va_list arguments;
    *flaw = *where;
    flaw->severity = severity;
    flaw->form = format;
    va_start(arguments, format);
    vsnprintf(flaw->text, sizeof flaw->text, format, arguments);
    va_end(arguments);
}

static struct vt_flaw at_item(const struct vt_item *item)
{
    const struct vt_box *box = &item->box;
    return (struct vt_flaw){ .line = item->node->yaml->line, .column = item->node->yaml->column, .x = box->x,
                                .y = box->y, .width = box->width, .height = box->height };
}

static const char *name_of(const struct vt_item *item)
{
    return item->node->id ? item->node->id : vt_node_type_name(item->node->type);
}

// CSS pixels of the smallest player that a canvas pixel is.
static double player_px(const struct vt_view *view)
{
    return VT_PLAYER_SIDE / fmin(view->width, view->height);
}

// ---- painting

static struct vt_brush brush_on(struct page *page, cairo_surface_t *surface)
{
    return (struct vt_brush){ .cr = cairo_create(surface), .sx = 1, .sy = 1, .pictures = page->kept,
                              .next_picture = &page->next };
}

static void paint(struct page *page, cairo_surface_t *surface, const struct vt_item *item)
{
    struct vt_brush brush = brush_on(page, surface);
    vt_paint_clip(&brush, item, NULL);
    vt_paint_item(&brush, item);
    cairo_destroy(brush.cr);
    cairo_surface_flush(surface);
}

static void cut_hole(cairo_surface_t *surface, const struct vt_item *item)
{
    cairo_t *cr = cairo_create(surface);
    cairo_set_operator(cr, CAIRO_OPERATOR_CLEAR);
    cairo_rectangle(cr, item->box.x, item->box.y, item->box.width, item->box.height);
    cairo_fill(cr);
    cairo_destroy(cr);
    cairo_surface_flush(surface);
}

static void paint_behind(struct page *page, const struct vt_item *item)
{
    struct vt_item bare = *item;
    bare.shaped.n_runs = 0;
    paint(page, page->drawn, &bare);
    if (item->picture)
        cut_hole(page->holed, item);
    else
        paint(page, page->holed, &bare);
}

// ---- contrast

static double linear(double value)
{
    return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4);
}

static double luminance(const double c[3])
{
    return 0.2126 * linear(c[0]) + 0.7152 * linear(c[1]) + 0.0722 * linear(c[2]);
}

static double contrast(const double a[3], const double b[3])
{
    double x = luminance(a) + 0.05, y = luminance(b) + 0.05;
    return x > y ? x / y : y / x;
}

struct letters {
    double colour[3], alpha;             // of the text
    double opacity;                      // of all that it stands in, which lets the video through
};

// The lower contrast of the two that a pixel has over black and over white video.
static double pixel_contrast(uint32_t pixel, const struct letters *letters)
{
    double least = 21;
    for (int video = 0; video < 2; video++) {
        double behind[3], text[3];
        for (int i = 0; i < 3; i++) {
            double back = ((pixel >> (16 - 8 * i) & 255) + (255 - (pixel >> 24)) * video) / 255.0;
            double front = back * (1 - letters->alpha) + letters->colour[i] * letters->alpha;
            behind[i] = back * letters->opacity + video * (1 - letters->opacity);
            text[i] = front * letters->opacity + video * (1 - letters->opacity);
        }
        least = fmin(least, contrast(text, behind));
    }
    return least;
}

// What all but the worst few of the text's pixels reach. `mask` (A8, as large as the area; NULL: all of it) says which
// they are; 21 when there are none.
static double area_contrast(cairo_surface_t *surface, struct area area, cairo_surface_t *mask,
                            const struct letters *letters)
{
    int found[CONTRASTS] = { 0 }, all = 0, step = 0;
    uint32_t last = 0;
    double last_contrast = pixel_contrast(0, letters);
    const uint8_t *data = cairo_image_surface_get_data(surface), *cover = mask ? cairo_image_surface_get_data(mask) : NULL;
    int stride = cairo_image_surface_get_stride(surface), mask_stride = mask ? cairo_image_surface_get_stride(mask) : 0;
    for (int y = area.y0; y < area.y1; y++) {
        for (int x = area.x0; x < area.x1; x++) {
            uint32_t pixel;
            if (cover && cover[(y - area.y0) * mask_stride + x - area.x0] < COVERED)
                continue;
            memcpy(&pixel, data + y * stride + 4 * x, 4);
            if (pixel != last)
                last_contrast = pixel_contrast(last = pixel, letters);
            found[(int)(last_contrast * 10)]++;
            all++;
        }
    }
    for (int seen = found[0]; all && seen <= all * HARDLY && step < CONTRASTS - 1;)
        seen += found[++step];
    return all ? step / 10.0 : 21;
}

static struct area clip_area(const struct vt_view *view, double x0, double y0, double x1, double y1)
{
    return (struct area){ (int)fmax(0, floor(x0)), (int)fmax(0, floor(y0)), (int)fmin(view->width, ceil(x1)),
                          (int)fmin(view->height, ceil(y1)) };
}

static bool is_letters(const struct vt_item *item)
{
    return item->shaped.n_runs > 0 && item->shaped.width > 0 && item->shaped.height > 0;
}

// Where a text's ink is; the content box of a clock or a ticker.
static struct area area_of(const struct vt_view *view, const struct vt_item *item)
{
    const struct vt_box *box = &item->box;
    const struct vt_shaped *shaped = &item->shaped;
    double x = box->x + box->edge[VT_LEFT], y = box->y + box->edge[VT_TOP];
    if (!is_letters(item))
        return clip_area(view, x, y, x + vt_item_inner_width(item), y + vt_item_inner_height(item));
    x += shaped->x;
    y += shaped->y + item->text_y;
    return clip_area(view, x, y, x + shaped->width, y + shaped->height);
}

// The letters of a text, without its emoji: those bring colours of their own.
static cairo_surface_t *mask_of(const struct vt_item *item, struct area area)
{
    const struct vt_box *box = &item->box;
    struct vt_shaped plain = item->shaped;
    cairo_surface_t *mask = cairo_image_surface_create(CAIRO_FORMAT_A8, area.x1 - area.x0, area.y1 - area.y0);
    struct vt_brush brush = { .cr = cairo_create(mask), .sx = 1, .sy = 1, .x = area.x0, .y = area.y0 };
    for (int i = 0; i < item->shaped.n_runs; i++) {
        plain.runs = &item->shaped.runs[i];
        plain.n_runs = !plain.runs->colour;
        plain.n_rules = 0;
        vt_paint_shaped(&brush, &plain, box->x + box->edge[VT_LEFT], box->y + box->edge[VT_TOP] + item->text_y,
                        (struct vt_colour4){ 255, 255, 255, 255 }, 1);
    }
    cairo_destroy(brush.cr);
    cairo_surface_flush(mask);
    return mask;
}

static bool in_loops(const struct page *page)
{
    return page->moment.enter_ns != INT64_MAX;
}

// An item's own opacity, not that of what it stands in.
static double opacity_of(const struct page *page, const struct vt_item *item)
{
    double own = item->box.style.opacity;
    if (!in_loops(page))
        return own;
    struct vt_pose pose = vt_pose_own(page->view, item, &page->moment);
    return item->box.first ? pose.opacity : own * pose.opacity;
}

static struct letters letters_of(const struct page *page, const struct vt_item *item, struct vt_colour4 colour)
{
    const struct vt_style *style = &item->box.style;
    bool fades_whole = style->background.a > 0 || style->border > 0 || style->shadow.colour.a > 0;
    struct letters letters = { { colour.r / 255.0, colour.g / 255.0, colour.b / 255.0 }, colour.a / 255.0, 1 };
    if (fades_whole)
        letters.opacity = style->opacity;
    else
        letters.alpha *= style->opacity;
    for (const struct vt_item *at = item->parent; at; at = at->parent)
        letters.opacity *= opacity_of(page, at);
    return letters;
}

static double size_of(const struct vt_item *item)
{
    return item->text.style ? item->text.style->size : item->box.style.text.size;
}

static bool is_large(const struct vt_view *view, const struct vt_item *item)
{
    double px = size_of(item) * view->scale * player_px(view);
    return px >= (item->box.style.text.weight >= 700 ? VT_LARGE_BOLD_PX : VT_LARGE_PX);
}

static void check_colour(struct page *page, const struct vt_item *item, struct area area, cairo_surface_t *mask,
                         struct vt_colour4 colour)
{
    struct letters letters = letters_of(page, item, colour);
    struct vt_flaw where = at_item(item);
    double least = is_large(page->view, item) ? VT_CONTRAST_LEAST_LARGE : VT_CONTRAST_LEAST;
    double any = area_contrast(page->holed, area, mask, &letters), own = area_contrast(page->drawn, area, mask, &letters);
    if (any >= least || (in_loops(page) && own >= least))
        return;
    if (in_loops(page))
        vt_flaw_add(page->to, VT_WARNING, &where, "the contrast of \"%s\" with what is behind it falls to %.1f:1 in a loop; %.1f:1 is "
                "needed: let the loop's keyframes keep `opacity` up, and `color` and `background` apart", name_of(item), own,
                least);
    else if (own >= least)
        vt_flaw_add(page->to, VT_WARNING, &where, "\"%s\" stands on a picture, and with another picture its contrast may fall to "
                "%.1f:1; %.1f:1 is needed: give it a `background`, or the box around it above the picture", name_of(item), any,
                least);
    else
        vt_flaw_add(page->to, own < UNREADABLE ? VT_ERROR : VT_WARNING, &where, "the contrast of \"%s\" with what is behind it "
                "is %.1f:1 over %s video; %.1f:1 is needed: %s", name_of(item), own, "the worst", least,
                own < 1.2 ? "give it, or the box around it, a `background`" :
                "choose a lighter or darker `color`, or a `background` that covers more");
}

static cairo_surface_t *copy_of(cairo_surface_t *surface)
{
    cairo_surface_t *copy = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, cairo_image_surface_get_width(surface),
                                                       cairo_image_surface_get_height(surface));
    cairo_t *cr = cairo_create(copy);
    cairo_set_source_surface(cr, surface, 0, 0);
    cairo_paint(cr);
    cairo_destroy(cr);
    cairo_surface_flush(copy);
    return copy;
}

// A clock as it looks later on, with its box where that changes, too.
static void check_look(struct page *page, const struct vt_item *item, struct area area, cairo_surface_t *mask,
                       const struct vt_style *style)
{
    cairo_surface_t *drawn = page->drawn, *holed = page->holed;
    struct vt_item copy = *item;
    copy.box.style = *style;
    if (item->timer->boxed) {
        page->drawn = copy_of(drawn);
        page->holed = copy_of(holed);
        paint_behind(page, &copy);
    }
    check_colour(page, &copy, area, mask, style->text.colour);
    if (item->timer->boxed) {
        cairo_surface_destroy(page->drawn);
        cairo_surface_destroy(page->holed);
    }
    page->drawn = drawn;
    page->holed = holed;
}

static void check_contrast(struct page *page, const struct vt_item *item)
{
    struct area area = area_of(page->view, item);
    if (area.x1 <= area.x0 || area.y1 <= area.y0)
        return;
    cairo_surface_t *mask = is_letters(item) ? mask_of(item, area) : NULL;
    check_colour(page, item, area, mask, item->box.style.text.colour);
    for (int i = 0; item->timer && i < item->timer->n_looks; i++)
        check_look(page, item, area, mask, item->timer->looks[i].style);
    if (mask)
        cairo_surface_destroy(mask);
}

// ---- places and sizes

static bool shows_money(const struct vt_item *item)
{
    const struct vt_yaml *text = vt_yaml_get(item->node->yaml, "text");
    return item->currency[0] || (text && text->kind == VT_YAML_SCALAR && strstr(text->text, "money"));
}

static void check_text(struct page *page, const struct vt_item *item)
{
    const struct vt_view *view = page->view;
    struct vt_flaw where = at_item(item);
    double px = size_of(item) * view->scale * player_px(view);
    if (item->shaped.cut && shows_money(item))
        vt_flaw_add(page->to, VT_ERROR, &where, "the price in \"%s\" does not fit and is cut: give it room, `fit: {mode: shrink, "
                "truncate: never}`, or a smaller `font-size`", name_of(item));
    if (px < VT_TEXT_LEAST_PX - 0.01)
        vt_flaw_add(page->to, VT_WARNING, &where, "\"%s\" is %.1f px high on the smallest player (%d px on its shorter side), and "
                "%.0f are needed: make `font-size` at least %.0fpx", name_of(item), px, VT_PLAYER_SIDE, VT_TEXT_LEAST_PX,
                ceil(VT_TEXT_LEAST_PX / player_px(view) / view->scale));
}

// Letters, clocks, codes and buttons belong inside; a tape that crawls goes on beyond any edge.
static void check_safe(struct page *page, const struct vt_item *item)
{
    const struct vt_view *view = page->view;
    bool crawls = item->ticker && !item->ticker->hold_ns;
    bool spot = vt_yaml_get(item->node->yaml, "hotspot");
    struct vt_flaw where = at_item(item);
    struct area a = area_of(view, item);
    double safe[4], over = 0;
    if (!view->template->safe || (!spot && !is_letters(item) && !item->timer && !item->ticker && !item->qr.side))
        return;
    if (spot)
        a = clip_area(view, where.x + SLACK, where.y + SLACK, where.x + where.width - SLACK, where.y + where.height - SLACK);
    vt_safe_area(view->width, view->height, safe);
    over = fmax(over, safe[VT_TOP] - a.y0);
    over = fmax(over, a.y1 - (view->height - safe[VT_BOTTOM]));
    over = fmax(over, crawls ? 0 : safe[VT_LEFT] - a.x0);
    over = fmax(over, crawls ? 0 : a.x1 - (view->width - safe[VT_RIGHT]));
    if (over > SLACK)
        vt_flaw_add(page->to, VT_WARNING, &where, "\"%s\" reaches %.0f px out of the safe area, where players and televisions hide "
                "it: put it into a box with `inset: safe`", name_of(item), ceil(over / view->scale));
}

static const struct vt_item *spot_item(const struct vt_view *view, const struct vt_hotspot *spot)
{
    const struct vt_item *found = NULL;
    size_t best = 0;
    for (int i = 0; i < view->n_items; i++) {
        const char *id = view->items[i]->node->id;
        size_t length = id ? strlen(id) : 0;
        if (length > best && strncmp(spot->name, id, length) == 0 && (!spot->name[length] || spot->name[length] == '-')) {
            found = view->items[i];
            best = length;
        }
    }
    return found;
}

static void check_targets(struct page *page)
{
    const struct vt_view *view = page->view;
    double px = player_px(view);
    for (int i = 0; i < view->n_hotspots; i++) {
        const struct vt_hotspot *spot = &view->hotspots[i];
        const struct vt_item *item = spot_item(view, spot);
        double width = spot->width / 100 * view->width * px, height = spot->height / 100 * view->height * px;
        if (!item || fmin(width, height) > VT_TARGET_LEAST_PX - 0.1)
            continue;
        struct vt_flaw where = { .line = item->node->yaml->line, .column = item->node->yaml->column,
                                    .x = spot->x / 100 * view->width, .y = spot->y / 100 * view->height,
                                    .width = width / px, .height = height / px };
        bool widened = vt_yaml_get(vt_yaml_get(item->node->yaml, "hotspot"), "min-target");
        vt_flaw_add(page->to, VT_WARNING, &where, "the target of \"%s\" is %.0f x %.0f px on the smallest player (%d px on its "
                "shorter side), and a finger needs %.0f: %s", name_of(item), width, height, VT_PLAYER_SIDE,
                VT_TARGET_LEAST_PX, widened ? "move other targets away from it" : "give its hotspot `min-target: 44px`");
    }
}

// ---- all

static void inspect_item(struct page *page, const struct vt_item *item)
{
    paint_behind(page, item);
    bool text = is_letters(item) || item->timer || (item->ticker && item->ticker->count);
    if (text && item->box.style.opacity > 0) {
        if (!in_loops(page))
            check_text(page, item);
        check_contrast(page, item);
    }
    if (!in_loops(page))
        check_safe(page, item);
    if (!is_letters(item))
        return;
    paint(page, page->drawn, item);
    paint(page, page->holed, item);
}

static void clear(cairo_surface_t *surface)
{
    cairo_t *cr = cairo_create(surface);
    cairo_set_operator(cr, CAIRO_OPERATOR_CLEAR);
    cairo_paint(cr);
    cairo_destroy(cr);
    cairo_surface_flush(surface);
}

// The item as its loop has it at the page's moment.
static struct vt_item in_loop(const struct page *page, const struct vt_item *item)
{
    struct vt_item copy = *item;
    struct vt_pose pose = vt_pose_own(page->view, item, &page->moment);
    copy.box.style.opacity = opacity_of(page, item);
    if (pose.has_colour)
        copy.box.style.text.colour = copy.fill = pose.colour;
    if (pose.has_background) {
        copy.box.style.background = pose.background;
        copy.box.style.gradient = NULL;
    }
    return copy;
}

static bool looks_other(const struct vt_motion *loop)
{
    bool other = false;
    for (int i = 0; i < loop->count; i++)
        other |= loop->frames[i].opacity < 1 || loop->frames[i].has_colour || loop->frames[i].has_background;
    return other;
}

// After the entry, through the longest round of what fades or changes colour.
static void inspect_loops(struct page *page)
{
    const struct vt_view *view = page->view;
    int64_t longest = 0;
    for (int i = 0; i < view->n_items; i++) {
        const struct vt_motion *loop = view->items[i]->loop;
        if (loop && looks_other(loop))
            longest = loop->delay_ns + loop->duration_ns > longest ? loop->delay_ns + loop->duration_ns : longest;
    }
    for (int k = 0; longest && k < VT_LOOP_INSTANTS; k++) {
        page->moment = (struct vt_moment){ .now_ns = vt_view_enter_ns(view) + longest * k / VT_LOOP_INSTANTS,
                                           .exit_ns = INT64_MAX };
        clear(page->drawn);
        clear(page->holed);
        for (int i = 0; i < view->n_items; i++) {
            struct vt_item item = in_loop(page, view->items[i]);
            inspect_item(page, &item);
        }
    }
}

int vt_inspect(const struct vt_view *view, struct vt_flaws *to)
{
    struct page *page = calloc(1, sizeof *page);
    if (!page)
        return -ENOMEM;
    page->view = view;
    page->to = to;
    page->moment.enter_ns = INT64_MAX;
    page->drawn = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, (int)view->width, (int)view->height);
    page->holed = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, (int)view->width, (int)view->height);
    bool good = cairo_surface_status(page->drawn) == CAIRO_STATUS_SUCCESS &&
                cairo_surface_status(page->holed) == CAIRO_STATUS_SUCCESS;
    for (int i = 0; i < view->n_items && good; i++)
        inspect_item(page, view->items[i]);
    if (good)
        check_targets(page);
    if (good)
        inspect_loops(page);
    for (int i = 0; i < VT_SCALED_PICTURES; i++) {
        if (page->kept[i].surface)
            cairo_surface_destroy(page->kept[i].surface);
    }
    cairo_surface_destroy(page->drawn);
    cairo_surface_destroy(page->holed);
    free(page);
    return good ? 0 : -ENOMEM;
}
