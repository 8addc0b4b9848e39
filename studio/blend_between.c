// Blending what stands between pixels.
//
// A row's planes are filtered in blocks, alpha first: where that is 0 nothing else is looked at. Luma takes its four
// neighbours from its own plane. A chroma sample's neighbours at the distance of luma pixels lie, by turns, in the planes of the
// sprite's own parity and of the other one: filtered so, chroma moves exactly as luma does, whatever its site.
#include <stdint.h>
#include <string.h>

#include "overlay/shift.h"
#include "studio/sprite_planes.h"

#define BLOCK 64
#define SIDES 3                          // columns that a block's filter sees beyond it, each way
#define ROOM  (BLOCK + 2 * SIDES + 32)
#define REACH 3                          // rows and columns by which something may stand out, in its own samples

static const uint8_t nothing[ROOM + 32];

struct between {
    const struct vt_blend_ways *ways;
    const struct vt_placed *placed;
    bool chroma;
    int8_t across[4], down[4];
};

// One of the four neighbours along one axis: in the planes of the own parity or of the other one, and where.
struct tap {
    int other, at;
};

static struct tap tap_of(bool chroma, int parity, int at, int i)
{
    if (!chroma)
        return (struct tap){0, at - 2 + i};
    return i & 1 ? (struct tap){1, at - 1 + i / 2 + !parity} : (struct tap){0, at - 1 + i / 2};
}

static const struct vt_sprite_layer *layer_of(const struct between *b, int other_x, int other_y)
{
    if (!b->chroma)
        return &b->placed->sprite->luma;
    int which = other_x | other_y << 1;
    return which ? &b->placed->beside[which - 1]->chroma : &b->placed->sprite->chroma;
}

// A plane's row from a column on; `plane` -1 is alpha.
static const uint8_t *row_at(const struct vt_sprite_layer *layer, int plane, int row, int column)
{
    if (row < 0 || row >= layer->height)
        return nothing;
    return (plane < 0 ? layer->alpha : layer->colour[plane]) + (ptrdiff_t)row * layer->stride + column;
}

// `count` samples of a plane as they stand between its own; `out` or `ret` of ROOM bytes.
static const uint8_t *mix(const struct between *b, int plane, int row, int column, int count, uint8_t *out)
{
    uint8_t below[2][ROOM];
    const uint8_t *in[4], *sets[2] = {NULL, NULL};
    const struct vt_placed *placed = b->placed;
    int most = plane < 0 ? 255 : layer_of(b, 0, 0)->most;
    for (int x = 0; x < (b->chroma && placed->part_x ? 2 : 1); x++) {
        for (int i = 0; i < 4 && placed->part_y; i++) {
            struct tap tap = tap_of(b->chroma, placed->sprite->parity_y, row, i);
            in[i] = row_at(layer_of(b, x, tap.other), plane, tap.at, column - SIDES);
        }
        if (placed->part_y)
            b->ways->mix(placed->part_x ? below[x] : out, in, count + 2 * SIDES, b->down, most);
        sets[x] = placed->part_y ? (placed->part_x ? below[x] : out) + SIDES : row_at(layer_of(b, x, 0), plane, row, column);
    }
    if (!placed->part_x)
        return sets[0];
    for (int i = 0; i < 4; i++) {
        struct tap tap = tap_of(b->chroma, placed->sprite->parity_x, 0, i);
        in[i] = sets[tap.other] + tap.at;
    }
    b->ways->mix(out, in, count, b->across, most);
    return out;
}

static bool is_empty(const uint8_t *alpha, int count)
{
    return memcmp(alpha, nothing, (size_t)count) == 0;
}

// Where a row may have something: the spans of all rows that its filter sees.
static void extend(const struct vt_sprite_layer *layer, int row, int *from, int *to)
{
    if (row < 0 || row >= layer->height || layer->first_span[row] == layer->first_span[row + 1])
        return;
    const struct vt_span *first = &layer->spans[layer->first_span[row]], *last = &layer->spans[layer->first_span[row + 1] - 1];
    *from = first->x - REACH < *from ? first->x - REACH : *from;
    *to = last->x + last->count + REACH > *to ? last->x + last->count + REACH : *to;
}

static void extent_of(const struct between *b, int row, int *from, int *to)
{
    const struct vt_placed *placed = b->placed;
    *from = INT32_MAX;
    *to = INT32_MIN;
    for (int x = 0; x < (b->chroma && placed->part_x ? 2 : 1); x++) {
        for (int i = 0; i < (placed->part_y ? 4 : 1); i++) {
            struct tap tap = placed->part_y ? tap_of(b->chroma, placed->sprite->parity_y, row, i) : (struct tap){0, row};
            extend(layer_of(b, x, tap.other), tap.at, from, to);
        }
    }
}

// Premultiplied, no colour is above its alpha; between pixels rounding and the kernel's overshoot may leave it there.
static void bound(uint8_t *out, const uint8_t *colour, const uint8_t *alpha)
{
    for (int i = 0; i < BLOCK; i++)
        out[i] = colour[i] < alpha[i] ? colour[i] : alpha[i];
}

static void blend_row(const struct between *b, uint8_t *const dst[2], int row, int from, int to)
{
    uint8_t alphas[ROOM] = {0}, colours[ROOM] = {0}, bounded[BLOCK + 32] = {0};
    for (int x = from; x < to; x += BLOCK) {
        int count = to - x < BLOCK ? to - x : BLOCK;
        const uint8_t *alpha = mix(b, -1, row, x, count, alphas);
        if (is_empty(alpha, count))
            continue;
        for (int i = 0; i < (b->chroma ? 2 : 1); i++) {
            bound(bounded, mix(b, i, row, x, count, colours), alpha);
            b->ways->run(dst[i] + x, bounded, alpha, count, b->placed->opacity);
        }
    }
}

static int larger(int a, int b)
{
    return a > b ? a : b;
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

void vt_blend_between(const struct vt_blend_ways *ways, const struct vt_planes *to, const struct vt_placed *placed, bool chroma,
                      const struct vt_blend_window *window)
{
    struct between b = {.ways = ways, .placed = placed, .chroma = chroma};
    int left = chroma ? placed->x >> 1 : placed->x, top = chroma ? placed->y >> 1 : placed->y;
    int height = layer_of(&b, 0, 0)->height, reach = placed->part_y ? REACH : 0, first = chroma;
    vt_shift_weights(placed->part_x, b.across);
    vt_shift_weights(placed->part_y, b.down);
    for (int row = larger(-reach, window->top - top); row < smaller(height + reach, window->bottom - top); row++) {
        int from, end;
        extent_of(&b, row, &from, &end);
        from = larger(from, window->left - left);
        end = smaller(end, window->right - left);
        ptrdiff_t at = (ptrdiff_t)(top + row) * to->stride[first];
        uint8_t *dst[2] = {to->plane[first] + at + left, chroma ? to->plane[2] + (ptrdiff_t)(top + row) * to->stride[2] + left : NULL};
        if (from < end)
            blend_row(&b, dst, row, from, end);
    }
}

void vt_blend_mix_c(uint8_t *out, const uint8_t *const in[4], int count, const int8_t weights[4], int most)
{
    for (int i = 0; i < count; i++) {
        int sum = weights[0] * in[0][i] + weights[1] * in[1][i] + weights[2] * in[2][i] + weights[3] * in[3][i] + 32;
        sum = sum < 0 ? 0 : sum >> 6;
        out[i] = (uint8_t)(sum > most ? most : sum);
    }
}
