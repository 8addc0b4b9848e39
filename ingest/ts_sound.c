#include "ingest/ts_sound.h"

#include <stdbool.h>

#include "base/mediatime.h"
#include "ingest/bits.h"
#include "ingest/codec_config.h"

#define FRAME      1024                  // samples
#define ADTS_HEAD  7
#define LATM_HEAD  3
#define ASC_BYTES  16                    // as much of a configuration as says the rate

static int64_t ticks_of(int64_t samples, int rate)
{
    return rate > 0 ? vt_muldiv(samples, VT_90K, rate) : 0;
}

int64_t vt_ts_adts_ticks(const uint8_t *data, size_t size)
{
    static const int rates[] = {96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000,
                                7350};
    if (size < ADTS_HEAD || data[0] != 0xff || (data[1] & 0xf6) != 0xf0)
        return 0;
    unsigned rate = data[2] >> 2 & 15, blocks = (data[6] & 3) + 1u;
    return rate < sizeof rates / sizeof rates[0] ? ticks_of(FRAME * (int64_t)blocks, rates[rate]) : 0;
}

static uint32_t read_value(struct vt_bits *b)
{
    uint32_t bytes = vt_bits_read(b, 2), value = 0;
    for (uint32_t i = 0; i <= bytes; i++)
        value = value << 8 | vt_bits_read(b, 8);
    return value;
}

// StreamMuxConfig up to its AudioSpecificConfig (ISO/IEC 14496-3, 1.7.3).
static bool find_config(struct vt_bits *b, uint8_t asc[ASC_BYTES])
{
    bool version = vt_bits_read(b, 1);
    if (version && vt_bits_read(b, 1))
        return false;                    // a future version
    if (version)
        read_value(b);
    vt_bits_read(b, 1 + 6 + 4 + 3);      // same framing, subframes, programs, layers
    if (version)
        read_value(b);
    if (b->failed)
        return false;
    for (int i = 0; i < ASC_BYTES; i++)
        asc[i] = (uint8_t)vt_bits_read(b, 8);
    return true;
}

int64_t vt_ts_latm_ticks(const uint8_t *data, size_t size, int64_t *latm_ticks)
{
    uint8_t asc[ASC_BYTES];
    const char *why;
    struct vt_aac_config config;
    if (size <= LATM_HEAD || data[0] != 0x56 || (data[1] & 0xe0) != 0xe0)
        return *latm_ticks;
    struct vt_bits b = vt_bits(data + LATM_HEAD, size - LATM_HEAD, false);
    bool same = vt_bits_read(&b, 1);
    if (!same && find_config(&b, asc) && vt_aac_config_parse(&config, asc, sizeof asc, &why) == 0)
        *latm_ticks = ticks_of(FRAME, config.sample_rate);
    return *latm_ticks;
}

enum vt_codec vt_ts_mpeg_audio(const uint8_t *data, size_t size)
{
    return size >= 2 && (data[1] >> 1 & 3) == 1 ? VT_CODEC_MP3 : VT_CODEC_MP2;
}
