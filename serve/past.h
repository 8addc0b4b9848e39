// What a playlist in the making leaves to another file: VT_PAST_LINE (packager/packager.h). One thread.
#pragma once

#include "base/bytes.h"
#include "serve/hls.h"

#define VT_PLAYLIST_MAX (32 * 1024 * 1024)   // bytes of a playlist with all that it lists

#define VT_PAST_FILE_MAX (4 * VT_PLAYLIST_MAX) // bytes of a file before what is meant of it

// A part of a file in a playlist's own folder.
struct vt_past_lines {
    char name[VT_HLS_NAME_MAX + 1];
    int64_t offset, size;
    int64_t segments;                        // 0: only its EXT-X-DATERANGE lines are meant
};

// Reads what follows VT_PAST_LINE, up to `size` bytes. Returns 0; -EBADMSG: it is damaged; -EFBIG: past VT_PLAYLIST_MAX.
int vt_past_read(const char *text, size_t size, struct vt_past_lines *ret);

// Whether all that the playlist `text` of `playlist` leaves to other files is there. 0 or a negative errno.
int vt_past_look(int live_fd, const struct vt_hls_file *playlist, const char *text, size_t size);

// Writes the playlist with all that it leaves to other files. 0 or a negative errno.
int vt_past_write(struct vt_writer *w, int live_fd, const struct vt_hls_file *playlist, const char *text, size_t size);
