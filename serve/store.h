// The state store: products, the log of cues, and answers to be given again. SQLite in DATA/state.db, one writer.
//
// What a call has returned 0 for is on the disk (WAL, synchronous=FULL): neither a kill nor a power cut takes it
// back. Errors: -ENOENT, -ESTALE (another revision than the one named), -ENOSPC (disk full), -EROFS (not writable),
// -EIO (anything else; logged). A failed call has changed nothing. One thread.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define VT_STORE_VERSION  3              // of the schema; an older file is brought up to it, a newer one refused
#define VT_STORE_REPEATS  10000          // answers kept for repeated requests
#define VT_STORE_REPEAT_S (24 * 3600)    // and for how long
#define VT_STORE_CUES     1000           // log entries kept of a channel

struct vt_store;

// `path` may be ":memory:". -EPROTO: a newer schema than this program's.
int vt_store_open(struct vt_store **ret, const char *path);
void vt_store_free(struct vt_store **store);

// ---- products

// The revision that a write must find: any, or none at all (it must be new).
#define VT_REV_ANY  INT64_C(-1)
#define VT_REV_NONE INT64_C(0)

// One product with its `rev`, a new reference.
int vt_store_product(struct vt_store *store, const char *id, json_t **ret);

// Up to `limit` products whose ids come after `after` (NULL: from the first), in order, as a new list.
int vt_store_products(struct vt_store *store, const char *after, int limit, json_t **ret);
int vt_store_product_count(struct vt_store *store, int64_t *ret);

// Writes a product (borrowed) under its next revision, which is above every one it ever had, deleted or not, and
// gives back the product as stored. When nothing but `rev` would differ, nothing is written and the revision stays.
int vt_store_put_product(struct vt_store *store, const char *id, const json_t *product, int64_t expected,
                         json_t **ret);
int vt_store_delete_product(struct vt_store *store, const char *id, int64_t expected);

// Loads products (a list) into a store that never had one. Returns their number, 0 if it had some, or an error.
int vt_store_import(struct vt_store *store, const json_t *list);

// ---- cues

struct vt_cue_record {
    const char *channel, *show, *id;
    json_t *take;                        // the take as it was asked for, later changes merged in; borrowed
    json_t *answer;                      // what it was answered with; borrowed
    int64_t taken_ns;                    // program time
    int64_t rev;                         // last one known
    bool on_air;
};

int vt_store_put_cue(struct vt_store *store, const struct vt_cue_record *record);

// Notes a cue's latest revision and whether it is on air. A cue that is not in the log is -ENOENT.
int vt_store_note_cue(struct vt_store *store, const char *channel, const char *show, const char *id, int64_t rev,
                      bool on_air);

// Changes a cue's take as a PATCH of the cue does: the members of `data` one by one, everything else whole.
int vt_store_change_cue(struct vt_store *store, const char *channel, const char *show, const char *id,
                        const json_t *patch);

// Calls `visit` with each cue of a show, on air or (all) not; what it is given lives during the call.
typedef void vt_visit_cue(void *opaque, const struct vt_cue_record *record);
int vt_store_cues(struct vt_store *store, const char *channel, const char *show, bool all, vt_visit_cue *visit,
                  void *opaque);

// ---- channels that the API has made

// As it was defined (serve/definition.h). Removing one takes its keys and the log of its cues along.
int vt_store_put_channel(struct vt_store *store, const char *name, const json_t *definition);
int vt_store_delete_channel(struct vt_store *store, const char *name);

// One definition, a new reference; all of them as an object, by their names.
int vt_store_channel(struct vt_store *store, const char *name, json_t **ret);
int vt_store_channels(struct vt_store *store, json_t **ret);

// ---- stream keys

struct vt_key_record {
    char id[13];                         // the first twelve digits of the hash
    char sha256[65];                     // hexadecimal
    int64_t not_before_s, not_after_s;   // since 1970; INT64_MIN, INT64_MAX: no bound
    int64_t made_s;
};

// -EEXIST: there is one with this id.
int vt_store_put_key(struct vt_store *store, const char *channel, const struct vt_key_record *key);
int vt_store_delete_key(struct vt_store *store, const char *channel, const char *id);

// Up to `most` keys of a channel, oldest first. Returns their number.
int vt_store_keys(struct vt_store *store, const char *channel, struct vt_key_record *ret, int most);

// ---- repeated requests

// Looks up an answer. Returns 1 with status and body (a new reference); 0: there is none; -EEXIST: the key was used
// with another request (another fingerprint).
int vt_store_repeat(struct vt_store *store, const char *key, const char *fingerprint, int64_t now_s, int *ret_status,
                    json_t **ret_body);
int vt_store_keep_answer(struct vt_store *store, const char *key, const char *fingerprint, int64_t now_s, int status,
                         const json_t *body);

// For tests: no more than this many pages of 4 KiB may be used, so that a full disk can be met.
void vt_store_limit_pages(struct vt_store *store, int pages);
