#include "serve/directive.h"

#include <string.h>
#include <strings.h>

#include "packager/packager.h"

#define NS_PER_S INT64_C(1000000000)
#define PAST_SEGMENTS 1000000            // that one line may stand for

// ---- reading a playlist

struct line {
    const char *text;
    size_t size;
};

static bool next_line(const char **at, const char *end, struct line *ret)
{
    if (*at == end)
        return false;
    const char *stop = memchr(*at, '\n', (size_t)(end - *at));
    *ret = (struct line){*at, (size_t)((stop ? stop : end) - *at)};
    *at = stop ? stop + 1 : end;
    if (ret->size > 0 && ret->text[ret->size - 1] == '\r')
        ret->size--;
    return true;
}

// Moves `line` behind `tag` if it starts with it.
static bool take_tag(struct line *line, const char *tag)
{
    size_t size = strlen(tag);
    if (line->size < size || memcmp(line->text, tag, size) != 0)
        return false;
    line->text += size;
    line->size -= size;
    return true;
}

// Decimal digits up to the first other character; no more than VT_DIRECTIVE_DIGITS of them count.
static int64_t leading_number(const struct line *line)
{
    int64_t value = 0;
    for (size_t i = 0; i < line->size && i < VT_DIRECTIVE_DIGITS; i++) {
        if (line->text[i] < '0' || line->text[i] > '9')
            break;
        value = value * 10 + (line->text[i] - '0');
    }
    return value;
}

// "6" or "0.334" as nanoseconds, at most VT_TARGET_NS_MAX.
static int64_t leading_seconds(struct line line)
{
    int64_t whole = leading_number(&line);
    if (whole >= VT_TARGET_NS_MAX / NS_PER_S)
        return VT_TARGET_NS_MAX;
    int64_t value = whole * NS_PER_S, unit = NS_PER_S / 10;
    while (line.size > 0 && *line.text >= '0' && *line.text <= '9')
        line.text++, line.size--;
    if (line.size == 0 || *line.text != '.')
        return value;
    for (size_t i = 1; i < line.size && line.text[i] >= '0' && line.text[i] <= '9' && unit > 0; i++, unit /= 10)
        value += (line.text[i] - '0') * unit;
    return value;
}

// The value of an attribute in a list without quotes before it.
static bool find_attribute(struct line list, const char *name, struct line *ret)
{
    while (list.size > 0) {
        struct line value = list;
        if (take_tag(&value, name)) {
            *ret = value;
            return true;
        }
        const char *comma = memchr(list.text, ',', list.size);
        size_t step = comma ? (size_t)(comma - list.text) + 1 : list.size;
        list.text += step;
        list.size -= step;
    }
    return false;
}

static void read_control(struct vt_edge *edge, struct line list)
{
    struct line value;
    edge->blocks = find_attribute(list, "CAN-BLOCK-RELOAD=", &value) && take_tag(&value, "YES");
    edge->skips = find_attribute(list, "CAN-SKIP-UNTIL=", &value);
    edge->skips_dates = find_attribute(list, "CAN-SKIP-DATERANGES=", &value) && take_tag(&value, "YES");
}

// "NAME,OFFSET,SIZE,SEGMENTS": how many segments a line stands for.
static int64_t past_segments(struct line line)
{
    for (int i = 0; i < 3; i++) {
        const char *comma = memchr(line.text, ',', line.size);
        size_t step = comma ? (size_t)(comma - line.text) + 1 : line.size;
        line.text += step;
        line.size -= step;
    }
    int64_t segments = leading_number(&line);
    return segments < PAST_SEGMENTS ? segments : PAST_SEGMENTS;
}

void vt_edge_read(const char *text, size_t size, struct vt_edge *ret)
{
    struct vt_edge edge = {0};
    int64_t first = 0, skipped = 0, listed = 0;
    const char *at = text, *end = text + size;
    struct line line, value;
    while (next_line(&at, end, &line)) {
        if (line.size == 0)
            continue;
        if (line.text[0] != '#') {
            listed++;
            edge.last_parts = edge.open_parts;
            edge.open_parts = 0;
        } else if (take_tag(&line, "#EXT-X-PART:")) {
            edge.open_parts++;
        } else if (take_tag(&line, "#EXT-X-TARGETDURATION:")) {
            edge.target_ns = leading_seconds(line);
        } else if (take_tag(&line, "#EXT-X-MEDIA-SEQUENCE:")) {
            first = leading_number(&line);
        } else if (take_tag(&line, "#EXT-X-SKIP:")) {
            if (find_attribute(line, "SKIPPED-SEGMENTS=", &value))
                skipped = leading_number(&value);
        } else if (take_tag(&line, "#EXT-X-PART-INF:")) {
            edge.part_ns = find_attribute(line, "PART-TARGET=", &value) ? leading_seconds(value) : 0;
        } else if (take_tag(&line, "#EXT-X-SERVER-CONTROL:")) {
            read_control(&edge, line);
        } else if (take_tag(&line, VT_PAST_LINE)) {
            listed += past_segments(line);
            edge.last_parts = edge.open_parts = 0;
        } else if (take_tag(&line, "#EXT-X-ENDLIST")) {
            edge.ended = true;
        }
    }
    edge.last_msn = first + skipped + listed - 1;
    *ret = edge;
}

// ---- directives

static bool read_number(const char *text, int64_t *ret)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > VT_DIRECTIVE_DIGITS || text[digits] != 0)
        return false;
    *ret = leading_number(&(struct line){text, digits});
    return true;
}

void vt_directives_read(const char *msn, const char *part, const char *skip, struct vt_directives *ret)
{
    *ret = (struct vt_directives){.msn = -1, .part = -1};
    if (msn && !read_number(msn, &ret->msn))
        ret->flaw = "_HLS_msn must be a media sequence number.";
    else if (part && !read_number(part, &ret->part))
        ret->flaw = "_HLS_part must be the index of a part.";
    else if (part && !msn)
        ret->flaw = "_HLS_part needs an _HLS_msn.";
    if (skip && strcmp(skip, "YES") == 0)
        ret->skip = VT_SKIP_SEGMENTS;
    else if (skip && strcmp(skip, "v2") == 0)
        ret->skip = VT_SKIP_DATES;
}

// How many parts past the last one may be asked for.
static int64_t advance_parts(const struct vt_edge *edge)
{
    if (edge->part_ns <= 0 || edge->part_ns >= NS_PER_S)
        return VT_ADVANCE_PARTS;
    return (VT_ADVANCE_PARTS * NS_PER_S + edge->part_ns - 1) / edge->part_ns;
}

// Part `part` of a segment after the last whole one.
static enum vt_verdict decide_open_part(const struct vt_edge *edge, int64_t msn, int64_t part)
{
    int64_t listed = msn == edge->last_msn + 1 ? edge->open_parts : 0;
    if (part < listed)
        return VT_ANSWER_NOW;
    return part - (listed - 1) > advance_parts(edge) ? VT_ANSWER_NEVER : VT_ANSWER_LATER;
}

static enum vt_verdict decide_part(const struct vt_edge *edge, int64_t msn, int64_t part)
{
    if (msn > edge->last_msn)
        return decide_open_part(edge, msn, part);
    // Past the end of the last whole segment stands for the first part of the next one.
    bool past = msn == edge->last_msn && edge->last_parts > 0 && part >= edge->last_parts;
    return past && edge->open_parts == 0 ? VT_ANSWER_LATER : VT_ANSWER_NOW;
}

bool vt_directives_block(const struct vt_edge *edge, const struct vt_directives *directives)
{
    return edge->blocks && !edge->ended && directives->msn >= 0;
}

enum vt_verdict vt_directives_decide(const struct vt_edge *edge, const struct vt_directives *directives,
                                     const char **why)
{
    if (!edge->blocks || edge->ended)
        return VT_ANSWER_NOW;
    *why = directives->flaw;
    if (directives->flaw)
        return VT_ANSWER_NEVER;
    if (directives->msn < 0)
        return VT_ANSWER_NOW;
    *why = "_HLS_msn is too far ahead of the playlist.";
    if (directives->msn > edge->last_msn + VT_AHEAD_SEGMENTS)
        return VT_ANSWER_NEVER;
    if (directives->part < 0)
        return directives->msn <= edge->last_msn ? VT_ANSWER_NOW : VT_ANSWER_LATER;
    *why = "_HLS_part is too far ahead of the playlist.";
    return decide_part(edge, directives->msn, directives->part);
}

// ---- media

bool vt_media_name(const char *name, char rendition[VT_NAME_ROOM], int64_t *ret_msn, int64_t *ret_part)
{
    const char *dash = strrchr(name, '-');
    if (!dash || dash == name || (size_t)(dash - name) >= VT_NAME_ROOM)
        return false;
    struct line msn = {dash + 1, strspn(dash + 1, "0123456789")}, part = {0};
    const char *rest = msn.text + msn.size;
    if (*rest == '.') {
        part = (struct line){rest + 1, strspn(rest + 1, "0123456789")};
        rest = part.size > 0 ? part.text + part.size : rest;
    }
    if (msn.size == 0 || msn.size > VT_DIRECTIVE_DIGITS || part.size > VT_DIRECTIVE_DIGITS || strcmp(rest, ".m4s") != 0)
        return false;
    memcpy(rendition, name, (size_t)(dash - name));
    rendition[dash - name] = 0;
    *ret_msn = leading_number(&msn);
    *ret_part = part.size > 0 ? leading_number(&part) : -1;
    return vt_name_valid(rendition);
}

enum vt_verdict vt_media_decide(const struct vt_edge *edge, int64_t msn, int64_t part)
{
    if (!edge->blocks || edge->ended || msn <= edge->last_msn || msn > edge->last_msn + VT_AHEAD_SEGMENTS)
        return VT_ANSWER_NEVER;
    if (part < 0)
        return msn == edge->last_msn + 1 ? VT_ANSWER_LATER : VT_ANSWER_NEVER;
    return decide_open_part(edge, msn, part) == VT_ANSWER_LATER ? VT_ANSWER_LATER : VT_ANSWER_NEVER;
}

// ---- encodings

// A weight of nothing: "q=0", "q=0.0" …
static bool refused(const char *parameters, size_t size)
{
    for (size_t i = 0; i + 2 < size; i++) {
        if (strncasecmp(parameters + i, "q=0", 3) != 0)
            continue;
        size_t zeros = strspn(parameters + i + 3, ".0");
        return i + 3 + zeros >= size || parameters[i + 3 + zeros] < '1' || parameters[i + 3 + zeros] > '9';
    }
    return false;
}

bool vt_accepts_gzip(const char *header)
{
    while (header && *header) {
        header += strspn(header, " \t,");
        size_t size = strcspn(header, ","), name = strcspn(header, ",; \t");
        if ((name == 4 && strncasecmp(header, "gzip", 4) == 0) || (name == 1 && *header == '*'))
            return !refused(header + name, size - name);
        header += size;
    }
    return false;
}
