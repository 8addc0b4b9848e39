#include "overlay/fill.h"
#include "overlay/resample.h"

#include <librsvg/rsvg.h>
#include <math.h>

// ---- text

// Letters, or with `stroke` (canvas pixels) their outlines.
static void paint_run(const struct vt_brush *b, const struct vt_glyph_run *run, double stroke)
{
    cairo_set_font_face(b->cr, run->face);
    cairo_set_font_matrix(b->cr, &run->matrix);
    if (run->colour) {
        if (stroke <= 0)
            cairo_show_glyphs(b->cr, run->glyphs, run->count);
        return;
    }
    // As outlines, not as cached glyph pictures: those would stand on whole pixels.
    cairo_new_path(b->cr);
    cairo_glyph_path(b->cr, run->glyphs, run->count);
    if (stroke <= 0) {
        cairo_fill(b->cr);
        return;
    }
    cairo_set_line_width(b->cr, 2 * stroke);
    cairo_set_line_join(b->cr, CAIRO_LINE_JOIN_ROUND);
    cairo_stroke(b->cr);
}

static void paint_shaped(const struct vt_brush *b, const struct vt_shaped *shaped, double x, double y,
                         struct vt_colour4 colour, double opacity, double stroke)
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
    vt_set_colour(b->cr, colour, opacity);
    for (int i = 0; i < shaped->n_runs; i++)
        paint_run(b, &shaped->runs[i], stroke);
    for (int i = 0; i < shaped->n_rules; i++) {
        const struct vt_rule *rule = &shaped->rules[i];
        cairo_rectangle(b->cr, rule->x - stroke, rule->y - stroke, rule->width + 2 * stroke, rule->height + 2 * stroke);
        cairo_fill(b->cr);
    }
    cairo_restore(b->cr);
    cairo_font_options_destroy(options);
}

void vt_paint_shaped(const struct vt_brush *b, const struct vt_shaped *shaped, double x, double y,
                     struct vt_colour4 colour, double opacity)
{
    paint_shaped(b, shaped, x, y, colour, opacity, 0);
}

static void paint_text_shadow(const struct vt_brush *b, const struct vt_text_style *style, double scale,
                              const struct vt_shaped *shaped, double x, double y, double opacity)
{
    const struct vt_shadow *s = &style->shadow;
    double blur = s->blur * scale * b->sx, spread = style->stroke * scale, reach = 1.5 * blur + 2;
    double left = floor((x + shaped->x - spread) * b->sx - reach), top = floor((y + shaped->y - spread) * b->sy - reach);
    double right = ceil((x + shaped->x + shaped->width + spread) * b->sx + reach);
    double bottom = ceil((y + shaped->y + shaped->height + spread) * b->sy + reach);
    cairo_surface_t *mask = vt_mask_new(right - left, bottom - top);
    if (!mask)
        return;
    struct vt_brush on_mask = { .cr = cairo_create(mask), .sx = b->sx, .sy = b->sy, .x = left, .y = top };
    struct vt_colour4 full = { 255, 255, 255, 255 };
    paint_shaped(&on_mask, shaped, x, y, full, 1, 0);
    if (style->stroke > 0)
        paint_shaped(&on_mask, shaped, x, y, full, 1, spread);
    cairo_destroy(on_mask.cr);
    vt_mask_blur(mask, blur);
    vt_set_colour(b->cr, s->colour, opacity);
    cairo_mask_surface(b->cr, mask, left - b->x + round(s->x * scale * b->sx), top - b->y + round(s->y * scale * b->sy));
    cairo_surface_destroy(mask);
}

void vt_paint_behind(const struct vt_brush *b, const struct vt_text_style *style, double scale,
                     const struct vt_shaped *shaped, double x, double y, double opacity)
{
    if (style->shadow.colour.a > 0)
        paint_text_shadow(b, style, scale, shaped, x, y, opacity);
    if (style->stroke > 0)
        paint_shaped(b, shaped, x, y, style->stroke_colour, opacity, style->stroke * scale);
}

// ---- pictures

// How much larger a picture is drawn, across and down.
static void fit_picture(const struct vt_style *style, double w, double h, double width, double height, double natural,
                        double *ret_x, double *ret_y)
{
    double x = width / w, y = height / h;
    switch ((enum vt_object_fit)style->object_fit) {
    case VT_FIT_FILL:
        break;
    case VT_FIT_INSIDE:
        x = y = fmin(x, y);
        break;
    case VT_FIT_OVER:
        x = y = fmax(x, y);
        break;
    case VT_FIT_AS_IT_IS:
        x = y = natural;
        break;
    case VT_FIT_NOT_LARGER:
        x = y = fmin(natural, fmin(x, y));
        break;
    }
    *ret_x = x;
    *ret_y = y;
}

// `natural` is how large a pixel of the picture is when nothing scales it.
static cairo_surface_t *scale_picture(cairo_surface_t *picture, int width, int height, const struct vt_style *style,
                                      double natural)
{
    double w = cairo_image_surface_get_width(picture), h = cairo_image_surface_get_height(picture), x, y;
    fit_picture(style, w, h, width, height, natural, &x, &y);
    bool covers = style->object_fit == VT_FIT_FILL || style->object_fit == VT_FIT_OVER;
    return vt_resample(picture, width, height, &(struct vt_resampling){
        .x = vt_place(style->object_position[0], width - w * x, natural),
        .y = vt_place(style->object_position[1], height - h * y, natural),
        .scale_x = x, .scale_y = y, .pad = covers,
    });
}

static cairo_surface_t *find_scaled(const struct vt_brush *b, const struct vt_item *item, int width, int height)
{
    const struct vt_style *style = &item->box.style;
    const double numbers[] = { width, height, style->object_fit, (double)style->object_position[0].value,
                               (double)style->object_position[1].value, style->object_position[0].unit,
                               style->object_position[1].unit, item->scale * b->sx };
    uint64_t key = vt_hash(item->picture_hash, numbers, sizeof numbers);
    for (int i = 0; i < VT_SCALED_PICTURES; i++) {
        if (b->pictures[i].surface && b->pictures[i].key == key)
            return b->pictures[i].surface;
    }
    struct vt_scaled_picture *slot = &b->pictures[(*b->next_picture)++ % VT_SCALED_PICTURES];
    if (slot->surface)
        cairo_surface_destroy(slot->surface);
    *slot = (struct vt_scaled_picture){ key, scale_picture(item->picture, width, height, style, item->scale * b->sx) };
    return slot->surface;
}

static void paint_picture(const struct vt_brush *b, const struct vt_item *item, double opacity)
{
    const struct vt_box *box = &item->box;
    struct vt_edges e = vt_snap(b, box->x + box->edge[VT_LEFT], box->y + box->edge[VT_TOP], vt_item_inner_width(item),
                                vt_item_inner_height(item));
    int width = (int)(e.x1 - e.x0), height = (int)(e.y1 - e.y0);
    if (width < 1 || height < 1 || width > VT_PICTURE_SIDE || height > VT_PICTURE_SIDE)
        return;
    cairo_surface_t *scaled = find_scaled(b, item, width, height);
    if (!scaled)
        return;
    cairo_save(b->cr);
    vt_round_path(b->cr, e, vt_corners_of(b, item, &e));
    cairo_clip(b->cr);
    cairo_set_source_surface(b->cr, scaled, e.x0, e.y0);
    cairo_paint_with_alpha(b->cr, opacity);
    cairo_restore(b->cr);
}

// ---- figures

static void paint_bar(const struct vt_brush *b, const struct vt_item *item, struct vt_edges e, struct vt_corners corners,
                      double opacity)
{
    double filled = (e.x1 - e.x0) * item->share;
    cairo_save(b->cr);
    vt_round_path(b->cr, e, corners);
    cairo_clip(b->cr);
    vt_set_colour(b->cr, item->fill, opacity);
    cairo_rectangle(b->cr, item->mirrored ? e.x1 - filled : e.x0, e.y0, filled, e.y1 - e.y0);
    cairo_fill(b->cr);
    cairo_restore(b->cr);
}

static void paint_shape(const struct vt_brush *b, const struct vt_item *item, struct vt_edges e, double opacity)
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
    vt_set_colour(b->cr, item->box.style.text.colour, opacity);
    cairo_fill(b->cr);
}

// Modules of whole pixels, so that they stay square and sharp.
static void paint_qr(const struct vt_brush *b, const struct vt_item *item, struct vt_edges e, double opacity)
{
    int side = item->qr.side, all = side + 2 * VT_QR_QUIET;
    double width = e.x1 - e.x0, height = e.y1 - e.y0, module = floor(fmin(width, height) / all);
    if (module < 1)
        return;
    double x0 = e.x0 + floor((width - module * side) / 2), y0 = e.y0 + floor((height - module * side) / 2);
    vt_set_colour(b->cr, item->box.style.text.colour, opacity);
    for (int i = 0; i < side * side; i++) {
        if (item->qr.dark[i])
            cairo_rectangle(b->cr, x0 + i % side * module, y0 + i / side * module, module, module);
    }
    cairo_fill(b->cr);
}

static void paint_drawing(const struct vt_brush *b, const struct vt_item *item, struct vt_edges e, double opacity)
{
    RsvgRectangle box = { e.x0, e.y0, e.x1 - e.x0, e.y1 - e.y0 };
    if (box.width < 1 || box.height < 1 || box.width > VT_PICTURE_SIDE || box.height > VT_PICTURE_SIDE)
        return;
    cairo_save(b->cr);
    cairo_rectangle(b->cr, e.x0, e.y0, box.width, box.height);
    cairo_clip(b->cr);                   // so that the group is no larger
    cairo_push_group(b->cr);
    rsvg_handle_render_document(item->svg, b->cr, &box, NULL);
    cairo_pop_group_to_source(b->cr);
    cairo_paint_with_alpha(b->cr, opacity);
    cairo_restore(b->cr);
}

static void paint_figure(const struct vt_brush *b, const struct vt_item *item, double opacity)
{
    const struct vt_box *box = &item->box;
    struct vt_edges e = vt_snap(b, box->x + box->edge[VT_LEFT], box->y + box->edge[VT_TOP], vt_item_inner_width(item),
                          vt_item_inner_height(item));
    if (item->shape)
        paint_shape(b, item, e, opacity);
    if (item->qr.side)
        paint_qr(b, item, e, opacity);
    if (item->svg)
        paint_drawing(b, item, e, opacity);
}

static void paint_text(const struct vt_brush *b, const struct vt_item *item, double opacity)
{
    const struct vt_box *box = &item->box;
    const struct vt_text_style *style = &box->style.text;
    double x = box->x + box->edge[VT_LEFT] + item->text_x, y = box->y + box->edge[VT_TOP] + item->text_y;
    cairo_save(b->cr);
    if (item->text_clipped) {
        struct vt_edges e = vt_snap(b, box->x + box->edge[VT_LEFT], box->y, vt_item_inner_width(item), box->height);
        cairo_rectangle(b->cr, e.x0, e.y0 - VT_PICTURE_SIDE, e.x1 - e.x0, e.y1 - e.y0 + 2 * VT_PICTURE_SIDE);
        cairo_clip(b->cr);
    }
    vt_paint_behind(b, style, item->scale, &item->shaped, x, y, opacity);
    vt_paint_shaped(b, &item->shaped, x, y, style->colour, opacity);
    cairo_restore(b->cr);
}

static void paint_item(const struct vt_brush *b, const struct vt_item *item, double opacity)
{
    const struct vt_box *box = &item->box;
    struct vt_edges e = vt_snap(b, box->x, box->y, box->width, box->height);
    struct vt_corners corners = vt_corners_of(b, item, &e);
    vt_fill_shadow(b, item, e, corners, opacity);
    vt_fill_background(b, item, e, corners, opacity);
    if (item->bar)
        paint_bar(b, item, e, corners, opacity);
    if (item->frame)
        vt_fill_nine(b, item, e, opacity);
    else
        vt_fill_border(b, item, e, corners, opacity);
    paint_figure(b, item, opacity);
    if (item->picture)
        paint_picture(b, item, opacity);
    if (item->shaped.n_runs && !item->rolls)
        paint_text(b, item, opacity);
}

void vt_paint_clip(const struct vt_brush *b, const struct vt_item *item, const struct vt_item *group)
{
    for (const struct vt_item *at = item; at != group && at->parent; at = at->parent) {
        if (at->parent->box.style.overflow == 0)
            continue;
        struct vt_corners corners;
        struct vt_edges e = vt_inside_of(b, at->parent, &corners);
        vt_round_path(b->cr, e, corners);
        cairo_clip(b->cr);
    }
}

// A box with children fades as a layer; a leaf fades as one, so that its background does not show through its text.
void vt_paint_item(const struct vt_brush *b, const struct vt_item *item)
{
    double opacity = item->box.first ? 1 : item->box.style.opacity;
    const struct vt_style *style = &item->box.style;
    bool several = style->background.a > 0 || style->gradient || item->frame || style->border > 0 ||
                   style->shadow.colour.a > 0 || style->text.shadow.colour.a > 0 || style->text.stroke > 0;
    if (opacity >= 1 || !several) {
        paint_item(b, item, opacity);
        return;
    }
    cairo_push_group(b->cr);
    paint_item(b, item, 1);
    cairo_pop_group_to_source(b->cr);
    cairo_paint_with_alpha(b->cr, opacity);
}
