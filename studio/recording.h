// A show kept whole: DATA/recordings/CHANNEL/SHOW/OUTPUT, beside the live window and in the same form.
//
// Segments are links to the live ones (copies, where the file system cannot), playlists grow by a segment at a time, so
// that what it costs does not depend on how long the show is. Plain files; one thread.
#pragma once

#include "packager/packager.h"

struct vt_recording;

// Opens the folder, or makes it. Returns 0 or a negative errno.
int vt_recording_new(struct vt_recording **ret, const char *data, const char *channel, const char *show,
                     const char *output);
void vt_recording_free(struct vt_recording **recording);

// What has been put into the output's folder, if it belongs here. Returns 0 or a negative errno.
int vt_recording_put(struct vt_recording *recording, int output, enum vt_blob kind, const char *name, const void *data,
                     size_t size);

// As vt_sink.record.
int vt_recording_add(struct vt_recording *recording, const char *name, uint64_t msn, const struct vt_writer *head,
                     const struct vt_writer *lines);
