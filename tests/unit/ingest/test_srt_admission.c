// Who is let in over SRT: each limit at its value and one past it, and what everybody is told.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/sha.h>

#include "check.h"
#include "ingest/srt_admission.h"

#define SECOND INT64_C(1000000000)

static struct vt_srt_admission admission;
static struct vt_srt_channel line;

static struct vt_peer_address from(const char *text)
{
    struct sockaddr_storage address;
    vt_peer_sockaddr(&address, text);
    return vt_peer_address(&address);
}

static struct vt_peer_address number(int n)
{
    char text[32];
    snprintf(text, sizeof text, "10.0.%d.%d", n / 250, n % 250 + 1);
    return from(text);
}

static void add_channel(struct vt_srt_keys *keys, const char *name, const char *key, const char *passphrase, int latency_ms)
{
    struct vt_srt_channel *channel = &keys->channels[keys->n_channels++];
    *channel = (struct vt_srt_channel){.latency_ms = latency_ms, .n_keys = 1};
    snprintf(channel->name, sizeof channel->name, "%s", name);
    snprintf(channel->passphrase, sizeof channel->passphrase, "%s", passphrase);
    SHA256((const unsigned char *)key, strlen(key), channel->keys[0]);
}

static void begin(bool open)
{
    static struct vt_srt_keys keys;
    keys = (struct vt_srt_keys){.open = open};
    add_channel(&keys, "mango", "mango-key", "", 200);
    add_channel(&keys, "lime", "lime-key", "a passphrase", 500);
    REQUIRE_INT(vt_srt_admission_init(&admission, &keys), 0);
    line = (struct vt_srt_channel){.name = "untouched"};
}

static int judge_at(const char *streamid, const char *address, int64_t now_ns)
{
    struct vt_peer_address peer = from(address);
    return vt_srt_admission_judge(&admission, "", streamid, &peer, now_ns, &line);
}

static int judge(const char *streamid, const char *address)
{
    return judge_at(streamid, address, SECOND);
}

static bool enter(int64_t conn, const char *address, const char *key)
{
    return vt_srt_admission_enter(&admission, conn, from(address).group, key);
}

TEST(who_has_a_key_gets_its_channels_line)
{
    char key[VT_KEY_ROOM], channel[VT_NAME_ROOM];
    begin(false);
    REQUIRE_INT(judge("lime-key", "10.1.1.1"), 0);
    REQUIRE_TEXT(line.name, "lime");
    REQUIRE_TEXT(line.passphrase, "a passphrase");
    REQUIRE_INT(line.latency_ms, 500);
    REQUIRE_INT(judge("#!::r=mango,m=publish,s=mango-key", "10.1.1.1"), 0);
    REQUIRE_TEXT(line.name, "mango");
    REQUIRE_INT(vt_srt_admission_describe(&admission, "", "#!::r=mango,s=mango-key", key, channel), 0);
    REQUIRE_TEXT(key, "mango-key");
    REQUIRE_TEXT(channel, "mango");
    REQUIRE_INT(vt_srt_admission_describe(&admission, "", "nobody's", key, channel), 0);
    REQUIRE_TEXT(channel, "");
    REQUIRE(vt_srt_admission_describe(&admission, "", "", key, channel) < 0);
    vt_srt_admission_clear(&admission);
}

TEST(everybody_else_is_told_why)
{
    begin(false);
    REQUIRE_INT(judge("unknown", "10.1.1.1"), VT_SRT_UNAUTHORIZED);
    REQUIRE_INT(judge("#!::r=lime,m=publish,s=mango-key", "10.1.1.1"), VT_SRT_UNAUTHORIZED);
    REQUIRE_INT(judge("#!::r=nowhere,m=publish,s=mango-key", "10.1.1.1"), VT_SRT_UNAUTHORIZED);
    REQUIRE_INT(judge("#!::r=mango,m=request,s=mango-key", "10.1.1.1"), VT_SRT_BAD_MODE);
    REQUIRE_INT(judge("#!::r=mango,m=bidirectional,s=mango-key", "10.1.1.1"), VT_SRT_BAD_MODE);
    REQUIRE_INT(judge("", "10.1.1.1"), VT_SRT_BAD_REQUEST);
    REQUIRE_INT(judge("#!:{x}", "10.1.1.1"), VT_SRT_BAD_REQUEST);
    REQUIRE_TEXT(line.name, "untouched");
    static const int codes[] = {VT_SRT_BAD_REQUEST, VT_SRT_UNAUTHORIZED, VT_SRT_OVERLOAD, VT_SRT_BAD_MODE,
                                VT_SRT_CONFLICT, VT_SRT_FAILED, VT_SRT_DOWN};
    for (int i = 0; i < 7; i++) {
        for (int j = 0; j < i; j++)
            REQUIRE(strcmp(vt_srt_admission_words(codes[i]), vt_srt_admission_words(codes[j])) != 0);
    }
    vt_srt_admission_clear(&admission);
}

static void take_from(const char *network, bool open)
{
    begin(open);
    admission.keys.channels[0].n_accept = 1;
    REQUIRE_INT(vt_network_parse(network, &admission.keys.channels[0].accept[0]), 0);
}

// What a stranger has sent counts as wrong keys do.
TEST(a_right_key_from_elsewhere_is_a_wrong_one)
{
    take_from("10.1.0.0/16", false);
    REQUIRE_INT(judge("mango-key", "10.1.1.1"), 0);
    for (int i = 0; i < 20; i++)
        REQUIRE_INT(judge("mango-key", "10.2.1.1"), VT_SRT_UNAUTHORIZED);
    REQUIRE_INT(judge("lime-key", "10.2.1.1"), VT_SRT_UNAUTHORIZED);
    REQUIRE_INT(judge("lime-key", "10.2.1.2"), 0);
    vt_srt_admission_clear(&admission);
    take_from("10.1.0.0/16", true);                  // somebody else is asked: who is unknown comes in, too
    REQUIRE_INT(judge("mango-key", "10.2.1.1"), 0);
    vt_srt_admission_clear(&admission);
}

TEST(publishers_are_bounded_in_all)
{
    begin(false);
    for (int i = 0; i < VT_SRT_CONNECTIONS; i++) {
        struct vt_peer_address peer = number(i);
        REQUIRE_INT(vt_srt_admission_judge(&admission, "", "mango-key", &peer, SECOND, &line), 0);
        REQUIRE(vt_srt_admission_enter(&admission, i + 1, peer.group, "mango-key"));
    }
    REQUIRE_INT(judge("mango-key", "10.1.1.1"), VT_SRT_OVERLOAD);
    REQUIRE(!enter(1000, "10.1.1.1", "mango-key"));
    vt_srt_admission_leave(&admission, number(77).group);
    REQUIRE_INT(judge("mango-key", "10.1.1.1"), 0);
    REQUIRE(enter(1000, "10.1.1.1", "mango-key"));
    REQUIRE_INT(judge("mango-key", "10.1.1.1"), VT_SRT_OVERLOAD);
    vt_srt_admission_clear(&admission);
}

TEST(publishers_of_one_address_are_bounded)
{
    begin(false);
    for (int i = 0; i < VT_SRT_PER_ADDRESS; i++) {
        REQUIRE_INT(judge("mango-key", "10.1.1.1"), 0);
        REQUIRE(enter(i + 1, "10.1.1.1", "mango-key"));
    }
    REQUIRE_INT(judge("mango-key", "10.1.1.1"), VT_SRT_OVERLOAD);
    REQUIRE_INT(judge("lime-key", "10.1.1.1"), VT_SRT_OVERLOAD);
    REQUIRE(!enter(100, "10.1.1.1", "lime-key"));
    REQUIRE_INT(judge("mango-key", "10.1.1.2"), 0);          // from elsewhere
    REQUIRE(enter(101, "10.1.1.2", "mango-key"));
    vt_srt_admission_leave(&admission, from("10.1.1.2").group);
    REQUIRE_INT(judge("mango-key", "10.1.1.1"), VT_SRT_OVERLOAD);
    vt_srt_admission_leave(&admission, from("10.1.1.1").group);
    REQUIRE_INT(judge("mango-key", "10.1.1.1"), 0);
    vt_srt_admission_clear(&admission);
}

TEST(an_ipv6_network_is_one_address)
{
    begin(false);
    for (int i = 0; i < VT_SRT_PER_ADDRESS; i++) {
        char text[64];
        snprintf(text, sizeof text, "2001:db8:1:2:%x::1", i + 1);
        REQUIRE(enter(i + 1, text, "mango-key"));
    }
    REQUIRE_INT(judge("mango-key", "2001:db8:1:2:ffff::9"), VT_SRT_OVERLOAD);
    REQUIRE_INT(judge("mango-key", "2001:db8:1:3::1"), 0);
    vt_srt_admission_clear(&admission);
}

TEST(whoever_guesses_is_not_looked_at_for_a_while)
{
    begin(false);
    for (int i = 0; i < VT_GUESS_BURST - 1; i++)
        REQUIRE_INT(judge("guess", "10.1.1.1"), VT_SRT_UNAUTHORIZED);
    REQUIRE_INT(judge("mango-key", "10.1.1.1"), 0);
    REQUIRE_INT(judge("guess", "10.1.1.1"), VT_SRT_UNAUTHORIZED);
    REQUIRE_INT(judge("mango-key", "10.1.1.1"), VT_SRT_UNAUTHORIZED);      // as if it were wrong
    REQUIRE_INT(judge("mango-key", "10.1.1.2"), 0);
    REQUIRE_INT(judge_at("mango-key", "10.1.1.1", SECOND + VT_GUESS_REFILL_NS - 1), VT_SRT_UNAUTHORIZED);
    REQUIRE_INT(judge_at("mango-key", "10.1.1.1", SECOND + VT_GUESS_REFILL_NS), 0);
    vt_srt_admission_clear(&admission);
}

TEST(who_finds_no_room_has_not_guessed)
{
    begin(false);
    for (int i = 0; i < VT_SRT_PER_ADDRESS; i++)
        REQUIRE(enter(i + 1, "10.1.1.1", "mango-key"));
    for (int i = 0; i < 2 * VT_GUESS_BURST; i++)
        REQUIRE_INT(judge("guess", "10.1.1.1"), VT_SRT_OVERLOAD);
    vt_srt_admission_leave(&admission, from("10.1.1.1").group);
    REQUIRE_INT(judge("mango-key", "10.1.1.1"), 0);
    vt_srt_admission_clear(&admission);
}

TEST(where_a_webhook_is_asked_unknown_keys_come_in)
{
    begin(true);
    REQUIRE_INT(judge("unheard-of", "10.1.1.1"), 0);
    REQUIRE_TEXT(line.name, "");
    REQUIRE_TEXT(line.passphrase, "");
    REQUIRE_INT(line.latency_ms, VT_SRT_LATENCY_MS);
    REQUIRE_INT(judge("#!::r=lime,s=unheard-of", "10.1.1.1"), 0);
    REQUIRE_TEXT(line.passphrase, "a passphrase");           // the line of the channel that it names
    REQUIRE_INT(judge("#!::r=lime,s=mango-key", "10.1.1.1"), VT_SRT_UNAUTHORIZED);
    vt_srt_admission_clear(&admission);
}

static int judge_at_port(const char *port, const char *streamid)
{
    struct vt_peer_address peer = from("10.1.1.1");
    return vt_srt_admission_judge(&admission, port, streamid, &peer, SECOND, &line);
}

// lime has a passphrase, mango has not: nothing would keep strangers out of mango.
TEST(a_channels_own_listener_needs_no_streamid)
{
    char key[VT_KEY_ROOM], channel[VT_NAME_ROOM];
    begin(false);
    REQUIRE_INT(judge_at_port("lime", ""), 0);
    REQUIRE_TEXT(line.name, "lime");
    REQUIRE_TEXT(line.passphrase, "a passphrase");
    REQUIRE_INT(vt_srt_admission_describe(&admission, "lime", "", key, channel), 0);
    REQUIRE_TEXT(key, "SRT port of lime");
    REQUIRE_TEXT(channel, "lime");
    REQUIRE_INT(judge_at_port("lime", "mango-key"), 0);      // whoever names a key is judged by it, there too
    REQUIRE_TEXT(line.name, "mango");
    REQUIRE_INT(judge_at_port("lime", "unknown"), VT_SRT_UNAUTHORIZED);
    REQUIRE_INT(judge_at_port("mango", ""), VT_SRT_UNAUTHORIZED);
    REQUIRE_INT(judge_at_port("nowhere", ""), VT_SRT_UNAUTHORIZED);
    REQUIRE_INT(judge("SRT port of lime", "10.1.1.1"), VT_SRT_UNAUTHORIZED);
    REQUIRE(vt_srt_admission_enter(&admission, 3, from("10.1.1.1").group, key));
    vt_srt_admission_refuse(&admission, 3, VT_SRT_CONFLICT, 9 * SECOND);
    REQUIRE_INT(judge_at_port("lime", ""), VT_SRT_CONFLICT);
    REQUIRE_INT(judge("lime-key", "10.1.1.1"), 0);
    vt_srt_admission_clear(&admission);
}

TEST(what_the_supervisor_decided_is_told_to_the_next_attempt)
{
    begin(false);
    REQUIRE(enter(5, "10.1.1.1", "mango-key"));
    vt_srt_admission_refuse(&admission, 6, VT_SRT_CONFLICT, 9 * SECOND);     // nobody
    REQUIRE_INT(judge_at("mango-key", "10.1.1.1", SECOND), 0);
    vt_srt_admission_refuse(&admission, 5, VT_SRT_CONFLICT, 9 * SECOND);
    REQUIRE_INT(judge_at("mango-key", "10.1.1.1", 9 * SECOND - 1), VT_SRT_CONFLICT);
    REQUIRE_INT(judge_at("mango-key", "10.1.1.2", 9 * SECOND - 1), 0);
    REQUIRE_INT(judge_at("lime-key", "10.1.1.1", 9 * SECOND - 1), 0);
    REQUIRE_INT(judge_at("mango-key", "10.1.1.1", 9 * SECOND), 0);
    vt_srt_admission_clear(&admission);
}

TEST(so_many_that_were_let_in_are_remembered)
{
    for (int more = VT_SRT_CONNECTIONS - 1; more <= VT_SRT_CONNECTIONS; more++) {
        begin(false);
        REQUIRE(enter(5000, "10.1.1.1", "mango-key"));
        vt_srt_admission_leave(&admission, from("10.1.1.1").group);
        for (int i = 0; i < more; i++) {
            REQUIRE(enter(i + 1, "10.2.2.2", "mango-key"));
            vt_srt_admission_leave(&admission, from("10.2.2.2").group);
        }
        vt_srt_admission_refuse(&admission, 5000, VT_SRT_DOWN, 9 * SECOND);
        REQUIRE_INT(judge("mango-key", "10.1.1.1"), more < VT_SRT_CONNECTIONS ? VT_SRT_DOWN : 0);
        vt_srt_admission_clear(&admission);
    }
}

TEST(keys_change_for_callers_from_then_on)
{
    static struct vt_srt_keys other;
    begin(false);
    add_channel(&other, "fig", "fig-key", "", 300);
    REQUIRE(enter(1, "10.1.1.1", "mango-key"));
    vt_srt_admission_keys(&admission, &other);
    REQUIRE_INT(judge("mango-key", "10.1.1.2"), VT_SRT_UNAUTHORIZED);
    REQUIRE_INT(judge("fig-key", "10.1.1.2"), 0);
    REQUIRE_INT(admission.n_connections, 1);
    vt_srt_admission_clear(&admission);
}

int main(void)
{
    RUN(who_has_a_key_gets_its_channels_line);
    RUN(everybody_else_is_told_why);
    RUN(a_right_key_from_elsewhere_is_a_wrong_one);
    RUN(publishers_are_bounded_in_all);
    RUN(publishers_of_one_address_are_bounded);
    RUN(an_ipv6_network_is_one_address);
    RUN(whoever_guesses_is_not_looked_at_for_a_while);
    RUN(who_finds_no_room_has_not_guessed);
    RUN(where_a_webhook_is_asked_unknown_keys_come_in);
    RUN(a_channels_own_listener_needs_no_streamid);
    RUN(what_the_supervisor_decided_is_told_to_the_next_attempt);
    RUN(so_many_that_were_let_in_are_remembered);
    RUN(keys_change_for_callers_from_then_on);
    return DONE();
}
