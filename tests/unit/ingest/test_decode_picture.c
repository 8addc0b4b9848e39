// Pictures that are not plain, encoded here and decoded: interlaced, turned, HDR.
#include <libavcodec/bsf.h>
#include <libavutil/pixdesc.h>

#include "check.h"
#include "encoders.h"
#include "ingest/tonemap.h"

#define WIDTH  320
#define HEIGHT 192

// The last picture that came out, and how many.
static struct result {
    int pictures, width, height, primaries, transfer, matrix;
    int64_t pts[64];
    uint8_t y[512][512], u[256][256], v[256][256];
} got;

static int on_frame(void *opaque, const AVFrame *frame)
{
    if (frame->format != AV_PIX_FMT_YUV420P || frame->width > 512 || frame->height > 512)
        return -EIO;
    got.pts[got.pictures++ % 64] = frame->pts;
    got.width = frame->width, got.height = frame->height;
    got.primaries = frame->color_primaries, got.transfer = frame->color_trc, got.matrix = frame->colorspace;
    for (int y = 0; y < frame->height; y++)
        memcpy(got.y[y], frame->data[0] + y * frame->linesize[0], (size_t)frame->width);
    for (int y = 0; y < frame->height / 2; y++) {
        memcpy(got.u[y], frame->data[1] + y * frame->linesize[1], (size_t)frame->width / 2);
        memcpy(got.v[y], frame->data[2] + y * frame->linesize[2], (size_t)frame->width / 2);
    }
    return 0;
}

static int on_samples(void *opaque, int64_t pts_ns, const float *interleaved, int count)
{
    return 0;
}

static void set(AVFrame *frame, int plane, int x, int y, int value)
{
    uint8_t *row = frame->data[plane] + y * frame->linesize[plane];
    if (frame->format == AV_PIX_FMT_YUV420P10)
        ((uint16_t *)(void *)row)[x] = (uint16_t)value;
    else
        row[x] = (uint8_t)value;
}

typedef int painter(int plane, int x, int y, int picture);

static AVCodecContext *open_encoder(const char *name, enum AVPixelFormat format)
{
    AVCodecContext *c = avcodec_alloc_context3(avcodec_find_encoder_by_name(name));
    REQUIRE(c != NULL);
    c->width = WIDTH, c->height = HEIGHT, c->pix_fmt = format;
    c->time_base = (AVRational){1, 25}, c->framerate = (AVRational){25, 1};
    c->max_b_frames = 0, c->gop_size = 250, c->thread_count = 1;
    c->color_range = AVCOL_RANGE_MPEG;
    av_opt_set(c->priv_data, "preset", "ultrafast", 0);
    return c;
}

// Writes into packets with start codes that a display shall turn them anticlockwise.
static void turn(struct stream *s, const char *degrees)
{
    AVBSFContext *bsf = NULL;
    REQUIRE(av_bsf_alloc(av_bsf_get_by_name("h264_metadata"), &bsf) == 0);
    REQUIRE(avcodec_parameters_from_context(bsf->par_in, s->context) >= 0);
    REQUIRE(av_opt_set(bsf->priv_data, "display_orientation", "insert", 0) == 0);
    REQUIRE(av_opt_set(bsf->priv_data, "rotate", degrees, 0) == 0);
    REQUIRE(av_bsf_init(bsf) == 0);
    for (int i = 0; i < s->count; i++) {
        REQUIRE(av_bsf_send_packet(bsf, s->packets[i]) == 0);
        REQUIRE(av_bsf_receive_packet(bsf, s->packets[i]) == 0);
    }
    av_bsf_free(&bsf);
}

static void encode(struct stream *s, AVCodecContext *c, enum vt_codec codec, int pictures, painter *paint,
                   const char *degrees)
{
    memset(s, 0, sizeof *s);
    s->codec = codec, s->context = c;
    c->flags |= codec == VT_CODEC_H264 ? AV_CODEC_FLAG_GLOBAL_HEADER : 0;
    REQUIRE(avcodec_open2(c, NULL, NULL) == 0);
    AVFrame *frame = av_frame_alloc();
    for (int i = 0; i < pictures; i++) {
        frame->width = WIDTH, frame->height = HEIGHT, frame->format = c->pix_fmt;
        REQUIRE(av_frame_get_buffer(frame, 0) == 0);
        for (int p = 0; p < 3; p++)
            for (int y = 0; y < HEIGHT >> (p > 0); y++)
                for (int x = 0; x < WIDTH >> (p > 0); x++)
                    set(frame, p, x, y, paint(p, x, y, i));
        frame->pts = i;
        frame->interlaced_frame = !!(c->flags & AV_CODEC_FLAG_INTERLACED_DCT);
        frame->top_field_first = 1;
        REQUIRE(avcodec_send_frame(c, frame) == 0);
        av_frame_unref(frame);
        stream_take(s);
    }
    avcodec_send_frame(c, NULL);
    stream_take(s);
    av_frame_free(&frame);
    if (degrees)
        turn(s, degrees);
    for (int i = 0; i < s->count; i++)
        lengths_for_start_codes(s->packets[i]);
    if (codec == VT_CODEC_H264)
        make_avcc(s);
    else
        make_bare_config(s);
}

static struct vt_decoder *new_decoder(void)
{
    struct vt_decode_sink sink = {.frame = on_frame, .samples = on_samples};
    struct vt_decoder *decoder = NULL;
    memset(&got, 0, sizeof got);
    REQUIRE_INT(vt_decoder_new(&decoder, &sink, 1), 0);
    return decoder;
}

static void put_all(struct vt_decoder *decoder, const struct stream *s, int64_t from_ns)
{
    for (int i = 0; i < s->count; i++) {
        struct vt_access_unit unit = stream_unit(s, i, from_ns);
        REQUIRE_INT(vt_decoder_packet(decoder, &unit), 0);
    }
}

// Decodes the stream and frees it; returns what was said to be done to it before the end.
static const char *decode(struct stream *s)
{
    static char done[64];
    struct vt_decoder *decoder = new_decoder();
    put_all(decoder, s, 0);
    struct vt_decode_stats stats;
    vt_decoder_stats(decoder, &stats);
    snprintf(done, sizeof done, "%s", stats.done);
    REQUIRE_INT(vt_decoder_flush(decoder), 0);
    vt_decoder_stats(decoder, &stats);
    vt_decoder_free(&decoder);
    stream_free(s);
    REQUIRE_INT(stats.errors, 0);
    return done;
}

// -- interlaced

// A white bar that moves 16 samples from field to field.
static int moving_bar(int plane, int x, int y, int picture)
{
    int at = (2 * picture + (y & 1)) * 16 % 256;
    return plane ? 128 : x >= at && x < at + 48 ? 235 : 16;
}

// How many samples differ by much from both neighbours above and below, which agree: combs.
static int combs(void)
{
    int count = 0;
    for (int y = 1; y < HEIGHT - 1; y++)
        for (int x = 0; x < WIDTH; x++) {
            int above = got.y[y - 1][x], here = got.y[y][x], below = got.y[y + 1][x];
            count += abs(above - below) < 30 && abs(here - above) > 60;
        }
    return count;
}

static void encode_interlaced(struct stream *s, bool told, int pictures)
{
    AVCodecContext *c = open_encoder("libx264", AV_PIX_FMT_YUV420P);
    c->flags |= told ? AV_CODEC_FLAG_INTERLACED_DCT : 0;
    av_opt_set(c->priv_data, "x264-params", "scenecut=0:qp=10", 0);
    encode(s, c, VT_CODEC_H264, pictures, moving_bar, NULL);
}

TEST(interlaced_pictures_lose_their_combs)
{
    struct stream s;
    encode_interlaced(&s, false, 12);
    REQUIRE_TEXT(decode(&s), "");
    int before = combs();
    REQUIRE(before > 5000);                                  // 32 samples in each row: the measure sees them
    encode_interlaced(&s, true, 12);
    REQUIRE_TEXT(decode(&s), "deinterlaced");
    REQUIRE_INT(got.pictures, 12);
    for (int i = 1; i < 12; i++)
        REQUIRE_INT(got.pts[i] - got.pts[i - 1], 40000000);
    REQUIRE(combs() < before / 100);
    REQUIRE_NEAR(got.y[HEIGHT / 2][(22 * 16) % 256 + 8], 235, 12);       // the top field's bar stands
}

TEST(progressive_pictures_after_interlaced_ones_go_on_in_order)
{
    struct stream a, b;
    encode_interlaced(&a, true, 12);
    encode_interlaced(&b, false, 12);
    struct vt_decoder *decoder = new_decoder();
    put_all(decoder, &a, 0);
    put_all(decoder, &b, INT64_C(480000000));
    REQUIRE_INT(vt_decoder_flush(decoder), 0);
    REQUIRE_INT(got.pictures, 24);
    for (int i = 1; i < 24; i++)
        REQUIRE_INT(got.pts[i] - got.pts[i - 1], 40000000);
    vt_decoder_free(&decoder);
    stream_free(&a);
    stream_free(&b);
}

// -- turned

static int corner(int plane, int x, int y, int picture)
{
    return plane ? 128 : x < 64 && y < 64 ? 200 : 50;
}

// Degrees that the display turns it anticlockwise, and where the bright corner must be then.
static void expect_turn(const char *degrees, bool upright, bool right, bool bottom)
{
    struct stream s;
    AVCodecContext *c = open_encoder("libx264", AV_PIX_FMT_YUV420P);
    encode(&s, c, VT_CODEC_H264, 3, corner, degrees);
    REQUIRE_TEXT(decode(&s), "turned");
    REQUIRE_INT(got.pictures, 3);
    REQUIRE_INT(got.width, upright ? HEIGHT : WIDTH);
    REQUIRE_INT(got.height, upright ? WIDTH : HEIGHT);
    for (int i = 0; i < 4; i++) {
        int x = i & 1 ? got.width - 20 : 20, y = i & 2 ? got.height - 20 : 20;
        bool bright = (i & 1) == right && !!(i & 2) == bottom;
        REQUIRE_NEAR(got.y[y][x], bright ? 200 : 50, 10);
    }
}

TEST(turned_pictures_are_set_upright)
{
    expect_turn("90", true, false, true);
    expect_turn("180", false, true, true);
    expect_turn("270", true, true, false);
}

// -- HDR

// Codes of ten bits, and what they must become, worked out from BT.2100 (light of a code), BT.2390 (EETF from 1000 to
// 203 cd/m²), BT.2087 (primaries), BT.1886 and BT.709. The first rows are grey: black, 26 cd/m² (18 % grey), 203 (white
// of BT.2408), 1000 and, past the source's peak, 10000. The table's steps show where a colour lies on the edge of BT.709
// (pure red, green, blue), whose light changes most between them.
enum { GREY = 1, MUTED = 3, PURE = 14 };

struct patch {
    int from[3], to[3], within;
};

static const struct patch pq[] = {
    {{64, 512, 512}, {16, 128, 128}, GREY}, {{397, 512, 512}, {109, 128, 128}, GREY},
    {{573, 512, 512}, {214, 128, 128}, GREY}, {{723, 512, 512}, {235, 128, 128}, GREY},
    {{940, 512, 512}, {235, 128, 128}, GREY}, {{530, 493, 521}, {189, 112, 140}, MUTED},
    {{426, 495, 520}, {124, 118, 136}, MUTED}, {{306, 451, 595}, {44, 113, 195}, PURE},
    {{212, 644, 533}, {26, 195, 122}, PURE},
};
static const struct patch hlg[] = {
    {{64, 512, 512}, {16, 128, 128}, GREY}, {{397, 512, 512}, {109, 128, 128}, GREY},
    {{721, 512, 512}, {214, 128, 128}, GREY}, {{940, 512, 512}, {235, 128, 128}, GREY},
};
static const struct patch wide[] = {
    {{720, 512, 512}, {180, 128, 128}, GREY}, {{749, 441, 438}, {184, 108, 91}, MUTED},
    {{458, 384, 739}, {63, 102, 240}, PURE},
};
static const struct patch *patches;
static int n_patches;

static int paint_patch(int plane, int x, int y, int picture)
{
    int i = (plane ? 2 * x : x) / 32;
    return patches[i % n_patches].from[plane];
}

static void expect_patches(const struct patch *list, int count, int transfer)
{
    struct stream s;
    AVCodecContext *c = open_encoder("libx265", AV_PIX_FMT_YUV420P10);
    c->color_primaries = AVCOL_PRI_BT2020, c->color_trc = transfer, c->colorspace = AVCOL_SPC_BT2020_NCL;
    av_opt_set(c->priv_data, "x265-params", "log-level=none:bframes=0:qp=4:pools=none:frame-threads=1", 0);
    patches = list, n_patches = count;
    encode(&s, c, VT_CODEC_HEVC, 2, paint_patch, NULL);
    REQUIRE_TEXT(decode(&s), transfer == AVCOL_TRC_BT2020_10 ? "BT.2020 to BT.709" : "HDR to SDR");
    REQUIRE(got.primaries == AVCOL_PRI_BT709 && got.transfer == AVCOL_TRC_BT709 && got.matrix == AVCOL_SPC_BT709);
    for (int i = 0; i < count; i++) {
        int x = 32 * i + 16, y = HEIGHT / 2;
        int is[3] = {got.y[y][x], got.u[y / 2][x / 2], got.v[y / 2][x / 2]};
        for (int p = 0; p < 3; p++)
            REQUIRE_NEAR(is[p], list[i].to[p], list[i].within);
    }
}

TEST(pq_is_mapped_as_the_standards_say)
{
    expect_patches(pq, 9, AVCOL_TRC_SMPTE2084);
}

TEST(hlg_is_mapped_as_the_standards_say)
{
    expect_patches(hlg, 4, AVCOL_TRC_ARIB_STD_B67);
}

TEST(wide_colours_without_hdr_become_those_of_709)
{
    expect_patches(wide, 3, AVCOL_TRC_BT2020_10);
}

TEST(what_a_tone_leaves_open_is_settled)
{
    struct vt_tone tone = {16, 2, 2, false, 0};
    REQUIRE(vt_tone_settle(&tone));
    REQUIRE(tone.primaries == 9 && tone.matrix == 9 && tone.peak == VT_TONEMAP_PEAK);
    tone = (struct vt_tone){16, 9, 9, false, 100};
    REQUIRE(vt_tone_settle(&tone));
    REQUIRE_INT(tone.peak, VT_TONEMAP_PEAK_MIN);
    tone = (struct vt_tone){16, 9, 9, false, VT_TONEMAP_PEAK_MAX + 1};
    REQUIRE(vt_tone_settle(&tone));
    REQUIRE_INT(tone.peak, VT_TONEMAP_PEAK_MAX);
    tone = (struct vt_tone){1, 1, 1, false, 0};
    REQUIRE(!vt_tone_settle(&tone));
    tone = (struct vt_tone){2, 2, 2, false, 0};
    REQUIRE(!vt_tone_settle(&tone));
}

int main(void)
{
    av_log_set_level(AV_LOG_QUIET);
    RUN(interlaced_pictures_lose_their_combs);
    RUN(progressive_pictures_after_interlaced_ones_go_on_in_order);
    RUN(turned_pictures_are_set_upright);
    RUN(pq_is_mapped_as_the_standards_say);
    RUN(hlg_is_mapped_as_the_standards_say);
    RUN(wide_colours_without_hdr_become_those_of_709);
    RUN(what_a_tone_leaves_open_is_settled);
    return DONE();
}
