// Any text is read as a playlist, or refused for its size, and can then be judged, alone and as a change of another.
#include <assert.h>
#include <string.h>

#include "check/snapshot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vt_findings findings = {.count = 0};
    struct vt_m3u *m3u = NULL;
    if (vt_m3u_read(&m3u, "http://127.0.0.1/v.m3u8", data, size, &findings) == 0) {
        vt_check_snapshot(m3u, size % 2, &findings);
        for (int i = 0; i < m3u->n_segments; i++)
            assert(m3u->segments[i].first_part + m3u->segments[i].parts <= m3u->n_parts);
        assert(m3u->open.first_part + m3u->open.parts <= m3u->n_parts);
        assert(findings.count <= VT_FINDINGS_MAX);
    }
    vt_m3u_free(&m3u);
    vt_findings_free(&findings);
    return 0;
}
