// One publisher's bytes -> frames and samples: RTMP messages, tags, timestamps, decoders in a row. No descriptors and
// no clock: arrival times come in with the bytes. One thread.
#pragma once

#include "ingest/decode.h"
#include "ingest/flow.h"
#include "ingest/flv_tag.h"
#include "ingest/rtmp.h"

#define VT_PUBLISHER_TAG_ERRORS 300      // tags in a row that make no sense
#define VT_PUBLISHER_WHY_ROOM   256

struct vt_publisher;

// Goes on from `state`, which waits for the answer to publish or is past it.
int vt_publisher_new(struct vt_publisher **ret, const struct vt_rtmp *state, const struct vt_decode_sink *sink,
                     int threads);
void vt_publisher_free(struct vt_publisher **publisher);

// Says NetStream.Publish.Start.
void vt_publisher_accept(struct vt_publisher *publisher, struct vt_writer *reply);

// Takes all of the bytes; what is whole waits to be decoded by vt_publisher_run. Returns 0; 1 when the encoder has said goodbye (what follows is not
// looked at); -EPROTO when its bytes are not RTMP, -EINVAL when the media cannot be taken or decoded (it may be told
// why); another negative errno. vt_publisher_why then says what it was.
int vt_publisher_feed(struct vt_publisher *publisher, const uint8_t *data, size_t size, int64_t arrival_ns,
                      struct vt_writer *reply);

// Decodes sound that is due, and one picture (ingest/unit_queue.h). Returns 0, or -EINVAL or another negative errno as
// above.
int vt_publisher_run(struct vt_publisher *publisher, int64_t now_ns);
int64_t vt_publisher_due(const struct vt_publisher *publisher);  // when to run again; INT64_MAX: when more has come
bool vt_publisher_full(const struct vt_publisher *publisher);    // its connection is not to be read for now
int vt_publisher_flush(struct vt_publisher *publisher);          // decodes what waits, gives out what the decoders hold
const char *vt_publisher_why(const struct vt_publisher *publisher);

// Tells the encoder why it must stop, in RTMP's words. `code` NULL: NetStream.Publish.BadName.
void vt_publisher_refuse(struct vt_publisher *publisher, const char *code, const char *description,
                         struct vt_writer *reply);

// Asks an encoder that said that it can to connect again; false for one that did not.
bool vt_publisher_reconnect(const struct vt_publisher *publisher, const char *description, struct vt_writer *reply);

struct vt_publisher_status {
    const char *video, *audio;           // codecs as a person knows them; "" until seen
    int video_track, audio_track;        // numbers of the tracks that are taken; -1 until one came
    int64_t units;                       // audio and video that came
    struct vt_flow video_flow, audio_flow;
    int64_t waiting;                     // units that are there and not decoded yet
    const char *encoder;                 // what its metadata says it is, as it came; "" if nothing
    int64_t errors;                      // undecodable packets, tags that make no sense
    int64_t mended;                      // timestamps (ingest/timestamps.h)
    int64_t sound_lag_ns;                // how much later sound comes than its picture
    int64_t pauses;                      // times that the connection was not read
    uint32_t quirks;                     // ingest/quirks.h
    struct vt_decode_stats decode;
};
void vt_publisher_status(const struct vt_publisher *publisher, struct vt_publisher_status *ret);

// The tracks that came and are not taken, as a person reads them: "video 1, audio 2"; cut to fit. "" for none.
void vt_publisher_others(const struct vt_publisher *publisher, char *out, size_t room);
