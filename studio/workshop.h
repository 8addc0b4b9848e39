// The workshop: makes views in a thread of its own, in the order in which they were asked for, so that a large picture or a
// long text holds up no drawing. Without a thread it makes them when they are asked for.
//
// All functions belong to one thread; `load_picture` of the makers and `wake` run on the workshop's.
#pragma once

#include <stdbool.h>

#include "studio/batch.h"

struct vt_workshop;

// `makers` are copied. `wake` (may be NULL) says that views are made; it only unblocks. Returns 0 or a negative errno.
int vt_workshop_new(struct vt_workshop **ret, const struct vt_maker makers[VT_OUTPUTS_MAX], bool without_thread,
                    void (*wake)(void *opaque), void *opaque);
void vt_workshop_free(struct vt_workshop **workshop);    // waits for what is being made; the rest is not

void vt_workshop_make(struct vt_workshop *workshop, struct vt_batch *batch);     // takes it
struct vt_batch *vt_workshop_made(struct vt_workshop *workshop);                 // gives it; NULL: none
