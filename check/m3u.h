// A playlist, read strictly: what stands in it, and which rules of syntax it breaks.
//
// Pure. The input is a stranger's; every count has a limit. What breaks a rule is told to the findings and then read as
// well as it can be, so that one fault does not hide the next. Texts are owned by the playlist.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "check/findings.h"

#define VT_M3U_BYTES       (4 * 1024 * 1024)
#define VT_M3U_LINES       100000      // counts of all else are below it
#define VT_M3U_ATTRIBUTES  400000      // of all tags together
#define VT_M3U_LIST        200         // attributes of one tag
#define VT_M3U_RANGES      4000        // EXT-X-DATERANGE tags
#define VT_M3U_MULTI       2000        // tags of a multivariant playlist

enum vt_tag_kind {
    VT_TAG_OTHER,                      // unknown: not judged
#define TAG(kind, name, value, place, rule) VT_TAG_##kind,
#include "check/tags.def"
#undef TAG
    VT_TAG_KINDS
};

struct vt_attribute {
    const char *name, *value;          // without the quotes
    bool quoted;
};

struct vt_tag {
    enum vt_tag_kind kind;
    int line;
    const char *value;                 // text after the colon; of attribute lists ""
    int first, count;                  // of the playlist's attributes
};

struct vt_byte_range {
    bool given;
    uint64_t offset, length;
};

struct vt_m3u_part {
    int tag, line;
    const char *uri;                   // "" if missing
    double duration;
    bool independent, gap;
    struct vt_byte_range range;
};

struct vt_m3u_segment {
    int line;                          // of its address, or of its first tag while that has not come
    const char *uri;                   // NULL in `open`
    uint64_t msn, dsn;
    double duration;                   // s
    int extinf;                        // line, 0: it has none
    bool gap, discontinuity, dated, tagged;
    int64_t date_ns;                   // its own, if `dated`
    int64_t time_ns;                   // program time, from the last date before it; valid if the playlist has `dates`
    bool timed;
    int map, key;                      // tags in force, -1: none
    int64_t bitrate;                   // kbit/s in force, 0: none
    struct vt_byte_range range;
    int first_part, parts;
};

struct vt_m3u_stream {                 // EXT-X-STREAM-INF, EXT-X-I-FRAME-STREAM-INF
    int tag, line;
    const char *uri;                   // NULL: it has none
    int64_t bandwidth, average;        // 0: none
    bool i_frames;
};

struct vt_m3u_range {                  // EXT-X-DATERANGE
    int tag, line;
    const char *id, *class;            // "" if missing
    bool has_start, has_end, has_duration, has_planned, end_on_next;
    int64_t start_ns, end_ns;
    double duration, planned;
};

struct vt_m3u {
    char url[VT_CHECK_URL];
    double asked, came;                // when it was asked for and when it was there, s; set by who fetched it
    bool multivariant;
    int version;                       // 1 if it is not said
    int version_line;
    int64_t target;                    // s; 0: not said
    uint64_t msn, dsn;
    int msn_line, dsn_line;            // 0: not said
    bool ended, i_frames, independent, dates;
    const char *type;                  // "EVENT", "VOD" or NULL
    double part_target;                // 0: no EXT-X-PART-INF
    int control;                       // tag, -1: none
    double hold_back, part_hold_back, skip_until;      // 0: not said
    bool block_reload, skip_ranges;
    int skip;                          // tag, -1: none
    uint64_t skipped;
    int needed_version;                // what its features ask for
    int needed_line;

    struct vt_tag *tags;
    int n_tags;
    struct vt_attribute *attributes;
    int n_attributes;
    struct vt_m3u_segment *segments;   // those with an address
    int n_segments;
    struct vt_m3u_segment open;        // the parts and tags after the last one
    struct vt_m3u_part *parts;
    int n_parts;
    struct vt_m3u_range *ranges;
    int n_ranges;
    struct vt_m3u_stream *streams;
    int n_streams;

    char *text;                        // owns all texts
    int *lines;                        // while it is read
};

// Reads `size` bytes. Returns 0 and a playlist for vt_m3u_free; -E2BIG past a limit, -ENOMEM. Rules of syntax that it
// breaks go to `findings`.
int vt_m3u_read(struct vt_m3u **ret, const char *url, const void *data, size_t size, struct vt_findings *findings);
void vt_m3u_free(struct vt_m3u **m3u);

// The value of a tag's attribute, or NULL.
const char *vt_m3u_value(const struct vt_m3u *m3u, int tag, const char *name);
const struct vt_attribute *vt_m3u_attribute(const struct vt_m3u *m3u, int tag, const char *name);
bool vt_m3u_yes(const struct vt_m3u *m3u, int tag, const char *name);      // whether it is YES
const char *vt_tag_name(enum vt_tag_kind kind);

// The segment with this number, NULL if it is not listed.
const struct vt_m3u_segment *vt_m3u_find(const struct vt_m3u *m3u, uint64_t msn);
uint64_t vt_m3u_next(const struct vt_m3u *m3u);          // number of the segment after the last whole one
// Sum of the durations of all segments, and of the parts after them, s.
double vt_m3u_duration(const struct vt_m3u *m3u);
// The last part listed: its segment's number and its index; false if the playlist has no parts.
bool vt_m3u_last_part(const struct vt_m3u *m3u, uint64_t *ret_msn, int *ret_part);
