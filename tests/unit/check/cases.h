// Playlists that keep every rule, and what breaks one rule each.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "check/findings.h"
#include "check/m3u.h"

extern const char good_live[], good_low[], good_vod[], good_multi[], good_i_frames[], good_ts[];

// A copy of `base` in which the first `from` is `to`, which the caller frees; the test fails if there is no `from`.
char *edited(const char *base, const char *from, const char *to);

// Reads a text; the test fails if it cannot.
struct vt_m3u *read_text(const char *url, const char *text, struct vt_findings *findings);

// Fails unless just this rule was found (0: none); remembers that it has a case. Weaker halves count too.
void require_only(const struct vt_findings *findings, int rule, const char *what);

void test_snapshots(void);
void test_changes(void);
void test_answers(void);
void test_media(void);
