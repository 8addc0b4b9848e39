// Shows on disk that nobody ended: their studio, or everything, died. Plain files; no thread, no state.
//
// A show is unfinished when it has a media playlist that does not say EXT-X-ENDLIST. It can be gone on with when none
// of them says so. The supervisor asks at its start; the folders belong to studios, so nothing there is trusted.
#pragma once

#include <stdint.h>

#include "base/names.h"

#define VT_UNFINISHED_FILES     1024                 // looked at in one folder
#define VT_UNFINISHED_PLAYLIST  (64 * 1024 * 1024)   // bytes of a playlist that can be ended

// Of the channel's shows that can be gone on with, the one whose playlists were written last: its name, and when that
// was (program time).
// Returns 0, -ENOENT when there is none, or another negative errno.
int vt_unfinished_find(const char *data, const char *channel, char ret[VT_NAME_ROOM], int64_t *ret_written_ns);

// Ends the show's media playlists with EXT-X-ENDLIST after their last whole segment. Nothing to do is success. Returns 0 or a negative
// errno.
int vt_unfinished_end(const char *data, const char *channel, const char *show);

// The same for each unfinished show of the channel but `except` (NULL: none). Returns how many, or a negative errno.
int vt_unfinished_end_all(const char *data, const char *channel, const char *except);
