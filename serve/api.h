// What the origin's handlers share: its state, and small steps that every resource takes. One thread.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "base/message.h"
#include "base/names.h"
#include "serve/as_run.h"
#include "serve/desk_client.h"
#include "serve/edition.h"
#include "serve/examiner.h"
#include "serve/feed.h"
#include "serve/http.h"
#include "serve/shelf.h"
#include "serve/signature.h"
#include "serve/store.h"
#include "serve/token.h"
#include "serve/viewer.h"
#include "serve/waiting.h"

#define VT_BROADCASTS_MAX    64          // channels
#define VT_TAKE_BYTES        (20 * 1024) // of a take's or a change's body
#define VT_BODY_DEPTH        12
#define VT_IDEMPOTENCY_KEY   200         // bytes of an Idempotency-Key
#define VT_PRODUCT_PAGE      100         // products in a list, unless ?limit says otherwise
#define VT_PRODUCT_PAGE_MAX  1000
#define VT_PRODUCT_WAIT_NS   INT64_C(1000000000)   // longest wait until a changed product is on air

// What the origin knows of a channel.
struct vt_broadcast {
    struct vt_origin *origin;
    char name[VT_NAME_ROOM];
    json_t *config;                      // as ORIGIN_CHANNEL said
    bool fixed;                          // stands in the configuration file
    json_t *status;                      // as ORIGIN_STATUS said last, or NULL
    json_t *history;                     // as ORIGIN_HISTORY said last: a list, or NULL
    struct vt_desk_client *desk;
    struct vt_viewer_counts viewers;
};

struct vt_origin {
    struct vt_loop *loop;
    struct vt_link *supervisor;
    struct vt_source *supervisor_io;
    struct vt_store *store;
    struct vt_token token;
    struct vt_signing signing;           // no keys: whoever knows an address may watch
    struct vt_feed feed;
    struct vt_broadcast *broadcasts[VT_BROADCASTS_MAX];
    int n_broadcasts;
    char *templates;                     // DATA/templates; studio/bundle.h
    struct vt_examiner *examiner;        // looks at them before they are kept
    struct vt_as_run *as_run;            // what was on air
    bool as_run_failed;                  // and the log says so
    int live_fd, web_fd;                 // directories: DATA/live, and the player's files
    struct vt_editions *editions;
    struct vt_shelf *shelf;
    struct vt_waiting *waiting;          // for playlists and parts that are about to come
    struct vt_inflight *inflight;        // takes on their way, by their keys
    int64_t answers[6];                  // by hundreds of their status
    json_t *tally;                       // the supervisor's, or NULL
    char *folder;                        // of the configuration file
    struct vt_wish *wishes;              // changes of channels that the supervisor has been asked for
    int64_t wish_number;                 // of the last one
};

extern const struct vt_route vt_api_routes[];
extern const struct vt_route vt_public_routes[];
extern const char vt_openapi_json[];

bool vt_api_admit(struct vt_request *request);

// ---- steps

struct vt_origin *vt_request_origin(const struct vt_request *request);
struct vt_broadcast *vt_origin_find(const struct vt_origin *origin, const char *channel);

// The channel of the address, or NULL with a 404.
struct vt_broadcast *vt_request_broadcast(struct vt_request *request);

// The same with a show on air, or NULL with a 404 or 409.
struct vt_broadcast *vt_request_show(struct vt_request *request);

// The body as a JSON object, a new reference; NULL with a 400.
json_t *vt_request_object(struct vt_request *request);

// Answers with a problem when `body` has a member that is not in `known` (NULL-terminated). Returns whether it had.
bool vt_request_unknown_member(struct vt_request *request, const json_t *body, const char *const *known);

// Turns a receipt into the request's answer: the body as it is, or the problem it says.
void vt_request_receipt(struct vt_request *request, int status, const json_t *body);

// Why a studio could not be asked.
void vt_request_desk_failure(struct vt_request *request, int error);

// A 404 that caches forget soon.
void vt_answer_missing(struct vt_request *request, const char *detail);

// Adds the tag (with its quotes); when the client has just that, the answer becomes a 304 without a body.
void vt_set_etag(struct vt_request *request, const char *etag);

// Answers a request for something live if that can be done now; returns whether it was.
bool vt_live_attempt(void *opaque, struct vt_request *request);

// ---- handlers, one file a resource

void vt_api_list_channels(struct vt_request *request);
void vt_api_get_channel(struct vt_request *request);
void vt_api_put_channel(struct vt_request *request);
void vt_api_delete_channel(struct vt_request *request);
void vt_api_get_status(struct vt_request *request);
void vt_api_end_show(struct vt_request *request);
void vt_api_kick_publisher(struct vt_request *request);

void vt_api_sign_address(struct vt_request *request);

void vt_api_list_keys(struct vt_request *request);
void vt_api_make_key(struct vt_request *request);
void vt_api_revoke_key(struct vt_request *request);

// A channel as GET answers it, a new reference.
json_t *vt_api_channel(const struct vt_broadcast *broadcast);

// CHANNEL_ANSWER. At the start: tells the supervisor of the channels in the store, and returns 0 or a negative errno. At the
// end: forgets whose answers did not come.
void vt_wish_answered(struct vt_origin *origin, const json_t *body);
int vt_channels_tell(const struct vt_origin *origin);
void vt_wishes_free(struct vt_wish **wishes);

// Tells the supervisor which keys a channel has in the store. Returns 0 or a negative errno.
int vt_keys_tell(const struct vt_broadcast *broadcast);

void vt_api_list_products(struct vt_request *request);
void vt_api_get_product(struct vt_request *request);
void vt_api_put_product(struct vt_request *request);
void vt_api_patch_product(struct vt_request *request);
void vt_api_delete_product(struct vt_request *request);

void vt_api_list_templates(struct vt_request *request);
void vt_api_get_template(struct vt_request *request);
void vt_api_get_template_schema(struct vt_request *request);
void vt_api_put_template(struct vt_request *request);
void vt_api_delete_template(struct vt_request *request);

void vt_api_list_cues(struct vt_request *request);
void vt_api_get_cue(struct vt_request *request);
void vt_api_take_cue(struct vt_request *request);
void vt_api_patch_cue(struct vt_request *request);
void vt_api_remove_cue(struct vt_request *request);

void vt_api_subscribe(struct vt_request *request);
void vt_api_metrics(struct vt_request *request);

bool vt_public_enter(struct vt_request *request);
void vt_public_authorized(struct vt_request *request);
void vt_public_outputs(struct vt_request *request);
void vt_public_live(struct vt_request *request);
void vt_public_event(struct vt_request *request);
void vt_public_watch(struct vt_request *request);
void vt_public_web(struct vt_request *request);
void vt_healthz(struct vt_request *request);
