#include "base/diagnostic.h"
#include "check.h"

static const char *print(const struct vt_diagnostics *diagnostics)
{
    static char text[64 * 1024];
    FILE *file = fmemopen(text, sizeof text, "w");
    REQUIRE(file != NULL);
    vt_diagnostics_print(diagnostics, "a.yaml", file);
    fclose(file);
    return text;
}

TEST(prints_where)
{
    struct vt_diagnostics d = {0};
    vt_diagnose(&d, VT_ERROR, 3, 7, "no %s", "mango");
    vt_diagnose(&d, VT_WARNING, 0, 0, "odd");
    REQUIRE_TEXT(print(&d), "a.yaml:3:7: error: no mango\na.yaml: warning: odd\n");
    REQUIRE_INT(d.errors, 1);
    REQUIRE_INT(d.warnings, 1);
}

TEST(keeps_as_many_as_it_says)
{
    struct vt_diagnostics d = {0};
    for (int i = 0; i < VT_DIAGNOSTICS_MAX; i++)
        vt_diagnose(&d, VT_ERROR, i, 1, "x");
    REQUIRE_INT(d.count, VT_DIAGNOSTICS_MAX);
    REQUIRE(strstr(print(&d), "more") == NULL);
    vt_diagnose(&d, VT_ERROR, 1, 1, "x");
    REQUIRE_INT(d.count, VT_DIAGNOSTICS_MAX);
    REQUIRE_INT(d.errors, VT_DIAGNOSTICS_MAX + 1);
    REQUIRE(strstr(print(&d), "a.yaml: 1 more not shown\n") != NULL);
}

TEST(errors_take_the_places_of_warnings)
{
    struct vt_diagnostics d = {0};
    for (int i = 0; i < VT_DIAGNOSTICS_MAX; i++)
        vt_diagnose(&d, VT_WARNING, i, 1, "w");
    vt_diagnose(&d, VT_ERROR, 77, 1, "e");
    vt_diagnose(&d, VT_WARNING, 78, 1, "w");
    REQUIRE_INT(d.count, VT_DIAGNOSTICS_MAX);
    REQUIRE_INT(d.errors, 1);
    REQUIRE_INT(d.warnings, VT_DIAGNOSTICS_MAX + 1);
    REQUIRE_INT(d.list[VT_DIAGNOSTICS_MAX - 1].line, 77);
    REQUIRE_INT(d.list[VT_DIAGNOSTICS_MAX - 2].line, VT_DIAGNOSTICS_MAX - 2);
}

TEST(cuts_long_text)
{
    struct vt_diagnostics d = {0};
    vt_diagnose(&d, VT_ERROR, 1, 1, "%01000d", 1);
    REQUIRE_INT(strlen(d.list[0].text), VT_DIAGNOSTIC_TEXT - 1);
}

TEST(null_keeps_nothing)
{
    vt_diagnose(NULL, VT_ERROR, 1, 1, "x");
    REQUIRE(true);
}

TEST(names_the_nearest)
{
    static const char *const names[] = {"renditions", "canvas", "keys", "language", NULL};
    REQUIRE_TEXT(vt_nearest_name("rendition", names), "renditions");
    REQUIRE_TEXT(vt_nearest_name("Canvas", names), "canvas");
    REQUIRE_TEXT(vt_nearest_name("kesy", names), "keys");
    REQUIRE_TEXT(vt_nearest_name("key", names), "keys");
    REQUIRE_TEXT(vt_nearest_name("langauge", names), "language");
    REQUIRE(vt_nearest_name("mango", names) == NULL);
    REQUIRE(vt_nearest_name("", names) == NULL);
}

TEST(long_words_are_near_to_nothing)
{
    char word[80];
    memset(word, 'a', sizeof word);
    word[64] = 0;
    const char *const names[] = {word, NULL};
    REQUIRE(vt_nearest_name(word, names) == word);
    word[64] = 'a';
    word[65] = 0;
    REQUIRE(vt_nearest_name(word, names) == NULL);
}

int main(void)
{
    RUN(prints_where);
    RUN(keeps_as_many_as_it_says);
    RUN(errors_take_the_places_of_warnings);
    RUN(cuts_long_text);
    RUN(null_keeps_nothing);
    RUN(names_the_nearest);
    RUN(long_words_are_near_to_nothing);
    return DONE();
}
