#include "ingest/rtmp.h"

#include <errno.h>
#include <string.h>

#include "ingest/rtmp_reply.h"

#define PING               6
#define TAG_TRAILER_BYTES  4

void vt_rtmp_init(struct vt_rtmp *rtmp, uint32_t seed)
{
    memset(rtmp, 0, sizeof *rtmp);
    vt_rtmp_handshake_init(&rtmp->handshake, seed);
    vt_rtmp_chunks_init(&rtmp->chunks);
    vt_rtmp_publish_init(&rtmp->publish);
    rtmp->window = VT_RTMP_WINDOW;
}

static int fail(struct vt_rtmp *rtmp, enum vt_rtmp_error error)
{
    rtmp->error = error;
    return -EPROTO;
}

enum vt_rtmp_error vt_rtmp_why(const struct vt_rtmp *rtmp)
{
    return rtmp->error;
}

static void on_user_control(struct vt_reader body, struct vt_writer *reply)
{
    uint16_t event = vt_read_u16be(&body);
    uint32_t stamp = vt_read_u32be(&body);
    if (!body.failed && event == PING && reply->size < VT_RTMP_REPLY_BACKLOG)
        vt_rtmp_write_pong(reply, stamp);
}

// Control messages that carry one number.
static int on_control(struct vt_rtmp *rtmp, struct vt_rtmp_buffers *buffers, uint8_t type,
                      struct vt_reader body)
{
    uint32_t value = vt_read_u32be(&body);
    if (body.failed)
        return fail(rtmp, VT_RTMP_ERROR_CONTROL);
    if (type == VT_RTMP_SET_CHUNK_SIZE && vt_rtmp_chunks_set_size(&rtmp->chunks, value) < 0)
        return fail(rtmp, rtmp->chunks.error);
    if (type == VT_RTMP_ABORT)
        vt_rtmp_chunks_abort(&rtmp->chunks, buffers, value);
    if (type == VT_RTMP_WINDOW_SIZE && value > 0)
        rtmp->window = value > VT_RTMP_WINDOW_MIN ? value : VT_RTMP_WINDOW_MIN;
    return 0;
}

static int on_command(struct vt_rtmp *rtmp, const struct vt_rtmp_message *message, struct vt_writer *reply,
                      struct vt_rtmp_event *ret)
{
    uint8_t before = rtmp->publish.stage;
    size_t waiting = reply->size;
    enum vt_rtmp_error error = vt_rtmp_publish_command(&rtmp->publish, message, reply);
    if (error)
        return fail(rtmp, error);
    if (before == VT_RTMP_STAGE_LIVE && waiting >= VT_RTMP_REPLY_BACKLOG)
        reply->size = waiting;
    if (rtmp->publish.stage == VT_RTMP_STAGE_ENDED && before == VT_RTMP_STAGE_LIVE)
        ret->kind = VT_RTMP_UNPUBLISHED;
    return 0;
}

static void give_media(struct vt_rtmp *rtmp, const struct vt_rtmp_message *message, struct vt_rtmp_event *ret)
{
    if (rtmp->publish.stage != VT_RTMP_STAGE_LIVE)
        return;
    *ret = (struct vt_rtmp_event){VT_RTMP_MEDIA, message->type, message->timestamp_ms, message->data,
                                  message->size};
}

// AMF3 forms of commands and data say so in a first byte; what follows is AMF0 all the same.
static struct vt_rtmp_message without_first_byte(const struct vt_rtmp_message *message, uint8_t type)
{
    struct vt_rtmp_message rest = *message;
    rest.type = type;
    if (rest.size > 0) {
        rest.data++;
        rest.size--;
    }
    return rest;
}

static void begin_aggregate(struct vt_rtmp *rtmp, const struct vt_rtmp_message *message)
{
    if (rtmp->publish.stage != VT_RTMP_STAGE_LIVE)
        return;
    rtmp->aggregate = 1;
    rtmp->aggregate_started = 0;
    rtmp->aggregate_at = 0;
    rtmp->aggregate_ms = message->timestamp_ms;
}

static int on_message(struct vt_rtmp *rtmp, struct vt_rtmp_buffers *buffers,
                      const struct vt_rtmp_message *message, struct vt_writer *reply,
                      struct vt_rtmp_event *ret)
{
    struct vt_rtmp_message rest;
    struct vt_reader body = vt_reader(message->data, message->size);
    switch (message->type) {
    case VT_RTMP_SET_CHUNK_SIZE:
    case VT_RTMP_ABORT:
    case VT_RTMP_WINDOW_SIZE:
        return on_control(rtmp, buffers, message->type, body);
    case VT_RTMP_USER_CONTROL:
        on_user_control(body, reply);
        return 0;
    case VT_RTMP_COMMAND_AMF3:
        rest = without_first_byte(message, VT_RTMP_COMMAND);
        return on_command(rtmp, &rest, reply, ret);
    case VT_RTMP_COMMAND:
        return on_command(rtmp, message, reply, ret);
    case VT_RTMP_DATA_AMF3:
        rest = without_first_byte(message, VT_RTMP_DATA);
        give_media(rtmp, &rest, ret);
        return 0;
    case VT_RTMP_AUDIO:
    case VT_RTMP_VIDEO:
    case VT_RTMP_DATA:
        give_media(rtmp, message, ret);
        return 0;
    case VT_RTMP_AGGREGATE:
        begin_aggregate(rtmp, message);
        return 0;
    default:
        return 0;
    }
}

// The next audio, video or data part of an aggregate, which is a run of FLV tags; times are shifted to its own.
static int next_part(struct vt_rtmp *rtmp, const struct vt_rtmp_buffers *buffers, struct vt_rtmp_event *ret)
{
    struct vt_rtmp_message whole = vt_rtmp_chunks_delivered(&rtmp->chunks, buffers);
    struct vt_reader r = vt_reader(whole.data, whole.size);
    vt_read_skip(&r, rtmp->aggregate_at);
    if (r.left == 0) {
        rtmp->aggregate = 0;
        return 0;
    }
    struct vt_rtmp_message part = {.type = vt_read_u8(&r)};
    part.size = vt_read_u24be(&r);
    uint32_t time = vt_read_u24be(&r);
    time |= (uint32_t)vt_read_u8(&r) << 24;
    part.stream = vt_read_u24be(&r);
    part.data = vt_read_bytes(&r, part.size);
    if (r.failed || part.type == VT_RTMP_AGGREGATE ||
        (part.type != VT_RTMP_VIDEO && part.size > VT_RTMP_AUDIO_BYTES))
        return fail(rtmp, VT_RTMP_ERROR_AGGREGATE);
    vt_read_skip(&r, r.left < TAG_TRAILER_BYTES ? r.left : TAG_TRAILER_BYTES);
    rtmp->aggregate_at = (uint32_t)(whole.size - r.left);

    if (!rtmp->aggregate_started) {
        rtmp->aggregate_started = 1;
        rtmp->aggregate_first_ms = time;
    }
    part.timestamp_ms = rtmp->aggregate_ms + (time - rtmp->aggregate_first_ms);
    if (part.type == VT_RTMP_AUDIO || part.type == VT_RTMP_VIDEO || part.type == VT_RTMP_DATA)
        give_media(rtmp, &part, ret);
    return 0;
}

// One step: bytes of the handshake, one message, or one part of an aggregate. Returns the bytes consumed; *more says
// whether there may be another step without an event in between.
static ssize_t step(struct vt_rtmp *rtmp, struct vt_rtmp_buffers *buffers, const uint8_t *data, size_t size,
                    struct vt_writer *reply, struct vt_rtmp_event *ret, bool *more)
{
    *more = true;
    if (!vt_rtmp_handshake_done(&rtmp->handshake)) {
        int used = vt_rtmp_handshake_feed(&rtmp->handshake, data, size, reply);
        *more = vt_rtmp_handshake_done(&rtmp->handshake);
        return used < 0 ? fail(rtmp, VT_RTMP_ERROR_VERSION) : used;
    }
    if (rtmp->aggregate)
        return next_part(rtmp, buffers, ret);

    struct vt_rtmp_message message;
    ssize_t used = vt_rtmp_chunks_feed(&rtmp->chunks, buffers, data, size, &message, more);
    if (used < 0) {
        rtmp->error = rtmp->chunks.error;
        return used;
    }
    if (!*more)
        return used;
    int error = on_message(rtmp, buffers, &message, reply, ret);
    return error < 0 ? error : used;
}

static void acknowledge(struct vt_rtmp *rtmp, size_t used, struct vt_writer *reply)
{
    rtmp->received += used;
    if (!vt_rtmp_handshake_done(&rtmp->handshake) || rtmp->received - rtmp->acknowledged < rtmp->window / 2)
        return;
    rtmp->acknowledged = rtmp->received;
    vt_rtmp_write_acknowledgement(reply, (uint32_t)rtmp->received);
}

ssize_t vt_rtmp_feed(struct vt_rtmp *rtmp, struct vt_rtmp_buffers *buffers, const uint8_t *data, size_t size,
                     struct vt_writer *reply, struct vt_rtmp_event *ret)
{
    struct vt_rtmp_event event = {.kind = VT_RTMP_MORE};
    size_t used = 0;
    bool more = true;
    if (rtmp->error)
        return -EPROTO;
    while (more && event.kind == VT_RTMP_MORE) {
        if (rtmp->publish.stage == VT_RTMP_STAGE_ASKED) {
            event.kind = VT_RTMP_ASKED;
            vt_rtmp_chunks_release(&rtmp->chunks, buffers);
            break;
        }
        ssize_t n = step(rtmp, buffers, size > used ? data + used : NULL, size - used, reply, &event, &more);
        if (n < 0)
            return n;
        used += (size_t)n;
    }
    acknowledge(rtmp, used, reply);
    if (reply->failed) {
        rtmp->error = VT_RTMP_ERROR_PEER_DEAF;
        return -ENOBUFS;
    }
    *ret = event;
    return (ssize_t)used;
}

void vt_rtmp_accept(struct vt_rtmp *rtmp, struct vt_writer *reply)
{
    rtmp->chunks.live = 1;
    vt_rtmp_publish_accept(&rtmp->publish, reply);
}

void vt_rtmp_refuse(struct vt_rtmp *rtmp, const char *code, const char *description, struct vt_writer *reply)
{
    vt_rtmp_publish_refuse(&rtmp->publish, code, description, reply);
}

bool vt_rtmp_reconnect(const struct vt_rtmp *rtmp, const char *description, struct vt_writer *reply)
{
    return vt_rtmp_publish_reconnect(&rtmp->publish, description, reply);
}

void vt_rtmp_forget(struct vt_rtmp *rtmp)
{
    explicit_bzero(rtmp->publish.app, sizeof rtmp->publish.app);
    explicit_bzero(rtmp->publish.name, sizeof rtmp->publish.name);
}

bool vt_rtmp_valid(const struct vt_rtmp *rtmp)
{
    return rtmp->error == VT_RTMP_ERROR_NONE && vt_rtmp_handshake_done(&rtmp->handshake) &&
           !rtmp->aggregate && rtmp->window >= VT_RTMP_WINDOW_MIN && rtmp->acknowledged <= rtmp->received &&
           rtmp->publish.stage == VT_RTMP_STAGE_ASKED && !rtmp->chunks.live &&
           vt_rtmp_chunks_valid(&rtmp->chunks) && vt_rtmp_publish_valid(&rtmp->publish);
}
