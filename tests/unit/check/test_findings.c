#include "check/findings.h"

#include "tests/unit/check.h"

TEST(one_place_and_text_is_kept_once)
{
    struct vt_findings f = {.count = 0};
    vt_find(&f, 18, "http://h/v.m3u8?_HLS_msn=3&_HLS_part=1", 4, "one");
    vt_find(&f, 18, "http://h/v.m3u8?_HLS_msn=4", 5, "one");
    vt_find(&f, 18, "http://h/v.m3u8?a=b&_HLS_msn=4", 5, "one");
    REQUIRE_INT(f.count, 2);
    REQUIRE_INT(f.times[18], 3);
    REQUIRE_TEXT(f.list[0].url, "http://h/v.m3u8");
    REQUIRE_TEXT(f.list[1].url, "http://h/v.m3u8?a=b");
    vt_findings_free(&f);
}

TEST(limits_hold)
{
    struct vt_findings f = {.count = 0};
    for (int i = 0; i <= VT_FINDINGS_EACH; i++)
        vt_find(&f, 18, "u", 0, "%d", i);
    REQUIRE_INT(f.count, VT_FINDINGS_EACH);
    char url[16];
    for (int i = 0; i <= VT_FINDINGS_MAX; i++) {
        snprintf(url, sizeof url, "u%d", i);
        vt_find(&f, 19, url, 0, "it");
    }
    REQUIRE_INT(f.count, VT_FINDINGS_MAX);
    REQUIRE_INT(f.times[19], VT_FINDINGS_MAX + 1);
    char huge[2 * VT_CHECK_URL];
    memset(huge, 'a', sizeof huge);
    huge[sizeof huge - 1] = 0;
    vt_findings_free(&f);
    vt_find(&f, 20, huge, 0, "%s", huge);
    REQUIRE_INT(strlen(f.list[0].url), VT_CHECK_URL - 1);
    REQUIRE_INT(strlen(f.list[0].text), VT_FINDING_TEXT - 1);
    vt_findings_free(&f);
}

TEST(musts_fail_and_the_profile_where_it_is_asked_for)
{
    struct vt_findings f = {.count = 0};
    vt_find(&f, 16, "u", 0, "a SHOULD NOT");
    vt_find(&f, 122, "u", 0, "Apple's");
    vt_find_soft(&f, 86, "u", 0, "half a MUST");
    REQUIRE_INT(vt_findings_broken(&f, true), 0);
    vt_find(&f, 91, "u", 0, "the profile's");
    REQUIRE_INT(vt_findings_broken(&f, false), 0);
    REQUIRE_INT(vt_findings_broken(&f, true), 1);
    vt_find(&f, 18, "u", 0, "a MUST");
    vt_find(&f, 27, "u", 0, "a MUST NOT");
    REQUIRE_INT(vt_findings_broken(&f, false), 2);
    vt_findings_free(&f);
}

TEST(what_is_printed_says_rule_place_and_advice)
{
    struct vt_findings f = {.count = 0};
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    REQUIRE(file);
    for (int i = 0; i < VT_FINDINGS_EACH + 2; i++)
        vt_find(&f, 18, "http://h/v.m3u8", 7, "segment %d", i);
    vt_find_soft(&f, 86, "http://h/v.m3u8", 0, "less than three times");
    vt_findings_print(&f, false, file);
    fclose(file);
    REQUIRE(strstr(text, "broken 18 MUST (4.4.3.1, 6.2.1): "));
    REQUIRE(strstr(text, "    http://h/v.m3u8:7: segment 0\n"));
    REQUIRE(strstr(text, "    and 2 times more\n    -> "));
    REQUIRE(strstr(text, "warning 86 MUST "));
    free(text);
    vt_findings_free(&f);
}

int main(void)
{
    RUN(one_place_and_text_is_kept_once);
    RUN(limits_hold);
    RUN(musts_fail_and_the_profile_where_it_is_asked_for);
    RUN(what_is_printed_says_rule_place_and_advice);
    return DONE();
}
