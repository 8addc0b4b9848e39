// Renders a flat picture with a cue on it and looks at every frame that comes out.
#include "studio/render.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/log.h>
#include <sys/stat.h>
#include <unistd.h>

#include "studio/cuefile.h"

#include "check.h"

#define FRAMES 150
#define START  30                        // 1 s
#define CHANGE 60
#define END    120

static char folder[64];

static const char card[] =
    "id: com.example.card\n"
    "version: 1.0.0\n"
    "name: Card\n"
    "schema: {type: object, required: [product], properties: {product: {type: object, gddType: v_product}}}\n"
    "canvas: {design: 640x360}\n"
    "layout:\n"
    "  id: root\n"
    "  type: box\n"
    "  style: {position: absolute, inset: 64px auto auto 64px, width: 320px, height: 160px, background: \"#ffffff\"}\n"
    "  hotspot: {action: view_item, item: \"{{ product.id }}\", label: \"{{ product.title }}\"}\n"
    "  children: [{id: now, type: text, text: \"{{ product.title }}\","
    " style: {font-size: 60px, color: \"#000000\"}}]\n";

static const char script[] =
    "products: [{id: shoe, title: IIII, price: {amount: 5999, currency: EUR}}]\n"
    "cues: [{at: 1, template: com.example.card, product: shoe, id: c1, duration: 3}]\n"
    "changes: [{at: 2, product: {id: shoe, title: MMMM, price: {amount: 4999, currency: EUR}}}]\n";

static void write_file(const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    REQUIRE(file != NULL);
    fputs(text, file);
    fclose(file);
}

static void drain(AVCodecContext *encoder, AVFormatContext *out)
{
    AVPacket *packet = av_packet_alloc();
    while (avcodec_receive_packet(encoder, packet) >= 0) {
        av_packet_rescale_ts(packet, encoder->time_base, out->streams[0]->time_base);
        REQUIRE(av_interleaved_write_frame(out, packet) >= 0);
    }
    av_packet_free(&packet);
}

static AVFrame *grey(void)
{
    AVFrame *frame = av_frame_alloc();
    frame->format = AV_PIX_FMT_YUV420P;
    frame->width = 640;
    frame->height = 360;
    REQUIRE(av_frame_get_buffer(frame, 0) >= 0);
    memset(frame->data[0], 100, (size_t)frame->linesize[0] * 360);
    memset(frame->data[1], 128, (size_t)frame->linesize[1] * 180);
    memset(frame->data[2], 128, (size_t)frame->linesize[2] * 180);
    return frame;
}

static void write_input(const char *path)
{
    const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
    AVCodecContext *encoder = avcodec_alloc_context3(codec);
    AVFormatContext *out = NULL;
    REQUIRE(avformat_alloc_output_context2(&out, NULL, "mp4", path) >= 0);
    encoder->width = 640;
    encoder->height = 360;
    encoder->pix_fmt = AV_PIX_FMT_YUV420P;
    encoder->time_base = (AVRational){1, 30};
    encoder->framerate = (AVRational){30, 1};
    encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    AVDictionary *options = NULL;
    av_dict_set(&options, "preset", "ultrafast", 0);
    REQUIRE(avcodec_open2(encoder, codec, &options) >= 0);
    av_dict_free(&options);
    AVStream *stream = avformat_new_stream(out, NULL);
    REQUIRE(avcodec_parameters_from_context(stream->codecpar, encoder) >= 0);
    stream->time_base = encoder->time_base;
    REQUIRE(avio_open(&out->pb, path, AVIO_FLAG_WRITE) >= 0 && avformat_write_header(out, NULL) >= 0);
    AVFrame *frame = grey();
    for (int i = 0; i < FRAMES; i++) {
        frame->pts = i;
        REQUIRE(avcodec_send_frame(encoder, frame) >= 0);
        drain(encoder, out);
    }
    REQUIRE(avcodec_send_frame(encoder, NULL) >= 0);
    drain(encoder, out);
    REQUIRE(av_write_trailer(out) >= 0);
    av_frame_free(&frame);
    avio_closep(&out->pb);
    avformat_free_context(out);
    avcodec_free_context(&encoder);
}

static void append(FILE *to, const char *path)
{
    char data[65536];
    size_t got;
    FILE *from = fopen(path, "r");
    REQUIRE(from != NULL);
    while ((got = fread(data, 1, sizeof data, from)) > 0)
        fwrite(data, 1, got, to);
    fclose(from);
}

// What one decoded frame looks like inside the hotspot and around it.
struct look {
    int inside, outside;                 // largest difference to the flat picture
    int dark;                            // dark pixels inside: the text
};

static int read_looks(const char *out, const char *name, int width, int height, struct look looks[FRAMES + 8])
{
    char path[256], part[256];
    snprintf(path, sizeof path, "%s/%s.mp4", folder, name);
    FILE *whole = fopen(path, "w");
    REQUIRE(whole != NULL);
    snprintf(part, sizeof part, "%s/%s/%s-init.mp4", folder, out, name);
    append(whole, part);
    for (int i = 1; i <= 3; i++) {
        snprintf(part, sizeof part, "%s/%s/%s-%d.m4s", folder, out, name, i);
        append(whole, part);
    }
    fclose(whole);

    AVFormatContext *in = NULL;
    REQUIRE(avformat_open_input(&in, path, NULL, NULL) >= 0 && avformat_find_stream_info(in, NULL) >= 0);
    AVCodecContext *decoder = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_H264));
    REQUIRE(avcodec_parameters_to_context(decoder, in->streams[0]->codecpar) >= 0);
    REQUIRE(avcodec_open2(decoder, NULL, NULL) >= 0);
    AVPacket *packet = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();
    int count = 0, more = 1;
    int x0 = 64 * width / 640, y0 = 64 * height / 360, x1 = 384 * width / 640, y1 = 224 * height / 360;
    while (more >= 0) {
        more = av_read_frame(in, packet);
        REQUIRE(avcodec_send_packet(decoder, more < 0 ? NULL : packet) >= 0);
        av_packet_unref(packet);
        while (avcodec_receive_frame(decoder, frame) >= 0) {
            REQUIRE(count < FRAMES + 8 && frame->width == width && frame->height == height);
            struct look *look = &looks[count++];
            *look = (struct look){0};
            for (int y = 0; y < height; y++)
                for (int x = 0; x < width; x++) {
                    int value = frame->data[0][y * frame->linesize[0] + x], off = abs(value - 100);
                    bool within = x > x0 && x < x1 - 1 && y > y0 && y < y1 - 1;
                    bool without = x < x0 - 1 || x > x1 || y < y0 - 1 || y > y1;
                    if (within && off > look->inside)
                        look->inside = off;
                    if (without && off > look->outside)
                        look->outside = off;
                    look->dark += within && value < 60;
                }
        }
    }
    av_frame_free(&frame);
    av_packet_free(&packet);
    avcodec_free_context(&decoder);
    avformat_close_input(&in);
    return count;
}

static void render(const char *out)
{
    struct vt_channel channel;
    struct vt_diagnostics diagnostics = {.count = 0};
    char input[256], target[256], template[256];
    json_t *cues = NULL;
    vt_channel_init(&channel, "test");
    channel.outputs[0].canvas = (struct vt_size){640, 360};
    channel.outputs[0].n_renditions = 2;
    channel.outputs[0].renditions[0] = (struct vt_rendition_config){"large", {640, 360}, 1500000};
    channel.outputs[0].renditions[1] = (struct vt_rendition_config){"small", {320, 180}, 500000};
    snprintf(template, sizeof template, "%s/card.yaml", folder);
    snprintf(input, sizeof input, "%s/in.mp4", folder);
    snprintf(target, sizeof target, "%s/%s", folder, out);
    for (int i = 0; i < channel.n_templates; i++)
        free(channel.templates[i]);
    channel.templates[0] = strdup(template);
    channel.n_templates = 1;
    REQUIRE_INT(vt_cuefile_parse(&cues, script, sizeof script - 1, &diagnostics), 0);
    REQUIRE_INT(vt_render(&(struct vt_render_params){
        .input = input, .folder = target, .channel = &channel, .script = cues,
        .epoch_ns = INT64_C(1767225600000000000),
    }), 0);
    json_decref(cues);
    vt_channel_free(&channel);
}

static void check_frames(const char *name, int width, int height)
{
    static struct look looks[FRAMES + 8];
    int count = read_looks("one", name, width, height, looks);
    REQUIRE_INT(count, FRAMES);
    for (int i = 0; i < count; i++) {
        REQUIRE(looks[i].outside < 12);
        if (i < START || i >= END)
            REQUIRE(looks[i].inside < 12);
        else
            REQUIRE(looks[i].inside > 60);
    }
    // The title is another one from the change on: far more of it is dark.
    for (int i = START; i < END; i++) {
        int before = looks[CHANGE - 1].dark, after = looks[CHANGE].dark;
        REQUIRE(after > before + before / 4);
        REQUIRE_NEAR(looks[i].dark, i < CHANGE ? before : after, before / 10.0);
    }
}

TEST(pixels_and_cues_change_on_the_same_frames_in_every_rendition)
{
    render("one");
    check_frames("large", 640, 360);
    check_frames("small", 320, 180);
}

TEST(every_playlist_says_the_same_of_the_cue)
{
    static const char *const starts[] = {"T00:00:01.000Z\",DURATION=3.000", "T00:00:02.000Z\",DURATION=2.000",
                                         "T00:00:04.000Z\""};
    static const char *const names[] = {"large", "small", "audio"};
    for (int i = 0; i < 3; i++) {
        char path[256], text[16384] = "";
        snprintf(path, sizeof path, "%s/one/%s.m3u8", folder, names[i]);
        FILE *file = fopen(path, "r");
        REQUIRE(file != NULL);
        REQUIRE(fread(text, 1, sizeof text - 1, file) > 0);
        fclose(file);
        char *at = text;
        for (int k = 0; k < 3; k++) {
            char id[32];
            snprintf(id, sizeof id, "ID=\"c1.%d\"", k + 1);
            REQUIRE((at = strstr(at, id)) != NULL);
            REQUIRE(strstr(at, starts[k]) != NULL && strstr(at, starts[k]) < strchr(at, '\n'));
        }
        REQUIRE(strstr(text, "#EXT-X-ENDLIST") != NULL);
    }
}

TEST(two_runs_give_the_same_bytes)
{
    char command[256];
    render("two");
    snprintf(command, sizeof command, "diff -r %s/one %s/two", folder, folder);
    REQUIRE_INT(system(command), 0);
}

static void clean(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    if (system(command) != 0)
        puts("# the folder stays");
}

int main(void)
{
    char input[256];
    av_log_set_level(AV_LOG_ERROR);
    snprintf(folder, sizeof folder, "/tmp/vitrine-render-XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    snprintf(input, sizeof input, "%s/in.mp4", folder);
    write_file("card.yaml", card);
    write_input(input);
    RUN(pixels_and_cues_change_on_the_same_frames_in_every_rendition);
    RUN(every_playlist_says_the_same_of_the_cue);
    RUN(two_runs_give_the_same_bytes);
    clean();
    return DONE();
}
