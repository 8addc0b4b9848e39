// What gate srt decides by: the packet filter, on UDP sockets of this machine, and the keys.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/sha.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "ingest/srt_filter.h"
#include "ingest/srt_keys.h"
#include "ingest/srt_refusals.h"

static int receiver, sender;

static void open_sockets(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof to;
    receiver = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sender = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    REQUIRE_INT(vt_srt_filter_attach(receiver), 0);
    REQUIRE_INT(bind(receiver, (struct sockaddr *)&to, sizeof to), 0);
    REQUIRE_INT(getsockname(receiver, (struct sockaddr *)&to, &size), 0);
    REQUIRE_INT(connect(sender, (struct sockaddr *)&to, sizeof to), 0);
}

static void close_sockets(void)
{
    close(receiver);
    close(sender);
}

// Whether a packet of 64 bytes passes that begins with `kind` and says `mtu` where a handshake does.
static bool passes(uint32_t kind, uint32_t mtu, size_t size)
{
    uint32_t packet[16] = {htonl(kind)}, got[16];
    packet[7] = htonl(mtu);
    REQUIRE_INT(send(sender, packet, size, 0), size);
    return recv(receiver, got, sizeof got, MSG_DONTWAIT) == (ssize_t)size;
}

TEST(handshakes_pass_with_an_mtu_in_range_only)
{
    open_sockets();
    for (uint32_t kind = 0x80000000u; kind <= 0x80000001u; kind++) {     // whatever the subtype is
        REQUIRE(!passes(kind, VT_SRT_MTU_MIN - 1, 64));
        REQUIRE(passes(kind, VT_SRT_MTU_MIN, 64));
        REQUIRE(passes(kind, VT_SRT_MTU_MAX, 64));
        REQUIRE(!passes(kind, VT_SRT_MTU_MAX + 1, 64));
    }
    REQUIRE(!passes(0x80000000u, UINT32_MAX, 64));
    REQUIRE(!passes(0x80000000u, VT_SRT_MTU_MAX, 31));      // ends within the MTU
    REQUIRE(passes(0x80000000u, VT_SRT_MTU_MAX, 32));
    close_sockets();
}

TEST(other_packets_pass)
{
    open_sockets();
    REQUIRE(passes(0x00000001u, 0, 64));                    // media
    REQUIRE(passes(0x80010000u, 0, 16));                    // keep-alive
    REQUIRE(passes(0x80020000u, 0, 44));                    // acknowledgement
    REQUIRE(!passes(0x80010000u, 0, 3));                    // no packet of SRT
    close_sockets();
}

static struct vt_srt_keys keys;

static json_t *channel(const char *name, int n_keys, const char *key, const char *passphrase, int latency_ms)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    char hex[65];
    json_t *list = json_array();
    SHA256((const unsigned char *)key, strlen(key), digest);
    for (int i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    for (int i = 0; i < n_keys; i++)
        json_array_append_new(list, json_string(hex));
    return json_pack("{s:s, s:o, s:s*, s:i}", "channel", name, "keys", list, "passphrase", passphrase, "latency_ms",
                     latency_ms);
}

static int read_channels(json_t *first, json_t *second)
{
    memset(&keys, 0, sizeof keys);
    int error = vt_srt_keys_put(&keys, first);
    if (!error && second)
        error = vt_srt_keys_put(&keys, second);
    json_decref(first);
    json_decref(second);
    return error;
}

TEST(finds_the_channel_of_a_key)
{
    REQUIRE_INT(read_channels(channel("mango", 1, "mango-key", NULL, 200),
                              channel("lime", 1, "lime-key", "passphrase", 500)), 0);
    REQUIRE_TEXT(vt_srt_keys_find(&keys, "mango-key")->name, "mango");
    REQUIRE_TEXT(vt_srt_keys_find(&keys, "mango-key")->passphrase, "");
    REQUIRE_TEXT(vt_srt_keys_find(&keys, "lime-key")->passphrase, "passphrase");
    REQUIRE_INT(vt_srt_keys_find(&keys, "lime-key")->latency_ms, 500);
    REQUIRE(vt_srt_keys_find(&keys, "lime-kez") == NULL);
    REQUIRE(vt_srt_keys_find(&keys, "") == NULL);
}

TEST(keys_have_limits)
{
    char text[VT_SRT_PASSPHRASE_MAX + 2];
    memset(text, 'p', sizeof text);
    text[sizeof text - 1] = 0;
    REQUIRE_INT(read_channels(channel("a", 1, "k", text, 0), NULL), -EBADMSG);
    text[VT_SRT_PASSPHRASE_MAX] = 0;
    REQUIRE_INT(read_channels(channel("a", 1, "k", text, 0), NULL), 0);
    text[VT_SRT_PASSPHRASE_MIN] = 0;
    REQUIRE_INT(read_channels(channel("a", 1, "k", text, 0), NULL), 0);
    text[VT_SRT_PASSPHRASE_MIN - 1] = 0;
    REQUIRE_INT(read_channels(channel("a", 1, "k", text, 0), NULL), -EBADMSG);
    REQUIRE_INT(read_channels(channel("a", VT_SRT_KEYS, "k", NULL, VT_SRT_LATENCY_MAX_MS), NULL), 0);
    REQUIRE_INT(read_channels(channel("a", VT_SRT_KEYS + 1, "k", NULL, 0), NULL), -EBADMSG);
    REQUIRE_INT(read_channels(channel("a", 1, "k", NULL, VT_SRT_LATENCY_MAX_MS + 1), NULL), -EBADMSG);
    REQUIRE_INT(read_channels(channel("a", 1, "k", NULL, -1), NULL), -EBADMSG);
    REQUIRE_INT(read_channels(channel("a b", 1, "k", NULL, 0), NULL), -EBADMSG);
    json_t *bad = json_pack("{s:s, s:[s], s:i}", "channel", "a", "keys", "x", "latency_ms", 1);
    REQUIRE_INT(vt_srt_keys_put(&keys, bad), -EBADMSG);
    json_decref(bad);
}

static int read_accept(int count, const char *network)
{
    json_t *body = channel("a", 1, "k", NULL, 0), *list = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(list, json_string(network));
    json_object_set_new(body, "accept", list);
    return read_channels(body, NULL);
}

TEST(networks_that_a_channel_takes_have_a_limit)
{
    REQUIRE_INT(read_accept(VT_ACCEPT_MAX, "10.0.0.0/8"), 0);
    REQUIRE_INT(vt_srt_keys_find(&keys, "k")->n_accept, VT_ACCEPT_MAX);
    REQUIRE_INT(read_accept(VT_ACCEPT_MAX + 1, "10.0.0.0/8"), -EBADMSG);
    REQUIRE_INT(read_accept(1, "10.0.0.0/33"), -EBADMSG);
    REQUIRE_INT(read_accept(0, ""), 0);
}

TEST(channels_have_a_limit_and_are_replaced)
{
    memset(&keys, 0, sizeof keys);
    for (int i = 0; i <= VT_SRT_CHANNELS; i++) {
        char name[16], key[16];
        snprintf(name, sizeof name, "c%d", i);
        snprintf(key, sizeof key, "k%d", i);
        json_t *body = channel(name, 1, key, NULL, 200);
        REQUIRE_INT(vt_srt_keys_put(&keys, body), i < VT_SRT_CHANNELS ? 0 : -EBADMSG);
        json_decref(body);
    }
    REQUIRE_TEXT(vt_srt_keys_find(&keys, "k31")->name, "c31");
    json_t *body = channel("c31", 1, "other", NULL, 200);
    REQUIRE_INT(vt_srt_keys_put(&keys, body), 0);
    json_decref(body);
    REQUIRE(vt_srt_keys_find(&keys, "k31") == NULL);
    REQUIRE_TEXT(vt_srt_keys_find(&keys, "other")->name, "c31");
}

static void forget(const char *name)
{
    json_t *body = channel(name, 0, "", NULL, 200);
    json_object_set_new(body, "gone", json_true());
    REQUIRE_INT(vt_srt_keys_put(&keys, body), 0);
    json_decref(body);
}

TEST(a_channel_that_is_gone_makes_room)
{
    memset(&keys, 0, sizeof keys);
    for (int i = 0; i < VT_SRT_CHANNELS; i++) {
        char name[16];
        snprintf(name, sizeof name, "c%d", i);
        json_t *body = channel(name, 1, name, NULL, 200);
        REQUIRE_INT(vt_srt_keys_put(&keys, body), 0);
        json_decref(body);
    }
    forget("nobody");
    REQUIRE_INT(keys.n_channels, VT_SRT_CHANNELS);
    forget("c4");
    REQUIRE_INT(keys.n_channels, VT_SRT_CHANNELS - 1);
    REQUIRE(vt_srt_keys_find(&keys, "c4") == NULL);
    REQUIRE_TEXT(vt_srt_keys_find(&keys, "c31")->name, "c31");
    json_t *body = channel("fresh", 1, "fresh", NULL, 200);
    REQUIRE_INT(vt_srt_keys_put(&keys, body), 0);
    json_decref(body);
    REQUIRE_TEXT(vt_srt_keys_find(&keys, "fresh")->name, "fresh");
}

static struct vt_srt_refusals refused;

static void put(uint64_t group, const char *key, int code, int64_t until_ns)
{
    uint8_t who[32];
    vt_srt_refusals_name(who, group, key);
    vt_srt_refusals_put(&refused, who, code, until_ns);
}

static int get(uint64_t group, const char *key, int64_t now_ns)
{
    uint8_t who[32];
    vt_srt_refusals_name(who, group, key);
    return vt_srt_refusals_get(&refused, who, now_ns);
}

TEST(who_was_refused_is_told_when_he_comes_again)
{
    refused = (struct vt_srt_refusals){0};
    REQUIRE_INT(get(1, "key", 0), 0);
    put(1, "key", VT_SRT_CONFLICT, 100);
    REQUIRE_INT(get(1, "key", 99), VT_SRT_CONFLICT);
    REQUIRE_INT(get(1, "key", 100), 0);                      // it is over
    REQUIRE_INT(get(2, "key", 99), 0);                       // from elsewhere
    REQUIRE_INT(get(1, "kez", 99), 0);
    put(1, "key", VT_SRT_DOWN, 200);
    REQUIRE_INT(get(1, "key", 150), VT_SRT_DOWN);
    put(1, "key", 0, 0);
    REQUIRE_INT(get(1, "key", 99), 0);
    put(3, "nobody", 0, 0);                                  // forgets what was never there
    REQUIRE_INT(get(3, "nobody", 0), 0);
}

TEST(so_many_refusals_are_remembered)
{
    char key[16];
    refused = (struct vt_srt_refusals){0};
    for (int i = 0; i <= VT_SRT_REFUSALS; i++) {
        snprintf(key, sizeof key, "key-%d", i);
        put(1, key, VT_SRT_UNAUTHORIZED, 100 + i);
    }
    REQUIRE_INT(get(1, "key-0", 50), 0);                     // the one that would have ended first
    REQUIRE_INT(get(1, "key-1", 50), VT_SRT_UNAUTHORIZED);
    snprintf(key, sizeof key, "key-%d", VT_SRT_REFUSALS);
    REQUIRE_INT(get(1, key, 50), VT_SRT_UNAUTHORIZED);
}

int main(void)
{
    RUN(handshakes_pass_with_an_mtu_in_range_only);
    RUN(other_packets_pass);
    RUN(finds_the_channel_of_a_key);
    RUN(keys_have_limits);
    RUN(networks_that_a_channel_takes_have_a_limit);
    RUN(channels_have_a_limit_and_are_replaced);
    RUN(a_channel_that_is_gone_makes_room);
    RUN(who_was_refused_is_told_when_he_comes_again);
    RUN(so_many_refusals_are_remembered);
    return DONE();
}
