#include "check.h"

#include "overlay/expression.h"
#include "overlay/overlay.h"

static json_t *data;

static const char *const words =
    "en: {left: {one: 'Last one', other: '{n} left'}, was: Was}\n"
    "ar: {left: {one: a, two: b, few: '{n} c', many: '{n} d', other: '{n} e'}}\n";

// The text with its values, in `language`.
static const char *render(const char *text, const char *language, bool isolate)
{
    static char out[VT_TEXT_BYTES + 1];
    struct vt_yaml_document *document = NULL;
    struct vt_writer writer = { .limit = VT_TEXT_BYTES };
    vt_yaml_parse(&document, words, strlen(words), NULL);
    struct vt_scope scope = { .data = data, .language = language, .strings = vt_yaml_root(document) };
    vt_expression_text(text, &scope, isolate, &writer);
    memcpy(out, writer.data ? (char *)writer.data : "", writer.size);
    out[writer.size] = 0;
    vt_writer_free(&writer);
    vt_yaml_free(&document);
    return out;
}

static bool holds(const char *condition)
{
    struct vt_scope scope = { .data = data };
    return vt_expression_condition(condition, &scope);
}

static const char *wrong(const char *text)
{
    static char why[200];
    struct vt_yaml_document *document = NULL;
    vt_yaml_parse(&document, words, strlen(words), NULL);
    int r = vt_expression_check_text(text, vt_yaml_root(document), why, sizeof why, NULL);
    vt_yaml_free(&document);
    return r == 0 ? "" : why;
}

static const char *wrong_condition(const char *text)
{
    static char why[200];
    return vt_expression_check_condition(text, why, sizeof why, NULL) == 0 ? "" : why;
}

TEST(paths_and_filters_give_text)
{
    REQUIRE_TEXT(render("{{ product.title }}", "en", false), "Trail shoe");
    REQUIRE_TEXT(render("a {{product.title|upcase}} b", "en", false), "a TRAIL SHOE b");
    REQUIRE_TEXT(render("{{ price | money }}", "de", false), "59,99\u00a0€");
    REQUIRE_TEXT(render("{{ price }}", "en", false), "€59.99");
    REQUIRE_TEXT(render("{{ absent.path.here }}", "en", false), "");
    REQUIRE_TEXT(render("{{ absent | default: 'none' }}", "en", false), "none");
    REQUIRE_TEXT(render("{{ absent | default: product.title | truncate: 4 }}", "en", false), "Tra…");
    REQUIRE_TEXT(render("{{ product.title | truncate: 10 }}", "en", false), "Trail shoe");
    REQUIRE_TEXT(render("{{ chinese | truncate: 3 }}", "en", false), "超軽…");
    REQUIRE_TEXT(render("{{ when | date: '%d.%m. %H:%M' }}", "en", false), "01.03. 19:04");
    REQUIRE_TEXT(render("{{ list.1 }}", "en", false), "two");
    REQUIRE_TEXT(render("{{ n }}{{ 'x' }}{{ 1.5 }}{{ true }}", "en", false), "7x1.5true");
    REQUIRE_TEXT(render("no braces", "en", false), "no braces");
}

TEST(strings_follow_the_language_and_its_plurals)
{
    REQUIRE_TEXT(render("{{ 'left' | t: n=n }}", "en", false), "7 left");
    REQUIRE_TEXT(render("{{ 'left' | t: n=1 }}", "en-GB", false), "Last one");
    REQUIRE_TEXT(render("{{ 'left' | t: n=2 }}", "ar", false), "b");
    REQUIRE_TEXT(render("{{ 'left' | t: n=7 }}", "ar", false), "7 c");
    REQUIRE_TEXT(render("{{ 'left' | t: n=11 }}", "ar", false), "11 d");
    REQUIRE_TEXT(render("{{ 'left' | t: n=100 }}", "ar", false), "100 e");
    REQUIRE_TEXT(render("{{ 'was' | t }}", "ar", false), "Was");
}

TEST(values_are_isolated_and_lose_their_marks)
{
    REQUIRE_TEXT(render("<{{ product.title }}>", "en", true), "<\u2068Trail shoe\u2069>");
    REQUIRE_TEXT(render("{{ evil }}", "en", true), "\u2068abc\u2069");
    REQUIRE_TEXT(render("{{ absent }}", "en", true), "");
}

TEST(conditions_compare_and_combine)
{
    REQUIRE(holds("offer.active"));
    REQUIRE(!holds("offer.coupon"));
    REQUIRE(!holds("absent.deep.path"));
    REQUIRE(holds("not absent"));
    REQUIRE(holds("n <= 7 and n >= 7 and n == 7"));
    REQUIRE(!holds("n < 7 or n > 7 or n != 7"));
    REQUIRE(holds("product.title == 'Trail shoe'"));
    REQUIRE(holds("n == 8 or (offer.active and not offer.coupon)"));
    REQUIRE(!holds("n == 8 or offer.active and offer.coupon"));
    REQUIRE(holds("n < 7.5"));
    REQUIRE(!holds("n < 'text'"));
    REQUIRE(holds("n != 'text'"));
    REQUIRE(!holds("absent <= 50"));
    REQUIRE(holds("absent == null"));
}

TEST(what_is_wrong_is_said)
{
    REQUIRE_TEXT(wrong("{{ a | mony }}"), "unknown filter \"mony\"; did you mean \"money\"?");
    REQUIRE_TEXT(wrong("{{ a "), "{{ without }}");
    REQUIRE_TEXT(wrong("{{ }}"), "a value is missing here");
    REQUIRE_TEXT(wrong("{{ a b }}"), "\"b \" is not understood here");
    REQUIRE_TEXT(wrong("{{ 'a }}"), "a text that starts with ' does not end");
    REQUIRE_TEXT(wrong("{{ 'nokey' | t }}"), "there is no string \"nokey\" in `strings`");
    REQUIRE_TEXT(wrong("{{ a | truncate: 0 }}"), "the filter \"truncate\" takes a number of characters, 1 or more");
    REQUIRE_TEXT(wrong("{{ a | default }}"), "the filter \"default\" takes one value");
    REQUIRE_TEXT(wrong("{{ a }} {{ 'left' | t: n=b }}"), "");
    REQUIRE_TEXT(wrong_condition("a and"), "a value is missing here");
    REQUIRE_TEXT(wrong_condition("(a"), "a ) is missing here");
    REQUIRE_TEXT(wrong_condition("a = b"), "\"= b\" is not understood here");
}

// At a limit, and one past it.
TEST(limits_hold)
{
    char text[2 * VT_EXPRESSION_BYTES];
    memset(text, ' ', sizeof text);
    memcpy(text, "{{", 2);
    text[2 + VT_EXPRESSION_BYTES - 1] = 'a';
    strcpy(text + 2 + VT_EXPRESSION_BYTES, "}}");
    REQUIRE_TEXT(wrong(text), "");
    text[2 + VT_EXPRESSION_BYTES] = 'a';
    strcpy(text + 2 + VT_EXPRESSION_BYTES + 1, "}}");
    REQUIRE_TEXT(wrong(text), "at most 1024 bytes stand between {{ and }}");

    REQUIRE_TEXT(wrong("{{ a|t|t|t|t|t|t|t|t }}"), "");
    REQUIRE_TEXT(wrong("{{ a|t|t|t|t|t|t|t|t|t }}"), "a value takes at most 8 filters");
    REQUIRE_TEXT(wrong("{{ a|t: 1,2,3,4 }}"), "");
    REQUIRE_TEXT(wrong("{{ a|t: 1,2,3,4,5 }}"), "a filter takes at most 4 arguments");

    char deep[200] = "";
    for (int i = 0; i < VT_EXPRESSION_DEPTH - 1; i++)
        strcat(deep, "not ");
    strcat(deep, "a");
    REQUIRE_TEXT(wrong_condition(deep), "");
    char deeper[204];
    snprintf(deeper, sizeof deeper, "not %s", deep);
    REQUIRE_TEXT(wrong_condition(deeper), "a condition is nested deeper than 16");
}

int main(void)
{
    data = json_pack("{s:{s:s}, s:{s:i, s:s}, s:{s:b, s:n}, s:i, s:s, s:s, s:[s,s], s:s}", "product", "title",
                     "Trail shoe", "price", "amount", 5999, "currency", "EUR", "offer", "active", 1, "coupon", "n", 7,
                     "chinese", "超軽量トレイル", "when", "2026-03-01T19:04:12Z", "list", "one", "two", "evil",
                     "a\u202eb\u2069\ac");
    RUN(paths_and_filters_give_text);
    RUN(strings_follow_the_language_and_its_plurals);
    RUN(values_are_isolated_and_lose_their_marks);
    RUN(conditions_compare_and_combine);
    RUN(what_is_wrong_is_said);
    RUN(limits_hold);
    json_decref(data);
    return DONE();
}
