#include "ingest/unit_queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct vt_queued_unit {
    struct vt_queued_unit *next;
    struct vt_access_unit unit;              // its data and configuration lie behind it
    int64_t arrival_ns;
    uint8_t bytes[];
};

static struct vt_unit_list *list_of(struct vt_unit_queue *queue, bool video)
{
    return video ? &queue->pictures : &queue->sound;
}

static int64_t span(const struct vt_unit_list *list)
{
    return list->first ? list->last->unit.dts_ns - list->first->unit.dts_ns : 0;
}

// Whether more than `part` of the limits is used, in halves.
static bool beyond(const struct vt_unit_queue *queue, int part)
{
    return span(&queue->pictures) > VT_QUEUE_NS / 2 * part || span(&queue->sound) > VT_QUEUE_NS / 2 * part ||
           queue->bytes > (size_t)VT_QUEUE_BYTES / 2 * (size_t)part || queue->units > VT_QUEUE_UNITS / 2 * part;
}

int vt_unit_queue_put(struct vt_unit_queue *queue, const struct vt_access_unit *unit, int64_t arrival_ns)
{
    struct vt_unit_list *list = list_of(queue, unit->video);
    struct vt_queued_unit *one = malloc(sizeof *one + unit->size + unit->config_size + 1);
    if (!one)
        return -ENOMEM;
    *one = (struct vt_queued_unit){.unit = *unit, .arrival_ns = arrival_ns};
    if (unit->size > 0)
        memcpy(one->bytes, unit->data, unit->size);
    if (unit->config_size > 0)
        memcpy(one->bytes + unit->size, unit->config, unit->config_size);
    one->unit.data = one->bytes;
    one->unit.config = unit->config ? one->bytes + unit->size : NULL;
    if (list->last)
        list->last->next = one;
    else
        list->first = one;
    list->last = one;
    queue->bytes += unit->size + unit->config_size;
    queue->units++;
    vt_pace_add(&queue->pace, unit->dts_ns, arrival_ns);
    if (!queue->full && beyond(queue, 2)) {
        queue->full = true;
        queue->fills++;
    }
    return 0;
}

// When a unit may be decoded: once it has come, and not before its time.
static int64_t due_of(const struct vt_unit_queue *queue, const struct vt_queued_unit *one)
{
    int64_t due = vt_pace_live_due(&queue->pace, one->unit.dts_ns);
    return due > one->arrival_ns ? due : one->arrival_ns;
}

const struct vt_access_unit *vt_unit_queue_due(const struct vt_unit_queue *queue, int64_t now_ns, int64_t *ret_behind_ns)
{
    const struct vt_queued_unit *firsts[] = {queue->sound.first, queue->pictures.first};
    for (int i = 0; i < 2; i++) {
        if (!firsts[i] || (!queue->full && due_of(queue, firsts[i]) > now_ns))
            continue;
        *ret_behind_ns = now_ns - due_of(queue, firsts[i]);
        return &firsts[i]->unit;
    }
    return NULL;
}

void vt_unit_queue_pop(struct vt_unit_queue *queue, bool video)
{
    struct vt_unit_list *list = list_of(queue, video);
    struct vt_queued_unit *one = list->first;
    if (!one)
        return;
    list->first = one->next;
    if (!list->first)
        list->last = NULL;
    queue->bytes -= one->unit.size + one->unit.config_size;
    queue->units--;
    free(one);
    if (queue->full && !beyond(queue, 1))
        queue->full = false;
}

int64_t vt_unit_queue_next(const struct vt_unit_queue *queue)
{
    int64_t sound = queue->sound.first ? due_of(queue, queue->sound.first) : INT64_MAX;
    int64_t picture = queue->pictures.first ? due_of(queue, queue->pictures.first) : INT64_MAX;
    return sound < picture ? sound : picture;
}

bool vt_unit_queue_full(const struct vt_unit_queue *queue)
{
    return queue->full;
}

void vt_unit_queue_clear(struct vt_unit_queue *queue)
{
    while (queue->sound.first)
        vt_unit_queue_pop(queue, false);
    while (queue->pictures.first)
        vt_unit_queue_pop(queue, true);
}
