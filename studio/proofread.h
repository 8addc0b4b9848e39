// Reads a template through before anybody sees it: each sample, in its own language and in all that the template has
// texts for, each step, wide and upright; what it draws is held against overlay/inspect.h. What `vitrine lint` says of
// templates, and what stands between a saved template and the air. Runs on any one thread; for some seconds.
#pragma once

#include <stdatomic.h>

#include "studio/proof.h"

#define VT_PROOFREAD_NS     (30 * VT_NS_PER_S)   // of processor time, before a template goes on air
#define VT_PROOFREAD_STATES 4                    // of what changes by itself: an offer's begin and end, a stock's age

struct vt_proofread_params {
    bool pixels;                         // look at what is drawn, not only at what fits and is there
    int64_t most_ns;                     // of this thread's processor time; 0: any
    const atomic_bool *stop;             // another thread sets it to have this given up; NULL: nobody does
};

// Says what it finds, once each, with the first sample, language and size. Returns 0 whatever that is; -ETIME (said, as
// an error) past `most_ns`, -ECANCELED when it was stopped.
int vt_proofread(const struct vt_proof *proof, const struct vt_proofread_params *params, struct vt_diagnostics *said);
