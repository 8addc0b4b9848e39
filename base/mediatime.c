#include "base/mediatime.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int64_t vt_muldiv(int64_t v, int64_t num, int64_t den)
{
    assert(den > 0);
    __int128 product = (__int128)v * num;
    __int128 half = den / 2;
    // For an odd `den` no result is a half, so that the rounded-down half serves both cases.
    return (int64_t)((product >= 0 ? product + half : product - half) / den);
}

static int64_t floor_div(__int128 v, __int128 den)
{
    __int128 q = v / den;
    return (int64_t)(v % den != 0 && v < 0 ? q - 1 : q);
}

static void check_rate(struct vt_rational rate)
{
    assert(rate.num > 0 && rate.den > 0);
}

int64_t vt_frame_to_ns(int64_t frame, struct vt_rational rate)
{
    check_rate(rate);
    return vt_muldiv(frame, VT_NS_PER_S * rate.den, rate.num);
}

int64_t vt_frame_to_90k(int64_t frame, struct vt_rational rate)
{
    check_rate(rate);
    return vt_muldiv(frame, VT_90K * rate.den, rate.num);
}

int64_t vt_ns_to_frame(int64_t ns, struct vt_rational rate)
{
    check_rate(rate);
    // A frame's start is rounded to a whole ns: the frame that a rounded start names must be that very frame.
    __int128 den = (__int128)VT_NS_PER_S * rate.den;
    int64_t frame = floor_div((__int128)ns * rate.num, den);
    return vt_frame_to_ns(frame + 1, rate) <= ns ? frame + 1 : frame;
}

int64_t vt_ns_to_nearest_frame(int64_t ns, struct vt_rational rate)
{
    check_rate(rate);
    return vt_muldiv(ns, rate.num, VT_NS_PER_S * rate.den);
}

int64_t vt_unwrap(uint64_t raw, unsigned bits, int64_t last)
{
    assert(bits >= 1 && bits <= 63);
    uint64_t mask = (UINT64_C(1) << bits) - 1, half = UINT64_C(1) << (bits - 1);
    uint64_t forward = (raw - (uint64_t)last) & mask;
    if (forward < half)
        return (int64_t)((uint64_t)last + forward);
    return (int64_t)((uint64_t)last - (mask - forward) - 1);
}

// Digits at *at, at most `most` of them, as a number; `ret_digits` is how many there were.
static int64_t take_digits(const char **at, int most, int *ret_digits)
{
    int64_t v = 0;
    int n = 0;
    for (; n < most && **at >= '0' && **at <= '9'; n++)
        v = v * 10 + (*(*at)++ - '0');
    *ret_digits = n;
    return v;
}

static int64_t greatest_divisor(int64_t a, int64_t b)
{
    while (b) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static int make_rate(int64_t num, int64_t den, struct vt_rational *ret)
{
    if (num < 1 || den < 1)
        return -EINVAL;
    int64_t divisor = greatest_divisor(num, den);
    num /= divisor;
    den /= divisor;
    if (num > INT32_MAX || den > INT32_MAX || num > den * 1000 || den > num * 1000)
        return -EINVAL;
    *ret = (struct vt_rational){(int32_t)num, (int32_t)den};
    return 0;
}

// 23.976, 29.97, 59.94 and the like are how people write n * 1000/1001.
static int make_decimal_rate(int64_t whole, int64_t fraction, int digits, struct vt_rational *ret)
{
    int64_t scale = 1;
    for (int i = 0; i < digits; i++)
        scale *= 10;
    int64_t scaled = whole * scale + fraction;
    int64_t exact = (whole + 1) * 1000;
    if (digits >= 2 && vt_muldiv(exact, scale, 1001) == scaled)
        return make_rate(exact, 1001, ret);
    return make_rate(scaled, scale, ret);
}

int vt_parse_rate(const char *text, struct vt_rational *ret)
{
    int digits;
    int64_t whole = take_digits(&text, 7, &digits), rest = 0;
    if (digits == 0)
        return -EINVAL;
    if (*text == 0)
        return make_rate(whole, 1, ret);
    char mark = *text++;
    rest = take_digits(&text, 7, &digits);
    if (digits == 0 || *text != 0)
        return -EINVAL;
    if (mark == '/')
        return make_rate(whole, rest, ret);
    return mark == '.' ? make_decimal_rate(whole, rest, digits, ret) : -EINVAL;
}

void vt_format_time(int64_t program_ns, char *out)
{
    int64_t ms = floor_div(program_ns, VT_NS_PER_MS);
    time_t seconds = (time_t)floor_div(ms, 1000);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    size_t used = strftime(out, VT_TIME_TEXT, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(out + used, VT_TIME_TEXT - used, ".%03uZ", (unsigned)(ms - (int64_t)seconds * 1000) % 1000);
}

static bool take_number(const char **at, int digits, int *ret)
{
    int found;
    *ret = (int)take_digits(at, digits, &found);
    return found == digits;
}

static bool take_mark(const char **at, const char *marks)
{
    if (**at == 0 || !strchr(marks, **at))
        return false;
    (*at)++;
    return true;
}

static bool take_date_time(const char **at, struct tm *utc)
{
    return take_number(at, 4, &utc->tm_year) && take_mark(at, "-") && take_number(at, 2, &utc->tm_mon) &&
           take_mark(at, "-") && take_number(at, 2, &utc->tm_mday) && take_mark(at, "Tt ") &&
           take_number(at, 2, &utc->tm_hour) && take_mark(at, ":") && take_number(at, 2, &utc->tm_min) &&
           take_mark(at, ":") && take_number(at, 2, &utc->tm_sec);
}

static bool take_fraction(const char **at, int64_t *ret_ns)
{
    int digits = 0;
    *ret_ns = 0;
    if (!take_mark(at, "."))
        return true;
    *ret_ns = take_digits(at, 9, &digits);
    for (int i = digits; i < 9; i++)
        *ret_ns *= 10;
    return digits > 0;
}

static bool take_offset(const char **at, int64_t *ret_seconds)
{
    int hours, minutes;
    *ret_seconds = 0;
    if (take_mark(at, "Zz"))
        return true;
    int sign = **at == '-' ? -1 : 1;
    if (!take_mark(at, "+-") || !take_number(at, 2, &hours) || !take_mark(at, ":") ||
        !take_number(at, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *ret_seconds = sign * (hours * 3600 + minutes * 60);
    return true;
}

// Within the years that int64_t ns can hold, every field in its range, no 30 February; a leap second is the
// second after it.
static bool is_date(const struct tm *given)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = given->tm_year, month = given->tm_mon;
    if (year < 1700 || year > 2200 || month < 1 || month > 12)
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    int last = days[month - 1] + (month == 2 && leap);
    return given->tm_mday >= 1 && given->tm_mday <= last && given->tm_hour <= 23 && given->tm_min <= 59 &&
           given->tm_sec <= 60;
}

int vt_parse_time(const char *text, int64_t *ret)
{
    struct tm utc = {0};
    int64_t ns, offset;
    if (!take_date_time(&text, &utc) || !is_date(&utc) || !take_fraction(&text, &ns) ||
        !take_offset(&text, &offset) || *text != 0)
        return -EINVAL;
    utc.tm_year -= 1900;
    utc.tm_mon -= 1;
    *ret = ((int64_t)timegm(&utc) - offset) * VT_NS_PER_S + ns;
    return 0;
}
