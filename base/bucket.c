#include "base/bucket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX_BYTES 16

struct guesser {
    uint8_t prefix[PREFIX_BYTES];        // IPv4 as it is mapped into IPv6
    struct vt_bucket bucket;
    int64_t heard_ns;
    bool used;
};

struct vt_guesses {
    struct guesser guessers[VT_GUESS_ADDRESSES];
};

static int64_t left_to_pay(const struct vt_bucket *bucket, int64_t now_ns)
{
    return bucket->spent_until_ns > now_ns ? bucket->spent_until_ns - now_ns : 0;
}

bool vt_bucket_has(const struct vt_bucket *bucket, int burst, int64_t refill_ns, int64_t now_ns)
{
    return left_to_pay(bucket, now_ns) <= (burst - 1) * refill_ns;
}

bool vt_bucket_take(struct vt_bucket *bucket, int burst, int64_t refill_ns, int64_t now_ns)
{
    if (!vt_bucket_has(bucket, burst, refill_ns, now_ns))
        return false;
    bucket->spent_until_ns = now_ns + left_to_pay(bucket, now_ns) + refill_ns;
    return true;
}

// What cannot be read as an address shares one bucket.
static void prefix_of(const char *address, uint8_t prefix[PREFIX_BYTES])
{
    struct in6_addr v6;
    struct in_addr v4;
    memset(prefix, 0, PREFIX_BYTES);
    if (inet_pton(AF_INET, address, &v4) == 1) {
        prefix[10] = prefix[11] = 0xff;
        memcpy(prefix + 12, &v4, 4);
    } else if (inet_pton(AF_INET6, address, &v6) == 1) {
        memcpy(prefix, &v6, IN6_IS_ADDR_V4MAPPED(&v6) ? 16 : 8);
    }
}

int vt_guesses_new(struct vt_guesses **ret)
{
    *ret = calloc(1, sizeof **ret);
    return *ret ? 0 : -ENOMEM;
}

void vt_guesses_free(struct vt_guesses **guesses)
{
    free(*guesses);
    *guesses = NULL;
}

static const struct guesser *find(const struct vt_guesses *guesses, const uint8_t prefix[PREFIX_BYTES])
{
    for (int i = 0; i < VT_GUESS_ADDRESSES; i++) {
        const struct guesser *guesser = &guesses->guessers[i];
        if (guesser->used && memcmp(guesser->prefix, prefix, PREFIX_BYTES) == 0)
            return guesser;
    }
    return NULL;
}

bool vt_guesses_allow(const struct vt_guesses *guesses, const char *address, int64_t now_ns)
{
    uint8_t prefix[PREFIX_BYTES];
    prefix_of(address, prefix);
    const struct guesser *guesser = find(guesses, prefix);
    return !guesser || vt_bucket_has(&guesser->bucket, VT_GUESS_BURST, VT_GUESS_REFILL_NS, now_ns);
}

static struct guesser *find_or_make(struct vt_guesses *guesses, const uint8_t prefix[PREFIX_BYTES])
{
    struct guesser *oldest = &guesses->guessers[0];
    for (int i = 0; i < VT_GUESS_ADDRESSES; i++) {
        struct guesser *guesser = &guesses->guessers[i];
        if (guesser->used && memcmp(guesser->prefix, prefix, PREFIX_BYTES) == 0)
            return guesser;
        if (oldest->used && (!guesser->used || guesser->heard_ns < oldest->heard_ns))
            oldest = guesser;
    }
    *oldest = (struct guesser){.used = true};
    memcpy(oldest->prefix, prefix, PREFIX_BYTES);
    return oldest;
}

bool vt_guesses_note(struct vt_guesses *guesses, const char *address, int64_t now_ns)
{
    uint8_t prefix[PREFIX_BYTES];
    prefix_of(address, prefix);
    struct guesser *guesser = find_or_make(guesses, prefix);
    guesser->heard_ns = now_ns;
    (void)vt_bucket_take(&guesser->bucket, VT_GUESS_BURST, VT_GUESS_REFILL_NS, now_ns);
    return vt_bucket_has(&guesser->bucket, VT_GUESS_BURST, VT_GUESS_REFILL_NS, now_ns);
}
