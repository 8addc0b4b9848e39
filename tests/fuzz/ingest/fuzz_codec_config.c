// Decoder configurations: whatever is accepted is within the limits.
#include <assert.h>

#include "ingest/codec_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_video(const struct vt_avc_config *config)
{
    assert(config->width >= 0 && config->width <= VT_VIDEO_WIDTH_MAX);
    assert(config->height >= 0 && config->height <= VT_VIDEO_HEIGHT_MAX);
    assert((int64_t)config->width * config->height <= VT_VIDEO_PIXELS_MAX);
    assert((config->width == 0) == (config->height == 0));
    assert(config->fps_num >= 0 && config->fps_den >= 0);
    assert(config->width == 0 || (config->bit_depth >= 8 && config->bit_depth <= 14));
}

static void check_size(int width, int height)
{
    assert(width >= 0 && width <= VT_VIDEO_WIDTH_MAX && height >= 0 && height <= VT_VIDEO_HEIGHT_MAX);
    assert((int64_t)width * height <= VT_VIDEO_PIXELS_MAX && (width == 0) == (height == 0));
}

static void check_other_pictures(const uint8_t *data, size_t size)
{
    struct vt_hevc_config hevc;
    struct vt_av1_config av1;
    struct vt_vp9_config vp9;
    const char *why = 0;
    if (vt_hevc_config_parse(&hevc, data, size, &why) == 0)
        check_size(hevc.width, hevc.height);
    else
        assert(why);
    why = 0;
    if (vt_hevc_sps_parse(&hevc, data, size, &why) == 0)
        check_size(hevc.width, hevc.height);
    else
        assert(why);
    why = 0;
    if (vt_av1_config_parse(&av1, data, size, &why) == 0)
        check_size(av1.width, av1.height);
    else
        assert(why);
    why = 0;
    if (vt_vp9_config_parse(&vp9, data, size, &why) == 0)
        assert(vp9.bit_depth >= 8 && vp9.bit_depth <= 12);
    else
        assert(why);
}

static void check_other_sound(const uint8_t *data, size_t size)
{
    struct vt_opus_config opus;
    struct vt_flac_config flac;
    const char *why = 0;
    if (vt_opus_config_parse(&opus, data, size, &why) == 0)
        assert(opus.channels > 0 && opus.channels <= VT_AUDIO_CHANNELS_MAX && opus.pre_skip <= 65535);
    else
        assert(why);
    why = 0;
    if (vt_flac_config_parse(&flac, data, size, &why) == 0)
        assert(flac.info >= data && flac.info + VT_FLAC_INFO_BYTES <= data + size && flac.sample_rate > 0 &&
               flac.sample_rate <= VT_AUDIO_RATE_MAX && flac.channels <= VT_AUDIO_CHANNELS_MAX);
    else
        assert(why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vt_avc_config video;
    struct vt_aac_config audio;
    const char *why = 0;
    check_other_pictures(data, size);
    check_other_sound(data, size);
    if (vt_avc_config_parse(&video, data, size, &why) == 0)
        check_video(&video);
    else
        assert(why);
    why = 0;
    if (vt_avc_sps_parse(&video, data, size, &why) == 0)
        check_video(&video);
    else
        assert(why);
    if (vt_aac_config_parse(&audio, data, size, &why) == 0)
        assert(audio.sample_rate > 0 && audio.sample_rate <= VT_AUDIO_RATE_MAX &&
               audio.channels >= 0 && audio.channels <= VT_AUDIO_CHANNELS_MAX);
    for (int length = 1; length <= 4; length++)
        vt_avc_framing(data, size, length);
    return 0;
}
