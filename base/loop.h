// The event loop of a process: descriptors, timers, signals and children over sd-event. Mains only; one thread.
//
// Callbacks return nothing: a callback that must end the process calls vt_loop_exit. Sources are owned by the
// caller and freed with vt_source_free (safe inside their own callback); the loop frees none.
#pragma once

#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

struct vt_loop;
struct vt_source;

typedef void vt_on_io(void *opaque, int fd, uint32_t events);      // events: EPOLLIN | EPOLLOUT | EPOLLHUP …
typedef void vt_on_time(void *opaque);
typedef void vt_on_signal(void *opaque, int signal);
typedef void vt_on_child(void *opaque, pid_t pid, int status);     // status as waitpid gives it; it is reaped

int vt_loop_new(struct vt_loop **ret);
void vt_loop_free(struct vt_loop **loop);

// Runs until vt_loop_exit; returns its code, or a negative errno if the loop itself failed.
int vt_loop_run(struct vt_loop *loop);
void vt_loop_exit(struct vt_loop *loop, int code);

int vt_loop_io(struct vt_loop *loop, struct vt_source **ret, int fd, uint32_t events, vt_on_io *on, void *opaque);
int vt_source_events(struct vt_source *source, uint32_t events);   // of an io source

// Fires once at `at_ns` of CLOCK_MONOTONIC (vt_now_ns), with microsecond accuracy; vt_source_at sets it again.
int vt_loop_timer(struct vt_loop *loop, struct vt_source **ret, int64_t at_ns, vt_on_time *on, void *opaque);
int vt_source_at(struct vt_source *timer, int64_t at_ns);

// The signal is blocked in this thread (and those it starts later) and delivered to the loop.
int vt_loop_signal(struct vt_loop *loop, struct vt_source **ret, int signal, vt_on_signal *on, void *opaque);
int vt_loop_child(struct vt_loop *loop, struct vt_source **ret, pid_t pid, vt_on_child *on, void *opaque);
void vt_source_free(struct vt_source **source);

int64_t vt_now_ns(void);           // CLOCK_MONOTONIC
int64_t vt_program_now_ns(void);   // CLOCK_REALTIME: program time
