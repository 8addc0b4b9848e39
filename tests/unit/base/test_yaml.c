#include "base/yaml.h"

#include <errno.h>

#include "check.h"

static struct vt_diagnostics diagnostics;
static struct vt_yaml_document *document;

static int parse_sized(const char *text, size_t size)
{
    vt_yaml_free(&document);
    diagnostics = (struct vt_diagnostics){0};
    return vt_yaml_parse(&document, text, size, &diagnostics);
}

static int parse(const char *text)
{
    return parse_sized(text, strlen(text));
}

static const struct vt_yaml *root(const char *text)
{
    REQUIRE_INT(parse(text), 0);
    return vt_yaml_root(document);
}

static void require_error(const char *text, int line, int column, const char *part)
{
    REQUIRE_INT(parse(text), -EINVAL);
    REQUIRE(document == NULL);
    REQUIRE_INT(diagnostics.errors, 1);
    REQUIRE_INT(diagnostics.list[0].line, line);
    REQUIRE_INT(diagnostics.list[0].column, column);
    if (!strstr(diagnostics.list[0].text, part))
        REQUIRE_TEXT(diagnostics.list[0].text, part);
}

TEST(reads_maps_lists_and_places)
{
    const struct vt_yaml *map = root("a: 16:9\nb:\n  - x\n  - {c: 'no', d: null}\n");
    REQUIRE_INT(map->kind, VT_YAML_MAP);
    REQUIRE_INT(map->count, 2);
    const struct vt_yaml *a = vt_yaml_get(map, "a"), *b = vt_yaml_get(map, "b");
    REQUIRE_TEXT(a->text, "16:9");
    REQUIRE_INT(a->size, 4);
    REQUIRE(!a->quoted);
    REQUIRE_INT(a->line, 1);
    REQUIRE_INT(a->column, 4);
    REQUIRE_INT(b->kind, VT_YAML_LIST);
    REQUIRE_INT(b->count, 2);
    REQUIRE_INT(b->key_line, 2);
    REQUIRE_INT(b->key_column, 1);
    const struct vt_yaml *inner = b->first->next, *c = vt_yaml_get(inner, "c");
    REQUIRE_TEXT(c->text, "no");
    REQUIRE(c->quoted && !vt_yaml_is_null(c));
    REQUIRE_INT(c->line, 4);
    REQUIRE(vt_yaml_is_null(vt_yaml_get(inner, "d")));
    REQUIRE(vt_yaml_get(inner, "e") == NULL);
    REQUIRE(inner->next == NULL && c->next == vt_yaml_get(inner, "d"));
}

TEST(empty_input_is_an_empty_map)
{
    static const char *const texts[] = {"", "# nothing\n", "---\n", "---\n...\n", "~", "\xef\xbb\xbf"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const struct vt_yaml *map = root(texts[i]);
        REQUIRE_INT(map->kind, VT_YAML_MAP);
        REQUIRE_INT(map->count, 0);
    }
}

TEST(scalars_stay_text)
{
    const struct vt_yaml *map = root("a: no\nb: 1e3\nc: \"\"\nd:\ne: \"\\u00fc\"\nf: |\n  two\n  lines\n");
    REQUIRE_TEXT(vt_yaml_get(map, "a")->text, "no");
    REQUIRE_TEXT(vt_yaml_get(map, "b")->text, "1e3");
    REQUIRE(!vt_yaml_is_null(vt_yaml_get(map, "c")));
    REQUIRE(vt_yaml_is_null(vt_yaml_get(map, "d")));
    REQUIRE_TEXT(vt_yaml_get(map, "e")->text, "\xc3\xbc");
    REQUIRE_TEXT(vt_yaml_get(map, "f")->text, "two\nlines\n");
}

TEST(refuses_what_configurations_do_not_need)
{
    require_error("a: &x 1\n", 1, 4, "anchors");
    require_error("a: &x [1]\n", 1, 4, "anchors");
    require_error("a: &x {b: 1}\n", 1, 4, "anchors");
    require_error("a: 1\nb: *x\n", 2, 4, "aliases");
    require_error("a: !!str 1\n", 1, 4, "tags");
    require_error("a: !x [1]\n", 1, 4, "tags");
    require_error("a: !x {b: 1}\n", 1, 4, "tags");
    require_error("a:\n  <<: {b: 1}\n", 2, 3, "merge");
    require_error("a: 1\n---\nb: 2\n", 2, 1, "second");
    require_error("a: 1\nb: 2\na: 3\n", 3, 1, "a stands here twice");
    require_error("[1, 2]: 3\n", 1, 1, "key");
    require_error("{a: 1}: 3\n", 1, 1, "key");
    require_error("a: \"x\\0y\"\n", 1, 4, "NUL");
    require_error("? \n: 1\n", 1, 2, "no key");
}

TEST(quoted_arrows_are_a_key_like_any_other)
{
    REQUIRE_TEXT(vt_yaml_get(root("'<<': 1\n"), "<<")->text, "1");
}

TEST(says_where_syntax_breaks)
{
    require_error("a: 1\nb: [1, 2\nc: 3\n", 3, 2, "not YAML");
    require_error("a: 1\n\tb: 2\n", 2, 1, "not YAML");
    require_error("a: 1\nb: gr\xfcn\n", 2, 6, "not YAML");
    require_error("a: 'x\n", 2, 1, "not YAML");
}

static char *repeat(const char *part, size_t count, const char *end)
{
    size_t size = strlen(part);
    char *text = malloc(size * count + strlen(end) + 1);
    REQUIRE(text != NULL);
    for (size_t i = 0; i < count; i++)
        memcpy(text + i * size, part, size);
    memcpy(text + size * count, end, strlen(end) + 1);
    return text;
}

TEST(depth_holds_at_its_limit)
{
    char *text = repeat("[", VT_YAML_DEPTH, ""), *close = repeat("]", VT_YAML_DEPTH, "");
    char both[4 * VT_YAML_DEPTH];
    snprintf(both, sizeof both, "%s%s", text, close);
    REQUIRE_INT(parse(both), 0);
    snprintf(both, sizeof both, "[%s%s]", text, close);
    require_error(both, 1, VT_YAML_DEPTH + 1, "deeply");
    free(text);
    free(close);
}

TEST(nodes_hold_at_their_limit)
{
    char *text = repeat("- 1\n", VT_YAML_NODES - 1, "");     // and the list itself
    REQUIRE_INT(parse(text), 0);
    REQUIRE_INT(vt_yaml_root(document)->count, VT_YAML_NODES - 1);
    free(text);
    text = repeat("- 1\n", VT_YAML_NODES, "");
    require_error(text, VT_YAML_NODES, 3, "too many");
    free(text);
}

TEST(bytes_hold_at_their_limit)
{
    char *text = repeat("#", VT_YAML_BYTES, "#");
    REQUIRE_INT(parse_sized(text, VT_YAML_BYTES), 0);
    REQUIRE_INT(parse_sized(text, VT_YAML_BYTES + 1), -EINVAL);
    REQUIRE_INT(diagnostics.errors, 1);
    free(text);
}

TEST(long_scalars_fit)
{
    char *text = repeat("x", 100000, "");
    REQUIRE_INT(root(text)->size, 100000);
    free(text);
}

TEST(a_missing_listener_is_fine)
{
    vt_yaml_free(&document);
    REQUIRE_INT(vt_yaml_parse(&document, "a: *b", 5, NULL), -EINVAL);
    REQUIRE(document == NULL);
}

int main(void)
{
    RUN(reads_maps_lists_and_places);
    RUN(empty_input_is_an_empty_map);
    RUN(scalars_stay_text);
    RUN(refuses_what_configurations_do_not_need);
    RUN(quoted_arrows_are_a_key_like_any_other);
    RUN(says_where_syntax_breaks);
    RUN(depth_holds_at_its_limit);
    RUN(nodes_hold_at_their_limit);
    RUN(bytes_hold_at_their_limit);
    RUN(long_scalars_fit);
    RUN(a_missing_listener_is_fine);
    vt_yaml_free(&document);
    return DONE();
}
