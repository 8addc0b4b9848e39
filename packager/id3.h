// ID3v2.4 with any description, and its emsg box: what cue.h's forms are made of. Pure.
#pragma once

#include "packager/cue.h"

// A tag with one TXXX frame, text in UTF-8.
void vt_id3_txxx(struct vt_writer *w, const char *description, const char *value, size_t size);

// An emsg box with such a tag as its message.
void vt_id3_emsg(struct vt_writer *w, const struct vt_emsg *emsg, const char *description, const char *value,
                 size_t size);
