// A desk alone, for tests of it: a card to show, views that are made at once unless `hold`, scenes that are drawn in time
// unless `stuck_frame`, and what it answers.
#pragma once

#include "studio/desk.h"

#include "check.h"

static const char card[] =
    "id: com.example.card\n"
    "version: 1.0.0\n"
    "name: Card\n"
    "schema: {type: object, required: [product], properties: {product: {type: object, gddType: v_product}}}\n"
    "canvas: {design: 1280x720}\n"
    "layout:\n"
    "  id: root\n"
    "  type: box\n"
    "  style: {position: absolute, inset: 100px auto auto 100px, width: 400px, height: 200px, background: \"#ff0000\"}\n"
    "  hotspot: {action: view_item, item: \"{{ product.id }}\", label: \"{{ product.title }}\"}\n"
    "  children: [{id: title, type: text, text: \"{{ product.title }}\", style: {font-size: 30px}}]\n";

#define TAKE "{\"template\":\"com.example.card\",\"product\":\"shoe\",\"id\":\"a\"}"

static struct vt_desk *desk;
static struct vt_template *template;
static struct vt_batch *made;
static bool hold;
static int64_t version, frame, stuck_version, stuck_frame;
static int actors, n_receipts;
static json_t *last;                        // receipt

static struct vt_template *find(void *opaque, const char *name, bool *ret_all)
{
    if (strcmp(name, "list") == 0)
        *ret_all = true;
    else if (strcmp(name, "com.example.card") != 0)
        return NULL;
    return vt_template_ref(template);
}

static char *names(void *opaque)
{
    return strdup("com.example.card@1.0.0");
}

static void keep_made(struct vt_batch *batch)
{
    struct vt_batch **end = &made;
    while (*end)
        end = &(*end)->next;
    batch->next = NULL;
    *end = batch;
}

static void scene(void *opaque, const struct vt_scene *s)
{
    version = s->version;
    actors = s->count;
}

static void receipt(void *opaque, json_t *body)
{
    json_decref(last);
    last = body;
    n_receipts++;
}

static void deliver(void)
{
    while (made) {
        struct vt_batch *batch = made;
        made = batch->next;
        vt_desk_made(desk, batch);
    }
}

static void run(int64_t until)
{
    for (; frame < until; frame++) {
        vt_desk_plan(desk, frame);
        if (!hold)
            deliver();
        bool stuck = stuck_frame >= 0;
        vt_desk_composed(desk, frame, stuck ? stuck_frame : frame, stuck ? stuck_version : version);
    }
}

static void product(const char *id, int rev, int amount)
{
    json_t *p = json_pack("{s:s, s:i, s:s, s:{s:i, s:s}}", "id", id, "rev", rev, "title", "Shoe", "price", "amount",
                          amount, "currency", "EUR");
    vt_desk_product(desk, p);
    json_decref(p);
}

static void ask(void (*what)(struct vt_desk *, const json_t *), const char *body)
{
    json_t *json = json_loads(body, 0, NULL);
    REQUIRE(json != NULL);
    json_object_set_new(json, "request", json_string("r"));
    what(desk, json);
    json_decref(json);
}

static int64_t answered(const char *field)
{
    return json_integer_value(json_object_get(last, field));
}

// Before a desk is made anew.
static void forget_desk(void)
{
    vt_desk_free(&desk);
    while (made) {
        struct vt_batch *batch = made;
        made = batch->next;
        vt_batch_free(&batch);
    }
    if (!template)
        REQUIRE_INT(vt_template_load(&template, "card", card, sizeof card - 1, NULL), 0);
    hold = false;
    version = frame = actors = n_receipts = 0;
    stuck_frame = -1;
    json_decref(last);
    last = NULL;
}
