// Opening libavcodec's decoder for a codec and its configuration, which ingest/decode_check.h has looked into. Used by
// ingest/decode.c.
#pragma once

#include <libavcodec/avcodec.h>

#include "ingest/decode.h"

// Returns 0 with *ret open, or NULL where the decoder does not want the configuration; -ENOMEM. `buffer` is called for
// the memory of pictures (with `opaque` in the context) by those decoders that write into what they are given; others
// have memory of their own.
int vt_decode_open(AVCodecContext **ret, const struct vt_access_unit *unit, int threads,
                   int (*buffer)(AVCodecContext *context, AVFrame *frame, int flags), void *opaque);

// Fills a packet with the unit's bytes; start codes become lengths where lengths were announced; filler data, and
// supplemental information past VT_UNIT_SEI_MAX, is left out. Returns 0; 1 when there is nothing to decode in it; -EINVAL
// for bytes that make no sense; -ENOMEM.
int vt_decode_fill(AVPacket *packet, const struct vt_access_unit *unit, int nal_length_size);
