// The bad line itself: the same again with the same seed, and in the shares that were asked for.
#include "check.h"
#include "impair_line.h"

#define PACKETS 10000
#define MS      INT64_C(1000000)

static int64_t first[PACKETS][IMPAIR_COPIES], again[PACKETS][IMPAIR_COPIES];

// Sends PACKETS of 1316 bytes, one each millisecond, through a fresh line.
static struct impair_counts run(const struct impair_options *options, uint64_t number,
                                int64_t at_ns[PACKETS][IMPAIR_COPIES])
{
    struct impair_line line = impair_line(options, number);
    memset(at_ns, 0, sizeof first);
    for (int i = 0; i < PACKETS; i++) {
        int copies = impair_packet(&line, 1316, i * MS, at_ns[i]);
        for (int j = copies; j < IMPAIR_COPIES; j++)
            at_ns[i][j] = -1;
    }
    return line.counts;
}

TEST(loses_the_same_packets_twice)
{
    struct impair_options options = {.seed = 7, .loss = 0.05};
    struct impair_counts counts = run(&options, 0, first);
    run(&options, 0, again);
    REQUIRE_INT(counts.packets, PACKETS);
    REQUIRE_NEAR((double)counts.lost, 500, 65);              // three standard deviations
    REQUIRE_INT(memcmp(first, again, sizeof first), 0);
}

TEST(other_seeds_and_lines_lose_others)
{
    struct impair_options options = {.seed = 7, .loss = 0.05}, other = {.seed = 8, .loss = 0.05};
    run(&options, 0, first);
    run(&other, 0, again);
    REQUIRE(memcmp(first, again, sizeof first) != 0);
    run(&options, 1, again);
    REQUIRE(memcmp(first, again, sizeof first) != 0);
}

TEST(one_option_does_not_change_another)
{
    struct impair_options loss = {.seed = 3, .loss = 0.2}, both = {.seed = 3, .loss = 0.2, .duplicate = 0.1};
    run(&loss, 0, first);
    struct impair_counts counts = run(&both, 0, again);
    for (int i = 0; i < PACKETS; i++)
        REQUIRE_INT(first[i][0], again[i][0]);
    REQUIRE_NEAR((double)counts.duplicated, 800, 90);
}

TEST(nothing_is_lost_without_loss_and_all_with_it)
{
    struct impair_options none = {.seed = 1}, all = {.seed = 1, .loss = 1};
    REQUIRE_INT(run(&none, 0, first).lost, 0);
    REQUIRE_INT(first[PACKETS - 1][0], (PACKETS - 1) * MS);
    REQUIRE_INT(run(&all, 0, first).lost, PACKETS);
}

TEST(delays_within_the_jitter)
{
    struct impair_options options = {.seed = 5, .delay_ns = 10 * MS, .jitter_ns = 290 * MS};
    int64_t least = INT64_MAX, most = 0, sum = 0;
    run(&options, 0, first);
    for (int i = 0; i < PACKETS; i++) {
        int64_t delay = first[i][0] - i * MS;
        least = delay < least ? delay : least;
        most = delay > most ? delay : most;
        sum += delay;
    }
    REQUIRE(least >= 10 * MS && least < 12 * MS);
    REQUIRE(most <= 300 * MS && most > 298 * MS);
    REQUIRE_NEAR((double)sum / PACKETS / MS, 155, 3);
}

TEST(reorders_a_share)
{
    struct impair_options options = {.seed = 5, .reorder = 0.1, .overtake_ns = 20 * MS};
    REQUIRE_NEAR((double)run(&options, 0, first).reordered, 1000, 90);
    int overtaken = 0;
    for (int i = 1; i < PACKETS; i++)
        overtaken += first[i][0] < first[i - 1][0];
    REQUIRE_NEAR(overtaken, 900, 90);
}

TEST(holds_the_rate)
{
    // 10.5 Mbit/s come, 5 go: what goes is spaced, what waits longer than the queue is dropped
    struct impair_options options = {.seed = 1, .rate = 5000000, .queue_ns = 100 * MS};
    struct impair_counts counts = run(&options, 0, first);
    int64_t last = -1, gone = 0;
    for (int i = 0; i < PACKETS; i++) {
        if (first[i][0] < 0)
            continue;
        REQUIRE(first[i][0] >= last + 1316 * 8 * MS / 5000);
        REQUIRE(first[i][0] - i * MS <= 100 * MS + 1316 * 8 * MS / 5000);
        last = first[i][0];
        gone++;
    }
    REQUIRE_INT(gone + counts.overrun, PACKETS);
    REQUIRE_NEAR((double)gone, 4750, 60);
}

TEST(is_black_for_so_long)
{
    struct impair_options options = {.seed = 1, .blackout_at_ns = 2000 * MS, .blackout_ns = 500 * MS};
    REQUIRE_INT(run(&options, 0, first).blacked_out, 500);
    REQUIRE(first[1999][0] >= 0 && first[2000][0] < 0 && first[2499][0] < 0 && first[2500][0] >= 0);
}

TEST(drops_what_is_too_big)
{
    struct impair_options options = {.seed = 1, .mtu = 1172};
    struct impair_line line = impair_line(&options, 0);
    int64_t at_ns[IMPAIR_COPIES];
    REQUIRE_INT(impair_packet(&line, 1172, 0, at_ns), 1);
    REQUIRE_INT(impair_packet(&line, 1173, 0, at_ns), 0);
    REQUIRE_INT(line.counts.too_big, 1);
}

int main(void)
{
    RUN(loses_the_same_packets_twice);
    RUN(other_seeds_and_lines_lose_others);
    RUN(one_option_does_not_change_another);
    RUN(nothing_is_lost_without_loss_and_all_with_it);
    RUN(delays_within_the_jitter);
    RUN(reorders_a_share);
    RUN(holds_the_rate);
    RUN(is_black_for_so_long);
    RUN(drops_what_is_too_big);
    return DONE();
}
