#include "check/rule.h"

#include <assert.h>
#include <stdio.h>

#define RULE(number, level, seen, section, text, advice)                                                              \
    [(number) - 1] = {number, VT_RULE_##level, VT_SEEN_##seen, section, text, advice},
static const struct vt_check_rule rules[] = {
#include "check/rules.def"
};
#undef RULE
_Static_assert(sizeof rules / sizeof rules[0] == VT_RULES, "rules are numbered without a gap");

const struct vt_check_rule *vt_check_rule(int number)
{
    assert(number >= 1 && number <= VT_RULES);
    return &rules[number - 1];
}

const char *vt_rule_level_name(enum vt_rule_level level)
{
    static const char *const names[] = {
        [VT_RULE_MUST] = "MUST", [VT_RULE_MUST_NOT] = "MUST NOT", [VT_RULE_SHOULD] = "SHOULD",
        [VT_RULE_SHOULD_NOT] = "SHOULD NOT", [VT_RULE_PROFILE] = "profile", [VT_RULE_ADVICE] = "advice",
        [VT_RULE_APPLE] = "Apple", [VT_RULE_NOTE] = "note",
    };
    return names[level];
}

static const char *seen_name(enum vt_rule_seen seen)
{
    static const char *const names[] = {
        [VT_SEEN_SNAPSHOT] = "one playlist", [VT_SEEN_CHANGE] = "its versions over time",
        [VT_SEEN_TOGETHER] = "all playlists", [VT_SEEN_ANSWER] = "HTTP", [VT_SEEN_MEDIA] = "media",
    };
    return names[seen];
}

void vt_check_print_rules(void)
{
    int checked = 0;
    for (int i = 0; i < VT_RULES; i++)
        checked += rules[i].seen != VT_SEEN_UNSEEN;
    printf("# The rules of vitrine check\n\nPrinted by `vitrine check --rules`. %d of %d are checked; the last table "
           "lists the others. Sections are those of\ndraft-pantos-hls-rfc8216bis, those with an A of Apple's HLS "
           "Authoring Specification, B.1 is the low-latency server profile.\n\n"
           "| # | level | section | what it asks | seen in |\n|---|---|---|---|---|\n", checked, VT_RULES);
    for (int i = 0; i < VT_RULES; i++)
        if (rules[i].seen != VT_SEEN_UNSEEN)
            printf("| %d | %s | %s | %s | %s |\n", rules[i].number, vt_rule_level_name(rules[i].level), rules[i].section,
                   rules[i].text, seen_name(rules[i].seen));
    printf("\nNot checked:\n\n| # | level | section | what it asks | why |\n|---|---|---|---|---|\n");
    for (int i = 0; i < VT_RULES; i++)
        if (rules[i].seen == VT_SEEN_UNSEEN)
            printf("| %d | %s | %s | %s | %s |\n", rules[i].number, vt_rule_level_name(rules[i].level), rules[i].section,
                   rules[i].text, rules[i].advice);
}
