#include "studio/cuefile.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/yaml.h"

static json_t *number(const char *text)
{
    char *end;
    if (!*text || !strchr("-0123456789.", *text))
        return NULL;
    errno = 0;
    long long whole = strtoll(text, &end, 10);
    if (*end == 0 && errno == 0)
        return json_integer(whole);
    if (strspn(text, "-+.0123456789eE") != strlen(text))
        return NULL;
    double value = strtod(text, &end);
    return *end == 0 && isfinite(value) ? json_real(value) : NULL;
}

static json_t *scalar(const struct vt_yaml *node)
{
    if (vt_yaml_is_null(node))
        return json_null();
    json_t *typed = NULL;
    if (!node->quoted && strcmp(node->text, "true") == 0)
        typed = json_true();
    else if (!node->quoted && strcmp(node->text, "false") == 0)
        typed = json_false();
    else if (!node->quoted)
        typed = number(node->text);
    return typed ? typed : json_stringn(node->text, node->size);
}

// As deep as the YAML reader allows.
static json_t *to_json(const struct vt_yaml *node)
{
    if (node->kind == VT_YAML_SCALAR)
        return scalar(node);
    json_t *out = node->kind == VT_YAML_LIST ? json_array() : json_object();
    for (const struct vt_yaml *n = node->first; n; n = n->next) {
        if (node->kind == VT_YAML_LIST)
            json_array_append_new(out, to_json(n));
        else
            json_object_set_new(out, n->key, to_json(n));
    }
    return out;
}

static void wrong(struct vt_diagnostics *diagnostics, const struct vt_yaml *node, const char *text)
{
    vt_diagnose(diagnostics, VT_ERROR, node->line, node->column, "%s", text);
}

static bool read_at(const struct vt_yaml *map, double *ret, struct vt_diagnostics *diagnostics)
{
    const struct vt_yaml *at = map->kind == VT_YAML_MAP ? vt_yaml_get(map, "at") : NULL;
    json_t *value = at && at->kind == VT_YAML_SCALAR ? scalar(at) : NULL;
    *ret = json_number_value(value);
    bool good = json_is_number(value) && *ret >= 0 && *ret < 1e6;
    json_decref(value);
    if (!good)
        wrong(diagnostics, at ? at : map, "at must be seconds since the first frame, such as 1.5");
    return good;
}

static json_t *read_take(const struct vt_yaml *map, struct vt_diagnostics *diagnostics)
{
    double at;
    if (!read_at(map, &at, diagnostics))
        return NULL;
    if (!vt_yaml_get(map, "template")) {
        wrong(diagnostics, map, "template is missing");
        return NULL;
    }
    json_t *take = to_json(map);
    json_object_del(take, "at");
    return json_pack("{s:f, s:i, s:o}", "at", at, "line", map->line, "take", take);
}

static json_t *read_change(const struct vt_yaml *map, struct vt_diagnostics *diagnostics)
{
    static const struct { const char *name; enum vt_yaml_kind kind; } kinds[] = {
        {"product", VT_YAML_MAP}, {"patch", VT_YAML_MAP}, {"remove", VT_YAML_SCALAR},
        {"withdraw", VT_YAML_SCALAR},
    };
    double at;
    if (!read_at(map, &at, diagnostics))
        return NULL;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const struct vt_yaml *value = vt_yaml_get(map, kinds[i].name);
        if (!value || map->count != 2)
            continue;
        bool named = value->kind == VT_YAML_SCALAR || vt_yaml_get(value, "id");
        if (value->kind != kinds[i].kind || !named) {
            wrong(diagnostics, value, value->kind == VT_YAML_MAP ? "id is missing" : "this cannot stand here");
            return NULL;
        }
        json_t *body = value->kind == VT_YAML_SCALAR ? json_string(value->text) : to_json(value);
        return json_pack("{s:f, s:i, s:o}", "at", at, "line", map->line, kinds[i].name, body);
    }
    wrong(diagnostics, map, "besides at, a change has one of product, patch, remove and withdraw");
    return NULL;
}

static void insert_by_time(json_t *events, json_t *event)
{
    double at = json_number_value(json_object_get(event, "at"));
    size_t i = json_array_size(events);
    while (i > 0 && json_number_value(json_object_get(json_array_get(events, i - 1), "at")) > at)
        i--;
    json_array_insert_new(events, i, event);
}

static void read_list(const struct vt_yaml *list, json_t *events,
                      json_t *(*read)(const struct vt_yaml *, struct vt_diagnostics *),
                      struct vt_diagnostics *diagnostics)
{
    if (list->kind != VT_YAML_LIST || list->count > VT_CUEFILE_ENTRIES) {
        wrong(diagnostics, list, "must be a list of at most 4096 entries");
        return;
    }
    for (const struct vt_yaml *n = list->first; n; n = n->next) {
        json_t *event = read(n, diagnostics);
        if (event)
            insert_by_time(events, event);
    }
}

int vt_cuefile_parse(json_t **ret, const char *text, size_t size, struct vt_diagnostics *diagnostics)
{
    static const char *const names[] = {"products", "cues", "changes", NULL};
    struct vt_yaml_document *document;
    struct vt_diagnostics local = {.count = 0};
    diagnostics = diagnostics ? diagnostics : &local;
    int errors = diagnostics->errors, error = vt_yaml_parse(&document, text, size, diagnostics);
    if (error)
        return error;
    const struct vt_yaml *root = vt_yaml_root(document);
    json_t *products = NULL, *events = json_array();
    if (root->kind != VT_YAML_MAP)
        wrong(diagnostics, root, "a cue file is a map of products, cues and changes");
    for (const struct vt_yaml *n = root->kind == VT_YAML_MAP ? root->first : NULL; n; n = n->next) {
        if (strcmp(n->key, "products") == 0 && n->kind == VT_YAML_LIST)
            products = to_json(n);
        else if (strcmp(n->key, "cues") == 0)
            read_list(n, events, read_take, diagnostics);
        else if (strcmp(n->key, "changes") == 0)
            read_list(n, events, read_change, diagnostics);
        else
            vt_diagnose(diagnostics, VT_ERROR, n->key_line, n->key_column, "unknown or misplaced: %.40s (nearest: %s)",
                        n->key, vt_nearest_name(n->key, names) ? vt_nearest_name(n->key, names) : "none");
    }
    vt_yaml_free(&document);
    if (diagnostics->errors > errors) {
        json_decref(products);
        json_decref(events);
        return -EINVAL;
    }
    *ret = json_pack("{s:o, s:o}", "products", products ? products : json_array(), "events", events);
    return 0;
}
