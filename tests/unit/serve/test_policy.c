#include "ingest/srt_keys.h"
#include "serve/policy.h"

#include <errno.h>

#include "check.h"

static struct vt_policy *policy;

// The channel that a key names at a time, or -1.
static int at(const char *key, int64_t now_s)
{
    struct vt_permit permit;
    return vt_policy_find(policy, key, now_s, &permit) < 0 ? -1 : permit.channel;
}

static int channel_of(const char *key)
{
    return at(key, 1000);
}

static void start(void)
{
    static struct vt_channel channels[3];
    static char hash[] = "sha256:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";    // "secret"
    static char upper[] = "sha256:5E884898DA28047151D0E56F8DC6292773603D0D6AABBDD62A11EF721D1542D8";   // "password"
    static char plain[] = "demo-key", second[] = "second";
    channels[0] = (struct vt_channel){.name = "a", .keys = {plain, second}, .n_keys = 2};
    channels[1] = (struct vt_channel){.name = "b"};
    channels[2] = (struct vt_channel){.name = "c", .keys = {hash, upper}, .n_keys = 2};
    vt_policy_free(&policy);
    REQUIRE_INT(vt_policy_new(&policy, channels, 3), 0);
}

TEST(keys_name_their_channels)
{
    start();
    REQUIRE_INT(channel_of("demo-key"), 0);
    REQUIRE_INT(channel_of("second"), 0);
    REQUIRE_INT(channel_of("secret"), 2);
    REQUIRE_INT(channel_of("password"), 2);
}

TEST(anything_else_names_none)
{
    start();
    REQUIRE_INT(channel_of(""), -1);
    REQUIRE_INT(channel_of("demo-ke"), -1);
    REQUIRE_INT(channel_of("demo-key2"), -1);
    REQUIRE_INT(channel_of("Demo-key"), -1);
    REQUIRE_INT(channel_of("sha256:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"), -1);
}

TEST(no_channels_no_keys)
{
    vt_policy_free(&policy);
    REQUIRE_INT(vt_policy_new(&policy, NULL, 0), 0);
    REQUIRE_INT(channel_of(""), -1);
}

#define SECRET   "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"
#define PASSWORD "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8"

static int set(int channel, const char *keys)
{
    json_t *list = json_loads(keys, 0, NULL);
    REQUIRE(list != NULL);
    int error = vt_policy_set_made(policy, channel, list);
    json_decref(list);
    return error;
}

static void without_hashes(void)
{
    static struct vt_channel channels[2];
    static char plain[] = "demo-key";
    channels[0] = (struct vt_channel){.name = "a", .keys = {plain}, .n_keys = 1};
    channels[1] = (struct vt_channel){.name = "b"};
    vt_policy_free(&policy);
    REQUIRE_INT(vt_policy_new(&policy, channels, 2), 0);
}

TEST(made_keys_come_and_go)
{
    without_hashes();
    REQUIRE_INT(channel_of("secret"), -1);
    REQUIRE_INT(set(1, "[{\"sha256\": \"" SECRET "\"}, {\"sha256\": \"" PASSWORD "\"}]"), 0);
    REQUIRE_INT(channel_of("secret"), 1);
    REQUIRE_INT(channel_of("password"), 1);
    REQUIRE_INT(channel_of("demo-key"), 0);
    REQUIRE_INT(set(1, "[{\"sha256\": \"" PASSWORD "\"}]"), 0);
    REQUIRE_INT(channel_of("secret"), -1);
    REQUIRE_INT(channel_of("password"), 1);
    REQUIRE_INT(set(1, "[]"), 0);
    REQUIRE_INT(channel_of("password"), -1);
    REQUIRE_INT(channel_of("demo-key"), 0);
}

TEST(made_keys_have_their_time)
{
    without_hashes();
    REQUIRE_INT(set(1, "[{\"sha256\": \"" SECRET "\", \"not_before\": 500, \"not_after\": 900}]"), 0);
    REQUIRE_INT(at("secret", 499), -1);
    REQUIRE_INT(at("secret", 500), 1);
    REQUIRE_INT(at("secret", 899), 1);
    REQUIRE_INT(at("secret", 900), -1);
}

TEST(configured_keys_rank_by_their_place_and_before_made_ones)
{
    start();
    REQUIRE_INT(set(0, "[{\"sha256\": \"" SECRET "\"}]"), 0);
    struct vt_permit first, second, made;
    REQUIRE_INT(vt_policy_find(policy, "demo-key", 0, &first), 0);
    REQUIRE_INT(vt_policy_find(policy, "second", 0, &second), 0);
    REQUIRE(first.rank < second.rank && first.key != second.key);
    without_hashes();
    REQUIRE_INT(set(0, "[{\"sha256\": \"" SECRET "\"}]"), 0);
    REQUIRE_INT(vt_policy_find(policy, "secret", 0, &made), 0);
    REQUIRE(made.rank > second.rank);
}

TEST(a_list_that_is_none_changes_nothing)
{
    without_hashes();
    REQUIRE_INT(set(1, "[{\"sha256\": \"" SECRET "\"}]"), 0);
    REQUIRE_INT(set(1, "{}"), -EINVAL);
    REQUIRE_INT(set(1, "[{\"sha256\": \"12\"}]"), -EINVAL);
    REQUIRE_INT(set(1, "[7]"), -EINVAL);
    REQUIRE_INT(set(1, "[{\"sha256\": \"" SECRET "\"}, {}]"), -EINVAL);
    REQUIRE_INT(channel_of("secret"), 1);
    json_t *list = json_array();
    for (int i = 0; i < VT_MADE_KEYS_MAX; i++)
        json_array_append_new(list, json_pack("{s:s}", "sha256", PASSWORD));
    REQUIRE_INT(vt_policy_set_made(policy, 1, list), 0);
    REQUIRE_INT(vt_policy_set_made(policy, 0, list), 0);
    REQUIRE_INT(channel_of("password"), 1);
    json_array_append_new(list, json_pack("{s:s}", "sha256", PASSWORD));
    REQUIRE_INT(vt_policy_set_made(policy, 1, list), -EINVAL);
    json_decref(list);
}

static struct vt_channel one(const char *name, char *key)
{
    struct vt_channel channel = {.keys = {key}, .n_keys = 1};
    vt_name_copy(channel.name, name);
    return channel;
}

TEST(channels_come_change_and_go)
{
    start();
    static char fresh[] = "fresh", other[] = "other";
    struct vt_channel first = one("d", fresh), second = one("d", other);
    json_t *made = json_pack("[{s:s}]", "sha256", "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d9");
    vt_policy_set_channel(policy, 3, &first);
    REQUIRE_INT(channel_of("fresh"), 3);
    REQUIRE_INT(vt_policy_set_made(policy, 3, made), 0);
    json_t *all = vt_policy_srt_keys(policy, 3, &first, 0);
    REQUIRE_INT(json_array_size(json_object_get(all, "keys")), 2);
    json_decref(all);
    vt_policy_set_channel(policy, 3, &second);                   // the API's own keys stay
    all = vt_policy_srt_keys(policy, 3, &second, 0);
    REQUIRE_INT(json_array_size(json_object_get(all, "keys")), 2);
    json_decref(all);
    REQUIRE_INT(channel_of("fresh"), -1);
    REQUIRE_INT(channel_of("other"), 3);
    vt_policy_forget(policy, 3);
    REQUIRE_INT(channel_of("other"), -1);
    all = vt_policy_srt_keys(policy, 3, &second, 0);
    REQUIRE_INT(json_array_size(json_object_get(all, "keys")), 0);
    json_decref(all);
    REQUIRE_INT(channel_of("demo-key"), 0);
    json_decref(made);
}

// Seconds, and how many keys of channel 3 gate srt knows then; `next` is when that changes.
static void require_keys(const struct vt_channel *channel, int64_t now_s, int count, int64_t next_s)
{
    json_t *all = vt_policy_srt_keys(policy, 3, channel, now_s);
    REQUIRE_INT(json_array_size(json_object_get(all, "keys")), count);
    REQUIRE_INT(vt_policy_next_s(policy, now_s), next_s);
    json_decref(all);
}

#define GATE_KEYS_BYTES 8192                 // as base/message.def has it
#define KEY_BYTES       67                   // a hash in quotes, and a comma

// A full channel's message must be one that gate srt takes.
TEST(gate_srt_has_from_where_a_channel_takes_encoders)
{
    start();
    static char key[] = "fixed", passphrase[] = "a passphrase";
    static struct vt_srt_keys known;
    struct vt_channel channel = one("d", key);
    channel.srt_passphrase = passphrase;
    for (channel.accept.n_addresses = 0; channel.accept.n_addresses < VT_ACCEPT_MAX; channel.accept.n_addresses++)
        REQUIRE_INT(vt_network_parse("2001:db8:1000:1000:1000:1000:1000:1000/127",
                                     &channel.accept.addresses[channel.accept.n_addresses]), 0);
    vt_policy_set_channel(policy, 3, &channel);
    json_t *all = vt_policy_srt_keys(policy, 3, &channel, 0);
    REQUIRE_INT(vt_srt_keys_put(&known, all), 0);
    REQUIRE_INT(known.channels[0].n_accept, VT_ACCEPT_MAX);
    REQUIRE_INT(known.channels[0].accept[0].bits, 127);
    char *text = json_dumps(all, 0);
    REQUIRE(strlen(text) + (VT_SRT_KEYS - 1) * KEY_BYTES + 6 * VT_SRT_PASSPHRASE_MAX < GATE_KEYS_BYTES);
    free(text);
    json_decref(all);
}

// Two keys that overlap, so that they can be rotated.
TEST(gate_srt_has_the_keys_whose_time_it_is)
{
    start();
    static char old[] = "0000000000000000000000000000000000000000000000000000000000000001",
                fresh[] = "0000000000000000000000000000000000000000000000000000000000000002", fixed[] = "fixed";
    struct vt_channel channel = one("d", fixed);
    vt_policy_set_channel(policy, 3, &channel);
    json_t *made = json_pack("[{s:s, s:i}, {s:s, s:i, s:i}]", "sha256", old, "not_after", 200, "sha256", fresh, "not_before",
                             100, "not_after", 300);
    REQUIRE_INT(vt_policy_set_made(policy, 3, made), 0);
    require_keys(&channel, 99, 2, 100);
    require_keys(&channel, 100, 3, 200);
    require_keys(&channel, 199, 3, 200);
    require_keys(&channel, 200, 2, 300);
    require_keys(&channel, 299, 2, 300);
    require_keys(&channel, 300, 1, INT64_MAX);
    json_decref(made);
}

TEST(a_key_names_one_channel)
{
    start();
    static char plain[] = "demo-key", hash[] = "sha256:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b", fresh[] = "fresh";
    struct vt_channel same = one("d", plain), hashed = one("d", hash), another = one("d", fresh);
    REQUIRE(vt_policy_taken(policy, -1, &same));
    REQUIRE(vt_policy_taken(policy, 3, &hashed));
    REQUIRE(!vt_policy_taken(policy, 2, &hashed));               // its own
    REQUIRE(!vt_policy_taken(policy, -1, &another));
}

int main(void)
{
    RUN(keys_name_their_channels);
    RUN(anything_else_names_none);
    RUN(no_channels_no_keys);
    RUN(made_keys_come_and_go);
    RUN(made_keys_have_their_time);
    RUN(configured_keys_rank_by_their_place_and_before_made_ones);
    RUN(a_list_that_is_none_changes_nothing);
    RUN(channels_come_change_and_go);
    RUN(gate_srt_has_from_where_a_channel_takes_encoders);
    RUN(gate_srt_has_the_keys_whose_time_it_is);
    RUN(a_key_names_one_channel);
    vt_policy_free(&policy);
    return DONE();
}
