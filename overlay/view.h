// What a view is inside: the boxes that stand, their content, and the layers that they are drawn in. Immutable once
// made; painters on any thread read it.
#pragma once

#include "overlay/figures.h"
#include "overlay/layout.h"
#include "overlay/motion.h"
#include "overlay/overlay.h"
#include "overlay/template.h"
#include "overlay/text.h"
#include "overlay/timer.h"

#define VT_TICKER_WIDTH 12000            // of a ticker's strip, canvas pixels; what comes after is left out
#define VT_STRIP_MOST   30000            // of a ticker's strip as it is drawn; cairo's images end at 32767
#define VT_TIMER_GLYPHS 11               // 0 to 9 and the colon

// How a clock looks from some time left on.
struct vt_look {
    int64_t below_ns;
    const struct vt_style *style;
};

enum vt_at_zero { VT_ZERO_STOP, VT_ZERO_HIDE, VT_ZERO_UP };

struct vt_timer_content {
    int64_t until_ns;
    int64_t for_ns;                      // from the cue's first frame; 0: until `until_ns`
    bool up;                             // shows the time that has gone, not what is left
    struct vt_look looks[VT_THRESHOLDS_MAX + 1];     // the last may be that at zero
    int n_looks;
    bool boxed;                          // they change its box, too, which is then drawn with the digits
    enum vt_timer_format format;
    struct vt_shaped glyphs[VT_TIMER_GLYPHS];
    double digit, colon;                 // advances, canvas pixels
    double height;
    enum vt_at_zero zero;
    struct vt_shaped ending;             // text in place of the digits at zero; no runs: none
    double ending_width;
    int64_t most_ns;                     // time left when the view was made: its text gave the box its width
};

struct vt_ticker_content {
    struct vt_shaped items[VT_TICKER_ITEMS];
    double widths[VT_TICKER_ITEMS];
    int count;
    double width, height, widest;        // of all items; of the highest; of the widest
    double speed;                        // canvas pixels a second
    int64_t hold_ns;                     // flip: how long each item stands; 0: they crawl
    bool rolls;                          // flip: the next one pushes the one before out
    bool marquee;                        // one text that is too long for its box
};

struct vt_item {
    struct vt_box box;                   // first, so that a box is an item
    const struct vt_node *node;
    struct vt_item *parent;
    struct vt_shaper *shaper;            // while the view is made
    double scale;

    struct vt_text text;
    struct vt_shaped shaped;
    bool never_cut;
    bool on_one_line;                    // fit: marquee or clip
    double crawl;                        // fit: marquee: canvas pixels a second; 0: none
    cairo_surface_t *picture;            // a reference
    uint64_t picture_hash;
    cairo_surface_t *frame;              // of its border-image, a reference
    uint64_t frame_hash;
    struct vt_timer_content *timer;
    struct vt_ticker_content *ticker;
    double value;                        // of a number or a bar; NAN: none
    char currency[4];                    // of a number that is money
    bool rolls;                          // its digits are a layer of their own
    unsigned long digits[10];            // glyphs of 0 to 9, for rolling
    double digit_width;                  // times the font's size

    bool bar, mirrored;                  // a bar that fills from the right
    double share;                        // of a bar that is full
    struct vt_colour4 fill;
    double text_x, text_y;               // of the text from the content's corner
    bool text_clipped;                   // at the sides of the content
    const char *shape;                   // NULL: none
    struct vt_qr qr;                     // side 0: none
    struct _RsvgHandle *svg;
    double drawn_width, drawn_height;    // of a drawing, design pixels

    int index;                           // of the repetition that it stands in
    const json_t *entry;                 // what `item` means there, while the view is made
    const struct vt_motion *enter, *exit, *loop, *step;
    int64_t enter_delay_ns;
    const struct vt_motion *staggering;  // of its children
    int staggered;                       // of them so far
    const struct vt_change *change;
};

enum vt_layer_kind { VT_LAYER_STILL, VT_LAYER_TIMER, VT_LAYER_TICKER, VT_LAYER_NUMBER };

struct vt_view_layer {
    enum vt_layer_kind kind;
    struct vt_item *group;               // what it moves and fades with
    struct vt_item **items;              // back to front
    int count, room;
    double x0, y0, x1, y1;               // at rest, canvas pixels
    uint64_t id, hash;
};

struct vt_view {
    int references;
    struct vt_arena arena;
    struct vt_template *template;
    double width, height, scale;
    bool rtl;
    int64_t frame_ns;
    struct vt_item *root;                // NULL: nothing stands
    struct vt_item *items[VT_TEMPLATE_NODES];
    int n_items;
    struct vt_view_layer layers[VT_LAYERS_MAX];
    int n_layers;
    struct vt_hotspot hotspots[VT_HOTSPOTS_MAX];
    int n_hotspots;
    bool has_price;
    int64_t price;
    char currency[4];
    int64_t enter_ns, exit_ns, expires_ns;
    int64_t calm_exit_ns;                // of the exits that a calm picture keeps
};

// What a view is made from, while it is made.
struct vt_making {
    const struct vt_view_params *params;
    struct vt_view *view;
    struct vt_scope scope;
    struct vt_binder binder;
    struct vt_shaper *shaper;
    const struct vt_yaml *patches[VT_VARIANTS_MAX];          // `set` of the variants that apply
    int n_patches;
    struct vt_diagnostics *diagnostics;
    int index;                           // of the repetition that is being made
    bool illegible;                      // something is too small on the smallest rendition
    bool legible_only;                   // and such things are left out
    bool failed;                         // said in the diagnostics
};

// The value of `key` (in the map `section`, if not NULL) of a node, as variants patched it; NULL: not there.
const struct vt_yaml *vt_making_look(const struct vt_making *m, const struct vt_node *node, const char *section,
                                     const char *key);

// The text of `key`, bound; the arena's. NULL: not there.
const char *vt_making_text(struct vt_making *m, const struct vt_node *node, const char *section, const char *key,
                           bool isolate);

// The value of `key` as a number; NAN when it is none.
double vt_content_number(struct vt_making *m, const struct vt_item *item, const char *key);

// Countdowns and what else shows time.
void vt_timer_start(struct vt_making *m, struct vt_item *item);
void vt_timer_fini(struct vt_item *item);

// Makes an item one that shows `text`.
void vt_content_text(struct vt_making *m, struct vt_item *item, const char *text);

void vt_progress_start(struct vt_making *m, struct vt_item *item);
void vt_progress_settle(struct vt_making *m, struct vt_item *item);
void vt_shape_start(struct vt_making *m, struct vt_item *item);
void vt_qr_start(struct vt_making *m, struct vt_item *item);
void vt_svg_start(struct vt_making *m, struct vt_item *item);
void vt_svg_fini(struct vt_item *item);

// Content of leaves: what they show, before layout and after.
void vt_content_make(struct vt_making *m, struct vt_item *item);
void vt_content_settle(struct vt_making *m, struct vt_item *item);
void vt_content_fini(struct vt_item *item);

// What stays free of a picture with `inset: safe`, pixels, by enum vt_side.
void vt_safe_area(double width, double height, double ret[4]);

void vt_hotspots_make(struct vt_making *m);
void vt_layers_make(struct vt_making *m);

// Where the content of an item stands: its box without border and padding.
static inline double vt_item_inner_width(const struct vt_item *item)
{
    double width = item->box.width - item->box.edge[VT_LEFT] - item->box.edge[VT_RIGHT];
    return width > 0 ? width : 0;
}

static inline double vt_item_inner_height(const struct vt_item *item)
{
    double height = item->box.height - item->box.edge[VT_TOP] - item->box.edge[VT_BOTTOM];
    return height > 0 ? height : 0;
}

static inline bool vt_item_rtl(const struct vt_view *view, const struct vt_item *item)
{
    int reading = item->box.style.text.reading;
    return reading == VT_READING_LANGUAGE ? view->rtl : reading == VT_READING_RTL;
}
