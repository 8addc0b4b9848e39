// /v1/channels: what is configured, what runs, and who is sent away.
#include <string.h>

#include "serve/api.h"
#include "serve/definition.h"

json_t *vt_api_channel(const struct vt_broadcast *broadcast)
{
    json_t *channel = json_copy(broadcast->config), *definition = NULL;
    const char *show = vt_desk_client_show(broadcast->desk);
    json_object_set_new(channel, "name", json_string(broadcast->name));
    json_object_set_new(channel, "fixed", json_boolean(broadcast->fixed));
    json_object_set_new(channel, "show", show ? json_string(show) : json_null());
    if (!broadcast->fixed && vt_store_channel(broadcast->origin->store, broadcast->name, &definition) == 0)
        json_object_set_new(channel, "definition", vt_definition_shown(definition));
    json_decref(definition);
    return channel;
}

void vt_api_list_channels(struct vt_request *request)
{
    const struct vt_origin *origin = vt_request_origin(request);
    json_t *list = json_array();
    for (int i = 0; i < origin->n_broadcasts; i++)
        json_array_append_new(list, vt_api_channel(origin->broadcasts[i]));
    vt_answer_json(&request->answer, 200, json_pack("{s:o}", "channels", list));
}

void vt_api_get_channel(struct vt_request *request)
{
    struct vt_broadcast *broadcast = vt_request_broadcast(request);
    if (broadcast)
        vt_answer_json(&request->answer, 200, vt_api_channel(broadcast));
}

static json_t *cues_on_air(const struct vt_broadcast *broadcast)
{
    json_t *list = json_array();
    const char *id;
    json_t *cue;
    json_object_foreach((json_t *)vt_desk_client_cues(broadcast->desk), id, cue)
        if (vt_cue_state_on_air(cue))
            json_array_append(list, cue);
    return list;
}

void vt_api_get_status(struct vt_request *request)
{
    struct vt_broadcast *broadcast = vt_request_broadcast(request);
    if (!broadcast)
        return;
    json_t *status = broadcast->status ? json_copy(broadcast->status) : json_pack("{s:s}", "state", "off");
    json_object_set_new(status, "channel", json_string(broadcast->name));
    json_object_set_new(status, "history", broadcast->history ? json_incref(broadcast->history) : json_array());
    json_object_set_new(status, "cues_on_air", cues_on_air(broadcast));
    json_object_set(status, "viewer_events", broadcast->viewers.by_event);
    json_object_set(status, "viewer_items", broadcast->viewers.by_item);
    json_object_set(status, "viewer_outputs", broadcast->viewers.by_output);
    vt_answer_json(&request->answer, 200, status);
}

// Sends the supervisor a word about a channel; what becomes of it is seen in the status.
static void tell_supervisor(struct vt_request *request, const struct vt_broadcast *broadcast,
                            enum vt_message_kind kind)
{
    json_t *body = json_pack("{s:s}", "channel", broadcast->name);
    if (vt_link_send(vt_request_origin(request)->supervisor, kind, body, NULL, 0) < 0)
        vt_answer_problem(&request->answer, 503, "The supervisor does not listen", "Ask again in a moment.");
    else
        vt_answer_json(&request->answer, 202, json_pack("{s:s}", "channel", broadcast->name));
}

void vt_api_end_show(struct vt_request *request)
{
    struct vt_broadcast *broadcast = vt_request_show(request);
    if (broadcast)
        tell_supervisor(request, broadcast, VT_MSG_SHOW_END);
}

void vt_api_kick_publisher(struct vt_request *request)
{
    struct vt_broadcast *broadcast = vt_request_broadcast(request);
    if (!broadcast)
        return;
    const json_t *publisher = json_object_get(broadcast->status, "publisher");
    if (!json_is_object(publisher) || json_object_size(publisher) == 0)
        vt_answer_problem(&request->answer, 409, "Nobody is publishing",
                          "Channel \"%s\" has no publisher now. Its status says who publishes.", broadcast->name);
    else
        tell_supervisor(request, broadcast, VT_MSG_PUBLISHER_KICK);
}
