// The as-run log: what was on air, from which frame on, in which revision, with which price and words: one line of JSON
// for each revision and each end of a cue, in DATA/as-run/CHANNEL/SHOW.jsonl. Lines are only ever added. One thread.
#pragma once

#include <jansson.h>

#define VT_AS_RUN_BYTES (64 * 1024 * 1024)       // of a show's file

struct vt_as_run;

// `data` is the data folder, copied.
int vt_as_run_new(struct vt_as_run **ret, const char *data);
void vt_as_run_free(struct vt_as_run **log);

// Adds a line for a cue as the API lists it, if it is or was on air. Returns 0 or a negative errno: -EFBIG past
// VT_AS_RUN_BYTES.
int vt_as_run_note(struct vt_as_run *log, const char *channel, const char *show, const json_t *cue);
