// `samples`: data to look at a template with. `sample:X` stands for the product X, or the offer X of a product.
#include <string.h>

#include "overlay/template.h"

#define SAMPLE_DEPTH 8

void vt_samples_load(struct vt_template *t, const struct vt_yaml *map, struct vt_diagnostics *diagnostics)
{
    int count = 0;
    if (map->kind != VT_YAML_MAP || map->count > VT_SAMPLES_MAX) {
        vt_diagnose(diagnostics, VT_ERROR, map->line, map->column, "`samples` must be a map of at most %d (limit)",
                    VT_SAMPLES_MAX);
        return;
    }
    for (const struct vt_yaml *sample = map->first; sample; sample = sample->next) {
        t->sample_names[count++] = sample->key;
        if (sample->kind != VT_YAML_MAP) {
            vt_diagnose(diagnostics, VT_ERROR, sample->line, sample->column, "a sample must be a map of fields");
            continue;
        }
        for (const struct vt_yaml *entry = sample->first; entry; entry = entry->next) {
            if (strcmp(entry->key, "currency") == 0)
                vt_diagnose(diagnostics, VT_ERROR, entry->key_line, entry->key_column,
                            "the key \"currency\" of a sample is not supported yet");
            else if (strcmp(entry->key, "lang") == 0 && entry->kind != VT_YAML_SCALAR)
                vt_diagnose(diagnostics, VT_ERROR, entry->line, entry->column, "`lang` must be a language such as en");
            else if (strcmp(entry->key, "lang") != 0 && !vt_template_field(t, entry->key))
                vt_diagnose(diagnostics, VT_ERROR, entry->key_line, entry->key_column,
                            "the schema has no field \"%.60s\"", entry->key);
        }
    }
    t->samples = map;
}

static json_t *find_by_id(const json_t *products, const char *id)
{
    json_t *product;
    size_t i;
    json_array_foreach(products, i, product) {
        const char *own = json_string_value(json_object_get(product, "id"));
        if (own && strcmp(own, id) == 0)
            return json_incref(product);
    }
    json_array_foreach(products, i, product) {
        json_t *offer = json_object_get(product, "offer");
        const char *own = json_string_value(json_object_get(offer, "id"));
        if (own && strcmp(own, id) == 0)
            return json_incref(offer);
    }
    return json_null();
}

// Puts products in place of `sample:X`, and lays an object over the one that it `extends`.
static json_t *expand(json_t *value, const json_t *products, int depth)
{
    const char *text = json_string_value(value), *key;
    json_t *entry;
    void *next;
    if (text && strncmp(text, "sample:", 7) == 0) {
        json_t *found = find_by_id(products, text + 7);
        json_decref(value);
        return found;
    }
    if (!json_is_object(value) || depth == 0)
        return value;
    json_object_foreach_safe(value, next, key, entry)
        json_object_set_new(value, key, expand(json_incref(entry), products, depth - 1));
    json_t *base = json_object_get(value, "extends");
    if (!json_is_object(base))
        return value;
    json_t *merged = json_copy(base);
    json_object_del(value, "extends");
    json_object_update(merged, value);
    json_decref(value);
    return merged;
}

json_t *vt_template_sample(const struct vt_template *t, const char *name, const json_t *products,
                           const char **ret_language)
{
    const struct vt_yaml *sample = !t->samples ? NULL : name ? vt_yaml_get(t->samples, name) : t->samples->first;
    if (!sample)
        return NULL;
    json_t *data = json_object();
    const char *language = NULL;
    for (const struct vt_yaml *entry = sample->first; entry; entry = entry->next) {
        const struct vt_field *field = vt_template_field(t, entry->key);
        if (strcmp(entry->key, "lang") == 0)
            language = entry->text;
        else if (field)
            json_object_set_new(data, entry->key, expand(vt_field_to_json(entry, field->type), products, SAMPLE_DEPTH));
    }
    if (ret_language)
        *ret_language = language;
    return data;
}
