#include "overlay/paint.h"

#include <math.h>

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

void vt_paint_item(const struct vt_brush *b, const struct vt_item *item)
{
    const struct vt_box *box = &item->box;
    const struct vt_style *style = &box->style;
    struct edges e = snap(b, box->x, box->y, box->width, box->height);
    double radius = radius_of(b, item, &e);
    double opacity = box->first ? 1 : style->opacity;        // a box with children fades as a layer
    if (style->background.a > 0) {
        round_path(b->cr, e, radius);
        set_colour(b->cr, style->background, opacity);
        cairo_fill(b->cr);
    }
    paint_border(b, item, e, radius, opacity);
    if (item->picture)
        paint_picture(b, item, opacity);
    if (item->shaped.n_runs)
        vt_paint_shaped(b, &item->shaped, box->x + box->edge[VT_LEFT], box->y + box->edge[VT_TOP], style->text.colour,
                        opacity);
}
