// A publisher's access units between its connection and its decoders, sound and picture apart. Reading goes on while
// a picture is decoded, so that falling behind is seen where it happens; and units of an encoder that sends in bursts,
// or its sound late, wait until the others have come. Pure.
//
// Bounded in time and bytes: past the limits the connection is not read, and its encoder learns of it through TCP. Sound
// is given out first and never dropped.
#pragma once

#include "ingest/decode.h"
#include "ingest/pace.h"

#define VT_QUEUE_NS    (3 * VT_NS_PER_S)     // from the oldest unit of a kind to the newest
#define VT_QUEUE_BYTES (8 * 1024 * 1024)     // of both kinds, configurations included
#define VT_QUEUE_UNITS 1024                  // likewise

struct vt_queued_unit;

struct vt_unit_queue {
    struct vt_unit_list {
        struct vt_queued_unit *first, *last;
    } sound, pictures;
    struct vt_pace pace;
    size_t bytes;
    int units;
    bool full;                               // and not yet half empty again
    int64_t fills;                           // how often it became full
};

// Zeroed is valid: empty.
void vt_unit_queue_clear(struct vt_unit_queue *queue);

// Copies a unit and its configuration. Times of each kind rise. 0 or -ENOMEM. It is taken whatever the limits say, for it
// has come already.
int vt_unit_queue_put(struct vt_unit_queue *queue, const struct vt_access_unit *unit, int64_t arrival_ns);

// The unit to be decoded at `now_ns`, or NULL: sound that is due, else a picture that is. `ret_behind_ns`: how long it
// could have been decoded. It stays in the queue, and valid, until vt_unit_queue_pop, which comes next.
const struct vt_access_unit *vt_unit_queue_due(const struct vt_unit_queue *queue, int64_t now_ns, int64_t *ret_behind_ns);
void vt_unit_queue_pop(struct vt_unit_queue *queue, bool video);

// When to look again although nothing came; INT64_MAX: never.
int64_t vt_unit_queue_next(const struct vt_unit_queue *queue);

// Whether the connection is not to be read for now.
bool vt_unit_queue_full(const struct vt_unit_queue *queue);
