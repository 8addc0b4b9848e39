// Two outputs as they run live, with the threads of its encoders and of its stage, while a template changes under it.
#include "studio/outputs.h"

#include <libavutil/log.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

#define LIMIT_FRAMES 3000                // of frames that a test waits for something
#define SEGMENT      15

static char folder[64], path[128];
static atomic_int woken;

struct news {
    int receipts, status, segments, last_rev;
    char playlist[32768], tall[32768];
};

static void write_template(const char *version, const char *colour)
{
    char temporary[140];
    snprintf(temporary, sizeof temporary, "%s~", path);
    FILE *file = fopen(temporary, "w");
    REQUIRE(file != NULL);
    fprintf(file, "id: com.example.box\nversion: %s\nname: Box\ncanvas: {design: 320x180}\n"
            "layout: {id: root, type: box, style: {position: absolute, inset: 20px auto auto 20px, width: 100px,"
            " height: 50px, background: \"%s\"},\n  hotspot: {action: view_item, item: x, label: Box}}\n", version, colour);
    fclose(file);
    REQUIRE_INT(rename(temporary, path), 0);
}

static int put(void *opaque, enum vt_blob kind, const char *name, const void *data, size_t size)
{
    struct news *news = opaque;
    char *to = strcmp(name, "large.m3u8") == 0 ? news->playlist : strcmp(name, "tall.m3u8") == 0 ? news->tall : NULL;
    if (kind == VT_BLOB_PLAYLIST && to && size < sizeof news->playlist) {
        memcpy(to, data, size);
        to[size] = 0;
    }
    news->segments += kind == VT_BLOB_SEGMENT;
    return 0;
}

static int drop(void *opaque, const char *name)
{
    return 0;
}

static void ready(void *opaque, uint64_t msn, int part)
{
}

static void receipt(void *opaque, json_t *body)
{
    struct news *news = opaque;
    news->receipts++;
    news->status = (int)json_integer_value(json_object_get(body, "status"));
    json_decref(body);
}

static void changed(void *opaque, json_t *cue)
{
    struct news *news = opaque;
    news->last_rev = (int)json_integer_value(json_object_get(cue, "rev"));
    json_decref(cue);
}

static void wake(void *opaque)
{
    atomic_fetch_add(&woken, 1);
}

static struct vt_wardrobe *wardrobe;

static AVFrame *grey(void)
{
    AVFrame *frame = av_frame_alloc();
    frame->format = AV_PIX_FMT_YUV420P;
    frame->width = 320;
    frame->height = 180;
    REQUIRE(av_frame_get_buffer(frame, 0) >= 0);
    memset(frame->data[0], 100, (size_t)frame->linesize[0] * 180);
    memset(frame->data[1], 128, (size_t)frame->linesize[1] * 90);
    memset(frame->data[2], 128, (size_t)frame->linesize[2] * 90);
    return frame;
}

static void set_channel(struct vt_channel *channel)
{
    vt_channel_init(channel, "test");
    channel->outputs[0].canvas = (struct vt_size){320, 180};
    channel->outputs[0].n_renditions = 2;
    channel->outputs[0].renditions[0] = (struct vt_rendition_config){"large", {320, 180}, 500000};
    channel->outputs[0].renditions[1] = (struct vt_rendition_config){"small", {160, 90}, 200000};
    channel->outputs[1] = (struct vt_output_config){
        .name = "tall", .canvas = {180, 320}, .fit = VT_FIT_COVER, .language = strdup("zh"), .n_renditions = 1,
        .renditions = {{"tall", {180, 320}, 500000}},
    };
    channel->n_outputs = 2;
    channel->segment_ns = VT_NS_PER_S / 2;
    free(channel->preset);
    channel->preset = strdup("ultrafast");
}

struct play {
    struct vt_channel channel;
    struct vt_outputs *outputs;
    struct news news;
    AVFrame *frame;
    int64_t next;
};

static void open_play(struct play *play)
{
    char *paths[] = {path};
    memset(play, 0, sizeof *play);
    write_template("1.0.0", "#ffffff");
    REQUIRE_INT(vt_wardrobe_new(&wardrobe, paths, 1, NULL), 0);
    REQUIRE_INT(vt_wardrobe_watch(wardrobe), 0);
    set_channel(&play->channel);
    play->frame = grey();
    REQUIRE_INT(vt_outputs_new(&play->outputs, &(struct vt_outputs_params){
        .channel = &play->channel, .epoch_ns = INT64_C(1767225600000000000),
        .window_ns = play->channel.window_ns, .wardrobe = wardrobe, .wake = wake, .receipt = receipt,
        .changed = changed, .opaque = &play->news,
        .starts = {
            {.first_msn = 1, .sink = {.opaque = &play->news, .put = put, .drop = drop, .ready = ready}},
            {.first_msn = 1, .sink = {.opaque = &play->news, .put = put, .drop = drop, .ready = ready}},
        },
    }), 0);
}

static void close_play(struct play *play)
{
    vt_outputs_free(&play->outputs);
    vt_wardrobe_free(&wardrobe);
    vt_channel_free(&play->channel);
    av_frame_free(&play->frame);
}

static void pass(struct play *play)
{
    REQUIRE_INT(vt_outputs_frame(play->outputs, play->next++, play->frame), 0);
    REQUIRE_INT(vt_outputs_sound(play->outputs, vt_frame_to_ns(play->next, play->channel.rate)), 0);
    REQUIRE_INT(vt_outputs_collect(play->outputs), 0);
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);     // other threads get a turn, as at a real frame rate
}

static void take(struct play *play)
{
    json_t *body = json_pack("{s:s, s:s, s:s}", "request", "1", "template", "com.example.box", "id", "c1");
    vt_desk_take(vt_outputs_desk(play->outputs), body);
    json_decref(body);
    while (play->news.receipts == 0 && play->next < LIMIT_FRAMES)
        pass(play);
    REQUIRE_INT(play->news.status, 201);
}

TEST(a_cue_goes_on_air_and_the_show_ends)
{
    static struct play play;
    open_play(&play);
    atomic_store(&woken, 0);
    for (int i = 0; i < SEGMENT; i++)
        pass(&play);
    take(&play);
    for (int i = 0; i < 3 * SEGMENT; i++)
        pass(&play);
    REQUIRE_INT(vt_outputs_finish(play.outputs, play.next), 0);
    REQUIRE(atomic_load(&woken) > 0 && play.news.segments >= 3 * 4);
    REQUIRE(strstr(play.news.playlist, "#EXT-X-ENDLIST") != NULL);
    REQUIRE(strstr(play.news.playlist, "ID=\"c1.1\"") != NULL);
    REQUIRE(strstr(play.news.playlist, "EXT-X-GAP") == NULL);
    REQUIRE(strstr(play.news.tall, "#EXT-X-ENDLIST") != NULL && strstr(play.news.tall, "EXT-X-GAP") == NULL);
    const char *wide = strstr(play.news.playlist, "ID=\"c1.1\""), *tall = strstr(play.news.tall, "ID=\"c1.1\"");
    REQUIRE(wide != NULL && tall != NULL);
    const char *start = strstr(wide, "START-DATE");
    REQUIRE(start != NULL && strstr(tall, "START-DATE") != NULL);
    REQUIRE(strncmp(strstr(tall, "START-DATE"), start, strcspn(start, ",")) == 0);
    close_play(&play);
}

TEST(a_template_with_a_new_form_goes_on_air_in_the_next_revision)
{
    static struct play play;
    char id[VT_TEMPLATE_ID + 1] = "";
    open_play(&play);
    take(&play);
    REQUIRE_INT(play.news.last_rev, 1);
    write_template("1.1.0", "#ff000080");
    while (!id[0] && play.next < LIMIT_FRAMES) {
        (void)vt_wardrobe_changed(wardrobe, id);
        pass(&play);
    }
    REQUIRE_TEXT(id, "com.example.box");
    vt_desk_template(vt_outputs_desk(play.outputs), id);
    while (play.news.last_rev < 2 && play.next < LIMIT_FRAMES)
        pass(&play);
    REQUIRE_INT(play.news.last_rev, 2);
    for (int i = 0; i < 2 * SEGMENT; i++)        // a playlist says each cue once a segment
        pass(&play);
    REQUIRE_INT(vt_outputs_finish(play.outputs, play.next), 0);
    REQUIRE(strstr(play.news.playlist, "ID=\"c1.2\"") != NULL && strstr(play.news.tall, "ID=\"c1.2\"") != NULL);
    close_play(&play);
}

int main(void)
{
    av_log_set_level(AV_LOG_ERROR);
    snprintf(folder, sizeof folder, "/tmp/vitrine-output-XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/box.yaml", folder);
    RUN(a_cue_goes_on_air_and_the_show_ends);
    RUN(a_template_with_a_new_form_goes_on_air_in_the_next_revision);
    unlink(path);
    rmdir(folder);
    return DONE();
}
