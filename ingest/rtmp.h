// One RTMP publisher's connection, our side, as a pure push parser: bytes in; events and reply bytes out.
//
// struct vt_rtmp is plain memory without pointers. The gate feeds it up to the publish command, writes it into a
// memfd (ingest/handover.h), and the ingest feeds the same struct with the bytes that follow:
//
//     for (;;) {
//         struct vt_rtmp_event event;
//         ssize_t n = vt_rtmp_feed(&rtmp, &buffers, data, size, &reply, &event);
//         if (n < 0)
//             give up: vt_rtmp_error_text(vt_rtmp_why(&rtmp));
//         data += n, size -= n;
//         if (event.kind == VT_RTMP_MORE)
//             break;
//         …
//     }
//     send(reply) whole; then read more
//
// Not thread-safe. Replies are whole messages: send them as they are, in order, before waiting for more bytes.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "ingest/rtmp_chunk.h"
#include "ingest/rtmp_handshake.h"
#include "ingest/rtmp_publish.h"

struct vt_rtmp {
    struct vt_rtmp_handshake handshake;
    struct vt_rtmp_chunks chunks;
    struct vt_rtmp_publish publish;
    uint64_t received, acknowledged; // bytes
    uint32_t window;                 // the peer wants to hear of every so many bytes
    uint32_t aggregate_at;           // next part of the aggregate being split, if aggregate
    uint32_t aggregate_first_ms;     // timestamp of its first part
    uint32_t aggregate_ms;           // its own timestamp
    uint8_t aggregate, aggregate_started;
    uint32_t error;                  // enum vt_rtmp_error
};

enum vt_rtmp_event_kind {
    VT_RTMP_MORE,                    // every byte is consumed and nothing else happened
    VT_RTMP_ASKED,                   // publish arrived: answer with accept or refuse. Until then every call
                                     // consumes nothing and says this again
    VT_RTMP_MEDIA,                   // an audio, video or data message
    VT_RTMP_UNPUBLISHED,             // the publisher said goodbye: what follows is not media
};

struct vt_rtmp_event {
    enum vt_rtmp_event_kind kind;
    uint8_t type;                    // MEDIA: VT_RTMP_AUDIO, VT_RTMP_VIDEO or VT_RTMP_DATA
    uint32_t timestamp_ms;           // as it came: 32 bits that wrap (ingest/timestamps.h)
    const uint8_t *data;             // the message's body, for DATA AMF0 values; borrowed until the next call
    size_t size;
};

// `seed` fills S1; any value will do.
void vt_rtmp_init(struct vt_rtmp *rtmp, uint32_t seed);

// Consumes bytes up to the next event. Returns the bytes consumed, or -EPROTO, -ENOMEM, or -ENOBUFS when `reply` is
// full because the peer does not read. After an error the connection is beyond use; vt_rtmp_why says what it was.
// `buffers` may be NULL until accepted. `size` may be 0 (then `data` is not read).
ssize_t vt_rtmp_feed(struct vt_rtmp *rtmp, struct vt_rtmp_buffers *buffers, const uint8_t *data, size_t size,
                     struct vt_writer *reply, struct vt_rtmp_event *ret);
enum vt_rtmp_error vt_rtmp_why(const struct vt_rtmp *rtmp);

// Answers VT_RTMP_ASKED. Accepting writes NetStream.Publish.Start, and media may follow.
void vt_rtmp_accept(struct vt_rtmp *rtmp, struct vt_writer *reply);

// Tells the encoder why not, or why no longer, in its own protocol's words: OBS and ffmpeg show the description.
// `code` NULL: NetStream.Publish.BadName. Afterwards send, shut down writing, and linger a little.
void vt_rtmp_refuse(struct vt_rtmp *rtmp, const char *code, const char *description, struct vt_writer *reply);

// Asks the encoder to connect again elsewhere or later, in words of Enhanced RTMP; what it sends goes on being taken.
// False if it did not say that it can: nothing is written.
bool vt_rtmp_reconnect(const struct vt_rtmp *rtmp, const char *description, struct vt_writer *reply);

// Wipes the key (app, name, leftovers of commands), so that it does not leave the process that may know it.
void vt_rtmp_forget(struct vt_rtmp *rtmp);

// Whether a struct that came from another process may be fed.
bool vt_rtmp_valid(const struct vt_rtmp *rtmp);
