// One case at least for each rule that is checked: an input that breaks just it.
#include "check/rule.h"

#include "tests/unit/check.h"
#include "tests/unit/check/cases.h"

static int cases[VT_RULES + 1], wrong;

char *edited(const char *base, const char *from, const char *to)
{
    const char *at = strstr(base, from);
    if (!at)
        check_fail(__FILE__, __LINE__, "no \"%s\" to replace", from);
    size_t head = (size_t)(at - base);
    char *out = malloc(strlen(base) + strlen(to) + 1);
    REQUIRE(out);
    memcpy(out, base, head);
    strcpy(out + head, to);
    strcat(out, at + strlen(from));
    return out;
}

struct vt_m3u *read_text(const char *url, const char *text, struct vt_findings *findings)
{
    struct vt_m3u *m3u = NULL;
    REQUIRE_INT(vt_m3u_read(&m3u, url, text, strlen(text), findings), 0);
    return m3u;
}

void require_only(const struct vt_findings *findings, int rule, const char *what)
{
    bool found = rule == 0;
    for (int i = 0; i < findings->count; i++) {
        const struct vt_finding *one = &findings->list[i];
        found |= one->rule == rule;
        if (one->rule == rule)
            continue;
        printf("# rule %d (%s:%d: %s) instead of %d, with: %s\n", one->rule, one->url, one->line, one->text, rule, what);
        wrong++;
    }
    if (!found)
        printf("# rule %d was not found, with: %s\n", rule, what);
    wrong += !found;
    cases[rule]++;
}

static void run_group(void (*group)(void))
{
    wrong = 0;
    group();
    REQUIRE_INT(wrong, 0);
}

TEST(rules_of_one_playlist)
{
    run_group(test_snapshots);
}

TEST(rules_of_several_versions_and_playlists)
{
    run_group(test_changes);
}

TEST(rules_of_answers_and_bit_rates)
{
    run_group(test_answers);
}

TEST(rules_of_media)
{
    run_group(test_media);
}

TEST(each_rule_that_is_checked_has_a_case)
{
    for (int i = 1; i <= VT_RULES; i++) {
        bool checked = vt_check_rule(i)->seen != VT_SEEN_UNSEEN;
        if (checked != (cases[i] > 0))
            printf("# rule %d is %s, and has %d cases\n", i, checked ? "checked" : "not checked", cases[i]);
        wrong += checked != (cases[i] > 0);
    }
    REQUIRE_INT(wrong, 0);
}

int main(void)
{
    RUN(rules_of_one_playlist);
    RUN(rules_of_several_versions_and_playlists);
    RUN(rules_of_answers_and_bit_rates);
    RUN(rules_of_media);
    RUN(each_rule_that_is_checked_has_a_case);
    return DONE();
}
