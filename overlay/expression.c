#include "overlay/expression.h"

#include <errno.h>
#include <glib.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diagnostic.h"
#include "base/names.h"
#include "overlay/filter.h"
#include "overlay/overlay.h"

#define NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

static const struct vt_scope nothing;

// Parses and evaluates in one go. A failure is sticky: after it, everything is absent and nothing moves.
struct parser {
    const char *at, *end;
    const struct vt_scope *scope;
    bool checking;                       // look names of strings up, too
    int depth;
    bool failed;
    const char *failed_at;
    char *why;
    size_t room;
};

__attribute__((format(printf, 2, 3)))
static json_t *fail(struct parser *p, const char *format, ...)
{
    if (!p->failed && p->why) {
        va_list args;
        va_start(args, format);
        vsnprintf(p->why, p->room, format, args);
        va_end(args);
    }
    if (!p->failed)
        p->failed_at = p->at;
    p->failed = true;
    return NULL;
}

static void skip_space(struct parser *p)
{
    while (p->at < p->end && strchr(" \t\n", *p->at))
        p->at++;
}

static bool take(struct parser *p, const char *token)
{
    size_t size = strlen(token);
    skip_space(p);
    if (p->failed || (size_t)(p->end - p->at) < size || memcmp(p->at, token, size) != 0)
        return false;
    p->at += size;
    return true;
}

static size_t name_length(const struct parser *p)
{
    size_t length = 0;
    while (p->at + length < p->end && strchr(NAME_CHARS, p->at[length]) && p->at[length])
        length++;
    return length;
}

static bool take_word(struct parser *p, const char *word)
{
    skip_space(p);
    size_t length = name_length(p);
    if (p->failed || length != strlen(word) || memcmp(p->at, word, length) != 0)
        return false;
    p->at += length;
    return true;
}

static bool take_name(struct parser *p, char name[VT_NAME_ROOM])
{
    skip_space(p);
    size_t length = name_length(p);
    if (length == 0 || length > VT_NAME_MAX || p->failed) {
        fail(p, length ? "a name has at most %d characters" : "a name is missing here", VT_NAME_MAX);
        return false;
    }
    memcpy(name, p->at, length);
    name[length] = 0;
    p->at += length;
    return true;
}

static json_t *parse_string(struct parser *p)
{
    char quote = *p->at;
    const char *start = p->at + 1, *close = memchr(start, quote, (size_t)(p->end - start));
    if (!close)
        return fail(p, "a text that starts with %c does not end", quote);
    p->at = close + 1;
    json_t *string = json_stringn(start, (size_t)(close - start));
    return string ? string : fail(p, "a text is not UTF-8");
}

static json_t *parse_number(struct parser *p)
{
    char text[24], *end;
    size_t length = 0;
    while (p->at + length < p->end && length < sizeof text - 1 && strchr("-.0123456789", p->at[length]) &&
           p->at[length])
        length++;
    memcpy(text, p->at, length);
    text[length] = 0;
    errno = 0;
    long long whole = strtoll(text, &end, 10);
    if (!*end && !errno) {
        p->at += length;
        return json_integer(whole);
    }
    char *number_end;
    double real = g_ascii_strtod(text, &number_end);
    if (*number_end || number_end == text || !isfinite(real))
        return fail(p, "\"%s\" is not a number", text);
    p->at += length;
    return json_real(real);
}

static json_t *parse_path(struct parser *p)
{
    char name[VT_NAME_ROOM];
    if (!take_name(p, name))
        return NULL;
    const json_t *at = strcmp(name, "item") == 0 && p->scope->item ? p->scope->item :
                       json_object_get(p->scope->data, name);
    while (p->at < p->end && *p->at == '.' && !p->failed) {
        p->at++;
        if (!take_name(p, name))
            return NULL;
        bool index = json_is_array(at) && strspn(name, "0123456789") == strlen(name) && strlen(name) < 6;
        at = index ? json_array_get(at, (size_t)atoi(name)) : json_object_get(at, name);
    }
    return json_is_null(at) ? NULL : json_incref((json_t *)at);
}

static json_t *parse_operand(struct parser *p)
{
    skip_space(p);
    if (p->failed || p->at == p->end)
        return fail(p, "a value is missing here");
    if (*p->at == '\'' || *p->at == '"')
        return parse_string(p);
    if (strchr("-.0123456789", *p->at))
        return parse_number(p);
    if (take_word(p, "true"))
        return json_true();
    if (take_word(p, "false"))
        return json_false();
    if (take_word(p, "null"))
        return NULL;
    return parse_path(p);
}

static int find_filter(struct parser *p, const char *name)
{
    for (int i = 0; i < VT_FILTER_COUNT; i++) {
        if (strcmp(name, vt_filter_names[i]) == 0)
            return i;
    }
    for (int i = 0; vt_filter_later[i]; i++) {
        if (strcmp(name, vt_filter_later[i]) == 0) {
            fail(p, "the filter \"%s\" is not supported yet", name);
            return -1;
        }
    }
    const char *near = vt_nearest_name(name, vt_filter_names);
    fail(p, near ? "unknown filter \"%s\"; did you mean \"%s\"?" : "unknown filter \"%s\"", name, near);
    return -1;
}

static void parse_argument(struct parser *p, struct vt_argument *argument)
{
    const char *start;
    skip_space(p);
    start = p->at;
    size_t length = name_length(p);
    p->at += length;
    if (length && take(p, "=")) {
        p->at = start;
        take_name(p, argument->name);
        take(p, "=");
    } else {
        p->at = start;
    }
    argument->value = parse_operand(p);
}

static void check_arguments(struct parser *p, int kind, const json_t *input, const struct vt_argument *arguments,
                            int count)
{
    const json_t *first = count ? arguments[0].value : NULL;
    if (p->failed || !p->checking)
        return;
    if (kind == VT_FILTER_DEFAULT && count != 1)
        fail(p, "the filter \"default\" takes one value");
    if (kind == VT_FILTER_TRUNCATE && (count != 1 || !json_is_integer(first) || json_integer_value(first) < 1))
        fail(p, "the filter \"truncate\" takes a number of characters, 1 or more");
    if (kind == VT_FILTER_DATE && count && (!json_is_string(first) || json_string_length(first) > 64))
        fail(p, "the filter \"date\" takes a format such as '%%H:%%M', at most 64 bytes");
    if (kind == VT_FILTER_T && json_is_string(input) &&
        !vt_strings_find(p->scope->strings, NULL, json_string_value(input)))
        fail(p, "there is no string \"%s\" in `strings`", json_string_value(input));
}

static json_t *parse_filter(struct parser *p, json_t *input)
{
    char name[VT_NAME_ROOM];
    struct vt_argument arguments[VT_ARGUMENTS_MAX] = {0};
    int count = 0, kind = take_name(p, name) ? find_filter(p, name) : -1;
    if (kind >= 0 && take(p, ":")) {
        do {
            if (count == VT_ARGUMENTS_MAX) {
                fail(p, "a filter takes at most %d arguments", VT_ARGUMENTS_MAX);
                break;
            }
            parse_argument(p, &arguments[count++]);
        } while (!p->failed && take(p, ","));
    }
    if (kind >= 0)
        check_arguments(p, kind, input, arguments, count);
    json_t *result = p->failed ? NULL : vt_filter_apply((enum vt_filter_kind)kind, input, arguments, count, p->scope);
    for (int i = 0; i < count; i++)
        json_decref(arguments[i].value);
    json_decref(input);
    return result;
}

static json_t *parse_value(struct parser *p)
{
    json_t *value = parse_operand(p);
    for (int count = 0; !p->failed && take(p, "|"); count++) {
        if (count == VT_FILTERS_MAX) {
            fail(p, "a value takes at most %d filters", VT_FILTERS_MAX);
            break;
        }
        value = parse_filter(p, value);
    }
    if (p->failed) {
        json_decref(value);
        return NULL;
    }
    return value;
}

// ---- conditions

static bool parse_or(struct parser *p);

static bool is_true(const json_t *value)
{
    return value && !json_is_null(value) && !json_is_false(value);
}

// Below, equal, above: -1, 0, 1; 2 when they cannot be compared.
static int compare(const json_t *a, const json_t *b)
{
    if (json_is_integer(a) && json_is_integer(b))
        return (json_integer_value(a) > json_integer_value(b)) - (json_integer_value(a) < json_integer_value(b));
    if (json_is_number(a) && json_is_number(b))
        return (json_number_value(a) > json_number_value(b)) - (json_number_value(a) < json_number_value(b));
    if (json_is_string(a) && json_is_string(b)) {
        int order = strcmp(json_string_value(a), json_string_value(b));
        return (order > 0) - (order < 0);
    }
    return json_equal(a, b) || (!a && !b) ? 0 : 2;
}

static bool parse_comparison(struct parser *p)
{
    static const struct {
        const char *token;
        bool below, equal, above, unlike;
    } operators[] = {
        {"==", false, true, false, false}, {"!=", true, false, true, true},  {"<=", true, true, false, false},
        {">=", false, true, true, false},  {"<", true, false, false, false}, {">", false, false, true, false},
    };
    json_t *left = parse_operand(p);
    bool result = is_true(left);
    for (size_t i = 0; i < sizeof operators / sizeof *operators && !p->failed; i++) {
        if (!take(p, operators[i].token))
            continue;
        json_t *right = parse_operand(p);
        int order = compare(left, right);
        result = order == 2 ? operators[i].unlike : order < 0 ? operators[i].below :
                 order > 0 ? operators[i].above : operators[i].equal;
        json_decref(right);
        break;
    }
    json_decref(left);
    return result && !p->failed;
}

static bool parse_not(struct parser *p)
{
    if (p->depth >= VT_EXPRESSION_DEPTH) {
        fail(p, "a condition is nested deeper than %d", VT_EXPRESSION_DEPTH);
        return false;
    }
    bool result;
    p->depth++;
    if (take_word(p, "not")) {
        result = !parse_not(p);
    } else if (take(p, "(")) {
        result = parse_or(p);
        if (!take(p, ")"))
            fail(p, "a ) is missing here");
    } else {
        result = parse_comparison(p);
    }
    p->depth--;
    return result && !p->failed;
}

static bool parse_and(struct parser *p)
{
    bool result = parse_not(p);
    while (take_word(p, "and"))
        result &= parse_not(p);
    return result;
}

static bool parse_or(struct parser *p)
{
    bool result = parse_and(p);
    while (take_word(p, "or"))
        result |= parse_and(p);
    return result;
}

static void expect_end(struct parser *p)
{
    skip_space(p);
    if (!p->failed && p->at < p->end)
        fail(p, "\"%.*s\" is not understood here", (int)(p->end - p->at > 24 ? 24 : p->end - p->at), p->at);
}

static bool run_condition(struct parser *p, const char *text)
{
    size_t size = strlen(text);
    p->at = text;
    p->end = text + size;
    if (size > VT_EXPRESSION_BYTES)
        fail(p, "a condition has at most %d bytes", VT_EXPRESSION_BYTES);
    bool result = parse_or(p);
    expect_end(p);
    return result && !p->failed;
}

int vt_expression_check_condition(const char *text, char *why, size_t room, size_t *ret_at)
{
    struct parser p = {.scope = &nothing, .checking = true, .why = why, .room = room};
    run_condition(&p, text);
    if (p.failed && ret_at)
        *ret_at = (size_t)(p.failed_at - text);
    return p.failed ? -EINVAL : 0;
}

bool vt_expression_condition(const char *text, const struct vt_scope *scope)
{
    struct parser p = {.scope = scope};
    return run_condition(&p, text);
}

// ---- texts

bool vt_expression_binds(const char *text)
{
    return strstr(text, "{{") != NULL;
}

// Evaluates the value whose opening braces stand at `open`; p->at is after its closing ones.
static json_t *run_value(struct parser *p, const char *open)
{
    const char *close = strstr(open + 2, "}}");
    p->at = open;
    if (!close)
        return fail(p, "{{ without }}");
    if (close - open - 2 > VT_EXPRESSION_BYTES)
        return fail(p, "at most %d bytes stand between {{ and }}", VT_EXPRESSION_BYTES);
    p->at = open + 2;
    p->end = close;
    json_t *value = parse_value(p);
    expect_end(p);
    if (p->failed) {
        json_decref(value);
        return NULL;
    }
    p->at = close + 2;
    return value;
}

int vt_expression_check_text(const char *text, const struct vt_yaml *strings, char *why, size_t room, size_t *ret_at)
{
    struct vt_scope scope = {.strings = strings};
    struct parser p = {.scope = &scope, .checking = true, .why = why, .room = room};
    const char *open = strstr(text, "{{");
    while (open && !p.failed) {
        json_decref(run_value(&p, open));
        open = p.failed ? NULL : strstr(p.at, "{{");
    }
    if (p.failed && ret_at)
        *ret_at = (size_t)(p.failed_at - text);
    return p.failed ? -EINVAL : 0;
}

static bool is_mark(gunichar c)
{
    bool control = c < 0x20 && c != '\n';
    return control || c == 0x7f || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

static void write_isolated(const struct vt_writer *value, struct vt_writer *to)
{
    const char *at = (const char *)value->data, *end = at + value->size;
    vt_write_text(to, "\xe2\x81\xa8");   // FSI
    while (at < end) {
        const char *next = g_utf8_next_char(at);
        if (!is_mark(g_utf8_get_char(at)))
            vt_write_bytes(to, at, (size_t)(next - at));
        at = next;
    }
    vt_write_text(to, "\xe2\x81\xa9");   // PDI
}

static void write_value(const json_t *value, const struct vt_scope *scope, bool isolate, struct vt_writer *to)
{
    struct vt_writer text = {.limit = VT_TEXT_BYTES};
    vt_filter_write(value, scope, &text);
    if (text.size && isolate)
        write_isolated(&text, to);
    else
        vt_write_bytes(to, text.data, text.size);
    vt_writer_free(&text);
}

void vt_expression_text(const char *text, const struct vt_scope *scope, bool isolate, struct vt_writer *to)
{
    struct parser p = {.scope = scope};
    const char *open;
    while (!p.failed && (open = strstr(text, "{{"))) {
        vt_write_bytes(to, text, (size_t)(open - text));
        json_t *value = run_value(&p, open);
        write_value(value, scope, isolate, to);
        json_decref(value);
        text = p.at;
    }
    if (!p.failed)
        vt_write_text(to, text);
}

json_t *vt_expression_value(const char *text, const struct vt_scope *scope)
{
    struct parser p = {.scope = scope};
    while (*text == ' ')
        text++;
    return strncmp(text, "{{", 2) == 0 ? run_value(&p, text) : NULL;
}
