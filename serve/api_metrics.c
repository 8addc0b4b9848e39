// /metrics: counters and gauges of this process, of the channels' statuses and of the supervisor.
#include <stdio.h>

#include "base/bytes.h"
#include "base/metrics.h"
#include "serve/api.h"

static const struct vt_metric answers = {"vitrine_http_answers_total", VT_COUNTER, "Answers by class of status."};
static const struct vt_metric subscribers = {"vitrine_event_subscribers", VT_GAUGE, "Clients of /v1/events."};
static const struct vt_metric waiting = {"vitrine_http_waiting", VT_GAUGE,
                                         "Requests that wait for a playlist or a part."};
static const struct vt_metric on_air = {"vitrine_channel_on_air", VT_GAUGE, "1 while the channel's show runs."};
static const struct vt_metric cues = {"vitrine_cues_on_air", VT_GAUGE, "Cues on air or prepared."};
static const struct vt_metric viewer = {"vitrine_viewer_events_total", VT_COUNTER, "Viewer events by name."};
static const struct vt_metric refused = {"vitrine_viewer_events_refused_total", VT_COUNTER,
                                         "Viewer events over the rate, or that were none."};
static const struct vt_metric state = {"vitrine_channel_state", VT_GAUGE, "1 for the state that the channel is in."};
static const struct vt_metric publisher_info = {"vitrine_publisher_info", VT_GAUGE, "Who publishes, and what."};
static const struct vt_metric ended = {"vitrine_publishers_ended_total", VT_COUNTER,
                                       "Publishers that have ended, by reason."};
static const struct vt_metric turned_away = {"vitrine_publishers_refused_total", VT_COUNTER,
                                             "Encoders that asked to publish and were refused, by reason."};

static const struct vt_metric closed = {"vitrine_gate_closed_total", VT_COUNTER,
                                        "Connections that have ended at a gate."};
static const struct vt_metric asked = {"vitrine_webhook_answers_total", VT_COUNTER, "The webhook's answers by verdict."};

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

// -- what the statuses of channels say

// Numbers of a channel's status: where they stand in it, and what they are called.
static const struct {
    const char *path[3];                 // members, outermost first; NULL: no more
    struct vt_metric metric;
    double scale;
} numbers[] = {
    {{"studio", "frames"}, {"vitrine_studio_frames_total", VT_COUNTER, "Frames composed."}, 1},
    {{"studio", "repeated"}, {"vitrine_studio_repeated_frames_total", VT_COUNTER,
                              "Frames composed from a repeated picture."}, 1},
    {{"studio", "dropped"}, {"vitrine_studio_dropped_pictures_total", VT_COUNTER,
                             "Pictures of publishers that no frame showed."}, 1},
    {{"studio", "late"}, {"vitrine_studio_late_frames_total", VT_COUNTER, "Frames that were not ready in time."}, 1},
    {{"faults", "crashes"}, {"vitrine_ingest_crashes_total", VT_COUNTER, "Ingests that crashed."}, 1},
    {{"faults", "hangs"}, {"vitrine_ingest_hangs_total", VT_COUNTER, "Ingests that were killed since they hung."}, 1},
    {{"faults", "bans"}, {"vitrine_key_bans_total", VT_COUNTER,
                          "Keys not let in for a while since their ingests crashed again and again."}, 1},
    {{"publisher", "load", "behind_ms"}, {"vitrine_publisher_behind_seconds", VT_GAUGE,
                                          "How far decoding is behind what has come."}, 1e-3},
    {{"publisher", "load", "left_out"}, {"vitrine_publisher_left_out_pictures", VT_GAUGE,
                                         "Its pictures that were not decoded, to catch up."}, 1},
    {{"publisher", "load", "hurried"}, {"vitrine_publisher_hurried_pictures", VT_GAUGE,
                                        "Its pictures that came while decoding was behind."}, 1},
    {{"publisher", "load", "pauses"}, {"vitrine_publisher_pauses", VT_GAUGE,
                                       "Times that its connection was not read, since too much waited."}, 1},
    {{"publisher", "bytes"}, {"vitrine_publisher_bytes", VT_GAUGE, "Bytes that have come from the publisher."}, 1},
    {{"publisher", "frames"}, {"vitrine_publisher_pictures", VT_GAUGE, "Its pictures that were decoded."}, 1},
    {{"publisher", "dropped"}, {"vitrine_publisher_dropped_pictures", VT_GAUGE,
                                "Its pictures that were decoded and found no room."}, 1},
    {{"publisher", "errors"}, {"vitrine_publisher_errors", VT_GAUGE, "Its packets that could not be decoded."}, 1},
    {{"publisher", "video", "width"}, {"vitrine_publisher_video_width", VT_GAUGE, "Width of its picture."}, 1},
    {{"publisher", "video", "height"}, {"vitrine_publisher_video_height", VT_GAUGE, "Height of its picture."}, 1},
    {{"publisher", "video", "fps"}, {"vitrine_publisher_video_fps", VT_GAUGE, "Its pictures a second."}, 1},
    {{"publisher", "video", "kbps"}, {"vitrine_publisher_video_bits_per_second", VT_GAUGE, "Its picture's bit rate."},
     1000},
    {{"publisher", "audio", "kbps"}, {"vitrine_publisher_audio_bits_per_second", VT_GAUGE, "Its sound's bit rate."},
     1000},
    {{"publisher", "audio", "rate"}, {"vitrine_publisher_audio_rate", VT_GAUGE, "Its sound's samples a second."}, 1},
    {{"publisher", "audio", "channels"}, {"vitrine_publisher_audio_channels", VT_GAUGE, "Its sound's channels."}, 1},
    {{"publisher", "video", "skipped"}, {"vitrine_publisher_skipped_pictures", VT_GAUGE,
                                         "Its pictures before the first that could be decoded."}, 1},
    {{"publisher", "video", "key_interval"}, {"vitrine_publisher_key_interval_seconds", VT_GAUGE,
                                              "How far its key frames are apart."}, 1},
    {{"publisher", "timing", "mended"}, {"vitrine_publisher_mended_timestamps", VT_GAUGE,
                                         "Its timestamps that were set right."}, 1},
    {{"publisher", "timing", "sound_lag_ms"}, {"vitrine_publisher_sound_lag_seconds", VT_GAUGE,
                                               "How much later its sound comes than its picture."}, 1e-3},
    {{"publisher", "srt", "rtt_ms"}, {"vitrine_srt_rtt_seconds", VT_GAUGE, "Round trip to the caller."}, 1e-3},
    {{"publisher", "srt", "lost"}, {"vitrine_srt_lost_packets", VT_GAUGE, "Packets that did not come at first."}, 1},
    {{"publisher", "srt", "dropped"}, {"vitrine_srt_dropped_packets", VT_GAUGE, "Packets that came too late or never."},
     1},
    {{"publisher", "srt", "retransmitted"}, {"vitrine_srt_retransmitted_packets", VT_GAUGE, "Packets sent again."}, 1},
    {{"publisher", "srt", "packets"}, {"vitrine_srt_packets", VT_GAUGE, "Packets that came."}, 1},
    {{"publisher", "srt", "unique"}, {"vitrine_srt_unique_packets", VT_GAUGE, "Packets that came, without repeats."}, 1},
    {{"publisher", "srt", "naks"}, {"vitrine_srt_repeat_requests", VT_GAUGE, "Times that packets were asked for again."},
     1},
    {{"publisher", "srt", "reorder_distance"}, {"vitrine_srt_reorder_distance_packets", VT_GAUGE,
                                                "How far packets have overtaken each other."}, 1},
    {{"publisher", "srt", "belated"}, {"vitrine_srt_belated_packets", VT_GAUGE, "Packets that came when it was too late."},
     1},
    {{"publisher", "srt", "undecrypted"}, {"vitrine_srt_undecrypted_packets", VT_GAUGE,
                                           "Packets that could not be decrypted."}, 1},
    {{"publisher", "srt", "receive_mbps"}, {"vitrine_srt_receive_bits_per_second", VT_GAUGE, "What comes."}, 1e6},
    {{"publisher", "srt", "bandwidth_mbps"}, {"vitrine_srt_bandwidth_bits_per_second", VT_GAUGE,
                                              "What the line could carry, as SRT reckons."}, 1e6},
    {{"publisher", "srt", "buffered_ms"}, {"vitrine_srt_buffered_seconds", VT_GAUGE, "What waits for its time."}, 1e-3},
    {{"publisher", "srt", "latency_ms"}, {"vitrine_srt_latency_seconds", VT_GAUGE, "The latency that both sides keep."},
     1e-3},
    {{"publisher", "srt", "encrypted"}, {"vitrine_srt_encrypted", VT_GAUGE, "1 where the line is encrypted."}, 1},
};

static bool number_of(const json_t *value, double *ret)
{
    bool is_bool = json_is_boolean(value);
    *ret = is_bool ? json_is_true(value) : json_number_value(value);
    return is_bool || json_is_number(value);
}

static void write_numbers(struct vt_writer *w, const struct vt_origin *origin)
{
    char labels[64];
    for (size_t n = 0; n < sizeof numbers / sizeof *numbers; n++) {
        vt_metric_head(w, &numbers[n].metric);
        for (int i = 0; i < origin->n_broadcasts; i++) {
            const json_t *value = origin->broadcasts[i]->status;
            for (int j = 0; j < 3 && numbers[n].path[j]; j++)
                value = json_object_get(value, numbers[n].path[j]);
            double number;
            if (!number_of(value, &number))
                continue;
            snprintf(labels, sizeof labels, "channel=\"%s\"", origin->broadcasts[i]->name);
            vt_metric_sample(w, &numbers[n].metric, labels, number * numbers[n].scale);
        }
    }
}

// A text as a label's value: "" for one that is missing. What encoders write is escaped already, with backslashes; what
// an ingest says is not believed to be.
static void write_label(struct vt_writer *w, const char *name, const json_t *value)
{
    const char *text = json_string_value(value);
    vt_write_format(w, ",%s=\"", name);
    for (; text && *text; text++) {
        if (*text == '"' || *text == '\\')
            vt_write_u8(w, '\\');
        vt_write_u8(w, (uint8_t)*text < 0x20 || *text == 0x7f ? '?' : (uint8_t)*text);
    }
    vt_write_u8(w, '"');
}

static void write_publishers(struct vt_writer *w, const struct vt_origin *origin)
{
    vt_metric_head(w, &publisher_info);
    for (int i = 0; i < origin->n_broadcasts; i++) {
        const json_t *publisher = json_object_get(origin->broadcasts[i]->status, "publisher");
        struct vt_writer labels = {0};
        if (!json_is_object(publisher))
            continue;
        vt_write_format(&labels, "channel=\"%s\"", origin->broadcasts[i]->name);
        write_label(&labels, "protocol", json_object_get(publisher, "protocol"));
        write_label(&labels, "encoder", json_object_get(publisher, "encoder"));
        write_label(&labels, "video", json_object_get(json_object_get(publisher, "video"), "codec"));
        write_label(&labels, "audio", json_object_get(json_object_get(publisher, "audio"), "codec"));
        vt_write_u8(&labels, 0);
        if (!labels.failed)
            vt_metric_sample(w, &publisher_info, (const char *)labels.data, 1);
        vt_writer_free(&labels);
    }
}

// `state` is 1 for the channel's state, as the status names it.
static void write_states(struct vt_writer *w, const struct vt_origin *origin)
{
    vt_metric_head(w, &state);
    for (int i = 0; i < origin->n_broadcasts; i++) {
        const char *name = json_string_value(json_object_get(origin->broadcasts[i]->status, "state"));
        char labels[128];
        snprintf(labels, sizeof labels, "channel=\"%s\",state=\"%s\"", origin->broadcasts[i]->name, name ? name : "off");
        vt_metric_sample(w, &state, labels, 1);
    }
}

static const struct vt_metric rendition_frames = {"vitrine_rendition_frames_total", VT_COUNTER, "Frames encoded."};
static const struct vt_metric rendition_cpu = {"vitrine_rendition_cpu_seconds_total", VT_COUNTER,
                                               "Processor time of scaling, blending and the encoder's first thread."};
static const struct vt_metric output_lost = {"vitrine_output_lost_packets_total", VT_COUNTER,
                                             "Packets that the packager or the disk refused."};

static double frames_of(const json_t *rendition)
{
    return json_number_value(json_object_get(rendition, "frames"));
}

static double cpu_of(const json_t *rendition)
{
    return json_number_value(json_object_get(rendition, "scale_s")) +
           json_number_value(json_object_get(rendition, "blend_s")) +
           json_number_value(json_object_get(rendition, "encode_s"));
}

static double lost_of(const json_t *output)
{
    return json_number_value(json_object_get(output, "lost_packets"));
}

// Of each output; with `of_each`, of each of its renditions.
static void write_outputs(struct vt_writer *w, const struct vt_origin *origin, const struct vt_metric *metric,
                          double (*value)(const json_t *), bool of_each)
{
    char labels[160];
    vt_metric_head(w, metric);
    for (int i = 0; i < origin->n_broadcasts; i++) {
        const json_t *studio = json_object_get(origin->broadcasts[i]->status, "studio");
        size_t n, k;
        json_t *output, *rendition;
        json_array_foreach(json_object_get(studio, "outputs"), n, output) {
            int used = snprintf(labels, sizeof labels, "channel=\"%s\",output=\"%s\"", origin->broadcasts[i]->name,
                                vt_message_text(output, "name"));
            if (!of_each)
                vt_metric_sample(w, metric, labels, value(output));
            json_array_foreach(of_each ? json_object_get(output, "renditions") : NULL, k, rendition) {
                snprintf(labels + used, sizeof labels - (size_t)used, ",rendition=\"%s\"",
                         vt_message_text(rendition, "name"));
                vt_metric_sample(w, metric, labels, value(rendition));
            }
        }
    }
}

static void write_tally(struct vt_writer *w, const struct vt_origin *origin, const struct vt_metric *metric,
                        const char *member, const char *label)
{
    const char *name;
    json_t *count;
    vt_metric_head(w, metric);
    json_object_foreach(json_object_get(origin->tally, member), name, count) {
        char labels[64];
        snprintf(labels, sizeof labels, "%s=\"%s\"", label, name);
        vt_metric_sample(w, metric, labels, (double)json_integer_value(count));
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
    write_states(&w, origin);
    write_publishers(&w, origin);
    write_numbers(&w, origin);
    write_outputs(&w, origin, &rendition_frames, frames_of, true);
    write_outputs(&w, origin, &rendition_cpu, cpu_of, true);
    write_outputs(&w, origin, &output_lost, lost_of, false);
    write_tally(&w, origin, &ended, "ended", "reason");
    write_tally(&w, origin, &turned_away, "refused", "reason");
    write_tally(&w, origin, &closed, "closed", "gate");
    write_tally(&w, origin, &asked, "hook", "verdict");
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
