// What is asked at the end: bit rates, codecs, and requests that players rarely make.
#include <stdlib.h>
#include <string.h>

#include "check/answer.h"
#include "check/media_rules.h"
#include "check/presentation.h"

#define PROBES 8

// Bit rates: the worst run of segments of half to one and a half target durations (§4.1), and the mean.
static void rates(const struct vt_check_playlist *one, double *ret_peak, double *ret_mean)
{
    double bytes = 0, seconds = 0, target = one->now ? (double)one->now->target : 0;
    *ret_peak = *ret_mean = 0;
    for (int i = 0; i < one->n_runs; i++) {
        double some = 0, time = 0;
        bytes += one->runs[i].bytes;
        seconds += one->runs[i].seconds;
        for (int j = i; j < one->n_runs && time + one->runs[j].seconds <= 1.5 * target + 0.5; j++) {
            some += one->runs[j].bytes;
            time += one->runs[j].seconds;
            if (time >= 0.5 * target && some * 8 / time > *ret_peak)
                *ret_peak = some * 8 / time;
        }
    }
    if (seconds > 0)
        *ret_mean = bytes * 8 / seconds;
}

static struct vt_check_playlist *find(struct vt_presentation *p, const char *address)
{
    char url[VT_CHECK_URL];
    if (!address || !vt_check_url(url, p->multi->url, address))
        return NULL;
    for (int i = 0; i < p->count; i++)
        if (strcmp(p->list[i].url, url) == 0)
            return &p->list[i];
    return NULL;
}

// The playlist of a group that has the highest peak.
static void group_rates(struct vt_presentation *p, const char *type, const char *group, double *peak, double *mean,
                        const struct vt_check_playlist **ret)
{
    double most = 0, most_mean = 0;
    for (int i = 0; group && i < p->multi->n_tags; i++) {
        const char *id = vt_m3u_value(p->multi, i, "GROUP-ID"), *kind = vt_m3u_value(p->multi, i, "TYPE");
        if (p->multi->tags[i].kind != VT_TAG_MEDIA || !id || !kind || strcmp(id, group) != 0 || strcmp(kind, type) != 0)
            continue;
        const struct vt_check_playlist *one = find(p, vt_m3u_value(p->multi, i, "URI"));
        double its_peak, its_mean;
        if (!one)
            continue;
        rates(one, &its_peak, &its_mean);
        *ret = one;
        most = its_peak > most ? its_peak : most;
        most_mean = its_mean > most_mean ? its_mean : most_mean;
    }
    *peak += most;
    *mean += most_mean;
}

static void check_stream(struct vt_presentation *p, const struct vt_m3u_stream *stream)
{
    const struct vt_check_playlist *one = find(p, stream->uri), *sound = NULL;
    const char *codecs = vt_m3u_value(p->multi, stream->tag, "CODECS");
    double peak, mean;
    if (!one || stream->i_frames)
        return;
    rates(one, &peak, &mean);
    group_rates(p, "AUDIO", vt_m3u_value(p->multi, stream->tag, "AUDIO"), &peak, &mean, &sound);
    if (peak > (double)stream->bandwidth && stream->bandwidth)
        vt_find(p->findings, 123, p->multi->url, stream->line, "BANDWIDTH is %lld, the peak %.0f bit/s",
                (long long)stream->bandwidth, peak);
    if (stream->average && mean > 1.1 * (double)stream->average)
        vt_find(p->findings, 124, p->multi->url, stream->line, "AVERAGE-BANDWIDTH is %lld, the mean %.0f bit/s",
                (long long)stream->average, mean);
    else if (one->now && one->now->ended && one->n_runs > 4 && stream->bandwidth && peak < 0.9 * (double)stream->bandwidth)
        vt_find(p->findings, 124, p->multi->url, stream->line, "BANDWIDTH is %lld, the peak %.0f bit/s",
                (long long)stream->bandwidth, peak);
    if (codecs && one->has_media)
        vt_check_codecs(p->multi->url, stream->line, codecs, &one->media, p->findings);
    if (codecs && sound && sound->has_media)
        vt_check_codecs(p->multi->url, stream->line, codecs, &sound->media, p->findings);
}

void vt_check_rates(struct vt_presentation *p)
{
    for (int i = 0; p->multi && i < p->multi->n_streams; i++)
        check_stream(p, &p->multi->streams[i]);
    for (int i = 0; i < p->count; i++)
        if (p->list[i].metadata && p->list[i].now && !p->list[i].now->n_ranges && p->sum->live)
            vt_find(p->findings, 140, p->list[i].url, 0, "its segments carry metadata, and it has no EXT-X-DATERANGE now");
}

// ---- requests

struct probe {
    struct vt_presentation *p;
    struct vt_fetch fetches[PROBES];
    int count;
};

// `msn` and `part` below 0 are left out.
static struct vt_fetch *ask(struct probe *probe, const char *url, int64_t msn, int part)
{
    struct vt_fetch *fetch = &probe->fetches[probe->count++];
    char first[48] = "", second[32] = "";
    if (msn >= 0)
        snprintf(first, sizeof first, "_HLS_msn=%lld%s", (long long)msn, part >= 0 ? "&" : "");
    if (part >= 0)
        snprintf(second, sizeof second, "_HLS_part=%d", part);
    *fetch = (struct vt_fetch){.limit = VT_FETCH_PLAYLIST_BYTES};
    snprintf(fetch->url, sizeof fetch->url, "%.900s%s%s%s", url, strchr(url, '?') ? "&" : "?", first, second);
    return fetch;
}

static struct vt_m3u *answer(struct probe *probe, const struct vt_fetch *fetch)
{
    struct vt_m3u *m3u = NULL;
    if (fetch->status == 200)
        (void)vt_m3u_read(&m3u, fetch->url, fetch->body, fetch->size, probe->p->findings);
    return m3u;
}

static void judge_held(struct probe *probe, const struct vt_fetch *fetch, uint64_t msn, int part, int rule)
{
    struct vt_m3u *m3u = answer(probe, fetch);
    if (m3u)
        vt_check_blocking(fetch, m3u, msn, part, rule, probe->p->findings);
    else if (fetch->status != 503)
        vt_find(probe->p->findings, rule, fetch->url, 0, "%s: status %d", strchr(fetch->url, '?'), fetch->status);
    vt_m3u_free(&m3u);
}

static void judge_repeated(struct probe *probe, const struct vt_fetch *one, const struct vt_fetch *two)
{
    struct vt_m3u *first = answer(probe, one), *second = answer(probe, two);
    if (first && second && two->started >= one->done)
        vt_check_repeated(first, second, probe->p->findings);
    vt_m3u_free(&first);
    vt_m3u_free(&second);
}

static void probe_blocking(struct vt_presentation *p, const struct vt_check_playlist *one)
{
    struct probe *probe = calloc(1, sizeof *probe);
    const struct vt_m3u *now = one->now;
    const struct vt_m3u_segment *last = now->n_segments ? &now->segments[now->n_segments - 1] : NULL;
    if (!probe || !last) {
        free(probe);
        return;
    }
    probe->p = p;
    int limit = now->part_target < 1 ? (int)(3 / now->part_target) : 3;
    struct vt_fetch *alone = ask(probe, one->url, -1, 0);
    struct vt_fetch *far = ask(probe, one->url, (int64_t)last->msn + 20, -1);
    struct vt_fetch *part = ask(probe, one->url, (int64_t)now->open.msn, 2 * limit + now->open.parts + 40);
    struct vt_fetch *old = ask(probe, one->url, now->msn ? (int64_t)now->msn - 1 : 0, 0);
    struct vt_fetch *past = last->parts ? ask(probe, one->url, (int64_t)last->msn, last->parts) : NULL;
    struct vt_fetch *whole = ask(probe, one->url, (int64_t)now->open.msn, -1);
    vt_fetch_all(p->fetcher, probe->fetches, probe->count);
    struct vt_fetch *again = ask(probe, one->url, (int64_t)now->open.msn, -1);
    vt_fetch_all(p->fetcher, again, 1);
    vt_check_refused(alone, 105, p->findings);
    vt_check_refused(far, 106, p->findings);
    vt_check_refused(part, 107, p->findings);
    struct vt_m3u *m3u = answer(probe, old);
    vt_check_old(old, m3u, p->findings);
    vt_m3u_free(&m3u);
    if (past)
        judge_held(probe, past, last->msn + 1, 0, 103);
    judge_held(probe, whole, now->open.msn, -1, 101);
    judge_repeated(probe, whole, again);
    vt_check_trip(alone, now, p->findings);
    for (int i = 0; i < probe->count; i++)
        vt_fetch_clear(&probe->fetches[i]);
    free(probe);
}

static void probe_ended(struct vt_presentation *p, const struct vt_check_playlist *one)
{
    struct probe *probe = calloc(1, sizeof *probe);
    if (!probe)
        return;
    probe->p = p;
    struct vt_fetch *fetch = ask(probe, one->url, (int64_t)vt_m3u_next(one->now) + 1, 0);
    strcat(fetch->url, "&_HLS_skip=YES");
    vt_fetch_all(p->fetcher, fetch, 1);
    struct vt_m3u *m3u = answer(probe, fetch);
    vt_check_ended(fetch, m3u, p->findings);
    vt_m3u_free(&m3u);
    vt_fetch_clear(fetch);
    free(probe);
}

static void probe_unknown(struct vt_presentation *p, const struct vt_check_playlist *one)
{
    struct vt_fetch fetch = {.limit = VT_FETCH_PLAYLIST_BYTES};
    if (!vt_check_url(fetch.url, one->url, "no-such-file-as-this.m4s"))
        return;
    vt_fetch_all(p->fetcher, &fetch, 1);
    vt_check_unknown(&fetch, p->findings);
    vt_fetch_clear(&fetch);
}

void vt_check_probe(struct vt_presentation *p)
{
    const struct vt_check_playlist *one = NULL;
    for (int i = 0; i < p->count && !one; i++)
        if (p->list[i].now && p->list[i].kind == VT_CHECK_VIDEO)
            one = &p->list[i];
    if (!one || strncmp(p->params->url, "http", 4) != 0)
        return;
    probe_unknown(p, one);
    if (one->now->ended)
        probe_ended(p, one);
    else if (one->now->block_reload && one->now->part_target > 0)
        probe_blocking(p, one);
}
