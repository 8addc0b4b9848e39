// Between the two halves of reading a playlist: lines to tags, and tags to segments. For m3u*.c alone.
#pragma once

#include "check/m3u.h"

#define VT_M3U_NEEDS 16                // kinds of features that ask for a version

struct vt_m3u_reading {
    struct vt_m3u *m3u;
    struct vt_findings *findings;
    struct vt_m3u_segment next;        // what the next address belongs to
    int rooms[6];                      // allocated: tags, attributes, segments, parts, ranges, streams
    int seen[VT_TAG_KINDS];            // line of each tag's first appearance
    int pending_stream;                // EXT-X-STREAM-INF that waits for its address, -1
    bool media;                        // a tag of media playlists was there
    int64_t clock_ns;                  // program time of the next segment, if timed
    bool timed;
    struct {
        int version, rule, line;
        const char *what;
    } needs[VT_M3U_NEEDS];
    int n_needs;
};

// One more element of a list that grows; NULL without memory. `which` is the list's place in `rooms`.
void *vt_m3u_grow(struct vt_m3u_reading *r, void *list, int *count, int which, size_t size);

// Each takes what has just been read. 0, -ENOMEM or -E2BIG.
int vt_m3u_take_tag(struct vt_m3u_reading *r, int tag);
int vt_m3u_take_address(struct vt_m3u_reading *r, const char *uri, int line);
void vt_m3u_take_end(struct vt_m3u_reading *r);

// Remembers that a feature needs at least this version of the protocol; judged at the end, as EXT-X-VERSION may come late.
void vt_m3u_need(struct vt_m3u_reading *r, int version, int rule, int line, const char *what);
