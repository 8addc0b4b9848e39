// The views of a cue, one for each output that shows it.
#include "studio/desk_cue.h"

struct vt_view *cast_first(const struct cast *cast)
{
    for (int i = 0; i < VT_OUTPUTS_MAX; i++)
        if (cast->views[i])
            return cast->views[i];
    return NULL;
}

void cast_clear(struct cast *cast)
{
    for (int i = 0; i < VT_OUTPUTS_MAX; i++)
        vt_view_unref(&cast->views[i]);
}

int64_t cast_exit_ns(const struct cast *cast)
{
    int64_t longest = 0;
    for (int i = 0; i < VT_OUTPUTS_MAX; i++) {
        int64_t own = cast->views[i] ? vt_view_exit_ns(cast->views[i]) : 0;
        longest = own > longest ? own : longest;
    }
    return longest;
}

int64_t cast_expires_ns(const struct cast *cast)
{
    int64_t first = INT64_MAX;
    for (int i = 0; i < VT_OUTPUTS_MAX; i++) {
        int64_t own = cast->views[i] ? vt_view_expires_ns(cast->views[i]) : INT64_MAX;
        first = own < first ? own : first;
    }
    return first;
}
