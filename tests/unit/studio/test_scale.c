#include "check.h"

#include <errno.h>

#include "studio/channel.h"
#include "studio/fit.h"
#include "studio/matrix.h"
#include "studio/scale.h"

static AVFrame *picture(int width, int height, int y, int u, int v)
{
    AVFrame *f = av_frame_alloc();
    f->format = AV_PIX_FMT_YUV420P;
    f->width = width;
    f->height = height;
    REQUIRE_INT(av_frame_get_buffer(f, 0), 0);
    memset(f->data[0], y, (size_t)(f->linesize[0] * height));
    memset(f->data[1], u, (size_t)(f->linesize[1] * ((height + 1) / 2)));
    memset(f->data[2], v, (size_t)(f->linesize[2] * ((height + 1) / 2)));
    return f;
}

static struct vt_scaler *scaler(int width, int height, int fit)
{
    struct vt_scaler_params params = {{width, height}, {width, height}, fit};
    struct vt_scaler *s = NULL;
    REQUIRE_INT(vt_scaler_new(&s, &params), 0);
    return s;
}

static int luma(const AVFrame *f, int x, int y)
{
    return f->data[0][y * f->linesize[0] + x];
}

static int chroma(const AVFrame *f, int plane, int x, int y)
{
    return f->data[plane][y / 2 * f->linesize[plane] + x / 2];
}

static struct vt_rect contain(int sw, int sh, int num, int den, int w, int h)
{
    return vt_fit_contain(&(struct vt_fit_params){{sw, sh}, num, den, {w, h}, {w, h}});
}

static struct vt_rect cover(int sw, int sh, int num, int den, int w, int h)
{
    return vt_fit_cover(&(struct vt_fit_params){{sw, sh}, num, den, {w, h}, {w, h}});
}

#define REQUIRE_RECT(rect, x_, y_, w_, h_)                                                                             \
    do {                                                                                                               \
        struct vt_rect r_ = rect;                                                                                      \
        REQUIRE_INT(r_.x, x_);                                                                                         \
        REQUIRE_INT(r_.y, y_);                                                                                         \
        REQUIRE_INT(r_.width, w_);                                                                                     \
        REQUIRE_INT(r_.height, h_);                                                                                    \
    } while (0)

TEST(contain_keeps_the_shape)
{
    REQUIRE_RECT(contain(1280, 720, 1, 1, 640, 360), 0, 0, 640, 360);
    REQUIRE_RECT(contain(640, 480, 1, 1, 640, 360), 80, 0, 480, 360);
    REQUIRE_RECT(contain(720, 1280, 0, 0, 1280, 720), 436, 0, 406, 720);
    REQUIRE_RECT(contain(1920, 800, 1, 1, 1280, 720), 0, 92, 1280, 534);
    REQUIRE_RECT(contain(720, 576, 64, 45, 1280, 720), 0, 0, 1280, 720);        // anamorphic 16:9
    REQUIRE_RECT(contain(720, 576, 16, 15, 1280, 720), 160, 0, 960, 720);       // 4:3
    REQUIRE_RECT(contain(1280, 720, 1, 1, 854, 480), 0, 0, 854, 480);           // no hair lines
    REQUIRE_RECT(contain(2, 4096, 1, 1, 640, 360), 318, 0, 2, 360);
    // A rendition that shows a 16:9 canvas in samples that are not square.
    struct vt_fit_params wide = {{1280, 720}, 1, 1, {640, 480}, {1280, 720}};
    REQUIRE_RECT(vt_fit_contain(&wide), 0, 0, 640, 480);
}

TEST(cover_fills_in_the_shape)
{
    REQUIRE_RECT(cover(1280, 720, 1, 1, 640, 360), 0, 0, 1280, 720);
    REQUIRE_RECT(cover(640, 480, 1, 1, 640, 360), 0, 60, 640, 360);
    REQUIRE_RECT(cover(1920, 1080, 1, 1, 360, 640), 656, 0, 608, 1080);
    REQUIRE_RECT(cover(720, 576, 16, 15, 1280, 720), 0, 72, 720, 432);
}

TEST(a_source_that_is_right_is_passed_on)
{
    struct vt_scaler *s = scaler(64, 720, VT_FIT_CONTAIN);
    AVFrame *source = picture(64, 720, 50, 60, 70), *out = NULL;
    REQUIRE_INT(vt_scaler_run(s, source, false, &out), 0);
    REQUIRE(out == source);
    REQUIRE_INT(vt_scaler_run(s, source, true, &out), 0);
    REQUIRE(out != source && av_frame_is_writable(out));
    for (int y = 0; y < 720; y++)
        for (int x = 0; x < 64; x++)
            REQUIRE(luma(out, x, y) == 50 && chroma(out, 1, x, y) == 60 && chroma(out, 2, x, y) == 70);
    av_frame_free(&source);
    vt_scaler_free(&s);
}

TEST(a_picture_that_somebody_holds_is_not_written)
{
    struct vt_scaler *s = scaler(64, 64, VT_FIT_CONTAIN);
    AVFrame *source = picture(128, 128, 50, 128, 128), *out;
    REQUIRE_INT(vt_scaler_run(s, source, true, &out), 0);
    AVFrame *held = av_frame_clone(out);
    memset(source->data[0], 200, (size_t)(source->linesize[0] * 128));
    REQUIRE_INT(vt_scaler_run(s, source, true, &out), 0);
    REQUIRE_INT(luma(held, 10, 10), 50);
    REQUIRE_INT(luma(out, 10, 10), 200);
    const uint8_t *data = out->data[0];
    av_frame_free(&held);
    REQUIRE_INT(vt_scaler_run(s, source, true, &out), 0);
    REQUIRE(out->data[0] == data);       // the same buffer again
    av_frame_free(&source);
    vt_scaler_free(&s);
}

TEST(bars_are_black_and_stay_so)
{
    struct vt_scaler *s = scaler(640, 360, VT_FIT_CONTAIN);
    AVFrame *source = picture(640, 480, 180, 90, 200), *out;
    source->colorspace = AVCOL_SPC_BT709;
    for (int round = 0; round < 2; round++) {
        REQUIRE_INT(vt_scaler_run(s, source, true, &out), 0);
        for (int y = 0; y < 360; y += 7)
            for (int x = 0; x < 640; x++) {
                bool inside = x >= 80 && x < 560;
                REQUIRE_NEAR(luma(out, x, y), inside ? 180 : 16, inside);
                REQUIRE_NEAR(chroma(out, 1, x, y), inside ? 90 : 128, inside);
                REQUIRE_NEAR(chroma(out, 2, x, y), inside ? 200 : 128, inside);
            }
        memset(out->data[0], 77, (size_t)(out->linesize[0] * 360));     // what was blended must not stay
    }
    av_frame_free(&source);
    vt_scaler_free(&s);
}

TEST(blur_fills_the_bars_with_the_picture)
{
    struct vt_scaler *s = scaler(640, 360, VT_FIT_BLUR);
    AVFrame *source = picture(360, 640, 120, 100, 150), *out;
    source->colorspace = AVCOL_SPC_BT709;
    for (int y = 0; y < 640; y++)        // a fine pattern: gone in the bars, there in the middle
        for (int x = 0; x < 360; x++)
            source->data[0][y * source->linesize[0] + x] = x / 16 % 2 ? 160 : 80;
    REQUIRE_INT(vt_scaler_run(s, source, true, &out), 0);
    for (int y = 0; y < 360; y += 3)
        for (int x = 0; x < 640; x += 3)
            if (x < 200 || x > 440) {
                REQUIRE_NEAR(luma(out, x, y), 120, 25);
                REQUIRE_NEAR(chroma(out, 1, x, y), 100, 1);
                REQUIRE_NEAR(chroma(out, 2, x, y), 150, 1);
            }
    int low = 255, high = 0;
    for (int x = 230; x < 410; x++) {
        low = luma(out, x, 180) < low ? luma(out, x, 180) : low;
        high = luma(out, x, 180) > high ? luma(out, x, 180) : high;
    }
    REQUIRE(high - low > 60);
    av_frame_free(&source);
    vt_scaler_free(&s);
}

// In floating point: R'G'B' of the source's matrix and range, coded in BT.709 limited.
static void recoded(const double in[3], double kr, double kb, bool full, double out[3])
{
    double y = full ? in[0] / 255 : (in[0] - 16) / 219, c = full ? 255 : 224;
    double u = (in[1] - 128) / c, v = (in[2] - 128) / c;
    double r = y + 2 * (1 - kr) * v, b = y + 2 * (1 - kb) * u, g = (y - kr * r - kb * b) / (1 - kr - kb);
    double y7 = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    out[0] = 16 + 219 * y7;
    out[1] = 128 + 224 * (b - y7) / 1.8556;
    out[2] = 128 + 224 * (r - y7) / 1.5748;
}

TEST(every_matrix_and_range_becomes_709_limited)
{
    static const struct {
        int colorspace, range, height;
        double kr, kb;
    } forms[] = {
        {AVCOL_SPC_BT709, AVCOL_RANGE_MPEG, 64, 0.2126, 0.0722},
        {AVCOL_SPC_BT709, AVCOL_RANGE_JPEG, 64, 0.2126, 0.0722},
        {AVCOL_SPC_SMPTE170M, AVCOL_RANGE_MPEG, 64, 0.299, 0.114},
        {AVCOL_SPC_BT470BG, AVCOL_RANGE_JPEG, 64, 0.299, 0.114},
        {AVCOL_SPC_BT2020_NCL, AVCOL_RANGE_MPEG, 64, 0.2627, 0.0593},
        {AVCOL_SPC_UNSPECIFIED, AVCOL_RANGE_UNSPECIFIED, 716, 0.299, 0.114},
        {AVCOL_SPC_UNSPECIFIED, AVCOL_RANGE_UNSPECIFIED, 720, 0.2126, 0.0722},
    };
    static const double colours[][3] = {{16, 128, 128}, {235, 128, 128}, {120, 90, 160}, {81, 110, 170}, {150, 150, 90}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        for (int same = 0; same < 2; same++)             // scaled, and only recoloured
            for (int k = 0; k < 5; k++) {
                int height = forms[i].height;
                AVFrame *source = picture(64, height, (int)colours[k][0], (int)colours[k][1], (int)colours[k][2]);
                AVFrame *out;
                struct vt_scaler *s = scaler(same ? 64 : 32, same ? height : height / 2, VT_FIT_CONTAIN);
                source->colorspace = forms[i].colorspace;
                source->color_range = forms[i].range;
                double want[3];
                recoded(colours[k], forms[i].kr, forms[i].kb, forms[i].range == AVCOL_RANGE_JPEG, want);
                REQUIRE_INT(vt_scaler_run(s, source, false, &out), 0);
                REQUIRE_NEAR(luma(out, 15, 15), want[0], 1.6);
                REQUIRE_NEAR(chroma(out, 1, 15, 15), want[1], 1.6);
                REQUIRE_NEAR(chroma(out, 2, 15, 15), want[2], 1.6);
                av_frame_free(&source);
                vt_scaler_free(&s);
            }
}

TEST(grey_stays_grey_in_every_matrix)
{
    static const int matrices[] = {4, 5, 6, 7, 9, 10};
    for (int i = 0; i < 6; i++) {
        AVFrame *f = picture(33, 17, 99, 128, 128);
        struct vt_planes planes = {{f->data[0], f->data[1], f->data[2]}, {f->linesize[0], f->linesize[1], f->linesize[2]},
                                   33, 17};
        REQUIRE(vt_matrix_to_709(&planes, matrices[i]));
        for (int y = 0; y < 17; y++)
            for (int x = 0; x < 33; x++)
                REQUIRE(luma(f, x, y) == 99 && chroma(f, 1, x, y) == 128 && chroma(f, 2, x, y) == 128);
        av_frame_free(&f);
    }
    REQUIRE(!vt_matrix_to_709(NULL, 1));
    REQUIRE(!vt_matrix_to_709(NULL, 2));
}

TEST(nv12_odd_sizes_and_changes_of_format_are_read)
{
    struct vt_scaler *s = scaler(320, 180, VT_FIT_COVER);
    AVFrame *out;
    for (int width = 2; width < 700; width += 37)
        for (int nv12 = 0; nv12 < 2; nv12++) {
            int height = 361 - width / 2;
            AVFrame *source = picture(width, height, 140, 100, 100);
            source->colorspace = AVCOL_SPC_BT709;
            if (nv12) {
                av_frame_free(&source);
                source = av_frame_alloc();
                source->format = AV_PIX_FMT_NV12;
                source->width = width;
                source->height = height;
                source->colorspace = AVCOL_SPC_BT709;
                av_frame_get_buffer(source, 0);
                memset(source->data[0], 140, (size_t)(source->linesize[0] * height));
                memset(source->data[1], 100, (size_t)(source->linesize[1] * ((height + 1) / 2)));
            }
            REQUIRE_INT(vt_scaler_run(s, source, true, &out), 0);
            for (int y = 0; y < 180; y += 5)
                for (int x = 0; x < 320; x += 5) {
                    REQUIRE_NEAR(luma(out, x, y), 140, 1);
                    REQUIRE_NEAR(chroma(out, 1, x, y), 100, 1);
                    REQUIRE_NEAR(chroma(out, 2, x, y), 100, 1);
                }
            av_frame_free(&source);
        }
    vt_scaler_free(&s);
}

TEST(what_cannot_be_scaled_is_refused)
{
    struct vt_scaler *s = NULL;
    struct vt_scaler_params params = {{321, 180}, {320, 180}, VT_FIT_CONTAIN};
    REQUIRE_INT(vt_scaler_new(&s, &params), -EINVAL);
    params.size.width = 0;
    REQUIRE_INT(vt_scaler_new(&s, &params), -EINVAL);
    params.size.width = VT_RING_WIDTH_MAX + 2;
    REQUIRE_INT(vt_scaler_new(&s, &params), -EINVAL);
    REQUIRE(!s);
    s = scaler(320, 180, VT_FIT_CONTAIN);
    AVFrame *source = picture(320, 180, 0, 0, 0), *out = NULL;
    source->format = AV_PIX_FMT_YUV422P;
    REQUIRE_INT(vt_scaler_run(s, source, true, &out), -EINVAL);
    source->format = AV_PIX_FMT_YUV420P;
    source->width = 1;
    REQUIRE_INT(vt_scaler_run(s, source, true, &out), -EINVAL);
    REQUIRE(!out);
    REQUIRE_INT(vt_scaler_run(s, NULL, true, &out), 0);
    REQUIRE(luma(out, 100, 100) == 16 && chroma(out, 1, 100, 100) == 128);
    av_frame_free(&source);
    vt_scaler_free(&s);
}

int main(void)
{
    RUN(contain_keeps_the_shape);
    RUN(cover_fills_in_the_shape);
    RUN(a_source_that_is_right_is_passed_on);
    RUN(a_picture_that_somebody_holds_is_not_written);
    RUN(bars_are_black_and_stay_so);
    RUN(blur_fills_the_bars_with_the_picture);
    RUN(every_matrix_and_range_becomes_709_limited);
    RUN(grey_stays_grey_in_every_matrix);
    RUN(nv12_odd_sizes_and_changes_of_format_are_read);
    RUN(what_cannot_be_scaled_is_refused);
    return DONE();
}
