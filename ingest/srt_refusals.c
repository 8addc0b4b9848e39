#include "ingest/srt_refusals.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

void vt_srt_refusals_name(uint8_t who[32], uint64_t group, const char *key)
{
    uint8_t address[32], both[64];
    EVP_Digest(&group, sizeof group, address, NULL, EVP_sha256(), NULL);
    EVP_Digest(key, strlen(key), both + sizeof address, NULL, EVP_sha256(), NULL);
    memcpy(both, address, sizeof address);
    EVP_Digest(both, sizeof both, who, NULL, EVP_sha256(), NULL);
}

static const struct vt_srt_refusal *find(const struct vt_srt_refusals *refusals, const uint8_t who[32])
{
    for (int i = 0; i < VT_SRT_REFUSALS; i++) {
        const struct vt_srt_refusal *one = &refusals->list[i];
        if (one->code && CRYPTO_memcmp(one->who, who, sizeof one->who) == 0)
            return one;
    }
    return NULL;
}

static struct vt_srt_refusal *first_to_go(struct vt_srt_refusals *refusals)
{
    struct vt_srt_refusal *first = &refusals->list[0];
    for (int i = 1; i < VT_SRT_REFUSALS && first->code; i++) {
        struct vt_srt_refusal *one = &refusals->list[i];
        if (!one->code || one->until_ns < first->until_ns)
            first = one;
    }
    return first;
}

void vt_srt_refusals_put(struct vt_srt_refusals *refusals, const uint8_t who[32], int code, int64_t until_ns)
{
    struct vt_srt_refusal *place = (struct vt_srt_refusal *)find(refusals, who);
    if (!place && code)
        place = first_to_go(refusals);
    if (!place)
        return;
    *place = (struct vt_srt_refusal){.code = code, .until_ns = until_ns};
    memcpy(place->who, who, sizeof place->who);
}

int vt_srt_refusals_get(const struct vt_srt_refusals *refusals, const uint8_t who[32], int64_t now_ns)
{
    const struct vt_srt_refusal *one = find(refusals, who);
    return one && one->until_ns > now_ns ? one->code : 0;
}
