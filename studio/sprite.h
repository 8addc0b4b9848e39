// A layer of an overlay in the encoder's own pixel format: premultiplied planes, offsets folded in.
//
// For 8-bit 4:2:0, every plane is blended with one formula, dst = S + dst × (255 − A) / 255: S_Y = 16·A + 219·Y' and
// S_C = 128·A + 224·C' for limited range (16 and 219, 128 and 224 become 0 and 255, 128 and 255 for full), from
// premultiplied sRGB and with the coefficients of the tagged matrix. Chroma S and A are filtered by the same kernel at
// the signalled site (left: [1 2 1]/4 horizontally, two rows). A sprite is made for the parity of its place (x & 1,
// y & 1), so that odd positions are exact. Between pixels the planes themselves are filtered (overlay/shift.h), so that what
// moves is not converted again: chroma then needs the sprites of the other parities, whose samples lie between its own.
// Immutable once made; any thread may blend it.
#pragma once

#include <cairo.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/ring.h"
#include "overlay/overlay.h"

struct vt_sprite;

// Converts a rectangle of an ARGB32 surface: `width` × `height` from column `source_x`, row 0; columns outside the
// surface are transparent. `parity_x`, `parity_y`: 0 or 1, of the place where it will be blended. Returns 0 and one
// reference, -EINVAL or -ENOMEM.
int vt_sprite_new(struct vt_sprite **ret, cairo_surface_t *pixels, int source_x, int width, int height,
                  int parity_x, int parity_y, const struct vt_colour *colour);

// The same of a surface, from its column 0, that differs from the one `like` was made of in no more than `count` columns from
// `first` on, which lie inside of it: only these are converted. Size, parity and colour must be those of `like`.
int vt_sprite_new_like(struct vt_sprite **ret, const struct vt_sprite *like, cairo_surface_t *pixels, int first, int count,
                       const struct vt_colour *colour);
struct vt_sprite *vt_sprite_ref(struct vt_sprite *sprite);
void vt_sprite_unref(struct vt_sprite **sprite);
size_t vt_sprite_bytes(const struct vt_sprite *sprite);          // of memory that it takes, about

// Where a sprite goes in one frame of one rendition.
struct vt_placed {
    struct vt_sprite *sprite;            // one reference
    struct vt_sprite *beside[3];         // one reference each; the same pixels made for the other parity of x (where part_x is
                                         // not 0), of y (part_y), of both; else NULL
    int x, y;                            // of its top left; the parity must be the sprite's
    int part_x, part_y;                  // 0 .. VT_PARTS - 1: that much further right and down
    int opacity;                         // 0..256: 256 leaves it as it is
    int clip_x, clip_width;              // columns of the picture outside of these stay; width 0: no such limit.
                                         // A strip that scrolls is one sprite of each parity behind a window.
};

#define VT_PLACED_MAX 256

// All sprites of one frame of one rendition, back to front. Immutable once published, when any thread may hold references.
struct vt_placement {
    atomic_int references;               // of one that vt_placement_new made
    struct vt_placement *next;           // for whoever keeps it until it is the last to hold it
    struct vt_placed list[VT_PLACED_MAX];
    int count;
};

void vt_placement_clear(struct vt_placement *placement);         // drops the references to its sprites
struct vt_placement *vt_placement_new(void);     // empty, one reference; NULL: no memory
struct vt_placement *vt_placement_ref(struct vt_placement *placement);   // of NULL: NULL
void vt_placement_unref(struct vt_placement **placement);        // allocates nothing, and frees only with the last one
bool vt_placement_is_last(const struct vt_placement *placement); // nobody else holds it any more

// Blends into the planes of an 8-bit 4:2:0 picture, clipped to it. Changes only pixels whose alpha is above 0.
// Allocates nothing, waits for nothing.
struct vt_planes {
    uint8_t *plane[3];
    int stride[3];
    int width, height;
};
void vt_blend(const struct vt_planes *to, const struct vt_placement *placement);
