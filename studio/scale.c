#include "studio/scale.h"

#include <errno.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>
#include <stdlib.h>
#include <string.h>

#include "studio/channel.h"
#include "studio/fit.h"
#include "studio/matrix.h"

#define ALIGN       64
#define BLUR_SHARE  16                   // the background is blurred at this part of the size
#define BLUR_PASSES 3
#define BLUR_REACH  2                    // samples to either side

// What decides how a source is scaled.
struct form {
    int width, height, format;
    int sar_num, sar_den;
    int matrix, full_range, site;
};

struct vt_scaler {
    struct vt_scaler_params params;
    AVBufferPool *pool;
    AVFrame *picture;                    // its buffer is the pool's

    struct form form;                    // of the source that the rest was made for
    bool as_is;                          // it has the rendition's form already
    struct vt_rect from, to;
    struct SwsContext *scale;

    struct vt_rect background;           // of the source; VT_FIT_BLUR with bars
    struct SwsContext *shrink, *enlarge;
    AVFrame *small;
};

static struct form form_of(const AVFrame *f)
{
    bool known = f->colorspace != AVCOL_SPC_UNSPECIFIED && f->colorspace != AVCOL_SPC_RESERVED;
    return (struct form){
        .width = f->width, .height = f->height,
        .format = f->format == AV_PIX_FMT_YUVJ420P ? AV_PIX_FMT_YUV420P : f->format,
        .sar_num = f->sample_aspect_ratio.num, .sar_den = f->sample_aspect_ratio.den,
        .matrix = known ? (int)f->colorspace : f->height >= 720 ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M,
        .full_range = f->format == AV_PIX_FMT_YUVJ420P || f->color_range == AVCOL_RANGE_JPEG,
        .site = f->chroma_location == AVCHROMA_LOC_UNSPECIFIED ? AVCHROMA_LOC_LEFT : (int)f->chroma_location,
    };
}

static bool same_form(const struct form *a, const struct form *b)
{
    return a->width == b->width && a->height == b->height && a->format == b->format && a->sar_num == b->sar_num &&
           a->sar_den == b->sar_den && a->matrix == b->matrix && a->full_range == b->full_range &&
           a->site == b->site;
}

static bool readable(const AVFrame *f)
{
    return (f->format == AV_PIX_FMT_YUV420P || f->format == AV_PIX_FMT_YUVJ420P || f->format == AV_PIX_FMT_NV12) &&
           f->width >= 2 && f->height >= 2 && f->data[0] && f->data[1] &&
           (f->format == AV_PIX_FMT_NV12 || f->data[2]);
}

// Where the chroma of a source lies, in 256ths of a luma sample. The usual site is left to swscale, as ffmpeg does.
static void set_sites(struct SwsContext *s, int site)
{
    av_opt_set_int(s, "src_v_chr_pos", site == AVCHROMA_LOC_TOPLEFT ? 0 : 128, 0);
    av_opt_set_int(s, "dst_v_chr_pos", 128, 0);
    if (site == AVCHROMA_LOC_LEFT)
        return;
    av_opt_set_int(s, "src_h_chr_pos", site == AVCHROMA_LOC_CENTER ? 128 : 0, 0);
    av_opt_set_int(s, "dst_h_chr_pos", 0, 0);
}

// Range is converted here, the matrix is not: swscale would go through RGB.
static struct SwsContext *context(const struct form *form, struct vt_size from, struct vt_size to, int flags)
{
    struct SwsContext *s = sws_alloc_context();
    if (!s)
        return NULL;
    av_opt_set_int(s, "srcw", from.width, 0);
    av_opt_set_int(s, "srch", from.height, 0);
    av_opt_set_int(s, "src_format", form->format, 0);
    av_opt_set_int(s, "src_range", form->full_range, 0);
    av_opt_set_int(s, "dstw", to.width, 0);
    av_opt_set_int(s, "dsth", to.height, 0);
    av_opt_set_int(s, "dst_format", AV_PIX_FMT_YUV420P, 0);
    av_opt_set_int(s, "dst_range", 0, 0);
    av_opt_set_int(s, "sws_flags", flags, 0);
    set_sites(s, form->site);
    const int *table = sws_getCoefficients(SWS_CS_ITU709);
    if (sws_init_context(s, NULL, NULL) < 0 ||
        sws_setColorspaceDetails(s, table, form->full_range, table, 0, 0, 1 << 16, 1 << 16) < 0) {
        sws_freeContext(s);
        return NULL;
    }
    return s;
}

static void forget_form(struct vt_scaler *s)
{
    sws_freeContext(s->scale);
    sws_freeContext(s->shrink);
    sws_freeContext(s->enlarge);
    s->scale = s->shrink = s->enlarge = NULL;
    av_frame_free(&s->small);
    s->form = (struct form){0};
}

static int prepare_background(struct vt_scaler *s, const struct form *form, const struct vt_fit_params *fit)
{
    struct vt_size size = s->params.size;
    struct vt_size small = {(size.width / BLUR_SHARE + 3) & ~1, (size.height / BLUR_SHARE + 3) & ~1};
    struct form made = {.format = AV_PIX_FMT_YUV420P, .site = AVCHROMA_LOC_LEFT};
    s->background = vt_fit_cover(fit);
    s->shrink = context(form, (struct vt_size){s->background.width, s->background.height}, small, SWS_AREA);
    s->enlarge = context(&made, small, size, SWS_BILINEAR);
    s->small = av_frame_alloc();
    if (!s->shrink || !s->enlarge || !s->small)
        return -ENOMEM;
    s->small->format = AV_PIX_FMT_YUV420P;
    s->small->width = small.width;
    s->small->height = small.height;
    return av_frame_get_buffer(s->small, ALIGN) < 0 ? -ENOMEM : 0;
}

static int prepare(struct vt_scaler *s, const struct form *form)
{
    struct vt_size size = s->params.size;
    struct vt_fit_params fit = {
        .source = {form->width, form->height}, .sar_num = form->sar_num, .sar_den = form->sar_den,
        .size = size, .canvas = s->params.canvas,
    };
    forget_form(s);
    s->from = (struct vt_rect){0, 0, form->width, form->height};
    s->to = (struct vt_rect){0, 0, size.width, size.height};
    if (s->params.fit == VT_FIT_COVER)
        s->from = vt_fit_cover(&fit);
    else
        s->to = vt_fit_contain(&fit);
    bool whole = s->to.width == size.width && s->to.height == size.height;
    bool same_size = whole && s->from.width == size.width && s->from.height == size.height;
    s->as_is = same_size && form->format == AV_PIX_FMT_YUV420P && !form->full_range &&
               form->site == AVCHROMA_LOC_LEFT;
    if (!s->as_is) {
        s->scale = context(form, (struct vt_size){s->from.width, s->from.height},
                           (struct vt_size){s->to.width, s->to.height}, SWS_BICUBIC);
        if (!s->scale)
            return -EINVAL;
    }
    int r = s->params.fit == VT_FIT_BLUR && !whole ? prepare_background(s, form, &fit) : 0;
    if (r < 0) {
        forget_form(s);
        return r;
    }
    s->form = *form;
    return 0;
}

// Makes the scaler's picture one that nobody else holds.
static int own_picture(struct vt_scaler *s)
{
    AVFrame *f = s->picture;
    if (f->buf[0] && av_frame_is_writable(f))
        return 0;
    av_frame_unref(f);
    f->buf[0] = av_buffer_pool_get(s->pool);
    if (!f->buf[0])
        return -ENOMEM;
    f->format = AV_PIX_FMT_YUV420P;
    f->width = s->params.size.width;
    f->height = s->params.size.height;
    f->color_primaries = AVCOL_PRI_BT709;
    f->color_trc = AVCOL_TRC_BT709;
    f->colorspace = AVCOL_SPC_BT709;
    f->color_range = AVCOL_RANGE_MPEG;
    f->chroma_location = AVCHROMA_LOC_LEFT;
    av_image_fill_arrays(f->data, f->linesize, f->buf[0]->data, f->format, f->width, f->height, ALIGN);
    return 0;
}

static void fill(const AVFrame *f, int plane, struct vt_rect r, int value)
{
    int shift = plane > 0;
    for (int y = r.y >> shift; y < (r.y + r.height) >> shift; y++)
        memset(f->data[plane] + (ptrdiff_t)y * f->linesize[plane] + (r.x >> shift), value,
               (size_t)(r.width >> shift));
}

static void fill_black(const AVFrame *f, struct vt_rect r)
{
    for (int i = 0; i < 3; i++)
        fill(f, i, r, i ? 128 : 16);
}

static void fill_bars(const struct vt_scaler *s)
{
    const AVFrame *f = s->picture;
    struct vt_rect t = s->to;
    fill_black(f, (struct vt_rect){0, 0, f->width, t.y});
    fill_black(f, (struct vt_rect){0, t.y + t.height, f->width, f->height - t.y - t.height});
    fill_black(f, (struct vt_rect){0, t.y, t.x, t.height});
    fill_black(f, (struct vt_rect){t.x + t.width, t.y, f->width - t.x - t.width, t.height});
}

// Runs one swscale context from a part of a picture to a part of another.
static void run(struct SwsContext *context, const AVFrame *from, struct vt_rect part, const AVFrame *to,
                struct vt_rect place)
{
    const uint8_t *source[4] = {0};
    uint8_t *target[4] = {0};
    for (int i = 0; i < 3; i++) {
        int shift = i > 0, wide = from->format == AV_PIX_FMT_NV12 && i ? 0 : shift;
        if (from->data[i])
            source[i] = from->data[i] + (ptrdiff_t)(part.y >> shift) * from->linesize[i] + (part.x >> wide);
        target[i] = to->data[i] + (ptrdiff_t)(place.y >> shift) * to->linesize[i] + (place.x >> shift);
    }
    sws_scale(context, source, from->linesize, 0, part.height, target, to->linesize);
}

// Moves a mean along `count` samples that lie `step` bytes apart; what lies outside is as the sample at the edge.
static void blur_line(uint8_t *line, int count, int step, uint8_t *old)
{
    const int width = 2 * BLUR_REACH + 1;
    for (int i = 0; i < count; i++)
        old[i] = line[(ptrdiff_t)i * step];
    int sum = (BLUR_REACH + 1) * old[0];
    for (int i = 1; i <= BLUR_REACH; i++)
        sum += old[i < count ? i : count - 1];
    for (int i = 0; i < count; i++) {
        line[(ptrdiff_t)i * step] = (uint8_t)((sum + width / 2) / width);
        int in = i + BLUR_REACH + 1, out = i - BLUR_REACH;
        sum += old[in < count ? in : count - 1] - old[out > 0 ? out : 0];
    }
}

static void blur(const AVFrame *f)
{
    uint8_t old[VT_RING_WIDTH_MAX / BLUR_SHARE + 4];
    for (int pass = 0; pass < BLUR_PASSES; pass++)
        for (int i = 0; i < 3; i++) {
            int width = f->width >> (i > 0), height = f->height >> (i > 0), stride = f->linesize[i];
            for (int y = 0; y < height; y++)
                blur_line(f->data[i] + (ptrdiff_t)y * stride, width, 1, old);
            for (int x = 0; x < width; x++)
                blur_line(f->data[i] + x, height, stride, old);
        }
}

static void draw_background(const struct vt_scaler *s, const AVFrame *source)
{
    struct vt_rect small = {0, 0, s->small->width, s->small->height};
    run(s->shrink, source, s->background, s->small, small);
    blur(s->small);
    run(s->enlarge, s->small, small, s->picture, (struct vt_rect){0});
}

static void draw(const struct vt_scaler *s, const AVFrame *source)
{
    AVFrame *f = s->picture;
    if (s->small)
        draw_background(s, source);
    else
        fill_bars(s);
    if (s->as_is)
        av_image_copy(f->data, f->linesize, (const uint8_t **)source->data, source->linesize, f->format, f->width,
                      f->height);
    else
        run(s->scale, source, s->from, f, s->to);
    struct vt_planes planes = {
        {f->data[0], f->data[1], f->data[2]}, {f->linesize[0], f->linesize[1], f->linesize[2]}, f->width, f->height,
    };
    vt_matrix_to_709(&planes, s->form.matrix);
}

int vt_scaler_run(struct vt_scaler *s, AVFrame *source, bool writable, AVFrame **ret)
{
    if (source) {
        struct form form = form_of(source);
        if (!readable(source))
            return -EINVAL;
        int r = same_form(&form, &s->form) ? 0 : prepare(s, &form);
        if (r < 0)
            return r;
        if (s->as_is && !writable && form.matrix == AVCOL_SPC_BT709) {
            *ret = source;
            return 0;
        }
    }
    int r = own_picture(s);
    if (r < 0)
        return r;
    if (source)
        draw(s, source);
    else
        fill_black(s->picture, (struct vt_rect){0, 0, s->picture->width, s->picture->height});
    *ret = s->picture;
    return 0;
}

int vt_scaler_new(struct vt_scaler **ret, const struct vt_scaler_params *params)
{
    struct vt_size size = params->size;
    if (size.width < 2 || size.height < 2 || (size.width | size.height) & 1 || size.width > VT_RING_WIDTH_MAX ||
        size.height > VT_RING_HEIGHT_MAX || params->canvas.width < 1 || params->canvas.height < 1)
        return -EINVAL;
    struct vt_scaler *s = calloc(1, sizeof *s);
    if (!s)
        return -ENOMEM;
    s->params = *params;
    int bytes = av_image_get_buffer_size(AV_PIX_FMT_YUV420P, size.width, size.height, ALIGN);
    s->pool = av_buffer_pool_init((size_t)bytes + ALIGN, NULL);
    s->picture = av_frame_alloc();
    if (!s->pool || !s->picture) {
        vt_scaler_free(&s);
        return -ENOMEM;
    }
    *ret = s;
    return 0;
}

void vt_scaler_free(struct vt_scaler **scaler)
{
    struct vt_scaler *s = *scaler;
    *scaler = NULL;
    if (!s)
        return;
    forget_form(s);
    av_frame_free(&s->picture);
    av_buffer_pool_uninit(&s->pool);
    free(s);
}
