// PUT and DELETE of /v1/channels/{channel}: channels that the API makes. The supervisor says whether one can be; then it is
// kept in the state store, and then the answer goes out.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "serve/api.h"
#include "serve/definition.h"

// A wish that the supervisor has been told of.
struct vt_wish {
    struct vt_wish *next;
    int64_t number;
    struct vt_request *request;
    char channel[VT_NAME_ROOM];
    json_t *definition;                  // as it is to be kept; NULL: removed
    json_t *warnings;
    bool is_new;
};

static void free_wish(struct vt_wish *wish)
{
    json_decref(wish->definition);
    json_decref(wish->warnings);
    free(wish);
}

void vt_wishes_free(struct vt_wish **wishes)
{
    while (*wishes) {
        struct vt_wish *wish = *wishes;
        *wishes = wish->next;
        free_wish(wish);
    }
}

// Sends it on; the request waits. `wish` is taken over.
static void ask(struct vt_request *request, struct vt_wish *wish)
{
    struct vt_origin *origin = vt_request_origin(request);
    bool put = wish->definition != NULL;
    wish->number = ++origin->wish_number;
    wish->request = request;
    json_t *body = json_pack("{s:I, s:s, s:O*}", "request", (json_int_t)wish->number, "channel", wish->channel, "definition",
                             wish->definition);
    if (vt_link_send(origin->supervisor, put ? VT_MSG_CHANNEL_DEFINE : VT_MSG_CHANNEL_REMOVE, body, NULL, 0) < 0) {
        free_wish(wish);
        vt_answer_problem(&request->answer, 503, "The supervisor does not listen", "Ask again in a moment.");
        return;
    }
    wish->next = origin->wishes;
    origin->wishes = wish;
    vt_request_wait(request);
}

static struct vt_wish *new_wish(struct vt_request *request)
{
    struct vt_wish *wish = calloc(1, sizeof *wish);
    if (wish)
        vt_name_copy(wish->channel, request->match.args[0]);
    else
        vt_answer_problem(&request->answer, 503, "Out of memory", "Ask again.");
    return wish;
}

static bool is_fixed(struct vt_request *request, const struct vt_broadcast *broadcast)
{
    if (broadcast && broadcast->fixed)
        vt_answer_problem(&request->answer, 409, "The channel is fixed",
                          "Channel \"%s\" stands in the configuration file. Change it there and start the server anew.",
                          broadcast->name);
    return broadcast && broadcast->fixed;
}

// ---- PUT

static void answer_refusal(struct vt_request *request, const json_t *definition, const struct vt_diagnostics *said, int error)
{
    if (error == -ENOMEM) {
        vt_answer_problem(&request->answer, 503, "Out of memory", "Ask again.");
        return;
    }
    if (error == -EMSGSIZE) {
        vt_answer_problem(&request->answer, 413, "The channel is too large", "Its definition has at most %d bytes.",
                          VT_DEFINITION_BYTES);
        return;
    }
    json_t *problem = json_pack("{s:s, s:i, s:s, s:s, s:o}", "type", "about:blank", "status", 422, "title",
                                "The channel is not taken", "detail", "\"errors\" says what is wrong, and where.", "errors",
                                vt_definition_said(definition, said, VT_ERROR));
    vt_answer_json(&request->answer, 422, problem);
    request->answer.type = "application/problem+json";
}

// Reads it as the supervisor will. Returns what is to be warned of, or NULL once the request has its answer.
static json_t *check(struct vt_request *request, const json_t *definition)
{
    struct vt_diagnostics *said = calloc(1, sizeof *said);
    struct vt_channel channel;
    json_t *warnings = NULL;
    int error = said ? vt_definition_read(&channel, request->match.args[0], definition, vt_request_origin(request)->folder, said)
                     : -ENOMEM;
    if (error == 0) {
        vt_channel_free(&channel);
        warnings = vt_definition_said(definition, said, VT_WARNING);
    } else {
        answer_refusal(request, definition, said, error);
    }
    free(said);
    return warnings;
}

void vt_api_put_channel(struct vt_request *request)
{
    const char *name = request->match.args[0];
    struct vt_broadcast *broadcast = vt_origin_find(vt_request_origin(request), name);
    if (!vt_name_valid(name)) {
        vt_answer_problem(&request->answer, 422, "Not a name", "A channel's name is 1 to 32 of A-Z a-z 0-9 _ and -.");
        return;
    }
    if (is_fixed(request, broadcast))
        return;
    json_t *definition = vt_request_object(request), *warnings = definition ? check(request, definition) : NULL;
    struct vt_wish *wish = warnings ? new_wish(request) : NULL;
    if (wish) {
        wish->definition = vt_definition_hashed(definition);
        wish->warnings = json_incref(warnings);
        wish->is_new = !broadcast;
        ask(request, wish);
    }
    json_decref(warnings);
    json_decref(definition);
}

// ---- DELETE

void vt_api_delete_channel(struct vt_request *request)
{
    struct vt_broadcast *broadcast = vt_request_broadcast(request);
    if (!broadcast || is_fixed(request, broadcast))
        return;
    struct vt_wish *wish = new_wish(request);
    if (wish)
        ask(request, wish);
}

// ---- the supervisor's answer

// The supervisor has done what could not be kept: it is told what the store says.
static void take_back(struct vt_origin *origin, const char *channel)
{
    json_t *definition = NULL;
    int error = vt_store_channel(origin->store, channel, &definition);
    json_t *body = json_pack("{s:s, s:o*}", "channel", channel, "definition", definition);
    vt_link_send(origin->supervisor, error ? VT_MSG_CHANNEL_REMOVE : VT_MSG_CHANNEL_DEFINE, body, NULL, 0);
}

static void keep(struct vt_origin *origin, struct vt_wish *wish)
{
    struct vt_answer *answer = &wish->request->answer;
    bool put = wish->definition != NULL;
    int error = put ? vt_store_put_channel(origin->store, wish->channel, wish->definition)
                    : vt_store_delete_channel(origin->store, wish->channel);
    if (error < 0 && (put || error != -ENOENT)) {
        take_back(origin, wish->channel);
        vt_answer_store_failure(answer, error);
        return;
    }
    if (!put) {
        vt_answer_init(answer, 204);
        return;
    }
    const struct vt_broadcast *broadcast = vt_origin_find(origin, wish->channel);
    json_t *body = broadcast ? vt_api_channel(broadcast) : json_object();
    json_object_set(body, "warnings", wish->warnings);
    vt_answer_json(answer, wish->is_new ? 201 : 200, body);
}

void vt_wish_answered(struct vt_origin *origin, const json_t *body)
{
    int64_t number = vt_message_int(body, "request", 0);
    struct vt_wish **at = &origin->wishes;
    while (*at && (*at)->number != number)
        at = &(*at)->next;
    struct vt_wish *wish = *at;
    if (!wish)
        return;
    *at = wish->next;
    int status = (int)vt_message_int(body, "status", 500);
    if (status < 300)
        keep(origin, wish);
    else
        vt_request_receipt(wish->request, status, body);
    vt_request_resume(wish->request);
    free_wish(wish);
}

int vt_channels_tell(const struct vt_origin *origin)
{
    json_t *all = NULL, *definition;
    const char *name;
    int error = vt_store_channels(origin->store, &all);
    json_object_foreach(all, name, definition) {
        if (error == 0)
            error = vt_link_send(origin->supervisor, VT_MSG_CHANNEL_DEFINE,
                                 json_pack("{s:s, s:O}", "channel", name, "definition", definition), NULL, 0);
    }
    json_decref(all);
    return error;
}
