#include <stdlib.h>

#include "check.h"

#include "ingest/timestamps.h"

#define MS VT_NS_PER_MS
#define S  VT_NS_PER_S

struct line {
    struct vt_timestamps times;
    int64_t now;                         // arrival, ns
};

static struct vt_times map(struct line *line, enum vt_time_track track, uint32_t raw_ms, int32_t composition)
{
    struct vt_times out;
    vt_timestamps_map(&line->times, track, raw_ms, composition, line->now, &out);
    return out;
}

static int64_t video(struct line *line, uint32_t raw_ms)
{
    return map(line, VT_TIME_VIDEO, raw_ms, 0).dts_ns;
}

static int64_t audio(struct line *line, uint32_t raw_ms)
{
    return map(line, VT_TIME_AUDIO, raw_ms, 0).dts_ns;
}

// Pushes both tracks in real time, 20 ms a message, from `raw` for `count` messages; returns the next raw.
static uint32_t push(struct line *line, uint32_t raw, int count)
{
    for (int i = 0; i < count; i++, raw += 20) {
        line->now += 20 * MS;
        video(line, raw);
        audio(line, raw);
    }
    return raw;
}

TEST(both_tracks_share_one_origin)
{
    struct line line = {.now = 77 * S};
    REQUIRE_INT(video(&line, 5000), 0);
    REQUIRE_INT(audio(&line, 4980), -20 * MS);
    REQUIRE_INT(video(&line, 5033), 33 * MS);
    REQUIRE_INT(audio(&line, 5003), 3 * MS);
}

TEST(wraps_of_every_kind_leave_no_mark)
{
    const uint32_t starts[] = {UINT32_MAX - 5000, 0xffffff - 5000, INT32_MAX - 5000u, 0};
    for (int i = 0; i < 4; i++) {
        struct line line = {0};
        int64_t last = -1;
        for (uint32_t at = 0; at < 20000; at += 40) {
            line.now = at * MS;
            int64_t v = video(&line, starts[i] + at);
            REQUIRE_INT(v, at * MS);
            REQUIRE_INT(audio(&line, starts[i] + at), v);
            REQUIRE(v > last);
            last = v;
        }
        REQUIRE_INT(line.times.epochs + line.times.clamped, 0);
    }
}

TEST(small_steps_back_are_clamped)
{
    struct line line = {0};
    video(&line, 1000);
    line.now += 40 * MS;
    REQUIRE_INT(video(&line, 1000 - 500), MS);
    REQUIRE_INT(video(&line, 1000 - 498), 2 * MS);           // the limit counts from the last time given out
    REQUIRE_INT(line.times.clamped, 2);
    REQUIRE_INT(line.times.epochs, 0);
    line.now += 40 * MS;
    struct vt_times out = map(&line, VT_TIME_VIDEO, 1000 - 499, 0);      // one past it
    REQUIRE(out.epoch);
    REQUIRE_INT(line.times.epochs, 1);
    REQUIRE(llabs(out.dts_ns - 80 * MS) <= 2 * MS);          // where the arrival clock says
}

TEST(jumps_of_both_tracks_keep_them_together)
{
    const int32_t jumps[] = {3600000, -3600000, 5000, -5000};
    for (int i = 0; i < 4; i++) {
        struct line line = {0};
        uint32_t raw = push(&line, 10000000, 100);
        int64_t before = line.times.track[VT_TIME_VIDEO].last_ns;
        raw += (uint32_t)jumps[i];
        line.now += 20 * MS;
        struct vt_times v = map(&line, VT_TIME_VIDEO, raw, 0), a = map(&line, VT_TIME_AUDIO, raw + 7, 0);
        REQUIRE(v.epoch && a.epoch);
        REQUIRE_INT(a.dts_ns - v.dts_ns, 7 * MS);
        REQUIRE(v.dts_ns > before && v.dts_ns < before + 100 * MS);
        REQUIRE_INT(line.times.epochs, 1);
    }
}

TEST(a_jump_of_one_track_leaves_the_other_alone)
{
    struct line line = {0};
    uint32_t raw = push(&line, 0, 100);
    line.now += 20 * MS;
    int64_t a = audio(&line, raw), v = video(&line, raw + 3600000);
    REQUIRE(llabs(a - v) <= 40 * MS);
    line.now += 20 * MS;
    REQUIRE_INT(audio(&line, raw + 20), a + 20 * MS);
    REQUIRE_INT(video(&line, raw + 3600020), v + 20 * MS);
}

// The second track's jump ends just a step away from where the first one's was put: it is a jump all the same.
TEST(a_jump_just_past_a_step_moves_both_tracks)
{
    struct line line = {0};
    uint32_t raw = push(&line, 1000, 1);
    int64_t sound = audio(&line, raw - 20 + VT_TIME_STEP_MAX_NS / MS + 1);
    REQUIRE_INT(video(&line, raw - 20 + VT_TIME_STEP_MAX_NS / MS + 1), sound);
    REQUIRE_INT(line.times.epochs, 1);
}

// Stalls that never end: what one track is off by more than the other is found and mended all the while.
TEST(tracks_of_a_late_line_do_not_drift_apart)
{
    struct line line = {0};
    uint32_t raw = push(&line, 1000, 500);
    for (int i = 0; i < 200; i++, raw += 20) {            // sound falls behind, and is being slewed
        line.now += 20 * MS;
        video(&line, raw);
        audio(&line, raw - (uint32_t)i / 4);
    }
    int64_t most = 0;
    for (int i = 0; i < 4000; i++, raw += 1900) {         // each message is later still
        line.now += 2500 * MS;
        int64_t away = llabs(video(&line, raw) - audio(&line, raw));
        most = away > most ? away : most;
    }
    REQUIRE(most <= VT_DRIFT_APART_MAX_NS);
}

TEST(a_gap_that_the_clock_confirms_is_kept)
{
    struct line line = {0};
    uint32_t raw = push(&line, 0, 100);
    int64_t before = line.times.track[VT_TIME_VIDEO].last_ns;
    line.now += 10 * S;
    REQUIRE_INT(video(&line, raw + 10000), before + 10020 * MS);
    REQUIRE_INT(line.times.epochs, 0);
}

TEST(a_stalled_network_leaves_no_mark)
{
    struct line line = {0};
    uint32_t raw = push(&line, 0, 100);
    int64_t before = line.times.track[VT_TIME_VIDEO].last_ns;
    line.now += 8 * S;                                       // nothing came; then all of it at once
    for (int i = 0; i < 400; i++, raw += 20) {
        REQUIRE_INT(video(&line, raw), before + (i + 1) * 20 * MS);
        audio(&line, raw);
    }
    push(&line, raw, 100);
    REQUIRE_INT(line.times.epochs + line.times.clamped, 0);
}

TEST(a_file_pushed_at_full_speed_leaves_no_mark)
{
    struct line line = {0};
    for (uint32_t at = 0; at < 3600000; at += 20)
        REQUIRE_INT(video(&line, at), at * MS);
    REQUIRE_INT(audio(&line, 3599980), 3599980 * MS);        // late, but beside the picture
    REQUIRE_INT(line.times.epochs, 0);
}

TEST(a_clock_that_stands_still_is_replaced)
{
    struct line line = {0};
    int64_t last = video(&line, 0);
    for (int i = 1; i < 1000; i++) {
        line.now += 33 * MS;
        int64_t v = video(&line, 0);
        REQUIRE(v > last);
        last = v;
        REQUIRE(line.now - v <= VT_TIME_STEP_MAX_NS + 100 * MS);
        if (line.now > VT_TIME_STEP_MAX_NS + 100 * MS)
            REQUIRE_NEAR(v, line.now, 40 * MS);              // from then on it comes when it comes
    }
    REQUIRE_INT(line.times.epochs, 1);
    for (int i = 1; i < 100; i++) {                          // and its clock moves again
        line.now += 33 * MS;
        int64_t v = video(&line, (uint32_t)i * 33);
        REQUIRE_INT(v, last + 33 * MS);
        last = v;
    }
}

TEST(tracks_that_begin_far_apart_are_brought_together)
{
    struct line line = {0};
    uint32_t raw = 16775000;
    for (int i = 0; i < 100; i++, raw += 20, line.now += 20 * MS)
        video(&line, raw);
    int64_t a = audio(&line, 0);
    REQUIRE(llabs(a - line.now) <= 20 * MS);
    line.now += 20 * MS;
    REQUIRE_INT(audio(&line, 20), a + 20 * MS);
}

TEST(drift_is_not_a_jump)
{
    struct line line = {0};
    int64_t last = -1;
    for (uint32_t i = 0; i < 20000; i++) {                   // 0.3 % fast for 100 minutes: 18 s in all
        line.now = i * 300 * MS;
        int64_t v = video(&line, i * 300 + i * 9 / 10);
        REQUIRE(v > last && llabs(v - line.now) <= 30 * MS);
        last = v;
    }
    line.now += 3 * S;                                       // and then a gap
    REQUIRE(llabs(video(&line, 20000 * 300 + 18000 + 3000) - line.now) <= 310 * MS);
    REQUIRE_INT(line.times.epochs + line.times.drift.steps, 0);
}

// What OBS does, in one run or another: its first picture comes 32 ms before the others would, and later on it takes a
// frame longer all at once, for good. Nothing drifts, so that nothing is moved.
TEST(an_encoder_that_settles_does_not_drift)
{
    struct line line = {0};
    int64_t most = 0;
    uint32_t seed = 5;
    for (int i = 0; i < 30 * 120; i++) {
        uint32_t ms = (uint32_t)(i * 1000 / 30);
        int64_t late = i == 0 ? 0 : i < 105 ? 32 : i < 1800 ? 49 : 92;
        seed = seed * 1664525u + 1013904223u;
        line.now = (ms + late + seed / (UINT32_MAX / 8)) * MS;
        int64_t v = video(&line, 1000 + ms) - ms * MS;
        int64_t a = i == 0 ? 0 : audio(&line, 1000 + ms - 12) - (ms - 12) * MS;
        most = llabs(v) > most ? llabs(v) : most;
        most = llabs(a) > most ? llabs(a) : most;
    }
    REQUIRE(most <= 4 * MS);
    REQUIRE_INT(line.times.epochs + line.times.drift.steps + line.times.clamped, 0);
}

// What is taken for a step on a line whose lag leaps all the time is bounded, and a clock that drifts is followed.
TEST(a_clock_that_drifts_is_followed_on_a_noisy_line)
{
    const int ppm[] = {3000, -3000, 200, -200, 0};
    for (int i = 0; i < 5; i++) {
        struct line line = {0};
        uint32_t seed = 3;
        int64_t most = 0, late = 0;
        for (int64_t t = 0; t < 3600000; t += 20) {
            seed = seed * 1664525u + 1013904223u;
            late = t % 4000 == 0 ? (int64_t)(seed >> 24) % 100 : late;
            line.now = (t + late) * MS;
            int64_t v = video(&line, (uint32_t)(5000 + t + t * ppm[i] / 1000000)) - t * MS;
            REQUIRE(llabs(audio(&line, (uint32_t)(5000 + t + t * ppm[i] / 1000000)) - t * MS - v) <= 5 * MS);
            most = llabs(v) > most ? llabs(v) : most;
        }
        REQUIRE(most <= VT_DRIFT_FOLLOW_NS + 100 * MS);
    }
}

// Two tracks for an hour, each with a clock of its own; returns the most that they were apart.
static int64_t apart(int video_ppm, int audio_ppm, int late_ms)
{
    struct line line = {0};
    int64_t worst = 0, v = 0;
    uint32_t seed = 7;
    for (int64_t t = 0; t < 3600000; t += 20) {              // ms of true time
        seed = seed * 1664525u + 1013904223u;
        line.now = (t + (int64_t)(seed >> 24) % late_ms) * MS;
        if (t % 40 == 0)
            v = video(&line, (uint32_t)(5000 + t + t * video_ppm / 1000000)) - t * MS;
        int64_t a = audio(&line, (uint32_t)(5000 + t + t * audio_ppm / 1000000)) - t * MS;
        if (llabs(a - v) > worst)
            worst = llabs(a - v);
        if (llabs(v) > 100 * MS)
            return llabs(v);
    }
    REQUIRE_INT(line.times.epochs + line.times.drift.steps + line.times.clamped, 0);
    return worst;
}

TEST(tracks_whose_clocks_drift_stay_together_and_at_our_pace)
{
    const int ppm[][2] = {{3000, 3000}, {-3000, -3000}, {0, 3000}, {0, -3000}, {3000, 0}, {-2000, 1000}, {0, 0}};
    for (int i = 0; i < 7; i++)
        REQUIRE(apart(ppm[i][0], ppm[i][1], 10) < 20 * MS);
    REQUIRE(apart(0, 3000, 50) < 20 * MS);
}

// A picture whose clock is set back by 40 ms every second, for good: no drift of half a percent takes that up.
TEST(a_track_that_is_set_back_again_and_again_is_put_back)
{
    struct line line = {0};
    int64_t v = 0;
    for (int64_t t = 0; t < 120000; t += 20) {
        line.now = t * MS;
        int64_t a = audio(&line, (uint32_t)(90000 + t));
        if (t % 40 == 0)
            v = video(&line, (uint32_t)(90000 + t - t / 1000 * 40));
        REQUIRE(llabs(a - v) < 320 * MS);
    }
    REQUIRE(line.times.drift.steps > 3);
    REQUIRE(vt_timestamps_mended(&line.times) >= line.times.drift.steps + line.times.clamped);
}

TEST(a_second_track_that_comes_late_has_the_firsts_correction)
{
    struct line line = {0};
    int64_t v = 0;
    for (int64_t t = 0; t < 30000; t += 40) {
        line.now = t * MS;
        v = video(&line, (uint32_t)(t + t * 3 / 1000));
    }
    REQUIRE(llabs(audio(&line, 29960 + 29960 * 3 / 1000) - v) <= MS);
}

TEST(composition_times_are_signed_and_bounded)
{
    struct line line = {0};
    const int32_t most = VT_TIME_COMPOSITION_MAX_MS;
    REQUIRE_INT(map(&line, VT_TIME_VIDEO, 0, -20).pts_ns, -20 * MS);
    REQUIRE_INT(map(&line, VT_TIME_VIDEO, 40, most).pts_ns, (40 + most) * MS);
    REQUIRE_INT(map(&line, VT_TIME_VIDEO, 80, -most).pts_ns, (80 - most) * MS);
    REQUIRE_INT(map(&line, VT_TIME_VIDEO, 120, most + 1).pts_ns, 120 * MS);
    REQUIRE_INT(map(&line, VT_TIME_VIDEO, 160, -most - 1).pts_ns, 160 * MS);
    REQUIRE_INT(map(&line, VT_TIME_VIDEO, 200, 8388607).pts_ns, 200 * MS);
    REQUIRE_INT(line.times.compositions, 3);
}

TEST(a_runaway_clock_is_held_back)
{
    struct line line = {0};
    int64_t last = video(&line, 0);
    for (uint32_t i = 1; i < 100000; i++) {
        int64_t v = video(&line, i * 2000);
        REQUIRE(v > last && v <= VT_TIME_AHEAD_MAX_NS + 200 * S);
        last = v;
    }
    for (uint32_t i = 1; i < 10000; i++)                     // 2^31 - 1 ms at a time, again and again
        REQUIRE(video(&line, i * 0x7fffffffu) > 0);
}

TEST(ticks_wrap_without_a_mark)
{
    struct vt_timestamps times = {0};
    struct vt_times out = {0};
    uint64_t tick = VT_TIME_TICKS_MASK - 90000;          // a second before 33 bits are full
    for (int i = 0; i < 90; i++, tick += 3000) {         // three seconds at 30 a second
        int64_t at = i * VT_NS_PER_S / 30;
        vt_timestamps_map_ticks(&times, VT_TIME_VIDEO, tick & VT_TIME_TICKS_MASK, (tick + 6000) & VT_TIME_TICKS_MASK,
                                VT_NS_PER_S + at, &out);
        REQUIRE_NEAR(out.dts_ns, at, 1);
        REQUIRE_NEAR(out.pts_ns - out.dts_ns, VT_NS_PER_S / 15, 1);
        REQUIRE(!out.epoch);
        vt_timestamps_map_ticks(&times, VT_TIME_AUDIO, tick & VT_TIME_TICKS_MASK, tick & VT_TIME_TICKS_MASK,
                                VT_NS_PER_S + at, &out);
        REQUIRE_NEAR(out.dts_ns, at, 1);
        REQUIRE_INT(out.pts_ns, out.dts_ns);
    }
}

TEST(ticks_before_their_decoding_time_and_far_after_it)
{
    struct vt_timestamps times = {0};
    struct vt_times out;
    vt_timestamps_map_ticks(&times, VT_TIME_VIDEO, 5, VT_TIME_TICKS_MASK, 0, &out);      // six ticks earlier
    REQUIRE_NEAR(out.pts_ns - out.dts_ns, -66667, 1);
    vt_timestamps_map_ticks(&times, VT_TIME_VIDEO, 3005, 3005 + 900000, VT_NS_PER_S / 30, &out);
    REQUIRE_INT(out.pts_ns - out.dts_ns, 10 * VT_NS_PER_S);
    vt_timestamps_map_ticks(&times, VT_TIME_VIDEO, 6005, 6005 + 900001, VT_NS_PER_S / 15, &out);
    REQUIRE_INT(out.pts_ns, out.dts_ns);
    REQUIRE_INT(times.compositions, 1);
}

int main(void)
{
    RUN(ticks_wrap_without_a_mark);
    RUN(ticks_before_their_decoding_time_and_far_after_it);
    RUN(both_tracks_share_one_origin);
    RUN(wraps_of_every_kind_leave_no_mark);
    RUN(small_steps_back_are_clamped);
    RUN(jumps_of_both_tracks_keep_them_together);
    RUN(a_jump_of_one_track_leaves_the_other_alone);
    RUN(a_jump_just_past_a_step_moves_both_tracks);
    RUN(tracks_of_a_late_line_do_not_drift_apart);
    RUN(a_gap_that_the_clock_confirms_is_kept);
    RUN(a_stalled_network_leaves_no_mark);
    RUN(a_file_pushed_at_full_speed_leaves_no_mark);
    RUN(a_clock_that_stands_still_is_replaced);
    RUN(tracks_that_begin_far_apart_are_brought_together);
    RUN(drift_is_not_a_jump);
    RUN(an_encoder_that_settles_does_not_drift);
    RUN(a_clock_that_drifts_is_followed_on_a_noisy_line);
    RUN(tracks_whose_clocks_drift_stay_together_and_at_our_pace);
    RUN(a_track_that_is_set_back_again_and_again_is_put_back);
    RUN(a_second_track_that_comes_late_has_the_firsts_correction);
    RUN(composition_times_are_signed_and_bounded);
    RUN(a_runaway_clock_is_held_back);
    return DONE();
}
