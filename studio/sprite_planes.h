// What a sprite is made of: for sprite.c, blend.c and their tests alone.
//
// A layer is one alpha plane and the colour planes that share it (luma: Y; chroma: U and V). Its rows are cut into
// spans, so that a blend visits what is there and copies what hides everything behind it. Each row has VT_SPRITE_MARGIN
// bytes of 0 before it and after it; planes may be read VT_SPRITE_PAD bytes past the end of any row.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "studio/sprite.h"

#define VT_SPRITE_PAD   128
#define VT_SPRITE_MARGIN 8
#define VT_SPRITE_SIDE  32767            // longest side of a sprite: cairo's own limit

struct vt_span {
    int x, count;
    bool opaque;                         // every alpha is 255
};

struct vt_sprite_layer {
    int width, height, stride;
    int most;                            // of a colour: opaque white, the strongest blue or red
    uint8_t *alpha, *colour[2];
    uint8_t *memory;                     // that they lie in
    size_t bytes;                        // of all of it, spans as well
    int *first_span;                     // of each row, and one more
    struct vt_span *spans;
};

struct vt_sprite {
    atomic_int references;
    int parity_x, parity_y;
    bool cosited_x;                      // chroma's kernel reaches one column to the left of its sample
    struct vt_sprite_layer luma, chroma;
};

// How ARGB32 becomes planes: fixed point with VT_SPRITE_FRACTION bits.
#define VT_SPRITE_FRACTION 18

struct vt_sprite_weights {
    int32_t offset_y, y[3];              // red, green, blue
    int32_t offset_c, u[3], v[3];
    bool cosited_x, cosited_y;           // [1 2 1] around the even sample, else a box of two
    int shift;                           // log2 of the sum of the kernel's weights
};

// Sums of premultiplied components under the kernel of one row of chroma, a column each.
struct vt_sprite_sums {
    uint16_t *a, *r, *g, *b;
};

// The row loops of a conversion; `count` pixels or samples. `sums` as given to `chroma` point at the even column of
// the first sample and may be read 2 before it and VT_SPRITE_PAD past the last.
struct vt_sprite_rows {
    void (*luma)(uint8_t *y, uint8_t *alpha, const uint32_t *argb, int count, const struct vt_sprite_weights *w);
    void (*add)(const struct vt_sprite_sums *sums, const uint32_t *argb, int count, int times);
    void (*chroma)(uint8_t *u, uint8_t *v, uint8_t *alpha, const struct vt_sprite_sums *sums, int count,
                   const struct vt_sprite_weights *w);
};

extern const struct vt_sprite_rows vt_sprite_rows_c;
#if defined(__x86_64__)
extern const struct vt_sprite_rows vt_sprite_rows_avx2;  // equal to the C rows in every bit
#endif

// As vt_sprite_new, with the given rows.
int vt_sprite_new_with(const struct vt_sprite_rows *rows, struct vt_sprite **ret, cairo_surface_t *pixels,
                       int source_x, int width, int height, int parity_x, int parity_y,
                       const struct vt_colour *colour);

// One run of pixels: dst = S + dst × (255 − A) / 255, rounded to nearest, S and A scaled by opacity / 256 before.
// `s` and `a` may be read 32 bytes past `count`, `dst` not.
typedef void vt_blend_run(uint8_t *dst, const uint8_t *s, const uint8_t *a, int count, int opacity);

vt_blend_run vt_blend_run_c;
#if defined(__x86_64__)
vt_blend_run vt_blend_run_avx2;
#endif

// `count` bytes, each from the bytes at its place in four rows: Σ in × weight / 64, rounded to nearest, 0 to `most`. The weights
// are those of vt_shift_weights. `out` has room for, and `in` may be read up to, a multiple of 32.
typedef void vt_blend_mix(uint8_t *out, const uint8_t *const in[4], int count, const int8_t weights[4], int most);

vt_blend_mix vt_blend_mix_c;
#if defined(__x86_64__)
vt_blend_mix vt_blend_mix_avx2;
#endif

struct vt_blend_ways {
    vt_blend_run *run;
    vt_blend_mix *mix;
};

extern const struct vt_blend_ways vt_blend_ways_c;
#if defined(__x86_64__)
extern const struct vt_blend_ways vt_blend_ways_avx2;    // equal in every bit
#endif

// As vt_blend, in the given way.
void vt_blend_with(const struct vt_blend_ways *ways, const struct vt_planes *to, const struct vt_placement *placement);

// The part of one plane that may change, in its own samples.
struct vt_blend_window {
    int left, top, right, bottom;
};

// Blends what stands between pixels: luma into plane 0, or chroma into planes 1 and 2.
void vt_blend_between(const struct vt_blend_ways *ways, const struct vt_planes *to, const struct vt_placed *placed, bool chroma,
                      const struct vt_blend_window *window);
