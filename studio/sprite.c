#include "studio/sprite.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "studio/sprite_planes.h"

#define FRACTION     18                  // bits after the point of a coefficient
#define GAP_MIN      16                  // a shorter transparent run is blended along
#define OPAQUE_MIN   32                  // a shorter opaque run is blended along

// Sums of premultiplied components under the kernel of one row of chroma.
struct sums {
    uint16_t *a, *r, *g, *b;
};

struct coefficients {
    int32_t offset_y, y[3];              // red, green, blue
    int32_t offset_c, u[3], v[3];
};

struct kernel {
    bool cosited_x, cosited_y;           // [1 2 1] around the even sample, else a box of two
    int shift;                           // log2 of the sum of the weights
};

struct conversion {
    const uint8_t *pixels;               // ARGB32
    int pixels_stride, pixels_width, source_x;
    int width, height, parity_x, parity_y;
    struct coefficients k;
    struct kernel kernel;
    struct sums sums;
};

static int32_t fixed(double v)
{
    return (int32_t)(v * (1 << FRACTION) + (v < 0 ? -0.5 : 0.5));
}

static struct coefficients coefficients(const struct vt_colour *colour)
{
    double kr = 0.2126, kb = 0.0722;
    if (colour->matrix == 5 || colour->matrix == 6)
        kr = 0.299, kb = 0.114;
    else if (colour->matrix == 9 || colour->matrix == 10)
        kr = 0.2627, kb = 0.0593;
    double y = colour->full_range ? 1 : 219 / 255.0, c = colour->full_range ? 1 : 224 / 255.0;
    struct coefficients k = {
        .offset_y = fixed(colour->full_range ? 0 : 16 / 255.0),
        .y = {fixed(y * kr), 0, fixed(y * kb)},
        .offset_c = fixed(128 / 255.0),
        .u = {fixed(-c * kr / (2 * (1 - kb))), 0, fixed(c / 2)},
        .v = {fixed(c / 2), 0, fixed(-c * kb / (2 * (1 - kr)))},
    };
    // Green takes what rounding left, so that white is white and grey has no colour.
    k.y[1] = fixed(y) - k.y[0] - k.y[2];
    k.u[1] = -k.u[0] - k.u[2];
    k.v[1] = -k.v[0] - k.v[2];
    return k;
}

static struct kernel kernel(const struct vt_colour *colour)
{
    struct kernel k = {.cosited_x = colour->chroma_site != 2, .cosited_y = colour->chroma_site == 3};
    k.shift = 2 + k.cosited_x + k.cosited_y;
    return k;
}

static uint8_t rounded(int32_t v)
{
    v = (v + (1 << (FRACTION - 1))) >> FRACTION;
    return v < 0 ? 0 : v > 255 ? 255 : (uint8_t)v;
}

// The columns [*from, *to) of the sprite that lie inside the surface, and the pixel of column 0 of row `y`.
static const uint32_t *surface_row(const struct conversion *c, int y, int *from, int *to)
{
    *from = c->source_x < 0 ? -c->source_x : 0;
    *to = c->pixels_width - c->source_x < c->width ? c->pixels_width - c->source_x : c->width;
    return (const uint32_t *)(const void *)(c->pixels + (ptrdiff_t)y * c->pixels_stride) + c->source_x;
}

static void convert_luma(const struct conversion *c, struct vt_sprite_layer *luma)
{
    const struct coefficients *k = &c->k;
    for (int y = 0; y < luma->height; y++) {
        int from, to;
        const uint32_t *row = surface_row(c, y, &from, &to);
        uint8_t *alpha = luma->alpha + (ptrdiff_t)y * luma->stride;
        uint8_t *out = luma->colour[0] + (ptrdiff_t)y * luma->stride;
        for (int x = from; x < to; x++) {
            uint32_t p = row[x];
            if (!p)
                continue;
            int32_t a = p >> 24, r = p >> 16 & 255, g = p >> 8 & 255, b = p & 255;
            alpha[x] = (uint8_t)a;
            out[x] = rounded(k->offset_y * a + k->y[0] * r + k->y[1] * g + k->y[2] * b);
        }
    }
}

// Adds surface row `y` (which may lie outside it) to the sums, `weight` times. Entry 1 of the sums is the column of
// parity 0, so that the sample left of it has a place.
static void add_row(const struct conversion *c, int y, int weight)
{
    if (y < 0 || y >= c->height)
        return;
    int from, to;
    const uint32_t *row = surface_row(c, y, &from, &to);
    for (int x = from; x < to; x++) {
        uint32_t p = row[x];
        if (!p)
            continue;
        int i = x + c->parity_x + 1;
        c->sums.a[i] += (uint16_t)(weight * (p >> 24));
        c->sums.r[i] += (uint16_t)(weight * (p >> 16 & 255));
        c->sums.g[i] += (uint16_t)(weight * (p >> 8 & 255));
        c->sums.b[i] += (uint16_t)(weight * (p & 255));
    }
}

static int32_t across(const uint16_t *sums, bool cosited)
{
    return cosited ? sums[-1] + 2 * sums[0] + sums[1] : sums[0] + sums[1];
}

static void convert_chroma(const struct conversion *c, struct vt_sprite_layer *chroma)
{
    const struct coefficients *k = &c->k;
    const struct sums *sums = &c->sums;
    size_t sums_bytes = 4 * sizeof(uint16_t) * (size_t)(2 * chroma->width + 2);
    bool cosited = c->kernel.cosited_x;
    int shift = c->kernel.shift, half = 1 << (shift - 1);
    for (int y = 0; y < chroma->height; y++) {
        int source_y = 2 * y - c->parity_y;
        memset(sums->a, 0, sums_bytes);
        if (c->kernel.cosited_y)
            add_row(c, source_y - 1, 1);
        add_row(c, source_y, 1 + c->kernel.cosited_y);
        add_row(c, source_y + 1, 1);
        ptrdiff_t row = (ptrdiff_t)y * chroma->stride;
        for (int x = 0; x < chroma->width; x++) {
            int i = 2 * x + 1;
            int32_t a = (across(sums->a + i, cosited) + half) >> shift;
            if (!a)
                continue;
            int32_t r = across(sums->r + i, cosited), g = across(sums->g + i, cosited);
            int32_t b = across(sums->b + i, cosited);
            // The offset goes with alpha as it is stored: then what has no colour changes no colour.
            chroma->alpha[row + x] = (uint8_t)a;
            chroma->colour[0][row + x] =
                rounded(k->offset_c * a + ((k->u[0] * r + k->u[1] * g + k->u[2] * b) >> shift));
            chroma->colour[1][row + x] =
                rounded(k->offset_c * a + ((k->v[0] * r + k->v[1] * g + k->v[2] * b) >> shift));
        }
    }
}

static int run_of(const uint8_t *alpha, int x, int width, uint8_t value)
{
    int from = x;
    while (x < width && alpha[x] == value)
        x++;
    return x - from;
}

// Cuts one row into spans; with `spans` NULL only counts them.
static int cut_row(const uint8_t *alpha, int width, struct vt_span *spans)
{
    int count = 0, start = -1;           // start of the blended span that is open
    for (int x = 0; x <= width;) {
        uint8_t value = x < width ? alpha[x] : 0;
        int run = value == 0 || value == 255 ? run_of(alpha, x, width, value) : 1;
        bool gap = x == width || (value == 0 && (run >= GAP_MIN || start < 0 || x + run == width));
        bool opaque = value == 255 && run >= OPAQUE_MIN;
        if (start >= 0 && (gap || opaque)) {
            if (spans)
                spans[count] = (struct vt_span){.x = start, .count = x - start};
            count++;
            start = -1;
        }
        if (opaque) {
            if (spans)
                spans[count] = (struct vt_span){.x = x, .count = run, .opaque = true};
            count++;
        } else if (!gap && start < 0) {
            start = x;
        }
        x += x == width ? 1 : run;
    }
    return count;
}

static int cut_layer(struct vt_sprite_layer *layer)
{
    layer->first_span = malloc(sizeof *layer->first_span * (size_t)(layer->height + 1));
    if (!layer->first_span)
        return -ENOMEM;
    int count = 0;
    for (int y = 0; y < layer->height; y++) {
        layer->first_span[y] = count;
        count += cut_row(layer->alpha + (ptrdiff_t)y * layer->stride, layer->width, NULL);
    }
    layer->first_span[layer->height] = count;
    layer->spans = malloc(sizeof *layer->spans * (size_t)(count + 1));
    if (!layer->spans)
        return -ENOMEM;
    for (int y = 0; y < layer->height; y++)
        cut_row(layer->alpha + (ptrdiff_t)y * layer->stride, layer->width, layer->spans + layer->first_span[y]);
    return 0;
}

static int layer_planes(struct vt_sprite_layer *layer, int width, int height, int colours)
{
    layer->width = width;
    layer->height = height;
    layer->stride = (width + VT_SPRITE_PAD - 1) / VT_SPRITE_PAD * VT_SPRITE_PAD;
    size_t plane = (size_t)layer->stride * (size_t)height + VT_SPRITE_PAD;
    layer->alpha = calloc((size_t)colours + 1, plane);
    if (!layer->alpha)
        return -ENOMEM;
    for (int i = 0; i < colours; i++)
        layer->colour[i] = layer->alpha + (size_t)(i + 1) * plane;
    return 0;
}

static void layer_free(struct vt_sprite_layer *layer)
{
    free(layer->alpha);
    free(layer->first_span);
    free(layer->spans);
}

static int convert(struct vt_sprite *sprite, struct conversion *c)
{
    bool reach_x = c->kernel.cosited_x, reach_y = c->kernel.cosited_y;
    int chroma_width = (c->parity_x + c->width + !reach_x) / 2 + reach_x;
    int chroma_height = (c->parity_y + c->height + !reach_y) / 2 + reach_y;
    int r = layer_planes(&sprite->luma, c->width, c->height, 1);
    if (r >= 0)
        r = layer_planes(&sprite->chroma, chroma_width, chroma_height, 2);
    if (r < 0)
        return r;
    size_t columns = (size_t)(2 * chroma_width + 2);
    uint16_t *sums = malloc(4 * sizeof *sums * columns);
    if (!sums)
        return -ENOMEM;
    c->sums = (struct sums){sums, sums + columns, sums + 2 * columns, sums + 3 * columns};
    convert_luma(c, &sprite->luma);
    convert_chroma(c, &sprite->chroma);
    free(sums);
    r = cut_layer(&sprite->luma);
    return r < 0 ? r : cut_layer(&sprite->chroma);
}

int vt_sprite_new(struct vt_sprite **ret, cairo_surface_t *pixels, int source_x, int width, int height,
                  int parity_x, int parity_y, const struct vt_colour *colour)
{
    if (!pixels || cairo_image_surface_get_format(pixels) != CAIRO_FORMAT_ARGB32 ||
        width < 1 || width > VT_SPRITE_SIDE || height < 1 || height > cairo_image_surface_get_height(pixels) ||
        source_x < -VT_SPRITE_SIDE || source_x > VT_SPRITE_SIDE || (parity_x | parity_y) & ~1)
        return -EINVAL;
    struct conversion c = {
        .pixels = cairo_image_surface_get_data(pixels),
        .pixels_stride = cairo_image_surface_get_stride(pixels),
        .pixels_width = cairo_image_surface_get_width(pixels),
        .source_x = source_x, .width = width, .height = height, .parity_x = parity_x, .parity_y = parity_y,
        .k = coefficients(colour), .kernel = kernel(colour),
    };
    if (!c.pixels)
        return -EINVAL;
    struct vt_sprite *sprite = calloc(1, sizeof *sprite);
    if (!sprite)
        return -ENOMEM;
    atomic_init(&sprite->references, 1);
    sprite->parity_x = parity_x;
    sprite->parity_y = parity_y;
    int r = convert(sprite, &c);
    if (r < 0) {
        vt_sprite_unref(&sprite);
        return r;
    }
    *ret = sprite;
    return 0;
}

struct vt_sprite *vt_sprite_ref(struct vt_sprite *sprite)
{
    atomic_fetch_add_explicit(&sprite->references, 1, memory_order_relaxed);
    return sprite;
}

void vt_sprite_unref(struct vt_sprite **sprite)
{
    struct vt_sprite *s = *sprite;
    *sprite = NULL;
    if (!s || atomic_fetch_sub_explicit(&s->references, 1, memory_order_acq_rel) > 1)
        return;
    layer_free(&s->luma);
    layer_free(&s->chroma);
    free(s);
}

void vt_placement_clear(struct vt_placement *placement)
{
    for (int i = 0; i < placement->count; i++)
        vt_sprite_unref(&placement->list[i].sprite);
    placement->count = 0;
}
