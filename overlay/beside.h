// Files beside a template, in its folder: tokens, fonts, drawings, pictures. A flat folder; links are not followed.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define VT_ASSET_NAME 64                 // bytes of a file's name

// A plain name: letters, digits, dots, _ and -, not starting with a dot or -.
bool vt_asset_name_valid(const char *name);

// Reads `name` in `folder` (NULL: there are no files). Returns 0 and its bytes with a NUL behind them, which the caller
// frees; -ENOENT, -EFBIG past `limit` or for what is no file, -ELOOP for a link.
int vt_asset_read(const char *folder, const char *name, size_t limit, char **ret, size_t *ret_size);

// What went wrong, in words that go after "FILE cannot be read: ".
const char *vt_asset_why(int error);
