#include "overlay/schema.h"

#include <stdio.h>
#include <string.h>

#include "overlay/figures.h"
#include "overlay/words.h"

#define NUMBER  "[+-]?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
#define LENGTH  "(?:" NUMBER "(?:px|%|vw|vh|vmin|vmax|em)|[+-]?0+(?:\\.0*)?|auto)"
#define EDGE    "(?:" LENGTH "|safe)"
#define PLACE   "(?:left|right|top|bottom|center|" NUMBER "(?:px|%)|[+-]?0+(?:\\.0*)?)"
#define COLOUR  "(?:#[0-9a-fA-F]{3}|#[0-9a-fA-F]{6}|#[0-9a-fA-F]{8}|transparent)"
#define TIME    "[+-]?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)"
#define BOUND   "[\\s\\S]*\\{[\\s\\S]*"          // a token or a value, known only with data
#define BLANK   "[ \\t]+"

static void set(json_t *object, const char *key, json_t *value)
{
    json_object_set_new(object, key, value);
}

// A scalar: YAML's are untyped, JSON's may be numbers where they look like numbers.
static json_t *scalar(void)
{
    return json_pack("{s:[ssss]}", "type", "string", "number", "boolean", "null");
}

static json_t *matching(const char *pattern, bool bound)
{
    json_t *schema = json_pack("{s:[ss]}", "type", "string", "number");
    set(schema, "pattern", bound ? json_sprintf("^(?:%s|%s)$", pattern, BOUND) : json_sprintf("^(?:%s)$", pattern));
    return schema;
}

static json_t *one_of(const char *const *words, bool bound)
{
    if (!bound) {
        json_t *list = json_array();
        for (int i = 0; words[i]; i++)
            json_array_append_new(list, json_string(words[i]));
        return json_pack("{s:o}", "enum", list);
    }
    char pattern[1024] = "";
    for (int i = 0; words[i]; i++)
        snprintf(pattern + strlen(pattern), sizeof pattern - strlen(pattern), "%s%s", i ? "|" : "", words[i]);
    return matching(pattern, true);
}

static json_t *ranged(double min, double max, const char *pattern)
{
    json_t *schema = matching(pattern, true);
    set(schema, "minimum", json_real(min));
    set(schema, "maximum", json_real(max));
    return schema;
}

static json_t *reference(const char *name)
{
    return json_pack("{s:o}", "$ref", json_sprintf("#/$defs/%s", name));
}

static json_t *map_of(json_t *value)
{
    return json_pack("{s:s, s:o}", "type", "object", "additionalProperties", value);
}

typedef json_t *value_schema(const struct vt_key *key, const void *opaque);

// An object of exactly the table's keys.
static json_t *object_of(const struct vt_key *table, int count, value_schema *value, const void *opaque, bool patch)
{
    json_t *properties = json_object(), *required = json_array();
    for (int i = 0; i < count; i++) {
        set(properties, table[i].name, value(&table[i], opaque));
        if (table[i].required && !patch)
            json_array_append_new(required, json_string(table[i].name));
    }
    return json_pack("{s:s, s:b, s:o, s:o}", "type", "object", "additionalProperties", 0, "properties", properties,
                     "required", required);
}

static json_t *any_scalar(const struct vt_key *key, const void *opaque)
{
    (void)key;
    (void)opaque;
    return scalar();
}

// ---- styles

static json_t *style_value(const struct vt_style_key *key)
{
    switch (key->type) {
    case VT_STYLE_LENGTH:
        return matching(LENGTH, true);
    case VT_STYLE_EDGES:
        return matching("[ \\t]*" EDGE "(?:" BLANK EDGE "){0,3}[ \\t]*", true);
    case VT_STYLE_GAPS:
        return matching("[ \\t]*" LENGTH "(?:" BLANK LENGTH "){0,3}[ \\t]*", true);
    case VT_STYLE_CORNERS:
        return matching("[ \\t]*" LENGTH "(?:" BLANK LENGTH "){0,3}[ \\t]*", true);
    case VT_STYLE_SIZE:
        return matching(NUMBER "(?:px|em|%|vw|vh|vmin|vmax)", true);
    case VT_STYLE_SPACING:
        return matching(NUMBER "(?:px|em)|[+-]?0+(?:\\.0*)?", true);
    case VT_STYLE_BACKGROUND:
        return matching(COLOUR "|(?:linear|radial)-gradient\\(.*\\)", true);
    case VT_STYLE_POSITION:
        return matching("[ \\t]*" PLACE "(?:" BLANK PLACE ")?[ \\t]*", true);
    case VT_STYLE_NUMBER:
    case VT_STYLE_COUNT:
        return ranged(key->min, key->max, NUMBER);
    case VT_STYLE_COLOUR:
        return matching(COLOUR, true);
    case VT_STYLE_CHOICE:
        return one_of(key->choices, true);
    case VT_STYLE_WEIGHT:
        return ranged(key->min, key->max, "normal|bold|" NUMBER);
    case VT_STYLE_RATIO:
        return matching(NUMBER "(?: *[/:] *" NUMBER ")?", true);
    case VT_STYLE_FAMILY:
    case VT_STYLE_BORDER:
    case VT_STYLE_SHADOW:
    case VT_STYLE_NINE:
    case VT_STYLE_STROKE:
        break;
    }
    return json_pack("{s:s, s:i}", "type", "string", "minLength", 1);
}

static json_t *style_schema(void)
{
    int count;
    const struct vt_style_key *keys = vt_style_words(&count);
    json_t *properties = json_object();
    for (int i = 0; i < count; i++)
        set(properties, keys[i].name, style_value(&keys[i]));
    return json_pack("{s:s, s:b, s:o}", "type", "object", "additionalProperties", 0, "properties", properties);
}

// ---- nodes

static json_t *words_schema(enum vt_words which, value_schema *value, bool patch)
{
    int count;
    const struct vt_key *table = vt_words(which, &count);
    return object_of(table, count, value, NULL, patch);
}

static json_t *span(void)
{
    return matching(TIME "(?:ms|s|m|h)", false);
}

static json_t *format_value(const enum vt_node_type *type)
{
    static const char *const timers[] = { "mm:ss", "hh:mm:ss", NULL }, *const numbers[] = { "money", "plain", NULL };
    return one_of(type && *type == VT_NODE_TIMER ? timers : numbers, false);
}

static json_t *look_value(const struct vt_key *key, const void *opaque)
{
    return key->type == VT_KEY_STYLE ? reference("style") : any_scalar(key, opaque);
}

// A threshold: a colour, or more of a style.
static json_t *threshold_schema(void)
{
    json_t *schema = words_schema(VT_WORDS_THRESHOLD, look_value, false);
    set(schema, "anyOf", json_pack("[{s:[s]}, {s:[s]}]", "required", "color", "required", "style"));
    return schema;
}

static json_t *fit_value(const struct vt_key *key, const void *opaque)
{
    static const char *const modes[] = { "wrap", "shrink", "marquee", "clip", NULL }, *const truncate[] = { "never", NULL };
    (void)opaque;
    if (strcmp(key->name, "mode") == 0)
        return one_of(modes, false);
    if (strcmp(key->name, "truncate") == 0)
        return one_of(truncate, false);
    return matching(key->type == VT_KEY_SPEED ? NUMBER "px/s" : NUMBER "px", false);
}

static json_t *node_value(const struct vt_key *key, const void *opaque)
{
    static const char *const modes[] = { "crawl", "flip", "roll", NULL };
    switch ((enum vt_key_kind)key->type) {
    case VT_KEY_STEP:
        return json_pack("{s:[ss], s:s, s:i, s:i}", "type", "string", "integer", "pattern", "^[+-]?[0-9]+$", "minimum", 0,
                         "maximum", VT_STEPS_MAX);
    case VT_KEY_COUNT:
        return json_pack("{s:[ss], s:s, s:i, s:i}", "type", "string", "integer", "pattern", "^[+-]?[0-9]+$", "minimum", 1,
                         "maximum", 999);
    case VT_KEY_STYLE:
        return reference("style");
    case VT_KEY_HOTSPOT:
        return reference("hotspot");
    case VT_KEY_FIT:
        return reference("fit");
    case VT_KEY_ITEM:
        return words_schema(VT_WORDS_ITEM, any_scalar, false);
    case VT_KEY_AT_ZERO:
        return words_schema(VT_WORDS_AT_ZERO, look_value, false);
    case VT_KEY_THRESHOLDS:
        return json_pack("{s:s, s:i, s:o}", "type", "array", "maxItems", VT_THRESHOLDS_MAX, "items",
                         threshold_schema());
    case VT_KEY_NODES:
        return json_pack("{s:s, s:o}", "type", "array", "items", reference("node"));
    case VT_KEY_SPEED:
        return matching(NUMBER "px/s", false);
    case VT_KEY_PX:
        return matching(NUMBER "px", false);
    case VT_KEY_SPAN:
        return span();
    case VT_KEY_ACTION:
        return one_of(vt_action_words, false);
    case VT_KEY_SHAPE:
        return one_of(vt_shape_names, false);
    case VT_KEY_MODE:
        return one_of(modes, false);
    case VT_KEY_BOOLEAN:
        return json_pack("{s:[bss]}", "enum", 1, "true", "false");
    case VT_KEY_FORMAT:
        return format_value(opaque);
    case VT_KEY_FILE:
        return matching("[A-Za-z0-9_][A-Za-z0-9._-]{0,63}", false);
    case VT_KEY_LITERAL:
    case VT_KEY_TEXT:
    case VT_KEY_CONDITION:
    case VT_KEY_SOURCE:
        break;
    }
    return scalar();
}

static json_t *node_schema(enum vt_node_type type)
{
    int count;
    const struct vt_key *table = vt_node_words(type, &count);
    json_t *schema = object_of(table, count, node_value, &type, false);
    json_t *properties = json_object_get(schema, "properties");
    set(properties, "type", json_pack("{s:s}", "const", vt_node_type_name(type)));
    set(properties, "id", json_pack("{s:s}", "pattern", "^[A-Za-z0-9_-]{1,32}$"));
    return schema;
}

static json_t *any_node(json_t *definitions)
{
    json_t *names = json_array(), *cases = json_array();
    for (int i = 0; i < VT_NODE_TYPES; i++) {
        const char *name = vt_node_type_name((enum vt_node_type)i);
        set(definitions, name, node_schema((enum vt_node_type)i));
        json_array_append_new(names, json_string(name));
        json_array_append_new(cases, json_pack("{s:{s:{s:{s:s}}}, s:o}", "if", "properties", "type", "const", name, "then",
                                               reference(name)));
    }
    return json_pack("{s:s, s:[s], s:{s:{s:o}}, s:o}", "type", "object", "required", "type", "properties", "type", "enum",
                     names, "allOf", cases);
}

// Any key of any node, for the patches of variants.
static json_t *patch_schema(void)
{
    json_t *properties = json_object();
    for (int i = 0; i < VT_NODE_TYPES; i++) {
        int count;
        const struct vt_key *table = vt_node_words((enum vt_node_type)i, &count);
        for (int k = 0; k < count; k++) {
            bool fixed = table[k].type == VT_KEY_NODES || strcmp(table[k].name, "id") == 0 || strcmp(table[k].name, "type") == 0;
            json_t *value = table[k].type == VT_KEY_FORMAT ? scalar() : table[k].type == VT_KEY_HOTSPOT ?
                            reference("hotspot-patch") : node_value(&table[k], NULL);
            if (fixed)
                json_decref(value);
            else
                set(properties, table[k].name, value);
        }
    }
    return json_pack("{s:s, s:b, s:o}", "type", "object", "additionalProperties", 0, "properties", properties);
}

// ---- motion

static json_t *frame_value(const struct vt_key *key, const void *opaque)
{
    (void)opaque;
    if (strcmp(key->name, "opacity") == 0)
        return ranged(0, 1, NUMBER);
    if (strcmp(key->name, "offset") == 0)
        return matching(NUMBER "%|0", false);
    return strcmp(key->name, "transform") == 0 ? json_pack("{s:s}", "type", "string") : matching(COLOUR, true);
}

static json_t *part_value(const struct vt_key *key, const void *opaque)
{
    int count;
    const struct vt_key *frames = vt_motion_words(VT_WORDS_FRAME, &count);
    (void)opaque;
    if (strcmp(key->name, "keyframes") == 0)
        return json_pack("{s:s, s:i, s:i, s:o}", "type", "array", "minItems", 2, "maxItems", VT_KEYFRAMES_MAX, "items",
                         object_of(frames, count, frame_value, NULL, false));
    static const char *const calm[] = { "keep", "cut", NULL }, *const ways[] = { "normal", "alternate", NULL };
    if (strcmp(key->name, "easing") == 0)
        return json_pack("{s:s}", "type", "string");
    if (strcmp(key->name, "reduced") == 0)
        return one_of(calm, false);
    if (strcmp(key->name, "direction") == 0)
        return one_of(ways, false);
    if (strcmp(key->name, "iterations") == 0)
        return json_pack("{s:[ss], s:s, s:i, s:i}", "type", "string", "integer", "pattern", "^(?:infinite|[+-]?[0-9]+)$", "minimum",
                         1, "maximum", VT_LOOP_ROUNDS);
    return matching(TIME "(?:ms|s)", false);
}

static json_t *motion_value(const struct vt_key *key, const void *opaque)
{
    static const char *const words[] = { "cut", "keep", NULL };
    int count;
    const struct vt_key *table;
    (void)opaque;
    if (strcmp(key->name, "reduced") == 0) {
        json_t *value = one_of(words, false), *properties = json_object();
        table = vt_motion_words(VT_WORDS_REDUCED, &count);
        for (int i = 0; i < count; i++)
            json_object_set(properties, table[i].name, value);
        json_decref(value);
        return json_pack("{s:s, s:b, s:o}", "type", "object", "additionalProperties", 0, "properties", properties);
    }
    if (strcmp(key->name, "change") == 0) {
        table = vt_motion_words(VT_WORDS_CHANGE, &count);
        return map_of(object_of(table, count, any_scalar, NULL, false));
    }
    table = vt_motion_words(strcmp(key->name, "loop") == 0 ? VT_WORDS_LOOP : strcmp(key->name, "exit") == 0 ? VT_WORDS_PART :
                            VT_WORDS_ENTER, &count);
    return map_of(object_of(table, count, part_value, NULL, false));
}

// ---- the whole

static json_t *fields_schema(void)
{
    int count;
    const char *gdd, *type;
    const struct vt_key *table = vt_field_words(&count);
    json_t *field = object_of(table, count, any_scalar, NULL, false), *kinds = json_array();
    for (int i = 0; vt_field_kind(i, &gdd, &type); i++) {
        json_t *kind = json_pack("{s:{s:{s:s}}}", "properties", "type", "const", type);
        json_t *value = *gdd ? json_pack("{s:s}", "const", gdd) : json_false();
        set(json_object_get(kind, "properties"), "gddType", value);
        json_array_append_new(kinds, kind);
    }
    set(field, "oneOf", kinds);
    set(json_object_get(field, "properties"), "default", json_true());
    set(json_object_get(field, "properties"), "enum", json_pack("{s:s, s:i, s:i}", "type", "array", "minItems", 1, "maxItems",
                                                                VT_CHOICES_MAX));
    set(json_object_get(field, "properties"), "gddOptions", json_pack("{s:s}", "type", "object"));
    return json_pack("{s:s, s:b, s:{s:{s:s}, s:{s:s, s:{s:s}}, s:o}}", "type", "object", "additionalProperties", 0,
                     "properties", "type", "const", "object", "required", "type", "array", "items", "type", "string",
                     "properties", map_of(field));
}

static json_t *variants_schema(void)
{
    int count;
    const struct vt_key *media = vt_words(VT_WORDS_MEDIA, &count);
    return json_pack("{s:s, s:i, s:{s:s, s:b, s:[ss], s:{s:o, s:o}}}", "type", "array", "maxItems", VT_VARIANTS_MAX, "items",
                     "type", "object", "additionalProperties", 0, "required", "when", "set", "properties", "when",
                     object_of(media, count, any_scalar, NULL, false), "set", map_of(reference("patch")));
}

static json_t *manifest_value(const struct vt_key *key, const void *opaque)
{
    int count;
    const char *name = key->name;
    (void)opaque;
    if (strcmp(name, "id") == 0)
        return json_pack("{s:s, s:s}", "type", "string", "pattern", "^[A-Za-z0-9._-]{1,128}$");
    if (strcmp(name, "version") == 0)
        return json_pack("{s:[ss], s:s}", "type", "string", "number", "pattern", "^[^ \\t\\n@/]*$");
    if (strcmp(name, "layout") == 0)
        return reference("node");
    if (strcmp(name, "schema") == 0)
        return fields_schema();
    if (strcmp(name, "variants") == 0)
        return variants_schema();
    if (strcmp(name, "fonts") == 0)
        return json_pack("{s:s, s:i, s:{s:s}}", "type", "array", "maxItems", VT_FONT_FILES, "items", "type", "string");
    if (strcmp(name, "canvas") == 0) {
        const struct vt_key *table = vt_canvas_words(&count);
        return object_of(table, count, any_scalar, NULL, false);
    }
    if (strcmp(name, "motion") == 0) {
        const struct vt_key *table = vt_motion_words(VT_WORDS_MOTION, &count);
        return object_of(table, count, motion_value, NULL, false);
    }
    if (strcmp(name, "strings") == 0)
        return map_of(json_pack("{s:s}", "type", "object"));
    if (strcmp(name, "samples") == 0)
        return json_pack("{s:s, s:i, s:{s:s}}", "type", "object", "maxProperties", VT_SAMPLES_MAX, "additionalProperties",
                         "type", "object");
    return json_true();
}

json_t *vt_template_schema(void)
{
    int count;
    const struct vt_key *manifest = vt_manifest_words(&count);
    json_t *schema = object_of(manifest, count, manifest_value, NULL, false), *definitions = json_object();
    set(definitions, "style", style_schema());
    set(definitions, "hotspot", words_schema(VT_WORDS_HOTSPOT, node_value, false));
    set(definitions, "hotspot-patch", words_schema(VT_WORDS_HOTSPOT, node_value, true));
    set(definitions, "fit", words_schema(VT_WORDS_FIT, fit_value, false));
    set(definitions, "patch", patch_schema());
    set(definitions, "node", any_node(definitions));
    set(schema, "$defs", definitions);
    set(schema, "$schema", json_string("https://json-schema.org/draft/2020-12/schema"));
    set(schema, "$id", json_string(VT_SCHEMA_ID));
    set(schema, "title", json_string("vitrine overlay template, format 1"));
    return schema;
}
