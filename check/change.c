#include "check/change.h"

#include <math.h>
#include <string.h>

#include "base/mediatime.h"

#define SAME_DURATION 1e-6


bool vt_same_text(const char *one, const char *two)
{
    return one && two ? strcmp(one, two) == 0 : one == two;
}

static bool same_range(const struct vt_byte_range *one, const struct vt_byte_range *two)
{
    return one->given == two->given && one->offset == two->offset && one->length == two->length;
}

static bool same_place(const struct vt_m3u_segment *one, const struct vt_m3u_segment *two)
{
    return vt_same_text(one->uri, two->uri) && same_range(&one->range, &two->range);
}

static bool same_part(const struct vt_m3u_part *one, const struct vt_m3u_part *two)
{
    return strcmp(one->uri, two->uri) == 0 && same_range(&one->range, &two->range);
}

static const char *map_of(const struct vt_m3u *m3u, const struct vt_m3u_segment *one)
{
    return vt_m3u_value(m3u, one->map, "URI");
}

const char *vt_segment_difference(const struct vt_m3u *one, const struct vt_m3u_segment *a, const struct vt_m3u *two,
                                  const struct vt_m3u_segment *b)
{
    if (fabs(a->duration - b->duration) > SAME_DURATION)
        return "EXTINF";
    if (a->gap != b->gap)
        return "EXT-X-GAP";
    // The tags of a segment that has become the first may have gone with those before it.
    if (a->discontinuity != b->discontinuity && b != two->segments)
        return "EXT-X-DISCONTINUITY";
    if (a->dated && b->dated && a->date_ns != b->date_ns)
        return "EXT-X-PROGRAM-DATE-TIME";
    if (!vt_same_text(map_of(one, a), map_of(two, b)) && !one->skipped && !two->skipped)
        return "EXT-X-MAP";
    if (!vt_same_text(vt_m3u_value(one, a->key, "URI"), vt_m3u_value(two, b->key, "URI")) && !one->skipped && !two->skipped)
        return "EXT-X-KEY";
    return NULL;
}

// ---- the head

static void check_constants(const struct vt_m3u *before, const struct vt_m3u *after, struct vt_findings *findings)
{
    static const char *const control[] = {"CAN-SKIP-UNTIL", "CAN-SKIP-DATERANGES", "HOLD-BACK", "PART-HOLD-BACK",
                                          "CAN-BLOCK-RELOAD"};
    if (before->target != after->target)
        vt_find(findings, 19, after->url, 0, "it was %lld s and is %lld", (long long)before->target,
                (long long)after->target);
    if (before->part_target != after->part_target)
        vt_find(findings, 90, after->url, 0, "PART-TARGET was %.6f and is %.6f", before->part_target, after->part_target);
    for (size_t i = 0; i < sizeof control / sizeof control[0]; i++) {
        const char *was = vt_m3u_value(before, before->control, control[i]);
        const char *is = vt_m3u_value(after, after->control, control[i]);
        if (!vt_same_text(was, is))
            vt_find(findings, 90, after->url, 0, "%s was %s and is %s", control[i], was ? was : "missing",
                    is ? is : "missing");
    }
    if (before->version != after->version)
        vt_find(findings, 30, after->url, after->version_line, "EXT-X-VERSION was %d and is %d", before->version,
                after->version);
    if (before->independent != after->independent || before->i_frames != after->i_frames)
        vt_find(findings, 30, after->url, 0, "EXT-X-INDEPENDENT-SEGMENTS or EXT-X-I-FRAMES-ONLY came or went");
    if (!vt_same_text(before->type, after->type))
        vt_find(findings, 32, after->url, 0, "EXT-X-PLAYLIST-TYPE was %s and is %s", before->type ? before->type : "missing",
                after->type ? after->type : "missing");
    if (before->ended && !after->ended)
        vt_find(findings, 30, after->url, 0, "EXT-X-ENDLIST has gone");
}

// ---- numbers

// The number that the first segment of `after` had before; false if it was not listed.
static bool number_before(const struct vt_m3u *before, const struct vt_m3u *after, uint64_t *ret)
{
    for (int i = 0; i < before->n_segments; i++)
        if (same_place(&before->segments[i], &after->segments[0])) {
            *ret = before->segments[i].msn;
            return true;
        }
    return false;
}

// Whether numbers can be trusted, so that segments can be compared by them.
static bool check_numbers(const struct vt_m3u *before, const struct vt_m3u *after, struct vt_findings *findings)
{
    uint64_t was;
    bool known = before->n_segments && after->n_segments && number_before(before, after, &was);
    if (known && was != after->segments[0].msn && !before->msn_line && !after->msn_line) {
        vt_find(findings, 23, after->url, 0, "segments were removed, and there is no EXT-X-MEDIA-SEQUENCE");
        return false;
    }
    if (after->msn < before->msn) {
        vt_find(findings, 24, after->url, after->msn_line, "it was %llu and is %llu", (unsigned long long)before->msn,
                (unsigned long long)after->msn);
        return false;
    }
    if (known && was != after->segments[0].msn) {
        vt_find(findings, 24, after->url, after->msn_line, "\"%.80s\" was number %llu and is number %llu",
                after->segments[0].uri, (unsigned long long)was, (unsigned long long)after->segments[0].msn);
        return false;
    }
    return true;
}

static void check_removed(const struct vt_m3u *before, const struct vt_m3u *after, struct vt_findings *findings)
{
    bool removed = after->msn > before->msn;
    if (removed && !after->ended && vt_m3u_duration(after) < 3 * (double)after->target)
        vt_find(findings, 27, after->url, 0, "%.3f s are left, the target duration is %lld", vt_m3u_duration(after),
                (long long)after->target);
    if (removed && after->type)
        vt_find(findings, 32, after->url, 0, "segment %llu was removed, and the type is %.10s",
                (unsigned long long)before->msn, after->type);
    if (vt_m3u_next(after) < vt_m3u_next(before))
        vt_find(findings, 26, after->url, 0, "segment %llu was removed at the end",
                (unsigned long long)vt_m3u_next(before) - 1);
}

static void check_discontinuities(const struct vt_m3u *before, const struct vt_m3u *after, struct vt_findings *findings)
{
    if (after->dsn < before->dsn) {
        vt_find(findings, 44, after->url, after->dsn_line, "it was %llu and is %llu", (unsigned long long)before->dsn,
                (unsigned long long)after->dsn);
        return;
    }
    for (int i = 0; i < after->n_segments; i++) {
        const struct vt_m3u_segment *now = &after->segments[i], *was = vt_m3u_find(before, now->msn);
        if (!was || was->dsn == now->dsn || now->discontinuity != was->discontinuity)
            continue;
        vt_find(findings, 44, after->url, after->dsn_line, "segment %llu had discontinuity sequence number %llu and has %llu",
                (unsigned long long)now->msn, (unsigned long long)was->dsn, (unsigned long long)now->dsn);
        return;
    }
}

// ---- segments and parts

static void check_parts(const struct vt_m3u *before, const struct vt_m3u_segment *was, const struct vt_m3u *after,
                        const struct vt_m3u_segment *now, struct vt_findings *findings)
{
    int gone = 0;
    if (!was->parts || !now->parts)
        return;
    const struct vt_m3u_part *old = before->parts + was->first_part, *new = after->parts + now->first_part;
    while (gone < was->parts && !same_part(&old[gone], &new[0]))
        gone++;
    if (gone == was->parts)
        vt_find(findings, 30, after->url, new[0].line, "part \"%.80s\" of segment %llu is new among those listed",
                new[0].uri, (unsigned long long)now->msn);
    else if (was->parts - gone > now->parts)
        vt_find(findings, 26, after->url, now->line, "the last parts of segment %llu were removed",
                (unsigned long long)now->msn);
    for (int i = 0; gone + i < was->parts && i < now->parts; i++) {
        const struct vt_m3u_part *one = &old[gone + i], *two = &new[i];
        if (same_part(one, two) && fabs(one->duration - two->duration) <= SAME_DURATION && one->gap == two->gap
            && one->independent == two->independent)
            continue;
        vt_find(findings, 30, after->url, two->line, "part %d of segment %llu has changed", gone + i,
                (unsigned long long)now->msn);
        return;
    }
}

static void check_segments(const struct vt_m3u *before, const struct vt_m3u *after, struct vt_findings *findings)
{
    bool lost_parts = false;           // in a later segment, from the end
    for (int i = after->n_segments - 1; i >= 0; i--) {
        const struct vt_m3u_segment *now = &after->segments[i], *was = vt_m3u_find(before, now->msn);
        bool open = !was && now->msn == before->open.msn;
        if (open)
            was = &before->open;
        if (!was)
            continue;
        if (lost_parts && now->parts)
            vt_find(findings, 26, after->url, now->line, "segment %llu has its parts, a later one has lost them",
                    (unsigned long long)now->msn);
        lost_parts |= was->parts && !now->parts;
        check_parts(before, was, after, now, findings);
        if (open)
            continue;
        const char *differs = vt_segment_difference(before, was, after, now);
        if (!same_place(was, now))
            vt_find(findings, 25, after->url, now->line, "segment %llu was \"%.80s\" and is \"%.80s\"",
                    (unsigned long long)now->msn, was->uri, now->uri);
        else if (differs)
            vt_find(findings, 30, after->url, now->line, "%s of segment %llu has changed", differs,
                    (unsigned long long)now->msn);
    }
    if (after->open.msn == before->open.msn)
        check_parts(before, &before->open, after, &after->open, findings);
}

// ---- hints

static int hint_of(const struct vt_m3u *m3u, const char *type)
{
    for (int i = 0; i < m3u->n_tags; i++)
        if (m3u->tags[i].kind == VT_TAG_HINT && vt_same_text(vt_m3u_value(m3u, i, "TYPE"), type))
            return i;
    return -1;
}

// The segment of a number, whole or open; NULL if neither.
static const struct vt_m3u_segment *any_segment(const struct vt_m3u *m3u, uint64_t msn)
{
    return msn == m3u->open.msn ? &m3u->open : vt_m3u_find(m3u, msn);
}

// The part that came after the last one of `before`, and its segment; NULL while it has not come.
static const struct vt_m3u_part *next_part(const struct vt_m3u *before, const struct vt_m3u *after,
                                           const struct vt_m3u_segment **ret)
{
    const struct vt_m3u_segment *one = any_segment(after, before->open.msn);
    int index = before->open.parts;
    if (one && index > 0 && (one->parts < index || strcmp(after->parts[one->first_part].uri,
                                                          before->parts[before->open.first_part].uri) != 0))
        return NULL;                   // its parts have left already
    if (one && one->uri && one->parts == index) {
        one = any_segment(after, before->open.msn + 1);
        index = 0;
    }
    if (!one || index >= one->parts)
        return NULL;
    *ret = one;
    return &after->parts[one->first_part + index];
}

static void check_hint(const struct vt_m3u *before, const struct vt_m3u *after, struct vt_findings *findings)
{
    const struct vt_m3u_segment *segment = NULL;
    const struct vt_m3u_part *came = next_part(before, after, &segment);
    int hint = hint_of(before, "PART"), map_hint = hint_of(before, "MAP");
    const char *uri = vt_m3u_value(before, hint, "URI");
    if (!came || !before->n_parts || after->ended)
        return;
    if (uri && !came->gap && strcmp(uri, came->uri) != 0)
        vt_find(findings, 93, after->url, came->line, "\"%.80s\" was hinted, \"%.80s\" came", uri, came->uri);
    const char *was = map_of(before, &before->open), *is = map_of(after, segment);
    if (vt_same_text(was, is))
        return;
    if (map_hint < 0)
        vt_find(findings, 92, after->url, came->line, "init segment \"%.80s\" was not hinted", is ? is : "none");
    else if (!vt_same_text(vt_m3u_value(before, map_hint, "URI"), is))
        vt_find(findings, 93, after->url, came->line, "init segment \"%.80s\" was hinted, \"%.80s\" came",
                vt_m3u_value(before, map_hint, "URI"), is ? is : "none");
}

void vt_check_change(const struct vt_m3u *before, const struct vt_m3u *after, struct vt_findings *findings)
{
    check_constants(before, after, findings);
    if (!check_numbers(before, after, findings))
        return;
    check_removed(before, after, findings);
    check_discontinuities(before, after, findings);
    check_segments(before, after, findings);
    check_hint(before, after, findings);
    vt_check_range_change(before, after, findings);
}
