#include "studio/feed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/message.h"

struct vt_feed {
    struct vt_link *link;
    struct vt_ring_reader *ring;
};

struct hold {
    struct vt_ring_reader *ring;         // stays mapped while slots are held
    int slot;
};

int vt_feed_new(struct vt_feed **ret, int fd)
{
    struct vt_feed *feed = calloc(1, sizeof *feed);
    if (!feed) {
        close(fd);
        return -ENOMEM;
    }
    int error = vt_link_new(&feed->link, fd, VT_STUDIO, VT_INGEST);
    if (error)
        vt_feed_free(&feed);
    else
        *ret = feed;
    return error;
}

void vt_feed_free(struct vt_feed **feed)
{
    if (!*feed)
        return;
    vt_link_free(&(*feed)->link);
    vt_ring_reader_free(&(*feed)->ring);
    free(*feed);
    *feed = NULL;
}

int vt_feed_fd(const struct vt_feed *feed)
{
    return vt_link_fd(feed->link);
}

static int new_ring(struct vt_feed *feed, struct vt_message *message)
{
    struct vt_ring_reader *ring;
    int error = vt_ring_reader_new(&ring, vt_message_take_fd(message, 0));
    if (error)
        return -EBADMSG;
    vt_ring_reader_free(&feed->ring);
    feed->ring = ring;
    return 0;
}

int vt_feed_receive(struct vt_feed *feed, char ret_reason[64])
{
    struct vt_message message;
    int got;
    while ((got = vt_link_receive(feed->link, &message)) > 0) {
        int result = 0;
        if (message.kind == VT_MSG_SOURCE_RING) {
            result = new_ring(feed, &message);
        } else if (message.kind == VT_MSG_SOURCE_END) {
            const char *reason = vt_message_text(message.body, "reason");
            snprintf(ret_reason, 64, "%s", reason ? reason : "ended");
            result = 1;
        }
        vt_message_clear(&message);
        if (result)
            return result;
    }
    return got;
}

static void let_go(void *opaque, uint8_t *data)
{
    struct hold *hold = opaque;
    vt_ring_release(hold->ring, hold->slot);
    free(hold);
}

static AVFrame *wrap(struct vt_ring_reader *ring, const struct vt_ring_frame *from)
{
    AVFrame *frame = av_frame_alloc();
    struct hold *hold = malloc(sizeof *hold);
    uint8_t *first = (uint8_t *)vt_ring_frame_plane(ring, from, 0);
    if (frame && hold) {
        *hold = (struct hold) { ring, from->slot };
        frame->buf[0] = av_buffer_create(first, (size_t)from->stride[0] * (size_t)from->height, let_go, hold,
                                         AV_BUFFER_FLAG_READONLY);
    }
    if (!frame || !hold || !frame->buf[0]) {
        free(hold);
        av_frame_free(&frame);
        return NULL;
    }
    for (int p = 0; p < 3; p++) {
        frame->data[p] = (uint8_t *)vt_ring_frame_plane(ring, from, p);
        frame->linesize[p] = from->stride[p];
    }
    frame->format = AV_PIX_FMT_YUV420P;
    frame->width = from->width;
    frame->height = from->height;
    frame->pts = from->pts_ns;
    frame->sample_aspect_ratio = (AVRational) { from->sar_num, from->sar_den };
    frame->color_range = from->colour.full_range ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
    frame->colorspace = from->colour.matrix;
    frame->color_primaries = from->colour.primaries;
    frame->color_trc = from->colour.transfer;
    frame->chroma_location = from->colour.chroma_site;
    return frame;
}

int vt_feed_frame(struct vt_feed *feed, AVFrame **ret)
{
    struct vt_ring_frame from;
    int got = feed->ring ? vt_ring_get_frame(feed->ring, &from) : 0;
    if (got <= 0)
        return got;
    AVFrame *frame = wrap(feed->ring, &from);
    if (!frame) {
        vt_ring_release(feed->ring, from.slot);
        return -ENOMEM;
    }
    *ret = frame;
    return 1;
}

int vt_feed_samples(struct vt_feed *feed, int64_t *ret_pts, float *out, int room)
{
    struct vt_ring_samples samples;
    int got = feed->ring ? vt_ring_get_samples(feed->ring, &samples, out, room) : 0;
    if (got > 0)
        *ret_pts = samples.pts_ns;
    return got;
}
