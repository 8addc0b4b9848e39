// A connection in mid-sentence, from the gate to an ingest: a sealed memfd with the parser's state and the bytes
// that were read but not yet parsed. The same binary writes and reads it; the reader trusts nothing in it.
//
//     struct vt_handover_head, struct vt_rtmp, unread bytes
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "ingest/rtmp.h"

#define VT_HANDOVER_MAGIC      0x48525456u         // "VTRH"
#define VT_HANDOVER_UNREAD_MAX (64 * 1024)

struct vt_handover_head {
    uint32_t magic;
    uint32_t state_size;                           // sizeof (struct vt_rtmp) of the writer
    uint32_t unread_size;
    uint32_t reserved;
};

// Makes the memfd, close-on-exec, sealed against every change. The key is not in it. Returns 0 with *ret_fd (the
// caller's), or a negative errno (-EMSGSIZE: too many unread bytes).
int vt_handover_write(int *ret_fd, const struct vt_rtmp *rtmp, const void *unread, size_t size);

// Reads it; `fd` stays the caller's. *ret_unread is malloc'ed (never NULL) and the caller's. Returns 0 or a negative
// errno: -EBADMSG when it is not sealed, not of this layout, or holds a state that may not be fed.
int vt_handover_read(int fd, struct vt_rtmp *ret, uint8_t **ret_unread, size_t *ret_size);
