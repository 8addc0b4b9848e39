// Whom the supervisor has refused over SRT of late: its answer comes when libsrt has already let the caller in, so it is
// given to the next attempt of the same key from the same address. Pure.
#pragma once

#include <stdint.h>

// Reject reasons of SRT Access Control, as libsrt has them (SRT_REJX_…).
#define VT_SRT_BAD_REQUEST  1400         // a streamid that names no key
#define VT_SRT_UNAUTHORIZED 1401         // the supervisor's, too
#define VT_SRT_OVERLOAD     1402         // too many publishers
#define VT_SRT_BAD_MODE     1405         // it asks to play
#define VT_SRT_CONFLICT     1409         // the supervisor's: somebody else publishes
#define VT_SRT_FAILED       1500
#define VT_SRT_DOWN         1503         // the supervisor's: nobody is let in now

#define VT_SRT_HOLD_NS     (INT64_C(5) * 1000000000)     // that such an answer is remembered, where nothing else says so ...
#define VT_SRT_HOLD_MAX_NS (INT64_C(60) * 1000000000)    // ... and at most

#define VT_SRT_REFUSALS 64               // that are remembered; more push out the one that ends first

// Zeroed is valid: nobody.
struct vt_srt_refusals {
    struct vt_srt_refusal {
        uint8_t who[32];                 // SHA-256 of address and key
        int code;                        // VT_SRT_…; 0: a free place
        int64_t until_ns;
    } list[VT_SRT_REFUSALS];
};

// Who that is: an address's group (ingest/peer_address.h) and a key, so that keys need not be kept.
void vt_srt_refusals_name(uint8_t who[32], uint64_t group, const char *key);

// `code` 0 forgets.
void vt_srt_refusals_put(struct vt_srt_refusals *refusals, const uint8_t who[32], int code, int64_t until_ns);

// What to refuse this one with, or 0.
int vt_srt_refusals_get(const struct vt_srt_refusals *refusals, const uint8_t who[32], int64_t now_ns);
