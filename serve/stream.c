// Answers without an end: what is written waits in a queue until the client takes it.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "serve/http_inside.h"

struct vt_stream {
    struct vt_http *http;
    struct MHD_Connection *connection;
    struct vt_writer queue;
    size_t sent;                         // bytes of the queue that have gone out
    bool suspended, closed;
    void (*on_end)(void *opaque, struct vt_stream *stream);
    void *opaque;
    struct vt_stream *next;
};

static ssize_t read_stream(void *opaque, uint64_t position, char *out, size_t room)
{
    struct vt_stream *stream = opaque;
    size_t size = stream->queue.size - stream->sent;
    if (size == 0 && stream->closed)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (size == 0) {
        stream->suspended = true;
        MHD_suspend_connection(stream->connection);
        return 0;
    }
    if (size > room)
        size = room;
    memcpy(out, stream->queue.data + stream->sent, size);
    stream->sent += size;
    if (stream->sent == stream->queue.size)
        stream->queue.size = stream->sent = 0;
    return (ssize_t)size;
}

static void end_stream(void *opaque)
{
    struct vt_stream *stream = opaque;
    struct vt_stream **at = &stream->http->streams;
    while (*at != stream)
        at = &(*at)->next;
    *at = stream->next;
    if (stream->on_end)
        stream->on_end(stream->opaque, stream);
    vt_writer_free(&stream->queue);
    free(stream);
}

struct vt_stream *vt_request_stream(struct vt_request *request, const char *type,
                                    void (*on_end)(void *opaque, struct vt_stream *stream), void *opaque)
{
    struct vt_stream *stream = calloc(1, sizeof *stream);
    struct MHD_Response *response =
        stream ? MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, read_stream, stream, end_stream) : NULL;
    if (!response) {
        free(stream);
        vt_answer_problem(&request->answer, 503, "Out of memory", "Try again later.");
        return NULL;
    }
    *stream = (struct vt_stream){.http = request->http, .connection = request->connection,
                                 .opaque = opaque, .next = request->http->streams};
    request->http->streams = stream;
    vt_answer_init(&request->answer, 200);
    request->answer.type = type;
    if (vt_http_send(request, response) != MHD_YES)
        return NULL;                     // the connection is closing; the stream has ended with the response
    stream->on_end = on_end;
    request->stream = stream;
    return stream;
}

static void resume_stream(struct vt_stream *stream)
{
    if (!stream->suspended)
        return;
    stream->suspended = false;
    MHD_resume_connection(stream->connection);
    vt_http_wake(stream->http);
}

int vt_stream_write(struct vt_stream *stream, const void *data, size_t size)
{
    if (stream->closed)
        return -EPIPE;
    if (stream->queue.size - stream->sent + size <= VT_STREAM_QUEUE)
        vt_write_bytes(&stream->queue, data, size);
    else
        stream->queue.failed = true;
    if (stream->queue.failed) {
        vt_stream_close(stream);
        return -ENOBUFS;
    }
    resume_stream(stream);
    return 0;
}

void vt_stream_close(struct vt_stream *stream)
{
    stream->closed = true;
    resume_stream(stream);
}

void vt_http_close_streams(struct vt_http *http)
{
    for (struct vt_stream *stream = http->streams; stream; stream = stream->next)
        vt_stream_close(stream);
}
