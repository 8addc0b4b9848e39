// Any address and any token: nobody gets in without the key, and a split address is its token and its rest.
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "serve/signature.h"

#define NOW 1767225600

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// A real token, damaged by one byte of the input.
static void check_damage(const struct vt_signing *signing, uint8_t place, uint8_t value)
{
    char token[VT_SIGNED_TOKEN];
    int error = vt_signing_sign(signing, "/live/mango", NOW + 60, token);
    assert(error == 0 && vt_signing_check(signing, token, "/live/mango/x", NOW) == 0);
    char *at = token + place % strlen(token);
    if (*at == (char)value)
        return;
    *at = (char)value;
    assert(vt_signing_check(signing, token, "/live/mango/x", NOW) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vt_signing signing = {.n_keys = 1, .keys[0] = {16, "a key to fuzz by"}};
    char *path = malloc(size + 1), token[VT_SIGNED_TOKEN], again[VT_SIGNED_TOKEN + 2];
    const char *rest;
    if (!path)
        return 0;
    if (size)
        memcpy(path, data, size);
    path[size] = 0;
    if (size >= 2)
        check_damage(&signing, data[0], data[1]);
    if (vt_signed_split(path, token, &rest)) {
        snprintf(again, sizeof again, "/@%s", token);
        assert(rest[0] == '/' && strncmp(path, again, strlen(again)) == 0 && path + strlen(again) == rest);
        assert(vt_signing_check(&signing, token, rest, NOW) != 0);
    }
    if (vt_signing_sign(&signing, path, NOW + 1, token) == 0)
        assert(vt_signing_check(&signing, token, path, NOW) == 0 && vt_signing_check(&signing, token, path, NOW + 1) != 0);
    free(path);
    return 0;
}
