// What is looked into before libavcodec sees it: configurations and pictures past the limits of ingest/codec_config.h are
// found here, and named. Used by ingest/decode.c. Pure.
#pragma once

#include "ingest/decode.h"

// Looks into the unit's configuration. Returns the size of NAL units' lengths (0 where there are none), or -ERANGE for
// one past the limits: *why then says which. A broken one passes: an encoder's next one may be whole, and until then
// its packets count as errors.
int vt_decode_check_config(const struct vt_access_unit *unit, const char **why);

// Looks for sizes, parameter sets and too many units in the picture itself. Returns 0, or -ERANGE for one past the
// limits.
int vt_decode_check_unit(const struct vt_access_unit *unit, int nal_length_size, const char **why);
