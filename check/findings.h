// What a check found: broken rules, each with where and what exactly.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "check/rule.h"

#define VT_FINDINGS_MAX   500          // kept in all; more are counted only
#define VT_FINDINGS_EACH  3            // kept of one rule in one place
#define VT_FINDING_TEXT   300
#define VT_CHECK_URL      1024         // longest address with its NUL; longer ones are cut in messages

struct vt_finding {
    int rule, line;                    // line from 1; 0: of the whole file
    bool soft;
    char url[VT_CHECK_URL];
    char text[VT_FINDING_TEXT];
};

struct vt_findings {
    struct vt_finding *list;           // owned
    int count, room;
    int times[VT_RULES + 1];           // how often each rule was broken, kept or not
    int soft_times[VT_RULES + 1];      // … in its weaker half only
};

// Adds one. Directives (_HLS_…) are left out of `url`, so that all versions of a playlist are one place; a finding equal
// to one that is kept is only counted. Without memory it is only counted, too.
void vt_find(struct vt_findings *findings, int rule, const char *url, int line, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

// The same where only a weaker half of the rule is broken, a SHOULD beside its MUST: always a warning.
void vt_find_soft(struct vt_findings *findings, int rule, const char *url, int line, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

// How many rules of the levels that fail were broken. `profile`: those of the server profile count as MUST.
int vt_findings_broken(const struct vt_findings *findings, bool profile);
void vt_findings_print(const struct vt_findings *findings, bool profile, FILE *to);
void vt_findings_free(struct vt_findings *findings);
