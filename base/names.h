// Names of channels, outputs, renditions, shows and cue ids: [A-Za-z0-9_-]{1,32}, so that one is safe in a path,
// a URL, a log line and an attribute without quoting.
#pragma once

#include <stdbool.h>

#define VT_NAME_MAX  32
#define VT_NAME_ROOM (VT_NAME_MAX + 1)

bool vt_name_valid(const char *name);

// Copies a valid name into `out` (VT_NAME_ROOM bytes). Returns 0, or -EINVAL and leaves `out` untouched.
int vt_name_copy(char *out, const char *name);
