// The stage with its threads: what the frame path does while others draw and make views.
#include "check.h"

#include <pthread.h>
#include <time.h>

#include "studio/stage.h"

#define WAIT_MS 20000
#define WIDTH   640
#define HEIGHT  360

// ---- allocations of one thread, counted

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#endif

static _Thread_local volatile bool counting;   // volatile: compilers know what malloc does, but not this one
static _Thread_local volatile int counted;

#if !defined(SANITIZED) && defined(__GLIBC__)
#define COUNTS 1
#define SEEN __attribute__((visibility("default")))
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void __libc_free(void *old);

SEEN void *malloc(size_t size)
{
    counted += counting;
    return __libc_malloc(size);
}

SEEN void *calloc(size_t count, size_t size)
{
    counted += counting;
    return __libc_calloc(count, size);
}

SEEN void *realloc(void *old, size_t size)
{
    counted += counting;
    return __libc_realloc(old, size);
}

SEEN void free(void *old)
{
    counted += counting && old;
    __libc_free(old);
}
#endif

// ---- a gate that holds up another thread

struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool shut, waits;
};

static struct gate drawing = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, false};
static struct gate loading = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, false};

static void pass(struct gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    gate->waits = gate->shut;
    pthread_cond_broadcast(&gate->changed);
    while (gate->shut)
        pthread_cond_wait(&gate->changed, &gate->lock);
    gate->waits = false;
    pthread_mutex_unlock(&gate->lock);
}

static void set_gate(struct gate *gate, bool shut)
{
    pthread_mutex_lock(&gate->lock);
    gate->shut = shut;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->lock);
}

static void until_it_waits(struct gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    while (!gate->waits)
        pthread_cond_wait(&gate->changed, &gate->lock);
    pthread_mutex_unlock(&gate->lock);
}

// ---- a stage with one rendition

static struct vt_view *view_of(const char *body)
{
    char text[2048];
    struct vt_template *t = NULL;
    struct vt_view *view = NULL;
    int size = snprintf(text, sizeof text, "id: t\nversion: 1.0.0\nname: T\n%s", body);
    REQUIRE_INT(vt_template_load(&t, "t", text, (size_t)size, NULL), 0);
    struct vt_view_params params = {.template = t, .width = WIDTH, .height = HEIGHT, .rate = {25, 1}};
    REQUIRE_INT(vt_view_new(&view, &params, NULL), 0);
    vt_template_unref(&t);
    return view;
}

static const char moving[] =
    "layout: { type: box, id: root, style: { position: absolute, inset: 0 }, children: [ { type: box, id: card, style: {"
    " width: 100px, height: 100px, background: \"#ff000080\" } }, { type: timer, for: 1h, style: { font-size: 60px } } ] }\n"
    "motion: { loop: { card: { keyframes: [ { transform: \"translate(0px, 0px)\" }, { transform: \"translate(333px, 77px)\" } ],"
    " duration: 10s, easing: linear } } }\n";

static int64_t hold_drawing(void *opaque)
{
    (void)opaque;
    pass(&drawing);
    return 0;
}

static cairo_surface_t *hold_loading(void *opaque, const char *folder, const char *src)
{
    (void)opaque;
    (void)folder;
    (void)src;
    pass(&loading);
    return cairo_image_surface_create(CAIRO_FORMAT_ARGB32, 8, 8);
}

static struct vt_stage *stage_new(void)
{
    struct vt_stage *stage = NULL;
    struct vt_stage_params params = {.rate = {25, 1}, .n_lanes = 1, .spent_ns = hold_drawing,
                                     .lanes = {{.size = {WIDTH, HEIGHT}, .colour = {.matrix = 1, .chroma_site = 1}}},
                                     .makers = {{.width = WIDTH, .height = HEIGHT, .rate = {25, 1}, .load_picture = hold_loading}}};
    REQUIRE_INT(vt_stage_new(&stage, &params), 0);
    struct vt_scene scene = {.version = 1, .count = 1};
    scene.actors[0] = (struct vt_actor){.cue = 7, .view = view_of(moving), .exit_ns = INT64_MAX, .end_frame = INT64_MAX};
    vt_stage_scene(stage, &scene);
    vt_scene_clear(&scene);
    return stage;
}

static void until_drawn(struct vt_stage *stage, int64_t drawings)
{
    struct vt_stage_cost cost;
    for (int ms = 0; ms < WAIT_MS; ms++) {
        vt_stage_cost(stage, &cost);
        if (cost.drawings >= drawings)
            return;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    check_fail(__FILE__, __LINE__, "%" PRId64 " drawings, not %" PRId64, cost.drawings, drawings);
}

static int64_t late(struct vt_stage *stage)
{
    struct vt_stage_cost cost;
    vt_stage_cost(stage, &cost);
    return cost.late;
}

TEST(the_frame_path_of_overlays_allocates_and_frees_nothing)
{
    static uint8_t memory[WIDTH * HEIGHT * 3 / 2];
    struct vt_planes picture = {{memory, memory + WIDTH * HEIGHT, memory + WIDTH * HEIGHT * 5 / 4}, {WIDTH, WIDTH / 2, WIDTH / 2},
                                WIDTH, HEIGHT};
    struct vt_stage *stage = stage_new();
    int shown = 0;
    for (int frame = 0; frame < 60; frame++) {
        struct vt_placement *placed[VT_LANES_MAX];
        int64_t drawn, version;
        until_drawn(stage, frame + VT_STAGE_AHEAD);
        counted = 0;
        counting = true;
        vt_stage_take(stage, frame, placed, &drawn, &version);
        if (placed[0])
            vt_blend(&picture, placed[0]);
        shown += placed[0] && placed[0]->count == 2;
        for (int i = 0; i < VT_LANES_MAX; i++)
            vt_placement_unref(&placed[i]);
        counting = false;
        REQUIRE_INT(counted, 0);
        REQUIRE_INT(drawn, frame);
    }
    REQUIRE_INT(shown, 60);
    REQUIRE_INT(late(stage), 0);
    vt_stage_free(&stage);
#if defined(COUNTS)
    counting = true;
    void *(*volatile allocate)(size_t size) = malloc;
    void *counts = allocate(1);
    counting = false;
    free(counts);
    REQUIRE_INT(counted, 1);
#else
    printf("# allocations are not counted here\n");
#endif
}

TEST(a_late_drawing_is_not_waited_for_and_counted)
{
    struct vt_stage *stage = stage_new();
    struct vt_placement *placed[VT_LANES_MAX];
    int64_t drawn, version;
    until_drawn(stage, VT_STAGE_AHEAD);
    vt_stage_take(stage, 0, placed, &drawn, &version);
    int x = placed[0]->list[0].x, part = placed[0]->list[0].part_x;
    vt_placement_unref(&placed[0]);
    until_drawn(stage, VT_STAGE_AHEAD + 1);
    set_gate(&drawing, true);
    // Those that were drawn ahead are shown, then the last one stays.
    for (int frame = 1; frame <= 20; frame++) {
        vt_stage_take(stage, frame, placed, &drawn, &version);
        REQUIRE(placed[0] && placed[0]->count == 2);
        REQUIRE_INT(drawn, frame < VT_STAGE_AHEAD + 1 ? frame : VT_STAGE_AHEAD);
        REQUIRE(frame == 1 || placed[0]->list[0].x != x || placed[0]->list[0].part_x != part);
        vt_placement_unref(&placed[0]);
        if (frame == 1)
            until_it_waits(&drawing);
    }
    REQUIRE_INT(late(stage), 20 - VT_STAGE_AHEAD);
    set_gate(&drawing, false);
    // And then it goes on where it should be.
    for (int frame = 21; frame < 21 + WAIT_MS && drawn <= VT_STAGE_AHEAD; frame++) {
        vt_stage_take(stage, frame, placed, &drawn, &version);
        vt_placement_unref(&placed[0]);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    REQUIRE(drawn > 20);
    vt_stage_free(&stage);
}

static struct vt_batch *slow_batch(void)
{
    static const char text[] = "id: p\nversion: 1.0.0\nname: P\nlayout: { type: image, id: i, src: a.png, style: { width: 50px, height: 50px } }\n";
    struct vt_batch *batch = vt_batch_new(1);
    REQUIRE(batch);
    REQUIRE_INT(vt_template_load(&batch->list[0].template, "p", text, strlen(text), NULL), 0);
    batch->list[0].data = json_object();
    batch->list[0].outputs = 1;
    batch->count = 1;
    return batch;
}

TEST(a_picture_that_takes_long_holds_up_no_drawing)
{
    struct vt_stage *stage = stage_new();
    struct vt_batch *batch = slow_batch();
    set_gate(&loading, true);
    vt_stage_make(stage, batch);
    until_it_waits(&loading);
    for (int frame = 0; frame < 30; frame++) {
        struct vt_placement *placed[VT_LANES_MAX];
        int64_t drawn, version;
        until_drawn(stage, frame + VT_STAGE_AHEAD);
        vt_stage_take(stage, frame, placed, &drawn, &version);
        vt_placement_unref(&placed[0]);
        REQUIRE_INT(drawn, frame);
    }
    REQUIRE_INT(late(stage), 0);
    REQUIRE(!vt_stage_made(stage));
    set_gate(&loading, false);
    struct vt_batch *made = NULL;
    for (int ms = 0; ms < WAIT_MS && !made; ms++) {
        made = vt_stage_made(stage);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    REQUIRE(made == batch && made->list[0].views[0]);
    vt_batch_free(&made);
    vt_stage_free(&stage);
}

int main(void)
{
    RUN(the_frame_path_of_overlays_allocates_and_frees_nothing);
    RUN(a_late_drawing_is_not_waited_for_and_counted);
    RUN(a_picture_that_takes_long_holds_up_no_drawing);
    return DONE();
}
