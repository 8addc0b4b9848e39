#include <errno.h>

#include "check.h"
#include "serve/json.h"
#include "serve/product.h"

static struct vt_flaw flaw;

static int check_as(const char *id, const char *text)
{
    char why[VT_JSON_WHY];
    json_t *product = vt_json_parse(text, strlen(text), VT_PRODUCT_DEPTH, why);
    if (!product)
        check_fail(__FILE__, __LINE__, "%s: %s", text, why);
    int result = vt_product_check(product, id, &flaw);
    json_decref(product);
    return result;
}

TEST(a_whole_product_is_valid)
{
    REQUIRE_INT(check_as("SKU-123",
        "{\"id\":\"SKU-123\",\"title\":\"Trail shoe\",\"brand\":\"Nord\",\"link\":\"https://shop.example/p/1?a=b\","
        "\"image_link\":\"pictures/shoe.png\",\"availability\":\"in_stock\",\"price\":{\"amount\":9999,"
        "\"currency\":\"EUR\"},\"sale_price\":{\"amount\":5999,\"currency\":\"EUR\"},"
        "\"sale_price_effective_date\":\"2026-03-01T19:00:00Z/2026-03-01T19:14:12Z\","
        "\"prior_price\":{\"amount\":8999,\"currency\":\"EUR\",\"type\":\"lowest_30d\",\"from\":\"2026-01-30\","
        "\"to\":\"2026-02-28T23:59:59Z\"},"
        "\"stock\":{\"available\":37,\"total\":500,\"as_of\":\"2026-03-01T19:00:00Z\"},"
        "\"offer\":{\"id\":\"flash10\",\"ends_at\":\"2026-03-01T19:00:00+01:00\",\"quota\":500},"
        "\"i18n\":{\"de\":{\"title\":\"Laufschuh\"}},\"a shop's own\":[1,{\"x\":null}]}"), 0);
    REQUIRE_INT(check_as("1", "{\"title\":\"x\",\"price\":null,\"rev\":7}"), 0);
}

static const struct {
    const char *text, *where;
} flaws[] = {
    {"[]", ""},
    {"{}", "/title"},
    {"{\"title\":\"\"}", "/title"},
    {"{\"title\":7}", "/title"},
    {"{\"title\":null}", "/title"},
    {"{\"id\":\"other\",\"title\":\"x\"}", "/id"},
    {"{\"title\":\"x\",\"price\":{\"amount\":59.99,\"currency\":\"EUR\"}}", "/price/amount"},
    {"{\"title\":\"x\",\"price\":{\"amount\":-1,\"currency\":\"EUR\"}}", "/price/amount"},
    {"{\"title\":\"x\",\"price\":{\"amount\":9007199254740992,\"currency\":\"EUR\"}}", "/price/amount"},
    {"{\"title\":\"x\",\"price\":{\"currency\":\"EUR\"}}", "/price/amount"},
    {"{\"title\":\"x\",\"price\":{\"amount\":1}}", "/price/currency"},
    {"{\"title\":\"x\",\"price\":{\"amount\":1,\"currency\":\"euro\"}}", "/price/currency"},
    {"{\"title\":\"x\",\"price\":{\"amount\":1,\"currency\":\"eur\"}}", "/price/currency"},
    {"{\"title\":\"x\",\"price\":5999}", "/price"},
    {"{\"title\":\"x\",\"link\":\"javascript:alert(1)\"}", "/link"},
    {"{\"title\":\"x\",\"link\":\"//shop.example\"}", "/link"},
    {"{\"title\":\"x\",\"image_link\":\"../secret.png\"}", "/image_link"},
    {"{\"title\":\"x\",\"image_link\":\"a/../../b.png\"}", "/image_link"},
    {"{\"title\":\"x\",\"image_link\":\"a/..\"}", "/image_link"},
    {"{\"title\":\"x\",\"image_link\":\"/etc/passwd\"}", "/image_link"},
    {"{\"title\":\"x\",\"image_link\":\"file:///etc/passwd\"}", "/image_link"},
    {"{\"title\":\"x\",\"additional_image_link\":[\"a.png\",\"../b.png\"]}", "/additional_image_link"},
    {"{\"title\":\"x\",\"availability\":\"maybe\"}", "/availability"},
    {"{\"title\":\"x\",\"stock\":{\"available\":-1}}", "/stock/available"},
    {"{\"title\":\"x\",\"stock\":{\"as_of\":\"today\"}}", "/stock/as_of"},
    {"{\"title\":\"x\",\"sale_price_effective_date\":\"2026-03-02T00:00:00Z/2026-03-01T00:00:00Z\"}",
     "/sale_price_effective_date"},
    {"{\"title\":\"x\",\"prior_price\":{\"amount\":1,\"currency\":\"EUR\",\"from\":\"2026-02-30\"}}", "/prior_price/from"},
    {"{\"title\":\"x\",\"prior_price\":{\"amount\":1,\"currency\":\"EUR\",\"to\":20260228}}", "/prior_price/to"},
    {"{\"title\":\"x\",\"prior_price\":{\"amount\":1,\"currency\":\"EUR\",\"type\":30}}", "/prior_price/type"},
    {"{\"title\":\"x\",\"offer\":{\"ends_at\":1}}", "/offer/ends_at"},
    {"{\"title\":\"x\",\"i18n\":{\"de\":\"Laufschuh\"}}", "/i18n/de"},
    {"{\"title\":\"x\",\"i18n\":{\"de\":{\"title\":1}}}", "/i18n/de/title"},
};

TEST(each_flaw_is_named_by_its_place)
{
    for (size_t i = 0; i < sizeof flaws / sizeof *flaws; i++) {
        if (check_as("SKU-1", flaws[i].text) != -EINVAL)
            check_fail(__FILE__, __LINE__, "%s passes", flaws[i].text);
        REQUIRE_TEXT(flaw.where, flaws[i].where);
        REQUIRE(flaw.why[0]);
    }
}

TEST(ids_are_limited)
{
    char id[80];
    memset(id, 'a', sizeof id);
    id[VT_PRODUCT_ID_MAX] = 0;
    REQUIRE(vt_product_id_valid(id));
    id[VT_PRODUCT_ID_MAX] = 'a';
    id[VT_PRODUCT_ID_MAX + 1] = 0;
    REQUIRE(!vt_product_id_valid(id));
    REQUIRE(vt_product_id_valid("SKU-1.2_3:4~5"));
    REQUIRE(!vt_product_id_valid(""));
    REQUIRE(!vt_product_id_valid(NULL));
    REQUIRE(!vt_product_id_valid(".."));
    REQUIRE(!vt_product_id_valid("a/b"));
    REQUIRE(!vt_product_id_valid("a b"));
}

TEST(sizes_are_limited)
{
    json_t *product = json_pack("{s:s}", "title", "x");
    static char filling[VT_PRODUCT_BYTES];
    size_t bare = strlen("{\"title\":\"x\",\"own\":\"\"}");
    memset(filling, 'a', sizeof filling);
    filling[VT_PRODUCT_BYTES - bare] = 0;
    json_object_set_new(product, "own", json_string(filling));
    REQUIRE_INT(vt_product_check(product, "a", &flaw), 0);
    filling[VT_PRODUCT_BYTES - bare] = 'a';
    json_object_set_new(product, "own", json_stringn(filling, VT_PRODUCT_BYTES - bare + 1));
    REQUIRE_INT(vt_product_check(product, "a", &flaw), -EINVAL);
    json_object_del(product, "own");
    json_object_set_new(product, "title", json_stringn(filling, VT_PRODUCT_TITLE));
    REQUIRE_INT(vt_product_check(product, "a", &flaw), 0);
    json_object_set_new(product, "title", json_stringn(filling, VT_PRODUCT_TITLE + 1));
    REQUIRE_INT(vt_product_check(product, "a", &flaw), -EINVAL);
    json_decref(product);
}

TEST(links_are_web_addresses)
{
    REQUIRE(vt_url_valid("https://shop.example"));
    REQUIRE(vt_url_valid("http://[::1]:8080/a?b#c"));
    REQUIRE(!vt_url_valid("https://"));
    REQUIRE(!vt_url_valid("https:///path"));
    REQUIRE(!vt_url_valid("ftp://shop.example"));
    REQUIRE(!vt_url_valid("HTTPS//x"));
    REQUIRE(!vt_url_valid("https://a b"));
    REQUIRE(!vt_url_valid("https://a\"onclick"));
    REQUIRE(!vt_url_valid("data:text/html,x"));
}

static void merges_to(const char *target, const char *patch, const char *expected)
{
    char why[VT_JSON_WHY];
    json_t *a = target ? vt_json_parse(target, strlen(target), 8, why) : NULL;
    json_t *b = vt_json_parse(patch, strlen(patch), 8, why);
    json_t *result = vt_json_merge_patch(a, b);
    char *text = json_dumps(result, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    char *kept = a ? json_dumps(a, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    json_decref(a);
    json_decref(b);
    json_decref(result);
    bool same = strcmp(text, expected) == 0, untouched = !kept || strcmp(kept, target) == 0;
    free(text);
    free(kept);
    if (!same || !untouched)
        check_fail(__FILE__, __LINE__, "%s with %s is not %s", target ? target : "-", patch, expected);
}

// The examples of RFC 7396, appendix A, that are about objects.
TEST(patches_are_merged)
{
    merges_to("{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}");
    merges_to("{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}");
    merges_to("{\"a\":\"b\"}", "{\"a\":null}", "{}");
    merges_to("{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}");
    merges_to("{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}");
    merges_to("{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}");
    merges_to("{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}");
    merges_to("{\"e\":null}", "{\"a\":1}", "{\"a\":1,\"e\":null}");
    merges_to("{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}");
    merges_to("[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}");
    merges_to(NULL, "{\"a\":1,\"b\":null}", "{\"a\":1}");
    merges_to("{\"a\":\"foo\"}", "[\"c\"]", "[\"c\"]");
}

static bool parses(const char *text, int depth)
{
    char why[VT_JSON_WHY] = "";
    json_t *value = vt_json_parse(text, strlen(text), depth, why);
    json_decref(value);
    if (!value)
        REQUIRE(why[0]);
    return value;
}

TEST(json_is_limited)
{
    REQUIRE(parses("[[[]]]", 3));
    REQUIRE(!parses("[[[[]]]]", 3));
    REQUIRE(parses("{\"a\":\"[[[[{{{{\\\"[[\"}", 1));
    REQUIRE(!parses("{\"a\":1,\"a\":2}", 3));
    REQUIRE(!parses("{\"a\":1", 3));
    REQUIRE(!parses("", 3));
    REQUIRE(!parses("{} x", 3));
    REQUIRE(!parses("\"\xff\"", 3));
}

int main(void)
{
    RUN(a_whole_product_is_valid);
    RUN(each_flaw_is_named_by_its_place);
    RUN(ids_are_limited);
    RUN(sizes_are_limited);
    RUN(links_are_web_addresses);
    RUN(patches_are_merged);
    RUN(json_is_limited);
    return DONE();
}
