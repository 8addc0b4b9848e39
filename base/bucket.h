// Token buckets: how often something may be done, in all and by each address. Pure.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define VT_GUESS_BURST       10                          // wrong keys of one address before it must wait ...
#define VT_GUESS_REFILL_NS   (INT64_C(6) * 1000000000)   // ... this long for each further one
#define VT_GUESS_ADDRESSES   1024                        // looked after at a time; the one heard of longest ago gives way
#define VT_TAKEOVER_BURST    6                           // takeovers of one channel before it must wait likewise
#define VT_TAKEOVER_REFILL_NS (INT64_C(10) * 1000000000)

// Zeroed is valid: full.
struct vt_bucket {
    int64_t spent_until_ns;              // when it will be full again
};

// Whether there is a token, and (take) takes it. `now_ns`: any clock that never steps.
bool vt_bucket_has(const struct vt_bucket *bucket, int burst, int64_t refill_ns, int64_t now_ns);
bool vt_bucket_take(struct vt_bucket *bucket, int burst, int64_t refill_ns, int64_t now_ns);

// Who guesses keys. An IPv6 address stands for its /64.
struct vt_guesses;

int vt_guesses_new(struct vt_guesses **ret);
void vt_guesses_free(struct vt_guesses **guesses);

// Whether a key from there may be looked at at all. While not, right and wrong ones are refused alike.
bool vt_guesses_allow(const struct vt_guesses *guesses, const char *address, int64_t now_ns);

// A key from there was wrong. Returns false when that was the last one it had.
bool vt_guesses_note(struct vt_guesses *guesses, const char *address, int64_t now_ns);
