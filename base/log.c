#include "base/log.h"

#include <assert.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mediatime.h"

#define LINE_ROOM 2048

static const char *const level_names[] = {"error", "warning", "info", "debug"};

// Set before threads start, only read from then on.
static char role_name[64] = "vitrine";
static enum vt_log_level most = VT_LOG_INFO;

void vt_log_init(const char *role)
{
    snprintf(role_name, sizeof role_name, "%s", role);
    const char *wanted = getenv("VITRINE_LOG");
    for (int i = 0; wanted && i <= VT_LOG_DEBUG; i++) {
        if (strcmp(wanted, level_names[i]) == 0)
            most = (enum vt_log_level)i;
    }
}

// One write, so that lines of several processes on one descriptor do not mix.
static void write_line(char *line, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (line[i] == '\n' || line[i] == '\r')
            line[i] = ' ';
    }
    line[size++] = '\n';
    ssize_t written = write(STDERR_FILENO, line, size);
    (void)written;      // nowhere to say it
}

void vt_log(enum vt_log_level level, const char *format, ...)
{
    if (level > most)
        return;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    char line[LINE_ROOM], when[VT_TIME_TEXT];
    vt_format_time(now.tv_sec * VT_NS_PER_S + now.tv_nsec, when);
    int head = snprintf(line, sizeof line, "%s %-7s %s: ", when, level_names[level], role_name);
    va_list args;
    va_start(args, format);
    int body = vsnprintf(line + head, sizeof line - (size_t)head, format, args);
    va_end(args);
    size_t size = (size_t)head + (body > 0 ? (size_t)body : 0);
    write_line(line, size < sizeof line - 1 ? size : sizeof line - 1);
}

// Bytes of the UTF-8 character at `at`, 0 if it is none.
static size_t character(const uint8_t *at, size_t left)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t size = at[0] < 0x80 ? 1 : at[0] >= 0xf0 && at[0] < 0xf8 ? 4 : at[0] >= 0xe0 ? 3 : at[0] >= 0xc0 ? 2 : 0;
    if (at[0] >= 0xf8 || size == 0 || size > left)
        return 0;
    if (size == 1)
        return 1;
    uint32_t point = at[0] & (0xffu >> (size + 1));
    for (size_t i = 1; i < size; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (at[i] & 0x3f);
    }
    bool surrogate = point >= 0xd800 && point <= 0xdfff;
    return point >= least[size] && point <= 0x10ffff && !surrogate ? size : 0;
}

// C1 controls, and marks that turn the direction of the text after them, would let a name rewrite the line.
static bool is_plain(const uint8_t *at, size_t size)
{
    if (size == 1)
        return at[0] >= 0x20 && at[0] != 0x7f && at[0] != '"' && at[0] != '\'' && at[0] != '\\';
    if (size == 2 && at[0] == 0xc2)
        return at[1] >= 0xa0;
    if (size == 3 && at[0] == 0xe2 && at[1] == 0x80)
        return at[2] != 0x8e && at[2] != 0x8f && at[2] < 0xa8;
    if (size == 3 && at[0] == 0xe2 && at[1] == 0x81)
        return at[2] < 0xa6 || at[2] > 0xa9;
    return size > 0;
}

// Bytes of the \xNN at `at`, 0 if it is none.
static size_t escaped(const uint8_t *at, size_t left)
{
    return left >= 4 && at[0] == '\\' && at[1] == 'x' && isxdigit(at[2]) && isxdigit(at[3]) ? 4 : 0;
}

static char *escape(char *out, size_t room, const uint8_t *at, size_t size, bool once)
{
    static const char ellipsis[] = "…";
    assert(room >= 8);
    size_t used = 0, cut = 0;     // `cut`: the last place at which the ellipsis still fits
    while (size > 0) {
        size_t before = once ? escaped(at, size) : 0;
        size_t taken = before ? before : character(at, size);
        bool plain = before || is_plain(at, taken);
        size_t need = plain ? taken : 4;
        if (used + sizeof ellipsis <= room)
            cut = used;
        if (used + need >= room) {
            memcpy(out + cut, ellipsis, sizeof ellipsis);
            return out;
        }
        taken = plain ? taken : 1;
        if (plain)
            memcpy(out + used, at, taken);
        else
            snprintf(out + used, 5, "\\x%02x", at[0]);
        used += need;
        at += taken;
        size -= taken;
    }
    out[used] = 0;
    return out;
}

char *vt_escape(char *out, size_t room, const void *text, size_t size)
{
    return escape(out, room, text, size, false);
}

char *vt_escape_once(char *out, size_t room, const char *text)
{
    return escape(out, room, (const uint8_t *)(text ? text : ""), text ? strlen(text) : 0, true);
}

char *vt_redact(char *out, size_t room, const char *key)
{
    char start[24];
    vt_escape(start, sizeof start, key, strnlen(key, 8) / 2);
    snprintf(out, room, "%s…", start);
    return out;
}
