#include "base/options.h"

#include <errno.h>

#include "base/names.h"
#include "check.h"

struct thing {
    char *label;
    char name[VT_NAME_ROOM];
    int64_t count, pause, part, bitrate;
    bool on;
    struct vt_size size;
    struct vt_rational rate;
    int fit;
};

static const char *const fits[] = {"contain", "cover", "blur", NULL};
#define ROW(field) #field, .offset = offsetof(struct thing, field)
static const struct vt_option table[] = {
    {ROW(label), .type = VT_OPTION_TEXT, .doc = "what it is called"},
    {ROW(name), .type = VT_OPTION_NAME, .fallback = "main", .doc = "its name"},
    {ROW(count), .type = VT_OPTION_INT, .fallback = "3", .min = -5, .max = 10, .doc = "how many"},
    {ROW(pause), .type = VT_OPTION_DURATION, .fallback = "2s", .min = VT_NS_PER_S, .max = 60 * VT_NS_PER_S,
     .doc = "how long"},
    {ROW(part), .type = VT_OPTION_DURATION, .fallback = "none", .min = 0, .max = VT_NS_PER_S, .doc = "a part"},
    {ROW(bitrate), .type = VT_OPTION_BITRATE, .fallback = "2500k", .min = 1000, .max = 50000000, .doc = "bits"},
    {ROW(on), .type = VT_OPTION_BOOL, .fallback = "true", .doc = "whether"},
    {ROW(size), .type = VT_OPTION_SIZE, .fallback = "1280x720", .min = 16, .max = 4096, .doc = "pixels"},
    {ROW(rate), .type = VT_OPTION_RATE, .fallback = "30", .min = 1, .max = 120, .doc = "frames a second"},
    {ROW(fit), .type = VT_OPTION_CHOICE, .fallback = "cover", .choices = fits, .doc = "how"},
    {NULL},
};

static struct thing thing;      // zero at first: nothing to free
static struct vt_diagnostics diagnostics;

static void start(void)
{
    vt_options_free(table, &thing);
    memset(&thing, 0xee, sizeof thing);
    vt_options_defaults(table, &thing);
    diagnostics = (struct vt_diagnostics){0};
}

static const struct vt_option *row(const char *name)
{
    const struct vt_option *option = table;
    while (strcmp(option->name, name) != 0)
        option++;
    return option;
}

static char why[160];

static int set(const char *name, const char *text)
{
    why[0] = 0;
    return vt_option_parse(row(name), &thing, text, why, sizeof why);
}

TEST(defaults_come_from_the_rows)
{
    start();
    REQUIRE(thing.label == NULL);
    REQUIRE_TEXT(thing.name, "main");
    REQUIRE_INT(thing.count, 3);
    REQUIRE_INT(thing.pause, 2 * VT_NS_PER_S);
    REQUIRE_INT(thing.part, 0);
    REQUIRE_INT(thing.bitrate, 2500000);
    REQUIRE(thing.on);
    REQUIRE_INT(thing.size.width, 1280);
    REQUIRE_INT(thing.size.height, 720);
    REQUIRE_INT(thing.rate.num, 30);
    REQUIRE_INT(thing.fit, 1);
}

TEST(durations)
{
    start();
    REQUIRE_INT(set("pause", "1500ms"), 0);
    REQUIRE_INT(thing.pause, 1500 * VT_NS_PER_MS);
    REQUIRE_INT(set("pause", "1.5s"), 0);
    REQUIRE_INT(thing.pause, 1500 * VT_NS_PER_MS);
    REQUIRE_INT(set("pause", "1m"), 0);
    REQUIRE_INT(set("pause", "60.000000001s"), -EINVAL);
    REQUIRE_INT(thing.pause, 60 * VT_NS_PER_S);
    REQUIRE_INT(set("pause", "90s"), -EINVAL);
    REQUIRE_TEXT(why, "must be 1s to 60s, is 90s");
    REQUIRE_INT(set("pause", "none"), -EINVAL);
    REQUIRE_INT(set("pause", "2"), -EINVAL);
    REQUIRE_TEXT(why, "must be a time such as 500ms, 2s or 10m, is 2");
    REQUIRE_INT(set("pause", ""), -EINVAL);
    REQUIRE_TEXT(why, "must be a time such as 500ms, 2s or 10m, is empty");
    REQUIRE_INT(set("pause", "99999999999999999999s"), -EINVAL);
    REQUIRE_INT(set("pause", "9223372036854775807h"), -EINVAL);
    REQUIRE_INT(set("pause", "-2s"), -EINVAL);
    REQUIRE_INT(set("part", "333ms"), 0);
    REQUIRE_INT(set("part", "2s"), -EINVAL);
    REQUIRE_TEXT(why, "must be none or up to 1s, is 2s");
    REQUIRE_INT(thing.part, 333 * VT_NS_PER_MS);
}

TEST(numbers)
{
    start();
    REQUIRE_INT(set("count", "-5"), 0);
    REQUIRE_INT(set("count", "10"), 0);
    REQUIRE_INT(set("count", "11"), -EINVAL);
    REQUIRE_TEXT(why, "must be -5 to 10, is 11");
    REQUIRE_INT(set("count", "-6"), -EINVAL);
    REQUIRE_INT(set("count", "1x"), -EINVAL);
    REQUIRE_INT(set("count", "9223372036854775808"), -EINVAL);
    REQUIRE_INT(thing.count, 10);
    REQUIRE_INT(set("bitrate", "2.5M"), 0);
    REQUIRE_INT(thing.bitrate, 2500000);
    REQUIRE_INT(set("bitrate", "64000"), 0);
    REQUIRE_INT(thing.bitrate, 64000);
    REQUIRE_INT(set("bitrate", "51M"), -EINVAL);
    REQUIRE_TEXT(why, "must be 1k to 50000k, is 51M");
    REQUIRE_INT(set("bitrate", "fast"), -EINVAL);
}

TEST(sizes_rates_and_words)
{
    start();
    REQUIRE_INT(set("size", "16x4096"), 0);
    REQUIRE_INT(set("size", "15x4096"), -EINVAL);
    REQUIRE_TEXT(why, "must have sides of 16 to 4096 pixels, is 15x4096");
    REQUIRE_INT(set("size", "16x4097"), -EINVAL);
    REQUIRE_INT(set("size", "1280*720"), -EINVAL);
    REQUIRE_INT(set("size", "99999999999x16"), -EINVAL);
    REQUIRE_INT(thing.size.height, 4096);
    REQUIRE_INT(set("rate", "120"), 0);
    REQUIRE_INT(set("rate", "120.5"), -EINVAL);
    REQUIRE_INT(set("rate", "1/2"), -EINVAL);
    REQUIRE_INT(set("rate", "29.97"), 0);
    REQUIRE_INT(thing.rate.den, 1001);
    REQUIRE_INT(set("fit", "blur"), 0);
    REQUIRE_INT(set("fit", "zoom"), -EINVAL);
    REQUIRE_TEXT(why, "must be contain, cover or blur, is zoom");
    REQUIRE_INT(thing.fit, 2);
    REQUIRE_INT(set("on", "off"), 0);
    REQUIRE(!thing.on);
    REQUIRE_INT(set("on", "maybe"), -EINVAL);
    REQUIRE_INT(set("name", "a b"), -EINVAL);
    REQUIRE_INT(set("label", "gr\xc3\xbcn"), 0);
    REQUIRE_TEXT(thing.label, "gr\xc3\xbcn");
}

static int from_yaml(const char *text)
{
    static const char *const others[] = {"keys", NULL};
    struct vt_yaml_document *document = NULL;
    start();
    REQUIRE_INT(vt_yaml_parse(&document, text, strlen(text), &diagnostics), 0);
    int err = vt_options_from_yaml(table, others, &thing, vt_yaml_root(document), &diagnostics);
    vt_yaml_free(&document);
    return err;
}

static void require_error(int i, int line, int column, const char *text)
{
    REQUIRE(diagnostics.count > i);
    REQUIRE_INT(diagnostics.list[i].line, line);
    REQUIRE_INT(diagnostics.list[i].column, column);
    REQUIRE_TEXT(diagnostics.list[i].text, text);
}

TEST(reads_a_map)
{
    REQUIRE_INT(from_yaml("label: x\ncount: 7\nkeys: [a]\nrate: 25\n"), 0);
    REQUIRE_TEXT(thing.label, "x");
    REQUIRE_INT(thing.count, 7);
    REQUIRE_INT(thing.rate.num, 25);
    REQUIRE_INT(from_yaml("label: null\n"), 0);
    REQUIRE(thing.label == NULL);
}

TEST(says_what_is_wrong_and_where)
{
    REQUIRE_INT(from_yaml("lable: x\ncount: 77\nmangos: 1\nsize: [1, 2]\nkey: 2\non:\n"), -EINVAL);
    REQUIRE_INT(diagnostics.errors, 6);
    require_error(0, 1, 1, "unknown key lable: did you mean label?");
    require_error(1, 2, 8, "count must be -5 to 10, is 77");
    require_error(2, 3, 1, "unknown key mangos");
    require_error(3, 4, 7, "size must be one value, not a list");
    require_error(4, 5, 1, "unknown key key: did you mean keys?");
    REQUIRE_INT(diagnostics.list[5].line, 6);
    REQUIRE_TEXT(diagnostics.list[5].text, "on must be true or false, is empty");
    REQUIRE_INT(thing.count, 3);
    REQUIRE_INT(from_yaml("[1]\n"), -EINVAL);
}

TEST(goes_through_json_and_back)
{
    start();
    set("label", "x");
    set("part", "333ms");
    set("pause", "1.5005s");
    set("rate", "59.94");
    set("bitrate", "123456");
    json_t *json = vt_options_to_json(table, &thing);
    REQUIRE_TEXT(json_string_value(json_object_get(json, "part")), "333ms");
    REQUIRE_TEXT(json_string_value(json_object_get(json, "pause")), "1500.500000ms");
    REQUIRE_TEXT(json_string_value(json_object_get(json, "rate")), "60000/1001");
    REQUIRE_TEXT(json_string_value(json_object_get(json, "size")), "1280x720");
    REQUIRE_TEXT(json_string_value(json_object_get(json, "fit")), "cover");
    REQUIRE_INT(json_integer_value(json_object_get(json, "count")), 3);
    REQUIRE(json_is_true(json_object_get(json, "on")));
    struct thing copy;
    vt_options_defaults(table, &copy);
    REQUIRE_INT(vt_options_from_json(table, NULL, &copy, json, NULL), 0);
    json_t *again = vt_options_to_json(table, &copy);
    REQUIRE(json_equal(json, again));
    json_decref(json);
    json_decref(again);
    vt_options_free(table, &copy);
    REQUIRE(copy.label == NULL);
}

TEST(refuses_wrong_json)
{
    start();
    json_t *json = json_pack("{s:i, s:s, s:b, s:n, s:[]}", "rate", 50, "mangos", "1", "size", 1, "name", "label");
    REQUIRE_INT(vt_options_from_json(table, NULL, &thing, json, &diagnostics), -EINVAL);
    REQUIRE_INT(thing.rate.num, 50);
    REQUIRE_INT(diagnostics.errors, 4);
    require_error(1, 0, 0, "size has a value of the wrong type");
    json_decref(json);
    json = json_array();
    REQUIRE_INT(vt_options_from_json(table, NULL, &thing, json, &diagnostics), -EINVAL);
    json_decref(json);
}

TEST(a_table_documents_itself)
{
    struct vt_writer w = {.limit = 0};
    vt_options_document(table, "x.", &w);
    vt_write_u8(&w, 0);
    REQUIRE(!w.failed);
    for (const struct vt_option *option = table; option->name; option++) {
        char row[64];
        snprintf(row, sizeof row, "| `x.%s` | ", option->name);
        const char *at = strstr((const char *)w.data, row);
        REQUIRE(at != NULL);
        int columns = 0;
        for (; *at != '\n'; at++)
            columns += *at == '|';
        REQUIRE_INT(columns, 6);
    }
    vt_writer_free(&w);
}

int main(void)
{
    RUN(defaults_come_from_the_rows);
    RUN(durations);
    RUN(numbers);
    RUN(sizes_rates_and_words);
    RUN(reads_a_map);
    RUN(says_what_is_wrong_and_where);
    RUN(goes_through_json_and_back);
    RUN(refuses_wrong_json);
    vt_options_free(table, &thing);
    RUN(a_table_documents_itself);
    return DONE();
}
