// The templates of a channel: loaded from their files, and again when those change. What was saved is looked at as
// `vitrine lint` does it (studio/proofread.h); a file with errors leaves the template that was there before.
//
// vt_wardrobe_check may run on any one thread; everything else belongs to the studio's.
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "overlay/overlay.h"

struct vt_wardrobe;

// `paths` and `kept` are copied. Loads all of them, without looking at what they draw: a show's start does not wait for
// that; what cannot be loaded is logged and stands in the status. `kept` is
// the folder of studio/bundle.h, whose templates come after those of the files; NULL: none.
int vt_wardrobe_new(struct vt_wardrobe **ret, char *const *paths, int count, const char *kept);
void vt_wardrobe_free(struct vt_wardrobe **wardrobe);

// Looks whether files have changed and loads them; may take VT_PROOFREAD_NS of processor time for each that has.
void vt_wardrobe_check(struct vt_wardrobe *wardrobe);

// Checks once a second from now on, in a thread of its own that goes after everything else. Before the sandbox is
// entered; once. vt_wardrobe_free ends it. Returns 0 or a negative errno.
int vt_wardrobe_watch(struct vt_wardrobe *wardrobe);

// The id of a template that has a new form since the last call, copied into `id`; false: none.
bool vt_wardrobe_changed(struct vt_wardrobe *wardrobe, char id[VT_TEMPLATE_ID + 1]);

// By "id" or "id@version": a reference, or NULL. *ret_all: it shows the list of all products.
struct vt_template *vt_wardrobe_find(struct vt_wardrobe *wardrobe, const char *name, bool *ret_all);
char *vt_wardrobe_names(struct vt_wardrobe *wardrobe);       // "a@1.0.0, b@2.1.0"; the caller frees; NULL: none
json_t *vt_wardrobe_status(struct vt_wardrobe *wardrobe);    // [{file, id, version, error?}…]; a new reference
