#include "studio/sprite.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "studio/sprite_planes.h"

#define GAP_MIN      16                  // a shorter transparent run is blended along
#define OPAQUE_MIN   32                  // a shorter opaque run is blended along
#define ONES         UINT64_C(0x0101010101010101)
#define ALIGN        32                  // of rows, so that they are read in as few cache lines as can be
#define SUMS_BEFORE  2                   // columns of sums before column 0 of parity 0

struct conversion {
    const struct vt_sprite_rows *rows;
    const uint8_t *pixels;               // ARGB32
    int pixels_stride, pixels_width, source_x;
    int width, height, parity_x, parity_y;
    int first, end;                      // columns that are converted
    const struct vt_sprite *like;        // has all others; NULL: there are none
    struct vt_sprite_weights weights;
};

static int32_t fixed(double v)
{
    return (int32_t)(v * (1 << VT_SPRITE_FRACTION) + (v < 0 ? -0.5 : 0.5));
}

static struct vt_sprite_weights weights(const struct vt_colour *colour)
{
    double kr = 0.2126, kb = 0.0722;
    if (colour->matrix == 5 || colour->matrix == 6)
        kr = 0.299, kb = 0.114;
    else if (colour->matrix == 9 || colour->matrix == 10)
        kr = 0.2627, kb = 0.0593;
    double y = colour->full_range ? 1 : 219 / 255.0, c = colour->full_range ? 1 : 224 / 255.0;
    struct vt_sprite_weights w = {
        .offset_y = fixed(colour->full_range ? 0 : 16 / 255.0),
        .y = {fixed(y * kr), 0, fixed(y * kb)},
        .offset_c = fixed(128 / 255.0),
        .u = {fixed(-c * kr / (2 * (1 - kb))), 0, fixed(c / 2)},
        .v = {fixed(c / 2), 0, fixed(-c * kb / (2 * (1 - kr)))},
        .cosited_x = colour->chroma_site != 2,
        .cosited_y = colour->chroma_site == 3,
    };
    // Green takes what rounding left, so that white is white and grey has no colour.
    w.y[1] = fixed(y) - w.y[0] - w.y[2];
    w.u[1] = -w.u[0] - w.u[2];
    w.v[1] = -w.v[0] - w.v[2];
    w.shift = 2 + w.cosited_x + w.cosited_y;
    return w;
}

static uint8_t rounded(int32_t v)
{
    v = (v + (1 << (VT_SPRITE_FRACTION - 1))) >> VT_SPRITE_FRACTION;
    return v < 0 ? 0 : v > 255 ? 255 : (uint8_t)v;
}

static int32_t weighted(const int32_t w[3], int32_t r, int32_t g, int32_t b)
{
    return w[0] * r + w[1] * g + w[2] * b;
}

static void luma_row(uint8_t *y, uint8_t *alpha, const uint32_t *argb, int count, const struct vt_sprite_weights *w)
{
    for (int x = 0; x < count; x++) {
        uint32_t p = argb[x];
        alpha[x] = (uint8_t)(p >> 24);
        y[x] = rounded(w->offset_y * (int32_t)(p >> 24) + weighted(w->y, p >> 16 & 255, p >> 8 & 255, p & 255));
    }
}

static void add_row(const struct vt_sprite_sums *sums, const uint32_t *argb, int count, int times)
{
    for (int x = 0; x < count; x++) {
        uint32_t p = argb[x];
        sums->a[x] += (uint16_t)(times * (p >> 24));
        sums->r[x] += (uint16_t)(times * (p >> 16 & 255));
        sums->g[x] += (uint16_t)(times * (p >> 8 & 255));
        sums->b[x] += (uint16_t)(times * (p & 255));
    }
}

static int32_t across(const uint16_t *sums, bool cosited)
{
    return cosited ? sums[-1] + 2 * sums[0] + sums[1] : sums[0] + sums[1];
}

static void chroma_row(uint8_t *u, uint8_t *v, uint8_t *alpha, const struct vt_sprite_sums *sums, int count,
                       const struct vt_sprite_weights *w)
{
    int half = 1 << (w->shift - 1);
    for (int x = 0; x < count; x++) {
        int32_t a = (across(sums->a + 2 * x, w->cosited_x) + half) >> w->shift;
        int32_t r = across(sums->r + 2 * x, w->cosited_x), g = across(sums->g + 2 * x, w->cosited_x);
        int32_t b = across(sums->b + 2 * x, w->cosited_x);
        // The offset goes with alpha as it is stored: then what has no colour changes no colour.
        alpha[x] = (uint8_t)a;
        u[x] = rounded(w->offset_c * a + (weighted(w->u, r, g, b) >> w->shift));
        v[x] = rounded(w->offset_c * a + (weighted(w->v, r, g, b) >> w->shift));
    }
}

const struct vt_sprite_rows vt_sprite_rows_c = {luma_row, add_row, chroma_row};

// Those columns of the sprite, from `first` up to `end`, that lie inside the surface: *from and their count, which may
// be 0; and their pixels.
static const uint32_t *surface_row(const struct conversion *c, int first, int end, int y, int *from, int *count)
{
    if (first < -c->source_x)
        first = -c->source_x;
    if (end > c->pixels_width - c->source_x)
        end = c->pixels_width - c->source_x;
    *from = first;
    *count = end > first ? end - first : 0;
    const uint8_t *row = c->pixels + (ptrdiff_t)y * c->pixels_stride;
    return (const uint32_t *)(const void *)row + (*count ? c->source_x + first : 0);
}

static void convert_luma(const struct conversion *c, struct vt_sprite_layer *luma)
{
    for (int y = 0; y < luma->height; y++) {
        int from, count;
        const uint32_t *row = surface_row(c, c->first, c->end, y, &from, &count);
        ptrdiff_t at = (ptrdiff_t)y * luma->stride + from;
        if (count)
            c->rows->luma(luma->colour[0] + at, luma->alpha + at, row, count, &c->weights);
    }
}

// What the samples from c->first to c->end see of a row.
static void add_surface_row(const struct conversion *c, const struct vt_sprite_sums *sums, int y, int times)
{
    if (y < 0 || y >= c->height)
        return;
    int from, count, first = c->first > 2 ? c->first - 2 : 0, end = c->end < c->width - 2 ? c->end + 2 : c->width;
    const uint32_t *row = surface_row(c, first, end, y, &from, &count);
    int at = from + c->parity_x;
    struct vt_sprite_sums place = {sums->a + at, sums->r + at, sums->g + at, sums->b + at};
    if (count)
        c->rows->add(&place, row, count, times);
}

static int convert_chroma(const struct conversion *c, struct vt_sprite_layer *chroma)
{
    size_t columns = SUMS_BEFORE + 2 * (size_t)chroma->width + VT_SPRITE_PAD, bytes = 4 * columns * sizeof(uint16_t);
    uint16_t *memory = malloc(bytes);
    if (!memory)
        return -ENOMEM;
    struct vt_sprite_sums sums = {memory + SUMS_BEFORE, memory + columns + SUMS_BEFORE,
                                  memory + 2 * columns + SUMS_BEFORE, memory + 3 * columns + SUMS_BEFORE};
    int first = (c->first + c->parity_x) / 2, end = (c->end + c->parity_x) / 2 + 1;
    if (end > chroma->width)
        end = chroma->width;
    struct vt_sprite_sums from = {sums.a + 2 * first, sums.r + 2 * first, sums.g + 2 * first, sums.b + 2 * first};
    for (int y = 0; y < chroma->height; y++) {
        int source_y = 2 * y - c->parity_y;
        memset(memory, 0, bytes);
        if (c->weights.cosited_y)
            add_surface_row(c, &sums, source_y - 1, 1);
        add_surface_row(c, &sums, source_y, 1 + c->weights.cosited_y);
        add_surface_row(c, &sums, source_y + 1, 1);
        ptrdiff_t at = (ptrdiff_t)y * chroma->stride + first;
        c->rows->chroma(chroma->colour[0] + at, chroma->colour[1] + at, chroma->alpha + at, &from, end - first, &c->weights);
    }
    free(memory);
    return 0;
}

static uint64_t eight(const uint8_t *at)
{
    uint64_t v;
    memcpy(&v, at, sizeof v);
    return v;
}

static bool has_zero(uint64_t v)
{
    return (v - ONES) & ~v & ONES << 7;
}

// How many bytes from `x` on are `value`.
static int run_of(const uint8_t *alpha, int x, int width, uint8_t value)
{
    int from = x;
    while (x + 8 <= width && eight(alpha + x) == ONES * value)
        x += 8;
    while (x < width && alpha[x] == value)
        x++;
    return x - from;
}

// How many bytes from `x` on are neither 0 nor 255.
static int run_between(const uint8_t *alpha, int x, int width)
{
    int from = x;
    while (x + 8 <= width && !has_zero(eight(alpha + x)) && !has_zero(~eight(alpha + x)))
        x += 8;
    while (x < width && alpha[x] != 0 && alpha[x] != 255)
        x++;
    return x - from;
}

struct cutting {
    struct vt_span *spans;
    int count, room;
};

static int add_span(struct cutting *c, int x, int count, bool opaque)
{
    if (c->count == c->room) {
        int room = c->room ? 2 * c->room : 64;
        struct vt_span *spans = realloc(c->spans, (size_t)room * sizeof *spans);
        if (!spans)
            return -ENOMEM;
        c->spans = spans;
        c->room = room;
    }
    c->spans[c->count++] = (struct vt_span){x, count, opaque};
    return 0;
}

static int cut_row(struct cutting *c, const uint8_t *alpha, int width)
{
    int r = 0, start = -1, run;          // start of the blended span that is open
    for (int x = 0; x < width && r == 0; x += run) {
        uint8_t value = alpha[x];
        bool uniform = value == 0 || value == 255;
        run = uniform ? run_of(alpha, x, width, value) : run_between(alpha, x, width);
        bool gap = value == 0 && (run >= GAP_MIN || start < 0 || x + run == width);
        bool opaque = value == 255 && run >= OPAQUE_MIN;
        if (start >= 0 && (gap || opaque)) {
            r = add_span(c, start, x - start, false);
            start = -1;
        }
        if (opaque && r == 0)
            r = add_span(c, x, run, true);
        else if (!gap && !opaque && start < 0)
            start = x;
    }
    return start >= 0 && r == 0 ? add_span(c, start, width - start, false) : r;
}

static int cut_layer(struct vt_sprite_layer *layer)
{
    struct cutting c = {0};
    int r = 0;
    layer->first_span = malloc(sizeof *layer->first_span * (size_t)(layer->height + 1));
    if (!layer->first_span)
        return -ENOMEM;
    for (int y = 0; y < layer->height && r == 0; y++) {
        layer->first_span[y] = c.count;
        r = cut_row(&c, layer->alpha + (ptrdiff_t)y * layer->stride, layer->width);
    }
    layer->first_span[layer->height] = c.count;
    layer->spans = c.spans;
    layer->bytes += sizeof *layer->first_span * (size_t)(layer->height + 1) + sizeof *c.spans * (size_t)c.room;
    return r;
}

// Planes of 0, or those of `like`, whose size is the same.
static int layer_planes(struct vt_sprite_layer *layer, const struct vt_sprite_layer *like, int width, int height,
                        int colours)
{
    layer->width = width;
    layer->height = height;
    layer->stride = (width + VT_SPRITE_MARGIN + ALIGN - 1) / ALIGN * ALIGN;      // a margin is that of two rows
    size_t plane = (size_t)layer->stride * (size_t)height + VT_SPRITE_PAD;
    layer->bytes = 2 * ALIGN + ((size_t)colours + 1) * plane;
    layer->memory = calloc(1, layer->bytes);
    if (!layer->memory)
        return -ENOMEM;
    layer->alpha = layer->memory + 2 * ALIGN - (uintptr_t)layer->memory % ALIGN;
    for (int i = 0; i < colours; i++)
        layer->colour[i] = layer->alpha + (size_t)(i + 1) * plane;
    if (like)
        memcpy(layer->alpha, like->alpha, ((size_t)colours + 1) * plane);
    return 0;
}

static void layer_free(struct vt_sprite_layer *layer)
{
    free(layer->memory);
    free(layer->first_span);
    free(layer->spans);
}

static int convert(struct vt_sprite *sprite, const struct conversion *c)
{
    bool reach_x = c->weights.cosited_x, reach_y = c->weights.cosited_y;
    int chroma_width = (c->parity_x + c->width + !reach_x) / 2 + reach_x;
    int chroma_height = (c->parity_y + c->height + !reach_y) / 2 + reach_y;
    int r = layer_planes(&sprite->luma, c->like ? &c->like->luma : NULL, c->width, c->height, 1);
    if (r >= 0)
        r = layer_planes(&sprite->chroma, c->like ? &c->like->chroma : NULL, chroma_width, chroma_height, 2);
    if (r < 0)
        return r;
    convert_luma(c, &sprite->luma);
    r = convert_chroma(c, &sprite->chroma);
    if (r >= 0)
        r = cut_layer(&sprite->luma);
    return r < 0 ? r : cut_layer(&sprite->chroma);
}

static int make(struct vt_sprite **ret, cairo_surface_t *pixels, struct conversion *c, const struct vt_colour *colour)
{
    if (!pixels || cairo_image_surface_get_format(pixels) != CAIRO_FORMAT_ARGB32 ||
        c->width < 1 || c->width > VT_SPRITE_SIDE || c->height < 1 || c->height > cairo_image_surface_get_height(pixels) ||
        c->source_x < -VT_SPRITE_SIDE || c->source_x > VT_SPRITE_SIDE || (c->parity_x | c->parity_y) & ~1 ||
        c->first < 0 || c->first >= c->end || c->end > c->width)
        return -EINVAL;
    c->pixels = cairo_image_surface_get_data(pixels);
    c->pixels_stride = cairo_image_surface_get_stride(pixels);
    c->pixels_width = cairo_image_surface_get_width(pixels);
    c->weights = weights(colour);
    if (!c->pixels)
        return -EINVAL;
    struct vt_sprite *sprite = calloc(1, sizeof *sprite);
    if (!sprite)
        return -ENOMEM;
    atomic_init(&sprite->references, 1);
    sprite->parity_x = c->parity_x;
    sprite->parity_y = c->parity_y;
    sprite->cosited_x = c->weights.cosited_x;
    sprite->luma.most = colour->full_range ? 255 : 235;
    sprite->chroma.most = colour->full_range ? 255 : 240;
    int r = convert(sprite, c);
    if (r < 0) {
        vt_sprite_unref(&sprite);
        return r;
    }
    *ret = sprite;
    return 0;
}

static const struct vt_sprite_rows *fastest_rows(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2"))
        return &vt_sprite_rows_avx2;
#endif
    return &vt_sprite_rows_c;
}

int vt_sprite_new_with(const struct vt_sprite_rows *rows, struct vt_sprite **ret, cairo_surface_t *pixels,
                       int source_x, int width, int height, int parity_x, int parity_y,
                       const struct vt_colour *colour)
{
    struct conversion c = {
        .rows = rows, .source_x = source_x, .width = width, .height = height, .parity_x = parity_x, .parity_y = parity_y,
        .end = width,
    };
    return make(ret, pixels, &c, colour);
}

int vt_sprite_new(struct vt_sprite **ret, cairo_surface_t *pixels, int source_x, int width, int height,
                  int parity_x, int parity_y, const struct vt_colour *colour)
{
    return vt_sprite_new_with(fastest_rows(), ret, pixels, source_x, width, height, parity_x, parity_y, colour);
}

int vt_sprite_new_like(struct vt_sprite **ret, const struct vt_sprite *like, cairo_surface_t *pixels, int first, int count,
                       const struct vt_colour *colour)
{
    struct conversion c = {
        .rows = fastest_rows(), .width = like->luma.width, .height = like->luma.height, .parity_x = like->parity_x,
        .parity_y = like->parity_y, .first = first, .end = first + count, .like = like,
    };
    return make(ret, pixels, &c, colour);
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

size_t vt_sprite_bytes(const struct vt_sprite *sprite)
{
    return sizeof *sprite + sprite->luma.bytes + sprite->chroma.bytes;
}

void vt_placement_clear(struct vt_placement *placement)
{
    for (int i = 0; i < placement->count; i++) {
        struct vt_placed *placed = &placement->list[i];
        vt_sprite_unref(&placed->sprite);
        for (int k = 0; k < 3; k++)
            vt_sprite_unref(&placed->beside[k]);
    }
    placement->count = 0;
}

struct vt_placement *vt_placement_new(void)
{
    struct vt_placement *placement = calloc(1, sizeof *placement);
    if (placement)
        atomic_init(&placement->references, 1);
    return placement;
}

struct vt_placement *vt_placement_ref(struct vt_placement *placement)
{
    if (placement)
        atomic_fetch_add_explicit(&placement->references, 1, memory_order_relaxed);
    return placement;
}

void vt_placement_unref(struct vt_placement **placement)
{
    struct vt_placement *p = *placement;
    *placement = NULL;
    if (!p || atomic_fetch_sub_explicit(&p->references, 1, memory_order_acq_rel) > 1)
        return;
    vt_placement_clear(p);
    free(p);
}

bool vt_placement_is_last(const struct vt_placement *placement)
{
    return atomic_load_explicit(&placement->references, memory_order_acquire) == 1;
}
