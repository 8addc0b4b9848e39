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

// SRT. What a caller's streamid asks for.
#define VT_STREAMID_MAX 512              // bytes

struct vt_streamid {
    char key[VT_KEY_ROOM];
    char resource[VT_KEY_ROOM];          // what it says it wants to publish to, beside the key; "" if nothing
};

// Forms that are understood:
//     KEY
//     live/KEY   host/app/KEY   srt://host:port/app/KEY   each with ?token=TOKEN or ?key=TOKEN, then that is the key
//     #!::r=RESOURCE,m=publish,s=KEY       in any order, other names are ignored; without s the last part of r is the key
//     publish:RESOURCE   publish:RESOURCE:USER:KEY   with :query and #feedbackplay after it
//     KEY,mode:publish   RESOURCE,token:KEY,mode:publish
// A streamid that begins with %23! or srt%3A is percent-decoded once. Returns 0; -ENOENT when there is no key; -EPERM
// when it asks to play; -EBADMSG for a form that is not understood; -EMSGSIZE; -EILSEQ. *ret is touched only on success.
int vt_streamid_srt(struct vt_streamid *ret, const char *streamid);
