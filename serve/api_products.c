// /v1/products: the catalogue. A change is stored first, then goes to every studio, then is answered, with the cues on
// which it is on air.
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "serve/api.h"
#include "serve/product.h"

static int64_t rev_of(const json_t *product)
{
    return vt_message_int(product, "rev", 0);
}

static void set_etag(struct vt_request *request, int64_t rev)
{
    vt_answer_header(&request->answer, "ETag", "\"%" PRId64 "\"", rev);
}

static void answer_failure(struct vt_request *request, const char *id, int error)
{
    if (error == -ENOENT)
        vt_answer_problem(&request->answer, 404, "No such product",
                          "There is no product \"%s\". GET /v1/products lists them, PUT makes one.", id);
    else if (error == -ESTALE)
        vt_answer_problem(&request->answer, 412, "The product has changed",
                          "Product \"%s\" is not at the revision that the request names. GET it and try again.", id);
    else
        vt_answer_store_failure(&request->answer, error);
}

// The revision that If-Match or If-None-Match names. False with an answer when it cannot be read.
static bool expected_rev(struct vt_request *request, int64_t *ret)
{
    const char *match = vt_request_header(request, "If-Match");
    const char *none = vt_request_header(request, "If-None-Match");
    *ret = none && strcmp(none, "*") == 0 ? VT_REV_NONE : VT_REV_ANY;
    char end;
    if (!match || strcmp(match, "*") == 0 || sscanf(match, "\"%" SCNd64 "\"%c", ret, &end) == 1)
        return true;
    vt_answer_problem(&request->answer, 412, "The product has changed",
                      "If-Match is a revision in quotes, as the ETag of a GET gives it.");
    return false;
}

static int64_t read_limit(const struct vt_request *request)
{
    const char *text = vt_request_query(request, "limit");
    long limit = text ? strtol(text, NULL, 10) : VT_PRODUCT_PAGE;
    return limit < 1 ? 1 : limit > VT_PRODUCT_PAGE_MAX ? VT_PRODUCT_PAGE_MAX : limit;
}

void vt_api_list_products(struct vt_request *request)
{
    json_t *list = NULL;
    int limit = (int)read_limit(request);
    int error = vt_store_products(vt_request_origin(request)->store, vt_request_query(request, "after"), limit, &list);
    if (error < 0) {
        vt_answer_store_failure(&request->answer, error);
        return;
    }
    json_t *body = json_pack("{s:o}", "products", list);
    size_t count = json_array_size(list);
    if (count == (size_t)limit)
        json_object_set(body, "next", json_object_get(json_array_get(list, count - 1), "id"));
    vt_answer_json(&request->answer, 200, body);
}

void vt_api_get_product(struct vt_request *request)
{
    json_t *product = NULL;
    int error = vt_store_product(vt_request_origin(request)->store, request->match.args[0], &product);
    if (error < 0) {
        answer_failure(request, request->match.args[0], error);
        return;
    }
    int64_t rev = rev_of(product);
    vt_answer_json(&request->answer, 200, product);
    set_etag(request, rev);
}

// ---- changes

// A change that waits until the studios have it on air.
struct change {
    struct vt_request *request;
    json_t *product, *on_air;
    int status, left;
};

struct report {                          // of one studio
    struct change *change;
    char channel[VT_NAME_ROOM];
};

static void finish_change(struct change *change)
{
    int64_t rev = rev_of(change->product);
    json_t *body = json_copy(change->product);
    json_object_set(body, "on_air", change->on_air);
    vt_answer_json(&change->request->answer, change->status, body);
    set_etag(change->request, rev);
    json_decref(change->product);
    json_decref(change->on_air);
}

static void on_receipt(void *opaque, int status, const json_t *body)
{
    struct report *report = opaque;
    struct change *change = report->change;
    size_t i;
    json_t *cue;
    json_array_foreach(json_object_get(body, "cues"), i, cue) {
        json_object_set_new(cue, "channel", json_string(report->channel));
        json_array_append(change->on_air, cue);
    }
    free(report);
    if (--change->left > 0)
        return;
    finish_change(change);
    vt_request_resume(change->request);
    free(change);
}

static bool ask_studio(struct vt_broadcast *broadcast, struct change *change, const char *name)
{
    struct report *report = calloc(1, sizeof *report);
    if (!report)
        return false;
    report->change = change;
    vt_name_copy(report->channel, broadcast->name);
    json_t *body = json_pack("{s:O}", "product", change->product);
    if (vt_desk_client_ask(broadcast->desk, VT_MSG_DESK_PRODUCT, body, name, VT_PRODUCT_WAIT_NS, on_receipt,
                           report) == 0)
        return true;
    free(report);
    return false;
}

// Gives the product (stolen) to every studio, and answers when they have it on air.
static void publish(struct vt_request *request, json_t *product, int status)
{
    struct vt_origin *origin = vt_request_origin(request);
    char name[VT_PRODUCT_ID_MAX + 40];
    snprintf(name, sizeof name, "product:%s:%" PRId64, vt_message_text(product, "id"), rev_of(product));
    vt_feed_publish(&origin->feed, "product", NULL, json_pack("{s:O}", "product", product));
    struct change *change = calloc(1, sizeof *change);
    if (!change) {
        json_decref(product);
        vt_answer_problem(&request->answer, 503, "Out of memory", "The product is stored. Ask again later.");
        return;
    }
    *change = (struct change){.request = request, .product = product, .on_air = json_array(), .status = status};
    for (int i = 0; i < origin->n_broadcasts; i++)
        change->left += ask_studio(origin->broadcasts[i], change, name);
    if (change->left > 0) {
        vt_request_wait(request);
        return;
    }
    finish_change(change);
    free(change);
}

// Checks, stores and publishes a product (stolen) under `id`; `known_rev` is its revision until now, 0 for none.
static void store_product(struct vt_request *request, const char *id, json_t *product, int64_t expected,
                          int64_t known_rev)
{
    struct vt_flaw flaw;
    json_t *stored = NULL;
    if (vt_product_check(product, id, &flaw) < 0) {
        vt_answer_problem(&request->answer, 422, "Not a valid product", "%s %s.",
                          flaw.where[0] ? flaw.where : "The body:", flaw.why);
        json_decref(product);
        return;
    }
    int error = vt_store_put_product(vt_request_origin(request)->store, id, product, expected, &stored);
    json_decref(product);
    if (error < 0) {
        answer_failure(request, id, error);
    } else if (rev_of(stored) == known_rev) {
        json_object_set_new(stored, "on_air", json_array());
        vt_answer_json(&request->answer, 200, stored);
        set_etag(request, known_rev);
    } else {
        publish(request, stored, known_rev ? 200 : 201);
    }
}

// Its revision, or 0 when there is no such product.
static int64_t current_rev(const struct vt_origin *origin, const char *id)
{
    json_t *product = NULL;
    if (vt_store_product(origin->store, id, &product) < 0)
        return 0;
    int64_t rev = rev_of(product);
    json_decref(product);
    return rev;
}

void vt_api_put_product(struct vt_request *request)
{
    const char *id = request->match.args[0];
    int64_t expected;
    if (!expected_rev(request, &expected))
        return;
    json_t *product = vt_request_object(request);
    if (product)
        store_product(request, id, product, expected, current_rev(vt_request_origin(request), id));
}

void vt_api_patch_product(struct vt_request *request)
{
    const char *id = request->match.args[0];
    int64_t expected;
    json_t *product = NULL;
    if (!expected_rev(request, &expected))
        return;
    json_t *patch = vt_request_object(request);
    if (!patch)
        return;
    int error = vt_store_product(vt_request_origin(request)->store, id, &product);
    if (error < 0) {
        answer_failure(request, id, error);
    } else {
        int64_t rev = rev_of(product);
        store_product(request, id, vt_json_merge_patch(product, patch), expected, rev);
    }
    json_decref(product);
    json_decref(patch);
}

void vt_api_delete_product(struct vt_request *request)
{
    struct vt_origin *origin = vt_request_origin(request);
    const char *id = request->match.args[0];
    int64_t expected;
    if (!expected_rev(request, &expected))
        return;
    int error = vt_store_delete_product(origin->store, id, expected);
    if (error < 0) {
        answer_failure(request, id, error);
        return;
    }
    for (int i = 0; i < origin->n_broadcasts; i++)
        vt_desk_client_tell(origin->broadcasts[i]->desk, VT_MSG_DESK_WITHDRAW, json_pack("{s:s}", "product", id));
    vt_feed_publish(&origin->feed, "product", NULL, json_pack("{s:s, s:b}", "id", id, "deleted", 1));
    vt_answer_init(&request->answer, 204);
}
