// The gate as a process of its own, the test as its supervisor, and publishers: made by hand, and a real ffmpeg.
#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/mediatime.h"
#include "base/message.h"
#include "client.h"
#include "ingest/gate.h"
#include "ingest/gate_process.h"
#include "ingest/handover.h"

#define PATIENCE_MS 10000

struct gate {
    pid_t pid;
    struct vt_link *link;
    int port;
};

static int listen_anywhere(int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    REQUIRE(fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, VT_GATE_CONNECTIONS) == 0);
    REQUIRE(getsockname(fd, (struct sockaddr *)&address, &size) == 0);
    *port = ntohs(address.sin_port);
    return fd;
}

// With the body of its GATE_START; its log goes to `log` if that is a descriptor.
static void start_with(struct gate *gate, json_t *body, int log)
{
    int pair[2], listener = listen_anywhere(&gate->port);
    REQUIRE(vt_link_pair(pair) == 0);
    fflush(stdout);
    gate->pid = fork();
    if (gate->pid == 0) {
        if (log >= 0) {
            dup2(log, STDERR_FILENO);
            setenv("VITRINE_LOG", "info", 1);
        }
        dup2(pair[1], 3);
        close_range(4, ~0u, 0);
        char role[] = "rtmp", *argv[] = {role, NULL};
        _exit(vt_gate_main(1, argv));
    }
    close(pair[1]);
    REQUIRE(vt_link_new(&gate->link, pair[0], VT_SUPERVISOR, VT_GATE) == 0);
    REQUIRE(vt_link_send(gate->link, VT_MSG_GATE_START, body, &listener, 1) == 0);
    close(listener);
}

static void start(struct gate *gate)
{
    start_with(gate, json_pack("{s:[s]}", "listen", "127.0.0.1"), -1);
}

// The link's end is the gate's end. Returns its exit code.
static int end(struct gate *gate)
{
    int status;
    vt_link_free(&gate->link);
    REQUIRE(waitpid(gate->pid, &status, 0) == gate->pid);
    REQUIRE(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void stop(struct gate *gate)
{
    REQUIRE_INT(end(gate), 0);
}

static void wait_for(int fd, short events)
{
    struct pollfd ready = {fd, events, 0};
    REQUIRE_INT(poll(&ready, 1, PATIENCE_MS), 1);
}

// What the gate says next; what it counts comes each second, between the rest.
static struct vt_message expect(struct gate *gate, enum vt_message_kind kind)
{
    struct vt_message message;
    for (;;) {
        wait_for(vt_link_fd(gate->link), POLLIN);
        REQUIRE_INT(vt_link_receive(gate->link, &message), 1);
        if (kind == VT_MSG_GATE_TALLY || message.kind != VT_MSG_GATE_TALLY)
            break;
        vt_message_clear(&message);
    }
    REQUIRE_TEXT(vt_message_name(message.kind), vt_message_name(kind));
    return message;
}

static int dial(const struct gate *gate)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons((uint16_t)gate->port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    return fd;
}

// Sends and frees.
static void say(int fd, struct vt_writer *w)
{
    REQUIRE_INT(send(fd, w->data, w->size, MSG_NOSIGNAL), (int64_t)w->size);
    vt_writer_free(w);
}

// Reads until the peer ends; the caller frees.
static struct vt_writer read_to_end(int fd)
{
    struct vt_writer all = {0};
    for (;;) {
        uint8_t bytes[4096];
        wait_for(fd, POLLIN);
        ssize_t n = recv(fd, bytes, sizeof bytes, 0);
        if (n <= 0)
            return all;
        vt_write_bytes(&all, bytes, (size_t)n);
    }
}

static int64_t expect_ask(struct gate *gate, const char *key)
{
    struct vt_message ask = expect(gate, VT_MSG_PUBLISH_ASK);
    int64_t conn = vt_message_int(ask.body, "conn", -1);
    REQUIRE_TEXT(vt_message_text(ask.body, "key"), key);
    REQUIRE_TEXT(vt_message_text(ask.body, "address"), "127.0.0.1");
    vt_message_clear(&ask);
    return conn;
}

static void accept_it(struct gate *gate, int64_t conn, int *ret_socket, int *ret_state)
{
    REQUIRE(vt_link_send(gate->link, VT_MSG_PUBLISH_ACCEPT, json_pack("{s:I}", "conn", (json_int_t)conn),
                         NULL, 0) == 0);
    struct vt_message hand = expect(gate, VT_MSG_PUBLISH_HAND);
    REQUIRE_INT(vt_message_int(hand.body, "conn", -1), conn);
    *ret_socket = vt_message_take_fd(&hand, 0);
    *ret_state = vt_message_take_fd(&hand, 1);
    vt_message_clear(&hand);
}

static bool file_holds(int fd, const char *text)
{
    struct stat file;
    REQUIRE(fstat(fd, &file) == 0);
    char *bytes = mmap(NULL, (size_t)file.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    REQUIRE(bytes != MAP_FAILED);
    bool found = memmem(bytes, (size_t)file.st_size, text, strlen(text)) != NULL;
    munmap(bytes, (size_t)file.st_size);
    return found;
}

TEST(hands_over_with_the_bytes_that_follow)
{
    struct gate gate;
    struct vt_writer w = {0}, reply = {0};
    start(&gate);
    int client = dial(&gate), socket, state;
    client_publish(&w, "demo-key?x=1");
    client_message(&w, 128, 4, VT_RTMP_VIDEO, 1, 40, "\x17\x01", 2);
    say(client, &w);
    accept_it(&gate, expect_ask(&gate, "demo-key"), &socket, &state);
    REQUIRE(!file_holds(state, "demo-key"));

    static struct vt_rtmp rtmp;
    struct vt_rtmp_buffers buffers = {0};
    struct vt_rtmp_event event;
    uint8_t *unread;
    size_t size;
    REQUIRE_INT(vt_handover_read(state, &rtmp, &unread, &size), 0);
    vt_rtmp_accept(&rtmp, &reply);
    REQUIRE_INT(vt_rtmp_feed(&rtmp, &buffers, unread, size, &reply, &event), (int64_t)size);
    REQUIRE_INT(event.kind, VT_RTMP_MEDIA);
    REQUIRE_INT(event.timestamp_ms, 40);
    vt_rtmp_buffers_free(&buffers);
    vt_writer_free(&reply);
    free(unread);
    close(state);
    close(socket);
    close(client);
    stop(&gate);
}

TEST(tells_a_refused_publisher_why)
{
    struct gate gate;
    struct vt_writer w = {0};
    start(&gate);
    int client = dial(&gate);
    client_publish(&w, "wrong");
    say(client, &w);
    int64_t conn = expect_ask(&gate, "wrong");
    REQUIRE(vt_link_send(gate.link, VT_MSG_PUBLISH_REFUSE,
                         json_pack("{s:I,s:s}", "conn", (json_int_t)conn, "description", "No such key."),
                         NULL, 0) == 0);
    struct vt_writer all = read_to_end(client);
    REQUIRE(memmem(all.data, all.size, "NetStream.Publish.BadName", 25));
    REQUIRE(memmem(all.data, all.size, "No such key.", 12));
    vt_writer_free(&all);
    close(client);
    stop(&gate);
}

TEST(asks_for_a_key_without_asking_the_supervisor)
{
    struct gate gate;
    struct vt_writer w = {0};
    start(&gate);
    int client = dial(&gate);
    client_handshake(&w);
    client_connect(&w, "", "x");
    client_command(&w, "publish", 5, 1, "");
    say(client, &w);
    struct vt_writer all = read_to_end(client);
    REQUIRE(memmem(all.data, all.size, "No stream key", 13));
    vt_writer_free(&all);
    close(client);
    stop(&gate);
}

TEST(says_when_a_publisher_hangs_up_early)
{
    struct gate gate;
    struct vt_writer w = {0};
    start(&gate);
    int client = dial(&gate);
    client_publish(&w, "k");
    say(client, &w);
    int64_t conn = expect_ask(&gate, "k");
    close(client);
    struct vt_message gone = expect(&gate, VT_MSG_PUBLISH_GONE);
    REQUIRE_INT(vt_message_int(gone.body, "conn", -1), conn);
    vt_message_clear(&gone);
    REQUIRE(vt_link_send(gate.link, VT_MSG_PUBLISH_ACCEPT, json_pack("{s:I}", "conn", (json_int_t)conn), NULL,
                         0) == 0);
    client = dial(&gate);                       // and goes on after the late answer
    client_publish(&w, "again");
    say(client, &w);
    expect_ask(&gate, "again");
    close(client);
    stop(&gate);
}

TEST(closes_what_is_not_rtmp)
{
    struct gate gate;
    struct vt_writer w = {0};
    start(&gate);
    int client = dial(&gate);
    vt_write_text(&w, "GET / HTTP/1.1\r\n\r\n");
    say(client, &w);
    struct vt_writer all = read_to_end(client);
    REQUIRE_INT(all.size, 0);
    vt_writer_free(&all);
    close(client);
    struct vt_message tally = expect(&gate, VT_MSG_GATE_TALLY);
    REQUIRE_INT(vt_message_int(tally.body, "closed", -1), 1);
    vt_message_clear(&tally);
    stop(&gate);
}

TEST(bounds_what_one_address_may_hold_open)
{
    struct gate gate;
    struct vt_writer w = {0};
    int clients[VT_GATE_PER_ADDRESS];
    start(&gate);
    for (int i = 0; i < VT_GATE_PER_ADDRESS; i++)
        clients[i] = dial(&gate);
    int one_more = dial(&gate);
    struct vt_writer all = read_to_end(one_more);
    REQUIRE_INT(all.size, 0);
    struct vt_message tally = expect(&gate, VT_MSG_GATE_TALLY);      // it counts, too
    REQUIRE_INT(vt_message_int(tally.body, "closed", -1), 1);
    vt_message_clear(&tally);
    client_publish(&w, "last");                 // the last that is allowed works
    say(clients[VT_GATE_PER_ADDRESS - 1], &w);
    expect_ask(&gate, "last");
    for (int i = 0; i < VT_GATE_PER_ADDRESS; i++)
        close(clients[i]);
    close(one_more);
    vt_writer_free(&all);
    stop(&gate);
}

// The time from accept to publish is one for all of it: who sends a little now and then does not get more.
TEST(closes_who_takes_too_long)
{
    struct gate gate;
    struct vt_writer w = {0};
    start(&gate);
    int64_t begin = vt_now_ns(), closed[2] = {0};
    int clients[2] = {dial(&gate), dial(&gate)};
    client_handshake(&w);
    for (size_t sent = 0; !closed[0] || !closed[1]; sent++) {
        struct pollfd ready[2] = {{closed[0] ? -1 : clients[0], POLLIN, 0}, {closed[1] ? -1 : clients[1], POLLIN, 0}};
        (void)send(clients[1], w.data + sent, 1, MSG_NOSIGNAL);          // 1536 bytes of handshake, one at a time
        poll(ready, 2, 100);
        for (int i = 0; i < 2; i++) {
            uint8_t bytes[4096];
            if (ready[i].revents && recv(clients[i], bytes, sizeof bytes, 0) <= 0)
                closed[i] = vt_now_ns();
        }
        REQUIRE(sent < w.size / 2 && vt_now_ns() - begin < 6 * VT_GATE_SETUP_NS);
    }
    REQUIRE(closed[0] - begin >= VT_GATE_SETUP_NS - VT_NS_PER_S);
    REQUIRE(closed[1] - begin >= VT_GATE_SETUP_NS - VT_NS_PER_S);
    close(clients[0]);
    close(clients[1]);
    vt_writer_free(&w);
    stop(&gate);
}

static int dial_from(const struct gate *gate, int number)
{
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + (uint32_t)number)};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons((uint16_t)gate->port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(fd >= 0 && bind(fd, (struct sockaddr *)&from, sizeof from) == 0);
    REQUIRE(connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
    return fd;
}

static void expect_key(struct gate *gate, const char *key)
{
    struct vt_message ask = expect(gate, VT_MSG_PUBLISH_ASK);
    REQUIRE_TEXT(vt_message_text(ask.body, "key"), key);
    vt_message_clear(&ask);
}

static bool is_open(int fd)
{
    uint8_t byte;
    return recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && errno == EAGAIN;
}

// One that has got through its handshake, and says nothing more: its connect has been answered.
static int dial_in_earnest(const struct gate *gate, int number)
{
    struct vt_writer w = {0};
    uint8_t answer[4096];
    size_t heard = 0;
    int fd = dial_from(gate, number);
    client_handshake(&w);
    client_command(&w, "connect", 1, 0, NULL);
    say(fd, &w);
    while (heard <= 1 + 2 * VT_RTMP_HANDSHAKE_BYTES) {
        wait_for(fd, POLLIN);
        ssize_t n = recv(fd, answer, sizeof answer, 0);
        REQUIRE(n > 0);
        heard += (size_t)n;
    }
    return fd;
}

// One past the limit, the one makes room that has waited longest without getting through its handshake: a flood does
// not keep a publisher out, nor push out one that is on its way.
TEST(bounds_connections_in_all)
{
    static int clients[VT_GATE_CONNECTIONS];
    struct gate gate;
    struct rlimit files;
    REQUIRE(getrlimit(RLIMIT_NOFILE, &files) == 0);
    files.rlim_cur = files.rlim_max;
    if (files.rlim_max < 2 * VT_GATE_CONNECTIONS || setrlimit(RLIMIT_NOFILE, &files) != 0) {
        puts("# skipped: too few descriptors");
        return;
    }
    start(&gate);
    clients[0] = dial_in_earnest(&gate, 0);
    for (int i = 1; i < VT_GATE_CONNECTIONS; i++)
        clients[i] = dial_from(&gate, i / VT_GATE_PER_ADDRESS);
    struct vt_writer w = {0};
    client_publish(&w, "at-the-limit");
    say(clients[VT_GATE_CONNECTIONS - 1], &w);
    expect_key(&gate, "at-the-limit");
    REQUIRE(is_open(clients[1]));
    int one_more = dial_from(&gate, VT_GATE_CONNECTIONS / VT_GATE_PER_ADDRESS);
    client_publish(&w, "one-past");
    say(one_more, &w);
    expect_key(&gate, "one-past");
    wait_for(clients[1], POLLIN);
    REQUIRE(!is_open(clients[1]) && is_open(clients[2]));
    client_command(&w, "createStream", 2, 0, NULL);
    client_command(&w, "publish", 3, 1, "in-earnest");
    say(clients[0], &w);
    expect_key(&gate, "in-earnest");
    for (int i = 0; i < VT_GATE_CONNECTIONS; i++)
        close(clients[i]);
    close(one_more);
    stop(&gate);
}

// Where all have got through their handshake, the oldest makes room.
TEST(makes_room_among_those_in_earnest)
{
    int clients[VT_GATE_CONNECTIONS_MIN + 1];
    struct gate gate;
    start_with(&gate, json_pack("{s:[s], s:i, s:i}", "listen", "127.0.0.1", "connections", VT_GATE_CONNECTIONS_MIN,
                                "per_address", 1), -1);
    for (int i = 0; i <= VT_GATE_CONNECTIONS_MIN; i++)
        clients[i] = dial_in_earnest(&gate, i);
    wait_for(clients[0], POLLIN);
    REQUIRE(!is_open(clients[0]));
    for (int i = 1; i <= VT_GATE_CONNECTIONS_MIN; i++)
        REQUIRE(is_open(clients[i]));
    for (int i = 0; i <= VT_GATE_CONNECTIONS_MIN; i++)
        close(clients[i]);
    stop(&gate);
}

// Whether a gate takes these limits.
static bool takes(int connections, int per_address, int64_t setup_ns)
{
    struct gate gate;
    start_with(&gate, json_pack("{s:[s], s:i, s:i, s:I}", "listen", "127.0.0.1", "connections", connections, "per_address",
                                per_address, "setup_ns", (json_int_t)setup_ns), -1);
    int code = end(&gate);
    REQUIRE(code == 0 || code == 1);
    return code == 0;
}

TEST(its_limits_have_limits)
{
    const int64_t setup_ns = VT_GATE_SETUP_NS;
    REQUIRE(takes(VT_GATE_CONNECTIONS_MIN, 1, setup_ns) && !takes(VT_GATE_CONNECTIONS_MIN - 1, 1, setup_ns));
    REQUIRE(takes(VT_GATE_CONNECTIONS_MAX, 1, setup_ns) && !takes(VT_GATE_CONNECTIONS_MAX + 1, 1, setup_ns));
    REQUIRE(takes(100, 100, setup_ns) && !takes(100, 101, setup_ns) && !takes(100, 0, setup_ns));
    REQUIRE(takes(100, 1, VT_GATE_SETUP_MIN_NS) && !takes(100, 1, VT_GATE_SETUP_MIN_NS - 1));
    REQUIRE(takes(100, 1, VT_GATE_SETUP_MAX_NS) && !takes(100, 1, VT_GATE_SETUP_MAX_NS + 1));
}

// What a gate has logged of closed connections: one by one, and all at once.
struct logged {
    char text[1 << 16];
    size_t size;
    int lines, more;
};

static void read_log(int log, struct logged *logged)
{
    static const char one[] = ": closed: ", all[] = " more connections closed";
    ssize_t n = read(log, logged->text + logged->size, sizeof logged->text - 1 - logged->size);
    logged->size += n > 0 ? (size_t)n : 0;
    logged->text[logged->size] = 0;
    logged->lines = logged->more = 0;
    for (char *at = logged->text; (at = strstr(at, one)); at++)
        logged->lines++;
    for (char *at = logged->text; (at = strstr(at, all)); at++) {
        char *number = at;
        while (number[-1] != ' ')
            number--;
        logged->more += atoi(number);
    }
}

TEST(strangers_do_not_flood_the_log)
{
    static struct logged logged;
    struct gate gate;
    int log[2], closed = 0;
    REQUIRE(pipe2(log, O_CLOEXEC | O_NONBLOCK) == 0);
    start_with(&gate, json_pack("{s:[s]}", "listen", "127.0.0.1"), log[1]);
    int64_t begin = vt_now_ns();
    while (closed < 3 * VT_GATE_LOG_LINES || logged.more == 0) {
        struct vt_writer w = {0};
        int client = dial(&gate);
        vt_write_text(&w, "GET / HTTP/1.1\r\n\r\n");
        say(client, &w);
        w = read_to_end(client);
        vt_writer_free(&w);
        close(client);
        closed++;
        read_log(log[0], &logged);
        REQUIRE(vt_now_ns() - begin < 30 * VT_NS_PER_S);
    }
    int64_t seconds = vt_now_ns() / VT_NS_PER_S - begin / VT_NS_PER_S + 1;
    stop(&gate);
    REQUIRE(logged.lines <= VT_GATE_LOG_LINES * seconds && logged.lines + logged.more <= closed);
    close(log[0]);
    close(log[1]);
}

struct counts {
    int video, audio, data, unpublished;
};

// Takes a handed-over publisher's messages until it says goodbye or hangs up, as an ingest does.
static void take_all(int socket, int state, struct counts *counts)
{
    static struct vt_rtmp rtmp;
    struct vt_rtmp_buffers buffers = {0};
    struct vt_writer reply = {0};
    uint8_t *unread, bytes[16384];
    size_t unread_size;
    REQUIRE_INT(vt_handover_read(state, &rtmp, &unread, &unread_size), 0);
    vt_rtmp_accept(&rtmp, &reply);
    const uint8_t *data = unread;
    ssize_t left = (ssize_t)unread_size;
    do {
        struct vt_rtmp_event event;
        do {
            ssize_t used = vt_rtmp_feed(&rtmp, &buffers, data, (size_t)left, &reply, &event);
            REQUIRE(used >= 0);
            data += used;
            left -= used;
            counts->unpublished += event.kind == VT_RTMP_UNPUBLISHED;
            if (event.kind == VT_RTMP_MEDIA)
                *(event.type == VT_RTMP_VIDEO ? &counts->video
                  : event.type == VT_RTMP_AUDIO ? &counts->audio : &counts->data) += 1;
        } while (event.kind != VT_RTMP_MORE);
        if (reply.size > 0)
            (void)!send(socket, reply.data, reply.size, MSG_NOSIGNAL);
        reply.size = 0;
        wait_for(socket, POLLIN);
        left = recv(socket, bytes, sizeof bytes, 0);
        data = bytes;
    } while (left > 0);
    vt_rtmp_buffers_free(&buffers);
    vt_writer_free(&reply);
    free(unread);
}

static pid_t run_ffmpeg(const struct gate *gate)
{
    char url[64];
    snprintf(url, sizeof url, "rtmp://127.0.0.1:%d/live/demo-key", gate->port);
    pid_t pid = fork();
    if (pid == 0) {
        execlp("ffmpeg", "ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i",
               "testsrc2=size=160x90:rate=30:duration=1", "-f", "lavfi", "-i",
               "sine=sample_rate=48000:duration=1", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac",
               "-f", "flv", url, NULL);
        _exit(127);
    }
    return pid;
}

TEST(ffmpeg_publishes)
{
    struct gate gate;
    struct counts counts = {0};
    int socket, state, status;
    start(&gate);
    pid_t ffmpeg = run_ffmpeg(&gate);
    accept_it(&gate, expect_ask(&gate, "demo-key"), &socket, &state);
    take_all(socket, state, &counts);
    REQUIRE(waitpid(ffmpeg, &status, 0) == ffmpeg && WIFEXITED(status));
    REQUIRE_INT(WEXITSTATUS(status), 0);
    REQUIRE_INT(counts.video, 32);              // header, 30 frames, end of sequence
    REQUIRE(counts.audio >= 47 && counts.audio <= 50);
    REQUIRE(counts.data >= 1);
    REQUIRE_INT(counts.unpublished, 1);
    close(socket);
    close(state);
    stop(&gate);
}

int main(void)
{
#ifdef __SANITIZE_ADDRESS__
    setenv("VITRINE_SANDBOX", "off", 1);
#endif
    setenv("VITRINE_LOG", "error", 1);
    RUN(hands_over_with_the_bytes_that_follow);
    RUN(tells_a_refused_publisher_why);
    RUN(asks_for_a_key_without_asking_the_supervisor);
    RUN(says_when_a_publisher_hangs_up_early);
    RUN(closes_what_is_not_rtmp);
    RUN(bounds_what_one_address_may_hold_open);
    RUN(bounds_connections_in_all);
    RUN(makes_room_among_those_in_earnest);
    RUN(its_limits_have_limits);
    RUN(strangers_do_not_flood_the_log);
    RUN(closes_who_takes_too_long);
    RUN(ffmpeg_publishes);
    return DONE();
}
