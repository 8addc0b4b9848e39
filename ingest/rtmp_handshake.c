#include "ingest/rtmp_handshake.h"

#include <string.h>

#define RTMP_VERSION 3
#define C0_C1_BYTES  (1 + VT_RTMP_HANDSHAKE_BYTES)
#define ALL_BYTES    (1 + 2 * VT_RTMP_HANDSHAKE_BYTES)

void vt_rtmp_handshake_init(struct vt_rtmp_handshake *handshake, uint32_t seed)
{
    memset(handshake, 0, sizeof *handshake);
    handshake->seed = seed;
}

bool vt_rtmp_handshake_done(const struct vt_rtmp_handshake *handshake)
{
    return handshake->have == ALL_BYTES;
}

static void write_filling(struct vt_writer *reply, uint32_t seed, size_t size)
{
    uint32_t x = seed | 1;
    for (size_t i = 0; i < size; i += 4) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        vt_write_u32be(reply, x);
    }
}

static void answer(const struct vt_rtmp_handshake *handshake, struct vt_writer *reply)
{
    vt_write_u8(reply, RTMP_VERSION);
    vt_write_u32be(reply, 0);       // our time
    vt_write_u32be(reply, 0);       // our version
    write_filling(reply, handshake->seed, VT_RTMP_HANDSHAKE_BYTES - 8);
    vt_write_bytes(reply, handshake->c1, VT_RTMP_HANDSHAKE_BYTES);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

int vt_rtmp_handshake_feed(struct vt_rtmp_handshake *handshake, const uint8_t *data, size_t size,
                           struct vt_writer *reply)
{
    size_t used = 0;
    if (handshake->have == 0 && size > 0) {
        if (data[0] != RTMP_VERSION)
            return -1;
        handshake->have = 1;
        used = 1;
    }
    if (handshake->have >= 1 && handshake->have < C0_C1_BYTES) {
        size_t take = smaller(size - used, C0_C1_BYTES - handshake->have);
        if (take > 0)
            memcpy(handshake->c1 + handshake->have - 1, data + used, take);
        handshake->have += take;
        used += take;
        if (handshake->have == C0_C1_BYTES)
            answer(handshake, reply);
    }
    if (handshake->have >= C0_C1_BYTES) {
        size_t take = smaller(size - used, ALL_BYTES - handshake->have);
        handshake->have += take;
        used += take;
    }
    return (int)used;
}
