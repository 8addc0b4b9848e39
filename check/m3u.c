#include "check/m3u.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const char *const tag_names[] = {
    [VT_TAG_OTHER] = "",
#define TAG(kind, name, value, place, rule) [VT_TAG_##kind] = name,
#include "check/tags.def"
#undef TAG
};

const char *vt_tag_name(enum vt_tag_kind kind)
{
    return tag_names[kind];
}

void vt_m3u_free(struct vt_m3u **m3u)
{
    if (!*m3u)
        return;
    free((*m3u)->tags);
    free((*m3u)->attributes);
    free((*m3u)->segments);
    free((*m3u)->parts);
    free((*m3u)->ranges);
    free((*m3u)->streams);
    free((*m3u)->lines);
    free((*m3u)->text);
    free(*m3u);
    *m3u = NULL;
}

const struct vt_attribute *vt_m3u_attribute(const struct vt_m3u *m3u, int tag, const char *name)
{
    if (tag < 0)
        return NULL;
    const struct vt_tag *one = &m3u->tags[tag];
    for (int i = 0; i < one->count; i++)
        if (strcmp(m3u->attributes[one->first + i].name, name) == 0)
            return &m3u->attributes[one->first + i];
    return NULL;
}

const char *vt_m3u_value(const struct vt_m3u *m3u, int tag, const char *name)
{
    const struct vt_attribute *found = vt_m3u_attribute(m3u, tag, name);
    return found ? found->value : NULL;
}

bool vt_m3u_yes(const struct vt_m3u *m3u, int tag, const char *name)
{
    const char *value = vt_m3u_value(m3u, tag, name);
    return value && strcmp(value, "YES") == 0;
}

const struct vt_m3u_segment *vt_m3u_find(const struct vt_m3u *m3u, uint64_t msn)
{
    if (m3u->n_segments == 0 || msn < m3u->segments[0].msn)
        return NULL;
    uint64_t index = msn - m3u->segments[0].msn;
    return index < (uint64_t)m3u->n_segments ? &m3u->segments[index] : NULL;
}

uint64_t vt_m3u_next(const struct vt_m3u *m3u)
{
    return m3u->msn + m3u->skipped + (uint64_t)m3u->n_segments;
}

double vt_m3u_duration(const struct vt_m3u *m3u)
{
    double sum = 0;
    for (int i = 0; i < m3u->n_segments; i++)
        sum += m3u->segments[i].duration;
    for (int i = 0; i < m3u->open.parts; i++)
        sum += m3u->parts[m3u->open.first_part + i].duration;
    return sum;
}

bool vt_m3u_last_part(const struct vt_m3u *m3u, uint64_t *ret_msn, int *ret_part)
{
    const struct vt_m3u_segment *last = m3u->n_segments ? &m3u->segments[m3u->n_segments - 1] : NULL;
    if (m3u->open.parts) {
        *ret_msn = vt_m3u_next(m3u);
        *ret_part = m3u->open.parts - 1;
        return true;
    }
    if (!last || !last->parts)
        return false;
    *ret_msn = last->msn;
    *ret_part = last->parts - 1;
    return true;
}
