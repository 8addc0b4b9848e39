// What the desk says: receipts, problems, and the cues as the API lists them.
#include "studio/desk_cue.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWERS 16                       // of a list of cues in one receipt

static const char *state_name(enum cue_state state)
{
    static const char *const names[] = {"preparing", "scheduled", "live", "ending", "ended", "failed"};
    return names[state];
}

static void reply(struct vt_desk *desk, const json_t *request, int status, json_t *body)
{
    json_object_set(body, "request", (json_t *)request);
    json_object_set_new(body, "status", json_integer(status));
    desk->hooks.receipt(desk->hooks.opaque, body);
}

void desk_problem(struct vt_desk *desk, const json_t *request, int status, const char *title, const char *format, ...)
{
    char detail[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    reply(desk, request, status, json_pack("{s:s, s:s}", "title", title, "detail", detail));
}

static void set_time(const struct vt_desk *desk, json_t *object, const char *name, int64_t frame)
{
    char text[VT_TIME_TEXT];
    vt_format_time(desk_frame_ns(desk, frame), text);
    json_object_set_new(object, name, json_string(text));
}

// Where in an output's playlists a frame stands.
static void set_part(const struct vt_desk *desk, json_t *object, int output, int64_t frame)
{
    int64_t segment = vt_segment_of(&desk->timing, frame);
    json_object_set_new(object, "msn", json_integer((json_int_t)desk->outputs[output].first_msn + segment));
    json_object_set_new(object, "part", json_integer(vt_part_of(&desk->timing, frame)));
}

static void set_place(const struct vt_desk *desk, json_t *object, const struct cue *cue)
{
    json_object_set_new(object, "pts", json_integer(vt_frame_to_90k(cue->rev_frame, desk->timing.rate)));
    set_time(desk, object, "program_date_time", cue->rev_frame);
    set_part(desk, object, desk_first_output(cue), cue->rev_frame);
}

json_t *desk_position(const struct vt_desk *desk, const struct cue *cue)
{
    json_t *body = json_pack("{s:s, s:I}", "id", cue->id, "rev", (json_int_t)cue->rev);
    if (desk_on_air(cue) || cue->first)
        set_place(desk, body, cue);
    return body;
}

void desk_explain(const struct vt_desk *desk, struct cue *cue, int output, const char *why)
{
    char text[VT_WHY];
    snprintf(text, sizeof text, "%s", why);
    if (desk->n_outputs > 1)
        snprintf(cue->why, sizeof cue->why, "output %s: %.*s", desk->outputs[output].name, VT_WHY - VT_NAME_ROOM - 10,
                 text);
    else
        memcpy(cue->why, text, sizeof cue->why);
}

static json_t *hotspots_json(const struct vt_view *view)
{
    int count;
    const struct vt_hotspot *h = vt_view_hotspots(view, &count);
    json_t *list = json_array();
    for (int i = 0; i < count; i++) {
        json_t *item = json_pack("{s:s, s:s, s:[f,f,f,f], s:i, s:s*}", "name", h[i].name, "action", h[i].action,
                                 "rect", h[i].x, h[i].y, h[i].width, h[i].height, "z", h[i].z, "label", h[i].label);
        if (h[i].quantity)
            json_object_set_new(item, "quantity", json_integer(h[i].quantity));
        if (h[i].item)
            json_object_set_new(item, "item", json_string(h[i].item));
        if (h[i].coupon)
            json_object_set_new(item, "coupon", json_string(h[i].coupon));
        if (h[i].url)
            json_object_set_new(item, "url", json_string(h[i].url));
        json_array_append_new(list, item);
    }
    return list;
}

static void set_template(json_t *object, const struct cue *cue)
{
    const struct vt_template *t = cue->view_template ? cue->view_template : cue->template;
    char name[2 * VT_TEMPLATE_ID + 2];
    snprintf(name, sizeof name, "%s@%s", vt_template_id(t), vt_template_version(t));
    json_object_set_new(object, "template", json_string(name));
}

static void set_price(json_t *object, const struct vt_view *view)
{
    int64_t amount;
    char currency[4];
    if (vt_view_price(view, &amount, currency))
        json_object_set_new(object, "price", json_pack("{s:I, s:s}", "amount", (json_int_t)amount, "currency", currency));
}

static json_t *rects_json(const struct vt_view *view)
{
    int count;
    const struct vt_hotspot *h = vt_view_hotspots(view, &count);
    json_t *list = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(list, json_pack("{s:s, s:[f,f,f,f]}", "name", h[i].name, "rect", h[i].x, h[i].y,
                                              h[i].width, h[i].height));
    return list;
}

// Where it stands in each output, and with `rects` where it can be tapped there.
static json_t *outputs_json(const struct vt_desk *desk, const struct cue *cue, bool rects)
{
    json_t *outputs = json_object();
    for (int i = 0; i < desk->n_outputs; i++) {
        if (!(cue->outputs & 1u << i))
            continue;
        json_t *one = json_object();
        if (desk_on_air(cue) || cue->first)
            set_part(desk, one, i, cue->rev_frame);
        if (rects && cue->cast.views[i])
            json_object_set_new(one, "hotspots", rects_json(cue->cast.views[i]));
        json_object_set_new(outputs, desk->outputs[i].name, one);
    }
    return outputs;
}

json_t *desk_receipt(const struct vt_desk *desk, const struct cue *cue)
{
    json_t *body = desk_position(desk, cue);
    if (desk->n_outputs > 1)
        json_object_set_new(body, "outputs", outputs_json(desk, cue, false));
    return body;
}

json_t *desk_cue_json(const struct vt_desk *desk, const struct cue *cue)
{
    json_t *json = desk_position(desk, cue);
    json_object_set_new(json, "state", json_string(state_name(cue->state)));
    json_object_set_new(json, "output", json_string(desk->outputs[desk_first_output(cue)].name));
    if (desk->n_outputs > 1)
        json_object_set_new(json, "outputs", outputs_json(desk, cue, true));
    json_object_set_new(json, "step", json_integer(cue->step));
    set_template(json, cue);
    json_object_set_new(json, "template_sha256", json_string(vt_template_sha256(cue->view_template ? cue->view_template
                                                                                                   : cue->template)));
    if (cue->product[0])
        json_object_set_new(json, "product", json_string(cue->product));
    if (desk_on_air(cue) || cue->first)
        set_time(desk, json, "started", cue->start_frame);
    else if (cue->at_frame > 0)
        set_time(desk, json, "at", cue->at_frame);
    if (cue->end_frame != INT64_MAX)
        set_time(desk, json, "ends", cue->end_frame);
    struct vt_view *view = cast_first(&cue->cast);
    if (view) {
        set_price(json, view);
        json_object_set_new(json, "hotspots", hotspots_json(view));
    }
    if (cue->why[0])
        json_object_set_new(json, "error", json_string(cue->why));
    return json;
}

// The full product as shown, and the labels uncut: what `more` points at.
char *desk_more(const struct vt_desk *desk, const struct cue *cue, int output)
{
    json_t *json = json_pack("{s:s, s:I, s:s}", "id", cue->id, "rev", (json_int_t)cue->rev, "output",
                             desk->outputs[output].name);
    set_template(json, cue);
    json_object_update(json, cue->shown);
    json_t *product = json_object_get(json_object_get(cue->shown, "data"), "product");
    if (product)
        json_object_set(json, "product", product);
    json_object_set_new(json, "hotspots", hotspots_json(cue->cast.views[output]));
    char *text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(10));
    json_decref(json);
    return text;
}

void desk_changed(struct vt_desk *desk, const struct cue *cue)
{
    desk->hooks.changed(desk->hooks.opaque, desk_cue_json(desk, cue));
}

// -- requests that wait

struct waiting *desk_wait(struct vt_desk *desk, const json_t *request, int status, bool many)
{
    struct waiting *waiting = calloc(1, sizeof *waiting);
    if (!waiting)
        return NULL;
    waiting->request = json_deep_copy(request);
    waiting->status = status;
    waiting->many = many;
    waiting->answers = json_array();
    waiting->next = desk->waiting;
    desk->waiting = waiting;
    desk->n_waiting++;
    return waiting;
}

void desk_wait_on(struct waiting *waiting, const struct cue *cue, int64_t ask)
{
    waiting->on[waiting->left].cue = cue->key;
    waiting->on[waiting->left++].ask = ask;
}

static void forget(struct vt_desk *desk, struct waiting *waiting)
{
    struct waiting **at = &desk->waiting;
    while (*at != waiting)
        at = &(*at)->next;
    *at = waiting->next;
    desk->n_waiting--;
    json_decref(waiting->request);
    json_decref(waiting->answers);
    free(waiting);
}

void desk_waited(struct vt_desk *desk, struct waiting *waiting)
{
    if (waiting->left > 0)
        return;
    if (waiting->many)
        reply(desk, waiting->request, waiting->status, json_pack("{s:i, s:O}", "count", waiting->count, "cues", waiting->answers));
    else
        reply(desk, waiting->request, waiting->status, json_incref(json_array_get(waiting->answers, 0)));
    forget(desk, waiting);
}

static void answer_one(struct vt_desk *desk, struct waiting *waiting, int at, json_t *answer)
{
    if (json_array_size(waiting->answers) < ANSWERS)
        json_array_append_new(waiting->answers, answer);
    else
        json_decref(answer);
    waiting->count++;
    waiting->on[at] = waiting->on[--waiting->left];
    desk_waited(desk, waiting);
}

static int waits_on(const struct waiting *waiting, const struct cue *cue)
{
    for (int i = 0; i < waiting->left; i++)
        if (waiting->on[i].cue == cue->key)
            return i;
    return -1;
}

static json_t *answer_for(const struct vt_desk *desk, const struct waiting *waiting, const struct cue *cue)
{
    return waiting->many ? desk_position(desk, cue) : desk_receipt(desk, cue);
}

static void reached(struct vt_desk *desk, struct waiting *waiting, int at, const struct cue *cue)
{
    bool over = cue->state == CUE_ENDED || cue->state == CUE_FAILED;
    if (over && (waiting->for_end || waiting->many)) {
        answer_one(desk, waiting, at, answer_for(desk, waiting, cue));
    } else if (over) {
        desk_problem(desk, waiting->request, 409, "Conflict", "cue \"%s\" went off air before this", cue->id);
        forget(desk, waiting);
    } else if (waiting->for_end) {
        return;
    } else if (cue->state == CUE_SCHEDULED && cue->next_ask >= waiting->on[at].ask) {
        json_t *answer = answer_for(desk, waiting, cue);
        set_time(desk, answer, "at", cue->at_frame);
        waiting->status = waiting->many ? waiting->status : 202;
        answer_one(desk, waiting, at, answer);
    } else if (desk_on_air(cue) && cue->shown_ask >= waiting->on[at].ask) {
        answer_one(desk, waiting, at, answer_for(desk, waiting, cue));
    }
}

void desk_reached(struct vt_desk *desk, const struct cue *cue)
{
    struct waiting *waiting = desk->waiting;
    while (waiting) {
        struct waiting *next = waiting->next;
        int at = waits_on(waiting, cue);
        if (at >= 0)
            reached(desk, waiting, at, cue);
        waiting = next;
    }
}

void desk_failed(struct vt_desk *desk, const struct cue *cue, int64_t ask, int status, const char *why)
{
    struct waiting *waiting = desk->waiting;
    while (waiting) {
        struct waiting *next = waiting->next;
        int at = waits_on(waiting, cue);
        if (at >= 0 && !waiting->for_end && (ask == INT64_MAX || waiting->on[at].ask == ask)) {
            if (waiting->many) {
                answer_one(desk, waiting, at, json_pack("{s:s, s:s}", "id", cue->id, "error", why));
            } else {
                const char *title = status == 422 ? "Unprocessable Content" : status == 429 ? "Too Many Requests" :
                    status == 409 ? "Conflict" : "Internal Server Error";
                desk_problem(desk, waiting->request, status, title, "%s", why);
                forget(desk, waiting);
            }
        }
        waiting = next;
    }
}
