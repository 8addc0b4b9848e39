// Decoded pictures of any form -> whole, upright, eight-bit 4:2:0 ones in SDR. Used by ingest/decode.c.
//
// Interlaced pictures are deinterlaced (one picture out for one in, a picture later) and turned ones set upright, by
// libavfilter; PQ, HLG and BT.2020 become BT.709 (ingest/tonemap.h); other layouts and depths are converted. What a
// stream does not need is not opened, and plain pictures go on untouched.
#pragma once

#include "ingest/decode.h"

#define VT_PICTURE_PROGRESSIVE 100       // such pictures in a row end the deinterlacing

struct vt_decode_picture;

int vt_decode_picture_new(struct vt_decode_picture **ret, const struct vt_decode_sink *sink);
void vt_decode_picture_free(struct vt_decode_picture **picture);

// Gives a picture, its pts in ns and rising, on to the sink, or holds it until the next one. -EINVAL: it cannot be
// converted; -ENOMEM; or what the sink returned.
int vt_decode_picture_put(struct vt_decode_picture *picture, AVFrame *frame);
int vt_decode_picture_flush(struct vt_decode_picture *picture);      // gives out what is held

// What is done to the present pictures, as a person reads it: "deinterlaced, turned, HDR to SDR" (or
// "BT.2020 to BT.709"); "" for nothing.
const char *vt_decode_picture_done(const struct vt_decode_picture *picture);
