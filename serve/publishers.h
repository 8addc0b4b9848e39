// Everyone who publishes, each with an ingest of its own; two ingests wait warm for the next. Kills those that hang. One
// thread.
#pragma once

#include "serve/crashes.h"
#include "serve/program.h"
#include "serve/tally.h"

#define VT_WARM_INGESTS      2
#define VT_INGEST_SILENCE_NS (3 * VT_NS_PER_S)      // an ingest that has said nothing for so long hangs: it is killed
#define VT_INGEST_START_NS   (10 * VT_NS_PER_S)     // ... before its first word: it may have had to be executed first

// A connection that may publish and is about to be handed over.
struct vt_candidate {
    int64_t conn;                    // as its gate numbers it
    const char *protocol;            // "rtmp", "rtmps", "srt"
    char address[VT_PUBLISHER_TEXT], encoder[VT_PUBLISHER_TEXT];
    struct vt_permit permit;
};

struct vt_publishers {
    struct vt_service warm[VT_WARM_INGESTS];
    struct vt_publisher *first;      // the stopped too
    int64_t count;                   // of all that ever were
    struct vt_tally tally;           // why they ended; gates.c adds who was refused
    int64_t watched_ns;              // when ingests were last looked at
    struct vt_crashes crashes;
    bool closing;                    // no warm ingest starts again
    void (*on_end)(void *opaque);    // an ingest has ended, working or warm
    void *opaque;
};

void vt_publishers_init(struct vt_publishers *publishers, struct vt_loop *loop, const struct vt_identity *identity,
                        void (*on_end)(void *opaque), void *opaque);
void vt_publishers_start(struct vt_publishers *publishers);          // the warm ingests
void vt_publishers_free(struct vt_publishers *publishers);

// Gives a connection to an ingest and that to the program. `socket` and `state` (-1: there is none) stay the caller's.
// Returns 0 or a negative errno.
int vt_publishers_add(struct vt_publishers *publishers, struct vt_program *program,
                      const struct vt_candidate *candidate, int socket, int state);

// The publisher that came over SRT as `conn`, or NULL.
struct vt_publisher *vt_publishers_find_srt(const struct vt_publishers *publishers, int64_t conn);

// Whether any is the program's, those that have been stopped among them.
bool vt_publishers_of(const struct vt_publishers *publishers, const struct vt_program *program);

// Each second: kills ingests that hang, in a decoder or elsewhere.
void vt_publishers_watch(struct vt_publishers *publishers);

// Tells all of them why they must end.
void vt_publishers_stop(struct vt_publishers *publishers, const char *code, const char *description);
bool vt_publishers_run(const struct vt_publishers *publishers);      // whether any ingest does
