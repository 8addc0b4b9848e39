// The bearer token of the API.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define VT_TOKEN_MIN 16                  // bytes; a shorter one is refused at start
#define VT_TOKEN_MAX 512

struct vt_token {
    unsigned char digest[32];            // SHA-256; the token itself is not kept
};

// Reads the token from a file's first line. Returns 0, -EINVAL for one too short or too long, or the errno of
// reading.
int vt_token_load(struct vt_token *ret, const char *path);
int vt_token_set(struct vt_token *ret, const char *token, size_t size);

// Whether an Authorization header carries it ("Bearer …"); takes the same time whatever differs.
bool vt_token_accepts(const struct vt_token *token, const char *authorization);

// SHA-256 of `data` as 64 hexadecimal digits and a NUL.
void vt_sha256_hex(const void *data, size_t size, char out[65]);
