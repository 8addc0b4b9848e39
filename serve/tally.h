// Why publishers ended, and why encoders were refused: counted over all channels since the start. Pure.
#pragma once

#include <jansson.h>
#include <stdint.h>

enum vt_refusal {
    VT_REFUSAL_KEY,                      // no channel has it, or the webhook denied it
    VT_REFUSAL_ADDRESS,                  // the key is right, but its channel takes nobody from there
    VT_REFUSAL_GUESSES,                  // too many wrong keys from there
    VT_REFUSAL_BUSY,                     // another encoder publishes and may not be replaced, or too often
    VT_REFUSAL_HOOK,                     // the webhook could not be asked, or answered nonsense
    VT_REFUSAL_PASSPHRASE,               // over SRT, to a channel that has one
    VT_REFUSAL_SHUTDOWN,
    VT_REFUSAL_CRASHES,                  // ingests of that key crash again and again
    VT_REFUSAL_STREAMID,                 // by a gate itself: the streamid is missing or not understood
    VT_REFUSAL_FULL,                     // ... there are too many publishers
    VT_REFUSAL_PLAY,                     // ... it asks to play
    VT_REFUSAL_AGAIN,                    // ... it has just been refused, and comes again
    VT_REFUSAL_FAILED,                   // ... it could not be set up
    VT_REFUSALS
};

enum vt_tally_gate { VT_TALLY_RTMP, VT_TALLY_TLS, VT_TALLY_SRT, VT_TALLY_GATES };

#define VT_ENDS      6                   // INGEST_END's reasons, and "crashed"
#define VT_TALLY_MAX 1000000             // that a gate may count between two messages

// Zeroed is valid.
struct vt_tally {
    int64_t ended[VT_ENDS], refused[VT_REFUSALS], closed[VT_TALLY_GATES];
};

// `reason`: as INGEST_END has it; NULL or an unknown one counts as "crashed".
void vt_tally_end(struct vt_tally *tally, const char *reason);
void vt_tally_refusal(struct vt_tally *tally, enum vt_refusal refusal);
const char *vt_refusal_name(enum vt_refusal refusal);

// Adds what a gate has counted (GATE_TALLY). Returns 0, or -EBADMSG and adds nothing.
int vt_tally_add(struct vt_tally *tally, enum vt_tally_gate gate, const json_t *body);

// {ended: {REASON: n…}, refused: {REASON: n…}, closed: {GATE: n…}}: all reasons, a new reference; NULL when out of memory.
json_t *vt_tally_json(const struct vt_tally *tally);
