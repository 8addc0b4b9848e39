// `samples`: data to look at a template with. `sample:X` stands for the product X, or the offer X of a product.
#include <string.h>

#include "overlay/money.h"
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
            bool currency = strcmp(entry->key, "currency") == 0;
            if (currency && (entry->kind != VT_YAML_SCALAR || vt_currency_exponent(entry->text) < 0))
                vt_diagnose(diagnostics, VT_ERROR, entry->line, entry->column,
                            "`currency` must be an ISO 4217 code such as EUR");
            else if (strcmp(entry->key, "lang") == 0 && entry->kind != VT_YAML_SCALAR)
                vt_diagnose(diagnostics, VT_ERROR, entry->line, entry->column, "`lang` must be a language such as en");
            else if (strcmp(entry->key, "lang") != 0 && !currency && !vt_template_field(t, entry->key))
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

static const struct vt_yaml *find_lacking(const struct vt_yaml *at, const json_t *products)
{
    const struct vt_yaml *found = NULL;
    for (const struct vt_yaml *entry = at->first; entry && !found; entry = entry->next)
        found = find_lacking(entry, products);
    if (at->kind != VT_YAML_SCALAR || strncmp(at->text, "sample:", 7) != 0)
        return found;
    json_t *value = find_by_id(products, at->text + 7);
    found = json_is_null(value) ? at : NULL;
    json_decref(value);
    return found;
}

const char *vt_template_sample_lacks(const struct vt_template *t, const char *name, const json_t *products, int *ret_line,
                                     int *ret_column)
{
    const struct vt_yaml *sample = t->samples ? vt_yaml_get(t->samples, name) : NULL;
    const struct vt_yaml *at = sample ? find_lacking(sample, products) : NULL;
    if (!at)
        return NULL;
    *ret_line = at->line;
    *ret_column = at->column;
    return at->text + 7;
}

// What a sample says itself stands in every language.
static void drop_translations(json_t *i18n, const json_t *said)
{
    const char *language, *key;
    json_t *words, *value;
    json_object_foreach(i18n, language, words) {
        json_object_foreach((json_t *)said, key, value)
            json_object_del(words, key);
    }
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
    json_t *merged = json_deep_copy(base);
    json_object_del(value, "extends");
    drop_translations(json_object_get(merged, "i18n"), value);
    json_object_update_recursive(merged, value);
    json_decref(value);
    return merged;
}

// Prices in another currency: the numbers stay.
static void set_currency(json_t *value, const char *currency, int depth)
{
    const char *key;
    json_t *entry;
    if (depth > 0 && json_is_string(json_object_get(value, "currency")))
        json_object_set_new(value, "currency", json_string(currency));
    json_object_foreach(value, key, entry) {
        if (json_is_object(entry) && depth < SAMPLE_DEPTH)
            set_currency(entry, currency, depth + 1);
    }
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
    const struct vt_yaml *currency = vt_yaml_get(sample, "currency");
    if (currency) {
        json_t *own = json_deep_copy(data);
        json_decref(data);
        data = own;
        set_currency(data, currency->text, 0);
    }
    if (ret_language)
        *ret_language = language;
    return data;
}
