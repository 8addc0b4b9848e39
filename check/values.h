// Values of tags and attributes, read strictly. Each returns false, and leaves the result, for anything else.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum vt_value_type {
    VT_VALUE_WHOLE, VT_VALUE_HEX, VT_VALUE_DECIMAL, VT_VALUE_SIGNED, VT_VALUE_QUOTED, VT_VALUE_EMPTY, VT_VALUE_WORD,
    VT_VALUE_SIZE,
};

bool vt_value_whole(const char *text, uint64_t *ret);        // 0 to 2^64 - 1
bool vt_value_decimal(const char *text, double *ret);        // digits[.digits]
bool vt_value_signed(const char *text, double *ret);
bool vt_value_hex(const char *text);                         // 0x…
bool vt_value_size(const char *text);                        // 1280x720

// "n[@o]"; *ret_placed says whether there was an offset.
bool vt_value_range(const char *text, uint64_t *ret_length, uint64_t *ret_offset, bool *ret_placed);

// A date and time of ISO 8601: `exact` is what players agree on (a zone and at least milliseconds). Nanoseconds since
// 1970, UTC.
bool vt_value_date(const char *text, int64_t *ret_ns, bool *ret_exact);

// The rule that a value breaks, 0 if it is of its type.
int vt_value_judge(enum vt_value_type type, const char *text, bool quoted);

// Where the first byte stands that no text of a playlist may hold (controls but CR and LF, broken UTF-8), or `size`.
size_t vt_text_bad_byte(const char *text, size_t size);
