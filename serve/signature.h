// Signed addresses: who has one may read what lies below its prefix, until it expires.
//
// "/@TOKEN/live/mango/index.m3u8" is "/live/mango/index.m3u8" for whoever holds TOKEN. It is part of the path, not of
// the query, because the addresses in playlists are relative: players carry it along by themselves. TOKEN is
//
//     EXPIRES.DEPTH.MAC     seconds since 1970; how many components of the path are the prefix; base64url, unpadded, of
//                           HMAC-SHA256(key, "EXPIRES:PREFIX"), RFC 2104 and RFC 4648 section 5
//
// so that depth 2 covers "/live/mango" and all below it. Pure but for loading.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VT_SIGNING_KEYS     4            // at once: the first signs, all are believed
#define VT_SIGNING_KEY_MIN  16           // bytes of one
#define VT_SIGNING_KEY_MAX  256
#define VT_SIGNED_DEPTH     4            // components of a prefix, at most
#define VT_SIGNED_PREFIX    256          // bytes of one and its NUL
#define VT_SIGNED_TOKEN     80           // bytes of a token and its NUL
#define VT_SIGNED_LIFE_S    (366 * 86400)  // the longest that one is believed

struct vt_signing {
    int n_keys;                          // 0: addresses need no signature
    struct vt_signing_key {
        size_t size;
        unsigned char bytes[VT_SIGNING_KEY_MAX];
    } keys[VT_SIGNING_KEYS];
};

// Reads a file with one key a line; empty lines and lines that start with # do not count. Returns 0, -EINVAL (a key
// too short or too long), -E2BIG (too many), -ENODATA (none), or the errno of reading; *ret is untouched then.
int vt_signing_load(struct vt_signing *ret, const char *path);

// Adds a key. Returns 0, -EINVAL or -E2BIG.
int vt_signing_add(struct vt_signing *signing, const char *key, size_t size);

void vt_signing_clear(struct vt_signing *signing);

// Splits "/@TOKEN/rest": `*ret_rest` is "/rest" inside `path`. Returns whether it was one.
bool vt_signed_split(const char *path, char ret_token[VT_SIGNED_TOKEN], const char **ret_rest);

// Signs `prefix` ("/live/mango", one to VT_SIGNED_DEPTH components) until `expires_s`. Returns 0 or -EINVAL.
int vt_signing_sign(const struct vt_signing *signing, const char *prefix, int64_t expires_s,
                    char ret_token[VT_SIGNED_TOKEN]);

// Whether a token covers `path` at `now_s`: 0; -EACCES: it does not, or nobody here signed it; -ETIME: it has expired.
// Whatever a stranger tries takes the same time.
int vt_signing_check(const struct vt_signing *signing, const char *token, const char *path, int64_t now_s);
