// The rules that the playlists of one presentation can break together. Pure.
#pragma once

#include "check/m3u.h"

enum vt_check_kind { VT_CHECK_VIDEO, VT_CHECK_AUDIO, VT_CHECK_I_FRAMES, VT_CHECK_OTHER };

// `next`, a version of one playlist, was fetched after `last`, a version of another.
struct vt_check_pair {
    const struct vt_m3u *last, *next;
    enum vt_check_kind last_kind, next_kind;
};

void vt_check_pair(const struct vt_check_pair *pair, struct vt_findings *findings);

// The latest versions of all media playlists; `multi` may be NULL.
void vt_check_together(const struct vt_m3u *multi, const struct vt_m3u *const *list, const enum vt_check_kind *kinds,
                       int count, struct vt_findings *findings);

// Resolves an address against the one it stands in. False if it does not fit VT_CHECK_URL or is none.
bool vt_check_url(char *out, const char *base, const char *address);
