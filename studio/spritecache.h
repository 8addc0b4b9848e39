// The sprites that one rendition's layers were turned into, so that each change is converted once.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "overlay/overlay.h"
#include "studio/sprite.h"

struct vt_spritecache;

// Keeps at most `room` sprites that take at most `bytes`, but always those of this frame and of the one before.
struct vt_spritecache *vt_spritecache_new(const struct vt_colour *colour, int room, size_t bytes);
void vt_spritecache_free(struct vt_spritecache **cache);

// Adds the layers of a drawing to a placement, back to front. `frame` rises; sprites that were not used for long are
// the first to go. Returns 0 or -ENOMEM (then some layers are missing).
int vt_spritecache_place(struct vt_spritecache *cache, const struct vt_drawing *drawing, int64_t frame,
                         struct vt_placement *to);

// Drops what no frame since `frame` has used.
void vt_spritecache_sweep(struct vt_spritecache *cache, int64_t frame);
int64_t vt_spritecache_made(const struct vt_spritecache *cache);         // conversions so far
size_t vt_spritecache_bytes(const struct vt_spritecache *cache);         // that its sprites take
