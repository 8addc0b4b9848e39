// Delta updates, and the pace at which a playlist grows.
#include <math.h>
#include <string.h>

#include "base/mediatime.h"
#include "check/change.h"

#define PART_SLACK 0.3                 // s; what a network may add to the time between two parts

static bool has_range(const struct vt_m3u *m3u, const char *id)
{
    for (int i = 0; i < m3u->n_ranges; i++)
        if (strcmp(m3u->ranges[i].id, id) == 0)
            return true;
    return false;
}

// Whether a tab-separated list holds an id.
static bool lists(const char *list, const char *id)
{
    size_t length = strlen(id);
    for (const char *at = list; at; at = strchr(at, '\t')) {
        at += *at == '\t';
        if (strncmp(at, id, length) == 0 && (!at[length] || at[length] == '\t'))
            return true;
    }
    return false;
}

static void check_delta_ranges(const struct vt_m3u *before, const struct vt_m3u *delta, const struct vt_m3u *whole,
                               bool ranges, struct vt_findings *findings)
{
    const char *removed = vt_m3u_value(delta, delta->skip, "RECENTLY-REMOVED-DATERANGES");
    int line = delta->tags[delta->skip].line;
    for (int i = 0; i < whole->n_ranges; i++) {
        const char *id = whole->ranges[i].id;
        if (has_range(delta, id))
            continue;
        if (!ranges)
            vt_find(findings, 112, delta->url, line, "range \"%.60s\" is missing", id);
        else if (!removed)
            vt_find(findings, 113, delta->url, line, "ranges are left out without RECENTLY-REMOVED-DATERANGES");
        else if (!has_range(before, id))
            vt_find(findings, 113, delta->url, line, "range \"%.60s\" is new and left out", id);
    }
    for (int i = 0; removed && i < before->n_ranges; i++) {
        const char *id = before->ranges[i].id;
        if (!has_range(whole, id) && !lists(removed, id))
            vt_find(findings, 113, delta->url, line, "range \"%.60s\" was removed, and is not named", id);
    }
}

void vt_check_delta(const struct vt_m3u *before, const struct vt_m3u *delta, const struct vt_m3u *whole, bool ranges,
                    struct vt_findings *findings)
{
    if (delta->skip < 0)
        return;
    int line = delta->tags[delta->skip].line;
    for (uint64_t i = 0; i < delta->skipped && i < VT_M3U_LINES; i++)
        if (delta->msn + i >= before->msn + before->skipped && !vt_m3u_find(before, delta->msn + i)) {
            vt_find(findings, 111, delta->url, line, "segment %llu is left out, and was not listed before",
                    (unsigned long long)(delta->msn + i));
            break;
        }
    if (!whole || whole->ended || vt_m3u_next(whole) != vt_m3u_next(delta) || whole->open.parts != delta->open.parts)
        return;
    if (whole->msn != delta->msn)
        vt_find(findings, 112, delta->url, delta->msn_line, "EXT-X-MEDIA-SEQUENCE is %llu, of the whole playlist %llu",
                (unsigned long long)delta->msn, (unsigned long long)whole->msn);
    if (whole->dsn != delta->dsn)
        vt_find(findings, 111, delta->url, delta->dsn_line, "EXT-X-DISCONTINUITY-SEQUENCE is %llu, of the whole playlist %llu",
                (unsigned long long)delta->dsn, (unsigned long long)whole->dsn);
    for (int i = 0; i < delta->n_segments; i++) {
        const struct vt_m3u_segment *one = &delta->segments[i], *same = vt_m3u_find(whole, one->msn);
        const char *differs = same ? vt_segment_difference(delta, one, whole, same) : "its number";
        if (!differs && strcmp(one->uri, same->uri) != 0)
            differs = "its address";
        if (differs)
            vt_find(findings, 112, delta->url, one->line, "segment %llu differs from the whole playlist's: %s",
                    (unsigned long long)one->msn, differs);
    }
    check_delta_ranges(before, delta, whole, ranges, findings);
}

void vt_check_skipped(const struct vt_m3u *answer, struct vt_findings *findings)
{
    // Two target durations of grace: how much is worth leaving out is the server's to say.
    double left = vt_m3u_duration(answer) - answer->skip_until;
    if (answer->skip < 0 && !answer->ended && answer->skip_until > 0 && left > 2 * (double)answer->target)
        vt_find(findings, 110, answer->url, 0, "%.1f s could be left out, and EXT-X-SKIP is missing", left);
}

static void start_pace(struct vt_check_pace *pace, const struct vt_m3u *m3u)
{
    *pace = (struct vt_check_pace){.started = true, .next = vt_m3u_next(m3u), .segment_came = m3u->came, .part = -1,
                                   .part_came = m3u->came};
    (void)vt_m3u_last_part(m3u, &pace->part_msn, &pace->part);
}

static void check_part_pace(struct vt_check_pace *pace, const struct vt_m3u *m3u, struct vt_findings *findings)
{
    uint64_t msn = 0;
    int part = -1;
    if (m3u->part_target <= 0 || !vt_m3u_last_part(m3u, &msn, &part))
        return;
    bool same = msn == pace->part_msn && part == pace->part;
    // A part that is missing in an answer is late for certain; one that came may have been held up on its way.
    double waited = same ? m3u->asked - pace->part_came : m3u->came - pace->part_came;
    double allowed = same ? m3u->part_target : 2 * m3u->part_target;
    if (waited > allowed + PART_SLACK)
        vt_find(findings, 82, m3u->url, 0, "no part for %.3f s after part %d of segment %llu, PART-TARGET is %.6f", waited,
                pace->part, (unsigned long long)pace->part_msn, m3u->part_target);
    if (same)
        return;
    pace->part_msn = msn;
    pace->part = part;
    pace->part_came = m3u->came;
}

void vt_check_in_time(struct vt_check_pace *pace, const struct vt_m3u *m3u, struct vt_findings *findings)
{
    if (!pace->started || m3u->ended || vt_m3u_next(m3u) < pace->next) {
        start_pace(pace, m3u);
        return;
    }
    check_part_pace(pace, m3u, findings);
    if (vt_m3u_next(m3u) > pace->next) {
        pace->next = vt_m3u_next(m3u);
        pace->segment_came = m3u->came;
    } else if (m3u->asked - pace->segment_came > 1.5 * (double)m3u->target) {
        vt_find(findings, 29, m3u->url, 0, "segment %llu is not there %.1f s after the one before, the target duration is %lld",
                (unsigned long long)pace->next, m3u->asked - pace->segment_came, (long long)m3u->target);
    }
}
