#include "check/together.h"

#include <glib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mediatime.h"
#include "check/change.h"

#define SAME_MOMENT 0.25               // s; cuts of sound and picture differ by less

bool vt_check_url(char *out, const char *base, const char *address)
{
    char *found = g_uri_resolve_relative(base, address, G_URI_FLAGS_ENCODED | G_URI_FLAGS_PARSE_RELAXED, NULL);
    bool fits = found && strlen(found) < VT_CHECK_URL;
    if (fits)
        strcpy(out, found);
    g_free(found);
    return fits;
}

static double seconds(int64_t ns)
{
    return (double)ns / (double)VT_NS_PER_S;
}

// Program time of the end of what is listed; false if it has none.
static bool end_of(const struct vt_m3u *m3u, double *ret)
{
    const struct vt_m3u_segment *last = m3u->n_segments ? &m3u->segments[m3u->n_segments - 1] : NULL;
    if (!last || !last->timed)
        return false;
    *ret = seconds(last->time_ns) + last->duration;
    for (int i = 0; i < m3u->open.parts; i++)
        *ret += m3u->parts[m3u->open.first_part + i].duration;
    return true;
}

static bool is_full(enum vt_check_kind kind)
{
    return kind == VT_CHECK_VIDEO || kind == VT_CHECK_AUDIO;
}

// ---- two playlists, one after the other

static const struct vt_m3u_range *same_range(const struct vt_m3u *m3u, const char *id)
{
    for (int i = 0; i < m3u->n_ranges; i++)
        if (strcmp(m3u->ranges[i].id, id) == 0)
            return &m3u->ranges[i];
    return NULL;
}

static void compare_range(const struct vt_m3u *last, const struct vt_m3u_range *one, const struct vt_m3u *next,
                          const struct vt_m3u_range *other, struct vt_findings *findings)
{
    const struct vt_tag *tag = &last->tags[one->tag];
    for (int i = 0; i < tag->count; i++) {
        const struct vt_attribute *mine = &last->attributes[tag->first + i];
        if (!vt_same_text(mine->value, vt_m3u_value(next, other->tag, mine->name))) {
            vt_find(findings, 68, next->url, other->line, "range \"%.60s\" has another %.40s than in %.150s", one->id,
                    mine->name, last->url);
            return;
        }
    }
}

static void check_ranges(const struct vt_m3u *last, const struct vt_m3u *next, struct vt_findings *findings)
{
    double from = next->n_segments && next->segments[0].timed ? seconds(next->segments[0].time_ns) : -INFINITY;
    if (!next->n_ranges && !last->n_ranges)
        return;
    for (int i = 0; i < last->n_ranges; i++) {
        const struct vt_m3u_range *one = &last->ranges[i], *other = same_range(next, one->id);
        double end = one->has_end ? seconds(one->end_ns) : one->has_duration && one->has_start ?
            seconds(one->start_ns) + one->duration : -INFINITY;
        if (other)
            compare_range(last, one, next, other, findings);
        else if (end > from + 0.002 && next->n_ranges)
            vt_find(findings, 68, next->url, 0, "range \"%.60s\" of %.150s is missing", one->id, last->url);
    }
}

static void check_reports(const struct vt_m3u *last, const struct vt_m3u *next, struct vt_findings *findings)
{
    uint64_t msn = 0, mine = 0;
    int part = -1, my_part = -1;
    if (!vt_m3u_last_part(last, &msn, &part) || !vt_m3u_last_part(next, &mine, &my_part))
        return;
    for (int i = 0; i < next->n_tags; i++) {
        char url[VT_CHECK_URL];
        const char *uri = next->tags[i].kind == VT_TAG_REPORT ? vt_m3u_value(next, i, "URI") : NULL;
        if (!uri || !vt_check_url(url, next->url, uri) || strcmp(url, last->url) != 0)
            continue;
        const char *told = vt_m3u_value(next, i, "LAST-MSN"), *told_part = vt_m3u_value(next, i, "LAST-PART");
        uint64_t told_msn = told ? strtoull(told, NULL, 10) : mine;
        int told_index = told_part ? atoi(told_part) : my_part;
        bool behind = told_msn < msn || (told_msn == msn && told_index < part);
        bool current = mine > msn || (mine == msn && my_part >= part);
        if (behind && current)
            vt_find(findings, 96, next->url, next->tags[i].line, "it says %llu.%d of \"%.80s\", which had %llu.%d before",
                    (unsigned long long)told_msn, told_index, uri, (unsigned long long)msn, part);
    }
}

static void check_same_time(const struct vt_m3u *last, const struct vt_m3u *next, struct vt_findings *findings)
{
    double was, is;
    if (!end_of(last, &was) || !end_of(next, &is) || next->ended || last->ended)
        return;
    if (is < was - (double)last->target)
        vt_find(findings, 126, next->url, 0, "it ends %.3f s before %.150s did earlier", was - is, last->url);
    else if (next->part_target > 0 && is < was - next->part_target * 0.6 && next->asked - last->came > next->part_target)
        vt_find(findings, 97, next->url, 0, "it ends %.3f s before %.150s did %.3f s earlier", was - is, last->url,
                next->asked - last->came);
}

static void check_discontinuities(const struct vt_m3u *last, const struct vt_m3u *next, struct vt_findings *findings)
{
    for (int i = 1; i < last->n_segments; i++) {
        const struct vt_m3u_segment *one = &last->segments[i];
        for (int j = 1; j < next->n_segments && one->timed; j++) {
            const struct vt_m3u_segment *two = &next->segments[j];
            if (!two->timed || fabs(seconds(one->time_ns - two->time_ns)) > SAME_MOMENT)
                continue;
            if (one->discontinuity != two->discontinuity || one->dsn != two->dsn)
                vt_find(findings, 45, next->url, two->line,
                        "segment %llu has discontinuity number %llu, that of its time in %.150s %llu",
                        (unsigned long long)two->msn, (unsigned long long)two->dsn, last->url, (unsigned long long)one->dsn);
        }
    }
}

void vt_check_pair(const struct vt_check_pair *pair, struct vt_findings *findings)
{
    check_reports(pair->last, pair->next, findings);
    if (!is_full(pair->last_kind) || !is_full(pair->next_kind))
        return;
    check_ranges(pair->last, pair->next, findings);
    check_same_time(pair->last, pair->next, findings);
    check_discontinuities(pair->last, pair->next, findings);
}

// ---- all of them

static void check_control(const struct vt_m3u *first, const struct vt_m3u *other, struct vt_findings *findings)
{
    static const char *const names[] = {"CAN-SKIP-UNTIL", "CAN-SKIP-DATERANGES", "HOLD-BACK", "PART-HOLD-BACK",
                                        "CAN-BLOCK-RELOAD"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *one = vt_m3u_value(first, first->control, names[i]), *two = vt_m3u_value(other, other->control, names[i]);
        if (!vt_same_text(one, two))
            vt_find(findings, 89, other->url, 0, "%s is %s, and %s in %.150s", names[i], two ? two : "missing",
                    one ? one : "missing", first->url);
    }
}

static bool reports_on(const struct vt_m3u *m3u, const char *wanted)
{
    for (int i = 0; i < m3u->n_tags; i++) {
        char url[VT_CHECK_URL];
        const char *uri = m3u->tags[i].kind == VT_TAG_REPORT ? vt_m3u_value(m3u, i, "URI") : NULL;
        if (uri && vt_check_url(url, m3u->url, uri) && strcmp(url, wanted) == 0)
            return true;
    }
    return false;
}

static void check_report_tags(const struct vt_m3u *m3u, struct vt_findings *findings)
{
    for (int i = 0; i < m3u->n_tags; i++) {
        const char *uri = m3u->tags[i].kind == VT_TAG_REPORT ? vt_m3u_value(m3u, i, "URI") : NULL;
        if (!uri)
            continue;
        char *scheme = g_uri_parse_scheme(uri);
        if (scheme || strncmp(uri, "//", 2) == 0)
            vt_find(findings, 96, m3u->url, m3u->tags[i].line, "the address \"%.80s\" is not relative", uri);
        if (!vt_m3u_value(m3u, i, "LAST-MSN"))
            vt_find(findings, 96, m3u->url, m3u->tags[i].line, "no LAST-MSN of \"%.80s\"", uri);
        g_free(scheme);
    }
}

static void check_independent(const struct vt_m3u *multi, const struct vt_m3u *const *list, const enum vt_check_kind *kinds,
                              int count, struct vt_findings *findings)
{
    int with = 0, videos = 0;
    for (int i = 0; i < count; i++)
        if (kinds[i] == VT_CHECK_VIDEO) {
            videos++;
            with += list[i]->independent;
        }
    if (multi && !multi->independent && videos && with < videos)
        vt_find(findings, 51, multi->url, 0, "EXT-X-INDEPENDENT-SEGMENTS is in %d of %d video playlists", with, videos);
    if (multi && multi->independent && with)
        vt_find(findings, 51, multi->url, 0, "EXT-X-INDEPENDENT-SEGMENTS is here and in %d media playlists", with);
}

void vt_check_together(const struct vt_m3u *multi, const struct vt_m3u *const *list, const enum vt_check_kind *kinds,
                       int count, struct vt_findings *findings)
{
    int first = -1;
    check_independent(multi, list, kinds, count, findings);
    for (int i = 0; i < count; i++) {
        const struct vt_m3u *one = list[i];
        check_report_tags(one, findings);
        for (int j = 0; j < count && one->n_parts && !one->ended; j++)
            if (j != i && is_full(kinds[j]) && !reports_on(one, list[j]->url))
                vt_find(findings, 95, one->url, 0, "no report on %.150s", list[j]->url);
        if (!is_full(kinds[i]))
            continue;
        if (first < 0) {
            first = i;
            continue;
        }
        if (one->target != list[first]->target)
            vt_find(findings, 125, one->url, 0, "the target duration is %lld, and %lld in %.150s", (long long)one->target,
                    (long long)list[first]->target, list[first]->url);
        if (one->dates != list[first]->dates && one->n_segments && list[first]->n_segments)
            vt_find(findings, 55, one->url, 0, "it has %s program date-times, unlike %.150s", one->dates ? "" : "no",
                    list[first]->url);
        check_control(list[first], one, findings);
        double apart = fabs(vt_m3u_duration(one) - vt_m3u_duration(list[first]));
        if (one->ended && list[first]->ended && apart > (double)one->target)
            vt_find(findings, 126, one->url, 0, "it lasts %.3f s longer or shorter than %.150s", apart, list[first]->url);
    }
}
