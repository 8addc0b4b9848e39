// Shaping text: pango decides lines and glyphs once, at the canvas size, without hinting; what is left is plain
// glyphs at exact places, which any thread may draw at any scale.
#pragma once

#include <cairo.h>
#include <stdbool.h>
#include <stdint.h>

#include "overlay/arena.h"
#include "overlay/fonts.h"
#include "overlay/layout.h"

struct vt_shaper;                        // one thread's

struct vt_text {
    const char *text;                    // UTF-8
    const struct vt_text_style *style;
    double scale;                        // canvas pixels a design pixel
    int lines;                           // most; 0: any number
    bool ellipsis;                       // what does not fit becomes …
    bool one_line;                       // breaks of lines are blanks
    int decoration;                      // enum vt_decoration
    double shrink_to;                    // smallest size that it may shrink to, design pixels; 0: does not shrink
};

struct vt_glyph_run {
    cairo_font_face_t *face;             // a reference
    cairo_matrix_t matrix;
    cairo_glyph_t *glyphs;               // baseline places relative to the text's top left, canvas pixels
    int count;
    uint8_t *digits;                     // by glyph: 1 + the digit that it shows, 0 for anything else
    bool colour;                         // emoji: pictures of their own
};

struct vt_rule {
    double x, y, width, height;
};

struct vt_shaped {
    struct vt_glyph_run *runs;
    int n_runs;
    struct vt_rule *rules;               // underlines and strikes
    int n_rules;
    double x, y, width, height;          // of its ink, relative to the text's top left
    bool cut;                            // something did not fit and is not shown
    unsigned missing;                    // the first character that no font has; 0: none
    uint64_t hash;                       // of all that is drawn
};

// `fonts` must outlive the shaper.
struct vt_shaper *vt_shaper_new(struct vt_fonts *fonts, const char *language, bool rtl);
void vt_shaper_free(struct vt_shaper **shaper);

// How large it is when it may be `width` wide (NAN: as wide as it likes).
struct vt_extent vt_text_measure(struct vt_shaper *shaper, const struct vt_text *text, double width);

// Glyphs for a box `width` × `height` (which may be smaller than the text). Arrays are the arena's; faces are freed
// with vt_shaped_fini.
void vt_text_shape(struct vt_shaper *shaper, const struct vt_text *text, double width, double height,
                   struct vt_arena *arena, struct vt_shaped *ret);
void vt_shaped_fini(struct vt_shaped *shaped);

// FNV-1a over bytes, going on from `hash`; start with VT_HASH_START.
#define VT_HASH_START UINT64_C(0xcbf29ce484222325)
uint64_t vt_hash(uint64_t hash, const void *data, size_t size);
