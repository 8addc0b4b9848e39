// The origin's end of a channel's desk link: products out, takes out, receipts and cues in.
//
// A studio that connects gets every product before anything else. One that comes back in the middle of a show gets
// the cues that were on air once more, with their ids, above their last revisions. One thread.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "base/message.h"
#include "base/names.h"
#include "serve/store.h"

#define VT_ASKS_MAX      256             // requests of one channel that wait for a receipt
#define VT_CUES_LISTED   512             // cues of one show that the API lists; the oldest that are over go first
#define VT_TAKE_LIMIT_NS INT64_C(5000000000)   // longest wait for a receipt

struct vt_desk_client;

struct vt_desk_client_params {
    struct vt_loop *loop;
    struct vt_store *store;              // borrowed
    const char *channel;                 // copied
    // At each change; `anew`: of its revision or its state.
    void (*on_cue)(void *opaque, const json_t *cue, bool anew);
    // A part of an output (of the show that runs) can be read; NULL: something may have changed in all of them.
    void (*on_part)(void *opaque, const char *output);
    void *opaque;
};

int vt_desk_client_new(struct vt_desk_client **ret, const struct vt_desk_client_params *params);
void vt_desk_client_free(struct vt_desk_client **client);      // what waits gets 503

// A show runs, and `fd` (taken over) is the link to its studio; replaces an earlier one.
int vt_desk_client_connect(struct vt_desk_client *client, const char *show, int fd);
void vt_desk_client_over(struct vt_desk_client *client);

// NULL when no show runs.
const char *vt_desk_client_show(const struct vt_desk_client *client);

// What a studio answered: its status, and the answer's body or {title, detail} of a problem; borrowed. Without an
// answer it is 504 or 503.
typedef void vt_on_receipt(void *opaque, int status, const json_t *body);

// Asks the studio something; `body` is stolen. `name` is the request's name, or NULL for one of its own. `on` is
// called once, never from inside. Returns 0, or -ENOTCONN (no show), -EBUSY (too many wait), another negative errno
// of the link; then `on` is not called.
int vt_desk_client_ask(struct vt_desk_client *client, enum vt_message_kind kind, json_t *body, const char *name,
                       int64_t limit_ns, vt_on_receipt *on, void *opaque);

// Says something that needs no receipt.
void vt_desk_client_tell(struct vt_desk_client *client, enum vt_message_kind kind, json_t *body);

// The cues of the newest show, by id; borrowed, and valid until the loop goes on.
const json_t *vt_desk_client_cues(const struct vt_desk_client *client);
bool vt_cue_state_on_air(const json_t *cue);
