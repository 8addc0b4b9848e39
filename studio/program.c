#include "studio/program.h"

#include <string.h>

#include "studio/sound.h"

void vt_program_init(struct vt_program *program, const struct vt_channel *channel, struct vt_output *output,
                     AVFrame *slate, int64_t first_frame, bool exact)
{
    *program = (struct vt_program) { .output = output, .slate = slate, .next = first_frame };
    vt_clock_init(&program->clock, channel->rate, channel->slate_after_ns, first_frame, exact);
}

void vt_program_clear(struct vt_program *program)
{
    for (int i = 0; i < program->queued; i++)
        av_frame_free(&program->queue[i]);
    program->queued = 0;
    av_frame_free(&program->shown);
    av_frame_free(&program->slate);
}

static void take(struct vt_program *program, int count)
{
    for (int i = 0; i < count - 1; i++)
        av_frame_free(&program->queue[i]);
    if (count > 0) {
        av_frame_free(&program->shown);
        program->shown = program->queue[count - 1];
    }
    program->queued -= count;
    memmove(program->queue, program->queue + count, (size_t)program->queued * sizeof program->queue[0]);
}

void vt_program_frame(struct vt_program *program, AVFrame *frame, int64_t now)
{
    int dropped = vt_clock_frame(&program->clock, frame->pts, now);
    if (dropped < 0) {
        av_frame_free(&frame);
        return;
    }
    if (dropped > 0) {
        av_frame_free(&program->queue[0]);
        memmove(program->queue, program->queue + 1, (size_t)--program->queued * sizeof program->queue[0]);
    }
    program->queue[program->queued++] = frame;
}

void vt_program_samples(struct vt_program *program, int64_t pts, const float *interleaved, int count, int64_t now)
{
    int64_t duration = vt_muldiv(count, VT_NS_PER_S, VT_SAMPLE_RATE);
    vt_output_samples(program->output, vt_clock_sound(&program->clock, pts, duration, now), interleaved, count);
}

int vt_program_tick(struct vt_program *program)
{
    int64_t tick = program->next++;
    take(program, vt_clock_tick(&program->clock, tick));
    enum vt_clock_state state = program->clock.state;
    bool slate = !program->shown || state == VT_CLOCK_SLATE || state == VT_CLOCK_WAITING;
    program->frames++;
    return vt_output_frame(program->output, tick, slate ? program->slate : program->shown);
}

void vt_program_skip(struct vt_program *program)
{
    take(program, vt_clock_tick(&program->clock, program->next++));
    program->skipped++;
}
