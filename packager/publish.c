#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "packager/packing.h"

// BANDWIDTH starts at 125 % of what is configured and only rises, in steps: players compare it between reloads. A
// finished show says what was measured.
static bool update_rate(const struct vt_packager *p, const struct vt_track_total *total, int64_t bytes, int64_t peak,
                        int64_t *ret_peak, int64_t *ret_average)
{
    int64_t was_peak = *ret_peak, was_average = *ret_average;
    int64_t average = total->us ? vt_muldiv(bytes * 8, 1000000, total->us) : 0;
    peak = peak > average ? peak : average;
    if (p->ended && total->us) {
        *ret_peak = peak;
        *ret_average = average;
    } else {
        if (peak > *ret_peak)
            *ret_peak = (peak + peak / 10 + 9999) / 10000 * 10000;
        if (average > *ret_average && total->us > 10 * p->window.target_us)
            *ret_average = (average + average / 20 + 9999) / 10000 * 10000;
        *ret_average = *ret_average < *ret_peak ? *ret_average : *ret_peak;
    }
    return was_peak != *ret_peak || was_average != *ret_average;
}

static bool update_rates(struct vt_packager *p)
{
    bool changed = false;
    for (int t = 0; t < p->params.n_tracks; t++) {
        struct vt_track_rates *rates = &p->track[t].rates;
        const struct vt_track_total *total = &p->totals[t];
        changed |= update_rate(p, total, total->bytes, total->peak, &rates->peak, &rates->average);
        changed |= update_rate(p, total, total->key_bytes, total->key_peak, &rates->key_peak, &rates->key_average);
    }
    return changed;
}

static int write_multivariant(struct vt_packager *p)
{
    if (!update_rates(p) && p->multivariant_written)
        return 0;
    struct vt_writer w = {0};
    vt_packager_multivariant(p, "", &w);
    int result = packing_put(p, VT_BLOB_MULTIVARIANT, "index.m3u8", &w);
    p->multivariant_written = result == 0;
    vt_writer_free(&w);
    return result;
}

// Where the last part ends.
static int64_t edge_us(const struct vt_packager *p)
{
    if (p->part == 0)
        return vt_window_edge(&p->window);
    int64_t frame = vt_part_frame(&p->params, p->next, p->part);
    return vt_muldiv(frame * p->params.rate.den, 1000000, p->params.rate.num);
}

// -- lines of whole segments in files, for playlists that name them

static bool has_past(const struct vt_packager *p, int t, bool key_frames)
{
    return vt_has_parts(&p->params) && p->params.sink.append && (!key_frames || p->tracks[t].kind == VT_TRACK_VIDEO);
}

// All of it, or what is new of it. Where that fails, playlists are written whole, and the file is the next time.
static void store_past(struct vt_packager *p, int t, bool key_frames)
{
    struct vt_past *past = &p->window.text[t][key_frames];
    size_t stored = past->stored, size = past->w.size - stored;
    char name[VT_NAME_OF_SEGMENT];
    if (!has_past(p, t, key_frames) || size == 0)
        return;
    vt_past_name(&p->params, t, key_frames, p->window.text_msn, name);
    void *opaque = p->params.sink.opaque;
    int result = stored ? p->params.sink.append(opaque, name, past->w.data + stored, size)
                        : p->params.sink.put(opaque, VT_BLOB_PAST, name, past->w.data, size);
    past->stored = result == 0 ? past->w.size : 0;
}

static struct vt_playlist playlist_of(const struct vt_packager *p)
{
    return (struct vt_playlist){&p->params, &p->window, &p->timeline, edge_us(p), p->next, p->part, p->ended};
}

static int write_playlist(struct vt_packager *p, int t, enum vt_playlist_form form, bool key_frames)
{
    static const char *const suffix[] = {"", ".ll", ".skip", ".skip2"};
    struct vt_writer w = {0};
    char name[FOLDER_NAME];
    struct vt_playlist playlist = playlist_of(p);
    if (key_frames)
        vt_playlist_key_frames(&w, &playlist, t, form);
    else
        vt_playlist_media(&w, &playlist, t, form);
    snprintf(name, sizeof name, "%s%s%s.m3u8", p->tracks[t].name, key_frames ? VT_KEY_FRAMES_SUFFIX : "", suffix[form]);
    int result = packing_put(p, VT_BLOB_PLAYLIST, name, &w);
    vt_writer_free(&w);
    return result;
}

// Those of low latency change with each part, the plain one and those of key frames with each segment.
static int write_playlists(struct vt_packager *p, bool segments)
{
    int result = 0;
    if (p->params.vod && !p->ended)
        return 0;
    for (int form = segments ? VT_FORM_PLAIN : VT_FORM_LL; form <= VT_FORM_SKIP2; form++) {
        if (form != VT_FORM_PLAIN && !vt_has_parts(&p->params))
            break;
        for (int t = 0; t < p->params.n_tracks; t++) {
            if (!vt_track_listed(&p->params, t))
                continue;
            int written = write_playlist(p, t, (enum vt_playlist_form)form, false);
            result = result < 0 ? result : written;
            if (!segments || p->tracks[t].kind != VT_TRACK_VIDEO)
                continue;
            written = write_playlist(p, t, (enum vt_playlist_form)form, true);
            result = result < 0 ? result : written;
        }
    }
    return result;
}

static int put_state(struct vt_packager *p, const char *name,
                     int (*write)(struct vt_writer *, const struct vt_packager_params *, const struct vt_state *))
{
    struct vt_writer w = {0};
    struct vt_ts ts[VT_TRACKS_MAX];
    for (int t = 0; t < VT_TRACKS_MAX; t++)
        ts[t] = p->track[t].ts;
    struct vt_state state = {&p->window, &p->timeline, p->totals, p->init_sums, ts, p->shift,
                             {p->past_msn, p->past_before}, &p->params.sink, p->chunk_end};
    int result = write(&w, &p->params, &state);
    if (result == 0)
        result = packing_put(p, VT_BLOB_STATE, name, &w);
    vt_writer_free(&w);
    return result;
}

// Chunks that segments since `msn` have completed: gaps may complete more than one.
static int write_chunks(struct vt_packager *p, uint64_t msn)
{
    int result = 0;
    for (int i = p->window.count - 1; i >= 0 && p->window.list[i].msn >= msn; i--) {
        uint64_t last = p->window.list[i].msn;
        char name[64];
        if (p->params.window_ns == 0 || last % VT_STATE_CHUNKED != VT_STATE_CHUNKED - 1)
            continue;
        snprintf(name, sizeof name, VT_STATE_CHUNK, (unsigned long long)(last / VT_STATE_CHUNKED));
        p->chunk_end = i + 1;
        int written = put_state(p, name, vt_state_write_chunk);
        result = result < 0 ? result : written;
    }
    return result;
}

static int write_state(struct vt_packager *p)
{
    return p->params.window_ns == 0 ? 0 : put_state(p, VT_STATE_ALL, vt_state_write);
}

// The parts of the segment that grows: what is needed to close it without its packets.
static int write_open(struct vt_packager *p)
{
    return p->params.window_ns == 0 ? 0 : put_state(p, VT_STATE_OPEN, vt_state_write_open);
}

static void drop(struct vt_packager *p, const char *name)
{
    if (p->params.sink.drop)
        (void)p->params.sink.drop(p->params.sink.opaque, name);
}

static void drop_parts(struct vt_packager *p, struct vt_listed *segment)
{
    char name[VT_NAME_OF_SEGMENT];
    for (int i = 0; i < segment->n_parts; i++) {
        for (int t = 0; t < p->params.n_tracks; t++) {
            vt_part_name(&p->params, t, segment->msn, i, name);
            if (!segment->parts[i].track[t].gap)
                drop(p, name);
        }
    }
    free(segment->parts);
}

static void drop_past(struct vt_packager *p, uint64_t msn)
{
    char name[VT_NAME_OF_SEGMENT];
    for (int i = 0; i < 2 * p->params.n_tracks; i++) {
        vt_past_name(&p->params, i / 2, i % 2, msn, name);
        if (msn > 0 && has_past(p, i / 2, i % 2))
            drop(p, name);
    }
}

// The chunk of the state that ends with this segment.
static void drop_chunk(struct vt_packager *p, uint64_t msn)
{
    char name[64];
    snprintf(name, sizeof name, VT_STATE_CHUNK, (unsigned long long)(msn / VT_STATE_CHUNKED));
    if (msn % VT_STATE_CHUNKED == VT_STATE_CHUNKED - 1)
        drop(p, name);
}

static void drop_expired(struct vt_packager *p)
{
    struct vt_listed segment;
    char name[VT_NAME_OF_SEGMENT], more[VT_MORE_ROOM];
    while (!p->ended && vt_window_expire_parts(&p->window, edge_us(p), &segment))
        drop_parts(p, &segment);
    while (vt_window_expire(&p->window, &segment)) {
        for (int t = 0; t < p->params.n_tracks; t++) {
            vt_segment_name(&p->params, t, segment.msn, name);
            if (!segment.track[t].gap)
                drop(p, name);
        }
        drop_parts(p, &segment);
        drop_chunk(p, segment.msn);
    }
    int64_t oldest = p->window.count ? p->window.list[0].start_us : 0;
    while (p->timeline.sliding &&
           vt_timeline_expire_more(&p->timeline, p->params.epoch_ns + oldest * 1000, more))
        drop(p, more);
}

void packing_trim(struct vt_packager *p)
{
    vt_window_trim(&p->window);
    vt_window_trim_parts(&p->window, edge_us(p));
}

static void tell_parts(const struct vt_packager *p, const struct vt_listed *segment, int part)
{
    for (; part < segment->n_parts; part++)
        p->params.sink.ready(p->params.sink.opaque, segment->msn, part);
}

static void tell_ready(struct vt_packager *p, uint64_t msn, int part)
{
    const struct vt_window *window = &p->window;
    int at = window->count;
    while (at > 0 && window->list[at - 1].msn >= msn)
        at--;
    for (; at < window->count; at++, part = 0) {
        tell_parts(p, &window->list[at], part);
        p->params.sink.ready(p->params.sink.opaque, window->list[at].msn, -1);
    }
    tell_parts(p, &window->open, part);
}

// -- the recording

static int record_track(struct vt_packager *p, int t, const struct vt_listed *segment, bool key_frames)
{
    struct vt_playlist playlist = playlist_of(p);
    struct vt_writer head = {0}, lines = {0};
    char name[FOLDER_NAME];
    snprintf(name, sizeof name, "%s%s.m3u8", p->tracks[t].name, key_frames ? VT_KEY_FRAMES_SUFFIX : "");
    if (segment)
        vt_playlist_record(&head, &lines, &playlist, t, segment, key_frames);
    else
        vt_write_text(&lines, "#EXT-X-ENDLIST\n");
    int result = head.failed || lines.failed ? -ENOMEM
               : p->params.sink.record(p->params.sink.opaque, name, segment ? segment->msn : 0, &head, &lines);
    vt_writer_free(&head);
    vt_writer_free(&lines);
    return result;
}

static int record_all(struct vt_packager *p, const struct vt_listed *segment)
{
    int result = 0;
    for (int t = 0; t < p->params.n_tracks; t++) {
        if (!vt_track_listed(&p->params, t))
            continue;
        int recorded = record_track(p, t, segment, false);
        result = result < 0 ? result : recorded;
        if (p->tracks[t].kind != VT_TRACK_VIDEO)
            continue;
        recorded = record_track(p, t, segment, true);
        result = result < 0 ? result : recorded;
    }
    return result;
}

// Every segment from `msn` on, and the end.
static int record(struct vt_packager *p, uint64_t msn)
{
    int result = 0, at = p->window.count;
    if (!p->params.sink.record)
        return 0;
    while (at > 0 && p->window.list[at - 1].msn >= msn)
        at--;
    for (; at < p->window.count; at++) {
        int recorded = record_all(p, &p->window.list[at]);
        result = result < 0 ? result : recorded;
    }
    int ended = p->ended ? record_all(p, NULL) : 0;
    return result < 0 ? result : ended;
}

// Takes up the name that files of past lines have from now on. Those of the one before stay, for playlists that were read
// just now; returns the one before that, which are over, or 0.
static uint64_t name_past(struct vt_packager *p)
{
    uint64_t over = p->past_before;
    if (p->window.text_msn == p->past_msn)
        return 0;
    p->past_before = p->past_msn;
    p->past_msn = p->window.text_msn;
    return over == p->past_msn || over == p->past_before ? 0 : over;
}

// State comes before the playlists, so that what they list is known after a crash between the two.
int packing_publish(struct vt_packager *p, uint64_t msn, int part)
{
    bool segments = packing_next_msn(p) > msn || p->ended;
    packing_trim(p);
    if (p->timeline.sliding && segments) {
        int64_t edge = edge_us(p);
        vt_timeline_trim(&p->timeline, p->params.epoch_ns + vt_window_start(&p->window) * 1000, edge,
                         edge - vt_skip_boundary(&p->params));
    }
    struct vt_playlist playlist = playlist_of(p);
    int result = vt_playlist_keep(&p->window, &playlist);
    uint64_t over = name_past(p);
    int recorded = segments ? record(p, msn) : 0;
    result = result < 0 ? result : recorded;
    int chunked = segments ? write_chunks(p, msn) : 0, stated = segments ? write_state(p) : 0;
    result = result < 0 ? result : chunked < 0 ? chunked : stated;
    int opened = p->part > 0 ? write_open(p) : 0;
    result = result < 0 ? result : opened;
    for (int i = 0; i < 2 * p->params.n_tracks; i++)
        store_past(p, i / 2, i % 2);
    int written = write_playlists(p, segments);
    result = result < 0 ? result : written;
    written = segments ? write_multivariant(p) : 0;
    result = result < 0 ? result : written;
    drop_past(p, over);
    drop_expired(p);
    if (result == 0 && p->params.sink.ready)
        tell_ready(p, msn, part);
    return result;
}
