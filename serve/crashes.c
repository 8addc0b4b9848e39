#include "serve/crashes.h"

#include <stddef.h>

static int64_t last_of(const struct vt_crashes_of *of)
{
    return of->at_ns[(of->next + VT_CRASHES - 1) % VT_CRASHES];
}

static const struct vt_crashes_of *find(const struct vt_crashes *crashes, uint64_t key)
{
    for (int i = 0; i < VT_CRASHES_KEYS; i++) {
        if (last_of(&crashes->keys[i]) && crashes->keys[i].key == key)
            return &crashes->keys[i];
    }
    return NULL;
}

static struct vt_crashes_of *find_or_make(struct vt_crashes *crashes, uint64_t key)
{
    struct vt_crashes_of *oldest = &crashes->keys[0];
    for (int i = 0; i < VT_CRASHES_KEYS; i++) {
        struct vt_crashes_of *of = &crashes->keys[i];
        if (last_of(of) && of->key == key)
            return of;
        if (last_of(of) < last_of(oldest))
            oldest = of;
    }
    *oldest = (struct vt_crashes_of){.key = key};
    return oldest;
}

bool vt_crashes_note(struct vt_crashes *crashes, uint64_t key, int64_t now_ns)
{
    struct vt_crashes_of *of = find_or_make(crashes, key);
    of->at_ns[of->next] = now_ns;
    of->next = (of->next + 1) % VT_CRASHES;
    int64_t first_ns = of->at_ns[of->next];          // the oldest of the last VT_CRASHES, this one counted
    if (first_ns == 0 || now_ns - first_ns > VT_CRASHES_NS)
        return false;
    of->until_ns = now_ns + VT_CRASHES_BAN_NS;
    return true;
}

bool vt_crashes_allow(const struct vt_crashes *crashes, uint64_t key, int64_t now_ns)
{
    const struct vt_crashes_of *of = find(crashes, key);
    return !of || now_ns >= of->until_ns;
}
