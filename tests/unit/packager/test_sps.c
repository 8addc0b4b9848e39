// What a sequence parameter set tells, against what encoders were told.
#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>

#include "check.h"
#include "packager/cmaf.h"
#include "packager/sps.h"

struct asked {
    enum AVColorPrimaries primaries;
    enum AVColorTransferCharacteristic transfer;
    enum AVColorSpace matrix;
    enum AVColorRange range;
    AVRational aspect;
    int bframes;
    const char *options;
};

// libx264's parameter sets for these wishes, the SPS being the first NAL unit.
static size_t make_sps(const struct asked *asked, uint8_t out[512])
{
    AVCodecContext *c = avcodec_alloc_context3(avcodec_find_encoder_by_name("libx264"));
    REQUIRE(c);
    c->width = 322;
    c->height = 184;
    c->pix_fmt = AV_PIX_FMT_YUV420P;
    c->time_base = (AVRational){1, 30};
    c->color_primaries = asked->primaries;
    c->color_trc = asked->transfer;
    c->colorspace = asked->matrix;
    c->color_range = asked->range;
    c->sample_aspect_ratio = asked->aspect;
    c->max_b_frames = asked->bframes;
    c->bit_rate = c->rc_max_rate = 1000000;
    c->rc_buffer_size = 1000000;
    c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    av_opt_set(c->priv_data, "preset", "veryfast", 0);
    av_opt_set(c->priv_data, "x264-params", asked->options, 0);
    REQUIRE(avcodec_open2(c, NULL, NULL) == 0);
    const uint8_t *at = c->extradata;
    size_t size = (size_t)at[2] << 8 | at[3];
    REQUIRE(size <= 512 && (at[4] & 31) == 7);
    memcpy(out, at + 4, size);
    avcodec_free_context(&c);
    return size;
}

TEST(colours_and_shape_are_those_of_the_stream)
{
    static const struct asked list[] = {
        {AVCOL_PRI_BT709, AVCOL_TRC_BT709, AVCOL_SPC_BT709, AVCOL_RANGE_MPEG, {1, 1}, 0, "annexb=0"},
        {AVCOL_PRI_BT470BG, AVCOL_TRC_GAMMA28, AVCOL_SPC_SMPTE170M, AVCOL_RANGE_JPEG, {4, 3}, 2, "annexb=0"},
        {AVCOL_PRI_BT2020, AVCOL_TRC_SMPTE2084, AVCOL_SPC_BT2020_NCL, AVCOL_RANGE_MPEG, {117, 97}, 3,
         "annexb=0:nal-hrd=vbr:cqm=jvt:b-pyramid=none"},
        {AVCOL_PRI_BT709, AVCOL_TRC_BT709, AVCOL_SPC_BT709, AVCOL_RANGE_MPEG, {1, 1}, 3,
         "annexb=0:interlaced=1:b-pyramid=normal"},
    };
    static const int reorder[] = {0, 2, 1, 2};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        uint8_t data[512];
        struct vt_sps sps;
        REQUIRE_INT(vt_sps_read(data, make_sps(&list[i], data), &sps), 0);
        REQUIRE(sps.coloured);
        REQUIRE_INT(sps.primaries, list[i].primaries);
        REQUIRE_INT(sps.transfer, list[i].transfer);
        REQUIRE_INT(sps.matrix, list[i].matrix);
        REQUIRE_INT(sps.full_range, list[i].range == AVCOL_RANGE_JPEG);
        REQUIRE_INT(sps.sar_width, list[i].aspect.num);
        REQUIRE_INT(sps.sar_height, list[i].aspect.den);
        REQUIRE_INT(sps.reorder, reorder[i]);
    }
}

TEST(what_is_not_said_stays_open)
{
    // Baseline, 320x180, no VUI.
    static const uint8_t bare[] = {0x67, 0x42, 0x00, 0x1e, 0xf4, 0x0a, 0x0c, 0x3e, 0x40};
    struct vt_sps sps;
    REQUIRE_INT(vt_sps_read(bare, sizeof bare, &sps), 0);
    REQUIRE(!sps.coloured);
    REQUIRE_INT(sps.sar_width, 1);
    REQUIRE_INT(sps.reorder, -1);
}

TEST(damage_is_refused)
{
    static const struct asked asked = {AVCOL_PRI_BT709, AVCOL_TRC_BT709, AVCOL_SPC_BT709, AVCOL_RANGE_MPEG, {1, 1}, 2,
                                       "annexb=0"};
    uint8_t data[512], avcc[600] = {1, 0x64, 0, 0x1f, 0xff, 0xe1};
    struct vt_sps sps = {.reorder = 77};
    size_t size = make_sps(&asked, data);
    for (size_t cut = 0; cut < size - 1; cut++)
        REQUIRE_INT(vt_sps_read(data, cut, &sps), -EINVAL);
    REQUIRE_INT(sps.reorder, 77);
    avcc[6] = (uint8_t)(size >> 8);
    avcc[7] = (uint8_t)size;
    memcpy(avcc + 8, data, size);
    REQUIRE_INT(vt_sps_of_avcc(avcc, 8 + size - 1, &sps), -EINVAL);
    REQUIRE_INT(vt_sps_of_avcc(avcc, 8 + size, &sps), 0);
    REQUIRE_INT(sps.reorder, 2);
    data[0] = 0x68;
    REQUIRE_INT(vt_sps_read(data, size, &sps), -EINVAL);
    // Any bits are survived.
    for (unsigned seed = 1; seed < 2000; seed++) {
        uint32_t v = seed;
        for (size_t i = 1; i < size; i++)
            data[i] = (uint8_t)((v = v * 1664525 + 1013904223) >> 24);
        data[0] = 0x67;
        (void)vt_sps_read(data, size, &sps);
    }
}

static const uint8_t *find(const struct vt_writer *w, const char *type)
{
    return memmem(w->data, w->size, type, 4);
}

TEST(the_init_segment_says_so)
{
    static const struct asked asked = {AVCOL_PRI_BT470BG, AVCOL_TRC_GAMMA28, AVCOL_SPC_SMPTE170M, AVCOL_RANGE_JPEG,
                                       {4, 3}, 2, "annexb=0"};
    uint8_t data[512], avcc[600] = {1, 0x64, 0, 0x1f, 0xff, 0xe1};
    size_t size = make_sps(&asked, data);
    avcc[7] = (uint8_t)size;
    memcpy(avcc + 8, data, size);
    struct vt_track track = {.name = "v", .kind = VT_TRACK_VIDEO, .config = avcc, .config_size = 8 + size, .width = 322,
                             .height = 184};
    struct vt_writer w = {0};
    vt_cmaf_init(&w, &track, 90000, 6000);
    const uint8_t *colr = find(&w, "colr"), *pasp = find(&w, "pasp"), *elst = find(&w, "elst");
    REQUIRE(colr && pasp && elst);
    REQUIRE(memcmp(colr + 4, "nclx\0\5\0\5\0\6\x80", 11) == 0);
    REQUIRE(memcmp(pasp + 4, "\0\0\0\4\0\0\0\3", 8) == 0);
    REQUIRE(memcmp(elst + 4, "\0\0\0\0\0\0\0\1\0\0\0\0\0\0\x17\x70\0\1\0\0", 20) == 0);
    vt_writer_free(&w);
    vt_cmaf_init(&w, &track, 90000, 0);
    REQUIRE(!find(&w, "elst"));
    vt_writer_free(&w);
}

int main(void)
{
    av_log_set_level(AV_LOG_ERROR);
    RUN(colours_and_shape_are_those_of_the_stream);
    RUN(what_is_not_said_stays_open);
    RUN(damage_is_refused);
    RUN(the_init_segment_says_so);
    return DONE();
}
