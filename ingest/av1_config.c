#include <errno.h>

#include "base/bytes.h"
#include "ingest/bits.h"
#include "ingest/codec_config.h"

#define OBU_SEQUENCE_HEADER 1
#define LEVEL_WITH_TIER     7            // levels above it say a tier

// What a sequence header announces, and later fields of it hang on.
struct sequence {
    bool decoder_model, display_delay;
    int delay_bits;
};

static void read_timing(struct sequence *sequence, struct vt_bits *b)
{
    if (!vt_bits_read(b, 1))
        return;
    vt_bits_read(b, 32);                     // ticks
    vt_bits_read(b, 32);
    if (vt_bits_read(b, 1))
        vt_bits_ue(b);
    sequence->decoder_model = vt_bits_read(b, 1);
    if (sequence->decoder_model) {
        sequence->delay_bits = (int)vt_bits_read(b, 5) + 1;
        vt_bits_read(b, 32);
        vt_bits_read(b, 10);                 // lengths of other times
    }
}

static int read_operating_point(const struct sequence *sequence, struct vt_bits *b)
{
    vt_bits_read(b, 12);                     // layers
    int level = (int)vt_bits_read(b, 5);
    if (level > LEVEL_WITH_TIER)
        vt_bits_read(b, 1);
    if (sequence->decoder_model && vt_bits_read(b, 1)) {
        vt_bits_read(b, sequence->delay_bits);
        vt_bits_read(b, sequence->delay_bits);
        vt_bits_read(b, 1);
    }
    if (sequence->display_delay && vt_bits_read(b, 1))
        vt_bits_read(b, 4);
    return level;
}

static int read_level(struct vt_bits *b)
{
    struct sequence sequence = {0};
    if (vt_bits_read(b, 1))                  // the header of a still picture
        return (int)vt_bits_read(b, 5);
    read_timing(&sequence, b);
    sequence.display_delay = vt_bits_read(b, 1);
    int level = 0, points = (int)vt_bits_read(b, 5) + 1;
    for (int i = 0; i < points; i++) {
        int each = read_operating_point(&sequence, b);
        level = i ? level : each;
    }
    return level;
}

static int read_sequence(struct vt_av1_config *config, const uint8_t *data, size_t size, const char **why)
{
    struct vt_bits b = vt_bits(data, size, false);
    int profile = (int)vt_bits_read(&b, 3);
    vt_bits_read(&b, 1);                     // still picture
    int level = read_level(&b);
    int width_bits = (int)vt_bits_read(&b, 4) + 1, height_bits = (int)vt_bits_read(&b, 4) + 1;
    uint64_t width = (uint64_t)vt_bits_read(&b, width_bits) + 1, height = (uint64_t)vt_bits_read(&b, height_bits) + 1;
    if (b.failed || profile > 2) {
        *why = "the AV1 sequence header is broken";
        return -EINVAL;
    }
    if (vt_config_check_size(width, height, why) < 0)
        return -ERANGE;
    config->profile = profile;
    config->level = level;
    config->width = (int)width;
    config->height = (int)height;
    return 0;
}

// SIZE_MAX for a number that is longer than anything here.
static size_t read_leb128(struct vt_reader *r)
{
    uint64_t v = 0;
    for (int i = 0; i < 8; i++) {
        uint8_t byte = vt_read_u8(r);
        v |= (uint64_t)(byte & 127) << (7 * i);
        if (!(byte & 128))
            return v <= INT32_MAX ? (size_t)v : SIZE_MAX;
    }
    return SIZE_MAX;
}

static int read_units(struct vt_av1_config *config, struct vt_reader *r, int most, const char *broken,
                      const char **why)
{
    for (int count = 0; r->left > 0; count++) {
        uint8_t header = vt_read_u8(r);
        if (header & 4)
            vt_read_u8(r);                   // layers
        size_t size = header & 2 ? read_leb128(r) : r->left;
        const uint8_t *data = vt_read_bytes(r, size);
        if (!data) {
            *why = broken;
            return -EINVAL;
        }
        if (count == most) {
            *why = "there are too many AV1 units at once";
            return -ERANGE;
        }
        int error = (header >> 3 & 15) == OBU_SEQUENCE_HEADER ? read_sequence(config, data, size, why) : 0;
        if (error < 0)
            return error;
    }
    return 0;
}

int vt_av1_config_parse(struct vt_av1_config *ret, const uint8_t *data, size_t size, const char **why)
{
    struct vt_av1_config config = {0};
    struct vt_reader r = vt_reader(data, size);
    uint8_t version = vt_read_u8(&r), profile = vt_read_u8(&r), format = vt_read_u8(&r);
    vt_read_u8(&r);                          // delay
    if (r.failed || size > VT_CONFIG_BYTES_MAX) {
        *why = r.failed ? "the av1C record is cut short" : "the av1C record is too long";
        return -EINVAL;
    }
    if (version != 0x81 || profile >> 5 > 2) {
        *why = "not an av1C record";
        return -EINVAL;
    }
    config.profile = profile >> 5;
    config.level = profile & 31;
    config.bit_depth = !(format & 0x40) ? 8 : format & 0x20 ? 12 : 10;
    int error = read_units(&config, &r, VT_CONFIG_OBUS_MAX, "the av1C record is broken", why);
    if (error == 0)
        *ret = config;
    return error;
}

int vt_av1_unit_parse(struct vt_av1_config *ret, const uint8_t *data, size_t size, const char **why)
{
    struct vt_av1_config config = {0};
    struct vt_reader r = vt_reader(data, size);
    int error = read_units(&config, &r, VT_UNIT_OBUS_MAX, "the AV1 units are cut short", why);
    if (error == 0)
        *ret = config;
    return error;
}
