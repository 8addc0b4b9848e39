// The cues of one output in time: revisions that wait for their segment, cues on air, EXT-X-DATERANGE tags, and the
// `more` files that they point at. Pure; owns its lists.
#pragma once

#include "packager/packager.h"

#define VT_REVISIONS_MAX 512                 // revisions waiting for their segment; an end may come on top
#define VT_MORE_MAX      1024                // `more` files at once in a sliding window
#define VT_MORE_ROOM     96

struct vt_revision {
    char id[VT_NAME_ROOM];
    int64_t rev;
    enum vt_cue_op op;
    int64_t frame;
    int64_t start_ns, reach_ns;              // program time of the frame, and of the end of its lease
    int size;
    char json[VT_CUE_JSON + 1];
    char more[VT_MORE_ROOM];                 // "" for none
};

struct vt_tag {
    char id[VT_NAME_ROOM];
    int64_t rev;
    int64_t k;                               // the segment it is listed with
    int64_t start_ns, reach_ns;
    int size;
    char json[VT_CUE_JSON + 1];
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
    struct vt_more *more;
    int n_more, more_room;
    bool sliding;                            // old tags leave; else their number has no limit
};

// Makes the cue's revision and checks that it may be taken in now. Errors as vt_packager_cue has them, but for frames
// that are packaged already.
int vt_timeline_prepare(const struct vt_timeline *timeline, const struct vt_packager_params *params,
                        const struct vt_cue *cue, struct vt_revision *ret);

// Takes in what was prepared. -ENOMEM.
int vt_timeline_add(struct vt_timeline *timeline, const struct vt_revision *revision);

// Writes segment k's emsg boxes: a snap for each cue on air that did not change on its first frame, the index, and
// every revision in it. Alike for every video rendition.
int vt_timeline_messages(const struct vt_timeline *timeline, const struct vt_packager_params *params, int64_t k,
                         struct vt_writer *w);

// Segment k is done: its revisions become cues on air and tags.
int vt_timeline_pass(struct vt_timeline *timeline, const struct vt_packager_params *params, int64_t k);

// Forgets tags that lie wholly before `start_ns`.
void vt_timeline_trim(struct vt_timeline *timeline, int64_t start_ns);

// Takes out a `more` file whose last range ended before `before_ns` and that no cue on air or waiting points at.
bool vt_timeline_expire_more(struct vt_timeline *timeline, int64_t before_ns, char ret[VT_MORE_ROOM]);

// A relative path of names, "cues/c42.7.json": no "..", nothing that a URI would have to escape.
bool vt_more_valid(const char *name);

int vt_timeline_add_tag(struct vt_timeline *timeline, const struct vt_tag *tag);
int vt_timeline_add_more(struct vt_timeline *timeline, const char *name, int64_t reach_ns);
void vt_timeline_clear(struct vt_timeline *timeline);
