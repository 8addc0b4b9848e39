// The channel's sound: whatever samples came, silence where none did, one AAC encode.
//
// The timeline is samples at 48 kHz since the show's start, stereo. Samples are placed by their media time; a gap is
// filled with silence, with 10 ms fades at its edges (one of at most 2 ms, as a publisher's rounded times leave, is
// bridged); what comes too late, or lies over what is there, is dropped and counted. One thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "packager/packager.h"

#define VT_SAMPLE_RATE       48000
#define VT_SOUND_FRAME       1024                     // samples of one packet
#define VT_SOUND_AHEAD       (10 * VT_SAMPLE_RATE)    // farthest that samples may lie after what is final
#define VT_SOUND_DELAY       (2 * VT_SOUND_FRAME)     // samples after a packet's own that it waits for
#define VT_SOUND_BITRATE_MIN 32000
#define VT_SOUND_BITRATE_MAX 512000

struct vt_sound;

// `first` is the sample at which the output starts (0, or after a restart the next multiple of 1024).
int vt_sound_new(struct vt_sound **ret, int64_t bitrate, int64_t first);
void vt_sound_free(struct vt_sound **sound);
const uint8_t *vt_sound_config(const struct vt_sound *sound, size_t *ret_size);   // AudioSpecificConfig

// Puts `count` interleaved stereo samples at sample position `at`. What is not a number counts as 0. Returns 0, also
// when all of it was dropped; -ENOBUFS, and takes nothing, when it reaches past VT_SOUND_AHEAD; -EINVAL.
int vt_sound_put(struct vt_sound *sound, int64_t at, const float *interleaved, int count);

// Everything before `until` is final: encodes it. Then packets can be collected: dts = pts = the position of the
// first sample that the frame decodes to, `first` and then every 1024 (the encoder's priming is taken off). A packet
// comes out once VT_SOUND_DELAY samples after its own are final: at the end, advance so much farther.
int vt_sound_advance(struct vt_sound *sound, int64_t until);
int vt_sound_collect(struct vt_sound *sound, struct vt_packet *ret);     // 1, 0; data valid until the next call
int64_t vt_sound_dropped(const struct vt_sound *sound);                  // samples
