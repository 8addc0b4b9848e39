// Commands from connect to publish and back: command messages in, replies and decisions out. Pure.
//
// Accepts what encoders send: transaction ids of 0, command objects as ECMA arrays, deleteStream with a name, the
// whole sequence in one segment. Unknown commands are ignored.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "ingest/rtmp_chunk.h"

enum vt_rtmp_stage {
    VT_RTMP_STAGE_NEW,               // nothing yet
    VT_RTMP_STAGE_CONNECTED,
    VT_RTMP_STAGE_ASKED,             // publish arrived; waits for accept or refuse
    VT_RTMP_STAGE_LIVE,
    VT_RTMP_STAGE_ENDED,             // unpublished or refused
};

struct vt_rtmp_publish {
    uint8_t stage;                   // enum vt_rtmp_stage
    uint8_t streams;                 // created so far
    uint16_t commands;               // before publish
    uint8_t reconnects;              // it said that it connects anew when it is asked to (Enhanced RTMP's capsEx)
    uint32_t stream;                 // message stream id that publish came on
    uint32_t chunk_stream;           // ... and its chunk stream
    char app[VT_RTMP_APP_MAX + 1];
    char name[VT_RTMP_NAME_MAX + 1]; // as it came, with its query: holds the key
    char encoder[VT_RTMP_ENCODER_MAX + 1];   // flashVer as it came: escape it before it is shown
};

void vt_rtmp_publish_init(struct vt_rtmp_publish *publish);

// Handles one command message (AMF0; for type 17 without its first byte). Appends replies, whole messages. Returns
// 0 or an error; publish->stage says what came of it.
enum vt_rtmp_error vt_rtmp_publish_command(struct vt_rtmp_publish *publish,
                                           const struct vt_rtmp_message *message, struct vt_writer *reply);

// Publish.Start, and from now on the stage is LIVE.
void vt_rtmp_publish_accept(struct vt_rtmp_publish *publish, struct vt_writer *reply);

// An onStatus of level "error" on the publishing stream, and from now on the stage is ENDED. `code` NULL:
// NetStream.Publish.BadName.
void vt_rtmp_publish_refuse(struct vt_rtmp_publish *publish, const char *code, const char *description,
                            struct vt_writer *reply);

// Asks a publisher that can to connect again, and goes on as before. False, and nothing is written, for one that did not
// say that it can.
bool vt_rtmp_publish_reconnect(const struct vt_rtmp_publish *publish, const char *description, struct vt_writer *reply);

bool vt_rtmp_publish_valid(const struct vt_rtmp_publish *publish);
