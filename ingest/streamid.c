#include "ingest/streamid.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

// Parameters that carry a key, in order of preference.
static const char *const key_parameters[] = {"token", "key"};

struct text {
    const char *at;
    size_t size;
};

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// Length of the UTF-8 sequence that begins at `at`, or 0 if there is none.
static size_t sequence(const uint8_t *at, size_t left)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t size = at[0] < 0x80 ? 1 : at[0] >= 0xc2 && at[0] < 0xe0 ? 2 : at[0] >= 0xe0 && at[0] < 0xf0 ? 3
                : at[0] >= 0xf0 && at[0] < 0xf5 ? 4 : 0;
    if (size == 0 || size > left)
        return 0;
    uint32_t code = size == 1 ? at[0] : at[0] & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (at[i] & 0x3f);
    }
    if (size > 1 && (code < least[size] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)))
        return 0;
    return size;
}

static bool is_key(const uint8_t *at, size_t size)
{
    for (size_t i = 0, n; i < size; i += n) {
        n = sequence(at + i, size - i);
        if (n == 0 || at[i] < 0x20 || at[i] == 0x7f || (n == 2 && at[i] == 0xc2 && at[i + 1] < 0xa0))
            return false;
    }
    return true;
}

static int give(char *out, const char *text, size_t size)
{
    if (size == 0)
        return -ENOENT;
    if (size > VT_KEY_MAX)
        return -EMSGSIZE;
    if (!is_key((const uint8_t *)text, size))
        return -EILSEQ;
    memcpy(out, text, size);
    out[size] = 0;
    return 0;
}

static int give_decoded(char *out, struct text value)
{
    char plain[VT_KEY_MAX + 1];
    size_t size = 0;
    for (size_t i = 0; i < value.size; i++) {
        if (size == sizeof plain)
            return -EMSGSIZE;
        if (value.at[i] != '%') {
            plain[size++] = value.at[i];
            continue;
        }
        int high = i + 2 < value.size ? hex_digit(value.at[i + 1]) : -1;
        int low = i + 2 < value.size ? hex_digit(value.at[i + 2]) : -1;
        if (high < 0 || low < 0)
            return -EILSEQ;
        plain[size++] = (char)(high << 4 | low);
        i += 2;
    }
    return give(out, plain, size);
}

// The value of a parameter in "a=1&b=2"; false if it is not there or empty.
static bool find_parameter(const char *query, const char *name, struct text *ret)
{
    size_t length = strlen(name);
    while (*query) {
        size_t size = strcspn(query, "&");
        if (size > length + 1 && memcmp(query, name, length) == 0 && query[length] == '=') {
            *ret = (struct text){query + length + 1, size - length - 1};
            return true;
        }
        query += size + (query[size] == '&');
    }
    return false;
}

// Splits "path?query"; slashes around the path are left out.
static struct text split(const char *text, const char **query)
{
    struct text path = {text, strcspn(text, "?")};
    *query = text[path.size] ? text + path.size + 1 : "";
    while (path.size > 0 && path.at[0] == '/') {
        path.at++;
        path.size--;
    }
    while (path.size > 0 && path.at[path.size - 1] == '/')
        path.size--;
    return path;
}

int vt_streamid_rtmp(char *out, const char *app, const char *name)
{
    const char *queries[2];
    struct text path = split(name, &queries[0]);
    struct text app_path = split(app, &queries[1]);
    for (int i = 0; i < 2; i++) {
        struct text value;
        for (size_t j = 0; j < sizeof key_parameters / sizeof key_parameters[0]; j++) {
            if (find_parameter(queries[i], key_parameters[j], &value))
                return give_decoded(out, value);
        }
    }
    if (path.size > 0)
        return give(out, path.at, path.size);
    const char *slash = memchr(app_path.at, '/', app_path.size);
    if (slash)
        return give(out, slash + 1, app_path.size - (size_t)(slash + 1 - app_path.at));
    return give(out, app_path.at, app_path.size);
}
