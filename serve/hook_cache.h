// What the webhook has answered a short while ago, so that an encoder that comes back need not wait for it. Pure.
#pragma once

#include "serve/hook_answer.h"

#define VT_HOOK_CACHED 256               // answers; the oldest gives way

struct vt_hook_cache;

// Zero for `keep_ns`: nothing is kept.
int vt_hook_cache_new(struct vt_hook_cache **ret, int64_t keep_ns);
void vt_hook_cache_free(struct vt_hook_cache **cache);

// Returns 1 with *ret, or 0. `now_ns`: any clock that never steps.
int vt_hook_cache_get(const struct vt_hook_cache *cache, const struct vt_hook_question *question, int64_t now_ns,
                      struct vt_hook_answer *ret);

// A failure is not kept: the next one asks again.
void vt_hook_cache_put(struct vt_hook_cache *cache, const struct vt_hook_question *question, int64_t now_ns,
                       const struct vt_hook_answer *answer);
