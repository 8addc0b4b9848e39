#include "packager/segmenter.h"

typedef __int128 wide;

static int64_t floor_div(wide v, int64_t by)
{
    return (int64_t)(v / by - (v % by < 0));
}

static int64_t ceil_div(wide v, int64_t by)
{
    return -floor_div(-v, by);
}

int64_t vt_segment_frame(const struct vt_packager_params *params, int64_t k)
{
    return vt_ns_to_nearest_frame(k * params->segment_ns, params->rate);
}

int64_t vt_segment_of(const struct vt_packager_params *params, int64_t frame)
{
    int64_t k = floor_div(vt_frame_to_ns(frame, params->rate), params->segment_ns);
    while (vt_segment_frame(params, k) > frame)
        k--;
    while (vt_segment_frame(params, k + 1) <= frame)
        k++;
    return k;
}

int64_t vt_segment_of_sample(const struct vt_packager_params *params, int64_t sample, int sample_rate)
{
    int64_t frame = floor_div((wide)sample * params->rate.num, (int64_t)params->rate.den * sample_rate);
    return vt_segment_of(params, frame);
}

int64_t vt_segment_sample(const struct vt_packager_params *params, int64_t k, int sample_rate, int64_t phase)
{
    wide cut = (wide)vt_segment_frame(params, k) * params->rate.den * sample_rate;
    int64_t sample = ceil_div(cut, params->rate.num);
    return phase + ceil_div((wide)sample - phase, VT_AAC_FRAME) * VT_AAC_FRAME;
}

int vt_part_count(const struct vt_packager_params *params, int64_t k)
{
    int64_t frames = vt_segment_frame(params, k + 1) - vt_segment_frame(params, k);
    int64_t count = params->part_ns > 0 ? vt_muldiv(params->segment_ns, 1, params->part_ns) : 1;
    return (int)(count < 1 ? 1 : count > frames ? frames : count);
}

int64_t vt_part_frame(const struct vt_packager_params *params, int64_t k, int part)
{
    int64_t first = vt_segment_frame(params, k);
    return first + vt_muldiv(vt_segment_frame(params, k + 1) - first, part, vt_part_count(params, k));
}

int vt_part_of(const struct vt_packager_params *params, int64_t frame)
{
    int64_t k = vt_segment_of(params, frame);
    int part = 0;
    while (part + 1 < vt_part_count(params, k) && vt_part_frame(params, k, part + 1) <= frame)
        part++;
    return part;
}

// Differences of rounded multiples are the floor or the ceiling of the exact one.
static wide longest_video_ns(const struct vt_packager_params *params)
{
    wide frames = ((wide)params->segment_ns * params->rate.num + (wide)params->rate.den * VT_NS_PER_S - 1) /
                  ((wide)params->rate.den * VT_NS_PER_S);
    return frames * params->rate.den * VT_NS_PER_S / params->rate.num;
}

static wide longest_audio_ns(wide video_ns, int sample_rate)
{
    wide frame_ns = (wide)VT_AAC_FRAME * VT_NS_PER_S;
    wide count = (video_ns * sample_rate + frame_ns - 1) / frame_ns;
    return count * frame_ns / sample_rate;
}

int vt_target_duration(const struct vt_packager_params *params)
{
    wide video_ns = longest_video_ns(params), longest = video_ns;
    for (int i = 0; i < params->n_tracks; i++) {
        if (params->tracks[i].kind != VT_TRACK_AUDIO)
            continue;
        wide audio_ns = longest_audio_ns(video_ns, params->tracks[i].sample_rate);
        longest = audio_ns > longest ? audio_ns : longest;
    }
    int seconds = (int)((longest + VT_NS_PER_S / 2) / VT_NS_PER_S);
    return seconds > 1 ? seconds : 1;
}
