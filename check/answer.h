// The rules that an HTTP answer can break. Pure: a fetch that is done is looked at. Answers of files break none.
#pragma once

#include "check/fetch.h"
#include "check/m3u.h"

enum vt_answer_kind { VT_ANSWER_PLAYLIST, VT_ANSWER_INIT, VT_ANSWER_SEGMENT, VT_ANSWER_PART };

bool vt_fetch_is_http(const struct vt_fetch *fetch);

// Headers of an answer with status 200 or 206. `m3u`: the playlist itself, or the one that lists the file.
void vt_check_answer(const struct vt_fetch *fetch, enum vt_answer_kind kind, const struct vt_m3u *m3u,
                     struct vt_findings *findings);

// Whether a listed file came. `line` is where it is listed, in `m3u`.
void vt_check_there(const struct vt_fetch *fetch, enum vt_answer_kind kind, const struct vt_m3u *m3u, int line,
                    struct vt_findings *findings);

// The answer to a blocking request for a segment (`part` < 0) or a part of it; `rule` is broken if it is not there.
void vt_check_blocking(const struct vt_fetch *fetch, const struct vt_m3u *m3u, uint64_t msn, int part, int rule,
                       struct vt_findings *findings);

// The answer to a request for a part that was hinted as this one; `after`: a version of the playlist from after it. A hint that
// came to nothing (a gap, the end, a segment that ended before it) may be a 404 (6.2.6).
void vt_check_hinted(const struct vt_fetch *fetch, const struct vt_m3u *after, uint64_t msn, int part,
                     struct vt_findings *findings);

// A directive that must be refused with 400 (`rule`) at once.
void vt_check_refused(const struct vt_fetch *fetch, int rule, struct vt_findings *findings);

// The same address asked for twice, one after the other.
void vt_check_repeated(const struct vt_m3u *first, const struct vt_m3u *second, struct vt_findings *findings);

// Answers to: a number that has left the window, directives of an ended playlist, what is not there, a request that is
// answered at once. `m3u` is the answer, NULL if it was none.
void vt_check_old(const struct vt_fetch *fetch, const struct vt_m3u *m3u, struct vt_findings *findings);
void vt_check_ended(const struct vt_fetch *fetch, const struct vt_m3u *m3u, struct vt_findings *findings);
void vt_check_unknown(const struct vt_fetch *fetch, struct vt_findings *findings);
void vt_check_trip(const struct vt_fetch *fetch, const struct vt_m3u *m3u, struct vt_findings *findings);

// What was just removed (`rule` 35: a segment, 85: a part) must still be there.
void vt_check_removed(const struct vt_fetch *fetch, const char *playlist, int rule, struct vt_findings *findings);

// A playlist that did not come whole.
void vt_check_broken_off(const struct vt_fetch *fetch, struct vt_findings *findings);
