// A test executable: functions named by TEST, run by RUN from main, one TAP line each.
//
//     TEST(reads_past_the_end_fail) { …; REQUIRE(r.failed); REQUIRE_INT(vt_read_u8(&r), 0); }
//     int main(void) { RUN(reads_past_the_end_fail); return DONE(); }
//
// The first requirement that does not hold ends its test, not the executable. Requirements stand in the test's own
// thread.
#pragma once

#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static jmp_buf check_end;
static int check_count, check_failures;

__attribute__((noreturn, format(printf, 3, 4), unused))
static void check_fail(const char *file, int line, const char *format, ...)
{
    va_list args;
    printf("# %s:%d: ", file, line);
    __builtin_va_start(args, format);
    vprintf(format, args);
    __builtin_va_end(args);
    printf("\n");
    longjmp(check_end, 1);
}

__attribute__((unused)) static void check_run(void (*test)(void), const char *name)
{
    check_count++;
    bool failed = setjmp(check_end) != 0;
    if (!failed)
        test();
    else
        check_failures++;
    printf("%sok %d - %s\n", failed ? "not " : "", check_count, name);
    fflush(stdout);
}

#define TEST(name) static void name(void)
#define RUN(name)  check_run(name, #name)
#define DONE()     (printf("1..%d\n", check_count), check_failures ? 1 : 0)

#define REQUIRE(condition)                                                                                             \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            check_fail(__FILE__, __LINE__, "%s", #condition);                                                          \
    } while (0)

#define REQUIRE_INT(value, expected)                                                                                   \
    do {                                                                                                               \
        int64_t value_ = (int64_t)(value), expected_ = (int64_t)(expected);                                            \
        if (value_ != expected_)                                                                                       \
            check_fail(__FILE__, __LINE__, "%s is %" PRId64 ", not %" PRId64, #value, value_, expected_);              \
    } while (0)

#define REQUIRE_NEAR(value, expected, tolerance)                                                                       \
    do {                                                                                                               \
        double value_ = (value), expected_ = (expected);                                                               \
        if (!(fabs(value_ - expected_) <= (tolerance)))                                                                \
            check_fail(__FILE__, __LINE__, "%s is %g, not %g", #value, value_, expected_);                             \
    } while (0)

#define REQUIRE_TEXT(value, expected)                                                                                  \
    do {                                                                                                               \
        const char *value_ = (value), *expected_ = (expected);                                                         \
        if (!value_ || strcmp(value_, expected_) != 0)                                                                 \
            check_fail(__FILE__, __LINE__, "%s is \"%s\", not \"%s\"", #value, value_ ? value_ : "(null)", expected_);  \
    } while (0)
