// The rules that a presentation is held to: check/rules.def as a table.
#pragma once

#include <stdbool.h>

#define VT_RULES 140                   // numbered from 1

enum vt_rule_level {
    VT_RULE_MUST,                      // broken: the check fails
    VT_RULE_MUST_NOT,
    VT_RULE_SHOULD,                    // broken: a warning
    VT_RULE_SHOULD_NOT,
    VT_RULE_PROFILE,                   // of the low-latency server profile: fails where that is asked for, else a note
    VT_RULE_ADVICE,                    // recommended by that profile: a note
    VT_RULE_APPLE,                     // Apple's authoring advice: a note
    VT_RULE_NOTE,                      // no rule, but worth knowing
};

enum vt_rule_seen {
    VT_SEEN_SNAPSHOT, VT_SEEN_CHANGE, VT_SEEN_TOGETHER, VT_SEEN_ANSWER, VT_SEEN_MEDIA, VT_SEEN_UNSEEN,
};

struct vt_check_rule {
    int number;
    enum vt_rule_level level;
    enum vt_rule_seen seen;            // VT_SEEN_UNSEEN: no client can check it; `advice` says why
    const char *section;               // of the draft; "A …": of Apple's specification
    const char *text;                  // what it asks
    const char *advice;                // what to do about it
};

// `number` is 1 to VT_RULES.
const struct vt_check_rule *vt_check_rule(int number);
const char *vt_rule_level_name(enum vt_rule_level level);      // "MUST", "SHOULD NOT", "profile", …

// The page of documentation that lists them, to standard output (docs/check-rules.md).
void vt_check_print_rules(void);
