// One desk, two audiences: a wide picture and a tall one.
#include <errno.h>

#include "desk_alone.h"

#define MAIN 0
#define TALL 1

struct told {
    int output;
    int64_t rev, frame;
    enum vt_cue_op op;
    struct vt_cue_hotspot hotspot;
};

static struct told told[64];
static int n_told, busy_output, full_output;              // the two: -1: none
static bool broken;                         // nothing can be drawn on the tall picture

static void make(void *opaque, struct vt_batch *batch)
{
    const struct vt_maker makers[] = {
        {.width = 1280, .height = 720, .smallest_height = 720, .rate = {30, 1}},
        {.width = broken ? 0 : 720, .height = 1280, .smallest_height = 1280, .rate = {30, 1}},
    };
    vt_batch_make(batch, makers);
    keep_made(batch);
}

static int fits(void *opaque, int output, const struct vt_cue *c, bool more)
{
    return output == busy_output ? -EBUSY : 0;
}

static int cue(void *opaque, int output, const struct vt_cue *c, const char *more, size_t size)
{
    REQUIRE(output != busy_output);
    if (output == full_output)
        return -ENOSPC;
    told[n_told] = (struct told){output, c->rev, c->frame, c->op, {0}};
    if (c->hotspot_count)
        told[n_told].hotspot = c->hotspots[0];
    n_told++;
    return 0;
}

static void changed(void *opaque, json_t *c)
{
    json_decref(c);
}

static const char *detail(void)
{
    return json_string_value(json_object_get(last, "detail"));
}

static int64_t msn_in(const char *output)
{
    return json_integer_value(json_object_get(json_object_get(json_object_get(last, "outputs"), output), "msn"));
}

static void begin(void)
{
    forget_desk();
    n_told = 0;
    busy_output = full_output = -1;
    broken = false;
    REQUIRE_INT(vt_desk_new(&desk, &(struct vt_desk_params){
        .outputs = {{"main", 10}, {"tall", 12}}, .n_outputs = 2, .first_cue = 1,
        .timing = {.rate = {30, 1}, .segment_ns = 2 * VT_NS_PER_S, .part_ns = VT_NS_PER_S / 3},
        .hooks = {.template = find, .templates = names, .make = make, .scene = scene, .fits = fits, .cue = cue,
                  .receipt = receipt, .changed = changed},
    }), 0);
    product("shoe", 1, 5999);
    run(100);
}

static void check(int i, int output, int rev, int at, enum vt_cue_op op)
{
    REQUIRE_INT(told[i].output, output);
    REQUIRE_INT(told[i].rev, rev);
    REQUIRE_INT(told[i].frame, at);
    REQUIRE_INT(told[i].op, op);
}

TEST(one_take_starts_everywhere_on_one_frame)
{
    begin();
    ask(vt_desk_take, TAKE);
    run(103);
    REQUIRE_INT(n_told, 2);
    check(0, MAIN, 1, 100, VT_CUE_START);
    check(1, TALL, 1, 100, VT_CUE_START);
    REQUIRE_INT(actors, 2);
    REQUIRE_INT(answered("status"), 201);
    REQUIRE_INT(answered("pts"), 300000);
    REQUIRE_INT(answered("msn"), 11);
    REQUIRE_INT(msn_in("main"), 11);
    REQUIRE_INT(msn_in("tall"), 13);
}

TEST(each_has_the_rectangle_of_its_own_picture)
{
    begin();
    ask(vt_desk_take, TAKE);
    run(103);
    REQUIRE_NEAR(told[0].hotspot.rect[2], 400.0 / 1280 * 100, 0.1);
    REQUIRE(told[1].hotspot.rect[2] > told[0].hotspot.rect[2] + 5);
}

TEST(a_take_that_names_an_output_goes_there_alone)
{
    begin();
    ask(vt_desk_take, "{\"template\":\"com.example.card\",\"product\":\"shoe\",\"output\":\"tall\"}");
    run(103);
    REQUIRE_INT(n_told, 1);
    check(0, TALL, 1, 100, VT_CUE_START);
    REQUIRE_INT(answered("msn"), 13);
    REQUIRE_INT(msn_in("main"), 0);
    ask(vt_desk_take, "{\"template\":\"com.example.card\",\"product\":\"shoe\",\"output\":\"wide\"}");
    REQUIRE_INT(answered("status"), 404);
    REQUIRE_TEXT(detail(), "there is no such output; known: main, tall");
    ask(vt_desk_take, "{\"template\":\"com.example.card\",\"product\":\"shoe\",\"output\":7}");
    REQUIRE_INT(answered("status"), 404);
}

TEST(what_one_cannot_show_none_shows)
{
    begin();
    broken = true;
    ask(vt_desk_take, TAKE);
    run(103);
    REQUIRE_INT(n_told, 0);
    REQUIRE_INT(answered("status"), 422);
    REQUIRE(strstr(detail(), "output tall: ") == detail());
    broken = false;
    ask(vt_desk_take, TAKE);
    run(106);
    REQUIRE_INT(n_told, 2);
}

TEST(what_one_has_no_room_for_none_has)
{
    begin();
    busy_output = TALL;
    ask(vt_desk_take, TAKE);
    run(103);
    REQUIRE_INT(n_told, 0);
    REQUIRE_INT(answered("status"), 429);
    REQUIRE_TEXT(detail(), "output tall: too many cues are on air");
    REQUIRE_INT(vt_desk_live(desk), 0);
    busy_output = -1;
    ask(vt_desk_take, TAKE);
    run(110);
    busy_output = TALL;
    product("shoe", 2, 4999);
    run(113);
    REQUIRE_INT(n_told, 2);                 // neither has the change
    busy_output = -1;
    run(115);
    REQUIRE_INT(n_told, 4);
    check(2, MAIN, 2, 113, VT_CUE_UPDATE);
    check(3, TALL, 2, 113, VT_CUE_UPDATE);
    REQUIRE_INT(answered("status"), 200);
}

TEST(a_start_that_one_disk_refuses_is_taken_back_in_the_others)
{
    begin();
    full_output = TALL;
    ask(vt_desk_take, TAKE);
    run(103);
    REQUIRE_INT(n_told, 2);
    check(0, MAIN, 1, 100, VT_CUE_START);
    check(1, MAIN, 2, 100, VT_CUE_END);
    REQUIRE_INT(answered("status"), 500);
    REQUIRE_TEXT(detail(), "output tall: its cue: No space left on device");
    REQUIRE_INT(vt_desk_live(desk), 0);
}

TEST(a_price_changes_everywhere_on_one_frame)
{
    begin();
    ask(vt_desk_take, TAKE);
    run(110);
    product("shoe", 2, 4999);
    run(113);
    REQUIRE_INT(n_told, 4);
    check(2, MAIN, 2, 110, VT_CUE_UPDATE);
    check(3, TALL, 2, 110, VT_CUE_UPDATE);
}

TEST(a_change_that_one_disk_cannot_take_is_owed_to_it)
{
    begin();
    ask(vt_desk_take, TAKE);
    run(110);
    full_output = TALL;
    product("shoe", 2, 4999);
    run(113);
    REQUIRE_INT(n_told, 3);                 // said once to the one that takes it
    check(2, MAIN, 2, 110, VT_CUE_UPDATE);
    full_output = -1;
    run(115);
    REQUIRE_INT(n_told, 4);
    check(3, TALL, 2, 113, VT_CUE_UPDATE);
    REQUIRE_INT(answered("status"), 200);
    product("shoe", 3, 3999);
    run(118);
    REQUIRE_INT(n_told, 6);
    check(4, MAIN, 3, 115, VT_CUE_UPDATE);
    check(5, TALL, 3, 115, VT_CUE_UPDATE);
}

TEST(it_ends_everywhere_on_one_frame)
{
    begin();
    ask(vt_desk_take, TAKE);
    run(110);
    ask(vt_desk_remove, "{\"id\":\"a\"}");
    run(140);
    REQUIRE_INT(n_told, 4);
    REQUIRE_INT(told[2].op, VT_CUE_END);
    REQUIRE_INT(told[3].op, VT_CUE_END);
    REQUIRE_INT(told[2].frame, told[3].frame);
    REQUIRE_INT(actors, 0);
}

int main(void)
{
    RUN(one_take_starts_everywhere_on_one_frame);
    RUN(each_has_the_rectangle_of_its_own_picture);
    RUN(a_take_that_names_an_output_goes_there_alone);
    RUN(what_one_cannot_show_none_shows);
    RUN(what_one_has_no_room_for_none_has);
    RUN(a_start_that_one_disk_refuses_is_taken_back_in_the_others);
    RUN(a_price_changes_everywhere_on_one_frame);
    RUN(a_change_that_one_disk_cannot_take_is_owed_to_it);
    RUN(it_ends_everywhere_on_one_frame);
    vt_desk_free(&desk);
    vt_template_unref(&template);
    json_decref(last);
    return DONE();
}
