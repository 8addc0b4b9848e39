#include "serve/examiner.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"

#define NICE 5                           // of the thread; somebody waits for it

struct vt_examiner {
    char *root;
    struct vt_source *io;
    int wake_fd;
    int count;                           // taken and not done
    pthread_t thread;
    bool threaded;
    atomic_bool stop;

    // protected by lock
    pthread_mutex_t lock;
    pthread_cond_t work;
    bool begun;
    struct vt_exam *in, *out;            // first in, first out
};

void vt_exam_free(struct vt_exam **exam)
{
    if (!*exam)
        return;
    json_decref((*exam)->body);
    json_decref((*exam)->products);
    free(*exam);
    *exam = NULL;
}

static void append(struct vt_exam **list, struct vt_exam *exam)
{
    while (*list)
        list = &(*list)->next;
    exam->next = NULL;
    *list = exam;
}

static struct vt_exam *take_first(struct vt_exam **list)
{
    struct vt_exam *exam = *list;
    if (exam)
        *list = exam->next;
    return exam;
}

// ---- the thread

static void examine(struct vt_examiner *examiner, struct vt_exam *exam)
{
    const struct vt_bundle_new fresh = {.id = exam->id, .body = exam->body, .products = exam->products,
                                        .stop = &examiner->stop};
    exam->error = vt_bundle_put(examiner->root, &fresh, &exam->rev, exam->why, &exam->said);
}

static void *run(void *opaque)
{
    struct vt_examiner *e = opaque;
    uint64_t one = 1;
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
    pthread_mutex_lock(&e->lock);
    e->begun = true;
    pthread_cond_broadcast(&e->work);
    while (!atomic_load(&e->stop)) {
        struct vt_exam *exam = take_first(&e->in);
        if (!exam) {
            pthread_cond_wait(&e->work, &e->lock);
            continue;
        }
        pthread_mutex_unlock(&e->lock);
        examine(e, exam);
        pthread_mutex_lock(&e->lock);
        append(&e->out, exam);
        if (write(e->wake_fd, &one, sizeof one) < 0)
            vt_warning("eventfd: %s", strerror(errno));
    }
    pthread_mutex_unlock(&e->lock);
    return NULL;
}

// ---- the loop

static void on_done(void *opaque, int fd, uint32_t events)
{
    struct vt_examiner *e = opaque;
    uint64_t count;
    if (read(fd, &count, sizeof count) < 0)
        return;                          // it will be said again
    pthread_mutex_lock(&e->lock);
    struct vt_exam *exam = e->out;
    e->out = NULL;
    pthread_mutex_unlock(&e->lock);
    while (exam) {
        struct vt_exam *done = take_first(&exam);
        e->count--;
        done->done(done->opaque, done);
        vt_exam_free(&done);
    }
}

int vt_examiner_add(struct vt_examiner *examiner, struct vt_exam *exam)
{
    if (examiner->count == VT_EXAMS_MAX)
        return -EBUSY;
    examiner->count++;
    pthread_mutex_lock(&examiner->lock);
    append(&examiner->in, exam);
    pthread_cond_broadcast(&examiner->work);
    pthread_mutex_unlock(&examiner->lock);
    return 0;
}

static int start(struct vt_examiner *e, struct vt_loop *loop)
{
    e->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int error = e->wake_fd < 0 ? -errno : vt_loop_io(loop, &e->io, e->wake_fd, EPOLLIN, on_done, e);
    if (!error)
        error = -pthread_create(&e->thread, NULL, run, e);
    if (error)
        return error;
    e->threaded = true;
    pthread_mutex_lock(&e->lock);
    while (!e->begun)                    // once locked in, it could not step back any more
        pthread_cond_wait(&e->work, &e->lock);
    pthread_mutex_unlock(&e->lock);
    return 0;
}

int vt_examiner_new(struct vt_examiner **ret, struct vt_loop *loop, const char *root)
{
    struct vt_examiner *e = calloc(1, sizeof *e);
    if (!e)
        return -ENOMEM;
    e->wake_fd = -1;
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->work, NULL);
    e->root = strdup(root);
    int error = e->root ? start(e, loop) : -ENOMEM;
    if (error) {
        vt_examiner_free(&e);
        return error;
    }
    *ret = e;
    return 0;
}

static void drop(struct vt_exam *list)
{
    while (list) {
        struct vt_exam *exam = list;
        list = exam->next;
        vt_exam_free(&exam);
    }
}

void vt_examiner_free(struct vt_examiner **examiner)
{
    struct vt_examiner *e = *examiner;
    if (!e)
        return;
    pthread_mutex_lock(&e->lock);
    atomic_store(&e->stop, true);
    pthread_cond_broadcast(&e->work);
    pthread_mutex_unlock(&e->lock);
    if (e->threaded)
        pthread_join(e->thread, NULL);
    drop(e->in);
    drop(e->out);
    vt_source_free(&e->io);
    if (e->wake_fd >= 0)
        close(e->wake_fd);
    pthread_cond_destroy(&e->work);
    pthread_mutex_destroy(&e->lock);
    free(e->root);
    free(e);
    *examiner = NULL;
}
