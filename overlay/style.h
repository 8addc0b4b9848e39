// The style of a node: CSS words, typed by one table. Lengths are in px of the template's design size.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/diagnostic.h"
#include "base/yaml.h"
#include "overlay/arena.h"
#include "overlay/expression.h"
#include "overlay/fonts.h"

enum vt_unit { VT_AUTO, VT_PX, VT_PERCENT, VT_VW, VT_VH, VT_SAFE };

struct vt_length {
    enum vt_unit unit;
    float value;
};

struct vt_colour4 {
    uint8_t r, g, b, a;                  // straight, sRGB
};

enum vt_direction { VT_ROW, VT_COLUMN };
enum vt_justify { VT_JUSTIFY_START, VT_JUSTIFY_END, VT_JUSTIFY_CENTER, VT_JUSTIFY_BETWEEN, VT_JUSTIFY_AROUND,
                  VT_JUSTIFY_EVENLY, VT_JUSTIFY_STRETCH };
enum vt_align { VT_ALIGN_AUTO, VT_ALIGN_START, VT_ALIGN_END, VT_ALIGN_CENTER, VT_ALIGN_STRETCH, VT_ALIGN_BASELINE };
enum vt_text_align { VT_TEXT_START, VT_TEXT_CENTER, VT_TEXT_END, VT_TEXT_LEFT, VT_TEXT_RIGHT };
enum vt_decoration { VT_DECORATION_NONE, VT_DECORATION_UNDERLINE, VT_DECORATION_LINE_THROUGH };
enum vt_object_fit { VT_FIT_FILL, VT_FIT_INSIDE, VT_FIT_OVER };         // fill, contain, cover
enum vt_side { VT_TOP, VT_RIGHT, VT_BOTTOM, VT_LEFT };

// What a text takes over from the boxes around it.
struct vt_text_style {
    struct vt_colour4 colour;
    const char *family;                  // list, in fontconfig's words; lives as long as the arena
    double size;
    int weight;                          // 100..1000
    double line_height;                  // times the size; 0: the font's own
    double letter_spacing;
    int align;                           // enum vt_text_align
    int tabular;                         // digits of one width
};

struct vt_shadow {
    double x, y, blur, spread;           // px
    struct vt_colour4 colour;            // transparent: no shadow
};

struct vt_style {
    int display;                         // 0: flex, 1: none
    int position;                        // 0: relative, 1: absolute
    int direction, justify, align_items, align_self;
    int wrap, align_content;             // 0: one line; enum vt_justify
    double grow, shrink;
    struct vt_length basis, width, height, min_width, min_height, max_width, max_height;
    struct vt_length row_gap, column_gap;
    struct vt_length inset[4], padding[4], margin[4];                   // by enum vt_side
    double aspect;                       // width / height; 0: none
    struct vt_shadow shadow;
    double border;                       // width of the line
    int border_dashed;
    struct vt_colour4 border_colour, background;
    struct vt_length radius;
    double opacity;
    int object_fit;
    int line_clamp;                      // lines; 0: as many as it takes
    int ellipsis;
    int decoration;
    struct vt_text_style text;
};

void vt_style_init(struct vt_style *style, const struct vt_text_style *around);      // NULL: the root

// How values get to be literal: tokens, and data once there is some.
struct vt_binder {
    const struct vt_yaml *tokens;        // the template's own, or NULL
    const struct vt_scope *scope;        // NULL while a template is loaded: bound values are only checked
    const struct vt_yaml *strings;       // for that check
    const struct vt_fonts *fonts;        // that families are looked up in; NULL: any is accepted
    struct vt_arena *arena;              // keeps texts
    struct vt_diagnostics *diagnostics;
};

// Sets what `map` (a `style:`) says. Errors stand in the diagnostics; what is wrong is left as it was.
void vt_style_apply(struct vt_style *style, const struct vt_yaml *map, const struct vt_binder *binder);

// The literal text of a scalar: tokens and values put in. NULL when that is not known yet, or wrong (and said).
const char *vt_bind(const struct vt_yaml *scalar, const struct vt_binder *binder);

// The value of a token, through tokens that stand for others. NULL when there is no such token.
const char *vt_token(const struct vt_yaml *tokens, const char *name, size_t length);

int vt_parse_length(const char *text, struct vt_length *ret);           // 0 or -EINVAL
int vt_parse_colour(const char *text, struct vt_colour4 *ret);          // "#rgb", "#rrggbb", "#rrggbbaa", "transparent"
