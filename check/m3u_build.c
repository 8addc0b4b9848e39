// Tags to segments, parts, ranges and streams, and the rules of their order and versions.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mediatime.h"
#include "check/m3u_reading.h"
#include "check/values.h"

#define SECONDS_MAX 1e9                // longer durations are read as this

static double seconds(double value)
{
    return value < SECONDS_MAX ? value : SECONDS_MAX;
}

static double decimal(const struct vt_m3u *m3u, int tag, const char *name)
{
    const char *text = vt_m3u_value(m3u, tag, name);
    double value = 0;
    if (text)
        (void)vt_value_decimal(text, &value);
    return seconds(value);
}

static int64_t whole(const char *text)
{
    uint64_t value = 0;
    if (text)
        (void)vt_value_whole(text, &value);
    return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

void vt_m3u_need(struct vt_m3u_reading *r, int version, int rule, int line, const char *what)
{
    if (version > r->m3u->needed_version) {
        r->m3u->needed_version = version;
        r->m3u->needed_line = line;
    }
    for (int i = 0; i < r->n_needs; i++)
        if (strcmp(r->needs[i].what, what) == 0)
            return;
    if (r->n_needs == VT_M3U_NEEDS)
        return;
    r->needs[r->n_needs].version = version;
    r->needs[r->n_needs].rule = rule;
    r->needs[r->n_needs].line = line;
    r->needs[r->n_needs++].what = what;
}

static void judge_versions(struct vt_m3u_reading *r)
{
    struct vt_m3u *m3u = r->m3u;
    if (r->seen[VT_TAG_MAP])
        vt_m3u_need(r, m3u->i_frames ? 5 : 6, m3u->i_frames ? 13 : 14, r->seen[VT_TAG_MAP], "EXT-X-MAP");
    for (int i = 0; i < r->n_needs; i++)
        if (m3u->version < r->needs[i].version)
            vt_find(r->findings, r->needs[i].rule, m3u->url, r->needs[i].line, "%s needs version %d, the playlist has %d",
                    r->needs[i].what, r->needs[i].version, m3u->version);
    if (m3u->needed_version == 0)
        m3u->needed_version = 1;
    if (m3u->version_line && m3u->version > m3u->needed_version)
        vt_find(r->findings, 16, m3u->url, m3u->version_line, "it says version %d and needs %d", m3u->version,
                m3u->needed_version);
}

static void touch(struct vt_m3u_reading *r, int line)
{
    if (!r->next.line)
        r->next.line = line;
    r->next.tagged = true;
}

// What a segment carries before its first part may not come later.
static void judge_order(struct vt_m3u_reading *r, const struct vt_tag *tag)
{
    if (r->next.parts)
        vt_find(r->findings, 79, r->m3u->url, tag->line, "%s comes after a part of its segment", vt_tag_name(tag->kind));
}

static void take_extinf(struct vt_m3u_reading *r, const struct vt_tag *tag)
{
    char copy[40];
    size_t length = strcspn(tag->value, ",");
    double value = 0;
    if (r->next.extinf)
        vt_find(r->findings, 21, r->m3u->url, tag->line, "a second EXTINF before an address");
    if (length >= sizeof copy)
        length = sizeof copy - 1;
    memcpy(copy, tag->value, length);
    copy[length] = 0;
    if (!vt_value_decimal(copy, &value))
        vt_find(r->findings, 9, r->m3u->url, tag->line, "EXTINF is \"%s\"", copy);
    if (strchr(copy, '.'))
        vt_m3u_need(r, 3, 13, tag->line, "a fraction in EXTINF");
    r->next.duration = seconds(value);
    r->next.extinf = tag->line;
}

static void take_range(struct vt_m3u_reading *r, const char *text, int line, struct vt_byte_range *range, bool joined,
                       const struct vt_byte_range *before, int rule)
{
    bool placed = false;
    uint64_t length = 0, offset = 0;
    if (!vt_value_range(text, &length, &offset, &placed)) {
        vt_find(r->findings, 9, r->m3u->url, line, "the byte range is \"%.60s\"", text);
        return;
    }
    if (!placed && !joined)
        vt_find(r->findings, rule, r->m3u->url, line, "the byte range \"%.60s\" has no offset to go on from", text);
    if (!placed && joined)
        offset = before->offset + before->length;
    *range = (struct vt_byte_range){true, offset, length};
}

static int take_part(struct vt_m3u_reading *r, int tag)
{
    struct vt_m3u *m3u = r->m3u;
    struct vt_m3u_part *list = vt_m3u_grow(r, m3u->parts, &m3u->n_parts, 3, sizeof *list);
    if (!list)
        return -ENOMEM;
    m3u->parts = list;
    const char *uri = vt_m3u_value(m3u, tag, "URI"), *range = vt_m3u_value(m3u, tag, "BYTERANGE");
    struct vt_m3u_part part = {.tag = tag, .line = m3u->tags[tag].line, .uri = uri ? uri : "",
                               .duration = decimal(m3u, tag, "DURATION"), .independent = vt_m3u_yes(m3u, tag, "INDEPENDENT"),
                               .gap = vt_m3u_yes(m3u, tag, "GAP")};
    const struct vt_m3u_part *before = r->next.parts ? &list[m3u->n_parts - 1] : NULL;
    if (range)
        take_range(r, range, part.line, &part.range,
                   before && before->range.given && strcmp(before->uri, part.uri) == 0, before ? &before->range : NULL, 78);
    if (r->next.extinf)
        vt_find(r->findings, 79, m3u->url, part.line, "a part comes after its segment's EXTINF");
    if (!r->next.parts)
        r->next.first_part = m3u->n_parts;
    r->next.parts++;
    list[m3u->n_parts++] = part;
    touch(r, part.line);
    return 0;
}

static void take_date(struct vt_m3u_reading *r, const struct vt_tag *tag)
{
    bool exact = false;
    if (!vt_value_date(tag->value, &r->next.date_ns, &exact)) {
        vt_find(r->findings, 52, r->m3u->url, tag->line, "\"%.60s\" is no date and time", tag->value);
        return;
    }
    if (!exact)
        vt_find(r->findings, 52, r->m3u->url, tag->line, "\"%.60s\" has no zone or no milliseconds", tag->value);
    r->next.dated = r->m3u->dates = true;
}

static void take_key(struct vt_m3u_reading *r, int tag)
{
    const struct vt_m3u *m3u = r->m3u;
    const char *method = vt_m3u_value(m3u, tag, "METHOD");
    int line = m3u->tags[tag].line;
    if (vt_m3u_value(m3u, tag, "IV"))
        vt_m3u_need(r, 2, 13, line, "IV");
    if (vt_m3u_value(m3u, tag, "KEYFORMAT") || vt_m3u_value(m3u, tag, "KEYFORMATVERSIONS")
        || (method && strncmp(method, "SAMPLE-AES", 10) == 0))
        vt_m3u_need(r, 5, 13, line, "SAMPLE-AES or KEYFORMAT");
    r->next.key = method && strcmp(method, "NONE") == 0 ? -1 : tag;
}

static void take_map(struct vt_m3u_reading *r, int tag)
{
    const char *range = vt_m3u_value(r->m3u, tag, "BYTERANGE");
    struct vt_byte_range unused;
    r->next.map = tag;
    if (range)
        take_range(r, range, r->m3u->tags[tag].line, &unused, false, NULL, 46);
}

// Ranges begin with SCTE-35 or a date; what is missing is judged with all tags of the playlist.
static int take_daterange(struct vt_m3u_reading *r, int tag)
{
    struct vt_m3u *m3u = r->m3u;
    struct vt_m3u_range *list = vt_m3u_grow(r, m3u->ranges, &m3u->n_ranges, 4, sizeof *list);
    if (!list)
        return -ENOMEM;
    m3u->ranges = list;
    if (m3u->n_ranges == VT_M3U_RANGES)
        return -E2BIG;
    const char *id = vt_m3u_value(m3u, tag, "ID"), *class = vt_m3u_value(m3u, tag, "CLASS");
    const char *start = vt_m3u_value(m3u, tag, "START-DATE"), *end = vt_m3u_value(m3u, tag, "END-DATE");
    const char *lasts = vt_m3u_value(m3u, tag, "DURATION"), *planned = vt_m3u_value(m3u, tag, "PLANNED-DURATION");
    bool exact;
    struct vt_m3u_range one = {.tag = tag, .line = m3u->tags[tag].line, .id = id ? id : "", .class = class ? class : ""};
    one.has_start = start && vt_value_date(start, &one.start_ns, &exact);
    one.has_end = end && vt_value_date(end, &one.end_ns, &exact);
    one.has_duration = lasts && vt_value_signed(lasts, &one.duration);
    one.has_planned = planned && vt_value_signed(planned, &one.planned);
    one.duration = seconds(one.duration);
    one.planned = seconds(one.planned);
    one.end_on_next = vt_m3u_value(m3u, tag, "END-ON-NEXT") != NULL;
    if (start && !one.has_start)
        vt_find(r->findings, 8, m3u->url, one.line, "START-DATE is \"%.60s\", no date and time", start);
    if (end && !one.has_end)
        vt_find(r->findings, 8, m3u->url, one.line, "END-DATE is \"%.60s\", no date and time", end);
    for (int i = 0; i < m3u->tags[tag].count; i++)
        if (strncmp(m3u->attributes[m3u->tags[tag].first + i].name, "REQ-", 4) == 0)
            vt_m3u_need(r, 12, 15, one.line, "a REQ- attribute");
    list[m3u->n_ranges++] = one;
    return 0;
}

static int take_stream(struct vt_m3u_reading *r, int tag, bool i_frames)
{
    struct vt_m3u *m3u = r->m3u;
    struct vt_m3u_stream *list = vt_m3u_grow(r, m3u->streams, &m3u->n_streams, 5, sizeof *list);
    if (!list)
        return -ENOMEM;
    m3u->streams = list;
    struct vt_m3u_stream one = {.tag = tag, .line = m3u->tags[tag].line, .i_frames = i_frames,
                                .uri = i_frames ? vt_m3u_value(m3u, tag, "URI") : NULL,
                                .bandwidth = whole(vt_m3u_value(m3u, tag, "BANDWIDTH")),
                                .average = whole(vt_m3u_value(m3u, tag, "AVERAGE-BANDWIDTH"))};
    if (!i_frames && r->pending_stream >= 0)
        vt_find(r->findings, 120, m3u->url, list[r->pending_stream].line, "no address follows EXT-X-STREAM-INF");
    if (!i_frames)
        r->pending_stream = m3u->n_streams;
    list[m3u->n_streams++] = one;
    return 0;
}

static void take_control(struct vt_m3u *m3u, int tag)
{
    m3u->control = tag;
    m3u->hold_back = decimal(m3u, tag, "HOLD-BACK");
    m3u->part_hold_back = decimal(m3u, tag, "PART-HOLD-BACK");
    m3u->skip_until = decimal(m3u, tag, "CAN-SKIP-UNTIL");
    m3u->block_reload = vt_m3u_yes(m3u, tag, "CAN-BLOCK-RELOAD");
    m3u->skip_ranges = vt_m3u_yes(m3u, tag, "CAN-SKIP-DATERANGES");
}

static void take_skip(struct vt_m3u_reading *r, int tag)
{
    struct vt_m3u *m3u = r->m3u;
    bool ranges = vt_m3u_value(m3u, tag, "RECENTLY-REMOVED-DATERANGES") != NULL;
    m3u->skip = tag;
    m3u->skipped = (uint64_t)whole(vt_m3u_value(m3u, tag, "SKIPPED-SEGMENTS"));
    vt_m3u_need(r, ranges ? 10 : 9, 15, m3u->tags[tag].line, ranges ? "EXT-X-SKIP of ranges" : "EXT-X-SKIP");
}

static void take_sequence(struct vt_m3u_reading *r, const struct vt_tag *tag, int rule, uint64_t *number, int *line)
{
    if (r->m3u->n_segments || r->next.tagged)
        vt_find(r->findings, rule, r->m3u->url, tag->line, "%s comes after segments", vt_tag_name(tag->kind));
    *number = (uint64_t)whole(tag->value);
    *line = tag->line;
}

static void take_discontinuity(struct vt_m3u_reading *r, const struct vt_tag *tag)
{
    judge_order(r, tag);
    r->next.discontinuity = true;
    touch(r, tag->line);
}

static void take_instream(struct vt_m3u_reading *r, int tag)
{
    const struct vt_m3u *m3u = r->m3u;
    const char *id = vt_m3u_value(m3u, tag, "INSTREAM-ID"), *type = vt_m3u_value(m3u, tag, "TYPE");
    if (!id)
        return;
    if (strncmp(id, "SERVICE", 7) == 0)
        vt_m3u_need(r, 7, 15, m3u->tags[tag].line, "SERVICE in INSTREAM-ID");
    if (type && strcmp(type, "CLOSED-CAPTIONS") != 0)
        vt_m3u_need(r, 13, 15, m3u->tags[tag].line, "INSTREAM-ID of other media than captions");
}

static int take_head(struct vt_m3u_reading *r, int index)
{
    struct vt_m3u *m3u = r->m3u;
    const struct vt_tag *tag = &m3u->tags[index];
    switch (tag->kind) {
    case VT_TAG_VERSION:
        m3u->version_line = tag->line;
        m3u->version = (int)(whole(tag->value) > 1000 ? 1000 : whole(tag->value));
        break;
    case VT_TAG_TARGET: m3u->target = whole(tag->value); break;
    case VT_TAG_SEQUENCE: take_sequence(r, tag, 23, &m3u->msn, &m3u->msn_line); break;
    case VT_TAG_DISCONTINUITIES:
        take_sequence(r, tag, 43, &m3u->dsn, &m3u->dsn_line);
        r->next.dsn += m3u->dsn;
        break;
    case VT_TAG_ENDLIST: m3u->ended = true; break;
    case VT_TAG_TYPE: m3u->type = tag->value; break;
    case VT_TAG_I_FRAMES:
        m3u->i_frames = true;
        vt_m3u_need(r, 4, 13, tag->line, "EXT-X-I-FRAMES-ONLY");
        break;
    case VT_TAG_INDEPENDENT: m3u->independent = true; break;
    case VT_TAG_DEFINE:
        if (vt_m3u_value(m3u, index, "QUERYPARAM"))
            vt_m3u_need(r, 11, 15, tag->line, "QUERYPARAM");
        else
            vt_m3u_need(r, 8, 15, tag->line, "EXT-X-DEFINE");
        break;
    case VT_TAG_PART_INF: m3u->part_target = decimal(m3u, index, "PART-TARGET"); break;
    case VT_TAG_CONTROL: take_control(m3u, index); break;
    case VT_TAG_SKIP: take_skip(r, index); break;
    case VT_TAG_MEDIA: take_instream(r, index); break;
    default: break;
    }
    return 0;
}

int vt_m3u_take_tag(struct vt_m3u_reading *r, int index)
{
    const struct vt_tag *tag = &r->m3u->tags[index];
    switch (tag->kind) {
    case VT_TAG_EXTINF: touch(r, tag->line); take_extinf(r, tag); return 0;
    case VT_TAG_RANGE: {
        const struct vt_m3u *m3u = r->m3u;
        const struct vt_m3u_segment *last = m3u->n_segments ? &m3u->segments[m3u->n_segments - 1] : NULL;
        touch(r, tag->line);
        take_range(r, tag->value, tag->line, &r->next.range, last && last->range.given, last ? &last->range : NULL, 9);
        vt_m3u_need(r, 4, 13, tag->line, "EXT-X-BYTERANGE");
        return 0;
    }
    case VT_TAG_DISCONTINUITY: take_discontinuity(r, tag); return 0;
    case VT_TAG_KEY: judge_order(r, tag); touch(r, tag->line); take_key(r, index); return 0;
    case VT_TAG_MAP: judge_order(r, tag); touch(r, tag->line); take_map(r, index); return 0;
    case VT_TAG_DATE: judge_order(r, tag); touch(r, tag->line); take_date(r, tag); return 0;
    case VT_TAG_GAP: touch(r, tag->line); r->next.gap = true; return 0;
    case VT_TAG_BITRATE: r->next.bitrate = whole(tag->value); return 0;
    case VT_TAG_PART: return take_part(r, index);
    case VT_TAG_DATERANGE: return take_daterange(r, index);
    case VT_TAG_STREAM: return take_stream(r, index, false);
    case VT_TAG_I_STREAM: return take_stream(r, index, true);
    default: return take_head(r, index);
    }
}

// Program time and discontinuity number of the segment that is ready.
static void place_segment(struct vt_m3u_reading *r)
{
    struct vt_m3u_segment *next = &r->next;
    next->dsn += next->discontinuity;
    if (next->dated) {
        r->timed = true;
        r->clock_ns = next->date_ns;
    } else if (next->discontinuity) {
        r->timed = false;
    }
    next->timed = r->timed;
    next->time_ns = r->clock_ns;
}

static void start_segment(struct vt_m3u_reading *r)
{
    struct vt_m3u_segment done = r->next;
    r->clock_ns += (int64_t)(done.duration * (double)VT_NS_PER_S + 0.5);
    r->next = (struct vt_m3u_segment){.dsn = done.dsn, .map = done.map, .key = done.key, .bitrate = done.bitrate};
}

int vt_m3u_take_address(struct vt_m3u_reading *r, const char *uri, int line)
{
    struct vt_m3u *m3u = r->m3u;
    if (m3u->multivariant) {
        if (r->pending_stream >= 0)
            m3u->streams[r->pending_stream].uri = uri;
        else
            vt_find(r->findings, 120, m3u->url, line, "an address without EXT-X-STREAM-INF");
        r->pending_stream = -1;
        return 0;
    }
    struct vt_m3u_segment *list = vt_m3u_grow(r, m3u->segments, &m3u->n_segments, 2, sizeof *list);
    if (!list)
        return -ENOMEM;
    m3u->segments = list;
    if (!r->next.extinf)
        vt_find(r->findings, 21, m3u->url, line, "no EXTINF before \"%.80s\"", uri);
    r->next.uri = uri;
    r->next.line = line;
    place_segment(r);
    list[m3u->n_segments++] = r->next;
    start_segment(r);
    return 0;
}

void vt_m3u_take_end(struct vt_m3u_reading *r)
{
    struct vt_m3u *m3u = r->m3u;
    if (r->pending_stream >= 0)
        vt_find(r->findings, 120, m3u->url, m3u->streams[r->pending_stream].line, "no address follows EXT-X-STREAM-INF");
    if (r->next.extinf)
        vt_find(r->findings, 31, m3u->url, r->next.extinf, "it breaks off after EXTINF");
    place_segment(r);
    m3u->open = r->next;
    for (int i = 0; i < m3u->n_segments; i++)
        m3u->segments[i].msn = m3u->msn + m3u->skipped + (uint64_t)i;
    m3u->open.msn = vt_m3u_next(m3u);
    judge_versions(r);
}
