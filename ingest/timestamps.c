#include "ingest/timestamps.h"

#include <stdlib.h>

#define RAW_BITS  32
#define TICK_BITS 33
#define TICK_RATE 90000

// How fast the two clocks may drift apart before it counts as a jump: 1/50 of the time that passed.
#define DRIFT_PART 50

// A time as it came: 32 bits of milliseconds, or 33 bits at 90 kHz.
struct raw {
    uint64_t value;
    bool ticks;
};

static bool near(int64_t a, int64_t b)
{
    return llabs(a - b) <= VT_TIME_STEP_MAX_NS;
}

// Where the arrival clock puts a message that arrives now.
static int64_t arrival_place(const struct vt_timestamps *times, int64_t arrival_ns)
{
    return arrival_ns - times->arrival_ns;
}

// Where a track's last raw time lies, and what it was unwrapped from.
static int64_t place_of(const struct vt_time_clock *clock)
{
    return clock->raw_ns + clock->offset_ns;
}

static void set_raw(struct vt_time_clock *clock, struct raw raw, int64_t last)
{
    clock->raw = vt_unwrap(raw.value, raw.ticks ? TICK_BITS : RAW_BITS, last);
    clock->raw_ns = raw.ticks ? vt_muldiv(clock->raw, VT_NS_PER_S, TICK_RATE) : clock->raw * VT_NS_PER_MS;
}

// Gives a track the other one's unwrapping and offset.
static void follow(struct vt_time_clock *clock, const struct vt_time_clock *other, struct raw raw)
{
    set_raw(clock, raw, other->raw);
    clock->offset_ns = other->offset_ns;
    clock->epoch = other->epoch;
}

static void put_at(struct vt_time_clock *clock, struct raw raw, int64_t place)
{
    set_raw(clock, raw, (int64_t)raw.value);
    clock->offset_ns = place - clock->raw_ns;
}

static void start(struct vt_timestamps *times, struct vt_time_clock *clock, const struct vt_time_clock *other,
                  struct raw raw, int64_t arrival_ns)
{
    clock->started = true;
    if (!times->started) {
        times->started = true;
        times->arrival_ns = arrival_ns;
        times->seen_ns = arrival_ns;
        put_at(clock, raw, 0);
        return;
    }
    follow(clock, other, raw);
    int64_t place = arrival_place(times, arrival_ns);
    if (!near(place_of(clock), place) && !near(place_of(clock), other->last_ns))
        put_at(clock, raw, place);
}

// Puts a message whose clock jumped where it belongs: where the other track's jump led, or else where the arrival
// clock says.
static void begin_epoch(struct vt_timestamps *times, struct vt_time_clock *clock,
                        const struct vt_time_clock *other, struct raw raw, int64_t arrival_ns)
{
    int64_t place = arrival_place(times, arrival_ns);
    if (place <= clock->last_ns)
        place = clock->last_ns + VT_TIME_TICK_NS;
    if (other->epoch > clock->epoch) {
        follow(clock, other, raw);
        if (near(place_of(clock), place) && place_of(clock) > clock->last_ns - VT_TIME_BACK_MAX_NS)
            return;
    }
    put_at(clock, raw, place);
    clock->epoch = ++times->epochs;
}

// A clock that says nothing: what comes is placed where it comes.
static void go_by_arrival(struct vt_timestamps *times, struct vt_time_clock *clock, struct raw raw, int64_t arrival_ns)
{
    int64_t place = arrival_place(times, arrival_ns);
    put_at(clock, raw, place > clock->last_ns ? place : clock->last_ns + VT_TIME_TICK_NS);
    times->clamped++;
}

static bool jumped(const struct vt_timestamps *times, const struct vt_time_clock *clock,
                   const struct vt_time_clock *other, int64_t at, int64_t arrival_ns)
{
    int64_t place = arrival_place(times, arrival_ns);
    int64_t step = at - clock->last_ns;
    if (step < -VT_TIME_BACK_MAX_NS)
        return true;
    if (step <= 0)
        return clock->stuck >= VT_TIME_STUCK_MIN && arrival_ns - clock->moved_ns > VT_TIME_STEP_MAX_NS;
    if (at > place + VT_TIME_AHEAD_MAX_NS)
        return true;
    if (step <= VT_TIME_STEP_MAX_NS || at <= place + VT_TIME_STEP_MAX_NS)
        return false;
    // where the other track is counts for nothing if its own jump led there
    return !(other->started && other->epoch <= clock->epoch && near(at, other->last_ns));
}

// Lets the arrival clock follow the sender's, if that one moves, as far as drift explains the difference.
static void follow_drift(struct vt_timestamps *times, bool moving, int64_t at, int64_t arrival_ns)
{
    int64_t passed = arrival_ns - times->seen_ns;
    int64_t most = passed > 0 ? passed / DRIFT_PART : 0;
    int64_t ahead = at - arrival_place(times, arrival_ns);
    if (ahead > most)
        ahead = most;
    if (ahead < -most)
        ahead = -most;
    if (moving)
        times->arrival_ns -= ahead;
    if (passed > 0)
        times->seen_ns = arrival_ns;
}

static void map(struct vt_timestamps *times, enum vt_time_track track, struct raw raw, int64_t composition_ns,
                int64_t arrival_ns, struct vt_times *ret)
{
    struct vt_time_clock *clock = &times->track[track];
    const struct vt_time_clock *other = &times->track[track == VT_TIME_AUDIO ? VT_TIME_VIDEO : VT_TIME_AUDIO];
    struct vt_times out = {0};
    bool first = !clock->started;
    if (first) {
        start(times, clock, other, raw, arrival_ns);
        out.dts_ns = place_of(clock);
    } else {
        int64_t before = clock->raw;
        set_raw(clock, raw, before);
        times->went_back = times->went_back || clock->raw < before;
        clock->frozen = clock->frozen && clock->raw == before;
        out.epoch = !clock->frozen && jumped(times, clock, other, place_of(clock), arrival_ns);
        if (clock->frozen)
            go_by_arrival(times, clock, raw, arrival_ns);
        else if (out.epoch)
            begin_epoch(times, clock, other, raw, arrival_ns);
        clock->frozen = clock->frozen || (out.epoch && clock->raw == before);
        times->stood_still = times->stood_still || clock->frozen;
        out.dts_ns = place_of(clock);
        if (out.dts_ns <= clock->last_ns) {
            out.dts_ns = clock->last_ns + VT_TIME_TICK_NS;
            times->clamped++;
            clock->stuck++;
        } else {
            clock->stuck = 0;
        }
    }
    if (clock->stuck == 0)
        clock->moved_ns = arrival_ns;
    clock->last_ns = out.dts_ns;
    follow_drift(times, clock->stuck == 0, out.dts_ns, arrival_ns);
    out.dts_ns += vt_drift_correct(&times->drift, (int)track, clock->last_ns, arrival_ns, out.epoch);
    if (!first && out.dts_ns <= clock->given_ns)
        out.dts_ns = clock->given_ns + VT_TIME_TICK_NS;
    clock->given_ns = out.dts_ns;

    if (llabs(composition_ns) > VT_TIME_COMPOSITION_MAX_MS * VT_NS_PER_MS) {
        composition_ns = 0;
        times->compositions++;
    }
    out.pts_ns = out.dts_ns + composition_ns;
    *ret = out;
}

void vt_timestamps_map(struct vt_timestamps *times, enum vt_time_track track, uint32_t raw_ms,
                       int32_t composition_ms, int64_t arrival_ns, struct vt_times *ret)
{
    map(times, track, (struct raw){raw_ms, false}, composition_ms * VT_NS_PER_MS, arrival_ns, ret);
}

void vt_timestamps_map_ticks(struct vt_timestamps *times, enum vt_time_track track, uint64_t dts, uint64_t pts,
                             int64_t arrival_ns, struct vt_times *ret)
{
    int64_t composition = vt_unwrap((pts - dts) & VT_TIME_TICKS_MASK, TICK_BITS, 0);
    map(times, track, (struct raw){dts & VT_TIME_TICKS_MASK, true}, vt_muldiv(composition, VT_NS_PER_S, TICK_RATE),
        arrival_ns, ret);
}

int64_t vt_timestamps_mended(const struct vt_timestamps *times)
{
    return times->clamped + times->epochs + times->compositions + times->drift.steps;
}

int64_t vt_timestamps_sound_lag(const struct vt_timestamps *times)
{
    const struct vt_drift_track *sound = &times->drift.track[VT_TIME_AUDIO];
    const struct vt_drift_track *picture = &times->drift.track[VT_TIME_VIDEO];
    if (!sound->learnt || !picture->learnt)
        return 0;
    return sound->base_ns + sound->error_ns - picture->base_ns - picture->error_ns;
}
