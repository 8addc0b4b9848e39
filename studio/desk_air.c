// What goes on and off air on which frame.
#include "studio/desk_cue.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t frames_of(const struct vt_desk *desk, int64_t ns)
{
    int64_t frames = vt_ns_to_nearest_frame(ns, desk->timing.rate);
    return frames > 0 ? frames : 1;
}

// Every output begins its exit so that all of them are over `until_ns`.
static void set_exits(struct cue *cue, int64_t until_ns, int64_t earliest_ns)
{
    for (int i = 0; i < VT_OUTPUTS_MAX; i++) {
        int64_t exit = until_ns - (cue->cast.views[i] ? vt_view_exit_ns(cue->cast.views[i]) : 0);
        cue->exit_ns[i] = exit > earliest_ns ? exit : earliest_ns;
    }
}

void desk_set_end(struct vt_desk *desk, struct cue *cue, int64_t end_frame)
{
    cue->end_frame = end_frame;
    set_exits(cue, desk_frame_ns(desk, end_frame), desk_frame_ns(desk, cue->start_frame));
    cue->end_version = desk->version + 1;
    desk->dirty = true;
}

void desk_exit(struct vt_desk *desk, struct cue *cue)
{
    if (!desk_on_air(cue)) {
        desk_failed(desk, cue, INT64_MAX, 409, "it was removed before it went on air");
        desk_past(desk, cue, CUE_ENDED);
        return;
    }
    if (cue->state == CUE_ENDING)
        return;
    int64_t now = desk_frame_ns(desk, desk->frame), until = now + cast_exit_ns(&cue->cast);
    int64_t end = desk_frame_at(desk, until);
    if (end < cue->end_frame) {
        set_exits(cue, until, now);
        cue->end_frame = end;
        cue->end_version = desk->version + 1;
    }
    cue->state = CUE_ENDING;
    cast_clear(&cue->next);
    desk->dirty = true;
    desk_changed(desk, cue);
}

// -- revisions

static void fill_hotspots(struct vt_view *view, struct vt_cue *ret, struct vt_cue_hotspot *hotspots)
{
    int count;
    const struct vt_hotspot *from = vt_view_hotspots(view, &count);
    ret->hotspots = hotspots;
    for (int i = 0; i < count && i < VT_CUE_HOTSPOTS; i++)
        hotspots[ret->hotspot_count++] = (struct vt_cue_hotspot){
            .name = from[i].name, .action = from[i].action, .label = from[i].label,
            .rect = {from[i].x, from[i].y, from[i].width, from[i].height},
            .z = from[i].z, .quantity = from[i].quantity,
            .item = from[i].item, .coupon = from[i].coupon, .url = from[i].url,
        };
}

void desk_cue_fill(const struct vt_desk *desk, const struct cue *cue, struct vt_view *view, enum vt_cue_op op,
                   struct vt_cue *ret, struct cue_room *room)
{
    snprintf(room->template, sizeof room->template, "%s@%s", vt_template_id(cue->view_template),
             vt_template_version(cue->view_template));
    *ret = (struct vt_cue){
        .rev = cue->rev, .op = op, .frame = cue->rev_frame, .end_frame = cue->end_frame, .lease_frame = cue->lease,
        .template = room->template, .item = cue->product[0] ? cue->product : NULL,
    };
    memcpy(ret->id, cue->id, sizeof ret->id);
    ret->priced = vt_view_price(view, &ret->amount, ret->currency);
    if (op != VT_CUE_END)
        fill_hotspots(view, ret, room->hotspots);
}

// A lease reaches as far as allowed, as the cue does, and as any tag before it did.
static int64_t lease(const struct vt_desk *desk, const struct cue *cue, enum vt_cue_op op)
{
    int64_t reach = cue->rev_frame + vt_ns_to_frame(VT_CUE_LEASE_NS, desk->timing.rate);
    if (op == VT_CUE_END)
        reach = cue->rev_frame + frames_of(desk, VT_NS_PER_S);
    else if (cue->end_frame < reach)
        reach = cue->end_frame;
    return reach > cue->lease ? reach : cue->lease;
}

// `dry`: only asks whether it would be taken.
static int send_one(struct vt_desk *desk, struct cue *cue, int output, enum vt_cue_op op, bool dry)
{
    struct vt_cue out;
    struct cue_room room;
    char path[96];
    char *more = op == VT_CUE_END ? NULL : desk_more(desk, cue, output);
    desk_cue_fill(desk, cue, cue->cast.views[output], op, &out, &room);
    if (more) {
        snprintf(path, sizeof path, "cues/%s.%" PRId64 ".json", cue->id, cue->rev);
        out.more = path;
    }
    int error = dry ? desk->hooks.fits(desk->hooks.opaque, output, &out, more != NULL)
                    : desk->hooks.cue(desk->hooks.opaque, output, &out, more, more ? strlen(more) : 0);
    free(more);
    return error;
}

// One after the other, up to the first that cannot take it. *ret_told: those that could.
static int send_each(struct vt_desk *desk, struct cue *cue, unsigned outputs, enum vt_cue_op op, bool dry, unsigned *ret_told)
{
    *ret_told = 0;
    for (int i = 0; i < desk->n_outputs; i++) {
        int error = outputs & 1u << i ? send_one(desk, cue, i, op, dry) : 0;
        if (error) {
            char why[VT_WHY];
            snprintf(why, sizeof why, error == -EBUSY ? "too many cues are on air" : "its cue: %s", strerror(-error));
            desk_explain(desk, cue, i, why);
            return error;
        }
        *ret_told |= outputs & 1u << i;
    }
    return 0;
}

// Tells it to all `outputs`, or to none when one of them has no room for it. What can still part them is a disk that is full.
static int send(struct vt_desk *desk, struct cue *cue, unsigned outputs, enum vt_cue_op op, unsigned *ret_told)
{
    bool several = outputs & (outputs - 1);
    int error = several ? send_each(desk, cue, outputs, op, true, ret_told) : 0;
    *ret_told = 0;
    return error ? error : send_each(desk, cue, outputs, op, false, ret_told);
}

// What only some outputs have begun ends there on the same frame.
static void take_back(struct vt_desk *desk, struct cue *cue, unsigned told)
{
    unsigned all;
    if (!told)
        return;
    cue->rev++;
    (void)send(desk, cue, told, VT_CUE_END, &all);
}

// Puts the next revision on air on `frame`. If no packager can take it, it has not happened. If only some can, a start
// is taken back there, and what else it was is owed to the others.
static int revise(struct vt_desk *desk, struct cue *cue, int64_t frame, enum vt_cue_op op)
{
    int64_t rev_frame = cue->rev_frame, before = cue->lease;
    unsigned told;
    cue->rev++;
    cue->rev_frame = frame;
    cue->lease = lease(desk, cue, op);
    int error = send(desk, cue, cue->outputs, op, &told);
    if (!error) {
        cue->owed = 0;
        return 0;
    }
    cue->owed = told ? cue->outputs & ~told : 0;
    if (op == VT_CUE_START)
        take_back(desk, cue, told);
    if (told)
        return error;
    cue->rev--;
    cue->rev_frame = rev_frame;
    cue->lease = before;
    return error;
}

// The revision that some outputs have, for those that could not take it then.
static int revise_owed(struct vt_desk *desk, struct cue *cue, int64_t frame)
{
    int64_t rev_frame = cue->rev_frame;
    unsigned told;
    cue->rev_frame = frame;
    int error = send(desk, cue, cue->owed, VT_CUE_UPDATE, &told);
    if (!(told & 1u << desk_first_output(cue)))
        cue->rev_frame = rev_frame;
    cue->owed &= ~told;
    return error;
}

static void take_next(struct cue *cue)
{
    cast_clear(&cue->cast);
    vt_template_unref(&cue->view_template);
    json_decref(cue->shown);
    cue->cast = cue->next;
    cue->view_template = cue->next_template;
    cue->shown = cue->next_shown;
    cue->next = (struct cast){0};
    cue->next_template = NULL;
    cue->next_shown = NULL;
    if (cue->next_ask > cue->shown_ask)
        cue->shown_ask = cue->next_ask;
}

static void start(struct vt_desk *desk, struct cue *cue, int64_t frame)
{
    take_next(cue);
    cue->state = CUE_LIVE;
    cue->start_frame = frame;
    if (cue->duration_ns)
        desk_set_end(desk, cue, frame + frames_of(desk, cue->duration_ns));
    desk->dirty = true;
    int error = revise(desk, cue, frame, VT_CUE_START);
    cue->first = error ? NULL : desk_receipt(desk, cue);
    if (error) {
        desk_failed(desk, cue, INT64_MAX, error == -EBUSY ? 429 : 500, cue->why);
        desk_past(desk, cue, CUE_FAILED);
        return;
    }
    desk_changed(desk, cue);
    desk_reached(desk, cue);
}

static void update(struct vt_desk *desk, struct cue *cue, int64_t frame, bool owed)
{
    if (cue->end_frame != INT64_MAX && cue->state == CUE_LIVE)
        desk_set_end(desk, cue, cue->end_frame);
    int error = owed ? revise_owed(desk, cue, frame) : revise(desk, cue, frame, VT_CUE_UPDATE);
    if (error < 0) {
        cue->touched = cue->shown_ask > cue->touched ? cue->shown_ask : cue->touched;    // on the next frame, then
        return;
    }
    cue->shown_ask = cue->touched > cue->shown_ask ? cue->touched : cue->shown_ask;
    cue->touched = 0;
    desk_changed(desk, cue);
    desk_reached(desk, cue);
}

static bool lease_runs_out(const struct vt_desk *desk, const struct cue *cue, int64_t frame)
{
    return cue->lease < cue->end_frame && cue->lease - frame < vt_ns_to_frame(VT_DESK_RENEW, desk->timing.rate);
}

static void compose(struct vt_desk *desk, struct cue *cue, int64_t frame, int64_t drawn, int64_t version)
{
    bool next = cast_first(&cue->next) && cue->next_version <= version && drawn >= cue->next_from;
    if (!desk_on_air(cue)) {
        if (next)
            start(desk, cue, frame);
        return;
    }
    if (drawn >= cue->end_frame && cue->end_version <= version) {
        if (revise(desk, cue, frame, VT_CUE_END) != -EBUSY)
            desk_past(desk, cue, CUE_ENDED);
        return;
    }
    if (next) {
        take_next(cue);
        desk->dirty = true;
    }
    if (next || cue->touched || lease_runs_out(desk, cue, frame))
        update(desk, cue, frame, cue->owed && !next);
}

void vt_desk_composed(struct vt_desk *desk, int64_t frame, int64_t drawn, int64_t version)
{
    for (int i = 0; i < desk->n_cues;) {
        struct cue *cue = desk->cues[i];
        compose(desk, cue, frame, drawn, version);
        i += i < desk->n_cues && desk->cues[i] == cue;
    }
    desk->frame = frame + 1;
    if (desk->dirty)
        desk_publish(desk);
}

// -- ahead of the frame

static void prepare_expiry(struct vt_desk *desk, struct cue *cue, struct vt_batch **batch)
{
    if (cue->state != CUE_LIVE || cast_first(&cue->next) || cue->making > 0)
        return;
    int64_t expires = cast_expires_ns(&cue->cast);
    if (expires == cue->refused_expiry || expires > desk_frame_ns(desk, desk->frame) + VT_DESK_PREPARE)
        return;
    int64_t from = desk_frame_at(desk, expires);
    if (!*batch)
        *batch = vt_batch_new(VT_DESK_CUES);
    desk_add(desk, *batch, cue, from > desk->frame ? from : desk->frame);
}

void vt_desk_plan(struct vt_desk *desk, int64_t frame)
{
    struct vt_batch *batch = NULL;
    desk->frame = frame;
    for (int i = 0; i < desk->n_cues; i++)
        prepare_expiry(desk, desk->cues[i], &batch);
    desk_make(desk, batch);
    if (desk->dirty)
        desk_publish(desk);
}

void vt_desk_finish(struct vt_desk *desk, int64_t frame)
{
    while (desk->n_cues > 0) {
        struct cue *cue = desk->cues[desk->n_cues - 1];
        bool live = desk_on_air(cue);
        if (live)
            revise(desk, cue, frame, VT_CUE_END);
        else
            desk_failed(desk, cue, INT64_MAX, 409, "the show has ended");
        desk_past(desk, cue, live ? CUE_ENDED : CUE_FAILED);
    }
}
