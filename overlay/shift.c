#include "overlay/shift.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define AFTER  1                         // pixel that is looked at after the one that is made
#define MARGIN (2 * VT_SHIFT_REACH)

static int rounded(int value, int by)
{
    return (value + (value < 0 ? -by / 2 : by / 2)) / by;
}

// The outer two are rounded, the inner two follow: the sum is 64, and the centre moves by 4 * part.
void vt_shift_weights(int part, int8_t ret[4])
{
    int f = VT_PARTS - part;             // from the pixel before to the place that is wanted
    int first = rounded(-256 * f + 32 * f * f - f * f * f, 128), last = rounded(f * f * f - 16 * f * f, 128);
    ret[0] = (int8_t)first;
    ret[2] = (int8_t)(4 * f + first - 2 * last);
    ret[3] = (int8_t)last;
    ret[1] = (int8_t)(64 - ret[0] - ret[2] - ret[3]);
}

// One premultiplied pixel from four, `step` bytes apart; no colour exceeds its alpha.
static void shift_pixel(uint8_t *to, const uint8_t *from, ptrdiff_t step, const int8_t weights[4])
{
    int most = 255;
    for (int k = 3; k >= 0; k--) {
        int sum = weights[0] * from[k - 2 * step] + weights[1] * from[k - step] + weights[2] * from[k] +
                  weights[3] * from[k + step];
        sum = sum < 0 ? 0 : (sum + 32) >> 6;
        to[k] = (uint8_t)(sum > most ? most : sum);
        most = k == 3 ? to[3] : most;
    }
}

// A surface's pixels, but for those that lie too near its edges to have four; there is nothing.
static void shift(uint8_t *to, const uint8_t *from, int width, int height, ptrdiff_t stride, ptrdiff_t step,
                  const int8_t weights[4])
{
    for (int y = VT_SHIFT_REACH; y < height - AFTER; y++) {
        for (int x = VT_SHIFT_REACH; x < width - AFTER; x++)
            shift_pixel(to + y * stride + 4 * x, from + y * stride + 4 * x, step, weights);
    }
}

static void shift_across(cairo_surface_t *surface, uint8_t *scratch, int part, bool down)
{
    int width = cairo_image_surface_get_width(surface), height = cairo_image_surface_get_height(surface);
    ptrdiff_t stride = cairo_image_surface_get_stride(surface);
    uint8_t *pixels = cairo_image_surface_get_data(surface);
    int8_t weights[4];
    vt_shift_weights(part, weights);
    memcpy(scratch, pixels, (size_t)stride * (size_t)height);
    shift(pixels, scratch, width, height, stride, down ? stride : 4, weights);
}

// The part of a layer's pixels that shows, moved, with a margin all around that nothing reaches the end of.
static cairo_surface_t *shifted(const struct vt_layer *l)
{
    int width = l->width + 2 * MARGIN, height = l->height + 2 * MARGIN;
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, width, height);
    cairo_t *cr = cairo_create(surface);
    cairo_set_source_surface(cr, l->pixels, MARGIN - l->source_x, MARGIN);
    cairo_paint(cr);
    cairo_destroy(cr);
    cairo_surface_flush(surface);
    bool good = cairo_surface_status(surface) == CAIRO_STATUS_SUCCESS;
    uint8_t *scratch = good ? malloc((size_t)cairo_image_surface_get_stride(surface) * (size_t)height) : NULL;
    if (scratch && l->part_x)
        shift_across(surface, scratch, l->part_x, false);
    if (scratch && l->part_y)
        shift_across(surface, scratch, l->part_y, true);
    free(scratch);
    cairo_surface_mark_dirty(surface);
    return surface;
}

void vt_shift_paint(cairo_t *cr, const struct vt_layer *l)
{
    bool between = l->part_x || l->part_y;
    bool window = l->source_x != 0 || cairo_image_surface_get_width(l->pixels) > l->width;
    int reach = between && !window ? VT_SHIFT_REACH : 0;
    cairo_save(cr);
    cairo_rectangle(cr, l->x - reach, l->y - (between ? VT_SHIFT_REACH : 0), l->width + 2 * reach,
                    l->height + (between ? 2 * VT_SHIFT_REACH : 0));
    cairo_clip(cr);
    if (between) {
        cairo_surface_t *surface = shifted(l);
        cairo_set_source_surface(cr, surface, l->x - MARGIN, l->y - MARGIN);
        cairo_surface_destroy(surface);
    } else {
        cairo_set_source_surface(cr, l->pixels, l->x - l->source_x, l->y);
    }
    cairo_paint_with_alpha(cr, (double)l->opacity);
    cairo_restore(cr);
}
