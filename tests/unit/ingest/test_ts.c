// MPEG-TS that libavformat writes, through a socket as gate srt has it.
#include <errno.h>
#include <libavformat/avformat.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "encoders.h"
#include "ingest/ts_publisher.h"

#define PICTURES 50
#define FRAMES   94                      // of sound: two seconds

static struct stream video, audio;
static uint8_t *ts;
static int ts_size;

static void encode(void)
{
    encode_video(&video, &(struct video_options){.width = 160, .height = 96, .pictures = PICTURES, .b_frames = 2,
                                                 .key_every = 25, .format = AV_PIX_FMT_YUV420P});
    encode_audio(&audio, 48000, 2, FRAMES);
}

static AVStream *add_stream(AVFormatContext *mux, const struct stream *from)
{
    AVStream *stream = avformat_new_stream(mux, NULL);
    avcodec_parameters_from_context(stream->codecpar, from->context);
    av_freep(&stream->codecpar->extradata);
    stream->codecpar->extradata = av_mallocz(from->config_size + AV_INPUT_BUFFER_PADDING_SIZE);
    if (from->config_size > 0)
        memcpy(stream->codecpar->extradata, from->config, from->config_size);
    stream->codecpar->extradata_size = (int)from->config_size;
    return stream;
}

static void write_packets(AVFormatContext *mux, const struct stream *from, AVStream *stream)
{
    AVPacket *packet = av_packet_alloc();
    bool is_video = from->context->codec_type == AVMEDIA_TYPE_VIDEO;
    AVRational base = is_video ? from->context->time_base : (AVRational){1, from->context->sample_rate};
    for (int i = 0; i < from->count; i++) {
        av_packet_ref(packet, from->packets[i]);
        av_packet_rescale_ts(packet, base, stream->time_base);
        packet->stream_index = stream->index;
        REQUIRE(av_interleaved_write_frame(mux, packet) == 0);
    }
    av_packet_free(&packet);
}

static void make_ts(const struct stream *sound)
{
    AVFormatContext *mux = NULL;
    REQUIRE(avformat_alloc_output_context2(&mux, NULL, "mpegts", NULL) >= 0);
    REQUIRE(avio_open_dyn_buf(&mux->pb) == 0);
    AVStream *first = add_stream(mux, &video), *second = add_stream(mux, sound);
    REQUIRE(avformat_write_header(mux, NULL) >= 0);
    write_packets(mux, &video, first);
    write_packets(mux, sound, second);
    REQUIRE(av_write_trailer(mux) == 0);
    ts_size = avio_close_dyn_buf(mux->pb, &ts);
    avformat_free_context(mux);
}

static int give(const uint8_t *data, int size)
{
    int ends[2];
    REQUIRE_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &(int){4 << 20}, sizeof(int));
    REQUIRE_INT(send(ends[0], data, (size_t)size, MSG_DONTWAIT | MSG_NOSIGNAL), size);
    close(ends[0]);
    return ends[1];
}

static char why[VT_TS_WHY_ROOM];

// The next unit, or what ended the source.
static int next(struct vt_ts_source *source, struct vt_ts_unit **unit)
{
    for (;;) {
        int got = vt_ts_source_take(source, unit, why);
        if (got)
            return got;
        REQUIRE_INT(poll(&(struct pollfd){.fd = vt_ts_source_fd(source), .events = POLLIN}, 1, 20000), 1);
    }
}

TEST(gives_units_with_their_times)
{
    struct vt_ts_source *source = NULL;
    struct vt_ts_unit *unit;
    int pictures = 0, frames = 0, keys = 0, got;
    uint64_t first[2] = {0}, last[2] = {0};
    REQUIRE_INT(vt_ts_source_new(&source, give(ts, ts_size)), 0);
    while ((got = next(source, &unit)) == 1) {
        int *count = unit->video ? &pictures : &frames;
        if ((*count)++ == 0)
            first[unit->video] = unit->dts;
        else
            REQUIRE_NEAR((double)(unit->dts - last[unit->video]), unit->video ? 3600 : 1920, 1);
        REQUIRE_TEXT(unit->codec_name, unit->video ? "H.264" : "AAC");
        REQUIRE(unit->pts >= unit->dts);
        last[unit->video] = unit->dts;
        keys += unit->video && unit->key;
        if (pictures == 1 && unit->video)
            REQUIRE(unit->key);
        free(unit);
    }
    REQUIRE_INT(got, -EPIPE);
    REQUIRE_INT(pictures, PICTURES);
    REQUIRE_INT(frames, audio.count);
    REQUIRE_INT(keys, 2);
    REQUIRE_NEAR((double)(int64_t)(first[1] - first[0]), 0, 9000);
    struct vt_ts_stats stats;
    vt_ts_source_stats(source, &stats);
    REQUIRE_INT(stats.bytes, ts_size);
    REQUIRE_INT(stats.damaged, 0);
    vt_ts_source_free(&source);
}

TEST(drops_what_a_hole_has_damaged)
{
    struct vt_ts_source *source = NULL;
    struct vt_ts_unit *unit;
    struct vt_ts_stats stats;
    int units = 0, cut = ts_size / 188 / 2 * 188;
    memmove(ts + cut, ts + cut + 376, (size_t)(ts_size - cut - 376));
    REQUIRE_INT(vt_ts_source_new(&source, give(ts, ts_size - 376)), 0);
    while (next(source, &unit) == 1) {
        units++;
        free(unit);
    }
    vt_ts_source_stats(source, &stats);
    REQUIRE(stats.damaged >= 1 && stats.damaged <= 8);
    REQUIRE(units > PICTURES + audio.count - 12);
    vt_ts_source_free(&source);
}

TEST(refuses_other_bytes)
{
    struct vt_ts_source *source = NULL;
    struct vt_ts_unit *unit;
    static uint8_t junk[200000];
    uint32_t seed = 1;
    for (size_t i = 0; i < sizeof junk; i++)
        junk[i] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24) & 0x3f;      // no 0x47 in it
    REQUIRE_INT(vt_ts_source_new(&source, give(junk, sizeof junk)), 0);
    REQUIRE(next(source, &unit) < 0);
    vt_ts_source_free(&source);
    REQUIRE_INT(vt_ts_source_new(&source, give(junk, 0)), 0);
    REQUIRE_INT(next(source, &unit), -EPIPE);
    vt_ts_source_free(&source);
}

TEST(can_be_freed_at_any_time)
{
    for (int size = 0; size < ts_size; size += ts_size / 5) {
        int ends[2];
        struct vt_ts_source *source = NULL;
        REQUIRE_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &(int){4 << 20}, sizeof(int));
        REQUIRE_INT(send(ends[0], ts, (size_t)size, MSG_DONTWAIT), size);
        REQUIRE_INT(vt_ts_source_new(&source, ends[1]), 0);
        vt_ts_source_free(&source);
        close(ends[0]);
    }
}

static int shown, sounded;

static int count_frame(void *opaque, const AVFrame *frame)
{
    shown++;
    return 0;
}

static int count_samples(void *opaque, int64_t pts_ns, const float *interleaved, int count)
{
    sounded += count;
    return 0;
}

TEST(decodes_all_of_it)
{
    struct vt_ts_publisher *publisher = NULL;
    struct vt_decode_sink sink = {.frame = count_frame, .samples = count_samples};
    struct vt_publisher_status status;
    int64_t bytes, now_ns = 0;
    int result;
    REQUIRE_INT(vt_ts_publisher_new(&publisher, give(ts, ts_size), &sink, 1), 0);
    while ((result = vt_ts_publisher_run(publisher, now_ns)) == 0) {
        int64_t due_ns = vt_ts_publisher_due(publisher);
        if (due_ns < INT64_MAX)
            now_ns = due_ns;             // nobody waits here
        else
            REQUIRE_INT(poll(&(struct pollfd){.fd = vt_ts_publisher_fd(publisher), .events = POLLIN}, 1, 20000), 1);
    }
    REQUIRE_INT(result, 1);
    REQUIRE_INT(vt_ts_publisher_flush(publisher), 0);
    vt_ts_publisher_status(publisher, &status, &bytes);
    REQUIRE_INT(shown, PICTURES);
    REQUIRE(sounded > (audio.count - 2) * 1024);
    REQUIRE_INT(status.errors, 0);
    REQUIRE_INT(bytes, ts_size);
    REQUIRE_TEXT(status.video, "H.264");
    vt_ts_publisher_free(&publisher);
}

static void encode_mp2(struct stream *s)
{
    memset(s, 0, sizeof *s);
    AVCodecContext *c = s->context = avcodec_alloc_context3(avcodec_find_encoder(AV_CODEC_ID_MP2));
    c->sample_rate = 48000, c->sample_fmt = AV_SAMPLE_FMT_S16, c->bit_rate = 128000;
    av_channel_layout_default(&c->ch_layout, 2);
    REQUIRE(avcodec_open2(c, NULL, NULL) == 0);
    AVFrame *frame = av_frame_alloc();
    for (int i = 0; i < 40; i++) {
        frame->nb_samples = c->frame_size, frame->format = c->sample_fmt, frame->sample_rate = 48000;
        av_channel_layout_copy(&frame->ch_layout, &c->ch_layout);
        REQUIRE(av_frame_get_buffer(frame, 0) == 0);
        memset(frame->data[0], 0, (size_t)frame->linesize[0]);
        frame->pts = (int64_t)i * c->frame_size;
        REQUIRE(avcodec_send_frame(c, frame) == 0);
        av_frame_unref(frame);
        stream_take(s);
    }
    av_frame_free(&frame);
}

TEST(names_what_it_cannot_take)
{
    struct stream mp2;
    struct vt_ts_source *source = NULL;
    struct vt_ts_unit *unit;
    int got;
    encode_mp2(&mp2);
    av_freep(&ts);
    make_ts(&mp2);
    REQUIRE_INT(vt_ts_source_new(&source, give(ts, ts_size)), 0);
    while ((got = next(source, &unit)) == 1)
        free(unit);
    REQUIRE_INT(got, -EINVAL);
    REQUIRE_TEXT(why, "sound of the kind MPEG audio is not supported: choose AAC in the encoder");
    vt_ts_source_free(&source);
    stream_free(&mp2);
}

static void fini(void)
{
    av_freep(&ts);
    stream_free(&video);
    stream_free(&audio);
}

TEST(makes_the_stream)
{
    encode();
    make_ts(&audio);
}

int main(void)
{
    av_log_set_level(AV_LOG_QUIET);
    RUN(makes_the_stream);
    RUN(gives_units_with_their_times);
    RUN(can_be_freed_at_any_time);
    RUN(decodes_all_of_it);
    RUN(refuses_other_bytes);
    RUN(drops_what_a_hole_has_damaged);
    RUN(names_what_it_cannot_take);
    fini();
    return DONE();
}
