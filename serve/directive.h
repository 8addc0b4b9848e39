// What a request for a live playlist or a part of one gets: an answer, a wait, or a refusal. Pure.
//
// Everything is decided from the text that would be sent, so that an answer never lacks what it was asked for.
// Delivery directives are those of RFC 8216bis §6.2.5.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/names.h"

#define VT_DIRECTIVE_DIGITS 15           // of a number in a directive; a longer one is refused
#define VT_AHEAD_SEGMENTS   2            // how far past the last whole segment a request may ask
#define VT_ADVANCE_PARTS    3            // and past the last part; more where parts are shorter than a second
#define VT_TARGET_NS_MAX    (INT64_C(3600) * 1000000000)

// Where a media playlist ends.
struct vt_edge {
    int64_t target_ns;                   // target duration; 0: not a media playlist
    int64_t part_ns;                     // part target; 0: no parts
    int64_t last_msn;                    // of the last whole segment; one before the first when there is none
    int64_t last_parts;                  // parts listed of that segment
    int64_t open_parts;                  // parts listed after it, of the segment in the making
    bool blocks, skips, skips_dates;     // CAN-BLOCK-RELOAD, CAN-SKIP-UNTIL, CAN-SKIP-DATERANGES
    bool ended;                          // EXT-X-ENDLIST
};

// Reads a playlist, as it is sent or with lines that stand for others (VT_PAST_LINE). Anything is taken; what is not
// there stays 0.
void vt_edge_read(const char *text, size_t size, struct vt_edge *ret);

enum vt_skip { VT_SKIP_NONE, VT_SKIP_SEGMENTS, VT_SKIP_DATES };

struct vt_directives {
    int64_t msn, part;                   // -1: not asked for
    enum vt_skip skip;
    const char *flaw;                    // why the directives cannot be followed; NULL: they can
};

// `msn`, `part` and `skip` are the values of _HLS_msn, _HLS_part and _HLS_skip, NULL where absent.
void vt_directives_read(const char *msn, const char *part, const char *skip, struct vt_directives *ret);

enum vt_verdict { VT_ANSWER_NOW, VT_ANSWER_LATER, VT_ANSWER_NEVER };

// NEVER is a 400; `why` then says what was wrong with the request.
enum vt_verdict vt_directives_decide(const struct vt_edge *edge, const struct vt_directives *directives,
                                     const char **why);

// Whether an answer is one to a blocking request: it stays good for whoever asks the same.
bool vt_directives_block(const struct vt_edge *edge, const struct vt_directives *directives);

// What "720p-17.3.m4s" and "720p-17.m4s" (part -1) are part of. False: neither.
bool vt_media_name(const char *name, char rendition[VT_NAME_ROOM], int64_t *ret_msn, int64_t *ret_part);

// A part or segment (part -1) that is not there: LATER when it is about to come, else NEVER, a 404.
enum vt_verdict vt_media_decide(const struct vt_edge *edge, int64_t msn, int64_t part);

// Whether an Accept-Encoding header takes gzip.
bool vt_accepts_gzip(const char *header);
