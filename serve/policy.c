#include "serve/policy.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    unsigned char digest[SHA256_DIGEST_LENGTH];
    int channel;
};

struct vt_policy {
    int count;
    struct entry entries[];
};

static unsigned char digit(char c)
{
    return (unsigned char)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

// The configuration has checked that 64 hexadecimal digits follow the mark.
static void digest_of(const char *key, unsigned char *digest)
{
    static const char mark[] = "sha256:";
    if (strncmp(key, mark, sizeof mark - 1) != 0) {
        SHA256((const unsigned char *)key, strlen(key), digest);
        return;
    }
    const char *hex = key + sizeof mark - 1;
    for (int i = 0; i < SHA256_DIGEST_LENGTH; i++)
        digest[i] = (unsigned char)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
}

int vt_policy_new(struct vt_policy **ret, const struct vt_channel *channels, int n_channels)
{
    int count = 0;
    for (int i = 0; i < n_channels; i++)
        count += channels[i].n_keys;
    struct vt_policy *policy = malloc(sizeof *policy + (size_t)count * sizeof policy->entries[0]);
    if (!policy)
        return -ENOMEM;
    policy->count = 0;
    for (int i = 0; i < n_channels; i++) {
        for (int j = 0; j < channels[i].n_keys; j++) {
            struct entry *entry = &policy->entries[policy->count++];
            entry->channel = i;
            digest_of(channels[i].keys[j], entry->digest);
        }
    }
    *ret = policy;
    return 0;
}

void vt_policy_free(struct vt_policy **policy)
{
    free(*policy);
    *policy = NULL;
}

int vt_policy_channel(const struct vt_policy *policy, const char *key)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    int channel = -1;
    SHA256((const unsigned char *)key, strlen(key), digest);
    for (int i = 0; i < policy->count; i++) {
        int same = CRYPTO_memcmp(policy->entries[i].digest, digest, sizeof digest) == 0;
        channel = same ? policy->entries[i].channel : channel;
    }
    return channel;
}
