// MPEG-TS from a stream socket -> access units. libavformat takes apart what ingest/ts_packets.h has chosen, in a thread
// of its own, since it reads when it likes; its units wait in a short queue for the loop of the process. What a unit and
// the queue may hold is bounded; when other tracks are taken, or a unit grows past its limit, libavformat begins anew.
// Nothing is opened. One thread owns the source; it alone calls these functions.
#pragma once

#include "ingest/ts_packets.h"

#define VT_TS_STREAMS       4                    // that libavformat may see: two are given to it
#define VT_TS_UNIT_BYTES    (4 * 1024 * 1024)    // a longer unit is dropped and counted
#define VT_TS_QUEUE_BYTES   (8 * 1024 * 1024)    // waiting for the loop; then reading pauses
#define VT_TS_QUEUE_UNITS   512
#define VT_TS_OTHERS_ROOM   256

struct vt_ts_unit {
    struct vt_ts_unit *next;                     // the source's; then for whoever takes it
    bool video, key;
    enum vt_codec codec;
    uint64_t dts, pts;                           // 33 bits of 90 kHz
    int64_t dts_ns, pts_ns;                      // for whoever takes it: on the publisher's timeline
    int64_t arrival_ns;
    size_t size, config_size;
    uint8_t data[];                              // `size` bytes: Annex B, ADTS, LATM, or a frame as it is; then the
                                                 // configuration of Opus
};

struct vt_ts_source;

// Does what libavformat does only once, before the process locks itself in.
int vt_ts_source_warm_up(void);

// Starts reading. Takes `fd` over on success.
int vt_ts_source_new(struct vt_ts_source **ret, int fd);
void vt_ts_source_free(struct vt_ts_source **source);

// Readable until vt_ts_source_take has said that there is nothing more now.
int vt_ts_source_fd(const struct vt_ts_source *source);

// Returns 1 and the next unit, which the caller frees; 0 when there is none now; -EPIPE at the end of the bytes; -EINVAL
// when they cannot be taken, with a phrase in `why` (VT_TS_WHY_ROOM bytes); another negative errno.
int vt_ts_source_take(struct vt_ts_source *source, struct vt_ts_unit **ret, char *why);

struct vt_ts_stats {
    int64_t bytes;
    int64_t damaged;                             // units that were dropped: holes in the packets' count, too long
    int waiting_units;                           // that nobody has taken yet, of at most VT_TS_QUEUE_UNITS
    size_t waiting_bytes;                        // likewise
    struct vt_ts_counts counts;
    struct vt_ts_layout layout;
    char others[VT_TS_OTHERS_ROOM];              // tracks and programs that are not taken
};
void vt_ts_source_stats(struct vt_ts_source *source, struct vt_ts_stats *ret);
