#include "serve/definition.h"

#include <errno.h>
#include <string.h>

#include "check.h"

static struct vt_diagnostics said;

static json_t *parsed(const char *text)
{
    json_t *definition = json_loads(text, 0, NULL);
    REQUIRE(definition != NULL);
    return definition;
}

// Reads a definition that must be taken.
static struct vt_channel read_good(const char *text)
{
    struct vt_channel channel = {.n_keys = 0};
    json_t *definition = parsed(text);
    said.count = 0;
    int error = vt_definition_read(&channel, "stall", definition, "/srv/shop", &said);
    if (error && said.count)
        printf("# %s\n", said.list[0].text);
    REQUIRE_INT(error, 0);
    json_decref(definition);
    return channel;
}

// Requires that a definition is refused, for the value at this path.
static void refuse(const char *text, const char *path, const char *words)
{
    struct vt_channel channel;
    json_t *definition = parsed(text);
    said.count = 0;
    REQUIRE_INT(vt_definition_read(&channel, "stall", definition, "/srv/shop", &said), -EINVAL);
    json_t *list = vt_definition_said(definition, &said, VT_ERROR), *first = json_array_get(list, 0);
    REQUIRE_TEXT(json_string_value(json_object_get(first, "path")), path);
    REQUIRE(strstr(json_string_value(json_object_get(first, "detail")), words) != NULL);
    json_decref(list);
    json_decref(definition);
}

TEST(an_empty_definition_is_a_channel_with_defaults)
{
    struct vt_channel channel = read_good("{}");
    REQUIRE_TEXT(channel.name, "stall");
    REQUIRE_INT(channel.outputs[0].canvas.width, 1280);
    REQUIRE_TEXT(channel.picture_root, "/srv/shop");
    vt_channel_free(&channel);
}

TEST(it_is_read_in_the_words_of_the_file)
{
    struct vt_channel channel = read_good(
        "{\"keys\": [\"k-1\"], \"canvas\": {\"size\": \"640x360\", \"fps\": 29.97}, \"language\": \"de\","
        " \"renditions\": [{\"name\": \"big\", \"size\": \"640x360\", \"bitrate\": \"800k\"}],"
        " \"hls\": {\"segment\": \"2s\", \"part\": \"none\", \"record\": true}, \"srt\": {\"passphrase\": \"0123456789\"},"
        " \"templates\": [\"cards/card.yaml\"], \"slate\": {\"image\": \"pause.png\"}, \"market\": null}");
    REQUIRE_INT(channel.n_keys, 1);
    REQUIRE_INT(channel.rate.num, 30000);
    REQUIRE_INT(channel.rate.den, 1001);
    REQUIRE_INT(channel.part_ns, 0);
    REQUIRE(channel.record);
    REQUIRE_TEXT(channel.outputs[0].language, "de");
    REQUIRE_TEXT(channel.templates[0], "/srv/shop/cards/card.yaml");
    REQUIRE_TEXT(channel.slate_image, "/srv/shop/pause.png");
    vt_channel_free(&channel);
}

TEST(what_is_wrong_is_named_by_its_path)
{
    refuse("{\"hls\": {\"segment\": \"2s\", \"prat\": \"none\"}}", "hls.prat", "part");
    refuse("{\"hls\": {\"segment\": \"90s\"}}", "hls.segment", "10s");
    refuse("{\"colour\": \"red\"}", "colour", "colour");
    refuse("{\"renditions\": [{\"name\": \"a\", \"size\": \"640x360\", \"bitrate\": \"800k\"},"
           " {\"name\": \"b b\", \"size\": \"640x360\", \"bitrate\": \"800k\"}]}", "renditions[1].name", "name");
    refuse("{\"keys\": [\"good\", \"not good\"]}", "keys[1]", "spaces");
    refuse("{\"keys\": [17]}", "keys[0]", "string");
    refuse("{\"canvas\": \"1280x720\"}", "canvas", "map");
    refuse("{\"srt\": {\"passphrase\": \"short\"}}", "srt.passphrase", "10 to 79");
    refuse("{\"name\": \"stall\"}", "name", "name");
    char text[VT_DEFINITION_PATH + 32], path[VT_DEFINITION_PATH + 16];
    for (int more = 0; more < 2; more++) {                   // a name that fits, and one that does not
        int length = VT_DEFINITION_PATH - 1 + more;
        memset(path, 'x', sizeof path);
        path[length] = 0;
        snprintf(text, sizeof text, "{\"%s\": 1}", path);
        refuse(text, more ? "" : path, "");
    }
}

TEST(files_lie_below_the_folder)
{
    refuse("{\"templates\": [\"a.yaml\", \"/etc/passwd\"]}", "templates[1]", "below");
    refuse("{\"templates\": [\"a/../../b.yaml\"]}", "templates[0]", "below");
    refuse("{\"slate\": {\"image\": \"..\"}}", "slate.image", "below");
    refuse("{\"pictures\": \"../other\"}", "pictures", "below");
    struct vt_channel channel = read_good("{\"pictures\": \"a..b\", \"templates\": [\"..a/b..\"]}");
    REQUIRE_TEXT(channel.picture_root, "/srv/shop/a..b");
    vt_channel_free(&channel);
}

TEST(it_has_a_limit)
{
    struct vt_channel channel;
    char text[VT_DEFINITION_BYTES];
    static const char frame[] = "{\n \"language\": \"\"\n}";       // as it is counted
    for (size_t more = 0; more < 2; more++) {
        size_t size = VT_DEFINITION_BYTES - (sizeof frame - 1) + more;
        memset(text, 'a', size);
        text[size] = 0;
        json_t *definition = json_pack("{s:s}", "language", text);
        int error = vt_definition_read(&channel, "stall", definition, "/", NULL);
        REQUIRE_INT(error == -EMSGSIZE, more);
        if (error == 0)
            vt_channel_free(&channel);
        json_decref(definition);
    }
}

TEST(keys_are_kept_as_hashes_and_secrets_are_not_shown)
{
    json_t *definition = parsed("{\"keys\": [\"secret\", \"sha256:abc\"], \"srt\": {\"passphrase\": \"0123456789\", \"latency\": \"1s\"}}");
    json_t *kept = vt_definition_hashed(definition), *shown = vt_definition_shown(kept);
    REQUIRE_TEXT(json_string_value(json_array_get(json_object_get(kept, "keys"), 0)),
                 "sha256:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b");
    REQUIRE_TEXT(json_string_value(json_array_get(json_object_get(kept, "keys"), 1)), "sha256:abc");
    REQUIRE_TEXT(json_string_value(json_object_get(json_object_get(kept, "srt"), "passphrase")), "0123456789");
    REQUIRE(json_object_get(shown, "keys") == NULL);
    REQUIRE(json_object_get(json_object_get(shown, "srt"), "passphrase") == NULL);
    REQUIRE_TEXT(json_string_value(json_object_get(json_object_get(shown, "srt"), "latency")), "1s");
    json_decref(shown);
    json_decref(kept);
    json_decref(definition);
}

int main(void)
{
    RUN(an_empty_definition_is_a_channel_with_defaults);
    RUN(it_is_read_in_the_words_of_the_file);
    RUN(what_is_wrong_is_named_by_its_path);
    RUN(files_lie_below_the_folder);
    RUN(it_has_a_limit);
    RUN(keys_are_kept_as_hashes_and_secrets_are_not_shown);
    return DONE();
}
