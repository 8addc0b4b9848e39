#include <errno.h>
#include <stdlib.h>

#include "packager/packing.h"

static const struct vt_listed *last_listed(const struct vt_packager *p)
{
    return &p->window.list[p->window.count - 1];
}

// -- gaps

// The parts of a segment, from this one on, of which nothing came.
static int add_gap_parts(struct vt_packager *p, struct vt_listed *segment, int first)
{
    int count = vt_part_count(&p->params, segment->k);
    int64_t at[VT_TRACKS_MAX];
    for (int t = 0; t < p->params.n_tracks; t++)
        at[t] = segment->track[t].start_us;
    for (int i = first; i < count; i++) {
        struct vt_listed_part part = {0};
        for (int t = 0; t < p->params.n_tracks; t++) {
            int64_t end = packing_track_us(p, t, packing_cut(p, t, segment->k, i + 1));
            part.track[t].gap = true;
            part.track[t].duration_us = end - at[t];
            at[t] = end;
        }
        if (vt_listed_add_part(segment, &part) < 0)
            return -ENOMEM;
    }
    return 0;
}

// What is missing of segment k from part `first` on.
static int add_gap(struct vt_packager *p, int64_t k, int first, bool parts)
{
    const struct vt_listed *before = last_listed(p);
    struct vt_listed segment = {.k = k, .msn = before->msn + 1, .rest = first > 0,
                                .start_us = vt_window_edge(&p->window)};
    segment.duration_us = packing_segment_us(p, k + 1) - segment.start_us;
    for (int t = 0; t < p->params.n_tracks; t++) {
        struct vt_listed_track *track = &segment.track[t];
        track->gap = true;
        track->start_us = before->track[t].start_us + before->track[t].duration_us;
        track->duration_us = packing_track_us(p, t, packing_cut(p, t, k + 1, 0)) - track->start_us;
    }
    int result = parts ? add_gap_parts(p, &segment, first) : 0;
    if (result == 0)
        result = vt_window_add(&p->window, &segment);
    if (result < 0)
        free(segment.parts);
    return result;
}

// Segments between the state and the restart: their frames will never come.
static int add_gaps(struct vt_packager *p)
{
    int64_t k = last_listed(p)->k + 1;
    if (p->next - k > VT_STATE_SEGMENTS)
        return -EBADMSG;
    int result = 0;
    for (; k < p->next && result == 0; k++) {
        bool near_end = (p->next - k) * p->params.segment_ns <= 4 * p->window.target_us * 1000;
        result = add_gap(p, k, 0, near_end && vt_has_parts(&p->params));
    }
    return result;
}

// -- the segment that was open

// Its file is its parts' bytes. A track of which one cannot be read has a gap.
static int join_parts(struct vt_packager *p, int t, struct vt_listed *segment)
{
    struct vt_listed_track *track = &segment->track[t];
    struct vt_writer w = {.limit = VT_SEGMENT_BYTES_MAX};
    char name[VT_NAME_OF_SEGMENT];
    int result = 0;
    track->duration_us = 0;
    for (int i = 0; i < segment->n_parts; i++) {
        track->duration_us += segment->parts[i].track[t].duration_us;
        vt_part_name(&p->params, t, segment->msn, i, name);
        if (!segment->parts[i].track[t].gap && result == 0)
            result = p->params.sink.get(p->params.sink.opaque, name, &w);
    }
    vt_segment_name(&p->params, t, segment->msn, name);
    if (result == 0 && w.size > 0)
        result = packing_put(p, VT_BLOB_SEGMENT, name, &w);
    track->gap = result < 0 || w.size == 0;
    track->bytes = track->gap ? 0 : (int64_t)w.size;
    if (track->key_at + track->key_size > track->bytes)
        track->key_at = track->key_size = 0;
    vt_writer_free(&w);
    return result;
}

static int close_open(struct vt_packager *p)
{
    struct vt_listed segment = p->window.open;
    p->window.open = (struct vt_listed){0};
    for (int t = 0; t < p->params.n_tracks; t++) {
        (void)join_parts(p, t, &segment);
        if (!segment.track[t].gap)
            packing_count_rate(p, t, &segment.track[t]);
    }
    int count = segment.n_parts, all = vt_part_count(&p->params, segment.k);
    int64_t end = vt_part_frame(&p->params, segment.k, count);
    segment.duration_us = vt_muldiv(end * p->params.rate.den, 1000000, p->params.rate.num) - segment.start_us;
    int result = vt_window_add(&p->window, &segment);
    if (result < 0)
        free(segment.parts);
    if (result < 0 || count == all)
        return result;
    p->params.first_msn++;
    p->shift++;
    return add_gap(p, segment.k, count, true);
}

static int read_open(struct vt_packager *p, struct vt_state *state)
{
    struct vt_writer w = {.limit = VT_STATE_BYTES_MAX};
    int result = p->params.sink.get ? p->params.sink.get(p->params.sink.opaque, VT_STATE_OPEN, &w) : -ENOENT;
    if (result == 0)
        result = vt_state_read_open((const char *)w.data, w.size, &p->params, p->next, state);
    vt_writer_free(&w);
    return result;
}

int packing_resume(struct vt_packager *p, uint64_t *ret_msn, int *ret_part)
{
    struct vt_ts ts[VT_TRACKS_MAX];
    struct vt_state state = {&p->window, &p->timeline, p->totals, p->init_sums, ts, 0, {0, 0}, &p->params.sink, 0};
    int result = vt_state_read(p->params.state, p->params.state_size, &p->params, p->next, &state);
    if (result < 0)
        return result;
    p->past_msn = state.past[0];
    p->past_before = state.past[1];
    p->shift = state.shift;
    p->params.first_msn += state.shift;
    for (int t = 0; t < p->params.n_tracks; t++) {
        struct vt_track_rates *rates = &p->track[t].rates;
        p->track[t].ts = ts[t];
        rates->peak = p->totals[t].peak > rates->peak ? p->totals[t].peak : rates->peak;
        rates->key_peak = p->totals[t].key_peak > rates->key_peak ? p->totals[t].key_peak : rates->key_peak;
    }
    *ret_msn = last_listed(p)->msn + 1;
    *ret_part = 0;
    if (vt_has_parts(&p->params) && read_open(p, &state) == 0) {
        *ret_part = p->window.open.n_parts;
        result = close_open(p);
    }
    return result < 0 ? result : add_gaps(p);
}
