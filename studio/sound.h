// The channel's sound: whatever samples came, silence where none did, one AAC encode.
//
// The timeline is samples at 48 kHz since the show's start, stereo. Samples are placed by their media time; a gap is
// filled with silence, with 10 ms fades at its edges; what comes too late, or lies over what is there, is dropped and
// counted. One thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "packager/packager.h"

#define VT_SAMPLE_RATE 48000

struct vt_sound;

// `first` is the sample at which the output starts (0, or after a restart the next multiple of 1024).
int vt_sound_new(struct vt_sound **ret, int64_t bitrate, int64_t first);
void vt_sound_free(struct vt_sound **sound);
const uint8_t *vt_sound_config(const struct vt_sound *sound, size_t *ret_size);   // AudioSpecificConfig

// Puts `count` interleaved stereo samples at sample position `at`.
int vt_sound_put(struct vt_sound *sound, int64_t at, const float *interleaved, int count);

// Everything before `until` is final: encodes it. Then packets can be collected: dts = pts = the position of the
// first sample that the frame decodes to (the encoder's priming is taken off; what would start before 0 is dropped).
int vt_sound_advance(struct vt_sound *sound, int64_t until);
int vt_sound_collect(struct vt_sound *sound, struct vt_packet *ret);     // 1, 0; data valid until the next call
int64_t vt_sound_dropped(const struct vt_sound *sound);
