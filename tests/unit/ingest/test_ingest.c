// The ingest process as it runs under serve: started with its link, locked in, given a connection in mid-sentence; the
// test is its supervisor, its studio and its encoder.
#include "ingest/ingest.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/message.h"
#include "check.h"
#include "client.h"
#include "encoders.h"
#include "ingest/handover.h"

#define LIMIT_NS (20 * INT64_C(1000000000))

static struct world {
    pid_t pid;
    int client;                          // the encoder's end of the connection
    struct vt_link *supervisor, *studio; // our ends
    struct vt_ring_reader *ring;
    int rings, frames, wrong;
    int64_t samples, first_frame_ns, first_sample_ns, last_ns;
    int width;
    char source_end[64], end[64], detail[256];
    json_t *status;
    char told[8192];                     // what the encoder was sent
    size_t told_size;
    bool hung_up;
    bool asleep;                         // the studio does not read its ring
} w;

// -- the parts that the test plays

static void start_process(int link)
{
    fflush(stdout);
    w.pid = fork();
    REQUIRE(w.pid >= 0);
    if (w.pid == 0) {
        char name[] = "-", *argv[] = {name, NULL};
        dup2(link, 3);
        for (int fd = 4; fd < 64; fd++)
            close(fd);
        _exit(vt_ingest_main(1, argv));
    }
    close(link);
}

// What a gate does: everything up to publish.
static int hand_over(const struct vt_writer *more)
{
    struct vt_writer bytes = {0}, reply = {0};
    client_publish(&bytes, "secret-key");
    static struct vt_rtmp rtmp;
    vt_rtmp_init(&rtmp, 1);
    const uint8_t *at = bytes.data;
    size_t left = bytes.size;
    struct vt_rtmp_event event = {.kind = VT_RTMP_MORE};
    while (event.kind != VT_RTMP_ASKED) {
        ssize_t used = vt_rtmp_feed(&rtmp, NULL, at, left, &reply, &event);
        REQUIRE(used >= 0 && (used > 0 || event.kind == VT_RTMP_ASKED));
        at += used, left -= (size_t)used;
    }
    int fd = -1;
    REQUIRE_INT(vt_handover_write(&fd, &rtmp, more ? more->data : NULL, more ? more->size : 0), 0);
    vt_writer_free(&bytes);
    vt_writer_free(&reply);
    return fd;
}

static int connect_studio(void)
{
    int source[2];
    REQUIRE_INT(vt_link_pair(source), 0);
    vt_link_free(&w.studio);
    vt_ring_reader_free(&w.ring);
    REQUIRE_INT(vt_link_new(&w.studio, source[0], VT_STUDIO, VT_INGEST), 0);
    return source[1];
}

// A process with a publisher whose first bytes, if any, were read by the gate already.
static void open_world(const struct vt_writer *unread)
{
    memset(&w, 0, sizeof w);
    int link[2], connection[2];
    REQUIRE_INT(vt_link_pair(link), 0);
    REQUIRE_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, connection), 0);
    start_process(link[1]);
    REQUIRE_INT(vt_link_new(&w.supervisor, link[0], VT_SUPERVISOR, VT_INGEST), 0);
    w.client = connection[0];
    int fds[3] = {connection[1], hand_over(unread), connect_studio()};
    json_t *body = json_pack("{s:s, s:s, s:s, s:s}", "publisher", "p1", "channel", "mango", "protocol", "rtmp",
                             "encoder", "test");
    REQUIRE_INT(vt_link_send(w.supervisor, VT_MSG_INGEST_START, body, fds, 3), 0);
    for (int i = 0; i < 3; i++)
        close(fds[i]);
}

static void read_studio_link(void)
{
    struct vt_message message;
    while (w.studio && vt_link_receive(w.studio, &message) == 1) {
        if (message.kind == VT_MSG_SOURCE_RING) {
            vt_ring_reader_free(&w.ring);
            REQUIRE_INT(vt_ring_reader_new(&w.ring, vt_message_take_fd(&message, 0)), 0);
            w.rings++;
        } else {
            snprintf(w.source_end, sizeof w.source_end, "%s", vt_message_text(message.body, "reason"));
        }
        vt_message_clear(&message);
    }
}

static void read_supervisor_link(void)
{
    struct vt_message message;
    while (vt_link_receive(w.supervisor, &message) == 1) {
        REQUIRE_TEXT(vt_message_text(message.body, "publisher"), "p1");
        if (message.kind == VT_MSG_INGEST_END) {
            snprintf(w.end, sizeof w.end, "%s", vt_message_text(message.body, "reason"));
            snprintf(w.detail, sizeof w.detail, "%s", vt_message_text(message.body, "detail"));
        } else {
            json_decref(w.status);
            w.status = json_incref(message.body);
        }
        vt_message_clear(&message);
    }
}

static void read_ring(void)
{
    struct vt_ring_frame frame;
    struct vt_ring_samples run;
    float out[2 * 4096];
    int got;
    while (w.ring && !w.asleep && (got = vt_ring_get_frame(w.ring, &frame)) != 0) {
        REQUIRE_INT(got, 1);
        const uint8_t *row = vt_ring_frame_plane(w.ring, &frame, 0) + frame.height / 2 * frame.stride[0];
        w.wrong += abs(row[frame.width / 2] - brightness((int)(frame.pts_ns / 40000000 % 50))) > 3;
        if (w.frames++ == 0)
            w.first_frame_ns = frame.pts_ns;
        w.width = frame.width;
        w.last_ns = frame.pts_ns;
        vt_ring_release(w.ring, frame.slot);
    }
    while (w.ring && !w.asleep && (got = vt_ring_get_samples(w.ring, &run, out, 4096)) != 0) {
        REQUIRE(got > 0);
        if (w.samples == 0)
            w.first_sample_ns = run.pts_ns;
        w.samples += got;
    }
}

static void read_client(void)
{
    while (!w.hung_up && w.told_size < sizeof w.told - 1) {
        ssize_t got = recv(w.client, w.told + w.told_size, sizeof w.told - 1 - w.told_size, MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        w.hung_up = got <= 0;
        w.told_size += got > 0 ? (size_t)got : 0;
    }
}

static void look(void)
{
    read_studio_link();
    read_ring();
    read_supervisor_link();
    read_client();
    struct timespec moment = {.tv_nsec = 1000000};
    nanosleep(&moment, NULL);
}

#define WAIT_FOR(condition)                                                                                            \
    do {                                                                                                               \
        int64_t until_ns = vt_now_ns() + LIMIT_NS;                                                                     \
        while (!(condition) && vt_now_ns() < until_ns)                                                                 \
            look();                                                                                                    \
        REQUIRE(condition);                                                                                            \
    } while (0)

// What it was told is not text all through.
static bool was_told(const char *text)
{
    return memmem(w.told, w.told_size, text, strlen(text)) != NULL;
}

static void send_client(struct vt_writer *bytes)
{
    for (size_t at = 0; at < bytes->size;) {
        ssize_t n = send(w.client, bytes->data + at, bytes->size - at, MSG_NOSIGNAL | MSG_DONTWAIT);
        REQUIRE(n >= 0 || errno == EAGAIN);
        at += n > 0 ? (size_t)n : 0;
        look();
    }
    vt_writer_free(bytes);
}

// Waits for the process to end by itself.
static int close_world(void)
{
    int status = 0;
    pid_t pid = 0;
    for (int64_t until_ns = vt_now_ns() + LIMIT_NS; pid == 0 && vt_now_ns() < until_ns;) {
        pid = waitpid(w.pid, &status, WNOHANG);
        look();
    }
    if (pid == 0) {
        kill(w.pid, SIGKILL);
        waitpid(w.pid, &status, 0);
    }
    vt_link_free(&w.supervisor);
    vt_link_free(&w.studio);
    vt_ring_reader_free(&w.ring);
    json_decref(w.status);
    close(w.client);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

// -- an encoder's messages

static void write_config(struct vt_writer *to, const struct stream *s, uint32_t time)
{
    bool video = s->context->codec_type == AVMEDIA_TYPE_VIDEO;
    struct vt_writer body = {0};
    vt_write_bytes(&body, video ? "\x17\0\0\0\0" : "\xaf\0", video ? 5 : 2);
    vt_write_bytes(&body, s->config, s->config_size);
    client_message(to, 128, 4, video ? VT_RTMP_VIDEO : VT_RTMP_AUDIO, 1, time, body.data, body.size);
    vt_writer_free(&body);
}

static void write_unit(struct vt_writer *to, const struct stream *s, int i, int64_t from_ns)
{
    struct vt_access_unit unit = stream_unit(s, i, from_ns);
    struct vt_writer body = {0};
    if (unit.video) {
        vt_write_bytes(&body, unit.key ? "\x17\1" : "\x27\1", 2);
        vt_write_u24be(&body, (uint32_t)((unit.pts_ns - unit.dts_ns) / 1000000));
    } else {
        vt_write_bytes(&body, "\xaf\1", 2);
    }
    vt_write_bytes(&body, unit.data, unit.size);
    client_message(to, 128, 4, unit.video ? VT_RTMP_VIDEO : VT_RTMP_AUDIO, 1, (uint32_t)(unit.dts_ns / 1000000),
                   body.data, body.size);
    vt_writer_free(&body);
}

static struct stream picture, sound;

static void make_streams(void)
{
    struct video_options o = {320, 180, 50, 0, 25, AV_PIX_FMT_YUV420P, "scenecut=0"};
    encode_video(&picture, &o);
    encode_audio(&sound, 48000, 2, 95);
}

static void write_head(struct vt_writer *to, int64_t from_ns)
{
    write_config(to, &picture, (uint32_t)(from_ns / 1000000));
    write_config(to, &sound, (uint32_t)(from_ns / 1000000));
}

// Picture `v` of the show and the sound that belongs before it, which starts 50 ms later.
static void write_picture(struct vt_writer *to, int v, int64_t from_ns)
{
    const int64_t period_ns = 40000000, late_ns = 50000000;
    for (int a = 0; a < sound.count; a++) {
        int64_t at_ns = stream_unit(&sound, a, late_ns).dts_ns;
        if (at_ns >= (v - 1) * period_ns && at_ns < v * period_ns)
            write_unit(to, &sound, a, from_ns + late_ns);
    }
    write_unit(to, &picture, v, from_ns);
}

// Two seconds: 50 pictures of 40 ms.
static void write_show(struct vt_writer *to, int64_t from_ns)
{
    write_head(to, from_ns);
    for (int v = 0; v < picture.count; v++)
        write_picture(to, v, from_ns);
}

// Sends it no faster than it is read.
static void send_show(int64_t from_ns)
{
    struct vt_writer bytes = {0};
    int frames = w.frames;
    write_head(&bytes, from_ns);
    for (int v = 0; v < picture.count; v++) {
        write_picture(&bytes, v, from_ns);
        send_client(&bytes);
        WAIT_FOR(w.frames >= frames + v - 8);
    }
    WAIT_FOR(w.frames >= frames + picture.count);      // what was on its way before may still come
}

// -- tests

TEST(a_show_arrives_and_ends_with_goodbye)
{
    struct vt_writer bytes = {0};
    open_world(NULL);
    send_show(1000000000);
    WAIT_FOR(w.status && vt_message_int(json_object_get(w.status, "video"), "width", 0) == 320);
    REQUIRE(was_told("NetStream.Publish.Start"));
    REQUIRE_INT(w.rings, 1);
    REQUIRE_INT(w.wrong, 0);
    REQUIRE_NEAR((double)w.samples / 48000, 1.95, 0.1);
    REQUIRE_INT(w.last_ns - w.first_frame_ns, 49 * INT64_C(40000000));
    REQUIRE_NEAR(w.first_sample_ns - w.first_frame_ns, 50e6 - 1024e9 / 48000, 1.5e6);
    WAIT_FOR(vt_message_int(w.status, "frames", 0) == 50);
    REQUIRE_INT(vt_message_int(w.status, "direct", 0), 50);
    REQUIRE_INT(vt_message_int(w.status, "dropped", -1), 0);
    REQUIRE_INT(vt_message_int(w.status, "errors", -1), 0);
    REQUIRE_TEXT(vt_message_text(json_object_get(w.status, "video"), "codec"), "H.264");
    REQUIRE_INT(vt_message_int(json_object_get(w.status, "audio"), "rate", 0), 48000);

    client_command(&bytes, "FCUnpublish", 6, 0, "secret-key");
    client_command(&bytes, "deleteStream", 7, 0, NULL);
    send_client(&bytes);
    REQUIRE_INT(close_world(), 0);
    REQUIRE_TEXT(w.end, "unpublished");
    REQUIRE_TEXT(w.source_end, "unpublished");
}

TEST(bytes_that_the_gate_had_read_are_not_lost)
{
    struct vt_writer bytes = {0}, rest = {0};
    write_head(&bytes, 0);
    for (int v = 0; v < 20; v++)
        write_picture(&bytes, v, 0);
    size_t read = bytes.size - 100;
    vt_write_bytes(&rest, bytes.data + read, bytes.size - read);
    bytes.size = read;
    open_world(&bytes);
    send_client(&rest);
    WAIT_FOR(w.frames == 20);
    REQUIRE_INT(w.wrong, 0);
    shutdown(w.client, SHUT_RDWR);
    REQUIRE_INT(close_world(), 0);
    REQUIRE_TEXT(w.end, "lost");
    REQUIRE_TEXT(w.source_end, "lost");
    vt_writer_free(&bytes);
}

TEST(who_is_stopped_is_told_why)
{
    open_world(NULL);
    send_show(0);
    json_t *body = json_pack("{s:s, s:s}", "code", "NetStream.Publish.Denied", "description", "replaced by another");
    REQUIRE_INT(vt_link_send(w.supervisor, VT_MSG_INGEST_STOP, body, NULL, 0), 0);
    WAIT_FOR(was_told("replaced by another"));
    REQUIRE(was_told("NetStream.Publish.Denied"));
    WAIT_FOR(w.hung_up);
    REQUIRE_INT(close_world(), 0);
    REQUIRE_TEXT(w.end, "stopped");
}

static void shut_down(void)
{
    json_t *body = json_pack("{s:s, s:s, s:b}", "code", "NetConnection.Connect.AppShutdown", "description",
                             "shutting down", "reconnect", 1);
    REQUIRE_INT(vt_link_send(w.supervisor, VT_MSG_INGEST_STOP, body, NULL, 0), 0);
}

TEST(who_can_is_asked_to_connect_again_before_it_is_stopped)
{
    client_caps = 1;
    open_world(NULL);
    client_caps = 0;
    send_show(0);
    shut_down();
    WAIT_FOR(was_told("NetConnection.Connect.ReconnectRequest"));
    REQUIRE(!was_told("AppShutdown") && w.end[0] == 0);
    WAIT_FOR(was_told("AppShutdown"));                      // it stayed
    WAIT_FOR(w.hung_up);
    REQUIRE_INT(close_world(), 0);
    REQUIRE_TEXT(w.end, "stopped");

    open_world(NULL);                                       // one that cannot
    send_show(0);
    shut_down();
    WAIT_FOR(was_told("AppShutdown"));
    REQUIRE(!was_told("ReconnectRequest"));
    WAIT_FOR(w.hung_up);
    REQUIRE_INT(close_world(), 0);
}

TEST(a_codec_that_is_not_taken_is_named)
{
    struct vt_writer bytes = {0};
    client_message(&bytes, 128, 4, VT_RTMP_VIDEO, 1, 0, "\x90vvc1abcdefgh", 13);
    open_world(NULL);
    send_client(&bytes);
    WAIT_FOR(was_told("VVC"));
    REQUIRE_INT(close_world(), 0);
    REQUIRE_TEXT(w.end, "invalid");
    REQUIRE(strstr(w.detail, "VVC") != NULL);
}

TEST(bytes_that_are_not_rtmp_end_it)
{
    struct vt_writer bytes = {0};
    for (int i = 0; i < 2000; i++)
        vt_write_u8(&bytes, 0xd5);
    open_world(NULL);
    send_client(&bytes);
    REQUIRE_INT(close_world(), 0);
    REQUIRE_TEXT(w.end, "invalid");
    REQUIRE(strlen(w.detail) > 10);
}

TEST(a_new_studio_gets_its_own_ring)
{
    struct vt_writer bytes = {0};
    open_world(NULL);
    send_show(0);
    vt_link_free(&w.studio);
    vt_ring_reader_free(&w.ring);
    write_show(&bytes, 2000000000);
    send_client(&bytes);
    WAIT_FOR(vt_message_int(w.status, "dropped", 0) == 50);

    int source = connect_studio();
    REQUIRE_INT(vt_link_send(w.supervisor, VT_MSG_INGEST_SOURCE, NULL, &source, 1), 0);
    close(source);
    write_head(&bytes, 4000000000);
    write_picture(&bytes, 0, 4000000000);
    for (int v = 1; w.rings < 2 && v < 20; v++) {
        write_picture(&bytes, v, 4000000000);
        send_client(&bytes);
    }
    WAIT_FOR(w.rings == 2);
    w.frames = 0;
    send_show(6000000000);
    REQUIRE_INT(w.wrong, 0);
    shutdown(w.client, SHUT_RDWR);
    REQUIRE_INT(close_world(), 0);
    REQUIRE_TEXT(w.end, "lost");
}

// More pictures than there are slots: what does not fit is lost, and what refers to it is whole all the same.
TEST(a_studio_that_sleeps_costs_pictures_and_spoils_none)
{
    const int asleep = 40;
    struct vt_writer bytes = {0};
    write_head(&bytes, 0);
    for (int v = 0; v < asleep; v++)
        write_picture(&bytes, v, 0);
    open_world(NULL);
    w.asleep = true;
    send_client(&bytes);
    WAIT_FOR(w.status && vt_message_int(w.status, "frames", 0) + vt_message_int(w.status, "dropped", 0) == asleep);
    int frames = (int)vt_message_int(w.status, "frames", 0);
    REQUIRE(frames < asleep);
    w.asleep = false;
    WAIT_FOR(w.frames == frames);
    for (int v = asleep; v < picture.count; v++) {
        write_picture(&bytes, v, 0);
        send_client(&bytes);
        frames++;
        WAIT_FOR(w.frames == frames);
    }
    REQUIRE_INT(w.wrong, 0);
    shutdown(w.client, SHUT_RDWR);
    REQUIRE_INT(close_world(), 0);
}

TEST(a_larger_picture_gets_a_larger_ring)
{
    struct vt_writer bytes = {0};
    struct stream large;
    struct video_options o = {2560, 1440, 3, 0, 25, AV_PIX_FMT_YUV420P, "scenecut=0"};
    encode_video(&large, &o);
    open_world(NULL);
    send_show(0);
    write_config(&bytes, &large, 2000);
    for (int i = 0; i < large.count; i++)
        write_unit(&bytes, &large, i, 2000000000);
    send_client(&bytes);
    WAIT_FOR(w.frames == 53);
    REQUIRE_INT(w.rings, 2);
    REQUIRE_INT(w.width, 2560);
    shutdown(w.client, SHUT_RDWR);
    REQUIRE_INT(close_world(), 0);
    stream_free(&large);
}

TEST(a_supervisor_that_is_gone_ends_it)
{
    open_world(NULL);
    WAIT_FOR(was_told("NetStream.Publish.Start"));
    vt_link_free(&w.supervisor);
    int status;
    REQUIRE(waitpid(w.pid, &status, 0) == w.pid);
    REQUIRE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    vt_link_free(&w.studio);
    close(w.client);
}

int main(void)
{
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
    setenv("VITRINE_SANDBOX", "off", 1);    // a sanitizer's own calls would be refused
#elif defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    setenv("VITRINE_SANDBOX", "off", 1);
#endif
#endif
    av_log_set_level(AV_LOG_QUIET);
    make_streams();
    RUN(a_show_arrives_and_ends_with_goodbye);
    RUN(bytes_that_the_gate_had_read_are_not_lost);
    RUN(who_is_stopped_is_told_why);
    RUN(who_can_is_asked_to_connect_again_before_it_is_stopped);
    RUN(a_codec_that_is_not_taken_is_named);
    RUN(bytes_that_are_not_rtmp_end_it);
    RUN(a_new_studio_gets_its_own_ring);
    RUN(a_studio_that_sleeps_costs_pictures_and_spoils_none);
    RUN(a_larger_picture_gets_a_larger_ring);
    RUN(a_supervisor_that_is_gone_ends_it);
    stream_free(&picture);
    stream_free(&sound);
    return DONE();
}
