// Who may publish: stream keys and the channels that they name. Pure.
//
// Some keys stand in the configuration, others are made and revoked through the API and may be limited in time. Of all
// of them only the SHA-256 is kept.
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "studio/channel.h"

// What a refused publisher is told, whether its key is unknown, wrong, out of its time, or was not even looked at.
#define VT_REFUSED_CODE  "NetStream.Publish.BadName"
#define VT_REFUSED_WORDS "This stream key is not valid. Check the stream key in your encoder's settings."

#define VT_MADE_KEYS_MAX 32              // keys of one channel that the API has made
#define VT_POLICY_CHANNELS 32

struct vt_policy;

// What a key allows.
struct vt_permit {
    int channel;                         // its index
    int rank;                            // its place in the channel's keys:; those of the API come after all of these
    uint64_t key;                        // tells keys apart: the beginning of its hash
};

int vt_policy_new(struct vt_policy **ret, const struct vt_channel *channels, int n_channels);
void vt_policy_free(struct vt_policy **policy);

// A channel is new, or its configured keys have changed; it is no more. Both are channels by their index, below
// VT_POLICY_CHANNELS. Keys of another channel are not looked for: ask vt_policy_taken first, where index may be -1.
void vt_policy_set_channel(struct vt_policy *policy, int index, const struct vt_channel *channel);
void vt_policy_forget(struct vt_policy *policy, int index);
bool vt_policy_taken(const struct vt_policy *policy, int index, const struct vt_channel *channel);

// Replaces the API's keys of a channel by a list of {"sha256": 64 hexadecimal digits, "not_before", "not_after":
// seconds since 1970, or missing}. Returns 0, -EINVAL for a list that is not like that, or -ENOMEM.
int vt_policy_set_made(struct vt_policy *policy, int channel, const json_t *keys);

// Looks up `key` (plain text, as the publisher sent it) at `now_s` since 1970. Returns 0 with *ret, or -ENOENT. Takes
// the same time whatever matches: every key is compared, in constant time.
int vt_policy_find(const struct vt_policy *policy, const char *key, int64_t now_s, struct vt_permit *ret);

// What `key` allows when the webhook has let it in to a channel: it comes after all of the channel's own keys.
struct vt_permit vt_policy_vouched(int channel, const char *key);

// What gate srt needs to know of a channel (its index and itself): the body of GATE_KEYS, with the keys whose time it is
// at `now_s`. NULL when out of memory.
json_t *vt_policy_srt_keys(const struct vt_policy *policy, int index, const struct vt_channel *channel, int64_t now_s);

// When the time of some key next begins or ends; INT64_MAX: never.
int64_t vt_policy_next_s(const struct vt_policy *policy, int64_t now_s);
