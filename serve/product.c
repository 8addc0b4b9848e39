#include "serve/product.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mediatime.h"

#define ALPHANUMERIC "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

__attribute__((format(printf, 4, 5)))
static int flawed(struct vt_flaw *flaw, const char *parent, const char *name, const char *format, ...)
{
    snprintf(flaw->where, sizeof flaw->where, "%s%s%s", parent, name ? "/" : "", name ? name : "");
    va_list args;
    va_start(args, format);
    vsnprintf(flaw->why, sizeof flaw->why, format, args);
    va_end(args);
    return -EINVAL;
}

bool vt_product_id_valid(const char *id)
{
    size_t length = id ? strlen(id) : 0;
    return length >= 1 && length <= VT_PRODUCT_ID_MAX && strchr(ALPHANUMERIC, id[0]) &&
           strspn(id, ALPHANUMERIC "._:~-") == length;
}

bool vt_url_valid(const char *url)
{
    size_t scheme = strncmp(url, "https://", 8) == 0 ? 8 : strncmp(url, "http://", 7) == 0 ? 7 : 0;
    if (scheme == 0 || strlen(url) > VT_URL_MAX || !url[scheme] || strchr("/?#:@", url[scheme]))
        return false;
    for (const unsigned char *at = (const unsigned char *)url; *at; at++)
        if (*at <= 0x20 || *at == 0x7f || strchr("\"<>\\^`{|}", *at))
            return false;
    return true;
}

// A picture: an address, or a path below the configured root.
static bool picture_valid(const char *text)
{
    if (strstr(text, "://"))
        return vt_url_valid(text);
    if (!text[0] || text[0] == '/' || strlen(text) > VT_URL_MAX || strchr(text, '\\'))
        return false;
    for (const char *at = text; *at; at += strcspn(at, "/"), at += *at == '/')
        if (strncmp(at, "../", 3) == 0 || strcmp(at, "..") == 0)
            return false;
    for (const unsigned char *at = (const unsigned char *)text; *at; at++)
        if (*at < 0x20 || *at == 0x7f)
            return false;
    return true;
}

static int check_title(const json_t *value, const char *parent, const char *name, struct vt_flaw *flaw)
{
    size_t size = json_string_length(value);
    if (!json_is_string(value) || size == 0 || size > VT_PRODUCT_TITLE)
        return flawed(flaw, parent, name, "must be text of 1 to %d bytes", VT_PRODUCT_TITLE);
    return 0;
}

static int check_text(const json_t *value, const char *parent, const char *name, struct vt_flaw *flaw)
{
    if (!json_is_string(value) || json_string_length(value) > VT_PRODUCT_TEXT)
        return flawed(flaw, parent, name, "must be text of at most %d bytes", VT_PRODUCT_TEXT);
    return 0;
}

static int check_link(const json_t *value, const char *parent, const char *name, struct vt_flaw *flaw)
{
    if (!json_is_string(value) || !vt_url_valid(json_string_value(value)))
        return flawed(flaw, parent, name, "must be an http or https address of at most %d bytes", VT_URL_MAX);
    return 0;
}

static int check_picture(const json_t *value, const char *parent, const char *name, struct vt_flaw *flaw)
{
    if (!json_is_string(value) || !picture_valid(json_string_value(value)))
        return flawed(flaw, parent, name, "must be an http or https address, or a path below the picture folder");
    return 0;
}

static int check_count(const json_t *value, const char *parent, const char *name, struct vt_flaw *flaw)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) > VT_AMOUNT_MAX)
        return flawed(flaw, parent, name, "must be a whole number, 0 or more");
    return 0;
}

static int check_time(const json_t *value, const char *parent, const char *name, struct vt_flaw *flaw)
{
    int64_t ns;
    if (!json_is_string(value) || vt_parse_time(json_string_value(value), &ns) < 0)
        return flawed(flaw, parent, name, "must be a time like 2026-03-01T19:00:00Z");
    return 0;
}

static int check_interval(const json_t *value, const char *parent, const char *name, struct vt_flaw *flaw)
{
    const char *text = json_string_value(value), *slash = text ? strchr(text, '/') : NULL;
    char start[64];
    int64_t from, to;
    if (slash && slash - text < (int)sizeof start) {
        snprintf(start, sizeof start, "%.*s", (int)(slash - text), text);
        if (vt_parse_time(start, &from) == 0 && vt_parse_time(slash + 1, &to) == 0 && from < to)
            return 0;
    }
    return flawed(flaw, parent, name, "must be two times, the earlier first: 2026-03-01T19:00:00Z/2026-03-01T20:00:00Z");
}

static int check_availability(const json_t *value, const char *parent, const char *name, struct vt_flaw *flaw)
{
    static const char *const known[] = {"in_stock", "out_of_stock", "preorder", "backorder"};
    const char *text = json_string_value(value);
    for (size_t i = 0; text && i < sizeof known / sizeof *known; i++)
        if (strcmp(text, known[i]) == 0)
            return 0;
    return flawed(flaw, parent, name, "must be in_stock, out_of_stock, preorder or backorder");
}

static int check_currency(const json_t *value, const char *parent, const char *name, struct vt_flaw *flaw)
{
    const char *text = json_string_value(value);
    if (!text || strlen(text) != 3 || strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3)
        return flawed(flaw, parent, name, "must be three capital letters of ISO 4217, such as \"EUR\"");
    return 0;
}

// Rows of an object: its members' names, and what they must be.
struct member {
    const char *name;
    int (*check)(const json_t *value, const char *parent, const char *name, struct vt_flaw *flaw);
    bool required;
};

static int check_members(const json_t *object, const char *where, const struct member *table, struct vt_flaw *flaw)
{
    for (const struct member *row = table; row->name; row++) {
        const json_t *value = json_object_get(object, row->name);
        if (!value && row->required)
            return flawed(flaw, where, row->name, "is missing");
        bool absent = !value || (json_is_null(value) && !row->required);
        int error = absent ? 0 : row->check(value, where, row->name, flaw);
        if (error)
            return error;
    }
    return 0;
}

static int check_object(const json_t *value, const char *parent, const char *name, const struct member *table,
                        struct vt_flaw *flaw)
{
    char where[96];
    snprintf(where, sizeof where, "%s/%s", parent, name);
    if (!json_is_object(value))
        return flawed(flaw, parent, name, "must be an object");
    return check_members(value, where, table, flaw);
}

static int check_money(const json_t *value, const char *parent, const char *name, struct vt_flaw *flaw)
{
    static const struct member money[] = {{"amount", check_count, true}, {"currency", check_currency, true}, {0}};
    return check_object(value, parent, name, money, flaw);
}

// A day, or an instant of it.
static int check_day(const json_t *value, const char *parent, const char *name, struct vt_flaw *flaw)
{
    char midnight[] = "YYYY-MM-DDT00:00:00Z";
    const char *text = json_string_value(value);
    int64_t ns;
    if (text && strlen(text) == 10)
        text = memcpy(midnight, text, 10);
    if (!text || vt_parse_time(text, &ns) < 0)
        return flawed(flaw, parent, name, "must be a day like 2026-03-01, or a time");
    return 0;
}

static int check_prior(const json_t *value, const char *parent, const char *name, struct vt_flaw *flaw)
{
    static const struct member prior[] = {
        {"amount", check_count, true},
        {"currency", check_currency, true},
        {"type", check_text, false},
        {"from", check_day, false},
        {"to", check_day, false},
        {0},
    };
    return check_object(value, parent, name, prior, flaw);
}

static int check_stock(const json_t *value, const char *parent, const char *name, struct vt_flaw *flaw)
{
    static const struct member stock[] = {
        {"available", check_count, false},
        {"total", check_count, false},
        {"sold", check_count, false},
        {"as_of", check_time, false},
        {0},
    };
    return check_object(value, parent, name, stock, flaw);
}

static int check_offer(const json_t *value, const char *parent, const char *name, struct vt_flaw *flaw)
{
    static const struct member offer[] = {
        {"id", check_text, false},
        {"starts_at", check_time, false},
        {"ends_at", check_time, false},
        {"quota", check_count, false},
        {0},
    };
    return check_object(value, parent, name, offer, flaw);
}

static int check_i18n(const json_t *value, const char *parent, const char *name, struct vt_flaw *flaw)
{
    static const struct member words[] = {
        {"title", check_title, false}, {"description", check_text, false}, {0}};
    const char *language;
    json_t *translation;
    if (!json_is_object(value))
        return flawed(flaw, parent, name, "must be an object with a language's words each");
    json_object_foreach((json_t *)value, language, translation) {
        int error = check_object(translation, "/i18n", language, words, flaw);
        if (error)
            return error;
    }
    return 0;
}

static int check_pictures(const json_t *value, const char *parent, const char *name, struct vt_flaw *flaw)
{
    if (!json_is_array(value))
        return flawed(flaw, parent, name, "must be a list");
    size_t i;
    json_t *entry;
    json_array_foreach((json_t *)value, i, entry)
        if (check_picture(entry, parent, name, flaw) < 0)
            return -EINVAL;
    return 0;
}

static const struct member product_members[] = {
    {"title", check_title, true},
    {"description", check_text, false},
    {"brand", check_text, false},
    {"item_group_id", check_text, false},
    {"link", check_link, false},
    {"image_link", check_picture, false},
    {"additional_image_link", check_pictures, false},
    {"availability", check_availability, false},
    {"price", check_money, false},
    {"sale_price", check_money, false},
    {"sale_price_effective_date", check_interval, false},
    {"prior_price", check_prior, false},
    {"unit_price", check_money, false},
    {"stock", check_stock, false},
    {"offer", check_offer, false},
    {"i18n", check_i18n, false},
    {0},
};

int vt_product_check(const json_t *product, const char *id, struct vt_flaw *flaw)
{
    if (!json_is_object(product))
        return flawed(flaw, "", NULL, "a product is a JSON object");
    const json_t *own = json_object_get(product, "id");
    if (!vt_product_id_valid(id))
        return flawed(flaw, "", "id", "must be 1 to %d of A-Z a-z 0-9 . _ : ~ - and start with a letter or digit",
                      VT_PRODUCT_ID_MAX);
    if (own && (!json_is_string(own) || strcmp(json_string_value(own), id) != 0))
        return flawed(flaw, "", "id", "must be the id of the address, \"%s\"", id);
    size_t size = json_dumpb(product, NULL, 0, JSON_COMPACT);
    if (size > VT_PRODUCT_BYTES)
        return flawed(flaw, "", NULL, "a product has at most %d bytes, this one has %zu", VT_PRODUCT_BYTES, size);
    return check_members(product, "", product_members, flaw);
}
