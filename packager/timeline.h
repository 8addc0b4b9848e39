// The cues of one output in time: revisions that wait for their segment, cues on air, EXT-X-DATERANGE tags, and the
// `more` files that they point at. Pure; owns its lists.
#pragma once

#include "packager/packager.h"

#define VT_REVISIONS_MAX 512                 // revisions waiting for their segment; an end may come on top
#define VT_MORE_MAX      4096                // `more` files at once in a sliding window of five minutes or less
#define VT_REMOVED_MAX   4096                // tags remembered that left the playlists; past it, the oldest are forgotten
#define VT_MORE_ROOM     96

struct vt_revision {
    char id[VT_NAME_ROOM];
    int64_t rev;
    enum vt_cue_op op;
    int64_t frame;
    int64_t end_frame;                       // of the cue, as it is told
    int64_t start_ns, reach_ns;              // program time of the frame, and of the end of its lease
    bool priced;
    int64_t amount;
    char currency[4];
    bool urgent;                             // a start, an end, another price or another end: does not wait for its tag
    bool untagged;                           // of a cue on air: no tag tells of this revision yet
    int size;
    char json[VT_CUE_JSON + 1];
    char more[VT_MORE_ROOM];                 // "" for none
};

struct vt_tag {
    char id[VT_NAME_ROOM];
    int64_t rev;
    int64_t k;                               // the segment it is listed with, …
    int part;                                // … and the part
    int64_t start_ns, reach_ns;
    int size;
    char json[VT_CUE_JSON + 1];
    char *line;                              // its EXT-X-DATERANGE; owned
    size_t line_size;
};

struct vt_removed {
    char id[VT_NAME_ROOM];
    int64_t rev;
    int64_t at_us;                           // media time of the playlists' end when it left them
};

struct vt_more {
    char name[VT_MORE_ROOM];
    int64_t reach_ns;                        // end of the longest range that points at it
};

struct vt_timeline {
    struct vt_revision *pending;             // by frame
    int n_pending, pending_room;
    struct vt_revision *live;                // on air at the start of the next segment
    int n_live, live_room;
    struct vt_tag *tags;                     // by segment
    int n_tags, tags_room;
    struct vt_removed *removed;              // tags that left, oldest first
    int n_removed, removed_room;
    struct vt_more *more;
    int n_more, more_room;
    bool sliding;                            // old tags leave; else their number has no limit
};

// How many tags may be listed, and `more` files kept, for so long a window.
int vt_dateranges_max(const struct vt_packager_params *params);
int vt_more_max(const struct vt_packager_params *params);

// Makes the cue's revision and checks that it may be taken in now. Errors as vt_packager_cue has them, but for frames
// that are packaged already.
int vt_timeline_prepare(const struct vt_timeline *timeline, const struct vt_packager_params *params,
                        const struct vt_cue *cue, struct vt_revision *ret);

// Takes in what was prepared. -ENOMEM.
int vt_timeline_add(struct vt_timeline *timeline, const struct vt_revision *revision);

// A part as the timeline sees it: frames [first, end) of segment k.
struct vt_span {
    int64_t k;
    int part;
    int64_t first, end;
};
struct vt_span vt_span_of(const struct vt_packager_params *params, int64_t k, int part);

// Writes the part's cues, as emsg boxes or, for MPEG-TS, as vt_ts_message: every revision in it and, in a segment's first part, a snap for each cue on air that
// did not change on its first frame, and the index. Alike for every video rendition.
int vt_timeline_messages(const struct vt_timeline *timeline, const struct vt_packager_params *params,
                         const struct vt_span *span, struct vt_writer *w);

// The part is done: its revisions become cues on air, and tags: of each cue the latest, and only one a segment unless
// it is urgent; while half of all the tags that there may be are in use, changes of price and end are not. What has to wait is told in the next segment's first part, unless something newer is by then.
int vt_timeline_pass(struct vt_timeline *timeline, const struct vt_span *span);

// Forgets tags that lie wholly before `start_ns`, and remembers that they left when the playlists ended at `edge_us`;
// what left before `forget_us` is forgotten for good.
void vt_timeline_trim(struct vt_timeline *timeline, int64_t start_ns, int64_t edge_us, int64_t forget_us);

// Forgets tags that lie wholly before `start_ns`, as if they had never been.
void vt_timeline_forget(struct vt_timeline *timeline, int64_t start_ns);

// Takes out a `more` file whose last range ended before `before_ns` and that no cue on air or waiting points at.
bool vt_timeline_expire_more(struct vt_timeline *timeline, int64_t before_ns, char ret[VT_MORE_ROOM]);

// A relative path of names, "cues/c42.7.json": no "..", nothing that a URI would have to escape.
bool vt_more_valid(const char *name);

// A tag that left the playlists, as vt_timeline_trim notes it. -ENOMEM.
int vt_timeline_add_removed(struct vt_timeline *timeline, const struct vt_removed *removed);

// Takes back all tags from number `from` on.
void vt_timeline_remove_tags(struct vt_timeline *timeline, int from);

// Makes the tag's line. -ENOMEM.
int vt_timeline_add_tag(struct vt_timeline *timeline, const struct vt_tag *tag);
int vt_timeline_add_more(struct vt_timeline *timeline, const char *name, int64_t reach_ns);
void vt_timeline_clear(struct vt_timeline *timeline);
