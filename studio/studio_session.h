// Inside of the studio process: what its files share.
#pragma once

#include "base/loop.h"
#include "base/message.h"
#include "studio/intake.h"
#include "studio/outputs.h"
#include "studio/picture.h"
#include "studio/playout.h"
#include "studio/show.h"

#define SOUND_MARGIN  (80 * VT_NS_PER_MS)    // how much later than its time a sample may come
#define BEHIND_HALF   (300 * VT_NS_PER_MS)   // further behind than this, every second frame is left out
#define BEHIND_MAX    (1000 * VT_NS_PER_MS)  // ... and than this, all of them up to a key frame
#define DISK_SAID     (10 * VT_NS_PER_S)     // between two lines about a full disk
#define SAMPLES_ROOM  4096

// One end of a link in the loop.
struct port {
    struct vt_link *link;
    struct vt_source *io;
};

struct session;

// What the session knows of one output.
struct outlet {
    struct session *session;
    const char *name;
    struct vt_folder *folder;                // the show's
    bool index_changed;                      // the channel's playlists have to be written
    uint64_t last_msn;                       // that can be read; 0: none yet
};

struct session {
    struct vt_loop *loop;
    struct port supervisor, desk;
    struct vt_source *timer, *term, *woken, *intake_io;
    int wake_fd;
    bool started, ended;

    struct vt_channel channel;
    char name[VT_NAME_ROOM];                 // of the show
    struct vt_show *show;
    struct vt_pictures *pictures;
    struct vt_wardrobe *wardrobe;
    struct vt_outputs *outputs;
    struct outlet outlets[VT_OUTPUTS_MAX];   // of the channel's outputs, in their order
    struct vt_playout playout;
    bool disk_full;                          // the last segment or part found no room
    int64_t disk_said_ns;                    // when that was last logged

    struct vt_intake *intake;
    int64_t lost_at;                         // media time since when nobody publishes, or -1
    char reason[64];                         // why

    int64_t start_ns;                        // CLOCK_MONOTONIC at media time 0
    int64_t lag_ns;                          // how late the last frame was composed
    bool halved;                             // every second frame is left out
    int64_t status_at;                       // media time of the next status
    enum vt_clock_state said;                // state of the last one
    float samples[2 * SAMPLES_ROOM];
};

int64_t session_now(const struct session *s);                            // media time
void session_send(struct port *port, enum vt_message_kind kind, json_t *body);   // takes `body`
void session_part(struct outlet *outlet, uint64_t msn, int part);                // tells the origin
void session_fatal(struct session *s, const char *what, int error);

// -- studio_show.c
int show_begin(struct session *s, const json_t *body);
void show_end(struct session *s);
void show_source(struct session *s, int fd);
void show_lost(struct session *s, const char *reason);
void show_run(struct session *s);            // what is due now; sets the timer
void show_status(struct session *s);

// -- studio_main.c
void session_intake_io(struct session *s);     // watches the new feed's link
