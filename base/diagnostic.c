#include "base/diagnostic.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define WORD_MAX 64       // longer words are near to nothing

static struct vt_diagnostic *place_for(struct vt_diagnostics *diagnostics, enum vt_severity severity)
{
    if (diagnostics->count < VT_DIAGNOSTICS_MAX)
        return &diagnostics->list[diagnostics->count++];
    for (int i = VT_DIAGNOSTICS_MAX - 1; i >= 0 && severity == VT_ERROR; i--)
        if (diagnostics->list[i].severity == VT_WARNING)
            return &diagnostics->list[i];
    return NULL;
}

void vt_diagnose(struct vt_diagnostics *diagnostics, enum vt_severity severity, int line, int column,
                 const char *format, ...)
{
    if (!diagnostics)
        return;
    if (severity == VT_ERROR)
        diagnostics->errors++;
    else
        diagnostics->warnings++;
    struct vt_diagnostic *entry = place_for(diagnostics, severity);
    if (!entry)
        return;
    entry->severity = severity;
    entry->line = line;
    entry->column = column;
    va_list args;
    va_start(args, format);
    vsnprintf(entry->text, sizeof entry->text, format, args);
    va_end(args);
}

void vt_diagnostics_print(const struct vt_diagnostics *diagnostics, const char *file, FILE *to)
{
    for (int i = 0; i < diagnostics->count; i++) {
        const struct vt_diagnostic *entry = &diagnostics->list[i];
        const char *severity = entry->severity == VT_ERROR ? "error" : "warning";
        if (entry->line > 0)
            fprintf(to, "%s:%d:%d: %s: %s\n", file, entry->line, entry->column, severity, entry->text);
        else
            fprintf(to, "%s: %s: %s\n", file, severity, entry->text);
    }
    int more = diagnostics->errors + diagnostics->warnings - diagnostics->count;
    if (more > 0)
        fprintf(to, "%s: %d more not shown\n", file, more);
}

static int least(int a, int b, int c)
{
    int smaller = a < b ? a : b;
    return smaller < c ? smaller : c;
}

// Levenshtein's distance, without regard to case; a swap of two neighbours costs one.
static int distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
    int rows[3][WORD_MAX + 1];
    int *before = rows[0], *last = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b_size; j++)
        last[j] = (int)j;
    for (size_t i = 1; i <= a_size; i++) {
        row[0] = (int)i;
        for (size_t j = 1; j <= b_size; j++) {
            bool same = strncasecmp(a + i - 1, b + j - 1, 1) == 0;
            row[j] = least(last[j] + 1, row[j - 1] + 1, last[j - 1] + !same);
            bool swapped = i > 1 && j > 1 && strncasecmp(a + i - 1, b + j - 2, 1) == 0 &&
                           strncasecmp(a + i - 2, b + j - 1, 1) == 0;
            if (swapped)
                row[j] = least(row[j], before[j - 2] + 1, row[j]);
        }
        int *oldest = before;
        before = last;
        last = row;
        row = oldest;
    }
    return last[b_size];
}

const char *vt_nearest_name(const char *word, const char *const *names)
{
    size_t size = strnlen(word, WORD_MAX + 1);
    if (size > WORD_MAX)
        return NULL;
    const char *nearest = NULL;
    int smallest = (int)size / 3 + 1;
    for (; *names; names++) {
        size_t name_size = strnlen(*names, WORD_MAX + 1);
        int d = name_size > WORD_MAX ? smallest : distance(word, size, *names, name_size);
        if (d < smallest) {
            smallest = d;
            nearest = *names;
        }
    }
    return nearest;
}
