// What the webhook is asked and what it may answer (docs/webhook.md). Pure.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/names.h"

#define VT_HOOK_ANSWER_BYTES 4096        // most of an answer's body; a longer one is no answer
#define VT_HOOK_SIGNATURE    65          // room for an HMAC-SHA256 in hexadecimal

enum vt_hook_verdict {
    VT_HOOK_FAILED,                      // there was no answer, or none that means anything: nobody is let in
    VT_HOOK_DENIED,
    VT_HOOK_GRANTED,
};

// What it is asked about; texts are borrowed. A stranger wrote all but the channel.
struct vt_hook_question {
    const char *key, *address, *encoder, *protocol;
    const char *channel;                 // that has this key, or NULL: none has
};

struct vt_hook_answer {
    enum vt_hook_verdict verdict;
    char channel[VT_NAME_ROOM];          // granted: the channel that it names, or "" for the question's
};

// The body of the request, to be freed; NULL when out of memory or when a text is not UTF-8.
char *vt_hook_request(const struct vt_hook_question *question, int64_t program_ns);

// The HMAC-SHA256 of a body, in hexadecimal.
void vt_hook_sign(char out[VT_HOOK_SIGNATURE], const char *secret, const char *body);

// Reads an answer of HTTP status `status`. Returns NULL, or why it counts as VT_HOOK_FAILED (*ret says so, too).
const char *vt_hook_read(struct vt_hook_answer *ret, long status, const char *body, size_t size);
