// A decoder that is slower than its encoder: real messages and decoders, with a clock of the test's own, on which each
// picture takes as long as the test says.
#include "check.h"
#include "client.h"
#include "encoders.h"
#include "base/mediatime.h"
#include "ingest/publisher.h"

#define MS     VT_NS_PER_MS
#define S      VT_NS_PER_S
#define PERIOD (40 * MS)
#define LOOP   (2 * S)                   // of what is sent again and again: 50 pictures, key frames a second apart
#define START  (10 * S)

static struct stream picture, sound;

static struct world {
    struct vt_publisher *publisher;
    struct vt_writer reply;
    int64_t now;
    int64_t cost;                        // of one picture
    int64_t pictures, samples;           // that came out
    int64_t sent, sounds;                // loop · 1000 + index of the next picture; frames of sound that were sent
    int64_t hurried_at, left_out_at, paused_at;      // first time; 0: never
    int64_t most_behind;
} w;

static int on_frame(void *opaque, const AVFrame *frame)
{
    w.pictures++;
    w.now += w.cost;
    return 0;
}

static int on_samples(void *opaque, int64_t pts_ns, const float *interleaved, int count)
{
    w.samples += count;
    return 0;
}

static void feed(struct vt_writer *bytes)
{
    REQUIRE_INT(vt_publisher_feed(w.publisher, bytes->data, bytes->size, w.now, &w.reply), 0);
    w.reply.size = 0;
    vt_writer_free(bytes);
}

static void write_media(struct vt_writer *to, const struct stream *s, int i, int64_t from_ns)
{
    struct vt_access_unit unit = stream_unit(s, i, from_ns);
    struct vt_writer body = {0};
    if (unit.video) {
        vt_write_bytes(&body, unit.key ? "\x17\1" : "\x27\1", 2);
        vt_write_u24be(&body, (uint32_t)((unit.pts_ns - unit.dts_ns) / MS));
    } else {
        vt_write_bytes(&body, "\xaf\1", 2);
    }
    vt_write_bytes(&body, unit.data, unit.size);
    client_message(to, 128, 4, unit.video ? VT_RTMP_VIDEO : VT_RTMP_AUDIO, 1, (uint32_t)(unit.dts_ns / MS), body.data,
                   body.size);
    vt_writer_free(&body);
}

static void write_record(struct vt_writer *to, const struct stream *s, bool video)
{
    struct vt_writer body = {0};
    vt_write_bytes(&body, video ? "\x17\0\0\0\0" : "\xaf\0", video ? 5 : 2);
    vt_write_bytes(&body, s->config, s->config_size);
    client_message(to, 128, 4, video ? VT_RTMP_VIDEO : VT_RTMP_AUDIO, 1, 0, body.data, body.size);
    vt_writer_free(&body);
}

// Picture `i` of a loop, and the sound of its time.
static void send_picture(int64_t loop, int i)
{
    struct vt_writer bytes = {0};
    for (int a = 0; a < sound.count; a++) {
        int64_t at = stream_unit(&sound, a, 0).dts_ns;
        if (at >= i * PERIOD && at < (i + 1) * PERIOD && at < LOOP) {
            write_media(&bytes, &sound, a, loop * LOOP);
            w.sounds++;
        }
    }
    write_media(&bytes, &picture, i, loop * LOOP);
    feed(&bytes);
}

// An encoder that sends in time, unless its connection is not read.
static void send_what_is_due(void)
{
    for (; !vt_publisher_full(w.publisher); w.sent++) {
        int64_t loop = w.sent / picture.count;
        int i = (int)(w.sent % picture.count);
        if (START + loop * LOOP + i * PERIOD > w.now)
            return;
        send_picture(loop, i);
    }
}

static void note(int64_t *first, bool happened)
{
    if (happened && *first == 0)
        *first = w.now;
}

static struct vt_publisher_status look(void)
{
    struct vt_publisher_status status;
    vt_publisher_status(w.publisher, &status);
    note(&w.hurried_at, status.decode.hurried > 0);
    note(&w.left_out_at, status.decode.left_out > 0);
    note(&w.paused_at, status.pauses > 0);
    if (status.decode.behind_ns > w.most_behind)
        w.most_behind = status.decode.behind_ns;
    return status;
}

// So many seconds in which each picture costs `cost`. Reading comes between two pictures, as in the process.
static struct vt_publisher_status go_on(int64_t seconds, int64_t cost)
{
    int64_t end = w.now + seconds * S;
    w.cost = cost;
    while (w.now < end) {
        send_what_is_due();
        REQUIRE_INT(vt_publisher_run(w.publisher, w.now), 0);
        look();
        int64_t due = vt_publisher_due(w.publisher), next = START + w.sent * PERIOD;
        int64_t then = due < next || vt_publisher_full(w.publisher) ? due : next;
        w.now = then > w.now ? then : w.now;
    }
    return look();
}

static void open_world(void)
{
    static struct vt_rtmp rtmp;
    struct vt_writer bytes = {0}, records = {0};
    struct vt_rtmp_event event = {.kind = VT_RTMP_MORE};
    struct vt_decode_sink sink = {.frame = on_frame, .samples = on_samples};
    w = (struct world){.now = START};
    client_publish(&bytes, "key");
    vt_rtmp_init(&rtmp, 1);
    const uint8_t *at = bytes.data;
    for (size_t left = bytes.size; event.kind != VT_RTMP_ASKED;) {
        ssize_t used = vt_rtmp_feed(&rtmp, NULL, at, left, &w.reply, &event);
        REQUIRE(used >= 0 && (used > 0 || event.kind == VT_RTMP_ASKED));
        at += used, left -= (size_t)used;
    }
    vt_writer_free(&bytes);
    REQUIRE_INT(vt_publisher_new(&w.publisher, &rtmp, &sink, 1), 0);
    vt_publisher_accept(w.publisher, &w.reply);
    write_record(&records, &picture, true);
    write_record(&records, &sound, false);
    feed(&records);
}

// All of the sound came out, whatever became of the pictures.
static void close_world(void)
{
    REQUIRE_INT(vt_publisher_flush(w.publisher), 0);
    REQUIRE_NEAR((double)w.samples, (double)w.sounds * 1024, (double)w.sounds * 10 + 4096);
    vt_publisher_free(&w.publisher);
    vt_writer_free(&w.reply);
}

TEST(who_keeps_up_gives_up_nothing)
{
    open_world();
    struct vt_publisher_status status = go_on(10, 30 * MS);
    REQUIRE(w.hurried_at == 0 && w.left_out_at == 0 && w.paused_at == 0);
    REQUIRE_NEAR((double)w.pictures, 250, 5);
    REQUIRE(status.decode.behind_ns < VT_DECODE_CALM_NS);
    close_world();
}

// Two pictures of three are referred to by no other: without them it keeps up.
TEST(a_little_too_slow_costs_pictures_that_nobody_needs)
{
    open_world();
    go_on(20, 70 * MS);
    REQUIRE(w.hurried_at > 0 && w.left_out_at == 0 && w.paused_at == 0);
    REQUIRE(w.most_behind < VT_DECODE_JUMP_NS);
    close_world();
}

TEST(what_is_given_up_comes_in_its_order)
{
    open_world();
    go_on(2, 10 * MS);
    go_on(20, 300 * MS);
    REQUIRE(w.hurried_at > 0 && w.left_out_at > w.hurried_at && w.paused_at == 0);
    REQUIRE(w.most_behind < 3 * S);
    go_on(4, 3200 * MS);                                     // so slow that too much waits
    REQUIRE(w.paused_at > w.left_out_at);
    close_world();
}

TEST(it_recovers_once_it_is_fast_enough)
{
    open_world();
    go_on(10, 400 * MS);
    REQUIRE(w.left_out_at > 0);
    struct vt_publisher_status slow = go_on(3, 10 * MS);
    REQUIRE(slow.decode.behind_ns < VT_DECODE_CALM_NS);
    int64_t pictures = w.pictures;
    struct vt_publisher_status later = go_on(10, 10 * MS);
    REQUIRE(later.decode.hurried == slow.decode.hurried && later.decode.left_out == slow.decode.left_out);
    REQUIRE_NEAR((double)(w.pictures - pictures), 250, 12);
    REQUIRE(later.errors == 0 && later.decode.behind_ns < VT_DECODE_CALM_NS);
    close_world();
}

int main(void)
{
    struct video_options o = {320, 180, 50, 2, 25, AV_PIX_FMT_YUV420P,
                              "scenecut=0:bframes=2:b-adapt=0:b-pyramid=none:open-gop=0"};
    av_log_set_level(AV_LOG_QUIET);
    encode_video(&picture, &o);
    encode_audio(&sound, 48000, 2, 95);
    RUN(who_keeps_up_gives_up_nothing);
    RUN(a_little_too_slow_costs_pictures_that_nobody_needs);
    RUN(what_is_given_up_comes_in_its_order);
    RUN(it_recovers_once_it_is_fast_enough);
    stream_free(&picture);
    stream_free(&sound);
    return DONE();
}
