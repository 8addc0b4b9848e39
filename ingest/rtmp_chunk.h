// The chunk stream: bytes in, whole messages out. Pure; one allocation per unfinished message once publishing.
//
// The state is a plain struct without pointers, so that one process can stop between any two bytes and another go on.
// During set-up unfinished messages live in `setup`, packed; afterwards in buffers that the session owns.
//
// Where encoders and the specification differ:
//   - a chunk stream may begin with a type 1 header (librtmp's pings do);
//   - an extended timestamp on a type 3 chunk is recognised by being equal to the last one, for some omit it;
//   - a type 3 chunk that starts a message repeats the last delta. After a type 0 that is, by the specification, the
//     type 0's own timestamp; past VT_RTMP_TYPE0_DELTA_MAX_MS that cannot be meant, and the time stays the same.
// Timestamps are added modulo 2^32, so that a delta with its sign bit set is a step back.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ingest/rtmp_error.h"
#include "ingest/rtmp_limits.h"

enum vt_rtmp_type {
    VT_RTMP_SET_CHUNK_SIZE = 1,
    VT_RTMP_ABORT = 2,
    VT_RTMP_ACKNOWLEDGEMENT = 3,
    VT_RTMP_USER_CONTROL = 4,
    VT_RTMP_WINDOW_SIZE = 5,
    VT_RTMP_PEER_BANDWIDTH = 6,
    VT_RTMP_AUDIO = 8,
    VT_RTMP_VIDEO = 9,
    VT_RTMP_DATA_AMF3 = 15,
    VT_RTMP_COMMAND_AMF3 = 17,
    VT_RTMP_DATA = 18,
    VT_RTMP_COMMAND = 20,
    VT_RTMP_AGGREGATE = 22,
};

struct vt_rtmp_chunk_stream {
    uint32_t id;                     // 0: this entry is free
    uint32_t timestamp;              // of the message
    uint32_t delta;                  // what a type 3 chunk that starts a message adds
    uint32_t extended;               // last extended timestamp field, if has_extended
    uint32_t length, have;           // bytes of the message, and those here
    uint32_t at;                     // of its body in `setup`, if in_setup
    uint32_t stream;                 // message stream id
    uint8_t type;
    uint8_t has_extended, pending, in_setup;
};

#define VT_RTMP_HEADER_MAX 18        // basic header 3, message header 11, extended timestamp 4

struct vt_rtmp_chunks {
    struct vt_rtmp_chunk_stream streams[VT_RTMP_CHUNK_STREAMS];
    uint32_t chunk_size;             // the peer's
    uint32_t chunk_left;             // payload bytes of the current chunk still to come
    int32_t current;                 // index of the stream whose payload is being read; -1: a header is
    int32_t delivered;               // index of the stream whose message was given out last; -1: none
    uint32_t error;                  // enum vt_rtmp_error
    uint32_t setup_used;
    uint8_t head_have, ahead_have, ahead_at;
    uint8_t live;                    // publishing was accepted: media may come, bodies go into buffers
    uint8_t head[VT_RTMP_HEADER_MAX];
    uint8_t ahead[4];                // read as an extended timestamp, but was none: to be read again
    uint8_t setup[VT_RTMP_SETUP_BYTES];
};

// Bodies of unfinished messages once live. Zeroed is valid and empty.
struct vt_rtmp_buffers {
    uint8_t *body[VT_RTMP_CHUNK_STREAMS];
    size_t room[VT_RTMP_CHUNK_STREAMS];
};

struct vt_rtmp_message {
    uint8_t type;
    uint32_t chunk_stream, stream;
    uint32_t timestamp_ms;
    const uint8_t *data;             // borrowed until the next call; not NULL
    size_t size;
};

void vt_rtmp_chunks_init(struct vt_rtmp_chunks *chunks);
void vt_rtmp_buffers_free(struct vt_rtmp_buffers *buffers);

// Consumes bytes up to the end of one message. Returns the bytes consumed (0 is possible) with *whole saying whether
// *ret was filled; all of them when it was not. -EPROTO or -ENOMEM with chunks->error set; the connection is then
// beyond use. `buffers` may be NULL until live.
ssize_t vt_rtmp_chunks_feed(struct vt_rtmp_chunks *chunks, struct vt_rtmp_buffers *buffers,
                            const uint8_t *data, size_t size, struct vt_rtmp_message *ret, bool *whole);

// The message given out last, once more. There must be one.
struct vt_rtmp_message vt_rtmp_chunks_delivered(const struct vt_rtmp_chunks *chunks,
                                                const struct vt_rtmp_buffers *buffers);

// The message given out last, if there is one, is no longer needed. vt_rtmp_chunks_feed does this first.
void vt_rtmp_chunks_release(struct vt_rtmp_chunks *chunks, struct vt_rtmp_buffers *buffers);

// SetChunkSize and Abort, as the peer sent them. 0 or -EPROTO with chunks->error set.
int vt_rtmp_chunks_set_size(struct vt_rtmp_chunks *chunks, uint32_t size);
void vt_rtmp_chunks_abort(struct vt_rtmp_chunks *chunks, struct vt_rtmp_buffers *buffers,
                          uint32_t chunk_stream);

// Whether a state that came from elsewhere, with no message given out, may be fed: every index, offset and length is
// in range, and nothing lies in buffers.
bool vt_rtmp_chunks_valid(const struct vt_rtmp_chunks *chunks);
