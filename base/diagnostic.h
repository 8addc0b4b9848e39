// What is wrong in a file that a person wrote, and where: collected by whoever reads it, printed as
// "file:line:column: error: …".
#pragma once

#include <stdio.h>

#define VT_DIAGNOSTICS_MAX 32          // more are counted, not kept; errors take the places of warnings
#define VT_DIAGNOSTIC_TEXT 240

enum vt_severity { VT_ERROR, VT_WARNING };

struct vt_diagnostic {
    enum vt_severity severity;
    int line, column;                  // from 1; 0: of the whole file
    char text[VT_DIAGNOSTIC_TEXT];
};

struct vt_diagnostics {
    struct vt_diagnostic list[VT_DIAGNOSTICS_MAX];
    int count;                         // kept
    int errors, warnings;              // all
};

// `diagnostics` may be NULL: then nothing is kept.
void vt_diagnose(struct vt_diagnostics *diagnostics, enum vt_severity severity, int line, int column,
                 const char *format, ...) __attribute__((format(printf, 5, 6)));

// Prints all of them, one a line, each after `file`.
void vt_diagnostics_print(const struct vt_diagnostics *diagnostics, const char *file, FILE *to);

// The one of `names` (a NULL-terminated list) that a person most likely meant by `word`, or NULL if none is near
// (edit distance at most a third of its length).
const char *vt_nearest_name(const char *word, const char *const *names);
