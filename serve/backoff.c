#include "serve/backoff.h"

#include <stdio.h>
#include <time.h>

int64_t vt_backoff_next(struct vt_backoff *backoff, int64_t lived_ns)
{
    if (lived_ns >= VT_BACKOFF_RESET_NS)
        *backoff = (struct vt_backoff){0};
    if (backoff->deaths++ == 0)
        return 0;
    if (backoff->delay_ns == 0)
        backoff->delay_ns = VT_BACKOFF_FIRST_NS;
    else if (backoff->delay_ns < VT_BACKOFF_MAX_NS)
        backoff->delay_ns = backoff->delay_ns * 2 < VT_BACKOFF_MAX_NS ? backoff->delay_ns * 2 : VT_BACKOFF_MAX_NS;
    return backoff->delay_ns;
}

void vt_show_id(char out[VT_NAME_ROOM], int64_t program_ns, int n)
{
    time_t seconds = (time_t)(program_ns / VT_NS_PER_S);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    size_t used = strftime(out, VT_NAME_ROOM, "%Y%m%dT%H%M%SZ", &utc);
    if (n > 1)
        snprintf(out + used, VT_NAME_ROOM - used, "-%d", n);
}
