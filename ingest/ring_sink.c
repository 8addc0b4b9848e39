#include "ingest/ring_sink.h"

#include <errno.h>
#include <libavutil/imgutils.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"

#define SLOT_SLACK 64                    // for decoders that write a little past the last row

struct vt_ring_sink {
    struct vt_link *link;
    struct vt_ring_writer *ring;
    struct vt_ring_sink_stats stats;
};

// What a buffer in a decoder's hands refers to.
struct slot {
    struct vt_ring_writer *ring;
    int index;
};

int vt_ring_sink_new(struct vt_ring_sink **ret)
{
    *ret = calloc(1, sizeof **ret);
    return *ret ? 0 : -ENOMEM;
}

void vt_ring_sink_free(struct vt_ring_sink **sink)
{
    if (*sink)
        vt_ring_writer_free(&(*sink)->ring);
    free(*sink);
    *sink = NULL;
}

void vt_ring_sink_connect(struct vt_ring_sink *sink, struct vt_link *link)
{
    sink->link = link;
    vt_ring_writer_free(&sink->ring);
}

// -- the ring

// Slots for anything up to 1080p from the start: untouched pages cost nothing, a change of rings costs pictures.
static size_t least_slot_bytes(void)
{
    struct vt_ring_frame frame;
    return vt_ring_layout(&frame, 1920, 1088) + SLOT_SLACK;
}

static int new_ring(struct vt_ring_sink *sink, size_t bytes)
{
    struct vt_ring_writer *ring = NULL;
    int error = vt_ring_writer_new(&ring, bytes);
    if (error < 0)
        return error;
    int fd = vt_ring_writer_fd(ring);
    error = vt_link_send(sink->link, VT_MSG_SOURCE_RING, NULL, &fd, 1);
    if (error < 0) {
        vt_ring_writer_free(&ring);
        return error;
    }
    vt_debug("new ring with slots of %zu bytes", vt_ring_slot_bytes(ring));
    vt_ring_writer_free(&sink->ring);
    sink->ring = ring;
    return 0;
}

// A ring with slots of at least `bytes`; -ENOTSUP when there can be none now.
static int ring_for(struct vt_ring_sink *sink, size_t bytes)
{
    if (!sink->link)
        return -ENOTSUP;
    if (sink->ring && vt_ring_slot_bytes(sink->ring) >= bytes)
        return 0;
    size_t least = least_slot_bytes();
    return new_ring(sink, bytes > least ? bytes : least) < 0 ? -ENOTSUP : 0;
}

// Gives the studio a moment to let go of something. False when it had enough of them.
static bool wait_for_room(int *waits)
{
    if (++*waits > VT_RING_SINK_WAITS)
        return false;
    struct timespec time = {.tv_nsec = VT_RING_SINK_WAIT_NS};
    nanosleep(&time, NULL);
    return true;
}

static int wait_for_slot(struct vt_ring_sink *sink)
{
    int slot, waits = 0;
    while ((slot = vt_ring_slot_get(sink->ring)) == -EAGAIN && wait_for_room(&waits))
        ;
    return slot;
}

static int publish(struct vt_ring_sink *sink, const struct vt_ring_frame *frame)
{
    int error, waits = 0;
    while ((error = vt_ring_put_frame(sink->ring, frame)) == -EAGAIN && wait_for_room(&waits))
        ;
    return error;
}

// -- pictures

static void free_slot(void *opaque, uint8_t *data)
{
    struct slot *slot = opaque;
    vt_ring_slot_unref(slot->ring, slot->index);
    free(slot);
}

static AVBufferRef *slot_buffer(struct vt_ring_sink *sink, size_t bytes)
{
    if (ring_for(sink, bytes) < 0)
        return NULL;
    struct slot *slot = malloc(sizeof *slot);
    int index = slot ? vt_ring_slot_get(sink->ring) : -ENOMEM;
    if (index < 0) {
        free(slot);
        return NULL;
    }
    *slot = (struct slot){sink->ring, index};
    uint8_t *data = vt_ring_slot_data(sink->ring, index);
    AVBufferRef *buffer = av_buffer_create(data, vt_ring_slot_bytes(sink->ring), free_slot, slot, 0);
    if (!buffer)
        free_slot(slot, data);
    return buffer;
}

static void free_heap(void *opaque, uint8_t *data)
{
    free(data);
}

static AVBufferRef *heap_buffer(size_t bytes)
{
    uint8_t *data = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
    AVBufferRef *buffer = data ? av_buffer_create(data, bytes, free_heap, NULL, 0) : NULL;
    if (!buffer)
        free(data);
    return buffer;
}

// Without a slot the picture lies on the heap and is copied later, but laid out alike: a decoder takes it for granted
// that its references have the strides of the picture it is at.
static int give_buffer(void *opaque, AVFrame *frame)
{
    struct vt_ring_frame layout;
    size_t bytes = vt_ring_layout(&layout, frame->width, frame->height);
    if (!bytes)
        return -ENOTSUP;
    AVBufferRef *buffer = slot_buffer(opaque, bytes + SLOT_SLACK);
    if (!buffer)
        buffer = heap_buffer(bytes + SLOT_SLACK);
    if (!buffer)
        return -ENOMEM;
    frame->buf[0] = buffer;
    for (int i = 0; i < 3; i++) {
        frame->data[i] = buffer->data + layout.offset[i];
        frame->linesize[i] = layout.stride[i];
    }
    return 0;
}

static void describe(struct vt_ring_frame *to, const AVFrame *frame)
{
    AVRational sar = frame->sample_aspect_ratio;
    bool square = sar.num < 1 || sar.den < 1 || sar.num > VT_RING_SAR_MAX || sar.den > VT_RING_SAR_MAX ||
                  sar.num > sar.den * 16 || sar.den > sar.num * 16;
    int64_t duration_ns = vt_frame_duration_ns(frame);
    enum AVChromaLocation site = frame->chroma_location;
    to->colour = (struct vt_colour){
        .primaries = (uint8_t)frame->color_primaries,
        .transfer = (uint8_t)frame->color_trc,
        .matrix = (uint8_t)frame->colorspace,
        .full_range = frame->color_range == AVCOL_RANGE_JPEG,
        .chroma_site = site >= AVCHROMA_LOC_LEFT && site <= AVCHROMA_LOC_TOPLEFT ? (uint8_t)site : 0,
    };
    to->sar_num = square ? 1 : sar.num;
    to->sar_den = square ? 1 : sar.den;
    to->pts_ns = frame->pts;
    to->duration_ns = duration_ns > 0 && duration_ns <= VT_RING_JUMP_MAX ? duration_ns : 0;
    to->key = vt_frame_is_key(frame);
}

// Whether the picture lies in a slot of the present ring, as the reader wants it; then *to says where.
static bool find_slot(const struct vt_ring_sink *sink, const AVFrame *frame, struct vt_ring_frame *to)
{
    if (!sink->ring || !frame->buf[0] || frame->buf[1])
        return false;
    uintptr_t base = (uintptr_t)vt_ring_slot_data(sink->ring, 0), at = (uintptr_t)frame->buf[0]->data;
    size_t bytes = vt_ring_slot_bytes(sink->ring);
    if (at < base || at >= base + VT_RING_FRAMES * bytes)
        return false;
    to->slot = (int)((at - base) / bytes);
    to->width = frame->width;
    to->height = frame->height;
    for (int i = 0; i < 3; i++) {
        to->offset[i] = (uint32_t)((uintptr_t)frame->data[i] - at);
        to->stride[i] = frame->linesize[i];
        if (to->offset[i] % VT_RING_ALIGN || to->stride[i] % VT_RING_ALIGN)
            return false;
    }
    return true;
}

static int copy_in(struct vt_ring_sink *sink, const AVFrame *frame, struct vt_ring_frame *to)
{
    size_t bytes = vt_ring_layout(to, frame->width, frame->height);
    if (!bytes || ring_for(sink, bytes + SLOT_SLACK) < 0)
        return -ENOTSUP;
    to->slot = wait_for_slot(sink);
    if (to->slot < 0)
        return to->slot;
    uint8_t *data = vt_ring_slot_data(sink->ring, to->slot);
    for (int i = 0; i < 3; i++) {
        int width = i ? (to->width + 1) / 2 : to->width, height = i ? (to->height + 1) / 2 : to->height;
        av_image_copy_plane(data + to->offset[i], to->stride[i], frame->data[i], frame->linesize[i], width, height);
    }
    return 0;
}

// Never an error: a studio that is slow or away must not end the publisher.
static int take_frame(void *opaque, const AVFrame *frame)
{
    struct vt_ring_sink *sink = opaque;
    struct vt_ring_sink_stats *stats = &sink->stats;
    if (stats->frames_since++ == 0)
        stats->first_ns = frame->pts;
    stats->last_ns = frame->pts;

    struct vt_ring_frame entry = {0};
    describe(&entry, frame);
    bool direct = find_slot(sink, frame, &entry);
    int error = direct ? 0 : copy_in(sink, frame, &entry);
    if (!error) {
        error = publish(sink, &entry);
        if (!direct)
            vt_ring_slot_unref(sink->ring, entry.slot);
    }
    stats->frames += !error;
    stats->direct += !error && direct;
    stats->dropped += error != 0;
    return 0;
}

// -- sound

static int take_samples(void *opaque, int64_t pts_ns, const float *interleaved, int count)
{
    struct vt_ring_sink *sink = opaque;
    int error = ring_for(sink, 1), waits = 0;
    if (!error) {
        do
            error = vt_ring_put_samples(sink->ring, pts_ns, interleaved, count);
        while (error == -EAGAIN && wait_for_room(&waits));
    }
    if (error)
        sink->stats.samples_dropped += count;
    return 0;
}

static int64_t now_ns(void *opaque)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

struct vt_decode_sink vt_ring_sink_calls(struct vt_ring_sink *sink)
{
    return (struct vt_decode_sink){sink, take_frame, take_samples, give_buffer, now_ns};
}

void vt_ring_sink_stats(struct vt_ring_sink *sink, struct vt_ring_sink_stats *ret)
{
    *ret = sink->stats;
    sink->stats.frames_since = 0;
}
