#include <string.h>

#include "base/mediatime.h"
#include "check/change.h"

static const struct vt_m3u_range *find_range(const struct vt_m3u *m3u, const char *id)
{
    for (int i = 0; i < m3u->n_ranges; i++)
        if (strcmp(m3u->ranges[i].id, id) == 0)
            return &m3u->ranges[i];
    return NULL;
}

// What a tag said is still said, in any tag of its ID.
static void check_kept(const struct vt_m3u *before, const struct vt_m3u_range *was, const struct vt_m3u *after,
                       struct vt_findings *findings)
{
    const struct vt_tag *tag = &before->tags[was->tag];
    for (int i = 0; i < tag->count; i++) {
        const struct vt_attribute *old = &before->attributes[tag->first + i];
        const char *now = NULL;
        int line = 0;
        for (int j = 0; j < after->n_ranges && !now; j++) {
            if (strcmp(after->ranges[j].id, was->id) != 0)
                continue;
            line = after->ranges[j].line;
            now = vt_m3u_value(after, after->ranges[j].tag, old->name);
        }
        if (!now)
            vt_find(findings, 65, after->url, line, "range \"%.60s\" has lost its %.40s", was->id, old->name);
        else if (strcmp(now, old->value) != 0)
            vt_find(findings, strcmp(old->name, "START-DATE") == 0 ? 66 : 65, after->url, line,
                    "range \"%.60s\" had another %.40s", was->id, old->name);
    }
}

// When a range ends, if that is known.
static bool end_of(const struct vt_m3u *m3u, const char *id, int64_t *ret_ns)
{
    bool started = false, known = false;
    int64_t start = 0;
    for (int i = 0; i < m3u->n_ranges; i++) {
        const struct vt_m3u_range *one = &m3u->ranges[i];
        if (strcmp(one->id, id) != 0)
            continue;
        if (one->has_start && !started) {
            start = one->start_ns;
            started = true;
        }
        if (one->has_end || (one->has_duration && started)) {
            *ret_ns = one->has_end ? one->end_ns : start + (int64_t)(one->duration * (double)VT_NS_PER_S);
            known = true;
        }
    }
    return known;
}

static void check_gone(const struct vt_m3u *before, const struct vt_m3u_range *was, const struct vt_m3u *after,
                       struct vt_findings *findings)
{
    int64_t end;
    if (!after->n_segments || !after->segments[0].timed || after->ended || !end_of(before, was->id, &end))
        return;
    double into = (double)(end - after->segments[0].time_ns) / (double)VT_NS_PER_S;
    if (into > 0.002)
        vt_find(findings, 67, after->url, 0, "range \"%.60s\" has gone, and ends %.3f s after the first segment's start",
                was->id, into);
}

// A new range may not come between two of a class that closes one with the next.
static void check_between(const struct vt_m3u *before, const struct vt_m3u_range *now, const struct vt_m3u *after,
                          struct vt_findings *findings)
{
    for (int i = 0; i < before->n_ranges; i++) {
        const struct vt_m3u_range *one = &before->ranges[i];
        if (!one->end_on_next || !*one->class || strcmp(one->class, now->class) != 0 || now->start_ns <= one->start_ns)
            continue;
        for (int j = 0; j < before->n_ranges; j++) {
            const struct vt_m3u_range *two = &before->ranges[j];
            if (strcmp(two->class, one->class) != 0 || two->start_ns <= now->start_ns)
                continue;
            vt_find(findings, 64, after->url, now->line, "range \"%.60s\" starts between \"%.60s\" and \"%.60s\"", now->id,
                    one->id, two->id);
            return;
        }
    }
}

static void check_late_splice(const struct vt_m3u *before, const struct vt_m3u_range *now, const struct vt_m3u *after,
                              struct vt_findings *findings)
{
    const struct vt_m3u_segment *last = before->n_segments ? &before->segments[before->n_segments - 1] : NULL;
    if (!last || !last->timed || !now->has_start || !vt_m3u_value(after, now->tag, "SCTE35-OUT"))
        return;
    double ahead = (double)(last->time_ns - now->start_ns) / (double)VT_NS_PER_S;
    if (ahead > -0.002)
        vt_find(findings, 73, after->url, now->line, "range \"%.60s\" comes after the segment that it starts in", now->id);
}

void vt_check_range_change(const struct vt_m3u *before, const struct vt_m3u *after, struct vt_findings *findings)
{
    for (int i = 0; i < before->n_ranges; i++) {
        const struct vt_m3u_range *was = &before->ranges[i];
        if (!*was->id)
            continue;
        if (find_range(after, was->id))
            check_kept(before, was, after, findings);
        else
            check_gone(before, was, after, findings);
    }
    for (int i = 0; i < after->n_ranges; i++) {
        const struct vt_m3u_range *now = &after->ranges[i];
        if (!*now->id || find_range(before, now->id))
            continue;
        check_between(before, now, after, findings);
        check_late_splice(before, now, after, findings);
    }
}
