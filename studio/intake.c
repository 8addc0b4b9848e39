#include "studio/intake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/message.h"

struct vt_intake {
    struct vt_link *link;
    struct vt_ring_reader *ring;
};

struct hold {
    struct vt_ring_reader *ring;         // stays mapped while slots are held
    int slot;
};

int vt_intake_new(struct vt_intake **ret, int fd)
{
    struct vt_intake *intake = calloc(1, sizeof *intake);
    if (!intake) {
        close(fd);
        return -ENOMEM;
    }
    int error = vt_link_new(&intake->link, fd, VT_STUDIO, VT_INGEST);
    if (error)
        vt_intake_free(&intake);
    else
        *ret = intake;
    return error;
}

void vt_intake_free(struct vt_intake **intake)
{
    if (!*intake)
        return;
    vt_link_free(&(*intake)->link);
    vt_ring_reader_free(&(*intake)->ring);
    free(*intake);
    *intake = NULL;
}

int vt_intake_fd(const struct vt_intake *intake)
{
    return vt_link_fd(intake->link);
}

static int new_ring(struct vt_intake *intake, struct vt_message *message)
{
    struct vt_ring_reader *ring;
    int error = vt_ring_reader_new(&ring, vt_message_take_fd(message, 0));
    if (error)
        return -EBADMSG;
    vt_ring_reader_free(&intake->ring);
    intake->ring = ring;
    return 0;
}

int vt_intake_receive(struct vt_intake *intake, char ret_reason[64])
{
    struct vt_message message;
    int got;
    while ((got = vt_link_receive(intake->link, &message)) > 0) {
        int result = 0;
        if (message.kind == VT_MSG_SOURCE_RING) {
            result = new_ring(intake, &message);
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
        *hold = (struct hold){ring, from->slot};
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
    frame->sample_aspect_ratio = (AVRational){from->sar_num, from->sar_den};
    frame->color_range = from->colour.full_range ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
    frame->colorspace = from->colour.matrix;
    frame->color_primaries = from->colour.primaries;
    frame->color_trc = from->colour.transfer;
    frame->chroma_location = from->colour.chroma_site;
    return frame;
}

int vt_intake_frame(struct vt_intake *intake, AVFrame **ret)
{
    struct vt_ring_frame from;
    int got = intake->ring ? vt_ring_get_frame(intake->ring, &from) : 0;
    if (got <= 0)
        return got;
    AVFrame *frame = wrap(intake->ring, &from);
    if (!frame) {
        vt_ring_release(intake->ring, from.slot);
        return -ENOMEM;
    }
    *ret = frame;
    return 1;
}

int vt_intake_samples(struct vt_intake *intake, int64_t *ret_pts, float *out, int room)
{
    struct vt_ring_samples samples;
    int got = intake->ring ? vt_ring_get_samples(intake->ring, &samples, out, room) : 0;
    if (got > 0)
        *ret_pts = samples.pts_ns;
    return got;
}
