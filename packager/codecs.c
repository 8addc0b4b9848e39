#include "packager/codecs.h"

#include <errno.h>
#include <stdio.h>

#include "base/bytes.h"

#define AAC_LC 2

static bool skip_sets(struct vt_reader *r, int count)
{
    for (int i = 0; i < count; i++) {
        size_t size = vt_read_u16be(r);
        vt_read_skip(r, size);
        if (size == 0)
            return false;
    }
    return count > 0 && !r->failed;
}

// ISO/IEC 14496-15 §5.3.3.1.2.
static int name_avc(const struct vt_track *track, char out[VT_CODECS_TEXT])
{
    struct vt_reader r = vt_reader(track->config, track->config_size);
    uint8_t version = vt_read_u8(&r);
    unsigned profile = vt_read_u8(&r), compatibility = vt_read_u8(&r), level = vt_read_u8(&r);
    uint8_t length_bytes = (vt_read_u8(&r) & 3) + 1;
    bool sps = skip_sets(&r, vt_read_u8(&r) & 31);
    bool pps = skip_sets(&r, vt_read_u8(&r));
    if (r.failed || version != 1 || length_bytes != 4 || !sps || !pps)
        return -EINVAL;
    snprintf(out, VT_CODECS_TEXT, "avc1.%02x%02x%02x", profile, compatibility, level);
    return 0;
}

// ISO/IEC 14496-3 §1.6.2.1: type (5 bits), rate index (4), channels (4), frame length flag (1).
static int name_aac(const struct vt_track *track, char out[VT_CODECS_TEXT])
{
    static const int rates[16] = {96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000,
                                  7350};
    struct vt_reader r = vt_reader(track->config, track->config_size);
    uint16_t bits = vt_read_u16be(&r);
    int type = bits >> 11, rate = rates[bits >> 7 & 15], channels = bits >> 3 & 15;
    bool short_frames = bits & 4;
    if (r.failed || type != AAC_LC || rate == 0 || rate != track->sample_rate || channels != track->channels ||
        short_frames)
        return -EINVAL;
    snprintf(out, VT_CODECS_TEXT, "mp4a.40.%d", type);
    return 0;
}

int vt_codecs_name(const struct vt_track *track, char out[VT_CODECS_TEXT])
{
    if (!track->config || track->config_size > VT_TRACK_CONFIG_MAX)
        return -EINVAL;
    return track->kind == VT_TRACK_VIDEO ? name_avc(track, out) : name_aac(track, out);
}
