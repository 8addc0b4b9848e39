#include "overlay/text.h"

#include <math.h>
#include <pango/pangocairo.h>
#include <pango/pangofc-font.h>
#include <stdlib.h>
#include <string.h>

#define FONT_STEP 0.5                    // of shrinking, design pixels

struct vt_shaper {
    struct vt_fonts *fonts;
    PangoFontMap *map;                   // taken from the fonts
    const char *fallback;
    PangoContext *context;
    PangoLayout *layout;                 // reused
    bool rtl;
};

uint64_t vt_hash(uint64_t hash, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    return hash;
}

struct vt_shaper *vt_shaper_new(struct vt_fonts *fonts, const char *language, bool rtl)
{
    struct vt_shaper *shaper = calloc(1, sizeof *shaper);
    if (!shaper)
        abort();
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    shaper->rtl = rtl;
    shaper->fonts = fonts;
    shaper->map = vt_fonts_take(fonts);
    shaper->fallback = vt_fonts_fallback(language);
    shaper->context = pango_font_map_create_context(shaper->map);
    pango_cairo_context_set_font_options(shaper->context, options);
    pango_cairo_context_set_resolution(shaper->context, 96);
    pango_context_set_round_glyph_positions(shaper->context, FALSE);
    pango_context_set_base_dir(shaper->context, rtl ? PANGO_DIRECTION_RTL : PANGO_DIRECTION_LTR);
    pango_context_set_language(shaper->context, pango_language_from_string(language ? language : "en"));
    shaper->layout = pango_layout_new(shaper->context);
    pango_layout_set_auto_dir(shaper->layout, FALSE);
    pango_layout_set_wrap(shaper->layout, PANGO_WRAP_WORD_CHAR);
    cairo_font_options_destroy(options);
    return shaper;
}

void vt_shaper_free(struct vt_shaper **shaper)
{
    struct vt_shaper *old = *shaper;
    *shaper = NULL;
    if (!old)
        return;
    g_object_unref(old->layout);
    g_object_unref(old->context);
    vt_fonts_give(old->fonts, &old->map);
    free(old);
}

// The list without emoji fonts: pango finds those by itself for what is an emoji, and a list that names one makes
// fontconfig take digits from it, too. Then the families that are always there.
static void set_family(PangoFontDescription *font, const char *list, const char *fallback)
{
    gchar **names = g_strsplit(list, ",", 32);
    int kept = 0;
    for (int i = 0; names[i]; i++) {
        if (strstr(names[i], "Emoji"))
            g_free(names[i]);
        else
            names[kept++] = names[i];
    }
    names[kept] = NULL;
    gchar *joined = g_strjoinv(",", names), *all = g_strconcat(joined, *joined ? "," : "", fallback, NULL);
    pango_font_description_set_family(font, all);
    g_free(all);
    g_free(joined);
    g_strfreev(names);
}

static void set_font(struct vt_shaper *shaper, const struct vt_text *text, double size)
{
    PangoFontDescription *font = pango_font_description_new();
    set_family(font, text->style->family, shaper->fallback);
    pango_font_description_set_weight(font, (PangoWeight)text->style->weight);
    pango_font_description_set_absolute_size(font, size * text->scale * PANGO_SCALE);
    pango_layout_set_font_description(shaper->layout, font);
    pango_font_description_free(font);

    PangoAttrList *attributes = pango_attr_list_new();
    if (text->style->tabular)
        pango_attr_list_insert(attributes, pango_attr_font_features_new("tnum=1"));
    if (text->style->letter_spacing != 0)
        pango_attr_list_insert(attributes, pango_attr_letter_spacing_new(
                                               (int)lround(text->style->letter_spacing * text->scale * PANGO_SCALE)));
    if (text->style->line_height > 0)
        pango_attr_list_insert(attributes, pango_attr_line_height_new_absolute(
                                               (int)lround(text->style->line_height * size * text->scale * PANGO_SCALE)));
    pango_layout_set_attributes(shaper->layout, attributes);
    pango_attr_list_unref(attributes);
}

static bool reads_rtl(const struct vt_shaper *shaper, const struct vt_text_style *style)
{
    return style->reading == VT_READING_LANGUAGE ? shaper->rtl : style->reading == VT_READING_RTL;
}

static PangoAlignment alignment(bool rtl, int align)
{
    switch ((enum vt_text_align)align) {
    case VT_TEXT_CENTER:
        return PANGO_ALIGN_CENTER;
    case VT_TEXT_LEFT:
        return PANGO_ALIGN_LEFT;
    case VT_TEXT_RIGHT:
        return PANGO_ALIGN_RIGHT;
    case VT_TEXT_END:
        return rtl ? PANGO_ALIGN_LEFT : PANGO_ALIGN_RIGHT;
    case VT_TEXT_START:
        break;
    }
    return rtl ? PANGO_ALIGN_RIGHT : PANGO_ALIGN_LEFT;
}

static int to_pango(double px)
{
    return isnan(px) ? -1 : (int)fmin(ceil(px * PANGO_SCALE), 1e9);
}

static bool fits(PangoLayout *layout, int lines, double width)
{
    PangoRectangle logical;
    pango_layout_get_extents(layout, NULL, &logical);
    bool narrow = isnan(width) || logical.width <= to_pango(width);
    return narrow && !pango_layout_is_ellipsized(layout) && (!lines || pango_layout_get_line_count(layout) <= lines);
}

// Takes the largest size that fits, by halving: a few trials whatever the sizes are.
static void shrink(struct vt_shaper *shaper, const struct vt_text *text, double width)
{
    int lines = text->lines ? text->lines : 1;
    int low = 0, high = (int)ceil((text->style->size - text->shrink_to) / FONT_STEP);
    if (fits(shaper->layout, lines, width))
        return;
    while (low + 1 < high) {
        int middle = (low + high) / 2;
        set_font(shaper, text, text->style->size - middle * FONT_STEP);
        if (fits(shaper->layout, lines, width))
            high = middle;
        else
            low = middle;
    }
    set_font(shaper, text, fmax(text->style->size - high * FONT_STEP, text->shrink_to));
}

// Lays the text out at the largest size that fits, down to what it may shrink to.
static void lay_out(struct vt_shaper *shaper, const struct vt_text *text, double width)
{
    bool one_line = text->one_line || (text->ellipsis && !text->lines), rtl = reads_rtl(shaper, text->style);
    PangoDirection direction = rtl ? PANGO_DIRECTION_RTL : PANGO_DIRECTION_LTR;
    if (pango_context_get_base_dir(shaper->context) != direction) {
        pango_context_set_base_dir(shaper->context, direction);
        pango_layout_context_changed(shaper->layout);
    }
    pango_layout_set_text(shaper->layout, text->text, -1);
    pango_layout_set_width(shaper->layout, to_pango(width));
    pango_layout_set_alignment(shaper->layout, alignment(rtl, text->style->align));
    pango_layout_set_ellipsize(shaper->layout,
                               text->ellipsis || text->lines ? PANGO_ELLIPSIZE_END : PANGO_ELLIPSIZE_NONE);
    pango_layout_set_height(shaper->layout, text->lines ? -text->lines : -1);
    pango_layout_set_single_paragraph_mode(shaper->layout, one_line || text->lines == 1);
    set_font(shaper, text, text->style->size);
    if (text->shrink_to > 0 && text->shrink_to < text->style->size)
        shrink(shaper, text, width);
}

struct vt_extent vt_text_measure(struct vt_shaper *shaper, const struct vt_text *text, double width)
{
    PangoRectangle logical;
    lay_out(shaper, text, width);
    pango_layout_get_extents(shaper->layout, NULL, &logical);
    // Pango leaves the space behind a line's last letter out here, and needs it where it breaks lines.
    double spacing = fmax(0, text->style->letter_spacing * text->scale), wide = (double)logical.width / PANGO_SCALE + spacing;
    return (struct vt_extent){
        .width = !isnan(width) && wide > width ? fmax(width, wide - spacing) : wide,
        .height = (double)logical.height / PANGO_SCALE,
        .baseline = (double)pango_layout_get_baseline(shaper->layout) / PANGO_SCALE,
    };
}

// ---- glyphs

struct shaping {
    struct vt_arena *arena;
    struct vt_shaped *out;
    int room;
    int decoration;
    const char *text;
};

static bool is_colour(PangoFont *font)
{
    FcBool colour = FcFalse;
    FcPattern *pattern = PANGO_IS_FC_FONT(font) ? pango_fc_font_get_pattern(PANGO_FC_FONT(font)) : NULL;
    return pattern && FcPatternGetBool(pattern, FC_COLOR, 0, &colour) == FcResultMatch && colour;
}

static uint64_t hash_font(uint64_t hash, PangoFont *font)
{
    PangoFontDescription *description = pango_font_describe_with_absolute_size(font);
    char *name = pango_font_description_to_string(description);
    hash = vt_hash(hash, name, strlen(name));
    g_free(name);
    pango_font_description_free(description);
    return hash;
}

static void add_run(struct shaping *s, PangoLayoutRun *run, double x, double y)
{
    PangoFont *font = run->item->analysis.font;
    cairo_scaled_font_t *scaled = PANGO_IS_CAIRO_FONT(font) ? pango_cairo_font_get_scaled_font(PANGO_CAIRO_FONT(font))
                                                            : NULL;
    if (!scaled || s->out->n_runs == s->room)
        return;
    struct vt_glyph_run *to = &s->out->runs[s->out->n_runs++];
    *to = (struct vt_glyph_run){
        .face = cairo_font_face_reference(cairo_scaled_font_get_font_face(scaled)),
        .glyphs = vt_arena_alloc(s->arena, sizeof *to->glyphs * (size_t)run->glyphs->num_glyphs),
        .digits = vt_arena_alloc(s->arena, (size_t)run->glyphs->num_glyphs),
        .colour = is_colour(font),
    };
    cairo_scaled_font_get_font_matrix(scaled, &to->matrix);
    for (int i = 0; i < run->glyphs->num_glyphs; i++) {
        const PangoGlyphInfo *info = &run->glyphs->glyphs[i];
        if (info->glyph & PANGO_GLYPH_UNKNOWN_FLAG)
            s->out->missing = s->out->missing ? s->out->missing : info->glyph & ~PANGO_GLYPH_UNKNOWN_FLAG;
        else if (info->glyph != PANGO_GLYPH_EMPTY) {
            char c = s->text[run->item->offset + run->glyphs->log_clusters[i]];
            to->digits[to->count] = c >= '0' && c <= '9' ? (uint8_t)(c - '0' + 1) : 0;
            to->glyphs[to->count++] = (cairo_glyph_t){
                .index = info->glyph,
                .x = x + (double)info->geometry.x_offset / PANGO_SCALE,
                .y = y + (double)info->geometry.y_offset / PANGO_SCALE,
            };
        }
        x += (double)info->geometry.width / PANGO_SCALE;
    }
    s->out->hash = hash_font(s->out->hash, font);
    s->out->hash = vt_hash(s->out->hash, to->glyphs, sizeof *to->glyphs * (size_t)to->count);
}

static void add_rule(struct shaping *s, PangoLayoutLine *line, double x, double width, double baseline)
{
    if (s->decoration == VT_DECORATION_NONE || width <= 0)
        return;
    PangoLayout *layout = line->layout;
    PangoContext *context = pango_layout_get_context(layout);
    PangoFontMetrics *metrics = pango_context_get_metrics(context, pango_layout_get_font_description(layout), NULL);
    bool strike = s->decoration == VT_DECORATION_LINE_THROUGH;
    int up = strike ? pango_font_metrics_get_strikethrough_position(metrics)
                    : pango_font_metrics_get_underline_position(metrics);
    int thick = strike ? pango_font_metrics_get_strikethrough_thickness(metrics)
                       : pango_font_metrics_get_underline_thickness(metrics);
    struct vt_rule *rule = &s->out->rules[s->out->n_rules++];
    *rule = (struct vt_rule){ x, baseline - (double)up / PANGO_SCALE, width, (double)thick / PANGO_SCALE };
    s->out->hash = vt_hash(s->out->hash, rule, sizeof *rule);
    pango_font_metrics_unref(metrics);
}

static int count_runs(PangoLayout *layout)
{
    int count = 0;
    for (GSList *line = pango_layout_get_lines_readonly(layout); line; line = line->next)
        count += (int)g_slist_length(((PangoLayoutLine *)line->data)->runs);
    return count;
}

static void collect(struct shaping *s, PangoLayout *layout)
{
    PangoLayoutIter *iter = pango_layout_get_iter(layout);
    PangoLayoutLine *last = NULL;
    do {
        PangoLayoutRun *run = pango_layout_iter_get_run_readonly(iter);
        PangoLayoutLine *line = pango_layout_iter_get_line_readonly(iter);
        PangoRectangle logical;
        double baseline = (double)pango_layout_iter_get_baseline(iter) / PANGO_SCALE;
        if (line != last) {
            pango_layout_iter_get_line_extents(iter, NULL, &logical);
            add_rule(s, line, (double)logical.x / PANGO_SCALE, (double)logical.width / PANGO_SCALE, baseline);
            last = line;
        }
        if (!run)
            continue;
        pango_layout_iter_get_run_extents(iter, NULL, &logical);
        add_run(s, run, (double)logical.x / PANGO_SCALE, baseline);
    } while (pango_layout_iter_next_run(iter));
    pango_layout_iter_free(iter);
}

void vt_text_shape(struct vt_shaper *shaper, const struct vt_text *text, double width, double height,
                   struct vt_arena *arena, struct vt_shaped *ret)
{
    PangoRectangle ink, logical;
    lay_out(shaper, text, width);
    *ret = (struct vt_shaped){ .hash = VT_HASH_START };
    struct shaping s = { .arena = arena, .out = ret, .decoration = text->decoration, .text = text->text };
    s.room = count_runs(shaper->layout);
    ret->runs = vt_arena_alloc(arena, sizeof *ret->runs * (size_t)s.room);
    ret->rules = vt_arena_alloc(arena, sizeof *ret->rules * (size_t)pango_layout_get_line_count(shaper->layout));
    collect(&s, shaper->layout);
    pango_layout_get_extents(shaper->layout, &ink, &logical);
    ret->x = (double)ink.x / PANGO_SCALE;
    ret->y = (double)ink.y / PANGO_SCALE;
    ret->width = (double)ink.width / PANGO_SCALE;
    ret->height = (double)ink.height / PANGO_SCALE;
    ret->cut = pango_layout_is_ellipsized(shaper->layout) || logical.width > to_pango(width) + PANGO_SCALE ||
               logical.height > to_pango(height) + PANGO_SCALE;
}

void vt_shaped_fini(struct vt_shaped *shaped)
{
    for (int i = 0; i < shaped->n_runs; i++)
        cairo_font_face_destroy(shaped->runs[i].face);
    shaped->n_runs = 0;
}
