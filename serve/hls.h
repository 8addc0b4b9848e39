// Addresses under /live/ to files under DATA/live, and how each kind is served. Pure.
//
// A path never leaves its channel's folder: every component is a valid name, the last one a file name with one of the
// endings that a show publishes. What a folder holds beside that (show.json, sequence, files in the making) has no
// address.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VT_HLS_COMPONENTS 6              // CHANNEL recordings SHOW OUTPUT cues FILE
#define VT_HLS_NAME_MAX   80             // bytes of a file's name

enum vt_hls_kind { VT_HLS_PLAYLIST, VT_HLS_MEDIA, VT_HLS_MORE };

struct vt_hls_file {
    enum vt_hls_kind kind;
    const char *type;                                        // content type
    char component[VT_HLS_COMPONENTS][VT_HLS_NAME_MAX + 1];  // folders, then the file, below DATA/live
    int count;
    bool recorded;                                           // CHANNEL/recordings/… is CHANNEL/… in DATA/recordings
};

// Returns 0, or -ENOENT: nothing is published under such an address.
int vt_hls_resolve(const char *path, struct vt_hls_file *ret);

// Opens it below the directory `live_fd` (a recording: in `recordings` beside that), without following symbolic links. Returns a descriptor of a regular file,
// or a negative errno.
int vt_hls_open(int live_fd, const struct vt_hls_file *file);

// Reads a Range header for a body of `size` bytes. Returns 1 with first byte and length; 0: serve all of it (no
// range, several, or another unit); -ERANGE: it cannot be satisfied.
int vt_hls_range(const char *header, int64_t size, int64_t *ret_first, int64_t *ret_length);
