#include "ingest/srt_keys.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <string.h>

#include "base/message.h"

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int read_hash(uint8_t hash[32], const char *hex)
{
    if (!hex || strlen(hex) != 64)
        return -EBADMSG;
    for (int i = 0; i < 32; i++) {
        int high = digit(hex[2 * i]), low = digit(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return -EBADMSG;
        hash[i] = (uint8_t)(high << 4 | low);
    }
    return 0;
}

static int read_accept(struct vt_srt_channel *channel, const json_t *networks)
{
    if (json_array_size(networks) > VT_ACCEPT_MAX)
        return -EBADMSG;
    for (size_t i = 0; i < json_array_size(networks); i++) {
        const char *text = json_string_value(json_array_get(networks, i));
        if (!text || vt_network_parse(text, &channel->accept[channel->n_accept++]))
            return -EBADMSG;
    }
    return 0;
}

static int read_channel(struct vt_srt_channel *channel, const json_t *entry)
{
    const json_t *keys = json_object_get(entry, "keys");
    const char *passphrase = vt_message_text(entry, "passphrase");
    size_t length = passphrase ? strlen(passphrase) : 0;
    int64_t latency_ms = vt_message_int(entry, "latency_ms", -1);
    if (vt_name_copy(channel->name, vt_message_text(entry, "channel")) || !json_is_array(keys) ||
        json_array_size(keys) > VT_SRT_KEYS || latency_ms < 0 || latency_ms > VT_SRT_LATENCY_MAX_MS ||
        (passphrase && (length < VT_SRT_PASSPHRASE_MIN || length > VT_SRT_PASSPHRASE_MAX)))
        return -EBADMSG;
    if (passphrase)
        memcpy(channel->passphrase, passphrase, length + 1);
    channel->latency_ms = (int)latency_ms;
    channel->n_keys = (int)json_array_size(keys);
    for (int i = 0; i < channel->n_keys; i++) {
        if (read_hash(channel->keys[i], json_string_value(json_array_get(keys, (size_t)i))))
            return -EBADMSG;
    }
    return read_accept(channel, json_object_get(entry, "accept"));
}

static void forget(struct vt_srt_keys *keys, int place)
{
    if (place == keys->n_channels)
        return;
    keys->channels[place] = keys->channels[--keys->n_channels];
    OPENSSL_cleanse(&keys->channels[keys->n_channels], sizeof keys->channels[0]);
}

int vt_srt_keys_put(struct vt_srt_keys *keys, const json_t *body)
{
    struct vt_srt_channel channel = {.name = ""};
    bool gone = vt_message_bool(body, "gone", false);
    int place = 0, error = read_channel(&channel, body);
    while (!error && place < keys->n_channels && strcmp(keys->channels[place].name, channel.name) != 0)
        place++;
    if (!error && !gone && place == VT_SRT_CHANNELS)
        error = -EBADMSG;
    if (!error && gone) {
        forget(keys, place);
    } else if (!error) {
        keys->channels[place] = channel;
        keys->n_channels += place == keys->n_channels;
    }
    OPENSSL_cleanse(&channel, sizeof channel);
    return error;
}

const struct vt_srt_channel *vt_srt_keys_find(const struct vt_srt_keys *keys, const char *key)
{
    const struct vt_srt_channel *found = NULL;
    uint8_t hash[SHA256_DIGEST_LENGTH];
    SHA256((const unsigned char *)key, strlen(key), hash);
    for (int i = 0; i < keys->n_channels; i++) {
        const struct vt_srt_channel *channel = &keys->channels[i];
        for (int j = 0; j < channel->n_keys; j++) {
            int same = CRYPTO_memcmp(channel->keys[j], hash, sizeof hash) == 0;
            found = same ? channel : found;
        }
    }
    return found;
}

bool vt_srt_channel_takes(const struct vt_srt_channel *channel, const struct vt_peer_address *from)
{
    struct sockaddr_storage who;
    vt_peer_sockaddr(&who, from->text);
    return channel->n_accept == 0 || vt_networks_hold(channel->accept, channel->n_accept, &who);
}

struct vt_srt_channel vt_srt_keys_line(const struct vt_srt_keys *keys, const char *name)
{
    for (int i = 0; i < keys->n_channels; i++) {
        if (strcmp(keys->channels[i].name, name) == 0)
            return keys->channels[i];
    }
    return (struct vt_srt_channel){.latency_ms = VT_SRT_LATENCY_MS};
}
