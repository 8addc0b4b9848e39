// The folder of one output: what its packager writes, what a packager before it left behind, and the recording beside it.
//
// Files are written under another name, then renamed. One thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "packager/packager.h"

#define VT_FOLDER_STATE (16 * 1024 * 1024)            // bytes of the packager's state that are read back

struct vt_folder;

// Opens `name` below the directory `at` (AT_FDCWD: anywhere), or makes it. Returns 0 or a negative errno.
int vt_folder_open(struct vt_folder **ret, int at, const char *name);
void vt_folder_free(struct vt_folder **folder);

// What VT_BLOB_STATE held when the folder was opened, or NULL; owned by the folder.
const char *vt_folder_state(const struct vt_folder *folder, size_t *ret_size);

// For vt_sink.put, .append, .drop and .get, with the folder as opaque.
int vt_folder_put(void *folder, enum vt_blob kind, const char *name, const void *data, size_t size);
int vt_folder_append(void *folder, const char *name, const void *data, size_t size);
int vt_folder_drop(void *folder, const char *name);
int vt_folder_get(void *folder, const char *name, struct vt_writer *w);

// Whether a file of that name holds something, and something else. One that is empty was lost with the power.
bool vt_folder_differs(const struct vt_folder *folder, const char *name, const void *data, size_t size);

// Keeps what is put here whole from here on, in DATA/recordings/CHANNEL/SHOW/OUTPUT. Returns 0 or a negative errno.
int vt_folder_keep(struct vt_folder *folder, const char *data, const char *channel, const char *show,
                   const char *output);
bool vt_folder_kept(const struct vt_folder *folder);

// For vt_sink.record.
int vt_folder_record(void *folder, const char *name, uint64_t msn, const struct vt_writer *head,
                     const struct vt_writer *lines);
