// A reader in front of a writer that scribbles over everything both of them map. Input: commands of ten bytes: what to
// do, where to write, and what.
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/ring.h"

#define MAPPED (5 * 4096)    // the writer's pages and the reader's
#define HOLD   8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct session {
    struct vt_ring_writer *writer;
    struct vt_ring_reader *reader;
    uint8_t *map;
    int64_t pts_ns;
    int held[HOLD], n_held;
    volatile unsigned sum;
};

static void look_at(struct session *s, const struct vt_ring_frame *frame)
{
    for (int i = 0; i < 3; i++) {
        const uint8_t *plane = vt_ring_frame_plane(s->reader, frame, i);
        int width = i ? (frame->width + 1) / 2 : frame->width, height = i ? (frame->height + 1) / 2 : frame->height;
        for (int y = 0; y < height; y++)
            s->sum += plane[(ptrdiff_t)y * frame->stride[i]] + plane[(ptrdiff_t)y * frame->stride[i] + width - 1];
    }
}

static void read_frames(struct session *s)
{
    struct vt_ring_frame frame;
    while (vt_ring_get_frame(s->reader, &frame) == 1) {
        look_at(s, &frame);
        if (s->n_held == HOLD)
            vt_ring_release(s->reader, s->held[--s->n_held]);
        s->held[s->n_held++] = frame.slot;
    }
}

static void read_samples(struct session *s)
{
    struct vt_ring_samples run;
    float out[2 * 700];
    int count;
    while ((count = vt_ring_get_samples(s->reader, &run, out, 700)) > 0)
        for (int i = 0; i < 2 * count; i++)
            if (!(out[i] >= -VT_RING_PEAK && out[i] <= VT_RING_PEAK))
                abort();
}

static void write_frame(struct session *s)
{
    int slot = vt_ring_slot_get(s->writer);
    if (slot < 0)
        return;
    struct vt_ring_frame frame = {.slot = slot, .sar_num = 1, .sar_den = 1, .pts_ns = s->pts_ns += 1000};
    vt_ring_layout(&frame, 64, 36);
    vt_ring_put_frame(s->writer, &frame);
    vt_ring_slot_unref(s->writer, slot);
}

static void step(struct session *s, const uint8_t *command)
{
    static const float noise[2 * 900] = {1e30f, -1e30f};
    unsigned at = (unsigned)(command[1] << 8 | command[2]) % (MAPPED - 8);
    switch (command[0] % 6) {
    case 0: memcpy(s->map + at, command + 2, 8); break;
    case 1: s->map[at] ^= command[3]; break;
    case 2: write_frame(s); break;
    case 3: vt_ring_put_samples(s->writer, s->pts_ns, noise, 1 + command[1] * 3); break;
    case 4: read_frames(s); break;
    case 5: read_samples(s); break;
    }
}

static void open_reader(struct session *s)
{
    struct vt_ring_reader *late = NULL;
    if (vt_ring_reader_new(&late, dup(vt_ring_writer_fd(s->writer))) < 0)
        return;
    struct vt_ring_frame frame;
    if (vt_ring_get_frame(late, &frame) == 1)
        vt_ring_release(late, frame.slot);
    vt_ring_reader_free(&late);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct session s = {0};
    if (vt_ring_writer_new(&s.writer, 4096) < 0)
        return 0;
    s.map = mmap(NULL, MAPPED, PROT_READ | PROT_WRITE, MAP_SHARED, vt_ring_writer_fd(s.writer), 0);
    if (s.map == MAP_FAILED || vt_ring_reader_new(&s.reader, dup(vt_ring_writer_fd(s.writer))) < 0)
        abort();
    for (; size >= 10; data += 10, size -= 10)
        step(&s, data);
    read_frames(&s);
    read_samples(&s);
    open_reader(&s);
    while (s.n_held > 0)
        vt_ring_release(s.reader, s.held[--s.n_held]);
    vt_ring_reader_free(&s.reader);
    vt_ring_writer_free(&s.writer);
    munmap(s.map, MAPPED);
    return 0;
}
