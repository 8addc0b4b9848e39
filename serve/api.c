#include "serve/api.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "serve/definition.h"
#include "studio/bundle.h"

static void get_openapi(struct vt_request *request)
{
    vt_answer_init(&request->answer, 200);
    request->answer.type = "application/json";
    request->answer.data = strdup(vt_openapi_json);
    request->answer.size = request->answer.data ? strlen(request->answer.data) : 0;
}

const struct vt_route vt_api_routes[] = {
    {"GET", "/v1/channels", vt_api_list_channels, false, 0},
    {"GET", "/v1/channels/{channel}", vt_api_get_channel, false, 0},
    {"PUT", "/v1/channels/{channel}", vt_api_put_channel, false, VT_DEFINITION_BYTES},
    {"DELETE", "/v1/channels/{channel}", vt_api_delete_channel, false, 0},
    {"GET", "/v1/channels/{channel}/status", vt_api_get_status, false, 0},
    {"POST", "/v1/channels/{channel}/end", vt_api_end_show, false, 1024},
    {"DELETE", "/v1/channels/{channel}/publisher", vt_api_kick_publisher, false, 0},
    {"POST", "/v1/channels/{channel}/signatures", vt_api_sign_address, false, 1024},
    {"GET", "/v1/channels/{channel}/keys", vt_api_list_keys, false, 0},
    {"POST", "/v1/channels/{channel}/keys", vt_api_make_key, false, 1024},
    {"DELETE", "/v1/channels/{channel}/keys/{key}", vt_api_revoke_key, false, 0},
    {"GET", "/v1/channels/{channel}/cues", vt_api_list_cues, false, 0},
    {"POST", "/v1/channels/{channel}/cues", vt_api_take_cue, false, VT_TAKE_BYTES},
    {"DELETE", "/v1/channels/{channel}/cues", vt_api_remove_cue, false, 0},
    {"GET", "/v1/channels/{channel}/cues/{cue}", vt_api_get_cue, false, 0},
    {"PATCH", "/v1/channels/{channel}/cues/{cue}", vt_api_patch_cue, false, VT_TAKE_BYTES},
    {"DELETE", "/v1/channels/{channel}/cues/{cue}", vt_api_remove_cue, false, 0},
    {"GET", "/v1/products", vt_api_list_products, false, 0},
    {"GET", "/v1/products/{product}", vt_api_get_product, false, 0},
    {"PUT", "/v1/products/{product}", vt_api_put_product, false, 2 * 12 * 1024},
    {"PATCH", "/v1/products/{product}", vt_api_patch_product, false, 2 * 12 * 1024},
    {"DELETE", "/v1/products/{product}", vt_api_delete_product, false, 0},
    {"GET", "/v1/templates", vt_api_list_templates, false, 0},
    {"GET", "/v1/templates/schema", vt_api_get_template_schema, false, 0},
    {"GET", "/v1/templates/{template}", vt_api_get_template, false, 0},
    {"PUT", "/v1/templates/{template}", vt_api_put_template, false, VT_BUNDLE_BODY},
    {"DELETE", "/v1/templates/{template}", vt_api_delete_template, false, 0},
    {"GET", "/v1/events", vt_api_subscribe, false, 0},
    {"GET", "/v1/openapi.json", get_openapi, true, 0},
    {"GET", "/metrics", vt_api_metrics, false, 0},
    {"GET", "/healthz", vt_healthz, true, 0},
    {0},
};

bool vt_api_admit(struct vt_request *request)
{
    if (vt_token_accepts(&vt_request_origin(request)->token, vt_request_header(request, "Authorization")))
        return true;
    vt_answer_problem(&request->answer, 401, "No valid token",
                      "Send the header \"Authorization: Bearer TOKEN\" with the token of the server's token file.");
    vt_answer_header(&request->answer, "WWW-Authenticate", "Bearer realm=\"vitrine\"");
    return false;
}

struct vt_origin *vt_request_origin(const struct vt_request *request)
{
    return request->site->opaque;
}

struct vt_broadcast *vt_origin_find(const struct vt_origin *origin, const char *channel)
{
    for (int i = 0; i < origin->n_broadcasts; i++)
        if (strcmp(origin->broadcasts[i]->name, channel) == 0)
            return origin->broadcasts[i];
    return NULL;
}

struct vt_broadcast *vt_request_broadcast(struct vt_request *request)
{
    const char *name = request->match.args[0];
    struct vt_broadcast *broadcast = vt_origin_find(vt_request_origin(request), name);
    if (!broadcast)
        vt_answer_problem(&request->answer, 404, "No such channel",
                          "There is no channel \"%s\". GET /v1/channels lists them.", name);
    return broadcast;
}

struct vt_broadcast *vt_request_show(struct vt_request *request)
{
    struct vt_broadcast *broadcast = vt_request_broadcast(request);
    if (broadcast && !vt_desk_client_show(broadcast->desk)) {
        vt_answer_problem(&request->answer, 409, "No show is running",
                          "The show of channel \"%s\" starts with its first publisher. Start to push, then ask again.",
                          broadcast->name);
        return NULL;
    }
    return broadcast;
}

json_t *vt_request_object(struct vt_request *request)
{
    char why[VT_JSON_WHY] = "it is empty";
    json_t *body = request->body_size
        ? vt_json_parse(request->body, request->body_size, VT_BODY_DEPTH, why) : NULL;
    if (json_is_object(body))
        return body;
    vt_answer_problem(&request->answer, 400, "The body is not a JSON object", "Send one JSON object: %s.",
                      body ? "this is another JSON value" : why);
    json_decref(body);
    return NULL;
}

static bool listed(const char *name, const char *const *names)
{
    while (*names && strcmp(*names, name) != 0)
        names++;
    return *names;
}

bool vt_request_unknown_member(struct vt_request *request, const json_t *body, const char *const *known)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)body, name, value) {
        if (listed(name, known))
            continue;
        char text[100], list[256] = "";
        for (const char *const *at = known; *at; at++)
            snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", at == known ? "" : ", ", *at);
        vt_answer_problem(&request->answer, 422, "Unknown member", "\"%s\" is none of: %s.",
                          vt_escape(text, sizeof text, name, strlen(name)), list);
        return true;
    }
    return false;
}

void vt_request_receipt(struct vt_request *request, int status, const json_t *body)
{
    if (status >= 400) {
        const char *title = vt_message_text(body, "title"), *detail = vt_message_text(body, "detail");
        vt_answer_problem(&request->answer, status, title ? title : "The studio refused", "%s",
                          detail ? detail : "It gave no reason.");
        if (status == 503 || status == 504)
            vt_answer_header(&request->answer, "Retry-After", "1");
        return;
    }
    vt_answer_json(&request->answer, status, json_copy((json_t *)body));
}

void vt_request_desk_failure(struct vt_request *request, int error)
{
    switch (error) {
    case -EBUSY:
        vt_answer_problem(&request->answer, 429, "Too many requests",
                          "%d requests of this channel wait for the studio. Wait for their answers.", VT_ASKS_MAX);
        break;
    case -EMSGSIZE:
        vt_answer_problem(&request->answer, 413, "Body too large", "Make \"data\" smaller.");
        return;
    default:
        vt_answer_problem(&request->answer, 503, "The studio is not there",
                          "It comes back within a second. Ask again then.");
    }
    vt_answer_header(&request->answer, "Retry-After", "1");
}
