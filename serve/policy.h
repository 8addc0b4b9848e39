// Who may publish: stream keys and the channels that they name. Pure.
#pragma once

#include "studio/channel.h"

// What a refused publisher is told, whether its key is unknown or wrong.
#define VT_REFUSED_CODE  "NetStream.Publish.BadName"
#define VT_REFUSED_WORDS "This stream key is not valid. Check the stream key in your encoder's settings."

struct vt_policy;

// Keeps the keys' SHA-256, not the keys.
int vt_policy_new(struct vt_policy **ret, const struct vt_channel *channels, int n_channels);
void vt_policy_free(struct vt_policy **policy);

// Index of the channel that `key` (plain text, as the publisher sent it) names, or -1. Takes the same time whatever
// matches: every key is compared, in constant time.
int vt_policy_channel(const struct vt_policy *policy, const char *key);
