// The tables of words that templates are read by, for whoever describes the format: overlay/schema.c.
#pragma once

#include "overlay/style.h"
#include "overlay/template.h"

// What the value of a node's key is.
enum vt_key_kind { VT_KEY_LITERAL, VT_KEY_TEXT, VT_KEY_CONDITION, VT_KEY_STEP, VT_KEY_STYLE, VT_KEY_HOTSPOT, VT_KEY_NODES,
                   VT_KEY_FIT, VT_KEY_ITEM, VT_KEY_SPEED, VT_KEY_FORMAT, VT_KEY_ACTION, VT_KEY_COUNT, VT_KEY_PX,
                   VT_KEY_SHAPE, VT_KEY_SOURCE, VT_KEY_AT_ZERO, VT_KEY_SPAN, VT_KEY_BOOLEAN, VT_KEY_THRESHOLDS,
                   VT_KEY_MODE, VT_KEY_FILE };

enum vt_words { VT_WORDS_HOTSPOT, VT_WORDS_FIT, VT_WORDS_ITEM, VT_WORDS_AT_ZERO, VT_WORDS_THRESHOLD, VT_WORDS_VARIANT,
                VT_WORDS_MEDIA };

#define VT_NODE_TYPES (VT_NODE_REPEAT + 1)

// Tables and their lengths; static.
const struct vt_key *vt_node_words(enum vt_node_type type, int *ret_count);
const struct vt_key *vt_words(enum vt_words which, int *ret_count);
const struct vt_key *vt_variant_words(enum vt_words which, int *ret_count);       // of those two
const struct vt_key *vt_manifest_words(int *ret_count);
const struct vt_key *vt_canvas_words(int *ret_count);
const struct vt_key *vt_field_words(int *ret_count);
bool vt_field_kind(int index, const char **ret_gdd, const char **ret_type);       // false: past the last
extern const char *const vt_action_words[];                                      // NULL-terminated, as all lists of words

enum vt_motion_words { VT_WORDS_MOTION, VT_WORDS_ENTER, VT_WORDS_PART, VT_WORDS_LOOP, VT_WORDS_CHANGE, VT_WORDS_REDUCED, VT_WORDS_FRAME };
const struct vt_key *vt_motion_words(enum vt_motion_words which, int *ret_count);

enum vt_style_type { VT_STYLE_LENGTH, VT_STYLE_EDGES, VT_STYLE_SIZE, VT_STYLE_NUMBER, VT_STYLE_COUNT, VT_STYLE_COLOUR,
                     VT_STYLE_CHOICE, VT_STYLE_FAMILY, VT_STYLE_WEIGHT, VT_STYLE_RATIO, VT_STYLE_BORDER, VT_STYLE_SHADOW,
                     VT_STYLE_GAPS, VT_STYLE_CORNERS, VT_STYLE_BACKGROUND, VT_STYLE_NINE, VT_STYLE_POSITION,
                     VT_STYLE_STROKE, VT_STYLE_SPACING };

struct vt_style_key {
    const char *name;
    enum vt_style_type type;
    size_t offset;                       // in struct vt_style
    double min, max;
    const char *const *choices;          // by value
};

const struct vt_style_key *vt_style_words(int *ret_count);
