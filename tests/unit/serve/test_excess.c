// What a channel accepts of a stream: each limit at its value and one past it, and when it counts.
#include "check.h"
#include "serve/excess.h"

#define S VT_NS_PER_S

static struct vt_excess excess;
static struct vt_accept accepted;
static char words[VT_EXCESS_WORDS];

static void start_anew(struct vt_accept what)
{
    excess = (struct vt_excess){0};
    accepted = what;
    words[0] = 0;
}

static bool tell(int64_t now_ns, json_t *status)
{
    bool exceeded = vt_excess_found(&excess, &accepted, status, now_ns, words);
    json_decref(status);
    return exceeded;
}

static bool tell_size(int width, int height)
{
    return tell(S, json_pack("{s:{s:i, s:i}}", "video", "width", width, "height", height));
}

static bool tell_bytes(int64_t now_ns, int64_t bytes)
{
    return tell(now_ns, json_pack("{s:I}", "bytes", (json_int_t)bytes));
}

static bool tell_number(int64_t now_ns, const char *name, double value)
{
    return tell(now_ns, json_pack("{s:{s:f}}", "video", name, value));
}

TEST(where_nothing_is_said_everything_is_taken)
{
    start_anew((struct vt_accept){0});
    for (int i = 1; i < 40; i++) {
        json_t *status = json_pack("{s:I, s:{s:i, s:i, s:f, s:f}}", "bytes", (json_int_t)i * 1000000000, "video", "width", 4096,
                                   "height", 2304, "fps", 1000.0, "key_interval", 1000.0);
        REQUIRE(!tell(i * S, status));
    }
}

TEST(a_size_counts_at_once)
{
    start_anew((struct vt_accept){.size = {1280, 720}});
    REQUIRE(!tell_size(0, 0) && !tell_size(1280, 720) && !tell_size(640, 360));
    REQUIRE(tell_size(1281, 720) && tell_size(1280, 721) && tell_size(720, 1280));
    REQUIRE(tell_size(1920, 1080));
    REQUIRE_TEXT(words, "The stream is 1920x1080; this channel takes at most 1280x720. Lower the output size.");
}

// Statuses each second from the first on. The second in which they are too much, 0: never.
static int too_much_at(int64_t per_second, int64_t more_at_last, int seconds)
{
    for (int i = 1; i <= seconds; i++) {
        if (tell_bytes(i * S, i * per_second + (i == seconds ? more_at_last : 0)))
            return i;
    }
    return 0;
}

TEST(a_bit_rate_counts_over_ten_seconds_after_the_start)
{
    start_anew((struct vt_accept){.bitrate = 800000});
    REQUIRE_INT(too_much_at(100000, 0, 60), 0);
    start_anew((struct vt_accept){.bitrate = 800000});
    REQUIRE_INT(too_much_at(100000, 1, 60), 60);
    start_anew((struct vt_accept){.bitrate = 800000});
    REQUIRE_INT(too_much_at(150000, 0, 60), 16);         // five of the start, ten to be measured
    REQUIRE_TEXT(words, "The stream has 1200 kbit/s; this channel takes at most 800. Lower the bit rate.");
}

TEST(what_waited_at_the_start_does_not_count)
{
    start_anew((struct vt_accept){.bitrate = 800000});
    for (int i = 1; i <= 60; i++)
        REQUIRE(!tell_bytes(i * S, (i > 4 ? 50000000 : 0) + i * 100000));
}

TEST(of_what_comes_together_only_the_last_is_of_now)
{
    start_anew((struct vt_accept){.bitrate = 800000});
    for (int i = 1; i <= 60; i++)                        // seconds 11 to 15 come in the fifteenth
        REQUIRE(!tell_bytes((i > 10 && i < 15 ? 15 : i) * S, i * 100000));
}

TEST(more_statuses_than_marks_harm_nothing)
{
    start_anew((struct vt_accept){.bitrate = 800000});
    for (int i = 1; i < 1000; i++)
        REQUIRE(!tell_bytes(S + i * S / 2, i * 50000));
    REQUIRE(excess.n_marks <= VT_EXCESS_MARKS);
    for (int i = 1; i < 100; i++)
        REQUIRE(!tell_bytes(1000 * S + i, 50000000));
    REQUIRE(!tell_bytes(1001 * S, INT64_MAX) && !tell_bytes(1002 * S, -1));
}

// Times in a row after which `value` is too much, 0: never.
static int too_many_after(const char *name, double value)
{
    for (int i = 1; i <= 30; i++) {
        if (tell_number(i * S, name, value))
            return i;
    }
    return 0;
}

TEST(pictures_and_key_frames_count_after_ten_times_in_a_row)
{
    struct vt_accept both = {.fps = {30, 1}, .keyframes_ns = 10 * S};
    start_anew(both);
    REQUIRE_INT(too_many_after("fps", 30.5), 0);
    REQUIRE_INT(too_many_after("fps", 30.51), VT_EXCESS_TIMES);
    start_anew(both);
    REQUIRE_INT(too_many_after("fps", 60), VT_EXCESS_TIMES);
    REQUIRE_TEXT(words, "The stream has 60 pictures a second; this channel takes at most 30. Lower the frame rate.");
    start_anew(both);
    REQUIRE_INT(too_many_after("key_interval", 10.1), 0);
    REQUIRE_INT(too_many_after("key_interval", 10.11), VT_EXCESS_TIMES);
    start_anew(both);
    REQUIRE_INT(too_many_after("key_interval", 12), VT_EXCESS_TIMES);
    REQUIRE_TEXT(words, "Key frames are 12 s apart; this channel takes at most 10 s. Shorten the keyframe interval.");
}

TEST(one_good_second_begins_anew)
{
    start_anew((struct vt_accept){.fps = {30, 1}, .keyframes_ns = 2 * S});
    for (int i = 1; i < 100; i++) {
        bool good = i % VT_EXCESS_TIMES == 0;
        json_t *status = json_pack("{s:{s:f, s:f}}", "video", "fps", good ? 30.0 : 60.0, "key_interval", good ? 2.0 : 14.0);
        REQUIRE(!tell(i * S, status));
    }
}

TEST(a_status_that_says_nothing_is_taken)
{
    start_anew((struct vt_accept){.bitrate = 1000, .size = {16, 16}, .fps = {1, 1}, .keyframes_ns = S});
    for (int i = 1; i < 30; i++)
        REQUIRE(!tell(i * S, i % 2 ? json_object() : json_pack("{s:s, s:i}", "bytes", "many", "video", 7)));
}

int main(void)
{
    RUN(where_nothing_is_said_everything_is_taken);
    RUN(a_size_counts_at_once);
    RUN(a_bit_rate_counts_over_ten_seconds_after_the_start);
    RUN(what_waited_at_the_start_does_not_count);
    RUN(of_what_comes_together_only_the_last_is_of_now);
    RUN(more_statuses_than_marks_harm_nothing);
    RUN(pictures_and_key_frames_count_after_ten_times_in_a_row);
    RUN(one_good_second_begins_anew);
    RUN(a_status_that_says_nothing_is_taken);
    return DONE();
}
