// Children that behave badly: this executable starts itself, and the first word says how.
#include "serve/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mediatime.h"
#include "check.h"
#include "serve/service.h"

static struct vt_loop *loop;
static struct vt_source *guard;
static struct vt_child *child;
static struct vt_identity nobody_else;
static int messages, status;
static json_t *body;

static void give_up(void *opaque)
{
    vt_loop_exit(loop, 99);
}

static void on_message(void *opaque, struct vt_child *from, struct vt_message *message)
{
    messages++;
    json_decref(body);
    body = json_incref(message->body);
}

static void on_exit_of_child(void *opaque, struct vt_child *ended, int its_status)
{
    status = its_status;
    vt_child_free(&child);
    vt_loop_exit(loop, 0);
}

static void open_loop(void)
{
    messages = 0;
    status = -1;
    REQUIRE_INT(vt_loop_new(&loop), 0);
    REQUIRE_INT(vt_loop_timer(loop, &guard, vt_now_ns() + 20 * VT_NS_PER_S, give_up, NULL), 0);
}

static void close_loop(void)
{
    vt_source_free(&guard);
    vt_loop_free(&loop);
}

static void start(const char *how)
{
    struct vt_child_params params = {.loop = loop, .role = VT_STUDIO, .words = {how, "mango"},
                                     .identity = &nobody_else, .on_message = on_message, .on_exit = on_exit_of_child};
    REQUIRE_INT(vt_child_new(&child, &params), 0);
}

static void run_to_its_end(const char *how)
{
    open_loop();
    start(how);
    REQUIRE_INT(vt_loop_run(loop), 0);
    close_loop();
    REQUIRE(child == NULL);
}

TEST(exit_codes_and_last_words_arrive)
{
    run_to_its_end("speak");
    REQUIRE_INT(messages, 3);
    REQUIRE_INT(vt_message_int(body, "n", 0), 3);
    REQUIRE(WIFEXITED(status));
    REQUIRE_INT(WEXITSTATUS(status), 7);
}

TEST(it_has_nothing_but_its_link)
{
    int open_here = dup(STDOUT_FILENO);
    run_to_its_end("look");
    close(open_here);
    REQUIRE_INT(vt_message_int(body, "descriptors", 0), 4);
    REQUIRE(vt_message_bool(body, "own_group", false));
    REQUIRE(vt_message_bool(body, "signals_open", false));
    REQUIRE_TEXT(vt_message_text(body, "command"), "vitrine look mango");
}

TEST(a_bad_message_costs_its_sender_its_life)
{
    static const char *const ways[] = {"garbage", "wrong-side", "empty"};
    for (int i = 0; i < 2; i++) {
        run_to_its_end(ways[i]);
        REQUIRE_INT(messages, 0);
        REQUIRE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    }
    run_to_its_end(ways[2]);       // as if it had closed its link
    REQUIRE(WIFSIGNALED(status));
}

static void end_it(void *opaque, struct vt_child *from, struct vt_message *message)
{
    messages++;
    vt_child_end(from, 50 * VT_NS_PER_MS);
}

TEST(one_that_does_not_end_is_killed)
{
    open_loop();
    start("stay");
    vt_child_adopt(child, end_it, on_exit_of_child, NULL);      // its message says that it ignores SIGTERM
    REQUIRE_INT(vt_loop_run(loop), 0);
    close_loop();
    REQUIRE_INT(messages, 1);
    REQUIRE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST(one_that_is_asked_ends)
{
    open_loop();
    start("wait");
    vt_child_end(child, 15 * VT_NS_PER_S);
    REQUIRE_INT(vt_loop_run(loop), 0);
    close_loop();
    REQUIRE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

TEST(a_deaf_one_is_killed)
{
    open_loop();
    start("deaf");
    static char text[500];
    memset(text, 'x', sizeof text - 1);
    int err, sent = 0;
    while ((err = vt_child_send(child, VT_MSG_STUDIO_LOST, json_pack("{s:s}", "reason", text), NULL, 0)) == 0)
        sent++;
    REQUIRE_INT(err, -ENOBUFS);
    REQUIRE(sent > 1000);
    REQUIRE_INT(vt_loop_run(loop), 0);
    close_loop();
    REQUIRE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static struct vt_service service;
static int starts;

static void on_start(void *opaque)
{
    starts++;
}

static bool on_service_exit(void *opaque, int its_status)
{
    status = its_status;
    if (starts < 4)
        return true;
    vt_loop_exit(loop, 0);
    return false;
}

TEST(a_service_starts_again)
{
    open_loop();
    int64_t from = vt_now_ns();
    starts = 0;
    service = (struct vt_service){
        .params = {.loop = loop, .role = VT_STUDIO, .words = {"speak"}, .identity = &nobody_else},
        .on_start = on_start, .on_message = on_message, .on_exit = on_service_exit};
    vt_service_start(&service);
    REQUIRE_INT(vt_loop_run(loop), 0);
    REQUIRE_INT(starts, 4);
    REQUIRE_INT(messages, 12);
    REQUIRE(vt_now_ns() - from >= 300 * VT_NS_PER_MS);      // at once, then 100 ms, then 200 ms
    REQUIRE(service.child == NULL && service.restart == NULL);
    vt_service_stop(&service);
    close_loop();
}

// ---- the children

static void send_all(const char *text)
{
    if (send(VT_CHILD_LINK, text, strlen(text), 0) < 0)
        _exit(1);
}

static int count_descriptors(void)
{
    int n = 0;
    for (int fd = 0; fd < 1024; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static int look(int argc, char **argv)
{
    char text[512];
    sigset_t blocked;
    sigprocmask(SIG_BLOCK, NULL, &blocked);
    bool open = !sigismember(&blocked, SIGTERM) && !sigismember(&blocked, SIGCHLD);
    snprintf(text, sizeof text,
             "{\"message\":\"studio.status\",\"descriptors\":%d,\"own_group\":%s,\"signals_open\":%s,"
             "\"command\":\"%s %s %s\"}",
             count_descriptors(), getpgrp() == getpid() ? "true" : "false", open ? "true" : "false", argv[0], argv[1],
             argc > 2 ? argv[2] : "");
    send_all(text);
    return 0;
}

__attribute__((noreturn)) static void wait_forever(void)
{
    for (;;)
        pause();
}

static int behave(int argc, char **argv)
{
    const char *how = argv[1];
    if (strcmp(how, "speak") == 0) {
        send_all("{\"message\":\"studio.status\",\"n\":1}");
        send_all("{\"message\":\"studio.status\",\"n\":2}");
        send_all("{\"message\":\"studio.status\",\"n\":3}");
        return 7;
    }
    if (strcmp(how, "look") == 0)
        return look(argc, argv);
    if (strcmp(how, "garbage") == 0)
        send_all("\x16\x03\x01");
    else if (strcmp(how, "wrong-side") == 0)
        send_all("{\"message\":\"studio.end\"}");
    else if (strcmp(how, "empty") == 0)
        send(VT_CHILD_LINK, "", 0, 0);
    if (strcmp(how, "stay") == 0) {
        signal(SIGTERM, SIG_IGN);
        send_all("{\"message\":\"studio.status\"}");
    }
    wait_forever();
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return behave(argc, argv);
    RUN(exit_codes_and_last_words_arrive);
    RUN(it_has_nothing_but_its_link);
    RUN(a_bad_message_costs_its_sender_its_life);
    RUN(one_that_does_not_end_is_killed);
    RUN(one_that_is_asked_ends);
    RUN(a_deaf_one_is_killed);
    RUN(a_service_starts_again);
    json_decref(body);
    return DONE();
}
