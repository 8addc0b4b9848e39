// /v1/events: what happens.
#include "serve/api.h"

void vt_api_subscribe(struct vt_request *request)
{
    struct vt_origin *origin = vt_request_origin(request);
    const char *channel = vt_request_query(request, "channel");
    if (channel && !vt_origin_find(origin, channel)) {
        vt_answer_problem(&request->answer, 404, "No such channel", "GET /v1/channels lists them.");
        return;
    }
    vt_feed_subscribe(&origin->feed, request, channel);
}
