// What a publisher typed -> the key that it means. Pure.
#pragma once

#include <stddef.h>

#define VT_KEY_MAX  256                  // bytes
#define VT_KEY_ROOM (VT_KEY_MAX + 1)

// RTMP. In this order:
//     rtmp://host/live        NAME?token=KEY   or ?key=KEY, NAME may be empty; percent-encoding is undone once
//     rtmp://host/live?token=KEY      NAME     likewise
//     rtmp://host/live        KEY              with or without slashes before it and ?anything=else after it
//     rtmp://host/live/KEY    (empty)          also rtmp://host/KEY
// `out` holds VT_KEY_ROOM bytes. Returns 0; -ENOENT when there is no key; -EMSGSIZE when it is too long; -EILSEQ
// when it is not UTF-8, holds control characters, or its percent-encoding is broken. Then `out` is untouched.
int vt_streamid_rtmp(char *out, const char *app, const char *name);
