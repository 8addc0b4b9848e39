// How long a frame of AAC in MPEG-TS lasts: several share one time, and libavformat does not know without a decoder. Pure.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "ingest/codec.h"

// In ticks of 90 kHz; 0: it does not say. AAC with ADTS headers. LATM says it now and then only: *latm_ticks (0 at first)
// keeps it.
int64_t vt_ts_adts_ticks(const uint8_t *data, size_t size);
int64_t vt_ts_latm_ticks(const uint8_t *data, size_t size, int64_t *latm_ticks);

// What a frame of MPEG audio is by its header: VT_CODEC_MP2 (layers I and II) or VT_CODEC_MP3.
enum vt_codec vt_ts_mpeg_audio(const uint8_t *data, size_t size);
