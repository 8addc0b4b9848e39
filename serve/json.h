// JSON that strangers send: parsed with a limit on its depth, duplicate names refused. Pure.
#pragma once

#include <jansson.h>
#include <stddef.h>

#define VT_JSON_WHY 160

// Parses one JSON value of at most `depth` nested arrays and objects. Returns a new reference, or NULL with a reason
// in `why` (VT_JSON_WHY bytes: "line 3, column 7: …").
json_t *vt_json_parse(const char *text, size_t size, int depth, char *why);

// RFC 7396: what `target` becomes under `patch`. Returns a new reference, or NULL without memory; both arguments stay
// as they were. `target` may be NULL.
json_t *vt_json_merge_patch(const json_t *target, const json_t *patch);
