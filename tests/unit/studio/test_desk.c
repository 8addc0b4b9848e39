#include <errno.h>

#include "desk_alone.h"

static int n_cues, cue_error;
static struct { char id[33]; int64_t rev, frame, lease, end, amount; enum vt_cue_op op; int hotspots; } cues[512];
static char state[32];

static void make(void *opaque, struct vt_batch *batch)
{
    vt_batch_make(batch, &(const struct vt_maker){.width = 1280, .height = 720, .smallest_height = 720,
                                             .rate = {30, 1}});
    keep_made(batch);
}

static int cue(void *opaque, int output, const struct vt_cue *c, const char *more, size_t size)
{
    if (cue_error)
        return cue_error;
    memcpy(cues[n_cues].id, c->id, sizeof cues[0].id);
    cues[n_cues].rev = c->rev;
    cues[n_cues].frame = c->frame;
    cues[n_cues].lease = c->lease_frame;
    cues[n_cues].end = c->end_frame;
    cues[n_cues].amount = c->priced ? c->amount : -1;
    cues[n_cues].op = c->op;
    cues[n_cues++].hotspots = c->hotspot_count;
    return 0;
}

static void changed(void *opaque, json_t *c)
{
    snprintf(state, sizeof state, "%s", json_string_value(json_object_get(c, "state")));
    REQUIRE_INT(json_string_length(json_object_get(c, "template_sha256")), 64);
    json_decref(c);
}

static void begin(void)
{
    forget_desk();
    n_cues = cue_error = 0;
    REQUIRE_INT(vt_desk_new(&desk, &(struct vt_desk_params){
        .outputs = {{"main", 10}}, .n_outputs = 1, .first_cue = 1,
        .timing = {.rate = {30, 1}, .segment_ns = 2 * VT_NS_PER_S, .part_ns = VT_NS_PER_S / 3,
                   .epoch_ns = INT64_C(1767225600000000000), .first_msn = 10},
        .hooks = {.template = find, .templates = names, .make = make, .scene = scene, .cue = cue,
                  .receipt = receipt, .changed = changed},
    }), 0);
    product("shoe", 1, 5999);
    n_receipts = 0;
}

TEST(a_take_starts_on_the_next_frame_and_the_receipt_says_where)
{
    begin();
    run(100);
    ask(vt_desk_take, TAKE);
    run(103);
    REQUIRE_INT(n_cues, 1);
    REQUIRE_INT(cues[0].op, VT_CUE_START);
    REQUIRE_INT(cues[0].frame, 100);
    REQUIRE_INT(cues[0].rev, 1);
    REQUIRE_INT(cues[0].amount, 5999);
    REQUIRE_INT(cues[0].hotspots, 1);
    REQUIRE_INT(cues[0].lease, 100 + 900);
    REQUIRE_INT(answered("status"), 201);
    REQUIRE_INT(answered("pts"), 300000);
    REQUIRE_INT(answered("msn"), 11);
    REQUIRE_TEXT(json_string_value(json_object_get(last, "program_date_time")), "2026-01-01T00:00:03.333Z");
}

TEST(a_cue_comes_with_the_frame_that_was_drawn_not_the_one_that_was_due)
{
    begin();
    run(10);
    ask(vt_desk_take, TAKE);
    stuck_frame = 9;
    stuck_version = version;
    run(14);
    REQUIRE_INT(n_cues, 0);
    stuck_frame = -1;
    run(15);
    REQUIRE_INT(n_cues, 1);
    REQUIRE_INT(cues[0].frame, 14);
}

TEST(a_price_change_is_one_revision_of_every_cue_that_shows_it)
{
    begin();
    ask(vt_desk_take, TAKE);
    ask(vt_desk_take, "{\"template\":\"list\",\"data\":{\"product\":{\"id\":\"x\",\"title\":\"X\"}},\"id\":\"b\"}");
    run(50);
    n_cues = 0;
    product("shoe", 2, 4999);
    run(51);
    REQUIRE_INT(n_cues, 2);
    REQUIRE_INT(cues[0].frame, 50);
    REQUIRE_INT(cues[1].frame, 50);
    REQUIRE_INT(cues[0].amount, 4999);
    REQUIRE_INT(cues[0].op, VT_CUE_UPDATE);
    REQUIRE_TEXT(json_string_value(json_object_get(last, "request")), "product:shoe:2");
    REQUIRE_INT(answered("count"), 2);
    product("shoe", 2, 1);                                   // not newer
    product("shoe", 1, 1);
    run(60);
    REQUIRE_INT(n_cues, 2);
}

TEST(changes_that_meet_on_a_frame_are_one_revision)
{
    begin();
    ask(vt_desk_take, TAKE);
    run(5);
    n_cues = 0;
    hold = true;
    product("shoe", 2, 4999);
    product("shoe", 3, 3999);
    ask(vt_desk_patch, "{\"id\":\"a\",\"duration\":10}");
    run(6);
    hold = false;
    deliver();
    run(8);
    REQUIRE_INT(n_cues, 2);                                  // the duration, which needed no view; then both prices
    REQUIRE_INT(cues[1].amount, 3999);
    REQUIRE(cues[0].frame != cues[1].frame);
    REQUIRE_INT(cues[1].rev, 3);
}

TEST(a_removal_ends_on_its_frame_and_a_dead_button_cannot_outlive_it)
{
    begin();
    ask(vt_desk_take, TAKE);
    run(40);
    ask(vt_desk_remove, "{\"id\":\"a\"}");
    run(45);
    REQUIRE_INT(n_cues, 2);
    REQUIRE_INT(cues[1].op, VT_CUE_END);
    REQUIRE_INT(cues[1].frame, 40);
    REQUIRE_INT(cues[1].hotspots, 0);
    REQUIRE(cues[1].lease >= cues[0].lease);
    REQUIRE_INT(answered("status"), 200);
    REQUIRE_TEXT(state, "ended");
    ask(vt_desk_patch, "{\"id\":\"a\",\"step\":1}");
    REQUIRE_INT(answered("status"), 409);
}

TEST(a_duration_is_an_end_that_is_known)
{
    begin();
    ask(vt_desk_take, "{\"template\":\"com.example.card\",\"product\":\"shoe\",\"id\":\"a\",\"duration\":2}");
    run(200);
    REQUIRE_INT(n_cues, 2);
    REQUIRE_INT(cues[0].end, 60);
    REQUIRE_INT(cues[0].lease, 60);
    REQUIRE_INT(cues[1].frame, 60);
    REQUIRE_INT(cues[1].op, VT_CUE_END);
}

TEST(a_lease_is_renewed_before_it_runs_out)
{
    begin();
    ask(vt_desk_take, TAKE);
    run(30 * 120);
    REQUIRE(n_cues >= 5);
    for (int i = 1; i < n_cues; i++) {
        REQUIRE_INT(cues[i].rev, i + 1);
        REQUIRE_INT(cues[i].op, VT_CUE_UPDATE);
        REQUIRE(cues[i].frame < cues[i - 1].lease);
        REQUIRE(cues[i].lease - cues[i].frame <= 900);
    }
}

TEST(a_take_can_be_scheduled_and_gets_the_price_of_its_time)
{
    begin();
    ask(vt_desk_take, "{\"template\":\"com.example.card\",\"product\":\"shoe\",\"id\":\"a\",\"at\":{\"pts\":900000}}");
    run(2);
    REQUIRE_INT(answered("status"), 202);
    product("shoe", 2, 100);
    run(300);
    REQUIRE_INT(n_cues, 0);
    run(301);
    REQUIRE_INT(n_cues, 1);
    REQUIRE_INT(cues[0].frame, 300);
    REQUIRE_INT(cues[0].amount, 100);
}

TEST(a_repeat_is_harmless_and_another_cue_of_the_same_name_is_refused)
{
    begin();
    ask(vt_desk_take, TAKE);
    run(10);
    ask(vt_desk_take, TAKE);
    REQUIRE_INT(answered("status"), 201);
    REQUIRE_INT(answered("pts"), 0);
    ask(vt_desk_take, "{\"template\":\"com.example.card\",\"product\":\"shoe\",\"id\":\"a\",\"step\":1}");
    REQUIRE_INT(answered("status"), 409);
    run(20);
    REQUIRE_INT(n_cues, 1);
}

TEST(a_cue_of_a_studio_that_broke_off_goes_on_above_its_revision)
{
    begin();
    ask(vt_desk_take, "{\"template\":\"com.example.card\",\"product\":\"shoe\",\"id\":\"a\",\"resume\":7}");
    run(2);
    REQUIRE_INT(cues[0].rev, 8);
    ask(vt_desk_take, "{\"template\":\"com.example.card\",\"product\":\"shoe\",\"id\":\"a\",\"resume\":8}");
    REQUIRE_INT(answered("status"), 200);
    run(5);
    REQUIRE_INT(n_cues, 1);
}

TEST(what_cannot_be_shown_is_refused_and_nothing_goes_on_air)
{
    static const struct { const char *body; int status; } bad[] = {
        {"{\"template\":\"no.such\"}", 404},
        {"{\"product\":\"shoe\"}", 422},
        {"{\"template\":\"com.example.card\",\"product\":\"none\"}", 404},
        {"{\"template\":\"com.example.card\"}", 422},
        {"{\"template\":\"com.example.card\",\"product\":\"shoe\",\"data\":[]}", 422},
        {"{\"template\":\"com.example.card\",\"product\":\"shoe\",\"id\":\"a b\"}", 422},
        {"{\"template\":\"com.example.card\",\"product\":\"shoe\",\"duration\":-1}", 422},
        {"{\"template\":\"com.example.card\",\"product\":\"shoe\",\"duration\":86401}", 422},
        {"{\"template\":\"com.example.card\",\"product\":\"shoe\",\"step\":16}", 422},
        {"{\"template\":\"com.example.card\",\"product\":\"shoe\",\"at\":\"noon\"}", 422},
        {"{\"template\":\"com.example.card\",\"product\":\"shoe\",\"output\":\"other\"}", 404},
    };
    begin();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ask(vt_desk_take, bad[i].body);
        run(frame + 2);
        REQUIRE_INT(n_receipts, i + 1);
        REQUIRE_INT(answered("status"), bad[i].status);
        REQUIRE(json_string_value(json_object_get(last, "detail"))[0] != 0);
    }
    REQUIRE_INT(n_cues, 0);
}

TEST(an_update_that_cannot_be_shown_leaves_what_is_on_air)
{
    begin();
    ask(vt_desk_take, TAKE);
    run(5);
    ask(vt_desk_patch, "{\"id\":\"a\",\"data\":{\"product\":7}}");
    run(8);
    REQUIRE_INT(answered("status"), 422);
    REQUIRE_INT(n_cues, 1);
    product("shoe", 2, 42);                                  // the next change starts from what was good
    run(10);
    REQUIRE_INT(n_cues, 2);
    REQUIRE_INT(cues[1].amount, 42);
}

TEST(only_so_many_cues_at_once)
{
    begin();
    for (int i = 0; i < VT_DESK_CUES; i++)
        ask(vt_desk_take, "{\"template\":\"com.example.card\",\"product\":\"shoe\"}");
    run(1);
    REQUIRE_INT(n_cues, VT_DESK_CUES);
    REQUIRE_INT(vt_desk_live(desk), VT_DESK_CUES);
    ask(vt_desk_take, TAKE);
    REQUIRE_INT(answered("status"), 429);
    ask(vt_desk_remove, "{}");
    run(3);
    REQUIRE_INT(answered("count"), VT_DESK_CUES);
    REQUIRE_INT(vt_desk_live(desk), 0);
}

TEST(a_start_that_the_packager_refuses_has_not_happened)
{
    begin();
    cue_error = -EBUSY;
    ask(vt_desk_take, TAKE);
    run(3);
    REQUIRE_INT(answered("status"), 429);
    REQUIRE_INT(vt_desk_live(desk), 0);
    REQUIRE_TEXT(state, "failed");
}

TEST(an_end_that_the_packager_cannot_take_comes_later)
{
    begin();
    ask(vt_desk_take, TAKE);
    run(3);
    cue_error = -EBUSY;
    ask(vt_desk_remove, "{\"id\":\"a\"}");
    run(6);
    cue_error = 0;
    run(7);
    REQUIRE_INT(n_cues, 2);
    REQUIRE_INT(cues[1].op, VT_CUE_END);
    REQUIRE_INT(cues[1].rev, 2);
}

TEST(a_withdrawn_product_takes_its_cues_off_air)
{
    begin();
    ask(vt_desk_take, TAKE);
    run(5);
    vt_desk_withdraw(desk, "shoe");
    run(7);
    REQUIRE_INT(cues[n_cues - 1].op, VT_CUE_END);
    ask(vt_desk_take, "{\"template\":\"com.example.card\",\"product\":\"shoe\"}");
    REQUIRE_INT(answered("status"), 404);
}

TEST(products_that_a_new_link_does_not_send_are_gone)
{
    begin();
    product("mug", 1, 5);
    ask(vt_desk_take, TAKE);
    run(5);
    vt_desk_sync(desk);
    product("mug", 1, 5);
    vt_desk_synced(desk);
    run(7);
    REQUIRE_INT(cues[n_cues - 1].op, VT_CUE_END);
    REQUIRE_TEXT(cues[n_cues - 1].id, "a");
}

TEST(the_end_of_the_show_ends_every_cue)
{
    begin();
    ask(vt_desk_take, TAKE);
    run(5);
    ask(vt_desk_take, "{\"template\":\"com.example.card\",\"product\":\"shoe\",\"id\":\"b\",\"at\":{\"pts\":900000}}");
    run(6);
    vt_desk_finish(desk, 6);
    REQUIRE_INT(n_cues, 2);
    REQUIRE_INT(cues[1].op, VT_CUE_END);
    REQUIRE_INT(cues[1].frame, 6);
}

int main(void)
{
    RUN(a_take_starts_on_the_next_frame_and_the_receipt_says_where);
    RUN(a_cue_comes_with_the_frame_that_was_drawn_not_the_one_that_was_due);
    RUN(a_price_change_is_one_revision_of_every_cue_that_shows_it);
    RUN(changes_that_meet_on_a_frame_are_one_revision);
    RUN(a_removal_ends_on_its_frame_and_a_dead_button_cannot_outlive_it);
    RUN(a_duration_is_an_end_that_is_known);
    RUN(a_lease_is_renewed_before_it_runs_out);
    RUN(a_take_can_be_scheduled_and_gets_the_price_of_its_time);
    RUN(a_repeat_is_harmless_and_another_cue_of_the_same_name_is_refused);
    RUN(a_cue_of_a_studio_that_broke_off_goes_on_above_its_revision);
    RUN(what_cannot_be_shown_is_refused_and_nothing_goes_on_air);
    RUN(an_update_that_cannot_be_shown_leaves_what_is_on_air);
    RUN(only_so_many_cues_at_once);
    RUN(a_start_that_the_packager_refuses_has_not_happened);
    RUN(an_end_that_the_packager_cannot_take_comes_later);
    RUN(a_withdrawn_product_takes_its_cues_off_air);
    RUN(products_that_a_new_link_does_not_send_are_gone);
    RUN(the_end_of_the_show_ends_every_cue);
    vt_desk_free(&desk);
    vt_template_unref(&template);
    json_decref(last);
    return DONE();
}
