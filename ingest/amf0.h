// AMF0, read in place and written. Pure; allocates nothing when reading.
//
// A message is a run of values. vt_amf0_next gives one at a time and has checked it whole: nesting, count and
// lengths are bounded, declared array counts are not believed, and types that no encoder needs (references, typed
// objects, AMF3) are errors. What it gives can then be walked without another check.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

#define VT_AMF0_DEPTH_MAX  8             // objects and arrays within each other
#define VT_AMF0_VALUES_MAX 256           // values in one top-level value, members included

enum vt_amf0_type {
    VT_AMF0_NUMBER = 0,
    VT_AMF0_BOOLEAN = 1,
    VT_AMF0_STRING = 2,                  // long strings and XML too
    VT_AMF0_OBJECT = 3,                  // ECMA arrays too
    VT_AMF0_NULL = 5,                    // undefined too
    VT_AMF0_ARRAY = 10,
    VT_AMF0_DATE = 11,                   // `number`: ms since 1970
};

struct vt_amf0_value {
    enum vt_amf0_type type;
    double number;                       // NUMBER, DATE; may be NaN or infinite
    bool boolean;
    const char *text;                    // STRING: borrowed, no NUL at its end, may hold anything
    size_t size;                         // ... its bytes
    struct vt_reader members;            // OBJECT, ARRAY: for vt_amf0_find and vt_amf0_next
};

// The next value, which is taken from `r`. Returns 0; -ENODATA at the end; -EBADMSG for one that is malformed or past
// the limits.
int vt_amf0_next(struct vt_reader *r, struct vt_amf0_value *ret);

// The first member of that name. Returns false, *ret untouched, if there is none or `object` is no object.
bool vt_amf0_find(const struct vt_amf0_value *object, const char *name, struct vt_amf0_value *ret);

// Whether a string value is `text`.
bool vt_amf0_is(const struct vt_amf0_value *value, const char *text);

// Copies a string with a NUL. Returns 0, -EINVAL if it is no string or holds a NUL, -EMSGSIZE if it does not fit;
// `out` is untouched then.
int vt_amf0_copy(const struct vt_amf0_value *value, char *out, size_t room);

void vt_amf0_write_number(struct vt_writer *w, double number);
void vt_amf0_write_boolean(struct vt_writer *w, bool boolean);
void vt_amf0_write_string(struct vt_writer *w, const char *text);     // at most 65535 bytes
void vt_amf0_write_null(struct vt_writer *w);
void vt_amf0_write_object(struct vt_writer *w);                       // then members, then the end
void vt_amf0_write_name(struct vt_writer *w, const char *name);       // a member's; its value follows
void vt_amf0_write_end(struct vt_writer *w);
