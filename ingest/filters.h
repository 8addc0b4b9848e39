// libavfilter for pictures, one chain at a time: deinterlacing and turning. One thread.
//
// The library is loaded when it is first asked for, not linked: it would make each of our processes 30 ms slower to
// start and 3 MB larger, and only an ingest ever needs it. A process that locks itself in loads it before that.
#pragma once

#include <libavutil/frame.h>
#include <stdbool.h>

// Returns 0, or -ENOTSUP when libavfilter cannot be loaded (any more).
int vt_filters_load(void);

struct vt_filters;

// A chain for pictures like `like`: its format, size and shape of samples; times in ns. `filters` is a list
// "name=options,name=options" of names that take one picture and give one. Returns 0, -ENOTSUP, -ENOMEM, or -EINVAL for
// pictures or options that they do not take.
int vt_filters_new(struct vt_filters **ret, const AVFrame *like, const char *filters);
void vt_filters_free(struct vt_filters **filters);

// Whether the chain was made for pictures like this one.
bool vt_filters_fit(const struct vt_filters *filters, const AVFrame *frame);

// Puts a picture in (NULL: no more will come); its reference stays the caller's. Then vt_filters_get until it returns 0:
// 1 and a picture with its pts in ns, 0, or a negative errno.
int vt_filters_put(struct vt_filters *filters, AVFrame *frame);
int vt_filters_get(struct vt_filters *filters, AVFrame *out);
