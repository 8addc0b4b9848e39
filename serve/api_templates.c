// /v1/templates: templates with the files beside them, looked at and kept under DATA/templates. Studios take what is new
// within a second, between two frames; those that the configuration names cannot be changed here.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "overlay/overlay.h"
#include "overlay/schema.h"
#include "serve/api.h"
#include "studio/bundle.h"

#define FIXED_MAX 256

_Static_assert(VT_BUNDLE_ID + 1 >= VT_ROUTE_ARG_ROOM, "an id of an address has room");

static json_t *describe(const struct vt_template *template, bool fixed)
{
    return json_pack("{s:s, s:s, s:s, s:b, s:b}", "id", vt_template_id(template), "version", vt_template_version(template),
                     "name", vt_template_title(template), "product", vt_template_needs_product(template), "fixed", fixed);
}

static struct vt_template *load(const char *path, const char *folder)
{
    struct vt_template *template = NULL;
    char *text = NULL;
    size_t size = 0;
    if (vt_read_file(path, VT_TEMPLATE_BYTES, &text, &size) == 0)
        vt_template_load_in(&template, path, folder, text, size, NULL);
    free(text);
    return template;
}

static void add_fixed(json_t *list, const char *path)
{
    char folder[4096];
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    struct vt_template *template = load(path, folder);
    if (!template)
        return;
    json_t *entry = describe(template, true), *known;
    size_t i;
    bool twice = false;
    json_array_foreach(list, i, known)
        twice |= json_equal(known, entry);
    if (!twice)
        json_array_append(list, entry);
    json_decref(entry);
    vt_template_unref(&template);
}

// Of all channels of the configuration.
static json_t *list_fixed(const struct vt_origin *origin)
{
    json_t *list = json_array(), *path;
    size_t i;
    for (int c = 0; c < origin->n_broadcasts; c++) {
        json_array_foreach(json_object_get(origin->broadcasts[c]->config, "templates"), i, path) {
            if (json_is_string(path) && json_array_size(list) < FIXED_MAX)
                add_fixed(list, json_string_value(path));
        }
    }
    return list;
}

static bool is_fixed(struct vt_request *request, const char *id)
{
    json_t *list = list_fixed(vt_request_origin(request)), *entry;
    size_t i;
    bool found = false;
    json_array_foreach(list, i, entry)
        found |= strcmp(json_string_value(json_object_get(entry, "id")), id) == 0;
    json_decref(list);
    if (found)
        vt_answer_problem(&request->answer, 409, "The template is fixed", "Template \"%s\" stands in the configuration: "
                          "change its file, which channels take within a second.", id);
    return found;
}

static void answer_failure(struct vt_request *request, const char *id, int error)
{
    if (error == -ENOENT)
        vt_answer_problem(&request->answer, 404, "No such template",
                          "There is no template \"%s\" here. GET /v1/templates lists them.", id);
    else if (error == -ENOSPC)
        vt_answer_problem(&request->answer, 422, "Too many templates", "At most %d are kept: DELETE one.", VT_BUNDLES_MAX);
    else
        vt_answer_problem(&request->answer, 500, "Templates cannot be kept", "%s", strerror(-error));
}

void vt_api_list_templates(struct vt_request *request)
{
    const struct vt_origin *origin = vt_request_origin(request);
    struct vt_bundle bundles[VT_BUNDLES_MAX];
    json_t *list = list_fixed(origin);
    int count = vt_bundles_scan(origin->templates, bundles);
    for (int i = 0; i < count; i++) {
        char folder[4096], path[4096 + 32];
        if (!vt_bundle_folder(origin->templates, &bundles[i], folder, sizeof folder))
            continue;
        snprintf(path, sizeof path, "%s/" VT_BUNDLE_FILE, folder);
        struct vt_template *template = load(path, folder);
        if (template)
            json_array_append_new(list, describe(template, false));
        vt_template_unref(&template);
    }
    vt_answer_json(&request->answer, 200, json_pack("{s:o}", "templates", list));
}

void vt_api_get_template(struct vt_request *request)
{
    json_t *bundle = NULL;
    const char *id = request->match.args[0];
    int error = vt_bundle_get(vt_request_origin(request)->templates, id, &bundle);
    if (error == 0)
        vt_answer_json(&request->answer, 200, bundle);
    else if (error != -ENOENT || !is_fixed(request, id))
        answer_failure(request, id, error);
}

void vt_api_get_template_schema(struct vt_request *request)
{
    vt_answer_json(&request->answer, 200, vt_template_schema());
}

static json_t *list_said(const struct vt_diagnostics *said, enum vt_severity severity)
{
    json_t *list = json_array();
    for (int i = 0; i < said->count; i++) {
        const struct vt_diagnostic *d = &said->list[i];
        if (d->severity == severity)
            json_array_append_new(list, json_pack("{s:i, s:i, s:s}", "line", d->line, "column", d->column, "text", d->text));
    }
    return list;
}

static void answer_refusal(struct vt_request *request, const char *why, const struct vt_diagnostics *said)
{
    json_t *problem = json_pack("{s:s, s:i, s:s, s:s, s:o}", "type", "about:blank", "status", 422, "title",
                                "The template is not taken", "detail", why, "errors", list_said(said, VT_ERROR));
    vt_answer_json(&request->answer, 422, problem);
    request->answer.type = "application/problem+json";
}

static void on_examined(void *opaque, const struct vt_exam *exam)
{
    struct vt_request *request = opaque;
    if (exam->error == -EINVAL && exam->why[0])
        answer_refusal(request, exam->why, &exam->said);
    else if (exam->error != 0)
        answer_failure(request, exam->id, exam->error);
    else
        vt_answer_json(&request->answer, exam->rev == 1 ? 201 : 200, json_pack("{s:s, s:I, s:o}", "id", exam->id, "rev",
                       (json_int_t)exam->rev, "warnings", list_said(&exam->said, VT_WARNING)));
    vt_request_resume(request);
}

// The shop's own products, for samples that speak of them.
static json_t *products_of(const struct vt_origin *origin)
{
    json_t *products = NULL;
    return vt_store_products(origin->store, NULL, VT_PRODUCT_PAGE_MAX, &products) == 0 ? products : NULL;
}

void vt_api_put_template(struct vt_request *request)
{
    static const char *const members[] = {"template", "assets", NULL};
    struct vt_origin *origin = vt_request_origin(request);
    const char *id = request->match.args[0];
    json_t *body = vt_request_object(request);
    struct vt_exam *exam = NULL;
    if (!body || vt_request_unknown_member(request, body, members) || is_fixed(request, id))
        goto fail;
    exam = calloc(1, sizeof *exam);
    if (!exam) {
        answer_failure(request, id, -ENOMEM);
        goto fail;
    }
    snprintf(exam->id, sizeof exam->id, "%s", id);
    exam->body = json_incref(body);
    exam->products = products_of(origin);
    exam->done = on_examined;
    exam->opaque = request;
    if (vt_examiner_add(origin->examiner, exam) == 0) {
        exam = NULL;
        vt_request_wait(request);
    } else {
        vt_answer_problem(&request->answer, 503, "Too many templates at once",
                          "%d wait to be looked at. Send it again when they are done.", VT_EXAMS_MAX);
        vt_answer_header(&request->answer, "Retry-After", "5");
    }
fail:
    vt_exam_free(&exam);
    json_decref(body);
}

void vt_api_delete_template(struct vt_request *request)
{
    const char *id = request->match.args[0];
    if (is_fixed(request, id))
        return;
    int error = vt_bundle_remove(vt_request_origin(request)->templates, id);
    if (error == 0)
        vt_answer_init(&request->answer, 204);
    else
        answer_failure(request, id, error);
}
