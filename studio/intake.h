// A publisher's frames and samples as they come from its ingest: the source link and the ring. One thread; the pictures
// that it gives may be let go on any.
#pragma once

#include <libavutil/frame.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/ring.h"

struct vt_intake;

// Takes the source link over (also on failure).
int vt_intake_new(struct vt_intake **ret, int fd);
void vt_intake_free(struct vt_intake **intake);
int vt_intake_fd(const struct vt_intake *intake);

// Reads what the ingest says. Returns 0; 1 when it ends and says why (`ret_reason`, 64 bytes); -EPIPE when it has gone;
// -EBADMSG when it lies: drop it.
int vt_intake_receive(struct vt_intake *intake, char ret_reason[64]);

// The next picture, in place in the ring until its last reference goes, with its pts in ns; the caller's. 1, 0: none
// now, or a negative errno.
int vt_intake_frame(struct vt_intake *intake, AVFrame **ret);

// Up to `room` stereo sample frames: their count, 0, or a negative errno.
int vt_intake_samples(struct vt_intake *intake, int64_t *ret_pts, float *out, int room);
