#include "serve/history.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define WORDS    1024     // before they are cut
#define ELLIPSIS "…"

static const char *const names[VT_HISTORY_WHATS] = {
    "publisher", "taken_over", "kicked", "closed", "refused", "format", "live", "stalled", "slate",
    "show_started", "show_ended", "studio_died", "studio_back", "ingest_died",
};

static void copy_cut(char *out, size_t room, const char *text)
{
    size_t size = strlen(text);
    if (size >= room) {
        size = room - sizeof ELLIPSIS;
        while (size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80)
            size--;
    }
    snprintf(out, room, "%.*s%s", (int)size, text, text[size] ? ELLIPSIS : "");
}

static bool may_repeat(enum vt_history_what what)
{
    return what == VT_HISTORY_REFUSED || what == VT_HISTORY_FORMAT;
}

static bool is_repeated(const struct vt_history_event *old, const struct vt_history_event *event)
{
    bool same_source = event->what == VT_HISTORY_REFUSED || strcmp(old->publisher, event->publisher) == 0;
    return may_repeat(event->what) && old->what == event->what && same_source &&
           strcmp(old->reason, event->reason) == 0 && event->first_ns - old->last_ns <= VT_HISTORY_REPEAT_NS;
}

static struct vt_history_event *find_repeated(struct vt_history *history, const struct vt_history_event *event)
{
    int i = history->count - 1;
    while (i >= 0 && !is_repeated(&history->events[i], event))
        i--;
    return i < 0 ? NULL : &history->events[i];
}

static void drop(struct vt_history *history, int i)
{
    memmove(&history->events[i], &history->events[i + 1],
            sizeof history->events[0] * (size_t)(--history->count - i));
}

static void make_room(struct vt_history *history, enum vt_history_what what)
{
    int refusals = 0, oldest = 0;
    for (int i = history->count - 1; i >= 0; i--) {
        if (history->events[i].what == VT_HISTORY_REFUSED) {
            refusals++;
            oldest = i;
        }
    }
    if (what == VT_HISTORY_REFUSED && refusals == VT_HISTORY_REFUSALS)
        drop(history, oldest);
    else if (history->count == VT_HISTORY_MAX)
        drop(history, 0);
}

void vt_history_add(struct vt_history *history, int64_t now_ns, enum vt_history_what what, const char *publisher,
                    const char *reason, const char *format, ...)
{
    struct vt_history_event event = {.what = what, .first_ns = now_ns, .last_ns = now_ns, .count = 1};
    char words[WORDS];
    va_list args;
    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    copy_cut(event.text, sizeof event.text, words);
    copy_cut(event.reason, sizeof event.reason, reason ? reason : "");
    if (publisher)
        (void)vt_name_copy(event.publisher, publisher);
    history->changed = true;
    struct vt_history_event *old = find_repeated(history, &event);
    if (old) {
        old->count++;
        old->last_ns = now_ns;
        memcpy(old->publisher, event.publisher, sizeof old->publisher);
        memcpy(old->text, event.text, sizeof old->text);
        return;
    }
    make_room(history, what);
    history->events[history->count++] = event;
}

static json_t *event_json(const struct vt_history_event *event)
{
    char first[VT_TIME_TEXT], last[VT_TIME_TEXT];
    vt_format_time(event->first_ns, first);
    vt_format_time(event->last_ns, last);
    json_t *json = json_pack("{s:s, s:s, s:s*, s:s*, s:s}", "t", first, "what", names[event->what], "publisher",
                             event->publisher[0] ? event->publisher : NULL, "reason",
                             event->reason[0] ? event->reason : NULL, "text", event->text);
    if (json && event->count > 1) {
        json_object_set_new(json, "count", json_integer(event->count));
        json_object_set_new(json, "last", json_string(last));
    }
    return json;
}

json_t *vt_history_json(const struct vt_history *history)
{
    json_t *list = json_array();
    for (int i = 0; i < history->count; i++)
        json_array_append_new(list, event_json(&history->events[i]));
    return list;
}
