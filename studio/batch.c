#include "studio/batch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct vt_batch *vt_batch_new(int room)
{
    struct vt_batch *batch = calloc(1, sizeof *batch);
    if (!batch)
        return NULL;
    batch->list = calloc((size_t)room, sizeof *batch->list);
    batch->room = room;
    if (!batch->list)
        vt_batch_free(&batch);
    return batch;
}

static void free_views(struct vt_making *making)
{
    for (int i = 0; i < VT_OUTPUTS_MAX; i++)
        vt_view_unref(&making->views[i]);
}

void vt_batch_free(struct vt_batch **batch)
{
    struct vt_batch *b = *batch;
    if (!b)
        return;
    for (int i = 0; i < b->count; i++) {
        vt_template_unref(&b->list[i].template);
        free_views(&b->list[i]);
        json_decref(b->list[i].data);
        json_decref(b->list[i].products);
    }
    free(b->list);
    free(b);
    *batch = NULL;
}

static void explain(struct vt_making *making, int error, const struct vt_diagnostics *diagnostics)
{
    for (int i = 0; i < diagnostics->count; i++)
        if (diagnostics->list[i].severity == VT_ERROR) {
            snprintf(making->why, sizeof making->why, "%s", diagnostics->list[i].text);
            return;
        }
    snprintf(making->why, sizeof making->why, "%s", strerror(-error));
}

static int make_one(struct vt_making *making, int output, const struct vt_maker *maker)
{
    struct vt_diagnostics diagnostics = {.count = 0};
    int error = vt_view_new(&making->views[output], &(struct vt_view_params){
        .template = making->template,
        .width = maker->width, .height = maker->height, .smallest_height = maker->smallest_height,
        .language = maker->language, .market = maker->market, .output = maker->output,
        .data = making->data, .products = making->products,
        .at_ns = making->at_ns, .step = making->step, .rate = maker->rate,
        .load_picture = maker->load_picture, .opaque = maker->opaque,
    }, &diagnostics);
    if (error)
        explain(making, error, &diagnostics);
    return error;
}

static void make(struct vt_making *making, const struct vt_maker makers[])
{
    int error = 0;
    for (int i = 0; i < VT_OUTPUTS_MAX && !error; i++) {
        if (!(making->outputs & 1u << i))
            continue;
        error = make_one(making, i, &makers[i]);
        making->failed = error ? i : making->failed;
    }
    if (error)
        free_views(making);
}

void vt_batch_make(struct vt_batch *batch, const struct vt_maker makers[])
{
    for (int i = 0; i < batch->count; i++)
        make(&batch->list[i], makers);
}
