// What a stranger may ask of the RTMP parser. Each limit is tested at its value and one past it.
//
// "Set-up" is everything up to the answer to `publish`; the peer is unknown until then and costs one bounded record.
#pragma once

#define VT_RTMP_CHUNK_STREAMS   16                 // distinct chunk streams of one connection; encoders use up to 6
#define VT_RTMP_CHUNK_SIZE      128                // until SetChunkSize
#define VT_RTMP_CHUNK_SIZE_MAX  0xffffff           // a larger one is taken as this
#define VT_RTMP_OUR_CHUNK_SIZE  60000              // what we announce; ffmpeg adopts it for its own output
#define VT_RTMP_WINDOW          2500000            // acknowledgement window, both ways, until the peer names its own
#define VT_RTMP_WINDOW_MIN      16384              // a smaller window of the peer's is taken as this

// Most bytes of one message by its type. Audio, video and data: only once publishing is accepted, before that 0.
#define VT_RTMP_CONTROL_BYTES   64
#define VT_RTMP_COMMAND_BYTES   (16 * 1024)
#define VT_RTMP_DATA_BYTES      (64 * 1024)
#define VT_RTMP_AUDIO_BYTES     (64 * 1024)
#define VT_RTMP_VIDEO_BYTES     (4 * 1024 * 1024)  // aggregates too

// All unfinished messages of a connection together.
#define VT_RTMP_SETUP_BYTES     (18 * 1024)
#define VT_RTMP_PENDING_BYTES   (6 * 1024 * 1024)

#define VT_RTMP_KEEP_BYTES      (128 * 1024)       // a message buffer up to this size is kept for the next message

#define VT_RTMP_SETUP_COMMANDS  64                 // commands before publish
#define VT_RTMP_STREAMS         8                  // createStream calls of one connection
#define VT_RTMP_APP_MAX         1024               // bytes of app
#define VT_RTMP_NAME_MAX        1024               // bytes of a stream name with its query
#define VT_RTMP_ENCODER_MAX     128                // bytes of flashVer; longer ones are cut
#define VT_RTMP_DESCRIPTION_MAX 256                // bytes of what we tell an encoder; longer ones are cut

// Once so many bytes of replies wait, pings and, while publishing, commands are no longer answered: to one who floods us
// or does not read that is no loss.
#define VT_RTMP_REPLY_BACKLOG   8192

#define VT_RTMP_TYPE0_DELTA_MAX_MS 1000            // a type 0 timestamp up to this may serve as a delta (rtmp_chunk.h)
