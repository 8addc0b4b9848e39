#include "overlay/motion.h"
#include "overlay/words.h"

#include <glib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct vt_key motion_keys[] = { { "enter" }, { "exit" }, { "step" }, { "loop" }, { "change" }, { "reduced" } };
static const char *const motion_later[] = { "update", NULL };
#define PART { "keyframes", 0, true }, { "duration", 0, true }, { "easing" }, { "delay" }, { "reduced" }
static const struct vt_key part_keys[] = { PART };
static const struct vt_key enter_keys[] = { PART, { "stagger" } };
static const struct vt_key loop_keys[] = { PART, { "iterations" }, { "direction" } };
static const char *const part_later[] = { "fill", NULL };
static const struct vt_key change_keys[] = { { "when" }, { "effect", 0, true }, { "duration", 0, true }, { "easing" },
                                             { "max-rate" }, { "reduced" } };
static const struct vt_key reduced_keys[] = { { "enter" }, { "exit" }, { "step" }, { "loop" }, { "change" } };
static const struct vt_key frame_keys[] = { { "offset" }, { "opacity" }, { "transform" }, { "color" }, { "background" } };
static const char *const frame_later[] = { "easing", "filter", NULL };

enum part { PART_ENTER, PART_EXIT, PART_STEP, PART_LOOP };

#define ROWS(table) table, (int)(sizeof table / sizeof *table)

const struct vt_key *vt_motion_words(enum vt_motion_words which, int *ret_count)
{
    static const struct {
        const struct vt_key *keys;
        int count;
    } tables[] = {
        [VT_WORDS_MOTION] = { ROWS(motion_keys) },   [VT_WORDS_ENTER] = { ROWS(enter_keys) },
        [VT_WORDS_PART] = { ROWS(part_keys) },       [VT_WORDS_LOOP] = { ROWS(loop_keys) },
        [VT_WORDS_CHANGE] = { ROWS(change_keys) },
        [VT_WORDS_REDUCED] = { ROWS(reduced_keys) }, [VT_WORDS_FRAME] = { ROWS(frame_keys) },
    };
    *ret_count = tables[which].count;
    return tables[which].keys;
}

static bool parse_move(const char *value, struct vt_length *ret)
{
    struct vt_length length;
    if (vt_parse_length(value, &length) != 0 || (length.unit != VT_PX && length.unit != VT_PERCENT))
        return false;
    *ret = length;
    return true;
}

// One function of a transform: its name up to the parenthesis, and what stands in it.
static bool parse_function(const char *name, char *value, struct vt_keyframe *frame)
{
    char *comma = strchr(value, ','), *end = NULL;
    double number = g_ascii_strtod(value, &end);
    if (strcmp(name, "translateX") == 0)
        return parse_move(value, &frame->x);
    if (strcmp(name, "translateY") == 0)
        return parse_move(value, &frame->y);
    if (strcmp(name, "translate") == 0 && comma) {
        *comma = 0;
        return parse_move(value, &frame->x) && parse_move(comma + 1 + strspn(comma + 1, " "), &frame->y);
    }
    if (strcmp(name, "scale") == 0 && end != value && !*end && number >= 0.05 && number <= VT_SCALE_MOST)
        return frame->scale = number, true;
    if (strcmp(name, "rotate") == 0 && end != value && strcmp(end, "deg") == 0 && fabs(number) <= 3600)
        return frame->turn = number, true;
    return false;
}

static bool parse_transform(const char *text, struct vt_keyframe *frame)
{
    char name[16], value[40];
    int end;
    if (strcmp(text, "none") == 0)
        return true;
    for (; *text; text += end + (int)strspn(text + end, " ")) {
        end = 0;
        if (sscanf(text, "%15[a-zA-Z](%39[^)])%n", name, value, &end) != 2 || !end || !parse_function(name, value, frame))
            return false;
    }
    return true;
}

static void read_colour(const struct vt_template *t, const struct vt_yaml *at, bool *ret_has, struct vt_colour4 *ret,
                        struct vt_diagnostics *diagnostics)
{
    struct vt_arena arena = { 0 };
    struct vt_binder binder = { .tokens = t->tokens, .arena = &arena, .diagnostics = diagnostics };
    const char *text = at->kind == VT_YAML_SCALAR ? vt_bind(at, &binder) : "";
    *ret_has = text && vt_parse_colour(text, ret) == 0;
    if (!*ret_has)
        vt_diagnose(diagnostics, VT_ERROR, at->line, at->column, "`%s` of a keyframe must be a colour such as \"#e5123d\"",
                    at->key);
    vt_arena_free(&arena);
}

static void read_offset(double *ret, const struct vt_yaml *at, struct vt_diagnostics *diagnostics)
{
    struct vt_length length;
    if (at->kind == VT_YAML_SCALAR && vt_parse_length(at->text, &length) == 0 && length.value >= 0 && length.value <= 100 &&
        (length.unit == VT_PERCENT || length.value == 0))
        *ret = (double)length.value / 100;
    else
        vt_diagnose(diagnostics, VT_ERROR, at->line, at->column, "`offset` must be 0%% to 100%%, such as 30%%");
}

// Those that do not say where they stand lie evenly between those that do.
static void place_frames(struct vt_motion *motion, const struct vt_yaml *list, struct vt_diagnostics *diagnostics)
{
    struct vt_keyframe *frames = motion->frames;
    int last = 0, end = motion->count - 1;
    for (int i = 0; i <= end; i++)
        motion->placed |= !isnan(frames[i].offset);
    if (isnan(frames[0].offset))
        frames[0].offset = 0;
    if (isnan(frames[end].offset))
        frames[end].offset = 1;
    for (int i = 1; i <= end; i++) {
        if (isnan(frames[i].offset))
            continue;
        for (int k = last + 1; k < i; k++)
            frames[k].offset = frames[last].offset + (frames[i].offset - frames[last].offset) * (k - last) / (i - last);
        if (frames[i].offset < frames[last].offset)
            vt_diagnose(diagnostics, VT_ERROR, list->line, list->column, "each `offset` comes after the one before it");
        last = i;
    }
    if (frames[0].offset != 0 || frames[end].offset != 1)
        vt_diagnose(diagnostics, VT_ERROR, list->line, list->column, "the first keyframe stands at 0%%, the last at 100%%");
}

static void read_frame(const struct vt_template *t, struct vt_keyframe *frame, const struct vt_yaml *map,
                       struct vt_diagnostics *diagnostics)
{
    *frame = (struct vt_keyframe){ .offset = NAN, .opacity = 1, .x = { VT_PX, 0 }, .y = { VT_PX, 0 }, .scale = 1 };
    if (!vt_keys_check(map, ROWS(frame_keys), frame_later, "a keyframe", diagnostics))
        return;
    const struct vt_yaml *offset = vt_yaml_get(map, "offset");
    const struct vt_yaml *opacity = vt_yaml_get(map, "opacity"), *transform = vt_yaml_get(map, "transform");
    const struct vt_yaml *colour = vt_yaml_get(map, "color"), *background = vt_yaml_get(map, "background");
    if (offset)
        read_offset(&frame->offset, offset, diagnostics);
    if (opacity) {
        char *end = NULL;
        double value = opacity->kind == VT_YAML_SCALAR && *opacity->text ? strtod(opacity->text, &end) : NAN;
        if (!end || *end || !(value >= 0 && value <= 1))
            vt_diagnose(diagnostics, VT_ERROR, opacity->line, opacity->column, "`opacity` must be a number from 0 to 1");
        else
            frame->opacity = value;
    }
    if (transform && (transform->kind != VT_YAML_SCALAR || !parse_transform(transform->text, frame)))
        vt_diagnose(diagnostics, VT_ERROR, transform->line, transform->column,
                    "`transform` must be none, or translate(x, y), translateX(…), translateY(…) with px or %%, scale(0.05 to "
                    "%d), rotate(…deg)", VT_SCALE_MOST);
    if (colour)
        read_colour(t, colour, &frame->has_colour, &frame->colour, diagnostics);
    if (background)
        read_colour(t, background, &frame->has_background, &frame->background, diagnostics);
}

static void read_easing(struct vt_easing *ret, const struct vt_yaml *map, struct vt_diagnostics *diagnostics)
{
    const struct vt_yaml *easing = vt_yaml_get(map, "easing");
    *ret = (struct vt_easing){ .x1 = 0.25, .y1 = 0.1, .x2 = 0.25, .y2 = 1 };
    if (easing && (easing->kind != VT_YAML_SCALAR || vt_easing_parse(easing->text, ret) != 0))
        vt_diagnose(diagnostics, VT_ERROR, easing->line, easing->column,
                    "`easing` must be linear, ease, ease-in, ease-out, ease-in-out, \"cubic-bezier(…)\" or steps(n)");
}

static void read_optional(const struct vt_yaml *map, const char *key, int64_t *ret, struct vt_diagnostics *diagnostics)
{
    const struct vt_yaml *at = vt_yaml_get(map, key);
    if (at)
        vt_read_duration(at, key, ret, diagnostics);
}

static int read_word(const struct vt_yaml *map, const char *key, const char *const *words, int fallback,
                     struct vt_diagnostics *diagnostics)
{
    const struct vt_yaml *at = vt_yaml_get(map, key);
    for (int i = 0; at && at->kind == VT_YAML_SCALAR && words[i]; i++) {
        if (strcmp(words[i], at->text) == 0)
            return i;
    }
    if (at)
        vt_diagnose(diagnostics, VT_ERROR, at->line, at->column, "`%s` cannot be this; it is \"%s\", for one", key,
                    words[0]);
    return fallback;
}

static enum vt_calm read_calm(const struct vt_yaml *map, struct vt_diagnostics *diagnostics)
{
    static const char *const words[] = { "keep", "cut", NULL };
    return vt_yaml_get(map, "reduced") ? VT_CALM_KEEP + (enum vt_calm)read_word(map, "reduced", words, 0, diagnostics)
                                       : VT_CALM_AS_TEMPLATE;
}

static void read_rounds(struct vt_motion *motion, const struct vt_yaml *map, struct vt_diagnostics *diagnostics)
{
    static const char *const ways[] = { "normal", "alternate", NULL };
    const struct vt_yaml *rounds = vt_yaml_get(map, "iterations");
    motion->alternates = read_word(map, "direction", ways, 0, diagnostics) == 1;
    if (rounds && (rounds->kind != VT_YAML_SCALAR || strcmp(rounds->text, "infinite") != 0))
        vt_read_integer(rounds, 1, VT_LOOP_ROUNDS, "`iterations` is infinite, or", &motion->rounds, diagnostics);
}

static void read_part(const struct vt_template *t, struct vt_motion *motion, const struct vt_yaml *map, enum part part,
                      struct vt_diagnostics *diagnostics)
{
    bool good = part == PART_LOOP ? vt_keys_check(map, ROWS(loop_keys), part_later, "a loop", diagnostics) :
                part == PART_EXIT ? vt_keys_check(map, ROWS(part_keys), part_later, "an exit", diagnostics) :
                                    vt_keys_check(map, ROWS(enter_keys), part_later, "an entry", diagnostics);
    if (!good)
        return;
    const struct vt_yaml *frames = vt_yaml_get(map, "keyframes");
    vt_read_duration(vt_yaml_get(map, "duration"), "`duration`", &motion->duration_ns, diagnostics);
    read_optional(map, "delay", &motion->delay_ns, diagnostics);
    read_optional(map, "stagger", &motion->stagger_ns, diagnostics);
    read_easing(&motion->easing, map, diagnostics);
    motion->calm = read_calm(map, diagnostics);
    if (part == PART_LOOP)
        read_rounds(motion, map, diagnostics);
    if (frames->kind != VT_YAML_LIST || frames->count < 2 || frames->count > VT_KEYFRAMES_MAX) {
        vt_diagnose(diagnostics, VT_ERROR, frames->line, frames->column, "`keyframes` must be a list of 2 to %d",
                    VT_KEYFRAMES_MAX);
        return;
    }
    for (const struct vt_yaml *frame = frames->first; frame; frame = frame->next)
        read_frame(t, &motion->frames[motion->count++], frame, diagnostics);
    place_frames(motion, frames, diagnostics);
}

static int read_parts(const struct vt_template *t, struct vt_motion *list, const struct vt_yaml *map, enum part part,
                      struct vt_diagnostics *diagnostics)
{
    int count = 0;
    if (map->kind != VT_YAML_MAP || map->count > VT_MOTIONS_MAX) {
        vt_diagnose(diagnostics, VT_ERROR, map->line, map->column, "`%s` must be a map of at most %d node ids (limit)",
                    map->key, VT_MOTIONS_MAX);
        return 0;
    }
    for (const struct vt_yaml *entry = map->first; entry; entry = entry->next) {
        struct vt_motion motion = { .node = vt_template_find_node(t, entry->key) };
        if (motion.node < 0)
            vt_diagnose(diagnostics, VT_ERROR, entry->key_line, entry->key_column, "no node has the id \"%.60s\"",
                        entry->key);
        read_part(t, &motion, entry, part, diagnostics);
        list[count++] = motion;
    }
    return count;
}

// What never ends must not flash.
static void read_loops(struct vt_template *t, const struct vt_yaml *map, struct vt_diagnostics *diagnostics)
{
    t->n_loop = read_parts(t, t->loop, map, PART_LOOP, diagnostics);
    const struct vt_yaml *entry = map->first;
    for (int i = 0; i < t->n_loop; i++, entry = entry->next) {
        if (t->loop[i].duration_ns < VT_LOOP_LEAST_NS)
            vt_diagnose(diagnostics, VT_ERROR, entry->line, entry->column, "a loop takes at least 500ms a round");
    }
}

static void read_change(struct vt_template *t, const struct vt_yaml *map, struct vt_diagnostics *diagnostics)
{
    static const char *const effects[] = { "roll-digits", "pulse", NULL };
    static const char *const whens[] = { "changed", "increased", "decreased", NULL };
    struct vt_change change = { .node = vt_template_find_node(t, map->key), .gap_ns = VT_PULSE_GAP_NS };
    const struct vt_yaml *rate = vt_yaml_get(map, "max-rate");
    double most;
    int end = 0;
    if (!vt_keys_check(map, ROWS(change_keys), NULL, "a change", diagnostics))
        return;
    change.effect = (enum vt_effect)read_word(map, "effect", effects, 0, diagnostics);
    change.when = (enum vt_changed)read_word(map, "when", whens, 0, diagnostics);
    vt_read_duration(vt_yaml_get(map, "duration"), "`duration`", &change.duration_ns, diagnostics);
    read_easing(&change.easing, map, diagnostics);
    change.calm = read_calm(map, diagnostics);
    if (rate && (rate->kind != VT_YAML_SCALAR || sscanf(rate->text, "%lf/s%n", &most, &end) != 1 || !end ||
                 rate->text[end] || !(most >= 0.1 && most <= 2)))
        vt_diagnose(diagnostics, VT_ERROR, rate->line, rate->column, "`max-rate` must be 0.1/s to 2/s");
    else if (rate)
        change.gap_ns = llround(1e9 / most);
    if (change.node < 0)
        vt_diagnose(diagnostics, VT_ERROR, map->key_line, map->key_column, "no node has the id \"%.60s\"", map->key);
    else if (change.effect == VT_ROLL_DIGITS && t->nodes[change.node].type != VT_NODE_NUMBER)
        vt_diagnose(diagnostics, VT_ERROR, map->key_line, map->key_column, "only a number can roll its digits");
    t->change[t->n_change++] = change;
}

static void read_changes(struct vt_template *t, const struct vt_yaml *map, struct vt_diagnostics *diagnostics)
{
    if (map->kind != VT_YAML_MAP || map->count > VT_MOTIONS_MAX) {
        vt_diagnose(diagnostics, VT_ERROR, map->line, map->column, "`change` must be a map of at most %d node ids (limit)",
                    VT_MOTIONS_MAX);
        return;
    }
    for (const struct vt_yaml *entry = map->first; entry; entry = entry->next)
        read_change(t, entry, diagnostics);
}

static void read_reduced(struct vt_template *t, const struct vt_yaml *map, struct vt_diagnostics *diagnostics)
{
    static const char *const words[] = { "cut", "keep", NULL };
    if (!vt_keys_check(map, ROWS(reduced_keys), NULL, "`reduced`", diagnostics))
        return;
    t->calm_enter = read_word(map, "enter", words, 0, diagnostics) == 0;
    t->calm_exit = read_word(map, "exit", words, 0, diagnostics) == 0;
    t->calm_step = read_word(map, "step", words, 0, diagnostics) == 0;
    t->calm_loop = read_word(map, "loop", words, 0, diagnostics) == 0;
    t->calm_change = read_word(map, "change", words, 0, diagnostics) == 0;
}

void vt_motion_load(struct vt_template *t, const struct vt_yaml *map, struct vt_diagnostics *diagnostics)
{
    if (!vt_keys_check(map, ROWS(motion_keys), motion_later, "`motion`", diagnostics))
        return;
    const struct vt_yaml *enter = vt_yaml_get(map, "enter"), *exit = vt_yaml_get(map, "exit");
    const struct vt_yaml *step = vt_yaml_get(map, "step");
    const struct vt_yaml *loop = vt_yaml_get(map, "loop"), *change = vt_yaml_get(map, "change");
    const struct vt_yaml *reduced = vt_yaml_get(map, "reduced");
    if (enter)
        t->n_enter = read_parts(t, t->enter, enter, PART_ENTER, diagnostics);
    if (exit)
        t->n_exit = read_parts(t, t->exit, exit, PART_EXIT, diagnostics);
    if (step)
        t->n_step = read_parts(t, t->step, step, PART_STEP, diagnostics);
    if (loop)
        read_loops(t, loop, diagnostics);
    if (change)
        read_changes(t, change, diagnostics);
    if (reduced)
        read_reduced(t, reduced, diagnostics);
}

static double distance(struct vt_length length, double size, double scale)
{
    return length.unit == VT_PERCENT ? length.value / 100 * size : length.value * scale;
}

static uint8_t between(double a, double b, double f)
{
    return (uint8_t)lround(fmin(255, fmax(0, a + (b - a) * f)));
}

// Premultiplied, so that nothing shines through from a transparent colour.
static struct vt_colour4 mix(struct vt_colour4 a, struct vt_colour4 b, double f)
{
    uint8_t alpha = between(a.a, b.a, f);
    double share = alpha ? fmin(1, fmax(0, f)) * b.a / (a.a + (b.a - a.a) * fmin(1, fmax(0, f))) : f;
    return (struct vt_colour4){ between(a.r, b.r, share), between(a.g, b.g, share), between(a.b, b.b, share), alpha };
}

// The keyframe before the place `eased` of the whole way, and how far it is from it to the next.
static int frame_at(const struct vt_motion *motion, double eased, double *ret_f)
{
    int last = motion->count - 2, i = 0;
    if (!motion->placed) {
        double at = eased * (motion->count - 1);
        i = at < 0 ? 0 : at > last ? last : (int)floor(at);
        *ret_f = at - i;
        return i;
    }
    while (i < last && eased >= motion->frames[i + 1].offset)
        i++;
    double size = motion->frames[i + 1].offset - motion->frames[i].offset;
    *ret_f = size > 0 ? (eased - motion->frames[i].offset) / size : 1;
    return i;
}

struct vt_pose vt_motion_pose(const struct vt_motion *motion, double progress, double width, double height,
                              double scale)
{
    double f;
    const struct vt_keyframe *a = &motion->frames[frame_at(motion, vt_ease(&motion->easing, progress), &f)], *b = a + 1;
    // beyond 0..1 where a curve overshoots: places follow it, opacity cannot
    struct vt_pose pose = {
        .opacity = a->opacity + (b->opacity - a->opacity) * f,
        .scale = fmax(0.01, a->scale + (b->scale - a->scale) * f),
        .turn = a->turn + (b->turn - a->turn) * f,
        .has_colour = a->has_colour && b->has_colour,
        .has_background = a->has_background && b->has_background,
        .colour = mix(a->colour, b->colour, f),
        .background = mix(a->background, b->background, f),
        .x = distance(a->x, width, scale) * (1 - f) + distance(b->x, width, scale) * f,
        .y = distance(a->y, height, scale) * (1 - f) + distance(b->y, height, scale) * f,
    };
    pose.opacity = pose.opacity < 0 ? 0 : pose.opacity > 1 ? 1 : pose.opacity;
    return pose;
}
