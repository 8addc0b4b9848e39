// Bounds-checked cursors over bytes: the only arithmetic on input pointers in the project.
//
// A reader never runs past its end. The first read that would sets `failed`, and from then on every read
// returns zero or NULL and moves nothing, so that a parser reads a whole structure and checks once. A writer
// grows its own buffer; the first allocation that fails, or a write past `limit`, sets `failed` likewise.
// Neither type is thread-safe; neither allocates until it must.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vt_reader {
    const uint8_t *at;   // next byte; borrowed from the caller
    size_t left;         // bytes from `at` to the end
    bool failed;         // sticky: some read asked for more than was left
};

struct vt_reader vt_reader(const void *data, size_t size);
uint8_t vt_read_u8(struct vt_reader *r);
uint16_t vt_read_u16be(struct vt_reader *r);
uint32_t vt_read_u24be(struct vt_reader *r);
uint32_t vt_read_u32be(struct vt_reader *r);
uint32_t vt_read_u32le(struct vt_reader *r);
uint64_t vt_read_u64be(struct vt_reader *r);
double vt_read_f64be(struct vt_reader *r);

// The next `size` bytes, borrowed from the input, or NULL (and `failed`) if there are fewer. `size` 0 gives a
// non-NULL pointer that must not be read.
const uint8_t *vt_read_bytes(struct vt_reader *r, size_t size);
void vt_read_skip(struct vt_reader *r, size_t size);

// A reader over just the next `size` bytes, which are taken from `r`. If there are fewer, both have failed.
struct vt_reader vt_read_sub(struct vt_reader *r, size_t size);

struct vt_writer {
    uint8_t *data;       // owned; vt_writer_free releases it
    size_t size;         // bytes written
    size_t room;         // bytes allocated
    size_t limit;        // most bytes it will hold; 0: no limit but memory
    bool failed;         // sticky: out of memory or past `limit`
};

void vt_write_u8(struct vt_writer *w, uint8_t v);
void vt_write_u16be(struct vt_writer *w, uint16_t v);
void vt_write_u24be(struct vt_writer *w, uint32_t v);
void vt_write_u32be(struct vt_writer *w, uint32_t v);
void vt_write_u32le(struct vt_writer *w, uint32_t v);
void vt_write_u64be(struct vt_writer *w, uint64_t v);
void vt_write_f64be(struct vt_writer *w, double v);
void vt_write_bytes(struct vt_writer *w, const void *data, size_t size);
void vt_write_text(struct vt_writer *w, const char *text);                      // without its NUL
void vt_write_format(struct vt_writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Overwrites four bytes that were written before, at byte offset `at` (a box's size, once it is known).
void vt_patch_u32be(struct vt_writer *w, size_t at, uint32_t v);

// Frees the data and zeroes the writer. A zeroed writer is valid and empty.
void vt_writer_free(struct vt_writer *w);
