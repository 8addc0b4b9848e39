#include "base/ring.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define RING_MAGIC    UINT64_C(0x3130676e69725476)      // "vTring01"
#define PAGE          4096
#define WRITER_BYTES  (4 * PAGE)
#define READER_BYTES  PAGE
#define SAMPLES_BYTES ((size_t)VT_RING_SAMPLES * 2 * sizeof(float))
#define SEALS         (F_SEAL_SHRINK | F_SEAL_GROW)

// Entries travel as words, each loaded once, so that what was checked is what is used.
#define FRAME_WORDS 9
#define RUN_WORDS   2

struct frame_words {
    int32_t slot, width, height;
    uint32_t offset[3];
    int32_t stride[3];
    int32_t sar_num, sar_den;
    uint8_t colour[5], key, spare[2];
    uint32_t padding;
    int64_t pts_ns, duration_ns;
};
_Static_assert(sizeof(struct frame_words) == FRAME_WORDS * 8, "frame entry");

struct writer_page {
    uint64_t magic, slot_bytes;
    _Alignas(64) _Atomic uint64_t frames_written;
    _Alignas(64) _Atomic uint64_t runs_written;
    _Alignas(64) _Atomic uint64_t frames[VT_RING_QUEUE][FRAME_WORDS];
    _Atomic uint64_t runs[VT_RING_RUNS][RUN_WORDS];     // pts_ns, count
};
_Static_assert(sizeof(struct writer_page) <= WRITER_BYTES, "writer page");

struct reader_page {
    _Atomic uint64_t frames_read, runs_read, samples_read;
    _Atomic uint32_t released[VT_RING_FRAMES];          // how often; held while it differs from the writer's count
};
_Static_assert(sizeof(struct reader_page) <= READER_BYTES, "reader page");

// Where time stands in each kind; both sides check with the same rules.
struct progress {
    bool frames_began, samples_began;
    int64_t frame_ns, samples_ns;
};

static size_t ring_bytes(size_t slot_bytes)
{
    return WRITER_BYTES + READER_BYTES + VT_RING_FRAMES * slot_bytes + SAMPLES_BYTES;
}

static bool slot_bytes_valid(uint64_t slot_bytes)
{
    return slot_bytes > 0 && slot_bytes % PAGE == 0 &&
           slot_bytes <= ((uint64_t)VT_RING_BYTES_MAX - WRITER_BYTES - READER_BYTES - SAMPLES_BYTES) / VT_RING_FRAMES;
}

// -- what both sides check

static bool size_valid(int width, int height)
{
    return width >= 1 && width <= VT_RING_WIDTH_MAX && height >= 1 && height <= VT_RING_HEIGHT_MAX &&
           (int64_t)width * height <= VT_RING_PIXELS_MAX;
}

static bool plane_valid(const struct vt_ring_frame *frame, int plane, size_t slot_bytes)
{
    int64_t width = plane ? (frame->width + 1) / 2 : frame->width;
    int64_t height = plane ? (frame->height + 1) / 2 : frame->height;
    int64_t stride = frame->stride[plane], offset = frame->offset[plane];
    return stride >= width && stride % VT_RING_ALIGN == 0 && offset % VT_RING_ALIGN == 0 &&
           offset + stride * (height - 1) + width <= (int64_t)slot_bytes;
}

static bool sar_valid(int num, int den)
{
    return num >= 1 && num <= VT_RING_SAR_MAX && den >= 1 && den <= VT_RING_SAR_MAX &&
           num <= den * 16 && den <= num * 16;
}

static bool time_valid(int64_t pts_ns, bool began, int64_t last_ns)
{
    return pts_ns >= -VT_RING_TIME_MAX && pts_ns <= VT_RING_TIME_MAX &&
           (!began || (pts_ns >= last_ns && pts_ns - last_ns <= VT_RING_JUMP_MAX));
}

static bool frame_valid(const struct vt_ring_frame *frame, size_t slot_bytes, const struct progress *progress)
{
    if (frame->slot < 0 || frame->slot >= VT_RING_FRAMES || !size_valid(frame->width, frame->height))
        return false;
    for (int i = 0; i < 3; i++)
        if (!plane_valid(frame, i, slot_bytes))
            return false;
    return sar_valid(frame->sar_num, frame->sar_den) && frame->colour.full_range <= 1 &&
           frame->colour.chroma_site <= 3 && frame->duration_ns >= 0 && frame->duration_ns <= VT_RING_JUMP_MAX &&
           time_valid(frame->pts_ns, progress->frames_began, progress->frame_ns) &&
           !(progress->frames_began && frame->pts_ns == progress->frame_ns);
}

static bool run_valid(int64_t pts_ns, int64_t count, const struct progress *progress)
{
    return count >= 1 && count <= VT_RING_RUN_MAX &&
           time_valid(pts_ns, progress->samples_began, progress->samples_ns);
}

size_t vt_ring_layout(struct vt_ring_frame *frame, int width, int height)
{
    if (!size_valid(width, height))
        return 0;
    size_t at = 0;
    frame->width = width;
    frame->height = height;
    for (int i = 0; i < 3; i++) {
        int columns = i ? (width + 1) / 2 : width, rows = i ? (height + 1) / 2 : height;
        frame->stride[i] = (columns + 63) & ~63;
        frame->offset[i] = (uint32_t)at;
        at += (size_t)frame->stride[i] * (size_t)rows;
    }
    return at;
}

// -- writer

struct vt_ring_writer {
    int fd;
    size_t slot_bytes;
    uint8_t *map;
    struct writer_page *page;
    struct reader_page *reader;
    uint64_t frames_written, runs_written, samples_written;
    struct progress progress;
    uint32_t published[VT_RING_FRAMES];
    _Atomic int refs[VT_RING_FRAMES];      // of the decoder and the caller
    _Atomic int users;                     // the owner, and each slot with references
};

static int sealed_memfd(size_t bytes)
{
    int fd = memfd_create("vitrine-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -errno;
    if (ftruncate(fd, (off_t)bytes) < 0 || fcntl(fd, F_ADD_SEALS, SEALS | F_SEAL_SEAL) < 0) {
        int error = -errno;
        close(fd);
        return error;
    }
    return fd;
}

int vt_ring_writer_new(struct vt_ring_writer **ret, size_t slot_bytes)
{
    if (slot_bytes == 0 || slot_bytes > (size_t)VT_RING_BYTES_MAX)
        return -EINVAL;
    slot_bytes = (slot_bytes + PAGE - 1) & ~(size_t)(PAGE - 1);
    if (!slot_bytes_valid(slot_bytes))
        return -EINVAL;

    struct vt_ring_writer *writer = calloc(1, sizeof *writer);
    if (!writer)
        return -ENOMEM;
    int error = writer->fd = sealed_memfd(ring_bytes(slot_bytes));
    if (error < 0)
        goto fail;
    writer->map = mmap(NULL, ring_bytes(slot_bytes), PROT_READ | PROT_WRITE, MAP_SHARED, writer->fd, 0);
    if (writer->map == MAP_FAILED) {
        error = -errno;
        close(writer->fd);
        goto fail;
    }
    writer->slot_bytes = slot_bytes;
    writer->page = (struct writer_page *)writer->map;
    writer->reader = (struct reader_page *)(writer->map + WRITER_BYTES);
    writer->page->magic = RING_MAGIC;
    writer->page->slot_bytes = slot_bytes;
    writer->users = 1;
    *ret = writer;
    return 0;
fail:
    free(writer);
    return error;
}

static void writer_leave(struct vt_ring_writer *writer)
{
    if (atomic_fetch_sub_explicit(&writer->users, 1, memory_order_acq_rel) != 1)
        return;
    munmap(writer->map, ring_bytes(writer->slot_bytes));
    close(writer->fd);
    free(writer);
}

void vt_ring_writer_free(struct vt_ring_writer **writer)
{
    if (*writer)
        writer_leave(*writer);
    *writer = NULL;
}

int vt_ring_writer_fd(const struct vt_ring_writer *writer)
{
    return writer->fd;
}

size_t vt_ring_slot_bytes(const struct vt_ring_writer *writer)
{
    return writer->slot_bytes;
}

// The lowest free one, so that few pages of the memfd are ever touched.
int vt_ring_slot_get(struct vt_ring_writer *writer)
{
    for (int i = 0; i < VT_RING_FRAMES; i++) {
        if (atomic_load_explicit(&writer->refs[i], memory_order_acquire) != 0 ||
            atomic_load_explicit(&writer->reader->released[i], memory_order_acquire) != writer->published[i])
            continue;
        atomic_store_explicit(&writer->refs[i], 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&writer->users, 1, memory_order_relaxed);
        return i;
    }
    return -EAGAIN;
}

uint8_t *vt_ring_slot_data(struct vt_ring_writer *writer, int slot)
{
    assert(slot >= 0 && slot < VT_RING_FRAMES);
    return writer->map + WRITER_BYTES + READER_BYTES + (size_t)slot * writer->slot_bytes;
}

void vt_ring_slot_ref(struct vt_ring_writer *writer, int slot)
{
    int before = atomic_fetch_add_explicit(&writer->refs[slot], 1, memory_order_relaxed);
    assert(before > 0);
    (void)before;
}

void vt_ring_slot_unref(struct vt_ring_writer *writer, int slot)
{
    int before = atomic_fetch_sub_explicit(&writer->refs[slot], 1, memory_order_acq_rel);
    assert(before > 0);
    if (before == 1)
        writer_leave(writer);
}

int vt_ring_put_frame(struct vt_ring_writer *writer, const struct vt_ring_frame *frame)
{
    if (!frame_valid(frame, writer->slot_bytes, &writer->progress))
        return -EINVAL;
    uint64_t read = atomic_load_explicit(&writer->reader->frames_read, memory_order_acquire);
    if (writer->frames_written - read >= VT_RING_QUEUE)
        return -EAGAIN;

    struct frame_words entry = {
        .slot = frame->slot, .width = frame->width, .height = frame->height,
        .offset = {frame->offset[0], frame->offset[1], frame->offset[2]},
        .stride = {frame->stride[0], frame->stride[1], frame->stride[2]},
        .sar_num = frame->sar_num, .sar_den = frame->sar_den,
        .colour = {frame->colour.primaries, frame->colour.transfer, frame->colour.matrix, frame->colour.full_range,
                   frame->colour.chroma_site},
        .key = frame->key, .pts_ns = frame->pts_ns, .duration_ns = frame->duration_ns,
    };
    uint64_t words[FRAME_WORDS];
    memcpy(words, &entry, sizeof entry);
    _Atomic uint64_t *to = writer->page->frames[writer->frames_written % VT_RING_QUEUE];
    for (int i = 0; i < FRAME_WORDS; i++)
        atomic_store_explicit(&to[i], words[i], memory_order_relaxed);

    writer->published[frame->slot]++;
    writer->progress.frames_began = true;
    writer->progress.frame_ns = frame->pts_ns;
    atomic_store_explicit(&writer->page->frames_written, ++writer->frames_written, memory_order_release);
    return 0;
}

static float *samples_at(uint8_t *map, size_t slot_bytes, uint64_t position)
{
    uint8_t *base = map + WRITER_BYTES + READER_BYTES + VT_RING_FRAMES * slot_bytes;
    return (float *)(void *)base + 2 * (position % VT_RING_SAMPLES);
}

// Sample frames from `position` to the end of the circular buffer, at most `count`.
static int until_wrap(uint64_t position, int count)
{
    uint64_t left = VT_RING_SAMPLES - position % VT_RING_SAMPLES;
    return left < (uint64_t)count ? (int)left : count;
}

int vt_ring_put_samples(struct vt_ring_writer *writer, int64_t pts_ns, const float *interleaved, int count)
{
    if (!run_valid(pts_ns, count, &writer->progress))
        return -EINVAL;
    uint64_t samples_read = atomic_load_explicit(&writer->reader->samples_read, memory_order_acquire);
    uint64_t runs_read = atomic_load_explicit(&writer->reader->runs_read, memory_order_acquire);
    if (writer->runs_written - runs_read >= VT_RING_RUNS ||
        writer->samples_written - samples_read > (uint64_t)(VT_RING_SAMPLES - count))
        return -EAGAIN;

    int first = until_wrap(writer->samples_written, count);
    memcpy(samples_at(writer->map, writer->slot_bytes, writer->samples_written), interleaved,
           (size_t)first * 2 * sizeof(float));
    memcpy(samples_at(writer->map, writer->slot_bytes, 0), interleaved + 2 * first,
           (size_t)(count - first) * 2 * sizeof(float));
    writer->samples_written += (uint64_t)count;

    _Atomic uint64_t *to = writer->page->runs[writer->runs_written % VT_RING_RUNS];
    atomic_store_explicit(&to[0], (uint64_t)pts_ns, memory_order_relaxed);
    atomic_store_explicit(&to[1], (uint64_t)count, memory_order_relaxed);
    writer->progress.samples_began = true;
    writer->progress.samples_ns = pts_ns;
    atomic_store_explicit(&writer->page->runs_written, ++writer->runs_written, memory_order_release);
    return 0;
}

// -- reader

struct vt_ring_reader {
    size_t slot_bytes;
    uint8_t *map;                          // all of it, read only
    const struct writer_page *page;
    struct reader_page *own;               // writable; for the writer to see, never read back
    uint64_t frames_read, runs_read, samples_read;
    struct progress progress;
    int64_t run_ns;                        // the run that is being given out in pieces
    int run_count, run_given;
    _Atomic int held[VT_RING_FRAMES];
    _Atomic int users;                     // the owner, and each frame that is held
};

// The size that the header claims and the file has, or a negative errno.
static int check_memfd(int fd, size_t *ret_slot_bytes)
{
    int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || (seals & SEALS) != SEALS)
        return -EBADMSG;
    struct stat stat;
    if (fstat(fd, &stat) < 0)
        return -errno;
    uint64_t header[2];
    if (pread(fd, header, sizeof header, 0) != sizeof header || header[0] != RING_MAGIC ||
        !slot_bytes_valid(header[1]) || (uint64_t)stat.st_size != ring_bytes(header[1]))
        return -EBADMSG;
    *ret_slot_bytes = header[1];
    return 0;
}

static int map_reader(struct vt_ring_reader *reader, int fd)
{
    int error = check_memfd(fd, &reader->slot_bytes);
    if (error < 0)
        return error;
    size_t bytes = ring_bytes(reader->slot_bytes);
    uint8_t *map = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return -errno;
    uint8_t *own = mmap(NULL, READER_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, WRITER_BYTES);
    if (own == MAP_FAILED) {
        error = -errno;
        munmap(map, bytes);
        return error;
    }
    reader->map = map;
    reader->page = (const struct writer_page *)map;
    reader->own = (struct reader_page *)own;
    return 0;
}

int vt_ring_reader_new(struct vt_ring_reader **ret, int fd)
{
    struct vt_ring_reader *reader = calloc(1, sizeof *reader);
    int error = reader ? map_reader(reader, fd) : -ENOMEM;
    close(fd);
    if (error < 0) {
        free(reader);
        return error;
    }
    reader->users = 1;
    *ret = reader;
    return 0;
}

static void reader_leave(struct vt_ring_reader *reader)
{
    if (atomic_fetch_sub_explicit(&reader->users, 1, memory_order_acq_rel) != 1)
        return;
    munmap(reader->map, ring_bytes(reader->slot_bytes));
    munmap(reader->own, READER_BYTES);
    free(reader);
}

void vt_ring_reader_free(struct vt_ring_reader **reader)
{
    if (*reader)
        reader_leave(*reader);
    *reader = NULL;
}

static void unpack_frame(struct vt_ring_frame *frame, const struct frame_words *entry)
{
    *frame = (struct vt_ring_frame){
        .slot = entry->slot, .width = entry->width, .height = entry->height,
        .offset = {entry->offset[0], entry->offset[1], entry->offset[2]},
        .stride = {entry->stride[0], entry->stride[1], entry->stride[2]},
        .colour = {entry->colour[0], entry->colour[1], entry->colour[2], entry->colour[3], entry->colour[4]},
        .sar_num = entry->sar_num, .sar_den = entry->sar_den,
        .pts_ns = entry->pts_ns, .duration_ns = entry->duration_ns, .key = entry->key != 0,
    };
}

int vt_ring_get_frame(struct vt_ring_reader *reader, struct vt_ring_frame *ret)
{
    uint64_t waiting = atomic_load_explicit(&reader->page->frames_written, memory_order_acquire) - reader->frames_read;
    if (waiting == 0)
        return 0;
    if (waiting > VT_RING_QUEUE)
        return -EBADMSG;

    const _Atomic uint64_t *from = reader->page->frames[reader->frames_read % VT_RING_QUEUE];
    uint64_t words[FRAME_WORDS];
    for (int i = 0; i < FRAME_WORDS; i++)
        words[i] = atomic_load_explicit(&from[i], memory_order_relaxed);
    struct frame_words entry;
    memcpy(&entry, words, sizeof entry);
    struct vt_ring_frame frame;
    unpack_frame(&frame, &entry);
    if (!frame_valid(&frame, reader->slot_bytes, &reader->progress))
        return -EBADMSG;

    reader->progress.frames_began = true;
    reader->progress.frame_ns = frame.pts_ns;
    atomic_fetch_add_explicit(&reader->held[frame.slot], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&reader->users, 1, memory_order_relaxed);
    atomic_store_explicit(&reader->own->frames_read, ++reader->frames_read, memory_order_release);
    *ret = frame;
    return 1;
}

const uint8_t *vt_ring_frame_plane(const struct vt_ring_reader *reader, const struct vt_ring_frame *frame, int plane)
{
    assert(plane >= 0 && plane < 3 && frame->slot >= 0 && frame->slot < VT_RING_FRAMES);
    return reader->map + WRITER_BYTES + READER_BYTES + (size_t)frame->slot * reader->slot_bytes +
           frame->offset[plane];
}

void vt_ring_release(struct vt_ring_reader *reader, int slot)
{
    int before = atomic_fetch_sub_explicit(&reader->held[slot], 1, memory_order_acq_rel);
    assert(before > 0);
    (void)before;
    atomic_fetch_add_explicit(&reader->own->released[slot], 1, memory_order_release);
    reader_leave(reader);
}

// Makes the next run the current one: 1, 0: there is none, or -EBADMSG.
static int next_run(struct vt_ring_reader *reader)
{
    uint64_t waiting = atomic_load_explicit(&reader->page->runs_written, memory_order_acquire) - reader->runs_read;
    if (waiting == 0)
        return 0;
    const _Atomic uint64_t *from = reader->page->runs[reader->runs_read % VT_RING_RUNS];
    int64_t pts_ns = (int64_t)atomic_load_explicit(&from[0], memory_order_relaxed);
    int64_t count = (int64_t)atomic_load_explicit(&from[1], memory_order_relaxed);
    if (waiting > VT_RING_RUNS || !run_valid(pts_ns, count, &reader->progress))
        return -EBADMSG;
    reader->progress.samples_began = true;
    reader->progress.samples_ns = pts_ns;
    reader->run_ns = pts_ns;
    reader->run_count = (int)count;
    reader->run_given = 0;
    return 1;
}

// A copy without what would upset an encoder.
static void copy_samples(float *out, const float *from, int count)
{
    memcpy(out, from, (size_t)count * 2 * sizeof(float));
    for (int i = 0; i < 2 * count; i++)
        if (!(fabsf(out[i]) <= VT_RING_PEAK))
            out[i] = 0;
}

int vt_ring_get_samples(struct vt_ring_reader *reader, struct vt_ring_samples *ret, float *out, int room)
{
    assert(room > 0);
    if (reader->run_given == reader->run_count) {
        int next = next_run(reader);
        if (next <= 0)
            return next;
    }
    int left = reader->run_count - reader->run_given, count = left < room ? left : room;
    int first = until_wrap(reader->samples_read, count);
    copy_samples(out, samples_at(reader->map, reader->slot_bytes, reader->samples_read), first);
    copy_samples(out + 2 * first, samples_at(reader->map, reader->slot_bytes, 0), count - first);

    ret->pts_ns = reader->run_ns + reader->run_given * INT64_C(1000000000) / 48000;
    ret->count = count;
    reader->run_given += count;
    reader->samples_read += (uint64_t)count;
    atomic_store_explicit(&reader->own->samples_read, reader->samples_read, memory_order_release);
    if (reader->run_given == reader->run_count)
        atomic_store_explicit(&reader->own->runs_read, ++reader->runs_read, memory_order_release);
    return count;
}
