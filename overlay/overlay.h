// The overlay engine: (template, data, program time, size) -> layers of pixels, and tap rectangles.
//
// Pure: no clock, no threads, no FFmpeg, no files after loading. Three objects, in the order of a cue's life:
//
//   vt_template  what a producer wrote, checked; immutable; shared by any number of threads
//   vt_view      a template bound to data and solved for one output; immutable; one revision of one cue
//   vt_painter   draws views at one rendition's size; owns the text and picture caches; one thread at a time
//
// A view is solved once, at the canvas size, with unhinted text metrics; painters only draw it at their size, so a
// rectangle is the same in every rendition. Everything that moves is a function of program time: any instant can be
// drawn alone, and twice the same.
//
// Colours are sRGB, pixels premultiplied (cairo's ARGB32). Rectangles in percent are of the picture, three decimals.
#pragma once

#include <cairo.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diagnostic.h"
#include "base/mediatime.h"
#include "base/names.h"

// ---- limits

#define VT_TEMPLATE_BYTES    (256 * 1024)
#define VT_TEMPLATE_NODES    512       // nodes of one template
#define VT_TEMPLATE_DEPTH    16        // boxes in boxes
#define VT_TEMPLATE_ID       128       // bytes of an id; reverse DNS, [A-Za-z0-9._-]
#define VT_TEXT_BYTES        4096      // of one text after its data is bound
#define VT_FONT_PX           1000      // largest font size at canvas size
#define VT_HOTSPOTS_MAX      16        // of one view
#define VT_LAYERS_MAX        64        // of one drawing
#define VT_TICKER_ITEMS      24
#define VT_REPEAT_ITEMS      24
#define VT_TARGET_PX         200       // largest `min-target`, in px of a player
#define VT_LEGIBLE_PX        4         // smallest font size on the smallest rendition, its pixels: below it, only noise
#define VT_PLAYER_SIDE       360       // px of the shorter side of the smallest player that is reckoned with
#define VT_TEMPLATE_FILES    25        // beside a template: its tokens, 8 fonts, 16 drawings
#define VT_PICTURE_SIDE      8192      // of a picture that a template shows
#define VT_PICTURE_PIXELS    (16 * 1024 * 1024)

// When samples are looked at and checked: their offers run and their stock is fresh then.
#define VT_SAMPLE_CLOCK "2026-03-01T19:04:12Z"

// ---- pictures come from outside

// Gives the picture at `src` as an ARGB32 or RGB24 surface that the caller of the callback owns, or NULL if there is
// none: a file of `folder`, where the template lies, or, where that is NULL, as data or the template wrote it. Called
// only while a view is made, on that thread.
typedef cairo_surface_t *vt_load_picture(void *opaque, const char *folder, const char *src);

// ---- templates

struct vt_template;

// Reads a template of format 1. `name` stands in messages. Returns 0 and one reference, or -EINVAL with the reasons
// in `diagnostics` (line and column), -EFBIG past a limit (said there too), -ENOMEM. Warnings may stand there on
// success.
int vt_template_load(struct vt_template **ret, const char *name, const char *text, size_t size,
                     struct vt_diagnostics *diagnostics);

// The same for a template that lies in `folder`, with the files beside it that it names.
int vt_template_load_in(struct vt_template **ret, const char *name, const char *folder, const char *text, size_t size,
                        struct vt_diagnostics *diagnostics);

// The plain names of the files beside it that it was loaded with: tokens, fonts, drawings. Returns how many, at most `room`;
// they live as long as the template.
int vt_template_files(const struct vt_template *t, const char **ret, int room);

struct vt_template *vt_template_ref(struct vt_template *t);
void vt_template_unref(struct vt_template **t);

const char *vt_template_id(const struct vt_template *t);        // "com.example.product-card"
const char *vt_template_version(const struct vt_template *t);   // "1.2.0"
const char *vt_template_title(const struct vt_template *t);     // its `name`
const char *vt_template_sha256(const struct vt_template *t);    // of its text, hexadecimal
bool vt_template_shows_products(const struct vt_template *t);   // somewhere it speaks of show.products
bool vt_template_needs_product(const struct vt_template *t);    // `product` is in schema.required

// The data of sample `name` (NULL: the first one), a new reference, with `extends: sample:X` and `sample:X` taken
// from `products` (a list of products as the API knows them). NULL if there is no such sample. `ret_language` (may
// be NULL) is the language that the sample asks for, or NULL; it lives as long as the template.
json_t *vt_template_sample(const struct vt_template *t, const char *name, const json_t *products,
                           const char **ret_language);

// The first X of the sample's `sample:X` that is neither a product nor an offer of `products` (may be NULL), and where
// it stands; NULL: it lacks none.
const char *vt_template_sample_lacks(const struct vt_template *t, const char *name, const json_t *products, int *ret_line,
                                     int *ret_column);

// Names of the samples, NULL-terminated, owned by the template.
const char *const *vt_template_samples(const struct vt_template *t);

// ---- views

struct vt_view;

struct vt_view_params {
    struct vt_template *template;        // a reference is taken
    int width, height;                   // canvas, pixels
    int smallest_height;                 // of the output's smallest rendition, for the legibility rule; 0: canvas
    const char *language;                // BCP 47; NULL: en
    const char *market;                  // NULL: none
    const char *output;                  // its name; NULL: main
    const json_t *data;                  // {"product":{…}, "offer":{…}, …}; checked against the template's schema
    const json_t *products;              // list behind {{ show.products }}; may be NULL
    int64_t at_ns;                       // program time at which derived values (offer.active …) hold
    int step;
    struct vt_rational rate;             // of the canvas: how long a frame lasts
    vt_load_picture *load_picture;       // may be NULL: no pictures
    void *opaque;
    bool strict;                         // for checking: a character that no font has is an error, not a warning
};

// Binds and solves. Returns 0; -EINVAL when the data does not fit the schema or a `truncate: never` text cannot be
// shown (what and where in `diagnostics`, line 0 for data); -ENOMEM.
int vt_view_new(struct vt_view **ret, const struct vt_view_params *params, struct vt_diagnostics *diagnostics);
struct vt_view *vt_view_ref(struct vt_view *view);
void vt_view_unref(struct vt_view **view);

struct vt_hotspot {
    char name[VT_NAME_ROOM];             // the node's id
    char action[VT_NAME_ROOM];           // GA4 verb: add_to_cart, view_item, open_link …
    double x, y, width, height;          // percent of the picture: the drawn border box at rest
    int z;                               // higher wins where two overlap
    const char *label;                   // accessible name, UTF-8; owned by the view
    const char *item, *coupon, *url;     // NULL when absent; owned by the view
    int quantity;                        // 0: not said
};

const struct vt_hotspot *vt_view_hotspots(const struct vt_view *view, int *ret_count);

// The price that the view shows, when its data has a product with a price. Returns false when there is none.
bool vt_view_price(const struct vt_view *view, int64_t *ret_amount, char ret_currency[4]);

// How long entry and exit take, in ns; 0: a cut.
int64_t vt_view_enter_ns(const struct vt_view *view);
int64_t vt_view_exit_ns(const struct vt_view *view);

// The next program time after `at_ns` at which a derived value changes (an offer begins or ends), so that whoever
// owns the cue makes a new revision there; INT64_MAX when none does.
int64_t vt_view_expires_ns(const struct vt_view *view);

// ---- drawing

struct vt_moment {
    int64_t now_ns;                      // program time of the frame
    int64_t enter_ns;                    // program time of the cue's first frame (not of this revision)
    int64_t exit_ns;                     // program time at which the exit starts; INT64_MAX: not yet known
    const struct vt_view *before;        // what this view replaced, for changes that are seen; NULL: nothing
    int64_t change_ns;                   // program time of the first frame that showed this view instead of `before`
    int64_t since_change_ns;             // from the change before that one to this one; 0: there was none
    int64_t ticker_ns;                   // that tickers are ahead by; see vt_view_ticker_ahead
    bool reduced;                        // leave out the motions that the template's `reduced` cuts
};

// For how long after the change a view looks different because of `before`: then it need not be given any more.
int64_t vt_view_change_ns(const struct vt_view *view);

// How far `view`'s ticker must be ahead, at `moment` of the view before it, to show the same item at the same place: a
// price that got a digit longer does not make the whole tape jump. `moment` has `before`'s own ticker_ns; `width` is the
// rendition's, because a tape repeats after whole pixels.
int64_t vt_view_ticker_ahead(const struct vt_view *view, const struct vt_view *before, const struct vt_moment *moment,
                             int width);

#define VT_PARTS 16                      // of a pixel, in which places between pixels are said

// Pixels that stand, move and fade as one. At rest they are on whole pixels; on their way they stand between them, too:
// part_x and part_y sixteenths further right and down than x and y (overlay/shift.h says how that looks). The surface is
// borrowed: valid until the painter is used again.
struct vt_layer {
    uint64_t id;                         // the same layer of the same view from frame to frame; never 0
    uint64_t change;                     // changes whenever the pixels do; equal (id, change) means equal pixels
    uint64_t before;                     // what was said as this change had the same pixels but for these columns of them;
    int changed_x, changed_width;        // 0: nothing is said
    cairo_surface_t *pixels;             // ARGB32, flushed
    int source_x;                        // first column of `pixels` that is shown (a ticker's strip scrolls)
    int x, y, width, height;             // where it lands, rendition pixels; may lie partly outside the picture
    int part_x, part_y;                  // 0 .. VT_PARTS - 1; a strip moves so behind its window, whose sides stay
    float opacity;                       // 0..1, times the pixels' own alpha
};

struct vt_drawing {
    struct vt_layer layers[VT_LAYERS_MAX];   // back to front
    int count;
};

// Paints all of it, at its places, onto pictures that are not on air: previews, checks, tests.
void vt_drawing_paint(const struct vt_drawing *drawing, cairo_t *cr);

struct vt_painter;

// For renditions of `width` × `height`, whose canvas has the same aspect.
int vt_painter_new(struct vt_painter **ret, int width, int height);
void vt_painter_free(struct vt_painter **painter);

// Draws what changed and lists the layers that stand at `moment`; what has faded out entirely is left out. The first
// frame of an entry shows something. Returns 0 or -ENOMEM (then `ret` is empty).
int vt_painter_draw(struct vt_painter *painter, const struct vt_view *view, const struct vt_moment *moment,
                    struct vt_drawing *ret);

// Forgets what is cached for a view that will not be drawn again.
void vt_painter_forget(struct vt_painter *painter, const struct vt_view *view);
