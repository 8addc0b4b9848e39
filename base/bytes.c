#include "base/bytes.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 256

struct vt_reader vt_reader(const void *data, size_t size)
{
    static const uint8_t nothing[1];
    assert(data || size == 0);
    return (struct vt_reader){.at = data ? data : nothing, .left = size};
}

const uint8_t *vt_read_bytes(struct vt_reader *r, size_t size)
{
    if (r->failed || size > r->left) {
        r->failed = true;
        return NULL;
    }
    const uint8_t *bytes = r->at;
    r->at += size;
    r->left -= size;
    return bytes;
}

void vt_read_skip(struct vt_reader *r, size_t size)
{
    vt_read_bytes(r, size);
}

static uint64_t read_be(struct vt_reader *r, int size)
{
    const uint8_t *bytes = vt_read_bytes(r, (size_t)size);
    uint64_t v = 0;
    for (int i = 0; bytes && i < size; i++)
        v = v << 8 | bytes[i];
    return v;
}

uint8_t vt_read_u8(struct vt_reader *r)
{
    return (uint8_t)read_be(r, 1);
}

uint16_t vt_read_u16be(struct vt_reader *r)
{
    return (uint16_t)read_be(r, 2);
}

uint32_t vt_read_u24be(struct vt_reader *r)
{
    return (uint32_t)read_be(r, 3);
}

uint32_t vt_read_u32be(struct vt_reader *r)
{
    return (uint32_t)read_be(r, 4);
}

uint32_t vt_read_u32le(struct vt_reader *r)
{
    return __builtin_bswap32(vt_read_u32be(r));
}

uint64_t vt_read_u64be(struct vt_reader *r)
{
    return read_be(r, 8);
}

double vt_read_f64be(struct vt_reader *r)
{
    uint64_t bits = vt_read_u64be(r);
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

struct vt_reader vt_read_sub(struct vt_reader *r, size_t size)
{
    const uint8_t *bytes = vt_read_bytes(r, size);
    struct vt_reader sub = vt_reader(bytes, bytes ? size : 0);
    sub.failed = !bytes;
    return sub;
}

// Makes room for `size` more bytes and gives the place of the first, or NULL.
static uint8_t *grow(struct vt_writer *w, size_t size)
{
    size_t most = w->limit ? w->limit : PTRDIFF_MAX;
    if (w->failed || w->size > most || size > most - w->size) {
        w->failed = true;
        return NULL;
    }
    size_t need = w->size + size;
    if (need > w->room || !w->data) {
        size_t room = w->room ? w->room : FIRST_ROOM;
        while (room < need)
            room = room > most / 2 ? most : room * 2;
        uint8_t *data = realloc(w->data, room);
        if (!data) {
            w->failed = true;
            return NULL;
        }
        w->data = data;
        w->room = room;
    }
    uint8_t *place = w->data + w->size;
    w->size = need;
    return place;
}

static void put_be(uint8_t *place, uint64_t v, int size)
{
    for (int i = size - 1; i >= 0; i--, v >>= 8)
        place[i] = (uint8_t)v;
}

static void write_be(struct vt_writer *w, uint64_t v, int size)
{
    uint8_t *place = grow(w, (size_t)size);
    if (place)
        put_be(place, v, size);
}

void vt_write_u8(struct vt_writer *w, uint8_t v)
{
    write_be(w, v, 1);
}

void vt_write_u16be(struct vt_writer *w, uint16_t v)
{
    write_be(w, v, 2);
}

void vt_write_u24be(struct vt_writer *w, uint32_t v)
{
    write_be(w, v, 3);
}

void vt_write_u32be(struct vt_writer *w, uint32_t v)
{
    write_be(w, v, 4);
}

void vt_write_u32le(struct vt_writer *w, uint32_t v)
{
    write_be(w, __builtin_bswap32(v), 4);
}

void vt_write_u64be(struct vt_writer *w, uint64_t v)
{
    write_be(w, v, 8);
}

void vt_write_f64be(struct vt_writer *w, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    write_be(w, bits, 8);
}

void vt_write_bytes(struct vt_writer *w, const void *data, size_t size)
{
    uint8_t *place = grow(w, size);
    if (place && size)
        memcpy(place, data, size);
}

void vt_write_text(struct vt_writer *w, const char *text)
{
    vt_write_bytes(w, text, strlen(text));
}

void vt_write_format(struct vt_writer *w, const char *format, ...)
{
    char line[512];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (size < 0) {
        w->failed = true;
    } else if ((size_t)size < sizeof line) {
        vt_write_bytes(w, line, (size_t)size);
    } else {
        char *text = NULL;
        va_start(args, format);
        size = vasprintf(&text, format, args);
        va_end(args);
        if (size < 0)
            w->failed = true;
        else
            vt_write_bytes(w, text, (size_t)size);
        if (size >= 0)
            free(text);
    }
}

void vt_patch_u32be(struct vt_writer *w, size_t at, uint32_t v)
{
    if (w->failed)
        return;
    assert(w->size >= 4 && at <= w->size - 4);
    put_be(w->data + at, v, 4);
}

void vt_writer_free(struct vt_writer *w)
{
    if (!w)
        return;
    free(w->data);
    *w = (struct vt_writer){0};
}
