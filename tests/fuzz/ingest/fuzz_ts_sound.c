// Frames of AAC in MPEG-TS: how long they last is a length that there is, and depends on nothing behind their headers;
// what a LATM frame says stays until another says something else.
//
// The first byte is the length of the first frame; the second frame is the rest.
#include <assert.h>
#include <stdint.h>

#include "ingest/ts_sound.h"

#define LONGEST 50156                    // ticks of four blocks at 7350 Hz, the most that ADTS can say

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static int64_t latm(const unsigned char *data, size_t size, int64_t kept)
{
    int64_t before = kept, ticks = vt_ts_latm_ticks(data, size, &kept);
    assert(ticks == kept && ticks >= 0 && ticks <= LONGEST);
    assert(ticks > 0 || before == 0);
    return kept;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    if (size < 1)
        return 0;
    size_t first = data[0] < size - 1 ? data[0] : size - 1;
    const unsigned char *second = ++data + first;
    size_t rest = size - 1 - first;
    int64_t adts = vt_ts_adts_ticks(data, first);
    assert(adts >= 0 && adts <= LONGEST);
    assert(adts == 0 || adts == vt_ts_adts_ticks(data, 7));
    (void)latm(second, rest, latm(data, first, 0));
    enum vt_codec codec = vt_ts_mpeg_audio(data, first);
    assert(codec == VT_CODEC_MP2 || codec == VT_CODEC_MP3);
    return 0;
}
