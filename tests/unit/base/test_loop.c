#include "base/loop.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mediatime.h"
#include "check.h"

static struct vt_loop *loop;
static struct vt_source *source, *guard;
static int ends[2], seen;

static void give_up(void *opaque)
{
    vt_loop_exit(loop, 99);
}

static void start(void)
{
    REQUIRE_INT(vt_loop_new(&loop), 0);
    REQUIRE_INT(vt_loop_timer(loop, &guard, vt_now_ns() + 10 * VT_NS_PER_S, give_up, NULL), 0);
    REQUIRE_INT(pipe(ends), 0);
    seen = 0;
}

static void stop(void)
{
    vt_source_free(&source);
    vt_source_free(&guard);
    vt_loop_free(&loop);
    REQUIRE(loop == NULL && source == NULL);
    close(ends[0]);
    close(ends[1]);
}

static void on_byte(void *opaque, int fd, uint32_t events)
{
    char byte;
    REQUIRE(opaque == &seen && fd == ends[0]);
    seen = events & EPOLLIN && read(fd, &byte, 1) == 1 ? byte : -1;
    vt_source_free(&source);        // inside its own callback
    vt_loop_exit(loop, 3);
}

TEST(descriptors)
{
    start();
    REQUIRE_INT(vt_loop_io(loop, &source, ends[0], 0, on_byte, &seen), 0);
    REQUIRE_INT(vt_source_events(source, EPOLLIN), 0);
    REQUIRE_INT(write(ends[1], "x", 1), 1);
    REQUIRE_INT(vt_loop_run(loop), 3);
    REQUIRE_INT(seen, 'x');
    REQUIRE(source == NULL);
    stop();
}

static void on_tick(void *opaque)
{
    if (++seen == 3)
        vt_loop_exit(loop, 0);
    else
        vt_source_at(source, vt_now_ns() + VT_NS_PER_MS);
}

TEST(timers_fire_once_and_can_be_set_again)
{
    start();
    int64_t from = vt_now_ns();
    REQUIRE_INT(vt_loop_timer(loop, &source, from + 5 * VT_NS_PER_MS, on_tick, NULL), 0);
    REQUIRE_INT(vt_loop_run(loop), 0);
    REQUIRE_INT(seen, 3);
    REQUIRE(vt_now_ns() - from >= 7 * VT_NS_PER_MS);
    stop();
}

static void on_signal(void *opaque, int signal)
{
    seen = signal;
    vt_loop_exit(loop, 0);
}

TEST(signals)
{
    start();
    REQUIRE_INT(vt_loop_signal(loop, &source, SIGUSR1, on_signal, NULL), 0);
    raise(SIGUSR1);
    REQUIRE_INT(vt_loop_run(loop), 0);
    REQUIRE_INT(seen, SIGUSR1);
    stop();
}

static void on_child(void *opaque, pid_t pid, int status)
{
    *(pid_t *)opaque = pid;
    seen = status;
    vt_source_free(&source);
    vt_loop_exit(loop, 0);
}

static int status_of(int code, int signal)
{
    start();
    pid_t reported = 0, pid = fork();
    if (pid == 0) {
        if (signal)
            kill(getpid(), signal);
        _exit(code);
    }
    REQUIRE_INT(vt_loop_child(loop, &source, pid, on_child, &reported), 0);
    REQUIRE_INT(vt_loop_run(loop), 0);
    REQUIRE_INT(reported, pid);
    stop();
    REQUIRE_INT(waitpid(pid, NULL, WNOHANG), -1);      // nothing is left to reap
    return seen;
}

TEST(children)
{
    int status = status_of(7, 0);
    REQUIRE(WIFEXITED(status));
    REQUIRE_INT(WEXITSTATUS(status), 7);
    status = status_of(0, SIGKILL);
    REQUIRE(WIFSIGNALED(status));
    REQUIRE_INT(WTERMSIG(status), SIGKILL);
}

int main(void)
{
    RUN(descriptors);
    RUN(timers_fire_once_and_can_be_set_again);
    RUN(signals);
    RUN(children);
    return DONE();
}
