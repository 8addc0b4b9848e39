// One H.264 encoder of libavcodec, set up for a lane: pictures in, samples for a file out. One thread.
//
// Everything it makes is BT.709, limited range, chroma site left, in closed groups; the only key frames are those that
// were asked for, and they are IDR pictures. With the same settings and pictures its bytes are the same.
#pragma once

#include <libavutil/frame.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "studio/lane.h"

#define VT_ENCODER_DELAY 512             // most pictures that an encoder may keep inside

struct vt_encoder;

// Logs the reason when it fails. `params` need live only during the call.
int vt_encoder_new(struct vt_encoder **ret, const struct vt_lane_params *params);
void vt_encoder_free(struct vt_encoder **encoder);

const uint8_t *vt_encoder_config(const struct vt_encoder *encoder, size_t *ret_size);   // avcC

// Gives the next picture, yuv420p of the rendition's size. Its pts and picture type are set here; numbers rise.
int vt_encoder_send(struct vt_encoder *encoder, AVFrame *picture, int64_t frame, bool key);
int vt_encoder_drain(struct vt_encoder *encoder);        // no more pictures

// The next packet: 1, 0 when it needs another picture, -EPIPE after the last, or another negative errno. Its dts is
// the number of the picture that was given in its place, so dts rise as the pictures did and start where they did;
// pts may lie before dts where B-pictures are.
int vt_encoder_receive(struct vt_encoder *encoder, struct vt_lane_packet *ret);
