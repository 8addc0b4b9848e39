// Connections that wait to be let in: as many as each kind of gate may have, and one past it.
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "serve/asks.h"

static struct vt_asks asks;
static int ends[2];

static int one_more(void)
{
    int copy = dup(ends[0]);
    REQUIRE(copy >= 0);
    return copy;
}

static void begin(void)
{
    asks = (struct vt_asks){0};
    REQUIRE_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
}

// Only when all copies of the one end are closed does the other see it.
static void end(void)
{
    char byte;
    vt_asks_free(&asks);
    close(ends[0]);
    REQUIRE_INT(recv(ends[1], &byte, 1, MSG_DONTWAIT), 0);
    close(ends[1]);
}

TEST(those_of_rtmp_are_bounded)
{
    begin();
    for (int i = 0; i < VT_ASKS_RTMP; i++)
        REQUIRE(vt_asks_add(&asks, i, "rtmp", -1));
    REQUIRE(!vt_asks_add(&asks, VT_ASKS_RTMP, "rtmp", -1));
    REQUIRE(vt_asks_add(&asks, 1, "srt", one_more()));           // the others have places of their own
    vt_asks_drop(&asks, vt_asks_find(&asks, false, 17));
    REQUIRE(!vt_asks_find(&asks, false, 17));
    REQUIRE(vt_asks_add(&asks, VT_ASKS_RTMP, "rtmps", -1));
    REQUIRE(!vt_asks_add(&asks, VT_ASKS_RTMP + 1, "rtmp", -1));
    end();
}

TEST(those_of_srt_are_bounded)
{
    begin();
    for (int i = 0; i < VT_ASKS_SRT; i++)
        REQUIRE(vt_asks_add(&asks, i, "srt", one_more()));
    REQUIRE(!vt_asks_add(&asks, VT_ASKS_SRT, "srt", ends[0]));   // stays ours
    REQUIRE(vt_asks_add(&asks, 0, "rtmp", -1));
    vt_asks_drop(&asks, vt_asks_find(&asks, true, 0));
    REQUIRE(vt_asks_add(&asks, VT_ASKS_SRT, "srt", one_more()));
    end();
}

TEST(each_is_found_by_its_gate_and_by_its_question)
{
    begin();
    vt_asks_add(&asks, 7, "rtmp", -1)->hook = 70;
    vt_asks_add(&asks, 7, "srt", one_more())->hook = 71;
    REQUIRE(!vt_asks_add(&asks, 7, "rtmp", -1));                 // a gate numbers each once
    REQUIRE(!vt_asks_add(&asks, 7, "srt", ends[0]));
    REQUIRE_TEXT(vt_asks_find(&asks, false, 7)->candidate.protocol, "rtmp");
    REQUIRE_TEXT(vt_asks_find(&asks, true, 7)->candidate.protocol, "srt");
    REQUIRE(vt_asks_find_hook(&asks, 71) == vt_asks_find(&asks, true, 7));
    REQUIRE(!vt_asks_find_hook(&asks, 72));
    vt_asks_drop_rtmp(&asks);
    REQUIRE(!vt_asks_find(&asks, false, 7));
    REQUIRE_INT(vt_asks_find(&asks, true, 7)->hook, 71);
    end();
}

TEST(a_channel_is_named_by_who_has_its_key_or_was_let_in)
{
    begin();
    struct vt_ask *ask = vt_asks_add(&asks, 1, "rtmp", -1);
    ask->hook = 5;                                               // the webhook may yet name any
    REQUIRE(!vt_asks_name(&asks, 0));
    ask->known = true;
    REQUIRE(vt_asks_name(&asks, 0));
    REQUIRE(!vt_asks_name(&asks, 3));
    *ask = (struct vt_ask){.socket = -1, .candidate = {.conn = 1, .protocol = "rtmp", .permit = {.channel = 3}}};
    REQUIRE(vt_asks_name(&asks, 3));
    end();
}

int main(void)
{
    RUN(those_of_rtmp_are_bounded);
    RUN(those_of_srt_are_bounded);
    RUN(each_is_found_by_its_gate_and_by_its_question);
    RUN(a_channel_is_named_by_who_has_its_key_or_was_let_in);
    return DONE();
}
