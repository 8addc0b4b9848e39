#include "check/follow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "check/answer.h"
#include "check/presentation.h"
#include "check/snapshot.h"

#define DELTA_EVERY 3                  // rounds
#define HINT_EVERY 2
#define TOGETHER_EVERY 5
#define FAILURES_AT_ONCE 0.5           // s; pause after a reload that failed

static struct vt_m3u *read_playlist(struct vt_presentation *p, const struct vt_fetch *fetch)
{
    struct vt_m3u *m3u = NULL;
    int error = vt_m3u_read(&m3u, fetch->url, fetch->body, fetch->size, p->findings);
    if (error) {
        vt_find(p->findings, 5, fetch->url, 0, "it cannot be read: %s", strerror(-error));
        return NULL;
    }
    m3u->asked = fetch->started;
    m3u->came = fetch->done;
    p->sum->versions++;
    vt_check_snapshot(m3u, p->params->final, p->findings);
    vt_check_answer(fetch, VT_ANSWER_PLAYLIST, m3u, p->findings);
    return m3u;
}

static struct vt_check_playlist *add_playlist(struct vt_presentation *p, const char *address, enum vt_check_kind kind)
{
    char url[VT_CHECK_URL];
    if (!address || !vt_check_url(url, p->multi ? p->multi->url : p->params->url, address))
        return NULL;
    for (int i = 0; i < p->count; i++)
        if (strcmp(p->list[i].url, url) == 0)
            return &p->list[i];
    if (p->count == VT_CHECK_PLAYLISTS)
        return NULL;
    struct vt_check_playlist *one = &p->list[p->count++];
    strcpy(one->url, url);
    one->kind = kind;
    one->next_part = -1;
    return one;
}

static void add_renditions(struct vt_presentation *p)
{
    const struct vt_m3u *multi = p->multi;
    for (int i = 0; i < multi->n_streams; i++)
        add_playlist(p, multi->streams[i].uri, multi->streams[i].i_frames ? VT_CHECK_I_FRAMES : VT_CHECK_VIDEO);
    for (int i = 0; i < multi->n_tags; i++) {
        const char *type = multi->tags[i].kind == VT_TAG_MEDIA ? vt_m3u_value(multi, i, "TYPE") : NULL;
        if (type)
            add_playlist(p, vt_m3u_value(multi, i, "URI"), strcmp(type, "AUDIO") == 0 ? VT_CHECK_AUDIO :
                         strcmp(type, "VIDEO") == 0 ? VT_CHECK_VIDEO : VT_CHECK_OTHER);
    }
}

// ---- one round

static bool blocks(const struct vt_m3u *m3u)
{
    return m3u && m3u->block_reload && m3u->part_target > 0 && !m3u->ended;
}

static void plan_reload(struct vt_presentation *p, struct vt_check_playlist *one, struct vt_batch *batch, int round)
{
    const struct vt_m3u *now = one->now;
    char address[VT_CHECK_URL + 80];
    struct vt_job job = {.kind = VT_JOB_RELOAD, .playlist = one, .m3u = now, .part = -2};
    if (one->failed || (now && now->ended) || p->params->final)
        return;
    if (!blocks(now)) {
        if (!now || vt_fetch_now() - now->asked >= (double)(now->target ? now->target : 1) / 2 - 0.01)
            vt_batch_add(batch, &job, one->url, NULL);
        return;
    }
    const char *joint = strchr(one->url, '?') ? "&" : "?";
    job.msn = now->open.msn;
    job.part = now->open.parts;
    snprintf(address, sizeof address, "%s%s_HLS_msn=%llu&_HLS_part=%d", one->url, joint, (unsigned long long)job.msn, job.part);
    vt_batch_add(batch, &job, address, NULL);
    bool v2 = now->skip_ranges && round % (2 * DELTA_EVERY) == 0;
    if (now->skip_until > 0 && round % DELTA_EVERY == 0) {
        job.kind = VT_JOB_DELTA;
        job.v2 = v2;
        snprintf(address, sizeof address, "%s%s_HLS_msn=%llu&_HLS_part=%d&_HLS_skip=%s", one->url, joint,
                 (unsigned long long)job.msn, job.part, v2 ? "v2" : "YES");
        vt_batch_add(batch, &job, address, NULL);
    }
    for (int i = 0; i < now->n_tags && round % HINT_EVERY == 0; i++) {
        const char *type = now->tags[i].kind == VT_TAG_HINT ? vt_m3u_value(now, i, "TYPE") : NULL;
        const char *uri = vt_m3u_value(now, i, "URI");
        job.kind = VT_JOB_HINT;
        if (type && uri && strcmp(type, "PART") == 0 && !vt_m3u_value(now, i, "BYTERANGE-START"))
            vt_batch_add(batch, &job, uri, NULL);
    }
}

// What has just left: it must still be there.
static void plan_gone(struct vt_check_playlist *one, struct vt_batch *batch)
{
    const struct vt_m3u *was = one->last, *now = one->now;
    if (!was || !now || now->ended || !was->n_segments || now->msn <= was->msn)
        return;
    const struct vt_m3u_segment *gone = &was->segments[now->msn - was->msn <= (uint64_t)was->n_segments ?
                                                       now->msn - was->msn - 1 : 0];
    struct vt_job job = {.kind = VT_JOB_GONE, .playlist = one, .m3u = now};
    if (!gone->gap && vt_batch_add(batch, &job, gone->uri, &gone->range))
        batch->fetches[batch->count - 1].head = !gone->range.given;
}

static void plan_gone_parts(struct vt_check_playlist *one, struct vt_batch *batch)
{
    const struct vt_m3u *was = one->last, *now = one->now;
    for (int i = 0; was && now && !now->ended && i < was->n_segments; i++) {
        const struct vt_m3u_segment *old = &was->segments[i], *same = vt_m3u_find(now, old->msn);
        if (!old->parts || !same || same->parts)
            continue;
        const struct vt_m3u_part *part = &was->parts[old->first_part];
        struct vt_job job = {.kind = VT_JOB_GONE_PART, .playlist = one, .m3u = now};
        if (!part->gap && !part->range.given && vt_batch_add(batch, &job, part->uri, NULL))
            batch->fetches[batch->count - 1].head = true;
        return;
    }
}

static void check_pairs(struct vt_presentation *p, struct vt_check_playlist *one)
{
    double slack = one->now->part_target > 0 ? 0.1 : 0.5;
    for (int i = 0; i < p->count; i++) {
        struct vt_check_playlist *other = &p->list[i];
        const struct vt_m3u *last = other->now && other->now->came + slack <= one->now->asked ? other->now : other->last;
        if (other == one || !last || last->came + slack > one->now->asked)
            continue;
        struct vt_check_pair pair = {last, one->now, other->kind, one->kind};
        vt_check_pair(&pair, p->findings);
    }
}

static void take_reload(struct vt_presentation *p, const struct vt_job *job, const struct vt_fetch *fetch)
{
    struct vt_check_playlist *one = job->playlist;
    bool asked = job->part >= 0;
    if (fetch->status / 100 != 2 || fetch->error[0]) {
        bool late = asked && fetch->status == 503;
        vt_check_broken_off(fetch, p->findings);
        if (!late && !fetch->size)
            vt_find(p->findings, 34, fetch->url, 0, "the playlist: %s, status %d", fetch->error, fetch->status);
        one->failed = !one->now;
        nanosleep(&(struct timespec){.tv_nsec = (long)(FAILURES_AT_ONCE * 1e9)}, NULL);
        return;
    }
    struct vt_m3u *m3u = read_playlist(p, fetch);
    if (!m3u || m3u->multivariant) {
        vt_m3u_free(&m3u);
        one->failed = true;
        return;
    }
    strcpy(m3u->url, one->url);
    if (asked)
        vt_check_blocking(fetch, m3u, job->msn, job->part, 102, p->findings);
    vt_m3u_free(&one->last);
    one->last = one->now;
    one->now = m3u;
    if (one->last)
        vt_check_change(one->last, m3u, p->findings);
    vt_check_in_time(&one->pace, m3u, p->findings);
    if (vt_m3u_duration(m3u) > one->longest)
        one->longest = vt_m3u_duration(m3u);
    check_pairs(p, one);
}

static void take_delta(struct vt_presentation *p, const struct vt_job *job, const struct vt_fetch *fetch)
{
    struct vt_check_playlist *one = job->playlist;
    struct vt_m3u *delta = fetch->status == 200 && one->last ? read_playlist(p, fetch) : NULL;
    if (!delta)
        return;
    vt_check_blocking(fetch, delta, job->msn, job->part, 102, p->findings);
    if (delta->skip >= 0) {
        p->sum->deltas++;
        vt_check_delta(one->last, delta, one->now, job->v2, p->findings);
    }
    vt_check_skipped(delta, p->findings);
    vt_m3u_free(&delta);
}

static void take_hinted(struct vt_presentation *p, const struct vt_job *job, const struct vt_fetch *fetch)
{
    vt_check_hinted(fetch, job->playlist->now, job->msn, job->part, p->findings);
    p->sum->hints++;
}

static void check_all(struct vt_presentation *p)
{
    const struct vt_m3u *list[VT_CHECK_PLAYLISTS];
    enum vt_check_kind kinds[VT_CHECK_PLAYLISTS];
    int count = 0;
    for (int i = 0; i < p->count; i++)
        if (p->list[i].now) {
            list[count] = p->list[i].now;
            kinds[count++] = p->list[i].kind;
        }
    vt_check_together(p->multi, list, kinds, count, p->findings);
}

// Plans, fetches and takes once. Returns how much was fetched.
static int do_round(struct vt_presentation *p, struct vt_batch *batch, int round)
{
    batch->count = 0;
    for (int i = 0; i < p->count; i++)
        plan_reload(p, &p->list[i], batch, round);
    for (int i = 0; i < p->count; i++) {
        vt_plan_media(p, &p->list[i], batch);
        plan_gone(&p->list[i], batch);
        plan_gone_parts(&p->list[i], batch);
    }
    vt_fetch_all(p->fetcher, batch->fetches, batch->count);
    // Media first: what it is held against are the versions that listed it.
    for (int i = 0; i < batch->count; i++)
        vt_take_media(p, &batch->jobs[i], &batch->fetches[i]);
    for (int i = 0; i < batch->count; i++)
        if (batch->jobs[i].kind == VT_JOB_RELOAD)
            take_reload(p, &batch->jobs[i], &batch->fetches[i]);
    for (int i = 0; i < batch->count; i++) {
        const struct vt_job *job = &batch->jobs[i];
        if (job->kind == VT_JOB_DELTA)
            take_delta(p, job, &batch->fetches[i]);
        else if (job->kind == VT_JOB_HINT)
            take_hinted(p, job, &batch->fetches[i]);
    }
    for (int i = 0; i < batch->count; i++)
        vt_fetch_clear(&batch->fetches[i]);
    if (round % TOGETHER_EVERY == 0)
        check_all(p);
    return batch->count;
}

// ---- the whole

static int fetch_first(struct vt_presentation *p)
{
    struct vt_fetch fetch = {.limit = VT_FETCH_PLAYLIST_BYTES};
    snprintf(fetch.url, sizeof fetch.url, "%s", p->params->url);
    vt_fetch_all(p->fetcher, &fetch, 1);
    struct vt_m3u *m3u = NULL;
    if (fetch.status / 100 != 2 || fetch.error[0])
        snprintf(p->sum->trouble, sizeof p->sum->trouble, "%.120s: %.100s (status %d)", fetch.url,
                 fetch.error[0] ? fetch.error : "no playlist", fetch.status);
    else
        m3u = read_playlist(p, &fetch);
    if (m3u && m3u->multivariant) {
        p->multi = m3u;
        add_renditions(p);
    } else if (m3u) {
        struct vt_check_playlist *one = add_playlist(p, p->params->url, VT_CHECK_VIDEO);
        if (one) {
            one->now = m3u;
            vt_check_in_time(&one->pace, m3u, p->findings);
        }
    }
    vt_fetch_clear(&fetch);
    return m3u ? 0 : -EIO;
}

// Playlists of a finished presentation are fetched once, those of a file too.
static void fetch_rest(struct vt_presentation *p, struct vt_batch *batch)
{
    batch->count = 0;
    for (int i = 0; i < p->count; i++) {
        struct vt_job job = {.kind = VT_JOB_RELOAD, .playlist = &p->list[i], .part = -2};
        if (!p->list[i].now)
            vt_batch_add(batch, &job, p->list[i].url, NULL);
    }
    vt_fetch_all(p->fetcher, batch->fetches, batch->count);
    for (int i = 0; i < batch->count; i++) {
        take_reload(p, &batch->jobs[i], &batch->fetches[i]);
        vt_fetch_clear(&batch->fetches[i]);
    }
    check_all(p);
}

static bool is_live(const struct vt_presentation *p)
{
    for (int i = 0; i < p->count; i++)
        if (p->list[i].now && !p->list[i].now->ended)
            return !p->params->final;
    return false;
}

static void tell(const struct vt_presentation *p, double start, double *told)
{
    double now = vt_fetch_now();
    if (!p->params->progress || now - *told < 5)
        return;
    *told = now;
    fprintf(p->params->progress, "%.0f s: %d versions of %d playlists, %d segments, %d parts\n", now - start,
            p->sum->versions, p->count, p->sum->segments, p->sum->parts);
}

static void run(struct vt_presentation *p, struct vt_batch *batch)
{
    double start = vt_fetch_now(), told = start;
    fetch_rest(p, batch);
    p->sum->live = is_live(p);
    for (int i = 0; i < p->count; i++)
        p->sum->low_latency |= blocks(p->list[i].now);
    for (int round = 1;; round++) {
        bool live = is_live(p);
        if (do_round(p, batch, round) == 0) {
            if (!live)
                break;
            nanosleep(&(struct timespec){.tv_nsec = 50 * 1000000}, NULL);
        }
        if (live && vt_fetch_now() - start >= p->params->seconds)
            break;
        tell(p, start, &told);
    }
    check_all(p);
    vt_check_rates(p);
    vt_check_probe(p);
    p->sum->seconds = vt_fetch_now() - start;
    p->sum->playlists = p->count;
}

static void free_all(struct vt_presentation *p)
{
    for (int i = 0; i < p->count; i++) {
        vt_m3u_free(&p->list[i].now);
        vt_m3u_free(&p->list[i].last);
        free(p->list[i].parts);
        free(p->list[i].runs);
    }
    vt_m3u_free(&p->multi);
    vt_fetcher_free(&p->fetcher);
}

int vt_check_follow(const struct vt_check_params *params, struct vt_findings *findings, struct vt_check_sum *ret)
{
    struct vt_presentation *p = calloc(1, sizeof *p);
    struct vt_batch *batch = calloc(1, sizeof *batch);
    int error = p && batch ? 0 : -ENOMEM;
    *ret = (struct vt_check_sum){.playlists = 0};
    if (!error) {
        p->params = params;
        p->findings = findings;
        p->sum = ret;
        error = vt_fetcher_new(&p->fetcher, params->ca);
        error = error ? error : fetch_first(p);
        if (!error)
            run(p, batch);
        free_all(p);
    }
    free(p);
    free(batch);
    return error;
}
