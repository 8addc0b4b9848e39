#include "overlay/paint.h"

#include <librsvg/rsvg.h>
#include <math.h>
#include <stdlib.h>

static void set_colour(cairo_t *cr, struct vt_colour4 c, double opacity)
{
    cairo_set_source_rgba(cr, c.r / 255.0, c.g / 255.0, c.b / 255.0, c.a / 255.0 * opacity);
}

struct edges {
    double x0, y0, x1, y1;               // surface pixels, whole
};

// A box's border box on whole pixels: at most half a pixel from where it was solved.
static struct edges snap(const struct vt_brush *b, double x, double y, double width, double height)
{
    return (struct edges){ round(x * b->sx) - b->x, round(y * b->sy) - b->y, round((x + width) * b->sx) - b->x,
                           round((y + height) * b->sy) - b->y };
}

static double radius_of(const struct vt_brush *b, const struct vt_item *item, const struct edges *e)
{
    struct vt_length radius = item->box.style.radius;
    double half = fmin(e->x1 - e->x0, e->y1 - e->y0) / 2;
    double size = radius.unit == VT_PX ? radius.value * item->scale * b->sx :
                  radius.unit == VT_PERCENT ? radius.value / 100 * 2 * half : 0;
    return fmin(size, half);
}

static void round_path(cairo_t *cr, struct edges e, double radius)
{
    if (radius <= 0) {
        cairo_rectangle(cr, e.x0, e.y0, e.x1 - e.x0, e.y1 - e.y0);
        return;
    }
    cairo_new_sub_path(cr);
    cairo_arc(cr, e.x1 - radius, e.y0 + radius, radius, -M_PI / 2, 0);
    cairo_arc(cr, e.x1 - radius, e.y1 - radius, radius, 0, M_PI / 2);
    cairo_arc(cr, e.x0 + radius, e.y1 - radius, radius, M_PI / 2, M_PI);
    cairo_arc(cr, e.x0 + radius, e.y0 + radius, radius, M_PI, M_PI * 3 / 2);
    cairo_close_path(cr);
}

static void paint_border(const struct vt_brush *b, const struct vt_item *item, struct edges e, double radius,
                         double opacity)
{
    const struct vt_style *style = &item->box.style;
    double width = fmax(1, round(style->border * item->scale * b->sx));
    struct edges middle = { e.x0 + width / 2, e.y0 + width / 2, e.x1 - width / 2, e.y1 - width / 2 };
    if (style->border <= 0 || middle.x1 <= middle.x0 || middle.y1 <= middle.y0)
        return;
    round_path(b->cr, middle, fmax(0, radius - width / 2));
    set_colour(b->cr, style->border_colour, opacity);
    cairo_set_line_width(b->cr, width);
    if (style->border_dashed)
        cairo_set_dash(b->cr, (double[]){ width * 3, width * 2 }, 2, 0);
    cairo_stroke(b->cr);
    cairo_set_dash(b->cr, NULL, 0, 0);
}

// ---- text

static void paint_run(const struct vt_brush *b, const struct vt_glyph_run *run)
{
    cairo_set_font_face(b->cr, run->face);
    cairo_set_font_matrix(b->cr, &run->matrix);
    if (run->colour) {
        cairo_show_glyphs(b->cr, run->glyphs, run->count);
        return;
    }
    // As outlines, not as cached glyph pictures: those would stand on whole pixels.
    cairo_new_path(b->cr);
    cairo_glyph_path(b->cr, run->glyphs, run->count);
    cairo_fill(b->cr);
}

void vt_paint_shaped(const struct vt_brush *b, const struct vt_shaped *shaped, double x, double y,
                     struct vt_colour4 colour, double opacity)
{
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    cairo_save(b->cr);
    cairo_set_font_options(b->cr, options);
    cairo_translate(b->cr, -b->x, -b->y);
    cairo_scale(b->cr, b->sx, b->sy);
    cairo_translate(b->cr, x, y);
    set_colour(b->cr, colour, opacity);
    for (int i = 0; i < shaped->n_runs; i++)
        paint_run(b, &shaped->runs[i]);
    for (int i = 0; i < shaped->n_rules; i++) {
        const struct vt_rule *rule = &shaped->rules[i];
        cairo_rectangle(b->cr, rule->x, rule->y, rule->width, rule->height);
        cairo_fill(b->cr);
    }
    cairo_restore(b->cr);
    cairo_font_options_destroy(options);
}

// ---- pictures

static cairo_surface_t *scale_picture(cairo_surface_t *picture, int width, int height, int fit)
{
    double w = cairo_image_surface_get_width(picture), h = cairo_image_surface_get_height(picture);
    double x = width / w, y = height / h;
    if (fit == VT_FIT_INSIDE)
        x = y = fmin(x, y);
    else if (fit == VT_FIT_OVER)
        x = y = fmax(x, y);
    cairo_surface_t *scaled = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, width, height);
    cairo_t *cr = cairo_create(scaled);
    cairo_translate(cr, (width - w * x) / 2, (height - h * y) / 2);
    cairo_scale(cr, x, y);
    cairo_set_source_surface(cr, picture, 0, 0);
    cairo_pattern_set_filter(cairo_get_source(cr), CAIRO_FILTER_BEST);
    cairo_pattern_set_extend(cairo_get_source(cr), fit == VT_FIT_INSIDE ? CAIRO_EXTEND_NONE : CAIRO_EXTEND_PAD);
    cairo_paint(cr);
    cairo_destroy(cr);
    return scaled;
}

static cairo_surface_t *find_scaled(const struct vt_brush *b, const struct vt_item *item, int width, int height)
{
    int fit = item->box.style.object_fit;
    for (int i = 0; i < VT_SCALED_PICTURES; i++) {
        struct vt_scaled_picture *p = &b->pictures[i];
        if (p->surface && p->hash == item->picture_hash && p->width == width && p->height == height && p->fit == fit)
            return p->surface;
    }
    struct vt_scaled_picture *slot = &b->pictures[(*b->next_picture)++ % VT_SCALED_PICTURES];
    if (slot->surface)
        cairo_surface_destroy(slot->surface);
    *slot = (struct vt_scaled_picture){ item->picture_hash, width, height, fit,
                                        scale_picture(item->picture, width, height, fit) };
    return slot->surface;
}

static void paint_picture(const struct vt_brush *b, const struct vt_item *item, double opacity)
{
    const struct vt_box *box = &item->box;
    struct edges e = snap(b, box->x + box->edge[VT_LEFT], box->y + box->edge[VT_TOP], vt_item_inner_width(item),
                          vt_item_inner_height(item));
    int width = (int)(e.x1 - e.x0), height = (int)(e.y1 - e.y0);
    if (width < 1 || height < 1 || width > VT_PICTURE_SIDE || height > VT_PICTURE_SIDE)
        return;
    cairo_save(b->cr);
    round_path(b->cr, e, radius_of(b, item, &e));
    cairo_clip(b->cr);
    cairo_set_source_surface(b->cr, find_scaled(b, item, width, height), e.x0, e.y0);
    cairo_paint_with_alpha(b->cr, opacity);
    cairo_restore(b->cr);
}

// ---- shadows

static void blur_line(const uint8_t *from, uint8_t *to, int count, int step, int radius)
{
    int sum = 0, size = 2 * radius + 1;
    for (int i = -radius; i <= radius; i++)
        sum += i >= 0 && i < count ? from[i * step] : 0;
    for (int i = 0; i < count; i++) {
        to[i * step] = (uint8_t)(sum / size);
        int out = i - radius, in = i + radius + 1;
        sum += (in < count ? from[in * step] : 0) - (out >= 0 ? from[out * step] : 0);
    }
}

// Three box blurs each way: as good as a Gaussian. `scratch` is as large as the mask.
static void blur_mask(uint8_t *mask, uint8_t *scratch, int width, int height, int stride, int radius)
{
    for (int pass = 0; pass < 3; pass++) {
        for (int y = 0; y < height; y++)
            blur_line(mask + y * stride, scratch + y * stride, width, 1, radius);
        for (int x = 0; x < width; x++)
            blur_line(scratch + x, mask + x, height, stride, radius);
    }
}

static cairo_surface_t *make_shadow(struct edges e, double radius, double blur, double *ret_margin)
{
    int box = (int)round(blur / 2 * 0.94), margin = 3 * box + 1;
    double width = e.x1 - e.x0 + 2 * margin, height = e.y1 - e.y0 + 2 * margin;
    if (width < 1 || height < 1 || width > VT_PICTURE_SIDE || height > VT_PICTURE_SIDE)
        return NULL;
    cairo_surface_t *mask = cairo_image_surface_create(CAIRO_FORMAT_A8, (int)width, (int)height);
    cairo_t *cr = cairo_create(mask);
    round_path(cr, (struct edges){ margin, margin, width - margin, height - margin }, radius);
    cairo_fill(cr);
    cairo_destroy(cr);
    cairo_surface_flush(mask);
    int stride = cairo_image_surface_get_stride(mask);
    uint8_t *scratch = box > 0 ? malloc((size_t)stride * (size_t)height) : NULL;
    if (scratch)
        blur_mask(cairo_image_surface_get_data(mask), scratch, (int)width, (int)height, stride, box);
    free(scratch);
    cairo_surface_mark_dirty(mask);
    *ret_margin = margin;
    return mask;
}

// Outside of the box only, so that a translucent box stays as it is.
static void paint_shadow(const struct vt_brush *b, const struct vt_item *item, struct edges e, double radius,
                         double opacity)
{
    const struct vt_shadow *s = &item->box.style.shadow;
    double scale = item->scale * b->sx, margin, spread = s->spread * scale;
    struct edges cast = { e.x0 - spread, e.y0 - spread, e.x1 + spread, e.y1 + spread };
    cairo_surface_t *mask = s->colour.a > 0 ? make_shadow(cast, fmax(0, radius + spread), s->blur * scale, &margin) : NULL;
    if (!mask)
        return;
    cairo_save(b->cr);
    cairo_set_fill_rule(b->cr, CAIRO_FILL_RULE_EVEN_ODD);
    cairo_rectangle(b->cr, e.x0 - 4 * VT_PICTURE_SIDE, e.y0 - 4 * VT_PICTURE_SIDE, 9 * VT_PICTURE_SIDE,
                    9 * VT_PICTURE_SIDE);
    round_path(b->cr, e, radius);
    cairo_clip(b->cr);
    set_colour(b->cr, s->colour, opacity);
    cairo_mask_surface(b->cr, mask, round(cast.x0 - margin + s->x * scale), round(cast.y0 - margin + s->y * scale));
    cairo_restore(b->cr);
    cairo_surface_destroy(mask);
}

// ---- figures

static void paint_bar(const struct vt_brush *b, const struct vt_item *item, struct edges e, double radius,
                      double opacity)
{
    double filled = (e.x1 - e.x0) * item->share;
    cairo_save(b->cr);
    round_path(b->cr, e, radius);
    cairo_clip(b->cr);
    set_colour(b->cr, item->fill, opacity);
    cairo_rectangle(b->cr, item->mirrored ? e.x1 - filled : e.x0, e.y0, filled, e.y1 - e.y0);
    cairo_fill(b->cr);
    cairo_restore(b->cr);
}

static void paint_shape(const struct vt_brush *b, const struct vt_item *item, struct edges e, double opacity)
{
    double points[VT_SHAPE_POINTS][2], width = e.x1 - e.x0, height = e.y1 - e.y0;
    int count = vt_shape_points(item->shape, points);
    if (width <= 0 || height <= 0)
        return;
    cairo_new_path(b->cr);
    for (int i = 0; i < count; i++)
        cairo_line_to(b->cr, e.x0 + points[i][0] * width, e.y0 + points[i][1] * height);
    if (!count) {
        cairo_save(b->cr);
        cairo_translate(b->cr, e.x0 + width / 2, e.y0 + height / 2);
        cairo_scale(b->cr, width / 2, height / 2);
        cairo_arc(b->cr, 0, 0, 1, 0, 2 * M_PI);
        cairo_restore(b->cr);
    }
    cairo_close_path(b->cr);
    set_colour(b->cr, item->box.style.text.colour, opacity);
    cairo_fill(b->cr);
}

// Modules of whole pixels, so that they stay square and sharp.
static void paint_qr(const struct vt_brush *b, const struct vt_item *item, struct edges e, double opacity)
{
    int side = item->qr.side, all = side + 2 * VT_QR_QUIET;
    double width = e.x1 - e.x0, height = e.y1 - e.y0, module = floor(fmin(width, height) / all);
    if (module < 1)
        return;
    double x0 = e.x0 + floor((width - module * side) / 2), y0 = e.y0 + floor((height - module * side) / 2);
    set_colour(b->cr, item->box.style.text.colour, opacity);
    for (int i = 0; i < side * side; i++) {
        if (item->qr.dark[i])
            cairo_rectangle(b->cr, x0 + i % side * module, y0 + i / side * module, module, module);
    }
    cairo_fill(b->cr);
}

static void paint_drawing(const struct vt_brush *b, const struct vt_item *item, struct edges e, double opacity)
{
    RsvgRectangle box = { e.x0, e.y0, e.x1 - e.x0, e.y1 - e.y0 };
    if (box.width < 1 || box.height < 1 || box.width > VT_PICTURE_SIDE || box.height > VT_PICTURE_SIDE)
        return;
    cairo_push_group(b->cr);
    rsvg_handle_render_document(item->svg, b->cr, &box, NULL);
    cairo_pop_group_to_source(b->cr);
    cairo_paint_with_alpha(b->cr, opacity);
}

static void paint_figure(const struct vt_brush *b, const struct vt_item *item, double opacity)
{
    const struct vt_box *box = &item->box;
    struct edges e = snap(b, box->x + box->edge[VT_LEFT], box->y + box->edge[VT_TOP], vt_item_inner_width(item),
                          vt_item_inner_height(item));
    if (item->shape)
        paint_shape(b, item, e, opacity);
    if (item->qr.side)
        paint_qr(b, item, e, opacity);
    if (item->svg)
        paint_drawing(b, item, e, opacity);
}

static void paint_item(const struct vt_brush *b, const struct vt_item *item, double opacity)
{
    const struct vt_box *box = &item->box;
    const struct vt_style *style = &box->style;
    struct edges e = snap(b, box->x, box->y, box->width, box->height);
    double radius = radius_of(b, item, &e);
    paint_shadow(b, item, e, radius, opacity);
    if (style->background.a > 0) {
        round_path(b->cr, e, radius);
        set_colour(b->cr, style->background, opacity);
        cairo_fill(b->cr);
    }
    if (item->bar)
        paint_bar(b, item, e, radius, opacity);
    paint_border(b, item, e, radius, opacity);
    paint_figure(b, item, opacity);
    if (item->picture)
        paint_picture(b, item, opacity);
    if (item->shaped.n_runs && !item->rolls)
        vt_paint_shaped(b, &item->shaped, box->x + box->edge[VT_LEFT], box->y + box->edge[VT_TOP] + item->text_y, style->text.colour,
                        opacity);
}

// A box with children fades as a layer; a leaf fades as one, so that its background does not show through its text.
void vt_paint_item(const struct vt_brush *b, const struct vt_item *item)
{
    double opacity = item->box.first ? 1 : item->box.style.opacity;
    bool several = item->box.style.background.a > 0 || item->box.style.border > 0 || item->box.style.shadow.colour.a > 0;
    if (opacity >= 1 || !several) {
        paint_item(b, item, opacity);
        return;
    }
    cairo_push_group(b->cr);
    paint_item(b, item, 1);
    cairo_pop_group_to_source(b->cr);
    cairo_paint_with_alpha(b->cr, opacity);
}
