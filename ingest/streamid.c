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

// ---- SRT

static struct text text_of(const char *at)
{
    return (struct text){at, strlen(at)};
}

static bool is(struct text text, const char *word)
{
    return text.size == strlen(word) && strncasecmp(text.at, word, text.size) == 0;
}

static bool begins(const char *text, const char *word)
{
    return strncasecmp(text, word, strlen(word)) == 0;
}

// Takes what stands before the next `mark` (or all) out of *rest.
static struct text cut(struct text *rest, char mark)
{
    const char *at = rest->size > 0 ? memchr(rest->at, mark, rest->size) : NULL;
    struct text part = {rest->at, at ? (size_t)(at - rest->at) : rest->size};
    size_t used = part.size + (at != NULL);
    *rest = (struct text){rest->at + used, rest->size - used};
    return part;
}

static struct text last_part(struct text path)
{
    while (path.size > 0 && path.at[path.size - 1] == '/')
        path.size--;
    size_t begin = path.size;
    while (begin > 0 && path.at[begin - 1] != '/')
        begin--;
    return (struct text){path.at + begin, path.size - begin};
}

static int give_request(struct vt_streamid *ret, struct text key, struct text resource)
{
    struct vt_streamid out = {.resource = ""};
    int error = give(out.key, key.at, key.size);
    if (!error && resource.size > 0)
        error = give(out.resource, resource.at, resource.size);
    if (!error)
        *ret = out;
    return error;
}

static int check_mode(struct text mode)
{
    return is(mode, "publish") ? 0 : is(mode, "request") || is(mode, "bidirectional") || is(mode, "play") ||
                                     is(mode, "read") ? -EPERM : -EBADMSG;
}

// "r=live/mango,m=publish,s=KEY"
static int read_list(struct vt_streamid *ret, struct text rest)
{
    struct text resource = {"", 0}, key = {"", 0};
    while (rest.size > 0) {
        struct text value = cut(&rest, ','), name = cut(&value, '=');
        int error = is(name, "m") ? check_mode(value) : 0;
        if (error)
            return error;
        if (is(name, "r"))
            resource = value;
        else if (is(name, "s"))
            key = value;
    }
    if (key.size > 0)
        return give_request(ret, key, last_part(resource));
    return give_request(ret, last_part(resource), (struct text){"", 0});
}

// "RESOURCE:USER:KEY:query#feedbackplay"
static int read_colons(struct vt_streamid *ret, struct text rest)
{
    struct text plain = cut(&rest, '#');
    struct text resource = cut(&plain, ':'), user = cut(&plain, ':'), key = cut(&plain, ':');
    if (key.size > 0)
        return give_request(ret, key, last_part(resource));
    (void)user;
    return give_request(ret, last_part(resource), (struct text){"", 0});
}

// "KEY,token:KEY,mode:publish"; false: it is none of this form.
static bool read_commas(struct vt_streamid *ret, struct text rest, int *error)
{
    struct text name = cut(&rest, ','), key = {"", 0};
    bool ours = false;
    *error = 0;
    while (rest.size > 0) {
        struct text value = cut(&rest, ','), word = cut(&value, ':');
        if (is(word, "mode") && !*error)
            *error = check_mode(value);
        else if (is(word, "token"))
            key = value;
        ours |= is(word, "mode") || is(word, "token");
    }
    if (ours && !*error)
        *error = key.size > 0 ? give_request(ret, key, last_part(name))
                              : give_request(ret, last_part(name), (struct text){"", 0});
    return ours;
}

static int read_path(struct vt_streamid *ret, const char *text)
{
    const char *query;
    struct text path = last_part(split(text, &query)), value;
    for (size_t i = 0; i < sizeof key_parameters / sizeof key_parameters[0]; i++) {
        char key[VT_KEY_ROOM];
        if (!find_parameter(query, key_parameters[i], &value))
            continue;
        int error = give_decoded(key, value);
        return error ? error : give_request(ret, text_of(key), path);
    }
    return give_request(ret, path, (struct text){"", 0});
}

static int read_plain(struct vt_streamid *ret, const char *text)
{
    int error;
    if (begins(text, "#!::"))
        return read_list(ret, text_of(text + 4));
    if (begins(text, "#!"))
        return -EBADMSG;
    if (begins(text, "publish:"))
        return read_colons(ret, text_of(text + 8));
    if (begins(text, "read:") || begins(text, "play:"))
        return -EPERM;
    if (begins(text, "srt://")) {
        text += 6;
        text += strcspn(text, "/?");
        return read_path(ret, text);
    }
    return read_commas(ret, text_of(text), &error) ? error : read_path(ret, text);
}

int vt_streamid_srt(struct vt_streamid *ret, const char *streamid)
{
    char plain[VT_STREAMID_MAX + 1];
    size_t size = 0;
    if (strlen(streamid) > VT_STREAMID_MAX)
        return -EMSGSIZE;
    if (!begins(streamid, "%23!") && !begins(streamid, "srt%3A"))
        return read_plain(ret, streamid);
    for (const char *c = streamid; *c; c++) {
        int high = *c == '%' ? hex_digit(c[1]) : -1, low = high >= 0 ? hex_digit(c[2]) : -1;
        if (*c == '%' && (low < 0 || (high == 0 && low == 0)))
            return -EILSEQ;
        plain[size++] = *c == '%' ? (char)(high << 4 | low) : *c;
        c += *c == '%' ? 2 : 0;
    }
    plain[size] = 0;
    return read_plain(ret, plain);
}
