// Where the items of a view stand at a moment, and how much they show: entry, exit, loop and change, as functions of
// program time.
#pragma once

#include "overlay/view.h"

// How far a change of the item has come, 0..1, seen at the end of its frame; 1: it is over, or there was none. `ret_before`
// is set while it is under way.
double vt_pose_change(const struct vt_view *view, const struct vt_item *item, const struct vt_moment *moment,
                      const struct vt_item **ret_before);

// An item's own pose. An entry is seen at the end of its frame, so that its first frame shows something; an exit at the
// start.
struct vt_pose vt_pose_own(const struct vt_view *view, const struct vt_item *item, const struct vt_moment *moment);

// How far an item is moved, with all that it is in.
struct vt_pose vt_pose_moved(const struct vt_view *view, const struct vt_item *item, const struct vt_moment *moment);

// Neither faded nor grown nor turned.
bool vt_pose_rests(const struct vt_pose *pose);

// After its exit.
bool vt_pose_is_over(const struct vt_view *view, const struct vt_moment *moment);
