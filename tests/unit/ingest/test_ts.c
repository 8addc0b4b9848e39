// MPEG-TS that libavformat writes, through a socket as gate srt has it.
#include <errno.h>
#include <libavformat/avformat.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/mediatime.h"
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

// `flags`: of the multiplexer, or NULL.
static void make_ts(const struct stream *picture, const struct stream *sound, const char *flags)
{
    AVFormatContext *mux = NULL;
    AVDictionary *options = NULL;
    av_freep(&ts);
    REQUIRE(avformat_alloc_output_context2(&mux, NULL, "mpegts", NULL) >= 0);
    REQUIRE(avio_open_dyn_buf(&mux->pb) == 0);
    AVStream *first = add_stream(mux, picture), *second = add_stream(mux, sound);
    av_dict_set(&options, "mpegts_flags", flags, 0);
    REQUIRE(avformat_write_header(mux, &options) >= 0);
    av_dict_free(&options);
    write_packets(mux, picture, first);
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
        REQUIRE_INT(unit->codec, unit->video ? VT_CODEC_H264 : VT_CODEC_AAC);
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

static int endless_fd;

// A picture of twice the limit, then the usual stream.
static void *send_endless(void *unused)
{
    const struct vt_ts_track track = {.video = true, .codec = VT_CODEC_H264};
    uint8_t packets[VT_TS_TABLES][VT_TS_PACKET], media[VT_TS_PACKET] = {0x47, 0x41, 0, 0x10, 0, 0, 1, 0xe0, 0, 0, 0x80, 0x80, 5,
                                                                       0x21, 0, 1, 0, 1, 0, 0, 1, 0x65};
    vt_ts_tables_write(packets, &track, NULL);
    send(endless_fd, packets, sizeof packets, MSG_NOSIGNAL);
    for (int i = 0; i < 2 * VT_TS_UNIT_BYTES / 184; i++) {
        send(endless_fd, media, sizeof media, MSG_NOSIGNAL);
        memset(media + 4, 0x55, sizeof media - 4);
        media[1] = 1;
        media[3] = (uint8_t)(0x10 | ((media[3] + 1) & 15));
    }
    for (int at = 0; at < ts_size; at += VT_TS_PACKET)
        send(endless_fd, ts + at, VT_TS_PACKET, MSG_NOSIGNAL);
    close(endless_fd);
    return NULL;
}

TEST(a_unit_without_end_is_dropped)
{
    struct vt_ts_source *source = NULL;
    struct vt_ts_unit *unit;
    struct vt_ts_stats stats;
    pthread_t thread;
    int ends[2], pictures = 0;
    REQUIRE_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    endless_fd = ends[0];
    REQUIRE_INT(vt_ts_source_new(&source, ends[1]), 0);
    REQUIRE_INT(pthread_create(&thread, NULL, send_endless, NULL), 0);
    while (next(source, &unit) == 1) {
        REQUIRE(unit->size <= VT_TS_UNIT_BYTES);
        pictures += unit->video && unit->size < 100000;
        free(unit);
    }
    pthread_join(thread, NULL);
    vt_ts_source_stats(source, &stats);
    REQUIRE(stats.damaged >= 1);
    REQUIRE_INT(pictures, PICTURES);
    vt_ts_source_free(&source);
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

// Decodes all of `ts`, as if it had come at its own pace.
static void decode_all(struct vt_publisher_status *status)
{
    struct vt_ts_publisher *publisher = NULL;
    struct vt_decode_sink sink = {.frame = count_frame, .samples = count_samples};
    static char names[2][32];
    int64_t bytes, now_ns = 0;
    int result;
    shown = sounded = 0;
    REQUIRE_INT(vt_ts_publisher_new(&publisher, give(ts, ts_size), &sink, 1), 0);
    while ((result = vt_ts_publisher_run(publisher, now_ns)) == 0) {
        int64_t due_ns = vt_ts_publisher_due(publisher);
        if (due_ns < INT64_MAX)
            now_ns = due_ns;             // nobody waits here
        else
            REQUIRE_INT(poll(&(struct pollfd){.fd = vt_ts_publisher_fd(publisher), .events = POLLIN}, 1, 20000), 1);
    }
    if (result != 1)
        check_fail(__FILE__, __LINE__, "it ended with %d: %s", result, vt_ts_publisher_why(publisher));
    REQUIRE_INT(vt_ts_publisher_flush(publisher), 0);
    vt_ts_publisher_status(publisher, status, &bytes);
    REQUIRE_INT(bytes, ts_size);
    snprintf(names[0], sizeof names[0], "%s", status->video);
    snprintf(names[1], sizeof names[1], "%s", status->audio);
    status->video = names[0];
    status->audio = names[1];
    vt_ts_publisher_free(&publisher);
}

TEST(decodes_all_of_it)
{
    struct vt_publisher_status status;
    decode_all(&status);
    REQUIRE_INT(shown, PICTURES);
    REQUIRE(sounded > (audio.count - 2) * 1024);
    REQUIRE_INT(status.errors, 0);
    REQUIRE_TEXT(status.video, "H.264");
}

// Each kind of sound, and HEVC, by its name and down to its last sample.
TEST(takes_every_codec)
{
    static const struct { const char *encoder, *name, *flags; bool hevc; } kinds[] = {
        {"aac", "AAC", NULL, false},      {"aac", "AAC (LATM)", "latm", false}, {"mp2", "MP2", NULL, false},
        {"libmp3lame", "MP3", NULL, false}, {"ac3", "AC-3", NULL, true},        {"eac3", "E-AC-3", NULL, false},
        {"eac3", "E-AC-3", "system_b", false}, {"ac3", "AC-3", "system_b", false}, {"libopus", "Opus", NULL, true},
    };
    struct stream hevc;
    encode_video(&hevc, &(struct video_options){.width = 160, .height = 96, .pictures = PICTURES, .key_every = 25,
                                                .format = AV_PIX_FMT_YUV420P, .codec = VT_CODEC_HEVC});
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct vt_publisher_status status;
        struct stream sound;
        encode_sound(&sound, VT_CODEC_NONE, kinds[i].encoder, 48000, 2, 60);
        make_ts(kinds[i].hevc ? &hevc : &video, &sound, kinds[i].flags);
        decode_all(&status);
        REQUIRE_TEXT(status.audio, kinds[i].name);
        REQUIRE_TEXT(status.video, kinds[i].hevc ? "HEVC" : "H.264");
        REQUIRE_INT(shown, PICTURES);
        REQUIRE_INT(sounded, sound.count * sound.context->frame_size);
        REQUIRE_INT(status.errors, 0);
        REQUIRE(status.decode.rate == 48000 && status.decode.channels == 2);
        stream_free(&sound);
    }
    stream_free(&hevc);
}

TEST(names_what_it_cannot_take)
{
    struct stream dts;
    struct vt_ts_source *source = NULL;
    struct vt_ts_unit *unit;
    int got;
    encode_audio(&dts, 48000, 2, 1);
    dts.context->codec_id = AV_CODEC_ID_DTS;     // so says the table
    make_ts(&video, &dts, NULL);
    REQUIRE_INT(vt_ts_source_new(&source, give(ts, ts_size)), 0);
    while ((got = next(source, &unit)) == 1)
        free(unit);
    REQUIRE_INT(got, -EINVAL);
    REQUIRE_TEXT(why, "sound of the kind DTS is not supported: choose AAC in the encoder");
    vt_ts_source_free(&source);
    stream_free(&dts);
}

// The same picture and other sound in mid-stream: nothing of either is lost but what hung over the edge.
TEST(goes_on_with_other_codecs)
{
    struct vt_publisher_status status;
    struct stream ac3;
    encode_sound(&ac3, VT_CODEC_NONE, "ac3", 48000, 2, 60);
    make_ts(&video, &audio, NULL);
    int first_size = ts_size;
    uint8_t *first = ts;
    ts = NULL;
    make_ts(&video, &ac3, NULL);
    uint8_t *both = av_malloc((size_t)(first_size + ts_size));
    memcpy(both, first, (size_t)first_size);
    memcpy(both + first_size, ts, (size_t)ts_size);
    av_free(first);
    av_free(ts);
    ts = both;
    ts_size += first_size;
    decode_all(&status);
    REQUIRE_TEXT(status.audio, "AC-3");
    REQUIRE_INT(shown, 2 * PICTURES);
    REQUIRE_INT(status.errors, 0);
    stream_free(&ac3);
}

// 33 bits of 90 kHz are over after 26.5 hours.
TEST(times_may_wrap)
{
    struct vt_ts_source *source = NULL;
    struct vt_ts_unit *unit;
    uint64_t last[2] = {0};
    int counts[2] = {0}, wraps = 0;
    for (int i = 0; i < 2; i++) {
        struct stream *s = i ? &video : &audio;
        AVRational base = i ? s->context->time_base : (AVRational){1, 48000};
        for (int j = 0; j < s->count; j++) {
            int64_t shift = av_rescale_q((INT64_C(1) << 33) - 90000, (AVRational){1, 90000}, base);
            s->packets[j]->pts += shift;
            s->packets[j]->dts += shift;
        }
    }
    make_ts(&video, &audio, NULL);
    REQUIRE_INT(vt_ts_source_new(&source, give(ts, ts_size)), 0);
    while (next(source, &unit) == 1) {
        uint64_t dts = unit->dts & 0x1ffffffff, pts = unit->pts & 0x1ffffffff;
        REQUIRE(((pts - dts) & 0x1ffffffff) <= 5 * 3600);
        if (counts[unit->video]++ > 0) {
            REQUIRE_NEAR((double)((dts - last[unit->video]) & 0x1ffffffff), unit->video ? 3600 : 1920, 1);
            wraps += dts < last[unit->video];
        }
        last[unit->video] = dts;
        free(unit);
    }
    REQUIRE_INT(wraps, 2);
    REQUIRE_INT(counts[1], PICTURES);
    REQUIRE_INT(counts[0], audio.count);
    vt_ts_source_free(&source);
}

// ---- what may wait

static pthread_t sending;

static void *send_all(void *opaque)
{
    int fd = *(int *)opaque;
    for (ssize_t at = 0, n = 0; at < ts_size && n >= 0; at += n)
        n = send(fd, ts + at, (size_t)(ts_size - at), MSG_NOSIGNAL);
    close(fd);
    return NULL;
}

// `ts`, however long it is; joins `sending` afterwards.
static int give_all(void)
{
    static int ends[2];
    REQUIRE_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    REQUIRE_INT(pthread_create(&sending, NULL, send_all, &ends[0]), 0);
    return ends[1];
}

// Takes all units of `ts`, but none before so many wait as may; returns how many came.
static int take_when_full(int full_units, size_t full_bytes)
{
    struct vt_ts_source *source = NULL;
    struct vt_ts_unit *unit;
    struct vt_ts_stats stats = {0};
    int count = 0;
    int64_t begin = vt_now_ns();
    REQUIRE_INT(vt_ts_source_new(&source, give_all()), 0);
    while (stats.waiting_units < full_units || stats.waiting_bytes < full_bytes) {
        vt_ts_source_stats(source, &stats);
        REQUIRE(vt_now_ns() - begin < 20 * VT_NS_PER_S);
        poll(NULL, 0, 1);
    }
    while (next(source, &unit) == 1) {
        vt_ts_source_stats(source, &stats);
        REQUIRE(stats.waiting_units <= VT_TS_QUEUE_UNITS && stats.waiting_bytes <= VT_TS_QUEUE_BYTES);
        count++;
        free(unit);
    }
    pthread_join(sending, NULL);
    vt_ts_source_free(&source);
    return count;
}

// Holds all of `ts` back, of which nothing is due yet: so many units go on early, for more may not be held.
static void require_early(int units, int early)
{
    struct vt_ts_publisher *publisher = NULL;
    struct vt_publisher_status status = {0};
    struct vt_decode_sink sink = {.frame = count_frame, .samples = count_samples};
    int64_t bytes = 0, begin = vt_now_ns();
    REQUIRE_INT(vt_ts_publisher_new(&publisher, give_all(), &sink, 1), 0);
    while (status.units + status.waiting < units) {
        REQUIRE_INT(vt_ts_publisher_run(publisher, 0), 0);
        vt_ts_publisher_status(publisher, &status, &bytes);
        REQUIRE(vt_now_ns() - begin < 20 * VT_NS_PER_S);
        poll(NULL, 0, 1);
    }
    pthread_join(sending, NULL);
    REQUIRE_INT(vt_ts_publisher_run(publisher, 0), 0);       // some may have been on their way to it
    vt_ts_publisher_status(publisher, &status, &bytes);
    REQUIRE_INT(status.units, early);
    vt_ts_publisher_free(&publisher);
}

// The first pictures of `video`, each with so much filler data behind it.
static void encode_large(struct stream *large, int pictures, int filler)
{
    encode_video(large, &(struct video_options){.width = 160, .height = 96, .pictures = pictures, .key_every = 25,
                                                .format = AV_PIX_FMT_YUV420P});
    for (int i = 0; i < large->count; i++) {
        AVPacket *packet = large->packets[i];
        int size = packet->size;
        REQUIRE(av_grow_packet(packet, 4 + filler) == 0);
        uint8_t *at = packet->data + size;
        for (int b = 3; b >= 0; b--)
            *at++ = (uint8_t)(filler >> 8 * b);
        memset(at, 0xff, (size_t)filler);
        at[0] = 12;
        at[filler - 1] = 0x80;
    }
}

TEST(so_many_units_wait)
{
    struct stream sound;
    encode_audio(&sound, 48000, 2, 500);
    int all = sound.count;
    sound.count = VT_TS_QUEUE_UNITS - PICTURES;
    REQUIRE(VT_TS_HELD_UNITS == VT_TS_QUEUE_UNITS && sound.count < all);
    make_ts(&video, &sound, NULL);
    require_early(VT_TS_HELD_UNITS, 0);
    sound.count++;
    make_ts(&video, &sound, NULL);
    REQUIRE_INT(take_when_full(VT_TS_QUEUE_UNITS, 0), VT_TS_QUEUE_UNITS + 1);
    require_early(VT_TS_HELD_UNITS + 1, 1);
    sound.count = all;
    stream_free(&sound);
}

TEST(so_many_bytes_wait)
{
    const int size = 2 << 20, fit = VT_TS_QUEUE_BYTES / size - 1;        // the pictures themselves count, too
    struct stream large;
    REQUIRE(VT_TS_HELD_BYTES == VT_TS_QUEUE_BYTES);
    encode_large(&large, fit + 2, size);
    make_ts(&large, &audio, NULL);
    REQUIRE_INT(take_when_full(fit, (size_t)fit * size), large.count + audio.count);
    stream_free(&large);
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
    make_ts(&video, &audio, NULL);
}

int main(void)
{
    av_log_set_level(AV_LOG_QUIET);
    RUN(makes_the_stream);
    RUN(gives_units_with_their_times);
    RUN(can_be_freed_at_any_time);
    RUN(a_unit_without_end_is_dropped);
    RUN(decodes_all_of_it);
    RUN(refuses_other_bytes);
    RUN(drops_what_a_hole_has_damaged);
    RUN(so_many_units_wait);
    RUN(so_many_bytes_wait);
    RUN(takes_every_codec);
    RUN(names_what_it_cannot_take);
    RUN(goes_on_with_other_codecs);
    RUN(times_may_wrap);
    fini();
    return DONE();
}
