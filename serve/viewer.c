#include "serve/viewer.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mediatime.h"

static bool event_name_valid(const char *name)
{
    return name[0] >= 'a' && name[0] <= 'z' && strlen(name) <= VT_VIEWER_NAME &&
           name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] == 0;
}

// Copies an optional text member. Returns false when it is there and does not fit.
static bool take_text(const json_t *body, const char *name, char *out, size_t room, bool must_be_name)
{
    const json_t *value = json_object_get(body, name);
    if (!value || json_is_null(value))
        return true;
    const char *text = json_string_value(value);
    if (!text || strlen(text) >= room || (must_be_name && !vt_name_valid(text)))
        return false;
    for (const char *at = text; *at; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            return false;
    strcpy(out, text);
    return true;
}

static bool take_numbers(const json_t *body, struct vt_viewer_event *event)
{
    const json_t *rev = json_object_get(body, "rev"), *time = json_object_get(body, "media_time");
    if (rev && !json_is_null(rev)) {
        if (!json_is_integer(rev) || json_integer_value(rev) < 0)
            return false;
        event->rev = json_integer_value(rev);
    }
    if (time && !json_is_null(time)) {
        double seconds = json_number_value(time);
        if (!json_is_number(time) || !isfinite(seconds) || seconds < 0)
            return false;
        event->media_time = seconds;
    }
    return true;
}

static const char *take_members(const json_t *body, struct vt_viewer_event *event)
{
    const char *name = json_string_value(json_object_get(body, "event"));
    if (!name || !event_name_valid(name))
        return "\"event\" must be a name such as add_to_cart: a-z, 0-9 and _, at most 40";
    strcpy(event->event, name);
    if (!take_text(body, "output", event->output, sizeof event->output, true))
        return "\"output\" must be an output's name";
    if (!take_text(body, "cue", event->cue, sizeof event->cue, true))
        return "\"cue\" must be a cue's id";
    if (!take_text(body, "hotspot", event->hotspot, sizeof event->hotspot, true))
        return "\"hotspot\" must be a hotspot's name";
    if (!take_text(body, "item", event->item, sizeof event->item, false))
        return "\"item\" must be a product's id of at most 64 bytes";
    if (!take_numbers(body, event))
        return "\"rev\" and \"media_time\" must be numbers, 0 or more";
    return NULL;
}

int vt_viewer_parse(const char *text, size_t size, struct vt_viewer_event *ret, char *why)
{
    struct vt_viewer_event event = {.media_time = -1};
    if (size > VT_VIEWER_BYTES) {
        snprintf(why, VT_JSON_WHY, "a report has at most %d bytes", VT_VIEWER_BYTES);
        return -EINVAL;
    }
    json_t *body = vt_json_parse(text, size, VT_VIEWER_DEPTH, why);
    if (!body)
        return -EINVAL;
    const char *flaw = json_is_object(body) ? take_members(body, &event) : "a report is a JSON object";
    json_decref(body);
    if (flaw) {
        snprintf(why, VT_JSON_WHY, "%s", flaw);
        return -EINVAL;
    }
    *ret = event;
    return 0;
}

json_t *vt_viewer_to_json(const struct vt_viewer_event *event)
{
    json_t *body = json_pack("{s:s}", "event", event->event);
    if (event->output[0])
        json_object_set_new(body, "output", json_string(event->output));
    if (event->cue[0])
        json_object_set_new(body, "cue", json_string(event->cue));
    if (event->rev > 0)
        json_object_set_new(body, "rev", json_integer(event->rev));
    if (event->item[0])
        json_object_set_new(body, "item", json_string(event->item));
    if (event->hotspot[0])
        json_object_set_new(body, "hotspot", json_string(event->hotspot));
    if (event->media_time >= 0)
        json_object_set_new(body, "media_time", json_real(event->media_time));
    return body;
}

int vt_viewer_counts_init(struct vt_viewer_counts *counts)
{
    *counts = (struct vt_viewer_counts){.by_event = json_object(), .by_item = json_object(), .by_output = json_object()};
    if (counts->by_event && counts->by_item && counts->by_output)
        return 0;
    vt_viewer_counts_free(counts);
    return -ENOMEM;
}

void vt_viewer_counts_free(struct vt_viewer_counts *counts)
{
    json_decref(counts->by_event);
    json_decref(counts->by_item);
    json_decref(counts->by_output);
    *counts = (struct vt_viewer_counts){0};
}

bool vt_viewer_allowed(struct vt_viewer_counts *counts, int64_t now_ns)
{
    int64_t gone = now_ns - counts->refilled_ns;
    if (counts->refilled_ns == 0 || gone >= VT_NS_PER_S) {
        counts->allowance = VT_VIEWER_RATE;
        counts->refilled_ns = now_ns;
    }
    if (counts->allowance > 0) {
        counts->allowance--;
        return true;
    }
    counts->refused++;
    return false;
}

static void add_one(json_t *table, const char *key, size_t most)
{
    if (!json_object_get(table, key) && json_object_size(table) >= most)
        key = "other";
    json_object_set_new(table, key, json_integer(json_integer_value(json_object_get(table, key)) + 1));
}

// The counts of an item or output; the row of all others once the table is full.
static json_t *row_of(json_t *table, const char *name, size_t most)
{
    json_t *row = json_object_get(table, name);
    if (row)
        return row;
    if (json_object_size(table) >= most)
        name = "other";
    if (!json_object_get(table, name))
        json_object_set_new(table, name, json_object());
    return json_object_get(table, name);
}

void vt_viewer_count(struct vt_viewer_counts *counts, const struct vt_viewer_event *event)
{
    counts->total++;
    add_one(counts->by_event, event->event, VT_VIEWER_EVENTS);
    if (event->item[0])
        add_one(row_of(counts->by_item, event->item, VT_VIEWER_ITEMS), event->event, VT_VIEWER_EVENTS);
    if (event->output[0])
        add_one(row_of(counts->by_output, event->output, VT_VIEWER_OUTPUTS), event->event, VT_VIEWER_EVENTS);
}
