// What a countdown shows. A second is shown while the time left lies above the second before it: 10 from 10.0 s left
// down to just above 9.0 s, so that each one lasts exactly its frames, and 0 shows only when time is up. Pure.
#pragma once

#include <stdint.h>

#define VT_TIMER_TEXT 16

enum vt_timer_format { VT_TIMER_MM_SS, VT_TIMER_HH_MM_SS };

// Time left below 0 is 0; more than 9999 minutes, or 999 hours, shows as that.
void vt_timer_text(int64_t left_ns, enum vt_timer_format format, char out[VT_TIMER_TEXT]);
