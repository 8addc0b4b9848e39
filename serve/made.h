// The channels that a supervisor has beside those of the configuration file: made, changed and removed through the API. The
// origin, which keeps them in the state store, says what each is; here it is read like the file, and told whether it can be.
//
// They lie in the places of vt_config.channels behind the file's; one that is gone leaves a place without a name. What a show
// is made from does not change while it runs. One thread.
#pragma once

#include "serve/gates.h"

struct vt_made {
    // set by the owner
    struct vt_loop *loop;
    struct vt_config *config;
    struct vt_program *programs;                 // VT_CHANNELS_MAX
    struct vt_policy *policy;
    struct vt_gates *gates;
    struct vt_service *origin;
    const struct vt_identity *identity;
    bool *keys_known;                            // VT_CHANNELS_MAX: cleared for a channel that is new
    void (*on_studio_end)(void *opaque);
    void *opaque;

    // its own
    int n_fixed;                                 // channels of the file
    bool told[VT_CHANNELS_MAX];                  // by the origin that runs
};

// With a configuration that has just been read.
void vt_made_init(struct vt_made *made);

// The origin starts: it will tell of all that are stored. It has: those it did not name are removed, unless a show runs.
void vt_made_begin(struct vt_made *made);
void vt_made_settle(struct vt_made *made);

// CHANNEL_DEFINE and CHANNEL_REMOVE, and their answers.
void vt_made_define(struct vt_made *made, const json_t *body);
void vt_made_remove(struct vt_made *made, const json_t *body);
