#include "impair_line.h"

// SplitMix64 (Steele, Lea and Flood 2014).
static uint64_t mix(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static double chance(struct impair_line *line)
{
    return (double)(mix(&line->random) >> 11) / (double)(UINT64_C(1) << 53);
}

struct impair_line impair_line(const struct impair_options *options, uint64_t number)
{
    struct impair_line line = {.options = options, .random = options->seed};
    line.random = mix(&line.random) + number;
    return line;
}

static bool blacked_out(const struct impair_line *line, int64_t now_ns)
{
    const struct impair_options *o = line->options;
    int64_t since_ns = now_ns - line->start_ns - o->blackout_at_ns;
    return o->blackout_ns > 0 && since_ns >= 0 && since_ns < o->blackout_ns;
}

// When the rate lets a packet go, or -1: too much waits already.
static int64_t departure(struct impair_line *line, size_t size, int64_t now_ns)
{
    const struct impair_options *o = line->options;
    if (o->rate <= 0)
        return now_ns;
    int64_t at_ns = line->free_ns > now_ns ? line->free_ns : now_ns;
    if (at_ns - now_ns > o->queue_ns)
        return -1;
    line->free_ns = at_ns + (int64_t)size * 8 * 1000000000 / o->rate;
    return line->free_ns;
}

int impair_packet(struct impair_line *line, size_t size, int64_t now_ns, int64_t at_ns[IMPAIR_COPIES])
{
    const struct impair_options *o = line->options;
    // always as many numbers, so that one option does not change what another does
    double loss = chance(line), duplicate = chance(line), reorder = chance(line);
    double jitter[IMPAIR_COPIES] = {chance(line), chance(line)};
    struct impair_counts *counts = &line->counts;
    counts->packets++;
    if (!line->started)
        line->start_ns = now_ns;
    line->started = true;
    int64_t *reason = o->mtu > 0 && size > o->mtu ? &counts->too_big
                    : blacked_out(line, now_ns)   ? &counts->blacked_out
                    : loss < o->loss              ? &counts->lost : NULL;
    int64_t go_ns = reason ? -1 : departure(line, size, now_ns);
    if (go_ns < 0) {
        ++*(reason ? reason : &counts->overrun);
        return 0;
    }
    int copies = duplicate < o->duplicate ? IMPAIR_COPIES : 1;
    bool late = reorder < o->reorder;
    for (int i = 0; i < copies; i++)
        at_ns[i] = go_ns + o->delay_ns + (int64_t)(jitter[i] * (double)o->jitter_ns) + (late ? o->overtake_ns : 0);
    counts->duplicated += copies - 1;
    counts->reordered += late;
    return copies;
}
