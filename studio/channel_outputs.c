#include "studio/channel_outputs.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "overlay/market.h"

#define SIDE_MIN 64
#define SIDE_MAX 4096
#define RENDITION(field) .offset = offsetof(struct vt_rendition_config, field)
#define ENTRY(field)     .offset = offsetof(struct entry, field)

const char *const vt_fit_names[] = {"contain", "cover", "blur", NULL};

// An entry of `outputs:` as it is read. Its frame rate can only be the channel's.
struct entry {
    struct vt_output_config output;
    struct vt_rational rate;
};

static const struct vt_option output_table[] = {
    {"name", VT_OPTION_NAME, ENTRY(output.name), NULL, .doc = "in its addresses, /live/CHANNEL/NAME/index.m3u8"},
    {"language", VT_OPTION_TEXT, ENTRY(output.language), NULL, .doc = "as above; default: main's"},
    {"market", VT_OPTION_TEXT, ENTRY(output.market), NULL, .doc = "as above; default: main's"},
    {NULL},
};
static const struct vt_option canvas_table[] = {
    {"size", VT_OPTION_SIZE, ENTRY(output.canvas), NULL, SIDE_MIN, SIDE_MAX, .doc = "pixels; both even; default: main's"},
    {"fps", VT_OPTION_RATE, ENTRY(rate), NULL, 1, 120,
     .doc = "the channel's, or left out: all outputs change on the same frames"},
    {"fit", VT_OPTION_CHOICE, ENTRY(output.fit), NULL, .choices = vt_fit_names, .doc = "as above; default: main's"},
    {NULL},
};
static const struct vt_option rendition_table[] = {
    {"name", VT_OPTION_NAME, RENDITION(name), NULL, .doc = "in its playlist's address"},
    {"size", VT_OPTION_SIZE, RENDITION(size), NULL, SIDE_MIN, SIDE_MAX, .doc = "pixels; the canvas's shape; both even"},
    {"bitrate", VT_OPTION_BITRATE, RENDITION(bitrate), NULL, 50000, 50000000, .doc = "of the picture"},
    {NULL},
};
static const char *const entry_keys[] = {"canvas", "renditions", NULL};

// Folders and files that lie beside an output's folder.
static const char *const taken[] = {VT_OUTPUT_MAIN, "sequence", "cues", "recordings", "events", NULL};

struct vt_place vt_place_of(const struct vt_yaml *map, const char *section, const char *key)
{
    const struct vt_yaml *in = section && map ? vt_yaml_get(map, section) : map;
    const struct vt_yaml *entry = in && key ? vt_yaml_get(in, key) : in;
    entry = entry ? entry : in ? in : map;
    return entry ? (struct vt_place){entry->line, entry->column} : (struct vt_place){0, 0};
}

static struct vt_place place(const struct vt_yaml *node)
{
    return vt_place_of(node, NULL, NULL);
}

__attribute__((format(printf, 3, 4)))
static int fail(struct vt_diagnostics *d, struct vt_place at, const char *format, ...)
{
    char text[240];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    vt_diagnose(d, VT_ERROR, at.line, at.column, "%s", text);
    return -EINVAL;
}

// ---- renditions

static int even(double v)
{
    return (int)(v / 2 + 0.5) * 2;
}

// 2500k for 720p, and one of half the size where that is not too small.
void vt_renditions_default(struct vt_output_config *output)
{
    static const struct { double scale, bits; } ladder[] = {{1, 2500000}, {0.5, 700000}};
    double area = (double)output->canvas.width * output->canvas.height / (1280.0 * 720);
    output->n_renditions = 0;
    for (int i = 0; i < 2; i++) {
        int width = even(output->canvas.width * ladder[i].scale), height = even(output->canvas.height * ladder[i].scale);
        if (width < SIDE_MIN || height < SIDE_MIN)
            continue;
        struct vt_rendition_config *rendition = &output->renditions[output->n_renditions++];
        int64_t bitrate = (int64_t)(ladder[i].bits * area / 50000 + 0.5) * 50000;
        *rendition = (struct vt_rendition_config){.size = {width, height}};
        rendition->bitrate = bitrate < 150000 ? 150000 : bitrate > 20000000 ? 20000000 : bitrate;
        snprintf(rendition->name, sizeof rendition->name, "%dp", width < height ? width : height);
    }
}

static bool is_odd(struct vt_size size)
{
    return size.width % 2 || size.height % 2;
}

static bool same_shape(struct vt_size a, struct vt_size b)
{
    int64_t difference = (int64_t)a.width * b.height - (int64_t)a.height * b.width;
    int64_t one_pixel = 2 * (int64_t)(b.width > b.height ? b.width : b.height);      // sides are rounded to even
    return difference <= one_pixel && difference >= -one_pixel;
}

static int check_rendition(const struct vt_output_config *output, int i, struct vt_place at, struct vt_diagnostics *d)
{
    const struct vt_rendition_config *r = &output->renditions[i];
    int before = 0;
    while (before < i && strcmp(output->renditions[before].name, r->name) != 0)
        before++;
    if (r->name[0] == 0 || r->size.width == 0 || r->bitrate == 0)
        return fail(d, at, "a rendition needs name, size and bitrate");
    if (before < i)
        return fail(d, at, "rendition %s stands here twice", r->name);
    if (strcmp(r->name, "index") == 0 || strcmp(r->name, "audio") == 0)
        return fail(d, at, "a rendition cannot be called %s: that name is taken", r->name);
    if (is_odd(r->size))
        return fail(d, at, "rendition %s: width and height must be even", r->name);
    if (!same_shape(r->size, output->canvas))
        return fail(d, at, "rendition %s is %dx%d, which is not the shape of the canvas %dx%d", r->name, r->size.width,
                    r->size.height, output->canvas.width, output->canvas.height);
    return 0;
}

int vt_renditions_from_yaml(struct vt_output_config *output, const struct vt_yaml *list, struct vt_diagnostics *d)
{
    if (!list) {
        vt_renditions_default(output);
        return 0;
    }
    if (list->kind != VT_YAML_LIST || list->count == 0)
        return fail(d, place(list), "renditions must be a list of at least one");
    if (list->count > VT_RENDITIONS_MAX)
        return fail(d, place(list), "an output has at most %d renditions", VT_RENDITIONS_MAX);
    int err = 0;
    output->n_renditions = 0;
    for (const struct vt_yaml *entry = list->first; entry; entry = entry->next) {
        struct vt_rendition_config *rendition = &output->renditions[output->n_renditions];
        *rendition = (struct vt_rendition_config){0};
        if (vt_options_from_yaml(rendition_table, NULL, rendition, entry, d) ||
            check_rendition(output, output->n_renditions, place(entry), d))
            err = -EINVAL;
        output->n_renditions++;
    }
    return err;
}

int vt_renditions_from_json(struct vt_output_config *output, const json_t *list, struct vt_diagnostics *d)
{
    if (!list) {
        vt_renditions_default(output);
        return 0;
    }
    size_t count = json_array_size(list);
    if (count < 1 || count > VT_RENDITIONS_MAX)
        return fail(d, (struct vt_place){0}, "renditions must be a list of 1 to %d", VT_RENDITIONS_MAX);
    output->n_renditions = 0;
    for (size_t i = 0; i < count; i++) {
        struct vt_rendition_config *rendition = &output->renditions[i];
        *rendition = (struct vt_rendition_config){0};
        if (vt_options_from_json(rendition_table, NULL, rendition, json_array_get(list, i), d) ||
            check_rendition(output, (int)i, (struct vt_place){0}, d))
            return -EINVAL;
        output->n_renditions++;
    }
    return 0;
}

json_t *vt_renditions_to_json(const struct vt_output_config *output)
{
    json_t *list = json_array();
    for (int i = 0; i < output->n_renditions; i++)
        json_array_append_new(list, vt_options_to_json(rendition_table, &output->renditions[i]));
    return list;
}

// ---- outputs

int vt_output_config_check(struct vt_output_config *output, const struct vt_yaml *map, struct vt_diagnostics *d)
{
    int err = 0;
    if (output->market && (strcmp(output->market, "none") == 0 || !output->market[0])) {
        free(output->market);
        output->market = NULL;
    }
    if (!output->language || !output->language[0])
        err = fail(d, vt_place_of(map, NULL, "language"), "language must not be empty");
    if (!vt_market_valid(output->market))
        err = fail(d, vt_place_of(map, NULL, "market"), "market must be none, eu, or the two letters of a country, not %.40s",
                   output->market);
    if (is_odd(output->canvas))
        err = fail(d, vt_place_of(map, "canvas", "size"), "width and height of the canvas must be even");
    return err;
}

void vt_output_config_free(struct vt_output_config *output)
{
    free(output->language);
    free(output->market);
    *output = (struct vt_output_config){0};
}

// What an entry does not say is main's; its renditions only if its canvas is.
static int begin_entry(struct entry *entry, const struct vt_channel *channel)
{
    const struct vt_output_config *base = &channel->outputs[0];
    *entry = (struct entry){.output = {.canvas = base->canvas, .fit = base->fit}, .rate = channel->rate};
    entry->output.language = strdup(base->language ? base->language : "");
    entry->output.market = base->market ? strdup(base->market) : NULL;
    if (entry->output.language && (!base->market || entry->output.market))
        return 0;
    vt_output_config_free(&entry->output);
    return -ENOMEM;
}

static void default_renditions(struct vt_output_config *output, const struct vt_output_config *base)
{
    if (output->canvas.width != base->canvas.width || output->canvas.height != base->canvas.height) {
        vt_renditions_default(output);
        return;
    }
    memcpy(output->renditions, base->renditions, sizeof output->renditions);
    output->n_renditions = base->n_renditions;
}

// "20260301T190000Z": an output's playlists lie beside the folders of shows.
static bool is_like_a_show(const char *name)
{
    return strspn(name, "0123456789") == 8 && name[8] == 'T';
}

static int check_name(const struct vt_channel *channel, const char *name, struct vt_place at, struct vt_diagnostics *d)
{
    if (!name[0])
        return fail(d, at, "an output needs a name");
    for (int i = 0; taken[i]; i++)
        if (strcmp(taken[i], name) == 0)
            return fail(d, at, "an output cannot be called %s: that name is taken%s", name,
                        i == 0 ? " by the channel's own canvas, language, market and renditions" : "");
    if (is_like_a_show(name))
        return fail(d, at, "output %s: a name that begins like a date is kept for shows", name);
    for (int i = 1; i < channel->n_outputs; i++)
        if (strcmp(channel->outputs[i].name, name) == 0)
            return fail(d, at, "output %s stands here twice", name);
    return 0;
}

static int check_entry(const struct vt_channel *channel, struct entry *entry, const struct vt_yaml *map,
                       struct vt_diagnostics *d)
{
    int err = check_name(channel, entry->output.name, vt_place_of(map, NULL, "name"), d);
    int64_t a = (int64_t)entry->rate.num * channel->rate.den, b = (int64_t)channel->rate.num * entry->rate.den;
    if (a != b)
        err = fail(d, vt_place_of(map, "canvas", "fps"), "output %s: fps must be that of the channel; leave it out here, "
                   "and set it under the channel's own canvas", entry->output.name);
    return vt_output_config_check(&entry->output, map, d) ? -EINVAL : err;
}

static int check_lanes(const struct vt_channel *channel, struct vt_place at, struct vt_diagnostics *d)
{
    int lanes = 0;
    for (int i = 0; i < channel->n_outputs; i++)
        lanes += channel->outputs[i].n_renditions;
    if (lanes <= VT_LANES_MAX)
        return 0;
    return fail(d, at, "the outputs of a channel have at most %d renditions together; these would be %d", VT_LANES_MAX,
                lanes);
}

static int add_entry(struct vt_channel *channel, struct entry *entry, int err, struct vt_place at,
                     struct vt_diagnostics *d)
{
    if (err) {
        vt_output_config_free(&entry->output);
        return -EINVAL;
    }
    channel->outputs[channel->n_outputs++] = entry->output;
    return check_lanes(channel, at, d);
}

static const struct vt_yaml *given(const struct vt_yaml *map, const char *key)
{
    const struct vt_yaml *value = vt_yaml_get(map, key);
    return value && !vt_yaml_is_null(value) ? value : NULL;
}

static int read_entry(struct vt_channel *channel, const struct vt_yaml *map, struct vt_diagnostics *d)
{
    struct entry entry;
    if (map->kind != VT_YAML_MAP)
        return fail(d, place(map), "an output must be a map of name, canvas, language, market and renditions");
    int err = begin_entry(&entry, channel);
    if (err)
        return err;
    const struct vt_yaml *canvas = given(map, "canvas"), *renditions = given(map, "renditions");
    err = vt_options_from_yaml(output_table, entry_keys, &entry, map, d);
    if (canvas && vt_options_from_yaml(canvas_table, NULL, &entry, canvas, d))
        err = -EINVAL;
    if (!err)
        err = check_entry(channel, &entry, map, d);
    if (!err && renditions)
        err = vt_renditions_from_yaml(&entry.output, renditions, d);
    else if (!err)
        default_renditions(&entry.output, &channel->outputs[0]);
    return add_entry(channel, &entry, err, place(map), d);
}

static void drop_entries(struct vt_channel *channel)
{
    while (channel->n_outputs > 1)
        vt_output_config_free(&channel->outputs[--channel->n_outputs]);
}

int vt_outputs_from_yaml(struct vt_channel *channel, const struct vt_yaml *list, struct vt_diagnostics *d)
{
    int err = 0;
    drop_entries(channel);
    if (!list)
        return 0;
    if (list->kind != VT_YAML_LIST)
        return fail(d, place(list), "outputs must be a list");
    if (list->count > VT_OUTPUTS_MAX - 1)
        return fail(d, place(list), "a channel has at most %d outputs beside main", VT_OUTPUTS_MAX - 1);
    for (const struct vt_yaml *map = list->first; map; map = map->next)
        if (read_entry(channel, map, d))
            err = -EINVAL;
    return err;
}

static int entry_from_json(struct vt_channel *channel, const json_t *map, struct vt_diagnostics *d)
{
    struct entry entry;
    int err = begin_entry(&entry, channel);
    if (err)
        return err;
    const json_t *canvas = json_object_get(map, "canvas"), *renditions = json_object_get(map, "renditions");
    err = vt_options_from_json(output_table, entry_keys, &entry, map, d);
    if (!err && canvas)
        err = vt_options_from_json(canvas_table, NULL, &entry, canvas, d);
    if (!err)
        err = check_entry(channel, &entry, NULL, d);
    if (!err && renditions)
        err = vt_renditions_from_json(&entry.output, renditions, d);
    else if (!err)
        default_renditions(&entry.output, &channel->outputs[0]);
    return add_entry(channel, &entry, err, (struct vt_place){0}, d);
}

int vt_outputs_from_json(struct vt_channel *channel, const json_t *list, struct vt_diagnostics *d)
{
    size_t i;
    json_t *map;
    drop_entries(channel);
    if (list && (!json_is_array(list) || json_array_size(list) > VT_OUTPUTS_MAX - 1))
        return fail(d, (struct vt_place){0}, "outputs must be a list of at most %d", VT_OUTPUTS_MAX - 1);
    json_array_foreach((json_t *)list, i, map) {
        int err = entry_from_json(channel, map, d);
        if (err)
            return err;
    }
    return 0;
}

json_t *vt_outputs_to_json(const struct vt_channel *channel)
{
    json_t *list = json_array();
    for (int i = 1; i < channel->n_outputs; i++) {
        struct entry entry = {.output = channel->outputs[i], .rate = channel->rate};
        json_t *json = vt_options_to_json(output_table, &entry);
        json_object_set_new(json, "canvas", vt_options_to_json(canvas_table, &entry));
        json_object_set_new(json, "renditions", vt_renditions_to_json(&entry.output));
        json_array_append_new(list, json);
    }
    return list;
}

void vt_outputs_document(struct vt_writer *w)
{
    vt_write_format(w, "| `renditions` | list | 1 to %d | the canvas's size, and half of it | what the picture is encoded as;"
                    " each has the three keys below |\n", VT_RENDITIONS_MAX);
    vt_options_document(rendition_table, "renditions[].", w);
    vt_write_format(w, "| `outputs` | list | at most %d, with %d renditions in all, main's among them | empty | more audiences of"
                    " the same show, each with a canvas, language, market, renditions, cues and playlists of its own; the"
                    " lines above are the output `" VT_OUTPUT_MAIN "` |\n", VT_OUTPUTS_MAX - 1, VT_LANES_MAX);
    vt_options_document(output_table, "outputs[].", w);
    vt_options_document(canvas_table, "outputs[].canvas.", w);
    vt_write_format(w, "| `outputs[].renditions` | list | 1 to %d | as main's if its canvas is main's, else the canvas's size, and"
                    " half of it | with `name`, `size` and `bitrate`, as above |\n", VT_RENDITIONS_MAX);
}
