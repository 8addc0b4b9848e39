#include "studio/playout.h"

#include <string.h>

#include "studio/sound.h"

#define EARLY (100 * VT_NS_PER_MS)

void vt_playout_init(struct vt_playout *playout, const struct vt_channel *channel, struct vt_outputs *outputs,
                     int64_t first_frame, bool exact)
{
    *playout = (struct vt_playout){.outputs = outputs, .next = first_frame};
    vt_clock_init(&playout->clock, channel->rate, channel->slate_after_ns, first_frame, exact);
}

void vt_playout_clear(struct vt_playout *playout)
{
    for (int i = 0; i < playout->queued; i++)
        av_frame_free(&playout->queue[i]);
    playout->queued = 0;
    av_frame_free(&playout->shown);
    vt_sound_queue_clear(&playout->sound);
}

static void place_sound(struct vt_playout *playout)
{
    const struct vt_clock *clock = &playout->clock;
    int64_t until = vt_clock_sound_until(clock), moved = clock->sound_moved;
    const struct vt_sound_run *run;
    while ((run = vt_sound_queue_due(&playout->sound, until - moved))) {
        if (run->at_ns + moved >= clock->sound_from)
            vt_outputs_samples(playout->outputs, run->at_ns + moved, run->samples, run->count);
        vt_sound_queue_pop(&playout->sound);
    }
}

static void take(struct vt_playout *playout, int count)
{
    for (int i = 0; i < count - 1; i++)
        av_frame_free(&playout->queue[i]);
    if (count > 0) {
        av_frame_free(&playout->shown);
        playout->shown = playout->queue[count - 1];
    }
    playout->queued -= count;
    memmove(playout->queue, playout->queue + count, (size_t)playout->queued * sizeof playout->queue[0]);
}

// A show that goes on waits for its next segment; what comes until shortly before is of no use.
static bool too_early(const struct vt_playout *playout, int64_t now)
{
    return !playout->clock.exact && now < vt_frame_to_ns(playout->next, playout->clock.rate) - EARLY;
}

void vt_playout_frame(struct vt_playout *playout, AVFrame *frame, int64_t now)
{
    if (too_early(playout, now)) {
        av_frame_free(&frame);
        return;
    }
    int dropped = vt_clock_frame(&playout->clock, frame->pts, now);
    if (dropped < 0) {
        av_frame_free(&frame);
        return;
    }
    if (dropped > 0) {
        av_frame_free(&playout->queue[0]);
        memmove(playout->queue, playout->queue + 1, (size_t)--playout->queued * sizeof playout->queue[0]);
    }
    playout->queue[playout->queued++] = frame;
}

void vt_playout_samples(struct vt_playout *playout, int64_t pts, const float *interleaved, int count, int64_t now)
{
    int64_t duration = vt_muldiv(count, VT_NS_PER_S, VT_SAMPLE_RATE);
    if (too_early(playout, now))
        return;
    int64_t at = vt_clock_sound(&playout->clock, pts, duration, now) - playout->clock.sound_moved;
    (void)vt_sound_queue_put(&playout->sound, at, interleaved, count);     // without memory there is silence
    if (!vt_clock_sound_waits(&playout->clock))
        place_sound(playout);
}

int vt_playout_tick(struct vt_playout *playout)
{
    int64_t tick = playout->next++;
    take(playout, vt_clock_tick(&playout->clock, tick));
    place_sound(playout);
    enum vt_clock_state state = playout->clock.state;
    bool slate = !playout->shown || state == VT_CLOCK_SLATE || state == VT_CLOCK_WAITING;
    playout->frames++;
    return vt_outputs_frame(playout->outputs, tick, slate ? NULL : playout->shown);
}

void vt_playout_skip(struct vt_playout *playout)
{
    take(playout, vt_clock_tick(&playout->clock, playout->next++));
    place_sound(playout);
    playout->skipped++;
}
