// Frames and samples from one ingest to one studio, in a sealed memfd that both map.
//
// The writer (ingest) owns slots until it publishes them; decoders write straight into them. The reader (studio)
// sees published entries in order and may hold some slots while it works with them; a slot is written again only
// when the decoder has let go of it and the reader does not hold it. The reader trusts nothing that it reads:
// every index, size, stride and time is copied out once and checked before use, and a writer that misbehaves can
// spoil its own picture, no more. Neither side ever waits on the other in here.
//
// Layout: the writer's page (header, queues), the reader's page (what it has read and released: the only part that it
// maps writable, and never reads back), VT_RING_FRAMES frame slots of `slot_bytes` each, a circular buffer of samples.
// A new picture format that does not fit gets a new ring (SOURCE_RING). Planes are I420 (8-bit 4:2:0); the ingest
// converts what a decoder gives in another layout.
//
// A side may be freed while slots are still referenced (writer) or held (reader): its mapping then stays until the last
// of them is let go.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VT_RING_FRAMES        32          // slots: what a decoder refers to (up to 16 and threads) and the reader holds
#define VT_RING_QUEUE         64          // published entries that wait for the reader
#define VT_RING_WIDTH_MAX     4096
#define VT_RING_HEIGHT_MAX    4096
#define VT_RING_PIXELS_MAX    (4096 * 2304)
#define VT_RING_SAMPLES       (48000 * 4) // sample frames of the circular buffer: stereo float, 48 kHz
#define VT_RING_RUNS          256         // runs of samples that wait for the reader
#define VT_RING_RUN_MAX       16384       // sample frames in one run
#define VT_RING_PEAK          16.0f       // a sample louder than this (1.0 is full scale), or not a number, reads as 0
#define VT_RING_ALIGN         32          // of plane offsets and strides
#define VT_RING_SAR_MAX       65535       // either member; and their ratio is within 1:16 and 16:1
#define VT_RING_TIME_MAX      (INT64_C(1) << 58)                    // |pts_ns|: nine years
#define VT_RING_JUMP_MAX      (INT64_C(24) * 3600 * 1000000000)     // from one pts to the next of its kind
#define VT_RING_BYTES_MAX     (INT64_C(1) << 30)

// How colours are coded, in the numbers of ISO/IEC 23091-2 (H.273), which are libavutil's too.
struct vt_colour {
    uint8_t primaries, transfer, matrix;   // 1 BT.709, 2 unspecified, 5/6 BT.601, 9 BT.2020
    uint8_t full_range;                    // 0 limited, 1 full
    uint8_t chroma_site;                   // 0 unspecified, 1 left, 2 centre, 3 top left
};

struct vt_ring_frame {
    int slot;
    int width, height;                     // visible picture
    uint32_t offset[3];                    // of the visible picture's first sample of Y, U, V in the slot
    int stride[3];                         // bytes
    struct vt_colour colour;
    int sar_num, sar_den;                  // sample aspect ratio; 1:1 when unknown
    int64_t pts_ns;                        // the publisher's own timeline, rising per kind, one origin for both
    int64_t duration_ns;                   // 0 unknown
    bool key;
};

struct vt_ring_samples {                   // interleaved stereo float, 48 kHz
    int64_t pts_ns;                        // of its first sample
    int count;                             // sample frames
};

struct vt_ring_writer;
struct vt_ring_reader;

// Sets size, offsets and strides of a picture packed into a slot, as the checks want them, and nothing else in
// *frame. Returns the bytes that it takes, or 0 for a size out of bounds.
size_t vt_ring_layout(struct vt_ring_frame *frame, int width, int height);

// -- writer: one thread, except vt_ring_slot_unref, which any thread may call

// Makes the memfd, with slots of `slot_bytes`. Its descriptor is borrowed.
int vt_ring_writer_new(struct vt_ring_writer **ret, size_t slot_bytes);
void vt_ring_writer_free(struct vt_ring_writer **writer);
int vt_ring_writer_fd(const struct vt_ring_writer *writer);
size_t vt_ring_slot_bytes(const struct vt_ring_writer *writer);

// A free slot with one reference, or -EAGAIN. Its memory, 64-byte aligned.
int vt_ring_slot_get(struct vt_ring_writer *writer);
uint8_t *vt_ring_slot_data(struct vt_ring_writer *writer, int slot);
void vt_ring_slot_ref(struct vt_ring_writer *writer, int slot);
void vt_ring_slot_unref(struct vt_ring_writer *writer, int slot);

// Publishes; the reader holds the slot from now on too (the caller still gives up its own reference). -EAGAIN when the
// queue is full (the caller drops and counts); -EINVAL for what the reader would refuse: a plane outside the slot, bad
// alignment, a pts not above the last one (samples: below it).
int vt_ring_put_frame(struct vt_ring_writer *writer, const struct vt_ring_frame *frame);
int vt_ring_put_samples(struct vt_ring_writer *writer, int64_t pts_ns, const float *interleaved, int count);

// -- reader: one thread, except vt_ring_release, which any thread may call

// Takes `fd` over (also on failure). Checks the seals (shrink, grow) and the header before it maps.
int vt_ring_reader_new(struct vt_ring_reader **ret, int fd);
void vt_ring_reader_free(struct vt_ring_reader **reader);

// The next frame: returns 1 and fills *ret, checked (the slot is held until vt_ring_release); 0 none now;
// -EBADMSG: the writer lies, drop it.
int vt_ring_get_frame(struct vt_ring_reader *reader, struct vt_ring_frame *ret);
const uint8_t *vt_ring_frame_plane(const struct vt_ring_reader *reader, const struct vt_ring_frame *frame, int plane);
void vt_ring_release(struct vt_ring_reader *reader, int slot);

// Up to `room` sample frames of one run: returns their count with *ret filled and `out` written, 0, or -EBADMSG.
int vt_ring_get_samples(struct vt_ring_reader *reader, struct vt_ring_samples *ret, float *out, int room);
