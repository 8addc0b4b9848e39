// When a process that ended may be started again, and what shows are called. Pure.
#pragma once

#include <stdint.h>

#include "base/mediatime.h"
#include "base/names.h"

#define VT_BACKOFF_FIRST_NS (100 * VT_NS_PER_MS)
#define VT_BACKOFF_MAX_NS   (5 * VT_NS_PER_S)
#define VT_BACKOFF_RESET_NS (10 * VT_NS_PER_S)   // a life this long forgets earlier deaths

struct vt_backoff {                  // zero: it has not died yet
    int64_t delay_ns;                // of the restart before
    int deaths;                      // in a row, each after a life shorter than VT_BACKOFF_RESET_NS but the first
};

// How long to wait before the next start of a process that lived for `lived_ns`: nothing the first time, then 100 ms,
// doubling up to 5 s.
int64_t vt_backoff_next(struct vt_backoff *backoff, int64_t lived_ns);

// The id of the `n`th show (from 1) that starts in this second: 20260301T190412Z, 20260301T190412Z-2 …
void vt_show_id(char out[VT_NAME_ROOM], int64_t program_ns, int n);
