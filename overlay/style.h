// The style of a node: CSS words, typed by one table. Lengths are in px of the template's design size.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/diagnostic.h"
#include "base/yaml.h"
#include "overlay/arena.h"
#include "overlay/expression.h"
#include "overlay/fonts.h"

enum vt_unit { VT_AUTO, VT_PX, VT_PERCENT, VT_VW, VT_VH, VT_VMIN, VT_VMAX, VT_EM, VT_SAFE };

struct vt_length {
    enum vt_unit unit;
    float value;
};

struct vt_colour4 {
    uint8_t r, g, b, a;                  // straight, sRGB
};

enum vt_direction { VT_ROW, VT_COLUMN, VT_ROW_REVERSE, VT_COLUMN_REVERSE };
enum vt_justify { VT_JUSTIFY_START, VT_JUSTIFY_END, VT_JUSTIFY_CENTER, VT_JUSTIFY_BETWEEN, VT_JUSTIFY_AROUND,
                  VT_JUSTIFY_EVENLY, VT_JUSTIFY_STRETCH };
enum vt_align { VT_ALIGN_AUTO, VT_ALIGN_START, VT_ALIGN_END, VT_ALIGN_CENTER, VT_ALIGN_STRETCH, VT_ALIGN_BASELINE };
enum vt_text_align { VT_TEXT_START, VT_TEXT_CENTER, VT_TEXT_END, VT_TEXT_LEFT, VT_TEXT_RIGHT };
enum vt_decoration { VT_DECORATION_NONE, VT_DECORATION_UNDERLINE, VT_DECORATION_LINE_THROUGH };
enum vt_object_fit { VT_FIT_FILL, VT_FIT_INSIDE, VT_FIT_OVER, VT_FIT_AS_IT_IS, VT_FIT_NOT_LARGER };    // fill, contain, cover …
enum vt_side { VT_TOP, VT_RIGHT, VT_BOTTOM, VT_LEFT };
enum vt_reading { VT_READING_LANGUAGE, VT_READING_LTR, VT_READING_RTL };        // which way rows and texts run

#define VT_GRADIENT_STOPS 8
#define VT_SHADOW_MOST    200            // px of a shadow's offset, blur and spread
#define VT_STROKE_MOST    40             // px of a text's outline

struct vt_shadow {
    double x, y, blur, spread;           // px
    struct vt_colour4 colour;            // transparent: no shadow
};

struct vt_stop {
    struct vt_colour4 colour;
    double at;                           // 0..1 along the gradient
};

// A background that goes from colour to colour, as CSS draws it.
struct vt_gradient {
    bool radial, circle;
    double degrees;                      // linear: 0 goes up, 90 to the right
    int across, down;                    // linear: towards this corner (-1, 1), whatever the box's shape; 0: by degrees
    struct vt_length x, y;               // radial: its middle; px or %
    struct vt_stop stops[VT_GRADIENT_STOPS];
    int count;
};

// A picture in nine parts around a box: its corners keep their size, its edges are stretched between them.
struct vt_nine {
    const char *src;
    double slice[4];                     // by enum vt_side: pixels of the picture that make an edge
    double width[4];                     // how wide the edge is drawn, px
    bool fill;                           // the part in the middle, too
};

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
    int reading;                         // enum vt_reading
    struct vt_shadow shadow;             // its `spread` is 0
    double stroke;                       // width of the outline around the letters; 0: none
    struct vt_colour4 stroke_colour;
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
    const struct vt_gradient *gradient;  // over the background; the arena's. NULL: none
    const struct vt_nine *nine;          // NULL: none
    struct vt_length radius[4];          // top left, then clockwise
    int overflow;                        // 0: what it holds may stand out of it; 1: is cut off
    double opacity;
    int object_fit;
    struct vt_length object_position[2]; // across, down; px or %
    int line_clamp;                      // lines; 0: as many as it takes
    int ellipsis;
    int decoration;
    struct vt_length letter_spacing;     // VT_AUTO: as around it
    double around_size;                  // of the text around it: what `em` of a font-size is of
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
    double vw, vh;                       // a hundredth of the canvas, design px; 0: not known yet
};

// Sets what `map` (a `style:`) says. Errors stand in the diagnostics; what is wrong is left as it was.
void vt_style_apply(struct vt_style *style, const struct vt_yaml *map, const struct vt_binder *binder);

// Puts px in place of `em`, when all is applied.
void vt_style_settle(struct vt_style *style);

// The literal text of a scalar: tokens and values put in. NULL when that is not known yet, or wrong (and said).
const char *vt_bind(const struct vt_yaml *scalar, const struct vt_binder *binder);

// The value of a token, through tokens that stand for others. NULL when there is no such token.
const char *vt_token(const struct vt_yaml *tokens, const char *name, size_t length);

// Values; each returns 0 or -EINVAL.
int vt_parse_number(const char *text, double min, double max, const char **ret_end, double *ret);
int vt_parse_length(const char *text, struct vt_length *ret);
int vt_parse_colour(const char *text, struct vt_colour4 *ret);          // "#rgb", "#rrggbb", "#rrggbbaa", "transparent"
int vt_parse_edges(const char *text, struct vt_length ret[4]);          // one to four, as CSS counts them
int vt_parse_border(const char *text, struct vt_style *style);
int vt_parse_shadow(const char *text, bool spreads, struct vt_shadow *ret);
int vt_parse_stroke(const char *text, struct vt_text_style *style);
int vt_parse_ratio(const char *text, double *ret);
int vt_parse_position(const char *text, struct vt_length ret[2]);
int vt_parse_gradient(const char *text, struct vt_gradient *ret);
int vt_parse_nine(const char *text, struct vt_nine *ret, struct vt_arena *arena);
