// One publisher's MPEG-TS -> frames and samples: ts_source, timestamps, a delay that brings sound and picture together
// (ingest/pace.h), decoders in a row. One thread.
#pragma once

#include "ingest/publisher.h"
#include "ingest/ts_source.h"

#define VT_TS_HELD_UNITS 512             // held back, at most; then the earliest goes on at once
#define VT_TS_HELD_BYTES (8 * 1024 * 1024)

struct vt_ts_publisher;

// Takes `fd`, a stream socket that MPEG-TS comes from, over on success.
int vt_ts_publisher_new(struct vt_ts_publisher **ret, int fd, const struct vt_decode_sink *sink, int threads);
void vt_ts_publisher_free(struct vt_ts_publisher **publisher);

// Readable when vt_ts_publisher_run has something new.
int vt_ts_publisher_fd(const struct vt_ts_publisher *publisher);

// Takes what has come and decodes what is due. Returns 0; 1 when the bytes have ended and all is decoded; -EINVAL when
// the media cannot be taken or decoded; another negative errno. vt_ts_publisher_why then says what it was.
int vt_ts_publisher_run(struct vt_ts_publisher *publisher, int64_t now_ns);

// When to run again although nothing new has come; INT64_MAX: never.
int64_t vt_ts_publisher_due(const struct vt_ts_publisher *publisher);
int vt_ts_publisher_flush(struct vt_ts_publisher *publisher);
const char *vt_ts_publisher_why(const struct vt_ts_publisher *publisher);

// `ret_bytes`: that came so far.
void vt_ts_publisher_status(const struct vt_ts_publisher *publisher, struct vt_publisher_status *ret,
                            int64_t *ret_bytes);

// The tracks and programs that came and are not taken, as a person reads them: "audio 258 (AC-3), program 2"; cut to fit.
void vt_ts_publisher_others(const struct vt_ts_publisher *publisher, char *out, size_t room);
