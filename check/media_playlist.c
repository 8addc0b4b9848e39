#include <ctype.h>
#include <math.h>
#include <string.h>

#include "base/mediatime.h"
#include "check/snapshot.h"

#define APPLE_SEGMENTS 6
#define RECOMMENDED_TARGET 6           // s
#define DELTA_WINDOW 120.0             // s; longer ones should offer delta updates

static void check_durations(const struct vt_m3u *m3u, struct vt_findings *findings)
{
    if (m3u->target < 1) {
        vt_find(findings, 17, m3u->url, 0, "it has no EXT-X-TARGETDURATION from 1");
        return;
    }
    for (int i = 0; i < m3u->n_segments; i++) {
        const struct vt_m3u_segment *one = &m3u->segments[i];
        if (floor(one->duration + 0.5) > (double)m3u->target)
            vt_find(findings, 18, m3u->url, one->extinf, "segment %llu lasts %.3f s, the target duration is %lld",
                    (unsigned long long)one->msn, one->duration, (long long)m3u->target);
    }
    if (m3u->target != RECOMMENDED_TARGET)
        vt_find(findings, 139, m3u->url, 0, "the target duration is %lld s", (long long)m3u->target);
}

static void check_kind(const struct vt_m3u *m3u, bool final, struct vt_findings *findings)
{
    bool vod = m3u->type && strcmp(m3u->type, "VOD") == 0;
    if (m3u->type && !vod && strcmp(m3u->type, "EVENT") != 0)
        vt_find(findings, 8, m3u->url, 0, "EXT-X-PLAYLIST-TYPE is \"%.40s\"", m3u->type);
    if (vod && !m3u->ended && !final)
        vt_find(findings, 33, m3u->url, 0, "the type is VOD, and EXT-X-ENDLIST is missing");
    if (final && !m3u->ended)
        vt_find(findings, 33, m3u->url, 0, "nothing more will come, and EXT-X-ENDLIST is missing");
    if (m3u->type && !m3u->ended && m3u->msn > 1 && !m3u->skipped)
        vt_find(findings, 32, m3u->url, 0, "it begins at segment %llu, and its type is %.10s", (unsigned long long)m3u->msn,
                m3u->type);
    if (!m3u->ended && !m3u->type && m3u->n_segments + (int)m3u->skipped < APPLE_SEGMENTS && m3u->msn > 1)
        vt_find(findings, 28, m3u->url, 0, "it lists %d segments", m3u->n_segments + (int)m3u->skipped);
}

static bool ends_with(const char *uri, const char *end)
{
    size_t length = strcspn(uri, "?#"), wanted = strlen(end);
    return length >= wanted && strncasecmp(uri + length - wanted, end, wanted) == 0;
}

static bool is_fragmented(const char *uri)
{
    static const char *const endings[] = {".m4s", ".mp4", ".m4v", ".m4a", ".cmfv", ".cmfa", ".cmft"};
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
        if (ends_with(uri, endings[i]))
            return true;
    return false;
}

static void check_maps(const struct vt_m3u *m3u, struct vt_findings *findings)
{
    for (int i = 0; i < m3u->n_segments; i++) {
        const struct vt_m3u_segment *one = &m3u->segments[i];
        if (one->map < 0 && is_fragmented(one->uri) && !m3u->skipped) {
            vt_find(findings, 46, m3u->url, one->line, "no EXT-X-MAP applies to \"%.80s\"", one->uri);
            return;
        }
    }
}

static void check_discontinuities(const struct vt_m3u *m3u, struct vt_findings *findings)
{
    for (int i = 0; i < m3u->n_segments; i++) {
        const struct vt_m3u_segment *one = &m3u->segments[i];
        if (one->discontinuity && i > 0 && !one->dated && m3u->dates)
            vt_find(findings, 53, m3u->url, one->line, "segment %llu begins a discontinuity and has no date",
                    (unsigned long long)one->msn);
    }
}

// A date may overlap what comes before by less than a second.
static void check_dates(const struct vt_m3u *m3u, bool final, struct vt_findings *findings)
{
    if (!m3u->ended && !final && !m3u->dates && !m3u->skipped && m3u->n_segments)
        vt_find(findings, 56, m3u->url, 0, "it has no EXT-X-PROGRAM-DATE-TIME");
    for (int i = 1; i < m3u->n_segments; i++) {
        const struct vt_m3u_segment *last = &m3u->segments[i - 1], *one = &m3u->segments[i];
        double ahead = (double)(one->time_ns - last->time_ns) / (double)VT_NS_PER_S - last->duration;
        if (one->dated && last->timed && ahead <= -1)
            vt_find(findings, 54, m3u->url, one->line, "segment %llu begins %.3f s before the one before it ends",
                    (unsigned long long)one->msn, -ahead);
    }
}

static void check_start(const struct vt_m3u *m3u, bool final, struct vt_findings *findings)
{
    for (int i = 0; i < m3u->n_tags; i++) {
        const char *text = m3u->tags[i].kind == VT_TAG_START ? vt_m3u_value(m3u, i, "TIME-OFFSET") : NULL;
        double offset, duration = vt_m3u_duration(m3u);
        if (!text || m3u->ended || final || sscanf(text, "%lf", &offset) != 1)
            continue;
        double from_end = offset < 0 ? -offset : duration - offset;
        if (from_end < 3 * (double)m3u->target)
            vt_find(findings, 38, m3u->url, m3u->tags[i].line, "it points %.3f s before the end", from_end);
    }
}

static void check_control(const struct vt_m3u *m3u, struct vt_findings *findings)
{
    int line = m3u->control >= 0 ? m3u->tags[m3u->control].line : 0;
    double target = (double)m3u->target;
    if (vt_m3u_value(m3u, m3u->control, "HOLD-BACK") && m3u->hold_back < 3 * target - VT_CHECK_ROUNDING)
        vt_find(findings, 87, m3u->url, line, "HOLD-BACK is %.3f, the target duration %.0f", m3u->hold_back, target);
    if (vt_m3u_value(m3u, m3u->control, "CAN-SKIP-UNTIL") && m3u->skip_until < 6 * target - VT_CHECK_ROUNDING)
        vt_find(findings, 88, m3u->url, line, "CAN-SKIP-UNTIL is %.3f, the target duration %.0f", m3u->skip_until, target);
    if (m3u->skip_ranges && m3u->skip_until <= 0)
        vt_find(findings, 88, m3u->url, line, "CAN-SKIP-DATERANGES without CAN-SKIP-UNTIL");
    if (m3u->part_target <= 0 || m3u->ended || vt_m3u_duration(m3u) <= DELTA_WINDOW || m3u->skipped)
        return;
    if (m3u->skip_until <= 0)
        vt_find(findings, 100, m3u->url, line, "%.0f s are listed, and no delta updates are offered", vt_m3u_duration(m3u));
    else if (m3u->n_ranges && !m3u->skip_ranges)
        vt_find(findings, 100, m3u->url, line, "ranges are listed, and CAN-SKIP-DATERANGES is not offered");
}

// The skip boundary lies CAN-SKIP-UNTIL before the end of the last whole segment: what is nearer must be listed.
static void check_skip(const struct vt_m3u *m3u, struct vt_findings *findings)
{
    double listed = 0;
    if (m3u->skip < 0)
        return;
    int line = m3u->tags[m3u->skip].line;
    for (int i = 0; i < m3u->n_segments; i++)
        listed += m3u->segments[i].duration;
    if (m3u->skip_until > 0 && m3u->skipped && listed < m3u->skip_until - VT_CHECK_ROUNDING)
        vt_find(findings, 111, m3u->url, line, "%.3f s of segments are listed, CAN-SKIP-UNTIL is %.3f", listed,
                m3u->skip_until);
    if (m3u->skip_until <= 0)
        vt_find(findings, 110, m3u->url, line, "EXT-X-SKIP, and CAN-SKIP-UNTIL is not offered");
}

void vt_check_media_playlist(const struct vt_m3u *m3u, bool final, struct vt_findings *findings)
{
    check_durations(m3u, findings);
    check_kind(m3u, final, findings);
    check_maps(m3u, findings);
    check_discontinuities(m3u, findings);
    check_dates(m3u, final, findings);
    check_start(m3u, final, findings);
    check_control(m3u, findings);
    check_skip(m3u, findings);
}

void vt_check_snapshot(const struct vt_m3u *m3u, bool final, struct vt_findings *findings)
{
    if (m3u->multivariant) {
        vt_check_multivariant(m3u, findings);
        return;
    }
    vt_check_media_playlist(m3u, final, findings);
    vt_check_parts(m3u, findings);
    vt_check_ranges(m3u, findings);
}
