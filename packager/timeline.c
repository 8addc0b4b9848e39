#include "packager/timeline.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "packager/segmenter.h"
#include "packager/ts_segment.h"

// What one cue takes in the index, at most, with a revision number of six digits: "id.rev",
#define INDEX_ENTRY(id)  (strlen(id) + 10)
#define LIMITS_WINDOW_NS (300 * VT_NS_PER_S)     // the longest window for which limits are as they stand
#define INDEX_FRAME      (sizeof "{\"v\":1,\"op\":\"snap\",\"on\":[]}")

static int reserve(void **list, int *room, int needed, size_t size)
{
    if (needed <= *room)
        return 0;
    int new_room = *room ? 2 * *room : 16;
    void *grown = reallocarray(*list, (size_t)new_room, size);
    if (!grown)
        return -ENOMEM;
    *list = grown;
    *room = new_room;
    return 0;
}

static struct vt_revision *find_live(const struct vt_timeline *timeline, const char *id)
{
    for (int i = 0; i < timeline->n_live; i++)
        if (strcmp(timeline->live[i].id, id) == 0)
            return &timeline->live[i];
    return NULL;
}

// -- taking in

static const struct vt_revision *latest_revision(const struct vt_timeline *timeline, const char *id)
{
    for (int i = timeline->n_pending - 1; i >= 0; i--)
        if (strcmp(timeline->pending[i].id, id) == 0)
            return &timeline->pending[i];
    return find_live(timeline, id);
}

static int64_t latest_rev(const struct vt_timeline *timeline, const char *id)
{
    const struct vt_revision *live = find_live(timeline, id);
    int64_t rev = live ? live->rev : 0;
    for (int i = 0; i < timeline->n_pending; i++)
        if (strcmp(timeline->pending[i].id, id) == 0 && timeline->pending[i].rev > rev)
            rev = timeline->pending[i].rev;
    for (int i = 0; i < timeline->n_tags; i++)
        if (strcmp(timeline->tags[i].id, id) == 0 && timeline->tags[i].rev > rev)
            rev = timeline->tags[i].rev;
    return rev;
}

// Whether a revision of the same cue stands before pending[i].
static bool seen_before(const struct vt_timeline *timeline, int i)
{
    for (int j = 0; j < i; j++)
        if (strcmp(timeline->pending[j].id, timeline->pending[i].id) == 0)
            return true;
    return false;
}

// Cues that are or will be on air, ended ones with them until their end is packaged, and their room in the index.
static int count_cues(const struct vt_timeline *timeline, const char *but, size_t *index)
{
    int count = 0;
    for (int i = 0; i < timeline->n_live + timeline->n_pending; i++) {
        int pending = i - timeline->n_live;
        const char *id = pending < 0 ? timeline->live[i].id : timeline->pending[pending].id;
        if (strcmp(id, but) == 0 || (pending >= 0 && (find_live(timeline, id) || seen_before(timeline, pending))))
            continue;
        *index += INDEX_ENTRY(id);
        count++;
    }
    return count;
}

static int count_pending_tags(const struct vt_timeline *timeline, const struct vt_packager_params *params)
{
    int count = 0;
    for (int i = 0; i < timeline->n_pending; i++) {
        const struct vt_revision *a = &timeline->pending[i];
        bool counted = false;
        for (int j = 0; j < i && !counted; j++) {
            const struct vt_revision *b = &timeline->pending[j];
            counted = !a->urgent && strcmp(a->id, b->id) == 0 &&
                      vt_segment_of(params, a->frame) == vt_segment_of(params, b->frame);
        }
        count += !counted;
    }
    for (int i = 0; i < timeline->n_live; i++)
        count += timeline->live[i].untagged;
    return count;
}

static int in_proportion(const struct vt_packager_params *params, int least)
{
    int64_t scaled = vt_muldiv(params->window_ns, least, LIMITS_WINDOW_NS);
    return scaled > least ? (int)scaled : least;
}

int vt_dateranges_max(const struct vt_packager_params *params)
{
    return in_proportion(params, VT_DATERANGES_MAX);
}

int vt_more_max(const struct vt_packager_params *params)
{
    return in_proportion(params, VT_MORE_MAX);
}

// An end is never refused: every cue on air keeps room for its own.
static int check_room(const struct vt_timeline *timeline, const struct vt_packager_params *params,
                      const struct vt_cue *cue)
{
    size_t index = INDEX_FRAME + INDEX_ENTRY(cue->id);
    int others = count_cues(timeline, cue->id, &index);
    if (cue->op == VT_CUE_END)
        return timeline->n_pending < VT_REVISIONS_MAX + VT_CUES_LIVE_MAX ? 0 : -EBUSY;
    if (others + 1 > VT_CUES_LIVE_MAX || index > VT_CUE_JSON || timeline->n_pending >= VT_REVISIONS_MAX)
        return -EBUSY;
    if (!timeline->sliding)
        return 0;
    int tags = timeline->n_tags + count_pending_tags(timeline, params) + 1;
    bool room = tags + others + 1 <= vt_dateranges_max(params) && timeline->n_more < vt_more_max(params);
    return room ? 0 : -EBUSY;
}

// A newer revision that starts no later replaces what was planned.
static void remove_replaced(struct vt_timeline *timeline, const struct vt_revision *revision)
{
    int kept = 0;
    for (int i = 0; i < timeline->n_pending; i++) {
        const struct vt_revision *p = &timeline->pending[i];
        if (strcmp(p->id, revision->id) != 0 || p->frame <= revision->frame)
            timeline->pending[kept++] = *p;
    }
    timeline->n_pending = kept;
}

static void insert_pending(struct vt_timeline *timeline, const struct vt_revision *revision)
{
    int at = timeline->n_pending++;
    for (; at > 0 && timeline->pending[at - 1].frame > revision->frame; at--)
        timeline->pending[at] = timeline->pending[at - 1];
    timeline->pending[at] = *revision;
}

static int64_t floor_ms(int64_t ns)
{
    return ns - ns % VT_NS_PER_MS;
}

static int64_t frame_time(const struct vt_packager_params *params, int64_t frame)
{
    return params->epoch_ns + vt_frame_to_ns(frame, params->rate);
}

// Whether viewers must learn of it at once.
static bool is_urgent(const struct vt_revision *revision, const struct vt_revision *before)
{
    return !before || revision->op != VT_CUE_UPDATE || revision->priced != before->priced ||
           revision->amount != before->amount || strcmp(revision->currency, before->currency) != 0 ||
           revision->end_frame != before->end_frame;
}

// Then a change of price or end waits for the next segment, as others do: its tag may be late, the change itself never is.
static bool tags_run_short(const struct vt_timeline *timeline, const struct vt_packager_params *params)
{
    return timeline->sliding && timeline->n_tags + count_pending_tags(timeline, params) >= vt_dateranges_max(params) / 2;
}

static bool cue_valid(const struct vt_cue *cue)
{
    return vt_name_valid(cue->id) && cue->op != VT_CUE_SNAP && cue->lease_frame > cue->frame && cue->template &&
           cue->hotspot_count >= 0 && cue->hotspot_count <= VT_CUE_HOTSPOTS &&
           (!cue->more || vt_more_valid(cue->more));
}

int vt_timeline_prepare(const struct vt_timeline *timeline, const struct vt_packager_params *params,
                        const struct vt_cue *cue, struct vt_revision *ret)
{
    if (!cue_valid(cue) || cue->rev <= latest_rev(timeline, cue->id))
        return -EINVAL;
    int result = check_room(timeline, params, cue);
    if (result < 0)
        return result;

    struct vt_revision revision = {.rev = cue->rev, .op = cue->op, .frame = cue->frame,
                                   .end_frame = cue->end_frame, .priced = cue->priced};
    if (cue->priced) {
        revision.amount = cue->amount;
        memcpy(revision.currency, cue->currency, sizeof revision.currency - 1);
    }
    struct vt_cue_clock clock = {params->rate, params->epoch_ns};
    revision.size = vt_cue_json(cue, &clock, revision.json);
    if (revision.size < 0)
        return revision.size;
    vt_name_copy(revision.id, cue->id);
    snprintf(revision.more, sizeof revision.more, "%s", cue->more ? cue->more : "");
    revision.start_ns = floor_ms(frame_time(params, cue->frame));
    revision.reach_ns = floor_ms(frame_time(params, cue->lease_frame) + VT_NS_PER_MS - 1);
    if (revision.reach_ns > revision.start_ns + VT_CUE_LEASE_NS)
        revision.reach_ns = revision.start_ns + VT_CUE_LEASE_NS;
    const struct vt_revision *before = latest_revision(timeline, cue->id);
    bool may_wait = before && cue->op == VT_CUE_UPDATE && tags_run_short(timeline, params);
    revision.urgent = is_urgent(&revision, before) && !may_wait;
    *ret = revision;
    return 0;
}

int vt_timeline_add(struct vt_timeline *timeline, const struct vt_revision *revision)
{
    int result = reserve((void **)&timeline->pending, &timeline->pending_room, timeline->n_pending + 1,
                         sizeof *timeline->pending);
    if (result == 0 && revision->more[0])
        result = vt_timeline_add_more(timeline, revision->more, revision->reach_ns);
    if (result < 0)
        return result;
    remove_replaced(timeline, revision);
    insert_pending(timeline, revision);
    return 0;
}

bool vt_more_valid(const char *name)
{
    size_t size = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./");
    return size > 0 && size < VT_MORE_ROOM && name[size] == 0 && name[0] != '/' && !strstr(name, "..");
}

int vt_timeline_add_more(struct vt_timeline *timeline, const char *name, int64_t reach_ns)
{
    for (int i = 0; i < timeline->n_more; i++) {
        struct vt_more *more = &timeline->more[i];
        if (strcmp(more->name, name) == 0) {
            more->reach_ns = reach_ns > more->reach_ns ? reach_ns : more->reach_ns;
            return 0;
        }
    }
    int result = reserve((void **)&timeline->more, &timeline->more_room, timeline->n_more + 1,
                         sizeof *timeline->more);
    if (result < 0)
        return result;
    struct vt_more *more = &timeline->more[timeline->n_more++];
    snprintf(more->name, sizeof more->name, "%s", name);
    more->reach_ns = reach_ns;
    return 0;
}

// -- in band

struct messages {
    struct vt_writer *w;
    const struct vt_packager_params *params;
    int64_t k;
    uint32_t timescale;
    uint64_t start, end;                     // of the segment, in `timescale`
};

static uint64_t media_time(const struct messages *m, int64_t frame)
{
    return (uint64_t)(frame * (m->timescale / (uint32_t)m->params->rate.num) * m->params->rate.den);
}

static void write_timed(const struct messages *m, uint64_t time, const char *json, size_t size)
{
    struct vt_writer id3 = {0};
    vt_cue_id3(&id3, json, size);
    vt_ts_message(m->w, vt_muldiv((int64_t)time, VT_90K, m->timescale), &id3);
    vt_writer_free(&id3);
}

static void write_message(const struct messages *m, const char *id, int64_t rev, enum vt_cue_op op, uint64_t time,
                          const char *json, size_t size)
{
    uint64_t least = m->timescale / 4, rest = m->end - time;
    if (m->params->container == VT_CONTAINER_TS) {
        write_timed(m, time, json, size);
        return;
    }
    struct vt_emsg emsg = {
        .timescale = m->timescale,
        .presentation_time = time,
        .duration = (uint32_t)(rest > least ? rest : least),
        .id = vt_cue_emsg_id(id, rev, op, m->params->first_msn + (uint64_t)m->k),
    };
    vt_cue_emsg(m->w, &emsg, json, size);
}

// The last revision of this cue up to and with `frame`, or NULL.
static const struct vt_revision *pending_at(const struct vt_timeline *timeline, const char *id, int64_t frame)
{
    const struct vt_revision *found = NULL;
    for (int i = 0; i < timeline->n_pending && timeline->pending[i].frame <= frame; i++)
        if (strcmp(timeline->pending[i].id, id) == 0)
            found = &timeline->pending[i];
    return found;
}

static void write_on(struct vt_writer *w, const struct vt_revision *revision, bool *any)
{
    if (!revision || revision->op == VT_CUE_END)
        return;
    vt_write_format(w, "%s\"%s.%lld\"", *any ? "," : "", revision->id, (long long)revision->rev);
    *any = true;
}

static void write_index(const struct messages *m, const struct vt_timeline *timeline, int64_t first)
{
    struct vt_writer json = {0};
    bool any = false;
    vt_write_text(&json, "{\"v\":1,\"op\":\"snap\",\"on\":[");
    for (int i = 0; i < timeline->n_live; i++) {
        const struct vt_revision *changed = pending_at(timeline, timeline->live[i].id, first);
        write_on(&json, changed ? changed : &timeline->live[i], &any);
    }
    for (int i = 0; i < timeline->n_pending && timeline->pending[i].frame <= first; i++) {
        const struct vt_revision *p = &timeline->pending[i];
        if (!find_live(timeline, p->id) && pending_at(timeline, p->id, first) == p)
            write_on(&json, p, &any);
    }
    vt_write_text(&json, "]}");
    if (json.failed)
        m->w->failed = true;
    else
        write_message(m, "", 0, VT_CUE_SNAP, m->start, (const char *)json.data, json.size);
    vt_writer_free(&json);
}

static void write_snaps(const struct messages *m, const struct vt_timeline *timeline, int64_t first)
{
    for (int i = 0; i < timeline->n_live; i++) {
        const struct vt_revision *live = &timeline->live[i];
        char snap[VT_CUE_JSON + 1];
        if (!pending_at(timeline, live->id, first))
            write_message(m, live->id, live->rev, VT_CUE_SNAP, m->start, snap,
                          (size_t)vt_cue_snap_json(live->json, snap));
    }
    write_index(m, timeline, first);
}

struct vt_span vt_span_of(const struct vt_packager_params *params, int64_t k, int part)
{
    return (struct vt_span){k, part, vt_part_frame(params, k, part), vt_part_frame(params, k, part + 1)};
}

int vt_timeline_messages(const struct vt_timeline *timeline, const struct vt_packager_params *params,
                         const struct vt_span *span, struct vt_writer *w)
{
    struct messages m = {w, params, span->k, vt_video_timescale(params->rate), 0, 0};
    m.start = media_time(&m, vt_segment_frame(params, span->k));
    m.end = media_time(&m, vt_segment_frame(params, span->k + 1));
    if (span->part == 0)
        write_snaps(&m, timeline, span->first);
    for (int i = 0; i < timeline->n_pending && timeline->pending[i].frame < span->end; i++) {
        const struct vt_revision *p = &timeline->pending[i];
        if (p->frame >= span->first)
            write_message(&m, p->id, p->rev, p->op, media_time(&m, p->frame), p->json, (size_t)p->size);
    }
    return w->failed ? -ENOMEM : 0;
}

// -- passing

static int set_live(struct vt_timeline *timeline, const struct vt_revision *revision)
{
    struct vt_revision *live = find_live(timeline, revision->id);
    if (live && revision->op == VT_CUE_END) {
        int at = (int)(live - timeline->live);
        memmove(live, live + 1, (size_t)(--timeline->n_live - at) * sizeof *live);
    } else if (live) {
        bool urgent = live->untagged && live->urgent;
        *live = *revision;
        live->urgent |= urgent;
        live->untagged = true;
    } else if (revision->op != VT_CUE_END) {
        int result = reserve((void **)&timeline->live, &timeline->live_room, timeline->n_live + 1, sizeof *live);
        if (result < 0)
            return result;
        live = &timeline->live[timeline->n_live++];
        *live = *revision;
        live->untagged = true;
    }
    return 0;
}

int vt_timeline_add_tag(struct vt_timeline *timeline, const struct vt_tag *tag)
{
    struct vt_writer line = {0};
    vt_cue_daterange(&line, tag->id, tag->rev, tag->start_ns, tag->reach_ns - tag->start_ns, tag->json,
                     (size_t)tag->size);
    int result = line.failed ? -ENOMEM : reserve((void **)&timeline->tags, &timeline->tags_room,
                                                 timeline->n_tags + 1, sizeof *tag);
    if (result < 0) {
        vt_writer_free(&line);
        return result;
    }
    struct vt_tag *added = &timeline->tags[timeline->n_tags++];
    *added = *tag;
    added->line = (char *)line.data;
    added->line_size = line.size;
    return 0;
}

// No tag ends before an earlier one of its cue, so that none of those outlives it in a player's table.
static int tag_revision(struct vt_timeline *timeline, const struct vt_revision *revision, const struct vt_span *span)
{
    struct vt_tag tag = {.rev = revision->rev, .k = span->k, .part = span->part, .start_ns = revision->start_ns,
                         .reach_ns = revision->reach_ns, .size = revision->size};
    memcpy(tag.id, revision->id, sizeof tag.id);
    memcpy(tag.json, revision->json, sizeof tag.json);
    for (int i = 0; i < timeline->n_tags; i++)
        if (strcmp(timeline->tags[i].id, tag.id) == 0 && timeline->tags[i].reach_ns > tag.reach_ns)
            tag.reach_ns = timeline->tags[i].reach_ns;
    return vt_timeline_add_tag(timeline, &tag);
}

static bool tagged_in(const struct vt_timeline *timeline, const char *id, int64_t k)
{
    for (int i = timeline->n_tags - 1; i >= 0 && timeline->tags[i].k >= k; i--)
        if (strcmp(timeline->tags[i].id, id) == 0)
            return true;
    return false;
}

// Tells of a cue on air, unless that has to wait.
static int tag_live(struct vt_timeline *timeline, struct vt_revision *live, const struct vt_span *span)
{
    if (!live->untagged || (!live->urgent && tagged_in(timeline, live->id, span->k)))
        return 0;
    int result = tag_revision(timeline, live, span);
    live->untagged = result < 0;
    return result;
}

static int pass_revision(struct vt_timeline *timeline, const struct vt_revision *p, const struct vt_span *span)
{
    int result = set_live(timeline, p);
    if (result < 0 || pending_at(timeline, p->id, span->end - 1) != p)
        return result;
    return p->op == VT_CUE_END ? tag_revision(timeline, p, span) : tag_live(timeline, find_live(timeline, p->id), span);
}

int vt_timeline_pass(struct vt_timeline *timeline, const struct vt_span *span)
{
    int count = 0, result = 0;
    for (; count < timeline->n_pending && timeline->pending[count].frame < span->end; count++) {
        int passed = pass_revision(timeline, &timeline->pending[count], span);
        result = result < 0 ? result : passed;
    }
    timeline->n_pending -= count;
    if (count > 0)
        memmove(timeline->pending, timeline->pending + count,
                (size_t)timeline->n_pending * sizeof *timeline->pending);
    for (int i = 0; i < timeline->n_live; i++) {
        int tagged = tag_live(timeline, &timeline->live[i], span);
        result = result < 0 ? result : tagged;
    }
    return result;
}

// -- leaving

int vt_timeline_add_removed(struct vt_timeline *timeline, const struct vt_removed *removed)
{
    if (timeline->n_removed == VT_REMOVED_MAX)
        memmove(timeline->removed, timeline->removed + 1, (size_t)--timeline->n_removed * sizeof *removed);
    int result = reserve((void **)&timeline->removed, &timeline->removed_room, timeline->n_removed + 1, sizeof *removed);
    if (result == 0)
        timeline->removed[timeline->n_removed++] = *removed;
    return result;
}

void vt_timeline_remove_tags(struct vt_timeline *timeline, int from)
{
    for (; timeline->n_tags > from; timeline->n_tags--)
        free(timeline->tags[timeline->n_tags - 1].line);
}

static void remember_removed(struct vt_timeline *timeline, const struct vt_tag *tag, int64_t edge_us)
{
    struct vt_removed removed = {.rev = tag->rev, .at_us = edge_us};
    memcpy(removed.id, tag->id, sizeof removed.id);
    (void)vt_timeline_add_removed(timeline, &removed);       // else a player keeps a range that has long passed
}

void vt_timeline_trim(struct vt_timeline *timeline, int64_t start_ns, int64_t edge_us, int64_t forget_us)
{
    int old = 0;
    while (old < timeline->n_removed && timeline->removed[old].at_us < forget_us)
        old++;
    timeline->n_removed -= old;
    if (old > 0)
        memmove(timeline->removed, timeline->removed + old, (size_t)timeline->n_removed * sizeof *timeline->removed);
    for (int i = 0; i < timeline->n_tags; i++)
        if (timeline->tags[i].reach_ns <= start_ns)
            remember_removed(timeline, &timeline->tags[i], edge_us);
    vt_timeline_forget(timeline, start_ns);
}

void vt_timeline_forget(struct vt_timeline *timeline, int64_t start_ns)
{
    int kept = 0;
    for (int i = 0; i < timeline->n_tags; i++) {
        struct vt_tag *tag = &timeline->tags[i];
        if (tag->reach_ns > start_ns)
            timeline->tags[kept++] = *tag;
        else
            free(tag->line);
    }
    timeline->n_tags = kept;
}

static bool more_in_use(const struct vt_timeline *timeline, const char *name)
{
    for (int i = 0; i < timeline->n_live; i++)
        if (strcmp(timeline->live[i].more, name) == 0)
            return true;
    for (int i = 0; i < timeline->n_pending; i++)
        if (strcmp(timeline->pending[i].more, name) == 0)
            return true;
    return false;
}

bool vt_timeline_expire_more(struct vt_timeline *timeline, int64_t before_ns, char ret[VT_MORE_ROOM])
{
    for (int i = 0; i < timeline->n_more; i++) {
        if (timeline->more[i].reach_ns >= before_ns || more_in_use(timeline, timeline->more[i].name))
            continue;
        memcpy(ret, timeline->more[i].name, VT_MORE_ROOM);
        timeline->more[i] = timeline->more[--timeline->n_more];
        return true;
    }
    return false;
}

void vt_timeline_clear(struct vt_timeline *timeline)
{
    for (int i = 0; i < timeline->n_tags; i++)
        free(timeline->tags[i].line);
    free(timeline->removed);
    free(timeline->pending);
    free(timeline->live);
    free(timeline->tags);
    free(timeline->more);
    *timeline = (struct vt_timeline){0};
}
