#include "ingest/decode.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <stdlib.h>
#include <string.h>

#include "base/mediatime.h"
#include "ingest/codec_config.h"
#include "ingest/decode_check.h"
#include "ingest/decode_entry.h"
#include "ingest/decode_open.h"
#include "ingest/decode_picture.h"
#include "ingest/decode_sound.h"
#include "ingest/filters.h"

// How often something has changed since a time.
struct changes {
    int count;
    int64_t since_ns;
};

struct track {
    AVCodecContext *context;            // NULL: nothing that can be decoded
    bool configured;                    // `codec` and `config` are what was last asked for
    enum vt_codec codec;
    uint8_t *config;
    size_t config_size;
    int nal_length_size;                // video: 0 for a stream of start codes
    int rate, channels;                 // of sound that does not say
    struct changes configs;
    int errors_in_row;
};

struct vt_decoder {
    struct vt_decode_sink sink;
    int threads;
    struct track video, audio;
    struct changes sizes;               // of pictures, whoever says so
    struct vt_resampler *resampler;
    struct vt_decode_picture *picture;
    AVPacket *packet;
    AVFrame *frame;
    bool wait_key, waiting;             // waiting: wait_since_ns is set
    int64_t wait_since_ns;
    bool hurrying, jumping;             // behind; so far that a key frame is awaited
    bool keyed;                         // key_ns is set
    int64_t key_ns;                     // decoding time of the last key frame
    struct vt_decode_colours colours;
    bool has_pts;
    int64_t last_pts_ns;
    const char *why;
    struct vt_decode_stats stats;
};

// -- what differs between versions of the libraries

bool vt_frame_is_key(const AVFrame *frame)
{
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 7, 100)
    return frame->flags & AV_FRAME_FLAG_KEY;
#else
    return frame->key_frame;
#endif
}

int64_t vt_frame_duration_ns(const AVFrame *frame)
{
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(57, 30, 100)
    return frame->duration;
#else
    return frame->pkt_duration;
#endif
}

// -- pictures

// Asks the sink for a buffer with room for the decoder's edges; else libavcodec allocates.
static int get_buffer(AVCodecContext *context, AVFrame *frame, int flags)
{
    struct vt_decoder *decoder = context->opaque;
    bool plain = frame->format == AV_PIX_FMT_YUV420P || frame->format == AV_PIX_FMT_YUVJ420P;
    if (!decoder->sink.buffer || !plain)
        return avcodec_default_get_buffer2(context, frame, flags);

    int width = frame->width, height = frame->height, align[AV_NUM_DATA_POINTERS];
    avcodec_align_dimensions2(context, &frame->width, &frame->height, align);
    int error = decoder->sink.buffer(decoder->sink.opaque, frame);
    frame->width = width;
    frame->height = height;
    if (error == -ENOTSUP)
        return avcodec_default_get_buffer2(context, frame, flags);
    frame->extended_data = frame->data;
    return error;
}

// yuvj420p and its kin say with their format what color_range is for.
static void settle_range(AVFrame *frame)
{
    static const struct { enum AVPixelFormat full, plain; } formats[] = {
        {AV_PIX_FMT_YUVJ420P, AV_PIX_FMT_YUV420P},
        {AV_PIX_FMT_YUVJ422P, AV_PIX_FMT_YUV422P},
        {AV_PIX_FMT_YUVJ444P, AV_PIX_FMT_YUV444P},
    };
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (frame->format == formats[i].full) {
            frame->format = formats[i].plain;
            frame->color_range = AVCOL_RANGE_JPEG;
        }
}

// What the stream leaves open, its container may have said.
static void settle_colours(const struct vt_decode_colours *colours, AVFrame *frame)
{
    if (frame->color_primaries == AVCOL_PRI_UNSPECIFIED && colours->primaries)
        frame->color_primaries = (enum AVColorPrimaries)colours->primaries;
    if (frame->color_trc == AVCOL_TRC_UNSPECIFIED && colours->transfer)
        frame->color_trc = (enum AVColorTransferCharacteristic)colours->transfer;
    if (frame->colorspace == AVCOL_SPC_UNSPECIFIED && colours->matrix)
        frame->colorspace = (enum AVColorSpace)colours->matrix;
}

// A stream whose composition times disagree with its order must not stop the clock behind it.
static void settle_time(struct vt_decoder *decoder, AVFrame *frame)
{
    if (frame->pts == AV_NOPTS_VALUE)
        frame->pts = frame->best_effort_timestamp;
    if (frame->pts == AV_NOPTS_VALUE)
        frame->pts = decoder->last_pts_ns;
    if (decoder->has_pts && frame->pts <= decoder->last_pts_ns)
        frame->pts = decoder->last_pts_ns + VT_NS_PER_MS;
    decoder->has_pts = true;
    decoder->last_pts_ns = frame->pts;
}

static int count_change(struct vt_decoder *decoder, struct changes *changes, int64_t now_ns, const char *why)
{
    if (changes->count == 0 || now_ns - changes->since_ns > 60 * VT_NS_PER_S || now_ns < changes->since_ns)
        *changes = (struct changes){.since_ns = now_ns};
    if (++changes->count <= VT_DECODE_CONFIGS)
        return 0;
    decoder->why = why;
    return -EPROTO;
}

static int note_size(struct vt_decoder *decoder, const AVFrame *frame)
{
    struct vt_decode_stats *stats = &decoder->stats;
    bool changed = stats->width > 0 && (stats->width != frame->width || stats->height != frame->height);
    stats->width = frame->width;
    stats->height = frame->height;
    return changed ? count_change(decoder, &decoder->sizes, frame->pts, "its picture's size changes too often") : 0;
}

static int give_picture(struct vt_decoder *decoder, AVFrame *frame)
{
    if (frame->width > VT_VIDEO_WIDTH_MAX || frame->height > VT_VIDEO_HEIGHT_MAX)
        return -EINVAL;
    settle_range(frame);
    settle_colours(&decoder->colours, frame);
    settle_time(decoder, frame);
    decoder->stats.frames++;
    int error = note_size(decoder, frame);
    return error < 0 ? error : vt_decode_picture_put(decoder->picture, frame);
}

// -- sound

static int give_sound(struct vt_decoder *decoder, AVFrame *frame)
{
    if (frame->pts == AV_NOPTS_VALUE)
        frame->pts = frame->best_effort_timestamp;
    if (frame->pts == AV_NOPTS_VALUE || frame->sample_rate > VT_AUDIO_RATE_MAX ||
        frame->ch_layout.nb_channels > VT_AUDIO_CHANNELS_MAX)
        return -EINVAL;
    decoder->stats.rate = frame->sample_rate;
    decoder->stats.channels = frame->ch_layout.nb_channels;
    return vt_resampler_put(decoder->resampler, frame, &decoder->sink, &decoder->stats.samples);
}

// -- one track

static bool is_video(const struct vt_decoder *decoder, const struct track *track)
{
    return track == &decoder->video;
}

// An undecodable packet: counted, and in the end too many.
static int count_error(struct vt_decoder *decoder, struct track *track)
{
    decoder->stats.errors++;
    if (++track->errors_in_row < VT_DECODE_ERRORS)
        return 0;
    decoder->why = is_video(decoder, track) ? "the picture cannot be decoded" : "the sound cannot be decoded";
    return -EPROTO;
}

// Gives on everything that is ready.
static int receive(struct vt_decoder *decoder, struct track *track)
{
    for (;;) {
        int error = avcodec_receive_frame(track->context, decoder->frame);
        if (error == AVERROR(EAGAIN) || error == AVERROR_EOF)
            return 0;
        if (error < 0)
            return count_error(decoder, track);
        error = is_video(decoder, track) ? give_picture(decoder, decoder->frame)
                                         : give_sound(decoder, decoder->frame);
        av_frame_unref(decoder->frame);
        if (error == -EINVAL)
            error = count_error(decoder, track);
        else
            track->errors_in_row = 0;
        if (error < 0)
            return error;
    }
}

static int drain(struct vt_decoder *decoder, struct track *track)
{
    if (!track->context)
        return 0;
    int error = avcodec_send_packet(track->context, NULL) < 0 ? 0 : receive(decoder, track);
    avcodec_flush_buffers(track->context);
    if (!error && is_video(decoder, track))
        error = vt_decode_picture_flush(decoder->picture);
    else if (!error)
        error = vt_resampler_flush(decoder->resampler, &decoder->sink, &decoder->stats.samples);
    return error;
}

static bool same_config(const struct track *track, const struct vt_access_unit *unit)
{
    return track->configured && track->codec == unit->codec && track->rate == unit->rate &&
           track->channels == unit->channels && track->config_size == unit->config_size &&
           (unit->config_size == 0 || memcmp(track->config, unit->config, unit->config_size) == 0);
}

// Opens a decoder for the unit's configuration unless it is the one in force.
static int configure(struct vt_decoder *decoder, struct track *track, const struct vt_access_unit *unit)
{
    if (same_config(track, unit))
        return 0;
    if (unit->config_size > VT_CONFIG_BYTES_MAX) {
        decoder->why = "its configuration is too long";
        return -EINVAL;
    }
    int error = count_change(decoder, &track->configs, unit->dts_ns, "its configuration changes too often");
    int nal_length_size = error ? 0 : vt_decode_check_config(unit, &decoder->why);
    if (error || nal_length_size < 0)
        return -EINVAL;
    error = drain(decoder, track);
    if (error < 0)
        return error;

    avcodec_free_context(&track->context);
    uint8_t *config = malloc(unit->config_size + 1);
    if (!config)
        return -ENOMEM;
    if (unit->config_size > 0)
        memcpy(config, unit->config, unit->config_size);
    free(track->config);
    track->config = config;
    track->config_size = unit->config_size;
    track->configured = true;
    track->codec = unit->codec;
    track->rate = unit->rate;
    track->channels = unit->channels;
    track->nal_length_size = nal_length_size;
    track->errors_in_row = 0;
    if (unit->video) {
        decoder->wait_key = true;
        decoder->waiting = false;
    }
    return vt_decode_open(&track->context, unit, decoder->threads, get_buffer, decoder);
}

// -- packets

static bool may_begin(const struct vt_decoder *decoder, const struct vt_access_unit *unit)
{
    int64_t waited_ns = unit->dts_ns - decoder->wait_since_ns;
    switch (vt_decode_entry(unit, decoder->video.nal_length_size)) {
    case VT_ENTRY_KEY:      return true;
    case VT_ENTRY_RECOVERY: return waited_ns >= VT_DECODE_ENTRY_WAIT_NS;
    default:                return waited_ns >= VT_DECODE_KEY_WAIT_NS;
    }
}

// Whether a picture is to be passed over because decoding cannot begin with it.
static bool must_wait(struct vt_decoder *decoder, const struct vt_access_unit *unit)
{
    if (!decoder->wait_key || !unit->video)
        return false;
    if (!decoder->waiting) {
        decoder->waiting = true;
        decoder->wait_since_ns = unit->dts_ns;
    }
    if (!may_begin(decoder, unit))
        return true;
    bool whole = unit->key || vt_decode_entry(unit, decoder->video.nal_length_size) != VT_ENTRY_NONE;
    if (!whole && decoder->video.context)
        decoder->video.context->flags |= AV_CODEC_FLAG_OUTPUT_CORRUPT;
    decoder->stats.concealed = !whole;
    decoder->wait_key = decoder->waiting = decoder->jumping = false;
    return false;
}

static void pass_over(struct vt_decoder *decoder)
{
    if (decoder->jumping)
        decoder->stats.left_out++;
    else
        decoder->stats.skipped++;
}

static void note_key(struct vt_decoder *decoder, const struct vt_access_unit *unit)
{
    int64_t since_ns = unit->dts_ns - decoder->key_ns;
    if (decoder->keyed && (unit->key || since_ns > decoder->stats.key_interval_ns))
        decoder->stats.key_interval_ns = since_ns;
    if (!unit->key)
        return;
    decoder->keyed = true;
    decoder->key_ns = unit->dts_ns;
}

void vt_decoder_behind(struct vt_decoder *decoder, int64_t behind_ns)
{
    decoder->stats.behind_ns = behind_ns > 0 ? behind_ns : 0;
    if (behind_ns > VT_DECODE_JUMP_NS && !decoder->jumping && !decoder->wait_key) {
        decoder->wait_key = decoder->jumping = true;
        decoder->waiting = false;
    }
    if (behind_ns > VT_DECODE_HURRY_NS)
        decoder->hurrying = true;
    else if (behind_ns < VT_DECODE_CALM_NS)
        decoder->hurrying = false;
}

static void set_hurry(struct vt_decoder *decoder)
{
    AVCodecContext *context = decoder->video.context;
    context->skip_loop_filter = decoder->hurrying ? AVDISCARD_ALL : AVDISCARD_DEFAULT;
    context->skip_frame = decoder->hurrying ? AVDISCARD_NONREF : AVDISCARD_DEFAULT;
    decoder->stats.hurried += decoder->hurrying;
}

static int decode_packet(struct vt_decoder *decoder, const struct vt_access_unit *unit)
{
    struct track *track = unit->video ? &decoder->video : &decoder->audio;
    decoder->stats.packets++;
    if (unit->codec == VT_CODEC_NONE || unit->video != vt_codec_is_video(unit->codec))
        return count_error(decoder, track);
    int error = configure(decoder, track, unit);
    if (error < 0)
        return error;
    if (!track->context)
        return count_error(decoder, track);
    if (unit->video)
        note_key(decoder, unit);
    if (must_wait(decoder, unit)) {
        pass_over(decoder);
        return 0;
    }
    if (unit->video)
        set_hurry(decoder);
    if (vt_decode_check_unit(unit, track->nal_length_size, &decoder->why) < 0)
        return -EINVAL;
    error = vt_decode_fill(decoder->packet, unit, track->nal_length_size);
    if (!error)
        error = avcodec_send_packet(track->context, decoder->packet);
    av_packet_unref(decoder->packet);
    if (error > 0)
        return 0;
    if (error < 0)
        return error == -ENOMEM ? error : count_error(decoder, track);
    return receive(decoder, track);
}

static int64_t now(const struct vt_decoder *decoder)
{
    return decoder->sink.now ? decoder->sink.now(decoder->sink.opaque) : 0;
}

int vt_decoder_packet(struct vt_decoder *decoder, const struct vt_access_unit *unit)
{
    int64_t start_ns = now(decoder);
    int error = decode_packet(decoder, unit);
    if (error < 0 || now(decoder) - start_ns <= VT_DECODE_WALL_NS)
        return error;
    decoder->why = unit->video ? "a picture took longer than 2 s to decode" : "sound took longer than 2 s to decode";
    return -EPROTO;
}

void vt_decoder_colours(struct vt_decoder *decoder, const struct vt_decode_colours *colours)
{
    decoder->colours = *colours;
}

int vt_decoder_flush(struct vt_decoder *decoder)
{
    int video = drain(decoder, &decoder->video), audio = drain(decoder, &decoder->audio);
    decoder->wait_key = true;
    decoder->waiting = false;
    return video < 0 ? video : audio;
}

// -- the decoder itself

int vt_decoder_new(struct vt_decoder **ret, const struct vt_decode_sink *sink, int threads)
{
    struct vt_decoder *decoder = calloc(1, sizeof *decoder);
    if (!decoder)
        return -ENOMEM;
    decoder->sink = *sink;
    decoder->threads = threads;
    decoder->why = "";
    decoder->packet = av_packet_alloc();
    decoder->frame = av_frame_alloc();
    if (!decoder->packet || !decoder->frame || vt_resampler_new(&decoder->resampler) < 0 ||
        vt_decode_picture_new(&decoder->picture, sink) < 0) {
        vt_decoder_free(&decoder);
        return -ENOMEM;
    }
    *ret = decoder;
    return 0;
}

int vt_decode_warm_up(int threads)
{
    for (enum vt_codec codec = VT_CODEC_NONE + 1; codec < VT_CODECS; codec++) {
        const struct vt_access_unit unit = {.video = vt_codec_is_video(codec), .codec = codec,
                                            .rate = vt_codec_is_video(codec) ? 0 : 16000, .channels = 1};
        AVCodecContext *context = NULL;
        int error = vt_decode_open(&context, &unit, threads, NULL, NULL);
        if (error < 0)
            return error;
        // FLAC's does not open without a configuration
        if (!context && codec != VT_CODEC_FLAC)
            return -ENOTSUP;
        avcodec_free_context(&context);
    }
    (void)vt_filters_load();            // without it interlaced and turned pictures stay as they are
    return 0;
}

static void track_free(struct track *track)
{
    avcodec_free_context(&track->context);
    free(track->config);
}

void vt_decoder_free(struct vt_decoder **decoder)
{
    struct vt_decoder *d = *decoder;
    if (!d)
        return;
    track_free(&d->video);
    track_free(&d->audio);
    vt_resampler_free(&d->resampler);
    vt_decode_picture_free(&d->picture);
    av_packet_free(&d->packet);
    av_frame_free(&d->frame);
    free(d);
    *decoder = NULL;
}

void vt_decoder_stats(const struct vt_decoder *decoder, struct vt_decode_stats *ret)
{
    *ret = decoder->stats;
    ret->done = vt_decode_picture_done(decoder->picture);
}

const char *vt_decoder_why(const struct vt_decoder *decoder)
{
    return decoder->why;
}
