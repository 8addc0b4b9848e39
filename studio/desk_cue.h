// Inside of the desk: its cues, and what its files share.
#pragma once

#include "studio/desk.h"

#define PRODUCT_ID 128                   // bytes of a product's id

// What each output shows of a cue: one reference each, NULL where it shows nothing of it.
struct cast {
    struct vt_view *views[VT_OUTPUTS_MAX];
};

enum cue_state { CUE_PREPARING, CUE_SCHEDULED, CUE_LIVE, CUE_ENDING, CUE_ENDED, CUE_FAILED };

struct cue {
    uint64_t key;                        // in scenes and batches
    char id[VT_NAME_ROOM];
    enum cue_state state;
    int64_t rev, rev_frame;              // on air, and the frame on which it came
    json_t *request, *first;             // the take, to recognise its repeat, and its answer
    unsigned outputs;                    // bit i: output i shows it
    json_t *data;
    char product[PRODUCT_ID];            // "": none
    int step;
    json_t *good_data;                   // the last of these that a view could be made of
    char good_product[PRODUCT_ID];
    int good_step;
    int64_t duration_ns;                 // 0: until it is removed
    int64_t at_frame;                    // scheduled for; 0: at once
    struct vt_template *template;
    bool shows_all;                      // the template lists all products
    char why[VT_WHY];                    // the last thing that went wrong

    struct cast cast, next;              // on air; and what follows
    struct vt_template *view_template, *next_template;
    json_t *shown, *next_shown;          // data behind them
    int64_t next_from, next_version, next_ask;
    int64_t ask, shown_ask;              // changes asked for; the last one on air
    int making;                          // views that are being made
    int64_t touched;                     // the change that needs no new view, or 0
    int64_t refused_expiry;              // an expiry for which no view could be made

    int64_t start_frame, end_frame, end_version;
    int64_t exit_ns[VT_OUTPUTS_MAX];     // program time at which it begins to leave, so that all end on one frame
    int64_t lease;                       // furthest frame that any of its tags reaches
    unsigned owed;                       // outputs that could not take the last revision yet
};

// A request that waits until its cues have got so far.
struct waiting {
    json_t *request;
    int status;
    bool many;                           // answer with a list
    bool for_end;
    json_t *answers;
    int count, left;
    struct { uint64_t cue; int64_t ask; } on[VT_DESK_CUES];
    struct waiting *next;
};

struct desk_output {
    char name[VT_NAME_ROOM];
    uint64_t first_msn;
};

struct vt_desk {
    struct desk_output outputs[VT_OUTPUTS_MAX];
    int n_outputs;
    struct vt_packager_params timing;
    struct vt_desk_hooks hooks;
    int64_t frame;                       // the next one to be composed
    uint64_t next_key, next_id;
    int64_t version;                     // of the last scene that was given out
    bool dirty;                          // the scene has to be given out anew
    struct cue *cues[VT_DESK_CUES];      // prepared, scheduled, on air, back to front
    int n_cues;
    struct cue *past[VT_DESK_PAST];
    int n_past;
    struct waiting *waiting;
    int n_waiting;
    json_t *products, *seen;             // by id; during a sync those that came
};

// -- desk.c
int64_t desk_frame_ns(const struct vt_desk *desk, int64_t frame);    // program time
int64_t desk_frame_at(const struct vt_desk *desk, int64_t ns);       // first frame at or after it
struct cue *desk_find(const struct vt_desk *desk, const char *id);
struct cue *desk_find_key(const struct vt_desk *desk, uint64_t key);
bool desk_on_air(const struct cue *cue);
int desk_first_output(const struct cue *cue);                        // the one whose place its receipts tell
void desk_add(struct vt_desk *desk, struct vt_batch *batch, struct cue *cue, int64_t from);
void desk_make(struct vt_desk *desk, struct vt_batch *batch);        // takes it; an empty one is freed
void desk_publish(struct vt_desk *desk);
void desk_past(struct vt_desk *desk, struct cue *cue, enum cue_state state);
void desk_cue_free(struct cue *cue);

// -- desk_cast.c
struct vt_view *cast_first(const struct cast *cast);                 // NULL: there is no view at all
void cast_clear(struct cast *cast);
int64_t cast_exit_ns(const struct cast *cast);                       // of the output that takes longest
int64_t cast_expires_ns(const struct cast *cast);                    // of the output that comes first

// -- desk_air.c
void desk_set_end(struct vt_desk *desk, struct cue *cue, int64_t end_frame);
void desk_exit(struct vt_desk *desk, struct cue *cue);               // takes it off air, with its exit if it has one

// What a vt_cue points at: *ret is valid as long as `room`.
struct cue_room {
    char template[2 * VT_TEMPLATE_ID + 2];
    struct vt_cue_hotspot hotspots[VT_CUE_HOTSPOTS];
};
void desk_cue_fill(const struct vt_desk *desk, const struct cue *cue, struct vt_view *view, enum vt_cue_op op,
                   struct vt_cue *ret, struct cue_room *room);

// -- desk_answer.c
void desk_problem(struct vt_desk *desk, const json_t *request, int status, const char *title, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void desk_explain(const struct vt_desk *desk, struct cue *cue, int output, const char *why);
json_t *desk_position(const struct vt_desk *desk, const struct cue *cue);
json_t *desk_receipt(const struct vt_desk *desk, const struct cue *cue);     // its position, and in every output
json_t *desk_cue_json(const struct vt_desk *desk, const struct cue *cue);
char *desk_more(const struct vt_desk *desk, const struct cue *cue, int output);
void desk_changed(struct vt_desk *desk, const struct cue *cue);
struct waiting *desk_wait(struct vt_desk *desk, const json_t *request, int status, bool many);
void desk_wait_on(struct waiting *waiting, const struct cue *cue, int64_t ask);
void desk_waited(struct vt_desk *desk, struct waiting *waiting);     // answers if nothing is left to wait for
void desk_reached(struct vt_desk *desk, const struct cue *cue);      // a revision is on air, or the cue has ended
void desk_failed(struct vt_desk *desk, const struct cue *cue, int64_t ask, int status, const char *why);
