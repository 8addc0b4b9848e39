#include "check.h"

#include <errno.h>

#include "ingest/amf0.h"

#define NEXT(bytes, ret) next(bytes, sizeof(bytes) - 1, ret)

static int next(const char *bytes, size_t size, struct vt_amf0_value *ret)
{
    struct vt_reader r = vt_reader(bytes, size);
    int error = vt_amf0_next(&r, ret);
    REQUIRE(error != 0 || r.left == 0);
    return error;
}

TEST(reads_every_type)
{
    struct vt_amf0_value v;
    REQUIRE_INT(NEXT("\0\x40\x59\0\0\0\0\0\0", &v), 0);
    REQUIRE(v.type == VT_AMF0_NUMBER && v.number == 100);
    REQUIRE_INT(NEXT("\1\1", &v), 0);
    REQUIRE(v.type == VT_AMF0_BOOLEAN && v.boolean);
    REQUIRE_INT(NEXT("\2\0\2ab", &v), 0);
    REQUIRE(vt_amf0_is(&v, "ab") && !vt_amf0_is(&v, "a"));
    REQUIRE_INT(NEXT("\x0c\0\0\0\2ab", &v), 0);
    REQUIRE(vt_amf0_is(&v, "ab"));
    REQUIRE_INT(NEXT("\x0f\0\0\0\0", &v), 0);
    REQUIRE(vt_amf0_is(&v, ""));
    REQUIRE_INT(NEXT("\5", &v), 0);
    REQUIRE_INT(v.type, VT_AMF0_NULL);
    REQUIRE_INT(NEXT("\6", &v), 0);
    REQUIRE_INT(v.type, VT_AMF0_NULL);
    REQUIRE_INT(NEXT("\x0b\x40\x59\0\0\0\0\0\0\0\0", &v), 0);
    REQUIRE(v.type == VT_AMF0_DATE && v.number == 100);
}

TEST(finds_members_whatever_the_count_says)
{
    struct vt_amf0_value v, member;
    REQUIRE_INT(NEXT("\x08\xff\xff\xff\xff\0\1a\5\0\3app\2\0\4live\0\0\x09", &v), 0);
    REQUIRE(vt_amf0_find(&v, "app", &member));
    REQUIRE(vt_amf0_is(&member, "live"));
    REQUIRE(!vt_amf0_find(&v, "ap", &member));
    REQUIRE(!vt_amf0_find(&member, "app", &member));
    REQUIRE_INT(NEXT("\3\0\0\5\0\0\x09", &v), 0);           // a member without a name is no end
    REQUIRE(vt_amf0_find(&v, "", &member));
}

TEST(walks_arrays)
{
    struct vt_amf0_value v, element;
    REQUIRE_INT(NEXT("\x0a\0\0\0\2\5\1\0", &v), 0);
    REQUIRE_INT(vt_amf0_next(&v.members, &element), 0);
    REQUIRE_INT(vt_amf0_next(&v.members, &element), 0);
    REQUIRE_INT(element.type, VT_AMF0_BOOLEAN);
    REQUIRE_INT(vt_amf0_next(&v.members, &element), -ENODATA);
}

TEST(refuses_what_is_cut_short_or_unknown)
{
    struct vt_amf0_value v = {.number = 7};
    REQUIRE_INT(NEXT("", &v), -ENODATA);
    REQUIRE_INT(NEXT("\0\x40", &v), -EBADMSG);
    REQUIRE_INT(NEXT("\2\0\5ab", &v), -EBADMSG);
    REQUIRE_INT(NEXT("\x0c\xff\xff\xff\xff" "a", &v), -EBADMSG);
    REQUIRE_INT(NEXT("\3\0\1a\5", &v), -EBADMSG);            // no end
    REQUIRE_INT(NEXT("\x0a\xff\xff\xff\xff\5\5", &v), -EBADMSG);
    REQUIRE_INT(NEXT("\4", &v), -EBADMSG);
    REQUIRE_INT(NEXT("\7\0\0", &v), -EBADMSG);
    REQUIRE_INT(NEXT("\x10\0\0\0\0\x09", &v), -EBADMSG);
    REQUIRE_INT(NEXT("\x11\1", &v), -EBADMSG);
    REQUIRE_INT(v.number, 7);
    struct vt_reader failed = {.failed = true};
    REQUIRE_INT(vt_amf0_next(&failed, &v), -EBADMSG);
}

static int nested(int depth, int kind)
{
    static const struct {
        const char *head;
        size_t size;
    } kinds[] = {{"\3\0\1a", 4}, {"\x08\0\0\0\0\0\1a", 8}, {"\x0a\0\0\0\1", 5}};
    struct vt_writer w = {0};
    struct vt_amf0_value v;
    for (int i = 0; i < depth; i++)
        vt_write_bytes(&w, kinds[kind].head, kinds[kind].size);
    vt_amf0_write_null(&w);
    for (int i = 0; i < depth && kind < 2; i++)
        vt_amf0_write_end(&w);
    int error = next((const char *)w.data, w.size, &v);
    vt_writer_free(&w);
    return error;
}

TEST(depth_is_bounded)
{
    for (int kind = 0; kind < 3; kind++) {
        REQUIRE_INT(nested(VT_AMF0_DEPTH_MAX, kind), 0);
        REQUIRE_INT(nested(VT_AMF0_DEPTH_MAX + 1, kind), -EBADMSG);
        REQUIRE_INT(nested(100000, kind), -EBADMSG);
    }
}

TEST(count_is_bounded)
{
    for (int more = 0; more < 2; more++) {
        struct vt_writer w = {0};
        struct vt_amf0_value v;
        int count = VT_AMF0_VALUES_MAX - 1 + more;           // and the array itself
        vt_write_u8(&w, 10);
        vt_write_u32be(&w, (uint32_t)count);
        for (int i = 0; i < count; i++)
            vt_amf0_write_null(&w);
        REQUIRE_INT(next((const char *)w.data, w.size, &v), more ? -EBADMSG : 0);
        vt_writer_free(&w);
    }
}

TEST(copies_only_text_that_fits)
{
    struct vt_amf0_value v;
    char out[4] = "old";
    REQUIRE_INT(NEXT("\2\0\4abcd", &v), 0);
    REQUIRE_INT(vt_amf0_copy(&v, out, sizeof out), -EMSGSIZE);
    REQUIRE_INT(NEXT("\2\0\2a\0", &v), 0);
    REQUIRE_INT(vt_amf0_copy(&v, out, sizeof out), -EINVAL);
    REQUIRE_INT(NEXT("\5", &v), 0);
    REQUIRE_INT(vt_amf0_copy(&v, out, sizeof out), -EINVAL);
    REQUIRE_TEXT(out, "old");
    REQUIRE_INT(NEXT("\2\0\3abc", &v), 0);
    REQUIRE_INT(vt_amf0_copy(&v, out, sizeof out), 0);
    REQUIRE_TEXT(out, "abc");
}

TEST(writes_byte_for_byte)
{
    struct vt_writer w = {0};
    vt_amf0_write_string(&w, "a");
    vt_amf0_write_number(&w, 1);
    vt_amf0_write_object(&w);
    vt_amf0_write_name(&w, "b");
    vt_amf0_write_boolean(&w, true);
    vt_amf0_write_end(&w);
    vt_amf0_write_null(&w);
    static const char expected[] = "\2\0\1a\0\x3f\xf0\0\0\0\0\0\0\3\0\1b\1\1\0\0\x09\5";
    REQUIRE_INT(w.size, sizeof expected - 1);
    REQUIRE(memcmp(w.data, expected, w.size) == 0);
    vt_writer_free(&w);
}

int main(void)
{
    RUN(reads_every_type);
    RUN(finds_members_whatever_the_count_says);
    RUN(walks_arrays);
    RUN(refuses_what_is_cut_short_or_unknown);
    RUN(depth_is_bounded);
    RUN(count_is_bounded);
    RUN(copies_only_text_that_fits);
    RUN(writes_byte_for_byte);
    return DONE();
}
