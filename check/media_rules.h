// The rules that are seen in the bytes of segments, parts and init segments. Pure.
#pragma once

#include "check/m3u.h"
#include "check/media.h"

void vt_check_init(const char *url, const struct vt_media *init, struct vt_findings *findings);

// One segment as it was fetched. `last` is the segment right before it in the same playlist, NULL if that was not fetched or
// an EXT-X-DISCONTINUITY stands between.
void vt_check_segment(const struct vt_m3u *m3u, const struct vt_m3u_segment *segment, const char *url,
                      const struct vt_media *media, size_t size, const struct vt_media *last, struct vt_findings *findings);

void vt_check_part_media(const struct vt_m3u_part *part, const char *url, const struct vt_media *media,
                         struct vt_findings *findings);

// A segment against the bytes of its parts, one after the other.
void vt_check_parts_whole(const char *url, const void *segment, size_t size, const void *parts, size_t parts_size,
                          const struct vt_media *init, struct vt_findings *findings);

// Whether CODECS names the format of each track.
void vt_check_codecs(const char *url, int line, const char *codecs, const struct vt_media *media,
                     struct vt_findings *findings);
