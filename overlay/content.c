// The content of leaves: texts, numbers, pictures, timers, tickers.
#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "overlay/beside.h"
#include "overlay/money.h"
#include "overlay/view.h"

#define MARQUEE_SPEED 60.0               // px a second
#define MARQUEE_GAP   1.5                // em between a text's end and its beginning

static struct vt_extent measure_text(void *opaque, double width)
{
    struct vt_item *item = opaque;
    return vt_text_measure(item->shaper, &item->text, width);
}

void vt_content_text(struct vt_making *m, struct vt_item *item, const char *text)
{
    const struct vt_style *style = &item->box.style;
    const struct vt_yaml *mode = vt_making_look(m, item->node, "fit", "mode");
    const struct vt_yaml *least = vt_making_look(m, item->node, "fit", "min-font-size");
    struct vt_length px = { VT_PX, (float)style->text.size / 2 };
    if (least)
        vt_parse_length(least->text, &px);
    item->text = (struct vt_text){
        .text = text ? text : "",
        .style = &item->box.style.text,
        .scale = item->scale,
        .lines = style->line_clamp,
        .ellipsis = style->ellipsis == 1,
        .decoration = style->decoration,
        .shrink_to = mode && strcmp(mode->text, "shrink") == 0 ? (double)px.value : 0,
    };
    item->never_cut = vt_making_look(m, item->node, "fit", "truncate") != NULL;
    bool crawls = mode && strcmp(mode->text, "marquee") == 0;
    if (crawls || (mode && strcmp(mode->text, "clip") == 0)) {
        const struct vt_yaml *speed = vt_making_look(m, item->node, "fit", "speed");
        item->on_one_line = true;
        item->crawl = crawls ? (speed ? g_ascii_strtod(speed->text, NULL) : MARQUEE_SPEED) * item->scale : 0;
        item->text.lines = 1;
        item->text.ellipsis = true;
    }
    item->box.measure = measure_text;
    item->box.opaque = item;
}

static void read_value(struct vt_item *item, const json_t *value)
{
    int64_t amount;
    if (vt_money_from_json(value, &amount, item->currency))
        item->value = (double)amount;
    else if (json_is_number(value))
        item->value = json_number_value(value);
}

// The glyphs that digits have in this item's font at its size, so that they can roll.
static void find_digits(struct vt_making *m, struct vt_item *item)
{
    struct vt_shaped shaped;
    struct vt_text text = item->text;
    text.text = "0123456789";
    text.shrink_to = 0;
    text.decoration = 0;
    vt_text_shape(m->shaper, &text, NAN, NAN, &m->view->arena, &shaped);
    item->rolls = shaped.n_runs == 1 && shaped.runs[0].count == 10;
    for (int i = 0; i < 10 && item->rolls; i++)
        item->digits[i] = shaped.runs[0].glyphs[i].index;
    if (item->rolls)
        item->digit_width = (shaped.runs[0].glyphs[1].x - shaped.runs[0].glyphs[0].x) / shaped.runs[0].matrix.xx;
    vt_shaped_fini(&shaped);
}

static void start_number(struct vt_making *m, struct vt_item *item)
{
    const struct vt_yaml *format = vt_making_look(m, item->node, NULL, "format");
    const struct vt_yaml *value = vt_making_look(m, item->node, NULL, "value");
    struct vt_writer out = { .limit = VT_TEXT_BYTES };
    json_t *number = vt_expression_value(value->text, &m->scope);
    json_t *scope_data = json_pack("{s:O?}", "value", number);
    struct vt_scope scope = m->scope;
    scope.data = scope_data;
    bool money = !format || strcmp(format->text, "money") == 0;
    vt_expression_text(money ? "{{ value | money }}" : "{{ value }}", &scope, true, &out);
    item->box.style.text.tabular = 1;
    vt_content_text(m, item, vt_arena_text(&m->view->arena, (char *)out.data, out.size));
    read_value(item, number);
    if (!item->text.lines)
        item->text.lines = 1;
    vt_writer_free(&out);
    json_decref(scope_data);
    json_decref(number);
}

// ---- pictures

static uint64_t hash_picture(cairo_surface_t *surface)
{
    uint64_t hash = VT_HASH_START;
    int width = cairo_image_surface_get_width(surface), height = cairo_image_surface_get_height(surface);
    const unsigned char *data = cairo_image_surface_get_data(surface);
    hash = vt_hash(hash, &width, sizeof width);
    hash = vt_hash(hash, &height, sizeof height);
    for (int y = 0; y < height; y++) {
        const unsigned char *row = data + (size_t)y * (size_t)cairo_image_surface_get_stride(surface);
        for (int x = 0; x < width; x++) {
            uint32_t pixel;              // a pixel at a time: pictures are large
            memcpy(&pixel, row + 4 * x, 4);
            hash = (hash ^ pixel) * UINT64_C(0x100000001b3);
        }
    }
    return hash;
}

static bool picture_fits(cairo_surface_t *picture)
{
    if (cairo_surface_status(picture) != CAIRO_STATUS_SUCCESS ||
        cairo_surface_get_type(picture) != CAIRO_SURFACE_TYPE_IMAGE)
        return false;
    cairo_format_t format = cairo_image_surface_get_format(picture);
    int64_t width = cairo_image_surface_get_width(picture), height = cairo_image_surface_get_height(picture);
    return (format == CAIRO_FORMAT_ARGB32 || format == CAIRO_FORMAT_RGB24) && width > 0 && height > 0 &&
           width <= VT_PICTURE_SIDE && height <= VT_PICTURE_SIDE && width * height <= VT_PICTURE_PIXELS;
}

static struct vt_extent measure_picture(void *opaque, double width)
{
    const struct vt_item *item = opaque;
    if (!item->picture)
        return (struct vt_extent){ 0, 0, NAN };
    double w = cairo_image_surface_get_width(item->picture) * item->scale;
    double h = cairo_image_surface_get_height(item->picture) * item->scale;
    double shown = !isnan(width) && width < w ? width : w;
    return (struct vt_extent){ shown, h * shown / w, NAN };
}

// `own`: it may lie beside the template.
static cairo_surface_t *load_picture(struct vt_making *m, const struct vt_item *item, const char *src, bool own,
                                     uint64_t *ret_hash)
{
    const char *folder = m->view->template->folder;
    vt_load_picture *load = m->params->load_picture;
    cairo_surface_t *picture = NULL;
    if (own && folder && load && vt_asset_name_valid(src))
        picture = load(m->params->opaque, folder, src);
    if (!picture && load)
        picture = load(m->params->opaque, NULL, src);
    if (picture && !picture_fits(picture)) {
        cairo_surface_destroy(picture);
        picture = NULL;
    }
    if (picture) {
        cairo_surface_flush(picture);
        *ret_hash = hash_picture(picture);
    } else {
        vt_diagnose(m->diagnostics, VT_WARNING, item->node->yaml->line, item->node->yaml->column,
                    "there is no picture \"%.120s\"", src);
    }
    return picture;
}

static void start_image(struct vt_making *m, struct vt_item *item)
{
    const char *src = vt_making_text(m, item->node, NULL, "src", false);
    if (src && *src)
        item->picture = load_picture(m, item, src, !vt_expression_binds(vt_making_look(m, item->node, NULL, "src")->text),
                                     &item->picture_hash);
    item->box.measure = measure_picture;
    item->box.opaque = item;
}

static void start_frame(struct vt_making *m, struct vt_item *item)
{
    const struct vt_nine *nine = item->box.style.nine;
    if (nine)
        item->frame = load_picture(m, item, nine->src, true, &item->frame_hash);
}

// ---- tickers

static void add_ticker_item(struct vt_making *m, struct vt_item *item, const json_t *value, const char *text,
                            const char *separator)
{
    struct vt_ticker_content *ticker = item->ticker;
    struct vt_scope scope = m->scope;
    struct vt_writer out = { .limit = VT_TEXT_BYTES };
    scope.item = value;
    vt_expression_text(text, &scope, true, &out);
    vt_write_text(&out, separator);
    struct vt_text whole = {
        .text = out.failed ? "" : vt_arena_text(&m->view->arena, (char *)out.data, out.size),
        .style = &item->box.style.text,
        .scale = item->scale,
    };
    vt_writer_free(&out);
    struct vt_extent extent = vt_text_measure(m->shaper, &whole, NAN);
    if (ticker->count == VT_TICKER_ITEMS || extent.width <= 0 || ticker->width + extent.width > VT_TICKER_WIDTH)
        return;
    vt_text_shape(m->shaper, &whole, extent.width, extent.height, &m->view->arena, &ticker->items[ticker->count]);
    ticker->widths[ticker->count++] = extent.width;
    ticker->width += extent.width;
    ticker->widest = fmax(ticker->widest, extent.width);
    ticker->height = fmax(ticker->height, extent.height);
}

static struct vt_extent measure_ticker(void *opaque, double width)
{
    const struct vt_item *item = opaque;
    double most = item->ticker->hold_ns ? item->ticker->widest : item->ticker->width;
    return (struct vt_extent){ !isnan(width) && width < most ? width : most, item->ticker->height, NAN };
}

static void start_ticker(struct vt_making *m, struct vt_item *item)
{
    const struct vt_yaml *items = vt_making_look(m, item->node, NULL, "items");
    const struct vt_yaml *speed = vt_making_look(m, item->node, NULL, "speed");
    const struct vt_yaml *text = vt_making_look(m, item->node, "item", "text");
    const struct vt_yaml *separator = vt_making_look(m, item->node, "item", "separator");
    const struct vt_yaml *mode = vt_making_look(m, item->node, NULL, "mode");
    const struct vt_yaml *hold = vt_making_look(m, item->node, NULL, "hold");
    json_t *list = vt_expression_value(items->text, &m->scope), *value;
    size_t i;
    item->ticker = vt_arena_alloc(&m->view->arena, sizeof *item->ticker);
    item->ticker->speed = (speed ? g_ascii_strtod(speed->text, NULL) : 120) * item->scale;
    if (mode && strcmp(mode->text, "crawl") != 0) {
        item->ticker->rolls = mode->text[0] == 'r';
        item->ticker->hold_ns = 4 * VT_NS_PER_S;
        if (hold)
            vt_read_span(hold, "hold", &item->ticker->hold_ns, NULL);
    }
    const char *between = item->ticker->hold_ns ? "" : separator ? separator->text : "   ";
    json_array_foreach(list, i, value)
        add_ticker_item(m, item, value, text->text, between);
    json_decref(list);
    item->box.measure = measure_ticker;
    item->box.opaque = item;
}

// ---- all

void vt_content_make(struct vt_making *m, struct vt_item *item)
{
    start_frame(m, item);
    switch (item->node->type) {
    case VT_NODE_BOX:
    case VT_NODE_REPEAT:
        break;
    case VT_NODE_TEXT:
        vt_content_text(m, item, vt_making_text(m, item->node, NULL, "text", true));
        break;
    case VT_NODE_NUMBER:
        start_number(m, item);
        break;
    case VT_NODE_IMAGE:
        start_image(m, item);
        break;
    case VT_NODE_TIMER:
        vt_timer_start(m, item);
        break;
    case VT_NODE_TICKER:
        start_ticker(m, item);
        break;
    case VT_NODE_PROGRESS:
        vt_progress_start(m, item);
        break;
    case VT_NODE_SHAPE:
        vt_shape_start(m, item);
        break;
    case VT_NODE_QR:
        vt_qr_start(m, item);
        break;
    case VT_NODE_SVG:
        vt_svg_start(m, item);
        break;
    }
}

static void say_missing(struct vt_making *m, const struct vt_item *item, unsigned character)
{
    const struct vt_yaml *at = item->node->yaml;
    if (!character)
        return;
    vt_diagnose(m->diagnostics, m->params->strict ? VT_ERROR : VT_WARNING, at->line, at->column,
                "no font has the character U+%04X, which \"%s\" shows", character,
                item->node->id ? item->node->id : vt_node_type_name(item->node->type));
    m->failed |= m->params->strict;
}

// A text on one line that is longer than its box crawls through it, or is cut at its end.
static bool settle_line(struct vt_making *m, struct vt_item *item, double room)
{
    struct vt_text whole = item->text;
    whole.ellipsis = false;
    whole.lines = 0;
    whole.one_line = true;
    struct vt_extent extent = vt_text_measure(m->shaper, &whole, NAN);
    double gap = MARQUEE_GAP * item->box.style.text.size * item->scale;
    if (extent.width <= room + 0.5 || (item->crawl > 0 && extent.width + gap > VT_TICKER_WIDTH))
        return false;
    if (item->crawl <= 0) {
        vt_text_shape(m->shaper, &whole, NAN, NAN, &m->view->arena, &item->shaped);
        item->text_x = vt_item_rtl(m->view, item) ? room - extent.width : 0;
        item->text_clipped = item->shaped.cut = true;
        return true;
    }
    struct vt_ticker_content *ticker = vt_arena_alloc(&m->view->arena, sizeof *ticker);
    vt_text_shape(m->shaper, &whole, NAN, NAN, &m->view->arena, &ticker->items[0]);
    ticker->count = 1;
    ticker->width = ticker->widths[0] = ticker->widest = extent.width + gap;
    ticker->height = extent.height;
    ticker->speed = item->crawl;
    ticker->marquee = true;
    item->ticker = ticker;
    return true;
}

void vt_content_settle(struct vt_making *m, struct vt_item *item)
{
    const struct vt_yaml *at = item->node->yaml;
    double width = vt_item_inner_width(item), height = vt_item_inner_height(item);
    for (int i = 0; item->ticker && i < item->ticker->count; i++)
        say_missing(m, item, item->ticker->items[i].missing);
    if (item->timer)
        say_missing(m, item, item->timer->ending.missing);
    if (!item->text.text)
        return;
    if (item->bar)
        vt_progress_settle(m, item);
    if (!item->on_one_line || !settle_line(m, item, width))
        vt_text_shape(m->shaper, &item->text, width, height, &m->view->arena, &item->shaped);
    if (item->node->type == VT_NODE_NUMBER && item->change && item->change->effect == VT_ROLL_DIGITS)
        find_digits(m, item);
    if (item->shaped.cut && item->never_cut) {
        vt_diagnose(m->diagnostics, VT_ERROR, at->line, at->column, "\"%.80s\" does not fit, and `truncate: never` forbids "
                    "to cut it", item->text.text);
        m->failed = true;
    }
    say_missing(m, item, item->shaped.missing ? item->shaped.missing : item->ticker ? item->ticker->items[0].missing : 0);
}

void vt_content_fini(struct vt_item *item)
{
    vt_shaped_fini(&item->shaped);
    vt_timer_fini(item);
    for (int i = 0; item->ticker && i < item->ticker->count; i++)
        vt_shaped_fini(&item->ticker->items[i]);
    if (item->picture)
        cairo_surface_destroy(item->picture);
    if (item->frame)
        cairo_surface_destroy(item->frame);
    item->picture = item->frame = NULL;
    vt_svg_fini(item);
}
