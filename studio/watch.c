#include "studio/watch.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#define SAVES (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF)

struct vt_watch {
    int fd;
    char *apart, *apart_tmp;
};

static char *with_suffix(const char *name, const char *suffix)
{
    char *whole = name ? malloc(strlen(name) + strlen(suffix) + 1) : NULL;
    if (whole)
        strcat(strcpy(whole, name), suffix);
    return whole;
}

int vt_watch_new(struct vt_watch **ret, const char *const *folders, int count, const char *apart)
{
    struct vt_watch *w = calloc(1, sizeof *w);
    if (!w)
        return -ENOMEM;
    w->fd = inotify_init1(IN_CLOEXEC);
    w->apart = with_suffix(apart, "");
    w->apart_tmp = with_suffix(apart, ".tmp");
    int err = w->fd < 0 ? -errno : apart && (!w->apart || !w->apart_tmp) ? -ENOMEM : count > VT_WATCH_FOLDERS ? -E2BIG : 0;
    for (int i = 0; i < count && !err; i++) {
        if (inotify_add_watch(w->fd, folders[i], SAVES | IN_ONLYDIR) < 0)
            err = -errno;
    }
    if (err)
        vt_watch_free(&w);
    else
        *ret = w;
    return err;
}

void vt_watch_free(struct vt_watch **watch)
{
    struct vt_watch *old = *watch;
    *watch = NULL;
    if (!old)
        return;
    if (old->fd >= 0)
        close(old->fd);
    free(old->apart);
    free(old->apart_tmp);
    free(old);
}

static bool is_apart(const struct vt_watch *w, const struct inotify_event *event)
{
    return event->len && w->apart && (strcmp(event->name, w->apart) == 0 || strcmp(event->name, w->apart_tmp) == 0);
}

// Reads what is there. Returns 1 when something was saved, 0, or a negative errno.
static int take(struct vt_watch *w)
{
    char buffer[8192] __attribute__((aligned(__alignof__(struct inotify_event))));
    ssize_t size = read(w->fd, buffer, sizeof buffer);
    int saved = 0;
    if (size < 0)
        return errno == EINTR ? 0 : -errno;
    for (char *at = buffer; at < buffer + size;) {
        const struct inotify_event *event = (const struct inotify_event *)at;
        if (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED))
            return -ENOENT;
        saved |= !is_apart(w, event);
        at += sizeof *event + event->len;
    }
    return saved;
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int vt_watch_wait(struct vt_watch *w)
{
    struct pollfd one = {.fd = w->fd, .events = POLLIN};
    int64_t latest = 0;
    for (;;) {
        int ready = poll(&one, 1, latest ? VT_WATCH_SETTLE_MS : -1);
        if (ready < 0 && errno != EINTR)
            return -errno;
        if (ready == 0)
            return 0;
        int saved = ready > 0 ? take(w) : 0;
        if (saved < 0)
            return saved;
        if (saved && !latest)
            latest = now_ms() + VT_WATCH_LATEST_MS;
        if (latest && now_ms() >= latest)
            return 0;
    }
}
