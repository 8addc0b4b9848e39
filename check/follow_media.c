// Init segments, segments and parts of what is followed.
#include <stdlib.h>
#include <string.h>

#include "check/answer.h"
#include "check/media_rules.h"
#include "check/presentation.h"

#define LIVE_SEGMENTS 2                // of the window, that are fetched when a live playlist is met

bool vt_batch_add(struct vt_batch *batch, const struct vt_job *job, const char *address, const struct vt_byte_range *range)
{
    if (batch->count == VT_FETCH_BATCH)
        return false;
    struct vt_fetch *fetch = &batch->fetches[batch->count];
    *fetch = (struct vt_fetch){.limit = VT_FETCH_MEDIA_BYTES};
    if (!vt_check_url(fetch->url, job->playlist->url, address))
        return false;
    if (range && range->given && range->length)
        snprintf(fetch->range, sizeof fetch->range, "%llu-%llu", (unsigned long long)range->offset,
                 (unsigned long long)(range->offset + range->length - 1));
    batch->jobs[batch->count++] = *job;
    return true;
}

static void plan_init(struct vt_check_playlist *one, const struct vt_m3u_segment *segment, struct vt_batch *batch)
{
    const char *uri = vt_m3u_value(one->now, segment->map, "URI"), *text = vt_m3u_value(one->now, segment->map, "BYTERANGE");
    char url[VT_CHECK_URL];
    struct vt_byte_range range = {.given = false};
    if (!uri || !vt_check_url(url, one->url, uri) || strcmp(url, one->init_url) == 0)
        return;
    if (text && sscanf(text, "%lu@%lu", &range.length, &range.offset) == 2)
        range.given = true;
    struct vt_job job = {.kind = VT_JOB_INIT, .playlist = one, .m3u = one->now};
    if (vt_batch_add(batch, &job, uri, &range)) {
        strcpy(one->init_url, url);
        one->has_init = false;
    }
}

static void plan_parts(struct vt_check_playlist *one, const struct vt_m3u_segment *segment, struct vt_batch *batch)
{
    if (segment->msn > one->parts_msn) {
        // Only a segment that is met with its first part can be held against its parts.
        one->parts_msn = segment->msn;
        one->parts_size = 0;
        one->next_part = segment->uri ? -1 : 0;
    }
    if (segment->msn != one->parts_msn || one->next_part < 0)
        return;
    for (; one->next_part < segment->parts; one->next_part++) {
        const struct vt_m3u_part *part = &one->now->parts[segment->first_part + one->next_part];
        struct vt_job job = {.kind = VT_JOB_PART, .playlist = one, .m3u = one->now, .msn = segment->msn, .part = one->next_part};
        if (part->gap) {
            one->next_part = -1;
            return;
        }
        if (!vt_batch_add(batch, &job, part->uri, &part->range))
            return;
    }
}

void vt_plan_media(struct vt_presentation *p, struct vt_check_playlist *one, struct vt_batch *batch)
{
    const struct vt_m3u *m3u = one->now;
    if (!m3u || m3u->multivariant || !m3u->n_segments)
        return;
    if (!one->started) {
        uint64_t first = m3u->segments[0].msn, next = vt_m3u_next(m3u);
        one->started = true;
        one->next_msn = m3u->ended || next - first < LIVE_SEGMENTS ? first : next - LIVE_SEGMENTS;
        one->parts_msn = m3u->open.msn;    // its parts are judged from the next segment on
        one->next_part = m3u->open.parts ? -1 : 0;
    }
    for (int i = 0; i < m3u->n_segments; i++) {
        const struct vt_m3u_segment *segment = &m3u->segments[i];
        if (segment->msn < one->next_msn)
            continue;
        if (segment->map >= 0)
            plan_init(one, segment, batch);
        if (m3u->part_target > 0 && !m3u->ended)
            plan_parts(one, segment, batch);
        struct vt_job job = {.kind = VT_JOB_SEGMENT, .playlist = one, .m3u = m3u, .msn = segment->msn};
        if (!segment->gap && one->n_runs < VT_CHECK_SEGMENTS + 3600 && !vt_batch_add(batch, &job, segment->uri, &segment->range))
            return;                    // the rest comes with the next batch
        one->next_msn = segment->msn + 1;
    }
    if (m3u->part_target > 0 && !m3u->ended)
        plan_parts(one, &m3u->open, batch);
    (void)p;
}

static void take_init(struct vt_presentation *p, const struct vt_job *job, struct vt_fetch *fetch)
{
    struct vt_check_playlist *one = job->playlist;
    vt_check_there(fetch, VT_ANSWER_INIT, job->m3u, 0, p->findings);
    if (fetch->status / 100 != 2)
        return;
    vt_check_answer(fetch, VT_ANSWER_INIT, job->m3u, p->findings);
    vt_media_read(&one->init, NULL, fetch->body, fetch->size);
    vt_check_init(fetch->url, &one->init, p->findings);
    one->has_init = true;
    p->sum->init_segments++;
}

static void remember_run(struct vt_check_playlist *one, double bytes, double seconds)
{
    if (!one->runs)
        one->runs = calloc(VT_CHECK_RUNS, sizeof *one->runs);
    if (one->runs && one->n_runs < VT_CHECK_RUNS)
        one->runs[one->n_runs++] = (struct vt_check_run){bytes, seconds};
}

static void take_segment(struct vt_presentation *p, const struct vt_job *job, struct vt_fetch *fetch)
{
    struct vt_check_playlist *one = job->playlist;
    const struct vt_m3u_segment *segment = vt_m3u_find(job->m3u, job->msn);
    vt_check_there(fetch, VT_ANSWER_SEGMENT, job->m3u, segment->line, p->findings);
    if (fetch->status / 100 != 2 || fetch->error[0]) {
        one->has_media = false;
        return;
    }
    vt_check_answer(fetch, VT_ANSWER_SEGMENT, job->m3u, p->findings);
    p->sum->segments++;
    remember_run(one, (double)fetch->size, segment->duration);
    if (segment->key >= 0 || one->kind == VT_CHECK_OTHER || one->kind == VT_CHECK_I_FRAMES)
        return;                        // encrypted, subtitles, or single frames
    struct vt_media media;
    bool goes_on = one->has_media && one->media_msn + 1 == job->msn && !segment->discontinuity;
    vt_media_read(&media, one->has_init ? &one->init : NULL, fetch->body, fetch->size);
    vt_check_segment(job->m3u, segment, fetch->url, &media, fetch->size, goes_on ? &one->media : NULL, p->findings);
    one->metadata += media.metadata;
    if (one->parts_msn == job->msn && one->next_part == segment->parts && segment->parts)
        vt_check_parts_whole(fetch->url, fetch->body, fetch->size, one->parts, one->parts_size,
                             one->has_init ? &one->init : NULL, p->findings);
    one->media = media;
    one->media_msn = job->msn;
    one->has_media = true;
}

static void take_part(struct vt_presentation *p, const struct vt_job *job, struct vt_fetch *fetch)
{
    struct vt_check_playlist *one = job->playlist;
    const struct vt_m3u_segment *segment = job->msn == job->m3u->open.msn ? &job->m3u->open : vt_m3u_find(job->m3u, job->msn);
    const struct vt_m3u_part *part = &job->m3u->parts[segment->first_part + job->part];
    vt_check_there(fetch, VT_ANSWER_PART, job->m3u, part->line, p->findings);
    if (fetch->status / 100 != 2 || fetch->error[0]) {
        one->next_part = -1;
        return;
    }
    vt_check_answer(fetch, VT_ANSWER_PART, job->m3u, p->findings);
    p->sum->parts++;
    struct vt_media media;
    vt_media_read(&media, one->has_init ? &one->init : NULL, fetch->body, fetch->size);
    if (one->kind != VT_CHECK_OTHER)
        vt_check_part_media(part, fetch->url, &media, p->findings);
    char *more = one->parts_size + fetch->size <= VT_FETCH_MEDIA_BYTES ? realloc(one->parts, one->parts_size + fetch->size + 1)
                                                                       : NULL;
    if (!more) {
        one->next_part = -1;
        return;
    }
    memcpy(more + one->parts_size, fetch->body, fetch->size);
    one->parts = more;
    one->parts_size += fetch->size;
}

void vt_take_media(struct vt_presentation *p, const struct vt_job *job, struct vt_fetch *fetch)
{
    switch (job->kind) {
    case VT_JOB_INIT: take_init(p, job, fetch); break;
    case VT_JOB_SEGMENT: take_segment(p, job, fetch); break;
    case VT_JOB_PART: take_part(p, job, fetch); break;
    case VT_JOB_GONE: vt_check_removed(fetch, job->playlist->url, 35, p->findings); break;
    case VT_JOB_GONE_PART: vt_check_removed(fetch, job->playlist->url, 85, p->findings); break;
    default: break;
    }
}
