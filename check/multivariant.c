#include <string.h>

#include "check/snapshot.h"

static bool same(const char *one, const char *two)
{
    return one && two && strcmp(one, two) == 0;
}

static bool has_video(const struct vt_m3u *m3u, int tag)
{
    static const char *const codecs[] = {"avc1", "avc3", "hvc1", "hev1", "dvh1", "vp09", "av01"};
    const char *list = vt_m3u_value(m3u, tag, "CODECS");
    for (size_t i = 0; list && i < sizeof codecs / sizeof codecs[0]; i++)
        if (strstr(list, codecs[i]))
            return true;
    return vt_m3u_value(m3u, tag, "RESOLUTION") != NULL;
}

static void check_stream(const struct vt_m3u *m3u, const struct vt_m3u_stream *one, struct vt_findings *findings)
{
    if (!vt_m3u_value(m3u, one->tag, "CODECS"))
        vt_find_soft(findings, 120, m3u->url, one->line, "no CODECS");
    if (!vt_m3u_value(m3u, one->tag, "AVERAGE-BANDWIDTH"))
        vt_find(findings, 122, m3u->url, one->line, "no AVERAGE-BANDWIDTH");
    if (!has_video(m3u, one->tag))
        return;
    const char *rate = vt_m3u_value(m3u, one->tag, "FRAME-RATE"), *point = rate ? strchr(rate, '.') : NULL;
    if (!vt_m3u_value(m3u, one->tag, "RESOLUTION"))
        vt_find(findings, 122, m3u->url, one->line, "video without RESOLUTION");
    if (!rate && !one->i_frames)
        vt_find(findings, 122, m3u->url, one->line, "video without FRAME-RATE");
    if (point && strlen(point + 1) > 3)
        vt_find(findings, 122, m3u->url, one->line, "FRAME-RATE is %.40s, with more than three decimals", rate);
}

// Whether a group of this type is there, for an attribute of EXT-X-STREAM-INF.
static void check_group(const struct vt_m3u *m3u, const struct vt_m3u_stream *one, const char *type,
                        struct vt_findings *findings)
{
    const struct vt_attribute *named = vt_m3u_attribute(m3u, one->tag, type);
    if (!named || !named->quoted)
        return;
    for (int i = 0; i < m3u->n_tags; i++)
        if (m3u->tags[i].kind == VT_TAG_MEDIA && same(vt_m3u_value(m3u, i, "TYPE"), type)
            && same(vt_m3u_value(m3u, i, "GROUP-ID"), named->value))
            return;
    vt_find(findings, 128, m3u->url, one->line, "no EXT-X-MEDIA has TYPE=%s and GROUP-ID=\"%.60s\"", type, named->value);
}

static void check_captions(const struct vt_m3u *m3u, struct vt_findings *findings)
{
    int none = 0, others = 0, silent = 0;
    for (int i = 0; i < m3u->n_streams; i++) {
        const char *captions = vt_m3u_value(m3u, m3u->streams[i].tag, "CLOSED-CAPTIONS");
        if (m3u->streams[i].i_frames)
            continue;
        none += same(captions, "NONE");
        others += !same(captions, "NONE");
        silent += !captions;
    }
    if (none && others)
        vt_find(findings, 128, m3u->url, 0, "%d variants say CLOSED-CAPTIONS=NONE, %d do not", none, others);
    if (silent)
        vt_find(findings, 129, m3u->url, 0, "%d variants do not say whether they have captions", silent);
}

static void check_media_tag(const struct vt_m3u *m3u, int tag, struct vt_findings *findings)
{
    const char *type = vt_m3u_value(m3u, tag, "TYPE"), *group = vt_m3u_value(m3u, tag, "GROUP-ID");
    const char *name = vt_m3u_value(m3u, tag, "NAME"), *automatic = vt_m3u_value(m3u, tag, "AUTOSELECT");
    bool standard = vt_m3u_yes(m3u, tag, "DEFAULT");
    int line = m3u->tags[tag].line;
    if (standard && automatic && strcmp(automatic, "YES") != 0)
        vt_find(findings, 127, m3u->url, line, "DEFAULT=YES beside AUTOSELECT=%.20s", automatic);
    if (same(type, "CLOSED-CAPTIONS") && !vt_m3u_value(m3u, tag, "INSTREAM-ID"))
        vt_find(findings, 127, m3u->url, line, "captions without INSTREAM-ID");
    if (same(type, "SUBTITLES") && !vt_m3u_value(m3u, tag, "URI"))
        vt_find(findings, 127, m3u->url, line, "subtitles without URI");
    for (int i = 0; i < tag; i++) {
        if (m3u->tags[i].kind != VT_TAG_MEDIA || !same(vt_m3u_value(m3u, i, "TYPE"), type)
            || !same(vt_m3u_value(m3u, i, "GROUP-ID"), group))
            continue;
        if (same(vt_m3u_value(m3u, i, "NAME"), name))
            vt_find(findings, 127, m3u->url, line, "NAME=\"%.60s\" stands twice in group \"%.60s\"", name, group);
        if (standard && vt_m3u_yes(m3u, i, "DEFAULT"))
            vt_find(findings, 127, m3u->url, line, "two of group \"%.60s\" are DEFAULT=YES", group);
    }
}

void vt_check_multivariant(const struct vt_m3u *m3u, struct vt_findings *findings)
{
    static const char *const groups[] = {"AUDIO", "VIDEO", "SUBTITLES", "CLOSED-CAPTIONS"};
    int variants = 0, i_frames = 0, video = 0;
    for (int i = 0; i < m3u->n_streams; i++) {
        const struct vt_m3u_stream *one = &m3u->streams[i];
        check_stream(m3u, one, findings);
        for (int j = 0; j < 4; j++)
            check_group(m3u, one, groups[j], findings);
        *(one->i_frames ? &i_frames : &variants) += 1;
        video += !one->i_frames && has_video(m3u, one->tag);
    }
    for (int i = 0; i < m3u->n_tags; i++)
        if (m3u->tags[i].kind == VT_TAG_MEDIA)
            check_media_tag(m3u, i, findings);
    check_captions(m3u, findings);
    if (video && i_frames == 0)
        vt_find(findings, 129, m3u->url, 0, "no EXT-X-I-FRAME-STREAM-INF");
    if (variants < 2)
        vt_find(findings, 130, m3u->url, 0, "it has %d variant", variants);
}
