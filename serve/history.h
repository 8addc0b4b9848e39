// The last events of a channel, oldest first, for its status: who came and went and why, what the picture did. Pure.
//
// Everything that is kept has a fixed room. Nothing of a stream key may be given.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/mediatime.h"
#include "base/names.h"

#define VT_HISTORY_MAX       64                      // events; the oldest makes room
#define VT_HISTORY_REFUSALS  16                      // of them that are refusals: strangers push out only each other
#define VT_HISTORY_TEXT      256                     // bytes of an event's words with their end; cut at a whole character
#define VT_HISTORY_REASON    32                      // of its reason
#define VT_HISTORY_REPEAT_NS (10 * VT_NS_PER_S)      // after the last of its kind a refusal or change is one event with it

enum vt_history_what {
    VT_HISTORY_PUBLISHER,                // one has come
    VT_HISTORY_TAKEN_OVER,               // ... in the place of another
    VT_HISTORY_KICKED,                   // the producer sends it away
    VT_HISTORY_CLOSED,                   // it has gone
    VT_HISTORY_REFUSED,                  // somebody may not publish
    VT_HISTORY_FORMAT,                   // codec or size have changed
    VT_HISTORY_LIVE,                     // pictures come: the first, or again
    VT_HISTORY_STALLED,                  // the last picture is held
    VT_HISTORY_SLATE,
    VT_HISTORY_SHOW_STARTED,
    VT_HISTORY_SHOW_ENDED,
    VT_HISTORY_STUDIO_DIED,
    VT_HISTORY_STUDIO_BACK,
    VT_HISTORY_INGEST_DIED,
    VT_HISTORY_WHATS
};

struct vt_history_event {
    enum vt_history_what what;
    int64_t first_ns, last_ns;           // program time
    int64_t count;
    char publisher[VT_NAME_ROOM];        // or ""
    char reason[VT_HISTORY_REASON];      // or ""
    char text[VT_HISTORY_TEXT];
};

// Zeroed is valid: nothing has happened.
struct vt_history {
    struct vt_history_event events[VT_HISTORY_MAX];
    int count;
    bool changed;                        // since whoever reads it has set it to false
};

// Adds what happened at `now_ns` (program time). `publisher` and `reason` (a code) may be NULL. What a stranger wrote has
// been through vt_escape. A refusal for the same reason, or a change of the same publisher's for the same reason, within
// VT_HISTORY_REPEAT_NS of the last one is counted there, with the words of the newest.
void vt_history_add(struct vt_history *history, int64_t now_ns, enum vt_history_what what, const char *publisher,
                    const char *reason, const char *format, ...) __attribute__((format(printf, 6, 7)));

// [{t, what, publisher?, reason?, text, count?, last?}…], count and last where there was more than one: a new reference,
// NULL when out of memory. It fits into ORIGIN_HISTORY.
json_t *vt_history_json(const struct vt_history *history);
