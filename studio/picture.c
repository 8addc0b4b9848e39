#include "studio/picture.h"

#include <errno.h>
#include <fcntl.h>
#include <libavcodec/avcodec.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "overlay/overlay.h"

struct kept {
    char *name;
    struct timespec changed;
    off_t size;
    ino_t inode;
    cairo_surface_t *surface;
};

struct vt_pictures {
    int root;
    struct kept kept[VT_PICTURES_KEPT];
    int next;
    char why[160];
};

// ---- decoding

static enum AVCodecID format_of(const uint8_t *data, size_t size)
{
    if (size >= 8 && memcmp(data, "\x89PNG\r\n\x1a\n", 8) == 0)
        return AV_CODEC_ID_PNG;
    if (size >= 3 && memcmp(data, "\xff\xd8\xff", 3) == 0)
        return AV_CODEC_ID_MJPEG;
    if (size >= 12 && memcmp(data, "RIFF", 4) == 0 && memcmp(data + 8, "WEBP", 4) == 0)
        return AV_CODEC_ID_WEBP;
    return AV_CODEC_ID_NONE;
}

static int decode_frame(AVFrame *frame, enum AVCodecID id, const uint8_t *data, size_t size)
{
    const AVCodec *codec = avcodec_find_decoder(id);
    AVCodecContext *context = codec ? avcodec_alloc_context3(codec) : NULL;
    AVPacket *packet = av_packet_alloc();
    int r = -ENOMEM;
    if (!context || !packet || av_new_packet(packet, (int)size) < 0)
        goto fail;
    memcpy(packet->data, data, size);
    context->max_pixels = VT_PICTURE_PIXELS;
    context->thread_count = 1;
    context->err_recognition = AV_EF_EXPLODE;
    r = -EINVAL;
    if (avcodec_open2(context, codec, NULL) < 0 || avcodec_send_packet(context, packet) < 0)
        goto fail;
    avcodec_send_packet(context, NULL);
    r = avcodec_receive_frame(context, frame) < 0 ? -EINVAL : 0;
fail:
    av_packet_free(&packet);
    avcodec_free_context(&context);
    return r;
}

static void premultiply(cairo_surface_t *surface)
{
    int width = cairo_image_surface_get_width(surface), height = cairo_image_surface_get_height(surface);
    for (int y = 0; y < height; y++) {
        uint8_t *p = cairo_image_surface_get_data(surface) + (size_t)y * (size_t)cairo_image_surface_get_stride(surface);
        for (int x = 0; x < width; x++, p += 4) {
            for (int i = 0; i < 3; i++)
                p[i] = (uint8_t)((p[i] * p[3] + 127) / 255);
        }
    }
}

// What JPEG calls full range has names of its own, which swscale warns about.
static enum AVPixelFormat plain_format(enum AVPixelFormat format)
{
    switch (format) {
    case AV_PIX_FMT_YUVJ420P:
        return AV_PIX_FMT_YUV420P;
    case AV_PIX_FMT_YUVJ422P:
        return AV_PIX_FMT_YUV422P;
    case AV_PIX_FMT_YUVJ444P:
        return AV_PIX_FMT_YUV444P;
    case AV_PIX_FMT_YUVJ440P:
        return AV_PIX_FMT_YUV440P;
    default:
        return format;
    }
}

// What has none is opaque: swscale writes 255.
static bool has_alpha(enum AVPixelFormat format)
{
    const AVPixFmtDescriptor *about = av_pix_fmt_desc_get(format);
    return !about || about->flags & (AV_PIX_FMT_FLAG_ALPHA | AV_PIX_FMT_FLAG_PAL);
}

static int to_surface(cairo_surface_t **ret, const AVFrame *frame)
{
    enum AVPixelFormat format = plain_format((enum AVPixelFormat)frame->format);
    bool full = format != (enum AVPixelFormat)frame->format || frame->color_range == AVCOL_RANGE_JPEG;
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, frame->width, frame->height);
    struct SwsContext *sws = sws_getContext(frame->width, frame->height, format, frame->width, frame->height,
                                            AV_PIX_FMT_BGRA, SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT, NULL,
                                            NULL, NULL);
    int r = -ENOMEM;
    if (!sws || cairo_surface_status(surface) != CAIRO_STATUS_SUCCESS)
        goto fail;
    const int *matrix = sws_getCoefficients(SWS_CS_ITU601);      // what JPEG and WebP use
    sws_setColorspaceDetails(sws, matrix, full, matrix, 1, 0, 1 << 16, 1 << 16);
    uint8_t *to[] = {cairo_image_surface_get_data(surface)};
    int stride[] = {cairo_image_surface_get_stride(surface)};
    r = sws_scale(sws, (const uint8_t *const *)frame->data, frame->linesize, 0, frame->height, to, stride) ==
                frame->height ? 0 : -EINVAL;
    if (r != 0)
        goto fail;
    if (has_alpha(format))
        premultiply(surface);
    cairo_surface_mark_dirty(surface);
    *ret = surface;
    surface = NULL;
fail:
    if (surface)
        cairo_surface_destroy(surface);
    sws_freeContext(sws);
    return r;
}

int vt_picture_decode(cairo_surface_t **ret, const uint8_t *data, size_t size)
{
    enum AVCodecID id = format_of(data, size);
    if (size > VT_PICTURE_BYTES)
        return -EFBIG;
    if (id == AV_CODEC_ID_NONE)
        return -EINVAL;
    AVFrame *frame = av_frame_alloc();
    if (!frame)
        return -ENOMEM;
    int r = decode_frame(frame, id, data, size);
    if (r == 0 && (frame->width > VT_PICTURE_SIDE || frame->height > VT_PICTURE_SIDE ||
                   (int64_t)frame->width * frame->height > VT_PICTURE_PIXELS))
        r = -EFBIG;
    if (r == 0)
        r = to_surface(ret, frame);
    av_frame_free(&frame);
    return r;
}

// ---- files

int vt_pictures_new(struct vt_pictures **ret, const char *root)
{
    struct vt_pictures *pictures = calloc(1, sizeof *pictures);
    if (!pictures)
        return -ENOMEM;
    pictures->root = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (pictures->root < 0) {
        int error = errno;
        free(pictures);
        return -error;
    }
    *ret = pictures;
    return 0;
}

static void drop(struct kept *kept)
{
    free(kept->name);
    if (kept->surface)
        cairo_surface_destroy(kept->surface);
    *kept = (struct kept){0};
}

void vt_pictures_free(struct vt_pictures **pictures)
{
    struct vt_pictures *old = *pictures;
    *pictures = NULL;
    if (!old)
        return;
    for (int i = 0; i < VT_PICTURES_KEPT; i++)
        drop(&old->kept[i]);
    close(old->root);
    free(old);
}

// Opens `name` one folder at a time, following no link, so that it cannot leave the root.
static int open_below(int root, const char *name)
{
    char path[VT_PICTURE_PATH + 1], *part = path, *slash;
    if (strlen(name) > VT_PICTURE_PATH || !*name)
        return -ENAMETOOLONG;
    strcpy(path, name);
    int at = dup(root);
    do {
        slash = strchr(part, '/');
        if (slash)
            *slash = 0;
        if (!*part || strcmp(part, ".") == 0 || strcmp(part, "..") == 0) {
            close(at);
            return -EINVAL;
        }
        int flags = slash ? O_PATH | O_DIRECTORY : O_RDONLY | O_NONBLOCK;
        int next = openat(at, part, flags | O_NOFOLLOW | O_CLOEXEC), error = errno;
        close(at);
        if (next < 0)
            return -error;
        at = next;
        part = slash ? slash + 1 : NULL;
    } while (part);
    return at;
}

static int read_all(int fd, uint8_t *data, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t got = read(fd, data + done, size - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? -errno : -EIO;
        done += (size_t)got;
    }
    return 0;
}

static int decode_file(cairo_surface_t **ret, int fd, const struct stat *status)
{
    if (!S_ISREG(status->st_mode) || status->st_size <= 0)
        return -EINVAL;
    if (status->st_size > VT_PICTURE_BYTES)
        return -EFBIG;
    uint8_t *data = malloc((size_t)status->st_size);
    int r = data ? read_all(fd, data, (size_t)status->st_size) : -ENOMEM;
    if (r == 0)
        r = vt_picture_decode(ret, data, (size_t)status->st_size);
    free(data);
    return r;
}

static struct kept *find(struct vt_pictures *pictures, const char *name)
{
    for (int i = 0; i < VT_PICTURES_KEPT; i++) {
        if (pictures->kept[i].name && strcmp(pictures->kept[i].name, name) == 0)
            return &pictures->kept[i];
    }
    return NULL;
}

static bool unchanged(const struct kept *kept, const struct stat *status)
{
    return kept->size == status->st_size && kept->inode == status->st_ino &&
           kept->changed.tv_sec == status->st_mtim.tv_sec && kept->changed.tv_nsec == status->st_mtim.tv_nsec;
}

static void keep(struct vt_pictures *pictures, const char *name, const struct stat *status, cairo_surface_t *surface)
{
    struct kept *kept = find(pictures, name);
    if (!kept)
        kept = &pictures->kept[pictures->next++ % VT_PICTURES_KEPT];
    drop(kept);
    kept->name = strdup(name);
    kept->changed = status->st_mtim;
    kept->size = status->st_size;
    kept->inode = status->st_ino;
    kept->surface = cairo_surface_reference(surface);
}

static cairo_surface_t *refuse(struct vt_pictures *pictures, int error)
{
    const char *reason = error == -EINVAL ? "not a PNG, JPEG or WebP file in the pictures' folder" :
                         error == -EFBIG ? "larger than 16 MiB, 8192 pixels a side or 16 million pixels" :
                         error == -ELOOP ? "a link, and links are not followed" : strerror(-error);
    snprintf(pictures->why, sizeof pictures->why, "%s", reason);
    return NULL;
}

static int open_picture(const struct vt_pictures *pictures, const char *folder, const char *name)
{
    int root = folder ? open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC) : pictures->root;
    if (root < 0)
        return -errno;
    int fd = open_below(root, name);
    if (folder)
        close(root);
    return fd;
}

cairo_surface_t *vt_pictures_load(void *opaque, const char *folder, const char *name)
{
    struct vt_pictures *pictures = opaque;
    struct stat status;
    cairo_surface_t *surface = NULL;
    char key[PATH_MAX + VT_PICTURE_PATH + 2];
    snprintf(key, sizeof key, "%s//%s", folder ? folder : "", name);
    pictures->why[0] = 0;
    int fd = open_picture(pictures, folder, name);
    if (fd < 0)
        return refuse(pictures, fd);
    int r = fstat(fd, &status) == 0 ? 0 : -errno;
    const struct kept *kept = r == 0 ? find(pictures, key) : NULL;
    if (kept && unchanged(kept, &status))
        surface = cairo_surface_reference(kept->surface);
    else if (r == 0)
        r = decode_file(&surface, fd, &status);
    close(fd);
    if (r != 0)
        return refuse(pictures, r);
    if (!kept || kept->surface != surface)
        keep(pictures, key, &status, surface);
    return surface;
}

const char *vt_pictures_why(const struct vt_pictures *pictures)
{
    return pictures->why;
}
