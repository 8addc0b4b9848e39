#include "ingest/decode_sound.h"

#include <errno.h>
#include <libavutil/channel_layout.h>
#include <libswresample/swresample.h>
#include <stdlib.h>

#include "base/mediatime.h"
#include "ingest/codec_config.h"

#define RATE            48000
#define DRIFT_WEIGHT    32          // frames over which the drift is averaged
#define UPDATE          (RATE / 2)  // samples from one correction of the rate to the next
#define DISTANCE        (10 * RATE) // for which swresample is told a rate; long, so that it is fine
#define MILLION         1000000
#define RATE_MAX        5000        // millionths
#define GAIN            2           // what is off decays with this time constant, in seconds

struct vt_resampler {
    SwrContext *swr;
    AVChannelLayout layout;         // what swr was made for
    int format, rate;

    bool running;                   // origin_ns and given are set
    int64_t origin_ns, given;       // the next sample's time is origin + given / RATE
    int64_t drift_ns;               // average of what the packets' times are ahead
    bool correcting;
    int64_t updated;                // `given` when the rate was last corrected
    int64_t settled;                // the correction's lasting part, in millionths
    float out[2 * VT_RING_RUN_MAX];
};

int vt_resampler_new(struct vt_resampler **ret)
{
    struct vt_resampler *resampler = calloc(1, sizeof *resampler);
    if (!resampler)
        return -ENOMEM;
    *ret = resampler;
    return 0;
}

void vt_resampler_free(struct vt_resampler **resampler)
{
    if (!*resampler)
        return;
    swr_free(&(*resampler)->swr);
    av_channel_layout_uninit(&(*resampler)->layout);
    free(*resampler);
    *resampler = NULL;
}

static bool fits(const struct vt_resampler *resampler, const AVFrame *frame)
{
    return resampler->swr && resampler->format == frame->format && resampler->rate == frame->sample_rate &&
           av_channel_layout_compare(&resampler->layout, &frame->ch_layout) == 0;
}

static int open_swr(struct vt_resampler *resampler, const AVFrame *frame)
{
    AVChannelLayout stereo = AV_CHANNEL_LAYOUT_STEREO, layout = {0};
    SwrContext *swr = NULL;
    int error = av_channel_layout_copy(&layout, &frame->ch_layout);
    if (error >= 0 && layout.order == AV_CHANNEL_ORDER_UNSPEC)
        av_channel_layout_default(&layout, layout.nb_channels);
    if (error >= 0)
        error = swr_alloc_set_opts2(&swr, &stereo, AV_SAMPLE_FMT_FLT, RATE, &layout, frame->format,
                                    frame->sample_rate, 0, NULL);
    if (error >= 0)
        error = swr_init(swr);
    av_channel_layout_uninit(&layout);
    if (error < 0) {
        swr_free(&swr);
        return error == AVERROR(ENOMEM) ? -ENOMEM : -EINVAL;
    }
    swr_free(&resampler->swr);
    resampler->swr = swr;
    resampler->format = frame->format;
    resampler->rate = frame->sample_rate;
    av_channel_layout_uninit(&resampler->layout);
    return av_channel_layout_copy(&resampler->layout, &frame->ch_layout) < 0 ? -ENOMEM : 0;
}

static int64_t bounded(int64_t rate)
{
    return rate > RATE_MAX ? RATE_MAX : rate < -RATE_MAX ? -RATE_MAX : rate;
}

static int64_t next_ns(const struct vt_resampler *resampler)
{
    return resampler->origin_ns + vt_muldiv(resampler->given, VT_NS_PER_S, RATE);
}

// A controller with a lasting part: a steady drift leaves no error, and the rate never leaps.
static void correct(struct vt_resampler *resampler)
{
    if (!resampler->correcting && llabs(resampler->drift_ns) <= VT_DECODE_DRIFT_NS)
        return;
    if (resampler->given - resampler->updated < UPDATE)
        return;
    int64_t passed = resampler->correcting ? resampler->given - resampler->updated : 0;
    int64_t wanted = resampler->drift_ns / (1000 * GAIN);
    resampler->settled = bounded(resampler->settled + wanted * passed / (4 * GAIN * RATE));
    resampler->correcting = true;
    resampler->updated = resampler->given;
    int64_t rate = bounded(resampler->settled + wanted);
    // on failure the drift stays until it is a step
    (void)swr_set_compensation(resampler->swr, (int)(rate * DISTANCE / MILLION), DISTANCE);
}

// Compares the frame's time with the samples' count. `first_ns`: of the next sample that will come out.
static void follow(struct vt_resampler *resampler, int64_t first_ns)
{
    int64_t ahead_ns = first_ns - next_ns(resampler);
    if (!resampler->running || llabs(ahead_ns) > VT_DECODE_SOUND_STEP_NS) {
        resampler->running = true;
        resampler->origin_ns = first_ns;
        resampler->given = resampler->drift_ns = resampler->updated = 0;
        return;
    }
    resampler->drift_ns += (ahead_ns - resampler->drift_ns) / DRIFT_WEIGHT;
    correct(resampler);
}

static int give(struct vt_resampler *resampler, const uint8_t **in, int in_count, const struct vt_decode_sink *sink,
                int64_t *given)
{
    for (;;) {
        uint8_t *out[] = {(uint8_t *)resampler->out};
        int count = swr_convert(resampler->swr, out, VT_RING_RUN_MAX, in, in_count);
        if (count < 0)
            return -EINVAL;
        if (count == 0)
            return 0;
        int error = sink->samples(sink->opaque, next_ns(resampler), resampler->out, count);
        if (error < 0)
            return error;
        resampler->given += count;
        *given += count;
        if (count < VT_RING_RUN_MAX)
            return 0;
        in_count = 0;       // and `in` stays: NULL would end the stream
    }
}

int vt_resampler_put(struct vt_resampler *resampler, const AVFrame *frame, const struct vt_decode_sink *sink,
                     int64_t *given)
{
    if (frame->sample_rate < VT_AUDIO_RATE_MIN || frame->nb_samples < 1 || frame->ch_layout.nb_channels < 1)
        return -EINVAL;
    if (!fits(resampler, frame)) {
        int error = resampler->swr ? vt_resampler_flush(resampler, sink, given) : 0;
        if (!error)
            error = open_swr(resampler, frame);
        if (error < 0)
            return error;
    }
    follow(resampler, frame->pts - swr_get_delay(resampler->swr, VT_NS_PER_S));
    return give(resampler, (const uint8_t **)frame->extended_data, frame->nb_samples, sink, given);
}

int vt_resampler_flush(struct vt_resampler *resampler, const struct vt_decode_sink *sink, int64_t *given)
{
    if (!resampler->swr || !resampler->running)
        return 0;
    int error = give(resampler, NULL, 0, sink, given);
    resampler->running = false;
    swr_free(&resampler->swr);
    return error;
}
