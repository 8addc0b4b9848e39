#include "studio/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#define CHANNEL(field) .offset = offsetof(struct vt_channel, field)
#define RENDITION(field) .offset = offsetof(struct vt_rendition_config, field)

static const char *const fits[] = {"contain", "cover", "blur", NULL};
static const char *const latencies[] = {"low", "normal", NULL};
static const char *const containers[] = {"cmaf", "ts", NULL};

static const char *const takeovers[] = {"newest", "refuse", "priority", NULL};

static const struct vt_option channel_table[] = {
    {"language", VT_OPTION_TEXT, CHANNEL(language), "en", .doc = "of what is drawn and read out; a BCP 47 tag"},
    {"market", VT_OPTION_TEXT, CHANNEL(market), NULL, .doc = "whose price rules hold; none draws what it is given"},
    {"pictures", VT_OPTION_TEXT, CHANNEL(picture_root), NULL,
     .doc = "folder under which pictures of products and templates lie; default: that of the configuration file"},
    {"takeover", VT_OPTION_CHOICE, CHANNEL(takeover), "newest", .choices = takeovers,
     .doc = "who publishes when a second encoder comes: it, the one that is there, or the one whose key stands first in `keys` (keys made through the API come last)"},
    {NULL},
};
static const struct vt_option canvas_table[] = {
    {"size", VT_OPTION_SIZE, CHANNEL(canvas), "1280x720", 64, 4096, .doc = "pixels; both even"},
    {"fps", VT_OPTION_RATE, CHANNEL(rate), "30", 1, 120, .doc = "frames a second: 25, 29.97, 30000/1001 …"},
    {"fit", VT_OPTION_CHOICE, CHANNEL(fit), "contain", .choices = fits,
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
    {"image", VT_OPTION_TEXT, CHANNEL(slate_image), NULL, .doc = "shown while nobody publishes; default: built in"},
    {"after", VT_OPTION_DURATION, CHANNEL(slate_after_ns), "2s", 0, 60 * VT_NS_PER_S,
     .doc = "how long the last picture stands before the slate comes"},
    {"grace", VT_OPTION_DURATION, CHANNEL(slate_grace_ns), "120s", 0, 86400 * VT_NS_PER_S,
     .doc = "how long the slate stays before the show ends"},
    {NULL},
};
static const struct vt_option rendition_table[] = {
    {"name", VT_OPTION_NAME, RENDITION(name), NULL, .doc = "in its playlist's address"},
    {"size", VT_OPTION_SIZE, RENDITION(size), NULL, 64, 4096, .doc = "pixels; the canvas's shape; both even"},
    {"bitrate", VT_OPTION_BITRATE, RENDITION(bitrate), NULL, 50000, 50000000, .doc = "of the picture"},
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

static int even(double v)
{
    return (int)(v / 2 + 0.5) * 2;
}

// The canvas itself, and half of its size, at bit rates that suit their pixels (2500k for 720p).
static void default_renditions(struct vt_channel *channel)
{
    static const struct { double scale, bits; } ladder[] = {{1, 2500000}, {0.5, 700000}};
    double area = (double)channel->canvas.width * channel->canvas.height / (1280.0 * 720);
    channel->n_renditions = 0;
    for (int i = 0; i < 2; i++) {
        struct vt_rendition_config *rendition = &channel->renditions[channel->n_renditions++];
        int width = even(channel->canvas.width * ladder[i].scale), height = even(channel->canvas.height * ladder[i].scale);
        int64_t bitrate = (int64_t)(ladder[i].bits * area / 50000 + 0.5) * 50000;
        *rendition = (struct vt_rendition_config){.size = {width, height}};
        rendition->bitrate = bitrate < 150000 ? 150000 : bitrate > 20000000 ? 20000000 : bitrate;
        snprintf(rendition->name, sizeof rendition->name, "%dp", width < height ? width : height);
    }
}

void vt_channel_init(struct vt_channel *channel, const char *name)
{
    *channel = (struct vt_channel){0};
    vt_name_copy(channel->name, name);
    vt_options_defaults(channel_table, channel);
    for (size_t i = 0; i < SECTIONS; i++)
        vt_options_defaults(sections[i].table, channel);
    vt_options_defaults(srt_table, channel);
    default_renditions(channel);
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
    *channel = (struct vt_channel){0};
}

// ---- checks that need more than one value

// Where an entry stands in the file; without a file, of the whole.
struct place {
    int line, column;
};

static struct place place_of(const struct vt_yaml *map, const char *section, const char *key)
{
    const struct vt_yaml *in = section && map ? vt_yaml_get(map, section) : map;
    const struct vt_yaml *entry = in && key ? vt_yaml_get(in, key) : in;
    entry = entry ? entry : in ? in : map;
    return entry ? (struct place){entry->line, entry->column} : (struct place){0, 0};
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

static int check_rendition(const struct vt_channel *channel, int i, struct place at, struct vt_diagnostics *d)
{
    const struct vt_rendition_config *r = &channel->renditions[i];
    int before = 0;
    while (before < i && strcmp(channel->renditions[before].name, r->name) != 0)
        before++;
    if (r->name[0] == 0 || r->size.width == 0 || r->bitrate == 0) {
        vt_diagnose(d, VT_ERROR, at.line, at.column, "a rendition needs name, size and bitrate");
    } else if (before < i) {
        vt_diagnose(d, VT_ERROR, at.line, at.column, "rendition %s stands here twice", r->name);
    } else if (strcmp(r->name, "index") == 0 || strcmp(r->name, "audio") == 0) {
        vt_diagnose(d, VT_ERROR, at.line, at.column, "a rendition cannot be called %s: that name is taken", r->name);
    } else if (is_odd(r->size)) {
        vt_diagnose(d, VT_ERROR, at.line, at.column, "rendition %s: width and height must be even", r->name);
    } else if (!same_shape(r->size, channel->canvas)) {
        vt_diagnose(d, VT_ERROR, at.line, at.column, "rendition %s is %dx%d, which is not the shape of the canvas %dx%d",
                    r->name, r->size.width, r->size.height, channel->canvas.width, channel->canvas.height);
    } else {
        return 0;
    }
    return -EINVAL;
}

static int check_times(const struct vt_channel *channel, const struct vt_yaml *map, struct vt_diagnostics *d)
{
    if (channel->part_ns > channel->segment_ns) {
        struct place at = place_of(map, "hls", "part");
        vt_diagnose(d, VT_ERROR, at.line, at.column, "part must not be longer than segment");
        return -EINVAL;
    }
    if (channel->part_ns > 0 && channel->part_ns < 100 * VT_NS_PER_MS) {
        struct place at = place_of(map, "hls", "part");
        vt_diagnose(d, VT_ERROR, at.line, at.column, "part must be none or at least 100ms");
        return -EINVAL;
    }
    if (channel->window_ns < 3 * channel->segment_ns) {
        struct place at = place_of(map, "hls", "window");
        vt_diagnose(d, VT_ERROR, at.line, at.column, "window must be at least three segments long");
        return -EINVAL;
    }
    return 0;
}

// Texts that must be there, and the canvas.
static int settle(struct vt_channel *channel, const struct vt_yaml *map, struct vt_diagnostics *d)
{
    int err = check_times(channel, map, d);
    if (channel->market && strcmp(channel->market, "none") == 0) {
        free(channel->market);
        channel->market = NULL;
    }
    const struct { const char *section, *key, *value; } texts[] = {
        {NULL, "language", channel->language},
        {"encoder", "name", channel->encoder},
        {"encoder", "preset", channel->preset},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct place at = place_of(map, texts[i].section, texts[i].key);
        if (texts[i].value && texts[i].value[0])
            continue;
        vt_diagnose(d, VT_ERROR, at.line, at.column, "%s must not be empty", texts[i].key);
        err = -EINVAL;
    }
    if (is_odd(channel->canvas)) {
        struct place at = place_of(map, "canvas", "size");
        vt_diagnose(d, VT_ERROR, at.line, at.column, "width and height of the canvas must be even");
        err = -EINVAL;
    }
    return err;
}

// ---- from YAML

static const char *const channel_keys[] = {
    "keys", "canvas", "renditions", "outputs", "audio", "encoder", "hls", "srt", "slate", "templates", NULL,
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

// What this version does not do must not look as if it did.
static int read_later_features(const struct vt_yaml *map, struct vt_diagnostics *d)
{
    const struct vt_yaml *outputs = given(map, "outputs");
    if (outputs && outputs->kind != VT_YAML_LIST)
        return fail_at(d, outputs, "outputs must be a list");
    if (outputs && outputs->count > 0)
        return fail_at(d, outputs, "more outputs than main are not supported by this version: leave the list empty");
    return 0;
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

static int read_renditions(struct vt_channel *channel, const struct vt_yaml *map, struct vt_diagnostics *d)
{
    const struct vt_yaml *list = given(map, "renditions");
    if (!list) {
        default_renditions(channel);
        return 0;
    }
    if (list->kind != VT_YAML_LIST || list->count == 0)
        return fail_at(d, list, "renditions must be a list of at least one");
    if (list->count > VT_RENDITIONS_MAX)
        return fail_at(d, list, "a channel has at most 6 renditions");
    int err = 0;
    channel->n_renditions = 0;
    for (const struct vt_yaml *entry = list->first; entry; entry = entry->next) {
        struct vt_rendition_config *rendition = &channel->renditions[channel->n_renditions];
        *rendition = (struct vt_rendition_config){0};
        if (vt_options_from_yaml(rendition_table, NULL, rendition, entry, d) ||
            check_rendition(channel, channel->n_renditions, (struct place){entry->line, entry->column}, d))
            err = -EINVAL;
        channel->n_renditions++;
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
        read_later_features(map, d),
        read_srt(channel, map, d),
        read_keys(channel, map, d),
        read_renditions(channel, map, d),
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
    json_t *json = vt_options_to_json(channel_table, channel), *renditions = json_array(), *templates = json_array();
    int failed = !json || json_object_set_new(json, "name", json_string(channel->name));
    for (size_t i = 0; i < SECTIONS && !failed; i++)
        failed = json_object_set_new(json, sections[i].name, vt_options_to_json(sections[i].table, channel));
    for (int i = 0; i < channel->n_renditions; i++)
        failed |= json_array_append_new(renditions, vt_options_to_json(rendition_table, &channel->renditions[i]));
    for (int i = 0; i < channel->n_templates; i++)
        failed |= json_array_append_new(templates, json_string(channel->templates[i]));
    if (failed) {
        json_decref(json);
        json_decref(renditions);
        json_decref(templates);
        return NULL;
    }
    json_object_set_new(json, "renditions", renditions);
    json_object_set_new(json, "templates", templates);
    return json;
}

static int fail(struct vt_diagnostics *d, const char *text)
{
    vt_diagnose(d, VT_ERROR, 0, 0, "%s", text);
    return -EINVAL;
}

static int renditions_from_json(struct vt_channel *channel, const json_t *list, struct vt_diagnostics *d)
{
    if (!list) {
        default_renditions(channel);
        return 0;
    }
    size_t count = json_array_size(list);
    if (count < 1 || count > VT_RENDITIONS_MAX)
        return fail(d, "renditions must be a list of 1 to 6");
    channel->n_renditions = 0;
    for (size_t i = 0; i < count; i++) {
        struct vt_rendition_config *rendition = &channel->renditions[i];
        *rendition = (struct vt_rendition_config){0};
        if (vt_options_from_json(rendition_table, NULL, rendition, json_array_get(list, i), d) ||
            check_rendition(channel, (int)i, (struct place){0, 0}, d))
            return -EINVAL;
        channel->n_renditions++;
    }
    return 0;
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
                                         "slate", "templates", "renditions", NULL};
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
        err = renditions_from_json(channel, json_object_get(json, "renditions"), d);
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
    for (size_t i = 0; i < SECTIONS; i++) {
        snprintf(prefix, sizeof prefix, "%s.", sections[i].name);
        vt_options_document(sections[i].table, prefix, w);
    }
    vt_write_format(w, "| `renditions` | list | 1 to %d | the canvas's size, and half of it | what the picture is encoded as;"
                    " each has the three keys below |\n", VT_RENDITIONS_MAX);
    vt_options_document(rendition_table, "renditions[].", w);
    vt_write_format(w, "| `templates` | list | at most %d | | paths of the templates that can be put on air; a file that"
                    " changes is loaded again |\n", VT_TEMPLATES_MAX);
    vt_write_format(w, "| `outputs` | list | empty | | for more audiences, which this version does not make |\n");
    vt_options_document(srt_table, "srt.", w);
}
