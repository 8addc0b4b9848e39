// What real encoders make, packaged, and decoded again from the packager's bytes alone.
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>
#include <sys/stat.h>

#include "shelf.h"

#define SECONDS 10

static AVCodecContext *open_video(struct vt_rational rate, int bframes)
{
    AVCodecContext *c = avcodec_alloc_context3(avcodec_find_encoder_by_name("libx264"));
    REQUIRE(c);
    c->width = 320;
    c->height = 180;
    c->pix_fmt = AV_PIX_FMT_YUV420P;
    c->time_base = (AVRational){rate.den, rate.num};
    c->framerate = (AVRational){rate.num, rate.den};
    c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    c->gop_size = 1000;
    c->max_b_frames = bframes;
    c->bit_rate = 300000;
    c->thread_count = 1;
    av_opt_set(c->priv_data, "preset", "ultrafast", 0);
    av_opt_set(c->priv_data, "forced-idr", "1", 0);
    av_opt_set(c->priv_data, "x264-params", "annexb=0:scenecut=0:b-adapt=0", 0);
    REQUIRE(avcodec_open2(c, NULL, NULL) == 0);
    return c;
}

static AVCodecContext *open_audio(void)
{
    AVCodecContext *c = avcodec_alloc_context3(avcodec_find_encoder(AV_CODEC_ID_AAC));
    REQUIRE(c);
    c->sample_rate = 48000;
    c->sample_fmt = AV_SAMPLE_FMT_FLTP;
    c->bit_rate = 96000;
    c->time_base = (AVRational){1, 48000};
    c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    av_opt_set(c, "channel_layout", "stereo", 0);
#if LIBAVCODEC_VERSION_MAJOR >= 59
    av_channel_layout_default(&c->ch_layout, 2);
#endif
    REQUIRE(avcodec_open2(c, NULL, NULL) == 0);
    return c;
}

// libx264's extradata are SPS and PPS, each after its length; avcC counts them.
static size_t make_avcc(const AVCodecContext *c, uint8_t out[512])
{
    const uint8_t *at = c->extradata, *end = at + c->extradata_size;
    size_t size = 6;
    memcpy(out, (uint8_t[]){1, at[5], at[6], at[7], 0xFF, 0xE1}, 6);
    while (end - at > 4) {
        size_t length = (size_t)at[2] << 8 | at[3];
        if ((at[4] & 31) == 8)
            out[size++] = 1;
        if ((at[4] & 31) == 7 || (at[4] & 31) == 8) {
            memcpy(out + size, at + 2, length + 2);
            size += length + 2;
        }
        at += 4 + length;
    }
    return size;
}

static void feed(AVCodecContext *c, AVFrame *frame, struct vt_packager *p, int track)
{
    AVPacket *packet = av_packet_alloc();
    REQUIRE(avcodec_send_frame(c, frame) == 0);
    while (avcodec_receive_packet(c, packet) == 0) {
        struct vt_packet given = {packet->data, (size_t)packet->size, packet->dts, packet->pts,
                                  track == 0 ? 1 : 1024, packet->flags & AV_PKT_FLAG_KEY};
        REQUIRE_INT(vt_packager_packet(p, track, &given), 0);
        av_packet_unref(packet);
    }
    av_packet_free(&packet);
}

static AVFrame *picture(const AVCodecContext *c, int64_t n)
{
    AVFrame *frame = av_frame_alloc();
    frame->width = c->width;
    frame->height = c->height;
    frame->format = c->pix_fmt;
    REQUIRE(av_frame_get_buffer(frame, 0) == 0);
    for (int plane = 0; plane < 3; plane++)
        for (int y = 0; y < (plane ? c->height / 2 : c->height); y++)
            for (int x = 0; x < frame->linesize[plane]; x++)
                frame->data[plane][y * frame->linesize[plane] + x] = (uint8_t)(x + y * (plane + 1) + 3 * n);
    frame->pts = n;
    return frame;
}

static AVFrame *sound(const AVCodecContext *c, int64_t pts)
{
    AVFrame *frame = av_frame_alloc();
    frame->nb_samples = 1024;
    frame->format = c->sample_fmt;
    frame->sample_rate = c->sample_rate;
    av_channel_layout_default(&frame->ch_layout, 2);
    REQUIRE(av_frame_get_buffer(frame, 0) == 0);
    for (int channel = 0; channel < 2; channel++)
        for (int i = 0; i < 1024; i++)
            ((float *)frame->data[channel])[i] = (float)(0.3 * sin((double)(pts + i) * 0.05));
    frame->pts = pts;
    return frame;
}

static void package(struct shelf *shelf, struct vt_rational rate, int bframes)
{
    AVCodecContext *video = open_video(rate, bframes), *audio = open_audio();
    struct vt_track tracks[2] = {shelf_tracks[0], shelf_tracks[1]};
    uint8_t avcc[512];
    tracks[0].config = avcc;
    tracks[0].config_size = make_avcc(video, avcc);
    tracks[0].width = 320;
    tracks[0].height = 180;
    tracks[1].config = audio->extradata;
    tracks[1].config_size = (size_t)audio->extradata_size;
    struct vt_packager_params params = shelf_params(shelf);
    params.rate = rate;
    params.tracks = tracks;
    struct vt_packager *p = NULL;
    REQUIRE_INT(vt_packager_new(&p, &params), 0);

    struct vt_cue cue = {.id = "c1", .rev = 1, .op = VT_CUE_START, .frame = 40, .end_frame = INT64_MAX,
                         .lease_frame = 300, .template = "card@1.0.0"};
    int64_t frames = SECONDS * (int64_t)rate.num / rate.den, sample = -1024;
    for (int64_t n = 0; n < frames; n++) {
        if (n == 20)
            REQUIRE_INT(vt_packager_cue(p, &cue, NULL, 0), 0);
        AVFrame *frame = picture(video, n);
        if (vt_segment_frame(&params, vt_segment_of(&params, n)) == n)
            frame->pict_type = AV_PICTURE_TYPE_I;
        feed(video, frame, p, 0);
        av_frame_free(&frame);
        for (; sample < vt_muldiv(n + 1, INT64_C(48000) * rate.den, rate.num); sample += 1024) {
            frame = sound(audio, sample);
            feed(audio, frame, p, 1);
            av_frame_free(&frame);
        }
    }
    feed(video, NULL, p, 0);
    feed(audio, NULL, p, 1);
    REQUIRE_INT(vt_packager_finish(p), 0);
    vt_packager_free(&p);
    avcodec_free_context(&video);
    avcodec_free_context(&audio);
}

struct bytes {
    uint8_t *data;
    size_t size, at;
};

static int read_bytes(void *opaque, uint8_t *out, int size)
{
    struct bytes *bytes = opaque;
    size_t left = bytes->size - bytes->at, n = left < (size_t)size ? left : (size_t)size;
    memcpy(out, bytes->data + bytes->at, n);
    bytes->at += n;
    return n ? (int)n : AVERROR_EOF;
}

// The init segment and segments [first, last] of a track, back to back.
static struct bytes join(struct shelf *shelf, const char *track, int first, int last)
{
    struct bytes bytes = {0};
    for (int i = first - 1; i <= last; i++) {
        char name[100];
        if (i < first)
            snprintf(name, sizeof name, "%s-init.mp4", track);
        else
            snprintf(name, sizeof name, "%s-%d.m4s", track, i);
        struct shelf_file *file = shelf_find(shelf, name);
        REQUIRE(file);
        bytes.data = realloc(bytes.data, bytes.size + file->size);
        memcpy(bytes.data + bytes.size, file->data, file->size);
        bytes.size += file->size;
    }
    return bytes;
}

struct played {
    int64_t frames, first_pts, last_pts;
    AVRational time_base;
    int width, height, channels_rate;
};

// Demuxes and decodes; every packet must decode, and frames must come one unit apart.
static struct played play(struct bytes *bytes, int64_t step)
{
    AVFormatContext *format = avformat_alloc_context();
    format->pb = avio_alloc_context(av_malloc(4096), 4096, 0, bytes, read_bytes, NULL, NULL);
    REQUIRE(avformat_open_input(&format, NULL, NULL, NULL) == 0);
    REQUIRE(avformat_find_stream_info(format, NULL) >= 0);
    REQUIRE_INT(format->nb_streams, 1);
    AVCodecParameters *parameters = format->streams[0]->codecpar;
    AVCodecContext *c = avcodec_alloc_context3(avcodec_find_decoder(parameters->codec_id));
    avcodec_parameters_to_context(c, parameters);
    c->err_recognition = AV_EF_EXPLODE;
    c->thread_count = 1;
    REQUIRE(avcodec_open2(c, NULL, NULL) == 0);
    struct played played = {.time_base = format->streams[0]->time_base, .width = c->width, .height = c->height,
                            .channels_rate = c->sample_rate};
    AVPacket *packet = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();
    bool ended = false;
    while (!ended) {
        ended = av_read_frame(format, packet) < 0;
        REQUIRE(avcodec_send_packet(c, ended ? NULL : packet) == 0);
        av_packet_unref(packet);
        while (avcodec_receive_frame(c, frame) == 0) {
            if (played.frames++ == 0)
                played.first_pts = frame->pts;
            else
                REQUIRE_INT(frame->pts, played.last_pts + step);
            played.last_pts = frame->pts;
        }
    }
    av_packet_free(&packet);
    av_frame_free(&frame);
    avcodec_free_context(&c);
    av_free(format->pb->buffer);
    avio_context_free(&format->pb);
    avformat_close_input(&format);
    free(bytes->data);
    return played;
}

// With SHELF_OUT set, leaves the files there for other players to try.
static void keep(struct shelf *shelf, const char *name)
{
    const char *out = getenv("SHELF_OUT");
    char path[4096];
    if (!out)
        return;
    snprintf(path, sizeof path, "%s/%s", out, name);
    mkdir(path, 0777);
    for (int i = 0; i < shelf->count; i++) {
        snprintf(path, sizeof path, "%s/%s/%s", out, name, shelf->files[i].name);
        FILE *file = fopen(path, "wb");
        REQUIRE(file && fwrite(shelf->files[i].data, 1, shelf->files[i].size, file) == shelf->files[i].size);
        fclose(file);
    }
}

static void check_rate(struct vt_rational rate, int bframes, const char *name)
{
    static struct shelf shelf;
    package(&shelf, rate, bframes);
    keep(&shelf, name);
    int last = (int)shelf.ready;
    int64_t step = (int64_t)vt_video_timescale(rate) * rate.den / rate.num;
    REQUIRE(last >= 5 && last <= 6);

    struct bytes bytes = join(&shelf, "720p", 1, last);
    struct played video = play(&bytes, step);
    REQUIRE_INT(video.frames, SECONDS * (int64_t)rate.num / rate.den);
    REQUIRE_INT(video.first_pts, 0);
    REQUIRE_INT(video.time_base.den, vt_video_timescale(rate));
    REQUIRE_INT(video.width, 320);

    // Any segment plays by itself after the init segment, from its own time.
    bytes = join(&shelf, "720p", 3, 3);
    video = play(&bytes, step);
    struct vt_packager_params params = shelf_params(&shelf);
    params.rate = rate;
    REQUIRE_INT(video.first_pts, vt_segment_frame(&params, 2) * step);
    REQUIRE_INT(video.frames, vt_segment_frame(&params, 3) - vt_segment_frame(&params, 2));

    bytes = join(&shelf, "audio", 1, 5);
    struct played audio = play(&bytes, 1024);
    REQUIRE_INT(audio.first_pts, 0);
    REQUIRE_INT(audio.channels_rate, 48000);
    REQUIRE(audio.frames >= SECONDS * 48000 / 1024 - 1);
    shelf_clear(&shelf);
}

TEST(plays_at_30)           { check_rate((struct vt_rational){30, 1}, 0, "30"); }
TEST(plays_at_25_reordered) { check_rate((struct vt_rational){25, 1}, 2, "25"); }
TEST(plays_at_29_97)        { check_rate((struct vt_rational){30000, 1001}, 2, "29.97"); }
TEST(plays_at_59_94)        { check_rate((struct vt_rational){60000, 1001}, 0, "59.94"); }

int main(void)
{
    av_log_set_level(AV_LOG_ERROR);
    RUN(plays_at_30);
    RUN(plays_at_25_reordered);
    RUN(plays_at_29_97);
    RUN(plays_at_59_94);
    return DONE();
}
