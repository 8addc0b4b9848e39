// `schema`: the fields that a producer fills in, in words of JSON Schema and GDD.
#include <errno.h>
#include <glib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "overlay/data.h"
#include "overlay/money.h"
#include "overlay/words.h"

static const struct vt_key schema_keys[] = {{"type"}, {"required"}, {"properties"}};
static const struct vt_key field_keys[] = {{"type", 0, true}, {"gddType"}, {"label"}, {"description"},
                                           {"default"}, {"maxLength"}, {"pattern"}, {"order"}, {"hidden"},
                                           {"enum"}, {"gddOptions"}, {"minimum"}, {"maximum"}};
static const struct vt_key option_keys[] = {{"labels"}, {"extensions"}};
static const char *const field_later[] = {"items", "properties", NULL};

#define ROWS(table) table, (int)(sizeof table / sizeof *table)

static const struct {
    const char *gdd, *type;
    enum vt_field_type field;
} kinds[] = {
    {"v_product", "object", VT_FIELD_PRODUCT},     {"v_offer", "object", VT_FIELD_OFFER},
    {"v_money", "object", VT_FIELD_MONEY},         {"v_datetime", "string", VT_FIELD_TIME},
    {"single-line", "string", VT_FIELD_TEXT},      {"multi-line", "string", VT_FIELD_TEXT},
    {"color-rrggbb", "string", VT_FIELD_COLOUR},   {"color-rrggbbaa", "string", VT_FIELD_COLOUR},
    {"select", "string", VT_FIELD_CHOICE},         {"percentage", "number", VT_FIELD_NUMBER},
    {"duration-ms", "integer", VT_FIELD_INTEGER},  {"image-path", "string", VT_FIELD_TEXT},
    {"file-path", "string", VT_FIELD_TEXT},
    {"", "string", VT_FIELD_TEXT},                 {"", "integer", VT_FIELD_INTEGER},
    {"", "number", VT_FIELD_NUMBER},               {"", "boolean", VT_FIELD_BOOLEAN},
};

const struct vt_key *vt_field_words(int *ret_count)
{
    *ret_count = (int)(sizeof field_keys / sizeof *field_keys);
    return field_keys;
}

bool vt_field_kind(int index, const char **ret_gdd, const char **ret_type)
{
    if (index < 0 || index >= (int)(sizeof kinds / sizeof *kinds))
        return false;
    *ret_gdd = kinds[index].gdd;
    *ret_type = kinds[index].type;
    return true;
}

static void drop_pattern(struct vt_field *field)
{
    if (field->pattern)
        g_regex_unref(field->pattern);
    field->pattern = NULL;
}

void vt_fields_free(struct vt_template *t)
{
    for (int i = 0; i < t->n_fields; i++)
        drop_pattern(&t->fields[i]);
}

static bool read_kind(struct vt_field *field, const struct vt_yaml *map, struct vt_diagnostics *diagnostics)
{
    const struct vt_yaml *type = vt_yaml_get(map, "type"), *gdd = vt_yaml_get(map, "gddType");
    const char *type_text = type->kind == VT_YAML_SCALAR ? type->text : "";
    const char *gdd_text = gdd && gdd->kind == VT_YAML_SCALAR ? gdd->text : "";
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i].gdd, gdd_text) == 0 && strcmp(kinds[i].type, type_text) == 0) {
            field->type = kinds[i].field;
            return true;
        }
    }
    vt_diagnose(diagnostics, VT_ERROR, type->line, type->column,
                "type \"%.40s\" with gddType \"%.40s\" is not known; use string, integer, number or boolean, or object "
                "with gddType v_product, v_offer or v_money", type_text, gdd_text);
    return false;
}

static void read_choices(struct vt_field *field, const struct vt_yaml *map, struct vt_diagnostics *diagnostics)
{
    const struct vt_yaml *list = vt_yaml_get(map, "enum"), *options = vt_yaml_get(map, "gddOptions");
    if (options)
        vt_keys_check(options, ROWS(option_keys), NULL, "`gddOptions`", diagnostics);
    if (!list && field->type == VT_FIELD_CHOICE)
        vt_diagnose(diagnostics, VT_ERROR, map->line, map->column, "a field to select from needs `enum`");
    if (!list)
        return;
    bool good = list->kind == VT_YAML_LIST && list->count > 0 && list->count <= VT_CHOICES_MAX &&
                (field->type == VT_FIELD_CHOICE || field->type == VT_FIELD_TEXT);
    for (const struct vt_yaml *entry = good ? list->first : NULL; entry; entry = entry->next)
        good &= entry->kind == VT_YAML_SCALAR;
    if (good)
        field->choices = list;
    else
        vt_diagnose(diagnostics, VT_ERROR, list->line, list->column, "`enum` must be a list of 1 to %d texts (limit), of a text",
                    VT_CHOICES_MAX);
}

static void read_bound(const struct vt_field *field, const struct vt_yaml *map, const char *key, double *ret,
                       struct vt_diagnostics *diagnostics)
{
    const struct vt_yaml *at = vt_yaml_get(map, key);
    const char *end = NULL;
    *ret = NAN;
    if (!at)
        return;
    if (at->kind != VT_YAML_SCALAR || (field->type != VT_FIELD_INTEGER && field->type != VT_FIELD_NUMBER) ||
        vt_parse_number(at->text, -1e15, 1e15, &end, ret) != 0 || *end)
        vt_diagnose(diagnostics, VT_ERROR, at->line, at->column, "`%s` must be a number, of a number", key);
}

// A search for it takes so many steps at most, whatever it is.
static void read_pattern(struct vt_field *field, const struct vt_yaml *map, struct vt_diagnostics *diagnostics)
{
    const struct vt_yaml *at = vt_yaml_get(map, "pattern");
    if (!at)
        return;
    if (at->kind == VT_YAML_SCALAR && at->size <= VT_PATTERN_BYTES && strncmp(at->text, "(*", 2) != 0) {
        char *bounded = g_strdup_printf("(*LIMIT_MATCH=%d)%s", VT_PATTERN_STEPS, at->text);
        field->pattern = g_regex_new(bounded, 0, 0, NULL);
        g_free(bounded);
    }
    if (!field->pattern)
        vt_diagnose(diagnostics, VT_ERROR, at->line, at->column, "`pattern` must be a regular expression of at most %d bytes "
                    "(limit) that does not start with (*, such as \"^[A-Z]{3}$\"", VT_PATTERN_BYTES);
}

static bool value_fits(const struct vt_field *field, const json_t *value, struct vt_diagnostics *diagnostics);

static void check_default(const struct vt_field *field, struct vt_diagnostics *diagnostics)
{
    struct vt_diagnostics *said = calloc(1, sizeof *said);
    json_t *value = field->fallback ? vt_field_to_json(field->fallback, field->type) : NULL;
    if (said && value && !json_is_null(value) && !value_fits(field, value, said))
        vt_diagnose(diagnostics, VT_ERROR, field->fallback->line, field->fallback->column, "its default does not fit: %s",
                    said->list[0].text);
    json_decref(value);
    free(said);
}

static void read_field(struct vt_template *t, const struct vt_yaml *map, struct vt_diagnostics *diagnostics)
{
    struct vt_field field = {.name = map->key};
    const struct vt_yaml *most = vt_yaml_get(map, "maxLength");
    int64_t length = 0;
    if (!vt_keys_check(map, ROWS(field_keys), field_later, "a field", diagnostics) ||
        !read_kind(&field, map, diagnostics))
        return;
    if (most && vt_read_integer(most, 1, VT_TEXT_BYTES, "`maxLength`", &length, diagnostics))
        field.max_length = (int)length;
    field.fallback = vt_yaml_get(map, "default");
    read_choices(&field, map, diagnostics);
    read_bound(&field, map, "minimum", &field.min, diagnostics);
    read_bound(&field, map, "maximum", &field.max, diagnostics);
    read_pattern(&field, map, diagnostics);
    check_default(&field, diagnostics);
    if (strcmp(field.name, "price") == 0 || strcmp(field.name, "stock") == 0 || strcmp(field.name, "show") == 0 ||
        strcmp(field.name, "item") == 0)
        vt_diagnose(diagnostics, VT_ERROR, map->key_line, map->key_column, "a field cannot be called \"%s\": that is "
                    "derived", field.name);
    if (t->n_fields < VT_FIELDS_MAX)
        t->fields[t->n_fields++] = field;
    else {
        vt_diagnose(diagnostics, VT_ERROR, map->key_line, map->key_column, "`schema` has at most %d fields (limit)",
                    VT_FIELDS_MAX);
        drop_pattern(&field);
    }
}

static void read_required(struct vt_template *t, const struct vt_yaml *list, struct vt_diagnostics *diagnostics)
{
    for (const struct vt_yaml *entry = list->first; entry; entry = entry->next) {
        struct vt_field *found = NULL;
        for (int i = 0; i < t->n_fields && entry->kind == VT_YAML_SCALAR; i++) {
            if (strcmp(t->fields[i].name, entry->text) == 0)
                found = &t->fields[i];
        }
        if (found)
            found->required = true;
        else
            vt_diagnose(diagnostics, VT_ERROR, entry->line, entry->column, "`required` names a field that is not in "
                        "`properties`");
    }
}

void vt_fields_load(struct vt_template *t, const struct vt_yaml *schema, struct vt_diagnostics *diagnostics)
{
    if (!vt_keys_check(schema, ROWS(schema_keys), NULL, "`schema`", diagnostics))
        return;
    const struct vt_yaml *properties = vt_yaml_get(schema, "properties"), *required = vt_yaml_get(schema, "required");
    for (const struct vt_yaml *field = properties ? properties->first : NULL; field; field = field->next) {
        if (properties->kind == VT_YAML_MAP)
            read_field(t, field, diagnostics);
    }
    if (required)
        read_required(t, required, diagnostics);
}

const struct vt_field *vt_template_field(const struct vt_template *t, const char *name)
{
    for (int i = 0; i < t->n_fields; i++) {
        if (strcmp(t->fields[i].name, name) == 0)
            return &t->fields[i];
    }
    return NULL;
}

// ---- values

// Keys of products and offers that hold whole numbers.
static bool is_count(const char *key)
{
    static const char *const counts[] = {"amount", "available", "total", "sold", "quota", "percent", "left", "rev",
                                         NULL};
    for (int i = 0; key && counts[i]; i++) {
        if (strcmp(counts[i], key) == 0)
            return true;
    }
    return false;
}

static json_t *scalar_to_json(const struct vt_yaml *yaml, enum vt_field_type type)
{
    char *end = NULL;
    bool inside = type == VT_FIELD_PRODUCT || type == VT_FIELD_OFFER || type == VT_FIELD_MONEY;
    if (vt_yaml_is_null(yaml))
        return json_null();
    if (type == VT_FIELD_INTEGER || (inside && is_count(yaml->key))) {
        gint64 value = g_ascii_strtoll(yaml->text, &end, 10);
        return end != yaml->text && !*end ? json_integer(value) : json_string(yaml->text);
    }
    if (type == VT_FIELD_NUMBER) {
        double value = g_ascii_strtod(yaml->text, &end);
        return end != yaml->text && !*end && isfinite(value) ? json_real(value) : json_string(yaml->text);
    }
    bool truth = strcmp(yaml->text, "true") == 0;
    if (type == VT_FIELD_BOOLEAN && (truth || strcmp(yaml->text, "false") == 0))
        return json_boolean(truth);
    return json_string(yaml->text);
}

json_t *vt_field_to_json(const struct vt_yaml *yaml, enum vt_field_type type)
{
    if (yaml->kind == VT_YAML_SCALAR)
        return scalar_to_json(yaml, type);
    json_t *result = yaml->kind == VT_YAML_MAP ? json_object() : json_array();
    for (const struct vt_yaml *entry = yaml->first; entry; entry = entry->next) {
        json_t *value = vt_field_to_json(entry, type);
        if (yaml->kind == VT_YAML_MAP)
            json_object_set_new(result, entry->key, value);
        else
            json_array_append_new(result, value);
    }
    return result;
}

// ---- checking data

static bool text_fits(const json_t *value, const char *what, int most, struct vt_diagnostics *diagnostics)
{
    if (!json_is_string(value)) {
        vt_diagnose(diagnostics, VT_ERROR, 0, 0, "`%s` must be a text", what);
        return false;
    }
    long limit = most ? most : VT_TEXT_BYTES, length = most ? g_utf8_strlen(json_string_value(value), -1)
                                                            : (long)json_string_length(value);
    if (length <= limit)
        return true;
    vt_diagnose(diagnostics, VT_ERROR, 0, 0, "`%s` has at most %ld %s, not %ld", what, limit,
                most ? "characters" : "bytes", length);
    return false;
}

// Every text in a product may be drawn, so each keeps the limit of one text.
static bool texts_fit(const json_t *value, const char *what, int depth, struct vt_diagnostics *diagnostics)
{
    const char *key;
    json_t *entry;
    size_t i;
    if (depth > 8) {
        vt_diagnose(diagnostics, VT_ERROR, 0, 0, "`%s` is nested deeper than 8", what);
        return false;
    }
    if (json_is_string(value))
        return text_fits(value, what, 0, diagnostics);
    bool good = true;
    json_object_foreach((json_t *)value, key, entry)
        good &= texts_fit(entry, key, depth + 1, diagnostics);
    json_array_foreach(value, i, entry)
        good &= texts_fit(entry, what, depth + 1, diagnostics);
    return good;
}

static bool money_fits(const json_t *value, const char *what, struct vt_diagnostics *diagnostics)
{
    int64_t amount;
    char currency[4];
    if (!value || json_is_null(value) || vt_money_from_json(value, &amount, currency))
        return true;
    vt_diagnose(diagnostics, VT_ERROR, 0, 0, "`%s` must be {\"amount\": whole minor units, \"currency\": an ISO 4217 "
                "code}", what);
    return false;
}

static bool time_fits(const json_t *value, const char *what, struct vt_diagnostics *diagnostics)
{
    int64_t ns;
    if (!value || json_is_null(value) || (json_is_string(value) && vt_parse_time(json_string_value(value), &ns) == 0))
        return true;
    vt_diagnose(diagnostics, VT_ERROR, 0, 0, "`%s` must be a time such as 2026-03-01T19:00:00Z", what);
    return false;
}

static bool offer_fits(const json_t *offer, const char *what, struct vt_diagnostics *diagnostics)
{
    if (!offer || json_is_null(offer))
        return true;
    if (!json_is_object(offer)) {
        vt_diagnose(diagnostics, VT_ERROR, 0, 0, "`%s` must be an offer, an object", what);
        return false;
    }
    bool good = time_fits(json_object_get(offer, "starts_at"), "offer.starts_at", diagnostics);
    good &= time_fits(json_object_get(offer, "ends_at"), "offer.ends_at", diagnostics);
    good &= texts_fit(offer, what, 0, diagnostics);
    return good;
}

static bool product_fits(const json_t *product, const char *what, struct vt_diagnostics *diagnostics)
{
    if (!json_is_object(product)) {
        vt_diagnose(diagnostics, VT_ERROR, 0, 0, "`%s` must be a product, an object", what);
        return false;
    }
    bool good = money_fits(json_object_get(product, "price"), "product.price", diagnostics);
    good &= money_fits(json_object_get(product, "sale_price"), "product.sale_price", diagnostics);
    good &= money_fits(json_object_get(product, "prior_price"), "product.prior_price", diagnostics);
    good &= offer_fits(json_object_get(product, "offer"), "product.offer", diagnostics);
    good &= texts_fit(product, what, 0, diagnostics);
    return good;
}

static bool text_of_field_fits(const struct vt_field *field, const json_t *value, struct vt_diagnostics *diagnostics)
{
    if (!text_fits(value, field->name, field->max_length, diagnostics))
        return false;
    const char *text = json_string_value(value);
    const struct vt_yaml *choice = field->choices ? field->choices->first : NULL;
    while (choice && strcmp(choice->text, text) != 0)
        choice = choice->next;
    if (field->choices && !choice) {
        vt_diagnose(diagnostics, VT_ERROR, 0, 0, "`%s` cannot be \"%.60s\"; it is \"%.60s\", for one", field->name, text,
                    field->choices->first->text);
        return false;
    }
    if (!field->pattern || g_regex_match(field->pattern, text, 0, NULL))
        return true;
    vt_diagnose(diagnostics, VT_ERROR, 0, 0, "`%s` does not have the form that its pattern asks for: \"%.60s\"", field->name, text);
    return false;
}

static bool number_fits(const struct vt_field *field, const json_t *value, struct vt_diagnostics *diagnostics)
{
    bool whole = field->type == VT_FIELD_INTEGER;
    double number = json_number_value(value);
    if (!(whole ? json_is_integer(value) : json_is_number(value))) {
        vt_diagnose(diagnostics, VT_ERROR, 0, 0, "`%s` must be %s", field->name, whole ? "a whole number" : "a number");
        return false;
    }
    if (!(number < field->min) && !(number > field->max))
        return true;
    vt_diagnose(diagnostics, VT_ERROR, 0, 0, "`%s` must be %s %g, not %g", field->name, number < field->min ? "at least" : "at most",
                number < field->min ? field->min : field->max, number);
    return false;
}

static bool value_fits(const struct vt_field *field, const json_t *value, struct vt_diagnostics *diagnostics)
{
    struct vt_colour4 colour;
    bool good = true;
    const char *expected = NULL;
    switch (field->type) {
    case VT_FIELD_TEXT:
    case VT_FIELD_CHOICE:
        return text_of_field_fits(field, value, diagnostics);
    case VT_FIELD_INTEGER:
    case VT_FIELD_NUMBER:
        return number_fits(field, value, diagnostics);
    case VT_FIELD_BOOLEAN:
        good = json_is_boolean(value);
        expected = "true or false";
        break;
    case VT_FIELD_COLOUR:
        good = json_is_string(value) && vt_parse_colour(json_string_value(value), &colour) == 0;
        if (good)
            return text_of_field_fits(field, value, diagnostics);
        expected = "a colour such as \"#e5123d\"";
        break;
    case VT_FIELD_TIME:
        return time_fits(value, field->name, diagnostics);
    case VT_FIELD_MONEY:
        return money_fits(value, field->name, diagnostics);
    case VT_FIELD_PRODUCT:
        return product_fits(value, field->name, diagnostics);
    case VT_FIELD_OFFER:
        return offer_fits(value, field->name, diagnostics);
    }
    if (!good)
        vt_diagnose(diagnostics, VT_ERROR, 0, 0, "`%s` must be %s", field->name, expected);
    return good;
}

static bool known_fields(const struct vt_template *t, const json_t *data, struct vt_diagnostics *diagnostics)
{
    const char *names[VT_FIELDS_MAX + 1] = {0}, *key;
    json_t *value;
    bool good = true;
    for (int i = 0; i < t->n_fields; i++)
        names[i] = t->fields[i].name;
    json_object_foreach((json_t *)data, key, value) {
        // The API puts a cue's product into its data, also for templates that do not ask for one.
        if (vt_template_field(t, key) || strcmp(key, "product") == 0 || strcmp(key, "offer") == 0)
            continue;
        const char *near = vt_nearest_name(key, names);
        vt_diagnose(diagnostics, VT_ERROR, 0, 0, near ? "the template has no field \"%.60s\"; did you mean \"%s\"?"
                                                      : "the template has no field \"%.60s\"", key, near);
        good = false;
    }
    return good;
}

bool vt_data_check(const struct vt_template *t, const json_t *data, struct vt_diagnostics *diagnostics)
{
    if (data && !json_is_object(data)) {
        vt_diagnose(diagnostics, VT_ERROR, 0, 0, "data must be an object");
        return false;
    }
    bool good = known_fields(t, data, diagnostics);
    for (int i = 0; i < t->n_fields; i++) {
        const struct vt_field *field = &t->fields[i];
        const json_t *value = json_object_get(data, field->name);
        if (value && !json_is_null(value)) {
            good &= value_fits(field, value, diagnostics);
        } else if (field->required && !field->fallback) {
            vt_diagnose(diagnostics, VT_ERROR, 0, 0, "`%s` is missing", field->name);
            good = false;
        }
    }
    const json_t *product = json_object_get(data, "product"), *offer = json_object_get(data, "offer");
    if (product && !json_is_null(product) && !vt_template_field(t, "product"))
        good &= product_fits(product, "product", diagnostics);
    if (offer && !vt_template_field(t, "offer"))
        good &= offer_fits(offer, "offer", diagnostics);
    return good;
}
