#include "overlay/timer.h"

#include <stdio.h>

#include "base/mediatime.h"

void vt_timer_text(int64_t left_ns, enum vt_timer_format format, char out[VT_TIMER_TEXT])
{
    int64_t most = format == VT_TIMER_MM_SS ? INT64_C(9999) * 60 + 59 : INT64_C(999) * 3600 + 3599;
    int64_t seconds = left_ns <= 0 ? 0 : (left_ns - 1) / VT_NS_PER_S + 1;
    if (seconds > most)
        seconds = most;
    int s = (int)(seconds % 60), minutes = (int)(seconds / 60);
    if (format == VT_TIMER_MM_SS)
        snprintf(out, VT_TIMER_TEXT, "%02d:%02d", minutes, s);
    else
        snprintf(out, VT_TIMER_TEXT, "%02d:%02d:%02d", minutes / 60, minutes % 60, s);
}
