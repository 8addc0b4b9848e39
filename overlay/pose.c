#include "overlay/pose.h"

#include <math.h>

#include "overlay/roll.h"

#define PULSE_DEPTH 0.5                  // of the opacity that a pulse takes away
#define FAINTEST    (1.0 / 24)           // while it fades in or out: the first and the last frame show something

static const struct vt_item *item_before(const struct vt_view *view, const struct vt_item *item,
                                         const struct vt_moment *moment)
{
    const struct vt_view *before = moment->before;
    for (int i = 0; before && before->template == view->template && i < before->n_items; i++) {
        if (before->items[i]->node == item->node && before->items[i]->index == item->index)
            return before->items[i];
    }
    return NULL;
}

double vt_pose_change(const struct vt_view *view, const struct vt_item *item, const struct vt_moment *moment,
                              const struct vt_item **ret_before)
{
    const struct vt_change *change = item->change;
    int64_t since = moment->now_ns + view->frame_ns - moment->change_ns;
    if (!change || !moment->before || since >= change->duration_ns || since < 0 ||
        (moment->reduced && vt_motion_cut(change->calm, view->template->calm_change)))
        return 1;
    *ret_before = item_before(view, item, moment);
    return vt_changed_from(item, *ret_before) ? (double)since / (double)change->duration_ns : 1;
}

static void add_pose(const struct vt_view *view, const struct vt_item *item, const struct vt_motion *motion,
                     double progress, struct vt_pose *to)
{
    struct vt_pose pose = vt_motion_pose(motion, progress, item->box.width, item->box.height, view->scale);
    bool moving = progress > 0 && progress < 1;
    to->opacity *= moving && pose.opacity < FAINTEST ? FAINTEST : pose.opacity;
    to->x += pose.x;
    to->y += pose.y;
    to->scale *= pose.scale;
    to->turn += pose.turn;
    if (pose.has_colour)
        to->has_colour = true, to->colour = pose.colour;
    if (pose.has_background)
        to->has_background = true, to->background = pose.background;
}

// Not so soon after the one before that it would flash.
static bool is_due(const struct vt_change *change, const struct vt_moment *moment)
{
    return moment->since_change_ns <= 0 || moment->since_change_ns >= change->gap_ns;
}

static double pulse_at(double progress)
{
    return 1 - PULSE_DEPTH * sin(M_PI * fmin(progress, 1));
}

// How far it is through its time, 0..1; NAN: it is not under way.
static double entry_progress(const struct vt_item *item, int64_t since_ns)
{
    int64_t entered = since_ns - item->enter_delay_ns;
    return entered < item->enter->duration_ns ? fmax(0, (double)entered / (double)item->enter->duration_ns) : NAN;
}

static double exit_progress(const struct vt_motion *exit, const struct vt_moment *moment)
{
    int64_t since = moment->now_ns - moment->exit_ns;
    if (moment->exit_ns == INT64_MAX || since < 0 || exit->duration_ns <= 0)
        return NAN;
    return fmax(0, (double)(since - exit->delay_ns) / (double)exit->duration_ns);
}

static double loop_progress(const struct vt_motion *loop, int64_t since_ns)
{
    int64_t since = since_ns - loop->delay_ns, round = since / loop->duration_ns;
    if (since <= 0 || (loop->rounds && round >= loop->rounds))
        return NAN;
    double progress = (double)(since % loop->duration_ns) / (double)loop->duration_ns;
    return loop->alternates && round % 2 ? 1 - progress : progress;
}

// A node that a step brought: it was not there before the change.
static double step_progress(const struct vt_view *view, const struct vt_item *item, const struct vt_moment *moment)
{
    int64_t since = moment->now_ns + view->frame_ns - moment->change_ns - item->step->delay_ns;
    if (!moment->before || since >= item->step->duration_ns || moment->now_ns < moment->change_ns ||
        item_before(view, item, moment))
        return NAN;
    return fmax(0, (double)since / (double)item->step->duration_ns);
}

struct vt_pose vt_pose_own(const struct vt_view *view, const struct vt_item *item, const struct vt_moment *moment)
{
    struct vt_pose pose = VT_POSE_REST;
    const struct vt_template *t = view->template;
    const struct vt_item *before = NULL;
    int64_t since_enter = moment->now_ns + view->frame_ns - moment->enter_ns;
    const struct {
        const struct vt_motion *motion;
        bool calm;
        double progress;
    } parts[] = {
        { item->enter, t->calm_enter, item->enter ? entry_progress(item, since_enter) : NAN },
        { item->step, t->calm_step, item->step ? step_progress(view, item, moment) : NAN },
        { item->loop, t->calm_loop, item->loop ? loop_progress(item->loop, since_enter) : NAN },
        { item->exit, t->calm_exit, item->exit ? exit_progress(item->exit, moment) : NAN },
    };
    if (item->box.first)
        pose.opacity *= item->box.style.opacity;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!isnan(parts[i].progress) && !(moment->reduced && vt_motion_cut(parts[i].motion->calm, parts[i].calm)))
            add_pose(view, item, parts[i].motion, parts[i].progress, &pose);
    }
    if (item->change && item->change->effect == VT_PULSE && is_due(item->change, moment))
        pose.opacity *= pulse_at(vt_pose_change(view, item, moment, &before));
    return pose;
}

struct vt_pose vt_pose_moved(const struct vt_view *view, const struct vt_item *item, const struct vt_moment *moment)
{
    struct vt_pose sum = VT_POSE_REST;
    for (; item; item = item->parent) {
        struct vt_pose pose = vt_pose_own(view, item, moment);
        sum.x += pose.x;
        sum.y += pose.y;
        sum.opacity *= pose.opacity;
    }
    return sum;
}

bool vt_pose_rests(const struct vt_pose *pose)
{
    return pose->opacity >= 1 && pose->scale == 1 && pose->turn == 0;
}

bool vt_pose_is_over(const struct vt_view *view, const struct vt_moment *moment)
{
    int64_t exit_ns = moment->reduced ? view->calm_exit_ns : view->exit_ns;
    return moment->exit_ns != INT64_MAX && moment->now_ns - moment->exit_ns >= exit_ns;
}
