// A presentation that is followed: its playlists and what is known of each. For follow.c and what belongs to it.
#pragma once

#include "check/change.h"
#include "check/fetch.h"
#include "check/follow.h"
#include "check/media.h"
#include "check/together.h"

struct vt_check_run {
    double bytes, seconds;
};

struct vt_check_playlist {
    char url[VT_CHECK_URL];
    enum vt_check_kind kind;
    struct vt_m3u *now, *last;         // the newest version and the one before; owned
    struct vt_check_pace pace;
    bool failed;                       // given up

    char init_url[VT_CHECK_URL];       // which init segment `init` is of
    bool has_init;
    struct vt_media init;

    bool started;                      // next_msn is known
    uint64_t next_msn;                 // the next segment to fetch
    bool has_media;
    uint64_t media_msn;                // the last one read
    struct vt_media media;

    uint64_t parts_msn;                // of which parts are fetched
    int next_part;                     // the next of them; -1: not from its first
    char *parts;                       // their bytes; owned
    size_t parts_size;
    double longest;                    // duration that the playlist had, s

    struct vt_check_run *runs;         // owned; VT_CHECK_RUNS
    int n_runs;
    int metadata;                      // emsg boxes and metadata packets seen
};

struct vt_presentation {
    struct vt_fetcher *fetcher;
    struct vt_findings *findings;
    const struct vt_check_params *params;
    struct vt_check_sum *sum;
    struct vt_m3u *multi;              // NULL: a single media playlist
    struct vt_check_playlist list[VT_CHECK_PLAYLISTS];
    int count;
    double round_trip;                 // s; of an answer that is given at once
};

enum vt_job_kind { VT_JOB_INIT, VT_JOB_SEGMENT, VT_JOB_PART, VT_JOB_HINT, VT_JOB_GONE, VT_JOB_GONE_PART, VT_JOB_RELOAD,
                   VT_JOB_DELTA };

struct vt_job {
    enum vt_job_kind kind;
    struct vt_check_playlist *playlist;
    const struct vt_m3u *m3u;          // the version that it is listed in; lives until all jobs of the batch are done
    uint64_t msn;
    int part;
    bool v2;
};

struct vt_batch {
    struct vt_job jobs[VT_FETCH_BATCH];
    struct vt_fetch fetches[VT_FETCH_BATCH];
    int count;
};

// Adds a job for an address as it stands in `m3u`; false if the batch is full or the address is none.
bool vt_batch_add(struct vt_batch *batch, const struct vt_job *job, const char *address, const struct vt_byte_range *range);

// What is to be fetched of a playlist's newest version: init segment, segments, parts.
void vt_plan_media(struct vt_presentation *p, struct vt_check_playlist *one, struct vt_batch *batch);
void vt_take_media(struct vt_presentation *p, const struct vt_job *job, struct vt_fetch *fetch);

// At the end: bit rates and codecs against the multivariant playlist, and requests that ask for what players rarely do.
void vt_check_rates(struct vt_presentation *p);
void vt_check_probe(struct vt_presentation *p);
