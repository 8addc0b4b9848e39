#include "ingest/decode_entry.h"

#include "ingest/nal_units.h"

#define AVC_IDR         5
#define AVC_SEI         6
#define HEVC_SEI        39
#define HEVC_FIRST_IRAP 16               // BLA and IDR, up to CRA
#define HEVC_CRA        21
#define SEI_RECOVERY    6

// Whether an SEI message's payloads, after its NAL unit's header, tell of a recovery point.
static bool has_recovery_point(const uint8_t *data, size_t size)
{
    struct vt_reader r = vt_reader(data, size);
    while (r.left > 1) {
        unsigned type = 0, bytes = 0, byte;
        do
            type += byte = vt_read_u8(&r);
        while (byte == 255);
        do
            bytes += byte = vt_read_u8(&r);
        while (byte == 255);
        if (type == SEI_RECOVERY)
            return true;
        if (!vt_read_bytes(&r, bytes))
            return false;
    }
    return false;
}

static enum vt_decode_entry entry_of(bool hevc, const struct vt_nal *nal)
{
    int type = hevc ? nal->data[0] >> 1 & 63 : nal->data[0] & 31;
    size_t header = hevc ? 2 : 1;
    if (hevc ? type >= HEVC_FIRST_IRAP && type < HEVC_CRA : type == AVC_IDR)
        return VT_ENTRY_KEY;
    if (hevc && type == HEVC_CRA)
        return VT_ENTRY_RECOVERY;
    bool sei = type == (hevc ? HEVC_SEI : AVC_SEI) && nal->size > header;
    return sei && has_recovery_point(nal->data + header, nal->size - header) ? VT_ENTRY_RECOVERY : VT_ENTRY_NONE;
}

enum vt_decode_entry vt_decode_entry(const struct vt_access_unit *unit, int nal_length_size)
{
    enum vt_decode_entry best = unit->key ? VT_ENTRY_RECOVERY : VT_ENTRY_NONE;
    if (unit->codec != VT_CODEC_H264 && unit->codec != VT_CODEC_HEVC)
        return unit->key ? VT_ENTRY_KEY : VT_ENTRY_NONE;
    int length_size = vt_nal_length_size(unit->data, unit->size, nal_length_size);
    if (length_size < 0)
        return best;
    struct vt_nal_walk walk = vt_nal_walk(unit->data, unit->size, length_size);
    struct vt_nal nal;
    while (vt_nal_next(&walk, &nal)) {
        enum vt_decode_entry entry = entry_of(unit->codec == VT_CODEC_HEVC, &nal);
        best = entry > best ? entry : best;
    }
    return best;
}
