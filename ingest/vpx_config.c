#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "ingest/bits.h"
#include "ingest/codec_config.h"

#define VP9_MARKER      2                // first two bits of a frame
#define VP9_SYNC        0x498342
#define VP9_RGB         7                // colour space
#define SUPERFRAME_MARK 6                // first three bits of its index

int vt_vp9_config_parse(struct vt_vp9_config *ret, const uint8_t *data, size_t size, const char **why)
{
    struct vt_reader r = vt_reader(data, size);
    uint8_t version = vt_read_u8(&r);
    vt_read_skip(&r, 3);
    uint8_t profile = vt_read_u8(&r), level = vt_read_u8(&r), format = vt_read_u8(&r);
    int bit_depth = format >> 4;
    if (r.failed || size > VT_CONFIG_BYTES_MAX) {
        *why = r.failed ? "the vpcC record is cut short" : "the vpcC record is too long";
        return -EINVAL;
    }
    if (version != 1 || profile > 3 || (bit_depth != 8 && bit_depth != 10 && bit_depth != 12)) {
        *why = "not a vpcC record of VP9";
        return -EINVAL;
    }
    *ret = (struct vt_vp9_config){profile, level, bit_depth};
    return 0;
}

static int give_size(int *ret_width, int *ret_height, uint32_t width, uint32_t height, const char **why)
{
    if (vt_config_check_size(width, height, why) < 0)
        return -ERANGE;
    *ret_width = (int)width;
    *ret_height = (int)height;
    return 0;
}

int vt_vp8_frame_parse(int *ret_width, int *ret_height, const uint8_t *data, size_t size, const char **why)
{
    struct vt_reader r = vt_reader(data, size);
    bool key = !(vt_read_u8(&r) & 1);
    vt_read_skip(&r, 2);                     // the rest of the tag
    if (!r.failed && !key)
        return give_size(ret_width, ret_height, 0, 0, why);
    const uint8_t *start = vt_read_bytes(&r, 7);
    if (!start || memcmp(start, "\x9d\x01\x2a", 3) != 0) {
        *why = "the VP8 frame is broken";
        return -EINVAL;
    }
    return give_size(ret_width, ret_height, (start[3] | start[4] << 8) & 0x3fff, (start[5] | start[6] << 8) & 0x3fff,
                     why);
}

// -- VP9

static void skip_colours(struct vt_bits *b, uint32_t profile)
{
    if (profile >= 2)
        vt_bits_read(b, 1);                  // depth
    bool rgb = vt_bits_read(b, 3) == VP9_RGB;
    if (!rgb)
        vt_bits_read(b, 1);                  // range
    if (profile & 1)
        vt_bits_read(b, rgb ? 1 : 3);        // subsampling
}

static bool read_sync(struct vt_bits *b)
{
    return vt_bits_read(b, 24) == VP9_SYNC;
}

// Up to the size, which a frame may leave to those it refers to. Returns whether it is there.
static bool seek_size(struct vt_bits *b, uint32_t profile)
{
    bool key = !vt_bits_read(b, 1), shown = vt_bits_read(b, 1), resilient = vt_bits_read(b, 1);
    if (key) {
        b->failed = !read_sync(b) || b->failed;
        skip_colours(b, profile);
        return true;
    }
    bool intra = shown ? false : vt_bits_read(b, 1);
    if (!resilient)
        vt_bits_read(b, 2);
    if (intra) {
        b->failed = !read_sync(b) || b->failed;
        if (profile > 0)
            skip_colours(b, profile);
        vt_bits_read(b, 8);                  // what it refreshes
        return true;
    }
    vt_bits_read(b, 8);
    vt_bits_read(b, 12);                     // three references
    for (int i = 0; i < 3; i++) {
        if (vt_bits_read(b, 1))
            return false;
    }
    return true;
}

static int parse_frame(int *ret_width, int *ret_height, const uint8_t *data, size_t size, const char **why)
{
    struct vt_bits b = vt_bits(data, size, false);
    uint32_t marker = vt_bits_read(&b, 2), low = vt_bits_read(&b, 1), profile = vt_bits_read(&b, 1) << 1 | low;
    uint32_t width = 0, height = 0;
    if (profile == 3)
        vt_bits_read(&b, 1);
    bool again = vt_bits_read(&b, 1);        // shows a picture that is there already
    if (!again && seek_size(&b, profile)) {
        width = vt_bits_read(&b, 16) + 1;
        height = vt_bits_read(&b, 16) + 1;
    }
    if (b.failed || marker != VP9_MARKER) {
        *why = "the VP9 frame is broken";
        return -EINVAL;
    }
    return give_size(ret_width, ret_height, width, height, why);
}

// Reads the index at the end of a superframe; 0 if there is none, else how many frames it has.
static int read_index(uint32_t sizes[8], const uint8_t *data, size_t size)
{
    uint8_t mark = size > 0 ? data[size - 1] : 0;
    int count = (mark & 7) + 1, bytes = (mark >> 3 & 3) + 1;
    size_t length = 2 + (size_t)(count * bytes);
    if (mark >> 5 != SUPERFRAME_MARK || size < length || data[size - length] != mark)
        return 0;
    const uint8_t *at = data + size - length + 1;
    for (int i = 0; i < count; i++) {
        sizes[i] = 0;
        for (int j = 0; j < bytes; j++)
            sizes[i] |= (uint32_t)*at++ << (8 * j);
    }
    return count;
}

int vt_vp9_frame_parse(int *ret_width, int *ret_height, const uint8_t *data, size_t size, const char **why)
{
    uint32_t sizes[8];
    int count = read_index(sizes, data, size), width = 0, height = 0, error = 0;
    struct vt_reader r = vt_reader(data, size);
    if (count == 0)
        return parse_frame(ret_width, ret_height, data, size, why);
    for (int i = 0; i < count && !error; i++) {
        const uint8_t *frame = vt_read_bytes(&r, sizes[i]);
        if (!frame) {
            *why = "the VP9 superframe is broken";
            return -EINVAL;
        }
        int w = 0, h = 0;
        error = sizes[i] > 0 ? parse_frame(&w, &h, frame, sizes[i], why) : 0;
        if (w > 0) {
            width = w;
            height = h;
        }
    }
    if (!error) {
        *ret_width = width;
        *ret_height = height;
    }
    return error;
}
