// Opening libavcodec's decoder for a codec and its configuration, which is looked into first. Used by ingest/decode.c.
#pragma once

#include <libavcodec/avcodec.h>

#include "ingest/decode.h"

// Looks into the unit's configuration. Returns the size of NAL units' lengths (0 where there are none), or -ERANGE for
// one past the limits: *why then says which. A broken one passes: an encoder's next one may be whole, and until then
// its packets count as errors.
int vt_decode_check_config(const struct vt_access_unit *unit, const char **why);

// Looks for parameter sets among the NAL units themselves. Returns 0, or -ERANGE for one past the limits.
int vt_decode_check_unit(const struct vt_access_unit *unit, int nal_length_size, const char **why);

// Returns 0 with *ret open, or NULL where the decoder does not want the configuration; -ENOMEM. `buffer` is called for
// the memory of pictures (with `opaque` in the context) by those decoders that write into what they are given; others
// have memory of their own.
int vt_decode_open(AVCodecContext **ret, const struct vt_access_unit *unit, int threads,
                   int (*buffer)(AVCodecContext *context, AVFrame *frame, int flags), void *opaque);

// Fills a packet with the unit's bytes; start codes become lengths where lengths were announced. Returns 0; -EINVAL for
// bytes that make no sense; -ENOMEM.
int vt_decode_fill(AVPacket *packet, const struct vt_access_unit *unit, int nal_length_size);
