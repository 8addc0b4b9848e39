// Cues as they travel: the JSON of one revision, its ID3 tag, its `emsg` box and its EXT-X-DATERANGE. Pure.
//
// The JSON's members and their order are the outside contract (docs/cues.md): whole state in every revision, at
// most VT_CUE_JSON bytes. Labels are shortened at grapheme boundaries until it fits.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/mediatime.h"
#include "base/names.h"

#define VT_CUE_JSON      900                 // bytes of UTF-8
#define VT_CUE_HOTSPOTS  16
#define VT_CUE_LEASE_NS  (30 * VT_NS_PER_S)  // longest DURATION of one DATERANGE

enum vt_cue_op { VT_CUE_START, VT_CUE_UPDATE, VT_CUE_END, VT_CUE_SNAP };

struct vt_cue_hotspot {
    const char *name, *action, *label;
    double rect[4];                          // x, y, width, height in percent
    int z;
    int quantity;                            // 0: left out
    const char *item, *coupon, *url;         // NULL: left out
};

struct vt_cue {
    char id[VT_NAME_ROOM];
    int64_t rev;                             // from 1, rising
    enum vt_cue_op op;
    int64_t frame;                           // first frame whose pixels show this revision, in frames of the canvas
    int64_t end_frame;                       // first frame without it; INT64_MAX: not known yet (then no `ends`)
    int64_t lease_frame;                     // how far this revision's DATERANGE reaches; > frame
    const char *template;                    // "id@version"
    const char *item;                        // product id, or NULL
    bool priced;
    int64_t amount;                          // ISO 4217 minor units
    char currency[4];
    const struct vt_cue_hotspot *hotspots;
    int hotspot_count;
    const char *more;                        // path of the full product, relative to the media playlist, or NULL
};

// Where frames stand in time.
struct vt_cue_clock {
    struct vt_rational rate;                 // canvas frames a second
    int64_t epoch_ns;                        // program time of frame 0
};

// Writes the JSON of a cue and its NUL into `out`. Returns its length, or -EMSGSIZE if it does not fit even with
// labels cut to one grapheme; then the take is refused.
int vt_cue_json(const struct vt_cue *cue, const struct vt_cue_clock *clock, char out[VT_CUE_JSON + 1]);

// The same revision with op "snap" instead: `json` as vt_cue_json wrote it for a start or an update. Returns its
// length, which is less than that of `json`.
int vt_cue_snap_json(const char *json, char out[VT_CUE_JSON + 1]);

// ID3v2.4 tag with one TXXX frame (UTF-8), description "vitrine.cue.v1". id3.org/id3v2.4.0-structure §3, §4.2.6.
void vt_cue_id3(struct vt_writer *w, const char *json, size_t size);

// emsg version 1 (ISO/IEC 23009-1 §5.10.3.3) with scheme https://aomedia.org/emsg/ID3 and value "0".
struct vt_emsg {
    uint32_t timescale;
    uint64_t presentation_time;              // in `timescale`, on the media timeline, inside its fragment
    uint32_t duration;                       // in `timescale`; at least 0.25 s
    uint32_t id;                             // not 0
};
void vt_cue_emsg(struct vt_writer *w, const struct vt_emsg *emsg, const char *json, size_t size);

// Hash of (id, rev, op, segment), alike in every rendition; never 0.
uint32_t vt_cue_emsg_id(const char *id, int64_t rev, enum vt_cue_op op, uint64_t msn);

// One EXT-X-DATERANGE line with its line end: ID "<id>.<rev>", CLASS com.vitrine.cue, START-DATE, DURATION,
// X-COM-VITRINE-CUE = base64url(JSON) without padding.
void vt_cue_daterange(struct vt_writer *w, const char *id, int64_t rev, int64_t start_ns, int64_t duration_ns,
                      const char *json, size_t size);
