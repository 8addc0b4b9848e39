// The fonts that a template is drawn with: the engine's own families and the template's files, and nothing else of the
// machine, so that the same fonts give the same pixels everywhere.
//
// The engine's families are files of Debian's fonts-noto-core, fonts-noto-cjk and fonts-noto-color-emoji, named one by
// one in fonts.c; a fontconfig configuration of our own knows them, and none of the machine's rules. Characters that a
// family of the style does not have come from the first family that has them, in the order of vt_fonts_fallback.
//
// Any number of threads may use one set of fonts: each takes a font map of its own and gives it back.
#pragma once

#include <pango/pango.h>
#include <stdbool.h>
#include <stddef.h>

#define VT_FONT_FILES     8                       // of one template
#define VT_FONT_BYTES     (32 * 1024 * 1024)      // of one of them
#define VT_FONT_MAPS_KEPT 4                       // idle font maps, with their caches

struct vt_fonts;

// The engine's families alone. Returns 0 or -ENOMEM.
int vt_fonts_new(struct vt_fonts **ret);
void vt_fonts_free(struct vt_fonts **fonts);

// Adds a template's file, before the first font map is taken. Returns 0, -EINVAL when it holds no font, -EFBIG past
// VT_FONT_FILES.
int vt_fonts_add(struct vt_fonts *fonts, const char *path);

// Whether a family of this name is among them; `length` bytes.
bool vt_fonts_has(const struct vt_fonts *fonts, const char *family, size_t length);

PangoFontMap *vt_fonts_take(struct vt_fonts *fonts);
void vt_fonts_give(struct vt_fonts *fonts, PangoFontMap **map);

// The families that come after a style's own, for texts in `language` (BCP 47, NULL: en), as a list with commas: Latin,
// Greek and Cyrillic, then Han in the language's own forms, Arabic, Hebrew, Thai, the scripts of India, symbols. Emoji
// are found before all of them, by what they are.
const char *vt_fonts_fallback(const char *language);
