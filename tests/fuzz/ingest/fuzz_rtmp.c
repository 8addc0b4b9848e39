// An RTMP connection fed whole, and again in pieces with the state moved to another struct on the way: both must say
// the same.
//
// First byte: bit 0 handshake is done already, bit 1 publishing too, bit 2 refuse instead of accept. Second byte: seed
// of where to split.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/rtmp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
    struct vt_rtmp *rtmp;
    struct vt_rtmp_buffers buffers;
    struct vt_writer reply;
    uint64_t said;                       // hash of all events
    uint8_t options;
    bool failed;
};

static void say(struct run *run, uint64_t what)
{
    run->said = (run->said ^ what) * 0x100000001b3u;
}

static void move(struct run *run)
{
    struct vt_rtmp *moved = malloc(sizeof *moved);
    memcpy(moved, run->rtmp, sizeof *moved);
    free(run->rtmp);
    run->rtmp = moved;
}

static void on_event(struct run *run, const struct vt_rtmp_event *event)
{
    if (event->kind == VT_RTMP_MORE)
        return;
    say(run, event->kind);
    if (event->kind == VT_RTMP_ASKED) {
        assert(vt_rtmp_valid(run->rtmp));
        move(run);
        if (run->options & 4)
            vt_rtmp_refuse(run->rtmp, NULL, "no", &run->reply);
        else
            vt_rtmp_accept(run->rtmp, &run->reply);
    } else if (event->kind == VT_RTMP_MEDIA) {
        say(run, event->type);
        say(run, event->timestamp_ms);
        for (size_t i = 0; i < event->size; i++)
            say(run, event->data[i]);
    }
}

static void feed(struct run *run, const uint8_t *data, size_t size)
{
    struct vt_rtmp_event event = {.kind = VT_RTMP_ASKED};
    while (!run->failed && event.kind != VT_RTMP_MORE) {
        ssize_t used = vt_rtmp_feed(run->rtmp, &run->buffers, data, size, &run->reply, &event);
        run->failed = used < 0;
        if (run->failed) {
            say(run, vt_rtmp_why(run->rtmp));
            break;
        }
        data += used;
        size -= (size_t)used;
        assert(event.kind != VT_RTMP_MORE || size == 0);
        on_event(run, &event);
        run->reply.size = 0;
    }
}

static void begin(struct run *run, uint8_t options)
{
    memset(run, 0, sizeof *run);
    run->options = options;
    run->rtmp = malloc(sizeof *run->rtmp);
    vt_rtmp_init(run->rtmp, 7);
    if (options & 3)
        run->rtmp->handshake.have = 1 + 2 * VT_RTMP_HANDSHAKE_BYTES;
    if (options & 2) {
        run->rtmp->publish.stage = VT_RTMP_STAGE_ASKED;
        vt_rtmp_accept(run->rtmp, &run->reply);
    }
}

static uint64_t end(struct run *run)
{
    free(run->rtmp);
    vt_rtmp_buffers_free(&run->buffers);
    vt_writer_free(&run->reply);
    return run->said;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct run whole, pieces;
    if (size < 2)
        return 0;
    uint32_t seed = data[1] * 2654435761u + 1;
    begin(&whole, data[0]);
    feed(&whole, data + 2, size - 2);
    begin(&pieces, data[0]);
    for (size_t at = 2; at < size;) {
        seed = seed * 1103515245 + 12345;
        size_t piece = 1 + (seed >> 16) % (seed & 0x8000 ? 3 : 400);
        piece = piece < size - at ? piece : size - at;
        feed(&pieces, data + at, piece);
        if (!pieces.failed)
            move(&pieces);
        at += piece;
    }
    assert(whole.failed == pieces.failed);
    uint64_t said = end(&whole);
    assert(said == end(&pieces));
    return 0;
}
