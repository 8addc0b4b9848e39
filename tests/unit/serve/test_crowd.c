#include <arpa/inet.h>
#include <netinet/in.h>

#include "check.h"
#include "serve/crowd.h"

static struct sockaddr_storage address(const char *text)
{
    struct sockaddr_storage out = {0};
    struct sockaddr_in *in = (struct sockaddr_in *)&out;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&out;
    if (inet_pton(AF_INET, text, &in->sin_addr) == 1)
        in->sin_family = AF_INET;
    else if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1)
        in6->sin6_family = AF_INET6;
    return out;
}

static struct sockaddr_storage numbered(unsigned number)
{
    struct sockaddr_storage out = {0};
    *(struct sockaddr_in *)&out = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a000000u + number)};
    return out;
}

static bool admits(struct vt_crowd *crowd, const char *text)
{
    struct sockaddr_storage from = address(text);
    return vt_crowd_admits(crowd, &from);
}

static void come(struct vt_crowd *crowd, const char *text)
{
    struct sockaddr_storage from = address(text);
    vt_crowd_come(crowd, &from);
}

static void go(struct vt_crowd *crowd, const char *text)
{
    struct sockaddr_storage from = address(text);
    vt_crowd_go(crowd, &from);
}

TEST(each_address_has_its_share)
{
    struct vt_crowd *crowd;
    REQUIRE_INT(vt_crowd_new(&crowd, 100, 2), 0);
    come(crowd, "192.0.2.7");
    REQUIRE(admits(crowd, "192.0.2.7"));
    come(crowd, "192.0.2.7");
    REQUIRE(!admits(crowd, "192.0.2.7"));
    REQUIRE(!admits(crowd, "::ffff:192.0.2.7"));
    REQUIRE(admits(crowd, "192.0.2.8"));
    go(crowd, "192.0.2.7");
    REQUIRE(admits(crowd, "192.0.2.7"));
    vt_crowd_free(&crowd);
}

TEST(who_has_one_address_of_ipv6_has_its_network)
{
    struct vt_crowd *crowd;
    REQUIRE_INT(vt_crowd_new(&crowd, 100, 1), 0);
    come(crowd, "2001:db8::7");
    REQUIRE(!admits(crowd, "2001:db8::8"));
    REQUIRE(admits(crowd, "2001:db8:0:1::7"));
    vt_crowd_free(&crowd);
}

TEST(this_machine_is_not_counted)
{
    static const char *const here[] = {"127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"};
    struct vt_crowd *crowd;
    REQUIRE_INT(vt_crowd_new(&crowd, 100, 1), 0);
    for (size_t i = 0; i < sizeof here / sizeof *here; i++) {
        come(crowd, here[i]);
        REQUIRE(admits(crowd, here[i]));
    }
    vt_crowd_free(&crowd);
}

TEST(none_is_no_limit)
{
    struct vt_crowd *crowd;
    REQUIRE_INT(vt_crowd_new(&crowd, 10, 0), 0);
    for (int i = 0; i < 50; i++)
        come(crowd, "192.0.2.7");
    REQUIRE(admits(crowd, "192.0.2.7"));
    vt_crowd_free(&crowd);
}

// Many come and go in another order; what is counted is what is there.
TEST(comings_and_goings_add_up)
{
    enum { PEOPLE = 4000, LIMIT = 3 };
    static int there[PEOPLE];
    struct vt_crowd *crowd;
    unsigned random = 7;
    REQUIRE_INT(vt_crowd_new(&crowd, PEOPLE, LIMIT), 0);
    for (int turn = 0; turn < 200000; turn++) {
        random = random * 1664525u + 1013904223u;
        unsigned who = (random >> 8) % PEOPLE;
        struct sockaddr_storage from = numbered(who);
        REQUIRE_INT(vt_crowd_admits(crowd, &from), there[who] < LIMIT);
        if (there[who] < LIMIT && random >> 31) {
            vt_crowd_come(crowd, &from);
            there[who]++;
        } else if (there[who] > 0) {
            vt_crowd_go(crowd, &from);
            there[who]--;
        }
    }
    for (unsigned who = 0; who < PEOPLE; who++) {
        struct sockaddr_storage from = numbered(who);
        for (; there[who] > 0; there[who]--)
            vt_crowd_go(crowd, &from);
        for (int i = 0; i < LIMIT; i++)
            vt_crowd_come(crowd, &from);
        REQUIRE(!vt_crowd_admits(crowd, &from));
        for (int i = 0; i < LIMIT; i++)
            vt_crowd_go(crowd, &from);
    }
    vt_crowd_free(&crowd);
}

// It never holds more addresses than it has room for: the next is not counted, and nothing breaks.
TEST(a_full_house_counts_no_more)
{
    struct vt_crowd *crowd;
    REQUIRE_INT(vt_crowd_new(&crowd, 32, 1), 0);
    for (unsigned who = 0; who < 33; who++) {
        struct sockaddr_storage from = numbered(who);
        vt_crowd_come(crowd, &from);
        REQUIRE_INT(vt_crowd_admits(crowd, &from), who == 32);
    }
    vt_crowd_free(&crowd);
}

int main(void)
{
    RUN(each_address_has_its_share);
    RUN(who_has_one_address_of_ipv6_has_its_network);
    RUN(this_machine_is_not_counted);
    RUN(none_is_no_limit);
    RUN(comings_and_goings_add_up);
    RUN(a_full_house_counts_no_more);
    return DONE();
}
