// From where a channel takes encoders, and how much of them, as its configuration says.
#include "channel_yaml.h"

static bool comes_from(const char *address)
{
    return vt_accept_from(&channel.accept, address);
}

TEST(everything_from_everywhere_unless_it_is_said)
{
    static const char *const texts[] = {"", "accept:\n", "accept: {}\n", "accept: {addresses: []}\n"};
    for (int i = 0; i < 4; i++) {
        REQUIRE_INT(read_yaml(texts[i]), 0);
        REQUIRE(comes_from("192.0.2.1") && comes_from("2001:db8::1") && comes_from("unknown"));
        REQUIRE(!channel.accept.bitrate && !channel.accept.size.width && !channel.accept.fps.num && !channel.accept.keyframes_ns);
    }
}

TEST(reads_each_limit)
{
    REQUIRE_INT(read_yaml("accept: {addresses: [127.0.0.1], bitrate: 6M, size: 1280x720, fps: 29.97, keyframes: 10s}\n"), 0);
    REQUIRE_INT(channel.accept.bitrate, 6000000);
    REQUIRE_INT(channel.accept.size.width, 1280);
    REQUIRE_INT(channel.accept.size.height, 720);
    REQUIRE_INT(channel.accept.fps.num, 30000);
    REQUIRE_INT(channel.accept.keyframes_ns, 10 * VT_NS_PER_S);
}

TEST(addresses_and_networks_let_their_own_in)
{
    REQUIRE_INT(read_yaml("accept: {addresses: [192.0.2.7, 10.1.0.0/16, \"2001:db8::/32\", \"::ffff:198.51.100.0/120\"]}\n"), 0);
    REQUIRE(comes_from("192.0.2.7") && !comes_from("192.0.2.6") && !comes_from("192.0.2.8"));
    REQUIRE(comes_from("10.1.255.255") && !comes_from("10.2.0.0"));
    REQUIRE(comes_from("2001:db8:ffff::1") && !comes_from("2001:db9::1"));
    REQUIRE(comes_from("198.51.100.9") && comes_from("::ffff:198.51.100.9") && !comes_from("198.51.101.9"));
    REQUIRE(!comes_from("unknown") && !comes_from(""));
    REQUIRE_INT(read_yaml("accept: {addresses: [0.0.0.0/0]}\n"), 0);
    REQUIRE(comes_from("203.0.113.1") && !comes_from("2001:db8::1"));
    REQUIRE_INT(read_yaml("accept: {addresses: [203.0.113.1/32]}\n"), 0);
    REQUIRE(comes_from("203.0.113.1") && !comes_from("203.0.113.0"));
}

TEST(addresses_are_told_as_they_are_read)
{
    static const char *const told[] = {"192.0.2.7", "10.0.0.0/8", "0.0.0.0/0", "2001:db8::/32", "::/0", "::1", "198.51.100.0/24"};
    REQUIRE_INT(read_yaml("accept: {addresses: [192.0.2.7/32, 10.0.0.0/8, 0.0.0.0/0, \"2001:0db8::/32\", \"::/0\", \"::1\","
                          " \"::ffff:198.51.100.0/120\"]}\n"), 0);
    json_t *list = vt_accept_addresses(&channel.accept);
    REQUIRE_INT(json_array_size(list), 7);
    for (size_t i = 0; i < 7; i++)
        REQUIRE_TEXT(json_string_value(json_array_get(list, i)), told[i]);
    json_decref(list);
}

TEST(says_what_is_wrong_and_where)
{
    require_error("accept: {addresses: [10.0.0.0/33]}\n", 1, 22,
                  "must be an address or a network such as 10.0.0.0/8, is 10.0.0.0/33");
    require_error("accept:\n  addresses:\n    - 10.0.0.1\n    - home\n", 4, 7,
                  "must be an address or a network such as 10.0.0.0/8, is home");
    require_error("accept: {addresses: [\"::/129\"]}\n", 1, 22, "must be an address or a network such as 10.0.0.0/8, is ::/129");
    require_error("accept: {addresses: [[a]]}\n", 1, 22, "must be an address or a network such as 10.0.0.0/8, is empty");
    require_error("accept: {addresses: 10.0.0.1}\n", 1, 21, "addresses must be a list of at most 64");
    require_error("accept: {adresses: []}\n", 1, 10, "unknown key adresses: did you mean addresses?");
    require_error("accept: all\n", 1, 9, "accept must be a map of keys and values");
    require_error("accept: {bitrate: 999}\n", 1, 19, "bitrate must be 1k to 1000000k, is 999");
    require_error("accept: {size: 1280x15}\n", 1, 16, "size must have sides of 16 to 4096 pixels, is 1280x15");
    require_error("accept: {fps: 241}\n", 1, 15, "fps must be 1 to 240, is 241");
    require_error("accept: {keyframes: 61s}\n", 1, 21, "keyframes must be 1s to 60s, is 61s");
}

TEST(addresses_hold_at_their_limit)
{
    char text[2048] = "accept: {addresses: [10.0.0.0";
    for (int i = 1; i < VT_ACCEPT_MAX; i++)
        sprintf(text + strlen(text), ", 10.0.0.%d", i);
    strcat(text, "]}\n");
    REQUIRE_INT(read_yaml(text), 0);
    REQUIRE_INT(channel.accept.n_addresses, VT_ACCEPT_MAX);
    REQUIRE(comes_from("10.0.0.63") && !comes_from("10.0.0.64"));
    strcpy(text + strlen(text) - 3, ", 10.0.0.64]}\n");
    require_error(text, 1, 21, "addresses must be a list of at most 64");
}

TEST(a_studio_is_not_told_and_a_show_goes_on)
{
    REQUIRE_INT(read_yaml(""), 0);
    json_t *before = vt_channel_form(&channel);
    REQUIRE_INT(read_yaml("accept: {addresses: [10.0.0.1], size: 320x180}\n"), 0);
    json_t *after = vt_channel_form(&channel), *told = vt_channel_to_json(&channel);
    REQUIRE(json_equal(before, after));
    REQUIRE(!json_object_get(told, "accept"));
    json_decref(before);
    json_decref(after);
    json_decref(told);
}

int main(void)
{
    RUN(everything_from_everywhere_unless_it_is_said);
    RUN(reads_each_limit);
    RUN(addresses_and_networks_let_their_own_in);
    RUN(addresses_are_told_as_they_are_read);
    RUN(says_what_is_wrong_and_where);
    RUN(addresses_hold_at_their_limit);
    RUN(a_studio_is_not_told_and_a_show_goes_on);
    vt_channel_free(&channel);
    return DONE();
}
