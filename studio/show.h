// A show on disk: its folder, what survives a crash, and the files that the packager writes.
//
// DATA/live/CHANNEL/SHOW holds show.json (when it began, its first media sequence number) and the output's folder;
// DATA/live/CHANNEL/sequence the next media sequence number that is free. That one is raised ahead of use and forced to
// the disk, so that numbers never go back, whatever dies. One thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packager/packager.h"

#define VT_SHOW_RESERVE  100                          // sequence numbers that are taken ahead
#define VT_SHOWS_KEPT    2                            // earlier shows that stay when a new one begins …
#define VT_SHOW_KEEP_NS  (600 * VT_NS_PER_S)          // … and those that were written to within this time
#define VT_SHOW_STATE    (16 * 1024 * 1024)           // bytes of the packager's state that are read back

struct vt_show;

// Opens the folder of the show, or makes it: `now_ns` then becomes its epoch, and older shows that nobody may need any
// more are removed. Returns 0 or a negative errno (nothing can be written: say where and why).
int vt_show_open(struct vt_show **ret, const char *data, const char *channel, const char *show, const char *output,
                 int64_t now_ns);
void vt_show_free(struct vt_show **show);

int64_t vt_show_epoch(const struct vt_show *show);
uint64_t vt_show_first_msn(const struct vt_show *show);
uint64_t vt_show_free_msn(const struct vt_show *show);         // no number from this one on has been used
bool vt_show_goes_on(const struct vt_show *show);     // it existed: a studio before this one broke off

// What VT_BLOB_STATE held, or NULL; owned by the show.
const char *vt_show_state(const struct vt_show *show, size_t *ret_size);

// For vt_sink.put, .drop and .get, with the show as opaque. Written under another name, then renamed.
int vt_show_put(void *show, enum vt_blob kind, const char *name, const void *data, size_t size);
int vt_show_drop(void *show, const char *name);
int vt_show_get(void *show, const char *name, struct vt_writer *w);

// Keeps the show whole from here on, in DATA/recordings. Returns 0 or a negative errno.
int vt_show_keep(struct vt_show *show, const char *data, const char *channel, const char *name);
bool vt_show_kept(const struct vt_show *show);

// For vt_sink.record.
int vt_show_record(void *show, const char *name, uint64_t msn, const struct vt_writer *head,
                   const struct vt_writer *lines);

// A playlist of the channel: DATA/live/CHANNEL/`name`.
int vt_show_put_channel(struct vt_show *show, const char *name, const void *data, size_t size);

// Number `msn` is in use: keeps the reserve ahead of it. Cheap when there is nothing to do.
int vt_show_used(struct vt_show *show, uint64_t msn);

// The show is over: `next_msn` is free.
int vt_show_over(struct vt_show *show, uint64_t next_msn);

// A folder with the same sink but nothing else, for a rendered file.
int vt_show_open_folder(struct vt_show **ret, const char *folder);
