// What drawing a cue may cost: when it takes more than its share of a frame for some frames in a row, the cue loses its
// motion (`reduced`) for as long as it is on air, before the channel loses a frame. Drawing everything once, as after a
// take, is more than one frame may cost and is no reason. Pure.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define VT_BUDGET_PERCENT 40             // of a frame's time, for all cues, renditions and outputs together
#define VT_BUDGET_FRAMES  8              // over it in a row

struct vt_budget {
    int over;                            // frames in a row
    bool calm;
};

// One frame's drawing of a cue took `cost_ns`, where frames last `frame_ns` and `cues` are on air. True when the cue
// loses its motion now.
bool vt_budget_spend(struct vt_budget *budget, int64_t cost_ns, int64_t frame_ns, int cues);
