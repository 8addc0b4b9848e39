#include "studio/sound_queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void vt_sound_queue_clear(struct vt_sound_queue *queue)
{
    while (queue->first)
        vt_sound_queue_pop(queue);
}

int vt_sound_queue_put(struct vt_sound_queue *queue, int64_t at_ns, const float *interleaved, int count)
{
    size_t size = 2 * (size_t)count * sizeof *interleaved;
    struct vt_sound_run *run = malloc(sizeof *run + size);
    if (!run)
        return -ENOMEM;
    *run = (struct vt_sound_run){.at_ns = at_ns, .count = count};
    memcpy(run->samples, interleaved, size);
    if (queue->last)
        queue->last->next = run;
    else
        queue->first = run;
    queue->last = run;
    queue->samples += count;
    return 0;
}

const struct vt_sound_run *vt_sound_queue_due(const struct vt_sound_queue *queue, int64_t until_ns)
{
    struct vt_sound_run *first = queue->first;
    return first && (first->at_ns < until_ns || queue->samples > VT_SOUND_QUEUE_SAMPLES) ? first : NULL;
}

void vt_sound_queue_pop(struct vt_sound_queue *queue)
{
    struct vt_sound_run *first = queue->first;
    queue->first = first->next;
    if (!queue->first)
        queue->last = NULL;
    queue->samples -= first->count;
    free(first);
}
