// Lines to tags with attributes: everything about a playlist's letters.
#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "check/m3u_reading.h"
#include "check/values.h"

enum place { ANY, HEAD, SEGMENT, DATA, MULTI };
enum form { NONE, WHOLE, TEXT, LIST };

static const struct {
    enum form form;
    enum place place;
    int once;
} kinds[] = {
#define TAG(kind, name, value, place, rule) [VT_TAG_##kind] = {value, place, rule},
#include "check/tags.def"
#undef TAG
};

static const struct {
    enum vt_tag_kind tag;
    const char *name;
    enum vt_value_type type;
    int missing;                       // rule
} typed[] = {
#define ATTRIBUTE(tag, name, type, rule) {VT_TAG_##tag, name, VT_VALUE_##type, rule},
#include "check/attributes.def"
#undef ATTRIBUTE
};
#define TYPED (sizeof typed / sizeof typed[0])

void *vt_m3u_grow(struct vt_m3u_reading *r, void *list, int *count, int which, size_t size)
{
    if (*count < r->rooms[which])
        return list;
    int room = r->rooms[which] ? r->rooms[which] * 2 : 32;
    void *more = realloc(list, (size_t)room * size);
    if (more)
        r->rooms[which] = room;
    return more;
}

static enum vt_tag_kind find_kind(const char *name, size_t length)
{
    for (int kind = 1; kind < VT_TAG_KINDS; kind++) {
        const char *known = vt_tag_name((enum vt_tag_kind)kind);
        if (strlen(known) == length && memcmp(known, name, length) == 0)
            return (enum vt_tag_kind)kind;
    }
    return VT_TAG_OTHER;
}

static void judge_value(struct vt_m3u_reading *r, const struct vt_tag *tag, const struct vt_attribute *one)
{
    for (size_t i = 0; i < TYPED; i++) {
        if (typed[i].tag != tag->kind || strcmp(typed[i].name, one->name) != 0)
            continue;
        int rule = vt_value_judge(typed[i].type, one->value, one->quoted);
        if (rule)
            vt_find(r->findings, rule, r->m3u->url, tag->line, "%s has %s=%s%.80s%s", vt_tag_name(tag->kind), one->name,
                    one->quoted ? "\"" : "", one->value, one->quoted ? "\"" : "");
    }
}

static void judge_list(struct vt_m3u_reading *r, const struct vt_tag *tag)
{
    const struct vt_attribute *list = tag->count ? r->m3u->attributes + tag->first : NULL;
    for (int i = 0; i < tag->count; i++) {
        const char *name = list[i].name;
        if (!*name || name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")])
            vt_find(r->findings, 8, r->m3u->url, tag->line, "an attribute is named \"%.60s\"", name);
        for (int j = 0; j < i; j++)
            if (strcmp(list[j].name, name) == 0)
                vt_find(r->findings, 7, r->m3u->url, tag->line, "%s has %.60s twice", vt_tag_name(tag->kind), name);
        judge_value(r, tag, &list[i]);
    }
    for (size_t i = 0; i < TYPED; i++) {
        if (typed[i].tag == tag->kind && typed[i].missing
            && !vt_m3u_attribute(r->m3u, (int)(tag - r->m3u->tags), typed[i].name))
            vt_find(r->findings, typed[i].missing, r->m3u->url, tag->line, "%s has no %s", vt_tag_name(tag->kind),
                    typed[i].name);
    }
}

// One NAME=value of a list, ended in place; returns what follows, NULL at the end.
static char *cut_attribute(struct vt_m3u_reading *r, char *at, int line, struct vt_attribute *ret)
{
    char *name = at, *value = strpbrk(at, "=,\"");
    bool stray = *at == ' ' || *at == '\t';
    if (!value || *value != '=') {
        vt_find(r->findings, 8, r->m3u->url, line, "\"%.60s\" is no NAME=value", at);
        char *comma = strchr(at, ',');
        if (comma)
            *comma = 0;
        *ret = (struct vt_attribute){name, "", false};
        return comma ? comma + 1 : NULL;
    }
    stray |= value > name && (value[-1] == ' ' || value[-1] == '\t');
    *value++ = 0;
    stray |= *value == ' ' || *value == '\t';
    value += strspn(value, " \t");
    bool quoted = *value == '"';
    value += quoted;
    char *end = quoted ? strchr(value, '"') : value + strcspn(value, ",");
    char *next = NULL;
    if (!end) {
        vt_find(r->findings, 8, r->m3u->url, line, "%.60s has a quote that does not end", name);
        end = value + strlen(value);
    } else if (quoted) {
        *end++ = 0;
        stray |= *end == ' ' || *end == '\t';
        next = strchr(end, ',');
        if (*end && *end != ',' && !stray)
            vt_find(r->findings, 8, r->m3u->url, line, "\"%.60s\" stands behind the value of %.60s", end, name);
    } else {
        next = *end ? end : NULL;
        stray |= end > value && (end[-1] == ' ' || end[-1] == '\t');
    }
    if (next)
        *next++ = 0;
    if (stray)
        vt_find(r->findings, 4, r->m3u->url, line, "blanks around the attribute %.60s", name);
    *ret = (struct vt_attribute){name + strspn(name, " \t"), value, quoted};
    return next;
}

static int read_list(struct vt_m3u_reading *r, struct vt_tag *tag, char *text)
{
    struct vt_m3u *m3u = r->m3u;
    tag->first = m3u->n_attributes;
    tag->value = "";
    for (char *at = text; at && *text;) {
        struct vt_attribute *list = vt_m3u_grow(r, m3u->attributes, &m3u->n_attributes, 1, sizeof *list);
        if (!list)
            return -ENOMEM;
        m3u->attributes = list;
        if (m3u->n_attributes == VT_M3U_ATTRIBUTES || tag->count == VT_M3U_LIST)
            return -E2BIG;
        at = cut_attribute(r, at, tag->line, &list[m3u->n_attributes++]);
        tag->count++;
    }
    return 0;
}

// Which kind of playlist it is, and what stands in it that belongs to the other.
static void judge_place(struct vt_m3u_reading *r, const struct vt_tag *tag)
{
    enum place place = kinds[tag->kind].place;
    if (place == ANY || tag->kind == VT_TAG_OTHER)
        return;
    bool multi = place == MULTI;
    if ((multi && r->media) || (!multi && r->m3u->multivariant))
        vt_find(r->findings, 10, r->m3u->url, tag->line, "%s in a %s playlist", vt_tag_name(tag->kind),
                multi ? "media" : "multivariant");
    else
        *(multi ? &r->m3u->multivariant : &r->media) = true;
}

static int read_tag(struct vt_m3u_reading *r, char *text, int line)
{
    struct vt_m3u *m3u = r->m3u;
    size_t length = strcspn(text, ":");
    struct vt_tag tag = {.kind = find_kind(text, length), .line = line, .first = m3u->n_attributes};
    if (tag.kind == VT_TAG_OTHER)
        return 0;
    struct vt_tag *list = vt_m3u_grow(r, m3u->tags, &m3u->n_tags, 0, sizeof *list);
    if (!list)
        return -ENOMEM;
    m3u->tags = list;
    tag.value = text[length] ? text + length + 1 : "";
    int error = kinds[tag.kind].form == LIST ? read_list(r, &tag, (char *)tag.value) : 0;
    if (error)
        return error;
    uint64_t whole;
    if (kinds[tag.kind].form == WHOLE && !vt_value_whole(tag.value, &whole))
        vt_find(r->findings, tag.kind == VT_TAG_TARGET ? 17 : 9, m3u->url, line, "%s is \"%.60s\"",
                vt_tag_name(tag.kind), tag.value);
    if (kinds[tag.kind].once && r->seen[tag.kind])
        vt_find(r->findings, kinds[tag.kind].once, m3u->url, line, "%s stands in line %d, too", vt_tag_name(tag.kind),
                r->seen[tag.kind]);
    if (!r->seen[tag.kind])
        r->seen[tag.kind] = line;
    list[m3u->n_tags++] = tag;
    judge_place(r, &tag);
    if (kinds[tag.kind].form == LIST)
        judge_list(r, &list[m3u->n_tags - 1]);
    if (m3u->multivariant && m3u->n_tags > VT_M3U_MULTI)
        return -E2BIG;
    return vt_m3u_take_tag(r, m3u->n_tags - 1);
}

static int read_line(struct vt_m3u_reading *r, char *text, int line)
{
    size_t length = strlen(text);
    if (length == 0)
        return 0;
    if (strchr(" \t", text[0]) || strchr(" \t", text[length - 1])) {
        vt_find(r->findings, 4, r->m3u->url, line, "blanks around the line");
        while (length && strchr(" \t", text[length - 1]))
            text[--length] = 0;
        text += strspn(text, " \t");
    }
    if (line == 1 && strcmp(text, "#EXTM3U") != 0)
        vt_find(r->findings, 5, r->m3u->url, 1, "the first line is \"%.40s\"", text);
    if (strncmp(text, "#EXT", 4) == 0)
        return read_tag(r, text + 1, line);
    return *text == '#' || !*text ? 0 : vt_m3u_take_address(r, text, line);
}

// Rules of the whole text. Where it holds a NUL, what is behind it in its line is lost.
static void judge_text(struct vt_m3u_reading *r, const char *text, size_t size)
{
    size_t bad = vt_text_bad_byte(text, size);
    int line = 1;
    for (size_t i = 0; i < bad; i++)
        line += text[i] == '\n';
    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        vt_find(r->findings, 2, r->m3u->url, 1, "it begins with a byte order mark");
    if (bad < size) {
        vt_find(r->findings, 2, r->m3u->url, line, "byte 0x%02x", (unsigned char)text[bad]);
        return;
    }
    char *normal = g_utf8_normalize(text, (gssize)size, G_NORMALIZE_NFC);
    if (normal && (strlen(normal) != size || memcmp(normal, text, size) != 0))
        vt_find(r->findings, 3, r->m3u->url, 0, "some text is not normalised");
    g_free(normal);
}

static int read_lines(struct vt_m3u_reading *r, char *at, size_t size)
{
    char *end = at + size;
    int line = 0;
    if (size >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0)
        at += 3;
    while (at < end) {
        char *stop = memchr(at, '\n', (size_t)(end - at));
        if (++line > VT_M3U_LINES)
            return -E2BIG;
        if (!stop)
            vt_find(r->findings, 4, r->m3u->url, line, "the last line does not end");
        stop = stop ? stop : end;
        *stop = 0;
        if (stop > at && stop[-1] == '\r')
            stop[-1] = 0;
        int error = read_line(r, at, line);
        if (error)
            return error;
        at = stop + 1;
    }
    if (line == 0)
        vt_find(r->findings, 5, r->m3u->url, 1, "the playlist is empty");
    return 0;
}

int vt_m3u_read(struct vt_m3u **ret, const char *url, const void *data, size_t size, struct vt_findings *findings)
{
    if (size > VT_M3U_BYTES)
        return -E2BIG;
    struct vt_m3u *m3u = calloc(1, sizeof *m3u);
    struct vt_m3u_reading r = {.m3u = m3u, .findings = findings, .pending_stream = -1};
    if (!m3u)
        return -ENOMEM;
    strncpy(m3u->url, url, sizeof m3u->url - 1);
    m3u->version = 1;
    m3u->control = m3u->skip = r.next.map = r.next.key = -1;
    m3u->text = malloc(size + 1);
    int error = m3u->text ? 0 : -ENOMEM;
    if (!error) {
        memcpy(m3u->text, data, size);
        m3u->text[size] = 0;
        judge_text(&r, m3u->text, size);
        error = read_lines(&r, m3u->text, size);
    }
    if (error) {
        vt_m3u_free(&m3u);
        return error;
    }
    vt_m3u_take_end(&r);
    *ret = m3u;
    return 0;
}
