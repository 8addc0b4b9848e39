// What a template is inside: its YAML tree, checked, and an index of it. Values are read from the tree when a view is
// made, because data, tokens and variants decide them.
#pragma once

#include "base/yaml.h"
#include "overlay/arena.h"
#include "overlay/easing.h"
#include "overlay/fonts.h"
#include "overlay/overlay.h"
#include "overlay/style.h"

#define VT_VARIANTS_MAX  32
#define VT_KEYFRAMES_MAX 8
#define VT_FIELDS_MAX    64              // of `schema`
#define VT_CHOICES_MAX   64              // of one field
#define VT_PATTERN_BYTES 256
#define VT_PATTERN_STEPS 100000          // of looking for it in one text; then it is not there
#define VT_SAMPLES_MAX   64
#define VT_MOTIONS_MAX   64              // nodes that enter or exit
#define VT_MOTION_NS_MAX (10 * VT_NS_PER_S)
#define VT_SCALE_MOST    4               // of a transform
#define VT_LOOP_LEAST_NS (VT_NS_PER_S / 2)
#define VT_LOOP_ROUNDS   1000            // of a loop that ends
#define VT_PULSE_GAP_NS (VT_NS_PER_S / 2)              // pulses stay below what flashes
#define VT_TOKEN_BYTES   (64 * 1024)     // of a token file
#define VT_SPAN_NS_MAX   (INT64_C(24) * 3600 * VT_NS_PER_S)      // that a timer runs for
#define VT_THRESHOLDS_MAX 4
#define VT_STEPS_MAX     32
#define VT_DRAWINGS_MAX  16              // SVG files

enum vt_node_type { VT_NODE_BOX, VT_NODE_TEXT, VT_NODE_NUMBER, VT_NODE_IMAGE, VT_NODE_TIMER, VT_NODE_TICKER,
                    VT_NODE_PROGRESS, VT_NODE_SHAPE, VT_NODE_QR, VT_NODE_SVG, VT_NODE_REPEAT };

struct vt_node {
    enum vt_node_type type;
    const struct vt_yaml *yaml;
    const char *id;                      // NULL: none
    int parent, first, next;             // indices; -1: none. Parents stand before their children
};

enum vt_orientation { VT_ANY_ORIENTATION, VT_LANDSCAPE, VT_PORTRAIT };

struct vt_variant {
    enum vt_orientation orientation;
    double min_width, max_width, min_height, max_height;     // canvas pixels; NAN: any
    const char *language, *direction, *market, *output;      // NULL: any
    const struct vt_yaml *set;                               // node id -> keys
};

enum vt_calm { VT_CALM_AS_TEMPLATE, VT_CALM_KEEP, VT_CALM_CUT };      // of a motion, when the picture is calm

struct vt_keyframe {
    double opacity;
    struct vt_length x, y;               // px, or % of the node's own box
    double scale, turn;                  // about its middle; degrees
    bool has_colour, has_background;
    struct vt_colour4 colour, background;
    double offset;                       // 0..1 of the way
};

struct vt_motion {
    int node;
    struct vt_keyframe frames[VT_KEYFRAMES_MAX];
    int count;
    bool placed;                         // some say where they stand; else they are evenly spaced
    int64_t duration_ns;
    int64_t delay_ns;                    // until it starts
    int64_t stagger_ns;                  // of a box's children, each later by this; 0: the box moves as one
    int64_t rounds;                      // of a loop; 0: without end
    bool alternates;                     // a loop's every other round runs backwards
    enum vt_calm calm;
    struct vt_easing easing;
};

// What a value's change does to the node that shows it.
enum vt_effect { VT_ROLL_DIGITS, VT_PULSE };
enum vt_changed { VT_CHANGED, VT_INCREASED, VT_DECREASED };

struct vt_change {
    int node;
    enum vt_effect effect;
    enum vt_changed when;
    int64_t duration_ns;
    int64_t gap_ns;                      // least time from one to the next; sooner ones are left out
    enum vt_calm calm;
    struct vt_easing easing;
};

enum vt_field_type {
    VT_FIELD_TEXT, VT_FIELD_INTEGER, VT_FIELD_NUMBER, VT_FIELD_BOOLEAN, VT_FIELD_COLOUR, VT_FIELD_TIME,
    VT_FIELD_MONEY, VT_FIELD_PRODUCT, VT_FIELD_OFFER, VT_FIELD_CHOICE,
};

struct vt_field {
    const char *name;
    enum vt_field_type type;
    bool required;
    int max_length;                      // characters; 0: any
    const struct vt_yaml *fallback;      // `default`, or NULL
    const struct vt_yaml *choices;       // `enum`: the values that it may have, or NULL
    double min, max;                     // of a number; NAN: any
    struct _GRegex *pattern;             // that a text holds, or NULL
};

// An SVG drawing that lies beside the template, read and checked.
struct vt_drawing_file {
    const char *name, *source;
};

struct vt_template {
    int references;
    struct vt_arena arena;
    struct vt_yaml_document *document;
    struct vt_yaml_document *token_document;                 // NULL: none
    const char *token_file;              // as the template names it; NULL: none
    struct vt_fonts *fonts;
    const char *folder;                  // of the files beside it; NULL: none
    struct vt_drawing_file drawings[VT_DRAWINGS_MAX];
    int n_drawings;
    const char *name, *id, *version, *title;
    const char *sha256;                  // of its text, hexadecimal
    const struct vt_yaml *tokens, *strings, *samples;
    double design_width, design_height;
    bool safe;
    struct vt_node nodes[VT_TEMPLATE_NODES];
    int n_nodes;
    struct vt_variant variants[VT_VARIANTS_MAX];
    int n_variants;
    struct vt_motion enter[VT_MOTIONS_MAX], exit[VT_MOTIONS_MAX];
    struct vt_motion loop[VT_MOTIONS_MAX], step[VT_MOTIONS_MAX];
    struct vt_change change[VT_MOTIONS_MAX];
    int n_enter, n_exit, n_loop, n_step, n_change;
    bool calm_enter, calm_exit, calm_step, calm_loop, calm_change;       // what `reduced` cuts
    struct vt_field fields[VT_FIELDS_MAX];
    int n_fields;
    const char *sample_names[VT_SAMPLES_MAX + 1];
};

// ---- reading by tables of keys

struct vt_key {
    const char *name;
    int type;                            // the table's own
    bool required;
};

// Says which keys of `map` are not in `table` (`count` rows), naming the nearest, or that they are not supported yet
// (`later`, NULL-terminated), and which required ones are missing. `what` names the map in messages. False when `map`
// is not a map or anything was wrong.
bool vt_keys_check(const struct vt_yaml *map, const struct vt_key *table, int count, const char *const *later,
                   const char *what, struct vt_diagnostics *diagnostics);

// One value; false, and said, when it is a list or a map.
bool vt_check_scalar(const struct vt_yaml *at, const char *name, struct vt_diagnostics *diagnostics);

// One of `words`; of those in `later` (may be NULL) is said that they are not supported yet. Both NULL-terminated.
void vt_check_word(const struct vt_yaml *at, const char *name, const char *const *words, const char *const *later,
                   struct vt_diagnostics *diagnostics);

// A whole number from a scalar. False, and said, when it is not one or not from min to max.
bool vt_read_integer(const struct vt_yaml *scalar, int64_t min, int64_t max, const char *what, int64_t *ret,
                     struct vt_diagnostics *diagnostics);

// "320ms", "0.2s". False, and said, when it is not a duration up to VT_MOTION_NS_MAX.
bool vt_read_duration(const struct vt_yaml *scalar, const char *what, int64_t *ret, struct vt_diagnostics *diagnostics);

// "90s", "10m", "1h", "500ms". False, and said, when it is not from 100ms to VT_SPAN_NS_MAX.
bool vt_read_span(const struct vt_yaml *scalar, const char *what, int64_t *ret, struct vt_diagnostics *diagnostics);

// ---- parts of loading; each says what is wrong in the diagnostics

void vt_nodes_load(struct vt_template *t, const struct vt_yaml *layout, struct vt_diagnostics *diagnostics);
void vt_variants_load(struct vt_template *t, const struct vt_yaml *list, struct vt_diagnostics *diagnostics);
void vt_motion_load(struct vt_template *t, const struct vt_yaml *map, struct vt_diagnostics *diagnostics);
void vt_fields_load(struct vt_template *t, const struct vt_yaml *schema, struct vt_diagnostics *diagnostics);
void vt_samples_load(struct vt_template *t, const struct vt_yaml *map, struct vt_diagnostics *diagnostics);

// The token file `at` of `folder` (NULL: no files); that it is missing is a warning.
void vt_tokens_load_file(struct vt_template *t, const struct vt_yaml *at, const char *folder,
                         struct vt_diagnostics *diagnostics);

// The font files `list` of `folder` (NULL: no files).
void vt_fonts_load(struct vt_template *t, const struct vt_yaml *list, const char *folder,
                   struct vt_diagnostics *diagnostics);

// The SVG file `at` of the template's folder.
void vt_svg_load(struct vt_template *t, const struct vt_yaml *at, struct vt_diagnostics *diagnostics);

// Checks one node's keys, or a patch of it.
void vt_node_check(struct vt_template *t, enum vt_node_type type, const struct vt_yaml *map, bool patch,
                   struct vt_diagnostics *diagnostics);

const char *vt_node_type_name(enum vt_node_type type);
int vt_template_find_node(const struct vt_template *t, const char *id);        // -1: none
const struct vt_field *vt_template_field(const struct vt_template *t, const char *name);

void vt_fields_free(struct vt_template *t);

// A YAML value as JSON, its scalars typed by the field they stand in.
json_t *vt_field_to_json(const struct vt_yaml *yaml, enum vt_field_type type);
