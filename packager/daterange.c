#include "packager/cue.h"

#define CLASS "com.vitrine.cue"

// base64url without padding: RFC 4648 §5.
static void write_base64url(struct vt_writer *w, const char *data, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (size_t at = 0; at < size; at += 3) {
        size_t bytes = size - at < 3 ? size - at : 3;
        uint32_t v = 0;
        for (size_t i = 0; i < 3; i++)
            v = v << 8 | (i < bytes ? (uint8_t)data[at + i] : 0);
        for (size_t i = 0; i <= bytes; i++)
            vt_write_u8(w, (uint8_t)digits[v >> (18 - 6 * i) & 63]);
    }
}

void vt_cue_daterange(struct vt_writer *w, const char *id, int64_t rev, int64_t start_ns, int64_t duration_ns,
                      const char *json, size_t size)
{
    char start[VT_TIME_TEXT];
    vt_format_time(start_ns, start);
    int64_t ms = (duration_ns + VT_NS_PER_MS - 1) / VT_NS_PER_MS;
    vt_write_format(w, "#EXT-X-DATERANGE:ID=\"%s.%lld\",CLASS=\"" CLASS "\",START-DATE=\"%s\",DURATION=%lld.%03d,"
                    "X-COM-VITRINE-CUE=\"", id, (long long)rev, start, (long long)(ms / 1000), (int)(ms % 1000));
    write_base64url(w, json, size);
    vt_write_text(w, "\"\n");
}
