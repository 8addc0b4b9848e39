#include "packager/run.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "packager/cmaf.h"

int vt_run_add(struct vt_run *run, const struct vt_packet *packet)
{
    if (run->spoilt || packet->size > VT_SEGMENT_BYTES_MAX - run->data.size) {
        run->spoilt = true;
        vt_writer_free(&run->data);
        return -EMSGSIZE;
    }
    if (run->count == run->room) {
        int room = run->room ? 2 * run->room : 64;
        struct vt_run_sample *samples = reallocarray(run->samples, (size_t)room, sizeof *samples);
        if (!samples)
            return -ENOMEM;
        run->samples = samples;
        run->room = room;
    }
    vt_write_bytes(&run->data, packet->data, packet->size);
    if (run->data.failed) {
        run->spoilt = true;
        return -ENOMEM;
    }
    run->samples[run->count++] = (struct vt_run_sample){packet->size, packet->dts, packet->pts, packet->duration,
                                                        packet->key};
    return 0;
}

int64_t vt_run_time(const struct vt_run *run, int i)
{
    return run->samples[i].dts + run->samples[0].pts - run->samples[0].dts;
}

int64_t vt_run_end(const struct vt_run *run, enum vt_track_kind kind)
{
    const struct vt_run_sample *last = &run->samples[run->count - 1];
    if (kind == VT_TRACK_AUDIO)
        return last->pts + last->duration;
    int64_t end = vt_run_time(run, run->count - 1) + 1;
    for (int i = 0; i < run->count; i++)
        end = run->samples[i].pts + 1 > end ? run->samples[i].pts + 1 : end;
    return end;
}

int vt_run_until(const struct vt_run *run, int64_t end)
{
    int to = run->written;
    while (to < run->count && vt_run_time(run, to) < end)
        to++;
    return to;
}

// Where frames are missing in front, the first one is decoded early but shown when it should be: the one before stays.
static int64_t decode_time(const struct vt_run *run, int i, const struct vt_run_form *form)
{
    int64_t time = vt_run_time(run, i);
    bool early = form->kind == VT_TRACK_VIDEO && i == run->written && i > 0 && run->ended < time;
    return early ? run->ended : time;
}

static void fill_samples(const struct vt_run *run, struct vt_sample *samples, int to, const struct vt_run_form *form)
{
    size_t offset = 0;
    for (int i = 0; i < to; i++) {
        const struct vt_run_sample *s = &run->samples[i];
        if (i >= run->written) {
            int64_t time = decode_time(run, i, form);
            int64_t next = i + 1 < to ? vt_run_time(run, i + 1)
                         : form->kind == VT_TRACK_VIDEO ? form->end
                         : i + 1 < run->count ? vt_run_time(run, i + 1) : time + s->duration;
            assert(next > time);
            samples[i - run->written] = (struct vt_sample){offset, s->size, (next - time) * form->unit,
                                                           (s->pts - time + form->reorder) * form->unit, s->key};
        }
        offset += s->size;
    }
}

int vt_run_write(struct vt_run *run, struct vt_writer *w, int to, const struct vt_run_form *form)
{
    int count = to - run->written;
    assert(count > 0);
    struct vt_sample *samples = calloc((size_t)count, sizeof *samples);
    if (!samples)
        return -ENOMEM;
    fill_samples(run, samples, to, form);
    int64_t time = decode_time(run, run->written, form) * form->unit;
    struct vt_fragment fragment = {form->sequence, time, samples, count, run->data.data};
    vt_cmaf_fragment(w, &fragment);
    run->ended = time / form->unit;
    for (int i = 0; i < count; i++)
        run->ended += samples[i].duration / form->unit;
    free(samples);
    run->written = to;
    return w->failed ? -ENOMEM : 0;
}

void vt_run_clear(struct vt_run *run)
{
    vt_writer_free(&run->data);
    free(run->samples);
    *run = (struct vt_run){0};
}
