#include "serve/waiting.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct waiter {
    struct vt_request *request;
    struct hall *hall;
    int64_t deadline_ns;
    struct waiter *previous, *next;
};

// Who waits for one folder, in the order of arrival.
struct hall {
    struct vt_waiting *waiting;
    char folder[VT_WAITER_FOLDER];
    struct waiter *first, *last;
    struct hall *next;
};

struct vt_waiting {
    struct vt_waiting_params params;
    struct vt_source *timer;
    struct hall *halls;
    int count;
};

static void leave(struct waiter *waiter)
{
    struct hall *hall = waiter->hall;
    *(waiter->previous ? &waiter->previous->next : &hall->first) = waiter->next;
    *(waiter->next ? &waiter->next->previous : &hall->last) = waiter->previous;
    hall->waiting->count--;
    free(waiter);
}

static void on_gone(void *opaque, struct vt_request *request)
{
    leave(opaque);
}

static void finish(struct waiter *waiter)
{
    struct vt_request *request = waiter->request;
    leave(waiter);
    vt_request_resume(request);
}

static void refuse(struct vt_request *request, const char *detail)
{
    vt_answer_problem(&request->answer, 503, "Not there in time", "%s", detail);
    vt_answer_header(&request->answer, "Retry-After", "1");
    vt_answer_header(&request->answer, "Cache-Control", "no-store");
}

static void free_empty_halls(struct vt_waiting *waiting)
{
    struct hall **at = &waiting->halls;
    while (*at) {
        struct hall *hall = *at;
        if (hall->first) {
            at = &hall->next;
            continue;
        }
        *at = hall->next;
        free(hall);
    }
}

// The target durations of one folder are alike, so its first waiter is the first whose time is over.
static void set_timer(struct vt_waiting *waiting)
{
    int64_t next = INT64_MAX;
    for (const struct hall *hall = waiting->halls; hall; hall = hall->next)
        if (hall->first && hall->first->deadline_ns < next)
            next = hall->first->deadline_ns;
    vt_source_at(waiting->timer, next);
}

static void on_time(void *opaque)
{
    struct vt_waiting *waiting = opaque;
    int64_t now = vt_now_ns();
    for (struct hall *hall = waiting->halls; hall; hall = hall->next) {
        while (hall->first && hall->first->deadline_ns <= now) {
            refuse(hall->first->request, "What was asked for did not come within three target durations.");
            finish(hall->first);
        }
    }
    free_empty_halls(waiting);
    set_timer(waiting);
}

int vt_waiting_new(struct vt_waiting **ret, const struct vt_waiting_params *params)
{
    struct vt_waiting *waiting = calloc(1, sizeof *waiting);
    if (!waiting)
        return -ENOMEM;
    waiting->params = *params;
    int error = vt_loop_timer(params->loop, &waiting->timer, INT64_MAX, on_time, waiting);
    if (error < 0) {
        free(waiting);
        return error;
    }
    *ret = waiting;
    return 0;
}

void vt_waiting_free(struct vt_waiting **waiting)
{
    if (!*waiting)
        return;
    for (struct hall *hall = (*waiting)->halls; hall; hall = hall->next)
        while (hall->first)
            leave(hall->first);
    free_empty_halls(*waiting);
    vt_source_free(&(*waiting)->timer);
    free(*waiting);
    *waiting = NULL;
}

static struct hall *find_hall(struct vt_waiting *waiting, const char *folder)
{
    for (struct hall *hall = waiting->halls; hall; hall = hall->next)
        if (strcmp(hall->folder, folder) == 0)
            return hall;
    struct hall *hall = strlen(folder) < VT_WAITER_FOLDER ? calloc(1, sizeof *hall) : NULL;
    if (!hall)
        return NULL;
    hall->waiting = waiting;
    strcpy(hall->folder, folder);
    hall->next = waiting->halls;
    waiting->halls = hall;
    return hall;
}

int vt_waiting_add(struct vt_waiting *waiting, struct vt_request *request, const char *folder, int64_t limit_ns)
{
    if (waiting->count >= waiting->params.most)
        return -EBUSY;
    struct hall *hall = find_hall(waiting, folder);
    struct waiter *waiter = hall ? calloc(1, sizeof *waiter) : NULL;
    if (!waiter)
        return -ENOMEM;
    *waiter = (struct waiter){.request = request, .hall = hall, .deadline_ns = vt_now_ns() + limit_ns,
                              .previous = hall->last};
    *(hall->last ? &hall->last->next : &hall->first) = waiter;
    hall->last = waiter;
    waiting->count++;
    vt_request_wait_while_there(request, on_gone, waiter);
    if (hall->first == waiter)
        set_timer(waiting);
    return 0;
}

static bool is_below(const char *folder, const char *top)
{
    size_t size = strlen(top);
    return strncmp(folder, top, size) == 0 && (folder[size] == 0 || folder[size] == '/');
}

static void ask_again(struct hall *hall, bool last)
{
    const struct vt_waiting_params *params = &hall->waiting->params;
    struct waiter *next;
    for (struct waiter *waiter = hall->first; waiter; waiter = next) {
        next = waiter->next;
        if (params->attempt(params->opaque, waiter->request)) {
            finish(waiter);
        } else if (last) {
            refuse(waiter->request, "The show has ended.");
            finish(waiter);
        }
    }
}

static void tell(struct vt_waiting *waiting, const char *folder, bool last)
{
    waiting->params.before(waiting->params.opaque);
    for (struct hall *hall = waiting->halls; hall; hall = hall->next)
        if (is_below(hall->folder, folder))
            ask_again(hall, last);
    waiting->params.after(waiting->params.opaque);
    free_empty_halls(waiting);
    set_timer(waiting);
}

void vt_waiting_wake(struct vt_waiting *waiting, const char *folder)
{
    tell(waiting, folder, false);
}

void vt_waiting_end(struct vt_waiting *waiting, const char *folder)
{
    tell(waiting, folder, true);
}

int vt_waiting_count(const struct vt_waiting *waiting)
{
    return waiting->count;
}
