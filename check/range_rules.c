#include <math.h>
#include <string.h>

#include "base/mediatime.h"
#include "check/snapshot.h"
#include "check/values.h"

#define SAME_DURATION 0.0015           // s; dates have milliseconds

static bool is_nth_tag(const struct vt_m3u *m3u, int index)
{
    for (int i = 0; i < index; i++)
        if (strcmp(m3u->ranges[i].id, m3u->ranges[index].id) == 0)
            return true;
    return false;
}

static void check_span(const struct vt_m3u *m3u, const struct vt_m3u_range *one, struct vt_findings *findings)
{
    double span = (double)(one->end_ns - one->start_ns) / (double)VT_NS_PER_S;
    if ((one->has_duration && one->duration < 0) || (one->has_planned && one->planned < 0))
        vt_find(findings, 60, m3u->url, one->line, "range \"%.60s\" has a negative duration", one->id);
    if (!one->has_end || !one->has_start)
        return;
    if (span < 0)
        vt_find(findings, 60, m3u->url, one->line, "range \"%.60s\" ends %.3f s before it starts", one->id, -span);
    else if (one->has_duration && fabs(span - one->duration) > SAME_DURATION)
        vt_find(findings, 60, m3u->url, one->line, "range \"%.60s\" lasts %.3f s by its dates, %.3f by DURATION", one->id,
                span, one->duration);
    else if (span == 0 && !one->has_duration)
        vt_find(findings, 61, m3u->url, one->line, "range \"%.60s\" ends when it starts, without DURATION=0", one->id);
}

static void check_extra(const struct vt_m3u *m3u, const struct vt_m3u_range *one, struct vt_findings *findings)
{
    const struct vt_tag *tag = &m3u->tags[one->tag];
    for (int i = 0; i < tag->count; i++) {
        const struct vt_attribute *attribute = &m3u->attributes[tag->first + i];
        double number;
        if (strncmp(attribute->name, "X-", 2) == 0 && !attribute->quoted && !vt_value_hex(attribute->value)
            && !vt_value_signed(attribute->value, &number))
            vt_find(findings, 62, m3u->url, one->line, "%.60s is %.60s, without quotes", attribute->name, attribute->value);
    }
}

static void check_end_on_next(const struct vt_m3u *m3u, const struct vt_m3u_range *one, struct vt_findings *findings)
{
    if (!one->end_on_next)
        return;
    if (!vt_m3u_yes(m3u, one->tag, "END-ON-NEXT"))
        vt_find(findings, 63, m3u->url, one->line, "END-ON-NEXT is not YES");
    if (!*one->class)
        vt_find(findings, 63, m3u->url, one->line, "END-ON-NEXT without CLASS");
    if (one->has_duration || one->has_end)
        vt_find(findings, 63, m3u->url, one->line, "END-ON-NEXT beside DURATION or END-DATE");
}

static bool holds_word(const char *list, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = list; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, word, length) == 0 && (!at[length] || at[length] == ','))
            return true;
    }
    return false;
}

static void check_cue(const struct vt_m3u *m3u, const struct vt_m3u_range *one, struct vt_findings *findings)
{
    const char *cue = vt_m3u_value(m3u, one->tag, "CUE");
    if (!cue)
        return;
    if (holds_word(cue, "PRE") && holds_word(cue, "POST"))
        vt_find(findings, 69, m3u->url, one->line, "CUE is \"%.60s\"", cue);
    for (const char *at = cue; *at;) {
        size_t length = strcspn(at, ",");
        if (!((length == 3 && strncmp(at, "PRE", 3) == 0) || (length == 4 && strncmp(at, "POST", 4) == 0)
              || (length == 4 && strncmp(at, "ONCE", 4) == 0)))
            vt_find(findings, 69, m3u->url, one->line, "CUE is \"%.60s\"", cue);
        at += length + (at[length] == ',');
    }
}

static void check_preload(const struct vt_m3u *m3u, const struct vt_m3u_range *one, struct vt_findings *findings)
{
    static const char *const wanted[] = {"X-URI", "X-TARGET-ID", "X-TARGET-CLASS"};
    if (strcmp(one->class, "com.apple.hls.preload") != 0)
        return;
    for (int i = 0; i < 3; i++)
        if (!vt_m3u_value(m3u, one->tag, wanted[i]))
            vt_find(findings, 74, m3u->url, one->line, "range \"%.60s\" has no %s", one->id, wanted[i]);
    if (!one->has_duration && !one->has_end)
        vt_find(findings, 74, m3u->url, one->line, "range \"%.60s\" has no end", one->id);
    if (vt_m3u_value(m3u, one->tag, "CUE") || one->end_on_next)
        vt_find(findings, 74, m3u->url, one->line, "range \"%.60s\" has CUE or END-ON-NEXT", one->id);
}

static void check_splices(const struct vt_m3u *m3u, struct vt_findings *findings)
{
    for (int i = 0; i < m3u->n_ranges; i++) {
        const struct vt_m3u_range *in = &m3u->ranges[i];
        bool has_out = false, has_end = false;
        if (!vt_m3u_value(m3u, in->tag, "SCTE35-IN"))
            continue;
        for (int j = 0; j < m3u->n_ranges; j++) {
            if (strcmp(m3u->ranges[j].id, in->id) != 0)
                continue;
            has_out |= vt_m3u_value(m3u, m3u->ranges[j].tag, "SCTE35-OUT") != NULL;
            has_end |= m3u->ranges[j].has_duration || m3u->ranges[j].has_end;
        }
        if (!has_out || !has_end)
            vt_find(findings, 72, m3u->url, in->line, "SCTE35-IN of \"%.60s\" has no %s", in->id,
                    has_out ? "DURATION or END-DATE" : "SCTE35-OUT of the same ID");
    }
}

static const char *lasting_attribute(const char *name)
{
    return strcmp(name, "ID") == 0 ? NULL : name;
}

// Attributes that two tags of one ID share.
static void check_same(const struct vt_m3u *m3u, const struct vt_m3u_range *one, const struct vt_m3u_range *two,
                       struct vt_findings *findings)
{
    const struct vt_tag *tag = &m3u->tags[one->tag];
    for (int i = 0; i < tag->count; i++) {
        const struct vt_attribute *mine = &m3u->attributes[tag->first + i];
        const char *other = lasting_attribute(mine->name) ? vt_m3u_value(m3u, two->tag, mine->name) : NULL;
        if (!other || strcmp(other, mine->value) == 0)
            continue;
        vt_find(findings, strcmp(mine->name, "START-DATE") == 0 ? 66 : 65, m3u->url, two->line,
                "range \"%.60s\" has another %.40s in line %d", one->id, mine->name, one->line);
    }
}

static void check_following(const struct vt_m3u *m3u, int index, struct vt_findings *findings)
{
    const struct vt_m3u_range *one = &m3u->ranges[index];
    for (int i = 0; i < index; i++)
        if (*one->id && strcmp(m3u->ranges[i].id, one->id) == 0) {
            check_same(m3u, &m3u->ranges[i], one, findings);
            return;
        }
}

static bool says_end(const struct vt_m3u *m3u, const struct vt_m3u_range *one)
{
    return vt_m3u_value(m3u, one->tag, "DURATION") || vt_m3u_value(m3u, one->tag, "END-DATE");
}

// Where a range has an end of its own, or one that was only planned.
static void check_known_end(const struct vt_m3u *m3u, int index, struct vt_findings *findings)
{
    const struct vt_m3u_range *one = &m3u->ranges[index];
    const struct vt_m3u_segment *last = m3u->n_segments ? &m3u->segments[m3u->n_segments - 1] : NULL;
    bool ends = one->end_on_next;
    for (int i = 0; i < m3u->n_ranges; i++)
        ends |= strcmp(m3u->ranges[i].id, one->id) == 0 && says_end(m3u, &m3u->ranges[i]);
    if (ends || is_nth_tag(m3u, index))
        return;
    double past = last && last->timed && one->has_start ?
        (double)(last->time_ns - one->start_ns) / (double)VT_NS_PER_S + last->duration - one->planned : 0;
    if (one->has_planned && past > (double)m3u->target)
        vt_find(findings, 70, m3u->url, one->line, "range \"%.60s\" was planned to end %.1f s ago", one->id, past);
    else if (!one->has_planned)
        vt_find(findings, 71, m3u->url, one->line, "range \"%.60s\" has no end", one->id);
}

void vt_check_ranges(const struct vt_m3u *m3u, struct vt_findings *findings)
{
    if (m3u->n_ranges && !m3u->dates)
        vt_find(findings, 59, m3u->url, m3u->ranges[0].line, "it has ranges and no EXT-X-PROGRAM-DATE-TIME");
    for (int i = 0; i < m3u->n_ranges; i++) {
        const struct vt_m3u_range *one = &m3u->ranges[i];
        if (!vt_m3u_value(m3u, one->tag, "START-DATE") && !is_nth_tag(m3u, i) && !m3u->skipped)
            vt_find(findings, 58, m3u->url, one->line, "range \"%.60s\" has no START-DATE", one->id);
        check_span(m3u, one, findings);
        check_extra(m3u, one, findings);
        check_end_on_next(m3u, one, findings);
        check_cue(m3u, one, findings);
        check_preload(m3u, one, findings);
        check_following(m3u, i, findings);
        check_known_end(m3u, i, findings);
    }
    check_splices(m3u, findings);
}
