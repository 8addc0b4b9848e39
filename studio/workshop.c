#include "studio/workshop.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct vt_workshop {
    struct vt_maker makers[VT_OUTPUTS_MAX];      // immutable, as what follows
    void (*wake)(void *opaque);
    void *opaque;
    pthread_t thread;
    bool threaded;

    // protected by lock
    pthread_mutex_t lock;
    pthread_cond_t work;
    bool stop;
    struct vt_batch *in, *out;                   // first in, first out
};

static void append(struct vt_batch **list, struct vt_batch *batch)
{
    while (*list)
        list = &(*list)->next;
    batch->next = NULL;
    *list = batch;
}

static void make_locked(struct vt_workshop *w)
{
    struct vt_batch *batch = w->in;
    w->in = batch->next;
    pthread_mutex_unlock(&w->lock);
    vt_batch_make(batch, w->makers);
    pthread_mutex_lock(&w->lock);
    append(&w->out, batch);
    if (w->wake)
        w->wake(w->opaque);
}

static void *run(void *opaque)
{
    struct vt_workshop *w = opaque;
    pthread_mutex_lock(&w->lock);
    while (!w->stop) {
        if (w->in)
            make_locked(w);
        else
            pthread_cond_wait(&w->work, &w->lock);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

int vt_workshop_new(struct vt_workshop **ret, const struct vt_maker makers[VT_OUTPUTS_MAX], bool without_thread,
                    void (*wake)(void *opaque), void *opaque)
{
    struct vt_workshop *w = calloc(1, sizeof *w);
    if (!w)
        return -ENOMEM;
    memcpy(w->makers, makers, sizeof w->makers);
    w->wake = wake;
    w->opaque = opaque;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->work, NULL);
    int error = without_thread ? 0 : pthread_create(&w->thread, NULL, run, w);
    w->threaded = !without_thread && error == 0;
    if (error)
        vt_workshop_free(&w);
    else
        *ret = w;
    return -error;
}

static void free_batches(struct vt_batch *list)
{
    while (list) {
        struct vt_batch *batch = list;
        list = batch->next;
        vt_batch_free(&batch);
    }
}

void vt_workshop_free(struct vt_workshop **workshop)
{
    struct vt_workshop *w = *workshop;
    *workshop = NULL;
    if (!w)
        return;
    if (w->threaded) {
        pthread_mutex_lock(&w->lock);
        w->stop = true;
        pthread_cond_signal(&w->work);
        pthread_mutex_unlock(&w->lock);
        pthread_join(w->thread, NULL);
    }
    free_batches(w->in);
    free_batches(w->out);
    pthread_cond_destroy(&w->work);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

void vt_workshop_make(struct vt_workshop *w, struct vt_batch *batch)
{
    if (!w->threaded)
        vt_batch_make(batch, w->makers);
    pthread_mutex_lock(&w->lock);
    append(w->threaded ? &w->in : &w->out, batch);
    pthread_cond_signal(&w->work);
    pthread_mutex_unlock(&w->lock);
}

struct vt_batch *vt_workshop_made(struct vt_workshop *w)
{
    pthread_mutex_lock(&w->lock);
    struct vt_batch *batch = w->out;
    if (batch)
        w->out = batch->next;
    pthread_mutex_unlock(&w->lock);
    return batch;
}
