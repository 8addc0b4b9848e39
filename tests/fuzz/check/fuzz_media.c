// Any bytes are read as a segment of fragmented MP4 or MPEG-TS, and then held against the rules.
#include <assert.h>
#include <string.h>

#include "check/media_rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(const struct vt_media *media, const struct vt_media *last, size_t size)
{
    static const char text[] = "#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXT-X-PART-INF:PART-TARGET=1\n"
                               "#EXT-X-PART:DURATION=1,URI=\"p\"\n#EXTINF:1,\nv\n";
    struct vt_findings findings = {.count = 0};
    struct vt_m3u *m3u = NULL;
    int error = vt_m3u_read(&m3u, "http://127.0.0.1/v.m3u8", text, sizeof text - 1, &findings);
    assert(!error);
    vt_check_init("u", media, &findings);
    vt_check_segment(m3u, &m3u->segments[0], "u", media, size, last, &findings);
    vt_check_part_media(&m3u->parts[0], "u", media, &findings);
    vt_check_codecs("u", 0, "avc1.64001f,mp4a.40.2", media, &findings);
    vt_m3u_free(&m3u);
    vt_findings_free(&findings);
}

// Input: a byte that says where the first of two files ends, then both.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vt_media one, two;
    if (size < 1)
        return 0;
    size_t first = (size - 1) * data[0] / 255;
    vt_media_read(&one, NULL, data + 1, first);
    vt_media_read(&two, &one, data + 1 + first, size - 1 - first);
    assert(one.n_tracks <= VT_MEDIA_TRACKS && two.n_tracks <= VT_MEDIA_TRACKS && two.n_pids <= VT_MEDIA_PIDS);
    judge(&one, NULL, first);
    judge(&two, &one, size - 1 - first);
    return 0;
}
