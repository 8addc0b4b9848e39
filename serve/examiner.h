// Templates that came through the API are looked at before they are kept (studio/bundle.h), which may take seconds: in a
// thread of its own, one after another, behind everything else that this machine does. All functions belong to the
// loop's thread.
#pragma once

#include <jansson.h>

#include "base/diagnostic.h"
#include "base/loop.h"
#include "studio/bundle.h"

#define VT_EXAMS_MAX 16                  // waiting, with the one that is looked at

struct vt_exam {
    char id[VT_BUNDLE_ID + 1];
    json_t *body, *products;             // one reference each; `products` may be NULL
    void (*done)(void *opaque, const struct vt_exam *exam);      // on the loop's thread, unless the examiner ends before
    void *opaque;

    int error;                           // what vt_bundle_put returned and said
    int64_t rev;
    char why[VT_BUNDLE_WHY];
    struct vt_diagnostics said;
    struct vt_exam *next;
};

struct vt_examiner;

// `root` is the folder of bundles, copied. Before the sandbox is entered.
int vt_examiner_new(struct vt_examiner **ret, struct vt_loop *loop, const char *root);

// What still waits is given up, without `done`.
void vt_examiner_free(struct vt_examiner **examiner);

// Takes `exam` (from malloc; freed after `done`). Returns 0, or -EBUSY past VT_EXAMS_MAX; then it is the caller's.
int vt_examiner_add(struct vt_examiner *examiner, struct vt_exam *exam);

void vt_exam_free(struct vt_exam **exam);
