#include "ingest/rtmp_chunk.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

#define NO_STREAM    (-1)
#define EXTENDED     0xffffff        // in a timestamp field: four bytes follow
#define EXTENDED_BYTES 4

static const uint8_t message_header_bytes[4] = {11, 7, 3, 0};

// What is still to be read: bytes that were looked at in vain, then the caller's.
struct input {
    const uint8_t *data;
    size_t size, used;
};

static const uint8_t *input_peek(const struct vt_rtmp_chunks *chunks, const struct input *in, size_t *left)
{
    if (chunks->ahead_at < chunks->ahead_have) {
        *left = chunks->ahead_have - chunks->ahead_at;
        return chunks->ahead + chunks->ahead_at;
    }
    *left = in->size - in->used;
    return *left ? in->data + in->used : NULL;
}

static void input_take(struct vt_rtmp_chunks *chunks, struct input *in, size_t size)
{
    if (chunks->ahead_at < chunks->ahead_have)
        chunks->ahead_at += size;
    else
        in->used += size;
}

// Puts the last `size` bytes of the header back. What is left of `ahead` can only follow them in there.
static void input_return(struct vt_rtmp_chunks *chunks, size_t size)
{
    chunks->head_have -= size;
    if (chunks->ahead_at < chunks->ahead_have) {
        chunks->ahead_at -= size;
    } else {
        memcpy(chunks->ahead, chunks->head + chunks->head_have, size);
        chunks->ahead_at = 0;
        chunks->ahead_have = size;
    }
}

static int fail(struct vt_rtmp_chunks *chunks, enum vt_rtmp_error error)
{
    chunks->error = error;
    return error == VT_RTMP_ERROR_MEMORY ? -ENOMEM : -EPROTO;
}

void vt_rtmp_chunks_init(struct vt_rtmp_chunks *chunks)
{
    memset(chunks, 0, sizeof *chunks);
    chunks->chunk_size = VT_RTMP_CHUNK_SIZE;
    chunks->current = NO_STREAM;
    chunks->delivered = NO_STREAM;
}

void vt_rtmp_buffers_free(struct vt_rtmp_buffers *buffers)
{
    for (int i = 0; buffers && i < VT_RTMP_CHUNK_STREAMS; i++) {
        free(buffers->body[i]);
        buffers->body[i] = NULL;
        buffers->room[i] = 0;
    }
}

static size_t basic_header_bytes(const uint8_t *head)
{
    unsigned id = head[0] & 0x3f;
    return id == 0 ? 2 : id == 1 ? 3 : 1;
}

static uint32_t chunk_stream_id(const uint8_t *head)
{
    unsigned id = head[0] & 0x3f;
    return id == 0 ? 64u + head[1] : id == 1 ? 64u + head[1] + 256u * head[2] : id;
}

static int chunk_format(const uint8_t *head)
{
    return head[0] >> 6;
}

// How many header bytes there are to read, as far as those that are here tell.
static size_t header_bytes(const struct vt_rtmp_chunks *chunks)
{
    if (chunks->head_have == 0)
        return 1;
    size_t basic = basic_header_bytes(chunks->head);
    size_t size = basic + message_header_bytes[chunk_format(chunks->head)];
    if (size > basic && chunks->head_have >= basic + 3) {
        struct vt_reader r = vt_reader(chunks->head + basic, 3);
        if (vt_read_u24be(&r) == EXTENDED)
            size += EXTENDED_BYTES;
    }
    return size;
}

static int find_stream(const struct vt_rtmp_chunks *chunks, uint32_t id)
{
    for (int i = 0; i < VT_RTMP_CHUNK_STREAMS; i++) {
        if (chunks->streams[i].id == id)
            return i;
    }
    return NO_STREAM;
}

// Whether the header is whole; takes what it needs of the input.
static bool read_header(struct vt_rtmp_chunks *chunks, struct input *in)
{
    size_t left;
    const uint8_t *bytes;
    while (chunks->head_have < header_bytes(chunks)) {
        bytes = input_peek(chunks, in, &left);
        if (left == 0)
            return false;
        chunks->head[chunks->head_have++] = *bytes;
        input_take(chunks, in, 1);
    }
    if (chunk_format(chunks->head) != 3)
        return true;

    int index = find_stream(chunks, chunk_stream_id(chunks->head));
    if (index == NO_STREAM || !chunks->streams[index].has_extended)
        return true;
    size_t basic = basic_header_bytes(chunks->head);
    for (size_t seen; (seen = chunks->head_have - basic) < EXTENDED_BYTES;) {
        bytes = input_peek(chunks, in, &left);
        if (left == 0)
            return false;
        if (*bytes != (uint8_t)(chunks->streams[index].extended >> (24 - 8 * seen))) {
            if (seen > 0)
                input_return(chunks, seen);
            return true;
        }
        chunks->head[chunks->head_have++] = *bytes;
        input_take(chunks, in, 1);
    }
    return true;
}

static bool is_media(uint8_t type)
{
    return type == VT_RTMP_AUDIO || type == VT_RTMP_VIDEO || type == VT_RTMP_AGGREGATE ||
           type == VT_RTMP_DATA || type == VT_RTMP_DATA_AMF3;
}

static uint32_t most_bytes(uint8_t type, bool live)
{
    if (is_media(type) && !live)
        return 0;
    switch (type) {
    case VT_RTMP_SET_CHUNK_SIZE:
    case VT_RTMP_ABORT:
    case VT_RTMP_ACKNOWLEDGEMENT:
    case VT_RTMP_USER_CONTROL:
    case VT_RTMP_WINDOW_SIZE:
    case VT_RTMP_PEER_BANDWIDTH:
        return VT_RTMP_CONTROL_BYTES;
    case VT_RTMP_COMMAND:
    case VT_RTMP_COMMAND_AMF3:
        return VT_RTMP_COMMAND_BYTES;
    case VT_RTMP_AUDIO:
        return VT_RTMP_AUDIO_BYTES;
    case VT_RTMP_VIDEO:
    case VT_RTMP_AGGREGATE:
        return VT_RTMP_VIDEO_BYTES;
    case VT_RTMP_DATA:
    case VT_RTMP_DATA_AMF3:
        return VT_RTMP_DATA_BYTES;
    default:
        return live ? VT_RTMP_DATA_BYTES : VT_RTMP_CONTROL_BYTES;
    }
}

static uint64_t pending_bytes(const struct vt_rtmp_chunks *chunks)
{
    uint64_t sum = 0;
    for (int i = 0; i < VT_RTMP_CHUNK_STREAMS; i++)
        sum += chunks->streams[i].pending ? chunks->streams[i].length : 0;
    return sum;
}

// Finds room for the body of a message that begins.
static int start_message(struct vt_rtmp_chunks *chunks, struct vt_rtmp_buffers *buffers, int index)
{
    struct vt_rtmp_chunk_stream *stream = &chunks->streams[index];
    if (stream->length > most_bytes(stream->type, chunks->live)) {
        bool early = is_media(stream->type) && !chunks->live;
        return fail(chunks, early ? VT_RTMP_ERROR_EARLY_MEDIA : VT_RTMP_ERROR_MESSAGE_SIZE);
    }
    if (pending_bytes(chunks) + stream->length > (chunks->live ? VT_RTMP_PENDING_BYTES : VT_RTMP_SETUP_BYTES))
        return fail(chunks, VT_RTMP_ERROR_PENDING_SIZE);
    if (!chunks->live) {
        stream->at = chunks->setup_used;
        chunks->setup_used += stream->length;
    } else if (stream->length > buffers->room[index]) {
        free(buffers->body[index]);
        buffers->body[index] = malloc(stream->length);
        buffers->room[index] = buffers->body[index] ? stream->length : 0;
        if (!buffers->body[index])
            return fail(chunks, VT_RTMP_ERROR_MEMORY);
    }
    stream->in_setup = !chunks->live;
    stream->pending = 1;
    stream->have = 0;
    return 0;
}

static void read_message_header(struct vt_rtmp_chunk_stream *stream, int format, struct vt_reader *r)
{
    uint32_t time = vt_read_u24be(r);
    if (format < 2) {
        stream->length = vt_read_u24be(r);
        stream->type = vt_read_u8(r);
    }
    if (format == 0)
        stream->stream = vt_read_u32le(r);
    stream->has_extended = time == EXTENDED;
    if (stream->has_extended)
        time = stream->extended = vt_read_u32be(r);
    if (format == 0) {
        stream->timestamp = time;
        stream->delta = time <= VT_RTMP_TYPE0_DELTA_MAX_MS ? time : 0;
    } else {
        stream->timestamp += time;
        stream->delta = time;
    }
}

// The header is whole: finds its stream, and begins or goes on with a message.
static int begin_chunk(struct vt_rtmp_chunks *chunks, struct vt_rtmp_buffers *buffers)
{
    int format = chunk_format(chunks->head);
    uint32_t id = chunk_stream_id(chunks->head);
    int index = find_stream(chunks, id);
    if (index == NO_STREAM) {
        if (format > 1)
            return fail(chunks, VT_RTMP_ERROR_NO_HEADER);
        index = find_stream(chunks, 0);
        if (index == NO_STREAM)
            return fail(chunks, VT_RTMP_ERROR_CHUNK_STREAMS);
    }
    struct vt_rtmp_chunk_stream *stream = &chunks->streams[index];
    stream->id = id;
    if (format < 3) {
        if (stream->pending)
            return fail(chunks, VT_RTMP_ERROR_HEADER_IN_MESSAGE);
        struct vt_reader r = vt_reader(chunks->head, chunks->head_have);
        vt_read_skip(&r, basic_header_bytes(chunks->head));
        read_message_header(stream, format, &r);
        assert(!r.failed && r.left == 0);
    } else if (!stream->pending) {
        stream->timestamp += stream->delta;
    }
    if (!stream->pending) {
        int error = start_message(chunks, buffers, index);
        if (error < 0)
            return error;
    }
    uint32_t left = stream->length - stream->have;
    chunks->chunk_left = left < chunks->chunk_size ? left : chunks->chunk_size;
    chunks->current = index;
    chunks->head_have = 0;
    return 0;
}

static uint8_t *body_of(const struct vt_rtmp_chunks *chunks, const struct vt_rtmp_buffers *buffers, int index)
{
    const struct vt_rtmp_chunk_stream *stream = &chunks->streams[index];
    return stream->in_setup ? (uint8_t *)chunks->setup + stream->at : buffers->body[index];
}

// Takes payload; true at the end of the chunk.
static bool read_payload(struct vt_rtmp_chunks *chunks, struct vt_rtmp_buffers *buffers, struct input *in)
{
    struct vt_rtmp_chunk_stream *stream = &chunks->streams[chunks->current];
    while (chunks->chunk_left > 0) {
        size_t left;
        const uint8_t *bytes = input_peek(chunks, in, &left);
        size_t take = left < chunks->chunk_left ? left : chunks->chunk_left;
        if (take == 0)
            return false;
        memcpy(body_of(chunks, buffers, chunks->current) + stream->have, bytes, take);
        stream->have += take;
        chunks->chunk_left -= take;
        input_take(chunks, in, take);
    }
    return true;
}

ssize_t vt_rtmp_chunks_feed(struct vt_rtmp_chunks *chunks, struct vt_rtmp_buffers *buffers,
                            const uint8_t *data, size_t size, struct vt_rtmp_message *ret, bool *whole)
{
    struct input in = {data, size, 0};
    assert(buffers || !chunks->live);
    if (chunks->error)
        return -EPROTO;
    vt_rtmp_chunks_release(chunks, buffers);
    *whole = false;
    for (;;) {
        if (chunks->current == NO_STREAM) {
            if (!read_header(chunks, &in))
                break;
            int error = begin_chunk(chunks, buffers);
            if (error < 0)
                return error;
        }
        if (!read_payload(chunks, buffers, &in))
            break;
        struct vt_rtmp_chunk_stream *stream = &chunks->streams[chunks->current];
        int index = chunks->current;
        chunks->current = NO_STREAM;
        if (stream->have == stream->length) {
            chunks->delivered = index;
            *ret = vt_rtmp_chunks_delivered(chunks, buffers);
            *whole = true;
            break;
        }
    }
    return (ssize_t)in.used;
}

struct vt_rtmp_message vt_rtmp_chunks_delivered(const struct vt_rtmp_chunks *chunks,
                                                const struct vt_rtmp_buffers *buffers)
{
    assert(chunks->delivered != NO_STREAM);
    const struct vt_rtmp_chunk_stream *stream = &chunks->streams[chunks->delivered];
    return (struct vt_rtmp_message){
        .type = stream->type,
        .chunk_stream = stream->id,
        .stream = stream->stream,
        .timestamp_ms = stream->timestamp,
        .data = stream->length ? body_of(chunks, buffers, chunks->delivered) : chunks->setup,
        .size = stream->length,
    };
}

// Closes the gap that a body leaves in `setup`; commands hold keys, so nothing of it stays behind.
static void remove_from_setup(struct vt_rtmp_chunks *chunks, const struct vt_rtmp_chunk_stream *gone)
{
    uint32_t end = gone->at + gone->length;
    memmove(chunks->setup + gone->at, chunks->setup + end, chunks->setup_used - end);
    chunks->setup_used -= gone->length;
    memset(chunks->setup + chunks->setup_used, 0, gone->length);
    for (int i = 0; i < VT_RTMP_CHUNK_STREAMS; i++) {
        struct vt_rtmp_chunk_stream *stream = &chunks->streams[i];
        if (stream != gone && stream->pending && stream->in_setup && stream->at >= end)
            stream->at -= gone->length;
    }
}

static void drop_body(struct vt_rtmp_chunks *chunks, struct vt_rtmp_buffers *buffers, int index)
{
    struct vt_rtmp_chunk_stream *stream = &chunks->streams[index];
    if (stream->in_setup) {
        remove_from_setup(chunks, stream);
    } else if (buffers && buffers->room[index] > VT_RTMP_KEEP_BYTES) {
        free(buffers->body[index]);
        buffers->body[index] = NULL;
        buffers->room[index] = 0;
    }
    stream->pending = 0;
    stream->in_setup = 0;
    stream->have = 0;
}

void vt_rtmp_chunks_release(struct vt_rtmp_chunks *chunks, struct vt_rtmp_buffers *buffers)
{
    if (chunks->delivered == NO_STREAM)
        return;
    drop_body(chunks, buffers, chunks->delivered);
    chunks->delivered = NO_STREAM;
}

int vt_rtmp_chunks_set_size(struct vt_rtmp_chunks *chunks, uint32_t size)
{
    if (size == 0 || size > INT32_MAX)
        return fail(chunks, VT_RTMP_ERROR_CHUNK_SIZE);
    chunks->chunk_size = size < VT_RTMP_CHUNK_SIZE_MAX ? size : VT_RTMP_CHUNK_SIZE_MAX;
    return 0;
}

void vt_rtmp_chunks_abort(struct vt_rtmp_chunks *chunks, struct vt_rtmp_buffers *buffers,
                          uint32_t chunk_stream)
{
    int index = chunk_stream ? find_stream(chunks, chunk_stream) : NO_STREAM;
    if (index != NO_STREAM && index != chunks->delivered && chunks->streams[index].pending)
        drop_body(chunks, buffers, index);
}

static bool header_valid(const struct vt_rtmp_chunks *chunks)
{
    if (chunks->head_have == 0)
        return true;
    if (chunks->head_have > VT_RTMP_HEADER_MAX)
        return false;
    if (chunks->head_have < header_bytes(chunks))
        return true;
    int index = find_stream(chunks, chunk_stream_id(chunks->head));
    return chunk_format(chunks->head) == 3 && index != NO_STREAM && chunks->streams[index].has_extended &&
           chunks->head_have < basic_header_bytes(chunks->head) + EXTENDED_BYTES;
}

// The bodies in `setup` lie one after the other without gaps, in any order.
static bool setup_valid(const struct vt_rtmp_chunks *chunks)
{
    if (chunks->setup_used > VT_RTMP_SETUP_BYTES || pending_bytes(chunks) != chunks->setup_used)
        return false;
    for (int i = 0; i < VT_RTMP_CHUNK_STREAMS; i++) {
        const struct vt_rtmp_chunk_stream *a = &chunks->streams[i];
        if (!a->pending)
            continue;
        if (!a->in_setup || a->at > chunks->setup_used || a->length > chunks->setup_used - a->at ||
            a->have >= a->length || a->length > most_bytes(a->type, false))
            return false;
        for (int j = 0; j < i; j++) {
            const struct vt_rtmp_chunk_stream *b = &chunks->streams[j];
            if (b->pending && a->at < b->at + b->length && b->at < a->at + a->length)
                return false;
        }
    }
    return true;
}

bool vt_rtmp_chunks_valid(const struct vt_rtmp_chunks *chunks)
{
    if (chunks->error || chunks->delivered != NO_STREAM || chunks->chunk_size == 0 ||
        chunks->chunk_size > VT_RTMP_CHUNK_SIZE_MAX || chunks->ahead_have > sizeof chunks->ahead ||
        chunks->ahead_at > chunks->ahead_have)
        return false;
    if (!setup_valid(chunks))
        return false;
    if (chunks->current == NO_STREAM)
        return header_valid(chunks);
    if (chunks->current < 0 || chunks->current >= VT_RTMP_CHUNK_STREAMS || chunks->head_have != 0)
        return false;
    const struct vt_rtmp_chunk_stream *stream = &chunks->streams[chunks->current];
    return stream->pending && chunks->chunk_left > 0 && chunks->chunk_left <= stream->length - stream->have;
}
