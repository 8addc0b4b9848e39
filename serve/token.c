#include "serve/token.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

int vt_token_set(struct vt_token *ret, const char *token, size_t size)
{
    if (size < VT_TOKEN_MIN || size > VT_TOKEN_MAX)
        return -EINVAL;
    SHA256((const unsigned char *)token, size, ret->digest);
    return 0;
}

int vt_token_load(struct vt_token *ret, const char *path)
{
    char line[VT_TOKEN_MAX + 8];
    FILE *file = fopen(path, "re");
    if (!file)
        return -errno;
    int error = fgets(line, sizeof line, file) ? 0 : -EINVAL;
    fclose(file);
    if (error == 0)
        error = vt_token_set(ret, line, strcspn(line, " \t\r\n"));
    OPENSSL_cleanse(line, sizeof line);
    return error;
}

bool vt_token_accepts(const struct vt_token *token, const char *authorization)
{
    if (!authorization || strncasecmp(authorization, "Bearer ", 7) != 0)
        return false;
    const char *given = authorization + 7;
    given += strspn(given, " ");
    unsigned char digest[32];
    SHA256((const unsigned char *)given, strlen(given), digest);
    return CRYPTO_memcmp(digest, token->digest, sizeof digest) == 0;
}

void vt_sha256_hex(const void *data, size_t size, char out[65])
{
    unsigned char digest[32];
    SHA256(data, size, digest);
    for (int i = 0; i < 32; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
}
