#include "packager/packager.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "packager/cmaf.h"
#include "packager/codecs.h"
#include "packager/playlist.h"
#include "packager/run.h"
#include "packager/segmenter.h"
#include "packager/state.h"
#include "packager/timeline.h"
#include "packager/window.h"

#define FOLDER_NAME (VT_NAME_ROOM + 16)

struct track {
    struct vt_track_rates rates;
    struct vt_run runs[VT_PACKAGER_AHEAD + 1];   // not yet written, oldest first; the last one grows
    int n_runs;
    int64_t current;                             // segment of the last packet
    int64_t phase;                               // sound: where AAC frames start, modulo their length
    bool started;
};

struct vt_packager {
    struct vt_packager_params params;
    struct vt_track tracks[VT_TRACKS_MAX];
    struct track track[VT_TRACKS_MAX];
    struct vt_track_total totals[VT_TRACKS_MAX];
    uint32_t init_sums[VT_TRACKS_MAX];
    struct vt_window window;
    struct vt_timeline timeline;
    int64_t next;                                // the segment to be written
    int64_t frame;                               // last video frame given, in presentation order
    bool has_video, multivariant_written, ended;
};

static int64_t segment_us(const struct vt_packager *p, int64_t k)
{
    return vt_muldiv(vt_segment_frame(&p->params, k) * p->params.rate.den, 1000000, p->params.rate.num);
}

static int64_t track_us(const struct vt_packager *p, int t, int64_t at)
{
    if (p->tracks[t].kind == VT_TRACK_AUDIO)
        return vt_muldiv(at, 1000000, p->tracks[t].sample_rate);
    return vt_muldiv(at * p->params.rate.den, 1000000, p->params.rate.num);
}

// Start of segment k in the track's own count.
static int64_t track_cut(const struct vt_packager *p, int t, int64_t k)
{
    if (p->tracks[t].kind == VT_TRACK_AUDIO)
        return vt_segment_sample(&p->params, k, p->tracks[t].sample_rate, p->track[t].phase);
    return vt_segment_frame(&p->params, k);
}

static int put(struct vt_packager *p, enum vt_blob kind, const char *name, const struct vt_writer *w)
{
    if (w->failed)
        return -ENOMEM;
    return p->params.sink.put(p->params.sink.opaque, kind, name, w->data, w->size);
}

// -- starting

static bool language_valid(const char *language)
{
    size_t size = strspn(language, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-");
    return size > 0 && size <= 35 && language[size] == 0;
}

static int check_track(const struct vt_packager_params *params, int t, char codecs[VT_CODECS_TEXT])
{
    const struct vt_track *track = &params->tracks[t];
    bool video = track->kind == VT_TRACK_VIDEO;
    if (!vt_name_valid(track->name) || track->bitrate < 0 || track->bitrate > INT32_MAX ||
        (track->language && !language_valid(track->language)))
        return -EINVAL;
    if (video && (track->width < 1 || track->width > UINT16_MAX || track->height < 1 || track->height > UINT16_MAX))
        return -EINVAL;
    for (int i = 0; i < t; i++)
        if (strcmp(params->tracks[i].name, track->name) == 0)
            return -EINVAL;
    return vt_codecs_name(track, codecs);
}

static int check_params(const struct vt_packager_params *params)
{
    if (params->rate.num < 1 || params->rate.den < 1 || params->segment_ns < VT_SEGMENT_NS_MIN ||
        params->segment_ns > VT_SEGMENT_NS_MAX || params->part_ns < 0 || params->window_ns < 0 ||
        params->epoch_ns < 0 || params->first_msn < 1 || params->first_frame < 0 || params->n_tracks < 1 ||
        params->n_tracks > VT_TRACKS_MAX || !params->sink.put)
        return -EINVAL;
    if (vt_segment_frame(params, 1) < 1 || params->rate.num / params->rate.den > 1000)
        return -EINVAL;
    int64_t k = vt_segment_of(params, params->first_frame);
    return vt_segment_frame(params, k) == params->first_frame ? 0 : -EINVAL;
}

static int copy_track(struct vt_packager *p, int t, const struct vt_track *from)
{
    struct vt_track *track = &p->tracks[t];
    *track = *from;
    track->language = NULL;
    uint8_t *config = malloc(from->config_size);
    track->config = config;
    if (!config)
        return -ENOMEM;
    memcpy(config, from->config, from->config_size);
    if (from->language && !(track->language = strdup(from->language)))
        return -ENOMEM;
    p->has_video |= from->kind == VT_TRACK_VIDEO;
    p->track[t].current = p->next - 1;
    p->track[t].rates.peak = from->bitrate * 5 / 4;
    p->track[t].rates.average = from->bitrate;
    return 0;
}

static uint32_t checksum(const uint8_t *data, size_t size)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < size; i++)
        h = (h ^ data[i]) * 16777619u;
    return h;
}

static int write_init(struct vt_packager *p, int t, bool store)
{
    struct vt_writer w = {0};
    char name[FOLDER_NAME];
    vt_cmaf_init(&w, &p->tracks[t], vt_track_timescale(&p->tracks[t], p->params.rate));
    p->init_sums[t] = w.failed ? 0 : checksum(w.data, w.size);
    snprintf(name, sizeof name, "%s-init.mp4", p->tracks[t].name);
    int result = store ? put(p, VT_BLOB_INIT, name, &w) : w.failed ? -ENOMEM : 0;
    vt_writer_free(&w);
    return result;
}

static int publish(struct vt_packager *p, int64_t first);

// Segments between the state and the restart: their frames will never come.
static int add_gaps(struct vt_packager *p, int64_t first_k)
{
    int64_t k = p->window.list[p->window.count - 1].k + 1;
    if (first_k - k > VT_STATE_SEGMENTS)
        return -EBADMSG;
    for (; k < first_k; k++) {
        struct vt_listed segment = {.k = k, .start_us = vt_window_edge(&p->window)};
        segment.duration_us = segment_us(p, k + 1) - segment.start_us;
        for (int t = 0; t < p->params.n_tracks; t++) {
            const struct vt_listed_track *before = &p->window.list[p->window.count - 1].track[t];
            struct vt_listed_track *track = &segment.track[t];
            track->gap = true;
            track->start_us = before->start_us + before->duration_us;
            track->duration_us = track_us(p, t, track_cut(p, t, k + 1)) - track->start_us;
        }
        int result = vt_window_add(&p->window, &segment);
        if (result < 0)
            return result;
    }
    return 0;
}

// Restores the state. *ret_gap is the first segment after it, which is a gap if it lies before p->next.
static int resume(struct vt_packager *p, int64_t *ret_gap)
{
    struct vt_state state = {&p->window, &p->timeline, p->totals, p->init_sums};
    int result = vt_state_read(p->params.state, p->params.state_size, &p->params, p->next, &state);
    if (result < 0)
        return result;
    *ret_gap = p->window.list[p->window.count - 1].k + 1;
    result = add_gaps(p, p->next);
    for (int t = 0; t < p->params.n_tracks; t++)
        if (p->totals[t].peak > p->track[t].rates.peak)
            p->track[t].rates.peak = p->totals[t].peak;
    return result;
}

static int start(struct vt_packager *p, const struct vt_packager_params *params)
{
    int result = 0;
    int64_t gap = p->next;
    for (int t = 0; t < params->n_tracks && result == 0; t++) {
        result = check_track(params, t, p->track[t].rates.codecs);
        if (result == 0)
            result = copy_track(p, t, &params->tracks[t]);
        if (result == 0)
            result = write_init(p, t, false);
    }
    // The state is checked before anything is stored, so that a wrong one changes nothing.
    if (result == 0 && params->state)
        result = resume(p, &gap);
    for (int t = 0; t < params->n_tracks && result == 0; t++)
        result = write_init(p, t, true);
    if (result == 0 && gap < p->next)
        (void)publish(p, gap);                   // what fails here is written again with the first segment
    return result;
}

int vt_packager_new(struct vt_packager **ret, const struct vt_packager_params *params)
{
    int result = check_params(params);
    if (result < 0)
        return result;
    struct vt_packager *p = calloc(1, sizeof *p);
    if (!p)
        return -ENOMEM;
    p->params = *params;
    p->params.tracks = p->tracks;
    p->next = vt_segment_of(params, params->first_frame);
    p->frame = params->first_frame - 1;
    p->window.window_us = params->window_ns / 1000;
    p->window.target_us = vt_target_duration(params) * INT64_C(1000000);
    p->timeline.sliding = params->window_ns > 0;
    result = start(p, params);
    p->params.state = NULL;
    if (result < 0)
        vt_packager_free(&p);
    else
        *ret = p;
    return result;
}

void vt_packager_free(struct vt_packager **packager)
{
    struct vt_packager *p = *packager;
    if (!p)
        return;
    for (int t = 0; t < VT_TRACKS_MAX; t++) {
        for (int i = 0; i <= VT_PACKAGER_AHEAD; i++)
            vt_run_clear(&p->track[t].runs[i]);
        free((void *)p->tracks[t].config);
        free((void *)p->tracks[t].language);
    }
    vt_window_clear(&p->window);
    vt_timeline_clear(&p->timeline);
    free(p);
    *packager = NULL;
}

// -- writing a segment

static void count_rate(struct vt_packager *p, int t, const struct vt_listed_track *segment)
{
    struct vt_track_total *total = &p->totals[t];
    total->bytes += segment->bytes;
    total->us += segment->duration_us;
    // A run shorter than half a target duration is no measure of the peak: RFC 8216bis §4.1.
    if (2 * segment->duration_us < p->window.target_us)
        return;
    int64_t rate = vt_muldiv(segment->bytes * 8, 1000000, segment->duration_us);
    total->peak = rate > total->peak ? rate : total->peak;
}

static struct vt_run *oldest_run(struct track *track, int64_t k)
{
    return track->n_runs > 0 && track->runs[0].k == k && !track->runs[0].spoilt && track->runs[0].count > 0
         ? &track->runs[0] : NULL;
}

static void remove_run(struct track *track, int64_t k)
{
    if (track->n_runs == 0 || track->runs[0].k != k)
        return;
    vt_run_clear(&track->runs[0]);
    memmove(track->runs, track->runs + 1, (size_t)(--track->n_runs) * sizeof *track->runs);
    track->runs[track->n_runs] = (struct vt_run){0};
}

static int store_segment(struct vt_packager *p, int t, int64_t end, const struct vt_writer *messages,
                         struct vt_listed_track *listed)
{
    const struct vt_track *track = &p->tracks[t];
    bool video = track->kind == VT_TRACK_VIDEO;
    int64_t unit = video ? (int64_t)vt_video_timescale(p->params.rate) / p->params.rate.num * p->params.rate.den : 1;
    uint64_t msn = p->params.first_msn + (uint64_t)p->next;
    char name[VT_NAME_OF_SEGMENT];
    struct vt_writer w = {0};
    if (video)
        vt_write_bytes(&w, messages->data, messages->size);
    int result = vt_run_write(&p->track[t].runs[0], &w, track->kind, unit, end, (uint32_t)msn);
    vt_segment_name(&p->params, t, p->next, name);
    if (result == 0)
        result = put(p, VT_BLOB_SEGMENT, name, &w);
    listed->bytes = result == 0 ? (int64_t)w.size : 0;
    vt_writer_free(&w);
    return result;
}

// One track's part of segment p->next. `last` of a finished show ends where its samples do.
static int write_track(struct vt_packager *p, int t, bool last, const struct vt_writer *messages,
                       struct vt_listed_track *listed)
{
    struct track *track = &p->track[t];
    struct vt_run *run = oldest_run(track, p->next);
    int64_t cut = track_cut(p, t, p->next), end = track_cut(p, t, p->next + 1);
    if (last && run)
        end = vt_run_end(run, p->tracks[t].kind);
    listed->absent = last && !run;
    listed->start_us = track_us(p, t, cut);
    listed->duration_us = track_us(p, t, end) - listed->start_us;
    int result = run ? store_segment(p, t, end, messages, listed) : 0;
    listed->gap = !run || result < 0;
    if (!listed->gap)
        count_rate(p, t, listed);
    remove_run(track, p->next);
    return result;
}

static int write_segment(struct vt_packager *p, bool last)
{
    struct vt_writer messages = {0};
    struct vt_listed segment = {.k = p->next, .start_us = segment_us(p, p->next)};
    int result = p->has_video ? vt_timeline_messages(&p->timeline, &p->params, p->next, &messages) : 0;
    segment.duration_us = segment_us(p, p->next + 1) - segment.start_us;
    for (int t = 0; t < p->params.n_tracks; t++) {
        int written = write_track(p, t, last, &messages, &segment.track[t]);
        result = result < 0 ? result : written;
        if (last && segment.track[t].duration_us < segment.duration_us && !segment.track[t].absent &&
            p->tracks[t].kind == VT_TRACK_VIDEO)
            segment.duration_us = segment.track[t].duration_us;
    }
    vt_writer_free(&messages);
    int passed = vt_timeline_pass(&p->timeline, &p->params, p->next);
    int added = vt_window_add(&p->window, &segment);
    p->next++;
    return result < 0 ? result : passed < 0 ? passed : added;
}

// -- publishing

// BANDWIDTH starts at 125 % of what is configured and only rises, in steps: players compare it between reloads. A
// finished show says what was measured.
static bool update_rates(struct vt_packager *p)
{
    bool changed = false;
    for (int t = 0; t < p->params.n_tracks; t++) {
        struct vt_track_rates *rates = &p->track[t].rates;
        const struct vt_track_total *total = &p->totals[t];
        int64_t average = total->us ? vt_muldiv(total->bytes * 8, 1000000, total->us) : 0;
        int64_t peak = total->peak > average ? total->peak : average;
        struct vt_track_rates was = *rates;
        if (p->ended && total->us) {
            rates->peak = peak;
            rates->average = average;
        } else {
            if (peak > rates->peak)
                rates->peak = (peak + peak / 10 + 9999) / 10000 * 10000;
            if (average > rates->average && total->us > 10 * p->window.target_us)
                rates->average = (average + average / 20 + 9999) / 10000 * 10000;
            rates->average = rates->average < rates->peak ? rates->average : rates->peak;
        }
        changed |= was.peak != rates->peak || was.average != rates->average;
    }
    return changed;
}

static int write_multivariant(struct vt_packager *p)
{
    if (!update_rates(p) && p->multivariant_written)
        return 0;
    struct vt_writer w = {0};
    vt_packager_multivariant(p, "", &w);
    int result = put(p, VT_BLOB_MULTIVARIANT, "index.m3u8", &w);
    p->multivariant_written = result == 0;
    vt_writer_free(&w);
    return result;
}

static int write_media_playlist(struct vt_packager *p, int t)
{
    struct vt_writer w = {0};
    char name[FOLDER_NAME];
    struct vt_playlist playlist = {&p->params, &p->window, &p->timeline, p->ended};
    vt_playlist_media(&w, &playlist, t);
    snprintf(name, sizeof name, "%s.m3u8", p->tracks[t].name);
    int result = put(p, VT_BLOB_PLAYLIST, name, &w);
    vt_writer_free(&w);
    return result;
}

static int write_state(struct vt_packager *p)
{
    if (p->params.window_ns == 0)
        return 0;
    struct vt_writer w = {0};
    struct vt_state state = {&p->window, &p->timeline, p->totals, p->init_sums};
    int result = vt_state_write(&w, &p->params, &state);
    if (result == 0)
        result = put(p, VT_BLOB_STATE, "state.json", &w);
    vt_writer_free(&w);
    return result;
}

static void drop(struct vt_packager *p, const char *name)
{
    if (p->params.sink.drop)
        (void)p->params.sink.drop(p->params.sink.opaque, name);
}

static void drop_expired(struct vt_packager *p)
{
    struct vt_listed segment;
    char name[VT_NAME_OF_SEGMENT], more[VT_MORE_ROOM];
    while (vt_window_expire(&p->window, &segment)) {
        for (int t = 0; t < p->params.n_tracks; t++) {
            vt_segment_name(&p->params, t, segment.k, name);
            if (!segment.track[t].gap)
                drop(p, name);
        }
    }
    int64_t oldest = p->window.count ? p->window.list[0].start_us : 0;
    while (p->timeline.sliding &&
           vt_timeline_expire_more(&p->timeline, p->params.epoch_ns + oldest * 1000, more))
        drop(p, more);
}

// Segments [first, p->next) are complete: lists them everywhere. State comes before the playlists, so that what they
// list is known after a crash between the two.
static int publish(struct vt_packager *p, int64_t first)
{
    vt_window_trim(&p->window);
    if (p->timeline.sliding)
        vt_timeline_trim(&p->timeline, p->params.epoch_ns + vt_window_start(&p->window) * 1000);
    int result = write_state(p);
    for (int t = 0; t < p->params.n_tracks; t++) {
        int written = write_media_playlist(p, t);
        result = result < 0 ? result : written;
    }
    int written = write_multivariant(p);
    result = result < 0 ? result : written;
    drop_expired(p);
    if (result == 0 && p->params.sink.ready)
        for (int64_t k = first; k < p->next; k++)
            p->params.sink.ready(p->params.sink.opaque, p->params.first_msn + (uint64_t)k, -1);
    return result;
}

// Writes segments up to but without `until`.
static int advance(struct vt_packager *p, int64_t until, bool ending)
{
    int64_t first = p->next;
    int result = 0;
    while (p->next < until) {
        int written = write_segment(p, ending && p->next == until - 1);
        result = result < 0 ? result : written;
        if (p->next % 64 == 0)
            vt_window_trim(&p->window);
    }
    if (p->next == first && !ending)
        return 0;
    p->ended = ending;
    int published = publish(p, first);
    return result < 0 ? result : published;
}

// -- taking in

static int check_video(const struct vt_packager *p, int t, const struct vt_packet *packet, int64_t k,
                       const struct vt_run *run)
{
    if (k < p->next || k < p->track[t].current)
        return -EINVAL;
    if (!run)
        return packet->key && packet->pts == vt_segment_frame(&p->params, k) ? 0 : -EINVAL;
    if (run->spoilt)
        return -EMSGSIZE;
    int64_t shift = run->samples[0].pts - run->samples[0].dts;
    return packet->dts > run->samples[run->count - 1].dts &&
           packet->dts + shift < vt_segment_frame(&p->params, k + 1) ? 0 : -EINVAL;
}

static int check_audio(const struct vt_packager *p, int t, const struct vt_packet *packet, int64_t k,
                       const struct vt_run *run)
{
    if (packet->duration < 1 || packet->dts != packet->pts || k < p->next || k < p->track[t].current)
        return -EINVAL;
    if (run && run->spoilt)
        return -EMSGSIZE;
    return !run || packet->pts > run->samples[run->count - 1].pts ? 0 : -EINVAL;
}

static struct vt_run *open_run(struct track *track, int64_t k)
{
    struct vt_run *last = track->n_runs ? &track->runs[track->n_runs - 1] : NULL;
    return last && last->k == k ? last : NULL;
}

static int take_packet(struct vt_packager *p, int t, const struct vt_packet *packet, int64_t k)
{
    struct track *track = &p->track[t];
    struct vt_run *run = open_run(track, k);
    bool video = p->tracks[t].kind == VT_TRACK_VIDEO;
    int result = video ? check_video(p, t, packet, k, run) : check_audio(p, t, packet, k, run);
    if (result < 0)
        return result;
    if (!run && track->n_runs > VT_PACKAGER_AHEAD)
        return -EBUSY;
    if (!run) {
        run = &track->runs[track->n_runs++];
        run->k = k;
    }
    result = vt_run_add(run, packet);
    if (result < 0)
        return result;
    if (!video && !track->started)
        track->phase = ((packet->pts % VT_AAC_FRAME) + VT_AAC_FRAME) % VT_AAC_FRAME;
    track->started = true;
    track->current = k;
    if (video && packet->pts > p->frame)
        p->frame = packet->pts;
    return 0;
}

int vt_packager_packet(struct vt_packager *p, int t, const struct vt_packet *packet)
{
    if (t < 0 || t >= p->params.n_tracks || p->ended || packet->size == 0)
        return -EINVAL;
    bool video = p->tracks[t].kind == VT_TRACK_VIDEO;
    int64_t k = video ? vt_segment_of(&p->params, packet->pts)
                      : vt_segment_of_sample(&p->params, packet->pts, p->tracks[t].sample_rate);
    // Sound from before the first cut, such as an encoder's priming, has no segment.
    if (!video && !p->track[t].started && k < p->next)
        return 0;
    int result = take_packet(p, t, packet, k);
    if (result < 0)
        return result;
    int64_t until = p->track[0].current;
    for (int i = 1; i < p->params.n_tracks; i++)
        until = p->track[i].current < until ? p->track[i].current : until;
    return advance(p, until, false);
}

int vt_packager_cue(struct vt_packager *p, const struct vt_cue *cue, const char *more, size_t more_size)
{
    int64_t packaged = p->has_video ? p->frame : vt_segment_frame(&p->params, p->next) - 1;
    if (p->ended || cue->frame <= packaged || (more && !cue->more))
        return -EINVAL;
    struct vt_revision revision;
    int result = vt_timeline_prepare(&p->timeline, &p->params, cue, &revision);
    // Stored before it is taken in: nothing may point at a file that is not there.
    if (result == 0 && more)
        result = p->params.sink.put(p->params.sink.opaque, VT_BLOB_MORE, revision.more, more, more_size);
    return result < 0 ? result : vt_timeline_add(&p->timeline, &revision);
}

int vt_packager_finish(struct vt_packager *p)
{
    if (p->ended)
        return 0;
    // Sound that goes on after the last picture is left out.
    int64_t until = p->next;
    for (int t = 0; t < p->params.n_tracks; t++) {
        const struct track *track = &p->track[t];
        if ((!p->has_video || p->tracks[t].kind == VT_TRACK_VIDEO) && track->n_runs > 0 &&
            track->runs[track->n_runs - 1].k + 1 > until)
            until = track->runs[track->n_runs - 1].k + 1;
    }
    if (until == p->next && p->window.count == 0) {
        p->ended = true;
        return 0;
    }
    return advance(p, until, true);
}

void vt_packager_multivariant(const struct vt_packager *p, const char *prefix, struct vt_writer *w)
{
    struct vt_track_rates rates[VT_TRACKS_MAX];
    for (int t = 0; t < p->params.n_tracks; t++)
        rates[t] = p->track[t].rates;
    vt_playlist_multivariant(w, &p->params, rates, prefix);
}
