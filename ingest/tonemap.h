// Pictures of BT.2100 (PQ, HLG) and BT.2020 -> BT.709 in eight bits. Pure: own arithmetic, because libavfilter's zscale
// and tonemap take 65 ms of a core for one picture of 1080p.
//
// Light is mapped as BT.2390 does it (EETF on the largest of R, G, B, from the source's peak), so that the reference
// white of BT.2408, 203 cd/m² for PQ and 75 % for HLG, is a bright white with room above it: 203 cd/m² are what SDR's
// own white shows. Colours outside of BT.709 lose saturation until they fit. A table is made from these once, and
// pictures are looked up in it: greys are right to a code, muted colours to three, pure ones on the edge of BT.709 to
// fourteen.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define VT_TONEMAP_PEAK      1000        // cd/m² of a source that does not say, and of HLG
#define VT_TONEMAP_PEAK_MIN  400
#define VT_TONEMAP_PEAK_MAX  10000
#define VT_TONEMAP_WHITE     203         // cd/m² that are SDR's white

struct vt_tone {                         // H.273's numbers
    int transfer, primaries, matrix;
    bool full_range;
    int peak;                            // cd/m² of the brightest that the source shows; 0: it does not say
};

// Whether a picture of this kind has to be mapped; then also settles what it leaves open.
bool vt_tone_settle(struct vt_tone *tone);

struct vt_tonemap;

int vt_tonemap_new(struct vt_tonemap **ret, const struct vt_tone *tone);
void vt_tonemap_free(struct vt_tonemap **map);
bool vt_tonemap_fits(const struct vt_tonemap *map, const struct vt_tone *tone);

// Planes of a picture of `width` × `height`, chroma of half of both, rounded up; strides in bytes.
struct vt_tonemap_picture {
    const uint8_t *from[3];              // ten bits in the low end of 16
    int from_stride[3];
    uint8_t *to[3];
    int to_stride[3];
    int width, height;
};

void vt_tonemap_run(const struct vt_tonemap *map, const struct vt_tonemap_picture *picture);
