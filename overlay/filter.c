#include "overlay/filter.h"

#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mediatime.h"
#include "overlay/money.h"
#include "overlay/overlay.h"

const char *const vt_filter_names[] = { "money", "upcase", "default", "truncate", "date", "t", "discount", "number", NULL };
const char *const vt_filter_later[] = { NULL };

void vt_filter_write(const json_t *value, const struct vt_scope *scope, struct vt_writer *to)
{
    int64_t amount;
    char currency[4], text[VT_MONEY_TEXT];
    if (json_is_string(value))
        vt_write_bytes(to, json_string_value(value), json_string_length(value));
    else if (json_is_integer(value))
        vt_write_format(to, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        vt_write_format(to, "%g", json_real_value(value));
    else if (json_is_boolean(value))
        vt_write_text(to, json_is_true(value) ? "true" : "false");
    else if (vt_money_from_json(value, &amount, currency) &&
             vt_money_format(amount, currency, scope->language, text) == 0)
        vt_write_text(to, text);
}

// A new string of what `writer` holds, cut at whole characters.
static json_t *take_string(struct vt_writer *writer)
{
    json_t *string = writer->failed ? NULL : json_stringn(writer->size ? (char *)writer->data : "", writer->size);
    vt_writer_free(writer);
    return string;
}

static char *as_text(const json_t *value, const struct vt_scope *scope)
{
    struct vt_writer writer = { .limit = VT_TEXT_BYTES };
    vt_filter_write(value, scope, &writer);
    vt_write_u8(&writer, 0);
    if (!writer.failed && g_utf8_validate((char *)writer.data, -1, NULL))
        return (char *)writer.data;      // the caller frees it
    vt_writer_free(&writer);
    return NULL;
}

static json_t *money(const json_t *input, const struct vt_scope *scope)
{
    int64_t amount;
    char currency[4], text[VT_MONEY_TEXT];
    if (!vt_money_from_json(input, &amount, currency) ||
        vt_money_format(amount, currency, scope->language, text) != 0)
        return NULL;
    return json_string(text);
}

static json_t *number(const json_t *input, const struct vt_argument *arguments, int count, const struct vt_scope *scope)
{
    char text[VT_MONEY_TEXT];
    int decimals = count > 0 && json_is_integer(arguments[0].value) ? (int)json_integer_value(arguments[0].value) : 0;
    if (!json_is_number(input) || vt_number_format(json_number_value(input), decimals, scope->language, text) != 0)
        return NULL;
    return json_string(text);
}

// A coupon's value: {"percent": 10} as the language writes percents, or money.
static json_t *discount(const json_t *input, const struct vt_scope *scope)
{
    static const char *const spaced[] = { "de", "fr", "es", "ru", "sv", "fi", "nb", "da", "cs", "sk" };
    const json_t *percent = json_object_get(input, "percent");
    const char *language = scope->language ? scope->language : "en", *space = "";
    if (!json_is_integer(percent))
        return money(input, scope);
    for (size_t i = 0; i < sizeof spaced / sizeof *spaced; i++) {
        if (strncmp(spaced[i], language, 2) == 0)
            space = "\xc2\xa0";
    }
    return json_sprintf("%" JSON_INTEGER_FORMAT "%s%%", json_integer_value(percent), space);
}

static json_t *upcase(const json_t *input, const struct vt_scope *scope)
{
    char *text = as_text(input, scope);
    if (!text)
        return NULL;
    char *upper = g_utf8_strup(text, -1);
    json_t *result = json_string(upper);
    g_free(upper);
    free(text);
    return result;
}

static json_t *truncate_text(const json_t *input, const struct vt_argument *arguments, int count,
                             const struct vt_scope *scope)
{
    json_int_t most = count > 0 && json_is_integer(arguments[0].value) ? json_integer_value(arguments[0].value) : 50;
    char *text = as_text(input, scope);
    if (!text || most < 1 || g_utf8_strlen(text, -1) <= most) {
        json_t *whole = text ? json_string(text) : NULL;
        free(text);
        return whole;
    }
    struct vt_writer writer = { .limit = VT_TEXT_BYTES + 8 };
    vt_write_bytes(&writer, text, (size_t)(g_utf8_offset_to_pointer(text, most - 1) - text));
    vt_write_text(&writer, "…");
    free(text);
    return take_string(&writer);
}

static json_t *date(const json_t *input, const struct vt_argument *arguments, int count)
{
    int64_t ns;
    char text[128];
    struct tm tm;
    const char *format = count > 0 ? json_string_value(arguments[0].value) : NULL;
    if (!json_is_string(input) || vt_parse_time(json_string_value(input), &ns) != 0)
        return NULL;
    time_t seconds = (time_t)(ns / VT_NS_PER_S - (ns % VT_NS_PER_S < 0));
    if (!gmtime_r(&seconds, &tm))
        return NULL;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"      // checked when the template was loaded
    size_t size = strftime(text, sizeof text, format ? format : "%Y-%m-%d", &tm);
#pragma GCC diagnostic pop
    return size ? json_stringn(text, size) : NULL;
}

static const struct vt_yaml *find_in(const struct vt_yaml *strings, const char *language, size_t length,
                                     const char *key)
{
    for (const struct vt_yaml *entry = strings->first; entry; entry = entry->next) {
        if (strlen(entry->key) == length && strncmp(entry->key, language, length) == 0)
            return vt_yaml_get(entry, key);
    }
    return NULL;
}

const struct vt_yaml *vt_strings_find(const struct vt_yaml *strings, const char *language, const char *key)
{
    if (!strings || !key)
        return NULL;
    const char *tag = language ? language : "en";
    const struct vt_yaml *found = find_in(strings, tag, strlen(tag), key);
    if (!found)
        found = find_in(strings, tag, strcspn(tag, "-"), key);
    if (!found)
        found = find_in(strings, "en", 2, key);
    for (const struct vt_yaml *entry = strings->first; entry && !found; entry = entry->next)
        found = vt_yaml_get(entry, key);
    return found;
}

// CLDR's cardinal categories for whole numbers, of the languages whose rules differ from "one if n is 1".
static const char *plural(const char *language, json_int_t n)
{
    const char *tag = language ? language : "en";
    json_int_t tens = n % 100, ones = n % 10;
    if (strncmp(tag, "zh", 2) == 0 || strncmp(tag, "ja", 2) == 0 || strncmp(tag, "ko", 2) == 0 ||
        strncmp(tag, "th", 2) == 0 || strncmp(tag, "vi", 2) == 0 || strncmp(tag, "id", 2) == 0)
        return "other";
    if (strncmp(tag, "ar", 2) == 0)
        return n == 0 ? "zero" : n == 1 ? "one" : n == 2 ? "two" : tens >= 3 && tens <= 10 ? "few" :
               tens >= 11 ? "many" : "other";
    if (strncmp(tag, "fr", 2) == 0 || strncmp(tag, "pt", 2) == 0)
        return n == 0 || n == 1 ? "one" : "other";
    bool few = ones >= 2 && ones <= 4 && !(tens >= 12 && tens <= 14);
    if (strncmp(tag, "ru", 2) == 0 || strncmp(tag, "uk", 2) == 0)
        return ones == 1 && tens != 11 ? "one" : few ? "few" : "many";
    if (strncmp(tag, "pl", 2) == 0)
        return n == 1 ? "one" : few ? "few" : "many";
    if (strncmp(tag, "cs", 2) == 0 || strncmp(tag, "sk", 2) == 0)
        return n == 1 ? "one" : n >= 2 && n <= 4 ? "few" : "other";
    return n == 1 ? "one" : "other";
}

static const json_t *named(const struct vt_argument *arguments, int count, const char *name, size_t length)
{
    for (int i = 0; i < count; i++) {
        if (strlen(arguments[i].name) == length && strncmp(arguments[i].name, name, length) == 0)
            return arguments[i].value;
    }
    return NULL;
}

// {n} in a string becomes the argument n.
static json_t *fill(const char *text, const struct vt_argument *arguments, int count, const struct vt_scope *scope)
{
    struct vt_writer writer = { .limit = VT_TEXT_BYTES };
    while (*text) {
        size_t plain = strcspn(text, "{"), name = text[plain] ? strcspn(text + plain + 1, "}") : 0;
        vt_write_bytes(&writer, text, plain);
        text += plain;
        if (*text && text[name + 1]) {
            vt_filter_write(named(arguments, count, text + 1, name), scope, &writer);
            text += name + 2;
        } else if (*text) {
            vt_write_text(&writer, text);
            break;
        }
    }
    return take_string(&writer);
}

static json_t *translate(const json_t *input, const struct vt_argument *arguments, int count,
                         const struct vt_scope *scope)
{
    const struct vt_yaml *found = vt_strings_find(scope->strings, scope->language, json_string_value(input));
    if (found && found->kind == VT_YAML_MAP) {
        const json_t *n = named(arguments, count, "n", 1);
        const char *category = plural(scope->language, json_is_integer(n) ? llabs(json_integer_value(n)) : 0);
        const struct vt_yaml *form = vt_yaml_get(found, category);
        found = form ? form : vt_yaml_get(found, "other");
    }
    return found && found->kind == VT_YAML_SCALAR ? fill(found->text, arguments, count, scope) : NULL;
}

static bool is_empty(const json_t *value)
{
    return !value || json_is_null(value) || json_is_false(value) ||
           (json_is_string(value) && json_string_length(value) == 0);
}

json_t *vt_filter_apply(enum vt_filter_kind kind, json_t *input, const struct vt_argument *arguments, int count,
                        const struct vt_scope *scope)
{
    switch (kind) {
    case VT_FILTER_MONEY:
        return money(input, scope);
    case VT_FILTER_UPCASE:
        return is_empty(input) ? NULL : upcase(input, scope);
    case VT_FILTER_DEFAULT:
        return is_empty(input) ? json_incref(count > 0 ? arguments[0].value : NULL) : json_incref(input);
    case VT_FILTER_TRUNCATE:
        return is_empty(input) ? NULL : truncate_text(input, arguments, count, scope);
    case VT_FILTER_DATE:
        return date(input, arguments, count);
    case VT_FILTER_T:
        return translate(input, arguments, count, scope);
    case VT_FILTER_DISCOUNT:
        return discount(input, scope);
    case VT_FILTER_NUMBER:
        return number(input, arguments, count, scope);
    case VT_FILTER_COUNT:
        break;
    }
    return NULL;
}
