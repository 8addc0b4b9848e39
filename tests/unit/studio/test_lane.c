#include "check.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <pthread.h>

#include "studio/lane.h"
#include "studio/scale.h"

#define FRAMES  90
#define GROUP   30
#define WIDTH   320
#define HEIGHT  180

static struct vt_rendition_config rendition(const char *name, int width, int height, int64_t bitrate)
{
    struct vt_rendition_config r = {.size = {width, height}, .bitrate = bitrate};
    snprintf(r.name, sizeof r.name, "%s", name);
    return r;
}

static struct vt_lane_params params_of(const struct vt_rendition_config *r, int latency)
{
    return (struct vt_lane_params){
        .rendition = r, .rate = {30, 1}, .canvas = {WIDTH, HEIGHT}, .fit = VT_FIT_CONTAIN, .encoder = "libx264",
        .preset = "veryfast", .latency = latency, .segment_ns = VT_NS_PER_S, .threads = 2,
    };
}

// A moving picture with some detail.
static AVFrame *source(int64_t n)
{
    AVFrame *f = av_frame_alloc();
    f->format = AV_PIX_FMT_YUV420P;
    f->width = WIDTH;
    f->height = HEIGHT;
    f->colorspace = AVCOL_SPC_BT709;
    f->color_range = AVCOL_RANGE_MPEG;
    av_frame_get_buffer(f, 0);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            f->data[0][y * f->linesize[0] + x] =
                (uint8_t)(110 + 50 * sin((x + 2 * (double)n) / 9) + 40 * sin((y - (double)n) / 7));
    for (int y = 0; y < HEIGHT / 2; y++)
        for (int x = 0; x < WIDTH / 2; x++) {
            f->data[1][y * f->linesize[1] + x] = (uint8_t)(128 + 40 * sin((x + (double)n) / 20));
            f->data[2][y * f->linesize[2] + x] = (uint8_t)(128 + 40 * sin((y + (double)n) / 15));
        }
    return f;
}

// Everything that one lane gave out.
struct output {
    struct vt_lane_packet packets[2 * FRAMES];
    int count;
    uint8_t config[1024];
    size_t config_size;
};

static void collect(struct vt_lane *lane, struct output *out, bool all)
{
    int r;
    while ((r = vt_lane_collect(lane, &out->packets[out->count], all)) == 1)
        REQUIRE(++out->count < 2 * FRAMES);
    REQUIRE_INT(r, all ? -EPIPE : 0);
}

static void output_free(struct output *out)
{
    for (int i = 0; i < out->count; i++)
        vt_lane_packet_free(&out->packets[i]);
    out->count = 0;
}

// A red box over the top left corner, from frame `GROUP` on.
static struct vt_placement *box(const struct vt_lane *lane)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, 40, 30);
    cairo_t *cr = cairo_create(surface);
    cairo_set_source_rgb(cr, 1, 0, 0);
    cairo_paint(cr);
    cairo_destroy(cr);
    struct vt_placement *p = vt_placement_new();
    REQUIRE_INT(vt_sprite_new(&p->list[0].sprite, surface, 0, 40, 30, 0, 0, vt_lane_colour(lane)), 0);
    p->list[0].opacity = 256;
    p->count = 1;
    cairo_surface_destroy(surface);
    return p;
}

static void encode(const struct vt_lane_params *params, bool boxed, int64_t first, struct output *out)
{
    struct vt_lane *lane;
    memset(out, 0, sizeof *out);
    REQUIRE_INT(vt_lane_new(&lane, params), 0);
    const uint8_t *config = vt_lane_config(lane, &out->config_size);
    REQUIRE(out->config_size <= sizeof out->config);
    memcpy(out->config, config, out->config_size);
    for (int64_t n = first; n < first + FRAMES; n++) {
        struct vt_job job = {.frame = n, .key = n % GROUP == 0, .source = source(n)};
        if (boxed && n >= first + GROUP)
            job.placement = box(lane);
        REQUIRE_INT(vt_lane_submit(lane, &job, true), 0);
        REQUIRE(!job.source && !job.placement);
        collect(lane, out, false);
    }
    vt_lane_finish(lane);
    collect(lane, out, true);
    struct vt_lane_cost cost;
    vt_lane_cost(lane, &cost);
    REQUIRE_INT(cost.frames, FRAMES);
    REQUIRE(cost.encode_ns > 0);
    vt_lane_free(&lane);
    REQUIRE(!lane);
}

static int nal_type(const struct vt_packet *packet)
{
    return packet->data[4] & 31;
}

static void check_packets(const struct output *out, int64_t first)
{
    bool seen[FRAMES] = {0};
    REQUIRE_INT(out->count, FRAMES);
    for (int i = 0; i < FRAMES; i++) {
        const struct vt_packet *p = &out->packets[i].packet;
        REQUIRE_INT(p->dts, first + i);
        REQUIRE_INT(p->duration, 1);
        REQUIRE(p->pts >= first && p->pts < first + FRAMES && !seen[p->pts - first]);
        seen[p->pts - first] = true;
        REQUIRE_INT(p->key, p->pts % GROUP == 0);
        size_t at = 0;
        bool idr = false;
        while (at + 4 < p->size) {
            size_t size = (size_t)p->data[at] << 24 | p->data[at + 1] << 16 | p->data[at + 2] << 8 | p->data[at + 3];
            int type = p->data[at + 4] & 31;
            REQUIRE(size > 0 && size <= p->size - at - 4);
            REQUIRE(type == 1 || type == 5 || type == 6);
            idr |= type == 5;
            at += 4 + size;
        }
        REQUIRE_INT(at, p->size);
        REQUIRE_INT(idr, p->key);
        // Nothing before a key picture is shown after it, and nothing after it before: groups are closed.
        if (p->key)
            for (int k = 0; k < FRAMES; k++)
                REQUIRE((k < i) == (out->packets[k].packet.pts < p->pts));
    }
    REQUIRE(nal_type(&out->packets[0].packet) == 5 || nal_type(&out->packets[0].packet) == 6);
}

static double psnr_of(const AVFrame *a, const AVFrame *b, int left)
{
    double sum = 0;
    for (int y = 0; y < a->height; y++)
        for (int x = left; x < a->width; x++) {
            double d = a->data[0][y * a->linesize[0] + x] - b->data[0][y * b->linesize[0] + x];
            sum += d * d;
        }
    return 10 * log10(255.0 * 255 * a->height * (a->width - left) / (sum + 1e-9));
}

// Decodes with the avcC as it is and compares with the scaled sources.
static void check_pictures(const struct output *out, const struct vt_lane_params *params, int64_t first, bool boxed)
{
    const AVCodec *codec = avcodec_find_decoder(AV_CODEC_ID_H264);
    AVCodecContext *c = avcodec_alloc_context3(codec);
    c->extradata = av_mallocz(out->config_size + AV_INPUT_BUFFER_PADDING_SIZE);
    memcpy(c->extradata, out->config, out->config_size);
    c->extradata_size = (int)out->config_size;
    REQUIRE_INT(avcodec_open2(c, codec, NULL), 0);
    struct vt_scaler_params scaling = {params->rendition->size, params->canvas, params->fit};
    struct vt_scaler *scaler;
    REQUIRE_INT(vt_scaler_new(&scaler, &scaling), 0);
    AVPacket *packet = av_packet_alloc();
    AVFrame *decoded = av_frame_alloc(), *want;
    int64_t next = first;
    for (int i = 0; i <= out->count; i++) {
        if (i < out->count) {
            av_new_packet(packet, (int)out->packets[i].packet.size);
            memcpy(packet->data, out->packets[i].packet.data, out->packets[i].packet.size);
            packet->pts = out->packets[i].packet.pts;
        }
        REQUIRE_INT(avcodec_send_packet(c, i < out->count ? packet : NULL), 0);
        av_packet_unref(packet);
        while (avcodec_receive_frame(c, decoded) == 0) {
            AVFrame *was = source(next);
            REQUIRE_INT(decoded->pts, next);
            REQUIRE_INT(decoded->width, params->rendition->size.width);
            REQUIRE_INT(decoded->height, params->rendition->size.height);
            REQUIRE_INT(decoded->colorspace, AVCOL_SPC_BT709);
            REQUIRE_INT(decoded->color_primaries, AVCOL_PRI_BT709);
            REQUIRE_INT(decoded->color_range, AVCOL_RANGE_MPEG);
            REQUIRE_INT(decoded->key_frame, next % GROUP == 0);
            REQUIRE_INT(vt_scaler_run(scaler, was, false, &want), 0);
            REQUIRE(psnr_of(decoded, want, boxed ? 48 : 0) > 33);
            if (boxed) {
                bool red = next >= first + GROUP;
                REQUIRE_INT(decoded->data[2][6 * decoded->linesize[2] + 8] > 200, red);
                if (red)
                    REQUIRE_NEAR(decoded->data[0][12 * decoded->linesize[0] + 16], 63, 8);
            }
            av_frame_free(&was);
            next++;
        }
    }
    REQUIRE_INT(next, first + FRAMES);
    vt_scaler_free(&scaler);
    av_packet_free(&packet);
    av_frame_free(&decoded);
    avcodec_free_context(&c);
}

static struct output outputs[2];

static void round_trip(int latency)
{
    struct vt_rendition_config sizes[2] = {
        rendition("large", WIDTH, HEIGHT, 600000), rendition("small", WIDTH / 2, 96, 200000),
    };
    for (int i = 0; i < 2; i++) {
        struct vt_lane_params params = params_of(&sizes[i], latency);
        encode(&params, false, 60, &outputs[i]);
        check_packets(&outputs[i], 60);
        check_pictures(&outputs[i], &params, 60, false);
    }
    output_free(&outputs[0]);
    output_free(&outputs[1]);
}

TEST(low_latency_comes_back_frame_by_frame)
{
    round_trip(VT_LATENCY_LOW);
}

TEST(b_pictures_come_back_in_closed_groups)
{
    round_trip(VT_LATENCY_NORMAL);
    struct vt_rendition_config size = rendition("b", WIDTH, HEIGHT, 600000);
    struct vt_lane_params params = params_of(&size, VT_LATENCY_NORMAL);
    encode(&params, false, 0, &outputs[0]);
    bool reordered = false;
    for (int i = 0; i < FRAMES; i++)
        reordered |= outputs[0].packets[i].packet.pts < outputs[0].packets[i].packet.dts;
    REQUIRE(reordered);
    output_free(&outputs[0]);
}

TEST(sprites_stand_on_exactly_their_frames)
{
    struct vt_rendition_config size = rendition("box", WIDTH, HEIGHT, 600000);
    struct vt_lane_params params = params_of(&size, VT_LATENCY_LOW);
    encode(&params, true, 0, &outputs[0]);
    check_packets(&outputs[0], 0);
    check_pictures(&outputs[0], &params, 0, true);
    output_free(&outputs[0]);
}

TEST(the_same_pictures_give_the_same_bytes)
{
    struct vt_rendition_config size = rendition("same", WIDTH, HEIGHT, 600000);
    for (int latency = VT_LATENCY_LOW; latency <= VT_LATENCY_NORMAL; latency++) {
        struct vt_lane_params params = params_of(&size, latency);
        params.threads = 1;
        for (int i = 0; i < 2; i++)
            encode(&params, true, 0, &outputs[i]);
        REQUIRE_INT(outputs[0].config_size, outputs[1].config_size);
        REQUIRE(!memcmp(outputs[0].config, outputs[1].config, outputs[0].config_size));
        for (int i = 0; i < FRAMES; i++) {
            const struct vt_packet *a = &outputs[0].packets[i].packet, *b = &outputs[1].packets[i].packet;
            REQUIRE_INT(a->size, b->size);
            REQUIRE(!memcmp(a->data, b->data, a->size));
        }
        output_free(&outputs[0]);
        output_free(&outputs[1]);
    }
}

TEST(frame_numbers_may_leap_and_sources_be_missing)
{
    struct vt_rendition_config size = rendition("leap", WIDTH, HEIGHT, 600000);
    struct vt_lane_params params = params_of(&size, VT_LATENCY_NORMAL);
    struct vt_lane *lane;
    struct output *out = &outputs[0];
    static const int64_t numbers[] = {0, 1, 2, 3, 100, 101, 102, 1000, 1001, 5000};
    memset(out, 0, sizeof *out);
    REQUIRE_INT(vt_lane_new(&lane, &params), 0);
    for (int i = 0; i < 10; i++) {
        struct vt_job job = {.frame = numbers[i], .key = i == 0 || i == 7, .source = i & 1 ? source(i) : NULL};
        if (i == 3)
            job.source->format = AV_PIX_FMT_RGB24;       // one that no scaler here reads
        REQUIRE_INT(vt_lane_submit(lane, &job, true), 0);
    }
    vt_lane_finish(lane);
    collect(lane, out, true);
    REQUIRE_INT(out->count, 10);
    for (int i = 0; i < 10; i++) {
        REQUIRE_INT(out->packets[i].packet.dts, numbers[i]);
        REQUIRE_INT(out->packets[i].packet.key, i == 0 || i == 7);
    }
    struct vt_lane_packet none;
    REQUIRE_INT(vt_lane_collect(lane, &none, false), -EPIPE);
    output_free(out);
    vt_lane_free(&lane);
}

// Holds the lane's thread inside its first wake until it may go on.
struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool open;
    int wakes;
};

static void wait_at(void *opaque)
{
    struct gate *gate = opaque;
    pthread_mutex_lock(&gate->lock);
    gate->wakes++;
    pthread_cond_broadcast(&gate->changed);
    while (!gate->open)
        pthread_cond_wait(&gate->changed, &gate->lock);
    pthread_mutex_unlock(&gate->lock);
}

TEST(a_full_lane_refuses_and_keeps_nothing)
{
    struct gate gate = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    struct vt_rendition_config size = rendition("full", WIDTH, HEIGHT, 600000);
    struct vt_lane_params params = params_of(&size, VT_LATENCY_LOW);
    struct vt_lane *lane;
    params.wake = wait_at;
    params.opaque = &gate;
    REQUIRE_INT(vt_lane_new(&lane, &params), 0);
    struct vt_job job = {.frame = 0, .key = true};
    REQUIRE_INT(vt_lane_submit(lane, &job, false), 0);
    pthread_mutex_lock(&gate.lock);
    while (gate.wakes == 0)
        pthread_cond_wait(&gate.changed, &gate.lock);
    pthread_mutex_unlock(&gate.lock);
    for (int i = 1; i <= VT_LANE_JOBS; i++) {
        job = (struct vt_job){.frame = i, .source = source(i), .placement = box(lane)};
        REQUIRE_INT(vt_lane_submit(lane, &job, false), 0);
    }
    job = (struct vt_job){.frame = VT_LANE_JOBS + 1, .source = source(0), .placement = box(lane)};
    REQUIRE_INT(vt_lane_submit(lane, &job, false), -EAGAIN);
    REQUIRE(job.source && job.placement);
    av_frame_free(&job.source);
    vt_placement_unref(&job.placement);
    pthread_mutex_lock(&gate.lock);
    gate.open = true;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.lock);
    vt_lane_free(&lane);                 // with jobs and packets inside
}

TEST(what_cannot_be_encoded_is_refused)
{
    struct vt_rendition_config size = rendition("bad", WIDTH, HEIGHT, 600000);
    struct vt_lane_params params = params_of(&size, VT_LATENCY_LOW);
    struct vt_lane *lane = NULL;
    params.encoder = "libx265-but-not-really";
    REQUIRE_INT(vt_lane_new(&lane, &params), -EINVAL);
    params.encoder = "aac";
    REQUIRE_INT(vt_lane_new(&lane, &params), -EINVAL);
    params.encoder = "libx264";
    params.preset = "warp";
    REQUIRE(vt_lane_new(&lane, &params) < 0);
    params.preset = "veryfast";
    size.size.width = 321;
    REQUIRE_INT(vt_lane_new(&lane, &params), -EINVAL);
    size.size.width = VT_RING_WIDTH_MAX + 2;
    REQUIRE_INT(vt_lane_new(&lane, &params), -EINVAL);
    size.size.width = WIDTH;
    size.bitrate = 0;
    REQUIRE_INT(vt_lane_new(&lane, &params), -EINVAL);
    REQUIRE(!lane);
    vt_lane_free(&lane);
}

int main(void)
{
    av_log_set_level(AV_LOG_QUIET);
    RUN(low_latency_comes_back_frame_by_frame);
    RUN(b_pictures_come_back_in_closed_groups);
    RUN(sprites_stand_on_exactly_their_frames);
    RUN(the_same_pictures_give_the_same_bytes);
    RUN(frame_numbers_may_leap_and_sources_be_missing);
    RUN(a_full_lane_refuses_and_keeps_nothing);
    RUN(what_cannot_be_encoded_is_refused);
    return DONE();
}
