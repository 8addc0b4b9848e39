// Where segments and parts end, as functions of time alone. Pure; vt_segment_frame and its kin stand in packager.h.
#pragma once

#include "packager/packager.h"

#define VT_AAC_FRAME 1024                    // samples of one AAC-LC frame

// The segment whose sound `sample` belongs to: the last one whose cut is not after it. `sample` may be negative.
int64_t vt_segment_of_sample(const struct vt_packager_params *params, int64_t sample, int sample_rate);

// First sample of segment k's sound: the first that lies at or after the video's cut and is `phase` modulo
// VT_AAC_FRAME.
int64_t vt_segment_sample(const struct vt_packager_params *params, int64_t k, int sample_rate, int64_t phase);

// Parts of each segment, at least 1: segment_ns / part_ns rounded, and no more than frames.
int vt_part_count(const struct vt_packager_params *params, int64_t k);
int64_t vt_part_frame(const struct vt_packager_params *params, int64_t k, int part);

// EXT-X-TARGETDURATION: the longest segment that can occur in any track, rounded to seconds; at least 1.
int vt_target_duration(const struct vt_packager_params *params);
