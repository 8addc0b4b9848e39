#include "ingest/filters.h"

#include <dlfcn.h>
#include <errno.h>
#include <libavfilter/avfilter.h>
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/mathematics.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What is used of the library, each under its own name.
#define CALLS(CALL)                                                                                                    \
    CALL(avfilter_get_by_name) CALL(avfilter_graph_alloc) CALL(avfilter_graph_free) CALL(avfilter_graph_create_filter) \
    CALL(avfilter_graph_config) CALL(avfilter_link) CALL(av_buffersrc_add_frame_flags) CALL(av_buffersink_get_frame)   \
    CALL(av_buffersink_get_time_base)

#define DECLARE(name) __typeof__(&name) name##_;
static struct {
    CALLS(DECLARE)
    bool there;
} lib;

struct vt_filters {
    AVFilterGraph *graph;
    AVFilterContext *source, *sink;
    int width, height, format;
    AVRational sar;
};

// -- the library

static void load(void)
{
    char name[32];
    snprintf(name, sizeof name, "libavfilter.so.%d", LIBAVFILTER_VERSION_MAJOR);
    void *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        return;
    lib.there = true;
#define FIND(name)                                                                                                     \
    *(void **)&lib.name##_ = dlsym(handle, #name);                                                                     \
    lib.there = lib.there && lib.name##_;
    CALLS(FIND)
}

int vt_filters_load(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return lib.there ? 0 : -ENOTSUP;
}

// -- a chain

static int add(struct vt_filters *f, AVFilterContext **last, const char *name, const char *options)
{
    AVFilterContext *next = NULL;
    const AVFilter *filter = lib.avfilter_get_by_name_(name);
    if (!filter)
        return -ENOTSUP;
    int error = lib.avfilter_graph_create_filter_(&next, filter, NULL, options, NULL, f->graph);
    if (error >= 0 && *last)
        error = lib.avfilter_link_(*last, 0, next, 0);
    if (error < 0)
        return error == AVERROR(ENOMEM) ? -ENOMEM : -EINVAL;
    *last = next;
    return 0;
}

static int add_source(struct vt_filters *f)
{
    char options[160];
    snprintf(options, sizeof options, "video_size=%dx%d:pix_fmt=%d:time_base=1/1000000000:pixel_aspect=%d/%d", f->width,
             f->height, f->format, f->sar.num > 0 ? f->sar.num : 1, f->sar.num > 0 ? f->sar.den : 1);
    return add(f, &f->source, "buffer", options);
}

static int add_chain(struct vt_filters *f, const char *filters)
{
    AVFilterContext *last = f->source;
    char copy[160], *rest = copy, *one;
    snprintf(copy, sizeof copy, "%s", filters);
    int error = 0;
    while (!error && (one = strsep(&rest, ","))) {
        char *options = strchr(one, '=');
        if (options)
            *options++ = 0;
        error = add(f, &last, one, options);
    }
    if (!error)
        error = add(f, &last, "buffersink", NULL);
    f->sink = last;
    return error;
}

int vt_filters_new(struct vt_filters **ret, const AVFrame *like, const char *filters)
{
    int error = vt_filters_load();
    if (error < 0)
        return error;
    struct vt_filters *f = calloc(1, sizeof *f);
    if (!f)
        return -ENOMEM;
    *f = (struct vt_filters){.width = like->width, .height = like->height, .format = like->format,
                             .sar = like->sample_aspect_ratio, .graph = lib.avfilter_graph_alloc_()};
    error = f->graph ? 0 : -ENOMEM;
    if (!error) {
        f->graph->nb_threads = 1;
        error = add_source(f);
    }
    if (!error)
        error = add_chain(f, filters);
    if (!error && lib.avfilter_graph_config_(f->graph, NULL) < 0)
        error = -EINVAL;
    if (error < 0) {
        vt_filters_free(&f);
        return error;
    }
    *ret = f;
    return 0;
}

void vt_filters_free(struct vt_filters **filters)
{
    if (*filters)
        lib.avfilter_graph_free_(&(*filters)->graph);
    free(*filters);
    *filters = NULL;
}

bool vt_filters_fit(const struct vt_filters *f, const AVFrame *frame)
{
    return f->width == frame->width && f->height == frame->height && f->format == frame->format &&
           av_cmp_q(f->sar, frame->sample_aspect_ratio) == 0;
}

int vt_filters_put(struct vt_filters *f, AVFrame *frame)
{
    int error = lib.av_buffersrc_add_frame_flags_(f->source, frame, AV_BUFFERSRC_FLAG_KEEP_REF);
    return error == AVERROR(ENOMEM) ? -ENOMEM : error < 0 ? -EINVAL : 0;
}

int vt_filters_get(struct vt_filters *f, AVFrame *out)
{
    int error = lib.av_buffersink_get_frame_(f->sink, out);
    if (error == AVERROR(EAGAIN) || error == AVERROR_EOF)
        return 0;
    if (error < 0)
        return error == AVERROR(ENOMEM) ? -ENOMEM : -EINVAL;
    out->pts = av_rescale_q(out->pts, lib.av_buffersink_get_time_base_(f->sink), (AVRational){1, 1000000000});
    return 1;
}
