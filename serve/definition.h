// A channel's definition as the API takes it and the state store keeps it: the words of an entry of `channels:` in the
// configuration file, as a JSON object. It goes through the file's own reader. Pure, but for looking whether files are there.
//
// Files that it names (`templates`, `slate.image`, `pictures`) lie below the folder of the configuration file (without
// one: the data folder): a path that is absolute or climbs is refused. Keys are kept as their hashes.
#pragma once

#include <jansson.h>

#include "serve/config.h"

#define VT_DEFINITION_BYTES (32 * 1024)      // of its text
#define VT_DEFINITION_PATH  160              // bytes of the name of a place in it: "outputs[1].canvas.size"

// Reads a definition into *ret, which is made and must be freed by vt_channel_free. Returns 0; -EINVAL with the reasons, whose
// places are those of vt_definition_text; -EMSGSIZE: it is too long; -ENOMEM.
int vt_definition_read(struct vt_channel *ret, const char *name, const json_t *definition, const char *folder,
                       struct vt_diagnostics *diagnostics);

// A copy of it without secrets: plain keys become their hashes. NULL without memory.
json_t *vt_definition_hashed(const json_t *definition);

// A copy of that to be shown: without keys and passphrases.
json_t *vt_definition_shown(const json_t *definition);

// What is said of a definition with this severity: a list of {path, detail}. NULL without memory.
json_t *vt_definition_said(const json_t *definition, const struct vt_diagnostics *diagnostics, enum vt_severity severity);
