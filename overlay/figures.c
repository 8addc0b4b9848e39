#include "overlay/figures.h"

#include <glib.h>
#include <librsvg/rsvg.h>
#include <qrencode.h>
#include <stdlib.h>
#include <string.h>

#include "overlay/money.h"
#include "overlay/view.h"

#define BAR_TEXT 1.0                     // most of a bar's height that a line of its text takes

// ---- shapes

static const struct {
    const char *name;
    int count;
    double points[VT_SHAPE_POINTS][2];
} shapes[] = {
    { "ellipse", 0, { { 0, 0 } } },
    { "triangle", 3, { { 0.5, 0 }, { 1, 1 }, { 0, 1 } } },
    { "diamond", 4, { { 0.5, 0 }, { 1, 0.5 }, { 0.5, 1 }, { 0, 0.5 } } },
    { "arrow", 7, { { 0, 0.35 }, { 0.55, 0.35 }, { 0.55, 0.1 }, { 1, 0.5 }, { 0.55, 0.9 }, { 0.55, 0.65 },
                    { 0, 0.65 } } },
    { "star", 10, { { 0.5, 0 }, { 0.618, 0.345 }, { 0.976, 0.345 }, { 0.69, 0.562 }, { 0.794, 0.905 }, { 0.5, 0.7 },
                    { 0.206, 0.905 }, { 0.31, 0.562 }, { 0.024, 0.345 }, { 0.382, 0.345 } } },
    { "check", 6, { { 0, 0.55 }, { 0.14, 0.4 }, { 0.38, 0.64 }, { 0.86, 0.14 }, { 1, 0.28 }, { 0.38, 0.92 } } },
    { "cross", 12, { { 0.15, 0 }, { 0.5, 0.35 }, { 0.85, 0 }, { 1, 0.15 }, { 0.65, 0.5 }, { 1, 0.85 }, { 0.85, 1 },
                     { 0.5, 0.65 }, { 0.15, 1 }, { 0, 0.85 }, { 0.35, 0.5 }, { 0, 0.15 } } },
};

const char *const vt_shape_names[] = { "ellipse", "triangle", "diamond", "arrow", "star", "check", "cross", NULL };

int vt_shape_points(const char *shape, double ret[VT_SHAPE_POINTS][2])
{
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        if (strcmp(shapes[i].name, shape) != 0)
            continue;
        memcpy(ret, shapes[i].points, sizeof shapes[i].points);
        return shapes[i].count;
    }
    return 0;
}

// ---- bars

double vt_content_number(struct vt_making *m, const struct vt_item *item, const char *key)
{
    int64_t amount;
    char currency[4];
    const struct vt_yaml *at = vt_making_look(m, item->node, NULL, key);
    json_t *value = at ? vt_expression_value(at->text, &m->scope) : NULL;
    double number = NAN;
    char *end;
    if (json_is_number(value))
        number = json_number_value(value);
    else if (vt_money_from_json(value, &amount, currency))
        number = (double)amount;
    else if (at && !vt_expression_binds(at->text) && *at->text)
        number = g_ascii_strtod(at->text, &end);
    json_decref(value);
    return number;
}

static uint8_t mix(uint8_t a, uint8_t b, double share)
{
    return (uint8_t)lround(a + (b - a) * share);
}

static double brightness(struct vt_colour4 c)
{
    return 0.2126 * c.r + 0.7152 * c.g + 0.0722 * c.b;
}

// The bar has the style's colour; a track and a text that go with it follow from that.
static void colour_bar(struct vt_item *item)
{
    struct vt_style *style = &item->box.style;
    struct vt_colour4 fill = style->text.colour;
    bool light = brightness(fill) > 140;
    uint8_t to = light ? 255 : 0;
    double share = light ? 0.75 : 0.65;
    item->fill = fill;
    if (style->background.a == 0 && !style->gradient)
        style->background = (struct vt_colour4){ mix(fill.r, to, share), mix(fill.g, to, share), mix(fill.b, to, share),
                                                 fill.a };
    style->text.colour = light ? (struct vt_colour4){ 20, 22, 28, 255 } : (struct vt_colour4){ 255, 255, 255, 255 };
}

void vt_progress_start(struct vt_making *m, struct vt_item *item)
{
    const struct vt_yaml *most = vt_making_look(m, item->node, NULL, "max");
    double value = vt_content_number(m, item, "value"), max = most ? vt_content_number(m, item, "max") : 100;
    const char *text = vt_making_text(m, item->node, NULL, "text", true);
    item->value = value;
    item->share = max > 0 && value > 0 ? fmin(value / max, 1) : 0;
    item->bar = true;
    item->mirrored = vt_item_rtl(m->view, item);
    colour_bar(item);
    item->box.style.text.align = VT_TEXT_CENTER;
    vt_content_text(m, item, text && *text ? text : " ");
    item->text.lines = 1;
}

void vt_progress_settle(struct vt_making *m, struct vt_item *item)
{
    double height = vt_item_inner_height(item);
    struct vt_extent extent = vt_text_measure(m->shaper, &item->text, vt_item_inner_width(item));
    if (extent.height > height && extent.height > 0) {
        struct vt_text_style *smaller = vt_arena_alloc(&m->view->arena, sizeof *smaller);
        *smaller = item->box.style.text;
        smaller->size *= height * BAR_TEXT / extent.height;
        item->text.style = smaller;
        extent = vt_text_measure(m->shaper, &item->text, vt_item_inner_width(item));
    }
    item->text_y = (height - extent.height) / 2;
}

// ---- shapes, codes, drawings

static struct vt_extent measure_square(void *opaque, double width)
{
    const struct vt_item *item = opaque;
    double side = item->box.style.text.size * item->scale;
    return (struct vt_extent){ isnan(width) ? side : fmin(side, width), side, NAN };
}

void vt_shape_start(struct vt_making *m, struct vt_item *item)
{
    item->shape = vt_making_look(m, item->node, NULL, "shape")->text;
    item->box.measure = measure_square;
    item->box.opaque = item;
}

void vt_qr_start(struct vt_making *m, struct vt_item *item)
{
    const char *text = vt_making_text(m, item->node, NULL, "text", false);
    const struct vt_yaml *at = item->node->yaml;
    QRcode *code = text && *text && strlen(text) <= VT_QR_BYTES ? QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M) : NULL;
    item->box.measure = measure_square;
    item->box.opaque = item;
    if (!code && text && *text)
        vt_diagnose(m->diagnostics, VT_WARNING, at->line, at->column, "a QR code holds at most %d bytes (limit)",
                    VT_QR_BYTES);
    if (!code)
        return;
    size_t size = (size_t)code->width * (size_t)code->width;
    uint8_t *dark = vt_arena_alloc(&m->view->arena, size);
    for (size_t i = 0; i < size; i++)
        dark[i] = code->data[i] & 1;
    item->qr = (struct vt_qr){ code->width, dark };
    QRcode_free(code);
}

static struct vt_extent measure_drawing(void *opaque, double width)
{
    const struct vt_item *item = opaque;
    double w = item->drawn_width * item->scale, h = item->drawn_height * item->scale;
    double shown = !isnan(width) && width < w ? width : w;
    return (struct vt_extent){ shown, w > 0 ? h * shown / w : 0, NAN };
}

static const char *drawing_of(struct vt_making *m, const struct vt_item *item)
{
    const struct vt_template *t = m->view->template;
    const struct vt_yaml *src = vt_making_look(m, item->node, NULL, "src");
    const struct vt_yaml *source = vt_making_look(m, item->node, NULL, "source");
    for (int i = 0; src && i < t->n_drawings; i++) {
        if (strcmp(t->drawings[i].name, src->text) == 0)
            return t->drawings[i].source;
    }
    return source ? source->text : "";
}

void vt_svg_start(struct vt_making *m, struct vt_item *item)
{
    const char *text = drawing_of(m, item);
    text += strspn(text, " \t\r\n");
    item->svg = rsvg_handle_new_from_data((const guint8 *)text, strlen(text), NULL);
    item->box.measure = measure_drawing;
    item->box.opaque = item;
    if (!item->svg)
        return;
    RsvgRectangle box = { 0, 0, 100, 100 };
    gboolean has_width, has_height, has_box;
    RsvgLength width, height;
    rsvg_handle_get_intrinsic_dimensions(item->svg, &has_width, &width, &has_height, &height, &has_box, &box);
    item->drawn_width = has_width && width.unit == RSVG_UNIT_PX ? width.length : box.width;
    item->drawn_height = has_height && height.unit == RSVG_UNIT_PX ? height.length : box.height;
    if (!(item->drawn_width >= 1 && item->drawn_width <= VT_PICTURE_SIDE && item->drawn_height >= 1 &&
          item->drawn_height <= VT_PICTURE_SIDE))
        item->drawn_width = item->drawn_height = 100;
    item->picture_hash = vt_hash(VT_HASH_START, text, strlen(text));
}

void vt_svg_fini(struct vt_item *item)
{
    if (item->svg)
        g_object_unref(item->svg);
    item->svg = NULL;
}
