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
    vt_outputs_samples(playout->outputs, vt_clock_sound(&playout->clock, pts, duration, now), interleaved, count);
}

int vt_playout_tick(struct vt_playout *playout)
{
    int64_t tick = playout->next++;
    take(playout, vt_clock_tick(&playout->clock, tick));
    enum vt_clock_state state = playout->clock.state;
    bool slate = !playout->shown || state == VT_CLOCK_SLATE || state == VT_CLOCK_WAITING;
    playout->frames++;
    return vt_outputs_frame(playout->outputs, tick, slate ? NULL : playout->shown);
}

void vt_playout_skip(struct vt_playout *playout)
{
    take(playout, vt_clock_tick(&playout->clock, playout->next++));
    playout->skipped++;
}
