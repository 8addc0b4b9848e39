#include "studio/clock.h"

#include <errno.h>

#include "check.h"

#define MS VT_NS_PER_MS

// A source against a canvas: frames of `pts` arrive at `pts + delay ± jitter`, ticks come on time.
struct world {
    struct vt_clock clock;
    struct vt_rational rate;
    int64_t tick;
    uint32_t seed;
    int64_t held[VT_CLOCK_QUEUE + 1];      // pts of the queued frames
    int n_held;
    int64_t on_air;                        // pts shown, -1: none yet
    int64_t fresh, repeats, drops;
    int64_t worst_wait;                    // from arrival to tick
    int64_t arrived[VT_CLOCK_QUEUE + 1];
};

static void begin(struct world *w, int32_t num, int32_t den)
{
    *w = (struct world){.rate = {num, den}, .seed = 1, .on_air = -1};
    vt_clock_init(&w->clock, w->rate, 2000 * MS, 0, false);
}

static int64_t jitter(struct world *w, int64_t most)
{
    w->seed = w->seed * 1664525u + 1013904223u;
    return most ? (int64_t)(w->seed >> 8) % (2 * most + 1) - most : 0;
}

static int tick(struct world *w)
{
    int take = vt_clock_tick(&w->clock, w->tick);
    int64_t at = vt_frame_to_ns(w->tick, w->rate);
    if (take > 0) {
        w->on_air = w->held[take - 1];
        if (at - w->arrived[take - 1] > w->worst_wait)
            w->worst_wait = at - w->arrived[take - 1];
        w->fresh++;
        w->drops += take - 1;
        w->n_held -= take;
        memmove(w->held, w->held + take, (size_t)w->n_held * sizeof w->held[0]);
        memmove(w->arrived, w->arrived + take, (size_t)w->n_held * sizeof w->arrived[0]);
    } else if (w->on_air >= 0) {
        w->repeats++;
    }
    w->tick++;
    return take;
}

static void ticks_until(struct world *w, int64_t now)
{
    while (vt_frame_to_ns(w->tick, w->rate) <= now)
        tick(w);
}

static void arrive(struct world *w, int64_t pts, int64_t now)
{
    ticks_until(w, now);
    int dropped = vt_clock_frame(&w->clock, pts, now);
    if (dropped < 0)
        return;
    if (dropped) {
        w->n_held--;
        memmove(w->held, w->held + 1, (size_t)w->n_held * sizeof w->held[0]);
        memmove(w->arrived, w->arrived + 1, (size_t)w->n_held * sizeof w->arrived[0]);
    }
    w->held[w->n_held] = pts;
    w->arrived[w->n_held++] = now;
}

// Frames of `rate` for `seconds`, their times rounded to ms as RTMP does, `speed` of their clock against ours in
// millionths.
static void stream(struct world *w, struct vt_rational rate, double seconds, int64_t start, int64_t first_pts,
                   int64_t most_jitter, int64_t ppm)
{
    int64_t count = (int64_t)(seconds * rate.num / rate.den), last = 0;
    for (int64_t i = 0; i < count; i++) {
        int64_t t = vt_frame_to_ns(i, rate);
        int64_t now = start + t + t / 1000000 * ppm + jitter(w, most_jitter);
        if (now < last)
            now = last;
        last = now;
        arrive(w, first_pts + (t + MS / 2) / MS * MS, now);
    }
}

static void same_rate(int num, int den)
{
    struct world w;
    begin(&w, num, den);
    stream(&w, w.rate, 600, 1003 * MS, 77777 * MS, 10 * MS, 0);
    REQUIRE_INT(w.repeats, 0);
    REQUIRE_INT(w.drops, 0);
    REQUIRE(w.fresh > 590LL * num / den);
    REQUIRE_INT(w.clock.anchors, 1);
    REQUIRE(w.worst_wait < vt_frame_to_ns(3, w.rate) + 12 * MS);
    REQUIRE_INT(w.clock.state, VT_CLOCK_LIVE);
}

TEST(a_source_of_the_same_rate_gives_one_frame_a_tick_for_ten_minutes)
{
    same_rate(30, 1);
    same_rate(25, 1);
    same_rate(30000, 1001);
    same_rate(60, 1);
    same_rate(50, 1);
}

// What encoders that begin with an early frame do, whenever they begin: a few seconds later nothing is repeated.
TEST(a_first_frame_that_came_early_does_not_fix_the_place_of_the_rest)
{
    for (int64_t start = 1000 * MS; start < 1034 * MS; start += MS) {
        struct world w;
        begin(&w, 30, 1);
        arrive(&w, 0, start);
        for (int i = 1; i < 90; i++)
            arrive(&w, vt_frame_to_ns(i, w.rate), start + 32 * MS + vt_frame_to_ns(i, w.rate));
        int64_t repeats = w.repeats;
        REQUIRE(repeats <= 2);
        for (int i = 90; i < 3000; i++)
            arrive(&w, vt_frame_to_ns(i, w.rate), start + 34 * MS + jitter(&w, 9 * MS) + vt_frame_to_ns(i, w.rate));
        REQUIRE_INT(w.repeats, repeats);
        REQUIRE_INT(w.drops, 0);
        REQUIRE(w.worst_wait <= vt_frame_to_ns(2, w.rate) + 12 * MS);
    }
}

TEST(a_frame_waits_about_one_and_a_half_frames)
{
    struct world w;
    begin(&w, 30, 1);
    stream(&w, w.rate, 5, 1003 * MS, 0, 0, 0);
    REQUIRE(w.worst_wait >= vt_frame_to_ns(1, w.rate) - MS);
    REQUIRE(w.worst_wait <= vt_frame_to_ns(2, w.rate) + MS);
}

TEST(twice_the_rate_drops_every_other_frame_and_repeats_none)
{
    struct world w;
    begin(&w, 30, 1);
    stream(&w, (struct vt_rational){60, 1}, 60, 500 * MS, 5 * MS, 5 * MS, 0);
    REQUIRE_INT(w.repeats, 0);
    REQUIRE_NEAR(w.drops, w.fresh, 4);
}

TEST(half_the_rate_repeats_every_frame_once)
{
    struct world w;
    begin(&w, 30, 1);
    stream(&w, (struct vt_rational){15, 1}, 60, 500 * MS, 0, 5 * MS, 0);
    REQUIRE_INT(w.drops, 0);
    REQUIRE_NEAR(w.repeats, w.fresh, 4);
}

TEST(other_rates_repeat_or_drop_only_what_they_must)
{
    struct world w;
    begin(&w, 30, 1);
    stream(&w, (struct vt_rational){25, 1}, 60, 500 * MS, 0, 0, 0);
    REQUIRE_INT(w.drops, 0);
    REQUIRE_NEAR(w.repeats, 5 * 60, 8);
    begin(&w, 25, 1);
    stream(&w, (struct vt_rational){30, 1}, 60, 500 * MS, 0, 0, 0);
    REQUIRE_INT(w.repeats, 0);
    REQUIRE_NEAR(w.drops, 5 * 60, 8);
}

TEST(almost_the_rate_costs_one_frame_in_a_thousand)
{
    struct world w;
    begin(&w, 30, 1);
    stream(&w, (struct vt_rational){30000, 1001}, 600, 500 * MS, 0, 3 * MS, 0);
    REQUIRE(w.repeats >= 15 && w.repeats <= 24);
    REQUIRE(w.drops <= 2);
    begin(&w, 30000, 1001);
    stream(&w, (struct vt_rational){30, 1}, 600, 500 * MS, 0, 3 * MS, 0);
    REQUIRE(w.drops >= 14 && w.drops <= 24);
    REQUIRE(w.repeats <= 2);
}

TEST(a_source_clock_that_runs_wrong_is_followed)
{
    struct world w;
    begin(&w, 30, 1);
    stream(&w, w.rate, 600, 500 * MS, 0, 5 * MS, 200);         // 200 ppm slow: 3.6 frames in 10 minutes
    REQUIRE(w.repeats <= 6);
    REQUIRE(w.drops <= 2);
    REQUIRE_INT(w.clock.anchors, 1);
    begin(&w, 30, 1);
    stream(&w, w.rate, 600, 500 * MS, 0, 5 * MS, -200);
    REQUIRE(w.drops <= 6);
    REQUIRE(w.repeats <= 2);
    REQUIRE_INT(w.clock.anchors, 1);
}

TEST(a_gap_repeats_then_stalls_then_shows_the_slate_and_the_picture_comes_back_at_once)
{
    struct world w;
    begin(&w, 30, 1);
    REQUIRE_INT(w.clock.state, VT_CLOCK_WAITING);
    ticks_until(&w, 900 * MS);
    REQUIRE_INT(w.clock.state, VT_CLOCK_WAITING);
    stream(&w, w.rate, 3, 1000 * MS, 0, 0, 0);
    int64_t last = w.clock.last_arrival;
    ticks_until(&w, last + 450 * MS);
    REQUIRE_INT(w.clock.state, VT_CLOCK_LIVE);
    ticks_until(&w, last + 600 * MS);
    REQUIRE_INT(w.clock.state, VT_CLOCK_STALLED);
    ticks_until(&w, last + 1950 * MS);
    REQUIRE_INT(w.clock.state, VT_CLOCK_STALLED);
    ticks_until(&w, last + 2100 * MS);
    REQUIRE_INT(w.clock.state, VT_CLOCK_SLATE);

    ticks_until(&w, last + 10000 * MS);
    vt_clock_restart(&w.clock);
    int64_t back = last + 10010 * MS;
    arrive(&w, 123456789 * MS, back);
    ticks_until(&w, back + 70 * MS);
    REQUIRE_INT(w.on_air, 123456789 * MS);
    REQUIRE_INT(w.clock.state, VT_CLOCK_LIVE);
}

TEST(a_timeline_that_jumps_is_taken_up_where_it_is)
{
    struct world w;
    begin(&w, 30, 1);
    stream(&w, w.rate, 2, 0, 0, 0, 0);
    stream(&w, w.rate, 2, 2000 * MS, INT64_C(86400000) * MS, 0, 0);
    stream(&w, w.rate, 2, 4000 * MS, 3000 * MS, 0, 0);
    REQUIRE_INT(w.clock.anchors, 3);
    REQUIRE(w.repeats <= 4);
    REQUIRE(w.drops <= 4);
}

TEST(a_hiccup_deepens_the_buffer_and_the_delay_is_given_back_later)
{
    struct world w;
    begin(&w, 30, 1);
    stream(&w, w.rate, 2, 0, 0, 0, 0);
    for (int i = 60; i < 66; i++)                              // 150 ms late, all at once
        arrive(&w, i * 100 / 3 * MS, 2150 * MS + i * MS / 10);
    int64_t repeats = w.repeats;
    REQUIRE(repeats >= 2 && repeats <= 5);
    REQUIRE_INT(w.drops, 0);
    for (int i = 66; i < 66 + 30 * 60; i++)
        arrive(&w, i * 100 / 3 * MS, i * 100 / 3 * MS);
    REQUIRE_INT(w.repeats, repeats);
    REQUIRE(w.drops >= 1 && w.drops <= repeats);
    REQUIRE_INT(w.clock.anchors, 1);
}

TEST(a_long_hiccup_shows_the_newest_and_a_lasting_one_starts_anew)
{
    struct world w;
    begin(&w, 30, 1);
    stream(&w, w.rate, 2, 0, 0, 0, 0);
    for (int i = 60; i < 75; i++)
        arrive(&w, i * 100 / 3 * MS, 2500 * MS + i * MS / 10);
    for (int i = 75; i < 105; i++)
        arrive(&w, i * 100 / 3 * MS, i * 100 / 3 * MS + 10 * MS);
    REQUIRE_INT(w.clock.anchors, 1);
    REQUIRE(w.drops >= 5);
    for (int i = 105; i < 200; i++)                            // a path that is longer by 600 ms from now on
        arrive(&w, i * 100 / 3 * MS, i * 100 / 3 * MS + 600 * MS);
    REQUIRE_INT(w.clock.anchors, 2);
    REQUIRE_INT(w.clock.state, VT_CLOCK_LIVE);
}

TEST(frames_that_arrive_in_a_burst_at_the_start_do_not_delay_the_rest)
{
    struct world w;
    begin(&w, 30, 1);
    for (int i = 0; i < 15; i++)
        arrive(&w, i * 100 / 3 * MS, 1000 * MS + i * MS / 10);
    for (int i = 15; i < 150; i++)
        arrive(&w, i * 100 / 3 * MS, 500 * MS + i * 100 / 3 * MS);
    REQUIRE(w.worst_wait < 110 * MS);
    REQUIRE_INT(w.clock.anchors, 1);
    for (int i = 150; i < 300; i++)
        arrive(&w, i * 100 / 3 * MS, 500 * MS + i * 100 / 3 * MS);
    REQUIRE(w.worst_wait < 110 * MS);
    REQUIRE_INT(w.repeats, 0);
}

TEST(more_frames_than_the_queue_holds_push_out_the_oldest)
{
    struct world w;
    begin(&w, 30, 1);
    for (int i = 0; i < 3 * VT_CLOCK_QUEUE; i++)
        arrive(&w, i * 20 * MS, 1 * MS);
    REQUIRE_INT(w.n_held, VT_CLOCK_QUEUE);
    REQUIRE_INT(w.clock.queued, VT_CLOCK_QUEUE);
    REQUIRE_INT(w.clock.skipped, 2 * VT_CLOCK_QUEUE);
    ticks_until(&w, 2000 * MS);
    REQUIRE_INT(w.on_air, (3 * VT_CLOCK_QUEUE - 1) * 20 * MS);
}

TEST(a_frame_that_is_not_newer_is_refused)
{
    struct world w;
    begin(&w, 30, 1);
    REQUIRE_INT(vt_clock_frame(&w.clock, 100 * MS, 0), 0);
    REQUIRE_INT(vt_clock_frame(&w.clock, 100 * MS, 10 * MS), -EINVAL);
    REQUIRE_INT(vt_clock_frame(&w.clock, 90 * MS, 10 * MS), -EINVAL);
    REQUIRE_INT(vt_clock_frame(&w.clock, 133 * MS, 33 * MS), 0);
}

TEST(sound_goes_with_the_picture_and_its_runs_stay_together)
{
    struct world w;
    begin(&w, 30, 1);
    int64_t at, next = 0, run = 1024 * VT_NS_PER_S / 48000;
    REQUIRE_INT(vt_clock_frame(&w.clock, 5000 * MS, 1003 * MS), 0);
    int64_t shown = 0;
    while (!shown)
        shown = vt_clock_tick(&w.clock, w.tick++) ? vt_frame_to_ns(w.tick - 1, w.rate) : 0;
    for (int i = 0; i < 100; i++) {
        int64_t pts = 5000 * MS + (i * run + MS / 2) / MS * MS;
        at = vt_clock_sound(&w.clock, pts, run, 1003 * MS);
        if (i == 0)
            REQUIRE_INT(at, shown);
        else
            REQUIRE_INT(at, next);
        next = at + run;
    }
    at = vt_clock_sound(&w.clock, 9000 * MS, run, 5003 * MS);              // 2 s were lost
    REQUIRE_NEAR(at, shown + 4000 * MS, MS);
}

TEST(what_waits_moves_with_the_clock)
{
    struct world w;
    begin(&w, 30, 1);
    stream(&w, w.rate, 3, 0, 0, 0, 0);
    REQUIRE(!vt_clock_sound_waits(&w.clock));
    REQUIRE_INT(vt_clock_sound_until(&w.clock), vt_frame_to_ns(w.tick, w.rate));
    REQUIRE_INT(w.clock.sound_moved, 0);
    int64_t place = vt_clock_sound(&w.clock, 3000 * MS, 20 * MS, 2990 * MS);
    ticks_until(&w, 3200 * MS);                                           // pictures stop: later sound waits for them
    REQUIRE(vt_clock_sound_waits(&w.clock));
    arrive(&w, 3000 * MS, 3200 * MS);                                     // late, which deepens the buffer
    REQUIRE(w.clock.slips > 0);
    REQUIRE_NEAR(w.clock.sound_moved, w.clock.slips * 200 * MS, 100 * MS);
    int64_t moved = place + w.clock.sound_moved;
    tick(&w);
    REQUIRE_INT(w.on_air, 3000 * MS);
    REQUIRE_NEAR(moved, vt_frame_to_ns(w.tick - 1, w.rate), 2 * MS);
    REQUIRE_INT(w.clock.sound_from, vt_frame_to_ns(w.tick - 1, w.rate));
    REQUIRE(!vt_clock_sound_waits(&w.clock));
}

TEST(sound_alone_finds_a_place_and_the_picture_then_leads)
{
    struct world w;
    begin(&w, 30, 1);
    int64_t at;
    at = vt_clock_sound(&w.clock, 700 * MS, 20 * MS, 100 * MS);
    REQUIRE(at > 100 * MS && at < 200 * MS);
    REQUIRE_INT(vt_clock_frame(&w.clock, 690 * MS, 130 * MS), 0);
    REQUIRE_INT(w.clock.queued, 1);
}

TEST(files_are_mapped_exactly)
{
    struct world w;
    begin(&w, 30, 1);
    vt_clock_init(&w.clock, w.rate, 2000 * MS, 0, true);
    for (int i = 0; i < 300; i++) {
        int64_t pts = (vt_frame_to_ns(i, w.rate) + MS / 2) / MS * MS;
        REQUIRE_INT(vt_clock_frame(&w.clock, 1234 * MS + pts, pts), 0);
        REQUIRE_INT(vt_clock_tick(&w.clock, i), 1);
    }
    REQUIRE_INT(vt_clock_sound(&w.clock, 1234 * MS, 20 * MS, 0), 0);
}

int main(void)
{
    RUN(a_source_of_the_same_rate_gives_one_frame_a_tick_for_ten_minutes);
    RUN(a_first_frame_that_came_early_does_not_fix_the_place_of_the_rest);
    RUN(a_frame_waits_about_one_and_a_half_frames);
    RUN(twice_the_rate_drops_every_other_frame_and_repeats_none);
    RUN(half_the_rate_repeats_every_frame_once);
    RUN(other_rates_repeat_or_drop_only_what_they_must);
    RUN(almost_the_rate_costs_one_frame_in_a_thousand);
    RUN(a_source_clock_that_runs_wrong_is_followed);
    RUN(a_gap_repeats_then_stalls_then_shows_the_slate_and_the_picture_comes_back_at_once);
    RUN(a_timeline_that_jumps_is_taken_up_where_it_is);
    RUN(a_hiccup_deepens_the_buffer_and_the_delay_is_given_back_later);
    RUN(a_long_hiccup_shows_the_newest_and_a_lasting_one_starts_anew);
    RUN(frames_that_arrive_in_a_burst_at_the_start_do_not_delay_the_rest);
    RUN(more_frames_than_the_queue_holds_push_out_the_oldest);
    RUN(a_frame_that_is_not_newer_is_refused);
    RUN(sound_goes_with_the_picture_and_its_runs_stay_together);
    RUN(what_waits_moves_with_the_clock);
    RUN(sound_alone_finds_a_place_and_the_picture_then_leads);
    RUN(files_are_mapped_exactly);
    return DONE();
}
