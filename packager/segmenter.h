// Where segments and parts end, as functions of time alone. Pure; vt_segment_frame and its kin stand in packager.h.
#pragma once

#include "packager/packager.h"

#define VT_AAC_FRAME 1024                    // samples of one AAC-LC frame

// The segment whose sound `sample` belongs to: the last one whose cut is not after it. `sample` may be negative.
int64_t vt_segment_of_sample(const struct vt_packager_params *params, int64_t sample, int sample_rate);

// First sample of segment k's sound: the first that lies at or after the video's cut and is `phase` modulo
// VT_AAC_FRAME.
int64_t vt_segment_sample(const struct vt_packager_params *params, int64_t k, int sample_rate, int64_t phase);

// The same for any frame instead of segment k's first.
int64_t vt_frame_sample(const struct vt_packager_params *params, int64_t frame, int sample_rate, int64_t phase);

// Parts of segment k, at least 1. A segment is split into segment_ns / part_ns (rounded) even parts, at the frames
// nearest to their multiples. Where frames are so long that such parts could differ by more than 15 %, every part has
// as many frames as come near part_ns instead, and the last one what is left. Depends on rate, segment_ns and part_ns alone.
int vt_part_count(const struct vt_packager_params *params, int64_t k);
int64_t vt_part_frame(const struct vt_packager_params *params, int64_t k, int part);

// Whether parts are written at all, and PART-TARGET in milliseconds: the longest part that can occur in any track,
// rounded up.
bool vt_has_parts(const struct vt_packager_params *params);
int vt_part_target(const struct vt_packager_params *params);

// EXT-X-TARGETDURATION: the longest segment that can occur in any track, rounded to seconds; at least 1.
int vt_target_duration(const struct vt_packager_params *params);
