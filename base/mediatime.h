// Media time: time bases, rescaling, unwrapping. Pure arithmetic on int64_t, no clocks.
//
// Three kinds of time, never mixed:
//   media time    a count in a declared time base since the show's first frame (frames, samples, 90 kHz ticks)
//   program time  nanoseconds since the Unix epoch, UTC: what EXT-X-PROGRAM-DATE-TIME says; epoch + media time
//   monotonic     nanoseconds of CLOCK_MONOTONIC: only the mains read it, to know when a tick is due
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define VT_NS_PER_S  INT64_C(1000000000)
#define VT_NS_PER_MS INT64_C(1000000)
#define VT_90K       INT64_C(90000)

// A rate or a time base; both members positive. 30000/1001 is 29.97 frames a second.
struct vt_rational {
    int32_t num, den;
};

// v * num / den, rounded to nearest (halves away from zero), through 128 bits: exact for any result that fits
// int64_t. `den` must be positive.
int64_t vt_muldiv(int64_t v, int64_t num, int64_t den);

// Start of frame `frame` at `rate` frames a second, in ns since media time 0, and the same in 90 kHz ticks
// (rounded: frames of 59.94 are 1501.5 ticks).
int64_t vt_frame_to_ns(int64_t frame, struct vt_rational rate);
int64_t vt_frame_to_90k(int64_t frame, struct vt_rational rate);

// The frame that is on screen at `ns` (floor), and the frame that starts nearest to it.
int64_t vt_ns_to_frame(int64_t ns, struct vt_rational rate);
int64_t vt_ns_to_nearest_frame(int64_t ns, struct vt_rational rate);

// Extends a counter of `bits` bits (1..63: 32 for RTMP milliseconds, 33 for MPEG-TS) that may wrap: returns the
// value congruent to `raw` that lies nearest to `last` (the previous result).
int64_t vt_unwrap(uint64_t raw, unsigned bits, int64_t last);

// "25", "29.97", "30000/1001", "59.94", "23.976" to a rate. Returns 0, or -EINVAL and leaves *ret untouched.
int vt_parse_rate(const char *text, struct vt_rational *ret);

// RFC 3339 in UTC with milliseconds, "2026-03-01T19:04:12.480Z"; `out` holds at least VT_TIME_TEXT bytes.
#define VT_TIME_TEXT 32
void vt_format_time(int64_t program_ns, char *out);

// Reads RFC 3339 with any offset and up to nanoseconds. Returns 0 or -EINVAL (*ret untouched).
int vt_parse_time(const char *text, int64_t *ret);
