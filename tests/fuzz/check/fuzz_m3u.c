// Any text is read as a playlist, or refused for its size, and can then be judged, alone and as a change of another.
#include <assert.h>
#include <string.h>

#include "check/change.h"
#include "check/snapshot.h"
#include "check/together.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(const struct vt_m3u *m3u, bool final, struct vt_findings *findings)
{
    vt_check_snapshot(m3u, final, findings);
    for (int i = 0; i < m3u->n_segments; i++)
        assert(m3u->segments[i].first_part + m3u->segments[i].parts <= m3u->n_parts);
    assert(m3u->open.first_part + m3u->open.parts <= m3u->n_parts);
}

// Input: two versions, the first one up to a NUL.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum vt_check_kind kinds[] = {VT_CHECK_VIDEO, VT_CHECK_AUDIO};
    struct vt_findings findings = {.count = 0};
    struct vt_m3u *one = NULL, *two = NULL;
    const uint8_t *end = size ? memchr(data, 0, size) : NULL;
    size_t first = end ? (size_t)(end - data) : size;
    if (vt_m3u_read(&one, "http://127.0.0.1/v.m3u8", data, first, &findings) == 0)
        judge(one, size % 2, &findings);
    if (one && vt_m3u_read(&two, "http://127.0.0.1/a.m3u8", data + first, size - first, &findings) == 0) {
        struct vt_check_pair pair = {one, two, VT_CHECK_VIDEO, VT_CHECK_AUDIO};
        const struct vt_m3u *const list[] = {one, two};
        judge(two, false, &findings);
        vt_check_change(one, two, &findings);
        vt_check_delta(one, two, one, size % 3 == 0, &findings);
        vt_check_pair(&pair, &findings);
        vt_check_together(NULL, list, kinds, 2, &findings);
    }
    assert(findings.count <= VT_FINDINGS_MAX);
    vt_m3u_free(&one);
    vt_m3u_free(&two);
    vt_findings_free(&findings);
    return 0;
}
