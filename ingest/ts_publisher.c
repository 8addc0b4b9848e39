#include "ingest/ts_publisher.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/pace.h"
#include "ingest/quirks.h"
#include "ingest/timestamps.h"

struct vt_ts_publisher {
    struct vt_ts_source *source;
    struct vt_timestamps timestamps;
    struct vt_pace pace;
    struct vt_ts_unit *first;            // held back, in the order of their decoding times
    int held_units;
    size_t held_bytes;
    bool ended;                          // nothing more will come
    struct vt_decoder *decoder;
    char video[32], audio[32];           // codecs; "" until seen
    struct vt_flow video_flow, audio_flow;
    char why[VT_TS_WHY_ROOM];
};

int vt_ts_publisher_new(struct vt_ts_publisher **ret, int fd, const struct vt_decode_sink *sink, int threads)
{
    struct vt_ts_publisher *publisher = calloc(1, sizeof *publisher);
    int error = publisher ? vt_decoder_new(&publisher->decoder, sink, threads) : -ENOMEM;
    if (!error)
        error = vt_ts_source_new(&publisher->source, fd);
    if (error)
        vt_ts_publisher_free(&publisher);
    else
        *ret = publisher;
    return error;
}

void vt_ts_publisher_free(struct vt_ts_publisher **publisher)
{
    if (!*publisher)
        return;
    vt_ts_source_free(&(*publisher)->source);
    for (struct vt_ts_unit *unit = (*publisher)->first, *next; unit; unit = next) {
        next = unit->next;
        free(unit);
    }
    vt_decoder_free(&(*publisher)->decoder);
    free(*publisher);
    *publisher = NULL;
}

int vt_ts_publisher_fd(const struct vt_ts_publisher *publisher)
{
    return vt_ts_source_fd(publisher->source);
}

static int decode(struct vt_ts_publisher *publisher, const struct vt_ts_unit *unit)
{
    struct vt_access_unit access = {
        .video = unit->video,
        .codec = unit->codec,
        .data = unit->data,
        .size = unit->size,
        .dts_ns = unit->dts_ns,
        .pts_ns = unit->pts_ns,
        .key = unit->key,
        .config = unit->config_size > 0 ? unit->data + unit->size : NULL,
        .config_size = unit->config_size,
    };
    vt_flow_add(unit->video ? &publisher->video_flow : &publisher->audio_flow, unit->size);
    int error = vt_decoder_packet(publisher->decoder, &access);
    if (error == -EPROTO)
        error = -EINVAL;
    if (error < 0)
        snprintf(publisher->why, sizeof publisher->why, "%s",
                 error == -EINVAL ? vt_decoder_why(publisher->decoder) : strerror(-error));
    return error;
}

static void hold(struct vt_ts_publisher *publisher, struct vt_ts_unit *unit)
{
    struct vt_times times;
    char *name = unit->video ? publisher->video : publisher->audio;
    snprintf(name, sizeof publisher->video, "%s", vt_codec_name(unit->codec));
    vt_timestamps_map_ticks(&publisher->timestamps, unit->video ? VT_TIME_VIDEO : VT_TIME_AUDIO, unit->dts, unit->pts,
                            unit->arrival_ns, &times);
    unit->dts_ns = times.dts_ns;
    unit->pts_ns = times.pts_ns;
    vt_pace_add(&publisher->pace, unit->dts_ns, unit->arrival_ns);
    struct vt_ts_unit **place = &publisher->first;
    while (*place && (*place)->dts_ns <= unit->dts_ns)
        place = &(*place)->next;
    unit->next = *place;
    *place = unit;
    publisher->held_units++;
    publisher->held_bytes += unit->size;
}

static int decode_first(struct vt_ts_publisher *publisher)
{
    struct vt_ts_unit *unit = publisher->first;
    publisher->first = unit->next;
    publisher->held_units--;
    publisher->held_bytes -= unit->size;
    int error = decode(publisher, unit);
    free(unit);
    return error;
}

// Takes what waits in the source.
static int take_all(struct vt_ts_publisher *publisher)
{
    while (!publisher->ended) {
        struct vt_ts_unit *unit = NULL;
        int got = vt_ts_source_take(publisher->source, &unit, publisher->why);
        if (got == 0)
            return 0;
        if (got == -EPIPE)
            publisher->ended = true;
        else if (got < 0)
            return got;
        else
            hold(publisher, unit);
        bool full = publisher->held_units > VT_TS_HELD_UNITS || publisher->held_bytes > VT_TS_HELD_BYTES;
        int error = full ? decode_first(publisher) : 0;
        if (error < 0)
            return error;
    }
    return 0;
}

int vt_ts_publisher_run(struct vt_ts_publisher *publisher, int64_t now_ns)
{
    int error = take_all(publisher);
    while (!error && vt_ts_publisher_due(publisher) <= now_ns) {
        // a unit is held back no longer than this
        vt_decoder_behind(publisher->decoder, now_ns - publisher->first->arrival_ns - VT_PACE_MOST_NS);
        error = decode_first(publisher);
    }
    if (error < 0)
        return error;
    return publisher->ended && !publisher->first;
}

int64_t vt_ts_publisher_due(const struct vt_ts_publisher *publisher)
{
    return publisher->first ? vt_pace_due(&publisher->pace, publisher->first->dts_ns) : INT64_MAX;
}

int vt_ts_publisher_flush(struct vt_ts_publisher *publisher)
{
    return vt_decoder_flush(publisher->decoder);
}

const char *vt_ts_publisher_why(const struct vt_ts_publisher *publisher)
{
    return publisher->why;
}

void vt_ts_publisher_status(const struct vt_ts_publisher *publisher, struct vt_publisher_status *ret,
                            int64_t *ret_bytes)
{
    struct vt_ts_stats stats;
    vt_ts_source_stats(publisher->source, &stats);
    ret->video = publisher->video;
    ret->audio = publisher->audio;
    ret->pauses = 0;
    ret->video_flow = publisher->video_flow;
    ret->audio_flow = publisher->audio_flow;
    ret->units = ret->video_flow.units + ret->audio_flow.units;
    ret->waiting = publisher->held_units + stats.waiting_units;
    ret->encoder = "";
    ret->mended = vt_timestamps_mended(&publisher->timestamps);
    ret->quirks = vt_quirks_of_times(&publisher->timestamps);
    ret->sound_lag_ns = vt_timestamps_sound_lag(&publisher->timestamps);
    vt_decoder_stats(publisher->decoder, &ret->decode);
    ret->errors = stats.damaged + ret->decode.errors;
    *ret_bytes = stats.bytes;
}

void vt_ts_publisher_others(const struct vt_ts_publisher *publisher, char *out, size_t room)
{
    struct vt_ts_stats stats;
    vt_ts_source_stats(publisher->source, &stats);
    snprintf(out, room, "%s", stats.others);
}
