// Decoder configurations and what stands at the beginning of units: whatever is accepted is within the limits.
#include <assert.h>

#include "base/mediatime.h"
#include "ingest/codec_config.h"
#include "ingest/nal_units.h"
#include "ingest/ts_sound.h"

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

// What is walked through lies within the input, and never overlaps.
static void check_nals(const uint8_t *data, size_t size, int announced)
{
    int length_size = vt_nal_length_size(data, size, announced);
    struct vt_nal_walk walk = vt_nal_walk(data, size, length_size < 0 ? announced : length_size);
    struct vt_nal nal;
    const uint8_t *at = data;
    while (vt_nal_next(&walk, &nal)) {
        assert(nal.data >= at && nal.size > 0 && nal.size <= size && nal.data + nal.size <= data + size);
        at = nal.data + nal.size;
        vt_nal_use(&nal, size & 1);
    }
    assert(length_size < 0 || !walk.r.failed);
}

static void check_units(const uint8_t *data, size_t size)
{
    struct vt_av1_config av1;
    int width, height;
    const char *why = 0;
    for (int announced = 0; announced <= 4; announced++)
        check_nals(data, size, announced);
    if (vt_av1_unit_parse(&av1, data, size, &why) == 0)
        check_size(av1.width, av1.height);
    else
        assert(why);
    why = 0;
    if (vt_vp8_frame_parse(&width, &height, data, size, &why) == 0)
        assert(width >= 0 && width <= VT_VIDEO_WIDTH_MAX && height >= 0 && height <= VT_VIDEO_HEIGHT_MAX);
    else
        assert(why);
    why = 0;
    if (vt_vp9_frame_parse(&width, &height, data, size, &why) == 0)
        check_size(width, height);
    else
        assert(why);
}

// A frame of sound lasts a second at most, whatever it says.
static void check_sound_frames(const uint8_t *data, size_t size)
{
    int64_t latm = 0, adts = vt_ts_adts_ticks(data, size);
    assert(adts >= 0 && adts <= VT_90K);
    assert(vt_ts_latm_ticks(data, size, &latm) == latm && latm >= 0 && latm <= VT_90K);
    assert(vt_ts_latm_ticks(data, 0, &latm) == latm);
    enum vt_codec codec = vt_ts_mpeg_audio(data, size);
    assert(codec == VT_CODEC_MP2 || codec == VT_CODEC_MP3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vt_avc_config video;
    struct vt_aac_config audio;
    const char *why = 0;
    check_other_pictures(data, size);
    check_other_sound(data, size);
    check_sound_frames(data, size);
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
    check_units(data, size);
    return 0;
}
