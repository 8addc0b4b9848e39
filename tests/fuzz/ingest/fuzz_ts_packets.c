// A stranger's MPEG-TS in pieces, at any pace: what goes on is packets of two PIDs behind tables that are whole.
//
// The first byte says how long pieces are and how much time passes between them.
#include <assert.h>

#include "ingest/ts_packets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct vt_ts_packets *p, const uint8_t *packet)
{
    int pid = (packet[1] & 0x1f) << 8 | packet[2];
    assert(packet[0] == 0x47);
    assert(pid == VT_TS_PID_TABLE || pid == VT_TS_PID_MAP || pid == VT_TS_PID_VIDEO || pid == VT_TS_PID_AUDIO);
    if (pid == VT_TS_PID_VIDEO || pid == VT_TS_PID_AUDIO)
        assert(p->layout.tracks[pid == VT_TS_PID_AUDIO].codec != VT_CODEC_NONE && !(packet[3] & 0xc0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct vt_ts_packets p;
    uint8_t out[VT_TS_PACKET], how = size > 0 ? data[0] : 0;
    char others[64];
    size_t piece = 1 + (how & 15u) * 40;
    int64_t now_ns = 1, given = 0;
    vt_ts_packets_init(&p);
    for (size_t at = 1; at < size; at += piece) {
        struct vt_reader in = vt_reader(data + at, size - at < piece ? size - at : piece);
        int got;
        while ((got = vt_ts_packets_next(&p, &in, now_ns, out)) > 0) {
            if (got == 1)
                check(&p, out);
            assert(++given <= (int64_t)(size / VT_TS_PACKET + size / piece + 2) * (2 + VT_TS_TABLES));
        }
        if (got < 0) {
            assert(p.why[0]);
            break;
        }
        assert(in.left == 0);
        now_ns += (how >> 4) * INT64_C(100000000);
        if ((how & 1) && given > 0)
            vt_ts_packets_again(&p);
    }
    vt_ts_packets_others(&p, others, sizeof others);
    return 0;
}
