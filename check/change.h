// The rules that two versions of one media playlist can break together. Pure; times are those of the fetches.
#pragma once

#include "check/m3u.h"

// What is known of the pace of one playlist; zeroed before its first version.
struct vt_check_pace {
    bool started;
    uint64_t next;                     // number of the segment that is awaited
    double segment_came;               // when the one before it was seen first, s
    uint64_t part_msn;
    int part;                          // the last part; -1: none
    double part_came;
};

// `after` was fetched later than `before`; neither is a delta update.
void vt_check_change(const struct vt_m3u *before, const struct vt_m3u *after, struct vt_findings *findings);

// Whether new segments and parts come in time; called with each version that is no delta update, in order. Only what is
// late for certain is told: seen missing in an answer that was asked for after its time.
void vt_check_in_time(struct vt_check_pace *pace, const struct vt_m3u *m3u, struct vt_findings *findings);

// A delta update against a whole version fetched before it and one fetched with it (the same live edge, or NULL).
// `ranges`: older ranges may be missing, too (_HLS_skip=v2).
void vt_check_delta(const struct vt_m3u *before, const struct vt_m3u *delta, const struct vt_m3u *whole, bool ranges,
                    struct vt_findings *findings);

// The answer to _HLS_skip: whether something was left out where it could be.
void vt_check_skipped(const struct vt_m3u *answer, struct vt_findings *findings);

// Whether two playlists list a segment alike: duration, gap, discontinuity, date, map and key. NULL if so, else what differs.
const char *vt_segment_difference(const struct vt_m3u *one, const struct vt_m3u_segment *a, const struct vt_m3u *two,
                                  const struct vt_m3u_segment *b);
bool vt_same_text(const char *one, const char *two);      // NULL is equal to NULL only

// The part of vt_check_change that is about EXT-X-DATERANGE.
void vt_check_range_change(const struct vt_m3u *before, const struct vt_m3u *after, struct vt_findings *findings);
