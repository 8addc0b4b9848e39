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

static int write_playlist(struct vt_packager *p, int t, enum vt_playlist_form form, bool key_frames)
{
    static const char *const suffix[] = {"", ".ll", ".skip", ".skip2"};
    struct vt_writer w = {0};
    char name[FOLDER_NAME];
    struct vt_playlist playlist = {&p->params, &p->window, &p->timeline, edge_us(p), p->next, p->part, p->ended};
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

static int put_state(struct vt_packager *p, bool open)
{
    if (p->params.window_ns == 0)
        return 0;
    struct vt_writer w = {0};
    struct vt_ts ts[VT_TRACKS_MAX];
    for (int t = 0; t < VT_TRACKS_MAX; t++)
        ts[t] = p->track[t].ts;
    struct vt_state state = {&p->window, &p->timeline, p->totals, p->init_sums, ts, p->shift};
    int result = open ? vt_state_write_open(&w, &p->params, &state) : vt_state_write(&w, &p->params, &state);
    if (result == 0)
        result = packing_put(p, VT_BLOB_STATE, open ? VT_STATE_OPEN : VT_STATE_ALL, &w);
    vt_writer_free(&w);
    return result;
}

static int write_state(struct vt_packager *p)
{
    return put_state(p, false);
}

// The parts of the segment that grows: what is needed to close it without its packets.
static int write_open(struct vt_packager *p)
{
    return put_state(p, true);
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
    int result = segments ? write_state(p) : 0;
    int opened = p->part > 0 ? write_open(p) : 0;
    result = result < 0 ? result : opened;
    int written = write_playlists(p, segments);
    result = result < 0 ? result : written;
    written = segments ? write_multivariant(p) : 0;
    result = result < 0 ? result : written;
    drop_expired(p);
    if (result == 0 && p->params.sink.ready)
        tell_ready(p, msn, part);
    return result;
}
