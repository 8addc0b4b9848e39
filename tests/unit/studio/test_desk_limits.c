// The desk's limits: what lies at one is taken, what lies one past it is not.
#include "desk_alone.h"

static int n_listed;

static void make(void *opaque, struct vt_batch *batch)
{
    vt_batch_make(batch, &(const struct vt_maker){.width = 1280, .height = 720, .smallest_height = 720, .rate = {30, 1}});
    keep_made(batch);
}

static int cue(void *opaque, int output, const struct vt_cue *c, const char *more, size_t size)
{
    return 0;
}

static void changed(void *opaque, json_t *c)
{
    n_listed++;
    json_decref(c);
}

static void begin(void)
{
    forget_desk();
    REQUIRE_INT(vt_desk_new(&desk, &(struct vt_desk_params){
        .outputs = {{"main", 10}}, .n_outputs = 1, .first_cue = 1,
        .timing = {.rate = {30, 1}, .segment_ns = 2 * VT_NS_PER_S, .part_ns = VT_NS_PER_S / 3},
        .hooks = {.template = find, .templates = names, .make = make, .scene = scene, .cue = cue, .receipt = receipt,
                  .changed = changed},
    }), 0);
    product("shoe", 1, 5999);
    run(100);
}

// Takes one more cue: `more` are further members, with a comma before them. Returns the answer's status; 202 for one in
// the future.
static int take(const char *more)
{
    static int count;
    char *body = NULL;
    REQUIRE(asprintf(&body, "{\"template\":\"com.example.card\",\"product\":\"shoe\",\"id\":\"n%d\"%s}", ++count, more) > 0);
    ask(vt_desk_take, body);
    free(body);
    run(frame + 3);
    return (int)answered("status");
}

static void require_pair(int line, const char *good, const char *bad)
{
    begin();
    int taken = take(good);
    if (taken != 201 && taken != 202)
        check_fail(__FILE__, line, "%.60s is %d", good, taken);
    begin();
    if (take(bad) != 422)
        check_fail(__FILE__, line, "%.60s is %d", bad, (int)answered("status"));
}

TEST(numbers_of_a_take)
{
    require_pair(__LINE__, ",\"duration\":86400", ",\"duration\":86400.1");
    require_pair(__LINE__, ",\"step\":15", ",\"step\":16");
    char good[80], bad[80];
    int64_t day = 86400 * INT64_C(90000), now = 100 * 3000;                      // at frame 100
    snprintf(good, sizeof good, ",\"at\":{\"pts\":%lld}", (long long)(now + day));
    snprintf(bad, sizeof bad, ",\"at\":{\"pts\":%lld}", (long long)(now + day + 3000));
    require_pair(__LINE__, good, bad);
}

// {"x":"…"} of so many bytes.
static char *data_of(int bytes)
{
    char *text = NULL;
    REQUIRE(asprintf(&text, ",\"data\":{\"x\":\"%0*d\"}", bytes - (int)strlen("{\"x\":\"\"}"), 0) > 0);
    return text;
}

TEST(data_of_a_take)
{
    char *good = data_of(VT_DESK_DATA), *bad = data_of(VT_DESK_DATA + 1);
    begin();
    take(good);
    REQUIRE(!strstr(json_string_value(json_object_get(last, "detail")) ? json_string_value(json_object_get(last, "detail")) : "",
                    "bytes; at most"));
    REQUIRE(take(bad) == 422 && strstr(json_string_value(json_object_get(last, "detail")), "at most 16384"));
    free(good);
    free(bad);
}

TEST(cues_at_once)
{
    begin();
    for (int i = 0; i < VT_DESK_CUES; i++)
        REQUIRE_INT(take(",\"at\":{\"pts\":90000000}"), 202);
    REQUIRE_INT(take(",\"at\":{\"pts\":90000000}"), 429);
    ask(vt_desk_remove, "{}");
    run(frame + 10);
    REQUIRE_INT(take(""), 201);
}

TEST(requests_that_wait)
{
    begin();
    hold = true;
    n_receipts = 0;
    ask(vt_desk_take, TAKE);
    for (int i = 1; i < VT_DESK_WAITING; i++)
        ask(vt_desk_take, TAKE);                 // the same again
    REQUIRE_INT(n_receipts, 0);
    ask(vt_desk_take, TAKE);
    REQUIRE_INT(n_receipts, 1);
    REQUIRE(answered("status") == 429);
    hold = false;
    run(frame + 3);
    REQUIRE_INT(n_receipts, 1 + VT_DESK_WAITING);
    REQUIRE_INT(answered("status"), 201);
}

TEST(cues_that_are_remembered)
{
    begin();
    for (int i = 0; i < VT_DESK_PAST + 1; i++) {
        if (i == VT_DESK_PAST) {
            n_listed = 0;
            vt_desk_list(desk);
            REQUIRE_INT(n_listed, VT_DESK_PAST);
        }
        REQUIRE_INT(take(""), 201);
        ask(vt_desk_remove, "{}");
        run(frame + 3);
    }
    n_listed = 0;
    vt_desk_list(desk);
    REQUIRE_INT(n_listed, VT_DESK_PAST);
}

TEST(products_that_are_known)
{
    char id[16];
    begin();                                     // there is one already
    for (int i = 1; i < VT_DESK_PRODUCTS; i++) {
        snprintf(id, sizeof id, "p%d", i);
        product(id, 1, 100);
    }
    REQUIRE_INT(take(",\"product\":\"p4095\""), 201);
    product("p4096", 1, 100);
    char body[] = "{\"template\":\"com.example.card\",\"product\":\"p4096\"}", known[] =
        "{\"template\":\"com.example.card\",\"product\":\"p4095\"}";
    ask(vt_desk_take, body);
    REQUIRE_INT(answered("status"), 404);
    ask(vt_desk_take, known);
    run(frame + 3);
    REQUIRE_INT(answered("status"), 201);
}

int main(void)
{
    RUN(numbers_of_a_take);
    RUN(data_of_a_take);
    RUN(cues_at_once);
    RUN(requests_that_wait);
    RUN(cues_that_are_remembered);
    RUN(products_that_are_known);
    forget_desk();
    vt_template_unref(&template);
    return DONE();
}
