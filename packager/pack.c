#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "packager/packing.h"

uint64_t packing_next_msn(const struct vt_packager *p)
{
    return p->params.first_msn + (uint64_t)p->next;
}

int64_t packing_segment_us(const struct vt_packager *p, int64_t k)
{
    return vt_muldiv(vt_segment_frame(&p->params, k) * p->params.rate.den, 1000000, p->params.rate.num);
}

int64_t packing_track_us(const struct vt_packager *p, int t, int64_t at)
{
    if (p->tracks[t].kind == VT_TRACK_AUDIO)
        return vt_muldiv(at, 1000000, p->tracks[t].sample_rate);
    return vt_muldiv(at * p->params.rate.den, 1000000, p->params.rate.num);
}

int64_t packing_unit(const struct vt_packager *p, int t)
{
    if (p->tracks[t].kind == VT_TRACK_AUDIO)
        return 1;
    return (int64_t)vt_video_timescale(p->params.rate) / p->params.rate.num * p->params.rate.den;
}

static int64_t frame_cut(const struct vt_packager *p, int t, int64_t frame)
{
    if (p->tracks[t].kind == VT_TRACK_AUDIO)
        return vt_frame_sample(&p->params, frame, p->tracks[t].sample_rate, p->track[t].phase);
    return frame;
}

int64_t packing_cut(const struct vt_packager *p, int t, int64_t k, int part)
{
    return frame_cut(p, t, vt_part_frame(&p->params, k, part));
}

int packing_put(struct vt_packager *p, enum vt_blob kind, const char *name, const struct vt_writer *w)
{
    if (w->failed)
        return -ENOMEM;
    return p->params.sink.put(p->params.sink.opaque, kind, name, w->data, w->size);
}

// -- parts

static struct vt_run *oldest_run(struct packing_track *track, int64_t k)
{
    return track->n_runs > 0 && track->runs[0].k == k && !track->runs[0].spoilt && track->runs[0].count > 0
         ? &track->runs[0] : NULL;
}

// Where the part ends in the track: a show's last one with its samples, but sound not after the picture.
static int64_t part_end(const struct vt_packager *p, int t, const struct vt_run *run, bool last)
{
    if (!last || !run)
        return packing_cut(p, t, p->next, p->part + 1);
    int64_t end = vt_run_end(run, p->tracks[t].kind);
    bool apart = !vt_has_parts(&p->params) && p->params.container == VT_CONTAINER_CMAF;
    if (p->tracks[t].kind == VT_TRACK_VIDEO || !p->has_video || apart)
        return end;
    int64_t limit = frame_cut(p, t, p->end_frame);
    return end < limit ? end : limit;
}

// A segment's key frame stands in a fragment of its own, so that its byte range in an I-frame playlist is whole boxes.
static uint32_t sequence_of(const struct vt_packager *p, bool key)
{
    uint64_t msn = packing_next_msn(p);
    // Segments may differ by a part.
    uint64_t parts = vt_has_parts(&p->params) ? (uint64_t)vt_part_count(&p->params, 0) + 2 : 2;
    return (uint32_t)(msn * parts + (uint64_t)(key ? 0 : p->part + 1));
}

static bool has_key(const struct vt_run *run, int from, int to)
{
    for (int i = from; i < to; i++)
        if (run->samples[i].key)
            return true;
    return false;
}

static int store_part(struct vt_packager *p, int t, size_t start)
{
    const struct vt_writer *file = &p->track[t].file;
    char name[VT_NAME_OF_SEGMENT];
    if (file->failed)
        return -ENOMEM;
    if (!vt_has_parts(&p->params))
        return 0;
    vt_part_name(&p->params, t, packing_next_msn(p), p->part, name);
    return p->params.sink.put(p->params.sink.opaque, VT_BLOB_PART, name, file->data + start, file->size - start);
}

static int write_key(struct vt_packager *p, int t, int to, const struct vt_run_form *form)
{
    struct packing_track *track = &p->track[t];
    struct vt_listed_track *listed = &p->window.open.track[t];
    struct vt_run_form own = *form;
    if (to > 1)
        own.end = vt_run_time(&track->runs[0], 1);
    size_t start = track->file.size;
    own.sequence = sequence_of(p, true);
    int result = vt_run_write(&track->runs[0], &track->file, 1, &own);
    listed->key_at = (int64_t)start;
    listed->key_size = result < 0 ? 0 : (int64_t)(track->file.size - start);
    return result;
}

// The sound that goes with every picture, or -1.
static int sound_track(const struct vt_packager *p)
{
    for (int t = 0; t < p->params.n_tracks; t++)
        if (p->tracks[t].kind == VT_TRACK_AUDIO)
            return t;
    return -1;
}

// A whole segment: MPEG-TS has no parts.
static int write_ts(struct vt_packager *p, int t, int to, int64_t end, const struct vt_writer *messages)
{
    struct packing_track *track = &p->track[t];
    bool video = p->tracks[t].kind == VT_TRACK_VIDEO;
    int s = sound_track(p);
    struct vt_run *sound = s >= 0 ? oldest_run(&p->track[s], p->next) : NULL;
    struct vt_ts_segment segment = {
        .rate = p->params.rate, .video = video ? &p->tracks[t] : NULL, .audio = s >= 0 ? &p->tracks[s] : NULL,
        .pictures = video ? &track->runs[0] : NULL, .picture_count = video ? to : 0,
        .sound = sound, .sound_count = sound ? vt_run_until(sound, part_end(p, s, sound, p->ended)) : 0,
        .end = end, .messages = messages,
    };
    int reorder = video ? vt_ts_reorder(&track->runs[0]) : 0;
    track->reorder = reorder > track->reorder ? reorder : track->reorder;    // where no SPS tells it
    segment.reorder = track->reorder;
    return vt_ts_segment(&track->file, &track->ts, &segment, &p->window.open.track[t].key_size);
}

static int write_fragment(struct vt_packager *p, int t, int to, int64_t end, const struct vt_writer *messages)
{
    struct packing_track *track = &p->track[t];
    bool video = p->tracks[t].kind == VT_TRACK_VIDEO;
    struct vt_run_form form = {.kind = p->tracks[t].kind, .unit = packing_unit(p, t), .reorder = track->reorder,
                               .sequence = sequence_of(p, false)};
    size_t start = track->file.size;
    // Where no frame of the segment comes any more, the last one stays until its end.
    if (video && track->current > p->next && !p->ended)
        end = vt_segment_frame(&p->params, p->next + 1);
    form.end = end;
    if (p->params.container == VT_CONTAINER_TS) {
        int result = vt_track_listed(&p->params, t) ? write_ts(p, t, to, end, messages) : 0;
        track->runs[0].written = to;
        return result;
    }
    if (video)
        vt_write_bytes(&track->file, messages->data, messages->size);
    int result = video && track->runs[0].written == 0 ? write_key(p, t, to, &form) : 0;
    if (result == 0 && track->runs[0].written < to)
        result = vt_run_write(&track->runs[0], &track->file, to, &form);
    return result < 0 ? result : store_part(p, t, start);
}

static int write_track_part(struct vt_packager *p, int t, bool last, const struct vt_writer *messages,
                            struct vt_listed_part *part)
{
    struct vt_run *run = oldest_run(&p->track[t], p->next);
    int64_t cut = packing_cut(p, t, p->next, p->part), end = part_end(p, t, run, last);
    int from = run ? run->written : 0, to = run ? vt_run_until(run, end) : 0;
    bool none = to == from;
    part->track[t].absent = last && none;
    part->track[t].duration_us = part->track[t].absent ? 0
                               : packing_track_us(p, t, end) - packing_track_us(p, t, cut);
    part->track[t].independent = !none && has_key(run, from, to);
    int result = none ? 0 : write_fragment(p, t, to, end, messages);
    part->track[t].gap = none || result < 0;
    p->window.open.track[t].duration_us += part->track[t].duration_us;
    p->window.open.track[t].bytes = (int64_t)p->track[t].file.size;
    return result;
}

static void open_segment(struct vt_packager *p)
{
    struct vt_listed *open = &p->window.open;
    *open = (struct vt_listed){.k = p->next, .msn = packing_next_msn(p), .start_us = packing_segment_us(p, p->next),
                               .parts_drop_us = INT64_MAX};
    open->duration_us = packing_segment_us(p, p->next + 1) - open->start_us;
    for (int t = 0; t < p->params.n_tracks; t++)
        open->track[t].start_us = packing_track_us(p, t, packing_cut(p, t, p->next, 0));
}

static int write_part(struct vt_packager *p, bool last)
{
    struct vt_span span = vt_span_of(&p->params, p->next, p->part);
    struct vt_listed_part part = {0};
    struct vt_writer messages = {0};
    if (p->part == 0)
        open_segment(p);
    int result = p->has_video ? vt_timeline_messages(&p->timeline, &p->params, &span, &messages) : 0;
    for (int t = 0; t < p->params.n_tracks; t++) {
        int written = write_track_part(p, t, last, &messages, &part);
        result = result < 0 ? result : written;
    }
    vt_writer_free(&messages);
    int passed = vt_timeline_pass(&p->timeline, &span);
    int added = vt_has_parts(&p->params) ? vt_listed_add_part(&p->window.open, &part) : 0;
    p->part++;
    return result < 0 ? result : passed < 0 ? passed : added;
}

// -- segments

// Bits a second, rounded up: a peak is never below what it is the peak of.
static int64_t rate_up(int64_t bytes, int64_t duration_us)
{
    return (bytes * 8 * 1000000 + duration_us - 1) / duration_us;
}

// The densest run of segments that ends with this one and is long enough to measure (RFC 8216bis §4.1: half to one and
// a half target durations; runs up to two are looked at, which finds no less): a short segment counts with those before
// it. `of`: what is counted of a segment.
static int64_t densest(const struct vt_window *window, int t, const struct vt_listed_track *segment,
                       int64_t (*of)(const struct vt_listed_track *))
{
    int64_t bytes = of(segment), us = segment->duration_us, most = 0;
    for (int i = window->count - 1; ; i--) {
        if (us > 0 && 2 * us >= window->target_us) {
            int64_t rate = rate_up(bytes, us);
            most = rate > most ? rate : most;
        }
        const struct vt_listed_track *before = i >= 0 ? &window->list[i].track[t] : NULL;
        if (!before || before->gap || us + before->duration_us > 2 * window->target_us)
            return most;
        bytes += of(before);
        us += before->duration_us;
    }
}

static int64_t all_of(const struct vt_listed_track *segment)
{
    return segment->bytes;
}

static int64_t key_of(const struct vt_listed_track *segment)
{
    return segment->key_size;
}

void packing_count_rate(struct vt_packager *p, int t, const struct vt_listed_track *segment)
{
    struct vt_track_total *total = &p->totals[t];
    total->bytes += segment->bytes;
    total->key_bytes += segment->key_size;
    total->us += segment->duration_us;
    int64_t rate = densest(&p->window, t, segment, all_of), key_rate = densest(&p->window, t, segment, key_of);
    total->peak = rate > total->peak ? rate : total->peak;
    total->key_peak = key_rate > total->key_peak ? key_rate : total->key_peak;
}

static void remove_run(struct packing_track *track, int64_t k)
{
    if (track->n_runs == 0 || track->runs[0].k != k)
        return;
    vt_run_clear(&track->runs[0]);
    for (int i = 1; i < track->n_runs; i++)
        track->runs[i - 1] = track->runs[i];
    track->runs[--track->n_runs] = (struct vt_run){0};
}

static int close_track(struct vt_packager *p, int t, struct vt_listed_track *listed)
{
    struct packing_track *track = &p->track[t];
    bool whole = oldest_run(track, p->next) && track->file.size > 0;
    char name[VT_NAME_OF_SEGMENT];
    vt_segment_name(&p->params, t, packing_next_msn(p), name);
    int result = whole ? packing_put(p, VT_BLOB_SEGMENT, name, &track->file) : 0;
    listed->absent = p->ended && listed->duration_us == 0;
    listed->gap = !whole || result < 0;
    listed->bytes = listed->gap ? 0 : (int64_t)track->file.size;
    if (!listed->gap)
        packing_count_rate(p, t, listed);
    else
        listed->key_at = listed->key_size = 0;
    vt_writer_free(&track->file);
    remove_run(track, p->next);
    return result;
}

static int close_segment(struct vt_packager *p)
{
    struct vt_listed *open = &p->window.open;
    int result = 0;
    for (int t = 0; t < p->params.n_tracks; t++) {
        int closed = close_track(p, t, &open->track[t]);
        result = result < 0 ? result : closed;
        if (p->ended && open->track[t].duration_us < open->duration_us && !open->track[t].absent &&
            p->tracks[t].kind == VT_TRACK_VIDEO)
            open->duration_us = open->track[t].duration_us;
    }
    int added = vt_window_add(&p->window, open);
    if (added < 0)
        free(open->parts);
    *open = (struct vt_listed){0};
    p->next++;
    p->part = 0;
    return result < 0 ? result : added;
}

int packing_write_part(struct vt_packager *p)
{
    bool closes = p->part + 1 == vt_part_count(&p->params, p->next);
    int result = write_part(p, false);
    int closed = closes ? close_segment(p) : 0;
    return result < 0 ? result : closed;
}

// -- the end

static bool has_rest(struct vt_packager *p)
{
    for (int t = 0; t < p->params.n_tracks; t++) {
        const struct vt_run *run = oldest_run(&p->track[t], p->next);
        if (run && run->written < run->count && (p->tracks[t].kind == VT_TRACK_VIDEO || !p->has_video))
            return true;
    }
    return false;
}

int packing_write_end(struct vt_packager *p)
{
    int result = 0;
    while (vt_part_frame(&p->params, p->next, p->part + 1) < p->end_frame) {
        int written = write_part(p, false);
        result = result < 0 ? result : written;
    }
    p->ended = true;
    if (has_rest(p) || p->part == 0) {
        int written = write_part(p, true);
        result = result < 0 ? result : written;
    }
    int closed = close_segment(p);
    return result < 0 ? result : closed;
}
