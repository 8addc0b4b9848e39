// Encoders that send in bursts, and networks that stall: messages through timestamps, queues and channel clock, and what
// is heard held against what is seen, millisecond by millisecond, from the first second on. No clock but the test's own.
#include "check.h"
#include "ingest/timestamps.h"
#include "ingest/unit_queue.h"
#include "studio/clock.h"
#include "studio/sound_queue.h"

#define MS       VT_NS_PER_MS
#define S        VT_NS_PER_S
#define START    (5 * S)                 // of the sender, on the arrival clock
#define PICTURE  (S / 30)
#define SOUND    (S * 1024 / 48000)
#define LEARNT   (25 * S)                // two blocks of the pace, and what the clock needs to follow
#define APART    (PICTURE + SOUND + MS)  // one picture, one sound, and what milliseconds round
#define MOMENT   100                     // ms: three pictures of the canvas, while a burst of more comes in than ...
#define HELD     (500 * MS)              // ... the clock's queue can hold
#define MARGIN   (50 * MS)               // sound that is later than this is not heard
#define SPAN     (130 * 1000)            // ms

struct line {
    int64_t every;                       // from burst to burst; 0: each message when it was made
    int64_t jitter;                      // of when a burst comes
    int64_t lasts;                       // from its first message to its last
    int64_t stall_at, stalled;           // once: nothing comes for so long, then all of it
    int64_t pictures_late, sound_late;   // all of them, by so much more than the others
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
    struct vt_sound_queue sound;         // likewise; the first of a run's samples hold it
    int64_t on_air;                      // when the picture was taken; -1: none
    int64_t sound_end;                   // before it the output is decided
    int64_t seen[SPAN], heard[SPAN];     // in each millisecond of the output: when it was taken, or -1
};

static int64_t chance(struct world *w, int64_t most)
{
    w->seed = w->seed * 1664525u + 1013904223u;
    return (int64_t)(w->seed >> 16) * most / 65536;
}

static void place_sound(struct world *w)
{
    const struct vt_sound_run *run;
    int64_t until = vt_clock_sound_until(&w->clock), moved = w->clock.sound_moved, taken;
    for (; (run = vt_sound_queue_due(&w->sound, until - moved)); vt_sound_queue_pop(&w->sound)) {
        int64_t at = run->at_ns + moved, t = at;
        if (at < w->clock.sound_from)
            continue;
        memcpy(&taken, run->samples, sizeof taken);
        if (w->sound_end < w->now - MARGIN)
            w->sound_end = w->now - MARGIN;
        for (t = t > w->sound_end ? t : w->sound_end; t < at + SOUND && t < SPAN * MS; t += MS / 2)
            w->heard[t / MS] = taken + t - at;
        w->sound_end = w->sound_end > at + SOUND ? w->sound_end : at + SOUND;
    }
}

static void compose(struct world *w)
{
    int take = vt_clock_tick(&w->clock, w->tick);
    int64_t at = vt_frame_to_ns(w->tick++, w->clock.rate), next = vt_frame_to_ns(w->tick, w->clock.rate);
    place_sound(w);
    if (take > 0) {
        w->on_air = w->waiting[take - 1];
        w->n_waiting -= take;
        memmove(w->waiting, w->waiting + take, (size_t)w->n_waiting * sizeof w->waiting[0]);
    }
    for (int64_t t = at; t < next && t < SPAN * MS; t += MS / 2)
        w->seen[t / MS] = w->on_air < 0 ? -1 : w->on_air + t - at;
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
    float samples[2];
    memcpy(samples, &taken, sizeof samples);
    int64_t at = vt_clock_sound(&w->clock, unit->pts_ns, SOUND, w->now) - w->clock.sound_moved;
    REQUIRE_INT(vt_sound_queue_put(&w->sound, at, samples, 1), 0);
    if (!vt_clock_sound_waits(&w->clock))
        place_sound(w);
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

// How long sound and picture are apart at worst, in ms, from a second after the first picture on.
static int longest_apart(const struct world *w, int *ret_heard)
{
    int first = 0, longest = 0, apart = 0;
    while (first < SPAN && w->seen[first] < 0)
        first++;
    *ret_heard = 0;
    for (int ms = first + 1000; ms < w->now / MS && ms < SPAN; ms++) {
        bool heard = w->heard[ms] >= 0;
        apart = heard && llabs(w->heard[ms] - w->seen[ms]) > APART ? apart + 1 : 0;
        longest = apart > longest ? apart : longest;
        *ret_heard += heard && ms >= (START + LEARNT) / MS;
    }
    return longest;
}

static void play(const struct line *line, uint32_t seed, int64_t seconds)
{
    static struct world w;
    w = (struct world){.line = *line, .seed = seed, .now = START, .on_air = -1};
    memset(w.seen, -1, sizeof w.seen);
    memset(w.heard, -1, sizeof w.heard);
    vt_clock_init(&w.clock, (struct vt_rational){30, 1}, 2 * S, START / PICTURE, false);
    int64_t picture = 0, sound = 0, burst = -1, late = 0;
    while (picture * PICTURE < seconds * S) {
        int64_t shown = picture * PICTURE, heard = sound * SOUND;
        bool video = shown + line->pictures_late <= heard + line->sound_late;
        int64_t taken = video ? shown : heard, behind = video ? line->pictures_late : line->sound_late;
        if (line->every && taken / line->every != burst) {
            burst = taken / line->every;
            late = chance(&w, line->jitter);
        }
        arrive(&w, video, taken, arrival(&w, taken, late) + behind);
        picture += video;
        sound += !video;
    }
    vt_unit_queue_clear(&w.queue);
    vt_sound_queue_clear(&w.sound);
    int heard, apart = longest_apart(&w, &heard);
    int64_t expected = (seconds * S - LEARNT - line->stalled) / MS;
    bool more = line->every > HELD || line->sound_late > HELD;
    if (apart > (more ? MOMENT : 0) || heard < expected * 95 / 100)
        check_fail(__FILE__, __LINE__, "bursts each %d ms, jitter %d ms, over %d ms, stall %d ms, pictures %d and sound "
                   "%d ms late, seed %u: apart for %d ms, %d of %d ms heard", (int)(line->every / MS),
                   (int)(line->jitter / MS), (int)(line->lasts / MS), (int)(line->stalled / MS),
                   (int)(line->pictures_late / MS), (int)(line->sound_late / MS), seed, apart, heard, (int)expected);
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

// A multiplexer that writes one kind well after the other.
TEST(tracks_that_come_late_are_beside_each_other)
{
    static const int64_t late[] = {50, 150, 400, 900, 1500};
    for (int i = 0; i < 5; i++) {
        play(&(struct line){.pictures_late = late[i] * MS}, 1, 60);
        play(&(struct line){.sound_late = late[i] * MS}, 1, 60);
    }
}

int main(void)
{
    RUN(bursts_leave_sound_and_picture_together);
    RUN(bursts_that_are_late_now_and_then);
    RUN(a_stall_leaves_sound_and_picture_together);
    RUN(tracks_that_come_late_are_beside_each_other);
    return DONE();
}
