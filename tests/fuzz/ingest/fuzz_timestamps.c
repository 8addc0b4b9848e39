// Two tracks with any times, arriving at any rate: decoding times always rise, and a picture is never shown more than
// the limit away from when it was decoded.
//
// The last byte's lowest bit chooses between milliseconds and MPEG-TS ticks. Records of 8 bytes: track and size of the step (1 byte), step of the sender's clock (32 bits), composition (8 bits,
// in 100 ms), arrival step (16 bits, in ms).
#include <assert.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "ingest/timestamps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vt_timestamps times = {0};
    struct vt_reader r = vt_reader(data, size);
    uint32_t raw[2] = {0};
    int64_t last[2] = {INT64_MIN, INT64_MIN}, arrival = 1000 * VT_NS_PER_S;
    bool ticks = size > 0 && (data[size - 1] & 1);
    while (r.left >= 8) {
        uint8_t head = vt_read_u8(&r);
        int track = head & 1;
        uint32_t step = vt_read_u32be(&r);
        raw[track] += head & 2 ? step : step % 3000 - 1000;
        int32_t composition = (int8_t)vt_read_u8(&r) * 100;
        arrival += vt_read_u16be(&r) * VT_NS_PER_MS;
        struct vt_times out;
        if (ticks)
            vt_timestamps_map_ticks(&times, (enum vt_time_track)track, (uint64_t)raw[track] * 90,
                                    (uint64_t)raw[track] * 90 + (uint64_t)(composition * 90), arrival, &out);
        else
            vt_timestamps_map(&times, (enum vt_time_track)track, raw[track], composition, arrival, &out);
        assert(out.dts_ns > last[track]);
        assert(llabs(out.pts_ns - out.dts_ns) <= VT_TIME_COMPOSITION_MAX_MS * VT_NS_PER_MS);
        last[track] = out.dts_ns;
    }
    return 0;
}
