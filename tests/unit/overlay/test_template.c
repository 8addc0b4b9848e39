#include "check.h"

#include <errno.h>

#include "overlay/overlay.h"

static const char head[] = "id: com.example.t\nversion: 1.0.0\nname: T\n";
static struct vt_diagnostics said;

static int load(const char *rest, struct vt_template **ret)
{
    static char text[2 * VT_TEMPLATE_BYTES];
    memset(&said, 0, sizeof said);
    int size = snprintf(text, sizeof text, "%s%s", head, rest);
    return vt_template_load(ret, "t.yaml", text, (size_t)size, &said);
}

// Loads what must be refused and requires the first complaint.
static void refused(const char *rest, int line, int column, const char *why)
{
    struct vt_template *t = NULL;
    int r = load(rest, &t);
    REQUIRE(r != 0 && !t);
    REQUIRE(said.errors > 0);
    REQUIRE_TEXT(said.list[0].text, why);
    REQUIRE_INT(said.list[0].line, line);
    if (column)
        REQUIRE_INT(said.list[0].column, column);
}

TEST(a_small_template_loads)
{
    struct vt_template *t = NULL;
    REQUIRE_INT(load("layout: { type: box, id: a, style: { width: 10px } }\n", &t), 0);
    REQUIRE_TEXT(vt_template_id(t), "com.example.t");
    REQUIRE_TEXT(vt_template_version(t), "1.0.0");
    REQUIRE_TEXT(vt_template_title(t), "T");
    REQUIRE(!vt_template_needs_product(t));
    REQUIRE(!vt_template_samples(t)[0]);
    struct vt_template *other = vt_template_ref(t);
    vt_template_unref(&t);
    REQUIRE(!t);
    REQUIRE_TEXT(vt_template_id(other), "com.example.t");
    vt_template_unref(&other);
    vt_template_unref(&other);
}

TEST(slips_are_found_and_the_nearest_name_is_said)
{
    refused("layuot: { type: box }\n", 4, 1, "unknown key \"layuot\" of a template; did you mean \"layout\"?");
    refused("layout:\n  type: bocks\n", 5, 9, "unknown type \"bocks\"");
    refused("layout:\n  type: txt\n  text: a\n", 5, 9, "unknown type \"txt\"; did you mean \"text\"?");
    refused("layout:\n  type: box\n  style: { colour: \"#fff\" }\n", 6, 12,
            "unknown style \"colour\"; did you mean \"color\"?");
    refused("layout:\n  type: box\n  style: { color: red }\n", 6, 19,
            "`color` must be a colour such as \"#e5123d\" or \"{color.sale}\", is: \"red\"");
    refused("layout:\n  type: box\n  childern: []\n", 6, 3, "unknown key \"childern\" of a box; did you mean \"children\"?");
    refused("layout:\n  type: text\n  text: \"{{ a | mony }}\"\n", 6, 0,
            "unknown filter \"mony\"; did you mean \"money\"?");
    refused("layout: { type: box, when: a and }\n", 4, 0, "a value is missing here");
    refused("layout: { type: box }\nvariants: [ { when: { orientation: portrate }, set: {} } ]\n", 5, 0,
            "`orientation` cannot be \"portrate\"; did you mean \"portrait\"?");
    refused("layout: { type: box, id: card }\nvariants:\n  - when: { dir: rtl }\n    set: { crad: { style: {} } }\n", 7, 12,
            "no node has the id \"crad\"; did you mean \"card\"?");
    refused("layout: { type: box, id: a, style: { background: \"{color.sael}\" } }\n", 4, 0,
            "there is no token \"color.sael\"");
    refused("layout: { type: box, hotspot: { action: view_item, label: a } }\n", 4, 22,
            "a node with a hotspot needs an `id`");
    refused("layout: { type: box, id: a, hotspot: { action: veiw_item, label: a } }\n", 4, 0,
            "`action` cannot be \"veiw_item\"; did you mean \"view_item\"?");
}

TEST(what_is_not_drawn_yet_is_refused_by_name)
{
    refused("layout:\n  type: lottie\n", 5, 9, "nodes of type \"lottie\" are not supported yet");
    refused("layout:\n  type: video\n", 5, 9, "nodes of type \"video\" are not supported yet");
    refused("layout:\n  type: box\n  style: { writing-mode: a }\n", 6, 12, "the style \"writing-mode\" is not supported yet");
    refused("layout:\n  type: timer\n  until: a\n  role: a\n", 7, 3,
            "the key \"role\" of a timer is not supported yet");
    refused("layout: { type: box }\nmotion: { update: {} }\n", 5, 11, "the key \"update\" of `motion` is not supported yet");
    refused("layout: { type: box, id: a, hotspot: { action: view_item, label: a, live-from: enter } }\n", 4, 0,
            "the key \"live-from\" of `hotspot` is not supported yet");
}

TEST(scalars_are_what_the_schema_says)
{
    struct vt_template *t = NULL;
    REQUIRE_INT(load("layout: { type: text, text: no, style: { aspect-ratio: 16:9 } }\n"
                     "schema: { properties: { n: { type: integer }, s: { type: string } } }\n"
                     "samples: { one: { n: 1, s: 1e3 }, two: { s: no } }\n", &t), 0);
    json_t *one = vt_template_sample(t, NULL, NULL, NULL), *two = vt_template_sample(t, "two", NULL, NULL);
    REQUIRE(json_is_integer(json_object_get(one, "n")));
    REQUIRE_TEXT(json_string_value(json_object_get(one, "s")), "1e3");
    REQUIRE_TEXT(json_string_value(json_object_get(two, "s")), "no");
    REQUIRE(!vt_template_sample(t, "three", NULL, NULL));
    REQUIRE_TEXT(vt_template_samples(t)[1], "two");
    json_decref(one);
    json_decref(two);
    vt_template_unref(&t);
}

TEST(samples_extend_products)
{
    struct vt_template *t = NULL;
    const char *language = NULL;
    REQUIRE_INT(load("layout: { type: box }\nschema: { required: [product], properties: { product: { type: object,"
                     " gddType: v_product }, offer: { type: object, gddType: v_offer } } }\n"
                     "samples: { a: { lang: ar, product: { extends: sample:x, title: New, stock: { available: 1 } },"
                     " offer: sample:f }, b: { product: sample:x } }\n", &t), 0);
    REQUIRE(vt_template_needs_product(t));
    json_t *products = json_loads("[{\"id\":\"x\",\"title\":\"Old\",\"brand\":\"B\",\"offer\":{\"id\":\"f\"}}]", 0, NULL);
    json_t *a = vt_template_sample(t, "a", products, &language);
    json_t *product = json_object_get(a, "product");
    REQUIRE_TEXT(language, "ar");
    REQUIRE_TEXT(json_string_value(json_object_get(product, "title")), "New");
    REQUIRE_TEXT(json_string_value(json_object_get(product, "brand")), "B");
    REQUIRE_INT(json_integer_value(json_object_get(json_object_get(product, "stock"), "available")), 1);
    REQUIRE_TEXT(json_string_value(json_object_get(json_object_get(a, "offer"), "id")), "f");
    REQUIRE_TEXT(json_string_value(json_object_get(json_array_get(products, 0), "title")), "Old");
    json_decref(a);
    json_decref(products);
    vt_template_unref(&t);
}

TEST(a_token_file_is_a_warning)
{
    struct vt_template *t = NULL;
    REQUIRE_INT(load("tokens: brand.tokens.json\nlayout: { type: box, style: { background: \"{color.sale}\" } }\n", &t), 0);
    REQUIRE_INT(said.warnings, 1);
    REQUIRE_INT(said.errors, 0);
    vt_template_unref(&t);
}

static char *repeated(const char *first, const char *each, int count, const char *last)
{
    size_t size = strlen(first) + strlen(each) * (size_t)count + strlen(last) + 1;
    char *text = calloc(1, size), *at = text + sprintf(text, "%s", first);
    for (int i = 0; i < count; i++)
        at += sprintf(at, "%s", each);
    strcpy(at, last);
    return text;
}

static int load_repeated(const char *first, const char *each, int count, const char *last)
{
    struct vt_template *t = NULL;
    char *text = repeated(first, each, count, last);
    int r = load(text, &t);
    free(text);
    vt_template_unref(&t);
    return r;
}

// At a limit, and one past it.
TEST(limits_hold)
{
    REQUIRE_INT(load_repeated("layout:\n  type: box\n  children:\n", "    - { type: box }\n", VT_TEMPLATE_NODES - 1, ""), 0);
    REQUIRE_INT(load_repeated("layout:\n  type: box\n  children:\n", "    - { type: box }\n", VT_TEMPLATE_NODES, ""), -EFBIG);

    char *inner = repeated("", "] }", VT_TEMPLATE_DEPTH - 1, "\n");
    REQUIRE_INT(load_repeated("layout: ", "{ type: box, children: [ ", VT_TEMPLATE_DEPTH - 1, ""), -EINVAL);
    char *deep = repeated("layout: ", "{ type: box, children: [ ", VT_TEMPLATE_DEPTH - 1, "{ type: box }");
    char *text = repeated(deep, inner, 1, "");
    struct vt_template *t = NULL;
    REQUIRE_INT(load(text, &t), 0);
    vt_template_unref(&t);
    free(text);
    free(deep);
    free(inner);
    inner = repeated("", "] }", VT_TEMPLATE_DEPTH, "\n");
    deep = repeated("layout: ", "{ type: box, children: [ ", VT_TEMPLATE_DEPTH, "{ type: box }");
    text = repeated(deep, inner, 1, "");
    REQUIRE_INT(load(text, &t), -EINVAL);
    free(text);
    free(deep);
    free(inner);

    REQUIRE_INT(load("layout: { type: box, style: { font-size: 1000px } }\n", &t), 0);
    vt_template_unref(&t);
    REQUIRE_INT(load("layout: { type: box, style: { font-size: 1001px } }\n", &t), -EINVAL);
    size_t room = VT_TEMPLATE_BYTES - strlen(head) - strlen("layout: { type: box }\n");
    REQUIRE_INT(load_repeated("layout: { type: box }\n", "#", (int)room, ""), 0);
    REQUIRE_INT(load_repeated("layout: { type: box }\n", "#", (int)room + 1, ""), -EFBIG);
}

int main(void)
{
    RUN(a_small_template_loads);
    RUN(slips_are_found_and_the_nearest_name_is_said);
    RUN(what_is_not_drawn_yet_is_refused_by_name);
    RUN(scalars_are_what_the_schema_says);
    RUN(samples_extend_products);
    RUN(a_token_file_is_a_warning);
    RUN(limits_hold);
    return DONE();
}
