#include "overlay/resample.h"

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define UNIT      14                     // bits of a weight's fraction
#define BETWEEN   6                      // and of a value's between the two passes
#define SUPPORT   2                      // pixels of the result to either side that the kernel reaches
#define TOO_LARGE 3                      // times the result: halved before
#define RUN       16                     // bytes that are added up at once

// Pixels of 4 bytes, rows `stride` apart.
struct pixels {
    const uint8_t *data;
    int width, height;
    ptrdiff_t stride;
};

// One axis: which pixels of the picture make each pixel of the result, and how much of each.
struct axis {
    int *first;                          // of each: the first pixel, which may lie outside
    int taps;                            // of each
    int16_t *weights;                    // taps of each
};

static double kernel(double x)
{
    x = fabs(x);
    if (x >= 2)
        return 0;
    return x < 1 ? 1 + x * x * (1.5 * x - 2.5) : 2 + x * (-4 + x * (2.5 - 0.5 * x));
}

// What rounding leaves of the sum goes to the heaviest.
static void round_weights(int16_t *to, const double *weights, int taps, double sum)
{
    int left = 1 << UNIT, heaviest = 0;
    for (int i = 0; i < taps; i++) {
        to[i] = (int16_t)lrint(weights[i] / sum * (1 << UNIT));
        left -= to[i];
        if (to[i] > to[heaviest])
            heaviest = i;
    }
    to[heaviest] = (int16_t)(to[heaviest] + left);
}

static bool axis_new(struct axis *axis, int count, double at, double scale)
{
    double reach = SUPPORT * fmax(1, 1 / scale), narrow = fmin(1, scale);
    axis->taps = 2 * (int)ceil(reach) + 1;
    axis->first = malloc(sizeof *axis->first * (size_t)count);
    axis->weights = malloc(sizeof *axis->weights * (size_t)count * (size_t)axis->taps);
    double *weights = malloc(sizeof *weights * (size_t)axis->taps);
    bool good = axis->first && axis->weights && weights;
    for (int i = 0; i < count && good; i++) {
        double middle = (i + 0.5 - at) / scale, sum = 0;
        axis->first[i] = (int)fmin(fmax(floor(middle - reach), -1e9), 1e9);
        for (int k = 0; k < axis->taps; k++)
            sum += weights[k] = kernel((axis->first[i] + k + 0.5 - middle) * narrow);
        round_weights(axis->weights + (ptrdiff_t)i * axis->taps, weights, axis->taps, sum);
    }
    free(weights);
    return good;
}

static void axis_free(struct axis *axis)
{
    free(axis->first);
    free(axis->weights);
}

// Within 0 .. size - 1, or -1 for nothing.
static int inside(int at, int size, bool pad)
{
    if (at >= 0 && at < size)
        return at;
    return pad ? (at < 0 ? 0 : size - 1) : -1;
}

// ---- halving

static uint8_t *halve(struct pixels *p)
{
    int width = p->width / 2, height = p->height / 2;
    uint8_t *data = malloc(4 * (size_t)width * (size_t)height);
    for (int y = 0; y < height && data; y++) {
        const uint8_t *a = p->data + 2 * y * p->stride, *b = a + p->stride;
        uint8_t *to = data + 4 * (ptrdiff_t)y * width;
        for (int x = 0; x < width; x++, a += 8, b += 8, to += 4) {
            for (int c = 0; c < 4; c++)
                to[c] = (uint8_t)((a[c] + a[c + 4] + b[c] + b[c + 4] + 2) >> 2);
        }
    }
    if (data)
        *p = (struct pixels){ data, width, height, 4 * (ptrdiff_t)width };
    return data;
}

// ---- passes

static void add_row(int32_t *sums, const uint8_t *row, int bytes, int16_t weight)
{
    for (int i = 0; i < bytes; i += RUN) {
        for (int k = 0; k < RUN; k++)
            sums[i + k] += weight * (int16_t)row[i + k];
    }
}

// A row of the result's height: `row` has 4 × width values, `padded` and `sums` are a RUN's multiple long.
static void make_row(int16_t *row, int32_t *sums, uint8_t *padded, const struct pixels *p, const struct axis *axis, int y, bool pad)
{
    int bytes = 4 * p->width, whole = (bytes + RUN - 1) / RUN * RUN;
    memset(sums, 0, sizeof *sums * (size_t)whole);
    for (int k = 0; k < axis->taps; k++) {
        int16_t weight = axis->weights[(ptrdiff_t)y * axis->taps + k];
        int from = inside(axis->first[y] + k, p->height, pad);
        if (!weight || from < 0)
            continue;
        const uint8_t *data = p->data + from * p->stride;
        if (from == p->height - 1 && whole > bytes)
            data = memcpy(padded, data, (size_t)bytes);          // not past the end of the picture
        add_row(sums, data, whole, weight);
    }
    for (int i = 0; i < bytes; i++)
        row[i] = (int16_t)((sums[i] + (1 << (UNIT - BETWEEN - 1))) >> (UNIT - BETWEEN));
}

static uint8_t clamped(int32_t sum, int most)
{
    sum = (sum + (1 << (UNIT + BETWEEN - 1))) >> (UNIT + BETWEEN);
    return (uint8_t)(sum < 0 ? 0 : sum > most ? most : sum);
}

// Four values of each of `taps` pixels.
static void add_pixels(int32_t sums[4], const int16_t *from, const int16_t *weights, int taps)
{
    int32_t blue = sums[0], green = sums[1], red = sums[2], alpha = sums[3];     // in registers
    for (int k = 0; k < taps; k++, from += 4) {
        int32_t weight = weights[k];
        blue += weight * from[0];
        green += weight * from[1];
        red += weight * from[2];
        alpha += weight * from[3];
    }
    sums[0] = blue;
    sums[1] = green;
    sums[2] = red;
    sums[3] = alpha;
}

static void make_pixels(uint8_t *to, const int16_t *row, int width, int count, const struct axis *axis, bool pad)
{
    for (int x = 0; x < count; x++, to += 4) {
        int32_t sums[4] = { 0 };
        const int16_t *weights = axis->weights + (ptrdiff_t)x * axis->taps;
        int first = axis->first[x];
        if (first >= 0 && first + axis->taps <= width) {
            add_pixels(sums, row + 4 * (ptrdiff_t)first, weights, axis->taps);
        } else {
            for (int k = 0; k < axis->taps; k++) {
                int from = inside(first + k, width, pad);
                if (from >= 0)
                    add_pixels(sums, row + 4 * (ptrdiff_t)from, weights + k, 1);
            }
        }
        to[3] = clamped(sums[3], 255);
        for (int c = 0; c < 3; c++)
            to[c] = clamped(sums[c], to[3]);
    }
}

static bool make_picture(cairo_surface_t *surface, const struct pixels *p, const struct axis *across, const struct axis *down, bool pad)
{
    size_t bytes = 4 * (size_t)p->width + RUN;
    int32_t *sums = malloc(bytes * sizeof *sums);
    int16_t *row = malloc(bytes * sizeof *row);
    uint8_t *padded = calloc(1, bytes), *to = cairo_image_surface_get_data(surface);
    int width = cairo_image_surface_get_width(surface), height = cairo_image_surface_get_height(surface);
    bool good = sums && row && padded && to;
    for (int y = 0; y < height && good; y++, to += cairo_image_surface_get_stride(surface)) {
        make_row(row, sums, padded, p, down, y, pad);
        make_pixels(to, row, p->width, width, across, pad);
    }
    free(sums);
    free(row);
    free(padded);
    cairo_surface_mark_dirty(surface);
    return good;
}

// The picture as pixels with alpha: its own, or a copy of what has none.
static cairo_surface_t *with_alpha(cairo_surface_t *picture)
{
    if (cairo_image_surface_get_format(picture) == CAIRO_FORMAT_ARGB32)
        return cairo_surface_reference(picture);
    cairo_surface_t *copy = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, cairo_image_surface_get_width(picture),
                                                       cairo_image_surface_get_height(picture));
    cairo_t *cr = cairo_create(copy);
    cairo_set_source_surface(cr, picture, 0, 0);
    cairo_paint(cr);
    cairo_destroy(cr);
    cairo_surface_flush(copy);
    return copy;
}

static bool resample(cairo_surface_t *to, struct pixels from, struct vt_resampling how)
{
    uint8_t *halved = NULL;
    while (how.scale_x * TOO_LARGE < 1 && how.scale_y * TOO_LARGE < 1 && from.width > 1 && from.height > 1) {
        uint8_t *data = halve(&from);
        free(halved);
        halved = data;
        if (!data)
            return false;
        how.scale_x *= 2;
        how.scale_y *= 2;
    }
    struct axis across = { 0 }, down = { 0 };
    bool good = axis_new(&across, cairo_image_surface_get_width(to), how.x, how.scale_x) &&
                axis_new(&down, cairo_image_surface_get_height(to), how.y, how.scale_y) &&
                make_picture(to, &from, &across, &down, how.pad);
    axis_free(&across);
    axis_free(&down);
    free(halved);
    return good;
}

cairo_surface_t *vt_resample(cairo_surface_t *picture, int width, int height, const struct vt_resampling *how)
{
    cairo_surface_t *from = with_alpha(picture), *to = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, width, height);
    bool good = cairo_surface_status(from) == CAIRO_STATUS_SUCCESS && cairo_surface_status(to) == CAIRO_STATUS_SUCCESS;
    cairo_surface_flush(from);
    good = good && resample(to, (struct pixels){ cairo_image_surface_get_data(from), cairo_image_surface_get_width(from),
                                                 cairo_image_surface_get_height(from), cairo_image_surface_get_stride(from) }, *how);
    cairo_surface_destroy(from);
    if (!good) {
        cairo_surface_destroy(to);
        to = NULL;
    }
    return to;
}
