#include "serve/policy.h"

#include <errno.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"

#define HEX_DIGITS  (2 * SHA256_DIGEST_LENGTH)
#define ENTRIES_MAX (VT_POLICY_CHANNELS * (VT_KEYS_MAX + VT_MADE_KEYS_MAX))

struct entry {
    unsigned char digest[SHA256_DIGEST_LENGTH];
    int channel, rank;
    int64_t not_before_s, not_after_s;
};

struct vt_policy {
    int count;
    struct entry *entries;
};

static unsigned char digit(char c)
{
    return (unsigned char)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

static void digest_of_hex(const char *hex, unsigned char *digest)
{
    for (int i = 0; i < SHA256_DIGEST_LENGTH; i++)
        digest[i] = (unsigned char)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
}

// The configuration has checked that 64 hexadecimal digits follow the mark.
static void digest_of(const char *key, unsigned char *digest)
{
    static const char mark[] = "sha256:";
    if (strncmp(key, mark, sizeof mark - 1) == 0)
        digest_of_hex(key + sizeof mark - 1, digest);
    else
        SHA256((const unsigned char *)key, strlen(key), digest);
}

int vt_policy_new(struct vt_policy **ret, const struct vt_channel *channels, int n_channels)
{
    struct vt_policy *policy = calloc(1, sizeof *policy);
    if (!policy || !(policy->entries = calloc(ENTRIES_MAX, sizeof *policy->entries))) {
        free(policy);
        return -ENOMEM;
    }
    for (int i = 0; i < n_channels; i++)
        vt_policy_set_channel(policy, i, &channels[i]);
    *ret = policy;
    return 0;
}

void vt_policy_free(struct vt_policy **policy)
{
    if (*policy)
        free((*policy)->entries);
    free(*policy);
    *policy = NULL;
}

// ---- channels

// Leaves out the keys of a channel whose rank is from `least` up to, and without, `most`.
static void leave_out(struct vt_policy *policy, int channel, int least, int most)
{
    int kept = 0;
    for (int i = 0; i < policy->count; i++) {
        const struct entry *entry = &policy->entries[i];
        if (entry->channel != channel || entry->rank < least || entry->rank >= most)
            policy->entries[kept++] = *entry;
    }
    policy->count = kept;
}

void vt_policy_set_channel(struct vt_policy *policy, int index, const struct vt_channel *channel)
{
    leave_out(policy, index, 0, VT_KEYS_MAX);
    for (int j = 0; j < channel->n_keys && policy->count < ENTRIES_MAX; j++) {
        struct entry *entry = &policy->entries[policy->count++];
        *entry = (struct entry){.channel = index, .rank = j, .not_before_s = INT64_MIN, .not_after_s = INT64_MAX};
        digest_of(channel->keys[j], entry->digest);
    }
}

void vt_policy_forget(struct vt_policy *policy, int index)
{
    leave_out(policy, index, 0, INT_MAX);
}

bool vt_policy_taken(const struct vt_policy *policy, int index, const struct vt_channel *channel)
{
    for (int j = 0; j < channel->n_keys; j++) {
        unsigned char digest[SHA256_DIGEST_LENGTH];
        digest_of(channel->keys[j], digest);
        for (int i = 0; i < policy->count; i++) {
            if (policy->entries[i].channel != index && memcmp(policy->entries[i].digest, digest, sizeof digest) == 0)
                return true;
        }
    }
    return false;
}

// ---- keys of the API

static bool valid_made(const json_t *key)
{
    const char *hex = vt_message_text(key, "sha256");
    return hex && strlen(hex) == HEX_DIGITS && strspn(hex, "0123456789abcdef") == HEX_DIGITS;
}

int vt_policy_set_made(struct vt_policy *policy, int channel, const json_t *keys)
{
    size_t i;
    json_t *key;
    if (!json_is_array(keys) || json_array_size(keys) > VT_MADE_KEYS_MAX)
        return -EINVAL;
    json_array_foreach((json_t *)keys, i, key)
        if (!valid_made(key))
            return -EINVAL;
    leave_out(policy, channel, VT_KEYS_MAX, INT_MAX);
    json_array_foreach((json_t *)keys, i, key) {
        struct entry *entry = &policy->entries[policy->count++];
        *entry = (struct entry){
            .channel = channel,
            .rank = VT_KEYS_MAX,
            .not_before_s = vt_message_int(key, "not_before", INT64_MIN),
            .not_after_s = vt_message_int(key, "not_after", INT64_MAX),
        };
        digest_of_hex(vt_message_text(key, "sha256"), entry->digest);
    }
    return 0;
}

// ---- looking up

static bool is_timely(const struct entry *entry, int64_t now_s)
{
    return now_s >= entry->not_before_s && now_s < entry->not_after_s;
}

int vt_policy_find(const struct vt_policy *policy, const char *key, int64_t now_s, struct vt_permit *ret)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    const struct entry *found = NULL;
    SHA256((const unsigned char *)key, strlen(key), digest);
    for (int i = policy->count - 1; i >= 0; i--) {
        const struct entry *entry = &policy->entries[i];
        int same = CRYPTO_memcmp(entry->digest, digest, sizeof digest) == 0;
        int timely = is_timely(entry, now_s);
        found = same & timely ? entry : found;
    }
    if (!found)
        return -ENOENT;
    *ret = (struct vt_permit){.channel = found->channel, .rank = found->rank};
    memcpy(&ret->key, digest, sizeof ret->key);
    return 0;
}

struct vt_permit vt_policy_vouched(int channel, const char *key)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    struct vt_permit permit = {.channel = channel, .rank = VT_KEYS_MAX + 1};
    SHA256((const unsigned char *)key, strlen(key), digest);
    memcpy(&permit.key, digest, sizeof permit.key);
    return permit;
}

// ---- for gate srt

static json_t *hashes_of(const struct vt_policy *policy, int index, int64_t now_s)
{
    json_t *list = json_array();
    for (int i = 0; i < policy->count; i++) {
        char hex[HEX_DIGITS + 1];
        if (policy->entries[i].channel != index || !is_timely(&policy->entries[i], now_s))
            continue;
        for (int j = 0; j < SHA256_DIGEST_LENGTH; j++)
            snprintf(hex + 2 * j, 3, "%02x", policy->entries[i].digest[j]);
        json_array_append_new(list, json_string(hex));
    }
    return list;
}

int64_t vt_policy_next_s(const struct vt_policy *policy, int64_t now_s)
{
    int64_t next_s = INT64_MAX;
    for (int i = 0; i < policy->count; i++) {
        const int64_t times_s[] = {policy->entries[i].not_before_s, policy->entries[i].not_after_s};
        for (int j = 0; j < 2; j++) {
            if (times_s[j] > now_s && times_s[j] < next_s)
                next_s = times_s[j];
        }
    }
    return next_s;
}

json_t *vt_policy_srt_keys(const struct vt_policy *policy, int index, const struct vt_channel *channel, int64_t now_s)
{
    return json_pack("{s:s, s:o, s:o, s:s*, s:I}", "channel", channel->name, "keys", hashes_of(policy, index, now_s), "accept",
                     vt_accept_addresses(&channel->accept), "passphrase", channel->srt_passphrase, "latency_ms", (json_int_t)(channel->srt_latency_ns / VT_NS_PER_MS));
}
