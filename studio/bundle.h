// Templates that were given through the API, each in a folder of its own with the files beside it: DATA/templates/
// ID~REVISION/template.yaml. A folder never changes once it has its name: a new revision is a new folder, put in place
// whole, so that whoever looks finds the one from before or the new one.
#pragma once

#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diagnostic.h"

#define VT_BUNDLES_MAX   64                       // templates kept
#define VT_BUNDLE_ID     96                       // bytes of an id here
#define VT_BUNDLE_FILES  32                       // beside a template
#define VT_BUNDLE_BYTES  (4 * 1024 * 1024)        // of all files beside it
#define VT_BUNDLE_BODY   (6 * 1024 * 1024)        // of a request, with its base64
#define VT_BUNDLE_WHY    400
#define VT_BUNDLE_FILE   "template.yaml"

struct vt_bundle {
    char id[VT_BUNDLE_ID + 1];
    int64_t rev;
};

// The newest revision of each template under `root`, by their ids. Returns how many there are, at most
// VT_BUNDLES_MAX; 0 when there is no such folder.
int vt_bundles_scan(const char *root, struct vt_bundle ret[VT_BUNDLES_MAX]);

// The folder of a bundle. False when it does not fit.
bool vt_bundle_folder(const char *root, const struct vt_bundle *bundle, char *ret, size_t room);

struct vt_bundle_new {
    const char *id;
    const json_t *body;                  // {"template": YAML, "assets": {NAME: base64}}
    const json_t *products;              // that its samples may speak of, beside its own products.json; NULL
    const atomic_bool *stop;             // as in studio/proofread.h
};

// Keeps a template, once it has been read through (studio/proofread.h), which takes up to VT_PROOFREAD_NS of this
// thread's time. Returns 0 and its revision in *ret_rev; -EINVAL with words in `why` (what is wrong with the template
// also stands in `said`); -ENOSPC past VT_BUNDLES_MAX; -ECANCELED; another negative errno.
int vt_bundle_put(const char *root, const struct vt_bundle_new *bundle, int64_t *ret_rev, char why[VT_BUNDLE_WHY],
                  struct vt_diagnostics *said);

// {"id", "rev", "template", "assets": [{"name", "size"}…]}, a new reference; -ENOENT.
int vt_bundle_get(const char *root, const char *id, json_t **ret);
int vt_bundle_remove(const char *root, const char *id);          // -ENOENT
