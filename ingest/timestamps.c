#include "ingest/timestamps.h"

#include <stdlib.h>

#define RAW_BITS 32

// How fast the two clocks may drift apart before it counts as a jump: 1/50 of the time that passed.
#define DRIFT_PART 50

static bool near(int64_t a, int64_t b)
{
    return llabs(a - b) <= VT_TIME_STEP_MAX_NS;
}

// Where the arrival clock puts a message that arrives now.
static int64_t arrival_place(const struct vt_timestamps *times, int64_t arrival_ns)
{
    return arrival_ns - times->arrival_ns;
}

static void start(struct vt_timestamps *times, struct vt_time_clock *clock, const struct vt_time_clock *other,
                  uint32_t raw_ms, int64_t arrival_ns)
{
    clock->started = true;
    if (!times->started) {
        times->started = true;
        times->arrival_ns = arrival_ns;
        times->seen_ns = arrival_ns;
        times->epoch_offset_ns = -(int64_t)raw_ms * VT_NS_PER_MS;
        clock->raw_ms = raw_ms;
        clock->offset_ns = times->epoch_offset_ns;
        return;
    }
    clock->raw_ms = vt_unwrap(raw_ms, RAW_BITS, other->raw_ms);
    clock->offset_ns = other->offset_ns;
    int64_t at = clock->raw_ms * VT_NS_PER_MS + clock->offset_ns;
    int64_t place = arrival_place(times, arrival_ns);
    if (!near(at, place) && !near(at, other->last_ns))
        clock->offset_ns += place - at;
}

// Puts a message whose clock jumped where it belongs: where the other track's jump led, or else where the arrival
// clock says.
static void begin_epoch(struct vt_timestamps *times, struct vt_time_clock *clock, int64_t arrival_ns)
{
    int64_t raw_ns = clock->raw_ms * VT_NS_PER_MS;
    int64_t place = arrival_place(times, arrival_ns);
    if (place <= clock->last_ns)
        place = clock->last_ns + VT_TIME_TICK_NS;
    int64_t with_other = raw_ns + times->epoch_offset_ns;
    if (clock->offset_ns != times->epoch_offset_ns && near(with_other, place) &&
        with_other > clock->last_ns - VT_TIME_BACK_MAX_NS) {
        clock->offset_ns = times->epoch_offset_ns;
    } else {
        clock->offset_ns = place - raw_ns;
        times->epoch_offset_ns = clock->offset_ns;
    }
    times->epochs++;
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
    if (step <= VT_TIME_STEP_MAX_NS || at <= place + VT_TIME_STEP_MAX_NS)
        return false;
    return !(other->started && near(at, other->last_ns));
}

// Lets the arrival clock follow the sender's as far as drift explains the difference.
static void follow_drift(struct vt_timestamps *times, int64_t at, int64_t arrival_ns)
{
    int64_t passed = arrival_ns - times->seen_ns;
    int64_t most = passed > 0 ? passed / DRIFT_PART : 0;
    int64_t behind = at - arrival_place(times, arrival_ns);
    if (behind > most)
        behind = most;
    if (behind < -most)
        behind = -most;
    times->arrival_ns -= behind;
    if (passed > 0)
        times->seen_ns = arrival_ns;
}

void vt_timestamps_map(struct vt_timestamps *times, enum vt_time_track track, uint32_t raw_ms,
                       int32_t composition_ms, int64_t arrival_ns, struct vt_times *ret)
{
    struct vt_time_clock *clock = &times->track[track];
    const struct vt_time_clock *other = &times->track[track == VT_TIME_AUDIO ? VT_TIME_VIDEO : VT_TIME_AUDIO];
    struct vt_times out = {0};
    if (!clock->started) {
        start(times, clock, other, raw_ms, arrival_ns);
        out.dts_ns = clock->raw_ms * VT_NS_PER_MS + clock->offset_ns;
    } else {
        clock->raw_ms = vt_unwrap(raw_ms, RAW_BITS, clock->raw_ms);
        out.dts_ns = clock->raw_ms * VT_NS_PER_MS + clock->offset_ns;
        if (jumped(times, clock, other, out.dts_ns, arrival_ns)) {
            begin_epoch(times, clock, arrival_ns);
            out.dts_ns = clock->raw_ms * VT_NS_PER_MS + clock->offset_ns;
            out.epoch = true;
        }
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
    follow_drift(times, out.dts_ns, arrival_ns);

    if (composition_ms > VT_TIME_COMPOSITION_MAX_MS || composition_ms < -VT_TIME_COMPOSITION_MAX_MS) {
        composition_ms = 0;
        times->compositions++;
    }
    out.pts_ns = out.dts_ns + composition_ms * VT_NS_PER_MS;
    *ret = out;
}
