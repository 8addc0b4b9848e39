#include "check/answer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define AT_ONCE 1.0                    // s; longer than this is not at once, on any network
#define SOON 2.0                       // s; a whole playlist that is answered at once
#define STREAMED 0.5                   // s; from a part's first byte to its last

bool vt_fetch_is_http(const struct vt_fetch *fetch)
{
    return strncmp(fetch->url, "http", 4) == 0;
}

static bool ends_with(const char *url, const char *end)
{
    size_t length = strcspn(url, "?#"), wanted = strlen(end);
    return length >= wanted && strncasecmp(url + length - wanted, end, wanted) == 0;
}

static void type_of(const struct vt_fetch *fetch, char *out, size_t room)
{
    if (!vt_fetch_header(fetch, "Content-Type", out, room))
        *out = 0;
    out[strcspn(out, "; ")] = 0;
}

static bool is_playlist_type(const char *type)
{
    return strcasecmp(type, "application/vnd.apple.mpegurl") == 0 || strcasecmp(type, "audio/mpegurl") == 0;
}

static void check_type(const struct vt_fetch *fetch, enum vt_answer_kind kind, struct vt_findings *findings)
{
    char type[100];
    type_of(fetch, type, sizeof type);
    if (kind == VT_ANSWER_PLAYLIST) {
        if (!is_playlist_type(type) && !ends_with(fetch->final_url, ".m3u8") && !ends_with(fetch->final_url, ".m3u"))
            vt_find(findings, 1, fetch->url, 0, "Content-Type is \"%s\"", type);
        else if (!is_playlist_type(type))
            vt_find(findings, 138, fetch->url, 0, "Content-Type of the playlist is \"%s\"", type);
        return;
    }
    bool transport = fetch->size && fetch->body[0] == 0x47;
    bool fits = transport ? strcasecmp(type, "video/mp2t") == 0 :
        strcasecmp(type, "video/mp4") == 0 || strcasecmp(type, "audio/mp4") == 0 || strcasecmp(type, "video/iso.segment") == 0;
    if (!fits && (fetch->size || fetch->head))
        vt_find(findings, 138, fetch->url, 0, "Content-Type is \"%s\"", type);
}

// Seconds that a cache of many may keep an answer; -1: not at all, or it does not say.
static long lifetime(const struct vt_fetch *fetch)
{
    char text[200];
    if (!vt_fetch_header(fetch, "Cache-Control", text, sizeof text))
        return vt_fetch_header(fetch, "Expires", text, sizeof text) ? 0 : -1;
    const char *shared = strstr(text, "s-maxage="), *age = shared ? shared : strstr(text, "max-age=");
    return strstr(text, "no-store") || strstr(text, "no-cache") || !age ? -1 : strtol(strchr(age, '=') + 1, NULL, 10);
}

static void check_modified(const struct vt_fetch *fetch, const struct vt_m3u *m3u, struct vt_findings *findings)
{
    char modified[64], date[64];
    struct tm one = {0}, two = {0};
    if (m3u->multivariant || m3u->ended || !vt_fetch_header(fetch, "Last-Modified", modified, sizeof modified)
        || !vt_fetch_header(fetch, "Date", date, sizeof date))
        return;
    if (!strptime(modified, "%a, %d %b %Y %H:%M:%S", &one) || !strptime(date, "%a, %d %b %Y %H:%M:%S", &two))
        return;
    double old = difftime(timegm(&two), timegm(&one));
    if (old > 3 * (double)m3u->target)
        vt_find(findings, 40, fetch->url, 0, "it was modified %.0f s before", old);
}

static void check_playlist_headers(const struct vt_fetch *fetch, const struct vt_m3u *m3u, struct vt_findings *findings)
{
    char text[200];
    bool blocking = strstr(fetch->url, "_HLS_msn") != NULL;
    if (!vt_fetch_header(fetch, "Content-Encoding", text, sizeof text) && fetch->size > 1400)
        vt_find(findings, 132, fetch->url, 0, "%zu bytes are sent as they are", fetch->size);
    check_modified(fetch, m3u, findings);
    if (m3u->multivariant || m3u->ended)
        return;
    long lives = lifetime(fetch);
    if (blocking && lives < m3u->target)
        vt_find(findings, 135, fetch->url, 0, "a blocking answer lives %ld s", lives < 0 ? 0 : lives);
    else if (!blocking && lives > (m3u->target + 1) / 2)
        vt_find(findings, 135, fetch->url, 0, "it lives %ld s, the target duration is %lld", lives, (long long)m3u->target);
}

void vt_check_answer(const struct vt_fetch *fetch, enum vt_answer_kind kind, const struct vt_m3u *m3u,
                     struct vt_findings *findings)
{
    char text[200];
    if (!vt_fetch_is_http(fetch))
        return;
    if (fetch->http_version && fetch->http_version < 20)
        vt_find(findings, 131, m3u->url, 0, "it is sent with HTTP/%d.%d", fetch->http_version / 10, fetch->http_version % 10);
    if ((vt_fetch_header(fetch, "Via", text, sizeof text) || vt_fetch_header(fetch, "X-Cache", text, sizeof text))
        && !vt_fetch_header(fetch, "Age", text, sizeof text))
        vt_find(findings, 134, m3u->url, 0, "an answer that a cache gave has no Age");
    if (fetch->redirects)
        vt_find(findings, 137, fetch->url, 0, "it is redirected to %.150s", fetch->final_url);
    check_type(fetch, kind, findings);
    if (kind == VT_ANSWER_PLAYLIST)
        check_playlist_headers(fetch, m3u, findings);
    else if (!m3u->ended && lifetime(fetch) < 0)
        vt_find(findings, 39, m3u->url, 0, "segments have neither Cache-Control: max-age nor Expires");
}

static const char *why(const struct vt_fetch *fetch, char *out, size_t room)
{
    if (fetch->error[0])
        return fetch->error;
    snprintf(out, room, "status %d", fetch->status);
    return out;
}

static void check_range(const struct vt_fetch *fetch, struct vt_findings *findings)
{
    char told[100], wanted[64];
    snprintf(wanted, sizeof wanted, "bytes %s/", fetch->range);
    if (fetch->status != 206)
        vt_find(findings, 133, fetch->url, 0, "bytes %s are answered with status %d", fetch->range, fetch->status);
    else if (!vt_fetch_header(fetch, "Content-Range", told, sizeof told) || strncmp(told, wanted, strlen(wanted)) != 0)
        vt_find(findings, 133, fetch->url, 0, "Content-Range of bytes %s is wrong", fetch->range);
}

void vt_check_there(const struct vt_fetch *fetch, enum vt_answer_kind kind, const struct vt_m3u *m3u, int line,
                    struct vt_findings *findings)
{
    char text[64];
    int rule = kind == VT_ANSWER_PART ? 83 : 34;
    if (fetch->range[0] && vt_fetch_is_http(fetch) && fetch->status / 100 == 2)
        check_range(fetch, findings);
    if (fetch->status / 100 != 2 || fetch->error[0])
        vt_find(findings, rule, m3u->url, line, "%.150s: %s", fetch->url, why(fetch, text, sizeof text));
}

static bool holds(const struct vt_m3u *m3u, uint64_t msn, int part)
{
    uint64_t next = vt_m3u_next(m3u);
    if (part < 0 || next > msn)
        return next > msn;
    return next == msn && m3u->open.parts > part;
}

void vt_check_blocking(const struct vt_fetch *fetch, const struct vt_m3u *m3u, uint64_t msn, int part, int rule,
                       struct vt_findings *findings)
{
    double held = fetch->first_byte - fetch->started;
    if (m3u->ended || holds(m3u, msn, part))
        return;
    if (held >= 3 * (double)m3u->target)
        vt_find(findings, 108, fetch->url, 0, "segment %llu, part %d is not in an answer held for %.1f s",
                (unsigned long long)msn, part, held);
    else
        vt_find(findings, rule, fetch->url, 0, "segment %llu, part %d is not in the answer",
                (unsigned long long)msn, part);
}

static bool came_to_nothing(const struct vt_m3u *after, uint64_t msn, int part)
{
    const struct vt_m3u_segment *segment = after->open.msn == msn ? &after->open : vt_m3u_find(after, msn);
    if (segment && part < segment->parts)
        return after->parts[segment->first_part + part].gap;
    return after->ended || (segment && segment != &after->open);
}

void vt_check_hinted(const struct vt_fetch *fetch, const struct vt_m3u *after, uint64_t msn, int part,
                     struct vt_findings *findings)
{
    const struct vt_m3u *m3u = after;
    double sending = fetch->done - fetch->first_byte;
    if (fetch->status == 404 && came_to_nothing(after, msn, part))
        return;
    if (fetch->status / 100 != 2)
        vt_find(findings, 115, m3u->url, 0, "the hinted %.150s: status %d", fetch->url, fetch->status);
    else if (sending > STREAMED && sending > m3u->part_target)
        vt_find(findings, 115, m3u->url, 0, "the hinted %.150s took %.3f s from its first byte to its last", fetch->url,
                sending);
}

void vt_check_refused(const struct vt_fetch *fetch, int rule, struct vt_findings *findings)
{
    double took = fetch->done - fetch->started;
    if (fetch->status != 400)
        vt_find(findings, rule, fetch->url, 0, "%s is answered with status %d", strchr(fetch->url, '?'), fetch->status);
    else if (took > AT_ONCE)
        vt_find(findings, rule, fetch->url, 0, "%s is answered after %.1f s", strchr(fetch->url, '?'), took);
}

void vt_check_repeated(const struct vt_m3u *first, const struct vt_m3u *second, struct vt_findings *findings)
{
    uint64_t one = vt_m3u_next(first), two = vt_m3u_next(second);
    if (second->msn < first->msn || two < one || (two == one && second->open.parts < first->open.parts))
        vt_find(findings, 114, second->url, 0, "asked for again, it went back from segment %llu, part %d to %llu, %d",
                (unsigned long long)one, first->open.parts, (unsigned long long)two, second->open.parts);
}

void vt_check_old(const struct vt_fetch *fetch, const struct vt_m3u *m3u, struct vt_findings *findings)
{
    if (!m3u || !m3u->n_segments || fetch->done - fetch->started > SOON)
        vt_find(findings, 104, fetch->url, 0, "an old number is answered with status %d after %.1f s", fetch->status,
                fetch->done - fetch->started);
}

void vt_check_ended(const struct vt_fetch *fetch, const struct vt_m3u *m3u, struct vt_findings *findings)
{
    if (!m3u || m3u->skip >= 0 || fetch->done - fetch->started > SOON)
        vt_find(findings, 109, fetch->url, 0, "directives are answered with status %d after %.1f s%s", fetch->status,
                fetch->done - fetch->started, m3u && m3u->skip >= 0 ? ", with EXT-X-SKIP" : "");
}

void vt_check_unknown(const struct vt_fetch *fetch, struct vt_findings *findings)
{
    if (fetch->status != 404)
        vt_find(findings, 116, fetch->url, 0, "what is not there is answered with status %d", fetch->status);
}

void vt_check_trip(const struct vt_fetch *fetch, const struct vt_m3u *m3u, struct vt_findings *findings)
{
    double took = fetch->done - fetch->started;
    if (fetch->status == 400 && took > m3u->part_target)
        vt_find(findings, 99, m3u->url, 0, "an answer at once took %.3f s, PART-TARGET is %.3f", took, m3u->part_target);
}

void vt_check_removed(const struct vt_fetch *fetch, const char *playlist, int rule, struct vt_findings *findings)
{
    if (fetch->status / 100 != 2)
        vt_find(findings, rule, playlist, 0, "%.150s was just removed: status %d", fetch->url, fetch->status);
}

void vt_check_broken_off(const struct vt_fetch *fetch, struct vt_findings *findings)
{
    if (fetch->error[0] && fetch->size)
        vt_find(findings, 31, fetch->url, 0, "it broke off after %zu bytes: %s", fetch->size, fetch->error);
}
