// Parts and segments that are asked for now, whole and in memory: one reply for all who ask. One thread.
//
// What has left the disk leaves the shelf within VT_SHELF_TRUST_NS.
#pragma once

#include <stddef.h>

#include "serve/hls.h"
#include "serve/http.h"

#define VT_SHELF_FILES     256
#define VT_SHELF_BYTES     (32 * 1024 * 1024)    // of them all; what was unused for longest goes first
#define VT_SHELF_FILE_MAX  (2 * 1024 * 1024)     // bytes of one; larger ones are sent from the disk
#define VT_SHELF_TRUST_NS  INT64_C(1000000000)   // how long a file is not looked at again

struct vt_shelf;

int vt_shelf_new(struct vt_shelf **ret);
void vt_shelf_free(struct vt_shelf **shelf);

// The reply for `path`, borrowed; NULL when it is not there, or was looked at too long ago.
struct vt_reply *vt_shelf_find(struct vt_shelf *shelf, const char *path, int64_t now_ns);

// Puts the file that `fd` (borrowed, read from its start) holds on the shelf, as `answer` with its headers (emptied on
// success) and its body. Returns the reply, borrowed; NULL for a file that is too large or cannot be read.
struct vt_reply *vt_shelf_put(struct vt_shelf *shelf, const struct vt_site *site, const char *path, int fd, size_t size,
                              struct vt_answer *answer, int64_t now_ns);
