// Values of styles, from their texts.
#include <errno.h>
#include <glib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "overlay/overlay.h"
#include "overlay/style.h"

int vt_parse_number(const char *text, double min, double max, const char **ret_end, double *ret)
{
    char *end;
    if (!strchr("+-.0123456789", *text) || !*text)
        return -EINVAL;
    double value = g_ascii_strtod(text, &end);
    if (end == text || !isfinite(value) || value < min || value > max)
        return -EINVAL;
    *ret_end = end;
    *ret = value;
    return 0;
}

int vt_parse_length(const char *text, struct vt_length *ret)
{
    static const struct {
        const char *suffix;
        enum vt_unit unit;
    } units[] = { { "px", VT_PX }, { "%", VT_PERCENT }, { "vw", VT_VW }, { "vh", VT_VH },
                  { "vmin", VT_VMIN }, { "vmax", VT_VMAX }, { "em", VT_EM } };
    if (strcmp(text, "auto") == 0 || strcmp(text, "safe") == 0) {
        *ret = (struct vt_length){ text[0] == 'a' ? VT_AUTO : VT_SAFE, 0 };
        return 0;
    }
    double value;
    const char *end;
    if (vt_parse_number(text, -100000, 100000, &end, &value) != 0)
        return -EINVAL;
    if (!*end && value == 0) {
        *ret = (struct vt_length){ VT_PX, 0 };
        return 0;
    }
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(end, units[i].suffix) == 0) {
            *ret = (struct vt_length){ units[i].unit, (float)value };
            return 0;
        }
    }
    return -EINVAL;
}

int vt_parse_colour(const char *text, struct vt_colour4 *ret)
{
    if (strcmp(text, "transparent") == 0) {
        *ret = (struct vt_colour4){ 0 };
        return 0;
    }
    size_t length = strlen(text);
    if (text[0] != '#' || strspn(text + 1, "0123456789abcdefABCDEF") != length - 1)
        return -EINVAL;
    unsigned long v = strtoul(text + 1, NULL, 16);
    if (length == 4)
        *ret = (struct vt_colour4){ (uint8_t)((v >> 8) * 17), (uint8_t)((v >> 4 & 15) * 17), (uint8_t)((v & 15) * 17),
                                    255 };
    else if (length == 7)
        *ret = (struct vt_colour4){ (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v, 255 };
    else if (length == 9)
        *ret = (struct vt_colour4){ (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v };
    else
        return -EINVAL;
    return 0;
}

// One to four lengths, as CSS: all; vertical, horizontal; top, horizontal, bottom; all four from the top, clockwise.
int vt_parse_edges(const char *text, struct vt_length ret[4])
{
    static const int places[5][4] = { { 0 }, { 0, 0, 0, 0 }, { 0, 1, 0, 1 }, { 0, 1, 2, 1 }, { 0, 1, 2, 3 } };
    struct vt_length found[4];
    int count = 0;
    gchar **words = g_strsplit_set(text, " \t", 32);
    bool good = true;
    for (int i = 0; words[i] && good; i++) {
        if (*words[i])
            good = count < 4 && vt_parse_length(words[i], &found[count++]) == 0;
    }
    g_strfreev(words);
    if (!good || count == 0)
        return -EINVAL;
    for (int i = 0; i < 4; i++)
        ret[i] = found[places[count][i]];
    return 0;
}

int vt_parse_border(const char *text, struct vt_style *style)
{
    char width[16], line[16], colour[16];
    struct vt_length px;
    struct vt_colour4 parsed;
    if (strcmp(text, "none") == 0) {
        style->border = 0;
        return 0;
    }
    int end = 0;
    if (sscanf(text, " %15s %15s %15s %n", width, line, colour, &end) != 3 || text[end] ||
        vt_parse_length(width, &px) != 0 || px.unit != VT_PX || px.value < 0 || px.value > 100 ||
        vt_parse_colour(colour, &parsed) != 0 || (strcmp(line, "solid") != 0 && strcmp(line, "dashed") != 0))
        return -EINVAL;
    style->border = px.value;
    style->border_dashed = line[0] == 'd';
    style->border_colour = parsed;
    return 0;
}

// "none", or x, y, perhaps a blur and a spread, and a colour.
int vt_parse_shadow(const char *text, bool spreads, struct vt_shadow *ret)
{
    double values[4] = { 0 };
    int count = 0;
    struct vt_shadow shadow = { 0 };
    if (strcmp(text, "none") == 0) {
        *ret = shadow;
        return 0;
    }
    gchar **words = g_strsplit_set(text, " \t", 32);
    bool good = true, coloured = false;
    for (int i = 0; words[i] && good; i++) {
        struct vt_length px;
        if (!*words[i])
            continue;
        if (!coloured && vt_parse_colour(words[i], &shadow.colour) == 0) {
            coloured = true;
            continue;
        }
        good = !coloured && count < (spreads ? 4 : 3) && vt_parse_length(words[i], &px) == 0 && px.unit == VT_PX &&
               fabs((double)px.value) <= VT_SHADOW_MOST;
        if (good)
            values[count++] = (double)px.value;
    }
    g_strfreev(words);
    if (!good || !coloured || count < 2 || values[2] < 0)
        return -EINVAL;
    *ret = (struct vt_shadow){ values[0], values[1], values[2], values[3], shadow.colour };
    return 0;
}

int vt_parse_ratio(const char *text, double *ret)
{
    double a, b = 1;
    const char *end;
    if (vt_parse_number(text, 0.01, 10000, &end, &a) != 0)
        return -EINVAL;
    while (*end == ' ')
        end++;
    if (*end == '/' || *end == ':') {
        end++;
        while (*end == ' ')
            end++;
        if (vt_parse_number(end, 0.01, 10000, &end, &b) != 0)
            return -EINVAL;
    }
    if (*end)
        return -EINVAL;
    *ret = a / b;
    return 0;
}


// "2px #000000": an outline around letters.
int vt_parse_stroke(const char *text, struct vt_text_style *style)
{
    char width[16], colour[16];
    struct vt_length px;
    struct vt_colour4 parsed;
    int end = 0;
    if (strcmp(text, "none") == 0) {
        style->stroke = 0;
        return 0;
    }
    if (sscanf(text, " %15s %15s %n", width, colour, &end) != 2 || text[end] || vt_parse_length(width, &px) != 0 ||
        px.unit != VT_PX || px.value < 0 || px.value > VT_STROKE_MOST || vt_parse_colour(colour, &parsed) != 0)
        return -EINVAL;
    style->stroke = (double)px.value;
    style->stroke_colour = parsed;
    return 0;
}

// ---- places

static bool parse_place(const char *word, struct vt_length *ret, bool *ret_across, bool *ret_down)
{
    static const struct {
        const char *name;
        float percent;
        bool across, down;
    } names[] = { { "left", 0, true, false }, { "right", 100, true, false }, { "top", 0, false, true },
                  { "bottom", 100, false, true }, { "center", 50, true, true } };
    *ret_across = *ret_down = true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i].name, word) != 0)
            continue;
        *ret = (struct vt_length){ VT_PERCENT, names[i].percent };
        *ret_across = names[i].across;
        *ret_down = names[i].down;
        return true;
    }
    return vt_parse_length(word, ret) == 0 && (ret->unit == VT_PX || ret->unit == VT_PERCENT);
}

int vt_parse_position(const char *text, struct vt_length ret[2])
{
    char words[3][16];
    struct vt_length place[2] = { { VT_PERCENT, 50 }, { VT_PERCENT, 50 } };
    bool across[2] = { true, true }, down[2] = { true, true };
    int count = sscanf(text, " %15s %15s %15s", words[0], words[1], words[2]);
    if (count < 1 || count > 2)
        return -EINVAL;
    for (int i = 0; i < count; i++) {
        if (!parse_place(words[i], &place[i], &across[i], &down[i]))
            return -EINVAL;
    }
    bool turned = !across[0] || !down[1];        // "top left", or "top" alone
    if (turned && (!down[0] || !across[1]))
        return -EINVAL;
    ret[0] = place[turned];
    ret[1] = place[!turned];
    return 0;
}

// ---- gradients

// "45deg", "to right", "to bottom left".
static bool parse_way(const char *text, struct vt_gradient *ret)
{
    static const char *const sides[] = { "top", "right", "bottom", "left" };
    char words[3][16];
    const char *end;
    if (vt_parse_number(text, -3600, 3600, &end, &ret->degrees) == 0)
        return strcmp(end, "deg") == 0;
    int count = sscanf(text, "to %15s %15s %15s", words[0], words[1], words[2]);
    for (int i = 0; i < count && i < 2; i++) {
        int side = 0;
        while (side < 4 && strcmp(sides[side], words[i]) != 0)
            side++;
        if (side == 4 || (side % 2 ? ret->across : ret->down))
            return false;
        *(side % 2 ? &ret->across : &ret->down) = side == 1 || side == 2 ? 1 : -1;
    }
    if (count == 1) {                    // a side is an angle
        ret->degrees = ret->across ? 180 - ret->across * 90.0 : ret->down > 0 ? 180 : 0;
        if (ret->across)
            ret->degrees = ret->across > 0 ? 90 : 270;
        ret->across = ret->down = 0;
    }
    return count == 1 || count == 2;
}

// "circle at 30% top", each part may be missing.
static bool parse_shape(const char *text, struct vt_gradient *ret)
{
    const char *at = strstr(text, "at ");
    struct vt_length place[2];
    ret->circle = strncmp(text, "circle", 6) == 0;
    size_t shape = ret->circle ? 6 : strncmp(text, "ellipse", 7) == 0 ? 7 : 0, blank = strspn(text + shape, " ");
    if (!text[shape])
        return shape > 0;
    if (at != text + shape + blank || (shape && !blank) || vt_parse_position(at + 3, place) != 0)
        return false;
    ret->x = place[0];
    ret->y = place[1];
    return true;
}

static bool parse_stop(const char *text, struct vt_stop *ret)
{
    char colour[16], place[16];
    struct vt_length at;
    int count = sscanf(text, " %15s %15s", colour, place);
    ret->at = NAN;
    if (count < 1 || vt_parse_colour(colour, &ret->colour) != 0)
        return false;
    if (count < 2)
        return true;
    if (vt_parse_length(place, &at) != 0 || at.unit != VT_PERCENT || at.value < 0 || at.value > 100)
        return false;
    ret->at = (double)at.value / 100;
    return true;
}

// Those that do not say where they stand are spread between those that do; none stands before the one before it.
static void place_stops(struct vt_gradient *g)
{
    int last = 0;
    if (isnan(g->stops[0].at))
        g->stops[0].at = 0;
    if (isnan(g->stops[g->count - 1].at))
        g->stops[g->count - 1].at = 1;
    for (int i = 1; i < g->count; i++) {
        if (isnan(g->stops[i].at))
            continue;
        g->stops[i].at = fmax(g->stops[i].at, g->stops[last].at);
        for (int k = last + 1; k < i; k++)
            g->stops[k].at = g->stops[last].at + (g->stops[i].at - g->stops[last].at) * (k - last) / (i - last);
        last = i;
    }
}

int vt_parse_gradient(const char *text, struct vt_gradient *ret)
{
    struct vt_gradient g = { .degrees = 180, .x = { VT_PERCENT, 50 }, .y = { VT_PERCENT, 50 } };
    size_t length = strlen(text);
    g.radial = strncmp(text, "radial-gradient(", 16) == 0;
    if ((!g.radial && strncmp(text, "linear-gradient(", 16) != 0) || text[length - 1] != ')' || length > 400)
        return -EINVAL;
    char *inside = g_strndup(text + 16, length - 17);
    gchar **parts = g_strsplit(inside, ",", VT_GRADIENT_STOPS + 3);
    bool good = parts[0] != NULL;
    int first = 0;
    struct vt_stop scratch;
    if (good && !parse_stop(parts[0], &scratch)) {
        good = g.radial ? parse_shape(g_strstrip(parts[0]), &g) : parse_way(g_strstrip(parts[0]), &g);
        first = 1;
    }
    for (int i = first; good && parts[i]; i++)
        good = g.count < VT_GRADIENT_STOPS && parse_stop(g_strstrip(parts[i]), &g.stops[g.count++]);
    g_strfreev(parts);
    g_free(inside);
    if (!good || g.count < 2)
        return -EINVAL;
    place_stops(&g);
    *ret = g;
    return 0;
}

// ---- pictures in nine parts

static bool parse_four(gchar **words, int *at, const char *unit, double most, double ret[4])
{
    static const int places[5][4] = { { 0 }, { 0, 0, 0, 0 }, { 0, 1, 0, 1 }, { 0, 1, 2, 1 }, { 0, 1, 2, 3 } };
    double found[4];
    const char *end;
    int count = 0;
    while (count < 4 && words[*at] && vt_parse_number(words[*at], 0, most, &end, &found[count]) == 0 && strcmp(end, unit) == 0) {
        ++*at;
        count++;
    }
    for (int i = 0; i < 4 && count; i++)
        ret[i] = found[places[count][i]];
    return count > 0;
}

// "panel.png 24 fill / 12px": the file, how much of the picture an edge is, and how wide it is drawn.
int vt_parse_nine(const char *text, struct vt_nine *ret, struct vt_arena *arena)
{
    struct vt_nine nine = { 0 };
    gchar **words = g_strsplit_set(text, " \t", 16);
    int at = 1;
    bool good = words[0] && *words[0] && parse_four(words, &at, "", VT_PICTURE_SIDE, nine.slice);
    if (good && words[at] && strcmp(words[at], "fill") == 0) {
        nine.fill = true;
        at++;
    }
    memcpy(nine.width, nine.slice, sizeof nine.width);
    if (good && words[at] && strcmp(words[at], "/") == 0) {
        at++;
        good = parse_four(words, &at, "px", 1000, nine.width);
    }
    good = good && !words[at];
    if (good) {
        nine.src = vt_arena_text(arena, words[0], strlen(words[0]));
        *ret = nine;
    }
    g_strfreev(words);
    return good ? 0 : -EINVAL;
}
