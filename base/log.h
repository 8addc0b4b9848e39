// One line an event, to standard error: "2026-03-01T19:04:12.480Z info    studio mango: …".
//
// Only the mains and the files that own a session log; pure parts return errors instead. What a stranger wrote
// (keys, names, user agents) goes through vt_escape first. Any thread may log; a line is written whole.
#pragma once

#include <stddef.h>

enum vt_log_level { VT_LOG_ERROR, VT_LOG_WARNING, VT_LOG_INFO, VT_LOG_DEBUG };

// Names the process in every line from now on ("studio mango"); copied, at most 63 bytes. Not thread-safe:
// call it before threads start. The level comes from VITRINE_LOG (error, warning, info, debug), else info.
void vt_log_init(const char *role);

void vt_log(enum vt_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define vt_error(...)   vt_log(VT_LOG_ERROR, __VA_ARGS__)
#define vt_warning(...) vt_log(VT_LOG_WARNING, __VA_ARGS__)
#define vt_info(...)    vt_log(VT_LOG_INFO, __VA_ARGS__)
#define vt_debug(...)   vt_log(VT_LOG_DEBUG, __VA_ARGS__)

// Copies `text` (`size` bytes, which may hold anything) into `out` as printable ASCII and valid UTF-8: control
// characters, quotes, backslashes and broken sequences become \xNN. Cut at whole characters with "…" when it
// does not fit. Always ends with NUL; returns `out`. `room` is at least 8.
char *vt_escape(char *out, size_t room, const void *text, size_t size);

// The same of what another process should have escaped already: a \xNN that stands there stays one. NULL is "".
char *vt_escape_once(char *out, size_t room, const char *text);

// A stream key as it may appear in a log or a status: its first four characters, of a short one half of it, and "…".
char *vt_redact(char *out, size_t room, const char *key);
