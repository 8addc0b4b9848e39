#include "studio/slate.h"

#include <cairo.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "studio/picture.h"
#include "studio/sprite.h"

static const struct vt_colour slate_colour = {.primaries = 1, .transfer = 1, .matrix = 1, .chroma_site = 1};

static void draw_ground(cairo_t *cr, double w, double h)
{
    cairo_pattern_t *ground = cairo_pattern_create_linear(0, 0, w, h);
    cairo_pattern_add_color_stop_rgb(ground, 0, 0.10, 0.11, 0.16);
    cairo_pattern_add_color_stop_rgb(ground, 1, 0.20, 0.13, 0.22);
    cairo_set_source(cr, ground);
    cairo_paint(cr);
    cairo_pattern_destroy(ground);
}

#define SHOWN_LEAST (2.0 / 3)            // of a picture that fills the canvas; else it shows whole, on the ground

// A shopping bag, and three dots under it: back soon, in any language.
static void draw_bag(cairo_t *cr, double w, double h)
{
    double unit = (w < h ? w : h) / 10, x = w / 2, y = h / 2 - unit / 2;
    cairo_set_source_rgba(cr, 1, 1, 1, 0.85);
    cairo_set_line_width(cr, unit / 6);
    cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    cairo_move_to(cr, x - unit, y - unit / 2);
    cairo_line_to(cr, x + unit, y - unit / 2);
    cairo_line_to(cr, x + unit * 1.15, y + unit * 1.2);
    cairo_line_to(cr, x - unit * 1.15, y + unit * 1.2);
    cairo_close_path(cr);
    cairo_stroke(cr);
    cairo_arc(cr, x, y - unit / 2, unit * 0.55, M_PI, 2 * M_PI);
    cairo_stroke(cr);
    for (int i = -1; i <= 1; i++) {
        cairo_arc(cr, x + i * unit * 0.6, y + unit * 2, unit / 7, 0, 2 * M_PI);
        cairo_fill(cr);
    }
}

static void draw_picture(cairo_t *cr, double w, double h, cairo_surface_t *picture)
{
    double pw = cairo_image_surface_get_width(picture), ph = cairo_image_surface_get_height(picture);
    double cover = fmax(w / pw, h / ph), contain = fmin(w / pw, h / ph);
    double scale = contain < cover * SHOWN_LEAST ? contain : cover;
    cairo_translate(cr, w / 2, h / 2);
    cairo_scale(cr, scale, scale);
    cairo_set_source_surface(cr, picture, -pw / 2, -ph / 2);
    cairo_pattern_set_filter(cairo_get_source(cr), CAIRO_FILTER_BEST);
    cairo_paint(cr);
}

static cairo_surface_t *draw(struct vt_size canvas, cairo_surface_t *picture)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, canvas.width, canvas.height);
    cairo_t *cr = cairo_create(surface);
    draw_ground(cr, canvas.width, canvas.height);
    if (picture)
        draw_picture(cr, canvas.width, canvas.height, picture);
    else
        draw_bag(cr, canvas.width, canvas.height);
    cairo_destroy(cr);
    cairo_surface_flush(surface);
    return surface;
}

static void blacken(AVFrame *frame)
{
    for (int p = 0; p < 3; p++) {
        int rows = p ? (frame->height + 1) / 2 : frame->height;
        memset(frame->data[p], p ? 128 : 16, (size_t)frame->linesize[p] * (size_t)rows);
    }
}

static AVFrame *new_frame(struct vt_size canvas)
{
    AVFrame *frame = av_frame_alloc();
    if (!frame)
        return NULL;
    frame->format = AV_PIX_FMT_YUV420P;
    frame->width = canvas.width;
    frame->height = canvas.height;
    frame->color_range = AVCOL_RANGE_MPEG;
    frame->colorspace = AVCOL_SPC_BT709;
    frame->color_primaries = AVCOL_PRI_BT709;
    frame->color_trc = AVCOL_TRC_BT709;
    frame->chroma_location = AVCHROMA_LOC_LEFT;
    frame->sample_aspect_ratio = (AVRational){1, 1};
    if (av_frame_get_buffer(frame, 0) < 0)
        av_frame_free(&frame);
    else
        blacken(frame);
    return frame;
}

static int read_picture(const char *path, cairo_surface_t **ret)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    uint8_t *data = NULL;
    int error = fstat(fd, &st) < 0 ? -errno : !S_ISREG(st.st_mode) ? -EINVAL : st.st_size > VT_PICTURE_BYTES ? -EFBIG : 0;
    if (!error && !(data = malloc((size_t)st.st_size + 1)))
        error = -ENOMEM;
    if (!error && read(fd, data, (size_t)st.st_size) != st.st_size)
        error = -EIO;
    if (!error)
        error = vt_picture_decode(ret, data, (size_t)st.st_size);
    free(data);
    close(fd);
    return error;
}

int vt_slate_new(AVFrame **ret, struct vt_size canvas, const char *path)
{
    cairo_surface_t *picture = NULL;
    int unread = path ? read_picture(path, &picture) : 0;
    if (unread)
        vt_warning("%s: %s; the built-in slate is shown", path,
                   unread == -EINVAL ? "not a PNG, JPEG or WebP picture" : strerror(-unread));
    AVFrame *frame = new_frame(canvas);
    cairo_surface_t *surface = draw(canvas, picture);
    if (picture)
        cairo_surface_destroy(picture);
    struct vt_placement placement = {.count = 1, .list = {{.opacity = 256}}};
    int error = frame ? vt_sprite_new(&placement.list[0].sprite, surface, 0, canvas.width, canvas.height, 0, 0,
                                      &slate_colour) : -ENOMEM;
    cairo_surface_destroy(surface);
    if (error) {
        av_frame_free(&frame);
        return error;
    }
    struct vt_planes planes = {
        .plane = {frame->data[0], frame->data[1], frame->data[2]},
        .stride = {frame->linesize[0], frame->linesize[1], frame->linesize[2]},
        .width = canvas.width, .height = canvas.height,
    };
    vt_blend(&planes, &placement);
    vt_placement_clear(&placement);
    *ret = frame;
    return 0;
}
