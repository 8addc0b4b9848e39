// Two tracks with any times, arriving at any rate: decoding times always rise, a picture is never shown more than the
// limit away from when it was decoded, and nothing runs ahead of the arrival clock without bounds. Tracks whose messages
// carry the same times and come together stay together.
//
// The last byte's lowest bit chooses between milliseconds and MPEG-TS ticks. Records of 8 bytes: track and size of the
// step (1 byte), step of the sender's clock (32 bits), composition (8 bits, in 100 ms), arrival step (16 bits, in ms).
#include <assert.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "ingest/timestamps.h"

#define START_NS (1000 * VT_NS_PER_S)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// A publisher's two tracks, and what came out of each last.
struct line {
    struct vt_timestamps times;
    bool ticks;
    int64_t last[VT_TIME_TRACKS];
};

static int64_t map(struct line *line, int track, uint32_t raw, int32_t composition_ms, int64_t arrival_ns)
{
    struct vt_times out;
    uint64_t dts = (uint64_t)raw * 90;
    if (line->ticks)
        vt_timestamps_map_ticks(&line->times, (enum vt_time_track)track, dts, dts + (uint64_t)(composition_ms * 90),
                                arrival_ns, &out);
    else
        vt_timestamps_map(&line->times, (enum vt_time_track)track, raw, composition_ms, arrival_ns, &out);
    assert(out.dts_ns > line->last[track]);
    assert(llabs(out.pts_ns - out.dts_ns) <= VT_TIME_COMPOSITION_MAX_MS * VT_NS_PER_MS);
    // ahead of the arrival clock as far as it may be, which itself follows the sender's by a fiftieth
    int64_t passed = arrival_ns - START_NS;
    assert(out.dts_ns - passed <= VT_TIME_AHEAD_MAX_NS + 2 * VT_TIME_STEP_MAX_NS + passed / 50);
    line->last[track] = out.dts_ns;
    return out.dts_ns;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vt_reader r = vt_reader(data, size);
    uint32_t raw[VT_TIME_TRACKS] = {0};
    int64_t arrival = START_NS;
    bool ticks = size > 0 && (data[size - 1] & 1);
    struct line any = {.ticks = ticks, .last = {INT64_MIN, INT64_MIN}}, together = any;
    while (r.left >= 8) {
        uint8_t head = vt_read_u8(&r);
        int track = head & 1;
        uint32_t step = vt_read_u32be(&r);
        raw[track] += head & 2 ? step : step % 3000 - 1000;
        int32_t composition = (int8_t)vt_read_u8(&r) * 100;
        arrival += vt_read_u16be(&r) * VT_NS_PER_MS;
        map(&any, track, raw[track], composition, arrival);
        int64_t sound = map(&together, VT_TIME_AUDIO, raw[track], 0, arrival);
        int64_t picture = map(&together, VT_TIME_VIDEO, raw[track], composition, arrival);
        assert(llabs(sound - picture) <= VT_DRIFT_APART_MAX_NS);
    }
    assert(vt_timestamps_mended(&any.times) >= 0);
    (void)vt_timestamps_sound_lag(&any.times);
    return 0;
}
