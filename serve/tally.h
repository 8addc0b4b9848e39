// Why publishers ended, and why encoders were refused: counted over all channels since the start. Pure.
#pragma once

#include <jansson.h>
#include <stdint.h>

enum vt_refusal {
    VT_REFUSAL_KEY,                      // no channel has it, or the webhook denied it
    VT_REFUSAL_GUESSES,                  // too many wrong keys from there
    VT_REFUSAL_BUSY,                     // another encoder publishes and may not be replaced, or too often
    VT_REFUSAL_HOOK,                     // the webhook could not be asked, or answered nonsense
    VT_REFUSAL_PASSPHRASE,               // over SRT, to a channel that has one
    VT_REFUSAL_SHUTDOWN,
    VT_REFUSALS
};

#define VT_ENDS 6                        // INGEST_END's reasons, and "crashed"

// Zeroed is valid.
struct vt_tally {
    int64_t ended[VT_ENDS], refused[VT_REFUSALS];
};

// `reason`: as INGEST_END has it; NULL or an unknown one counts as "crashed".
void vt_tally_end(struct vt_tally *tally, const char *reason);
void vt_tally_refusal(struct vt_tally *tally, enum vt_refusal refusal);

// {ended: {REASON: n…}, refused: {REASON: n…}}: all reasons, a new reference; NULL when out of memory.
json_t *vt_tally_json(const struct vt_tally *tally);
