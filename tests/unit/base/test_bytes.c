#include "base/bytes.h"
#include "check.h"

TEST(reads_every_width)
{
    static const uint8_t data[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 1, 2, 3, 4, 5, 6, 7, 8,
                                   0x3f, 0xf8, 0, 0, 0, 0, 0, 0};
    struct vt_reader r = vt_reader(data, sizeof data);
    REQUIRE_INT(vt_read_u8(&r), 1);
    REQUIRE_INT(vt_read_u16be(&r), 0x0203);
    REQUIRE_INT(vt_read_u24be(&r), 0x040506);
    REQUIRE_INT(vt_read_u32be(&r), 0x0708090a);
    REQUIRE_INT(vt_read_u32le(&r), 0x0e0d0c0b);
    REQUIRE_INT(vt_read_u64be(&r), 0x0102030405060708);
    REQUIRE_NEAR(vt_read_f64be(&r), 1.5, 0);
    REQUIRE(!r.failed);
    REQUIRE_INT(r.left, 0);
}

TEST(one_byte_short_fails_for_good)
{
    static const uint8_t data[] = {1, 2, 3, 4, 5};
    struct vt_reader r = vt_reader(data, 3);
    REQUIRE_INT(vt_read_u32be(&r), 0);
    REQUIRE(r.failed);
    REQUIRE_INT(r.left, 3);
    REQUIRE_INT(vt_read_u8(&r), 0);
    REQUIRE(vt_read_bytes(&r, 0) == NULL);
}

TEST(takes_exactly_what_is_there)
{
    static const uint8_t data[] = {1, 2, 3};
    struct vt_reader r = vt_reader(data, 3);
    REQUIRE(vt_read_bytes(&r, 3) == data);
    REQUIRE(vt_read_bytes(&r, 0) != NULL);
    REQUIRE(!r.failed);
    REQUIRE(vt_read_bytes(&r, 1) == NULL);
    REQUIRE(r.failed);
}

TEST(huge_sizes_do_not_wrap)
{
    static const uint8_t data[] = {1, 2, 3};
    struct vt_reader r = vt_reader(data, 3);
    vt_read_u8(&r);
    vt_read_skip(&r, SIZE_MAX);
    REQUIRE(r.failed);
}

TEST(empty_reader_gives_a_place)
{
    struct vt_reader r = vt_reader(NULL, 0);
    REQUIRE(vt_read_bytes(&r, 0) != NULL);
    REQUIRE(!r.failed);
}

TEST(sub_reader_ends_at_its_end)
{
    static const uint8_t data[] = {1, 2, 3, 4};
    struct vt_reader r = vt_reader(data, 4), sub = vt_read_sub(&r, 2);
    REQUIRE_INT(vt_read_u16be(&sub), 0x0102);
    REQUIRE_INT(vt_read_u8(&sub), 0);
    REQUIRE(sub.failed && !r.failed);
    REQUIRE_INT(vt_read_u8(&r), 3);
    struct vt_reader long_sub = vt_read_sub(&r, 2);
    REQUIRE(long_sub.failed && r.failed);
    REQUIRE_INT(vt_read_u8(&long_sub), 0);
}

TEST(writes_what_is_read_back)
{
    struct vt_writer w = {0};
    vt_write_u8(&w, 1);
    vt_write_u16be(&w, 0x0203);
    vt_write_u24be(&w, 0x040506);
    vt_write_u32be(&w, 0x0708090a);
    vt_write_u32le(&w, 0x0b0c0d0e);
    vt_write_u64be(&w, UINT64_C(0x0102030405060708));
    vt_write_f64be(&w, -0.25);
    struct vt_reader r = vt_reader(w.data, w.size);
    REQUIRE_INT(vt_read_u8(&r), 1);
    REQUIRE_INT(vt_read_u16be(&r), 0x0203);
    REQUIRE_INT(vt_read_u24be(&r), 0x040506);
    REQUIRE_INT(vt_read_u32be(&r), 0x0708090a);
    REQUIRE_INT(vt_read_u32le(&r), 0x0b0c0d0e);
    REQUIRE_INT(vt_read_u64be(&r), 0x0102030405060708);
    REQUIRE_NEAR(vt_read_f64be(&r), -0.25, 0);
    REQUIRE_INT(r.left, 0);
    vt_writer_free(&w);
    REQUIRE(w.data == NULL && w.size == 0);
}

TEST(limit_holds_at_its_last_byte)
{
    struct vt_writer w = {.limit = 4};
    vt_write_u32be(&w, 7);
    REQUIRE(!w.failed);
    vt_write_bytes(&w, NULL, 0);
    REQUIRE(!w.failed);
    vt_write_u8(&w, 1);
    REQUIRE(w.failed);
    REQUIRE_INT(w.size, 4);
    vt_writer_free(&w);
}

TEST(formats_short_and_long)
{
    struct vt_writer w = {0};
    vt_write_format(&w, "%s-%d", "a", 7);
    REQUIRE_INT(w.size, 3);
    vt_write_format(&w, "%0700d", 1);
    REQUIRE_INT(w.size, 703);
    REQUIRE_INT(w.data[702], '1');
    vt_write_text(&w, "end");
    REQUIRE(!w.failed && memcmp(w.data + 703, "end", 3) == 0);
    vt_writer_free(&w);
}

TEST(patches_in_place)
{
    struct vt_writer w = {0};
    vt_write_u8(&w, 9);
    vt_write_u32be(&w, 0);
    vt_write_u8(&w, 8);
    vt_patch_u32be(&w, 1, 0x01020304);
    REQUIRE(memcmp(w.data, "\x09\x01\x02\x03\x04\x08", 6) == 0);
    vt_writer_free(&w);
}

int main(void)
{
    RUN(reads_every_width);
    RUN(one_byte_short_fails_for_good);
    RUN(takes_exactly_what_is_there);
    RUN(huge_sizes_do_not_wrap);
    RUN(empty_reader_gives_a_place);
    RUN(sub_reader_ends_at_its_end);
    RUN(writes_what_is_read_back);
    RUN(limit_holds_at_its_last_byte);
    RUN(formats_short_and_long);
    RUN(patches_in_place);
    return DONE();
}
