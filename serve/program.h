// One channel as the supervisor sees it: its show, the studio that makes it, the publisher that feeds it.
//
// A show starts at the first publish and is over when its studio exits with 0; a studio that ends otherwise is started
// again with the same show, until it has died VT_STUDIO_DEATHS times in a row: then the show is ended without it. Who
// wins of two publishers is the channel's `takeover`. One thread.
#pragma once

#include "serve/config.h"
#include "base/bucket.h"
#include "serve/excess.h"
#include "serve/history.h"
#include "serve/policy.h"
#include "serve/service.h"

#define VT_PUBLISHER_LIMIT_NS (3 * VT_NS_PER_S)     // for an ingest that was told to stop
#define VT_STUDIO_DEATHS      8                     // in a row, each within VT_BACKOFF_RESET_NS of its start: it cannot
#define VT_SHUTDOWN_CODE      "NetConnection.Connect.AppShutdown"
#define VT_PUBLISHER_TEXT     128                   // kept of an address or an encoder's name

struct vt_program;

// One connection that publishes, and its ingest.
struct vt_publisher {
    struct vt_publisher *next;       // in the supervisor's list
    char id[VT_NAME_ROOM];
    char address[VT_PUBLISHER_TEXT], encoder[VT_PUBLISHER_TEXT];
    const char *protocol;            // "rtmp", "rtmps", "srt"
    int64_t conn;                    // as its gate numbers it
    json_t *line;                    // SRT: what its gate last said of its connection, or NULL
    int64_t since_ns;                // program time
    struct vt_permit permit;         // what its key allows
    struct vt_program *program;
    struct vt_child *ingest;
    json_t *status;                  // its ingest's last, or NULL
    struct vt_excess excess;         // how far it is from what the channel accepts
    int64_t heard_ns;                // when its ingest last said something
    bool stopped;                    // it has been told to end
    bool hung;                       // its ingest was killed since it said nothing
    char reason[32], detail[256];    // why it ended, escaped; "" before
};

struct vt_program {
    struct vt_loop *loop;
    const struct vt_channel *channel;
    bool made;                       // through the API; else the configuration file's
    const char *data;
    struct vt_service *origin;       // borrowed
    char show[VT_NAME_ROOM];         // "" : none runs
    bool ending;                     // the studio has been told to end the show
    bool draining;                   // nothing new starts
    bool failed;                     // the last show was ended because its studio could not make it

    // A studio has ended; whoever drains looks whether all have. May be NULL.
    void (*on_studio_end)(void *opaque);
    void *opaque;

    struct vt_service studio;
    struct vt_publisher *publisher;  // the current one, or NULL
    struct vt_bucket takeovers;
    struct {
        int64_t crashes, hangs;      // of ingests
        int64_t bans;                // of keys whose ingests crashed again and again
    } faults;
    json_t *studio_status;           // the last, or NULL
    json_t *ended;                   // how the last publisher that ended did, or NULL
    struct vt_history history;       // goes to the origin with the next report after a change
};

// `origin` and `identity` live as long as the program.
void vt_program_init(struct vt_program *program, struct vt_loop *loop, const struct vt_channel *channel,
                     const char *data, struct vt_service *origin, const struct vt_identity *identity);
void vt_program_free(struct vt_program *program);

// Looks on disk for shows that broke off when everything died. The newest goes on if it broke off less than the slate's
// grace ago; the others are ended as they stand.
void vt_program_take_up(struct vt_program *program);

// Whether somebody with this permit, from this address, may publish now. Returns NULL, or what to tell them. The same
// key from the same address is an encoder that has come back, and may always. Counts a takeover.
const char *vt_program_admit(struct vt_program *program, const struct vt_permit *permit, const char *address);

// Hands a connection to `publisher`'s ingest and its frames to the channel's studio, which starts if no show runs. What
// published before is stopped. `socket` and `state` (-1: there is none) stay the caller's. Returns 0 or a negative errno.
int vt_program_publish(struct vt_program *program, struct vt_publisher *publisher, int socket, int state);

// Tells a publisher's encoder why, and ends its ingest. With VT_SHUTDOWN_CODE one that can is first asked to connect
// again.
void vt_publisher_stop(struct vt_publisher *publisher, const char *code, const char *description);

// Its ingest has ended (or says so), for its `reason`: the studio is told once.
void vt_publisher_lost(struct vt_publisher *publisher);

// Ends the show now; the publisher is stopped with `description`. A show whose studio does not run and will not, because
// of `draining`, is ended on disk.
void vt_program_end(struct vt_program *program, const char *description);

// The origin runs anew: it learns of the channel, of its show and of its state.
void vt_program_introduce(struct vt_program *program);

// The producer sends its publisher away, if it has one.
void vt_program_kick(struct vt_program *program);

// What GET …/status answers, to the origin.
void vt_program_report(struct vt_program *program);
