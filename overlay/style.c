#include "overlay/style.h"

#include <errno.h>
#include <glib.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "overlay/overlay.h"
#include "overlay/words.h"

#define WORDS(...) (const char *const[]){ __VA_ARGS__, NULL }
#define AT(member) offsetof(struct vt_style, member)

static const char *const align_words[] = { "auto", "flex-start", "flex-end", "center", "stretch", "baseline", NULL };

static const struct vt_style_key keys[] = {
    { "display",         VT_STYLE_CHOICE, AT(display), .choices = WORDS("flex", "none") },
    { "position",        VT_STYLE_CHOICE, AT(position), .choices = WORDS("relative", "absolute") },
    { "inset",           VT_STYLE_EDGES,  AT(inset) },
    { "flex-direction",  VT_STYLE_CHOICE, AT(direction), .choices = WORDS("row", "column", "row-reverse", "column-reverse") },
    { "justify-content", VT_STYLE_CHOICE, AT(justify), .choices = WORDS("flex-start", "flex-end", "center", "space-between",
                                                               "space-around", "space-evenly") },
    { "align-items",     VT_STYLE_CHOICE, AT(align_items), .choices = align_words },
    { "align-self",      VT_STYLE_CHOICE, AT(align_self), .choices = align_words },
    { "align-content",   VT_STYLE_CHOICE, AT(align_content), .choices = WORDS("flex-start", "flex-end", "center", "space-between",
                                                                     "space-around", "space-evenly", "stretch") },
    { "flex-wrap",       VT_STYLE_CHOICE, AT(wrap), .choices = WORDS("nowrap", "wrap") },
    { "flex-grow",       VT_STYLE_NUMBER, AT(grow), 0, 1000 },
    { "flex-shrink",     VT_STYLE_NUMBER, AT(shrink), 0, 1000 },
    { "flex-basis",      VT_STYLE_LENGTH, AT(basis) },
    { "gap",             VT_STYLE_GAPS,   AT(row_gap) },
    { "row-gap",         VT_STYLE_LENGTH, AT(row_gap) },
    { "column-gap",      VT_STYLE_LENGTH, AT(column_gap) },
    { "width",           VT_STYLE_LENGTH, AT(width) },
    { "height",          VT_STYLE_LENGTH, AT(height) },
    { "min-width",       VT_STYLE_LENGTH, AT(min_width) },
    { "min-height",      VT_STYLE_LENGTH, AT(min_height) },
    { "max-width",       VT_STYLE_LENGTH, AT(max_width) },
    { "max-height",      VT_STYLE_LENGTH, AT(max_height) },
    { "aspect-ratio",    VT_STYLE_RATIO,  AT(aspect) },
    { "padding",         VT_STYLE_EDGES,  AT(padding) },
    { "margin",          VT_STYLE_EDGES,  AT(margin) },
    { "background",      VT_STYLE_BACKGROUND, AT(background) },
    { "border",          VT_STYLE_BORDER, AT(border) },
    { "border-image",    VT_STYLE_NINE,   AT(nine) },
    { "border-radius",   VT_STYLE_CORNERS, AT(radius) },
    { "box-shadow",      VT_STYLE_SHADOW, AT(shadow) },
    { "opacity",         VT_STYLE_NUMBER, AT(opacity), 0, 1 },
    { "object-fit",      VT_STYLE_CHOICE, AT(object_fit), .choices = WORDS("fill", "contain", "cover", "none", "scale-down") },
    { "object-position", VT_STYLE_POSITION, AT(object_position) },
    { "overflow",        VT_STYLE_CHOICE, AT(overflow), .choices = WORDS("visible", "hidden") },
    { "direction",       VT_STYLE_CHOICE, AT(text.reading), .choices = WORDS("auto", "ltr", "rtl") },
    { "color",           VT_STYLE_COLOUR, AT(text.colour) },
    { "font-family",     VT_STYLE_FAMILY, AT(text.family) },
    { "font-size",       VT_STYLE_SIZE,     AT(text.size), 1, VT_FONT_PX },
    { "font-weight",     VT_STYLE_WEIGHT, AT(text.weight), 100, 1000 },
    { "line-height",     VT_STYLE_NUMBER, AT(text.line_height), 0.5, 4 },
    { "letter-spacing",  VT_STYLE_SPACING, AT(letter_spacing), -100, 100 },
    { "text-shadow",     VT_STYLE_SHADOW, AT(text.shadow) },
    { "text-stroke",     VT_STYLE_STROKE, AT(text.stroke) },
    { "text-align",      VT_STYLE_CHOICE, AT(text.align), .choices = WORDS("start", "center", "end", "left", "right") },
    { "font-variant-numeric", VT_STYLE_CHOICE, AT(text.tabular), .choices = WORDS("normal", "tabular-nums") },
    { "line-clamp",      VT_STYLE_COUNT,  AT(line_clamp), 1, 100 },
    { "text-overflow",   VT_STYLE_CHOICE, AT(ellipsis), .choices = WORDS("clip", "ellipsis") },
    { "text-decoration", VT_STYLE_CHOICE, AT(decoration), .choices = WORDS("none", "underline", "line-through") },
};

#define KEYS ((int)(sizeof keys / sizeof *keys))

// Of format 1, but not drawn by this version.
static const char *const later[] = {
    "writing-mode", "background-image", "clip-path", "mask", "transform", "filter", "z-index", NULL,
};

void vt_style_init(struct vt_style *style, const struct vt_text_style *around)
{
    static const struct vt_text_style root = {
        .colour = { 255, 255, 255, 255 },
        .family = "Noto Sans",
        .size = 28, .weight = 400,
    };
    *style = (struct vt_style){
        .shrink = 1, .opacity = 1, .align_items = VT_ALIGN_STRETCH, .align_content = VT_JUSTIFY_STRETCH, .object_fit = VT_FIT_OVER,
        .object_position = { { VT_PERCENT, 50 }, { VT_PERCENT, 50 } },
        .text = around ? *around : root,
    };
    style->around_size = style->text.size;
}

static void complain(const struct vt_binder *binder, const struct vt_yaml *at, const char *what, const char *value)
{
    vt_diagnose(binder->diagnostics, VT_ERROR, at->line, at->column, "%s: \"%.80s\"", what, value);
}

// {name} -> its value, {{ … }} stays.
static const char *put_tokens(const struct vt_yaml *scalar, const struct vt_binder *binder)
{
    struct vt_writer out = { .limit = VT_TEXT_BYTES };
    const char *at = scalar->text;
    bool changed = false;
    while (*at) {
        const char *close = *at == '{' && at[1] != '{' && (at == scalar->text || at[-1] != '{') ? strchr(at, '}') : NULL;
        if (!close) {
            vt_write_u8(&out, (uint8_t)*at++);
            continue;
        }
        const char *value = vt_token(binder->tokens, at + 1, (size_t)(close - at - 1));
        if (!value) {
            vt_diagnose(binder->diagnostics, VT_ERROR, scalar->line, scalar->column, "there is no token \"%.*s\"",
                        (int)(close - at - 1 > 60 ? 60 : close - at - 1), at + 1);
            vt_writer_free(&out);
            return NULL;
        }
        vt_write_text(&out, value);
        at = close + 1;
        changed = true;
    }
    const char *text = !changed ? scalar->text : out.failed ? NULL :
                       vt_arena_text(binder->arena, (char *)out.data, out.size);
    vt_writer_free(&out);
    return text;
}

const char *vt_bind(const struct vt_yaml *scalar, const struct vt_binder *binder)
{
    char why[160];
    size_t where;
    const char *text = put_tokens(scalar, binder);
    if (!text || !vt_expression_binds(text))
        return text;
    if (!binder->scope) {
        if (vt_expression_check_text(text, binder->strings, why, sizeof why, &where) != 0)
            vt_diagnose(binder->diagnostics, VT_ERROR, scalar->line, scalar->column, "%s", why);
        return NULL;
    }
    struct vt_writer out = { .limit = VT_TEXT_BYTES };
    vt_expression_text(text, binder->scope, false, &out);
    const char *bound = out.failed ? NULL : vt_arena_text(binder->arena, (char *)out.data, out.size);
    vt_writer_free(&out);
    return bound;
}

// ---- values

static int parse_choice(const char *text, const char *const *choices, int *ret)
{
    for (int i = 0; choices[i]; i++) {
        if (strcmp(text, choices[i]) == 0) {
            *ret = i;
            return 0;
        }
    }
    return -EINVAL;
}

static int parse_weight(const char *text, int *ret)
{
    double value;
    const char *end;
    if (strcmp(text, "normal") == 0 || strcmp(text, "bold") == 0) {
        *ret = text[0] == 'n' ? 400 : 700;
        return 0;
    }
    if (vt_parse_number(text, 100, 1000, &end, &value) != 0 || *end || value != floor(value))
        return -EINVAL;
    *ret = (int)value;
    return 0;
}

static int set_number(const struct vt_style_key *key, const char *text, void *member)
{
    double value;
    const char *end;
    if (vt_parse_number(text, key->min, key->max, &end, &value) != 0 || *end)
        return -EINVAL;
    if (key->type == VT_STYLE_COUNT && value != floor(value))
        return -EINVAL;
    if (key->type == VT_STYLE_COUNT)
        *(int *)member = (int)value;
    else
        *(double *)member = value;
    return 0;
}

// A font's size, in px at once: what it is of is known. NAN: the canvas is not.
static double size_of(struct vt_length size, const struct vt_style *style, const struct vt_binder *binder)
{
    double low = fmin(binder->vw, binder->vh), high = fmax(binder->vw, binder->vh), value = (double)size.value;
    if (size.unit == VT_PX)
        return value;
    if (size.unit == VT_EM)
        return value * style->around_size;
    if (size.unit == VT_PERCENT)
        return value / 100 * style->around_size;
    return binder->vw <= 0 ? NAN : value * (size.unit == VT_VW ? binder->vw : size.unit == VT_VH ? binder->vh :
                                            size.unit == VT_VMIN ? low : high);
}

static int set_size(const struct vt_style_key *key, const char *text, struct vt_style *style, const struct vt_binder *binder)
{
    struct vt_length length;
    if (vt_parse_length(text, &length) != 0 || length.unit == VT_AUTO || length.unit == VT_SAFE)
        return -EINVAL;
    double size = size_of(length, style, binder);
    if (isnan(size))
        return length.value > 0 ? 0 : -EINVAL;
    bool held = binder->scope && length.unit != VT_PX;       // boxes in boxes, each 2em: it stays drawable
    if (!held && (size < key->min || size > key->max))
        return -EINVAL;
    style->text.size = fmin(fmax(size, key->min), key->max);
    return 0;
}

static int set_spacing(const struct vt_style_key *key, const char *text, struct vt_length *ret)
{
    struct vt_length length;
    if (vt_parse_length(text, &length) != 0 || (length.unit != VT_PX && length.unit != VT_EM) ||
        (double)length.value < key->min || (double)length.value > key->max)
        return -EINVAL;
    *ret = length;
    return 0;
}

// A colour, or a gradient: one stands in place of the other.
static int set_background(const char *text, struct vt_style *style, struct vt_arena *arena)
{
    struct vt_gradient gradient;
    struct vt_colour4 colour;
    if (vt_parse_colour(text, &colour) == 0) {
        style->background = colour;
        style->gradient = NULL;
        return 0;
    }
    if (vt_parse_gradient(text, &gradient) != 0)
        return -EINVAL;
    struct vt_gradient *kept = vt_arena_alloc(arena, sizeof *kept);
    *kept = gradient;
    style->gradient = kept;
    style->background = (struct vt_colour4){ 0 };
    return 0;
}

static int set_nine(const char *text, struct vt_style *style, struct vt_arena *arena)
{
    struct vt_nine nine;
    if (strcmp(text, "none") == 0) {
        style->nine = NULL;
        return 0;
    }
    if (vt_parse_nine(text, &nine, arena) != 0)
        return -EINVAL;
    struct vt_nine *kept = vt_arena_alloc(arena, sizeof *kept);
    *kept = nine;
    style->nine = kept;
    return 0;
}

static int set_length(const char *text, struct vt_length *ret)
{
    struct vt_length length;
    if (vt_parse_length(text, &length) != 0 || length.unit == VT_SAFE || length.value < 0)
        return -EINVAL;
    *ret = length;
    return 0;
}

// "8px", or "8px 16px": between rows, between columns.
static int set_gaps(const char *text, struct vt_style *style)
{
    struct vt_length edges[4];
    if (vt_parse_edges(text, edges) != 0 || strspn(text, " \t") == strlen(text))
        return -EINVAL;
    for (int i = 0; i < 4; i++) {
        if (edges[i].unit == VT_SAFE || edges[i].unit == VT_AUTO || edges[i].value < 0 ||
            edges[i].value != edges[(i + 2) % 4].value)
            return -EINVAL;
    }
    style->row_gap = edges[VT_TOP];
    style->column_gap = edges[VT_RIGHT];
    return 0;
}

static int set_edges(const struct vt_style_key *key, const char *text, struct vt_length ret[4])
{
    struct vt_length edges[4];
    bool inset = key->offset == AT(inset), padding = key->offset != AT(margin) && !inset;
    if (vt_parse_edges(text, edges) != 0)
        return -EINVAL;
    for (int i = 0; i < 4; i++) {
        if (!inset && (edges[i].unit == VT_SAFE || edges[i].unit == VT_AUTO))
            return -EINVAL;
        if (padding && edges[i].value < 0)
            return -EINVAL;
    }
    memcpy(ret, edges, sizeof edges);
    return 0;
}

static int set_value(const struct vt_style_key *key, const char *text, struct vt_style *style,
                     const struct vt_binder *binder)
{
    struct vt_arena *arena = binder->arena;
    void *member = (char *)style + key->offset;
    switch (key->type) {
    case VT_STYLE_LENGTH:
        return set_length(text, member);
    case VT_STYLE_EDGES:
    case VT_STYLE_CORNERS:
        return set_edges(key, text, member);
    case VT_STYLE_GAPS:
        return set_gaps(text, style);
    case VT_STYLE_SIZE:
        return set_size(key, text, style, binder);
    case VT_STYLE_SPACING:
        return set_spacing(key, text, member);
    case VT_STYLE_NUMBER:
    case VT_STYLE_COUNT:
        return set_number(key, text, member);
    case VT_STYLE_BACKGROUND:
        return set_background(text, style, arena);
    case VT_STYLE_NINE:
        return set_nine(text, style, arena);
    case VT_STYLE_POSITION:
        return vt_parse_position(text, member);
    case VT_STYLE_STROKE:
        return vt_parse_stroke(text, &style->text);
    case VT_STYLE_COLOUR:
        return vt_parse_colour(text, member);
    case VT_STYLE_CHOICE:
        return parse_choice(text, key->choices, member);
    case VT_STYLE_FAMILY:
        if (!*text || strlen(text) > 500)
            return -EINVAL;
        *(const char **)member = vt_arena_text(arena, text, strlen(text));
        return 0;
    case VT_STYLE_WEIGHT:
        return parse_weight(text, member);
    case VT_STYLE_RATIO:
        return vt_parse_ratio(text, member);
    case VT_STYLE_BORDER:
        return vt_parse_border(text, style);
    case VT_STYLE_SHADOW:
        return vt_parse_shadow(text, key->offset == AT(shadow), member);
    }
    return -EINVAL;
}

static void describe(const struct vt_style_key *key, char *out, size_t room)
{
    size_t at = 0;
    switch (key->type) {
    case VT_STYLE_LENGTH:
        snprintf(out, room, "a length such as 16px, 50%%, 10vw, 2em or auto");
        break;
    case VT_STYLE_EDGES:
        snprintf(out, room, "one to four lengths such as 4px 12px%s",
                 key->offset == AT(inset) ? ", auto or safe" : "");
        break;
    case VT_STYLE_GAPS:
        snprintf(out, room, "one or two lengths such as 8px 16px");
        break;
    case VT_STYLE_SIZE:
        snprintf(out, room, "%g to %g px, such as 28px, or 1.5em", key->min, key->max);
        break;
    case VT_STYLE_SPACING:
        snprintf(out, room, "%g to %g px or em, such as 2px", key->min, key->max);
        break;
    case VT_STYLE_CORNERS:
        snprintf(out, room, "one to four lengths such as 16px or 24px 24px 0 0");
        break;
    case VT_STYLE_BACKGROUND:
        snprintf(out, room, "a colour, linear-gradient(…) or radial-gradient(…) of 2 to %d colours", VT_GRADIENT_STOPS);
        break;
    case VT_STYLE_NINE:
        snprintf(out, room, "none, or a file and how much of it an edge is, such as \"panel.png 24 fill / 12px\"");
        break;
    case VT_STYLE_POSITION:
        snprintf(out, room, "a place such as \"left top\" or 50%% 20%%");
        break;
    case VT_STYLE_STROKE:
        snprintf(out, room, "none, or a width up to %dpx and a colour, such as \"2px #000000\"", VT_STROKE_MOST);
        break;
    case VT_STYLE_NUMBER:
    case VT_STYLE_COUNT:
        snprintf(out, room, "a %snumber from %g to %g", key->type == VT_STYLE_COUNT ? "whole " : "", key->min, key->max);
        break;
    case VT_STYLE_COLOUR:
        snprintf(out, room, "a colour such as \"#e5123d\" or \"{color.sale}\"");
        break;
    case VT_STYLE_CHOICE:
        for (int i = 0; key->choices[i] && at < room; i++)
            at += (size_t)snprintf(out + at, room - at, "%s%s", i ? ", " : "one of ", key->choices[i]);
        break;
    case VT_STYLE_FAMILY:
        snprintf(out, room, "a list of font families of at most 500 bytes");
        break;
    case VT_STYLE_WEIGHT:
        snprintf(out, room, "normal, bold, or 100 to 1000");
        break;
    case VT_STYLE_RATIO:
        snprintf(out, room, "a ratio such as 16/9");
        break;
    case VT_STYLE_BORDER:
        snprintf(out, room, "none, or a width, solid or dashed, and a colour, such as \"2px solid #ffffff\"");
        break;
    case VT_STYLE_SHADOW:
        snprintf(out, room, "none, or lengths across and down, a blur, and a colour, such as \"0 8px 24px #00000066\"");
        break;
    }
}

static bool families_known(const struct vt_yaml *at, const char *list, const struct vt_binder *binder)
{
    bool good = true;
    gchar **names = g_strsplit(list, ",", 32);
    for (int i = 0; names[i] && binder->fonts; i++) {
        const char *name = g_strstrip(names[i]);
        if (vt_fonts_has(binder->fonts, name, strlen(name)))
            continue;
        complain(binder, at, "there is no font family of this name: name its file in `fonts`, or use Noto Sans", name);
        good = false;
    }
    g_strfreev(names);
    return good;
}

static void apply_one(struct vt_style *style, const struct vt_style_key *key, const struct vt_yaml *entry,
                      const struct vt_binder *binder)
{
    char expected[160], what[220];
    if (entry->kind != VT_YAML_SCALAR) {
        vt_diagnose(binder->diagnostics, VT_ERROR, entry->line, entry->column, "`%s` takes one value", key->name);
        return;
    }
    const char *text = vt_bind(entry, binder);
    if (!text || (key->type == VT_STYLE_FAMILY && !families_known(entry, text, binder)) ||
        set_value(key, text, style, binder) == 0)
        return;
    describe(key, expected, sizeof expected);
    snprintf(what, sizeof what, "`%s` must be %s, is", key->name, expected);
    complain(binder, entry, what, text);
}

static void refuse(const struct vt_yaml *entry, const struct vt_binder *binder)
{
    const char *names[KEYS + 1] = { 0 };
    for (int i = 0; later[i]; i++) {
        if (strcmp(later[i], entry->key) == 0) {
            vt_diagnose(binder->diagnostics, VT_ERROR, entry->key_line, entry->key_column,
                        "the style \"%s\" is not supported yet", entry->key);
            return;
        }
    }
    for (int i = 0; i < KEYS; i++)
        names[i] = keys[i].name;
    const char *near = vt_nearest_name(entry->key, names);
    vt_diagnose(binder->diagnostics, VT_ERROR, entry->key_line, entry->key_column,
                near ? "unknown style \"%.60s\"; did you mean \"%s\"?" : "unknown style \"%.60s\"", entry->key, near);
}

void vt_style_apply(struct vt_style *style, const struct vt_yaml *map, const struct vt_binder *binder)
{
    if (!map)
        return;
    if (map->kind != VT_YAML_MAP) {
        vt_diagnose(binder->diagnostics, VT_ERROR, map->line, map->column, "`style` must be a map of CSS words");
        return;
    }
    for (const struct vt_yaml *entry = map->first; entry; entry = entry->next) {
        int i = 0;
        while (i < KEYS && strcmp(keys[i].name, entry->key) != 0)
            i++;
        if (i < KEYS)
            apply_one(style, &keys[i], entry, binder);
        else
            refuse(entry, binder);
    }
}

static void settle(struct vt_length *length, double size)
{
    if (length->unit == VT_EM)
        *length = (struct vt_length){ VT_PX, (float)((double)length->value * size) };
}

void vt_style_settle(struct vt_style *style)
{
    double size = style->text.size;
    struct vt_length *const single[] = { &style->basis, &style->width, &style->height, &style->min_width, &style->min_height,
                                         &style->max_width, &style->max_height, &style->row_gap, &style->column_gap };
    for (size_t i = 0; i < sizeof single / sizeof *single; i++)
        settle(single[i], size);
    for (int i = 0; i < 4; i++) {
        settle(&style->inset[i], size);
        settle(&style->padding[i], size);
        settle(&style->margin[i], size);
        settle(&style->radius[i], size);
    }
    settle(&style->letter_spacing, size);
    if (style->letter_spacing.unit == VT_PX)
        style->text.letter_spacing = (double)style->letter_spacing.value;
}

const struct vt_style_key *vt_style_words(int *ret_count)
{
    *ret_count = KEYS;
    return keys;
}
