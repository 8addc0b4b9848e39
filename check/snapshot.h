// The rules that one version of one playlist can break. Pure; what is found goes to `findings`.
#pragma once

#include "check/m3u.h"

// All of them. `final`: nothing will be added to the playlist (a file on disk), so that it must have ended.
void vt_check_snapshot(const struct vt_m3u *m3u, bool final, struct vt_findings *findings);

// Its parts; each is called by the first.
void vt_check_media_playlist(const struct vt_m3u *m3u, bool final, struct vt_findings *findings);
void vt_check_parts(const struct vt_m3u *m3u, struct vt_findings *findings);
void vt_check_ranges(const struct vt_m3u *m3u, struct vt_findings *findings);
void vt_check_multivariant(const struct vt_m3u *m3u, struct vt_findings *findings);

// What is a comfortable difference of durations that were rounded to microseconds, s.
#define VT_CHECK_ROUNDING 0.0005
