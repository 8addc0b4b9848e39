// Who is let in over SRT, and who is there. libsrt asks about each caller while it shakes hands, and stands still for
// everybody until it is answered, so this decides from memory alone: by the streamid's key, by the wrong keys that have
// come from there, by what the supervisor has refused of late, and by how many publish already, in all and from the
// caller's address. All listeners of a gate share one. What comes out is 0 or a reject reason (ingest/srt_refusals.h).
//
// A listener may be one channel's own (`port`: its name, else ""): who calls there and has no streamid publishes to that,
// with the channel's passphrase in a key's place.
//
// An unknown key, a key of another channel than the one that is named beside it, one from an address that its channel does
// not take, and any key at all after too many wrong ones are answered alike, and in the same time.
//
// Pure: the caller's clock, no descriptors; one thread at a time.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/bucket.h"
#include "ingest/peer_address.h"
#include "ingest/srt_keys.h"
#include "ingest/srt_refusals.h"
#include "ingest/streamid.h"

#define VT_SRT_CONNECTIONS    128                    // publishing, in all
#define VT_SRT_PER_ADDRESS    32                     // of one address (an IPv6 network of 64 bits)

struct vt_srt_admission {
    struct vt_srt_keys keys;
    struct vt_guesses *guesses;
    struct vt_srt_refusals refusals;
    int n_connections;
    uint64_t groups[VT_SRT_CONNECTIONS];             // their addresses', in no order
    struct {
        int64_t conn;
        uint8_t who[32];
    } lately[VT_SRT_CONNECTIONS];                    // let in: who that was, the oldest first to go
    int next_lately;
};

// Copies `keys`; with nobody there. Returns 0 or -ENOMEM. Clearing wipes keys and passphrases.
int vt_srt_admission_init(struct vt_srt_admission *admission, const struct vt_srt_keys *keys);
void vt_srt_admission_clear(struct vt_srt_admission *admission);

// For callers from now on; copied.
void vt_srt_admission_keys(struct vt_srt_admission *admission, const struct vt_srt_keys *keys);

// Whether a caller may come in. Returns 0 with its line's passphrase and latency in *ret (the caller wipes it), or the
// reject reason, with *ret untouched. A wrong key is noted.
int vt_srt_admission_judge(struct vt_srt_admission *admission, const char *port, const char *streamid,
                           const struct vt_peer_address *from, int64_t now_ns, struct vt_srt_channel *ret);

// For the log: what a reject reason means.
const char *vt_srt_admission_words(int code);

// What one that was let in said: its key (where it needed none, words that tell it from others), and whose line it has
// ("" for nobody's in particular). Returns 0 or a negative errno as vt_streamid_srt does.
int vt_srt_admission_describe(const struct vt_srt_admission *admission, const char *port, const char *streamid,
                              char key[VT_KEY_ROOM], char channel[VT_NAME_ROOM]);

// Counts a connection in, which several may have tried to be since they were judged: false where there is no more room.
// And out again.
bool vt_srt_admission_enter(struct vt_srt_admission *admission, int64_t conn, uint64_t group, const char *key);
void vt_srt_admission_leave(struct vt_srt_admission *admission, uint64_t group);

// The supervisor has decided against a connection: until then, the same key from the same address gets `code`.
void vt_srt_admission_refuse(struct vt_srt_admission *admission, int64_t conn, int code, int64_t until_ns);
