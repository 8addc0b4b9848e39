#include "overlay/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES 8192

struct vt_arena_chunk {
    struct vt_arena_chunk *next;
    size_t used, room;
    _Alignas(max_align_t) uint8_t data[];
};

static struct vt_arena_chunk *add_chunk(struct vt_arena *arena, size_t size)
{
    size_t room = size > CHUNK_BYTES ? size : CHUNK_BYTES;
    struct vt_arena_chunk *chunk = calloc(1, sizeof *chunk + room);
    if (!chunk)
        abort();
    chunk->room = room;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    return chunk;
}

void *vt_arena_alloc(struct vt_arena *arena, size_t size)
{
    size_t rounded = (size + _Alignof(max_align_t) - 1) / _Alignof(max_align_t) * _Alignof(max_align_t);
    struct vt_arena_chunk *chunk = arena->chunks;
    if (!chunk || chunk->room - chunk->used < rounded)
        chunk = add_chunk(arena, rounded);
    void *result = chunk->data + chunk->used;
    chunk->used += rounded;
    return result;
}

char *vt_arena_text(struct vt_arena *arena, const char *text, size_t size)
{
    char *copy = vt_arena_alloc(arena, size + 1);
    if (size)
        memcpy(copy, text, size);
    return copy;
}

void vt_arena_free(struct vt_arena *arena)
{
    for (struct vt_arena_chunk *chunk = arena->chunks, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    arena->chunks = NULL;
}
