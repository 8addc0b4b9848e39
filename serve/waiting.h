// Requests that wait until there is more of a show: small records, no threads.
//
// Whoever waits is asked about again when its folder has news, in the order in which they came. A client that hangs
// up is forgotten at once. One thread.
#pragma once

#include "base/loop.h"
#include "serve/http.h"

#define VT_WAITERS_MAX   20000               // at once, in all
#define VT_WAITER_FOLDER 256                 // bytes of a folder's name

struct vt_waiting;

struct vt_waiting_params {
    struct vt_loop *loop;
    // Answers the request if that is possible now. Returns whether it has its answer.
    bool (*attempt)(void *opaque, struct vt_request *request);
    // Around the attempts of one piece of news.
    void (*before)(void *opaque);
    void (*after)(void *opaque);
    void *opaque;
    int most;                                // requests at once; VT_WAITERS_MAX but in tests
};

int vt_waiting_new(struct vt_waiting **ret, const struct vt_waiting_params *params);

// Nobody waits any more: free the sites first.
void vt_waiting_free(struct vt_waiting **waiting);

// Only from inside the request's handler: it waits for news of `folder` ("CHANNEL/SHOW/OUTPUT"), for `limit_ns` at
// most; then it is a 503. Returns 0; -EBUSY: too many wait; -ENOMEM.
int vt_waiting_add(struct vt_waiting *waiting, struct vt_request *request, const char *folder, int64_t limit_ns);

// There is news of a folder, or of all folders below it.
void vt_waiting_wake(struct vt_waiting *waiting, const char *folder);

// The same, and nothing more will come: who still has no answer gets a 503.
void vt_waiting_end(struct vt_waiting *waiting, const char *folder);

int vt_waiting_count(const struct vt_waiting *waiting);
