// Server-Sent Events: what happens, to whoever subscribed. Bounded subscribers and queues; one that does not keep up
// is dropped and comes back. One thread.
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "serve/http.h"

#define VT_FEED_SUBSCRIBERS 32
#define VT_FEED_BEAT_S      15           // a comment this often, so that dead connections are found

struct vt_subscriber {
    struct vt_stream *stream;            // NULL: free
    char channel[33];                    // "": all
};

struct vt_feed {
    struct vt_subscriber list[VT_FEED_SUBSCRIBERS];
    int64_t last_id;
};

// Makes a subscriber of the request; answers 429 when there are too many.
void vt_feed_subscribe(struct vt_feed *feed, struct vt_request *request, const char *channel);

// Sends {…, "channel": …} as an event of type `type` (stolen). `channel` NULL: of no channel; everyone gets it.
void vt_feed_publish(struct vt_feed *feed, const char *type, const char *channel, json_t *body);
void vt_feed_beat(struct vt_feed *feed);
int vt_feed_count(const struct vt_feed *feed);
