// `vitrine ingest -`: waits, warm, for one publisher's connection; decodes it into a ring until it ends, and exits.
// Descriptor 3 is the link to the supervisor. Locked in before its first byte from a stranger.
#pragma once

#include <stdint.h>

#define VT_INGEST_THREADS     2                              // of the H.264 decoder
#define VT_INGEST_READ_BYTES  65536                          // read at once
#define VT_INGEST_REPLY_BYTES 16384                          // queued towards the encoder
#define VT_INGEST_IDLE_NS     (INT64_C(30) * 1000000000)     // without audio or video it is lost
#define VT_INGEST_STATUS_NS   (INT64_C(1) * 1000000000)
#define VT_INGEST_LEAVE_NS    (INT64_C(1) * 1000000000)      // for an encoder that was asked to connect again to go
#define VT_INGEST_LINGER_NS   (INT64_C(500) * 1000000)       // for an encoder to read why it must stop

// argv[0] is "-". Returns the process's exit code: 0 whatever the publisher did, 1 when this side failed.
int vt_ingest_main(int argc, char **argv);
