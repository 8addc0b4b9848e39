#include "studio/desk_cue.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int vt_desk_new(struct vt_desk **ret, const struct vt_desk_params *params)
{
    struct vt_desk *desk = calloc(1, sizeof *desk);
    if (!desk)
        return -ENOMEM;
    desk->products = json_object();
    int error = desk->products && params->n_outputs > 0 && params->n_outputs <= VT_OUTPUTS_MAX ? 0 : -EINVAL;
    for (int i = 0; i < params->n_outputs && !error; i++) {
        error = vt_name_copy(desk->outputs[i].name, params->outputs[i].name);
        desk->outputs[i].first_msn = params->outputs[i].first_msn;
        desk->n_outputs++;
    }
    if (error) {
        vt_desk_free(&desk);
        return -EINVAL;
    }
    desk->timing = params->timing;
    desk->hooks = params->hooks;
    desk->frame = params->next_frame;
    desk->next_id = params->first_cue;
    *ret = desk;
    return 0;
}

void desk_cue_free(struct cue *cue)
{
    if (!cue)
        return;
    cast_clear(&cue->cast);
    cast_clear(&cue->next);
    vt_template_unref(&cue->template);
    vt_template_unref(&cue->view_template);
    vt_template_unref(&cue->next_template);
    json_decref(cue->request);
    json_decref(cue->first);
    json_decref(cue->data);
    json_decref(cue->good_data);
    json_decref(cue->shown);
    json_decref(cue->next_shown);
    free(cue);
}

void vt_desk_free(struct vt_desk **desk)
{
    struct vt_desk *d = *desk;
    if (!d)
        return;
    for (int i = 0; i < d->n_cues; i++)
        desk_cue_free(d->cues[i]);
    for (int i = 0; i < d->n_past; i++)
        desk_cue_free(d->past[i]);
    while (d->waiting) {
        struct waiting *waiting = d->waiting;
        d->waiting = waiting->next;
        json_decref(waiting->request);
        json_decref(waiting->answers);
        free(waiting);
    }
    json_decref(d->products);
    json_decref(d->seen);
    free(d);
    *desk = NULL;
}

int64_t desk_frame_ns(const struct vt_desk *desk, int64_t frame)
{
    return desk->timing.epoch_ns + vt_frame_to_ns(frame, desk->timing.rate);
}

int64_t desk_frame_at(const struct vt_desk *desk, int64_t ns)
{
    int64_t media = ns - desk->timing.epoch_ns;
    int64_t frame = vt_ns_to_frame(media, desk->timing.rate);
    return vt_frame_to_ns(frame, desk->timing.rate) < media ? frame + 1 : frame;
}

struct cue *desk_find(const struct vt_desk *desk, const char *id)
{
    for (int i = 0; i < desk->n_cues; i++)
        if (strcmp(desk->cues[i]->id, id) == 0)
            return desk->cues[i];
    for (int i = desk->n_past - 1; i >= 0; i--)
        if (strcmp(desk->past[i]->id, id) == 0)
            return desk->past[i];
    return NULL;
}

struct cue *desk_find_key(const struct vt_desk *desk, uint64_t key)
{
    for (int i = 0; i < desk->n_cues; i++)
        if (desk->cues[i]->key == key)
            return desk->cues[i];
    return NULL;
}

bool desk_on_air(const struct cue *cue)
{
    return cue->state == CUE_LIVE || cue->state == CUE_ENDING;
}

int desk_first_output(const struct cue *cue)
{
    return __builtin_ctz(cue->outputs);
}

// -- the scene

static void add_actors(struct vt_scene *scene, const struct cue *cue)
{
    for (int i = 0; i < VT_OUTPUTS_MAX; i++) {
        struct vt_view *view = cue->cast.views[i], *next = cue->next.views[i];
        if (view || next)
            scene->actors[scene->count++] = (struct vt_actor){
                .cue = cue->key, .output = i, .view = view, .next = next, .next_from = cue->next_from,
                .enter_frame = view ? cue->start_frame : -1,
                .exit_ns = cue->exit_ns[i], .end_frame = cue->end_frame,
            };
    }
}

void desk_publish(struct vt_desk *desk)
{
    struct vt_scene scene;
    scene.version = ++desk->version;
    scene.count = 0;
    for (int i = 0; i < desk->n_cues; i++)
        add_actors(&scene, desk->cues[i]);
    desk->dirty = false;
    desk->hooks.scene(desk->hooks.opaque, &scene);
}

// Out of the list of what is to come and on air, into the memory of what was.
void desk_past(struct vt_desk *desk, struct cue *cue, enum cue_state state)
{
    int at = 0;
    while (desk->cues[at] != cue)
        at++;
    memmove(desk->cues + at, desk->cues + at + 1, (size_t)(--desk->n_cues - at) * sizeof desk->cues[0]);
    if (desk->n_past == VT_DESK_PAST) {
        desk_cue_free(desk->past[0]);
        memmove(desk->past, desk->past + 1, (size_t)--desk->n_past * sizeof desk->past[0]);
    }
    desk->past[desk->n_past++] = cue;
    cue->state = state;
    cast_clear(&cue->next);
    desk->dirty = true;
    desk_changed(desk, cue);
    desk_reached(desk, cue);
    cast_clear(&cue->cast);
    json_decref(cue->shown);
    json_decref(cue->next_shown);
    cue->shown = cue->next_shown = NULL;
}

// -- views

static json_t *view_data(const struct vt_desk *desk, const struct cue *cue)
{
    json_t *data = json_object();
    json_t *product = json_object_get(desk->products, cue->product);
    if (product) {
        json_object_set(data, "product", product);
        json_t *offer = json_object_get(product, "offer");
        if (json_is_object(offer))
            json_object_set(data, "offer", offer);
    }
    json_object_update(data, cue->data);
    json_t *copy = json_deep_copy(data);         // made on another thread, while the desk goes on
    json_decref(data);
    return copy;
}

static json_t *all_products(const struct vt_desk *desk)
{
    json_t *list = json_array(), *product;
    const char *id;
    json_object_foreach(desk->products, id, product)
        json_array_append_new(list, json_deep_copy(product));
    return list;
}

void desk_add(struct vt_desk *desk, struct vt_batch *batch, struct cue *cue, int64_t from)
{
    if (!batch || batch->count == batch->room)
        return;
    cue->making++;
    batch->list[batch->count++] = (struct vt_making){
        .cue = cue->key, .ask = ++cue->ask, .template = vt_template_ref(cue->template),
        .data = view_data(desk, cue), .products = cue->shows_all ? all_products(desk) : NULL,
        .step = cue->step, .from = from, .outputs = cue->outputs,
        .at_ns = desk_frame_ns(desk, from > desk->frame ? from : desk->frame),
    };
}

void desk_make(struct vt_desk *desk, struct vt_batch *batch)
{
    if (batch && batch->count > 0)
        desk->hooks.make(desk->hooks.opaque, batch);
    else
        vt_batch_free(&batch);
}

// Would this revision still fit when its numbers have grown?
static bool fits_one(const struct vt_desk *desk, const struct cue *cue, struct vt_view *view,
                     struct vt_template *template)
{
    struct cue tried = *cue;
    struct vt_cue out;
    struct cue_room room;
    char json[VT_CUE_JSON + 1];
    tried.view_template = template;
    tried.rev += 100000;
    tried.rev_frame = desk->frame + vt_ns_to_frame(VT_DESK_AHEAD, desk->timing.rate);
    if (tried.end_frame == INT64_MAX && tried.duration_ns)
        tried.end_frame = tried.rev_frame + 1;
    desk_cue_fill(desk, &tried, view, VT_CUE_UPDATE, &out, &room);
    char more[64];
    snprintf(more, sizeof more, "cues/%s.%" PRId64 ".json", tried.id, tried.rev);
    out.more = more;
    struct vt_cue_clock clock = {desk->timing.rate, desk->timing.epoch_ns};
    return vt_cue_json(&out, &clock, json) >= 0;
}

// What speaks against putting these views on air; NULL: nothing. *ret_output: in which output.
static const char *flaw(const struct vt_desk *desk, const struct cue *cue, const struct vt_making *making,
                        int *ret_output)
{
    *ret_output = making->failed;
    if (making->why[0])
        return making->why;
    for (int i = 0; i < desk->n_outputs; i++) {
        *ret_output = i;
        if (making->views[i] && !fits_one(desk, cue, making->views[i], making->template))
            return "its cue does not fit into 900 bytes, even with the shortest labels";
    }
    return NULL;
}

static void keep_good(struct cue *cue)
{
    json_decref(cue->good_data);
    cue->good_data = json_deep_copy(cue->data);
    memcpy(cue->good_product, cue->product, sizeof cue->product);
    cue->good_step = cue->step;
}

// Back to what could be shown, so that the next change starts from there.
static void restore_good(struct cue *cue)
{
    if (!cue->good_data)
        return;
    json_decref(cue->data);
    cue->data = json_deep_copy(cue->good_data);
    memcpy(cue->product, cue->good_product, sizeof cue->product);
    cue->step = cue->good_step;
}

static void refuse(struct vt_desk *desk, struct cue *cue, const struct vt_making *making, const char *why, int output)
{
    if (making->ask == cue->ask)
        restore_good(cue);
    desk_explain(desk, cue, output, why);
    if (cast_first(&cue->cast))
        cue->refused_expiry = cast_expires_ns(&cue->cast);
    desk_failed(desk, cue, making->ask, 422, cue->why);
    if (cast_first(&cue->cast) || cast_first(&cue->next))
        desk_changed(desk, cue);
    else
        desk_past(desk, cue, CUE_FAILED);
}

static void accept(struct vt_desk *desk, struct cue *cue, struct vt_making *making)
{
    cast_clear(&cue->next);
    vt_template_unref(&cue->next_template);
    json_decref(cue->next_shown);
    memcpy(cue->next.views, making->views, sizeof making->views);
    memset(making->views, 0, sizeof making->views);
    cue->next_template = making->template;
    making->template = NULL;
    cue->next_shown = json_pack("{s:O}", "data", making->data);
    if (making->products)
        json_object_set(cue->next_shown, "products", making->products);
    cue->next_from = making->from;
    cue->next_ask = making->ask;
    cue->next_version = desk->version + 1;
    cue->why[0] = 0;
    if (making->ask == cue->ask)
        keep_good(cue);
    desk->dirty = true;
    if (cue->state == CUE_PREPARING && cue->at_frame > desk->frame) {
        cue->state = CUE_SCHEDULED;
        desk_changed(desk, cue);
    }
    if (cue->state == CUE_SCHEDULED)
        desk_reached(desk, cue);
}

void vt_desk_made(struct vt_desk *desk, struct vt_batch *batch)
{
    for (int i = 0; i < batch->count; i++) {
        struct vt_making *making = &batch->list[i];
        struct cue *cue = desk_find_key(desk, making->cue);
        if (!cue)
            continue;
        cue->making--;
        if (cue->state == CUE_ENDING || making->ask <= cue->next_ask)
            continue;
        int output;
        const char *why = flaw(desk, cue, making, &output);
        if (why)
            refuse(desk, cue, making, why, output);
        else
            accept(desk, cue, making);
    }
    vt_batch_free(&batch);
    if (desk->dirty)
        desk_publish(desk);
}

void vt_desk_template(struct vt_desk *desk, const char *id)
{
    struct vt_batch *batch = vt_batch_new(VT_DESK_CUES);
    for (int i = 0; i < desk->n_cues; i++) {
        struct cue *cue = desk->cues[i];
        if (cue->state == CUE_ENDING || strcmp(vt_template_id(cue->template), id) != 0)
            continue;
        bool all = false;
        struct vt_template *template = desk->hooks.template(desk->hooks.opaque, id, &all);
        if (!template)
            continue;
        vt_template_unref(&cue->template);
        cue->template = template;
        cue->shows_all = all;
        desk_add(desk, batch, cue, cue->state == CUE_LIVE ? 0 : cue->at_frame);
    }
    desk_make(desk, batch);
}

// -- products

static bool shows(const struct cue *cue, const char *product)
{
    return cue->shows_all || strcmp(cue->product, product) == 0;
}

void vt_desk_product(struct vt_desk *desk, const json_t *product)
{
    const char *id = json_string_value(json_object_get(product, "id"));
    json_t *rev = json_object_get(product, "rev");
    if (!id || strlen(id) >= PRODUCT_ID || !json_is_integer(rev))
        return;
    if (desk->seen)
        json_object_set_new(desk->seen, id, json_true());
    json_t *old = json_object_get(desk->products, id);
    if (old && json_integer_value(json_object_get(old, "rev")) >= json_integer_value(rev))
        return;
    if (!old && json_object_size(desk->products) >= VT_DESK_PRODUCTS)
        return;
    json_object_set_new(desk->products, id, json_deep_copy(product));

    char name[PRODUCT_ID + 32];
    snprintf(name, sizeof name, "product:%s:%" JSON_INTEGER_FORMAT, id, json_integer_value(rev));
    json_t *request = json_string(name);
    struct waiting *waiting = desk->seen ? NULL : desk_wait(desk, request, 200, true);
    struct vt_batch *batch = vt_batch_new(VT_DESK_CUES);
    for (int i = 0; i < desk->n_cues; i++) {
        struct cue *cue = desk->cues[i];
        if (cue->state == CUE_ENDING || !shows(cue, id))
            continue;
        desk_add(desk, batch, cue, cue->state == CUE_LIVE ? 0 : cue->at_frame);
        if (waiting && cue->state == CUE_LIVE)
            desk_wait_on(waiting, cue, cue->ask);
    }
    json_decref(request);
    if (waiting)
        desk_waited(desk, waiting);
    desk_make(desk, batch);
}

void vt_desk_withdraw(struct vt_desk *desk, const char *product)
{
    char id[PRODUCT_ID];
    snprintf(id, sizeof id, "%s", product);
    if (json_object_del(desk->products, id) < 0)
        return;
    struct vt_batch *batch = vt_batch_new(VT_DESK_CUES);
    for (int i = desk->n_cues - 1; i >= 0; i--) {
        struct cue *cue = desk->cues[i];
        if (strcmp(cue->product, id) == 0)
            desk_exit(desk, cue);
        else if (cue->shows_all && cue->state != CUE_ENDING)
            desk_add(desk, batch, cue, cue->state == CUE_LIVE ? 0 : cue->at_frame);
    }
    desk_make(desk, batch);
    if (desk->dirty)
        desk_publish(desk);
}

void vt_desk_sync(struct vt_desk *desk)
{
    json_decref(desk->seen);
    desk->seen = json_object();
}

void vt_desk_synced(struct vt_desk *desk)
{
    json_t *seen = desk->seen, *product;
    const char *id;
    void *tmp;
    desk->seen = NULL;
    if (!seen)
        return;
    json_object_foreach_safe(desk->products, tmp, id, product)
        if (!json_object_get(seen, id))
            vt_desk_withdraw(desk, id);
    json_decref(seen);
}

void vt_desk_list(struct vt_desk *desk)
{
    for (int i = 0; i < desk->n_past; i++)
        desk_changed(desk, desk->past[i]);
    for (int i = 0; i < desk->n_cues; i++)
        desk_changed(desk, desk->cues[i]);
}

json_t *vt_desk_names(const struct vt_desk *desk, const uint64_t keys[], int count)
{
    json_t *names = json_array();
    for (int i = 0; i < count; i++) {
        const struct cue *cue = desk_find_key(desk, keys[i]);
        if (cue && desk_on_air(cue))
            json_array_append_new(names, json_string(cue->id));
    }
    return names;
}

int vt_desk_live(const struct vt_desk *desk)
{
    int live = 0;
    for (int i = 0; i < desk->n_cues; i++)
        live += desk_on_air(desk->cues[i]);
    return live;
}
