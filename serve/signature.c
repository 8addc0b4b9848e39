#include "serve/signature.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAC_BYTES  32
#define MAC_ROOM   45                    // 43 characters, one of padding, NUL
#define LINE_ROOM  (VT_SIGNING_KEY_MAX + 3)
#define EXPIRES_DIGITS 12

// ---- keys

int vt_signing_add(struct vt_signing *signing, const char *key, size_t size)
{
    if (size < VT_SIGNING_KEY_MIN || size > VT_SIGNING_KEY_MAX)
        return -EINVAL;
    if (signing->n_keys == VT_SIGNING_KEYS)
        return -E2BIG;
    struct vt_signing_key *own = &signing->keys[signing->n_keys++];
    own->size = size;
    memcpy(own->bytes, key, size);
    return 0;
}

static int read_keys(FILE *file, struct vt_signing *signing)
{
    char line[LINE_ROOM];
    int error = 0;
    while (error == 0 && fgets(line, sizeof line, file)) {
        size_t size = strcspn(line, "\r\n");
        if (size > 0 && line[0] != '#')
            error = vt_signing_add(signing, line, size);
    }
    OPENSSL_cleanse(line, sizeof line);
    if (error == 0 && ferror(file))
        return -EIO;
    return error ? error : signing->n_keys ? 0 : -ENODATA;
}

int vt_signing_load(struct vt_signing *ret, const char *path)
{
    struct vt_signing signing = {0};
    FILE *file = fopen(path, "re");
    if (!file)
        return -errno;
    int error = read_keys(file, &signing);
    fclose(file);
    if (error == 0)
        *ret = signing;
    vt_signing_clear(&signing);
    return error;
}

void vt_signing_clear(struct vt_signing *signing)
{
    OPENSSL_cleanse(signing, sizeof *signing);
}

// ---- prefixes

// The length of the first `depth` components of a path, or 0 if it has fewer.
static size_t prefix_length(const char *path, int depth)
{
    size_t at = 0;
    for (int i = 0; i < depth; i++) {
        size_t length = path[at] == '/' ? strcspn(path + at + 1, "/") : 0;
        if (length == 0)
            return 0;
        at += 1 + length;
    }
    return at;
}

static int depth_of(const char *prefix)
{
    for (int depth = 1; depth <= VT_SIGNED_DEPTH; depth++)
        if (prefix_length(prefix, depth) == strlen(prefix) && prefix[0])
            return depth;
    return 0;
}

// ---- tokens

bool vt_signed_split(const char *path, char ret_token[VT_SIGNED_TOKEN], const char **ret_rest)
{
    if (path[0] != '/' || path[1] != '@')
        return false;
    size_t length = strcspn(path + 2, "/");
    if (length == 0 || length >= VT_SIGNED_TOKEN || path[2 + length] != '/')
        return false;
    memcpy(ret_token, path + 2, length);
    ret_token[length] = 0;
    *ret_rest = path + 2 + length;
    return true;
}

static void sign_with(const struct vt_signing_key *key, const char *prefix, size_t prefix_size, int64_t expires_s,
                      char ret[MAC_ROOM])
{
    char text[VT_SIGNED_PREFIX + EXPIRES_DIGITS + 16];
    unsigned char mac[EVP_MAX_MD_SIZE] = {0};
    int size = snprintf(text, sizeof text, "%" PRId64 ":%.*s", expires_s, (int)prefix_size, prefix);
    HMAC(EVP_sha256(), key->bytes, (int)key->size, (const unsigned char *)text, (size_t)size, mac, NULL);
    EVP_EncodeBlock((unsigned char *)ret, mac, MAC_BYTES);
    for (char *at = ret; *at; at++)
        *at = *at == '+' ? '-' : *at == '/' ? '_' : *at == '=' ? 0 : *at;
}

int vt_signing_sign(const struct vt_signing *signing, const char *prefix, int64_t expires_s,
                    char ret_token[VT_SIGNED_TOKEN])
{
    char mac[MAC_ROOM];
    int depth = depth_of(prefix);
    if (signing->n_keys == 0 || depth == 0 || strlen(prefix) >= VT_SIGNED_PREFIX || expires_s <= 0 ||
        expires_s >= INT64_C(1000000000000))
        return -EINVAL;
    sign_with(&signing->keys[0], prefix, strlen(prefix), expires_s, mac);
    snprintf(ret_token, VT_SIGNED_TOKEN, "%" PRId64 ".%d.%s", expires_s, depth, mac);
    return 0;
}

struct token {
    int64_t expires_s;
    int depth;
    const char *mac;
};

// Digits only, so that a token is spelled one way.
static bool read_token(const char *text, struct token *ret)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > EXPIRES_DIGITS || text[0] == '0' || text[digits] != '.')
        return false;
    const char *depth = text + digits + 1;
    if (depth[0] < '1' || depth[0] > '0' + VT_SIGNED_DEPTH || depth[1] != '.' || strlen(depth + 2) != MAC_ROOM - 2)
        return false;
    *ret = (struct token){strtoll(text, NULL, 10), depth[0] - '0', depth + 2};
    return true;
}

int vt_signing_check(const struct vt_signing *signing, const char *token, const char *path, int64_t now_s)
{
    struct token read;
    char mac[MAC_ROOM];
    int known = 0;
    if (!read_token(token, &read))
        return -EACCES;
    size_t size = prefix_length(path, read.depth);
    if (size == 0 || size >= VT_SIGNED_PREFIX)
        return -EACCES;
    for (int i = 0; i < signing->n_keys; i++) {
        sign_with(&signing->keys[i], path, size, read.expires_s, mac);
        known |= CRYPTO_memcmp(mac, read.mac, MAC_ROOM - 2) == 0;
    }
    if (!known || read.expires_s > now_s + VT_SIGNED_LIFE_S)
        return -EACCES;
    return read.expires_s > now_s ? 0 : -ETIME;
}
