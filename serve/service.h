// A process that is kept: when it ends, it is started again after a while (serve/backoff.h).
#pragma once

#include "serve/backoff.h"
#include "serve/child.h"

struct vt_service {
    // set by the owner before vt_service_start
    struct vt_child_params params;               // role, words, identity, loop; the callbacks are the service's own
    void (*on_start)(void *opaque);              // it runs: send it its first messages
    void (*on_message)(void *opaque, struct vt_child *child, struct vt_message *message);
    bool (*on_exit)(void *opaque, int status);   // `child` is NULL and `backoff` counts this death by now. Whether to
                                                 // start it again
    void *opaque;

    // read-only for the owner
    struct vt_child *child;                      // NULL: it does not run
    struct vt_source *restart;                   // waiting to be started again
    struct vt_backoff backoff;
};

// Starts it now; if that fails, tries again later like after a death.
void vt_service_start(struct vt_service *service);

// Forgets a restart that is due, and kills what runs.
void vt_service_stop(struct vt_service *service);
