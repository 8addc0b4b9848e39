#include "check.h"

#include <errno.h>

#include "studio/avc.h"

static const uint8_t sets[] = {
    0, 0, 0, 1, 0x67, 100, 0, 31, 0xac, 0xd9,
    0, 0, 1, 0x68, 0xeb, 0xe3, 0xcb, 0,          // a trailing zero byte
    0, 0, 1, 0x06, 5, 1, 2, 0x80,
};

TEST(parameter_sets_become_avcc)
{
    static const uint8_t want[] = {
        1, 100, 0, 31, 0xff, 0xe1, 0, 6, 0x67, 100, 0, 31, 0xac, 0xd9, 1, 0, 4, 0x68, 0xeb, 0xe3, 0xcb,
        0xfd, 0xf8, 0xf8, 0,
    };
    uint8_t out[VT_AVC_CONFIG_MAX];
    REQUIRE_INT(vt_avc_config(out, sets, sizeof sets), sizeof want);
    REQUIRE(!memcmp(out, want, sizeof want));
    REQUIRE_INT(vt_avc_config(out, sets, 10), -EINVAL);
    REQUIRE_INT(vt_avc_config(out, sets + 10, sizeof sets - 10), -EINVAL);
    REQUIRE_INT(vt_avc_config(out, NULL, 0), -EINVAL);
}

TEST(parameter_sets_that_do_not_fit_are_refused)
{
    static uint8_t data[2 * VT_AVC_CONFIG_MAX], out[VT_AVC_CONFIG_MAX + 1];
    for (int size = VT_AVC_CONFIG_MAX - 40; size < VT_AVC_CONFIG_MAX + 40; size++) {
        size_t at = 0;
        memcpy(data, (uint8_t[]){0, 0, 1, 0x68, 0xeb, 0, 0, 1, 0x67, 100}, 10);
        for (at = 10; (int)at < size; at++)
            data[at] = 0x55;
        out[VT_AVC_CONFIG_MAX] = 0x77;
        int r = vt_avc_config(out, data, at);
        REQUIRE(r == -EMSGSIZE || (r > 0 && r <= VT_AVC_CONFIG_MAX));
        REQUIRE_INT(out[VT_AVC_CONFIG_MAX], 0x77);
        // 15 bytes stand around the two sets, which are all but 6 bytes of the data.
        REQUIRE_INT(r == -EMSGSIZE, size - 6 + 15 > VT_AVC_CONFIG_MAX);
    }
}

TEST(samples_have_lengths_and_no_parameter_sets)
{
    static const uint8_t unit[] = {
        0, 0, 0, 1, 9, 0x10, 0, 0, 0, 1, 0x67, 100, 0, 31, 0, 0, 0, 1, 0x68, 0xeb,
        0, 0, 1, 0x06, 5, 1, 0x80, 0, 0, 1, 0x65, 0x88, 0, 0, 3, 1, 0, 0, 1, 0x65, 0x11, 0, 0, 1, 12, 0xff,
    };
    static const uint8_t want[] = {0, 0, 0, 4, 0x06, 5, 1, 0x80, 0, 0, 0, 6, 0x65, 0x88, 0, 0, 3, 1, 0, 0, 0, 2, 0x65, 0x11};
    uint8_t out[128];
    REQUIRE(vt_avc_sample_room(sizeof unit) <= sizeof out);
    REQUIRE_INT(vt_avc_sample(out, unit, sizeof unit), sizeof want);
    REQUIRE(!memcmp(out, want, sizeof want));
    REQUIRE_INT(vt_avc_sample(out, unit, 3), 0);
    REQUIRE_INT(vt_avc_sample(out, NULL, 0), 0);
}

TEST(the_room_is_enough_for_the_shortest_units)
{
    // One byte after each start code of three: four bytes become five.
    uint8_t data[400], out[1000];
    for (size_t i = 0; i < sizeof data; i += 4)
        memcpy(data + i, (uint8_t[]){0, 0, 1, 0x41}, 4);
    for (size_t size = 0; size <= sizeof data; size++) {
        memset(out, 0x77, sizeof out);
        size_t written = vt_avc_sample(out, data, size), room = vt_avc_sample_room(size);
        REQUIRE_INT(written, size / 4 * 5);
        REQUIRE(written <= room);
        for (size_t i = room; i < sizeof out; i++)
            REQUIRE_INT(out[i], 0x77);
    }
}

int main(void)
{
    RUN(parameter_sets_become_avcc);
    RUN(parameter_sets_that_do_not_fit_are_refused);
    RUN(samples_have_lengths_and_no_parameter_sets);
    RUN(the_room_is_enough_for_the_shortest_units);
    return DONE();
}
