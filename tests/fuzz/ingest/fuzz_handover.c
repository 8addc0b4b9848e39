// A parser state that a hostile gate has spoiled: what the check lets through must be safe to feed.
//
// The input: a count, that many patches of a state in mid-publish (offset 16 bits, value 32 bits), bytes to feed.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/rtmp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void make_state(struct vt_rtmp *rtmp)
{
    vt_rtmp_init(rtmp, 7);
    rtmp->handshake.have = 1 + 2 * VT_RTMP_HANDSHAKE_BYTES;
    static const uint8_t unfinished[] = {3, 0, 0, 0, 0, 1, 0, 20, 0, 0, 0, 0, 'a', 'b'};
    struct vt_writer reply = {0};
    struct vt_rtmp_event event;
    vt_rtmp_feed(rtmp, NULL, unfinished, sizeof unfinished, &reply, &event);
    vt_writer_free(&reply);
    rtmp->publish.stage = VT_RTMP_STAGE_ASKED;
    assert(vt_rtmp_valid(rtmp));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vt_rtmp *rtmp = malloc(sizeof *rtmp);
    struct vt_rtmp_buffers buffers = {0};
    struct vt_writer reply = {0};
    struct vt_rtmp_event event;
    struct vt_reader r = vt_reader(data, size);
    make_state(rtmp);
    uint8_t patches = vt_read_u8(&r);
    for (int i = 0; i < patches && !r.failed; i++) {
        size_t at = vt_read_u16be(&r) % (sizeof *rtmp / 4) * 4;
        uint32_t value = vt_read_u32le(&r);
        memcpy((uint8_t *)rtmp + at, &value, sizeof value);
    }
    if (!r.failed && vt_rtmp_valid(rtmp)) {
        vt_rtmp_accept(rtmp, &reply);
        ssize_t used;
        do {
            used = vt_rtmp_feed(rtmp, &buffers, r.at, r.left, &reply, &event);
            vt_read_skip(&r, used > 0 ? (size_t)used : 0);
        } while (used >= 0 && event.kind != VT_RTMP_MORE);
    }
    vt_rtmp_buffers_free(&buffers);
    vt_writer_free(&reply);
    free(rtmp);
    return 0;
}
