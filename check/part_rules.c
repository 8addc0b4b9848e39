#include <string.h>

#include "check/snapshot.h"

#define PARTS_LEAST 0.85               // of PART-TARGET

// Whether a part may be shorter: the last of its segment, an independent one, a gap, or one before a gap.
static bool may_be_short(const struct vt_m3u *m3u, const struct vt_m3u_segment *segment, int index, bool open)
{
    const struct vt_m3u_part *part = &m3u->parts[segment->first_part + index];
    if (part->independent || part->gap)
        return true;
    if (index + 1 < segment->parts)
        return part[1].gap;
    return !open || m3u->ended;
}

static void check_lengths(const struct vt_m3u *m3u, const struct vt_m3u_segment *segment, struct vt_findings *findings)
{
    bool open = segment == &m3u->open;
    for (int i = 0; i < segment->parts; i++) {
        const struct vt_m3u_part *part = &m3u->parts[segment->first_part + i];
        // The newest part may turn out to be the last of its segment.
        bool newest = open && i + 1 == segment->parts;
        if (part->duration > m3u->part_target + VT_CHECK_ROUNDING / 10)
            vt_find(findings, 76, m3u->url, part->line, "part %d of segment %llu lasts %.6f s, PART-TARGET is %.6f", i,
                    (unsigned long long)segment->msn, part->duration, m3u->part_target);
        else if (!newest && !may_be_short(m3u, segment, i, open)
                 && part->duration < PARTS_LEAST * m3u->part_target - VT_CHECK_ROUNDING / 10)
            vt_find(findings, 77, m3u->url, part->line, "part %d of segment %llu lasts %.6f s, PART-TARGET is %.6f", i,
                    (unsigned long long)segment->msn, part->duration, m3u->part_target);
    }
}

static void check_sum(const struct vt_m3u *m3u, const struct vt_m3u_segment *segment, struct vt_findings *findings)
{
    double sum = 0;
    for (int i = 0; i < segment->parts; i++)
        sum += m3u->parts[segment->first_part + i].duration;
    double apart = sum - segment->duration, most = 0.002 * (segment->parts + 1);
    if (segment->parts && (apart > most || apart < -most))
        vt_find(findings, 81, m3u->url, segment->line, "segment %llu lasts %.6f s, its parts %.6f together",
                (unsigned long long)segment->msn, segment->duration, sum);
}

// Parts stay listed with their segment until it lies more than three target durations before the end.
static void check_age(const struct vt_m3u *m3u, struct vt_findings *findings)
{
    double from_end = 0, allowed = 3 * (double)m3u->target;
    if (m3u->open.parts)
        for (int i = 0; i < m3u->open.parts; i++)
            from_end += m3u->parts[m3u->open.first_part + i].duration;
    for (int i = m3u->n_segments - 1; i >= 0; i--) {
        const struct vt_m3u_segment *one = &m3u->segments[i];
        // Half a part of grace: whether "more than" counts from the last part or the last whole segment is left open.
        if (one->parts && from_end > allowed + m3u->part_target * 1.5) {
            vt_find(findings, 84, m3u->url, m3u->parts[one->first_part].line, "segment %llu ends %.3f s before the end",
                    (unsigned long long)one->msn, from_end);
            return;
        }
        from_end += one->duration;
    }
}

static void check_hints(const struct vt_m3u *m3u, struct vt_findings *findings)
{
    int parts = 0, maps = 0;
    for (int i = 0; i < m3u->n_tags; i++) {
        if (m3u->tags[i].kind != VT_TAG_HINT)
            continue;
        const char *type = vt_m3u_value(m3u, i, "TYPE");
        bool map = type && strcmp(type, "MAP") == 0;
        int *count = map ? &maps : &parts, line = m3u->tags[i].line;
        if (++*count > 1)
            vt_find(findings, 94, m3u->url, line, "a second hint of one type");
        if (m3u->ended)
            vt_find(findings, 94, m3u->url, line, "a hint beside EXT-X-ENDLIST");
        if (vt_m3u_value(m3u, i, "BYTERANGE-LENGTH") && !vt_m3u_value(m3u, i, "BYTERANGE-START"))
            vt_find(findings, 117, m3u->url, line, "BYTERANGE-LENGTH without BYTERANGE-START");
    }
    if (!m3u->ended && m3u->n_parts && parts == 0)
        vt_find(findings, 91, m3u->url, 0, "it has parts and no EXT-X-PRELOAD-HINT:TYPE=PART");
}

static void check_hold_back(const struct vt_m3u *m3u, struct vt_findings *findings)
{
    int line = m3u->control >= 0 ? m3u->tags[m3u->control].line : 0;
    const char *told = vt_m3u_value(m3u, m3u->control, "PART-HOLD-BACK");
    if (!told)
        vt_find(findings, 86, m3u->url, line, "PART-HOLD-BACK is missing");
    else if (m3u->part_hold_back < 2 * m3u->part_target - VT_CHECK_ROUNDING)
        vt_find(findings, 86, m3u->url, line, "PART-HOLD-BACK is %s, PART-TARGET %.6f", told, m3u->part_target);
    else if (m3u->part_hold_back < 3 * m3u->part_target - VT_CHECK_ROUNDING)
        vt_find_soft(findings, 86, m3u->url, line, "PART-HOLD-BACK is %s, less than three times PART-TARGET %.6f", told,
                     m3u->part_target);
}

void vt_check_parts(const struct vt_m3u *m3u, struct vt_findings *findings)
{
    check_hints(m3u, findings);
    if (m3u->part_target <= 0 && m3u->n_parts == 0)
        return;
    if (m3u->part_target <= 0) {
        vt_find(findings, 75, m3u->url, m3u->parts[0].line, "it has parts and no EXT-X-PART-INF");
        return;
    }
    if (m3u->n_parts == 0 && !m3u->ended && m3u->n_segments)
        vt_find(findings, 75, m3u->url, 0, "it has EXT-X-PART-INF and no parts");
    if (m3u->i_frames && m3u->n_parts)
        vt_find(findings, 98, m3u->url, m3u->parts[0].line, "it has parts");
    check_hold_back(m3u, findings);
    for (int i = 0; i < m3u->n_segments; i++) {
        check_lengths(m3u, &m3u->segments[i], findings);
        check_sum(m3u, &m3u->segments[i], findings);
    }
    check_lengths(m3u, &m3u->open, findings);
    if (!m3u->ended)
        check_age(m3u, findings);
}
