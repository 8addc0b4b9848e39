// A show on disk: its folder with those of its outputs (folder.h), and what survives a crash.
//
// DATA/live/CHANNEL/SHOW holds show.json (when it began, its first media sequence number, its form) and the outputs' folders;
// DATA/live/CHANNEL/sequence the next media sequence number that is free. That one is raised ahead of use and forced to
// the disk, so that numbers never go back, whatever dies. One thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "studio/channel.h"
#include "studio/folder.h"

#define VT_SHOW_RESERVE  100                          // sequence numbers that are taken ahead
#define VT_SHOWS_KEPT    2                            // earlier shows that stay when a new one begins …
#define VT_SHOW_KEEP_NS  (600 * VT_NS_PER_S)          // … and those that were written to within this time

struct vt_show;

// Opens the folder of a channel's show, or makes it: `now_ns` then becomes its epoch, and older shows that nobody may
// need any more are removed, as are the playlists of outputs that the channel no longer has. Returns 0; -ESTALE: it
// began when the channel had another form (vt_channel_form), and cannot go on with this one; or a negative errno (nothing
// can be written: say where and why).
int vt_show_open(struct vt_show **ret, const char *data, const struct vt_channel *channel, const char *show,
                 int64_t now_ns);
void vt_show_free(struct vt_show **show);

int64_t vt_show_epoch(const struct vt_show *show);
uint64_t vt_show_first_msn(const struct vt_show *show);
uint64_t vt_show_free_msn(const struct vt_show *show);         // no number from this one on has been used
bool vt_show_goes_on(const struct vt_show *show);     // it existed: a studio before this one broke off

// Of the channel's output with this number; borrowed.
struct vt_folder *vt_show_folder(const struct vt_show *show, int output);

// Keeps the show whole from here on, in DATA/recordings. Returns 0 or a negative errno.
int vt_show_keep(struct vt_show *show, const char *data);

// A playlist of the channel: DATA/live/CHANNEL/index.m3u8 or, with an output's name, DATA/live/CHANNEL/OUTPUT/index.m3u8.
int vt_show_put_index(struct vt_show *show, const char *output, const void *data, size_t size);

// Number `msn` is in use: keeps the reserve ahead of it. Cheap when there is nothing to do.
int vt_show_used(struct vt_show *show, uint64_t msn);

// The show is over: `next_msn` is free.
int vt_show_over(struct vt_show *show, uint64_t next_msn);
