#include "studio/stage.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "studio/budget.h"
#include "studio/spritecache.h"
#include "studio/workshop.h"

#define SETS       (VT_STAGE_AHEAD + 1)
#define KEEP_UNUSED 300                  // frames for which a sprite is kept that nothing shows

// One frame of all lanes, drawn from one scene.
struct set {
    bool ready;
    int64_t frame, version;
    struct vt_placement *placements[VT_LANES_MAX];
};

// When a cue's entry started on screen: the first frame that was drawn with it, even if that frame came late.
struct entrance {
    uint64_t cue;
    int output;
    int64_t ns;
    struct vt_view *view, *before;       // shown now, and until change_ns; one reference each, or NULL
    int64_t change_ns, since_change_ns, ticker_ns[VT_LANES_MAX];
    struct vt_budget budget;
    int64_t cost_ns;                     // of the frame that is being drawn
};

struct vt_stage {
    struct vt_stage_params params;       // immutable
    struct vt_workshop *workshop;        // the studio's thread's
    pthread_t thread;
    bool threaded;

    // owned by the drawing thread
    struct vt_painter *painters[VT_LANES_MAX];
    struct vt_spritecache *sprites[VT_LANES_MAX];
    struct vt_scene drawn_scene;
    struct entrance entrances[VT_ACTORS_MAX];
    int n_entrances;
    int64_t swept, reckoned_ns, reduced;
    struct vt_drawing drawing;
    struct vt_placement *held;           // that lanes may still blend

    // owned by the studio's thread
    struct set last;                     // what the frame before showed
    int64_t late;

    // protected by lock, which is held for a few moves of pointers, never while something is drawn
    pthread_mutex_t lock;
    pthread_cond_t work;
    bool stop;
    struct vt_scene scene;
    int64_t next_frame;
    struct set sets[SETS];
    struct vt_placement *spent;          // what was shown, for the drawing thread to let go
    struct vt_stage_cost cost;
};

static void set_clear(struct set *set)
{
    for (int i = 0; i < VT_LANES_MAX; i++)
        vt_placement_unref(&set->placements[i]);
    set->ready = false;
}

// -- drawing

static bool scene_has(const struct vt_scene *scene, const struct vt_view *view)
{
    for (int i = 0; i < scene->count; i++)
        if (scene->actors[i].view == view || scene->actors[i].next == view)
            return true;
    return false;
}

static void forget(struct vt_stage *stage, const struct vt_scene *now, struct vt_view *view)
{
    for (int i = 0; view && !scene_has(now, view) && i < stage->params.n_lanes; i++)
        vt_painter_forget(stage->painters[i], view);
}

static void leave(struct entrance *e)
{
    vt_view_unref(&e->view);
    vt_view_unref(&e->before);
}

static bool is_of(const struct entrance *e, const struct vt_actor *actor)
{
    return e->cue == actor->cue && e->output == actor->output;
}

static void swap_entrances(struct entrance *a, struct entrance *b)
{
    struct entrance old = *a;
    *a = *b;
    *b = old;
}

// Takes over a newer scene; what it no longer has is forgotten while the views still live.
static void adopt(struct vt_stage *stage, struct vt_scene *scene)
{
    for (int i = 0; i < stage->drawn_scene.count; i++) {
        forget(stage, scene, stage->drawn_scene.actors[i].view);
        forget(stage, scene, stage->drawn_scene.actors[i].next);
    }
    vt_scene_clear(&stage->drawn_scene);
    stage->drawn_scene = *scene;
    int kept = 0;
    for (int i = 0; i < stage->n_entrances; i++)
        for (int k = 0; k < scene->count; k++)
            if (is_of(&stage->entrances[i], &scene->actors[k])) {
                swap_entrances(&stage->entrances[kept++], &stage->entrances[i]);
                break;
            }
    while (stage->n_entrances > kept)
        leave(&stage->entrances[--stage->n_entrances]);
}

static struct entrance *entered(struct vt_stage *stage, const struct vt_actor *actor, int64_t now_ns)
{
    for (int i = 0; i < stage->n_entrances; i++)
        if (is_of(&stage->entrances[i], actor))
            return &stage->entrances[i];
    stage->entrances[stage->n_entrances] = (struct entrance) { .cue = actor->cue, .output = actor->output, .ns = now_ns };
    return &stage->entrances[stage->n_entrances++];
}

// Remembers what a view replaces, while that can be seen.
static void note_change(const struct vt_stage *stage, struct entrance *e, struct vt_view *view,
                        const struct vt_moment *moment)
{
    if (e->view == view)
        return;
    for (int i = 0; i < stage->params.n_lanes; i++) {
        if (stage->params.lanes[i].output != e->output)
            continue;
        struct vt_moment own = *moment;
        own.ticker_ns = e->ticker_ns[i];
        e->ticker_ns[i] = vt_view_ticker_ahead(view, e->view, &own, stage->params.lanes[i].size.width);
    }
    e->since_change_ns = e->before || e->change_ns ? moment->now_ns - e->change_ns : 0;
    vt_view_unref(&e->before);
    e->before = e->view;
    e->view = vt_view_ref(view);
    e->change_ns = moment->now_ns;
}

// A frame from before the last change is drawn as it was: scenes may be drawn again a few frames back.
static struct vt_moment moment_of(struct vt_stage *stage, const struct vt_actor *actor, struct vt_view *view,
                                  int lane, int64_t now_ns)
{
    struct entrance *e = entered(stage, actor, now_ns);
    struct vt_moment moment = { .now_ns = now_ns, .enter_ns = e->ns, .exit_ns = actor->exit_ns,
                                .reduced = e->budget.calm,
                                .ticker_ns = e->ticker_ns[lane] };
    if (e->view == NULL) {
        e->view = vt_view_ref(view);
        return moment;
    }
    if (view == e->before && now_ns < e->change_ns)
        return moment;
    note_change(stage, e, view, &moment);
    int64_t seen_ns = vt_view_change_ns(view);
    if (e->before && now_ns - e->change_ns > (seen_ns > VT_NS_PER_S ? seen_ns : VT_NS_PER_S))
        vt_view_unref(&e->before);
    moment.before = e->before;
    moment.change_ns = e->change_ns;
    moment.since_change_ns = e->since_change_ns;
    moment.ticker_ns = e->ticker_ns[lane];
    return moment;
}

static int64_t clock_ns(clockid_t clock)
{
    struct timespec ts;
    clock_gettime(clock, &ts);
    return ts.tv_sec * VT_NS_PER_S + ts.tv_nsec;
}

static int64_t spent_ns(const struct vt_stage *stage)
{
    if (stage->params.spent_ns)
        return stage->params.spent_ns(stage->params.opaque);
    return stage->threaded ? clock_ns(CLOCK_THREAD_CPUTIME_ID) : 0;
}

// Holds what the frame has cost against what it may.
static void settle_costs(struct vt_stage *stage)
{
    for (int i = 0; i < stage->n_entrances; i++) {
        struct entrance *e = &stage->entrances[i];
        if (vt_budget_spend(&e->budget, e->cost_ns, vt_frame_to_ns(1, stage->params.rate), stage->n_entrances)) {
            vt_warning("a cue takes %.1f ms a frame to draw: it goes on without its motion", (double)e->cost_ns / 1e6);
            stage->reduced++;
        }
        e->cost_ns = 0;
    }
}

static void name_calm(const struct vt_stage *stage, struct vt_stage_cost *cost)
{
    cost->n_calm = 0;
    for (int i = 0; i < stage->n_entrances && cost->n_calm < VT_STAGE_CALM_MAX; i++) {
        uint64_t cue = stage->entrances[i].cue;
        int k = 0;
        while (k < cost->n_calm && cost->calm[k] != cue)
            k++;
        if (stage->entrances[i].budget.calm && k == cost->n_calm)
            cost->calm[cost->n_calm++] = cue;        // once, on however many outputs
    }
}

static struct vt_placement *draw_lane(struct vt_stage *stage, int lane, int64_t frame, int64_t now_ns)
{
    int output = stage->params.lanes[lane].output;
    struct vt_placement *placement = NULL;
    for (int i = 0; i < stage->drawn_scene.count; i++) {
        const struct vt_actor *actor = &stage->drawn_scene.actors[i];
        struct vt_view *view = actor->output == output ? vt_actor_view(actor, frame) : NULL;
        if (!view)
            continue;
        int64_t before_ns = spent_ns(stage);
        struct vt_moment moment = moment_of(stage, actor, view, lane, now_ns);
        if (vt_painter_draw(stage->painters[lane], view, &moment, &stage->drawing) < 0)
            continue;
        if (!placement && !(placement = vt_placement_new()))
            return NULL;
        (void)vt_spritecache_place(stage->sprites[lane], &stage->drawing, frame, placement);
        entered(stage, actor, now_ns)->cost_ns += spent_ns(stage) - before_ns;
    }
    return placement;
}

static void draw(struct vt_stage *stage, int64_t frame, struct set *ret)
{
    int64_t now_ns = stage->params.epoch_ns + vt_frame_to_ns(frame, stage->params.rate);
    *ret = (struct set) { .ready = true, .frame = frame, .version = stage->drawn_scene.version };
    for (int i = 0; i < stage->params.n_lanes; i++) {
        ret->placements[i] = draw_lane(stage, i, frame, now_ns);
        if (frame - stage->swept > KEEP_UNUSED)
            vt_spritecache_sweep(stage->sprites[i], frame - KEEP_UNUSED);
    }
    if (frame - stage->swept > KEEP_UNUSED)
        stage->swept = frame;
    settle_costs(stage);
}

static int64_t made_sprites(const struct vt_stage *stage)
{
    int64_t made = 0;
    for (int i = 0; i < stage->params.n_lanes; i++)
        made += vt_spritecache_made(stage->sprites[i]);
    return made;
}

// -- the thread

static struct set *set_for(struct vt_stage *stage, int64_t frame)
{
    return &stage->sets[frame % SETS];
}

// The nearest frame that has no drawing of the newest scene yet, or -1.
static int64_t frame_to_draw(struct vt_stage *stage)
{
    if (stage->scene.count == 0)
        return -1;
    for (int64_t f = stage->next_frame; f < stage->next_frame + VT_STAGE_AHEAD; f++) {
        const struct set *set = set_for(stage, f);
        if (!set->ready || set->frame != f || set->version != stage->scene.version)
            return f;
    }
    return -1;
}

static void adopt_newest(struct vt_stage *stage)
{
    struct vt_scene scene;
    if (stage->scene.version == stage->drawn_scene.version)
        return;
    vt_scene_copy(&scene, &stage->scene);
    adopt(stage, &scene);
}

static void draw_locked(struct vt_stage *stage, int64_t frame)
{
    struct set set;
    adopt_newest(stage);
    pthread_mutex_unlock(&stage->lock);
    draw(stage, frame, &set);
    pthread_mutex_lock(&stage->lock);
    struct set *place = set_for(stage, frame);
    struct set old = *place;
    if (frame >= stage->next_frame) {
        *place = set;
        set = old;
    }
    stage->cost.drawings++;
    stage->cost.sprites = made_sprites(stage);
    stage->cost.reduced = stage->reduced;
    name_calm(stage, &stage->cost);
    pthread_mutex_unlock(&stage->lock);
    set_clear(&set);
    pthread_mutex_lock(&stage->lock);
}

// Lets go of what is no longer shown. What a lane still blends is kept, so that no lane has to free it.
static void clear_up(struct vt_stage *stage)
{
    struct vt_placement **at = &stage->held;
    while (*at) {
        struct vt_placement *placement = *at;
        if (vt_placement_is_last(placement)) {
            *at = placement->next;
            vt_placement_unref(&placement);
        } else {
            at = &placement->next;
        }
    }
}

static void clear_up_locked(struct vt_stage *stage)
{
    while (stage->spent) {
        struct vt_placement *placement = stage->spent;
        stage->spent = placement->next;
        placement->next = stage->held;
        stage->held = placement;
    }
    if (!stage->held)
        return;
    pthread_mutex_unlock(&stage->lock);
    clear_up(stage);
    pthread_mutex_lock(&stage->lock);
}

static void reckon_locked(struct vt_stage *stage)
{
    int64_t now = clock_ns(CLOCK_MONOTONIC);
    if (now - stage->reckoned_ns < VT_NS_PER_S)
        return;
    stage->reckoned_ns = now;
    stage->cost.cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

static void wait_locked(struct vt_stage *stage)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec++;
    pthread_cond_timedwait(&stage->work, &stage->lock, &until);
}

static void *run(void *opaque)
{
    struct vt_stage *stage = opaque;
    pthread_mutex_lock(&stage->lock);
    while (!stage->stop) {
        int64_t frame = frame_to_draw(stage);
        if (frame >= 0)
            draw_locked(stage, frame);
        else
            wait_locked(stage);
        reckon_locked(stage);
        clear_up_locked(stage);
    }
    pthread_mutex_unlock(&stage->lock);
    return NULL;
}

// -- the studio's side

static int start_thread(struct vt_stage *stage)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&stage->work, &attr);
    pthread_condattr_destroy(&attr);
    if (stage->params.without_thread)
        return 0;
    int error = pthread_create(&stage->thread, NULL, run, stage);
    stage->threaded = error == 0;
    return -error;
}

int vt_stage_new(struct vt_stage **ret, const struct vt_stage_params *params)
{
    struct vt_stage *stage = calloc(1, sizeof *stage);
    if (!stage)
        return -ENOMEM;
    stage->params = *params;
    stage->next_frame = params->first_frame;
    stage->last.frame = params->first_frame - 1;
    stage->swept = params->first_frame;
    pthread_mutex_init(&stage->lock, NULL);
    int error = 0;
    for (int i = 0; i < params->n_lanes && !error; i++) {
        error = vt_painter_new(&stage->painters[i], params->lanes[i].size.width, params->lanes[i].size.height);
        const struct vt_size *size = &params->lanes[i].size;
        stage->sprites[i] = vt_spritecache_new(&params->lanes[i].colour, VT_STAGE_SPRITES, VT_STAGE_PICTURES *
                                               ((size_t)size->width * (size_t)size->height * 11 / 4));
        if (!stage->sprites[i])
            error = -ENOMEM;
    }
    if (!error)
        error = vt_workshop_new(&stage->workshop, params->makers, params->without_thread, params->wake, params->opaque);
    if (!error)
        error = start_thread(stage);
    if (error) {
        vt_stage_free(&stage);
        return error;
    }
    *ret = stage;
    return 0;
}

static void join(struct vt_stage *stage)
{
    if (!stage->threaded)
        return;
    pthread_mutex_lock(&stage->lock);
    stage->stop = true;
    pthread_cond_signal(&stage->work);
    pthread_mutex_unlock(&stage->lock);
    pthread_join(stage->thread, NULL);
}

static void free_list(struct vt_placement **list)
{
    while (*list) {
        struct vt_placement *placement = *list;
        *list = placement->next;
        vt_placement_unref(&placement);
    }
}

void vt_stage_free(struct vt_stage **stage)
{
    struct vt_stage *s = *stage;
    if (!s)
        return;
    join(s);
    vt_workshop_free(&s->workshop);
    for (int i = 0; i < SETS; i++)
        set_clear(&s->sets[i]);
    set_clear(&s->last);
    free_list(&s->spent);
    free_list(&s->held);
    for (int i = 0; i < VT_LANES_MAX; i++) {
        vt_painter_free(&s->painters[i]);
        vt_spritecache_free(&s->sprites[i]);
    }
    while (s->n_entrances > 0)
        leave(&s->entrances[--s->n_entrances]);
    vt_scene_clear(&s->drawn_scene);
    vt_scene_clear(&s->scene);
    pthread_mutex_destroy(&s->lock);
    free(s);
    *stage = NULL;
}

void vt_stage_make(struct vt_stage *stage, struct vt_batch *batch)
{
    vt_workshop_make(stage->workshop, batch);
}

struct vt_batch *vt_stage_made(struct vt_stage *stage)
{
    return vt_workshop_made(stage->workshop);
}

void vt_stage_scene(struct vt_stage *stage, const struct vt_scene *scene)
{
    struct vt_scene old;
    pthread_mutex_lock(&stage->lock);
    old = stage->scene;
    vt_scene_copy(&stage->scene, scene);
    pthread_cond_signal(&stage->work);
    pthread_mutex_unlock(&stage->lock);
    vt_scene_clear(&old);
}

// Leaves what was shown last to the drawing thread.
static void spend_locked(struct vt_stage *stage, const struct set *set)
{
    for (int i = 0; i < VT_LANES_MAX; i++) {
        struct vt_placement *placement = set->placements[i];
        if (!placement)
            continue;
        placement->next = stage->spent;
        stage->spent = placement;
    }
}

// The set of this frame if there is one that does not fall behind what was shown already.
static bool ready_set(struct vt_stage *stage, int64_t frame, struct set *ret)
{
    bool found = true;
    pthread_mutex_lock(&stage->lock);
    struct set *set = set_for(stage, frame);
    if (stage->scene.count == 0) {
        *ret = (struct set) { .ready = true, .frame = frame, .version = stage->scene.version };
    } else if (set->ready && set->frame == frame && set->version >= stage->last.version) {
        *ret = *set;
        *set = (struct set) { .ready = false };
    } else {
        found = false;
        stage->cost.late++;
    }
    if (found)
        spend_locked(stage, &stage->last);
    stage->next_frame = frame + 1;
    pthread_cond_signal(&stage->work);
    pthread_mutex_unlock(&stage->lock);
    return found;
}

void vt_stage_take(struct vt_stage *stage, int64_t frame, struct vt_placement *ret[VT_LANES_MAX],
                   int64_t *ret_drawn, int64_t *ret_version)
{
    struct set set;
    bool found = true;
    if (stage->threaded) {
        found = ready_set(stage, frame, &set);
    } else {
        adopt_newest(stage);
        draw(stage, frame, &set);
        stage->cost.drawings++;
    }
    if (found && !stage->threaded)
        set_clear(&stage->last);
    if (found)
        stage->last = set;
    for (int i = 0; i < VT_LANES_MAX; i++)
        ret[i] = vt_placement_ref(stage->last.placements[i]);
    *ret_drawn = stage->last.frame;
    *ret_version = stage->last.version;
}

void vt_stage_cost(struct vt_stage *stage, struct vt_stage_cost *ret)
{
    pthread_mutex_lock(&stage->lock);
    *ret = stage->cost;
    pthread_mutex_unlock(&stage->lock);
    if (stage->threaded)
        return;
    ret->sprites = made_sprites(stage);
    ret->reduced = stage->reduced;
    name_calm(stage, ret);
}
