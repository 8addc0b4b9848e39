#include "check.h"

#include "studio/budget.h"
#include "studio/stage.h"

static int64_t spent, each;

TEST(some_frames_in_a_row_are_too_many)
{
    struct vt_budget b = {0};
    for (int i = 1; i < VT_BUDGET_FRAMES; i++)
        REQUIRE(!vt_budget_spend(&b, 5000, 10000, 1));
    REQUIRE(!vt_budget_spend(&b, 4000, 10000, 1));       // the share itself is not too much, and the row is broken
    for (int i = 1; i < VT_BUDGET_FRAMES; i++)
        REQUIRE(!vt_budget_spend(&b, 4001, 10000, 1));
    REQUIRE(vt_budget_spend(&b, 4001, 10000, 1));
    REQUIRE(b.calm);
    REQUIRE(!vt_budget_spend(&b, 5000, 10000, 1));       // said once
    struct vt_budget shared = {0};
    for (int i = 1; i < VT_BUDGET_FRAMES; i++)
        vt_budget_spend(&shared, 1001, 10000, 4);
    REQUIRE(vt_budget_spend(&shared, 1001, 10000, 4));
}

// Each look at the clock finds that `each` has been spent.
static int64_t spend(void *opaque)
{
    (void)opaque;
    spent += each;
    return spent;
}

static struct vt_view *moving(void)
{
    static const char text[] = "id: t\nversion: 1.0.0\nname: T\nlayout: { type: box, id: root, style: { position: absolute,"
        " inset: 0 }, children: [ { type: box, id: card, style: { width: 100px, height: 100px, background: \"#ff0000\" } } ] }\n"
        "motion: { loop: { card: { keyframes: [ { transform: translateX(0px) }, { transform: translateX(500px) } ],"
        " duration: 10s, easing: linear } } }\n";
    struct vt_template *t = NULL;
    struct vt_view *view = NULL;
    REQUIRE_INT(vt_template_load(&t, "t", text, strlen(text), NULL), 0);
    struct vt_view_params params = {.template = t, .width = 640, .height = 360, .rate = {25, 1}};
    REQUIRE_INT(vt_view_new(&view, &params, NULL), 0);
    vt_template_unref(&t);
    return view;
}

// Where the card stands on each of the frames, and how many cues lost their motion.
static int64_t play(int frames, int places[])
{
    struct vt_stage *stage = NULL;
    struct vt_stage_params params = {.rate = {25, 1}, .n_lanes = 1, .lanes = {{.size = {640, 360}, .colour = {.matrix = 1}}},
                                     .without_thread = true, .spent_ns = spend};
    struct vt_scene scene = {.version = 1, .count = 1};
    scene.actors[0] = (struct vt_actor){.cue = 7, .view = moving(), .exit_ns = INT64_MAX, .end_frame = INT64_MAX};
    REQUIRE_INT(vt_stage_new(&stage, &params), 0);
    vt_stage_scene(stage, &scene);
    for (int i = 0; i < frames; i++) {
        struct vt_placement *placed[VT_LANES_MAX];
        int64_t drawn, version;
        vt_stage_take(stage, i, placed, &drawn, &version);
        places[i] = placed[0]->list[0].x;
        for (int k = 0; k < VT_LANES_MAX; k++)
            vt_placement_unref(&placed[k]);
    }
    struct vt_stage_cost cost;
    vt_stage_cost(stage, &cost);
    REQUIRE_INT(cost.n_calm, cost.reduced);
    REQUIRE(!cost.n_calm || cost.calm[0] == 7);
    vt_scene_clear(&scene);
    vt_stage_free(&stage);
    return cost.reduced;
}

TEST(a_cue_over_its_budget_loses_its_motion_and_nothing_else)
{
    int places[40];
    each = 1000000;                      // 1 ms of 40
    REQUIRE_INT(play(40, places), 0);
    REQUIRE(places[39] > places[20] && places[20] > places[5]);
    each = 20000000;                     // half of a frame
    REQUIRE_INT(play(40, places), 1);
    REQUIRE(places[VT_BUDGET_FRAMES - 1] > places[0]);
    for (int i = VT_BUDGET_FRAMES; i < 40; i++)
        REQUIRE_INT(places[i], places[VT_BUDGET_FRAMES]);
    REQUIRE(places[VT_BUDGET_FRAMES] < places[VT_BUDGET_FRAMES - 1]);
}

int main(void)
{
    RUN(some_frames_in_a_row_are_too_many);
    RUN(a_cue_over_its_budget_loses_its_motion_and_nothing_else);
    return DONE();
}
