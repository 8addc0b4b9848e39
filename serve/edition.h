// Playlists as they are now: each version is read, scanned and compressed once, and shared by all who ask for it.
//
// A form of a playlist is a file beside it: NAME.m3u8, NAME.ll.m3u8, NAME.skip.m3u8, NAME.skip2.m3u8. What it leaves to
// other files (serve/past.h) is read when somebody asks for it. One thread.
#pragma once

#include "serve/directive.h"
#include "serve/hls.h"
#include "serve/http.h"
#include "serve/past.h"

#define VT_EDITIONS_MAX  256                 // kept; the one unused for longest goes first
#define VT_EDITION_ETAG  24

enum vt_edition_form { VT_EDITION_PLAIN, VT_EDITION_LOW_LATENCY, VT_EDITION_SKIP, VT_EDITION_SKIP_DATES };

struct vt_editions;
struct vt_edition;

// `live_fd` is borrowed.
int vt_editions_new(struct vt_editions **ret, int live_fd);
void vt_editions_free(struct vt_editions **editions);

// The newest version of a form of the playlist at `file`. Valid until the next call. Returns 0 or a negative errno;
// -ENOENT: there is no such form.
int vt_editions_get(struct vt_editions *editions, const struct vt_hls_file *file, enum vt_edition_form form,
                    struct vt_edition **ret);

// Between the two, what has been looked at is not looked at again.
void vt_editions_freeze(struct vt_editions *editions);
void vt_editions_thaw(struct vt_editions *editions);

const struct vt_edge *vt_edition_edge(const struct vt_edition *edition);

// Gives the request this version: `blocking` as vt_directives_block says. It may become a 304.
void vt_edition_answer(struct vt_edition *edition, bool blocking, struct vt_request *request);
