// `vitrine render`: a file in, a finished show out, through the same clock, desk, stage, lanes and packager as live, in
// one thread of decisions. The same input gives the same bytes.
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "base/diagnostic.h"
#include "studio/channel.h"

#define VT_RENDER_EPOCH "2026-01-01T00:00:00Z"

struct vt_render_params {
    const char *input;                   // whatever libavformat opens, with H.264 and, if there is sound, AAC
    const char *folder;                  // becomes the show: index.m3u8 and all it names, OUTPUT/index.m3u8 of the others
    const struct vt_channel *channel;
    const json_t *products;              // a list, or NULL
    const json_t *script;                // of a cue file (cuefile.h), or NULL
    int64_t epoch_ns;                    // program time of the first frame
    double seconds;                      // no more than these; 0: all
    FILE *progress;                      // a line that is written over, or NULL
};

// Returns 0, or a negative errno; what was wrong has been logged. A cue that the desk refuses is -EINVAL, and the show is
// finished without it.
int vt_render(const struct vt_render_params *params);
