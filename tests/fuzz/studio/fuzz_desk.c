// An origin that is hostile to the studio: what comes over the desk's link, in any order, without a template that could be
// drawn. Lines of the input: a letter (product, withdraw, take, change, remove, synced, next frame) and a body as JSON.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "studio/desk.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static struct vt_template *no_template(void *opaque, const char *name, bool *ret_all)
{
    return NULL;
}

static char *no_names(void *opaque)
{
    return strdup("none");
}

static void make(void *opaque, struct vt_batch *batch)
{
    abort();                             // there is no template to make anything of
}

static void on_scene(void *opaque, const struct vt_scene *scene)
{
}

static int on_cue(void *opaque, int output, const struct vt_cue *cue, const char *more, size_t size)
{
    abort();
}

static void on_json(void *opaque, json_t *body)
{
    assert(json_is_object(body));
    json_decref(body);
}

static void obey(struct vt_desk *desk, char order, const json_t *body, int64_t *frame)
{
    switch (order) {
    case 'p': vt_desk_product(desk, json_object_get(body, "product")); break;
    case 'w':
        if (json_is_string(json_object_get(body, "product")))
            vt_desk_withdraw(desk, json_string_value(json_object_get(body, "product")));
        break;
    case 't': vt_desk_take(desk, body); break;
    case 'c': vt_desk_patch(desk, body); break;
    case 'r': vt_desk_remove(desk, body); break;
    case 's': vt_desk_sync(desk); vt_desk_synced(desk); break;
    case 'f':
        vt_desk_plan(desk, *frame);
        vt_desk_composed(desk, *frame, *frame, 0);
        ++*frame;
        break;
    }
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct vt_desk *desk = NULL;
    int64_t frame = 0;
    struct vt_desk_params params = {
        .outputs = {{"main", 1}, {"tall", 1}},
        .n_outputs = 2,
        .timing = {.rate = {30, 1}, .segment_ns = 2 * VT_NS_PER_S, .part_ns = VT_NS_PER_S / 3, .first_msn = 1},
        .first_cue = 1,
        .hooks = {.template = no_template, .templates = no_names, .make = make, .scene = on_scene, .cue = on_cue,
                  .receipt = on_json, .changed = on_json},
    };
    if (vt_desk_new(&desk, &params))
        return 0;
    while (size > 0) {
        const unsigned char *end = memchr(data, '\n', size);
        size_t line = end ? (size_t)(end - data) : size;
        json_t *body = line > 1 ? json_loadb((const char *)data + 1, line - 1, 0, NULL) : NULL;
        if (json_is_object(body) || (line > 0 && (data[0] == 's' || data[0] == 'f')))
            obey(desk, (char)data[0], body, &frame);
        json_decref(body);
        line += end != NULL;
        data += line;
        size -= line;
    }
    vt_desk_free(&desk);
    return 0;
}
