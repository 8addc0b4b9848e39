#include "check/values.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mediatime.h"

#define DIGITS "0123456789"
#define WHOLE_DIGITS 20                // of 2^64 - 1

bool vt_value_whole(const char *text, uint64_t *ret)
{
    size_t length = strspn(text, DIGITS);
    uint64_t value = 0;
    if (length == 0 || length > WHOLE_DIGITS || text[length])
        return false;
    for (size_t i = 0; i < length; i++) {
        unsigned digit = (unsigned)(text[i] - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *ret = value;
    return true;
}

bool vt_value_decimal(const char *text, double *ret)
{
    size_t whole = strspn(text, DIGITS);
    if (whole == 0)
        return false;
    if (text[whole] == '.') {
        size_t rest = strspn(text + whole + 1, DIGITS);
        if (rest == 0 || text[whole + 1 + rest])
            return false;
    } else if (text[whole]) {
        return false;
    }
    *ret = strtod(text, NULL);
    return true;
}

bool vt_value_signed(const char *text, double *ret)
{
    bool negative = *text == '-';
    if (!vt_value_decimal(text + negative, ret))
        return false;
    if (negative)
        *ret = -*ret;
    return true;
}

bool vt_value_hex(const char *text)
{
    if (text[0] != '0' || (text[1] != 'x' && text[1] != 'X') || !text[2])
        return false;
    return text[2 + strspn(text + 2, DIGITS "abcdefABCDEF")] == 0;
}

bool vt_value_size(const char *text)
{
    size_t width = strspn(text, DIGITS);
    if (width == 0 || text[width] != 'x')
        return false;
    size_t height = strspn(text + width + 1, DIGITS);
    return height > 0 && text[width + 1 + height] == 0;
}

bool vt_value_range(const char *text, uint64_t *ret_length, uint64_t *ret_offset, bool *ret_placed)
{
    char copy[2 * WHOLE_DIGITS + 2];
    uint64_t length, offset = 0;
    if (strlen(text) >= sizeof copy)
        return false;
    strcpy(copy, text);
    char *at = strchr(copy, '@');
    if (at)
        *at = 0;
    if (!vt_value_whole(copy, &length) || (at && !vt_value_whole(at + 1, &offset)) || length > INT64_MAX
        || offset > INT64_MAX)
        return false;
    *ret_length = length;
    *ret_offset = offset;
    *ret_placed = at != NULL;
    return true;
}

// A zone as "+0100" or "+01", which ISO 8601 knows and RFC 3339 does not, is written out; none is UTC.
static bool write_zone_out(char *copy, size_t room, bool *ret_zoned)
{
    char *time = strchr(copy, 'T');
    char *zone = time ? time + strcspn(time, "Z+-") : NULL;
    if (!zone)
        return false;
    size_t digits = *zone == '+' || *zone == '-' ? strspn(zone + 1, DIGITS) : 0;
    size_t length = strlen(copy);
    *ret_zoned = *zone != 0;
    if (!*zone && length + 2 <= room)
        memcpy(zone, "Z", 2);
    else if (digits == 2 && !zone[3] && length + 4 <= room)
        memcpy(zone + 3, ":00", 4);
    else if (digits == 4 && !zone[5] && length + 2 <= room)
        memmove(zone + 4, zone + 3, 3), zone[3] = ':';
    return true;
}

bool vt_value_date(const char *text, int64_t *ret_ns, bool *ret_exact)
{
    char copy[64];
    bool zoned;
    if (strlen(text) >= sizeof copy - 4)
        return false;
    strcpy(copy, text);
    if (!write_zone_out(copy, sizeof copy, &zoned) || vt_parse_time(copy, ret_ns))
        return false;
    const char *point = strchr(text, '.');
    *ret_exact = zoned && point && strspn(point + 1, DIGITS) >= 3;
    return true;
}

static bool is_word(const char *text)
{
    for (const char *at = text; *at; at++)
        if (*at == '"' || *at == ',' || isspace((unsigned char)*at))
            return false;
    return *text != 0;
}

int vt_value_judge(enum vt_value_type type, const char *text, bool quoted)
{
    uint64_t whole;
    double number;
    bool wants_quotes = type == VT_VALUE_QUOTED || type == VT_VALUE_EMPTY;
    if (quoted != wants_quotes)
        return 8;
    switch (type) {
    case VT_VALUE_WHOLE: return vt_value_whole(text, &whole) ? 0 : 9;
    case VT_VALUE_DECIMAL: return vt_value_decimal(text, &number) ? 0 : 9;
    case VT_VALUE_SIGNED: return vt_value_signed(text, &number) ? 0 : 9;
    case VT_VALUE_HEX: return vt_value_hex(text) ? 0 : 8;
    case VT_VALUE_SIZE: return vt_value_size(text) ? 0 : 8;
    case VT_VALUE_WORD: return is_word(text) ? 0 : 8;
    case VT_VALUE_QUOTED: return *text ? 0 : 8;
    case VT_VALUE_EMPTY: return 0;
    }
    return 0;
}

// Length of the UTF-8 sequence at `text`, 0 if it is broken; its code point.
static size_t decode(const unsigned char *text, size_t left, uint32_t *ret)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = *text < 0x80 ? 1 : *text >> 5 == 6 ? 2 : *text >> 4 == 14 ? 3 : *text >> 3 == 30 ? 4 : 0;
    if (length == 0 || length > left)
        return 0;
    uint32_t code = length == 1 ? *text : *text & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (text[i] & 0x3f);
    }
    *ret = code;
    return code < least[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0 : length;
}

size_t vt_text_bad_byte(const char *text, size_t size)
{
    for (size_t at = 0; at < size;) {
        uint32_t code;
        size_t length = decode((const unsigned char *)text + at, size - at, &code);
        bool control = length && ((code < 0x20 && code != '\n' && code != '\r') || (code >= 0x7f && code < 0xa0));
        if (length == 0 || control)
            return at;
        at += length;
    }
    return size;
}
