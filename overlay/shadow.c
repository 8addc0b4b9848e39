// Shadows: the mask of a shape, made soft.
#include <math.h>
#include <stdlib.h>

#include "overlay/fill.h"

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

cairo_surface_t *vt_mask_new(double width, double height)
{
    if (width < 1 || height < 1 || width > VT_STRIP_MOST || height > VT_PICTURE_SIDE)
        return NULL;
    return cairo_image_surface_create(CAIRO_FORMAT_A8, (int)width, (int)height);
}

static int box_of(double blur)
{
    return (int)round(blur / 2 * 0.94);
}

void vt_mask_blur(cairo_surface_t *mask, double blur)
{
    int box = box_of(blur), stride = cairo_image_surface_get_stride(mask);
    int width = cairo_image_surface_get_width(mask), height = cairo_image_surface_get_height(mask);
    cairo_surface_flush(mask);
    uint8_t *scratch = box > 0 ? malloc((size_t)stride * (size_t)height) : NULL;
    if (scratch)
        blur_mask(cairo_image_surface_get_data(mask), scratch, width, height, stride, box);
    free(scratch);
    cairo_surface_mark_dirty(mask);
}

// Outside of the box only, so that a translucent box stays as it is.
void vt_fill_shadow(const struct vt_brush *b, const struct vt_item *item, struct vt_edges e, struct vt_corners corners,
                    double opacity)
{
    const struct vt_shadow *s = &item->box.style.shadow;
    double scale = item->scale * b->sx, spread = s->spread * scale, margin = 3 * box_of(s->blur * scale) + 1;
    struct vt_edges cast = { e.x0 - spread, e.y0 - spread, e.x1 + spread, e.y1 + spread };
    struct vt_corners wider = corners;
    double width = cast.x1 - cast.x0 + 2 * margin, height = cast.y1 - cast.y0 + 2 * margin;
    cairo_surface_t *mask = s->colour.a > 0 && width <= VT_PICTURE_SIDE ? vt_mask_new(width, height) : NULL;
    if (!mask)
        return;
    for (int i = 0; i < 4; i++)
        wider.radius[i] = fmax(0, corners.radius[i] + spread);
    cairo_t *cr = cairo_create(mask);
    vt_round_path(cr, (struct vt_edges){ margin, margin, width - margin, height - margin }, wider);
    cairo_fill(cr);
    cairo_destroy(cr);
    vt_mask_blur(mask, s->blur * scale);
    cairo_save(b->cr);
    cairo_set_fill_rule(b->cr, CAIRO_FILL_RULE_EVEN_ODD);
    cairo_rectangle(b->cr, e.x0 - 4 * VT_PICTURE_SIDE, e.y0 - 4 * VT_PICTURE_SIDE, 9 * VT_PICTURE_SIDE,
                    9 * VT_PICTURE_SIDE);
    vt_round_path(b->cr, e, corners);
    cairo_clip(b->cr);
    vt_set_colour(b->cr, s->colour, opacity);
    cairo_mask_surface(b->cr, mask, round(cast.x0 - margin + s->x * scale), round(cast.y0 - margin + s->y * scale));
    cairo_restore(b->cr);
    cairo_surface_destroy(mask);
}
