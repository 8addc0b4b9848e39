// Option tables: one row says an option's name, type, place in a struct, default, range, unit and what it is for.
// The configuration file, the API's JSON, `--help` and the documentation all come from the rows.
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/diagnostic.h"
#include "base/mediatime.h"
#include "base/yaml.h"

enum vt_option_type {
    VT_OPTION_TEXT,       // char * (owned by the struct, may be NULL)
    VT_OPTION_NAME,       // char[VT_NAME_ROOM]
    VT_OPTION_INT,        // int64_t
    VT_OPTION_BOOL,       // bool
    VT_OPTION_DURATION,   // int64_t ns; "333ms", "2s", "1.5s", "10m"; "none" is 0 where the minimum is 0
    VT_OPTION_BITRATE,    // int64_t bits a second; "2500k", "2M"
    VT_OPTION_SIZE,       // struct vt_size; "1280x720"
    VT_OPTION_RATE,       // struct vt_rational; "30", "29.97", "30000/1001"
    VT_OPTION_CHOICE,     // int; index into `choices`
};

struct vt_size {
    int width, height;
};

struct vt_option {
    const char *name;
    enum vt_option_type type;
    size_t offset;                   // of the member in the struct
    const char *fallback;            // the default, as a person would write it; NULL: absent
    int64_t min, max;                // range of numbers, durations and bit rates; of width and height of a size
    const char *const *choices;      // NULL-terminated
    const char *doc;
};

// A table ends with a row whose name is NULL. A row with `min` and `max` 0 takes any number. The object need not be
// initialised: whatever its members held is overwritten, not freed.
void vt_options_defaults(const struct vt_option *table, void *object);

// Sets members from the entries of a YAML map. A key that is not in the table and not in `others` (further keys,
// which the caller reads itself; NULL-terminated or NULL) is an error that names the nearest key. Values that do
// not fit leave the member untouched. Returns 0 or -EINVAL.
int vt_options_from_yaml(const struct vt_option *table, const char *const *others, void *object,
                         const struct vt_yaml *map, struct vt_diagnostics *diagnostics);

// The same as JSON, and back: numbers stay numbers, the rest is text as a person would write it.
json_t *vt_options_to_json(const struct vt_option *table, const void *object);
int vt_options_from_json(const struct vt_option *table, const char *const *others, void *object,
                         const json_t *map, struct vt_diagnostics *diagnostics);

// One value from text. Returns 0, or -EINVAL with a reason in `why` ("must be 1s to 60s, is 90s").
int vt_option_parse(const struct vt_option *option, void *object, const char *text, char *why, size_t room);
// For documentation: a row of a Markdown table for each option, its key behind `prefix` ("hls."), under this heading.
#define VT_OPTIONS_HEADING "| key | value | range | default | meaning |\n|---|---|---|---|---|\n"
void vt_options_document(const struct vt_option *table, const char *prefix, struct vt_writer *w);
void vt_options_free(const struct vt_option *table, void *object);     // frees texts
