#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "ingest/bits.h"
#include "ingest/codec_config.h"

#define FLAC_STREAMINFO   0              // type of a metadata block
#define OPUS_SURROUND     1              // channel mapping family

// The streams that carry the channels, and which channel comes from which.
static bool valid_mapping(struct vt_reader *r, int channels)
{
    int streams = vt_read_u8(r), coupled = vt_read_u8(r);
    if (streams < 1 || coupled > streams || streams + coupled > VT_AUDIO_CHANNELS_MAX)
        return false;
    for (int i = 0; i < channels; i++) {
        int from = vt_read_u8(r);
        if (from != 255 && from >= streams + coupled)
            return false;
    }
    return !r->failed;
}

int vt_opus_config_parse(struct vt_opus_config *ret, const uint8_t *data, size_t size, const char **why)
{
    struct vt_reader r = vt_reader(data, size);
    const uint8_t *magic = vt_read_bytes(&r, 8);
    uint8_t version = vt_read_u8(&r), channels = vt_read_u8(&r);
    int pre_skip = vt_read_u8(&r);
    pre_skip |= vt_read_u8(&r) << 8;
    vt_read_skip(&r, 6);                     // the original's rate, gain
    uint8_t family = vt_read_u8(&r);
    if (r.failed || size > VT_CONFIG_BYTES_MAX) {
        *why = "the Opus header is cut short, or too long";
        return -EINVAL;
    }
    if (memcmp(magic, "OpusHead", 8) != 0 || version > 15 || channels == 0) {
        *why = "not an Opus header";
        return -EINVAL;
    }
    if (family > OPUS_SURROUND || channels > (family == OPUS_SURROUND ? VT_AUDIO_CHANNELS_MAX : 2)) {
        *why = "this many Opus channels are not supported: set the encoder to stereo";
        return -ERANGE;
    }
    if (family == OPUS_SURROUND && !valid_mapping(&r, channels)) {
        *why = "the Opus header's channel mapping is broken";
        return -EINVAL;
    }
    *ret = (struct vt_opus_config){channels, pre_skip};
    return 0;
}

int vt_flac_config_parse(struct vt_flac_config *ret, const uint8_t *data, size_t size, const char **why)
{
    struct vt_reader r = vt_reader(data, size);
    if (r.left >= 4 && memcmp(r.at, "fLaC", 4) == 0)
        vt_read_skip(&r, 4);
    if (r.left >= 4 + VT_FLAC_INFO_BYTES && (r.at[0] & 127) == FLAC_STREAMINFO && r.at[1] == 0 && r.at[2] == 0 &&
        r.at[3] == VT_FLAC_INFO_BYTES)
        vt_read_skip(&r, 4);
    const uint8_t *info = vt_read_bytes(&r, VT_FLAC_INFO_BYTES);
    if (!info || size > VT_CONFIG_BYTES_MAX) {
        *why = "FLAC's STREAMINFO is cut short, or too long";
        return -EINVAL;
    }
    struct vt_bits b = vt_bits(info, VT_FLAC_INFO_BYTES, false);
    vt_bits_read(&b, 16);                    // smallest block
    int block = (int)vt_bits_read(&b, 16);
    vt_bits_read(&b, 24);                    // frame sizes
    vt_bits_read(&b, 24);
    int rate = (int)vt_bits_read(&b, 20), channels = (int)vt_bits_read(&b, 3) + 1;
    if (block < 16 || rate == 0) {
        *why = "FLAC's STREAMINFO is broken";
        return -EINVAL;
    }
    if (rate < VT_AUDIO_RATE_MIN || rate > VT_AUDIO_RATE_MAX) {
        *why = "the sample rate is not within 4 and 96 kHz";
        return -ERANGE;
    }
    *ret = (struct vt_flac_config){info, rate, channels, block};
    return 0;
}
