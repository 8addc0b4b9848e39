#include "studio/avc.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

enum nal_type { NAL_SPS = 7, NAL_PPS = 8, NAL_DELIMITER = 9, NAL_FILLER = 12 };

struct nal {
    const uint8_t *data;
    size_t size;
};

// The position of the next 00 00 01, or `size`.
static size_t start_code(const uint8_t *data, size_t size, size_t at)
{
    while (at + 3 <= size) {
        const uint8_t *one = memchr(data + at + 2, 1, size - at - 2);
        if (!one)
            return size;
        at = (size_t)(one - data) - 2;
        if (data[at] == 0 && data[at + 1] == 0)
            return at;
        at++;
    }
    return size;
}

// Takes the next NAL unit. *at is 0 at first.
static bool next_nal(const uint8_t *data, size_t size, size_t *at, struct nal *ret)
{
    size_t code = start_code(data, size, *at);
    if (code == size)
        return false;
    size_t begin = code + 3, end = start_code(data, size, begin);
    *at = end;
    while (end > begin && data[end - 1] == 0)    // a zero of the next start code, or trailing ones
        end--;
    *ret = (struct nal){data + begin, end - begin};
    return true;
}

static int type_of(const struct nal *nal)
{
    return nal->size ? nal->data[0] & 31 : -1;
}

static uint8_t *put_set(uint8_t *out, const struct nal *nal)
{
    *out++ = 1;
    *out++ = (uint8_t)(nal->size >> 8);
    *out++ = (uint8_t)nal->size;
    memcpy(out, nal->data, nal->size);
    return out + nal->size;
}

int vt_avc_config(uint8_t out[VT_AVC_CONFIG_MAX], const uint8_t *annex_b, size_t size)
{
    struct nal nal, sps = {0}, pps = {0};
    for (size_t at = 0; next_nal(annex_b, size, &at, &nal);) {
        if (type_of(&nal) == NAL_SPS && !sps.data)
            sps = nal;
        if (type_of(&nal) == NAL_PPS && !pps.data)
            pps = nal;
    }
    if (sps.size < 4 || !pps.data)
        return -EINVAL;
    if (sps.size + pps.size + 15 > VT_AVC_CONFIG_MAX)
        return -EMSGSIZE;
    uint8_t *p = out, profile = sps.data[1];
    *p++ = 1;
    memcpy(p, sps.data + 1, 3);
    p += 3;
    *p++ = 0xfc | 3;
    p = put_set(p, &sps);
    out[5] |= 0xe0;
    p = put_set(p, &pps);
    if (profile == 100 || profile == 110 || profile == 122 || profile == 144) {
        memcpy(p, (uint8_t[]){0xfc | 1, 0xf8, 0xf8, 0}, 4);      // 4:2:0, 8 bits, no SPS extension
        p += 4;
    }
    return (int)(p - out);
}

// A start code of three bytes becomes a length of four.
size_t vt_avc_sample_room(size_t size)
{
    return size + size / 3 + 4;
}

size_t vt_avc_sample(uint8_t *out, const uint8_t *annex_b, size_t size)
{
    struct nal nal;
    uint8_t *p = out;
    for (size_t at = 0; next_nal(annex_b, size, &at, &nal);) {
        int type = type_of(&nal);
        if (type < 0 || type == NAL_SPS || type == NAL_PPS || type == NAL_DELIMITER || type == NAL_FILLER)
            continue;
        *p++ = (uint8_t)(nal.size >> 24);
        *p++ = (uint8_t)(nal.size >> 16);
        *p++ = (uint8_t)(nal.size >> 8);
        *p++ = (uint8_t)nal.size;
        memcpy(p, nal.data, nal.size);
        p += nal.size;
    }
    return (size_t)(p - out);
}
