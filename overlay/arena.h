// Memory that lives and dies as one: small objects of a template or of a view. Running out of memory for them ends
// the process, as it does inside pango; pictures and surfaces are checked where they are made.
#pragma once

#include <stddef.h>

struct vt_arena_chunk;

struct vt_arena {
    struct vt_arena_chunk *chunks;       // newest first
};

// Zeroed, aligned for anything. `size` 0 gives a pointer that must not be read.
void *vt_arena_alloc(struct vt_arena *arena, size_t size);
char *vt_arena_text(struct vt_arena *arena, const char *text, size_t size);   // NUL-terminated copy
void vt_arena_free(struct vt_arena *arena);
