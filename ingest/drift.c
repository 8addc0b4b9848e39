#include "ingest/drift.h"

#include <stdlib.h>

#define MILLION     1000000
#define GAIN        5                   // a lag error decays with this time constant, in seconds
#define SETTLE_GAIN 100                 // critically damped: 4 × GAIN²
#define STEP_MAX    VT_DRIFT_BLOCK_NS   // no more of a gap than this is corrected at the rate of before it

static int64_t bounded(int64_t v, int64_t most)
{
    return v > most ? most : v < -most ? -most : v;
}

// A second track goes on as the first one does: one sender, one clock, until it shows otherwise.
static void start(struct vt_drift_track *track, const struct vt_drift_track *other, int64_t arrival_ns)
{
    track->started = true;
    track->counts_ns = arrival_ns + VT_DRIFT_SETTLE_NS;
    if (!other->started)
        return;
    track->correction_ns = other->correction_ns;
    track->rate = track->settled = other->settled;
}

static void grow(struct vt_drift_track *track, int64_t passed_ns)
{
    int64_t grown = bounded(passed_ns, STEP_MAX) * track->rate + track->part;
    int64_t before = track->grown_ns;
    track->grown_ns = bounded(before + grown / MILLION, VT_DRIFT_GROWTH_NS);
    track->correction_ns += track->grown_ns - before;
    track->part = grown % MILLION;
}

// A controller with a lasting part, so that a steady drift leaves no lasting error.
static void steer(struct vt_drift_track *track, int64_t passed_ns)
{
    int64_t passed_ms = bounded(passed_ns, 2 * VT_DRIFT_BLOCK_NS) / VT_NS_PER_MS, error = track->error_ns;
    track->settled = bounded(track->settled + error / SETTLE_GAIN * passed_ms / MILLION, VT_DRIFT_RATE_MAX);
    track->rate = bounded(track->settled + error / GAIN / 1000, VT_DRIFT_RATE_MAX);
}

// How far the lag went in a block besides the drift that is known, if drift never takes it so far: by a step, then.
static int64_t step_of(const struct vt_drift_track *track, int64_t passed_ns)
{
    if (!track->seen || !track->learnt)
        return 0;
    int64_t change = track->came_ns - track->before_ns - passed_ns / MILLION * track->settled;
    return llabs(change) > passed_ns / MILLION * VT_DRIFT_RATE_MAX + VT_DRIFT_STEP_NS ? change : 0;
}

// What both tracks, or the one that came, have stepped by.
static int64_t common_step(const struct vt_drift_track *a, const struct vt_drift_track *b, int64_t passed_ns)
{
    int64_t of_a = step_of(a, passed_ns), of_b = step_of(b, passed_ns);
    if (!a->seen || !b->seen)
        return of_a + of_b;
    if ((of_a < 0) != (of_b < 0))
        return 0;
    return llabs(of_a) < llabs(of_b) ? of_a : of_b;
}

// Takes a block's least lag in; what stepped is no error, within bounds.
static void measure(struct vt_drift_track *track, int64_t step_ns, int64_t stepped_ns)
{
    track->before_ns = track->seen ? track->came_ns : track->before_ns + step_ns;
    if (!track->seen)
        return;
    if (!track->learnt)
        track->base_ns = track->least_ns - stepped_ns;
    track->learnt = true;
    track->error_ns = track->least_ns - track->base_ns - stepped_ns;
}

// Puts a track back to the other one, `error_ns` off itself, if it has left it for good.
static void hold_together(struct vt_drift *drift, struct vt_drift_track *track, int64_t error_ns)
{
    int64_t skew = track->error_ns - error_ns;
    track->skewed = llabs(skew) > VT_DRIFT_SKEW_MAX_NS ? track->skewed + 1 : 0;
    if (track->skewed < VT_DRIFT_SKEW_BLOCKS)
        return;
    track->correction_ns += skew;
    track->error_ns = error_ns;
    track->skewed = 0;
    drift->steps++;
}

// What both tracks are off by: that of the one that is less.
static int64_t common_error(const struct vt_drift_track *a, const struct vt_drift_track *b)
{
    if (!a->seen || !b->seen)
        return a->seen ? a->error_ns : b->error_ns;
    return llabs(a->error_ns) < llabs(b->error_ns) ? a->error_ns : b->error_ns;
}

static void end_block(struct vt_drift *drift, int64_t passed_ns)
{
    struct vt_drift_track *a = &drift->track[0], *b = &drift->track[1], *both[] = {a, b};
    int64_t step = common_step(a, b, passed_ns);
    drift->stepped_ns += step;
    for (int i = 0; i < VT_DRIFT_TRACKS; i++)
        measure(both[i], step, bounded(drift->stepped_ns, VT_DRIFT_FOLLOW_NS));
    int64_t error = common_error(a, b);
    if (a->seen && b->seen)
        for (int i = 0; i < VT_DRIFT_TRACKS; i++)
            hold_together(drift, both[i], error);
    bool late = error > VT_DRIFT_FOLLOW_NS, early = error < -VT_DRIFT_FOLLOW_NS;
    drift->late = late ? drift->late + 1 : 0;
    if (early || drift->late >= VT_DRIFT_LATE_BLOCKS) {
        a->base_ns += error;
        b->base_ns += error;
        drift->late = 0;
    }
    for (int i = 0; i < VT_DRIFT_TRACKS; i++) {
        if (late || early)
            both[i]->rate = both[i]->settled;
        else if (both[i]->seen && both[i]->skewed == 0)
            steer(both[i], passed_ns);
        both[i]->seen = false;
        both[i]->grown_ns = 0;
    }
}

int64_t vt_drift_correct(struct vt_drift *drift, int index, int64_t at_ns, int64_t arrival_ns, bool fresh)
{
    struct vt_drift_track *track = &drift->track[index];
    if (!track->started)
        start(track, &drift->track[!index], arrival_ns);
    else if (!fresh)
        grow(track, at_ns - track->last_ns);
    track->last_ns = at_ns;

    int64_t passed_ns = arrival_ns - drift->block_ns;
    if (drift->counting && passed_ns >= VT_DRIFT_BLOCK_NS)
        end_block(drift, passed_ns);
    if (!drift->counting || passed_ns >= VT_DRIFT_BLOCK_NS) {
        drift->counting = true;
        drift->block_ns = arrival_ns;
    }
    int64_t came_ns = arrival_ns - at_ns, lag_ns = came_ns - track->correction_ns;
    if (arrival_ns < track->counts_ns)
        return track->correction_ns;
    if (!track->seen || lag_ns < track->least_ns) {
        track->least_ns = lag_ns;
        track->came_ns = came_ns;
    }
    track->seen = true;
    return track->correction_ns;
}
