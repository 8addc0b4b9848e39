// Grapheme clusters: where text may be cut without breaking what a reader sees as one character. Pure.
//
// An approximation of UAX #29 that errs towards keeping together. A cluster is one code point and what follows it of:
// combining marks, variation selectors, emoji modifiers and tags, enclosing keycaps, zero width joiners with the code
// point after them, Hangul vowels and finals; the second of a pair of regional indicators; LF after CR. Marks are
// known by the ranges in grapheme.c, not by a full Unicode table.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Decodes the first code point of `text` (`size` bytes, at least 1). Returns its length; a broken sequence is one
// byte long and gives U+FFFD.
size_t vt_utf8_decode(const char *text, size_t size, uint32_t *ret);

// Bytes of the first cluster of `text`; 0 only where `size` is 0.
size_t vt_grapheme_size(const char *text, size_t size);
