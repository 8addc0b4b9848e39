#include "ingest/decode.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
#include <stdlib.h>
#include <string.h>

#include "base/mediatime.h"
#include "ingest/codec_config.h"
#include "ingest/decode_sound.h"

struct track {
    AVCodecContext *context;            // NULL: nothing that can be decoded
    bool configured;                    // `config` is what was last asked for
    uint8_t *config;
    size_t config_size;
    int nal_length_size;                // video: 0 for a stream of start codes
    int changes;                        // of the configuration since changes_ns
    int64_t changes_ns;
    int errors_in_row;
};

struct vt_decoder {
    struct vt_decode_sink sink;
    int threads;
    struct track video, audio;
    struct vt_resampler *resampler;
    AVPacket *packet;
    AVFrame *frame, *converted;
    struct SwsContext *sws;
    bool wait_key, waiting;             // waiting: wait_since_ns is set
    int64_t wait_since_ns;
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

// A picture to convert into: the sink's memory if it has some.
static int converted_buffer(struct vt_decoder *decoder, const AVFrame *like)
{
    AVFrame *to = decoder->converted;
    to->format = AV_PIX_FMT_YUV420P;
    to->width = (like->width + 63) & ~63;
    to->height = (like->height + 1) & ~1;
    int error = decoder->sink.buffer ? decoder->sink.buffer(decoder->sink.opaque, to) : -ENOTSUP;
    to->width = like->width;
    to->height = like->height;
    return error < 0 ? av_frame_get_buffer(to, 0) : 0;
}

// Other layouts and depths become 8-bit 4:2:0; the range stays what it is.
static int convert(struct vt_decoder *decoder, AVFrame *frame)
{
    AVFrame *to = decoder->converted;
    if (converted_buffer(decoder, frame) < 0 || av_frame_copy_props(to, frame) < 0)
        return -ENOMEM;
    decoder->sws = sws_getCachedContext(decoder->sws, frame->width, frame->height, frame->format, frame->width,
                                        frame->height, AV_PIX_FMT_YUV420P,
                                        SWS_BILINEAR | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INP, NULL, NULL, NULL);
    if (!decoder->sws)
        return -EINVAL;
    int range = frame->color_range == AVCOL_RANGE_JPEG;
    const int *matrix = sws_getCoefficients(SWS_CS_DEFAULT);
    sws_setColorspaceDetails(decoder->sws, matrix, range, matrix, range, 0, 1 << 16, 1 << 16);
    if (sws_scale(decoder->sws, (const uint8_t *const *)frame->data, frame->linesize, 0, frame->height, to->data,
                  to->linesize) != frame->height)
        return -EINVAL;
    av_frame_unref(frame);
    av_frame_move_ref(frame, to);
    return 0;
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

static int give_picture(struct vt_decoder *decoder, AVFrame *frame)
{
    if (frame->width > VT_VIDEO_WIDTH_MAX || frame->height > VT_VIDEO_HEIGHT_MAX)
        return -EINVAL;
    settle_range(frame);
    if (frame->format != AV_PIX_FMT_YUV420P) {
        int error = convert(decoder, frame);
        av_frame_unref(decoder->converted);
        if (error < 0)
            return -EINVAL;
    }
    settle_time(decoder, frame);
    decoder->stats.width = frame->width;
    decoder->stats.height = frame->height;
    decoder->stats.frames++;
    int error = decoder->sink.frame(decoder->sink.opaque, frame);
    return error < 0 ? error : 0;
}

// -- sound

static int give_sound(struct vt_decoder *decoder, AVFrame *frame)
{
    if (frame->pts == AV_NOPTS_VALUE)
        frame->pts = frame->best_effort_timestamp;
    if (frame->pts == AV_NOPTS_VALUE)
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
    if (!error && !is_video(decoder, track))
        error = vt_resampler_flush(decoder->resampler, &decoder->sink, &decoder->stats.samples);
    return error;
}

static int open_context(struct vt_decoder *decoder, struct track *track, const struct vt_access_unit *unit)
{
    const AVCodec *codec = avcodec_find_decoder(unit->video ? AV_CODEC_ID_H264 : AV_CODEC_ID_AAC);
    AVCodecContext *context = codec ? avcodec_alloc_context3(codec) : NULL;
    if (!context)
        return -ENOMEM;
    context->pkt_timebase = (AVRational){1, VT_NS_PER_S};
    context->err_recognition = AV_EF_CAREFUL;
    context->opaque = decoder;
    if (unit->video) {
        context->flags |= AV_CODEC_FLAG_UNALIGNED;      // crops exactly; whoever needs alignment copies
        context->max_pixels = VT_VIDEO_PIXELS_MAX;
        context->thread_type = FF_THREAD_SLICE;         // frame threads would add frames of delay
        context->thread_count = decoder->threads;
        context->get_buffer2 = get_buffer;
    } else {
        context->max_samples = VT_RING_RUN_MAX;
    }
    if (unit->config_size > 0) {
        context->extradata = av_mallocz(unit->config_size + AV_INPUT_BUFFER_PADDING_SIZE);
        if (!context->extradata) {
            avcodec_free_context(&context);
            return -ENOMEM;
        }
        memcpy(context->extradata, unit->config, unit->config_size);
        context->extradata_size = (int)unit->config_size;
    }
    if (avcodec_open2(context, codec, NULL) < 0)
        avcodec_free_context(&context);                 // every packet of it will count as an error
    track->context = context;
    return 0;
}

// Looks into the configuration before any decoder does. -EINVAL for one past the limits; a broken one passes: an
// encoder's next one may be whole, and until then its packets count as errors.
static int check_config(struct vt_decoder *decoder, struct track *track, const struct vt_access_unit *unit)
{
    const char *why = NULL;
    int error;
    if (unit->video) {
        struct vt_avc_config config = {0};
        error = vt_avc_config_parse(&config, unit->config, unit->config_size, &why);
        track->nal_length_size = error ? 4 : config.nal_length_size;
    } else {
        struct vt_aac_config config;
        error = vt_aac_config_parse(&config, unit->config, unit->config_size, &why);
    }
    if (error != -ERANGE)
        return 0;
    decoder->why = why ? why : "its configuration is past the limits";
    return -EINVAL;
}

static int count_change(struct vt_decoder *decoder, struct track *track, int64_t now_ns)
{
    if (track->changes == 0 || now_ns - track->changes_ns > 60 * VT_NS_PER_S || now_ns < track->changes_ns) {
        track->changes_ns = now_ns;
        track->changes = 0;
    }
    if (++track->changes <= VT_DECODE_CONFIGS)
        return 0;
    decoder->why = "its configuration changes too often";
    return -EINVAL;
}

static bool same_config(const struct track *track, const struct vt_access_unit *unit)
{
    return track->configured && track->config_size == unit->config_size &&
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
    track->nal_length_size = 0;
    int error = count_change(decoder, track, unit->dts_ns);
    if (!error && unit->config_size > 0)
        error = check_config(decoder, track, unit);
    if (!error)
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
    track->errors_in_row = 0;
    if (unit->video) {
        decoder->wait_key = true;
        decoder->waiting = false;
    }
    return open_context(decoder, track, unit);
}

// -- packets

// Size of the start code at `data`: 3, 4 or 0.
static size_t start_code(const uint8_t *data, size_t size)
{
    if (size >= 3 && data[0] == 0 && data[1] == 0 && data[2] == 1)
        return 3;
    return size >= 4 && data[0] == 0 && data[1] == 0 && data[2] == 0 && data[3] == 1 ? 4 : 0;
}

static int append_nal(AVPacket *packet, size_t *at, const uint8_t *nal, size_t size, int length_size)
{
    if (length_size < 4 && size >> (8 * length_size) != 0)
        return -EINVAL;
    for (int i = length_size - 1; i >= 0; i--)
        packet->data[(*at)++] = (uint8_t)(size >> (8 * i));
    memcpy(packet->data + *at, nal, size);
    *at += size;
    return 0;
}

// Some encoders announce lengths and send start codes. The result is at most a byte longer for each NAL unit.
static int packet_from_start_codes(AVPacket *packet, const struct vt_access_unit *unit, int length_size)
{
    int error = av_new_packet(packet, (int)unit->size + VT_UNIT_NALS_MAX + 4);
    if (error < 0)
        return -ENOMEM;
    size_t at = 0, begin = start_code(unit->data, unit->size), nals = 0;
    for (size_t i = begin; i <= unit->size; i++) {
        size_t code = i < unit->size ? start_code(unit->data + i, unit->size - i) : 0;
        if (i < unit->size && !code)
            continue;
        if (i > begin && (++nals > VT_UNIT_NALS_MAX ||
                          append_nal(packet, &at, unit->data + begin, i - begin, length_size) < 0))
            return -EINVAL;
        begin = i + code;
        i = code ? begin - 1 : i;
    }
    av_shrink_packet(packet, (int)at);
    return 0;
}

static int fill_packet(struct vt_decoder *decoder, const struct track *track, const struct vt_access_unit *unit)
{
    AVPacket *packet = decoder->packet;
    enum vt_avc_framing framing = VT_AVC_LENGTHS;
    int error;
    if (unit->video && track->nal_length_size)
        framing = vt_avc_framing(unit->data, unit->size, track->nal_length_size);
    if (framing == VT_AVC_BROKEN || unit->size == 0 || unit->size > INT32_MAX / 2)
        return -EINVAL;
    if (framing == VT_AVC_START_CODES) {
        error = packet_from_start_codes(packet, unit, track->nal_length_size);
    } else {
        error = av_new_packet(packet, (int)unit->size) < 0 ? -ENOMEM : 0;
        if (!error)
            memcpy(packet->data, unit->data, unit->size);
    }
    packet->pts = unit->pts_ns;
    packet->dts = unit->dts_ns;
    packet->duration = unit->duration_ns;
    packet->flags = unit->key ? AV_PKT_FLAG_KEY : 0;
    return error;
}

// Whether a picture that is not a key frame is to be passed over.
static bool must_wait(struct vt_decoder *decoder, const struct vt_access_unit *unit)
{
    if (!decoder->wait_key || !unit->video)
        return false;
    if (!decoder->waiting) {
        decoder->waiting = true;
        decoder->wait_since_ns = unit->dts_ns;
    }
    if (!unit->key && unit->dts_ns - decoder->wait_since_ns < VT_DECODE_KEY_WAIT_NS)
        return true;
    if (!unit->key && decoder->video.context)
        decoder->video.context->flags |= AV_CODEC_FLAG_OUTPUT_CORRUPT;
    decoder->wait_key = false;
    return false;
}

int vt_decoder_packet(struct vt_decoder *decoder, const struct vt_access_unit *unit)
{
    struct track *track = unit->video ? &decoder->video : &decoder->audio;
    decoder->stats.packets++;
    if (unit->codec != (unit->video ? VT_CODEC_H264 : VT_CODEC_AAC))
        return count_error(decoder, track);
    int error = configure(decoder, track, unit);
    if (error < 0)
        return error;
    if (!track->context)
        return count_error(decoder, track);
    if (must_wait(decoder, unit)) {
        decoder->stats.skipped++;
        return 0;
    }
    error = fill_packet(decoder, track, unit);
    if (!error)
        error = avcodec_send_packet(track->context, decoder->packet);
    av_packet_unref(decoder->packet);
    if (error < 0)
        return error == -ENOMEM ? error : count_error(decoder, track);
    return receive(decoder, track);
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
    decoder->converted = av_frame_alloc();
    if (!decoder->packet || !decoder->frame || !decoder->converted ||
        vt_resampler_new(&decoder->resampler) < 0) {
        vt_decoder_free(&decoder);
        return -ENOMEM;
    }
    *ret = decoder;
    return 0;
}

int vt_decode_warm_up(int threads)
{
    static const struct vt_access_unit units[] = {{.video = true}, {.video = false}};
    struct vt_decode_sink sink = {0};
    struct vt_decoder *decoder = NULL;
    int error = vt_decoder_new(&decoder, &sink, threads);
    if (!error)
        error = open_context(decoder, &decoder->video, &units[0]);
    if (!error)
        error = open_context(decoder, &decoder->audio, &units[1]);
    if (!error && (!decoder->video.context || !decoder->audio.context))
        error = -ENOTSUP;
    vt_decoder_free(&decoder);
    return error;
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
    sws_freeContext(d->sws);
    av_packet_free(&d->packet);
    av_frame_free(&d->frame);
    av_frame_free(&d->converted);
    free(d);
    *decoder = NULL;
}

void vt_decoder_stats(const struct vt_decoder *decoder, struct vt_decode_stats *ret)
{
    *ret = decoder->stats;
}

const char *vt_decoder_why(const struct vt_decoder *decoder)
{
    return decoder->why;
}
