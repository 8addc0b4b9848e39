// /v1/channels/{channel}/cues: takes and their receipts.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mediatime.h"
#include "serve/api.h"
#include "serve/product.h"

#define TEMPLATE_MAX 260                 // bytes of "id@version"

// A take on its way. `keys` are what a repeat would be known by: an Idempotency-Key, the client's own id.
struct vt_inflight {
    struct vt_request *request;
    struct vt_broadcast *broadcast;
    char show[VT_NAME_ROOM];
    char keys[2][65];
    char fingerprint[65];
    json_t *take;
    struct vt_inflight *next;
};

// ---- reading

static bool flawed(struct vt_request *request, const char *detail)
{
    vt_answer_problem(&request->answer, 422, "Not a valid cue", "%s", detail);
    return true;
}

static bool at_is_wrong(const json_t *at)
{
    int64_t ns;
    if (json_is_object(at))
        return !json_is_integer(json_object_get(at, "pts")) || json_object_size(at) != 1;
    return at && (!json_is_string(at) || vt_parse_time(json_string_value(at), &ns) < 0);
}

static bool names_no_product(struct vt_request *request, const char *id)
{
    if (!id || strlen(id) > VT_PRODUCT_ID_MAX)
        return flawed(request, "\"product\" must be a product's id.");
    json_t *known = NULL;
    if (vt_store_product(vt_request_origin(request)->store, id, &known) == -ENOENT) {
        vt_answer_problem(&request->answer, 404, "No such product",
                          "There is no product \"%s\". GET /v1/products lists them, PUT makes one.", id);
        return true;
    }
    json_decref(known);
    return false;
}

static bool has_flawed_change(struct vt_request *request, const json_t *body)
{
    const json_t *product = json_object_get(body, "product"), *data = json_object_get(body, "data");
    const json_t *duration = json_object_get(body, "duration"), *step = json_object_get(body, "step");
    if (data && !json_is_object(data))
        return flawed(request, "\"data\" must be an object: the fields of the template.");
    if (duration && !(json_is_number(duration) && json_number_value(duration) > 0))
        return flawed(request, "\"duration\" must be a number of seconds above 0.");
    if (step && !json_is_integer(step))
        return flawed(request, "\"step\" must be a whole number.");
    return product && names_no_product(request, json_string_value(product));
}

static bool has_flawed_take(struct vt_request *request, const json_t *body)
{
    static const char *const known[] = {"template", "product", "data",   "id", "at",
                                        "duration", "output",  "step", NULL};
    const json_t *id = json_object_get(body, "id"), *output = json_object_get(body, "output");
    const char *template = vt_message_text(body, "template");
    if (vt_request_unknown_member(request, body, known))
        return true;
    if (!template || !template[0] || strlen(template) > TEMPLATE_MAX)
        return flawed(request, "\"template\" must be a template's id. The channel's status lists what it has.");
    if (id && !vt_name_valid(json_string_value(id)))
        return flawed(request, "\"id\" must be 1 to 32 of A-Z a-z 0-9 _ and -.");
    if (output && !vt_name_valid(json_string_value(output)))
        return flawed(request, "\"output\" must be an output's name.");
    if (at_is_wrong(json_object_get(body, "at")))
        return flawed(request, "\"at\" must be a time like \"2026-03-01T19:00:00Z\", or {\"pts\": TICKS}.");
    return has_flawed_change(request, body);
}

// ---- repeats

static void make_key(char out[65], const char *kind, const struct vt_broadcast *broadcast, const char *show,
                     const char *key)
{
    char text[512];
    int size = snprintf(text, sizeof text, "%s\n%s\n%s\n%s", kind, broadcast->name, show, key);
    vt_sha256_hex(text, size < (int)sizeof text ? (size_t)size : sizeof text - 1, out);
}

static bool make_keys(struct vt_inflight *inflight)
{
    struct vt_request *request = inflight->request;
    const char *key = vt_request_header(request, "Idempotency-Key");
    const char *id = vt_message_text(inflight->take, "id");
    if (key && (!key[0] || strlen(key) > VT_IDEMPOTENCY_KEY)) {
        vt_answer_problem(&request->answer, 400, "Not a valid Idempotency-Key", "It must have 1 to %d bytes.",
                          VT_IDEMPOTENCY_KEY);
        return false;
    }
    if (key)
        make_key(inflight->keys[0], "key", inflight->broadcast, "", key);
    if (id)
        make_key(inflight->keys[1], "id", inflight->broadcast, inflight->show, id);
    char *text = json_dumps(inflight->take, JSON_COMPACT | JSON_SORT_KEYS);
    if (text)
        vt_sha256_hex(text, strlen(text), inflight->fingerprint);
    free(text);
    return true;
}

static bool is_on_its_way(const struct vt_origin *origin, const char *key)
{
    for (const struct vt_inflight *other = origin->inflight; other; other = other->next)
        if (strcmp(other->keys[0], key) == 0 || strcmp(other->keys[1], key) == 0)
            return true;
    return false;
}

// Answers a request that has been made before, or is being answered. Returns whether it was one.
static bool answer_repeat(struct vt_inflight *inflight, const char *key)
{
    struct vt_request *request = inflight->request;
    struct vt_origin *origin = vt_request_origin(request);
    int status;
    json_t *body = NULL;
    if (!key[0])
        return false;
    if (is_on_its_way(origin, key)) {
        vt_answer_problem(&request->answer, 409, "The same take is on its way", "Ask again in a second.");
        vt_answer_header(&request->answer, "Retry-After", "1");
        return true;
    }
    int found = vt_store_repeat(origin->store, key, inflight->fingerprint, vt_program_now_ns() / VT_NS_PER_S, &status,
                                &body);
    if (found == -EEXIST) {
        vt_answer_problem(&request->answer, key == inflight->keys[0] ? 422 : 409, "Used for another take",
                          "This %s belongs to another take. Choose a new one.",
                          key == inflight->keys[0] ? "Idempotency-Key" : "id");
        return true;
    }
    if (found != 1)
        return false;
    vt_answer_json(&request->answer, status, body);
    vt_answer_header(&request->answer, "Idempotency-Replayed", "true");
    return true;
}

// ---- a take

static void keep(struct vt_inflight *inflight, int status, const json_t *body)
{
    struct vt_origin *origin = vt_request_origin(inflight->request);
    int64_t now_ns = vt_program_now_ns();
    struct vt_cue_record record = {
        .channel = inflight->broadcast->name,
        .show = inflight->show,
        .id = vt_message_text(body, "id"),
        .take = inflight->take,
        .answer = (json_t *)body,
        .taken_ns = now_ns,
        .rev = vt_message_int(body, "rev", 1),
        .on_air = true,
    };
    int error = record.id ? vt_store_put_cue(origin->store, &record) : 0;
    for (int i = 0; i < 2 && error == 0; i++)
        if (inflight->keys[i][0])
            error = vt_store_keep_answer(origin->store, inflight->keys[i], inflight->fingerprint,
                                         now_ns / VT_NS_PER_S, status, body);
    // The cue is on air whatever happens here; what is lost is its return after a studio's death.
    if (error < 0)
        vt_warning("channel %s: a take could not be logged: %s", inflight->broadcast->name, strerror(-error));
}

static void free_inflight(struct vt_inflight *inflight)
{
    json_decref(inflight->take);
    free(inflight);
}

static void on_taken(void *opaque, int status, const json_t *body)
{
    struct vt_inflight *inflight = opaque;
    struct vt_request *request = inflight->request;
    struct vt_inflight **at = &vt_request_origin(request)->inflight;
    while (*at != inflight)
        at = &(*at)->next;
    *at = inflight->next;
    vt_request_receipt(request, status, body);
    const char *id = vt_message_text(body, "id");
    if (status < 300) {
        keep(inflight, status, body);
        if (id && vt_name_valid(id))
            vt_answer_header(&request->answer, "Location", "/v1/channels/%s/cues/%s", inflight->broadcast->name, id);
    }
    vt_request_resume(request);
    free_inflight(inflight);
}

static void take(struct vt_inflight *inflight)
{
    struct vt_request *request = inflight->request;
    struct vt_origin *origin = vt_request_origin(request);
    int error = vt_desk_client_ask(inflight->broadcast->desk, VT_MSG_DESK_TAKE, json_copy(inflight->take), NULL,
                                   VT_TAKE_LIMIT_NS, on_taken, inflight);
    if (error < 0) {
        vt_request_desk_failure(request, error);
        free_inflight(inflight);
        return;
    }
    inflight->next = origin->inflight;
    origin->inflight = inflight;
    vt_request_wait(request);
}

void vt_api_take_cue(struct vt_request *request)
{
    struct vt_broadcast *broadcast = vt_request_show(request);
    json_t *body = broadcast ? vt_request_object(request) : NULL;
    struct vt_inflight *inflight = body ? calloc(1, sizeof *inflight) : NULL;
    if (!inflight) {
        json_decref(body);
        return;
    }
    inflight->request = request;
    inflight->broadcast = broadcast;
    inflight->take = body;
    vt_name_copy(inflight->show, vt_desk_client_show(broadcast->desk));
    if (has_flawed_take(request, body) || !make_keys(inflight) || answer_repeat(inflight, inflight->keys[0]) ||
        answer_repeat(inflight, inflight->keys[1]))
        free_inflight(inflight);
    else
        take(inflight);
}

// ---- changes and removals

struct cue_change {
    struct vt_request *request;
    struct vt_broadcast *broadcast;
    char show[VT_NAME_ROOM];
    char id[VT_NAME_ROOM];               // "": all of them
    json_t *patch;                       // NULL: a removal
};

static void on_changed(void *opaque, int status, const json_t *body)
{
    struct cue_change *change = opaque;
    vt_request_receipt(change->request, status, body);
    if (status < 300 && change->patch)
        (void)vt_store_change_cue(vt_request_origin(change->request)->store, change->broadcast->name, change->show,
                                  change->id, change->patch);
    vt_request_resume(change->request);
    json_decref(change->patch);
    free(change);
}

// Asks the studio for a change by `patch` (stolen), or without one for a removal.
static void ask_change(struct vt_request *request, struct vt_broadcast *broadcast, enum vt_message_kind kind,
                       const char *id, json_t *patch)
{
    struct cue_change *change = calloc(1, sizeof *change);
    int error = change ? 0 : -ENOMEM;
    if (change) {
        json_t *body = patch ? json_copy(patch) : json_object();
        *change = (struct cue_change){.request = request, .broadcast = broadcast, .patch = patch};
        vt_name_copy(change->show, vt_desk_client_show(broadcast->desk));
        if (id && vt_name_copy(change->id, id) == 0)
            json_object_set_new(body, "id", json_string(id));
        error = vt_desk_client_ask(broadcast->desk, kind, body, NULL, VT_TAKE_LIMIT_NS, on_changed, change);
    }
    if (error == 0) {
        vt_request_wait(request);
        return;
    }
    vt_request_desk_failure(request, error);
    json_decref(patch);
    free(change);
}

// The cue of the address as the studio said it last; NULL with a 404.
static const json_t *find_cue(struct vt_request *request, const struct vt_broadcast *broadcast)
{
    const char *id = request->match.args[1];
    const json_t *cue = json_object_get(vt_desk_client_cues(broadcast->desk), id);
    if (!cue)
        vt_answer_problem(&request->answer, 404, "No such cue",
                          "Channel \"%s\" has no cue \"%s\" in its newest show. GET its cues lists them.",
                          broadcast->name, id);
    return cue;
}

void vt_api_patch_cue(struct vt_request *request)
{
    static const char *const known[] = {"data", "product", "duration", "step", NULL};
    struct vt_broadcast *broadcast = vt_request_show(request);
    if (!broadcast || !find_cue(request, broadcast))
        return;
    json_t *patch = vt_request_object(request);
    if (!patch)
        return;
    if (vt_request_unknown_member(request, patch, known) || has_flawed_change(request, patch) ||
        (json_object_size(patch) == 0 && flawed(request, "Give data, product, duration or step.")))
        json_decref(patch);
    else
        ask_change(request, broadcast, VT_MSG_DESK_PATCH, request->match.args[1], patch);
}

void vt_api_remove_cue(struct vt_request *request)
{
    struct vt_broadcast *broadcast = vt_request_show(request);
    const char *id = request->match.args[1];
    if (broadcast && (!id[0] || find_cue(request, broadcast)))
        ask_change(request, broadcast, VT_MSG_DESK_REMOVE, id[0] ? id : NULL, NULL);
}

// ---- looking

void vt_api_list_cues(struct vt_request *request)
{
    struct vt_broadcast *broadcast = vt_request_broadcast(request);
    if (!broadcast)
        return;
    json_t *list = json_array();
    const char *id, *show = vt_desk_client_show(broadcast->desk);
    json_t *cue;
    json_object_foreach((json_t *)vt_desk_client_cues(broadcast->desk), id, cue)
        json_array_append(list, cue);
    vt_answer_json(&request->answer, 200, json_pack("{s:o, s:s?}", "cues", list, "show", show));
}

void vt_api_get_cue(struct vt_request *request)
{
    struct vt_broadcast *broadcast = vt_request_broadcast(request);
    const json_t *cue = broadcast ? find_cue(request, broadcast) : NULL;
    if (cue)
        vt_answer_json(&request->answer, 200, json_copy((json_t *)cue));
}
