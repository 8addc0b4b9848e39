// /v1/events and /metrics: what happens, and how much of it.
#include <inttypes.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/metrics.h"
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

static const struct vt_metric answers = {"vitrine_http_answers_total", VT_COUNTER, "Answers by class of status."};
static const struct vt_metric subscribers = {"vitrine_event_subscribers", VT_GAUGE, "Clients of /v1/events."};
static const struct vt_metric waiting = {"vitrine_http_waiting", VT_GAUGE,
                                         "Requests that wait for a playlist or a part."};
static const struct vt_metric on_air = {"vitrine_channel_on_air", VT_GAUGE, "1 while the channel's show runs."};
static const struct vt_metric cues = {"vitrine_cues_on_air", VT_GAUGE, "Cues on air or prepared."};
static const struct vt_metric viewer = {"vitrine_viewer_events_total", VT_COUNTER, "Viewer events by name."};
static const struct vt_metric refused = {"vitrine_viewer_events_refused_total", VT_COUNTER,
                                         "Viewer events over the rate, or that were none."};
static const struct vt_metric crashes = {"vitrine_ingest_crashes_total", VT_COUNTER, "Ingests that crashed."};
static const struct vt_metric hangs = {"vitrine_ingest_hangs_total", VT_COUNTER, "Ingests that were killed since they hung."};
static const struct vt_metric bans = {"vitrine_key_bans_total", VT_COUNTER,
                                      "Keys not let in for a while since their ingests crashed again and again."};
static const struct vt_metric studio_frames = {"vitrine_studio_frames_total", VT_COUNTER, "Frames composed."};
static const struct vt_metric studio_repeated = {"vitrine_studio_repeated_frames_total", VT_COUNTER,
                                                 "Frames composed from a repeated picture."};
static const struct vt_metric studio_late = {"vitrine_studio_late_frames_total", VT_COUNTER,
                                             "Frames that were not ready in time."};

static double count_on_air(const struct vt_broadcast *broadcast)
{
    double count = 0;
    const char *id;
    json_t *cue;
    json_object_foreach((json_t *)vt_desk_client_cues(broadcast->desk), id, cue)
        count += vt_cue_state_on_air(cue);
    return count;
}

static double is_on_air(const struct vt_broadcast *broadcast)
{
    return vt_desk_client_show(broadcast->desk) != NULL;
}

static double count_refused(const struct vt_broadcast *broadcast)
{
    return (double)broadcast->viewers.refused;
}

static void write_each(struct vt_writer *w, const struct vt_origin *origin, const struct vt_metric *metric,
                       double (*value)(const struct vt_broadcast *broadcast))
{
    char labels[64];
    vt_metric_head(w, metric);
    for (int i = 0; i < origin->n_broadcasts; i++) {
        snprintf(labels, sizeof labels, "channel=\"%s\"", origin->broadcasts[i]->name);
        vt_metric_sample(w, metric, labels, value(origin->broadcasts[i]));
    }
}

// A number of a part of the status, where there is one.
static void write_of(struct vt_writer *w, const struct vt_origin *origin, const char *part,
                     const struct vt_metric *metric, const char *member)
{
    char labels[64];
    vt_metric_head(w, metric);
    for (int i = 0; i < origin->n_broadcasts; i++) {
        const json_t *value = json_object_get(json_object_get(origin->broadcasts[i]->status, part), member);
        if (!json_is_number(value))
            continue;
        snprintf(labels, sizeof labels, "channel=\"%s\"", origin->broadcasts[i]->name);
        vt_metric_sample(w, metric, labels, json_number_value(value));
    }
}

static void write_viewers(struct vt_writer *w, const struct vt_origin *origin)
{
    char labels[160];
    vt_metric_head(w, &viewer);
    for (int i = 0; i < origin->n_broadcasts; i++) {
        const char *event;
        json_t *count;
        json_object_foreach(origin->broadcasts[i]->viewers.by_event, event, count) {
            snprintf(labels, sizeof labels, "channel=\"%s\",event=\"%s\"", origin->broadcasts[i]->name, event);
            vt_metric_sample(w, &viewer, labels, (double)json_integer_value(count));
        }
    }
}

void vt_api_metrics(struct vt_request *request)
{
    const struct vt_origin *origin = vt_request_origin(request);
    struct vt_writer w = {0};
    vt_metric_head(&w, &answers);
    for (int i = 1; i < 6; i++) {
        char labels[32];
        snprintf(labels, sizeof labels, "class=\"%dxx\"", i);
        vt_metric_sample(&w, &answers, labels, (double)origin->answers[i]);
    }
    vt_metric_head(&w, &subscribers);
    vt_metric_sample(&w, &subscribers, NULL, vt_feed_count(&origin->feed));
    vt_metric_head(&w, &waiting);
    vt_metric_sample(&w, &waiting, NULL, vt_waiting_count(origin->waiting));
    write_each(&w, origin, &on_air, is_on_air);
    write_each(&w, origin, &cues, count_on_air);
    write_viewers(&w, origin);
    write_each(&w, origin, &refused, count_refused);
    write_of(&w, origin, "studio", &studio_frames, "frames");
    write_of(&w, origin, "studio", &studio_repeated, "repeated");
    write_of(&w, origin, "studio", &studio_late, "late");
    write_of(&w, origin, "faults", &crashes, "crashes");
    write_of(&w, origin, "faults", &hangs, "hangs");
    write_of(&w, origin, "faults", &bans, "bans");
    if (w.failed) {
        vt_writer_free(&w);
        vt_answer_problem(&request->answer, 503, "Out of memory", "Ask again later.");
        return;
    }
    vt_answer_init(&request->answer, 200);
    request->answer.type = "text/plain; version=0.0.4; charset=utf-8";
    request->answer.data = (char *)w.data;
    request->answer.size = w.size;
}
