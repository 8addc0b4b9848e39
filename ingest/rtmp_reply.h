// The messages that we send to a publisher, each written whole: as one chunk, for SetChunkSize goes first. Pure.
#pragma once

#include <stdint.h>

#include "base/bytes.h"

void vt_rtmp_write_window(struct vt_writer *w, uint32_t bytes);
void vt_rtmp_write_peer_bandwidth(struct vt_writer *w, uint32_t bytes);
void vt_rtmp_write_chunk_size(struct vt_writer *w, uint32_t bytes);
void vt_rtmp_write_acknowledgement(struct vt_writer *w, uint32_t bytes);
void vt_rtmp_write_stream_begin(struct vt_writer *w, uint32_t stream);
void vt_rtmp_write_pong(struct vt_writer *w, uint32_t stamp);

// Answers to commands, on the chunk stream that the command came on and with its transaction id.
struct vt_rtmp_call {
    uint32_t chunk_stream;           // 2..63, else 3 is used
    uint32_t stream;                 // message stream id of the answer
    double transaction;
};
// `enhanced`: the encoder speaks Enhanced RTMP, and is told what of it is understood.
void vt_rtmp_write_connected(struct vt_writer *w, const struct vt_rtmp_call *call, bool enhanced);
void vt_rtmp_write_result(struct vt_writer *w, const struct vt_rtmp_call *call);
void vt_rtmp_write_created(struct vt_writer *w, const struct vt_rtmp_call *call, uint32_t stream);

// onFCPublish or onFCUnpublish.
void vt_rtmp_write_fc(struct vt_writer *w, const struct vt_rtmp_call *call, const char *command,
                      const char *code);

// `level` "status" or "error". A description longer than VT_RTMP_DESCRIPTION_MAX is cut.
void vt_rtmp_write_status(struct vt_writer *w, const struct vt_rtmp_call *call, const char *level,
                          const char *code, const char *description);
