#include "packager/packager.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "packager/cmaf.h"
#include "packager/packing.h"
#include "packager/sps.h"

#define TS_UNIT_OVERHEAD 120                 // bytes that a PES packet costs beyond its data: its head, half a packet of padding
#define KEY_SHARE 4                          // of a rendition's bits, key frames take one in so many, until measured

// -- starting

static bool language_valid(const char *language)
{
    size_t size = strspn(language, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-");
    return size > 0 && size <= 35 && language[size] == 0;
}

// Alike, or one is the name of the other's I-frame playlist.
static bool names_clash(const char *a, const char *b)
{
    size_t size = strlen(b);
    return strncmp(a, b, size) == 0 && (a[size] == 0 || strcmp(a + size, VT_KEY_FRAMES_SUFFIX) == 0);
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
    for (int i = 0; i < params->n_tracks; i++)
        if (i != t && names_clash(params->tracks[i].name, track->name))
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
    int sounds = 0;
    for (int t = 0; t < params->n_tracks; t++)
        sounds += params->tracks[t].kind == VT_TRACK_AUDIO;
    if (params->container == VT_CONTAINER_TS && (params->part_ns > 0 || sounds > 1))
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
    struct vt_sps sps;
    if (from->kind == VT_TRACK_VIDEO && vt_sps_of_avcc(from->config, from->config_size, &sps) == 0 && sps.reorder > 0)
        p->track[t].reorder = sps.reorder;
    p->track[t].current = p->next - 1;
    p->track[t].reached = INT64_MIN;
    return 0;
}

// A transport stream's segments hold the sound too, packet heads, and the padding of each frame's last packet.
static int64_t configured_rate(const struct vt_packager_params *params, int t)
{
    int64_t rate = params->tracks[t].bitrate, units = params->rate.num / params->rate.den;
    if (params->container != VT_CONTAINER_TS)
        return rate;
    for (int i = 0; i < params->n_tracks && params->tracks[t].kind == VT_TRACK_VIDEO; i++)
        if (params->tracks[i].kind == VT_TRACK_AUDIO) {
            rate += params->tracks[i].bitrate;
            units += params->tracks[i].sample_rate / VT_AAC_FRAME / VT_TS_SOUND_FRAMES;
        }
    return vt_muldiv(rate, VT_TS_PACKET, VT_TS_PACKET - 4) + units * 8 * TS_UNIT_OVERHEAD;
}

static void first_rates(const struct vt_packager_params *params, int t, struct vt_track_rates *rates)
{
    int64_t rate = configured_rate(params, t);
    rates->peak = rate * 5 / 4;
    rates->average = rate;
    rates->key_peak = params->tracks[t].bitrate / KEY_SHARE;
    rates->key_average = params->tracks[t].bitrate / KEY_SHARE;
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
    vt_cmaf_init(&w, &p->tracks[t], vt_track_timescale(&p->tracks[t], p->params.rate),
                 p->track[t].reorder * packing_unit(p, t));
    p->init_sums[t] = w.failed ? 0 : checksum(w.data, w.size);
    snprintf(name, sizeof name, "%s-init.mp4", p->tracks[t].name);
    int result = store ? packing_put(p, VT_BLOB_INIT, name, &w) : w.failed ? -ENOMEM : 0;
    vt_writer_free(&w);
    return result;
}

static int start(struct vt_packager *p, const struct vt_packager_params *params)
{
    int result = 0, part = 0;
    uint64_t msn = packing_next_msn(p);
    for (int t = 0; t < params->n_tracks && result == 0; t++) {
        result = check_track(params, t, p->track[t].rates.codecs);
        if (result == 0)
            result = copy_track(p, t, &params->tracks[t]);
        if (result == 0)
            result = write_init(p, t, false);
        first_rates(params, t, &p->track[t].rates);
    }
    // The state is checked before anything is stored, so that a wrong one changes nothing.
    if (result == 0 && params->state)
        result = packing_resume(p, &msn, &part);
    else if (packing_next_msn(p) < params->least_msn)
        p->params.first_msn += p->shift = params->least_msn - packing_next_msn(p);
    for (int t = 0; t < params->n_tracks && result == 0 && params->container == VT_CONTAINER_CMAF; t++)
        result = write_init(p, t, true);
    if (result == 0 && params->state && msn < packing_next_msn(p))
        (void)packing_publish(p, msn, part);     // what fails here is written again with the first segment
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
        vt_writer_free(&p->track[t].file);
        free((void *)p->tracks[t].config);
        free((void *)p->tracks[t].language);
    }
    vt_window_clear(&p->window);
    vt_timeline_clear(&p->timeline);
    free(p);
    *packager = NULL;
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
    if (p->params.container == VT_CONTAINER_TS && packet->size > VT_TS_SOUND_MAX)
        return -EMSGSIZE;
    if (packet->duration < 1 || packet->dts != packet->pts || k < p->next || k < p->track[t].current)
        return -EINVAL;
    if (run && run->spoilt)
        return -EMSGSIZE;
    return !run || packet->pts > run->samples[run->count - 1].pts ? 0 : -EINVAL;
}

static struct vt_run *open_run(struct packing_track *track, int64_t k)
{
    struct vt_run *last = track->n_runs ? &track->runs[track->n_runs - 1] : NULL;
    return last && last->k == k ? last : NULL;
}

static int take_packet(struct vt_packager *p, int t, const struct vt_packet *packet, int64_t k)
{
    struct packing_track *track = &p->track[t];
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
    track->reached = video ? vt_run_time(run, run->count - 1) + 1 : packet->pts + packet->duration;
    if (video && packet->pts > p->frame)
        p->frame = packet->pts;
    return 0;
}

static bool part_is_whole(const struct vt_packager *p)
{
    for (int t = 0; t < p->params.n_tracks; t++)
        if (p->track[t].reached < packing_cut(p, t, p->next, p->part + 1))
            return false;
    return true;
}

// Writes what every track has come past.
static int advance(struct vt_packager *p)
{
    uint64_t msn = packing_next_msn(p);
    int part = p->part, result = 0;
    while (part_is_whole(p)) {
        int written = packing_write_part(p);
        result = result < 0 ? result : written;
        if (p->part == 0 && p->next % 64 == 0)
            packing_trim(p);
    }
    bool segments = packing_next_msn(p) > msn, news = segments || (vt_has_parts(&p->params) && p->part > part);
    int published = news ? packing_publish(p, msn, part) : 0;
    return result < 0 ? result : published;
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
    return advance(p);
}

static int prepare_cue(const struct vt_packager *p, const struct vt_cue *cue, bool more, struct vt_revision *ret)
{
    int64_t packaged = p->has_video ? p->frame : vt_part_frame(&p->params, p->next, p->part) - 1;
    if (p->ended || cue->frame <= packaged || (more && !cue->more))
        return -EINVAL;
    return vt_timeline_prepare(&p->timeline, &p->params, cue, ret);
}

int vt_packager_cue_fits(const struct vt_packager *p, const struct vt_cue *cue, bool more)
{
    struct vt_revision revision;
    return prepare_cue(p, cue, more, &revision);
}

int vt_packager_cue(struct vt_packager *p, const struct vt_cue *cue, const char *more, size_t more_size)
{
    struct vt_revision revision;
    int result = prepare_cue(p, cue, more, &revision);
    // Stored before it is taken in: nothing may point at a file that is not there.
    if (result == 0 && more)
        result = p->params.sink.put(p->params.sink.opaque, VT_BLOB_MORE, revision.more, more, more_size);
    return result < 0 ? result : vt_timeline_add(&p->timeline, &revision);
}

// The first frame after the last one of segment k, as far as anything of it has come.
static int64_t end_frame(const struct vt_packager *p, int64_t k)
{
    int64_t end = vt_segment_frame(&p->params, k) + 1;
    for (int t = 0; t < p->params.n_tracks; t++) {
        const struct packing_track *track = &p->track[t];
        const struct vt_run *last = track->n_runs ? &track->runs[track->n_runs - 1] : NULL;
        bool video = p->tracks[t].kind == VT_TRACK_VIDEO;
        if (!last || last->k != k || last->count == 0 || (p->has_video && !video))
            continue;
        int64_t here = vt_run_end(last, p->tracks[t].kind);
        if (!video)
            here = vt_muldiv(here - 1, p->params.rate.num, (int64_t)p->params.rate.den * p->tracks[t].sample_rate) + 1;
        end = here > end ? here : end;
    }
    return end;
}

int vt_packager_finish(struct vt_packager *p)
{
    if (p->ended)
        return 0;
    // Sound that goes on after the last picture is left out.
    int64_t until = p->next;
    uint64_t msn = packing_next_msn(p);
    int part = p->part, result = 0;
    for (int t = 0; t < p->params.n_tracks; t++) {
        const struct packing_track *track = &p->track[t];
        if ((!p->has_video || p->tracks[t].kind == VT_TRACK_VIDEO) && track->n_runs > 0 &&
            track->runs[track->n_runs - 1].k + 1 > until)
            until = track->runs[track->n_runs - 1].k + 1;
    }
    if (until == p->next && p->window.count == 0) {
        p->ended = true;
        return 0;
    }
    while (p->next < until - 1) {
        int written = packing_write_part(p);
        result = result < 0 ? result : written;
    }
    p->end_frame = end_frame(p, p->next);
    int written = p->next < until ? packing_write_end(p) : 0;
    result = result < 0 ? result : written;
    p->ended = true;
    int published = packing_publish(p, msn, part);
    return result < 0 ? result : published;
}

uint64_t vt_packager_first_msn(const struct vt_packager *p)
{
    return p->params.first_msn;
}

void vt_packager_multivariant(const struct vt_packager *p, const char *prefix, struct vt_writer *w)
{
    struct vt_track_rates rates[VT_TRACKS_MAX];
    for (int t = 0; t < p->params.n_tracks; t++)
        rates[t] = p->track[t].rates;
    vt_playlist_multivariant(w, &p->params, rates, prefix);
}
