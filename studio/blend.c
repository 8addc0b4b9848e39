#include <assert.h>
#include <string.h>

#include "studio/sprite_planes.h"

#define EDGE_SHARE 342                   // 4 / 3 of 256

void vt_blend_run_c(uint8_t *dst, const uint8_t *s, const uint8_t *a, int count, int opacity)
{
    for (int i = 0; i < count; i++) {
        unsigned colour = (s[i] * (unsigned)opacity + 128) >> 8;
        unsigned alpha = (a[i] * (unsigned)opacity + 128) >> 8;
        unsigned behind = dst[i] * (255 - alpha) + 128;
        unsigned sum = colour + ((behind + (behind >> 8)) >> 8);
        dst[i] = (uint8_t)(sum > 255 ? 255 : sum);
    }
}

static void blend_row(vt_blend_run *run, uint8_t *dst, const struct vt_sprite_layer *layer, int plane, int row,
                      int x, int opacity, const struct vt_blend_window *window)
{
    const uint8_t *colour = layer->colour[plane] + (ptrdiff_t)row * layer->stride;
    const uint8_t *alpha = layer->alpha + (ptrdiff_t)row * layer->stride;
    for (int i = layer->first_span[row]; i < layer->first_span[row + 1]; i++) {
        const struct vt_span *span = &layer->spans[i];
        int from = span->x > window->left - x ? span->x : window->left - x;
        int end = span->x + span->count, to = end < window->right - x ? end : window->right - x;
        if (from >= to)
            continue;
        if (span->opaque && opacity == 256)
            memcpy(dst + x + from, colour + from, (size_t)(to - from));
        else
            run(dst + x + from, colour + from, alpha + from, to - from, opacity);
    }
}

static void blend_layer(vt_blend_run *run, uint8_t *dst, int stride, const struct vt_sprite_layer *layer, int plane,
                        int x, int y, int opacity, const struct vt_blend_window *window)
{
    int from = y < window->top ? window->top - y : 0;
    int to = layer->height < window->bottom - y ? layer->height : window->bottom - y;
    for (int row = from; row < to; row++)
        blend_row(run, dst + (ptrdiff_t)(y + row) * stride, layer, plane, row, x, opacity, window);
}

static int at_least(int v, int low)
{
    return v < low ? low : v;
}

static int at_most(int v, int high)
{
    return v > high ? high : v;
}

static struct vt_blend_window window_of(const struct vt_planes *to, const struct vt_placed *placed)
{
    struct vt_blend_window w = {0, 0, to->width, to->height};
    if (placed->clip_width > 0) {
        w.left = at_least(placed->clip_x, 0);
        w.right = at_most(placed->clip_x + placed->clip_width, to->width);
    }
    return w;
}

// The column at the picture's left edge: a quarter of its kernel lies outside the picture, where there is nothing to
// cover, so that the rest counts as the whole.
static void blend_edge(uint8_t *dst, int stride, const struct vt_sprite_layer *layer, int plane, int y, int opacity,
                       const struct vt_blend_window *window)
{
    for (int row = at_least(window->top - y, 0); row < at_most(window->bottom - y, layer->height); row++) {
        ptrdiff_t at = (ptrdiff_t)row * layer->stride;
        vt_blend_run_c(dst + (ptrdiff_t)(y + row) * stride, layer->colour[plane] + at, layer->alpha + at, 1,
                       opacity * EDGE_SHARE / 256);
    }
}

static void blend_placed(const struct vt_blend_ways *ways, const struct vt_planes *to, const struct vt_placed *placed)
{
    const struct vt_sprite *sprite = placed->sprite;
    assert((placed->x & 1) == sprite->parity_x && (placed->y & 1) == sprite->parity_y);
    assert(placed->opacity >= 0 && placed->opacity <= 256);
    struct vt_blend_window luma = window_of(to, placed);
    struct vt_blend_window chroma = {(luma.left + 1) >> 1, 0, (luma.right + 1) >> 1, (luma.bottom + 1) >> 1};
    if (placed->opacity == 0)
        return;
    if (placed->part_x || placed->part_y) {
        vt_blend_between(ways, to, placed, false, &luma);
        vt_blend_between(ways, to, placed, true, &chroma);
        return;
    }
    vt_blend_run *run = ways->run;
    blend_layer(run, to->plane[0], to->stride[0], &sprite->luma, 0, placed->x, placed->y, placed->opacity, &luma);
    bool edge = sprite->cosited_x && placed->x == 0 && chroma.left == 0 && chroma.right > 0;
    for (int i = 0; i < 2 && edge; i++)
        blend_edge(to->plane[i + 1], to->stride[i + 1], &sprite->chroma, i, placed->y >> 1, placed->opacity, &chroma);
    if (edge)
        chroma.left = 1;
    for (int i = 0; i < 2; i++)
        blend_layer(run, to->plane[i + 1], to->stride[i + 1], &sprite->chroma, i, placed->x >> 1, placed->y >> 1,
                    placed->opacity, &chroma);
}

void vt_blend_with(const struct vt_blend_ways *ways, const struct vt_planes *to, const struct vt_placement *placement)
{
    for (int i = 0; i < placement->count; i++)
        blend_placed(ways, to, &placement->list[i]);
}

const struct vt_blend_ways vt_blend_ways_c = {vt_blend_run_c, vt_blend_mix_c};

void vt_blend(const struct vt_planes *to, const struct vt_placement *placement)
{
    const struct vt_blend_ways *ways = &vt_blend_ways_c;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2"))
        ways = &vt_blend_ways_avx2;
#endif
    vt_blend_with(ways, to, placement);
}
