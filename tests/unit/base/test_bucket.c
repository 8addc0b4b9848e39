#include "base/bucket.h"

#include <stdio.h>

#include "check.h"

#define SECOND INT64_C(1000000000)

static struct vt_guesses *guesses;

static void start(void)
{
    vt_guesses_free(&guesses);
    REQUIRE_INT(vt_guesses_new(&guesses), 0);
}

TEST(a_bucket_gives_its_burst_and_then_one_at_a_time)
{
    struct vt_bucket bucket = {0};
    for (int i = 0; i < 3; i++)
        REQUIRE(vt_bucket_take(&bucket, 3, SECOND, 100));
    REQUIRE(!vt_bucket_take(&bucket, 3, SECOND, 100));
    REQUIRE(!vt_bucket_take(&bucket, 3, SECOND, SECOND + 99));
    REQUIRE(vt_bucket_take(&bucket, 3, SECOND, SECOND + 100));
    REQUIRE(!vt_bucket_take(&bucket, 3, SECOND, SECOND + 100));
    for (int i = 0; i < 3; i++)
        REQUIRE(vt_bucket_take(&bucket, 3, SECOND, 60 * SECOND));
    REQUIRE(!vt_bucket_take(&bucket, 3, SECOND, 60 * SECOND));
}

TEST(an_address_may_guess_so_often)
{
    start();
    for (int i = 0; i < VT_GUESS_BURST; i++) {
        REQUIRE(vt_guesses_allow(guesses, "192.0.2.1", 0));
        REQUIRE_INT(vt_guesses_note(guesses, "192.0.2.1", 0), i < VT_GUESS_BURST - 1);
    }
    REQUIRE(!vt_guesses_allow(guesses, "192.0.2.1", 0));
    REQUIRE(!vt_guesses_allow(guesses, "::ffff:192.0.2.1", 0));
    REQUIRE(vt_guesses_allow(guesses, "192.0.2.2", 0));
    REQUIRE(!vt_guesses_allow(guesses, "192.0.2.1", VT_GUESS_REFILL_NS - 1));
    REQUIRE(vt_guesses_allow(guesses, "192.0.2.1", VT_GUESS_REFILL_NS));
}

TEST(an_ipv6_address_stands_for_its_network)
{
    start();
    for (int i = 0; i < VT_GUESS_BURST; i++) {
        char address[64];
        snprintf(address, sizeof address, "2001:db8:1:2::%x", i + 1);
        vt_guesses_note(guesses, address, 0);
    }
    REQUIRE(!vt_guesses_allow(guesses, "2001:db8:1:2:ffff::1", 0));
    REQUIRE(vt_guesses_allow(guesses, "2001:db8:1:3::1", 0));
}

TEST(the_address_heard_of_longest_ago_gives_way)
{
    start();
    for (int i = 0; i < VT_GUESS_BURST; i++) {
        vt_guesses_note(guesses, "192.0.2.1", 0);
        vt_guesses_note(guesses, "192.0.2.2", 1);
    }
    for (int i = 0; i < VT_GUESS_ADDRESSES - 2; i++) {
        char address[64];
        snprintf(address, sizeof address, "10.0.%d.%d", i / 250, i % 250);
        vt_guesses_note(guesses, address, 2);
    }
    REQUIRE(!vt_guesses_allow(guesses, "192.0.2.1", 2));
    vt_guesses_note(guesses, "10.1.0.1", 3);
    REQUIRE(vt_guesses_allow(guesses, "192.0.2.1", 3));
    REQUIRE(!vt_guesses_allow(guesses, "192.0.2.2", 3));
}

TEST(what_is_no_address_shares_one_bucket)
{
    start();
    for (int i = 0; i < VT_GUESS_BURST; i++)
        vt_guesses_note(guesses, i % 2 ? "?" : "", 0);
    REQUIRE(!vt_guesses_allow(guesses, "elsewhere", 0));
}

int main(void)
{
    RUN(a_bucket_gives_its_burst_and_then_one_at_a_time);
    RUN(an_address_may_guess_so_often);
    RUN(an_ipv6_address_stands_for_its_network);
    RUN(the_address_heard_of_longest_ago_gives_way);
    RUN(what_is_no_address_shares_one_bucket);
    vt_guesses_free(&guesses);
    return DONE();
}
