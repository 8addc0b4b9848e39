#include "channel_yaml.h"

TEST(an_empty_channel_has_every_default)
{
    REQUIRE_INT(read_yaml(""), 0);
    REQUIRE_INT(diagnostics.count, 0);
    REQUIRE_TEXT(channel.name, "mango");
    REQUIRE_INT(channel.outputs[0].canvas.width, 1280);
    REQUIRE_INT(channel.rate.num, 30);
    REQUIRE_INT(channel.outputs[0].fit, VT_FIT_CONTAIN);
    REQUIRE_TEXT(channel.outputs[0].language, "en");
    REQUIRE(channel.outputs[0].market == NULL && channel.slate_image == NULL);
    REQUIRE_INT(channel.outputs[0].n_renditions, 2);
    REQUIRE_TEXT(channel.outputs[0].renditions[0].name, "720p");
    REQUIRE_INT(channel.outputs[0].renditions[0].bitrate, 2500000);
    REQUIRE_TEXT(channel.outputs[0].renditions[1].name, "360p");
    REQUIRE_INT(channel.outputs[0].renditions[1].size.width, 640);
    REQUIRE_INT(channel.outputs[0].renditions[1].bitrate, 700000);
    REQUIRE_INT(channel.audio_bitrate, 128000);
    REQUIRE_TEXT(channel.encoder, "libx264");
    REQUIRE_TEXT(channel.preset, "veryfast");
    REQUIRE_INT(channel.latency, VT_LATENCY_LOW);
    REQUIRE_INT(channel.segment_ns, 2 * VT_NS_PER_S);
    REQUIRE_INT(channel.part_ns, 333 * VT_NS_PER_MS);
    REQUIRE_INT(channel.window_ns, 60 * VT_NS_PER_S);
    REQUIRE_INT(channel.container, VT_CONTAINER_CMAF);
    REQUIRE_INT(channel.slate_after_ns, 2 * VT_NS_PER_S);
    REQUIRE_INT(channel.slate_grace_ns, 120 * VT_NS_PER_S);
    REQUIRE(channel.slate_ended_ns > channel.slate_grace_ns);
    REQUIRE_TEXT(channel.picture_root, "/srv/shop");
}

TEST(reads_what_the_documentation_shows)
{
    REQUIRE_INT(read_yaml("keys: [\"demo-key\", \"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"]\n"
                          "canvas: {size: 720x1280, fps: 29.97, fit: blur}\n"
                          "language: ar\nmarket: none\noutputs: []\n"
                          "renditions:\n  - {name: tall, size: 720x1280, bitrate: 2M}\n"
                          "audio: {bitrate: 96k}\nencoder: {name: libx264, preset: fast, latency: normal}\n"
                          "hls: {segment: 4s, part: none, window: 30s, container: cmaf}\n"
                          "srt: {passphrase: null, latency: 200ms}\n"
                          "slate: {image: /dev/null, after: 1s, grace: 10m}\ntemplates: [/dev/null]\npictures: art\n"),
                0);
    REQUIRE_INT(diagnostics.count, 0);
    REQUIRE_INT(channel.n_keys, 2);
    REQUIRE_TEXT(channel.keys[0], "demo-key");
    REQUIRE_INT(channel.rate.den, 1001);
    REQUIRE_INT(channel.outputs[0].fit, VT_FIT_BLUR);
    REQUIRE_INT(channel.outputs[0].n_renditions, 1);
    REQUIRE_INT(channel.part_ns, 0);
    REQUIRE_INT(channel.latency, VT_LATENCY_NORMAL);
    REQUIRE_TEXT(channel.slate_image, "/dev/null");
    REQUIRE_INT(channel.n_templates, 1);
    REQUIRE_TEXT(channel.picture_root, "/srv/shop/art");
    REQUIRE(channel.outputs[0].market == NULL);
}

TEST(default_renditions_have_the_shape_of_the_canvas)
{
    REQUIRE_INT(read_yaml("canvas: {size: 1080x1920}\n"), 0);
    REQUIRE_INT(channel.outputs[0].n_renditions, 2);
    REQUIRE_TEXT(channel.outputs[0].renditions[0].name, "1080p");
    REQUIRE_INT(channel.outputs[0].renditions[0].size.height, 1920);
    REQUIRE_INT(channel.outputs[0].renditions[0].bitrate, 5650000);
    REQUIRE_INT(channel.outputs[0].renditions[1].size.width, 540);
    REQUIRE_INT(read_yaml("canvas: {size: 854x480}\n"), 0);
    REQUIRE_INT(channel.outputs[0].renditions[1].size.width % 2, 0);
    static const struct { const char *text; int renditions; } small[] = {
        {"canvas: {size: 128x360}\n", 2}, {"canvas: {size: 122x360}\n", 1}, {"canvas: {size: 64x64}\n", 1},
    };
    for (int i = 0; i < 3; i++) {            // what a studio is told must be what it takes
        REQUIRE_INT(read_yaml(small[i].text), 0);
        REQUIRE_INT(channel.outputs[0].n_renditions, small[i].renditions);
        json_t *told = vt_channel_to_json(&channel);
        struct vt_channel again;
        vt_channel_init(&again, "-");
        REQUIRE_INT(vt_channel_from_json(&again, told, NULL), 0);
        vt_channel_free(&again);
        json_decref(told);
    }
}

TEST(paths_are_taken_from_the_folder_of_the_file)
{
    REQUIRE_INT(read_yaml("templates: [card.yaml, /etc/hostname]\nslate: {image: none.png}\n"), 0);
    REQUIRE_TEXT(channel.templates[0], "/srv/shop/card.yaml");
    REQUIRE_TEXT(channel.templates[1], "/etc/hostname");
    REQUIRE_TEXT(channel.slate_image, "/srv/shop/none.png");
    REQUIRE_INT(diagnostics.warnings, 2);
    REQUIRE_INT(diagnostics.list[0].line, 1);
    REQUIRE_INT(diagnostics.list[0].column, 13);
    REQUIRE_TEXT(diagnostics.list[0].text, "/srv/shop/card.yaml: No such file or directory");
    REQUIRE_INT(diagnostics.list[1].line, 2);
}

TEST(says_what_is_wrong_and_where)
{
    require_error("canvas: {size: 1280x720, fsp: 30}\n", 1, 26, "unknown key fsp: did you mean fps?");
    require_error("renditons: []\n", 1, 1, "unknown key renditons: did you mean renditions?");
    require_error("canvas: {fit: zoom}\n", 1, 15, "fit must be contain, cover or blur, is zoom");
    require_error("canvas: 1280x720\n", 1, 9, "canvas must be a map of keys and values");
    require_error("hls: {segment: 11s}\n", 1, 16, "segment must be 1s to 10s, is 11s");
    require_error("hls:\n  segment: 1s\n  part: 1500ms\n", 3, 9, "part must not be longer than segment");
    require_error("hls: {part: 99ms}\n", 1, 13, "part must be none or at least 100ms");
    require_error("hls: {segment: 4s, window: 11s}\n", 1, 28, "window must be at least three segments long");
    require_error("hls: {container: mkv}\n", 1, 18, "container must be cmaf or ts, is mkv");
    require_error("language: ''\n", 1, 11, "language must not be empty");
    require_error("encoder: {preset: null}\n", 1, 19, "preset must not be empty");
    require_error("keys: a\n", 1, 7, "keys must be a list");
    require_error("keys: ['a b']\n", 1, 8, "a key must be printable ASCII without spaces, / ? & = # and \\");
    require_error("keys: ['']\n", 1, 8, "a key must be text");
    require_error("keys: ['sha256:12']\n", 1, 8, "sha256: must be followed by 64 hexadecimal digits");
    require_error("templates: {a: b}\n", 1, 12, "templates must be a list of files");
    require_error("templates:\n  - [a]\n", 2, 5, "a template must be the path of a file");
    require_error("srt: {latncy: 1s}\n", 1, 7, "unknown key latncy: did you mean latency?");
    require_error("- a\n", 1, 1, "a channel must be a map of keys and values");
}

TEST(renditions_are_checked)
{
    require_error("renditions: []\n", 1, 13, "renditions must be a list of at least one");
    require_error("renditions: [{name: a, size: 640x360}]\n", 1, 14, "a rendition needs name, size and bitrate");
    require_error("renditions: [{name: a, size: 640x480, bitrate: 1M}]\n", 1, 14,
                  "rendition a is 640x480, which is not the shape of the canvas 1280x720");
    require_error("renditions: [{name: a, size: 641x360, bitrate: 1M}]\n", 1, 14,
                  "rendition a: width and height must be even");
    require_error("renditions: [{name: audio, size: 640x360, bitrate: 1M}]\n", 1, 14,
                  "a rendition cannot be called audio: that name is taken");
    require_error("renditions:\n- {name: a, size: 640x360, bitrate: 1M}\n- {name: a, size: 640x360, bitrate: 2M}\n", 3, 3,
                  "rendition a stands here twice");
    REQUIRE_INT(read_yaml("renditions: [{name: a, size: 426x240, bitrate: 300k}]\n"), 0);
}

// `head`, then `count` times `item` joined by commas, then "]".
static const char *list_of(const char *head, const char *format, int count)
{
    static char text[32 * 1024];
    int used = snprintf(text, sizeof text, "%s [", head);
    for (int i = 0; i < count; i++) {
        used += snprintf(text + used, sizeof text - (size_t)used, "%s", i ? ", " : "");
        for (const char *c = format; *c; c++)
            used += snprintf(text + used, sizeof text - (size_t)used, *c == '#' ? "%d" : "%c", *c == '#' ? i : *c);
    }
    snprintf(text + used, sizeof text - (size_t)used, "]\n");
    return text;
}

TEST(lists_hold_at_their_limits)
{
    REQUIRE_INT(read_yaml(list_of("keys:", "k#", VT_KEYS_MAX)), 0);
    REQUIRE_INT(channel.n_keys, VT_KEYS_MAX);
    REQUIRE_INT(read_yaml(list_of("keys:", "k#", VT_KEYS_MAX + 1)), -EINVAL);
    const char *rendition = "{name: r#, size: 640x360, bitrate: 1M}";
    REQUIRE_INT(read_yaml(list_of("renditions:", rendition, VT_RENDITIONS_MAX)), 0);
    REQUIRE_INT(channel.outputs[0].n_renditions, VT_RENDITIONS_MAX);
    REQUIRE_INT(read_yaml(list_of("renditions:", rendition, VT_RENDITIONS_MAX + 1)), -EINVAL);
    REQUIRE_INT(read_yaml(list_of("templates:", "/dev/null", VT_TEMPLATES_MAX)), 0);
    REQUIRE_INT(channel.n_templates, VT_TEMPLATES_MAX);
    REQUIRE_INT(read_yaml(list_of("templates:", "/dev/null", VT_TEMPLATES_MAX + 1)), -EINVAL);
}

TEST(an_output_has_what_main_has_unless_it_says_otherwise)
{
    REQUIRE_INT(read_yaml("language: de\nmarket: eu\ncanvas: {size: 640x360, fit: blur}\n"
                          "renditions: [{name: a, size: 640x360, bitrate: 1M}]\n"
                          "outputs:\n- {name: same}\n- {name: tall, language: zh, market: none,\n"
                          "   canvas: {size: 360x640, fit: cover, fps: 30}}\n"), 0);
    REQUIRE_INT(channel.n_outputs, 3);
    const struct vt_output_config *same = &channel.outputs[1], *tall = &channel.outputs[2];
    REQUIRE_TEXT(channel.outputs[0].name, "main");
    REQUIRE_TEXT(same->name, "same");
    REQUIRE_TEXT(same->language, "de");
    REQUIRE_TEXT(same->market, "eu");
    REQUIRE_INT(same->fit, VT_FIT_BLUR);
    REQUIRE_INT(same->canvas.width, 640);
    REQUIRE_INT(same->n_renditions, 1);
    REQUIRE_TEXT(same->renditions[0].name, "a");
    REQUIRE_TEXT(tall->language, "zh");
    REQUIRE(tall->market == NULL);
    REQUIRE_INT(tall->fit, VT_FIT_COVER);
    REQUIRE_INT(tall->canvas.height, 640);
    REQUIRE_INT(tall->n_renditions, 2);
    REQUIRE_TEXT(tall->renditions[0].name, "360p");
}

TEST(outputs_come_through_json)
{
    struct vt_channel back;
    REQUIRE_INT(read_yaml("market: eu\noutputs:\n- {name: tall, language: zh, market: none, canvas: {size: 360x640}}\n"
                          "- {name: wide}\n"), 0);
    json_t *json = vt_channel_to_json(&channel);
    vt_channel_init(&back, "x");
    REQUIRE_INT(vt_channel_from_json(&back, json, &diagnostics), 0);
    REQUIRE_INT(back.n_outputs, 3);
    REQUIRE(back.outputs[1].market == NULL);
    REQUIRE_TEXT(back.outputs[1].language, "zh");
    REQUIRE_INT(back.outputs[1].canvas.height, 640);
    REQUIRE_TEXT(back.outputs[2].market, "eu");
    REQUIRE_TEXT(back.outputs[2].renditions[1].name, "360p");
    json_t *again = vt_channel_to_json(&back);
    REQUIRE(json_equal(json, again));
    json_object_set_new(json, "outputs", json_string("tall"));
    REQUIRE_INT(vt_channel_from_json(&back, json, &diagnostics), -EINVAL);
    json_decref(json);
    json_decref(again);
    vt_channel_free(&back);
}

TEST(outputs_are_checked)
{
    require_error("outputs: {name: x}\n", 1, 10, "outputs must be a list");
    require_error("market: europe\n", 1, 9, "market must be none, eu, or the two letters of a country, not europe");
    require_error("outputs:\n- {name: tall, market: d}\n", 2, 24,
                  "market must be none, eu, or the two letters of a country, not d");
    require_error("outputs: [x]\n", 1, 11, "an output must be a map of name, canvas, language, market and renditions");
    require_error("outputs: [{language: zh}]\n", 1, 11, "an output needs a name");
    require_error("outputs: [{name: a b}]\n", 1, 18, "name must be 1 to 32 letters, digits, _ or -, is a b");
    require_error("outputs: [{name: main}]\n", 1, 18, "an output cannot be called main: that name is taken by the channel's "
                  "own canvas, language, market and renditions");
    require_error("outputs: [{name: cues}]\n", 1, 18, "an output cannot be called cues: that name is taken");
    require_error("outputs: [{name: 20260301T190000Z}]\n", 1, 18,
                  "output 20260301T190000Z: a name that begins like a date is kept for shows");
    require_error("outputs:\n- {name: x}\n- {name: x}\n", 3, 10, "output x stands here twice");
    require_error("outputs: [{name: x, canvas: {fps: 25}}]\n", 1, 35, "output x: fps must be that of the channel; leave it "
                  "out here, and set it under the channel's own canvas");
    require_error("outputs: [{name: x, canvas: {size: 361x640}}]\n", 1, 36, "width and height of the canvas must be even");
    require_error("outputs: [{name: x, language: ''}]\n", 1, 31, "language must not be empty");
    require_error("outputs: [{name: x, langage: zh}]\n", 1, 21, "unknown key langage: did you mean language?");
    require_error("outputs: [{name: x, renditions: [{name: a, size: 640x480, bitrate: 1M}]}]\n", 1, 34,
                  "rendition a is 640x480, which is not the shape of the canvas 1280x720");
}

TEST(outputs_and_their_renditions_hold_at_their_limits)
{
    const char *one = "renditions: [{name: a, size: 640x360, bitrate: 1M}]\n", *output = "{name: o#}";
    char text[32 * 1024];
    snprintf(text, sizeof text, "%s%s", one, list_of("outputs:", output, VT_OUTPUTS_MAX - 1));
    REQUIRE_INT(read_yaml(text), 0);
    REQUIRE_INT(channel.n_outputs, VT_OUTPUTS_MAX);
    snprintf(text, sizeof text, "%s%s", one, list_of("outputs:", output, VT_OUTPUTS_MAX));
    require_error(text, 2, 10, "a channel has at most 7 outputs beside main");
    // Two renditions each, as is the default: sixteen of them at eight outputs. One more is too many.
    REQUIRE_INT(read_yaml(list_of("outputs:", output, VT_LANES_MAX / 2 - 1)), 0);
    REQUIRE_INT(channel.n_outputs, VT_LANES_MAX / 2);
    snprintf(text, sizeof text, "renditions: [{name: a, size: 640x360, bitrate: 1M}, {name: b, size: 640x360, bitrate: 1M},"
             " {name: c, size: 640x360, bitrate: 1M}]\n%s", list_of("outputs:", output, 4));
    REQUIRE_INT(read_yaml(text), 0);        // 15
    snprintf(text, sizeof text, "renditions: [{name: a, size: 640x360, bitrate: 1M}, {name: b, size: 640x360, bitrate: 1M},"
             " {name: c, size: 640x360, bitrate: 1M}]\n%s", list_of("outputs:", output, 5));
    require_error(text, 2, 59, "the outputs of a channel have at most 16 renditions together; these would be 18");
}

TEST(keys_hold_at_their_limit)
{
    char text[160];
    snprintf(text, sizeof text, "keys: [%0*d]\n", VT_KEY_BYTES, 1);
    REQUIRE_INT(read_yaml(text), 0);
    snprintf(text, sizeof text, "keys: [%0*d]\n", VT_KEY_BYTES + 1, 1);
    require_error(text, 1, 8, "a key must have at most 128 characters");
}

TEST(srt_has_a_passphrase_and_a_latency)
{
    char text[160] = "srt: {passphrase: ";
    REQUIRE_INT(read_yaml("{}\n"), 0);
    REQUIRE(channel.srt_passphrase == NULL);
    REQUIRE_INT(channel.srt_latency_ns, 200000000);
    REQUIRE_INT(read_yaml("srt: {passphrase: 0123456789, latency: 1s}\n"), 0);
    REQUIRE_TEXT(channel.srt_passphrase, "0123456789");
    REQUIRE_INT(channel.srt_latency_ns, 1000000000);
    json_t *json = vt_channel_to_json(&channel);
    char *shown = json_dumps(json, 0);
    REQUIRE(strstr(shown, "0123456789") == NULL);
    free(shown);
    json_decref(json);
    require_error("srt: {passphrase: 012345678}\n", 1, 19, "a passphrase must have 10 to 79 characters");
    memset(text + strlen(text), 'p', 79);
    strcat(text, "}\n");
    REQUIRE_INT(read_yaml(text), 0);
    memcpy(strchr(text, '}'), "p}\n", 4);
    require_error(text, 1, 19, "a passphrase must have 10 to 79 characters");
}

TEST(goes_through_json_without_its_keys)
{
    REQUIRE_INT(read_yaml("keys: [secret]\ncanvas: {size: 720x1280, fps: 29.97}\nslate: {image: /dev/null}\n"
                          "templates: [/dev/null, /dev/zero]\nmarket: de\n"
                          "renditions: [{name: a, size: 360x640, bitrate: 700k}]\n"), 0);
    json_t *json = vt_channel_to_json(&channel);
    char *text = json_dumps(json, 0);
    REQUIRE(text && !strstr(text, "secret"));
    free(text);
    struct vt_channel copy;
    vt_channel_init(&copy, "other");
    REQUIRE_INT(vt_channel_from_json(&copy, json, NULL), 0);
    REQUIRE_TEXT(copy.name, "mango");
    REQUIRE_TEXT(copy.outputs[0].market, "de");
    REQUIRE_INT(copy.n_templates, 2);
    REQUIRE_INT(copy.outputs[0].n_renditions, 1);
    REQUIRE_INT(copy.rate.den, 1001);
    REQUIRE_INT(copy.n_keys, 0);
    json_t *again = vt_channel_to_json(&copy);
    REQUIRE(json_equal(json, again));
    json_decref(json);
    json_decref(again);
    vt_channel_free(&copy);
}

TEST(refuses_json_that_does_not_fit)
{
    static const char *const texts[] = {
        "[]", "{\"name\": \"a b\"}", "{\"name\": 7}", "{\"keys\": []}", "{\"canvas\": []}", "{\"canvas\": {\"size\": \"1x1\"}}",
        "{\"renditions\": []}", "{\"renditions\": [7]}", "{\"renditions\": {}}", "{\"templates\": [7]}",
        "{\"hls\": {\"part\": \"2s\", \"segment\": \"1s\"}}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct vt_channel copy;
        json_t *json = json_loads(texts[i], 0, NULL);
        REQUIRE(json != NULL);
        vt_channel_init(&copy, "mango");
        REQUIRE_INT(vt_channel_from_json(&copy, json, NULL), -EINVAL);
        vt_channel_free(&copy);
        json_decref(json);
    }
}

int main(void)
{
    RUN(an_empty_channel_has_every_default);
    RUN(reads_what_the_documentation_shows);
    RUN(default_renditions_have_the_shape_of_the_canvas);
    RUN(paths_are_taken_from_the_folder_of_the_file);
    RUN(says_what_is_wrong_and_where);
    RUN(renditions_are_checked);
    RUN(lists_hold_at_their_limits);
    RUN(an_output_has_what_main_has_unless_it_says_otherwise);
    RUN(outputs_come_through_json);
    RUN(outputs_are_checked);
    RUN(outputs_and_their_renditions_hold_at_their_limits);
    RUN(keys_hold_at_their_limit);
    RUN(srt_has_a_passphrase_and_a_latency);
    RUN(goes_through_json_without_its_keys);
    RUN(refuses_json_that_does_not_fit);
    vt_channel_free(&channel);
    return DONE();
}
