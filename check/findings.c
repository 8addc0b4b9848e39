#include "check/findings.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

// Copies an address without its _HLS_ directives.
static void place(char *out, const char *url)
{
    snprintf(out, VT_CHECK_URL, "%s", url ? url : "");
    char *query = strchr(out, '?');
    if (!query)
        return;
    char *to = query + 1, *at = query + 1;
    while (*at) {
        size_t length = strcspn(at, "&");
        char *next = at + length + (at[length] == '&');
        if (strncmp(at, "_HLS_", 5) != 0) {
            memmove(to, at, (size_t)(next - at));
            to += next - at;
        }
        at = next;
    }
    while (to > query && (to[-1] == '&' || to[-1] == '?'))
        to--;
    *to = 0;
}

static bool wanted(const struct vt_findings *findings, const struct vt_finding *one)
{
    int same = 0;
    for (int i = 0; i < findings->count; i++) {
        const struct vt_finding *kept = &findings->list[i];
        if (kept->rule != one->rule || kept->soft != one->soft || strcmp(kept->url, one->url) != 0)
            continue;
        if (strcmp(kept->text, one->text) == 0)
            return false;
        same++;
    }
    return same < VT_FINDINGS_EACH && findings->count < VT_FINDINGS_MAX;
}

static int make_room(struct vt_findings *findings)
{
    if (findings->count < findings->room)
        return 0;
    int room = findings->room ? findings->room * 2 : 16;
    struct vt_finding *list = realloc(findings->list, (size_t)room * sizeof *list);
    if (!list)
        return -1;
    findings->list = list;
    findings->room = room;
    return 0;
}

__attribute__((format(printf, 4, 0)))
static void add(struct vt_findings *findings, struct vt_finding *one, const char *url, const char *format, va_list args)
{
    int *times = one->soft ? findings->soft_times : findings->times;
    times[vt_check_rule(one->rule)->number]++;
    place(one->url, url);
    vsnprintf(one->text, sizeof one->text, format, args);
    if (wanted(findings, one) && make_room(findings) == 0)
        findings->list[findings->count++] = *one;
}

void vt_find(struct vt_findings *findings, int rule, const char *url, int line, const char *format, ...)
{
    struct vt_finding one = {.rule = rule, .line = line};
    va_list args;
    va_start(args, format);
    add(findings, &one, url, format, args);
    va_end(args);
}

void vt_find_soft(struct vt_findings *findings, int rule, const char *url, int line, const char *format, ...)
{
    struct vt_finding one = {.rule = rule, .line = line, .soft = true};
    va_list args;
    va_start(args, format);
    add(findings, &one, url, format, args);
    va_end(args);
}

static bool fails(enum vt_rule_level level, bool profile)
{
    return level == VT_RULE_MUST || level == VT_RULE_MUST_NOT || (profile && level == VT_RULE_PROFILE);
}

int vt_findings_broken(const struct vt_findings *findings, bool profile)
{
    int broken = 0;
    for (int i = 1; i <= VT_RULES; i++)
        broken += findings->times[i] > 0 && fails(vt_check_rule(i)->level, profile);
    return broken;
}

static void print_rule(const struct vt_findings *findings, int number, bool soft, const char *word, FILE *to)
{
    const struct vt_check_rule *rule = vt_check_rule(number);
    int kept = 0, times = soft ? findings->soft_times[number] : findings->times[number];
    fprintf(to, "%s %d %s (%s): %s\n", word, number, vt_rule_level_name(rule->level), rule->section, rule->text);
    for (int i = 0; i < findings->count; i++) {
        const struct vt_finding *one = &findings->list[i];
        if (one->rule != number || one->soft != soft)
            continue;
        kept++;
        if (one->line)
            fprintf(to, "    %s:%d: %s\n", one->url, one->line, one->text);
        else
            fprintf(to, "    %s: %s\n", one->url, one->text);
    }
    if (times > kept)
        fprintf(to, "    and %d times more\n", times - kept);
    fprintf(to, "    -> %s\n", rule->advice);
}

void vt_findings_print(const struct vt_findings *findings, bool profile, FILE *to)
{
    static const char *const words[] = {"broken", "warning", "note"};
    for (int pass = 0; pass < 3; pass++) {
        for (int i = 1; i <= VT_RULES; i++) {
            enum vt_rule_level level = vt_check_rule(i)->level;
            bool should = level == VT_RULE_SHOULD || level == VT_RULE_SHOULD_NOT;
            int belongs = fails(level, profile) ? 0 : should ? 1 : 2;
            if (findings->times[i] && belongs == pass)
                print_rule(findings, i, false, words[pass], to);
            if (findings->soft_times[i] && pass == (belongs ? belongs : 1))
                print_rule(findings, i, true, words[pass], to);
        }
    }
}

void vt_findings_free(struct vt_findings *findings)
{
    free(findings->list);
    *findings = (struct vt_findings){.count = 0};
}
