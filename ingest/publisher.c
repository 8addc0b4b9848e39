#include "ingest/publisher.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/codec_config.h"
#include "ingest/quirks.h"
#include "ingest/timestamps.h"
#include "ingest/unit_queue.h"

struct track {
    int number;                          // of the track that is taken; -1 until one came
    bool others[256];                    // numbers of tracks that are not
    enum vt_codec codec;
    uint8_t *config;
    size_t config_size;
    char name[VT_FLV_NAME_ROOM];
    struct vt_flow flow;
};

struct vt_publisher {
    struct vt_rtmp rtmp;
    struct vt_rtmp_buffers buffers;
    struct vt_timestamps timestamps;
    struct vt_unit_queue queue;
    struct vt_decoder *decoder;
    struct track video, audio;
    struct vt_flv_metadata metadata;
    bool described;                      // metadata has come
    uint32_t quirks;
    int64_t tag_errors;
    int tag_errors_in_row;
    char why[VT_PUBLISHER_WHY_ROOM];
};

int vt_publisher_new(struct vt_publisher **ret, const struct vt_rtmp *state, const struct vt_decode_sink *sink,
                     int threads)
{
    struct vt_publisher *publisher = calloc(1, sizeof *publisher);
    int error = publisher ? vt_decoder_new(&publisher->decoder, sink, threads) : -ENOMEM;
    if (error < 0) {
        free(publisher);
        return error;
    }
    publisher->video.number = publisher->audio.number = -1;
    publisher->rtmp = *state;
    vt_rtmp_forget(&publisher->rtmp);
    *ret = publisher;
    return 0;
}

void vt_publisher_free(struct vt_publisher **publisher)
{
    if (!*publisher)
        return;
    vt_unit_queue_clear(&(*publisher)->queue);
    vt_decoder_free(&(*publisher)->decoder);
    vt_rtmp_buffers_free(&(*publisher)->buffers);
    free((*publisher)->video.config);
    free((*publisher)->audio.config);
    free(*publisher);
    *publisher = NULL;
}

void vt_publisher_accept(struct vt_publisher *publisher, struct vt_writer *reply)
{
    vt_rtmp_accept(&publisher->rtmp, reply);
}

void vt_publisher_refuse(struct vt_publisher *publisher, const char *code, const char *description,
                         struct vt_writer *reply)
{
    vt_rtmp_refuse(&publisher->rtmp, code, description, reply);
}

bool vt_publisher_reconnect(const struct vt_publisher *publisher, const char *description, struct vt_writer *reply)
{
    return vt_rtmp_reconnect(&publisher->rtmp, description, reply);
}

static int give_up(struct vt_publisher *publisher, int error, const char *why)
{
    snprintf(publisher->why, sizeof publisher->why, "%s", why);
    return error;
}

static int bad_tag(struct vt_publisher *publisher)
{
    publisher->tag_errors++;
    if (++publisher->tag_errors_in_row < VT_PUBLISHER_TAG_ERRORS)
        return 0;
    return give_up(publisher, -EINVAL, "its audio and video messages make no sense");
}

static int keep_config(struct vt_publisher *publisher, struct track *track, const struct vt_flv_tag *tag)
{
    if (tag->size > VT_CONFIG_BYTES_MAX)
        return bad_tag(publisher);
    if (track->config && track->config_size == tag->size && memcmp(track->config, tag->data, tag->size) == 0)
        publisher->quirks |= VT_QUIRK_REPEATED_CONFIG;
    uint8_t *config = malloc(tag->size + 1);
    if (!config)
        return give_up(publisher, -ENOMEM, "out of memory");
    memcpy(config, tag->data, tag->size);
    free(track->config);
    track->config = config;
    track->config_size = tag->size;
    return 0;
}

static void note_quirks(struct vt_publisher *publisher, const struct track *track, const struct vt_flv_tag *tag)
{
    if (tag->composition_ms < 0)
        publisher->quirks |= VT_QUIRK_NEGATIVE_COMPOSITION;
    if (!publisher->described && publisher->video.flow.units + publisher->audio.flow.units == 0)
        publisher->quirks |= VT_QUIRK_NO_METADATA;
    if (tag->codec == VT_CODEC_AAC && !track->config)
        publisher->quirks |= VT_QUIRK_NO_SOUND_CONFIG;
    if (tag->codec == VT_CODEC_HEVC && !tag->enhanced)
        publisher->quirks |= VT_QUIRK_HEVC_NUMBER;
}

static int queue_unit(struct vt_publisher *publisher, struct track *track, const struct vt_flv_tag *tag,
                      bool video, uint32_t timestamp_ms, int64_t arrival_ns)
{
    struct vt_times times;
    note_quirks(publisher, track, tag);
    vt_timestamps_map(&publisher->timestamps, video ? VT_TIME_VIDEO : VT_TIME_AUDIO, timestamp_ms,
                      tag->composition_ms, arrival_ns, &times);
    vt_flow_add(&track->flow, tag->size);
    struct vt_access_unit unit = {
        .video = video,
        .codec = tag->codec,
        .data = tag->data,
        .size = tag->size,
        .dts_ns = times.dts_ns,
        .pts_ns = times.pts_ns + tag->nano,
        .key = tag->key,
        .rate = tag->rate,
        .channels = tag->channels,
        .config = track->config,
        .config_size = track->config_size,
    };
    int error = vt_unit_queue_put(&publisher->queue, &unit, arrival_ns);
    return error < 0 ? give_up(publisher, error, strerror(-error)) : 0;
}

static int decode_unit(struct vt_publisher *publisher, const struct vt_access_unit *unit)
{
    bool video = unit->video;
    int error = vt_decoder_packet(publisher->decoder, unit);
    vt_unit_queue_pop(&publisher->queue, video);
    if (error == -EINVAL || error == -EPROTO)
        return give_up(publisher, -EINVAL, vt_decoder_why(publisher->decoder));
    return error < 0 ? give_up(publisher, error, strerror(-error)) : 0;
}

int vt_publisher_run(struct vt_publisher *publisher, int64_t now_ns)
{
    const struct vt_access_unit *unit;
    int64_t behind_ns;
    bool pictured = false;
    int error = 0;
    while (!error && !pictured && (unit = vt_unit_queue_due(&publisher->queue, now_ns, &behind_ns))) {
        pictured = unit->video;
        if (unit->video)
            vt_decoder_behind(publisher->decoder, behind_ns);
        error = decode_unit(publisher, unit);
    }
    return error;
}

int64_t vt_publisher_due(const struct vt_publisher *publisher)
{
    return vt_unit_queue_next(&publisher->queue);
}

bool vt_publisher_full(const struct vt_publisher *publisher)
{
    return vt_unit_queue_full(&publisher->queue);
}

// The first track that comes is the one that is taken.
static bool is_taken(struct track *track, const struct vt_flv_tag *tag)
{
    if (track->number < 0)
        track->number = tag->track;
    if (track->number == tag->track)
        return true;
    track->others[tag->track] = true;
    return false;
}

// A record belongs to the codec that it came with.
static void note_codec(struct track *track, const struct vt_flv_tag *tag)
{
    if (track->codec != tag->codec) {
        free(track->config);
        track->config = NULL;
        track->config_size = 0;
        track->codec = tag->codec;
    }
    snprintf(track->name, sizeof track->name, "%s", tag->name);
}

static void take_colours(struct vt_publisher *publisher, const struct vt_flv_tag *tag)
{
    struct vt_flv_colours colours;
    if (!vt_flv_colour(&colours, tag->data, tag->size))
        return;
    vt_decoder_colours(publisher->decoder, &(struct vt_decode_colours){colours.primaries, colours.transfer,
                                                                       colours.matrix});
}

static int take_tag(struct vt_publisher *publisher, const struct vt_flv_tag *tag, bool video, uint32_t timestamp_ms,
                    int64_t arrival_ns)
{
    struct track *track = video ? &publisher->video : &publisher->audio;
    switch (tag->kind) {
    case VT_FLV_COLOUR:
        take_colours(publisher, tag);
        return 0;
    case VT_FLV_CONFIG:
        note_codec(track, tag);
        return keep_config(publisher, track, tag);
    case VT_FLV_UNIT:
        note_codec(track, tag);
        return queue_unit(publisher, track, tag, video, timestamp_ms, arrival_ns);
    default:
        return 0;
    }
}

static int take_media(struct vt_publisher *publisher, const struct vt_rtmp_event *event, int64_t arrival_ns)
{
    bool video = event->type == VT_RTMP_VIDEO;
    struct vt_flv_walk walk;
    struct vt_flv_tag tag;
    int got = video ? vt_flv_video(&walk, event->data, event->size) : vt_flv_audio(&walk, event->data, event->size);
    if (got < 0)
        return bad_tag(publisher);
    if (event->size == 0)
        publisher->quirks |= VT_QUIRK_EMPTY_MESSAGE;
    while ((got = vt_flv_next(&walk, &tag)) != 0) {
        if (got == -EINVAL)
            return bad_tag(publisher);
        if (!is_taken(video ? &publisher->video : &publisher->audio, &tag))
            continue;
        if (got == -ENOTSUP) {
            vt_flv_refusal(publisher->why, sizeof publisher->why, video, &tag);
            return -EINVAL;
        }
        int error = take_tag(publisher, &tag, video, event->timestamp_ms, arrival_ns);
        if (error < 0)
            return error;
    }
    publisher->tag_errors_in_row = 0;
    return 0;
}

int vt_publisher_feed(struct vt_publisher *publisher, const uint8_t *data, size_t size, int64_t arrival_ns,
                      struct vt_writer *reply)
{
    for (;;) {
        struct vt_rtmp_event event;
        ssize_t used = vt_rtmp_feed(&publisher->rtmp, &publisher->buffers, data, size, reply, &event);
        if (used < 0)
            return give_up(publisher, -EPROTO, vt_rtmp_error_text(vt_rtmp_why(&publisher->rtmp)));
        data += used;
        size -= (size_t)used;
        if (event.kind == VT_RTMP_MORE)
            return 0;
        if (event.kind == VT_RTMP_UNPUBLISHED)
            return 1;
        if (event.kind == VT_RTMP_ASKED)
            return give_up(publisher, -EPROTO, "it asks to publish again");
        if (event.type == VT_RTMP_DATA) {
            if (vt_flv_metadata(&publisher->metadata, event.data, event.size))
                publisher->described = true;
            continue;
        }
        int error = take_media(publisher, &event, arrival_ns);
        if (error < 0)
            return error;
    }
}

int vt_publisher_flush(struct vt_publisher *publisher)
{
    const struct vt_access_unit *unit;
    int64_t behind_ns;
    int error = 0;
    while (!error && (unit = vt_unit_queue_due(&publisher->queue, INT64_MAX, &behind_ns)))
        error = decode_unit(publisher, unit);
    return error < 0 ? error : vt_decoder_flush(publisher->decoder);
}

const char *vt_publisher_why(const struct vt_publisher *publisher)
{
    return publisher->why;
}

void vt_publisher_status(const struct vt_publisher *publisher, struct vt_publisher_status *ret)
{
    ret->video = publisher->video.name;
    ret->audio = publisher->audio.name;
    ret->video_track = publisher->video.number;
    ret->audio_track = publisher->audio.number;
    ret->pauses = publisher->queue.fills;
    ret->video_flow = publisher->video.flow;
    ret->audio_flow = publisher->audio.flow;
    ret->units = ret->video_flow.units + ret->audio_flow.units;
    ret->waiting = publisher->queue.units;
    ret->encoder = publisher->metadata.encoder;
    ret->mended = vt_timestamps_mended(&publisher->timestamps);
    ret->quirks = publisher->quirks | vt_quirks_of_times(&publisher->timestamps);
    ret->sound_lag_ns = vt_timestamps_sound_lag(&publisher->timestamps);
    vt_decoder_stats(publisher->decoder, &ret->decode);
    ret->errors = publisher->tag_errors + ret->decode.errors;
}

static void append_others(char *out, size_t room, const char *kind, const struct track *track)
{
    for (int i = 0, size = 0; i < 256; i++) {
        if (!track->others[i])
            continue;
        size = (int)strlen(out);
        snprintf(out + size, room - (size_t)size, "%s%s %d", size ? ", " : "", kind, i);
    }
}

void vt_publisher_others(const struct vt_publisher *publisher, char *out, size_t room)
{
    out[0] = 0;
    append_others(out, room, "video", &publisher->video);
    append_others(out, room, "audio", &publisher->audio);
}
