#include "base/loop.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "base/mediatime.h"

struct vt_loop {
    sd_event *event;
};

struct vt_source {
    sd_event_source *event;
    union {
        vt_on_io *io;
        vt_on_time *time;
        vt_on_signal *signal;
        vt_on_child *child;
    } on;
    void *opaque;
};

int vt_loop_new(struct vt_loop **ret)
{
    struct vt_loop *loop = calloc(1, sizeof *loop);
    if (!loop)
        return -ENOMEM;
    int err = sd_event_new(&loop->event);
    if (err < 0) {
        free(loop);
        return err;
    }
    *ret = loop;
    return 0;
}

void vt_loop_free(struct vt_loop **loop)
{
    if (!*loop)
        return;
    sd_event_unref((*loop)->event);
    free(*loop);
    *loop = NULL;
}

int vt_loop_run(struct vt_loop *loop)
{
    return sd_event_loop(loop->event);
}

void vt_loop_exit(struct vt_loop *loop, int code)
{
    sd_event_exit(loop->event, code);
}

static int on_io(sd_event_source *event, int fd, uint32_t events, void *opaque)
{
    struct vt_source *source = opaque;
    source->on.io(source->opaque, fd, events);
    return 0;
}

static int on_time(sd_event_source *event, uint64_t usec, void *opaque)
{
    struct vt_source *source = opaque;
    source->on.time(source->opaque);
    return 0;
}

static int on_signal(sd_event_source *event, const struct signalfd_siginfo *info, void *opaque)
{
    struct vt_source *source = opaque;
    source->on.signal(source->opaque, (int)info->ssi_signo);
    return 0;
}

static int on_child(sd_event_source *event, const siginfo_t *info, void *opaque)
{
    struct vt_source *source = opaque;
    int status = info->si_code == CLD_EXITED ? W_EXITCODE(info->si_status, 0) : info->si_status;
    if (info->si_code == CLD_DUMPED)
        status |= WCOREFLAG;
    source->on.child(source->opaque, info->si_pid, status);
    return 0;
}

static struct vt_source *new_source(void *opaque)
{
    struct vt_source *source = calloc(1, sizeof *source);
    if (source)
        source->opaque = opaque;
    return source;
}

static int finish(struct vt_source **ret, struct vt_source *source, int err)
{
    if (err < 0) {
        free(source);
        return err;
    }
    *ret = source;
    return 0;
}

int vt_loop_io(struct vt_loop *loop, struct vt_source **ret, int fd, uint32_t events, vt_on_io *on, void *opaque)
{
    struct vt_source *source = new_source(opaque);
    if (!source)
        return -ENOMEM;
    source->on.io = on;
    return finish(ret, source, sd_event_add_io(loop->event, &source->event, fd, events, on_io, source));
}

int vt_source_events(struct vt_source *source, uint32_t events)
{
    return sd_event_source_set_io_events(source->event, events);
}

static uint64_t microseconds(int64_t at_ns)
{
    return at_ns <= 0 ? 0 : ((uint64_t)at_ns + 999) / 1000;
}

int vt_loop_timer(struct vt_loop *loop, struct vt_source **ret, int64_t at_ns, vt_on_time *on, void *opaque)
{
    struct vt_source *source = new_source(opaque);
    if (!source)
        return -ENOMEM;
    source->on.time = on;
    return finish(ret, source, sd_event_add_time(loop->event, &source->event, CLOCK_MONOTONIC, microseconds(at_ns),
                                                 1, on_time, source));
}

int vt_source_at(struct vt_source *timer, int64_t at_ns)
{
    int err = sd_event_source_set_time(timer->event, microseconds(at_ns));
    return err < 0 ? err : sd_event_source_set_enabled(timer->event, SD_EVENT_ONESHOT);
}

static int block_signal(int signal)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    return -pthread_sigmask(SIG_BLOCK, &set, NULL);
}

int vt_loop_signal(struct vt_loop *loop, struct vt_source **ret, int signal, vt_on_signal *on, void *opaque)
{
    int err = block_signal(signal);
    if (err)
        return err;
    struct vt_source *source = new_source(opaque);
    if (!source)
        return -ENOMEM;
    source->on.signal = on;
    return finish(ret, source, sd_event_add_signal(loop->event, &source->event, signal, on_signal, source));
}

int vt_loop_child(struct vt_loop *loop, struct vt_source **ret, pid_t pid, vt_on_child *on, void *opaque)
{
    int err = block_signal(SIGCHLD);
    if (err)
        return err;
    struct vt_source *source = new_source(opaque);
    if (!source)
        return -ENOMEM;
    source->on.child = on;
    return finish(ret, source, sd_event_add_child(loop->event, &source->event, pid, WEXITED, on_child, source));
}

void vt_source_free(struct vt_source **source)
{
    if (!*source)
        return;
    sd_event_source_disable_unref((*source)->event);
    free(*source);
    *source = NULL;
}

static int64_t now(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * VT_NS_PER_S + time.tv_nsec;
}

int64_t vt_now_ns(void)
{
    return now(CLOCK_MONOTONIC);
}

int64_t vt_program_now_ns(void)
{
    return now(CLOCK_REALTIME);
}
