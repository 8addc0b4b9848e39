// Encoders that send in bursts, and networks that stall: messages through timestamps, queue and channel clock, and what
// is heard held against what is seen. No clock but the test's own.
#include "check.h"
#include "ingest/timestamps.h"
#include "ingest/unit_queue.h"
#include "studio/clock.h"

#define MS       VT_NS_PER_MS
#define S        VT_NS_PER_S
#define START    (5 * S)                 // of the sender, on the arrival clock
#define PICTURE  (S / 30)
#define SOUND    (S * 1024 / 48000)
#define LEARNT   (25 * S)                // two blocks of the pace, and what the clock needs to follow
#define APART    (45 * MS)               // what nobody notices
#define MOMENT   (500 * MS)              // while the clock moves: from one picture on air to the next

struct line {
    int64_t every;                       // from burst to burst; 0: each message when it was made
    int64_t jitter;                      // of when a burst comes
    int64_t lasts;                       // from its first message to its last
    int64_t stall_at, stalled;           // once: nothing comes for so long, then all of it
};

struct world {
    struct line line;
    struct vt_timestamps times;
    struct vt_unit_queue queue;
    struct vt_clock clock;
    uint32_t seed;
    int64_t now, tick;
    int64_t waiting[VT_CLOCK_QUEUE + 1]; // when the pictures that wait for their tick were taken
    int n_waiting;
    int64_t delay;                       // of the picture on air; -1: none
    int64_t together;                    // when sound and picture last were
    int64_t counted, longest;            // sound that was looked at; for how long they were not together
};

static int64_t chance(struct world *w, int64_t most)
{
    w->seed = w->seed * 1664525u + 1013904223u;
    return (int64_t)(w->seed >> 16) * most / 65536;
}

static void compose(struct world *w)
{
    int take = vt_clock_tick(&w->clock, w->tick);
    int64_t at = vt_frame_to_ns(w->tick++, w->clock.rate);
    if (take == 0)
        return;
    w->delay = at - w->waiting[take - 1];
    w->n_waiting -= take;
    memmove(w->waiting, w->waiting + take, (size_t)w->n_waiting * sizeof w->waiting[0]);
}

static void show(struct world *w, const struct vt_access_unit *unit, int64_t taken)
{
    int dropped = vt_clock_frame(&w->clock, unit->pts_ns, w->now);
    if (dropped < 0)
        return;
    w->n_waiting -= dropped;
    memmove(w->waiting, w->waiting + dropped, (size_t)w->n_waiting * sizeof w->waiting[0]);
    w->waiting[w->n_waiting++] = taken;
}

static void hear(struct world *w, const struct vt_access_unit *unit, int64_t taken)
{
    int64_t skew = vt_clock_sound(&w->clock, unit->pts_ns, SOUND, w->now) - taken - w->delay;
    bool stalled = w->line.stalled && w->now < START + w->line.stall_at + w->line.stalled + S;
    if (w->delay < 0 || w->now < START + LEARNT || stalled || llabs(skew) <= APART)
        w->together = w->now;
    w->counted += w->now >= START + LEARNT;
    if (w->now - w->together > w->longest)
        w->longest = w->now - w->together;
}

static void decode(struct world *w)
{
    const struct vt_access_unit *unit;
    int64_t behind, taken;
    while ((unit = vt_unit_queue_due(&w->queue, w->now, &behind))) {
        memcpy(&taken, unit->data, sizeof taken);
        if (unit->video)
            show(w, unit, taken);
        else
            hear(w, unit, taken);
        vt_unit_queue_pop(&w->queue, unit->video);
    }
}

static void run_until(struct world *w, int64_t now)
{
    for (;;) {
        int64_t tick = vt_frame_to_ns(w->tick, w->clock.rate), next = vt_unit_queue_next(&w->queue);
        int64_t then = next < tick ? next : tick;
        if (then > now)
            break;
        w->now = then > w->now ? then : w->now;
        decode(w);
        if (w->now >= tick)
            compose(w);
    }
    w->now = now;
}

static void arrive(struct world *w, bool video, int64_t taken, int64_t at)
{
    struct vt_times out;
    run_until(w, at > w->now ? at : w->now);
    vt_timestamps_map(&w->times, video ? VT_TIME_VIDEO : VT_TIME_AUDIO, (uint32_t)((taken + MS / 2) / MS), 0, w->now, &out);
    struct vt_access_unit unit = {.video = video, .data = (const uint8_t *)&taken, .size = sizeof taken,
                                  .dts_ns = out.dts_ns, .pts_ns = out.pts_ns};
    REQUIRE_INT(vt_unit_queue_put(&w->queue, &unit, w->now), 0);
    decode(w);
}

// When a message that was made at `taken` arrives.
static int64_t arrival(const struct world *w, int64_t taken, int64_t late)
{
    const struct line *line = &w->line;
    int64_t since = taken - line->stall_at;
    if (line->stalled && since >= 0 && since < line->stalled)
        return START + line->stall_at + line->stalled;
    if (line->every == 0)
        return START + taken;
    int64_t burst = taken / line->every + 1, part = taken % line->every;
    return START + burst * line->every + late + part * line->lasts / line->every;
}

static void play(const struct line *line, uint32_t seed, int64_t seconds)
{
    struct world w = {.line = *line, .seed = seed, .now = START, .delay = -1};
    vt_clock_init(&w.clock, (struct vt_rational){30, 1}, 2 * S, START / PICTURE, false);
    int64_t picture = 0, sound = 0, burst = -1, late = 0;
    while (picture * PICTURE < seconds * S) {
        int64_t shown = picture * PICTURE, heard = sound * SOUND, taken = shown <= heard ? shown : heard;
        if (line->every && taken / line->every != burst) {
            burst = taken / line->every;
            late = chance(&w, line->jitter);
        }
        arrive(&w, shown <= heard, taken, arrival(&w, taken, late));
        picture += shown <= heard;
        sound += shown > heard;
    }
    vt_unit_queue_clear(&w.queue);
    if (w.longest > MOMENT || w.counted < (seconds * S - LEARNT) / SOUND * 9 / 10)
        check_fail(__FILE__, __LINE__, "bursts each %d ms, jitter %d ms, over %d ms, seed %u: apart for %d ms, %d counted",
                   (int)(line->every / MS), (int)(line->jitter / MS), (int)(line->lasts / MS), seed,
                   (int)(w.longest / MS), (int)w.counted);
}

TEST(bursts_leave_sound_and_picture_together)
{
    static const int64_t every[] = {250, 500, 1000, 1500, 2000}, lasts[] = {10, 40, 160};
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < 3; j++)
            play(&(struct line){.every = every[i] * MS, .lasts = lasts[j] * MS}, 1, 120);
}

TEST(bursts_that_are_late_now_and_then)
{
    static const int64_t every[] = {250, 500, 1000, 1500, 1800};
    for (int i = 0; i < 5; i++)
        for (uint32_t seed = 1; seed <= 5; seed++)
            play(&(struct line){.every = every[i] * MS, .jitter = 100 * MS, .lasts = 40 * MS}, seed, 120);
}

// What the network held back for a while comes at once.
TEST(a_stall_leaves_sound_and_picture_together)
{
    static const int64_t stalled[] = {300, 700, 1000, 2000, 3500, 8000};
    for (int i = 0; i < 6; i++)
        play(&(struct line){.stall_at = 40 * S, .stalled = stalled[i] * MS}, 1, 80);
}

int main(void)
{
    RUN(bursts_leave_sound_and_picture_together);
    RUN(bursts_that_are_late_now_and_then);
    RUN(a_stall_leaves_sound_and_picture_together);
    return DONE();
}
