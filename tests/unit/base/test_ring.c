#include "base/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"

#define WIDTH  64
#define HEIGHT 36

static struct vt_ring_writer *writer;
static struct vt_ring_reader *reader;

static struct vt_ring_frame plain_frame(int slot, int64_t pts_ns)
{
    struct vt_ring_frame frame = {.slot = slot, .sar_num = 1, .sar_den = 1, .pts_ns = pts_ns};
    vt_ring_layout(&frame, WIDTH, HEIGHT);
    return frame;
}

static void open_ring(void)
{
    struct vt_ring_frame frame;
    REQUIRE_INT(vt_ring_writer_new(&writer, vt_ring_layout(&frame, WIDTH, HEIGHT)), 0);
    REQUIRE_INT(vt_ring_reader_new(&reader, dup(vt_ring_writer_fd(writer))), 0);
}

static void close_ring(void)
{
    vt_ring_writer_free(&writer);
    vt_ring_reader_free(&reader);
}

// Gets a slot, fills it with `value`, publishes it.
static int put(int64_t pts_ns, int value)
{
    int slot = vt_ring_slot_get(writer);
    if (slot < 0)
        return slot;
    struct vt_ring_frame frame = plain_frame(slot, pts_ns);
    memset(vt_ring_slot_data(writer, slot), value, WIDTH * HEIGHT);
    int result = vt_ring_put_frame(writer, &frame);
    vt_ring_slot_unref(writer, slot);
    return result;
}

TEST(a_frame_comes_out_as_it_went_in)
{
    open_ring();
    int slot = vt_ring_slot_get(writer);
    struct vt_ring_frame in = plain_frame(slot, -40000000), out;
    in.colour = (struct vt_colour){9, 16, 9, 1, 3};
    in.sar_num = 4, in.sar_den = 3;
    in.duration_ns = 33333333;
    in.key = true;
    for (int i = 0; i < 3; i++)
        vt_ring_slot_data(writer, slot)[in.offset[i]] = (uint8_t)(0x10 + i);
    REQUIRE_INT(vt_ring_put_frame(writer, &in), 0);
    vt_ring_slot_unref(writer, slot);

    REQUIRE_INT(vt_ring_get_frame(reader, &out), 1);
    REQUIRE_INT(memcmp(&in.offset, &out.offset, sizeof in.offset), 0);
    REQUIRE_INT(memcmp(&in.stride, &out.stride, sizeof in.stride), 0);
    REQUIRE_INT(memcmp(&in.colour, &out.colour, sizeof in.colour), 0);
    REQUIRE(out.slot == slot && out.width == WIDTH && out.height == HEIGHT && out.sar_num == 4 && out.sar_den == 3);
    REQUIRE(out.pts_ns == -40000000 && out.duration_ns == 33333333 && out.key);
    for (int i = 0; i < 3; i++)
        REQUIRE_INT(vt_ring_frame_plane(reader, &out, i)[0], 0x10 + i);
    REQUIRE_INT(vt_ring_get_frame(reader, &out), 0);
    vt_ring_release(reader, slot);
    close_ring();
}

TEST(a_held_slot_is_not_written_again)
{
    open_ring();
    REQUIRE_INT(put(0, 1), 0);
    struct vt_ring_frame held;
    REQUIRE_INT(vt_ring_get_frame(reader, &held), 1);
    int taken[VT_RING_FRAMES];
    for (int i = 0; i < VT_RING_FRAMES - 1; i++) {
        taken[i] = vt_ring_slot_get(writer);
        REQUIRE(taken[i] >= 0 && taken[i] != held.slot);
    }
    REQUIRE_INT(vt_ring_slot_get(writer), -EAGAIN);
    vt_ring_release(reader, held.slot);
    REQUIRE_INT(vt_ring_slot_get(writer), held.slot);
    REQUIRE_INT(vt_ring_slot_get(writer), -EAGAIN);
    vt_ring_slot_unref(writer, held.slot);
    for (int i = 0; i < VT_RING_FRAMES - 1; i++)
        vt_ring_slot_unref(writer, taken[i]);
    close_ring();
}

TEST(a_reference_of_the_decoder_keeps_a_slot_too)
{
    open_ring();
    int slot = vt_ring_slot_get(writer);
    vt_ring_slot_ref(writer, slot);
    struct vt_ring_frame frame = plain_frame(slot, 0);
    REQUIRE_INT(vt_ring_put_frame(writer, &frame), 0);
    vt_ring_slot_unref(writer, slot);
    REQUIRE_INT(vt_ring_get_frame(reader, &frame), 1);
    vt_ring_release(reader, slot);
    int other = vt_ring_slot_get(writer);
    REQUIRE(other != slot);
    vt_ring_slot_unref(writer, slot);
    REQUIRE_INT(vt_ring_slot_get(writer), slot);
    vt_ring_slot_unref(writer, slot);
    vt_ring_slot_unref(writer, other);
    close_ring();
}

TEST(a_reader_that_is_away_fills_the_ring_and_no_more)
{
    open_ring();
    int put_count = 0, error;
    while ((error = put(put_count, put_count)) == 0)
        put_count++;
    REQUIRE_INT(error, -EAGAIN);
    REQUIRE_INT(put_count, VT_RING_FRAMES);
    struct vt_ring_frame frame;
    for (int i = 0; i < put_count; i++) {
        REQUIRE_INT(vt_ring_get_frame(reader, &frame), 1);
        REQUIRE_INT(frame.pts_ns, i);
        REQUIRE_INT(vt_ring_frame_plane(reader, &frame, 0)[17], i);
        vt_ring_release(reader, frame.slot);
    }
    REQUIRE_INT(put(1000, 0), 0);
    close_ring();
}

TEST(what_is_held_outlives_both_sides)
{
    open_ring();
    int kept = vt_ring_slot_get(writer);
    REQUIRE_INT(put(0, 77), 0);
    struct vt_ring_frame frame;
    REQUIRE_INT(vt_ring_get_frame(reader, &frame), 1);
    struct vt_ring_writer *old_writer = writer;
    struct vt_ring_reader *old_reader = reader;
    close_ring();
    vt_ring_slot_data(old_writer, kept)[0] = 1;
    REQUIRE_INT(vt_ring_frame_plane(old_reader, &frame, 0)[WIDTH * HEIGHT - 1], 77);
    vt_ring_release(old_reader, frame.slot);
    vt_ring_slot_unref(old_writer, kept);
}

TEST(samples_wrap_around_in_order)
{
    open_ring();
    enum { RUN = 1500, TOTAL = VT_RING_SAMPLES + 10 * RUN };
    float in[2 * RUN], out[2 * 1000];
    int written = 0, read = 0;
    while (written < TOTAL) {
        for (int i = 0; i < RUN; i++)
            in[2 * i] = (float)((written + i) % 1000) / 1000, in[2 * i + 1] = -in[2 * i];
        REQUIRE_INT(vt_ring_put_samples(writer, written * INT64_C(1000000000) / 48000, in, RUN), 0);
        written += RUN;
        struct vt_ring_samples run;
        for (int count; (count = vt_ring_get_samples(reader, &run, out, 1000)) > 0; read += count) {
            REQUIRE_INT(count, run.count);
            REQUIRE_NEAR(run.pts_ns, read * 1e9 / 48000, 2);
            for (int i = 0; i < count; i++)
                REQUIRE(out[2 * i] == (float)((read + i) % 1000) / 1000 && out[2 * i + 1] == -out[2 * i]);
        }
    }
    REQUIRE_INT(read, written);
    close_ring();
}

TEST(samples_have_room_for_four_seconds_and_256_runs)
{
    static float silence[2 * 1024];
    open_ring();
    int runs = 0;
    while (vt_ring_put_samples(writer, runs, silence, 1024) == 0)
        runs++;
    REQUIRE_INT(runs, VT_RING_SAMPLES / 1024);
    close_ring();
    open_ring();
    for (runs = 0; vt_ring_put_samples(writer, runs, silence, 1) == 0;)
        runs++;
    REQUIRE_INT(runs, VT_RING_RUNS);
    close_ring();
}

TEST(loud_and_undefined_samples_become_silence)
{
    open_ring();
    float in[] = {NAN, 0.5f, INFINITY, -INFINITY, VT_RING_PEAK, -VT_RING_PEAK, VT_RING_PEAK * 1.01f, -1e30f}, out[8];
    REQUIRE_INT(vt_ring_put_samples(writer, 0, in, 4), 0);
    struct vt_ring_samples run;
    REQUIRE_INT(vt_ring_get_samples(reader, &run, out, 4), 4);
    float expected[] = {0, 0.5f, 0, 0, VT_RING_PEAK, -VT_RING_PEAK, 0, 0};
    REQUIRE_INT(memcmp(out, expected, sizeof out), 0);
    close_ring();
}

TEST(limits_hold_at_the_limit_and_one_past_it)
{
    struct vt_ring_frame frame;
    REQUIRE(vt_ring_layout(&frame, 4096, 2304) > 0);
    REQUIRE(vt_ring_layout(&frame, 2304, 4096) > 0);
    REQUIRE_INT(vt_ring_layout(&frame, 4096, 2305), 0);
    REQUIRE_INT(vt_ring_layout(&frame, VT_RING_WIDTH_MAX + 1, 16), 0);
    REQUIRE_INT(vt_ring_layout(&frame, 16, VT_RING_HEIGHT_MAX + 1), 0);
    REQUIRE_INT(vt_ring_layout(&frame, 0, 16), 0);
    struct vt_ring_writer *none = NULL;
    REQUIRE_INT(vt_ring_writer_new(&none, 0), -EINVAL);
    REQUIRE_INT(vt_ring_writer_new(&none, (size_t)(VT_RING_BYTES_MAX / VT_RING_FRAMES)), -EINVAL);
    REQUIRE(none == NULL);

    open_ring();
    static float samples[2 * (VT_RING_RUN_MAX + 1)];
    REQUIRE_INT(vt_ring_put_samples(writer, 0, samples, VT_RING_RUN_MAX + 1), -EINVAL);
    REQUIRE_INT(vt_ring_put_samples(writer, 0, samples, 0), -EINVAL);
    REQUIRE_INT(vt_ring_put_samples(writer, 0, samples, VT_RING_RUN_MAX), 0);
    REQUIRE_INT(vt_ring_put_samples(writer, VT_RING_JUMP_MAX + 1, samples, 1), -EINVAL);
    REQUIRE_INT(vt_ring_put_samples(writer, VT_RING_JUMP_MAX, samples, 1), 0);
    REQUIRE_INT(put(-VT_RING_TIME_MAX - 1, 0), -EINVAL);
    REQUIRE_INT(put(5, 0), 0);
    REQUIRE_INT(put(5, 0), -EINVAL);
    close_ring();
}

// Every way in which one field of a frame can lie is refused by the side that checks.
TEST(frames_that_lie_are_refused)
{
    open_ring();
    int slot = vt_ring_slot_get(writer);
    size_t room = vt_ring_slot_bytes(writer);
    struct vt_ring_frame good = plain_frame(slot, 0), bad[16];
    int n = 0;
#define LIE(change) (bad[n] = good, bad[n].change, n++)
    LIE(slot = -1);
    LIE(slot = VT_RING_FRAMES);
    LIE(width = good.stride[0] + 1);
    LIE(height = (int)(room / (size_t)good.stride[0]) + 1);
    LIE(stride[1] = 0);
    LIE(stride[2] = -good.stride[2]);
    LIE(stride[0] = INT32_MAX - 31);
    LIE(stride[0] = good.stride[0] + 1);
    LIE(offset[0] = 1);
    LIE(offset[2] = (uint32_t)room);
    LIE(offset[1] = UINT32_MAX - 31);
    LIE(sar_num = 0);
    LIE(sar_num = 17);
    LIE(colour.chroma_site = 4);
    LIE(duration_ns = -1);
    LIE(pts_ns = INT64_MIN);
    for (int i = 0; i < n; i++)
        REQUIRE_INT(vt_ring_put_frame(writer, &bad[i]), -EINVAL);
    REQUIRE_INT(vt_ring_put_frame(writer, &good), 0);
    vt_ring_slot_unref(writer, slot);
    close_ring();
}

TEST(a_header_that_lies_is_refused_before_it_is_mapped)
{
    open_ring();
    uint64_t header[2], bad;
    REQUIRE(pread(vt_ring_writer_fd(writer), header, sizeof header, 0) == sizeof header);
    uint64_t sizes[] = {0, header[1] + 1, header[1] + 4096, UINT64_MAX, UINT64_MAX - 4095, UINT64_C(1) << 59};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        REQUIRE(pwrite(vt_ring_writer_fd(writer), &sizes[i], 8, 8) == 8);
        struct vt_ring_reader *none = NULL;
        REQUIRE_INT(vt_ring_reader_new(&none, dup(vt_ring_writer_fd(writer))), -EBADMSG);
    }
    REQUIRE(pwrite(vt_ring_writer_fd(writer), &header[1], 8, 8) == 8);
    bad = header[0] + 1;
    REQUIRE(pwrite(vt_ring_writer_fd(writer), &bad, 8, 0) == 8);
    struct vt_ring_reader *none = NULL;
    REQUIRE_INT(vt_ring_reader_new(&none, dup(vt_ring_writer_fd(writer))), -EBADMSG);
    close_ring();
}

TEST(a_memfd_that_may_shrink_is_refused)
{
    open_ring();
    int unsealed = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    char page[4096];
    off_t end = lseek(vt_ring_writer_fd(writer), 0, SEEK_END);
    REQUIRE(pread(vt_ring_writer_fd(writer), page, sizeof page, 0) == sizeof page);
    REQUIRE(ftruncate(unsealed, end) == 0 && pwrite(unsealed, page, sizeof page, 0) == sizeof page);
    struct vt_ring_reader *none = NULL;
    REQUIRE_INT(vt_ring_reader_new(&none, dup(unsealed)), -EBADMSG);
    REQUIRE_INT(fcntl(unsealed, F_ADD_SEALS, F_SEAL_SHRINK), 0);
    REQUIRE_INT(vt_ring_reader_new(&none, dup(unsealed)), -EBADMSG);
    REQUIRE_INT(fcntl(unsealed, F_ADD_SEALS, F_SEAL_GROW), 0);
    REQUIRE_INT(vt_ring_reader_new(&none, unsealed), 0);
    vt_ring_reader_free(&none);
    REQUIRE(ftruncate(vt_ring_writer_fd(writer), end - 4096) < 0);
    close_ring();
}

TEST(an_index_that_runs_ahead_is_refused)
{
    open_ring();
    REQUIRE_INT(put(0, 0), 0);
    uint8_t *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, vt_ring_writer_fd(writer), 0);
    REQUIRE(map != MAP_FAILED);
    uint64_t ahead = VT_RING_QUEUE + 1;
    memcpy(map + 64, &ahead, sizeof ahead);
    struct vt_ring_frame frame;
    REQUIRE_INT(vt_ring_get_frame(reader, &frame), -EBADMSG);
    ahead = VT_RING_RUNS + 1;
    memcpy(map + 128, &ahead, sizeof ahead);
    struct vt_ring_samples run;
    float out[2];
    REQUIRE_INT(vt_ring_get_samples(reader, &run, out, 1), -EBADMSG);
    munmap(map, 4096);
    close_ring();
}

enum { MANY = 3000 };

// Fills every slot with its number, as fast as the reader lets it.
static void *write_many(void *unused)
{
    float samples[2 * 480];
    for (int i = 0; i < MANY;) {
        for (int j = 0; j < 480; j++)
            samples[2 * j] = samples[2 * j + 1] = (float)(i % 100) / 100;
        while (vt_ring_put_samples(writer, i * INT64_C(10000000), samples, 480) == -EAGAIN)
            sched_yield();
        while (put(i, i % 251) == -EAGAIN)
            sched_yield();
        i++;
    }
    return NULL;
}

TEST(two_threads_never_see_half_a_frame)
{
    open_ring();
    pthread_t thread;
    REQUIRE_INT(pthread_create(&thread, NULL, write_many, NULL), 0);
    int frames = 0, samples = 0, torn = 0;
    struct vt_ring_frame held[8];
    while (frames < MANY || samples < MANY * 480) {
        struct vt_ring_frame frame;
        struct vt_ring_samples run;
        float out[2 * 333];
        int got = vt_ring_get_frame(reader, &frame), count = vt_ring_get_samples(reader, &run, out, 333);
        for (int i = 0; i < count; i++, samples++)
            torn += out[2 * i] != (float)(samples / 480 % 100) / 100;
        if (got == 1) {
            const uint8_t *plane = vt_ring_frame_plane(reader, &frame, 0);
            for (int i = 0; i < WIDTH * HEIGHT; i += 61)
                torn += plane[i] != frame.pts_ns % 251;
            torn += frame.pts_ns != frames;
            if (frames >= 8) {
                const struct vt_ring_frame *old = &held[frames % 8];
                torn += vt_ring_frame_plane(reader, old, 0)[5] != old->pts_ns % 251;
                vt_ring_release(reader, old->slot);
            }
            held[frames++ % 8] = frame;
        }
        if (got <= 0 && count <= 0)
            sched_yield();
        if (got < 0 || count < 0)
            break;
    }
    pthread_join(thread, NULL);
    for (int i = 0; i < 8; i++)
        vt_ring_release(reader, held[i].slot);
    close_ring();
    REQUIRE_INT(frames, MANY);
    REQUIRE_INT(samples, MANY * 480);
    REQUIRE_INT(torn, 0);
}

int main(void)
{
    RUN(a_frame_comes_out_as_it_went_in);
    RUN(a_held_slot_is_not_written_again);
    RUN(a_reference_of_the_decoder_keeps_a_slot_too);
    RUN(a_reader_that_is_away_fills_the_ring_and_no_more);
    RUN(what_is_held_outlives_both_sides);
    RUN(samples_wrap_around_in_order);
    RUN(samples_have_room_for_four_seconds_and_256_runs);
    RUN(loud_and_undefined_samples_become_silence);
    RUN(limits_hold_at_the_limit_and_one_past_it);
    RUN(frames_that_lie_are_refused);
    RUN(a_header_that_lies_is_refused_before_it_is_mapped);
    RUN(a_memfd_that_may_shrink_is_refused);
    RUN(an_index_that_runs_ahead_is_refused);
    RUN(two_threads_never_see_half_a_frame);
    return DONE();
}
