#include "ingest/nal_units.h"

#include <errno.h>
#include <string.h>

// Where the next 00 00 01 of `size` bytes begins; `size` if there is none.
static size_t find_code(const uint8_t *data, size_t size)
{
    for (size_t at = 2; at < size; at++) {
        const uint8_t *one = memchr(data + at, 1, size - at);
        if (!one)
            return size;
        at = (size_t)(one - data);
        if (data[at - 1] == 0 && data[at - 2] == 0)
            return at - 2;
    }
    return size;
}

// Whether the bytes are exactly a run of length-prefixed NAL units.
static bool has_lengths(struct vt_reader r, int length_size)
{
    while (r.left > 0) {
        uint32_t size = 0;
        for (int i = 0; i < length_size; i++)
            size = size << 8 | vt_read_u8(&r);
        vt_read_skip(&r, size);
        if (r.failed)
            return false;
    }
    return true;
}

int vt_nal_length_size(const uint8_t *data, size_t size, int announced)
{
    if (announced == 0 || has_lengths(vt_reader(data, size), announced))
        return announced;
    size_t zeros = size > 0 && data[0] == 0 ? 1 : 0;
    return find_code(data, size) <= zeros && size > 3 ? 0 : -EINVAL;
}

struct vt_nal_walk vt_nal_walk(const uint8_t *data, size_t size, int length_size)
{
    struct vt_nal_walk walk = {vt_reader(data, size), length_size};
    if (!length_size)
        vt_read_skip(&walk.r, find_code(data, size));
    return walk;
}

static size_t next_size(struct vt_nal_walk *walk)
{
    struct vt_reader *r = &walk->r;
    size_t size = 0;
    for (int i = 0; i < walk->length_size; i++)
        size = size << 8 | vt_read_u8(r);
    if (walk->length_size)
        return size;
    vt_read_skip(r, 3);
    return find_code(r->at, r->left);
}

bool vt_nal_next(struct vt_nal_walk *walk, struct vt_nal *ret)
{
    while (walk->r.left > 0) {
        size_t size = next_size(walk);
        const uint8_t *data = vt_read_bytes(&walk->r, size);
        if (!data)
            return false;
        // the zero of a start code of four bytes
        if (!walk->length_size && walk->r.left > 0 && size > 0 && data[size - 1] == 0)
            size--;
        if (size > 0) {
            *ret = (struct vt_nal){data, size};
            return true;
        }
    }
    return false;
}

static enum vt_nal_use avc_use(const struct vt_nal *nal)
{
    switch (nal->data[0] & 31) {
    case 6:
        return VT_NAL_SEI;
    case 7:
        return VT_NAL_SPS;
    case 9:
    case 12:
        return VT_NAL_PADDING;
    default:
        return VT_NAL_PICTURE;
    }
}

static enum vt_nal_use hevc_use(const struct vt_nal *nal)
{
    switch (nal->data[0] >> 1 & 63) {
    case 33:
        return VT_NAL_SPS;
    case 35:
    case 38:
        return VT_NAL_PADDING;
    case 39:
    case 40:
        return VT_NAL_SEI;
    default:
        return VT_NAL_PICTURE;
    }
}

enum vt_nal_use vt_nal_use(const struct vt_nal *nal, bool hevc)
{
    return hevc ? hevc_use(nal) : avc_use(nal);
}
