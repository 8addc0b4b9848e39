// Viewer events: what a player reports, checked and counted. Pure.
//
// {"event": "add_to_cart", "output": "main", "cue": "c42", "rev": 7, "item": "SKU-123", "hotspot": "buy",
// "media_time": 12.48}: GA4's names for events. Nothing about the viewer is kept: only counts, per event, per item and
// event, and per output and event.
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/names.h"
#include "serve/json.h"

#define VT_VIEWER_BYTES  4096            // of one report
#define VT_VIEWER_DEPTH  6
#define VT_VIEWER_NAME   40              // bytes of an event's name: [a-z][a-z0-9_]*
#define VT_VIEWER_ITEM   64              // bytes of an item's id
#define VT_VIEWER_EVENTS 32              // different names counted in a channel; further ones count as "other"
#define VT_VIEWER_ITEMS  512             // different items counted in a channel; likewise
#define VT_VIEWER_OUTPUTS 8              // different outputs counted in a channel; likewise
#define VT_VIEWER_RATE   2000            // reports a second and channel

struct vt_viewer_event {
    char event[VT_VIEWER_NAME + 1];
    char output[VT_NAME_ROOM];           // "" when absent, as are the others
    char cue[VT_NAME_ROOM];
    char hotspot[VT_NAME_ROOM];
    char item[VT_VIEWER_ITEM + 1];
    int64_t rev;                         // 0 when absent
    double media_time;                   // seconds; -1 when absent
};

// Returns 0, or -EINVAL with what is wrong in `why` (VT_JSON_WHY bytes).
int vt_viewer_parse(const char *text, size_t size, struct vt_viewer_event *ret, char *why);

// What goes out to subscribers, a new reference.
json_t *vt_viewer_to_json(const struct vt_viewer_event *event);

struct vt_viewer_counts {
    json_t *by_event;                    // {event: count}
    json_t *by_item;                     // {item: {event: count}}
    json_t *by_output;                   // {output: {event: count}}
    int64_t total, refused;
    int64_t allowance, refilled_ns;      // of VT_VIEWER_RATE
};

int vt_viewer_counts_init(struct vt_viewer_counts *counts);
void vt_viewer_counts_free(struct vt_viewer_counts *counts);

// Whether the rate allows one more report at `now_ns` (monotonic).
bool vt_viewer_allowed(struct vt_viewer_counts *counts, int64_t now_ns);
void vt_viewer_count(struct vt_viewer_counts *counts, const struct vt_viewer_event *event);
