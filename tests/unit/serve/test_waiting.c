// Requests that wait, over real connections to a site that lets everyone wait for news of "a/b/c", or "a/b/z".
#include "serve/waiting.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mediatime.h"
#include "check.h"
#include "serve/http.h"

#define MOST 4

// The server runs in a thread of its own; the test is its client, and tells it what to do by requests too.
struct stage {
    struct vt_loop *loop;
    struct vt_http *http;
    struct vt_waiting *waiting;
    pthread_t thread;
    struct sockaddr_in address;
    int64_t limit_ns;                        // of a wait
    char ready[16];                          // requests for one of these may be answered
    char order[16];                          // as they were
    int attempts;
};

static struct stage stage;

// ---- the server

static bool on_attempt(void *opaque, struct vt_request *request)
{
    const char *name = request->match.args[0];
    stage.attempts++;
    if (!strchr(stage.ready, name[0]))
        return false;
    stage.order[strlen(stage.order)] = name[0];
    vt_answer_init(&request->answer, 204);
    return true;
}

static void nothing(void *opaque)
{
}

static void handle_wait(struct vt_request *request)
{
    const char *folder = request->match.args[0][0] == 'z' ? "a/b/z" : "a/b/c";
    if (vt_waiting_add(stage.waiting, request, folder, stage.limit_ns) < 0)
        vt_answer_init(&request->answer, 429);
}

// Says how many wait, how often it was asked, and what was answered in which order.
static void answer_state(struct vt_request *request)
{
    vt_answer_init(&request->answer, 200);
    request->answer.data = malloc(64);
    request->answer.size = (size_t)snprintf(request->answer.data, 64, "%d %d %s", vt_waiting_count(stage.waiting),
                                            stage.attempts, stage.order);
}

// "/wake/READY/a.b.c"
static const char *take_orders(const struct vt_request *request)
{
    static char folder[VT_ROUTE_ARG_ROOM];
    snprintf(stage.ready, sizeof stage.ready, "%.15s", request->match.args[0]);
    strcpy(folder, request->match.args[1]);
    for (char *dot = folder; (dot = strchr(dot, '.')) != NULL;)
        *dot = '/';
    return folder;
}

static void handle_wake(struct vt_request *request)
{
    vt_waiting_wake(stage.waiting, take_orders(request));
    answer_state(request);
}

static void handle_end(struct vt_request *request)
{
    vt_waiting_end(stage.waiting, take_orders(request));
    answer_state(request);
}

static void handle_stop(struct vt_request *request)
{
    vt_answer_init(&request->answer, 204);
    vt_loop_exit(stage.loop, 0);
}

static const struct vt_route routes[] = {
    {"GET", "/wait/{name}", handle_wait, true, 0},
    {"GET", "/wake/{ready}/{folder}", handle_wake, true, 0},
    {"GET", "/end/{ready}/{folder}", handle_end, true, 0},
    {"GET", "/state", answer_state, true, 0},
    {"GET", "/stop", handle_stop, true, 0},
    {0},
};
static const struct vt_site site = {.routes = routes};

static void *serve(void *opaque)
{
    (void)vt_loop_run(stage.loop);
    vt_http_free(&stage.http);
    vt_waiting_free(&stage.waiting);
    vt_loop_free(&stage.loop);
    return NULL;
}

static void open_stage(int64_t limit_ns)
{
    stage = (struct stage){.limit_ns = limit_ns};
    REQUIRE_INT(vt_loop_new(&stage.loop), 0);
    struct vt_waiting_params params = {.loop = stage.loop, .attempt = on_attempt, .before = nothing, .after = nothing,
                                       .most = MOST};
    REQUIRE_INT(vt_waiting_new(&stage.waiting, &params), 0);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    socklen_t size = sizeof stage.address;
    stage.address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    REQUIRE_INT(bind(fd, (struct sockaddr *)&stage.address, size), 0);
    REQUIRE_INT(listen(fd, 64), 0);
    REQUIRE_INT(getsockname(fd, (struct sockaddr *)&stage.address, &size), 0);
    REQUIRE_INT(vt_http_new(&stage.http, stage.loop, fd, &site), 0);
    REQUIRE_INT(pthread_create(&stage.thread, NULL, serve, NULL), 0);
}

// ---- the client

static int send_request(const char *path)
{
    char text[256];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int size = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", path);
    REQUIRE_INT(connect(fd, (struct sockaddr *)&stage.address, sizeof stage.address), 0);
    REQUIRE_INT(write(fd, text, (size_t)size), size);
    return fd;
}

// Reads the answer to its end; returns its status, and its body in `body` (64 bytes) unless that is NULL.
static int status_of(int fd, char *body)
{
    char text[2048];
    size_t got = 0;
    ssize_t more;
    while (got < sizeof text - 1 && (more = read(fd, text + got, sizeof text - 1 - got)) > 0)
        got += (size_t)more;
    close(fd);
    text[got] = 0;
    const char *end = strstr(text, "\r\n\r\n");
    REQUIRE(got > 12 && end);
    if (body)
        snprintf(body, 64, "%.63s", end + 4);
    return atoi(text + 9);
}

static void get(const char *path, char *body)
{
    REQUIRE_INT(status_of(send_request(path), body), 200);
}

static void until_count(int wanted)
{
    char body[64];
    int turns = 0;
    do
        get("/state", body);
    while (atoi(body) != wanted && ++turns < 20000);
    REQUIRE_INT(atoi(body), wanted);
}

// Sends a request that waits, as the `count`th.
static int wait_as(char name, int count)
{
    char path[] = {'/', 'w', 'a', 'i', 't', '/', name, 0};
    int fd = send_request(path);
    until_count(count);
    return fd;
}

static void close_stage(void)
{
    close(send_request("/stop"));
    REQUIRE_INT(pthread_join(stage.thread, NULL), 0);
}

TEST(who_waits_is_asked_again_in_order)
{
    char state[64];
    open_stage(VT_NS_PER_S * 10);
    int first = wait_as('1', 1), second = wait_as('2', 2), third = wait_as('3', 3);
    get("/wake/123/a.b.d", state);
    get("/wake/123/a.b.cc", state);
    get("/wake/123/a.", state);
    REQUIRE_TEXT(state, "3 0 ");
    get("/wake/13/a.b.c", state);
    REQUIRE_TEXT(state, "1 3 13");
    REQUIRE_INT(status_of(third, NULL), 204);
    REQUIRE_INT(status_of(first, NULL), 204);
    get("/wake/2/a.b", state);
    REQUIRE_TEXT(state, "0 4 132");
    REQUIRE_INT(status_of(second, NULL), 204);
    close_stage();
}

TEST(one_more_than_may_wait_is_refused)
{
    open_stage(VT_NS_PER_S * 10);
    int fds[MOST];
    for (int i = 0; i < MOST; i++)
        fds[i] = wait_as((char)('1' + i), i + 1);
    REQUIRE_INT(status_of(send_request("/wait/9"), NULL), 429);
    close(fds[0]);
    until_count(MOST - 1);
    fds[0] = wait_as('5', MOST);
    for (int i = 0; i < MOST; i++)
        close(fds[i]);
    until_count(0);
    close_stage();
}

TEST(a_wait_ends_in_time)
{
    open_stage(VT_NS_PER_S * 2);
    int first = wait_as('1', 1), other = wait_as('z', 2);
    REQUIRE_INT(status_of(first, NULL), 503);
    REQUIRE_INT(status_of(other, NULL), 503);
    until_count(0);
    close_stage();
}

TEST(the_end_of_a_show_ends_its_waits)
{
    char state[64];
    open_stage(VT_NS_PER_S * 10);
    int answered = wait_as('1', 1), refused = wait_as('2', 2), other = wait_as('z', 3);
    get("/end/1/a.b.c", state);
    REQUIRE_TEXT(state, "1 2 1");
    REQUIRE_INT(status_of(answered, NULL), 204);
    REQUIRE_INT(status_of(refused, NULL), 503);
    close_stage();                               // who still waits when the server stops hears of it
    REQUIRE_INT(status_of(other, NULL), 503);
}

TEST(a_folders_name_is_limited)
{
    open_stage(VT_NS_PER_S * 10);
    char folder[VT_WAITER_FOLDER + 1];
    memset(folder, 'x', VT_WAITER_FOLDER);
    folder[VT_WAITER_FOLDER] = 0;
    REQUIRE_INT(vt_waiting_add(stage.waiting, NULL, folder, VT_NS_PER_S), -ENOMEM);
    close_stage();
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    RUN(who_waits_is_asked_again_in_order);
    RUN(one_more_than_may_wait_is_refused);
    RUN(a_wait_ends_in_time);
    RUN(the_end_of_a_show_ends_its_waits);
    RUN(a_folders_name_is_limited);
    return DONE();
}
