// Why a connection's bytes cannot be RTMP that we take: a short name for counters and logs, and a sentence.
#pragma once

#define VT_RTMP_ERRORS(X) \
    X(NONE, "none", "no error") \
    X(VERSION, "version", "the first byte is not RTMP version 3 (RTMPE, HTTP or TLS on the plain port?)") \
    X(CHUNK_STREAMS, "chunk-streams", "more chunk streams than are allowed") \
    X(NO_HEADER, "no-header", "a chunk stream begins without a full header") \
    X(HEADER_IN_MESSAGE, "header-in-message", "a message header stands inside an unfinished message") \
    X(MESSAGE_SIZE, "message-size", "a message is longer than its type may be") \
    X(PENDING_SIZE, "pending-size", "the unfinished messages together are too long") \
    X(EARLY_MEDIA, "early-media", "media arrived before publishing was accepted") \
    X(CHUNK_SIZE, "chunk-size", "a chunk size of 0 or with its top bit set") \
    X(CONTROL, "control", "a control message is too short") \
    X(AGGREGATE, "aggregate", "an aggregate's parts do not fit into it") \
    X(AMF, "amf", "a command is not valid AMF0") \
    X(COMMAND_ORDER, "command-order", "a command arrived before connect, or connect arrived twice") \
    X(COMMAND_COUNT, "command-count", "too many commands before publish") \
    X(STREAM_COUNT, "stream-count", "too many streams were created") \
    X(NAME, "name", "an app or stream name is too long, or holds a NUL") \
    X(PUBLISH_TWICE, "publish-twice", "a second publish on one connection") \
    X(PEER_DEAF, "peer-deaf", "the peer does not read our replies") \
    X(MEMORY, "memory", "out of memory")

enum vt_rtmp_error {
#define X(id, name, text) VT_RTMP_ERROR_##id,
    VT_RTMP_ERRORS(X)
#undef X
    VT_RTMP_ERROR_COUNT
};

// Never NULL; "unknown" for a value that is none of them.
const char *vt_rtmp_error_name(enum vt_rtmp_error error);
const char *vt_rtmp_error_text(enum vt_rtmp_error error);
