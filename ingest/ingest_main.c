#include <errno.h>
#include <fcntl.h>
#include <libavutil/log.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/mediatime.h"
#include "base/message.h"
#include "base/names.h"
#include "base/sandbox.h"
#include "base/title.h"
#include "ingest/handover.h"
#include "ingest/ingest.h"
#include "ingest/publisher.h"
#include "ingest/quirks.h"
#include "ingest/ring_sink.h"
#include "ingest/ts_publisher.h"

#define SUPERVISOR_FD 3

struct ingest {
    struct vt_loop *loop;
    struct vt_link *supervisor, *studio;
    struct vt_source *on_supervisor, *on_studio, *on_socket, *on_timer, *on_due;
    struct vt_ring_sink *sink;

    // of the publisher; socket is -1 before and after
    int socket;
    struct vt_publisher *publisher;      // over RTMP; or
    struct vt_ts_publisher *ts;          // over SRT: then it has the socket
    char publisher_id[64], channel[VT_NAME_ROOM];
    struct vt_writer reply;              // what the socket did not take yet
    int64_t bytes, units;                // units: when media_ns was set
    int64_t media_ns;                    // when audio or video last came
    int64_t start_ns;
    struct vt_rate video_rate, audio_rate;
    bool ended;
    char *leave_code, *leave_words;      // it has been asked to connect again: what it is told if it stays; else NULL
    uint8_t buffer[VT_INGEST_READ_BYTES];
};

// -- telling

static double frame_rate(const struct vt_ring_sink_stats *stats)
{
    int64_t span_ns = stats->last_ns - stats->first_ns;
    if (stats->frames_since < 2 || span_ns <= 0)
        return 0;
    return round((double)(stats->frames_since - 1) * 1e11 / (double)span_ns) / 100;
}

static bool has_publisher(const struct ingest *ingest)
{
    return ingest->publisher || ingest->ts;
}

static void get_status(struct ingest *ingest, struct vt_publisher_status *ret)
{
    if (ingest->ts)
        vt_ts_publisher_status(ingest->ts, ret, &ingest->bytes);
    else
        vt_publisher_status(ingest->publisher, ret);
}

static void add_keys(json_t *video, const struct vt_decode_stats *decode)
{
    bool rare = decode->key_interval_ns > VT_KEY_INTERVAL_NS;
    json_object_set_new(video, "key_interval", json_real((double)(decode->key_interval_ns / VT_NS_PER_MS) / 1000));
    json_object_set_new(video, "skipped", json_integer(decode->skipped));
    if (decode->concealed)
        json_object_set_new(video, "warning", json_string("no key frame came: the picture began damaged"));
    else if (rare)
        json_object_set_new(video, "warning", json_string("key frames are more than 4 s apart: set the encoder to 2 s"));
}

static void add_timing(json_t *body, const struct vt_publisher_status *status)
{
    json_t *timing = json_pack("{s:I, s:I}", "mended", (json_int_t)status->mended, "sound_lag_ms",
                               (json_int_t)(status->sound_lag_ns / VT_NS_PER_MS));
    json_object_set_new(body, "timing", timing);
    json_t *load = json_pack("{s:I, s:I, s:I, s:I}", "behind_ms", (json_int_t)(status->decode.behind_ns / VT_NS_PER_MS),
                             "hurried", (json_int_t)status->decode.hurried, "left_out",
                             (json_int_t)status->decode.left_out, "pauses", (json_int_t)status->pauses);
    json_object_set_new(body, "load", load);
    add_keys(json_object_get(body, "video"), &status->decode);
    json_object_set_new(json_object_get(body, "video"), "done", json_string(status->decode.done));
}

static void add_rates(struct ingest *ingest, json_t *body, const struct vt_publisher_status *status)
{
    int64_t now_ns = vt_now_ns();
    double video_kbps = vt_rate_kbps(&ingest->video_rate, status->video_flow.bytes, now_ns);
    double audio_kbps = vt_rate_kbps(&ingest->audio_rate, status->audio_flow.bytes, now_ns);
    json_object_set_new(json_object_get(body, "video"), "kbps", json_integer((json_int_t)video_kbps));
    json_object_set_new(json_object_get(body, "audio"), "kbps", json_integer((json_int_t)audio_kbps));
}

// What the encoder says it is, where that is more than it said when it connected.
static void add_encoder(json_t *body, const struct vt_publisher_status *status)
{
    char encoder[128];
    if (*status->encoder)
        json_object_set_new(body, "encoder", json_string(vt_escape(encoder, sizeof encoder, status->encoder,
                                                                   strlen(status->encoder))));
}

static void send_status(struct ingest *ingest)
{
    struct vt_publisher_status status;
    struct vt_ring_sink_stats ring;
    char others[256] = "";
    get_status(ingest, &status);
    if (ingest->publisher)
        vt_publisher_others(ingest->publisher, others, sizeof others);
    if (ingest->ts)
        vt_ts_publisher_others(ingest->ts, others, sizeof others);
    vt_ring_sink_stats(ingest->sink, &ring);
    json_t *body = json_pack("{s:s, s:{s:s, s:i, s:i, s:f}, s:{s:s, s:i, s:i}, s:s, s:I, s:I, s:I, s:I, s:I}",
                             "publisher", ingest->publisher_id,
                             "video", "codec", status.video, "width", status.decode.width,
                             "height", status.decode.height, "fps", frame_rate(&ring),
                             "audio", "codec", status.audio, "rate", status.decode.rate,
                             "channels", status.decode.channels,
                             "left_out", others,
                             "bytes", (json_int_t)ingest->bytes, "frames", (json_int_t)ring.frames,
                             "direct", (json_int_t)ring.direct, "dropped", (json_int_t)ring.dropped,
                             "errors", (json_int_t)status.errors);
    add_timing(body, &status);
    json_object_set_new(body, "quirks", vt_quirks_json(status.quirks));
    add_rates(ingest, body, &status);
    add_encoder(body, &status);
    if (body && vt_link_send(ingest->supervisor, VT_MSG_INGEST_STATUS, body, NULL, 0) == -ENOBUFS)
        vt_loop_exit(ingest->loop, 1);
}

static void log_end(struct ingest *ingest, const char *reason, const char *detail)
{
    struct vt_publisher_status status;
    struct vt_ring_sink_stats ring;
    get_status(ingest, &status);
    vt_ring_sink_stats(ingest->sink, &ring);
    vt_info("%s%s%s after %.1f s: %" JSON_INTEGER_FORMAT " bytes, %" JSON_INTEGER_FORMAT " pictures, %"
            JSON_INTEGER_FORMAT " dropped, %.1f s of sound, %" JSON_INTEGER_FORMAT " errors", reason,
            *detail ? ": " : "", detail, (double)(vt_now_ns() - ingest->start_ns) / 1e9, (json_int_t)ingest->bytes,
            (json_int_t)ring.frames, (json_int_t)ring.dropped, (double)status.decode.samples / 48000,
            (json_int_t)status.errors);
}

static void tell_end(struct ingest *ingest, const char *reason, const char *detail)
{
    if (ingest->studio) {
        (void)vt_link_send(ingest->studio, VT_MSG_SOURCE_END, json_pack("{s:s}", "reason", reason), NULL, 0);
        (void)vt_link_flush(ingest->studio);
    }
    json_t *body = json_pack("{s:s, s:s, s:s}", "publisher", ingest->publisher_id, "reason", reason,
                             "detail", detail);
    (void)vt_link_send(ingest->supervisor, VT_MSG_INGEST_END, body, NULL, 0);
    (void)vt_link_flush(ingest->supervisor);
    log_end(ingest, reason, detail);
}

// -- the end

static void send_reply(struct ingest *ingest);

// Ends the publisher. `code` and what it is told: NULL for none; then the connection closes at once.
static void end(struct ingest *ingest, const char *reason, const char *detail, const char *code, bool told)
{
    if (ingest->ended)
        return;
    ingest->ended = true;
    (void)(ingest->ts ? vt_ts_publisher_flush(ingest->ts) : vt_publisher_flush(ingest->publisher));
    tell_end(ingest, reason, detail);
    if (told && ingest->publisher) {
        vt_publisher_refuse(ingest->publisher, code, detail, &ingest->reply);
        send_reply(ingest);
    }
    if (!told || ingest->socket < 0 || ingest->reply.size > 0) {
        vt_loop_exit(ingest->loop, 0);
        return;
    }
    // half-closed, so that what was said is read before the connection is reset
    (void)shutdown(ingest->socket, SHUT_WR);
    (void)vt_source_at(ingest->on_timer, vt_now_ns() + VT_INGEST_LINGER_NS);
}

// -- the encoder's connection

// Reads unless too much waits already: then TCP tells the encoder to wait.
static void watch_socket(struct ingest *ingest)
{
    bool full = !ingest->ended && vt_publisher_full(ingest->publisher);
    (void)vt_source_events(ingest->on_socket, (full ? 0 : EPOLLIN) | (ingest->reply.size > 0 ? EPOLLOUT : 0));
}

static void send_reply(struct ingest *ingest)
{
    size_t sent = 0;
    while (sent < ingest->reply.size) {
        ssize_t n = send(ingest->socket, ingest->reply.data + sent, ingest->reply.size - sent,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            break;                       // full: later; broken: reading will say so
        sent += (size_t)n;
    }
    memmove(ingest->reply.data, ingest->reply.data + sent, ingest->reply.size - sent);
    ingest->reply.size -= sent;
    watch_socket(ingest);
}

static void note_media(struct ingest *ingest, int64_t now_ns)
{
    struct vt_publisher_status status;
    get_status(ingest, &status);
    if (status.units != ingest->units) {
        ingest->units = status.units;
        ingest->media_ns = now_ns;
    }
}

static void take_bytes(struct ingest *ingest, const uint8_t *data, size_t size)
{
    int64_t now_ns = vt_now_ns();
    ingest->bytes += (int64_t)size;
    int result = vt_publisher_feed(ingest->publisher, data, size, now_ns, &ingest->reply);
    note_media(ingest, now_ns);
    if (ingest->reply.size > 0)
        send_reply(ingest);
    if (!result)
        (void)vt_source_at(ingest->on_due, now_ns);
    if (result == 1)
        end(ingest, "unpublished", "", NULL, false);
    else if (result == -EINVAL)
        end(ingest, "invalid", vt_publisher_why(ingest->publisher), NULL, true);
    else if (result < 0)
        end(ingest, "invalid", vt_publisher_why(ingest->publisher), NULL, false);
}

// Encoders that send the end of a large picture only when its beginning is acknowledged are not to wait for that: as a
// rule it takes 40 ms. It has to be said after each read; what is no TCP does not care.
static void acknowledge_now(int fd)
{
    setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &(int){1}, sizeof(int));
}

static void on_socket(void *opaque, int fd, uint32_t events)
{
    struct ingest *ingest = opaque;
    if ((events & EPOLLOUT) && ingest->reply.size > 0)
        send_reply(ingest);
    if (!(events & ~(uint32_t)EPOLLOUT))
        return;
    ssize_t size = recv(fd, ingest->buffer, sizeof ingest->buffer, MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (ingest->ended) {                 // lingering: it has read what it was told once it hangs up
        if (size <= 0)
            vt_loop_exit(ingest->loop, 0);
        return;
    }
    if (size > 0)
        acknowledge_now(fd);
    if (size > 0)
        take_bytes(ingest, ingest->buffer, (size_t)size);
    else if (ingest->leave_words)
        end(ingest, "stopped", ingest->leave_words, NULL, false);
    else
        end(ingest, "lost", size == 0 ? "the encoder closed the connection" : strerror(errno), NULL, false);
}

// Decodes what is due. Reading comes between two pictures.
static void run_rtmp(void *opaque)
{
    struct ingest *ingest = opaque;
    if (ingest->ended)
        return;
    int result = vt_publisher_run(ingest->publisher, vt_now_ns());
    int64_t due_ns = vt_publisher_due(ingest->publisher);
    if (result < 0) {
        end(ingest, "invalid", vt_publisher_why(ingest->publisher), NULL, result == -EINVAL);
        return;
    }
    watch_socket(ingest);
    if (due_ns < INT64_MAX)
        (void)vt_source_at(ingest->on_due, due_ns);
}

// SRT has no words for an encoder that is connected: it only sees its connection close.
static void run_ts(void *opaque)
{
    struct ingest *ingest = opaque;
    if (ingest->ended)
        return;
    int result = vt_ts_publisher_run(ingest->ts, vt_now_ns());
    int64_t due_ns = vt_ts_publisher_due(ingest->ts);
    note_media(ingest, vt_now_ns());
    if (result == 1)
        end(ingest, "lost", "the connection has ended", NULL, false);
    else if (result < 0)
        end(ingest, "invalid", vt_ts_publisher_why(ingest->ts), NULL, false);
    else if (due_ns < INT64_MAX)
        (void)vt_source_at(ingest->on_due, due_ns);
}

static void on_units(void *opaque, int fd, uint32_t events)
{
    run_ts(opaque);
}

static void on_timer(void *opaque)
{
    struct ingest *ingest = opaque;
    int64_t now_ns = vt_now_ns();
    if (ingest->ended) {
        vt_loop_exit(ingest->loop, 0);
        return;
    }
    if (ingest->leave_words) {
        end(ingest, "stopped", ingest->leave_words, ingest->leave_code, true);
        return;
    }
    send_status(ingest);
    (void)vt_link_flush(ingest->supervisor);
    if (ingest->studio)
        (void)vt_link_flush(ingest->studio);
    if (now_ns - ingest->media_ns > VT_INGEST_IDLE_NS)
        end(ingest, "idle", "no audio or video came for 30 seconds", NULL, true);
    else
        (void)vt_source_at(ingest->on_timer, now_ns + VT_INGEST_STATUS_NS);
}

// -- the studio's link

static void drop_studio(struct ingest *ingest)
{
    vt_ring_sink_connect(ingest->sink, NULL);
    vt_source_free(&ingest->on_studio);
    vt_link_free(&ingest->studio);
}

// A studio says nothing on this link; what comes is its end, and another one may follow (INGEST_SOURCE).
static void on_studio(void *opaque, int fd, uint32_t events)
{
    struct ingest *ingest = opaque;
    struct vt_message message;
    int got = vt_link_receive(ingest->studio, &message);
    if (got > 0)
        vt_message_clear(&message);
    if (got == 0)
        return;
    vt_warning("the studio's link has ended; pictures are dropped until there is another");
    drop_studio(ingest);
}

static int connect_studio(struct ingest *ingest, int fd)
{
    drop_studio(ingest);
    int error = vt_link_new(&ingest->studio, fd, VT_INGEST, VT_STUDIO);
    if (error < 0)
        return error;
    error = vt_loop_io(ingest->loop, &ingest->on_studio, vt_link_fd(ingest->studio), EPOLLIN, on_studio, ingest);
    if (error < 0) {
        vt_link_free(&ingest->studio);
        return error;
    }
    vt_ring_sink_connect(ingest->sink, ingest->studio);
    return 0;
}

// -- the supervisor's link

static int read_names(struct ingest *ingest, const json_t *body)
{
    const char *publisher = vt_message_text(body, "publisher"), *channel = vt_message_text(body, "channel");
    if (!publisher || strlen(publisher) >= sizeof ingest->publisher_id)
        return -EBADMSG;
    snprintf(ingest->publisher_id, sizeof ingest->publisher_id, "%s", publisher);
    return vt_name_copy(ingest->channel, channel);
}

static void show_names(const struct ingest *ingest)
{
    char text[VT_NAME_ROOM + 32];
    snprintf(text, sizeof text, "vitrine ingest %s", ingest->channel);
    vt_title_set(text);
    vt_log_init(text + strlen("vitrine "));
}

static int open_publisher(struct ingest *ingest, int state_fd, uint8_t **ret_unread, size_t *ret_size)
{
    struct vt_rtmp *rtmp = malloc(sizeof *rtmp);
    if (!rtmp)
        return -ENOMEM;
    int error = vt_handover_read(state_fd, rtmp, ret_unread, ret_size);
    if (!error) {
        struct vt_decode_sink calls = vt_ring_sink_calls(ingest->sink);
        error = vt_publisher_new(&ingest->publisher, rtmp, &calls, VT_INGEST_THREADS);
    }
    explicit_bzero(rtmp, sizeof *rtmp);
    free(rtmp);
    return error;
}

// Everything is in hand: says yes to the encoder and takes what it had sent in the meantime.
static int begin(struct ingest *ingest, const uint8_t *unread, size_t size)
{
    int64_t now_ns = vt_now_ns();
    ingest->start_ns = ingest->media_ns = now_ns;
    ingest->reply.limit = VT_INGEST_REPLY_BYTES;
    int error = ingest->ts ? vt_loop_io(ingest->loop, &ingest->on_socket, vt_ts_publisher_fd(ingest->ts), EPOLLIN,
                                        on_units, ingest)
                           : vt_loop_io(ingest->loop, &ingest->on_socket, ingest->socket, EPOLLIN, on_socket, ingest);
    if (!error)
        error = vt_loop_timer(ingest->loop, &ingest->on_timer, now_ns + VT_INGEST_STATUS_NS, on_timer, ingest);
    if (!error)
        error = vt_loop_timer(ingest->loop, &ingest->on_due, now_ns, ingest->ts ? run_ts : run_rtmp, ingest);
    if (error < 0 || ingest->ts)
        return error;
    vt_publisher_accept(ingest->publisher, &ingest->reply);
    send_reply(ingest);
    if (size > 0)
        take_bytes(ingest, unread, size);
    return 0;
}

static int open_ts_publisher(struct ingest *ingest)
{
    struct vt_decode_sink calls = vt_ring_sink_calls(ingest->sink);
    int error = vt_ts_publisher_new(&ingest->ts, ingest->socket, &calls, VT_INGEST_THREADS);
    if (!error)
        ingest->socket = -1;
    return error;
}

// [socket, state, source link] over RTMP, [socket, source link] over SRT
static int start(struct ingest *ingest, struct vt_message *message)
{
    const char *protocol = vt_message_text(message->body, "protocol");
    bool srt = protocol && strcmp(protocol, "srt") == 0;
    if (has_publisher(ingest) || message->n_fds != (srt ? 2 : 3))
        return -EBADMSG;
    int error = read_names(ingest, message->body);
    if (error < 0)
        return error;
    show_names(ingest);
    char encoder[128];
    vt_info("publisher %s with \"%s\"", ingest->publisher_id,
            vt_escape_once(encoder, sizeof encoder, vt_message_text(message->body, "encoder")));

    ingest->socket = vt_message_take_fd(message, 0);
    int state_fd = srt ? -1 : vt_message_take_fd(message, 1);
    error = connect_studio(ingest, vt_message_take_fd(message, srt ? 1 : 2));
    uint8_t *unread = NULL;
    size_t size = 0;
    if (!error)
        error = srt ? open_ts_publisher(ingest) : open_publisher(ingest, state_fd, &unread, &size);
    if (state_fd >= 0)
        close(state_fd);
    if (!error)
        error = begin(ingest, unread, size);
    free(unread);
    return error;
}

// An encoder that can is first asked to connect again, and given time to go by itself.
static bool ask_to_leave(struct ingest *ingest, const char *code, const char *description)
{
    if (ingest->ended || ingest->leave_words || !ingest->publisher || !code || !description ||
        !vt_publisher_reconnect(ingest->publisher, description, &ingest->reply))
        return false;
    ingest->leave_code = strdup(code);
    ingest->leave_words = strdup(description);
    if (!ingest->leave_code || !ingest->leave_words)
        return false;
    vt_info("asking its encoder to connect again");
    send_reply(ingest);
    (void)vt_source_at(ingest->on_timer, vt_now_ns() + VT_INGEST_LEAVE_NS);
    return true;
}

static void stop(struct ingest *ingest, const json_t *body)
{
    const char *code = vt_message_text(body, "code"), *description = vt_message_text(body, "description");
    bool leaves = vt_message_bool(body, "reconnect", false) && ask_to_leave(ingest, code, description);
    if (leaves)
        return;
    if (has_publisher(ingest))
        end(ingest, "stopped", description ? description : "", code, true);
    else
        vt_loop_exit(ingest->loop, 0);
}

static int take_message(struct ingest *ingest, struct vt_message *message)
{
    switch (message->kind) {
    case VT_MSG_INGEST_START:
        return start(ingest, message);
    case VT_MSG_INGEST_STOP:
        stop(ingest, message->body);
        return 0;
    case VT_MSG_INGEST_SOURCE:
        return has_publisher(ingest) && !ingest->ended ? connect_studio(ingest, vt_message_take_fd(message, 0)) : 0;
    default:
        return -EBADMSG;
    }
}

static void on_supervisor(void *opaque, int fd, uint32_t events)
{
    struct ingest *ingest = opaque;
    struct vt_message message;
    int result = vt_link_receive(ingest->supervisor, &message);
    if (result > 0) {
        result = take_message(ingest, &message);
        vt_message_clear(&message);
    }
    if (result == 0)
        return;
    if (result != -EPIPE)
        vt_error("cannot go on with what the supervisor sent: %s", strerror(-result));
    vt_loop_exit(ingest->loop, result == -EPIPE ? 0 : 1);
}

// -- the process

static int set_up(struct ingest *ingest)
{
    int error = vt_link_new(&ingest->supervisor, SUPERVISOR_FD, VT_INGEST, VT_SUPERVISOR);
    if (!error)
        error = vt_loop_new(&ingest->loop);
    if (!error)
        error = vt_loop_io(ingest->loop, &ingest->on_supervisor, SUPERVISOR_FD, EPOLLIN, on_supervisor, ingest);
    if (!error)
        error = vt_ring_sink_new(&ingest->sink);
    if (!error)
        error = vt_decode_warm_up(VT_INGEST_THREADS);
    if (!error)
        error = vt_ts_source_warm_up();
    if (!error)
        error = vt_sandbox_enter(VT_SANDBOX_INGEST);
    return error;
}

static void tear_down(struct ingest *ingest)
{
    vt_source_free(&ingest->on_socket);
    vt_ts_publisher_free(&ingest->ts);
    vt_publisher_free(&ingest->publisher);
    vt_ring_sink_free(&ingest->sink);
    vt_source_free(&ingest->on_timer);
    vt_source_free(&ingest->on_due);
    vt_source_free(&ingest->on_studio);
    vt_source_free(&ingest->on_supervisor);
    vt_link_free(&ingest->studio);
    vt_link_free(&ingest->supervisor);
    vt_loop_free(&ingest->loop);
    vt_writer_free(&ingest->reply);
    free(ingest->leave_code);
    free(ingest->leave_words);
    if (ingest->socket >= 0)
        close(ingest->socket);
    free(ingest);
}

int vt_ingest_main(int argc, char **argv)
{
    if (argc != 1 || strcmp(argv[0], "-") != 0 || fcntl(SUPERVISOR_FD, F_GETFD) < 0) {
        fputs("vitrine: ingest is started by vitrine serve\n", stderr);
        return 2;
    }
    vt_log_init("ingest -");
    av_log_set_level(AV_LOG_QUIET);      // it would print what a stranger wrote
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, SIG_IGN);             // a terminal's Ctrl-C is the supervisor's to answer
    struct ingest *ingest = calloc(1, sizeof *ingest);
    if (!ingest)
        return 1;
    ingest->socket = -1;
    int code = set_up(ingest);
    if (code < 0)
        vt_error("cannot start: %s", strerror(-code));
    else
        code = vt_loop_run(ingest->loop);
    tear_down(ingest);
    return code == 0 ? 0 : 1;
}
