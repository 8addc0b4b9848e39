#include "studio/budget.h"

bool vt_budget_spend(struct vt_budget *budget, int64_t cost_ns, int64_t frame_ns, int cues)
{
    int64_t allowed = frame_ns * VT_BUDGET_PERCENT / 100 / (cues > 0 ? cues : 1);
    budget->over = cost_ns > allowed ? budget->over + 1 : 0;
    if (budget->calm || budget->over < VT_BUDGET_FRAMES)
        return false;
    budget->calm = true;
    return true;
}
