#include "serve/hook_cache.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    unsigned char digest[SHA256_DIGEST_LENGTH];      // of the question, so that no key is kept
    int64_t until_ns;                                // 0: never used
    struct vt_hook_answer answer;
};

struct vt_hook_cache {
    int64_t keep_ns;
    int next;                                        // the oldest: all are kept for the same time
    struct entry entries[VT_HOOK_CACHED];
};

int vt_hook_cache_new(struct vt_hook_cache **ret, int64_t keep_ns)
{
    struct vt_hook_cache *cache = calloc(1, sizeof *cache);
    if (!cache)
        return -ENOMEM;
    cache->keep_ns = keep_ns;
    *ret = cache;
    return 0;
}

void vt_hook_cache_free(struct vt_hook_cache **cache)
{
    free(*cache);
    *cache = NULL;
}

// The encoder's name is left out: it decides nothing. False when there is no memory to tell.
static bool digest_of(const struct vt_hook_question *question, unsigned char digest[SHA256_DIGEST_LENGTH])
{
    const char *parts[] = {question->key, question->address, question->protocol,
                           question->channel ? question->channel : ""};
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool well = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL);
    for (size_t i = 0; well && i < sizeof parts / sizeof parts[0]; i++)
        well = EVP_DigestUpdate(context, parts[i], strlen(parts[i]) + 1);
    well = well && EVP_DigestFinal_ex(context, digest, NULL);
    EVP_MD_CTX_free(context);
    return well;
}

int vt_hook_cache_get(const struct vt_hook_cache *cache, const struct vt_hook_question *question, int64_t now_ns,
                      struct vt_hook_answer *ret)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    if (!digest_of(question, digest))
        return 0;
    for (int i = 0; i < VT_HOOK_CACHED; i++) {
        const struct entry *entry = &cache->entries[i];
        if (entry->until_ns <= now_ns || memcmp(entry->digest, digest, sizeof digest) != 0)
            continue;
        *ret = entry->answer;
        return 1;
    }
    return 0;
}

void vt_hook_cache_put(struct vt_hook_cache *cache, const struct vt_hook_question *question, int64_t now_ns,
                       const struct vt_hook_answer *answer)
{
    struct entry *entry = &cache->entries[cache->next];
    if (answer->verdict == VT_HOOK_FAILED || cache->keep_ns == 0)
        return;
    entry->until_ns = 0;
    if (!digest_of(question, entry->digest))
        return;
    cache->next = (cache->next + 1) % VT_HOOK_CACHED;
    entry->until_ns = now_ns + cache->keep_ns;
    entry->answer = *answer;
}
