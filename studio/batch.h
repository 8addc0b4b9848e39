// Views to make: what the desk asks for, and what comes back from whoever has the time to shape text and load pictures.
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "overlay/overlay.h"
#include "studio/channel.h"

#define VT_WHY 240                       // bytes of a reason

// The views of one cue, one for each output that shows it, and why there are none.
struct vt_making {
    uint64_t cue;                        // whose; of the desk
    int64_t ask;                         // which of the cue's changes it answers
    struct vt_template *template;        // one reference
    json_t *data, *products;             // owned
    int step;
    int64_t at_ns;                       // program time at which its derived values hold
    int64_t from;                        // first frame that may show it; 0: as soon as it can be drawn
    unsigned outputs;                    // bit i: output i shows the cue
    struct vt_view *views[VT_OUTPUTS_MAX];       // the result, one reference each; all of those asked for, or none
    int failed;                          // then the output whose view could not be made
    char why[VT_WHY];                    // and the reason
};

// The views of one change go on air together.
struct vt_batch {
    struct vt_batch *next;               // for whoever holds it
    int count, room;
    struct vt_making *list;
};

// For whom views are made.
struct vt_maker {
    int width, height, smallest_height;
    const char *language, *market, *output;
    struct vt_rational rate;
    vt_load_picture *load_picture;
    void *opaque;
};

struct vt_batch *vt_batch_new(int room);
void vt_batch_free(struct vt_batch **batch);

// Makes every view, for output i with maker i. Any thread; the batch is the caller's meanwhile.
void vt_batch_make(struct vt_batch *batch, const struct vt_maker makers[]);
