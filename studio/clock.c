#include "studio/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SHORT_WINDOW (1 * VT_NS_PER_S)
#define LONG_WINDOW  (10 * VT_NS_PER_S)
#define EXCESS_NOW   (250 * VT_NS_PER_MS)      // so much unneeded delay goes at once, less only tick by tick
#define SMOOTHING    16                        // frames over which interval, phase and slack are smoothed

static int64_t period(const struct vt_clock *clock)
{
    return vt_muldiv(VT_NS_PER_S, clock->rate.den, clock->rate.num);
}

static int64_t tick_time(const struct vt_clock *clock, int64_t tick)
{
    return vt_frame_to_ns(tick, clock->rate);
}

static int64_t first_tick_at(const struct vt_clock *clock, int64_t ns)
{
    int64_t tick = vt_ns_to_frame(ns, clock->rate);
    return tick_time(clock, tick) < ns ? tick + 1 : tick;
}

void vt_clock_init(struct vt_clock *clock, struct vt_rational rate, int64_t slate_after_ns, int64_t first_tick,
                   bool exact)
{
    *clock = (struct vt_clock){
        .rate = rate, .slate_after = slate_after_ns, .exact = exact, .tick = first_tick, .late_since = -1,
        .least_slack = {INT64_MAX, INT64_MAX},
    };
    clock->since = tick_time(clock, first_tick);
}

void vt_clock_restart(struct vt_clock *clock)
{
    clock->anchored = clock->framed = clock->sounding = false;
    clock->late_since = -1;
}

static void set_state(struct vt_clock *clock, enum vt_clock_state state, int64_t at)
{
    if (clock->state == state)
        return;
    clock->state = state;
    clock->since = at;
}

// The spacing of the places between ticks that frames are locked to: a tick for sources of the canvas rate and whole
// fractions of it, a part of one for multiples; 0 for rates that do not fit.
static int64_t lattice(const struct vt_clock *clock)
{
    int64_t p = period(clock), i = clock->interval;
    if (i <= 0)
        return p;
    int64_t large = i > p ? i : p, small = i > p ? p : i;
    int64_t ratio = (large + small / 2) / small;
    if (llabs(large - ratio * small) * 50 > large)
        return 0;
    return i < p ? p / ratio : p;
}

// How long before its tick a frame stands: half a lattice step.
static int64_t lead(const struct vt_clock *clock)
{
    if (clock->exact)
        return period(clock) / 4;
    int64_t step = lattice(clock);
    return (step ? step : period(clock)) / 2;
}

static void reset_windows(struct vt_clock *clock, int64_t now)
{
    clock->least_slack[0] = clock->least_slack[1] = INT64_MAX;
    clock->window_end[0] = now + SHORT_WINDOW;
    clock->window_end[1] = now + LONG_WINDOW;
}

// The least time from a frame's arrival to its tick.
static int64_t needed(const struct vt_clock *clock)
{
    return period(clock) > VT_CLOCK_SLACK ? period(clock) : VT_CLOCK_SLACK;
}

static void anchor(struct vt_clock *clock, int64_t pts, int64_t now)
{
    if (clock->exact) {
        clock->offset = now - pts - lead(clock);
    } else {
        int64_t tick = first_tick_at(clock, now + needed(clock));
        if (tick < clock->tick)
            tick = clock->tick;
        clock->interval = 0;
        clock->offset = tick_time(clock, tick) - lead(clock) - pts;
        clock->slack = tick_time(clock, tick) - now;
        clock->settled = now + VT_CLOCK_SETTLE;
    }
    clock->phase = 0;
    clock->anchored = clock->fresh = true;
    clock->anchors++;
    clock->late_since = -1;
    reset_windows(clock, now);
}

// Where sound of the source's time 0 belongs: the phase lock does not move it.
static int64_t sound_origin(const struct vt_clock *clock)
{
    return clock->offset - clock->phase + lead(clock);
}

// What waits for its time moves with the offset: pictures here, sound wherever the caller keeps it.
static void move_queued(struct vt_clock *clock, int64_t by, int64_t sound_by)
{
    for (int i = 0; i < clock->queued; i++)
        clock->due[i] += by;
    clock->sound_next += sound_by;
    clock->sound_moved += sound_by;
}

static void move(struct vt_clock *clock, int64_t ticks)
{
    int64_t by = ticks * period(clock);
    clock->offset += by;
    clock->slack += by;
    move_queued(clock, by, by);
}

// The same timeline from another place on.
static void anchor_again(struct vt_clock *clock, int64_t pts, int64_t now)
{
    int64_t offset = clock->offset, origin = sound_origin(clock);
    anchor(clock, pts, now);
    move_queued(clock, clock->offset - offset, sound_origin(clock) - origin);
}

static void learn_interval(struct vt_clock *clock, int64_t pts)
{
    int64_t step = pts - clock->last_pts;
    if (step <= 0 || step > VT_CLOCK_STALL)
        return;
    if (clock->interval == 0)
        clock->interval = step;
    else
        clock->interval += (step - clock->interval) / SMOOTHING;
}

static void lock_phase(struct vt_clock *clock, int64_t due)
{
    int64_t step = lattice(clock);
    if (step == 0)
        return;
    int64_t before = tick_time(clock, vt_ns_to_frame(due, clock->rate));
    int64_t error = (due - before) % step - step / 2;
    int64_t move = -error / SMOOTHING, most = step / 2 + step / 20;
    if (clock->phase + move > most)
        move -= step;
    else if (clock->phase + move < -most)
        move += step;
    clock->phase += move;
    clock->offset += move;
}

// Gives back delay that no frame of a whole window needed, in whole ticks: frames are skipped for it.
static void give_back(struct vt_clock *clock, int64_t now)
{
    int64_t p = period(clock), ticks = 0;
    for (int i = 0; i < 2; i++) {
        if (now < clock->window_end[i])
            continue;
        int64_t excess = clock->least_slack[i] - needed(clock);
        if (clock->least_slack[i] != INT64_MAX && excess > (i == 0 ? EXCESS_NOW : p + p / 4))
            ticks = i == 0 ? excess / p : 1;
        clock->least_slack[i] = INT64_MAX;
        clock->window_end[i] = now + (i == 0 ? SHORT_WINDOW : LONG_WINDOW);
        if (ticks > 0)
            break;
    }
    if (ticks > 0) {
        move(clock, -ticks);
        reset_windows(clock, now);
    }
}

static void deepen(struct vt_clock *clock, int64_t ticks, int64_t now)
{
    move(clock, ticks);
    clock->slips++;
    reset_windows(clock, now);
}

// The first frame may have come sooner than the others do: encoders hold those back by a frame or two. What most of
// them leave is known a while later, once.
static void settle(struct vt_clock *clock, int64_t due, int64_t now)
{
    clock->slack += (due + period(clock) / 2 - now - clock->slack) / SMOOTHING;
    if (clock->settled == 0 || now < clock->settled)
        return;
    clock->settled = 0;
    if (clock->slack < needed(clock) - VT_CLOCK_SLACK / 2)
        deepen(clock, 1, now);
}

// A frame whose tick has gone: the buffer gets deeper if it may, else the frame shows at once and is counted towards
// a new start.
static void catch_late(struct vt_clock *clock, int64_t pts, int64_t now)
{
    int64_t ticks = clock->tick - first_tick_at(clock, pts + clock->offset);
    if (ticks <= 0) {
        clock->late_since = -1;
    } else if (ticks * period(clock) <= VT_CLOCK_DEPTH) {
        deepen(clock, ticks, now);
        clock->late_since = -1;
    } else if (clock->late_since < 0) {
        clock->late_since = now;
    } else if (now - clock->late_since >= VT_CLOCK_GIVE_UP) {
        anchor_again(clock, pts, now);
    }
}

// The first frames of a source often come in one burst, which waited for us: the newest of them is the one to start
// with.
static bool starts_over(struct vt_clock *clock, int64_t pts, int64_t now)
{
    if (!clock->fresh || pts + clock->offset - now <= needed(clock) + period(clock))
        return false;
    anchor_again(clock, pts, now);
    clock->anchors--;
    return true;
}

// A full queue that begins long after now is deeper than it can be: its beginning is to be shown next.
static void come_forward(struct vt_clock *clock, int64_t now)
{
    int64_t ticks = (clock->due[0] - now) / period(clock);
    if (!clock->exact && ticks > 0)
        move(clock, -ticks);
}

static int enqueue(struct vt_clock *clock, int64_t pts, int64_t now)
{
    int dropped = 0;
    if (clock->queued == VT_CLOCK_QUEUE) {
        memmove(clock->due, clock->due + 1, (VT_CLOCK_QUEUE - 1) * sizeof clock->due[0]);
        clock->queued--;
        clock->skipped++;
        come_forward(clock, now);
        dropped = 1;
    }
    int64_t due = pts + clock->offset;
    if (clock->queued > 0 && due < clock->due[clock->queued - 1])
        due = clock->due[clock->queued - 1];
    clock->due[clock->queued++] = due;
    return dropped;
}

int vt_clock_frame(struct vt_clock *clock, int64_t pts, int64_t now)
{
    if (clock->framed && !clock->exact) {
        int64_t ahead = pts + clock->offset - now;
        if (pts <= clock->last_pts && clock->last_pts - pts < VT_CLOCK_STALL)
            return -EINVAL;
        if (pts <= clock->last_pts || llabs(ahead) > VT_CLOCK_JUMP)
            clock->framed = false;
    }
    if (!clock->framed) {
        anchor(clock, pts, now);
    } else if (!clock->exact && !starts_over(clock, pts, now)) {
        learn_interval(clock, pts);
        catch_late(clock, pts, now);
        int64_t due = pts + clock->offset;
        int64_t slack = tick_time(clock, first_tick_at(clock, due)) - now - (clock->phase > 0 ? clock->phase : 0);
        for (int i = 0; i < 2; i++)
            if (slack < clock->least_slack[i])
                clock->least_slack[i] = slack;
        lock_phase(clock, due);
        settle(clock, due, now);
        give_back(clock, now);
    }
    clock->framed = true;
    clock->last_pts = pts;
    clock->last_arrival = now;
    return enqueue(clock, pts, now);
}

static void age(struct vt_clock *clock, int64_t at)
{
    int64_t silent = at - clock->last_arrival;
    if (clock->state == VT_CLOCK_LIVE && silent > VT_CLOCK_STALL)
        set_state(clock, VT_CLOCK_STALLED, at);
    if (silent > clock->slate_after)
        set_state(clock, VT_CLOCK_SLATE, at);
}

// From one picture to the next where all is well.
static int64_t longest_wait(const struct vt_clock *clock)
{
    return clock->interval + period(clock) * 7 / 4;
}

// Sound that came with a picture too late to be seen is not heard either: it would be beside another one.
static void hold_sound(struct vt_clock *clock, int64_t at, int64_t shown_due)
{
    if (clock->exact)
        return;
    if (at - clock->shown_at > longest_wait(clock))
        clock->sound_from = at;
    if (at - shown_due > 2 * period(clock))
        clock->sound_from = at + period(clock);
}

int vt_clock_tick(struct vt_clock *clock, int64_t tick)
{
    int64_t at = tick_time(clock, tick);
    int take = 0;
    while (take < clock->queued && clock->due[take] <= at)
        take++;
    int64_t shown_due = take > 0 ? clock->due[take - 1] : at;
    clock->tick = tick + 1;
    clock->queued -= take;
    memmove(clock->due, clock->due + take, (size_t)clock->queued * sizeof clock->due[0]);
    if (take > 0) {
        hold_sound(clock, at, shown_due);
        clock->shown_at = at;
        clock->fresh = false;
        clock->shown++;
        clock->skipped += take - 1;
        set_state(clock, VT_CLOCK_LIVE, at);
    } else if (clock->state != VT_CLOCK_WAITING) {
        if (clock->state != VT_CLOCK_SLATE)
            clock->repeated++;
        age(clock, at);
    }
    return take;
}

int64_t vt_clock_sound(struct vt_clock *clock, int64_t pts, int64_t duration, int64_t now)
{
    if (!clock->anchored)
        anchor(clock, pts, now);
    int64_t at = pts + sound_origin(clock);
    if (clock->sounding && llabs(at - clock->sound_next) <= VT_CLOCK_SYNC)
        at = clock->sound_next;
    clock->sounding = true;
    clock->sound_next = at + duration;
    return at;
}

bool vt_clock_sound_waits(const struct vt_clock *clock)
{
    bool frozen = clock->state == VT_CLOCK_LIVE && tick_time(clock, clock->tick) - clock->shown_at > longest_wait(clock);
    return !clock->exact && clock->framed && (clock->fresh || frozen);
}

int64_t vt_clock_sound_until(const struct vt_clock *clock)
{
    return clock->exact ? INT64_MAX : tick_time(clock, clock->tick);
}

const char *vt_clock_state_name(enum vt_clock_state state)
{
    static const char *const names[] = {"waiting", "live", "stalled", "slate"};
    return names[state];
}
