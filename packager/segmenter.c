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

int64_t vt_frame_sample(const struct vt_packager_params *params, int64_t frame, int sample_rate, int64_t phase)
{
    int64_t sample = ceil_div((wide)frame * params->rate.den * sample_rate, params->rate.num);
    return phase + ceil_div((wide)sample - phase, VT_AAC_FRAME) * VT_AAC_FRAME;
}

int64_t vt_segment_sample(const struct vt_packager_params *params, int64_t k, int sample_rate, int64_t phase)
{
    return vt_frame_sample(params, vt_segment_frame(params, k), sample_rate, phase);
}

// -- parts

#define PART_LEAST     85                    // percent of PART-TARGET: RFC 8216bis §4.4.4.9
#define LAST_LEAST     2                     // AAC frames in the last part of a segment
#define ANY_SOUND_RATE 48000                 // the cuts must not depend on the tracks

// Differences of rounded multiples are the floor or the ceiling of the exact one.
static int64_t least_frames(const struct vt_packager_params *params)
{
    return floor_div((wide)params->segment_ns * params->rate.num, (int64_t)params->rate.den * VT_NS_PER_S);
}

static int64_t most_frames(const struct vt_packager_params *params)
{
    return ceil_div((wide)params->segment_ns * params->rate.num, (int64_t)params->rate.den * VT_NS_PER_S);
}

static wide frames_ns(const struct vt_packager_params *params, int64_t frames)
{
    return (wide)frames * params->rate.den * VT_NS_PER_S / params->rate.num;
}

static wide longest_audio_ns(wide video_ns, int sample_rate)
{
    wide frame_ns = (wide)VT_AAC_FRAME * VT_NS_PER_S;
    wide count = (video_ns * sample_rate + frame_ns - 1) / frame_ns;
    return count * frame_ns / sample_rate;
}

static wide longest_ns(const struct vt_packager_params *params, wide video_ns)
{
    wide longest = video_ns;
    for (int i = 0; i < params->n_tracks; i++) {
        if (params->tracks[i].kind != VT_TRACK_AUDIO)
            continue;
        wide audio_ns = longest_audio_ns(video_ns, params->tracks[i].sample_rate);
        longest = audio_ns > longest ? audio_ns : longest;
    }
    return longest;
}

static int64_t even_count(const struct vt_packager_params *params)
{
    int64_t count = params->part_ns > 0 ? vt_muldiv(params->segment_ns, 1, params->part_ns) : 1;
    return count < 1 ? 1 : count;
}

// Whether parts of so many frames leave a last one that sound can fill, if they leave one.
static bool leaves_enough(const struct vt_packager_params *params, int64_t frames)
{
    wide enough = LAST_LEAST * (wide)VT_AAC_FRAME * VT_NS_PER_S / ANY_SOUND_RATE;
    int64_t a = least_frames(params) % frames, b = most_frames(params) % frames;
    return (a == 0 || frames_ns(params, a) >= enough) && (b == 0 || frames_ns(params, b) >= enough);
}

// Frames of every part but the last, or 0 where the split is even.
static int64_t fixed_frames(const struct vt_packager_params *params)
{
    int64_t count = even_count(params);
    int64_t least = least_frames(params) / count, most = (most_frames(params) + count - 1) / count;
    wide target = longest_audio_ns(frames_ns(params, most), ANY_SOUND_RATE);
    target = (target + VT_NS_PER_MS - 1) / VT_NS_PER_MS * VT_NS_PER_MS;
    wide sound_ns = (wide)VT_AAC_FRAME * VT_NS_PER_S / ANY_SOUND_RATE;
    wide shortest = frames_ns(params, least) / sound_ns * sound_ns;
    if (count == 1 || shortest * 100 >= target * PART_LEAST)
        return 0;
    int64_t frames = vt_ns_to_nearest_frame(params->part_ns, params->rate);
    frames = frames < 1 ? 1 : frames;
    for (int64_t off = 0; off <= frames / 4; off++) {
        if (leaves_enough(params, frames - off))
            return frames - off;
        if (leaves_enough(params, frames + off))
            return frames + off;
    }
    return frames;
}

int vt_part_count(const struct vt_packager_params *params, int64_t k)
{
    int64_t fixed = fixed_frames(params);
    if (fixed == 0)
        return (int)even_count(params);
    int64_t frames = vt_segment_frame(params, k + 1) - vt_segment_frame(params, k);
    return (int)((frames + fixed - 1) / fixed);
}

int64_t vt_part_frame(const struct vt_packager_params *params, int64_t k, int part)
{
    int64_t first = vt_segment_frame(params, k), end = vt_segment_frame(params, k + 1);
    int64_t fixed = fixed_frames(params);
    if (fixed == 0)
        return first + vt_muldiv(end - first, part, even_count(params));
    return first + part * fixed < end ? first + part * fixed : end;
}

bool vt_has_parts(const struct vt_packager_params *params)
{
    return params->part_ns > 0;
}

int vt_part_target(const struct vt_packager_params *params)
{
    int64_t fixed = fixed_frames(params), count = even_count(params);
    int64_t frames = fixed ? fixed : (most_frames(params) + count - 1) / count;
    return (int)((longest_ns(params, frames_ns(params, frames)) + VT_NS_PER_MS - 1) / VT_NS_PER_MS);
}

int vt_part_of(const struct vt_packager_params *params, int64_t frame)
{
    int64_t k = vt_segment_of(params, frame);
    int part = 0;
    while (part + 1 < vt_part_count(params, k) && vt_part_frame(params, k, part + 1) <= frame)
        part++;
    return part;
}

int vt_target_duration(const struct vt_packager_params *params)
{
    wide longest = longest_ns(params, frames_ns(params, most_frames(params)));
    int seconds = (int)((longest + VT_NS_PER_S / 2) / VT_NS_PER_S);
    return seconds > 1 ? seconds : 1;
}
