// What a sprite is made of: for sprite.c, blend.c and their tests alone.
//
// A layer is one alpha plane and the colour planes that share it (luma: Y; chroma: U and V). Its rows are cut into
// spans, so that a blend visits what is there and copies what hides everything behind it. Planes may be read
// VT_SPRITE_PAD bytes past the end of any row.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "studio/sprite.h"

#define VT_SPRITE_PAD  32
#define VT_SPRITE_SIDE 32767             // longest side of a sprite: cairo's own limit

struct vt_span {
    int x, count;
    bool opaque;                         // every alpha is 255
};

struct vt_sprite_layer {
    int width, height, stride;
    uint8_t *alpha, *colour[2];
    int *first_span;                     // of each row, and one more
    struct vt_span *spans;
};

struct vt_sprite {
    atomic_int references;
    int parity_x, parity_y;
    struct vt_sprite_layer luma, chroma;
};

// One run of pixels: dst = S + dst × (255 − A) / 255, rounded to nearest, S and A scaled by opacity / 256 before.
// `s` and `a` may be read VT_SPRITE_PAD bytes past `count`, `dst` not.
typedef void vt_blend_run(uint8_t *dst, const uint8_t *s, const uint8_t *a, int count, int opacity);

vt_blend_run vt_blend_run_c;
#if defined(__x86_64__)
vt_blend_run vt_blend_run_avx2;
#endif

// As vt_blend, with the given way to blend a run.
void vt_blend_with(vt_blend_run *run, const struct vt_planes *to, const struct vt_placement *placement);
