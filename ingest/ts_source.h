// MPEG-TS from a stream socket -> access units. libavformat takes the packets apart, in a thread of its own, since it
// reads when it likes; its units wait in a short queue for the loop of the process. Probing, streams and the queue are
// bounded; nothing is opened. One thread owns the source; it alone calls these functions.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ingest/decode.h"

#define VT_TS_PROBE_BYTES   (1024 * 1024)        // without a program table in these it is no MPEG-TS
#define VT_TS_STREAMS       32
#define VT_TS_UNIT_BYTES    (4 * 1024 * 1024)    // a longer unit is dropped and counted
#define VT_TS_QUEUE_BYTES   (8 * 1024 * 1024)    // waiting for the loop; then reading pauses
#define VT_TS_QUEUE_UNITS   512
#define VT_TS_SWITCH_NS     (INT64_C(2) * 1000000000)    // without a unit: another stream of that kind is taken
#define VT_TS_WHY_ROOM      160

struct vt_ts_unit {
    struct vt_ts_unit *next;                     // the source's; then for whoever takes it
    bool video, key;
    enum vt_codec codec;
    char codec_name[32];                         // as a person knows it
    uint64_t dts, pts;                           // 33 bits of 90 kHz
    int64_t dts_ns, pts_ns;                      // for whoever takes it: on the publisher's timeline
    int64_t arrival_ns;
    size_t size;
    uint8_t data[];                              // Annex B or ADTS
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
};
void vt_ts_source_stats(struct vt_ts_source *source, struct vt_ts_stats *ret);
