// `vitrine gate rtmp`: accepts publishers, speaks RTMP with them up to `publish`, asks the supervisor whether they
// may, and hands them over. Descriptor 3 is the link to the supervisor; GATE_START brings the listening sockets.
#pragma once

// What the configuration may change, and between what; in set-up: until publish is answered.
#define VT_GATE_SETUP_NS        (INT64_C(10) * 1000000000)   // of one connection, from its accept
#define VT_GATE_SETUP_MIN_NS    (INT64_C(1) * 1000000000)
#define VT_GATE_SETUP_MAX_NS    (INT64_C(60) * 1000000000)
#define VT_GATE_CONNECTIONS     1024                         // in set-up, in all
#define VT_GATE_CONNECTIONS_MIN 16
#define VT_GATE_CONNECTIONS_MAX 4096
#define VT_GATE_PER_ADDRESS     16                           // ... from one address (IPv6: one /64)

#define VT_GATE_LINGER_NS     (INT64_C(500) * 1000000)     // for a refused publisher to read why
#define VT_GATE_READ_BYTES    16384                        // read at once; so the most that is left unread
#define VT_GATE_REPLY_BYTES   16384                        // queued towards one peer

// argv[0] is "rtmp", "tls" or "srt". Returns the process's exit code.
int vt_gate_main(int argc, char **argv);

// `vitrine gate tls`: ends RTMPS and gives gate rtmp what is inside as connections of its own. The certificate comes
// with GATE_CERTIFICATE before GATE_START, and again whenever it changes.
int vt_gate_tls_main(void);

// `vitrine gate srt`: takes SRT callers whose key it knows (GATE_KEYS, before GATE_START and at each change) and pumps
// what they send to an ingest.
int vt_gate_srt_main(void);
