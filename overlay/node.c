// The nodes of a template: which keys each type takes, what they may hold, and the patches of variants.
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "overlay/figures.h"
#include "overlay/words.h"

#define COMMON                                                                                                         \
    { "id", VT_KEY_LITERAL, false }, { "type", VT_KEY_LITERAL, true }, { "when", VT_KEY_CONDITION, false },                     \
    { "step", VT_KEY_STEP, false }, { "style", VT_KEY_STYLE, false }, { "hotspot", VT_KEY_HOTSPOT, false }

static const struct vt_key box_keys[] = { COMMON, { "children", VT_KEY_NODES, false } };
static const struct vt_key text_keys[] = { COMMON, { "text", VT_KEY_TEXT, true }, { "fit", VT_KEY_FIT, false } };
static const struct vt_key number_keys[] = { COMMON, { "value", VT_KEY_TEXT, true }, { "format", VT_KEY_FORMAT, false },
                                             { "fit", VT_KEY_FIT, false } };
static const struct vt_key image_keys[] = { COMMON, { "src", VT_KEY_TEXT, true }, { "alt", VT_KEY_TEXT, false } };
static const struct vt_key timer_keys[] = { COMMON, { "until", VT_KEY_TEXT, false }, { "for", VT_KEY_SPAN, false },
                                            { "up", VT_KEY_BOOLEAN, false }, { "format", VT_KEY_FORMAT, false },
                                            { "at-zero", VT_KEY_AT_ZERO, false }, { "thresholds", VT_KEY_THRESHOLDS, false } };
static const struct vt_key threshold_keys[] = { { "below", VT_KEY_SPAN, true }, { "color", VT_KEY_LITERAL },
                                                { "style", VT_KEY_STYLE } };
static const struct vt_key ticker_keys[] = { COMMON, { "items", VT_KEY_TEXT, true }, { "item", VT_KEY_ITEM, true },
                                             { "speed", VT_KEY_SPEED, false }, { "mode", VT_KEY_MODE, false },
                                             { "hold", VT_KEY_SPAN, false } };
static const struct vt_key progress_keys[] = { COMMON, { "value", VT_KEY_TEXT, true }, { "max", VT_KEY_TEXT, false },
                                               { "text", VT_KEY_TEXT, false } };
static const struct vt_key shape_keys[] = { COMMON, { "shape", VT_KEY_SHAPE, true } };
static const struct vt_key qr_keys[] = { COMMON, { "text", VT_KEY_TEXT, true } };
static const struct vt_key svg_keys[] = { COMMON, { "source", VT_KEY_SOURCE, false }, { "src", VT_KEY_FILE, false },
                                          { "alt", VT_KEY_TEXT, false } };
static const struct vt_key repeat_keys[] = { COMMON, { "items", VT_KEY_TEXT, true }, { "max", VT_KEY_COUNT, false },
                                             { "children", VT_KEY_NODES, false } };
static const struct vt_key hotspot_keys[] = {
    { "action", VT_KEY_ACTION, true }, { "label", VT_KEY_TEXT, true },     { "item", VT_KEY_TEXT, false },
    { "coupon", VT_KEY_TEXT, false },  { "url", VT_KEY_TEXT, false },      { "quantity", VT_KEY_COUNT, false },
    { "priority", VT_KEY_COUNT, false }, { "min-target", VT_KEY_PX, false },
};
static const struct vt_key at_zero_keys[] = { { "action", VT_KEY_LITERAL }, { "text", VT_KEY_TEXT }, { "style", VT_KEY_STYLE } };
static const struct vt_key fit_keys[] = { { "mode", VT_KEY_LITERAL, false }, { "min-font-size", VT_KEY_LITERAL, false },
                                          { "truncate", VT_KEY_LITERAL, false }, { "speed", VT_KEY_SPEED, false } };
static const struct vt_key item_keys[] = { { "text", VT_KEY_TEXT, true }, { "separator", VT_KEY_LITERAL, false } };

#define ROWS(table) table, (int)(sizeof table / sizeof *table)

static const struct {
    const char *name, *what;
    const struct vt_key *keys;
    int count;
} types[] = {
    [VT_NODE_BOX] = { "box", "a box", ROWS(box_keys) },
    [VT_NODE_TEXT] = { "text", "a text", ROWS(text_keys) },
    [VT_NODE_NUMBER] = { "number", "a number", ROWS(number_keys) },
    [VT_NODE_IMAGE] = { "image", "an image", ROWS(image_keys) },
    [VT_NODE_TIMER] = { "timer", "a timer", ROWS(timer_keys) },
    [VT_NODE_TICKER] = { "ticker", "a ticker", ROWS(ticker_keys) },
    [VT_NODE_PROGRESS] = { "progress", "a progress bar", ROWS(progress_keys) },
    [VT_NODE_SHAPE] = { "shape", "a shape", ROWS(shape_keys) },
    [VT_NODE_QR] = { "qr", "a QR code", ROWS(qr_keys) },
    [VT_NODE_SVG] = { "svg", "a drawing", ROWS(svg_keys) },
    [VT_NODE_REPEAT] = { "repeat", "a repetition", ROWS(repeat_keys) },
};

#define TYPES ((int)(sizeof types / sizeof *types))

static const char *const types_later[] = { "include", "lottie", "video", NULL };
static const char *const node_later[] = { "role", "roll", "name", NULL };
static const char *const hotspot_later[] = { "role", "live-from", NULL };
const char *const vt_action_words[] = {
    "view_item", "select_item", "add_to_cart", "remove_from_cart", "begin_checkout", "select_promotion",
    "view_promotion", "open_link", "apply_coupon", NULL,
};

bool vt_check_scalar(const struct vt_yaml *at, const char *name, struct vt_diagnostics *diagnostics)
{
    if (at->kind == VT_YAML_SCALAR)
        return true;
    vt_diagnose(diagnostics, VT_ERROR, at->line, at->column, "`%s` must be one value", name);
    return false;
}

static void check_condition(const struct vt_yaml *at, struct vt_diagnostics *diagnostics)
{
    char why[160];
    size_t where;
    if (vt_check_scalar(at, "when", diagnostics) && vt_expression_check_condition(at->text, why, sizeof why, &where) != 0)
        vt_diagnose(diagnostics, VT_ERROR, at->line, at->column + (int)where + at->quoted, "%s", why);
}

static void check_text(const struct vt_template *t, const struct vt_yaml *at, const char *name,
                       struct vt_diagnostics *diagnostics)
{
    char why[160];
    size_t where;
    if (vt_check_scalar(at, name, diagnostics) &&
        vt_expression_check_text(at->text, t->strings, why, sizeof why, &where) != 0)
        vt_diagnose(diagnostics, VT_ERROR, at->line, at->column + (int)where + at->quoted, "%s", why);
    else if (at->kind == VT_YAML_SCALAR && at->size > VT_TEXT_BYTES)
        vt_diagnose(diagnostics, VT_ERROR, at->line, at->column, "`%s` has at most %d bytes", name, VT_TEXT_BYTES);
}

void vt_check_word(const struct vt_yaml *at, const char *name, const char *const *words, const char *const *later,
                       struct vt_diagnostics *diagnostics)
{
    if (!vt_check_scalar(at, name, diagnostics))
        return;
    for (int i = 0; words[i]; i++) {
        if (strcmp(words[i], at->text) == 0)
            return;
    }
    for (int i = 0; later && later[i]; i++) {
        if (strcmp(later[i], at->text) == 0) {
            vt_diagnose(diagnostics, VT_ERROR, at->line, at->column, "`%s: %s` is not supported yet", name, at->text);
            return;
        }
    }
    const char *near = vt_nearest_name(at->text, words);
    vt_diagnose(diagnostics, VT_ERROR, at->line, at->column, "`%s` cannot be \"%.60s\"; %s \"%s\"%s", name, at->text,
                near ? "did you mean" : "use", near ? near : words[0], near ? "?" : ", for one");
}

static void check_speed(const struct vt_yaml *at, struct vt_diagnostics *diagnostics)
{
    double speed;
    int end = 0;
    if (vt_check_scalar(at, "speed", diagnostics) &&
        (sscanf(at->text, "%lfpx/s%n", &speed, &end) != 1 || !end || at->text[end] || !(speed >= 1 && speed <= 2000)))
        vt_diagnose(diagnostics, VT_ERROR, at->line, at->column, "`speed` must be 1 to 2000 px/s, such as 120px/s");
}

static void check_fit(const struct vt_yaml *map, struct vt_diagnostics *diagnostics)
{
    static const char *const modes[] = { "wrap", "shrink", "marquee", "clip", NULL };
    static const char *const truncate[] = { "never", NULL };
    struct vt_length px;
    if (!vt_keys_check(map, ROWS(fit_keys), NULL, "`fit`", diagnostics))
        return;
    const struct vt_yaml *mode = vt_yaml_get(map, "mode"), *never = vt_yaml_get(map, "truncate");
    const struct vt_yaml *least = vt_yaml_get(map, "min-font-size");
    if (mode)
        vt_check_word(mode, "mode", modes, NULL, diagnostics);
    if (vt_yaml_get(map, "speed"))
        check_speed(vt_yaml_get(map, "speed"), diagnostics);
    if (never)
        vt_check_word(never, "truncate", truncate, NULL, diagnostics);
    if (least && vt_check_scalar(least, "min-font-size", diagnostics) &&
        (vt_parse_length(least->text, &px) != 0 || px.unit != VT_PX || px.value < 1 || px.value > VT_FONT_PX))
        vt_diagnose(diagnostics, VT_ERROR, least->line, least->column, "`min-font-size` must be 1 to %d px, such as 22px",
                    VT_FONT_PX);
}

static void check_format(enum vt_node_type type, const struct vt_yaml *at, struct vt_diagnostics *diagnostics)
{
    static const char *const timers[] = { "mm:ss", "hh:mm:ss", NULL };
    static const char *const numbers[] = { "money", "plain", NULL };
    vt_check_word(at, "format", type == VT_NODE_TIMER ? timers : numbers, NULL, diagnostics);
}

static void check_px(const struct vt_yaml *at, double most, struct vt_diagnostics *diagnostics)
{
    struct vt_length px;
    if (vt_check_scalar(at, at->key, diagnostics) &&
        (vt_parse_length(at->text, &px) != 0 || px.unit != VT_PX || px.value < 1 || (double)px.value > most))
        vt_diagnose(diagnostics, VT_ERROR, at->line, at->column, "`%s` must be 1 to %g px, such as 44px", at->key, most);
}

static void check_source(const struct vt_yaml *at, struct vt_diagnostics *diagnostics)
{
    char why[160];
    if (vt_check_scalar(at, "source", diagnostics) && vt_svg_check(at->text, at->size, why, sizeof why) != 0)
        vt_diagnose(diagnostics, VT_ERROR, at->line, at->column, "%s", why);
}

static void check_style(const struct vt_template *t, const struct vt_yaml *map, struct vt_diagnostics *diagnostics)
{
    struct vt_style scratch;
    struct vt_arena arena = { 0 };
    struct vt_binder binder = { .tokens = t->tokens, .strings = t->strings, .fonts = t->fonts, .arena = &arena,
                                .diagnostics = diagnostics };
    vt_style_init(&scratch, NULL);
    vt_style_apply(&scratch, map, &binder);
    vt_arena_free(&arena);
}

// How a clock may look later on: what does not move anything.
static void check_look(const struct vt_template *t, const struct vt_yaml *map, struct vt_diagnostics *diagnostics)
{
    static const char *const words[] = { "color", "background", "border", "box-shadow", "text-shadow", "text-stroke", NULL };
    for (const struct vt_yaml *entry = map->kind == VT_YAML_MAP ? map->first : NULL; entry; entry = entry->next) {
        int i = 0;
        while (words[i] && strcmp(words[i], entry->key) != 0)
            i++;
        if (words[i])
            continue;
        vt_diagnose(diagnostics, VT_ERROR, entry->key_line, entry->key_column, "a clock's style can change its color, background, "
                    "border, box-shadow, text-shadow and text-stroke, not \"%.60s\"", entry->key);
        return;
    }
    check_style(t, map, diagnostics);
}

static void check_at_zero(const struct vt_template *t, const struct vt_yaml *map, struct vt_diagnostics *diagnostics)
{
    static const char *const actions_at_zero[] = { "stop", "hide", "end-offer", "count-up", NULL };
    const struct vt_yaml *at;
    if (!vt_keys_check(map, ROWS(at_zero_keys), NULL, "`at-zero`", diagnostics))
        return;
    if ((at = vt_yaml_get(map, "action")))
        vt_check_word(at, "action", actions_at_zero, NULL, diagnostics);
    if ((at = vt_yaml_get(map, "text")))
        check_text(t, at, "text", diagnostics);
    if ((at = vt_yaml_get(map, "style")))
        check_look(t, at, diagnostics);
}

static void check_threshold(const struct vt_template *t, const struct vt_yaml *map, struct vt_diagnostics *diagnostics)
{
    struct vt_arena arena = { 0 };
    struct vt_binder binder = { .tokens = t->tokens, .strings = t->strings, .arena = &arena, .diagnostics = diagnostics };
    struct vt_colour4 colour;
    int64_t ns;
    if (!vt_keys_check(map, ROWS(threshold_keys), NULL, "a threshold", diagnostics))
        return;
    const struct vt_yaml *at = vt_yaml_get(map, "color"), *style = vt_yaml_get(map, "style");
    vt_read_span(vt_yaml_get(map, "below"), "below", &ns, diagnostics);
    const char *text = at && at->kind == VT_YAML_SCALAR ? vt_bind(at, &binder) : at ? "" : NULL;
    if (text && vt_parse_colour(text, &colour) != 0)
        vt_diagnose(diagnostics, VT_ERROR, at->line, at->column, "`color` must be a colour such as \"#e5123d\"");
    if (style)
        check_look(t, style, diagnostics);
    if (!at && !style)
        vt_diagnose(diagnostics, VT_ERROR, map->line, map->column, "a threshold needs `color` or `style`");
    vt_arena_free(&arena);
}

static void check_thresholds(const struct vt_template *t, const struct vt_yaml *list,
                             struct vt_diagnostics *diagnostics)
{
    if (list->kind != VT_YAML_LIST || list->count > VT_THRESHOLDS_MAX)
        vt_diagnose(diagnostics, VT_ERROR, list->line, list->column, "`thresholds` must be a list of at most %d (limit)",
                    VT_THRESHOLDS_MAX);
    for (const struct vt_yaml *entry = list->kind == VT_YAML_LIST ? list->first : NULL; entry; entry = entry->next)
        check_threshold(t, entry, diagnostics);
}

static void check_key(struct vt_template *t, enum vt_node_type type, int key, const struct vt_yaml *at,
                      bool patch, struct vt_diagnostics *diagnostics);

static void check_hotspot(struct vt_template *t, const struct vt_yaml *map, bool patch,
                          struct vt_diagnostics *diagnostics)
{
    struct vt_key optional[sizeof hotspot_keys / sizeof *hotspot_keys];
    memcpy(optional, hotspot_keys, sizeof optional);
    for (size_t i = 0; patch && i < sizeof optional / sizeof *optional; i++)
        optional[i].required = false;
    if (!vt_keys_check(map, ROWS(optional), hotspot_later, "`hotspot`", diagnostics))
        return;
    for (const struct vt_yaml *entry = map->first; entry; entry = entry->next) {
        for (size_t i = 0; i < sizeof hotspot_keys / sizeof *hotspot_keys; i++) {
            if (strcmp(hotspot_keys[i].name, entry->key) == 0)
                check_key(t, VT_NODE_BOX, hotspot_keys[i].type, entry, patch, diagnostics);
        }
    }
}

static void check_item(const struct vt_template *t, const struct vt_yaml *map, struct vt_diagnostics *diagnostics)
{
    if (!vt_keys_check(map, ROWS(item_keys), NULL, "`item`", diagnostics))
        return;
    check_text(t, vt_yaml_get(map, "text"), "text", diagnostics);
    if (vt_yaml_get(map, "separator"))
        vt_check_scalar(vt_yaml_get(map, "separator"), "separator", diagnostics);
}

static void check_key(struct vt_template *t, enum vt_node_type type, int key, const struct vt_yaml *at,
                      bool patch, struct vt_diagnostics *diagnostics)
{
    static const char *const truths[] = { "true", "false", NULL }, *const modes[] = { "crawl", "flip", "roll", NULL };
    int64_t number;
    switch ((enum vt_key_kind)key) {
    case VT_KEY_LITERAL:
        vt_check_scalar(at, at->key, diagnostics);
        break;
    case VT_KEY_TEXT:
        check_text(t, at, at->key, diagnostics);
        break;
    case VT_KEY_CONDITION:
        check_condition(at, diagnostics);
        break;
    case VT_KEY_STEP:
        vt_read_integer(at, 0, VT_STEPS_MAX, "`step`", &number, diagnostics);
        break;
    case VT_KEY_COUNT:
        vt_read_integer(at, 1, 999, "this", &number, diagnostics);
        break;
    case VT_KEY_STYLE:
        check_style(t, at, diagnostics);
        break;
    case VT_KEY_HOTSPOT:
        check_hotspot(t, at, patch, diagnostics);
        break;
    case VT_KEY_FIT:
        check_fit(at, diagnostics);
        break;
    case VT_KEY_ITEM:
        check_item(t, at, diagnostics);
        break;
    case VT_KEY_SPEED:
        check_speed(at, diagnostics);
        break;
    case VT_KEY_FORMAT:
        check_format(type, at, diagnostics);
        break;
    case VT_KEY_ACTION:
        vt_check_word(at, "action", vt_action_words, NULL, diagnostics);
        break;
    case VT_KEY_PX:
        check_px(at, VT_TARGET_PX, diagnostics);
        break;
    case VT_KEY_SHAPE:
        vt_check_word(at, "shape", vt_shape_names, NULL, diagnostics);
        break;
    case VT_KEY_SOURCE:
        check_source(at, diagnostics);
        break;
    case VT_KEY_AT_ZERO:
        check_at_zero(t, at, diagnostics);
        break;
    case VT_KEY_SPAN:
        vt_read_span(at, at->key, &number, diagnostics);
        break;
    case VT_KEY_BOOLEAN:
        vt_check_word(at, at->key, truths, NULL, diagnostics);
        break;
    case VT_KEY_THRESHOLDS:
        check_thresholds(t, at, diagnostics);
        break;
    case VT_KEY_MODE:
        vt_check_word(at, "mode", modes, NULL, diagnostics);
        break;
    case VT_KEY_FILE:
        vt_svg_load(t, at, diagnostics);
        break;
    case VT_KEY_NODES:
        break;
    }
}

void vt_node_check(struct vt_template *t, enum vt_node_type type, const struct vt_yaml *map, bool patch,
                   struct vt_diagnostics *diagnostics)
{
    struct vt_key keys[16];
    int count = 0;
    for (int i = 0; i < types[type].count; i++) {
        struct vt_key key = types[type].keys[i];
        bool fixed = key.type == VT_KEY_NODES || strcmp(key.name, "id") == 0 || strcmp(key.name, "type") == 0;
        if (patch && fixed)
            continue;
        key.required &= !patch;
        keys[count++] = key;
    }
    vt_keys_check(map, keys, count, node_later, types[type].what, diagnostics);
    for (const struct vt_yaml *entry = map->kind == VT_YAML_MAP ? map->first : NULL; entry; entry = entry->next) {
        for (int i = 0; i < count; i++) {
            if (strcmp(keys[i].name, entry->key) == 0)
                check_key(t, type, keys[i].type, entry, patch, diagnostics);
        }
    }
}

// ---- the tree

static int find_type(const struct vt_yaml *map, struct vt_diagnostics *diagnostics)
{
    const char *names[TYPES + 1] = { 0 };
    const struct vt_yaml *type = vt_yaml_get(map, "type");
    if (!type || type->kind != VT_YAML_SCALAR) {
        vt_diagnose(diagnostics, VT_ERROR, map->line, map->column, "a node needs `type`, such as box or text");
        return -1;
    }
    for (int i = 0; i < TYPES; i++) {
        names[i] = types[i].name;
        if (strcmp(types[i].name, type->text) == 0)
            return i;
    }
    for (int i = 0; types_later[i]; i++) {
        if (strcmp(types_later[i], type->text) == 0) {
            vt_diagnose(diagnostics, VT_ERROR, type->line, type->column, "nodes of type \"%s\" are not supported yet",
                        type->text);
            return -1;
        }
    }
    const char *near = vt_nearest_name(type->text, names);
    vt_diagnose(diagnostics, VT_ERROR, type->line, type->column,
                near ? "unknown type \"%.60s\"; did you mean \"%s\"?" : "unknown type \"%.60s\"", type->text, near);
    return -1;
}

static const char *read_id(const struct vt_template *t, const struct vt_yaml *map, struct vt_diagnostics *diagnostics)
{
    const struct vt_yaml *id = vt_yaml_get(map, "id"), *hotspot = vt_yaml_get(map, "hotspot");
    if (!id && hotspot)
        vt_diagnose(diagnostics, VT_ERROR, hotspot->key_line, hotspot->key_column, "a node with a hotspot needs an `id`");
    if (!id || id->kind != VT_YAML_SCALAR)
        return NULL;
    if (!vt_name_valid(id->text)) {
        vt_diagnose(diagnostics, VT_ERROR, id->line, id->column,
                    "an `id` is 1 to %d letters, digits, _ or -, not \"%.60s\"", VT_NAME_MAX, id->text);
        return NULL;
    }
    if (vt_template_find_node(t, id->text) >= 0)
        vt_diagnose(diagnostics, VT_ERROR, id->line, id->column, "two nodes have the id \"%s\"", id->text);
    return id->text;
}

static int load_node(struct vt_template *t, const struct vt_yaml *map, int parent, int depth,
                     struct vt_diagnostics *diagnostics);

static void load_children(struct vt_template *t, const struct vt_yaml *list, int parent, int depth,
                          struct vt_diagnostics *diagnostics)
{
    int *place = &t->nodes[parent].first;
    if (list->kind != VT_YAML_LIST) {
        vt_diagnose(diagnostics, VT_ERROR, list->line, list->column, "`children` must be a list of nodes");
        return;
    }
    if (depth + 1 > VT_TEMPLATE_DEPTH) {
        vt_diagnose(diagnostics, VT_ERROR, list->line, list->column, "boxes are nested deeper than %d (limit)",
                    VT_TEMPLATE_DEPTH);
        return;
    }
    for (const struct vt_yaml *child = list->first; child; child = child->next) {
        int index = load_node(t, child, parent, depth + 1, diagnostics);
        if (index < 0)
            continue;
        *place = index;
        place = &t->nodes[index].next;
    }
}

static int load_node(struct vt_template *t, const struct vt_yaml *map, int parent, int depth,
                     struct vt_diagnostics *diagnostics)
{
    if (map->kind != VT_YAML_MAP) {
        vt_diagnose(diagnostics, VT_ERROR, map->line, map->column, "a node must be a map with a `type`");
        return -1;
    }
    if (t->n_nodes == VT_TEMPLATE_NODES) {
        vt_diagnose(diagnostics, VT_ERROR, map->line, map->column, "a template has at most %d nodes (limit)",
                    VT_TEMPLATE_NODES);
        t->n_nodes++;                    // said once
        return -1;
    }
    int type = t->n_nodes > VT_TEMPLATE_NODES ? -1 : find_type(map, diagnostics);
    if (type < 0)
        return -1;
    int index = t->n_nodes++;
    t->nodes[index] = (struct vt_node){ .type = (enum vt_node_type)type, .yaml = map, .parent = parent, .first = -1,
                                        .next = -1 };
    t->nodes[index].id = read_id(t, map, diagnostics);
    vt_node_check(t, (enum vt_node_type)type, map, false, diagnostics);
    const struct vt_yaml *children = vt_yaml_get(map, "children");
    if (type == VT_NODE_TIMER && !vt_yaml_get(map, "until") == !vt_yaml_get(map, "for"))
        vt_diagnose(diagnostics, VT_ERROR, map->line, map->column, "a timer needs `until` or `for`, and not both");
    if (type == VT_NODE_SVG && !vt_yaml_get(map, "source") == !vt_yaml_get(map, "src"))
        vt_diagnose(diagnostics, VT_ERROR, map->line, map->column, "a drawing needs `source` or `src`, and not both");
    if (children && (type == VT_NODE_BOX || type == VT_NODE_REPEAT))
        load_children(t, children, index, depth, diagnostics);
    return index;
}

void vt_nodes_load(struct vt_template *t, const struct vt_yaml *layout, struct vt_diagnostics *diagnostics)
{
    load_node(t, layout, -1, 1, diagnostics);
}

const char *vt_node_type_name(enum vt_node_type type)
{
    return types[type].name;
}

int vt_template_find_node(const struct vt_template *t, const char *id)
{
    for (int i = 0; i < t->n_nodes && i < VT_TEMPLATE_NODES; i++) {
        if (t->nodes[i].id && strcmp(t->nodes[i].id, id) == 0)
            return i;
    }
    return -1;
}

// ---- for who describes the format

const struct vt_key *vt_node_words(enum vt_node_type type, int *ret_count)
{
    *ret_count = types[type].count;
    return types[type].keys;
}

const struct vt_key *vt_words(enum vt_words which, int *ret_count)
{
    static const struct {
        const struct vt_key *keys;
        int count;
    } tables[] = {
        [VT_WORDS_HOTSPOT] = { ROWS(hotspot_keys) },     [VT_WORDS_FIT] = { ROWS(fit_keys) },
        [VT_WORDS_ITEM] = { ROWS(item_keys) },           [VT_WORDS_AT_ZERO] = { ROWS(at_zero_keys) },
        [VT_WORDS_THRESHOLD] = { ROWS(threshold_keys) },
    };
    if (which == VT_WORDS_VARIANT || which == VT_WORDS_MEDIA)
        return vt_variant_words(which, ret_count);
    *ret_count = tables[which].count;
    return tables[which].keys;
}
