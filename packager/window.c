#include "packager/window.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SEGMENTS_MIN 6
#define SLACK_US     50000                   // sound's cuts differ from video's by up to one AAC frame
#define TEXT_SLACK   64                      // segments that may have left the window before what follows is moved

int vt_window_add(struct vt_window *window, const struct vt_listed *segment)
{
    if (window->count == window->room) {
        int room = window->room ? 2 * window->room : 64;
        struct vt_listed *list = reallocarray(window->list, (size_t)room, sizeof *list);
        if (!list)
            return -ENOMEM;
        window->list = list;
        window->room = room;
    }
    window->list[window->count] = *segment;
    window->list[window->count].parts_drop_us = INT64_MAX;
    window->list[window->count++].drop_us = INT64_MAX;
    return 0;
}

int vt_listed_add_part(struct vt_listed *segment, const struct vt_listed_part *part)
{
    struct vt_listed_part *parts = reallocarray(segment->parts, (size_t)segment->n_parts + 1, sizeof *parts);
    if (!parts)
        return -ENOMEM;
    segment->parts = parts;
    parts[segment->n_parts++] = *part;
    return 0;
}

int64_t vt_listed_end(const struct vt_listed *segment)
{
    return segment->start_us + segment->duration_us;
}

bool vt_parts_listed(const struct vt_listed *segment)
{
    return segment->n_parts > 0 && segment->parts_drop_us == INT64_MAX;
}

int64_t vt_window_edge(const struct vt_window *window)
{
    const struct vt_listed *last = window->count ? &window->list[window->count - 1] : NULL;
    return last ? last->start_us + last->duration_us : 0;
}

int64_t vt_window_start(const struct vt_window *window)
{
    return window->first < window->count ? window->list[window->first].start_us : 0;
}

static bool may_unlist_first(const struct vt_window *window)
{
    if (window->window_us == 0 || window->count - window->first <= SEGMENTS_MIN)
        return false;
    int64_t rest = vt_window_edge(window) - window->list[window->first + 1].start_us;
    return rest >= window->window_us && rest >= 3 * window->target_us + SLACK_US;
}

static void forget_text(struct vt_window *window, const struct vt_listed *segment)
{
    for (int i = 0; i < 2 * VT_TRACKS_MAX; i++)
        window->text[i / 2][i % 2].start += segment->track[i / 2].text_size[i % 2];
}

// At least half of it must be over, so that moving costs little for each segment.
static void compact_text(struct vt_window *window)
{
    if (window->text_msn == 0 || window->first == window->count || window->first > window->kept)
        return;
    uint64_t first = window->list[window->first].msn, gone = first - window->text_msn;
    if (gone < TEXT_SLACK || gone < (uint64_t)(window->count - window->first))
        return;
    for (int i = 0; i < 2 * VT_TRACKS_MAX; i++) {
        struct vt_past *past = &window->text[i / 2][i % 2];
        past->w.size -= past->start;
        if (past->w.size > 0)
            memmove(past->w.data, past->w.data + past->start, past->w.size);
        past->start = past->stored = 0;
    }
    window->text_msn = first;
}

void vt_window_trim(struct vt_window *window)
{
    int64_t edge = vt_window_edge(window);
    while (may_unlist_first(window)) {
        struct vt_listed *segment = &window->list[window->first++];
        if (window->first <= window->kept)
            forget_text(window, segment);
        segment->drop_us = edge + segment->duration_us + window->longest_us;
    }
    compact_text(window);
    int64_t length = edge - vt_window_start(window);
    window->longest_us = length > window->longest_us ? length : window->longest_us;
}

bool vt_window_expire(struct vt_window *window, struct vt_listed *ret)
{
    if (window->first == 0 || window->list[0].drop_us > vt_window_edge(window))
        return false;
    *ret = window->list[0];
    window->first--;
    window->count--;
    window->kept -= window->kept > 0;
    memmove(window->list, window->list + 1, (size_t)window->count * sizeof *window->list);
    return true;
}

void vt_window_trim_parts(struct vt_window *window, int64_t edge_us)
{
    int64_t keep_us = 3 * window->target_us;
    for (int i = 0; i < window->count; i++) {
        struct vt_listed *segment = &window->list[i];
        if (vt_parts_listed(segment) && segment->start_us + segment->duration_us < edge_us - keep_us)
            segment->parts_drop_us = edge_us + keep_us;
    }
}

bool vt_window_expire_parts(struct vt_window *window, int64_t edge_us, struct vt_listed *ret)
{
    for (int i = 0; i < window->count; i++) {
        struct vt_listed *segment = &window->list[i];
        if (segment->n_parts == 0 || segment->parts_drop_us > edge_us)
            continue;
        *ret = *segment;
        segment->parts = NULL;
        segment->n_parts = 0;
        return true;
    }
    return false;
}

void vt_window_clear(struct vt_window *window)
{
    for (int i = 0; i < window->count; i++)
        free(window->list[i].parts);
    for (int i = 0; i < 2 * VT_TRACKS_MAX; i++)
        vt_writer_free(&window->text[i / 2][i % 2].w);
    free(window->open.parts);
    free(window->list);
    *window = (struct vt_window){0};
}
