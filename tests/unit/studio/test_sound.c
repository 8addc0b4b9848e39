#include "check.h"

#include <errno.h>
#include <libavcodec/avcodec.h>

#include "studio/sound.h"

#define LENGTH (4 * VT_SAMPLE_RATE)

// What came out again: the decoded timeline, from sample `from` on.
struct heard {
    float samples[LENGTH + 8 * VT_SOUND_FRAME][2];
    int64_t from, to;
};

static struct heard heard;
static float input[LENGTH][2];

// Collects everything, checks the cadence and decodes it with the AudioSpecificConfig alone.
static void listen(struct vt_sound *sound, int64_t from)
{
    size_t size;
    const uint8_t *config = vt_sound_config(sound, &size);
    AVCodecContext *c = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_AAC));
    c->extradata = av_mallocz(size + AV_INPUT_BUFFER_PADDING_SIZE);
    memcpy(c->extradata, config, size);
    c->extradata_size = (int)size;
    REQUIRE_INT(avcodec_open2(c, c->codec, NULL), 0);
    AVPacket *packet = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();
    struct vt_packet p;
    memset(&heard, 0, sizeof heard);
    heard.from = heard.to = from;
    while (vt_sound_collect(sound, &p)) {
        REQUIRE_INT(p.dts, heard.to);
        REQUIRE_INT(p.pts, p.dts);
        REQUIRE_INT(p.duration, VT_SOUND_FRAME);
        REQUIRE(p.key);
        av_new_packet(packet, (int)p.size);
        memcpy(packet->data, p.data, p.size);
        REQUIRE_INT(avcodec_send_packet(c, packet), 0);
        av_packet_unref(packet);
        REQUIRE_INT(avcodec_receive_frame(c, frame), 0);
        REQUIRE_INT(frame->nb_samples, VT_SOUND_FRAME);
        REQUIRE_INT(frame->sample_rate, VT_SAMPLE_RATE);
        REQUIRE_INT(frame->ch_layout.nb_channels, 2);
        for (int k = 0; k < VT_SOUND_FRAME; k++)
            for (int i = 0; i < 2; i++)
                heard.samples[heard.to - from + k][i] = ((float *)(void *)frame->extended_data[i])[k];
        heard.to += VT_SOUND_FRAME;
    }
    av_frame_free(&frame);
    av_packet_free(&packet);
    avcodec_free_context(&c);
}

static struct vt_sound *sound_from(int64_t first)
{
    struct vt_sound *sound;
    REQUIRE_INT(vt_sound_new(&sound, 128000, first), 0);
    return sound;
}

static void tone(double level)
{
    for (int k = 0; k < LENGTH; k++) {
        input[k][0] = (float)(level * sin(k * 2 * M_PI * 440 / VT_SAMPLE_RATE));
        input[k][1] = (float)(level * sin(k * 2 * M_PI * 660 / VT_SAMPLE_RATE));
    }
}

static double level_of(int64_t from, int64_t to)
{
    double most = 0;
    for (int64_t k = from; k < to; k++)
        for (int i = 0; i < 2; i++)
            most = fmax(most, fabs((double)heard.samples[k - heard.from][i]));
    return most;
}

// The largest step between two samples: a click has one that the tone has not.
static double step_of(int64_t from, int64_t to)
{
    double most = 0;
    for (int64_t k = from + 1; k < to; k++)
        for (int i = 0; i < 2; i++)
            most = fmax(most, fabs((double)heard.samples[k - heard.from][i] -
                                   (double)heard.samples[k - 1 - heard.from][i]));
    return most;
}

TEST(a_click_stays_where_it_was_put)
{
    static const int64_t places[] = {5000, 30001, 77777, 100352};
    for (int64_t first = 0; first <= 48 * 1024; first += 48 * 1024) {
        struct vt_sound *sound = sound_from(first);
        memset(input, 0, sizeof input);
        for (int i = 0; i < 4; i++)
            input[places[i]][0] = input[places[i]][1] = 0.9f;
        for (int k = 0; k < LENGTH; k += 960) {
            REQUIRE_INT(vt_sound_put(sound, first + k, input[k], 960), 0);
            REQUIRE_INT(vt_sound_advance(sound, first + k + 960), 0);
        }
        listen(sound, first);
        REQUIRE(heard.to - first >= LENGTH - VT_SOUND_DELAY - VT_SOUND_FRAME);
        for (int i = 0; i < 4; i++) {
            int64_t loudest = places[i] - 2000;
            for (int64_t k = loudest; k < places[i] + 2000; k++)
                if (fabsf(heard.samples[k][0]) > fabsf(heard.samples[loudest][0]))
                    loudest = k;
            REQUIRE_NEAR(loudest, places[i], 2);
        }
        REQUIRE_INT(vt_sound_dropped(sound), 0);
        vt_sound_free(&sound);
    }
}

TEST(what_comes_out_sounds_like_what_went_in)
{
    struct vt_sound *sound = sound_from(0);
    tone(0.5);
    REQUIRE_INT(vt_sound_put(sound, 0, input[0], LENGTH), 0);
    REQUIRE_INT(vt_sound_advance(sound, LENGTH), 0);
    listen(sound, 0);
    double signal = 0, noise = 0;
    for (int k = 4096; k < heard.to; k++)
        for (int i = 0; i < 2; i++) {
            signal += input[k][i] * input[k][i];
            noise += pow(input[k][i] - heard.samples[k][i], 2);
        }
    REQUIRE(10 * log10(signal / noise) > 20);
    vt_sound_free(&sound);
}

TEST(a_gap_is_silent_and_does_not_click)
{
    // Known before it is encoded, and learnt only when the sound before it is encoded already.
    for (int late = 0; late < 2; late++) {
        struct vt_sound *sound = sound_from(0);
        tone(0.5);
        REQUIRE_INT(vt_sound_put(sound, 0, input[0], 50109), 0);
        if (late)
            REQUIRE_INT(vt_sound_advance(sound, 90000), 0);
        REQUIRE_INT(vt_sound_put(sound, 100000, input[100000], LENGTH - 100000), 0);
        REQUIRE_INT(vt_sound_advance(sound, LENGTH), 0);
        listen(sound, 0);
        REQUIRE_NEAR(level_of(20000, 48000), 0.55, 0.15);
        REQUIRE(level_of(50109 + 480 + 2048, 100000 - 2048) < 0.001);
        REQUIRE_NEAR(level_of(102000, 120000), 0.55, 0.15);
        double steady = step_of(20000, 40000);
        REQUIRE(step_of(45000, 55000) < 1.5 * steady);
        REQUIRE(step_of(95000, 105000) < 1.5 * steady);
        REQUIRE_INT(vt_sound_dropped(sound), 0);
        vt_sound_free(&sound);
    }
}

TEST(short_gaps_are_bridged)
{
    struct vt_sound *sound = sound_from(0);
    tone(0.5);
    for (int k = 0; k + 1024 <= LENGTH; k += 1024)       // 30 samples short each time
        REQUIRE_INT(vt_sound_put(sound, k, input[k], 994), 0);
    REQUIRE_INT(vt_sound_advance(sound, LENGTH), 0);
    listen(sound, 0);
    double signal = 0, noise = 0;
    for (int k = 4096; k < heard.to - 1024; k++) {
        signal += input[k][0] * input[k][0];
        noise += pow(input[k][0] - heard.samples[k][0], 2);
    }
    REQUIRE(10 * log10(signal / noise) > 20);
    vt_sound_free(&sound);
}

TEST(sound_ends_and_begins_without_a_publisher)
{
    struct vt_sound *sound = sound_from(0);
    REQUIRE_INT(vt_sound_advance(sound, LENGTH), 0);
    listen(sound, 0);
    REQUIRE_INT(heard.to, LENGTH / VT_SOUND_FRAME * VT_SOUND_FRAME - VT_SOUND_DELAY);
    REQUIRE(level_of(0, heard.to) < 1e-6);
    vt_sound_free(&sound);
}

TEST(overlaps_and_late_samples_are_dropped_and_counted)
{
    struct vt_sound *sound = sound_from(0);
    tone(0.5);
    REQUIRE_INT(vt_sound_put(sound, 0, input[0], 10000), 0);
    static float loud[2000][2];
    for (int k = 0; k < 2000; k++)
        loud[k][0] = loud[k][1] = 1;
    REQUIRE_INT(vt_sound_put(sound, 4000, loud[0], 2000), 0);
    REQUIRE_INT(vt_sound_dropped(sound), 2000);
    REQUIRE_INT(vt_sound_put(sound, 9000, input[9000], 10000), 0);
    REQUIRE_INT(vt_sound_dropped(sound), 3000);
    REQUIRE_INT(vt_sound_advance(sound, 30000), 0);
    REQUIRE_INT(vt_sound_put(sound, 27000, loud[0], 2000), 0);
    REQUIRE_INT(vt_sound_dropped(sound), 5000);
    REQUIRE_INT(vt_sound_put(sound, -100000, loud[0], 2000), 0);
    REQUIRE_INT(vt_sound_put(sound, INT64_MIN, loud[0], 2000), 0);
    REQUIRE_INT(vt_sound_dropped(sound), 9000);
    REQUIRE_INT(vt_sound_advance(sound, 60000), 0);
    listen(sound, 0);
    REQUIRE(level_of(4096, 60000 - 4096) < 0.75);
    vt_sound_free(&sound);
}

TEST(the_room_ahead_has_an_end)
{
    struct vt_sound *sound = sound_from(0);
    tone(0.5);
    REQUIRE_INT(vt_sound_put(sound, VT_SOUND_AHEAD - 1000, input[0], 1001), -ENOBUFS);
    REQUIRE_INT(vt_sound_put(sound, INT64_MAX, input[0], 1), -ENOBUFS);
    REQUIRE_INT(vt_sound_put(sound, 0, input[0], VT_SOUND_AHEAD + 1), -ENOBUFS);
    REQUIRE_INT(vt_sound_put(sound, 0, input[0], -1), -EINVAL);
    REQUIRE_INT(vt_sound_put(sound, VT_SOUND_AHEAD - 1000, input[0], 1000), 0);
    REQUIRE_INT(vt_sound_dropped(sound), 0);
    // All of it is still there afterwards: silence, then the samples.
    struct vt_packet packet;
    REQUIRE_INT(vt_sound_advance(sound, VT_SOUND_AHEAD + VT_SOUND_DELAY), 0);
    int64_t next = 0;
    size_t quiet = 0, last = 0;
    for (; vt_sound_collect(sound, &packet); next += VT_SOUND_FRAME) {
        REQUIRE_INT(packet.dts, next);
        quiet = next == VT_SOUND_AHEAD / 2 / VT_SOUND_FRAME * VT_SOUND_FRAME ? packet.size : quiet;
        last = packet.size;
    }
    REQUIRE(next > VT_SOUND_AHEAD - VT_SOUND_FRAME);
    REQUIRE(last > 4 * quiet);
    vt_sound_free(&sound);
}

TEST(what_is_not_a_number_is_silence)
{
    struct vt_sound *sound = sound_from(0);
    for (int k = 0; k < LENGTH; k++) {
        input[k][0] = k % 3 ? NAN : INFINITY;
        input[k][1] = k % 3 ? 1e30f : -1e30f;
    }
    REQUIRE_INT(vt_sound_put(sound, 0, input[0], LENGTH), 0);
    REQUIRE_INT(vt_sound_advance(sound, LENGTH), 0);
    listen(sound, 0);
    REQUIRE(heard.to > LENGTH - 4 * VT_SOUND_FRAME);
    vt_sound_free(&sound);
}

TEST(bit_rates_have_limits)
{
    struct vt_sound *sound = NULL;
    REQUIRE_INT(vt_sound_new(&sound, VT_SOUND_BITRATE_MIN - 1, 0), -EINVAL);
    REQUIRE_INT(vt_sound_new(&sound, VT_SOUND_BITRATE_MAX + 1, 0), -EINVAL);
    REQUIRE_INT(vt_sound_new(&sound, 128000, -1), -EINVAL);
    REQUIRE(!sound);
    vt_sound_free(&sound);
    REQUIRE_INT(vt_sound_new(&sound, VT_SOUND_BITRATE_MIN, 0), 0);
    vt_sound_free(&sound);
    REQUIRE_INT(vt_sound_new(&sound, VT_SOUND_BITRATE_MAX, 0), 0);
    vt_sound_free(&sound);
}

int main(void)
{
    av_log_set_level(AV_LOG_QUIET);
    RUN(a_click_stays_where_it_was_put);
    RUN(what_comes_out_sounds_like_what_went_in);
    RUN(a_gap_is_silent_and_does_not_click);
    RUN(short_gaps_are_bridged);
    RUN(sound_ends_and_begins_without_a_publisher);
    RUN(overlaps_and_late_samples_are_dropped_and_counted);
    RUN(the_room_ahead_has_an_end);
    RUN(what_is_not_a_number_is_silence);
    RUN(bit_rates_have_limits);
    return DONE();
}
