#include "base/options.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/names.h"

#define NAMES_MAX 64       // rows of a table and further keys, together
#define VALUE_ROOM 96      // an option's value as text, without VT_OPTION_TEXT

static void *member(const struct vt_option *option, void *object)
{
    return (char *)object + option->offset;
}

static const void *const_member(const struct vt_option *option, const void *object)
{
    return (const char *)object + option->offset;
}

// ---- values as text

static void format_duration(int64_t ns, char *out, size_t room)
{
    if (ns % VT_NS_PER_S == 0)
        snprintf(out, room, "%" PRId64 "s", ns / VT_NS_PER_S);
    else if (ns % VT_NS_PER_MS == 0)
        snprintf(out, room, "%" PRId64 "ms", ns / VT_NS_PER_MS);
    else
        snprintf(out, room, "%" PRId64 ".%06" PRId64 "ms", ns / VT_NS_PER_MS, ns % VT_NS_PER_MS);
}

static void format_bitrate(int64_t bits, char *out, size_t room)
{
    if (bits % 1000 == 0)
        snprintf(out, room, "%" PRId64 "k", bits / 1000);
    else
        snprintf(out, room, "%" PRId64, bits);
}

static void format_number(enum vt_option_type type, int64_t v, char *out, size_t room)
{
    if (type == VT_OPTION_DURATION)
        format_duration(v, out, room);
    else if (type == VT_OPTION_BITRATE)
        format_bitrate(v, out, room);
    else
        snprintf(out, room, "%" PRId64, v);
}

static void format_rate(struct vt_rational rate, char *out, size_t room)
{
    if (rate.den == 1)
        snprintf(out, room, "%d", rate.num);
    else
        snprintf(out, room, "%d/%d", rate.num, rate.den);
}

// ---- values from text

static bool take_digits(const char **at, int64_t *ret, int *ret_count)
{
    int64_t v = 0;
    int count = 0;
    for (; **at >= '0' && **at <= '9'; (*at)++, count++) {
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, **at - '0', &v))
            return false;
    }
    *ret = v;
    *ret_count = count;
    return true;
}

static int64_t power_of_ten(int exponent)
{
    int64_t v = 1;
    while (exponent-- > 0)
        v *= 10;
    return v;
}

struct decimal {
    int64_t whole, fraction;
    int digits;                // of the fraction
};

static bool take_decimal(const char **at, struct decimal *ret)
{
    int count;
    *ret = (struct decimal){0};
    if (!take_digits(at, &ret->whole, &count) || count == 0)
        return false;
    if (**at != '.')
        return true;
    (*at)++;
    return take_digits(at, &ret->fraction, &ret->digits) && ret->digits >= 1 && ret->digits <= 9;
}

static bool scale_decimal(struct decimal d, int64_t unit, int64_t *ret)
{
    int64_t whole, scale = power_of_ten(d.digits);
    if (__builtin_mul_overflow(d.whole, unit, &whole))
        return false;
    return !__builtin_add_overflow(whole, vt_muldiv(d.fraction, unit, scale), ret);
}

struct unit {
    const char *name;
    int64_t size;
};

static const struct unit duration_units[] = {
    {"ms", VT_NS_PER_MS}, {"s", VT_NS_PER_S}, {"m", 60 * VT_NS_PER_S}, {"h", 3600 * VT_NS_PER_S}, {NULL, 0},
};
static const struct unit bitrate_units[] = {{"", 1}, {"k", 1000}, {"M", 1000000}, {NULL, 0}};

static bool parse_units(const char *text, const struct unit *units, int64_t *ret)
{
    struct decimal d;
    if (!take_decimal(&text, &d))
        return false;
    while (units->name && strcmp(units->name, text) != 0)
        units++;
    return units->name && scale_decimal(d, units->size, ret);
}

static bool parse_int(const char *text, int64_t *ret)
{
    bool negative = *text == '-';
    int count;
    int64_t v;
    text += negative;
    if (!take_digits(&text, &v, &count) || count == 0 || *text != 0)
        return false;
    *ret = negative ? -v : v;
    return true;
}

static bool parse_bool(const char *text, bool *ret)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(text, words[i]) == 0) {
            *ret = i % 2;
            return true;
        }
    }
    return false;
}

static bool parse_size(const char *text, struct vt_size *ret)
{
    int64_t width, height;
    int count;
    if (!take_digits(&text, &width, &count) || count == 0 || *text++ != 'x')
        return false;
    if (!take_digits(&text, &height, &count) || count == 0 || *text != 0 || width > INT32_MAX || height > INT32_MAX)
        return false;
    *ret = (struct vt_size){(int)width, (int)height};
    return true;
}

// ---- checks

static bool ranged(const struct vt_option *option)
{
    return option->min != 0 || option->max != 0;
}

static bool in_range(const struct vt_option *option, int64_t v)
{
    return !ranged(option) || (v >= option->min && v <= option->max);
}

static void shown(char *out, size_t room, const char *text)
{
    vt_escape(out, room, text, strlen(text));
}

static int say_form(const char *form, const char *text, char *why, size_t room)
{
    char is[48];
    shown(is, sizeof is, text);
    snprintf(why, room, "must be %s, is %s", form, *text ? is : "empty");
    return -EINVAL;
}

static int say_range(const struct vt_option *option, const char *text, char *why, size_t room)
{
    char is[48], min[VALUE_ROOM], max[VALUE_ROOM];
    shown(is, sizeof is, text);
    format_number(option->type, option->min, min, sizeof min);
    format_number(option->type, option->max, max, sizeof max);
    if (option->type == VT_OPTION_DURATION && option->min == 0)
        snprintf(why, room, "must be none or up to %s, is %s", max, is);
    else if (option->type == VT_OPTION_SIZE)
        snprintf(why, room, "must have sides of %s to %s pixels, is %s", min, max, is);
    else
        snprintf(why, room, "must be %s to %s, is %s", min, max, is);
    return -EINVAL;
}

static int say_choices(const struct vt_option *option, const char *text, char *why, size_t room)
{
    char is[48];
    shown(is, sizeof is, text);
    size_t used = (size_t)snprintf(why, room, "must be ");
    for (const char *const *choice = option->choices; *choice && used < room; choice++) {
        const char *before = choice == option->choices ? "" : choice[1] ? ", " : " or ";
        used += (size_t)snprintf(why + used, room - used, "%s%s", before, *choice);
    }
    if (used < room)
        snprintf(why + used, room - used, ", is %s", is);
    return -EINVAL;
}

// ---- one type each

static int set_text(const struct vt_option *option, void *object, const char *text, char *why, size_t room)
{
    char *copy = strdup(text), **place = member(option, object);
    if (!copy) {
        snprintf(why, room, "could not be kept: out of memory");
        return -EINVAL;
    }
    free(*place);
    *place = copy;
    return 0;
}

static int set_name(const struct vt_option *option, void *object, const char *text, char *why, size_t room)
{
    if (vt_name_copy(member(option, object), text) == 0)
        return 0;
    return say_form("1 to 32 letters, digits, _ or -", text, why, room);
}

static int set_number(const struct vt_option *option, void *object, const char *text, char *why, size_t room)
{
    int64_t v = 0;
    bool none = option->type == VT_OPTION_DURATION && option->min == 0 && strcmp(text, "none") == 0;
    bool understood = none || (option->type == VT_OPTION_INT        ? parse_int(text, &v)
                               : option->type == VT_OPTION_DURATION ? parse_units(text, duration_units, &v)
                                                                    : parse_units(text, bitrate_units, &v));
    if (!understood && option->type == VT_OPTION_INT)
        return say_form("a whole number", text, why, room);
    if (!understood && option->type == VT_OPTION_DURATION)
        return say_form("a time such as 500ms, 2s or 10m", text, why, room);
    if (!understood)
        return say_form("a bit rate such as 800k or 2.5M", text, why, room);
    if (!in_range(option, v))
        return say_range(option, text, why, room);
    memcpy(member(option, object), &v, sizeof v);
    return 0;
}

static int set_bool(const struct vt_option *option, void *object, const char *text, char *why, size_t room)
{
    return parse_bool(text, member(option, object)) ? 0 : say_form("true or false", text, why, room);
}

static int set_size(const struct vt_option *option, void *object, const char *text, char *why, size_t room)
{
    struct vt_size size;
    if (!parse_size(text, &size))
        return say_form("a size such as 1280x720", text, why, room);
    if (!in_range(option, size.width) || !in_range(option, size.height))
        return say_range(option, text, why, room);
    memcpy(member(option, object), &size, sizeof size);
    return 0;
}

static int set_rate(const struct vt_option *option, void *object, const char *text, char *why, size_t room)
{
    struct vt_rational rate;
    if (vt_parse_rate(text, &rate))
        return say_form("a frame rate such as 30, 29.97 or 30000/1001", text, why, room);
    bool low = rate.num < option->min * rate.den, high = rate.num > option->max * rate.den;
    if (ranged(option) && (low || high))
        return say_range(option, text, why, room);
    memcpy(member(option, object), &rate, sizeof rate);
    return 0;
}

static int set_choice(const struct vt_option *option, void *object, const char *text, char *why, size_t room)
{
    for (int i = 0; option->choices[i]; i++) {
        if (strcmp(option->choices[i], text) == 0) {
            memcpy(member(option, object), &i, sizeof i);
            return 0;
        }
    }
    return say_choices(option, text, why, room);
}

int vt_option_parse(const struct vt_option *option, void *object, const char *text, char *why, size_t room)
{
    switch (option->type) {
    case VT_OPTION_TEXT:
        return set_text(option, object, text, why, room);
    case VT_OPTION_NAME:
        return set_name(option, object, text, why, room);
    case VT_OPTION_INT:
    case VT_OPTION_DURATION:
    case VT_OPTION_BITRATE:
        return set_number(option, object, text, why, room);
    case VT_OPTION_BOOL:
        return set_bool(option, object, text, why, room);
    case VT_OPTION_SIZE:
        return set_size(option, object, text, why, room);
    case VT_OPTION_RATE:
        return set_rate(option, object, text, why, room);
    case VT_OPTION_CHOICE:
        return set_choice(option, object, text, why, room);
    }
    assert(false);
    return -EINVAL;
}

// ---- whole tables

void vt_options_defaults(const struct vt_option *table, void *object)
{
    for (; table->name; table++) {
        char why[160];
        if (table->type == VT_OPTION_TEXT)
            *(char **)member(table, object) = NULL;
        int err = table->fallback ? vt_option_parse(table, object, table->fallback, why, sizeof why) : 0;
        assert(err == 0 || table->type == VT_OPTION_TEXT);      // a row's default is in its range
    }
}

void vt_options_free(const struct vt_option *table, void *object)
{
    for (; table->name; table++) {
        if (table->type != VT_OPTION_TEXT)
            continue;
        char **place = member(table, object);
        free(*place);
        *place = NULL;
    }
}

static const struct vt_option *find(const struct vt_option *table, const char *name)
{
    while (table->name && strcmp(table->name, name) != 0)
        table++;
    return table->name ? table : NULL;
}

static bool listed(const char *const *names, const char *name)
{
    while (names && *names && strcmp(*names, name) != 0)
        names++;
    return names && *names;
}

static void refuse_key(const struct vt_option *table, const char *const *others, const char *key, int line,
                       int column, struct vt_diagnostics *diagnostics)
{
    const char *names[NAMES_MAX + 1];
    size_t n = 0;
    for (; table->name && n < NAMES_MAX; table++)
        names[n++] = table->name;
    for (; others && *others && n < NAMES_MAX; others++)
        names[n++] = *others;
    names[n] = NULL;
    char is[48];
    shown(is, sizeof is, key);
    const char *nearest = vt_nearest_name(key, names);
    if (nearest)
        vt_diagnose(diagnostics, VT_ERROR, line, column, "unknown key %s: did you mean %s?", is, nearest);
    else
        vt_diagnose(diagnostics, VT_ERROR, line, column, "unknown key %s", is);
}

static void clear_text(const struct vt_option *option, void *object)
{
    char **place = member(option, object);
    free(*place);
    *place = NULL;
}

static int set_from_yaml(const struct vt_option *option, void *object, const struct vt_yaml *entry,
                         struct vt_diagnostics *diagnostics)
{
    char why[VT_DIAGNOSTIC_TEXT];
    int err = 0;
    if (entry->kind != VT_YAML_SCALAR) {
        snprintf(why, sizeof why, "must be one value, not a %s", entry->kind == VT_YAML_LIST ? "list" : "map");
        err = -EINVAL;
    } else if (option->type == VT_OPTION_TEXT && vt_yaml_is_null(entry)) {
        clear_text(option, object);
    } else {
        err = vt_option_parse(option, object, entry->text, why, sizeof why);
    }
    if (err)
        vt_diagnose(diagnostics, VT_ERROR, entry->line, entry->column, "%s %s", option->name, why);
    return err;
}

int vt_options_from_yaml(const struct vt_option *table, const char *const *others, void *object,
                         const struct vt_yaml *map, struct vt_diagnostics *diagnostics)
{
    int result = 0;
    if (map->kind != VT_YAML_MAP) {
        vt_diagnose(diagnostics, VT_ERROR, map->line, map->column, "%s must be a map of keys and values",
                    map->key ? map->key : "this");
        return -EINVAL;
    }
    for (const struct vt_yaml *entry = map->first; entry; entry = entry->next) {
        const struct vt_option *option = find(table, entry->key);
        if (option && set_from_yaml(option, object, entry, diagnostics)) {
            result = -EINVAL;
        } else if (!option && !listed(others, entry->key)) {
            refuse_key(table, others, entry->key, entry->key_line, entry->key_column, diagnostics);
            result = -EINVAL;
        }
    }
    return result;
}

static json_t *to_json(const struct vt_option *option, const void *place)
{
    char text[VALUE_ROOM];
    int64_t number = 0;
    switch (option->type) {
    case VT_OPTION_TEXT:
        return *(char *const *)place ? json_string(*(char *const *)place) : json_null();
    case VT_OPTION_NAME:
        return json_string(place);
    case VT_OPTION_INT:
        memcpy(&number, place, sizeof number);
        return json_integer(number);
    case VT_OPTION_BOOL:
        return json_boolean(*(const bool *)place);
    case VT_OPTION_DURATION:
    case VT_OPTION_BITRATE:
        memcpy(&number, place, sizeof number);
        format_number(option->type, number, text, sizeof text);
        bool none = option->type == VT_OPTION_DURATION && number == 0;
        return json_string(none ? "none" : text);
    case VT_OPTION_SIZE: {
        const struct vt_size *size = place;
        snprintf(text, sizeof text, "%dx%d", size->width, size->height);
        return json_string(text);
    }
    case VT_OPTION_RATE:
        format_rate(*(const struct vt_rational *)place, text, sizeof text);
        return json_string(text);
    case VT_OPTION_CHOICE:
        return json_string(option->choices[*(const int *)place]);
    }
    return NULL;
}

json_t *vt_options_to_json(const struct vt_option *table, const void *object)
{
    json_t *map = json_object();
    for (; map && table->name; table++) {
        if (json_object_set_new(map, table->name, to_json(table, const_member(table, object)))) {
            json_decref(map);
            return NULL;
        }
    }
    return map;
}

static int set_from_json(const struct vt_option *option, void *object, const json_t *value,
                         struct vt_diagnostics *diagnostics)
{
    char why[VT_DIAGNOSTIC_TEXT], number[32];
    const char *text = json_string_value(value);
    bool counted = option->type == VT_OPTION_INT || option->type == VT_OPTION_BITRATE ||
                   option->type == VT_OPTION_RATE;
    if (json_is_null(value) && option->type == VT_OPTION_TEXT) {
        clear_text(option, object);
        return 0;
    }
    if (json_is_integer(value) && counted) {
        snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        text = number;
    } else if (json_is_boolean(value) && option->type == VT_OPTION_BOOL) {
        text = json_is_true(value) ? "true" : "false";
    }
    snprintf(why, sizeof why, "has a value of the wrong type");
    int err = text ? vt_option_parse(option, object, text, why, sizeof why) : -EINVAL;
    if (err)
        vt_diagnose(diagnostics, VT_ERROR, 0, 0, "%s %s", option->name, why);
    return err;
}

int vt_options_from_json(const struct vt_option *table, const char *const *others, void *object,
                         const json_t *map, struct vt_diagnostics *diagnostics)
{
    int result = 0;
    const char *key;
    json_t *value;
    if (!json_is_object(map)) {
        vt_diagnose(diagnostics, VT_ERROR, 0, 0, "this must be an object");
        return -EINVAL;
    }
    json_object_foreach((json_t *)(uintptr_t)map, key, value) {
        const struct vt_option *option = find(table, key);
        if (option && set_from_json(option, object, value, diagnostics)) {
            result = -EINVAL;
        } else if (!option && !listed(others, key)) {
            refuse_key(table, others, key, 0, 0, diagnostics);
            result = -EINVAL;
        }
    }
    return result;
}

// ---- documentation

static void document_range(const struct vt_option *option, struct vt_writer *w)
{
    char min[VALUE_ROOM], max[VALUE_ROOM];
    format_number(option->type, option->min, min, sizeof min);
    format_number(option->type, option->max, max, sizeof max);
    if (option->type == VT_OPTION_NAME)
        vt_write_format(w, " 1 to 32 letters, digits, `_`, `-`");
    else if (option->type == VT_OPTION_CHOICE)
        for (const char *const *choice = option->choices; *choice; choice++)
            vt_write_format(w, "%s`%s`", choice == option->choices ? " " : ", ", *choice);
    else if (option->type == VT_OPTION_DURATION && option->min == 0 && ranged(option))
        vt_write_format(w, " none, or up to %s", max);
    else if (ranged(option))
        vt_write_format(w, " %s to %s%s", min, max, option->type == VT_OPTION_SIZE ? " a side" : "");
}

void vt_options_document(const struct vt_option *table, const char *prefix, struct vt_writer *w)
{
    static const char *const values[] = {
        [VT_OPTION_TEXT] = "text",         [VT_OPTION_NAME] = "name",       [VT_OPTION_INT] = "whole number",
        [VT_OPTION_BOOL] = "yes or no",    [VT_OPTION_DURATION] = "time",   [VT_OPTION_BITRATE] = "bits a second",
        [VT_OPTION_SIZE] = "WIDTHxHEIGHT", [VT_OPTION_RATE] = "frame rate", [VT_OPTION_CHOICE] = "word",
    };
    for (; table->name; table++) {
        vt_write_format(w, "| `%s%s` | %s |", prefix, table->name, values[table->type]);
        document_range(table, w);
        vt_write_format(w, table->fallback ? " | `%s` | %s |\n" : " |%s | %s |\n", table->fallback ? table->fallback : "",
                        table->doc);
    }
}
