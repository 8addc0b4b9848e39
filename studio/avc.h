// H.264 as encoders give it (start codes, ISO/IEC 14496-10 annex B) to H.264 as files hold it (lengths, ISO/IEC
// 14496-15 §5.3). Pure.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define VT_AVC_CONFIG_MAX 1024

// Makes avcC from an encoder's parameter sets, one SPS and one PPS among whatever else stands there. Returns its size,
// -EINVAL when one of them is missing, -EMSGSIZE when they do not fit.
int vt_avc_config(uint8_t out[VT_AVC_CONFIG_MAX], const uint8_t *annex_b, size_t size);

// Rewrites an access unit with 4-byte lengths, without the parameter sets, delimiters and filler, which do not belong
// into a sample. `out` has room for vt_avc_sample_room(size) bytes. Returns the sample's size.
size_t vt_avc_sample(uint8_t *out, const uint8_t *annex_b, size_t size);
size_t vt_avc_sample_room(size_t size);
