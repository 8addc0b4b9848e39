#include "serve/child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mediatime.h"

#define LINK_GRACE_NS (3 * VT_NS_PER_S)      // between closing its link and ending

struct vt_child {
    struct vt_child_params params;
    char name[64];
    pid_t pid;                       // 0: it has ended
    int64_t started_ns;
    struct vt_link *link;            // NULL: it has closed its end
    struct vt_source *on_link, *on_end, *deadline;
    bool told;                       // it has been asked to end
};

// ---- on the other side of fork

__attribute__((noreturn)) static void give_up(const char *what)
{
    fprintf(stderr, "vitrine: cannot start a process: %s: %s\n", what, strerror(errno));
    _exit(127);
}

static void become(const struct vt_identity *identity)
{
    if (!identity->set)
        return;
    if (initgroups(identity->name, identity->gid) || setgid(identity->gid) || setuid(identity->uid))
        give_up(identity->name);
}

// Descriptors 0 to 3 are what it gets; everything else is closed.
static void place_descriptors(int link)
{
    int null = open("/dev/null", O_RDWR);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0)
        give_up("/dev/null");
    if (link == VT_CHILD_LINK ? fcntl(link, F_SETFD, 0) : dup2(link, VT_CHILD_LINK) < 0)
        give_up("link");
    close_range(VT_CHILD_LINK + 1, ~0u, 0);
}

__attribute__((noreturn)) static void run(const struct vt_child_params *params, int link, pid_t parent)
{
    const char *arguments[VT_CHILD_WORDS + 2] = {"vitrine"};
    for (int i = 0; i < VT_CHILD_WORDS; i++)
        arguments[i + 1] = params->words[i];
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setpgid(0, 0);               // Ctrl-C is the supervisor's, which ends its children in order
    place_descriptors(link);
    become(params->identity);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
        _exit(127);
    execv("/proc/self/exe", (char **)(uintptr_t)arguments);
    give_up("/proc/self/exe");
}

// ---- its link

static void drop_link(struct vt_child *child)
{
    vt_source_free(&child->on_link);
    vt_link_free(&child->link);
}

static void lose_link(struct vt_child *child, int error)
{
    if (error == -EBADMSG) {
        vt_child_refuse(child, "it sent a message that it must not send");
        return;
    }
    if (error != -EPIPE)
        vt_error("%s (%d): its link failed: %s", child->name, child->pid, strerror(-error));
    drop_link(child);
    vt_child_limit(child, LINK_GRACE_NS);
}

static void watch_output(struct vt_child *child)
{
    int left = vt_link_flush(child->link);
    if (left < 0 && left != -EPIPE)
        lose_link(child, left);
    else if (child->on_link)
        vt_source_events(child->on_link, left == 1 ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static void receive(struct vt_child *child, int most)
{
    for (int i = 0; i < most && child->link; i++) {
        struct vt_message message;
        int got = vt_link_receive(child->link, &message);
        if (got < 0)
            lose_link(child, got);
        if (got <= 0)
            return;
        child->params.on_message(child->params.opaque, child, &message);
        vt_message_clear(&message);
    }
}

static void on_link(void *opaque, int fd, uint32_t events)
{
    struct vt_child *child = opaque;
    if (events & EPOLLOUT)
        watch_output(child);
    if (child->link && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        receive(child, VT_CHILD_BURST);
}

// ---- its end

static void log_end(const struct vt_child *child, pid_t pid, int status)
{
    if (child->told && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM)
        vt_info("%s (%d) ended", child->name, pid);
    else if (WIFSIGNALED(status))
        vt_warning("%s (%d) was ended by signal %d (%s)", child->name, pid, WTERMSIG(status),
                   strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status))
        vt_warning("%s (%d) ended with code %d", child->name, pid, WEXITSTATUS(status));
    else
        vt_info("%s (%d) ended", child->name, pid);
}

static void on_end(void *opaque, pid_t pid, int status)
{
    struct vt_child *child = opaque;
    child->pid = 0;
    receive(child, VT_LINK_QUEUE);       // its last words
    drop_link(child);
    log_end(child, pid, status);
    child->params.on_exit(child->params.opaque, child, status);
}

static void on_deadline(void *opaque)
{
    struct vt_child *child = opaque;
    vt_warning("%s (%d) does not end: killing it", child->name, child->pid);
    vt_child_kill(child);
}

void vt_child_limit(struct vt_child *child, int64_t limit_ns)
{
    int64_t at = vt_now_ns() + limit_ns;
    if (child->deadline)
        vt_source_at(child->deadline, at);
    else if (vt_loop_timer(child->params.loop, &child->deadline, at, on_deadline, child))
        vt_child_kill(child);
}

void vt_child_end(struct vt_child *child, int64_t limit_ns)
{
    child->told = true;
    if (child->pid)
        kill(child->pid, SIGTERM);
    vt_child_limit(child, limit_ns);
}

void vt_child_kill(struct vt_child *child)
{
    if (child->pid)
        kill(child->pid, SIGKILL);
}

void vt_child_refuse(struct vt_child *child, const char *why)
{
    vt_error("%s (%d): %s: killing it", child->name, child->pid, why);
    vt_child_kill(child);
    drop_link(child);
}

// ---- the record

static int watch(struct vt_child *child)
{
    int err = vt_loop_child(child->params.loop, &child->on_end, child->pid, on_end, child);
    if (!err)
        err = vt_loop_io(child->params.loop, &child->on_link, vt_link_fd(child->link), EPOLLIN, on_link, child);
    return err;
}

static void name_it(struct vt_child *child)
{
    size_t used = 0;
    for (int i = 0; i < VT_CHILD_WORDS && child->params.words[i] && used < sizeof child->name; i++)
        used += (size_t)snprintf(child->name + used, sizeof child->name - used, "%s%s", i ? " " : "",
                                 child->params.words[i]);
}

static int start(struct vt_child *child)
{
    int ends[2];
    int err = vt_link_pair(ends);
    if (err)
        return err;
    pid_t parent = getpid();
    child->started_ns = vt_now_ns();
    fflush(NULL);
    child->pid = fork();
    if (child->pid == 0)
        run(&child->params, ends[1], parent);
    err = child->pid < 0 ? -errno : 0;
    child->pid = child->pid < 0 ? 0 : child->pid;
    close(ends[1]);
    int linked = vt_link_new(&child->link, ends[0], VT_SUPERVISOR, child->params.role);
    err = err ? err : linked;
    return err ? err : watch(child);
}

int vt_child_new(struct vt_child **ret, const struct vt_child_params *params)
{
    struct vt_child *child = calloc(1, sizeof *child);
    if (!child)
        return -ENOMEM;
    child->params = *params;
    name_it(child);
    int err = start(child);
    if (err) {
        vt_error("%s cannot be started: %s", child->name, strerror(-err));
        vt_child_free(&child);
        return err;
    }
    vt_debug("%s (%d) started", child->name, child->pid);
    *ret = child;
    return 0;
}

void vt_child_adopt(struct vt_child *child,
                    void (*on_message)(void *opaque, struct vt_child *child, struct vt_message *message),
                    void (*on_exit)(void *opaque, struct vt_child *child, int status), void *opaque)
{
    child->params.on_message = on_message;
    child->params.on_exit = on_exit;
    child->params.opaque = opaque;
}

void vt_child_free(struct vt_child **child)
{
    if (!*child)
        return;
    vt_child_kill(*child);
    drop_link(*child);
    vt_source_free(&(*child)->on_end);
    vt_source_free(&(*child)->deadline);
    free(*child);
    *child = NULL;
}

int vt_child_send(struct vt_child *child, enum vt_message_kind kind, json_t *body, const int *fds, int n_fds)
{
    if (!child->link) {
        json_decref(body);
        return -EPIPE;
    }
    int err = vt_link_send(child->link, kind, body, fds, n_fds);
    if (err == -ENOBUFS)
        vt_child_refuse(child, "it does not read its messages");
    else if (err && err != -EPIPE)
        vt_error("%s (%d): %s could not be sent: %s", child->name, child->pid, vt_message_name(kind), strerror(-err));
    else if (!err)
        watch_output(child);
    return err;
}

const char *vt_child_name(const struct vt_child *child)
{
    return child->name;
}

void vt_child_rename(struct vt_child *child, const char *name)
{
    snprintf(child->name, sizeof child->name, "%s", name);
}

int64_t vt_child_age_ns(const struct vt_child *child)
{
    return vt_now_ns() - child->started_ns;
}
