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

int64_t vt_run_end(const struct vt_run *run, enum vt_track_kind kind)
{
    const struct vt_run_sample *last = &run->samples[run->count - 1];
    if (kind == VT_TRACK_AUDIO)
        return last->pts + last->duration;
    int64_t end = last->dts + run->samples[0].pts - run->samples[0].dts + 1;
    for (int i = 0; i < run->count; i++)
        end = run->samples[i].pts + 1 > end ? run->samples[i].pts + 1 : end;
    return end;
}

int vt_run_write(const struct vt_run *run, struct vt_writer *w, enum vt_track_kind kind, int64_t unit, int64_t end,
                 uint32_t sequence)
{
    struct vt_sample *samples = calloc((size_t)run->count, sizeof *samples);
    if (!samples)
        return -ENOMEM;
    // Decode times start with the first sample's presentation: reordering shows as negative composition offsets
    // instead of a start before zero or an edit list.
    int64_t shift = run->samples[0].pts - run->samples[0].dts;
    size_t offset = 0;
    for (int i = 0; i < run->count; i++) {
        const struct vt_run_sample *s = &run->samples[i];
        int64_t next = i + 1 < run->count ? run->samples[i + 1].dts + shift
                     : kind == VT_TRACK_AUDIO ? s->dts + shift + s->duration : end;
        assert(next > s->dts + shift);
        samples[i] = (struct vt_sample){offset, s->size, (next - s->dts - shift) * unit,
                                        (s->pts - s->dts - shift) * unit, s->key};
        offset += s->size;
    }
    struct vt_fragment fragment = {sequence, run->samples[0].pts * unit, samples, run->count, run->data.data};
    vt_cmaf_fragment(w, &fragment);
    free(samples);
    return w->failed ? -ENOMEM : 0;
}

void vt_run_clear(struct vt_run *run)
{
    vt_writer_free(&run->data);
    free(run->samples);
    *run = (struct vt_run){0};
}
