// Follows a presentation as a player does and holds what it sees against the rules.
#pragma once

#include <stdio.h>

#include "check/findings.h"

#define VT_CHECK_PLAYLISTS 64          // media playlists of one presentation; more are not followed
#define VT_CHECK_SEGMENTS  400         // segments of one finished playlist that are fetched
#define VT_CHECK_RUNS      4000        // of which bit rates are remembered, for each playlist

struct vt_check_params {
    const char *url;                   // http, https or file
    double seconds;                    // how long a live presentation is followed
    bool final;                        // a file: nothing more will come
    const char *ca;                    // see vt_fetcher_new
    FILE *progress;                    // NULL: none
};

struct vt_check_sum {
    int playlists, versions, segments, parts, init_segments, deltas, hints;
    bool live, low_latency;
    double seconds;
    char trouble[300];                 // why nothing could be checked; ""
};

// Returns 0, or -EIO with `trouble` if the first playlist could not be had, or -ENOMEM.
int vt_check_follow(const struct vt_check_params *params, struct vt_findings *findings, struct vt_check_sum *ret);
