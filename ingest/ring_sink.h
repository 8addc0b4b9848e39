// The ingest's sink: pictures and sound from the decoder into a ring, and the ring to a studio. Decoders write straight
// into its slots; what they do not is copied once. A larger picture gets a larger ring. When the studio is slow, waits a
// little and then drops, counted; when there is none, drops. One thread.
#pragma once

#include "base/message.h"
#include "ingest/decode.h"

#define VT_RING_SINK_WAITS   3                               // times that a full ring is waited for ...
#define VT_RING_SINK_WAIT_NS (INT64_C(2) * 1000000)          // ... this long

struct vt_ring_sink;

int vt_ring_sink_new(struct vt_ring_sink **ret);
void vt_ring_sink_free(struct vt_ring_sink **sink);

// From now on a new ring is announced (SOURCE_RING) on `link`, which is borrowed; NULL: there is no studio.
void vt_ring_sink_connect(struct vt_ring_sink *sink, struct vt_link *link);

struct vt_decode_sink vt_ring_sink_calls(struct vt_ring_sink *sink);


struct vt_ring_sink_stats {
    int64_t frames, direct;              // published; of these without a copy
    int64_t dropped;                     // pictures that found no room
    int64_t samples_dropped;             // sample frames likewise
    int64_t first_ns, last_ns;           // times of pictures since this was last asked (frames_since of them)
    int64_t frames_since;
};
void vt_ring_sink_stats(struct vt_ring_sink *sink, struct vt_ring_sink_stats *ret);
