// Publishers whose clocks run wrong, for an hour of media: their messages through timestamps, resampler and channel
// clock, and what is heard held against what is seen. Every sample says in its phase when it was taken.
#include <libavutil/channel_layout.h>
#include <libavutil/frame.h>

#include "check.h"
#include "ingest/decode_sound.h"
#include "ingest/timestamps.h"
#include "studio/clock.h"

#define MS    VT_NS_PER_MS
#define S     VT_NS_PER_S
#define FRAME 1024
#define TONE  5                          // Hz: a phase tells times apart within 200 ms

struct publisher {
    int video_ppm, audio_ppm;            // what its clocks are fast by
    bool counted;                        // sound is stamped by its count of samples, else by the picture's clock
    int late_ms;                         // jitter of the network
};

struct world {
    struct publisher publisher;
    struct vt_timestamps times;
    struct vt_resampler *resampler;
    struct vt_clock clock;
    uint32_t seed;
    int64_t now, tick, tick_ns;          // tick_ns: of the one that is shown
    int64_t taken[VT_CLOCK_QUEUE + 1];   // when the queued pictures were
    int queued, most_queued;
    int64_t shown;                       // when the picture on air was taken, -1: none
    int64_t heard_end, leaps, worst_skew;
    int64_t given;
};

static int64_t with_ppm(int64_t t, int ppm)
{
    return t + t / 1000000 * ppm + t % 1000000 * ppm / 1000000;
}

static void tick_until(struct world *w, int64_t now)
{
    for (; vt_frame_to_ns(w->tick, w->clock.rate) <= now; w->tick++) {
        int take = vt_clock_tick(&w->clock, w->tick);
        w->tick_ns = vt_frame_to_ns(w->tick, w->clock.rate);
        if (take == 0)
            continue;
        w->shown = w->taken[take - 1];
        w->queued -= take;
        memmove(w->taken, w->taken + take, (size_t)w->queued * sizeof w->taken[0]);
    }
}

static uint32_t stamp(int64_t ns)
{
    return (uint32_t)(77000 + (ns + MS / 2) / MS);
}

static void send_picture(struct world *w, int64_t taken)
{
    struct vt_times out;
    vt_timestamps_map(&w->times, VT_TIME_VIDEO, stamp(with_ppm(taken, w->publisher.video_ppm)), 0, w->now, &out);
    int dropped = vt_clock_frame(&w->clock, out.pts_ns, w->now);
    REQUIRE_INT(dropped, 0);
    w->taken[w->queued++] = taken;
    if (w->queued > w->most_queued)
        w->most_queued = w->queued;
}

// The sound that comes out, against the picture that is on at that time.
static int on_samples(void *opaque, int64_t pts_ns, const float *samples, int count)
{
    struct world *w = opaque;
    int64_t duration = vt_muldiv(count, S, 48000), at = vt_clock_sound(&w->clock, pts_ns, duration, w->now);
    if (w->heard_end && llabs(at - w->heard_end) > MS / 10)
        w->leaps++;
    w->heard_end = at + duration;
    if (w->shown < 0 || w->now < 2 * S)
        return 0;
    double phase = atan2(samples[1], samples[0]) / (2 * M_PI);
    double picture_delay = (double)(w->tick_ns - w->shown), period = (double)S / TONE;
    double sound = (double)at - phase * period;                  // the time that it was taken, but for whole periods
    double skew = remainder(sound - picture_delay, period);
    if (fabs(skew) > (double)w->worst_skew)
        w->worst_skew = (int64_t)fabs(skew);
    return 0;
}

static void send_sound(struct world *w, AVFrame *frame, int64_t first, double seconds_a_sample)
{
    float *left = (float *)(void *)frame->data[0], *right = (float *)(void *)frame->data[1];
    double angle = fmod((double)first * seconds_a_sample * TONE, 1) * 2 * M_PI;
    double step = seconds_a_sample * TONE * 2 * M_PI, c = cos(angle), s = sin(angle), dc = cos(step), ds = sin(step);
    for (int i = 0; i < FRAME; i++) {
        left[i] = (float)c, right[i] = (float)s;
        double next = c * dc - s * ds;
        s = s * dc + c * ds, c = next;
    }
    int64_t taken = (int64_t)((double)first * seconds_a_sample * 1e9);
    int64_t counted = vt_muldiv(first, S, 48000), stamped = with_ppm(taken, w->publisher.video_ppm);
    struct vt_times out;
    vt_timestamps_map(&w->times, VT_TIME_AUDIO, stamp(w->publisher.counted ? counted : stamped), 0, w->now, &out);
    frame->pts = out.pts_ns;
    struct vt_decode_sink sink = {.opaque = w, .samples = on_samples};
    REQUIRE_INT(vt_resampler_put(w->resampler, frame, &sink, &w->given), 0);
}

static AVFrame *new_sound(void)
{
    AVFrame *frame = av_frame_alloc();
    frame->format = AV_SAMPLE_FMT_FLTP;
    frame->nb_samples = FRAME;
    frame->sample_rate = 48000;
    frame->ch_layout = (AVChannelLayout)AV_CHANNEL_LAYOUT_STEREO;
    REQUIRE(av_frame_get_buffer(frame, 0) == 0);
    return frame;
}

static void arrive(struct world *w, int64_t taken)
{
    w->seed = w->seed * 1664525u + 1013904223u;
    int64_t at = taken + 300 * MS + (int64_t)(w->seed >> 16) % (w->publisher.late_ms * MS);
    if (at > w->now)
        w->now = at;
    tick_until(w, w->now);
}

static void run(struct world *w, const struct publisher *publisher, int64_t seconds)
{
    *w = (struct world){.publisher = *publisher, .seed = 11, .shown = -1};
    vt_clock_init(&w->clock, (struct vt_rational){30, 1}, 2 * S, 0, false);
    REQUIRE_INT(vt_resampler_new(&w->resampler), 0);
    AVFrame *frame = new_sound();
    double seconds_a_sample = 1 / (48000 * (1 + publisher->audio_ppm / 1e6));
    int64_t picture = 0, sound = 0;
    for (;;) {
        double picture_at = (double)picture / 30 / (1 + publisher->video_ppm / 1e6);
        double sound_at = (double)(sound + FRAME) * seconds_a_sample;
        if (picture_at >= (double)seconds)
            break;
        arrive(w, (int64_t)((picture_at < sound_at ? picture_at : sound_at) * 1e9));
        if (picture_at < sound_at) {
            send_picture(w, (int64_t)(picture_at * 1e9));
            picture++;
        } else {
            send_sound(w, frame, sound, seconds_a_sample);
            sound += FRAME;
        }
    }
    av_frame_free(&frame);
    vt_resampler_free(&w->resampler);
}

static void expect_together(const struct publisher *publisher, int64_t seconds)
{
    struct world w;
    run(&w, publisher, seconds);
    printf("# %+d and %+d ppm: apart %.1f ms at most, %d pictures wait at most, %" PRId64 " repeated, %" PRId64
           " left out, %" PRId64 " leaps of the sound\n", publisher->video_ppm, publisher->audio_ppm,
           (double)w.worst_skew / 1e6, w.most_queued, w.clock.repeated, w.clock.skipped, w.leaps);
    REQUIRE(w.worst_skew < 40 * MS);
    REQUIRE(w.most_queued <= 5);
    REQUIRE_INT(w.leaps, 0);
    REQUIRE_INT(w.clock.anchors, 1);
    int64_t off = seconds * 30 * llabs(publisher->video_ppm) / 1000000;      // pictures more or fewer than ticks
    REQUIRE_NEAR(w.clock.repeated + w.clock.skipped, off, 8);
}

TEST(an_hour_with_clocks_that_are_fast)
{
    expect_together(&(struct publisher){3000, 3000, true, 5}, 3600);
}

TEST(an_hour_with_clocks_that_are_slow)
{
    expect_together(&(struct publisher){-3000, -3000, true, 5}, 3600);
}

TEST(a_sound_card_that_is_fast_or_slow_alone)
{
    expect_together(&(struct publisher){0, 3000, true, 5}, 600);
    expect_together(&(struct publisher){0, -3000, true, 5}, 600);
    expect_together(&(struct publisher){0, 3000, false, 5}, 600);
    expect_together(&(struct publisher){0, -3000, false, 5}, 600);
}

TEST(clocks_that_are_right)
{
    expect_together(&(struct publisher){0, 0, true, 5}, 300);
}

int main(void)
{
    RUN(an_hour_with_clocks_that_are_fast);
    RUN(an_hour_with_clocks_that_are_slow);
    RUN(a_sound_card_that_is_fast_or_slow_alone);
    RUN(clocks_that_are_right);
    return DONE();
}
