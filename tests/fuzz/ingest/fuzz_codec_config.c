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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vt_avc_config video;
    struct vt_aac_config audio;
    const char *why = 0;
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
