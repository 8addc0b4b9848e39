// Takes, changes and removals as they come from the API.
#include "studio/desk_cue.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNPROCESSABLE "Unprocessable Content"
#define MAX_RESUME    INT64_C(1000000000)

// What a request may say; `present` members were given.
struct wish {
    const json_t *request;
    json_t *data;
    const char *product;
    bool has_duration, has_step;
    int64_t duration_ns, at_frame;
    int step;
};

static bool read_duration(struct vt_desk *desk, const json_t *body, struct wish *wish)
{
    json_t *duration = json_object_get(body, "duration");
    if (!duration)
        return true;
    double seconds = json_number_value(duration);
    if (!json_is_number(duration) || !(seconds > 0) || seconds * 1e9 > (double)VT_DESK_DURATION) {
        desk_problem(desk, wish->request, 422, UNPROCESSABLE,
                     "duration must be seconds above 0 and at most %d", (int)(VT_DESK_DURATION / VT_NS_PER_S));
        return false;
    }
    wish->has_duration = true;
    wish->duration_ns = (int64_t)(seconds * 1e9);
    return true;
}

static bool read_step(struct vt_desk *desk, const json_t *body, struct wish *wish)
{
    json_t *step = json_object_get(body, "step");
    if (!step)
        return true;
    json_int_t value = json_integer_value(step);
    if (!json_is_integer(step) || value < 0 || value >= VT_DESK_STEPS) {
        desk_problem(desk, wish->request, 422, UNPROCESSABLE, "step must be a whole number from 0 to %d",
                     VT_DESK_STEPS - 1);
        return false;
    }
    wish->has_step = true;
    wish->step = (int)value;
    return true;
}

static bool read_data(struct vt_desk *desk, const json_t *body, struct wish *wish)
{
    wish->data = json_object_get(body, "data");
    if (!wish->data)
        return true;
    if (!json_is_object(wish->data)) {
        desk_problem(desk, wish->request, 422, UNPROCESSABLE, "data must be an object");
        return false;
    }
    size_t size = json_dumpb(wish->data, NULL, 0, JSON_COMPACT);
    if (size > VT_DESK_DATA) {
        desk_problem(desk, wish->request, 422, UNPROCESSABLE, "data has %zu bytes; at most %d are allowed", size,
                     VT_DESK_DATA);
        return false;
    }
    return true;
}

static bool read_product(struct vt_desk *desk, const json_t *body, struct wish *wish)
{
    json_t *product = json_object_get(body, "product");
    if (!product)
        return true;
    wish->product = json_string_value(product);
    if (!wish->product || !json_object_get(desk->products, wish->product)) {
        desk_problem(desk, wish->request, 404, "Not Found", "there is no product \"%.*s\"", PRODUCT_ID,
                     wish->product ? wish->product : "(not a text)");
        return false;
    }
    return true;
}

// {"pts": n} or RFC 3339; what lies in the past means now.
static bool read_at(struct vt_desk *desk, const json_t *body, struct wish *wish)
{
    json_t *at = json_object_get(body, "at"), *pts = json_object_get(at, "pts");
    int64_t frame, ns;
    if (!at)
        return true;
    if (json_is_integer(pts) && json_integer_value(pts) < INT64_MAX / VT_NS_PER_S) {
        frame = vt_ns_to_nearest_frame(vt_muldiv(json_integer_value(pts), VT_NS_PER_S, VT_90K), desk->timing.rate);
    } else if (json_is_string(at) && vt_parse_time(json_string_value(at), &ns) == 0) {
        frame = desk_frame_at(desk, ns);
    } else {
        desk_problem(desk, wish->request, 422, UNPROCESSABLE,
                     "at must be a time such as \"2026-03-01T19:04:12.480Z\" or {\"pts\": 412345200}");
        return false;
    }
    if (frame - desk->frame > vt_ns_to_frame(VT_DESK_AHEAD, desk->timing.rate)) {
        desk_problem(desk, wish->request, 422, UNPROCESSABLE, "at lies more than a day ahead");
        return false;
    }
    wish->at_frame = frame > desk->frame ? frame : 0;
    return true;
}

static bool read_wish(struct vt_desk *desk, const json_t *body, struct wish *wish)
{
    *wish = (struct wish){.request = json_object_get(body, "request")};
    return read_duration(desk, body, wish) && read_step(desk, body, wish) && read_data(desk, body, wish) &&
           read_product(desk, body, wish);
}

static json_t *without_request(const json_t *body)
{
    json_t *copy = json_deep_copy(body);
    json_object_del(copy, "request");
    return copy;
}

// The same take again, or another one with its id.
static void repeat(struct vt_desk *desk, struct cue *cue, const json_t *body)
{
    const json_t *request = json_object_get(body, "request");
    json_t *asked = without_request(body);
    bool same = json_equal(asked, cue->request);
    json_decref(asked);
    if (!same) {
        desk_problem(desk, request, 409, "Conflict", "the id \"%s\" is taken by another cue of this show", cue->id);
    } else if (cue->first) {
        json_t *answer = json_copy(cue->first);
        json_object_set(answer, "request", (json_t *)request);
        json_object_set_new(answer, "status", json_integer(201));
        desk->hooks.receipt(desk->hooks.opaque, answer);
    } else if (desk->n_waiting >= VT_DESK_WAITING) {
        desk_problem(desk, request, 429, "Too Many Requests", "too many requests are waiting");
    } else {
        struct waiting *waiting = desk_wait(desk, request, 201, false);
        if (waiting) {
            desk_wait_on(waiting, cue, 1);
            desk_reached(desk, cue);
        }
    }
}

// A take for a studio that broke off, but this one has the cue.
static void go_on(struct vt_desk *desk, const struct cue *cue, const json_t *body)
{
    json_t *answer = desk_receipt(desk, cue);
    json_object_set(answer, "request", json_object_get(body, "request"));
    json_object_set_new(answer, "status", json_integer(200));
    desk->hooks.receipt(desk->hooks.opaque, answer);
}

// The outputs that a take is for, as bits; 0: it names none that there is.
static unsigned wanted_outputs(const struct vt_desk *desk, const json_t *body)
{
    json_t *output = json_object_get(body, "output");
    if (!output)
        return (1u << desk->n_outputs) - 1;
    for (int i = 0; json_is_string(output) && i < desk->n_outputs; i++)
        if (strcmp(json_string_value(output), desk->outputs[i].name) == 0)
            return 1u << i;
    return 0;
}

static void refuse_output(struct vt_desk *desk, const json_t *body)
{
    char known[VT_OUTPUTS_MAX * (VT_NAME_ROOM + 2)] = "";
    for (int i = 0; i < desk->n_outputs; i++) {
        strcat(known, i > 0 ? ", " : "");
        strcat(known, desk->outputs[i].name);
    }
    desk_problem(desk, json_object_get(body, "request"), 404, "Not Found", "there is no such output; known: %s", known);
}

static bool may_take(struct vt_desk *desk, const json_t *body, const char *id)
{
    const json_t *request = json_object_get(body, "request");
    if (wanted_outputs(desk, body) == 0) {
        refuse_output(desk, body);
        return false;
    }
    if (json_object_get(body, "id") && !vt_name_valid(id)) {
        desk_problem(desk, request, 422, UNPROCESSABLE,
                     "id must be 1 to %d of the characters A-Z a-z 0-9 _ -", VT_NAME_MAX);
        return false;
    }
    if (desk->n_cues == VT_DESK_CUES || desk->n_waiting >= VT_DESK_WAITING) {
        desk_problem(desk, request, 429, "Too Many Requests",
                     "%d cues are on air or prepared; remove one first", desk->n_cues);
        return false;
    }
    return true;
}

static struct vt_template *find_template(struct vt_desk *desk, const json_t *body, bool *ret_all)
{
    const json_t *request = json_object_get(body, "request");
    const char *name = json_string_value(json_object_get(body, "template"));
    if (!name) {
        desk_problem(desk, request, 422, UNPROCESSABLE, "template is missing");
        return NULL;
    }
    struct vt_template *template = desk->hooks.template(desk->hooks.opaque, name, ret_all);
    if (!template) {
        char *known = desk->hooks.templates(desk->hooks.opaque);
        desk_problem(desk, request, 404, "Not Found", "there is no template \"%.*s\"; known: %s", VT_TEMPLATE_ID, name,
                     known ? known : "none");
        free(known);
    }
    return template;
}

static void name_cue(struct vt_desk *desk, struct cue *cue, const char *id)
{
    if (id) {
        vt_name_copy(cue->id, id);
        return;
    }
    do
        snprintf(cue->id, sizeof cue->id, "c%" PRIu64, desk->next_id++);
    while (desk_find(desk, cue->id));
}

static struct cue *new_cue(struct vt_desk *desk, const json_t *body, const char *id, const struct wish *wish)
{
    struct cue *cue = calloc(1, sizeof *cue);
    if (!cue)
        return NULL;
    cue->key = ++desk->next_key;
    name_cue(desk, cue, id);
    cue->outputs = wanted_outputs(desk, body);
    cue->end_frame = INT64_MAX;
    for (int i = 0; i < VT_OUTPUTS_MAX; i++)
        cue->exit_ns[i] = INT64_MAX;
    cue->refused_expiry = INT64_MAX;
    cue->request = without_request(body);
    cue->data = wish->data ? json_deep_copy(wish->data) : json_object();
    cue->step = wish->step;
    cue->duration_ns = wish->duration_ns;
    cue->at_frame = wish->at_frame;
    if (wish->product)
        snprintf(cue->product, sizeof cue->product, "%s", wish->product);
    return cue;
}

void vt_desk_take(struct vt_desk *desk, const json_t *body)
{
    const char *id = json_string_value(json_object_get(body, "id"));
    struct cue *known = id ? desk_find(desk, id) : NULL;
    json_int_t resume = json_integer_value(json_object_get(body, "resume"));
    if (known && known->state != CUE_FAILED) {
        if (resume > 0)
            go_on(desk, known, body);
        else
            repeat(desk, known, body);
        return;
    }
    struct wish wish;
    bool all = false;
    if (!may_take(desk, body, id))
        return;
    struct vt_template *template = find_template(desk, body, &all);
    if (!template)
        return;
    struct cue *cue = read_wish(desk, body, &wish) && read_at(desk, body, &wish) ? new_cue(desk, body, id, &wish) : NULL;
    if (!cue) {
        vt_template_unref(&template);
        return;
    }
    cue->template = template;
    cue->shows_all = all;
    cue->rev = resume > 0 && resume < MAX_RESUME ? resume : 0;
    desk->cues[desk->n_cues++] = cue;
    struct vt_batch *batch = vt_batch_new(1);
    struct waiting *waiting = desk_wait(desk, wish.request, 201, false);
    desk_add(desk, batch, cue, cue->at_frame);
    if (waiting)
        desk_wait_on(waiting, cue, cue->ask);
    desk_changed(desk, cue);
    desk_make(desk, batch);
}

// -- changes

static struct cue *named(struct vt_desk *desk, const json_t *body)
{
    const json_t *request = json_object_get(body, "request");
    const char *id = json_string_value(json_object_get(body, "id"));
    struct cue *cue = id ? desk_find(desk, id) : NULL;
    if (!cue) {
        desk_problem(desk, request, 404, "Not Found", "there is no cue \"%.*s\" in this show", VT_NAME_MAX, id ? id : "");
        return NULL;
    }
    if (cue->state >= CUE_ENDED) {
        desk_problem(desk, request, 409, "Conflict", "cue \"%s\" is off air", cue->id);
        return NULL;
    }
    return cue;
}

static void change_duration(struct vt_desk *desk, struct cue *cue, int64_t duration_ns)
{
    cue->duration_ns = duration_ns;
    if (cue->state != CUE_LIVE)
        return;
    int64_t end = cue->start_frame + vt_ns_to_nearest_frame(duration_ns, desk->timing.rate);
    int64_t exit_end = desk_frame_at(desk, desk_frame_ns(desk, desk->frame) + cast_exit_ns(&cue->cast));
    desk_set_end(desk, cue, end > exit_end ? end : exit_end);
}

static void change_view(struct vt_desk *desk, struct cue *cue, const struct wish *wish)
{
    if (wish->data)
        json_object_update(cue->data, wish->data);
    if (wish->product)
        snprintf(cue->product, sizeof cue->product, "%s", wish->product);
    if (wish->has_step)
        cue->step = wish->step;
    struct vt_batch *batch = vt_batch_new(1);
    desk_add(desk, batch, cue, desk_on_air(cue) ? 0 : cue->at_frame);
    desk_make(desk, batch);
}

void vt_desk_patch(struct vt_desk *desk, const json_t *body)
{
    struct wish wish;
    struct cue *cue = named(desk, body);
    if (!cue || !read_wish(desk, body, &wish))
        return;
    if (cue->state == CUE_ENDING) {
        desk_problem(desk, wish.request, 409, "Conflict", "cue \"%s\" is going off air", cue->id);
        return;
    }
    bool view = wish.data || wish.product || wish.has_step;
    if (!view && !wish.has_duration) {
        desk_problem(desk, wish.request, 422, UNPROCESSABLE, "give data, product, duration or step");
        return;
    }
    if (desk->n_waiting >= VT_DESK_WAITING) {
        desk_problem(desk, wish.request, 429, "Too Many Requests", "too many requests are waiting");
        return;
    }
    struct waiting *waiting = desk_wait(desk, wish.request, 200, false);
    if (waiting)
        desk_wait_on(waiting, cue, cue->ask + 1);
    if (wish.has_duration)
        change_duration(desk, cue, wish.duration_ns);
    if (view) {
        change_view(desk, cue, &wish);
    } else {
        cue->touched = ++cue->ask;
        cue->owed = 0;                   // a new revision, for all
        if (cue->state == CUE_SCHEDULED)
            cue->next_ask = cue->ask;
        desk_reached(desk, cue);
    }
    if (desk->dirty)
        desk_publish(desk);
}

void vt_desk_remove(struct vt_desk *desk, const json_t *body)
{
    const json_t *request = json_object_get(body, "request");
    bool many = !json_object_get(body, "id");
    struct cue *cue = many ? NULL : named(desk, body);
    if (!many && !cue)
        return;
    struct waiting *waiting = desk_wait(desk, request, 200, many);
    if (!waiting)
        return;
    waiting->for_end = true;
    if (!many)
        desk_wait_on(waiting, cue, 0);
    for (int i = 0; many && i < desk->n_cues; i++)
        desk_wait_on(waiting, desk->cues[i], 0);
    if (many && desk->n_cues == 0)
        desk_waited(desk, waiting);
    for (int i = desk->n_cues - 1; i >= 0; i--)
        if (many || desk->cues[i] == cue)
            desk_exit(desk, desk->cues[i]);
    if (desk->dirty)
        desk_publish(desk);
}
