#include "serve/feed.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/names.h"

static void on_end(void *opaque, struct vt_stream *stream)
{
    struct vt_feed *feed = opaque;
    for (int i = 0; i < VT_FEED_SUBSCRIBERS; i++)
        if (feed->list[i].stream == stream)
            feed->list[i].stream = NULL;
}

static struct vt_subscriber *find_free(struct vt_feed *feed)
{
    for (int i = 0; i < VT_FEED_SUBSCRIBERS; i++)
        if (!feed->list[i].stream)
            return &feed->list[i];
    return NULL;
}

void vt_feed_subscribe(struct vt_feed *feed, struct vt_request *request, const char *channel)
{
    struct vt_subscriber *subscriber = find_free(feed);
    if (!subscriber) {
        vt_answer_problem(&request->answer, 429, "Too many subscribers",
                          "%d are connected already. Close one, then connect again.", VT_FEED_SUBSCRIBERS);
        return;
    }
    struct vt_stream *stream = vt_request_stream(request, "text/event-stream", on_end, feed);
    if (!stream)
        return;
    subscriber->stream = stream;
    subscriber->channel[0] = 0;
    if (channel)
        vt_name_copy(subscriber->channel, channel);
    static const char hello[] = "retry: 1000\n\n";
    vt_stream_write(stream, hello, sizeof hello - 1);
}

void vt_feed_publish(struct vt_feed *feed, const char *type, const char *channel, json_t *body)
{
    struct vt_writer w = {0};
    if (channel && body)
        json_object_set_new(body, "channel", json_string(channel));
    char *text = body && vt_feed_count(feed) > 0 ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    if (!text)
        return;
    vt_write_format(&w, "id: %" PRId64 "\nevent: %s\ndata: %s\n\n", ++feed->last_id, type, text);
    for (int i = 0; i < VT_FEED_SUBSCRIBERS && !w.failed; i++) {
        struct vt_subscriber *s = &feed->list[i];
        if (s->stream && (!channel || !s->channel[0] || strcmp(s->channel, channel) == 0))
            (void)vt_stream_write(s->stream, w.data, w.size);
    }
    vt_writer_free(&w);
    free(text);
}

void vt_feed_beat(struct vt_feed *feed)
{
    for (int i = 0; i < VT_FEED_SUBSCRIBERS; i++)
        if (feed->list[i].stream)
            (void)vt_stream_write(feed->list[i].stream, ":\n\n", 3);
}

int vt_feed_count(const struct vt_feed *feed)
{
    int count = 0;
    for (int i = 0; i < VT_FEED_SUBSCRIBERS; i++)
        count += feed->list[i].stream != NULL;
    return count;
}
