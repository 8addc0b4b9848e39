// Waits until a person saves something: inotify on the folders that a template, its files and its data lie in. Editors
// that write in place and editors that write aside and rename look alike.
#pragma once

#define VT_WATCH_FOLDERS   4
#define VT_WATCH_SETTLE_MS 60            // of quiet, after which a save is over
#define VT_WATCH_LATEST_MS 1000          // after the first sign of a save, at the latest

struct vt_watch;

// `folders`: `count` of them; names that are the same folder count once. What happens to the file `apart` (a plain name;
// NULL: none) or its .tmp is no save: it is what the caller writes. Returns 0 or a negative errno.
int vt_watch_new(struct vt_watch **ret, const char *const *folders, int count, const char *apart);
void vt_watch_free(struct vt_watch **watch);

// Waits for a save to be over. Returns 0; -ENOENT when a folder is gone; another negative errno.
int vt_watch_wait(struct vt_watch *watch);
