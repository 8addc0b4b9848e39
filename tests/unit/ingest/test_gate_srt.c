// Gate srt as a process of its own, the test as its supervisor: what it is told, and what it does not believe.
#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/message.h"
#include "ingest/gate.h"
#include "ingest/srt_filter.h"
#include "ingest/srt_listener.h"
#include "ingest/srt_refusals.h"

static struct vt_link *gate;
static pid_t pid;

static int bound_socket(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    REQUIRE(fd >= 0 && vt_srt_filter_attach(fd) == 0 && bind(fd, (struct sockaddr *)&to, sizeof to) == 0);
    return fd;
}

static void launch(void)
{
    int pair[2];
    REQUIRE(vt_link_pair(pair) == 0);
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        dup2(pair[1], 3);
        close_range(4, ~0u, 0);
        char role[] = "srt", *argv[] = {role, NULL};
        _exit(vt_gate_main(1, argv));
    }
    close(pair[1]);
    REQUIRE(vt_link_new(&gate, pair[0], VT_SUPERVISOR, VT_GATE) == 0);
}

// GATE_START with so many sockets, the last of them for these channels; takes `channels`.
static void start(int sockets, json_t *channels)
{
    int fds[VT_MESSAGE_FDS];
    for (int i = 0; i < sockets; i++)
        fds[i] = bound_socket();
    REQUIRE(vt_link_send(gate, VT_MSG_GATE_START, json_pack("{s:[s], s:o}", "listen", "127.0.0.1", "channels", channels),
                         fds, sockets) == 0);
    for (int i = 0; i < sockets; i++)
        close(fds[i]);
}

static void refuse(int64_t conn, int code, int64_t hold_ms)
{
    REQUIRE(vt_link_send(gate, VT_MSG_SRT_REFUSE, json_pack("{s:I, s:i, s:I}", "conn", (json_int_t)conn, "code", code,
                                                            "hold_ms", (json_int_t)hold_ms), NULL, 0) == 0);
}

// Its exit code, once it has read everything: 0 when the link's end ended it, 1 when it was told what cannot be.
static int end(void)
{
    int status;
    while (vt_link_flush(gate) > 0)
        poll(&(struct pollfd){.fd = vt_link_fd(gate), .events = POLLOUT}, 1, 10000);
    vt_link_free(&gate);
    REQUIRE(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
    return WEXITSTATUS(status);
}

TEST(takes_as_many_sockets_as_a_message_has)
{
    REQUIRE(VT_SRT_LISTENERS == VT_MESSAGE_FDS);
    launch();
    start(VT_SRT_LISTENERS, json_pack("[s, s, s, s]", "a", "b", "c", "d"));
    REQUIRE_INT(end(), 0);
}

TEST(starts_once)
{
    launch();
    start(1, json_array());
    start(1, json_array());
    REQUIRE_INT(end(), 1);
}

TEST(sockets_of_channels_are_among_those_that_came)
{
    launch();
    start(1, json_pack("[s]", "a"));
    REQUIRE_INT(end(), 0);
    launch();
    start(1, json_pack("[s, s]", "a", "b"));
    REQUIRE_INT(end(), 1);
    launch();
    start(1, json_pack("[s]", "no name"));
    REQUIRE_INT(end(), 1);
    launch();
    start(1, json_pack("[i]", 1));
    REQUIRE_INT(end(), 1);
}

// Each in a process of its own, since it ends at the first that cannot be.
TEST(a_refusal_has_limits)
{
    const int64_t most_ms = VT_SRT_HOLD_MAX_NS / 1000000;
    const struct { int64_t conn; int code; int64_t hold_ms; int exit; } cases[] = {
        {1, VT_SRT_UNAUTHORIZED, 0, 0}, {1, VT_SRT_CONFLICT, most_ms, 0}, {1, VT_SRT_DOWN, most_ms + 1, 1},
        {1, VT_SRT_DOWN, -1, 1},        {-1, VT_SRT_DOWN, 1, 1},          {1, VT_SRT_OVERLOAD, 1, 1},
        {1, 0, 1, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        launch();
        start(1, json_array());
        refuse(cases[i].conn, cases[i].code, cases[i].hold_ms);
        REQUIRE_INT(end(), cases[i].exit);
    }
}

TEST(keys_that_are_none_end_it)
{
    launch();
    REQUIRE(vt_link_send(gate, VT_MSG_GATE_KEYS, json_pack("{s:s, s:[s], s:i}", "channel", "a", "keys", "x", "latency_ms", 1),
                         NULL, 0) == 0);
    REQUIRE_INT(end(), 1);
}

int main(void)
{
    setenv("VITRINE_LOG", "error", 1);
    RUN(takes_as_many_sockets_as_a_message_has);
    RUN(starts_once);
    RUN(sockets_of_channels_are_among_those_that_came);
    RUN(a_refusal_has_limits);
    RUN(keys_that_are_none_end_it);
    return DONE();
}
