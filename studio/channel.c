#include "studio/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "studio/channel_outputs.h"

#define CHANNEL(field) .offset = offsetof(struct vt_channel, field)
#define MAIN(field)    .offset = offsetof(struct vt_channel, outputs[0].field)

static const char *const latencies[] = {"low", "normal", NULL};
static const char *const containers[] = {"cmaf", "ts", NULL};

static const char *const takeovers[] = {"newest", "refuse", "priority", NULL};

static const struct vt_option channel_table[] = {
    {"language", VT_OPTION_TEXT, MAIN(language), "en", .doc = "of what is drawn and read out; a BCP 47 tag"},
    {"market", VT_OPTION_TEXT, MAIN(market), NULL, .doc = "whose price rules hold: eu, or a country's two letters; none draws what it is given"},
    {"pictures", VT_OPTION_TEXT, CHANNEL(picture_root), NULL,
     .doc = "folder under which pictures of products and templates lie; default: that of the configuration file"},
    {"takeover", VT_OPTION_CHOICE, CHANNEL(takeover), "newest", .choices = takeovers,
     .doc = "who publishes when a second encoder comes: it, the one that is there, or the one whose key stands first in `keys` (keys made through the API come last)"},
    {NULL},
};
static const struct vt_option canvas_table[] = {
    {"size", VT_OPTION_SIZE, MAIN(canvas), "1280x720", 64, 4096, .doc = "pixels; both even"},
    {"fps", VT_OPTION_RATE, CHANNEL(rate), "30", 1, 120, .doc = "frames a second: 25, 29.97, 30000/1001 …"},
    {"fit", VT_OPTION_CHOICE, MAIN(fit), "contain", .choices = vt_fit_names,
     .doc = "how a picture of another shape fills the canvas: bars, cut edges, or a blurred copy behind it"},
    {NULL},
};
static const struct vt_option audio_table[] = {
    {"bitrate", VT_OPTION_BITRATE, CHANNEL(audio_bitrate), "128k", 16000, 512000, .doc = "of the AAC sound"},
    {NULL},
};
static const struct vt_option encoder_table[] = {
    {"name", VT_OPTION_TEXT, CHANNEL(encoder), "libx264", .doc = "libavcodec's name of an H.264 encoder"},
    {"preset", VT_OPTION_TEXT, CHANNEL(preset), "veryfast", .doc = "the encoder's own word for speed against size"},
    {"latency", VT_OPTION_CHOICE, CHANNEL(latency), "low", .choices = latencies,
     .doc = "low: no B-frames, no lookahead; normal: as the encoder likes it"},
    {NULL},
};
static const struct vt_option hls_table[] = {
    {"segment", VT_OPTION_DURATION, CHANNEL(segment_ns), "2s", VT_NS_PER_S, 10 * VT_NS_PER_S,
     .doc = "length of a segment, and distance of key frames"},
    {"part", VT_OPTION_DURATION, CHANNEL(part_ns), "333ms", 0, 2 * VT_NS_PER_S,
     .doc = "length of a part of a segment; none: no low latency"},
    {"window", VT_OPTION_DURATION, CHANNEL(window_ns), "60s", 6 * VT_NS_PER_S, 14400 * VT_NS_PER_S,
     .doc = "how much a playlist lists"},
    {"container", VT_OPTION_CHOICE, CHANNEL(container), "cmaf", .choices = containers,
     .doc = "form of segments; ts: MPEG-TS, for players that need it; it has no parts"},
    {"record", VT_OPTION_BOOL, CHANNEL(record), "no",
     .doc = "keeps every show whole, with its cues, under recordings/ in the data folder"},
    {NULL},
};
static const struct vt_option slate_table[] = {
    {"image", VT_OPTION_TEXT, CHANNEL(slate_image), NULL, .doc = "shown while nobody publishes; whole where more than a third of it would not fit an output's shape; default: built in"},
    {"after", VT_OPTION_DURATION, CHANNEL(slate_after_ns), "2s", 0, 60 * VT_NS_PER_S,
     .doc = "how long the last picture stands before the slate comes"},
    {"grace", VT_OPTION_DURATION, CHANNEL(slate_grace_ns), "120s", 0, 86400 * VT_NS_PER_S,
     .doc = "how long the slate stays before the show ends"},
    {"ended", VT_OPTION_DURATION, CHANNEL(slate_ended_ns), "86400s", 0, 86400 * VT_NS_PER_S,
     .doc = "the same after an encoder that said goodbye; at most slate.grace"},
    {NULL},
};
static const struct vt_option srt_table[] = {
    {"passphrase", VT_OPTION_TEXT, CHANNEL(srt_passphrase), NULL, .doc = "encrypts; 10 to 79 characters"},
    {"latency", VT_OPTION_DURATION, CHANNEL(srt_latency_ns), "200ms", 0, 8 * VT_NS_PER_S,
     .doc = "how long lost packets are waited for"},
    {NULL},
};

#define PASSPHRASE_MIN 10                // libsrt's own limits
#define PASSPHRASE_MAX 79

static const struct section {
    const char *name;
    const struct vt_option *table;
} sections[] = {
    {"canvas", canvas_table}, {"audio", audio_table}, {"encoder", encoder_table},
    {"hls", hls_table},       {"slate", slate_table},
};
#define SECTIONS (sizeof sections / sizeof sections[0])

// ---- defaults

void vt_channel_init(struct vt_channel *channel, const char *name)
{
    *channel = (struct vt_channel){0};
    vt_name_copy(channel->name, name);
    vt_options_defaults(channel_table, channel);
    for (size_t i = 0; i < SECTIONS; i++)
        vt_options_defaults(sections[i].table, channel);
    vt_options_defaults(srt_table, channel);
    vt_name_copy(channel->outputs[0].name, VT_OUTPUT_MAIN);
    channel->n_outputs = 1;
    vt_renditions_default(&channel->outputs[0]);
}

static void free_list(char **list, int *count)
{
    while (*count > 0) {
        free(list[--*count]);
        list[*count] = NULL;
    }
}

void vt_channel_free(struct vt_channel *channel)
{
    if (!channel)
        return;
    vt_options_free(channel_table, channel);
    for (size_t i = 0; i < SECTIONS; i++)
        vt_options_free(sections[i].table, channel);
    vt_options_free(srt_table, channel);
    free_list(channel->keys, &channel->n_keys);
    free_list(channel->templates, &channel->n_templates);
    for (int i = 1; i < channel->n_outputs; i++)
        vt_output_config_free(&channel->outputs[i]);
    *channel = (struct vt_channel){0};
}

// ---- checks that need more than one value

static int check_times(const struct vt_channel *channel, const struct vt_yaml *map, struct vt_diagnostics *d)
{
    if (channel->part_ns > channel->segment_ns) {
        struct vt_place at = vt_place_of(map, "hls", "part");
        vt_diagnose(d, VT_ERROR, at.line, at.column, "part must not be longer than segment");
        return -EINVAL;
    }
    if (channel->part_ns > 0 && channel->part_ns < 100 * VT_NS_PER_MS) {
        struct vt_place at = vt_place_of(map, "hls", "part");
        vt_diagnose(d, VT_ERROR, at.line, at.column, "part must be none or at least 100ms");
        return -EINVAL;
    }
    if (channel->window_ns < 3 * channel->segment_ns) {
        struct vt_place at = vt_place_of(map, "hls", "window");
        vt_diagnose(d, VT_ERROR, at.line, at.column, "window must be at least three segments long");
        return -EINVAL;
    }
    return 0;
}

// Texts that must be there, and the output main.
static int settle(struct vt_channel *channel, const struct vt_yaml *map, struct vt_diagnostics *d)
{
    int err = check_times(channel, map, d);
    const struct { const char *section, *key, *value; } texts[] = {
        {"encoder", "name", channel->encoder},
        {"encoder", "preset", channel->preset},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct vt_place at = vt_place_of(map, texts[i].section, texts[i].key);
        if (texts[i].value && texts[i].value[0])
            continue;
        vt_diagnose(d, VT_ERROR, at.line, at.column, "%s must not be empty", texts[i].key);
        err = -EINVAL;
    }
    return vt_output_config_check(&channel->outputs[0], map, d) ? -EINVAL : err;
}

// ---- from YAML

static const char *const channel_keys[] = {
    "keys", "accept", "canvas", "renditions", "outputs", "audio", "encoder", "hls", "srt", "slate", "templates", NULL,
};

static int fail_at(struct vt_diagnostics *d, const struct vt_yaml *at, const char *text)
{
    vt_diagnose(d, VT_ERROR, at->line, at->column, "%s", text);
    return -EINVAL;
}

// The entry `key` if it is there and not null, so that "slate:" without anything is the same as no slate.
static const struct vt_yaml *given(const struct vt_yaml *map, const char *key)
{
    const struct vt_yaml *entry = vt_yaml_get(map, key);
    return entry && !vt_yaml_is_null(entry) ? entry : NULL;
}

static int read_sections(struct vt_channel *channel, const struct vt_yaml *map, struct vt_diagnostics *d)
{
    int err = vt_options_from_yaml(channel_table, channel_keys, channel, map, d);
    for (size_t i = 0; i < SECTIONS; i++) {
        const struct vt_yaml *section = given(map, sections[i].name);
        if (section && vt_options_from_yaml(sections[i].table, NULL, channel, section, d))
            err = -EINVAL;
    }
    return err;
}

static int read_outputs(struct vt_channel *channel, const struct vt_yaml *map, struct vt_diagnostics *d)
{
    const struct vt_yaml *renditions = given(map, "renditions"), *list = given(map, "outputs");
    int err = vt_renditions_from_yaml(&channel->outputs[0], renditions, d);
    return vt_outputs_from_yaml(channel, list, d) ? -EINVAL : err;
}

static int read_srt(struct vt_channel *channel, const struct vt_yaml *map, struct vt_diagnostics *d)
{
    const struct vt_yaml *section = given(map, "srt");
    if (!section)
        return 0;
    free(channel->srt_passphrase);
    channel->srt_passphrase = NULL;
    int err = vt_options_from_yaml(srt_table, NULL, channel, section, d);
    size_t length = channel->srt_passphrase ? strlen(channel->srt_passphrase) : PASSPHRASE_MIN;
    if (!err && (length < PASSPHRASE_MIN || length > PASSPHRASE_MAX))
        return fail_at(d, vt_yaml_get(section, "passphrase"), "a passphrase must have 10 to 79 characters");
    return err;
}

static int read_accept(struct vt_channel *channel, const struct vt_yaml *map, struct vt_diagnostics *d)
{
    const struct vt_yaml *section = given(map, "accept");
    return section ? vt_accept_from_yaml(&channel->accept, section, d) : 0;
}

static bool is_hash(const char *text)
{
    return strlen(text) == 64 && strspn(text, "0123456789abcdefABCDEF") == 64;
}

static int check_key(const struct vt_yaml *entry, struct vt_diagnostics *d)
{
    if (entry->kind != VT_YAML_SCALAR || entry->size == 0)
        return fail_at(d, entry, "a key must be text");
    if (strncmp(entry->text, "sha256:", 7) == 0)
        return is_hash(entry->text + 7) ? 0 : fail_at(d, entry, "sha256: must be followed by 64 hexadecimal digits");
    if (entry->size > VT_KEY_BYTES)
        return fail_at(d, entry, "a key must have at most 128 characters");
    for (const char *c = entry->text; *c; c++) {
        if (*c <= ' ' || *c > '~' || strchr("/?&=#\\", *c))
            return fail_at(d, entry, "a key must be printable ASCII without spaces, / ? & = # and \\");
    }
    return 0;
}

static int read_keys(struct vt_channel *channel, const struct vt_yaml *map, struct vt_diagnostics *d)
{
    const struct vt_yaml *list = given(map, "keys");
    if (!list)
        return 0;
    if (list->kind != VT_YAML_LIST)
        return fail_at(d, list, "keys must be a list");
    if (list->count > VT_KEYS_MAX)
        return fail_at(d, list, "a channel has at most 16 keys");
    int err = 0;
    free_list(channel->keys, &channel->n_keys);
    for (const struct vt_yaml *entry = list->first; entry; entry = entry->next) {
        if (check_key(entry, d))
            err = -EINVAL;
        else if ((channel->keys[channel->n_keys] = strdup(entry->text)))
            channel->n_keys++;
        else
            return -ENOMEM;
    }
    return err;
}

static char *join(const char *folder, const char *path)
{
    char *joined = NULL;
    if (path[0] == '/' || !folder || !folder[0])
        return strdup(path);
    return asprintf(&joined, "%s/%s", folder, path) < 0 ? NULL : joined;
}

static void check_readable(const char *path, const struct vt_yaml *at, struct vt_diagnostics *d)
{
    char shown[160];
    if (access(path, R_OK))
        vt_diagnose(d, VT_WARNING, at->line, at->column, "%s: %s", vt_escape(shown, sizeof shown, path, strlen(path)),
                    strerror(errno));
}

static int read_templates(struct vt_channel *channel, const struct vt_yaml *map, const char *folder,
                          struct vt_diagnostics *d)
{
    const struct vt_yaml *list = given(map, "templates");
    if (!list)
        return 0;
    if (list->kind != VT_YAML_LIST)
        return fail_at(d, list, "templates must be a list of files");
    if (list->count > VT_TEMPLATES_MAX)
        return fail_at(d, list, "a channel has at most 64 templates");
    free_list(channel->templates, &channel->n_templates);
    for (const struct vt_yaml *entry = list->first; entry; entry = entry->next) {
        if (entry->kind != VT_YAML_SCALAR || entry->size == 0)
            return fail_at(d, entry, "a template must be the path of a file");
        char *path = join(folder, entry->text);
        if (!path)
            return -ENOMEM;
        channel->templates[channel->n_templates++] = path;
        check_readable(path, entry, d);
    }
    return 0;
}

static int place_files(struct vt_channel *channel, const struct vt_yaml *map, const char *folder,
                       struct vt_diagnostics *d)
{
    const struct vt_yaml *slate = given(map, "slate"), *image = slate ? given(slate, "image") : NULL;
    char **paths[] = {&channel->slate_image, &channel->picture_root};
    for (int i = 0; i < 2; i++) {
        char *relative = *paths[i];
        if (!relative)
            continue;
        *paths[i] = join(folder, relative);
        free(relative);
        if (!*paths[i])
            return -ENOMEM;
    }
    if (image && channel->slate_image)
        check_readable(channel->slate_image, image, d);
    if (!channel->picture_root && folder)
        channel->picture_root = strdup(folder);
    return 0;
}

int vt_channel_from_yaml(struct vt_channel *channel, const struct vt_yaml *map, const char *folder,
                         struct vt_diagnostics *diagnostics)
{
    struct vt_diagnostics *d = diagnostics;
    if (vt_yaml_is_null(map))
        return place_files(channel, map, folder, d);
    if (map->kind != VT_YAML_MAP)
        return fail_at(d, map, "a channel must be a map of keys and values");
    int errors[] = {
        read_sections(channel, map, d),
        settle(channel, map, d),
        read_srt(channel, map, d),
        read_keys(channel, map, d),
        read_accept(channel, map, d),
        read_outputs(channel, map, d),
        read_templates(channel, map, folder, d),
        place_files(channel, map, folder, d),
    };
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        if (errors[i])
            return -EINVAL;
    }
    return 0;
}

// ---- JSON

json_t *vt_channel_to_json(const struct vt_channel *channel)
{
    json_t *json = vt_options_to_json(channel_table, channel), *templates = json_array();
    int failed = !json || json_object_set_new(json, "name", json_string(channel->name));
    for (size_t i = 0; i < SECTIONS && !failed; i++)
        failed = json_object_set_new(json, sections[i].name, vt_options_to_json(sections[i].table, channel));
    for (int i = 0; i < channel->n_templates; i++)
        failed |= json_array_append_new(templates, json_string(channel->templates[i]));
    if (failed) {
        json_decref(json);
        json_decref(templates);
        return NULL;
    }
    json_object_set_new(json, "renditions", vt_renditions_to_json(&channel->outputs[0]));
    json_object_set_new(json, "outputs", vt_outputs_to_json(channel));
    json_object_set_new(json, "templates", templates);
    return json;
}

json_t *vt_channel_form(const struct vt_channel *channel)
{
    static const char *const free_to_change[] = {"name", "takeover", "pictures", "slate", "templates"};
    json_t *form = vt_channel_to_json(channel);
    for (size_t i = 0; form && i < sizeof free_to_change / sizeof free_to_change[0]; i++)
        json_object_del(form, free_to_change[i]);
    return form;
}

static int fail(struct vt_diagnostics *d, const char *text)
{
    vt_diagnose(d, VT_ERROR, 0, 0, "%s", text);
    return -EINVAL;
}

static int templates_from_json(struct vt_channel *channel, const json_t *list, struct vt_diagnostics *d)
{
    size_t count = json_array_size(list);
    if (count > VT_TEMPLATES_MAX)
        return fail(d, "a channel has at most 64 templates");
    free_list(channel->templates, &channel->n_templates);
    for (size_t i = 0; i < count; i++) {
        const char *path = json_string_value(json_array_get(list, i));
        if (!path)
            return fail(d, "a template must be the path of a file");
        char *copy = strdup(path);
        if (!copy)
            return -ENOMEM;
        channel->templates[channel->n_templates++] = copy;
    }
    return 0;
}

int vt_channel_from_json(struct vt_channel *channel, const json_t *json, struct vt_diagnostics *diagnostics)
{
    static const char *const others[] = {"name",  "canvas",    "audio",      "encoder", "hls",
                                         "slate", "templates", "renditions", "outputs", NULL};
    struct vt_diagnostics *d = diagnostics;
    int err = vt_options_from_json(channel_table, others, channel, json, d);
    const json_t *name = json_object_get(json, "name");
    if (!err && name && (!json_is_string(name) || vt_name_copy(channel->name, json_string_value(name))))
        err = fail(d, "name must be 1 to 32 letters, digits, _ or -");
    for (size_t i = 0; i < SECTIONS && !err; i++) {
        const json_t *section = json_object_get(json, sections[i].name);
        err = section ? vt_options_from_json(sections[i].table, NULL, channel, section, d) : 0;
    }
    if (!err)
        err = settle(channel, NULL, d);
    if (!err)
        err = vt_renditions_from_json(&channel->outputs[0], json_object_get(json, "renditions"), d);
    if (!err)
        err = vt_outputs_from_json(channel, json_object_get(json, "outputs"), d);
    return err ? err : templates_from_json(channel, json_object_get(json, "templates"), d);
}

// ---- documentation

void vt_channel_document(struct vt_writer *w)
{
    char prefix[32];
    vt_write_format(w, VT_OPTIONS_HEADING);
    vt_write_format(w, "| `keys` | list | at most %d, of at most %d printable ASCII characters without spaces and `/?&=#\\` | |"
                    " stream keys: who has one may publish; plain text, or `sha256:` and the hash in hexadecimal |\n",
                    VT_KEYS_MAX, VT_KEY_BYTES);
    vt_options_document(channel_table, "", w);
    vt_accept_document(w);
    for (size_t i = 0; i < SECTIONS; i++) {
        snprintf(prefix, sizeof prefix, "%s.", sections[i].name);
        vt_options_document(sections[i].table, prefix, w);
    }
    vt_outputs_document(w);
    vt_write_format(w, "| `templates` | list | at most %d | | paths of the templates that can be put on air; a file that"
                    " changes is loaded again |\n", VT_TEMPLATES_MAX);
    vt_options_document(srt_table, "srt.", w);
}
