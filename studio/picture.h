// Pictures of products and templates: PNG, JPEG and WebP files under one folder, decoded within overlay.h's limits.
//
// A name is a relative path; nothing outside of the folder is ever opened, through .., links or otherwise. What was
// decoded last is kept, until its file changes. One thread.
#pragma once

#include <cairo.h>
#include <stddef.h>
#include <stdint.h>

#define VT_PICTURE_BYTES  (16 * 1024 * 1024)    // of a file
#define VT_PICTURE_PATH   1024                  // bytes of a name
#define VT_PICTURES_KEPT  32

struct vt_pictures;

// `root` is copied; it is opened now. Returns 0 or a negative errno.
int vt_pictures_new(struct vt_pictures **ret, const char *root);
void vt_pictures_free(struct vt_pictures **pictures);

// A vt_load_picture: `opaque` is the struct vt_pictures. The caller owns a reference to the surface, which nobody
// writes to; `folder` stands in for the root when not NULL; NULL when there is no such picture or it is not acceptable (vt_pictures_why says why).
cairo_surface_t *vt_pictures_load(void *opaque, const char *folder, const char *name);
const char *vt_pictures_why(const struct vt_pictures *pictures);

// Decodes a file's bytes. Returns 0 and a surface (ARGB32), -EINVAL for what is none of the three formats or is
// broken, -EFBIG past a limit, -ENOMEM.
int vt_picture_decode(cairo_surface_t **ret, const uint8_t *data, size_t size);
