#include "ingest/decode_picture.h"

#include <errno.h>
#include <libavutil/display.h>
#include <libavutil/mastering_display_metadata.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/filters.h"
#include "ingest/tonemap.h"

#define CHAIN_ROOM 96
#define PEAK_STEP  100                  // cd/m²: finer differences are not worth a new table

struct vt_decode_picture {
    struct vt_decode_sink sink;
    AVFrame *filtered, *deep, *converted;
    struct SwsContext *sws, *to_deep;
    struct vt_filters *filters;
    char chain[CHAIN_ROOM], refused[CHAIN_ROOM];     // that `filters` is; that cannot be had
    const char *turn;                   // the filters that set the present pictures upright
    bool interlaced;
    int progressive;                    // pictures in a row
    struct vt_tonemap *tonemap;
    char done[64];
};

int vt_decode_picture_new(struct vt_decode_picture **ret, const struct vt_decode_sink *sink)
{
    struct vt_decode_picture *p = calloc(1, sizeof *p);
    if (!p)
        return -ENOMEM;
    p->sink = *sink;
    p->turn = "";
    p->filtered = av_frame_alloc();
    p->deep = av_frame_alloc();
    p->converted = av_frame_alloc();
    if (!p->filtered || !p->deep || !p->converted) {
        vt_decode_picture_free(&p);
        return -ENOMEM;
    }
    *ret = p;
    return 0;
}

void vt_decode_picture_free(struct vt_decode_picture **picture)
{
    struct vt_decode_picture *p = *picture;
    if (!p)
        return;
    av_frame_free(&p->filtered);
    av_frame_free(&p->deep);
    av_frame_free(&p->converted);
    sws_freeContext(p->sws);
    sws_freeContext(p->to_deep);
    vt_filters_free(&p->filters);
    vt_tonemap_free(&p->tonemap);
    free(p);
    *picture = NULL;
}

// -- layouts and depths

// A picture to convert into: the sink's memory if it has some.
static int converted_buffer(struct vt_decode_picture *p, const AVFrame *like)
{
    AVFrame *to = p->converted;
    to->format = AV_PIX_FMT_YUV420P;
    to->width = (like->width + 63) & ~63;
    to->height = (like->height + 1) & ~1;
    int error = p->sink.buffer ? p->sink.buffer(p->sink.opaque, to) : -ENOTSUP;
    to->width = like->width;
    to->height = like->height;
    return error < 0 ? av_frame_get_buffer(to, 0) : 0;
}

static int scale(struct SwsContext **sws, const AVFrame *from, AVFrame *to)
{
    *sws = sws_getCachedContext(*sws, from->width, from->height, from->format, from->width, from->height, to->format,
                                SWS_BILINEAR | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INP, NULL, NULL, NULL);
    if (!*sws)
        return -EINVAL;
    int range = from->color_range == AVCOL_RANGE_JPEG;
    const int *matrix = sws_getCoefficients(SWS_CS_DEFAULT);
    sws_setColorspaceDetails(*sws, matrix, range, matrix, range, 0, 1 << 16, 1 << 16);
    return sws_scale(*sws, (const uint8_t *const *)from->data, from->linesize, 0, from->height, to->data,
                     to->linesize) == from->height ? 0 : -EINVAL;
}

// Other layouts and depths become 8-bit 4:2:0; the range stays what it is.
static int convert(struct vt_decode_picture *p, AVFrame *frame)
{
    if (converted_buffer(p, frame) < 0 || av_frame_copy_props(p->converted, frame) < 0)
        return -ENOMEM;
    return scale(&p->sws, frame, p->converted);
}

// -- light

static int peak_of(const AVFrame *frame)
{
    const AVFrameSideData *side = av_frame_get_side_data(frame, AV_FRAME_DATA_MASTERING_DISPLAY_METADATA);
    const AVMasteringDisplayMetadata *display = side ? (const void *)side->data : NULL;
    if (!display || !display->has_luminance || display->max_luminance.den < 1)
        return 0;
    double peak = av_q2d(display->max_luminance);
    return peak > 0 && peak <= VT_TONEMAP_PEAK_MAX ? (int)lround(peak / PEAK_STEP) * PEAK_STEP : 0;
}

static bool needs_tones(const AVFrame *frame, struct vt_tone *ret)
{
    *ret = (struct vt_tone){frame->color_trc, frame->color_primaries, frame->colorspace,
                            frame->color_range == AVCOL_RANGE_JPEG, peak_of(frame)};
    return vt_tone_settle(ret);
}

static int deepen(struct vt_decode_picture *p, const AVFrame *frame)
{
    AVFrame *deep = p->deep;
    if (deep->width != frame->width || deep->height != frame->height || !deep->buf[0]) {
        av_frame_unref(deep);
        deep->format = AV_PIX_FMT_YUV420P10;
        deep->width = frame->width;
        deep->height = frame->height;
        if (av_frame_get_buffer(deep, 0) < 0)
            return -ENOMEM;
    }
    return scale(&p->to_deep, frame, deep);
}

static int map_tones(struct vt_decode_picture *p, const struct vt_tone *tone, const AVFrame *frame)
{
    AVFrame *to = p->converted;
    const AVFrame *from = frame->format == AV_PIX_FMT_YUV420P10 ? frame : p->deep;
    int error = from == frame ? 0 : deepen(p, frame);
    if (!error && p->tonemap && !vt_tonemap_fits(p->tonemap, tone))
        vt_tonemap_free(&p->tonemap);
    if (!error && !p->tonemap)
        error = vt_tonemap_new(&p->tonemap, tone);
    if (!error && (converted_buffer(p, frame) < 0 || av_frame_copy_props(to, frame) < 0))
        error = -ENOMEM;
    if (error)
        return error;
    vt_tonemap_run(p->tonemap, &(struct vt_tonemap_picture){
        {from->data[0], from->data[1], from->data[2]}, {from->linesize[0], from->linesize[1], from->linesize[2]},
        {to->data[0], to->data[1], to->data[2]}, {to->linesize[0], to->linesize[1], to->linesize[2]},
        frame->width, frame->height});
    to->color_primaries = AVCOL_PRI_BT709;
    to->color_trc = AVCOL_TRC_BT709;
    to->colorspace = AVCOL_SPC_BT709;
    to->color_range = AVCOL_RANGE_MPEG;
    return 0;
}

// -- deinterlacing and turning

static bool is_interlaced(const AVFrame *frame)
{
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 7, 100)
    return frame->flags & AV_FRAME_FLAG_INTERLACED;
#else
    return frame->interlaced_frame;
#endif
}

// The filters that set a picture upright; "" when it is. What a key frame says of it holds until the next one.
static const char *turn_of(const AVFrame *frame, const char *before)
{
    const AVFrameSideData *side = av_frame_get_side_data(frame, AV_FRAME_DATA_DISPLAYMATRIX);
    if (!side || side->size < 9 * sizeof(int32_t))
        return vt_frame_is_key(frame) ? "" : before;
    const int32_t *matrix = (const int32_t *)(const void *)side->data;
    double degrees = av_display_rotation_get(matrix);
    if (isnan(degrees))
        return "";
    switch (((int)lround(-degrees / 90) + 8) % 4) {
    case 1:  return matrix[3] > 0 ? "transpose=cclock_flip" : "transpose=clock";
    case 2:  return matrix[4] < 0 ? "hflip,vflip" : "hflip";
    case 3:  return matrix[3] < 0 ? "transpose=clock_flip" : "transpose=cclock";
    default: return matrix[4] < 0 ? "vflip" : "";
    }
}

// A stream that was interlaced may have progressive pictures between; the filter passes them on, and keeps the order.
static void choose_chain(struct vt_decode_picture *p, const AVFrame *frame, char chain[CHAIN_ROOM])
{
    if (is_interlaced(frame)) {
        p->interlaced = true;
        p->progressive = 0;
    } else if (p->interlaced && ++p->progressive >= VT_PICTURE_PROGRESSIVE) {
        p->interlaced = false;
    }
    p->turn = turn_of(frame, p->turn);
    snprintf(chain, CHAIN_ROOM, "%s%s%s", p->interlaced ? "bwdif=mode=send_frame:parity=auto:deint=interlaced" : "",
             p->interlaced && *p->turn ? "," : "", p->turn);
}

static void note_done(struct vt_decode_picture *p, const char *toned)
{
    const char *parts[] = {strstr(p->chain, "bwdif") ? "deinterlaced" : "",
                           strstr(p->chain, "transpose") || strstr(p->chain, "flip") ? "turned" : "",
                           toned};
    char done[sizeof p->done] = "";
    for (int i = 0; i < 3; i++)
        if (*parts[i]) {
            size_t size = strlen(done);
            snprintf(done + size, sizeof done - size, "%s%s", size ? ", " : "", parts[i]);
        }
    memcpy(p->done, done, sizeof done);
}

static int finish(struct vt_decode_picture *p, AVFrame *frame)
{
    struct vt_tone tone;
    bool toned = needs_tones(frame, &tone);
    if (!toned)
        vt_tonemap_free(&p->tonemap);
    bool bright = tone.transfer == AVCOL_TRC_SMPTE2084 || tone.transfer == AVCOL_TRC_ARIB_STD_B67;
    note_done(p, !toned ? "" : bright ? "HDR to SDR" : "BT.2020 to BT.709");
    int error = 0;
    AVFrame *out = toned || frame->format != AV_PIX_FMT_YUV420P ? p->converted : frame;
    if (toned)
        error = map_tones(p, &tone, frame);
    else if (out != frame)
        error = convert(p, frame);
    if (!error)
        error = p->sink.frame(p->sink.opaque, out);
    av_frame_unref(p->converted);
    return error < 0 ? error : 0;
}

static int take_filtered(struct vt_decode_picture *p)
{
    int error, got;
    while ((got = vt_filters_get(p->filters, p->filtered)) > 0) {
        error = finish(p, p->filtered);
        av_frame_unref(p->filtered);
        if (error < 0)
            return error;
    }
    return got;
}

static int end_chain(struct vt_decode_picture *p)
{
    int error = p->filters ? vt_filters_put(p->filters, NULL) : 0;
    if (!error && p->filters)
        error = take_filtered(p);
    vt_filters_free(&p->filters);
    p->chain[0] = 0;
    return error;
}

// Makes the chain the one that the picture needs. What cannot be had is not asked for again and again.
static int settle_chain(struct vt_decode_picture *p, const AVFrame *frame)
{
    char chain[CHAIN_ROOM];
    choose_chain(p, frame, chain);
    if (strcmp(chain, p->chain) == 0 && (!p->filters || vt_filters_fit(p->filters, frame)))
        return 0;
    int error = end_chain(p);
    if (error < 0 || !chain[0] || strcmp(chain, p->refused) == 0)
        return error;
    error = vt_filters_new(&p->filters, frame, chain);
    memcpy(error ? p->refused : p->chain, chain, sizeof chain);
    return error == -ENOMEM ? error : 0;
}

int vt_decode_picture_put(struct vt_decode_picture *p, AVFrame *frame)
{
    int error = settle_chain(p, frame);
    if (error < 0)
        return error;
    if (!p->filters)
        return finish(p, frame);
    error = vt_filters_put(p->filters, frame);
    return error < 0 ? error : take_filtered(p);
}

int vt_decode_picture_flush(struct vt_decode_picture *p)
{
    return end_chain(p);
}

const char *vt_decode_picture_done(const struct vt_decode_picture *p)
{
    return p->done;
}
