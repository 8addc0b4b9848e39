#include "packager/state.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "packager/segmenter.h"

#define TIME_MAX (INT64_C(1) << 53)          // microseconds; 285 years

// -- writing

#define PART_GAP         1
#define PART_INDEPENDENT 2

// Of each part and track, what it lasts and how it is listed.
static json_t *pack_parts(const struct vt_packager_params *params, const struct vt_listed *segment)
{
    json_t *parts = json_array();
    for (int i = 0; i < segment->n_parts; i++) {
        json_t *tracks = json_array();
        for (int t = 0; t < params->n_tracks; t++)
            json_array_append_new(tracks, json_pack("[I,i]", (json_int_t)segment->parts[i].track[t].duration_us,
                                                    (segment->parts[i].track[t].gap ? PART_GAP : 0) |
                                                    (segment->parts[i].track[t].independent ? PART_INDEPENDENT : 0)));
        json_array_append_new(parts, tracks);
    }
    return parts;
}

static json_t *pack_segment(const struct vt_packager_params *params, const struct vt_listed *segment, bool listed)
{
    json_t *tracks = json_array();
    for (int i = 0; i < params->n_tracks; i++) {
        const struct vt_listed_track *t = &segment->track[i];
        json_array_append_new(tracks, json_pack("[I,I,I,b,I,I]", (json_int_t)t->start_us,
                                                (json_int_t)t->duration_us, (json_int_t)t->bytes, t->gap,
                                                (json_int_t)t->key_at, (json_int_t)t->key_size));
    }
    json_t *packed = json_pack("{s:I,s:I,s:b,s:I,s:I,s:I,s:o}", "k", (json_int_t)segment->k, "msn",
                               (json_int_t)segment->msn, "rest", segment->rest, "start",
                               (json_int_t)segment->start_us, "duration", (json_int_t)segment->duration_us, "drop",
                               (json_int_t)(listed ? -1 : segment->drop_us), "tracks", tracks);
    if (segment->n_parts > 0) {
        json_object_set_new(packed, "parts", pack_parts(params, segment));
        json_object_set_new(packed, "parts_drop", json_integer(vt_parts_listed(segment) ? -1
                                                                                        : segment->parts_drop_us));
    }
    return packed;
}

static json_t *pack_tag(const struct vt_tag *tag)
{
    return json_pack("{s:s,s:I,s:I,s:i,s:I,s:I,s:s}", "id", tag->id, "rev", (json_int_t)tag->rev, "k",
                     (json_int_t)tag->k, "part", tag->part, "start", (json_int_t)tag->start_ns, "reach",
                     (json_int_t)tag->reach_ns, "json", tag->json);
}

// What must be alike before and after: the show and its tracks.
static json_t *pack_show(const struct vt_packager_params *params, const uint32_t *init_sums, uint64_t shift)
{
    json_t *tracks = json_array();
    for (int i = 0; i < params->n_tracks; i++)
        json_array_append_new(tracks, json_pack("[s,I]", params->tracks[i].name, (json_int_t)init_sums[i]));
    return json_pack("{s:i,s:i,s:I,s:I,s:I,s:I,s:[i,i],s:o}", "version", 3, "container", (int)params->container, "epoch", (json_int_t)params->epoch_ns,
                     "first_msn", (json_int_t)(params->first_msn - shift), "segment", (json_int_t)params->segment_ns, "part",
                     (json_int_t)params->part_ns, "rate", (int)params->rate.num, (int)params->rate.den, "tracks",
                     tracks);
}

static json_t *pack_removed(const struct vt_timeline *timeline)
{
    json_t *removed = json_array();
    for (int i = 0; i < timeline->n_removed; i++)
        json_array_append_new(removed, json_pack("[s,I,I]", timeline->removed[i].id,
                                                 (json_int_t)timeline->removed[i].rev,
                                                 (json_int_t)timeline->removed[i].at_us));
    return removed;
}

static json_t *pack_total(const struct vt_track_total *total)
{
    return json_pack("[I,I,I,I,I]", (json_int_t)total->bytes, (json_int_t)total->us, (json_int_t)total->peak,
                     (json_int_t)total->key_bytes, (json_int_t)total->key_peak);
}

static json_t *pack_counters(const struct vt_ts *ts)
{
    json_t *counters = json_array();
    for (int i = 0; i < VT_TS_STREAMS; i++)
        json_array_append_new(counters, json_integer(ts->counter[i]));
    return counters;
}

// Segments [from, to) of the list, and the tags from the first one's on, or all: {"segments", "tags"}.
static json_t *pack_list(const struct vt_packager_params *params, const struct vt_state *state, int from, int to)
{
    json_t *segments = json_array(), *tags = json_array();
    const struct vt_window *window = state->window;
    const struct vt_timeline *timeline = state->timeline;
    int64_t first_k = from == 0 ? INT64_MIN : from < to ? window->list[from].k + window->list[from].rest : INT64_MAX;
    int64_t end_k = to < window->count ? window->list[to].k + window->list[to].rest : INT64_MAX;
    for (int i = from; i < to; i++)
        json_array_append_new(segments, pack_segment(params, &window->list[i], i >= window->first));
    int tag = timeline->n_tags;
    while (tag > 0 && timeline->tags[tag - 1].k >= first_k)
        tag--;
    for (; tag < timeline->n_tags && timeline->tags[tag].k < end_k; tag++)
        json_array_append_new(tags, pack_tag(&timeline->tags[tag]));
    return json_pack("{s:o,s:o}", "segments", segments, "tags", tags);
}

// The first segment that no chunk holds.
static int first_loose(const struct vt_window *window)
{
    int at = window->count;
    while (at > 0 && window->list[at - 1].msn % VT_STATE_CHUNKED != VT_STATE_CHUNKED - 1)
        at--;
    return at;
}

static json_t *pack_state(const struct vt_packager_params *params, const struct vt_state *state)
{
    json_t *more = json_array(), *totals = json_array();
    json_t *counters = json_array();
    const struct vt_window *window = state->window;
    const struct vt_listed *list = window->list;
    for (int i = 0; i < state->timeline->n_more; i++)
        json_array_append_new(more, json_pack("[s,I]", state->timeline->more[i].name,
                                              (json_int_t)state->timeline->more[i].reach_ns));
    for (int i = 0; i < params->n_tracks; i++)
        json_array_append_new(totals, pack_total(&state->totals[i]));
    for (int i = 0; i < params->n_tracks; i++)
        json_array_append_new(counters, pack_counters(&state->ts[i]));
    json_int_t oldest = window->count ? (json_int_t)list[0].msn : 0;
    json_int_t first = window->first < window->count ? (json_int_t)list[window->first].msn : oldest;
    return json_pack("{s:o,s:[I,I],s:I,s:I,s:I,s:I,s:I,s:o,s:o,s:o,s:o,s:o}", "show",
                     pack_show(params, state->init_sums, state->shift), "past", (json_int_t)state->past[0],
                     (json_int_t)state->past[1], "shift", (json_int_t)state->shift, "longest",
                     (json_int_t)window->longest_us, "oldest", oldest, "first", first, "next", (json_int_t)(window->count ? list[window->count - 1].msn + 1 : 1), "list",
                     pack_list(params, state, first_loose(window), window->count), "more", more, "totals", totals, "counters", counters,
                     "removed", pack_removed(state->timeline));
}

static int dump(const char *text, size_t size, void *opaque)
{
    struct vt_writer *w = opaque;
    vt_write_bytes(w, text, size);
    return w->failed ? -1 : 0;
}

static int write_root(struct vt_writer *w, json_t *root)
{
    int result = root && json_dump_callback(root, dump, w, JSON_COMPACT) == 0 ? 0 : -ENOMEM;
    json_decref(root);
    return result;
}

int vt_state_write(struct vt_writer *w, const struct vt_packager_params *params, const struct vt_state *state)
{
    return write_root(w, pack_state(params, state));
}

int vt_state_write_chunk(struct vt_writer *w, const struct vt_packager_params *params, const struct vt_state *state)
{
    int from = state->chunk_end - VT_STATE_CHUNKED;
    return write_root(w, pack_list(params, state, from > 0 ? from : 0, state->chunk_end));
}

int vt_state_write_open(struct vt_writer *w, const struct vt_packager_params *params, const struct vt_state *state)
{
    const struct vt_listed *open = &state->window->open;
    json_t *tags = json_array();
    int first = state->timeline->n_tags;
    while (first > 0 && state->timeline->tags[first - 1].k >= open->k)
        first--;
    for (int i = first; i < state->timeline->n_tags; i++)
        json_array_append_new(tags, pack_tag(&state->timeline->tags[i]));
    return write_root(w, json_pack("{s:I,s:o,s:o}", "epoch", (json_int_t)params->epoch_ns, "segment",
                                   pack_segment(params, open, true), "tags", tags));
}

// -- reading: every value is checked, since a disk may give back anything

static bool take(const json_t *value, int64_t least, int64_t most, int64_t *ret)
{
    *ret = json_integer_value(value);
    return json_is_integer(value) && *ret >= least && *ret <= most;
}

static bool read_track(const json_t *value, struct vt_listed_track *track)
{
    track->gap = json_is_true(json_array_get(value, 3));
    return take(json_array_get(value, 0), 0, TIME_MAX, &track->start_us) &&
           take(json_array_get(value, 1), 0, TIME_MAX, &track->duration_us) &&
           take(json_array_get(value, 2), 0, VT_SEGMENT_BYTES_MAX * INT64_C(2), &track->bytes) &&
           take(json_array_get(value, 4), 0, track->bytes, &track->key_at) &&
           take(json_array_get(value, 5), 0, track->bytes - track->key_at, &track->key_size);
}

static bool read_part(const json_t *tracks, int n_tracks, struct vt_listed_part *part)
{
    for (int t = 0; t < n_tracks; t++) {
        const json_t *value = json_array_get(tracks, (size_t)t);
        int64_t flags;
        if (!take(json_array_get(value, 0), 0, TIME_MAX, &part->track[t].duration_us) ||
            !take(json_array_get(value, 1), 0, PART_GAP | PART_INDEPENDENT, &flags))
            return false;
        part->track[t].gap = flags & PART_GAP;
        part->track[t].independent = flags & PART_INDEPENDENT;
    }
    return true;
}

// A segment has no parts, or all of them.
static int read_parts(const json_t *value, const struct vt_packager_params *params, struct vt_listed *segment)
{
    const json_t *parts = json_object_get(value, "parts");
    int64_t drop;
    if (!parts)
        return 0;
    if (!vt_has_parts(params) || json_array_size(parts) == 0 ||
        (int)json_array_size(parts) > vt_part_count(params, segment->k) ||
        !take(json_object_get(value, "parts_drop"), -1, TIME_MAX, &drop))
        return -EBADMSG;
    segment->parts_drop_us = drop < 0 ? INT64_MAX : drop;
    for (size_t i = 0; i < json_array_size(parts); i++) {
        struct vt_listed_part part = {0};
        int result = read_part(json_array_get(parts, i), params->n_tracks, &part)
                   ? vt_listed_add_part(segment, &part) : -EBADMSG;
        if (result < 0)
            return result;
    }
    return 0;
}

static bool read_segment(const json_t *value, const struct vt_packager_params *params, struct vt_listed *segment,
                         int64_t *drop)
{
    const json_t *tracks = json_object_get(value, "tracks");
    for (int i = 0; i < params->n_tracks; i++)
        if (!read_track(json_array_get(tracks, (size_t)i), &segment->track[i]))
            return false;
    int64_t msn;
    if (!take(json_object_get(value, "msn"), 1, INT64_MAX / 2, &msn))
        return false;
    segment->msn = (uint64_t)msn;
    segment->rest = json_is_true(json_object_get(value, "rest"));
    return take(json_object_get(value, "k"), 0, TIME_MAX, &segment->k) &&
           take(json_object_get(value, "start"), 0, TIME_MAX, &segment->start_us) &&
           take(json_object_get(value, "duration"), 1, TIME_MAX, &segment->duration_us) &&
           take(json_object_get(value, "drop"), -1, TIME_MAX, drop);
}

static bool follows(const struct vt_listed *segment, const struct vt_listed *before)
{
    return segment->msn == before->msn + 1 && segment->k == before->k + !segment->rest &&
           segment->start_us == before->start_us + before->duration_us;
}

// Numbers follow each other. What is older than `oldest` is no longer available.
static int read_segments(const json_t *list, const struct vt_packager_params *params, int64_t first_k, uint64_t oldest,
                         struct vt_window *window)
{
    if (!json_is_array(list) || json_array_size(list) > VT_STATE_SEGMENTS)
        return -EBADMSG;
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct vt_listed segment = {0};
        int64_t drop;
        if (!read_segment(json_array_get(list, i), params, &segment, &drop) || segment.k >= first_k ||
            (window->count > 0 && !follows(&segment, &window->list[window->count - 1])))
            return -EBADMSG;
        if (segment.msn < oldest)
            continue;
        int result = read_parts(json_array_get(list, i), params, &segment);
        int64_t parts_drop_us = segment.parts_drop_us;
        if (result == 0)
            result = vt_window_add(window, &segment);
        if (result < 0) {
            free(segment.parts);
            return result;
        }
        window->list[window->count - 1].parts_drop_us = parts_drop_us;
        if (drop >= 0)
            window->list[window->count - 1].drop_us = drop;
    }
    return 0;
}

// What has left the playlists stands before what is listed; where a chunk did not know it yet, it may stay a while longer.
static int settle_first(struct vt_window *window, uint64_t first)
{
    int64_t edge = vt_window_edge(window);
    for (; window->first < window->count && window->list[window->first].msn < first; window->first++) {
        struct vt_listed *segment = &window->list[window->first];
        if (segment->drop_us == INT64_MAX)
            segment->drop_us = edge + segment->duration_us + window->longest_us;
    }
    for (int i = window->first; i < window->count; i++)
        window->list[i].drop_us = INT64_MAX;
    return window->first < window->count ? 0 : -EBADMSG;
}

static bool read_tag(const json_t *value, const struct vt_packager_params *params, int64_t first_k, struct vt_tag *tag)
{
    const char *id = json_string_value(json_object_get(value, "id"));
    const char *json = json_string_value(json_object_get(value, "json"));
    size_t size = json ? strlen(json) : 0;
    int64_t part;
    *tag = (struct vt_tag){.size = (int)size};
    if (!id || vt_name_copy(tag->id, id) < 0 || size == 0 || size > VT_CUE_JSON ||
        !take(json_object_get(value, "rev"), 1, INT64_MAX, &tag->rev) ||
        !take(json_object_get(value, "k"), 0, first_k, &tag->k) ||
        !take(json_object_get(value, "part"), 0, vt_part_count(params, tag->k) - 1, &part) ||
        !take(json_object_get(value, "start"), 0, INT64_MAX / 2, &tag->start_ns) ||
        !take(json_object_get(value, "reach"), tag->start_ns, tag->start_ns + VT_CUE_LEASE_NS, &tag->reach_ns))
        return false;
    tag->part = (int)part;
    memcpy(tag->json, json, size + 1);
    return true;
}

static int read_tags(const json_t *list, const struct vt_packager_params *params, int64_t first_k,
                     struct vt_timeline *timeline)
{
    if (!json_is_array(list) || (int)json_array_size(list) > vt_dateranges_max(params))
        return -EBADMSG;
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct vt_tag tag;
        if (!read_tag(json_array_get(list, i), params, first_k, &tag) ||
            (timeline->n_tags > 0 && tag.k < timeline->tags[timeline->n_tags - 1].k))
            return -EBADMSG;
        int result = vt_timeline_add_tag(timeline, &tag);
        if (result < 0)
            return result;
    }
    return 0;
}

static int read_list(const json_t *root, const struct vt_packager_params *params, int64_t first_k, uint64_t oldest,
                     struct vt_state *state)
{
    int result = read_segments(json_object_get(root, "segments"), params, first_k, oldest, state->window);
    return result < 0 ? result : read_tags(json_object_get(root, "tags"), params, first_k, state->timeline);
}

static void forget_list(struct vt_state *state)
{
    for (int i = 0; i < state->window->count; i++)
        free(state->window->list[i].parts);
    state->window->count = 0;
    vt_timeline_remove_tags(state->timeline, 0);
}

static int read_chunk(uint64_t number, const struct vt_packager_params *params, int64_t first_k, uint64_t oldest,
                      struct vt_state *state)
{
    struct vt_writer w = {.limit = VT_STATE_BYTES_MAX};
    char name[64];
    snprintf(name, sizeof name, VT_STATE_CHUNK, (unsigned long long)number);
    int result = state->sink->get ? state->sink->get(state->sink->opaque, name, &w) : -ENOENT;
    json_t *root = result == 0 ? json_loadb((const char *)w.data, w.size, JSON_REJECT_DUPLICATES, NULL) : NULL;
    result = root ? read_list(root, params, first_k, oldest, state) : result < 0 ? result : -EBADMSG;
    json_decref(root);
    vt_writer_free(&w);
    return result;
}

// Chunks from the oldest segment to the first that the state itself has. Before one that cannot be read, all is lost.
static int read_chunks(const json_t *root, const struct vt_packager_params *params, int64_t first_k, uint64_t oldest,
                       struct vt_state *state)
{
    const json_t *list = json_object_get(json_object_get(root, "list"), "segments");
    int64_t end;
    if (!take(json_object_get(json_array_get(list, 0), "msn"), 1, INT64_MAX / 2, &end) &&
        !take(json_object_get(root, "next"), 1, INT64_MAX / 2, &end))
        return -EBADMSG;
    if ((uint64_t)end < oldest || (uint64_t)end - oldest > VT_STATE_SEGMENTS)
        return -EBADMSG;
    for (uint64_t number = oldest / VT_STATE_CHUNKED; number * VT_STATE_CHUNKED < (uint64_t)end; number++) {
        int result = read_chunk(number, params, first_k, oldest, state);
        if (result == -ENOMEM)
            return result;
        if (result < 0)
            forget_list(state);
    }
    return 0;
}

static int read_more(const json_t *list, const struct vt_packager_params *params, struct vt_timeline *timeline)
{
    if (!json_is_array(list) || (int)json_array_size(list) > vt_more_max(params) + VT_CUES_LIVE_MAX)
        return -EBADMSG;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *value = json_array_get(list, i);
        const char *name = json_string_value(json_array_get(value, 0));
        int64_t reach;
        if (!name || !vt_more_valid(name) || !take(json_array_get(value, 1), 0, INT64_MAX / 2, &reach))
            return -EBADMSG;
        int result = vt_timeline_add_more(timeline, name, reach);
        if (result < 0)
            return result;
    }
    return 0;
}

static int read_totals(const json_t *list, const struct vt_packager_params *params, struct vt_track_total *totals)
{
    for (int i = 0; i < params->n_tracks; i++) {
        const json_t *value = json_array_get(list, (size_t)i);
        if (!take(json_array_get(value, 0), 0, TIME_MAX, &totals[i].bytes) ||
            !take(json_array_get(value, 1), 0, TIME_MAX, &totals[i].us) ||
            !take(json_array_get(value, 2), 0, TIME_MAX, &totals[i].peak) ||
            !take(json_array_get(value, 3), 0, TIME_MAX, &totals[i].key_bytes) ||
            !take(json_array_get(value, 4), 0, TIME_MAX, &totals[i].key_peak))
            return -EBADMSG;
    }
    return 0;
}

static int read_counters(const json_t *list, const struct vt_packager_params *params, struct vt_ts *ts)
{
    for (int i = 0; i < params->n_tracks; i++)
        for (int s = 0; s < VT_TS_STREAMS; s++) {
            int64_t counter;
            if (!take(json_array_get(json_array_get(list, (size_t)i), (size_t)s), 0, 15, &counter))
                return -EBADMSG;
            ts[i].counter[s] = (uint8_t)counter;
        }
    return 0;
}

static int read_removed(const json_t *list, struct vt_timeline *timeline)
{
    if (!json_is_array(list) || json_array_size(list) > VT_REMOVED_MAX)
        return -EBADMSG;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *value = json_array_get(list, i);
        const char *id = json_string_value(json_array_get(value, 0));
        struct vt_removed removed;
        if (!id || vt_name_copy(removed.id, id) < 0 ||
            !take(json_array_get(value, 1), 1, INT64_MAX, &removed.rev) ||
            !take(json_array_get(value, 2), 0, TIME_MAX, &removed.at_us))
            return -EBADMSG;
        int result = vt_timeline_add_removed(timeline, &removed);
        if (result < 0)
            return result;
    }
    return 0;
}

// A state from before there were such files has none.
static void read_past(const json_t *list, uint64_t past[2])
{
    for (int i = 0; i < 2; i++) {
        int64_t msn;
        past[i] = take(json_array_get(list, (size_t)i), 1, INT64_MAX / 2, &msn) ? (uint64_t)msn : 0;
    }
}

static int read_root(const json_t *root, const struct vt_packager_params *params, int64_t first_k,
                     struct vt_state *state)
{
    int64_t shift, oldest, first;
    json_t *show = pack_show(params, state->init_sums, 0);
    bool same = show && json_equal(show, json_object_get(root, "show"));
    json_decref(show);
    if (!same || !take(json_object_get(root, "longest"), 0, TIME_MAX, &state->window->longest_us))
        return -EBADMSG;
    if (!take(json_object_get(root, "shift"), 0, INT32_MAX, &shift))
        return -EBADMSG;
    state->shift = (uint64_t)shift;
    read_past(json_object_get(root, "past"), state->past);
    if (!take(json_object_get(root, "oldest"), 1, INT64_MAX / 2, &oldest) ||
        !take(json_object_get(root, "first"), oldest, INT64_MAX / 2, &first))
        return -EBADMSG;
    int result = read_chunks(root, params, first_k, (uint64_t)oldest, state);
    if (result == 0)
        result = read_list(json_object_get(root, "list"), params, first_k, (uint64_t)oldest, state);
    if (result == 0)
        result = settle_first(state->window, (uint64_t)first);
    // Chunks still have tags that had left before the state was written.
    if (result == 0 && state->timeline->sliding)
        vt_timeline_forget(state->timeline, params->epoch_ns + vt_window_start(state->window) * 1000);
    if (result == 0)
        result = read_more(json_object_get(root, "more"), params, state->timeline);
    if (result == 0)
        result = read_totals(json_object_get(root, "totals"), params, state->totals);
    if (result == 0)
        result = read_counters(json_object_get(root, "counters"), params, state->ts);
    if (result == 0)
        result = read_removed(json_object_get(root, "removed"), state->timeline);
    return result;
}

int vt_state_read(const char *text, size_t size, const struct vt_packager_params *params, int64_t first_k,
                  struct vt_state *state)
{
    if (size > VT_STATE_BYTES_MAX)
        return -EBADMSG;
    json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    if (!root)
        return -EBADMSG;
    int result = read_root(root, params, first_k, state);
    json_decref(root);
    return result;
}

// The file that a tag's cue points at is kept as long as the tag.
static int keep_more(struct vt_timeline *timeline, const struct vt_tag *tag)
{
    json_t *cue = json_loads(tag->json, 0, NULL);
    const char *name = json_string_value(json_object_get(cue, "more"));
    int result = name && vt_more_valid(name) ? vt_timeline_add_more(timeline, name, tag->reach_ns) : 0;
    json_decref(cue);
    return result;
}

static int read_open(const json_t *root, const struct vt_packager_params *params, int64_t first_k,
                     struct vt_listed *segment, struct vt_state *state)
{
    const json_t *value = json_object_get(root, "segment");
    const struct vt_window *window = state->window;
    int64_t epoch, drop;
    if (!take(json_object_get(root, "epoch"), params->epoch_ns, params->epoch_ns, &epoch) ||
        !read_segment(value, params, segment, &drop) || segment->k >= first_k ||
        !follows(segment, &window->list[window->count - 1]))
        return -EBADMSG;
    int result = read_parts(value, params, segment), before = state->timeline->n_tags;
    if (result == 0 && segment->n_parts == 0)
        result = -EBADMSG;
    if (result == 0)
        result = read_tags(json_object_get(root, "tags"), params, first_k, state->timeline);
    for (int i = before; i < state->timeline->n_tags && result == 0; i++)
        result = keep_more(state->timeline, &state->timeline->tags[i]);
    if (result < 0)
        vt_timeline_remove_tags(state->timeline, before);
    return result;
}

int vt_state_read_open(const char *text, size_t size, const struct vt_packager_params *params, int64_t first_k,
                       struct vt_state *state)
{
    struct vt_listed segment = {0};
    json_t *root = size > VT_STATE_BYTES_MAX ? NULL : json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    int result = root ? read_open(root, params, first_k, &segment, state) : -EBADMSG;
    json_decref(root);
    if (result < 0)
        free(segment.parts);
    else
        state->window->open = segment;
    return result;
}
