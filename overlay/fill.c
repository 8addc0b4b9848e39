#include "overlay/fill.h"

#include <math.h>

#define BLEND_STEPS 16                   // between two colours of different opacity

void vt_set_colour(cairo_t *cr, struct vt_colour4 c, double opacity)
{
    cairo_set_source_rgba(cr, c.r / 255.0, c.g / 255.0, c.b / 255.0, c.a / 255.0 * opacity);
}

double vt_place(struct vt_length place, double room, double scale)
{
    double value = (double)place.value;
    return place.unit == VT_PERCENT ? value / 100 * room : place.unit == VT_PX ? value * scale : 0;
}

struct vt_edges vt_snap(const struct vt_brush *b, double x, double y, double width, double height)
{
    return (struct vt_edges){ round(x * b->sx) - b->x, round(y * b->sy) - b->y, round((x + width) * b->sx) - b->x,
                              round((y + height) * b->sy) - b->y };
}

// ---- corners

struct vt_corners vt_corners_of(const struct vt_brush *b, const struct vt_item *item, const struct vt_edges *e)
{
    const struct vt_length *given = item->box.style.radius;
    double width = e->x1 - e->x0, height = e->y1 - e->y0, fit = 1;
    struct vt_corners c = { { 0 } };
    for (int i = 0; i < 4; i++)
        c.radius[i] = fmax(0, vt_place(given[i], fmin(width, height), item->scale * b->sx));
    for (int i = 0; i < 4; i++) {
        double sum = c.radius[i] + c.radius[(i + 1) % 4], side = i % 2 ? height : width;
        fit = sum > side ? fmin(fit, fmax(0, side) / sum) : fit;
    }
    for (int i = 0; i < 4; i++)
        c.radius[i] *= fit;
    return c;
}

struct vt_edges vt_inside_of(const struct vt_brush *b, const struct vt_item *item, struct vt_corners *ret_corners)
{
    const struct vt_box *box = &item->box;
    struct vt_edges e = vt_snap(b, box->x, box->y, box->width, box->height);
    double line = box->style.border > 0 ? fmax(1, round(box->style.border * item->scale * b->sx)) : 0;
    *ret_corners = vt_corners_of(b, item, &e);
    for (int i = 0; i < 4; i++)
        ret_corners->radius[i] = fmax(0, ret_corners->radius[i] - line);
    return (struct vt_edges){ e.x0 + line, e.y0 + line, fmax(e.x0 + line, e.x1 - line), fmax(e.y0 + line, e.y1 - line) };
}

void vt_round_path(cairo_t *cr, struct vt_edges e, struct vt_corners c)
{
    const double *r = c.radius;
    if (r[0] <= 0 && r[1] <= 0 && r[2] <= 0 && r[3] <= 0) {
        cairo_rectangle(cr, e.x0, e.y0, e.x1 - e.x0, e.y1 - e.y0);
        return;
    }
    cairo_new_sub_path(cr);
    cairo_arc(cr, e.x1 - r[1], e.y0 + r[1], r[1], -M_PI / 2, 0);
    cairo_arc(cr, e.x1 - r[2], e.y1 - r[2], r[2], 0, M_PI / 2);
    cairo_arc(cr, e.x0 + r[3], e.y1 - r[3], r[3], M_PI / 2, M_PI);
    cairo_arc(cr, e.x0 + r[0], e.y0 + r[0], r[0], M_PI, M_PI * 3 / 2);
    cairo_close_path(cr);
}

void vt_fill_border(const struct vt_brush *b, const struct vt_item *item, struct vt_edges e, struct vt_corners corners,
                    double opacity)
{
    const struct vt_style *style = &item->box.style;
    double width = fmax(1, round(style->border * item->scale * b->sx));
    struct vt_edges middle = { e.x0 + width / 2, e.y0 + width / 2, e.x1 - width / 2, e.y1 - width / 2 };
    if (style->border <= 0 || middle.x1 <= middle.x0 || middle.y1 <= middle.y0)
        return;
    for (int i = 0; i < 4; i++)
        corners.radius[i] = fmax(0, corners.radius[i] - width / 2);
    vt_round_path(b->cr, middle, corners);
    vt_set_colour(b->cr, style->border_colour, opacity);
    cairo_set_line_width(b->cr, width);
    if (style->border_dashed)
        cairo_set_dash(b->cr, (double[]){ width * 3, width * 2 }, 2, 0);
    cairo_stroke(b->cr);
    cairo_set_dash(b->cr, NULL, 0, 0);
}

// ---- gradients

static void add_stop(cairo_pattern_t *pattern, double at, const double c[4])
{
    double a = c[3];
    cairo_pattern_add_color_stop_rgba(pattern, at, a > 0 ? c[0] / a : 0, a > 0 ? c[1] / a : 0, a > 0 ? c[2] / a : 0, a);
}

static void premultiply(struct vt_colour4 c, double opacity, double ret[4])
{
    double a = c.a / 255.0;
    ret[0] = c.r / 255.0 * a * opacity;
    ret[1] = c.g / 255.0 * a * opacity;
    ret[2] = c.b / 255.0 * a * opacity;
    ret[3] = a * opacity;
}

// Premultiplied between two colours, as CSS has it: nothing turns grey on its way to transparent.
static void add_stops(cairo_pattern_t *pattern, const struct vt_gradient *g, double opacity)
{
    for (int i = 0; i < g->count; i++) {
        double here[4], next[4], between[4];
        const struct vt_stop *stop = &g->stops[i], *after = stop + 1;
        premultiply(stop->colour, opacity, here);
        bool last = i + 1 == g->count, turns = !last && after->colour.a != stop->colour.a;
        // A colour that shows nothing takes its neighbour's, so that cairo's own steps do not darken.
        if (stop->colour.a > 0)
            add_stop(pattern, stop->at, here);
        else
            cairo_pattern_add_color_stop_rgba(pattern, stop->at, last ? 0 : after->colour.r / 255.0,
                                              last ? 0 : after->colour.g / 255.0, last ? 0 : after->colour.b / 255.0, 0);
        if (!turns)
            continue;
        premultiply(after->colour, opacity, next);
        for (int k = 1; k < BLEND_STEPS; k++) {
            for (int c = 0; c < 4; c++)
                between[c] = here[c] + (next[c] - here[c]) * k / BLEND_STEPS;
            add_stop(pattern, stop->at + (after->at - stop->at) * k / BLEND_STEPS, between);
        }
        if (after->colour.a == 0)
            cairo_pattern_add_color_stop_rgba(pattern, after->at, stop->colour.r / 255.0, stop->colour.g / 255.0,
                                              stop->colour.b / 255.0, 0);
    }
}

static cairo_pattern_t *linear(const struct vt_gradient *g, struct vt_edges e)
{
    double width = e.x1 - e.x0, height = e.y1 - e.y0, angle = g->degrees * M_PI / 180;
    double x = sin(angle), y = -cos(angle);
    if (g->across) {                     // towards a corner: the line between its neighbours is the colour halfway
        double length = hypot(width, height);
        x = g->across * height / length;
        y = g->down * width / length;
    }
    double half = (fabs(width * x) + fabs(height * y)) / 2, cx = (e.x0 + e.x1) / 2, cy = (e.y0 + e.y1) / 2;
    return cairo_pattern_create_linear(cx - x * half, cy - y * half, cx + x * half, cy + y * half);
}

// Reaches the farthest corner, as CSS does when nothing else is said.
static cairo_pattern_t *radial(const struct vt_gradient *g, struct vt_edges e, double scale)
{
    double width = e.x1 - e.x0, height = e.y1 - e.y0;
    double x = vt_place(g->x, width, scale), y = vt_place(g->y, height, scale);
    double far_x = fmax(fabs(x), fabs(width - x)), far_y = fmax(fabs(y), fabs(height - y));
    double rx = g->circle ? hypot(far_x, far_y) : far_x * M_SQRT2, ry = g->circle ? rx : far_y * M_SQRT2;
    cairo_pattern_t *pattern = cairo_pattern_create_radial(0, 0, 0, 0, 0, 1);
    cairo_matrix_t matrix;
    cairo_matrix_init(&matrix, 1 / fmax(rx, 1e-3), 0, 0, 1 / fmax(ry, 1e-3), 0, 0);
    cairo_matrix_translate(&matrix, -e.x0 - x, -e.y0 - y);
    cairo_pattern_set_matrix(pattern, &matrix);
    return pattern;
}

void vt_fill_background(const struct vt_brush *b, const struct vt_item *item, struct vt_edges e, struct vt_corners corners,
                        double opacity)
{
    const struct vt_style *style = &item->box.style;
    if (style->background.a > 0) {
        vt_round_path(b->cr, e, corners);
        vt_set_colour(b->cr, style->background, opacity);
        cairo_fill(b->cr);
    }
    if (!style->gradient || e.x1 <= e.x0 || e.y1 <= e.y0)
        return;
    cairo_pattern_t *pattern = style->gradient->radial ? radial(style->gradient, e, item->scale * b->sx)
                                                       : linear(style->gradient, e);
    add_stops(pattern, style->gradient, opacity);
    vt_round_path(b->cr, e, corners);
    cairo_set_source(b->cr, pattern);
    cairo_fill(b->cr);
    cairo_pattern_destroy(pattern);
}

// ---- pictures in nine parts

// Two edges and what lies between them, of `size`: where the three parts begin and end.
static void split(double first, double last, double size, double ret[4])
{
    double fit = first + last > size ? size / (first + last) : 1;
    ret[0] = 0;
    ret[1] = round(first * fit);
    ret[2] = size - round(last * fit);
    ret[3] = size;
}

static void paint_part(const struct vt_brush *b, cairo_surface_t *picture, const double from[4], const double to[4],
                       double opacity)
{
    double sw = from[2] - from[0], sh = from[3] - from[1], dw = to[2] - to[0], dh = to[3] - to[1];
    if (sw < 1 || sh < 1 || dw < 1 || dh < 1)
        return;
    cairo_surface_t *part = cairo_surface_create_for_rectangle(picture, from[0], from[1], sw, sh);
    cairo_save(b->cr);
    cairo_rectangle(b->cr, to[0], to[1], dw, dh);
    cairo_clip(b->cr);
    cairo_translate(b->cr, to[0], to[1]);
    cairo_scale(b->cr, dw / sw, dh / sh);
    cairo_set_source_surface(b->cr, part, 0, 0);
    cairo_pattern_set_filter(cairo_get_source(b->cr), CAIRO_FILTER_GOOD);
    cairo_pattern_set_extend(cairo_get_source(b->cr), CAIRO_EXTEND_PAD);
    cairo_paint_with_alpha(b->cr, opacity);
    cairo_restore(b->cr);
    cairo_surface_destroy(part);
}

void vt_fill_nine(const struct vt_brush *b, const struct vt_item *item, struct vt_edges e, double opacity)
{
    const struct vt_nine *nine = item->box.style.nine;
    double sx[4], sy[4], dx[4], dy[4], scale = item->scale * b->sx;
    split(nine->slice[VT_LEFT], nine->slice[VT_RIGHT], cairo_image_surface_get_width(item->frame), sx);
    split(nine->slice[VT_TOP], nine->slice[VT_BOTTOM], cairo_image_surface_get_height(item->frame), sy);
    split(nine->width[VT_LEFT] * scale, nine->width[VT_RIGHT] * scale, fmax(0, e.x1 - e.x0), dx);
    split(nine->width[VT_TOP] * scale, nine->width[VT_BOTTOM] * scale, fmax(0, e.y1 - e.y0), dy);
    for (int i = 0; i < 9; i++) {
        int row = i / 3, column = i % 3;
        const double from[4] = { sx[column], sy[row], sx[column + 1], sy[row + 1] };
        const double to[4] = { e.x0 + dx[column], e.y0 + dy[row], e.x0 + dx[column + 1], e.y0 + dy[row + 1] };
        if (i != 4 || nine->fill)
            paint_part(b, item->frame, from, to, opacity);
    }
}
