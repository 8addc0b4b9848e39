#include "overlay/fonts.h"

#include <errno.h>
#include <fontconfig/fontconfig.h>
#include <pango/pangocairo.h>
#include <pango/pangofc-fontmap.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "overlay/beside.h"
#include "overlay/template.h"

#define TRUETYPE "/usr/share/fonts/truetype/noto/"
#define OPENTYPE "/usr/share/fonts/opentype/noto/"

// Files, not families: a machine with more weights of a family still draws with these.
static const char *const files[] = {
    TRUETYPE "NotoSans-Regular.ttf", TRUETYPE "NotoSans-Bold.ttf", TRUETYPE "NotoSans-Italic.ttf",
    TRUETYPE "NotoSans-BoldItalic.ttf", TRUETYPE "NotoSerif-Regular.ttf", TRUETYPE "NotoSerif-Bold.ttf",
    OPENTYPE "NotoSansCJK-Regular.ttc", OPENTYPE "NotoSansCJK-Bold.ttc",
    TRUETYPE "NotoNaskhArabic-Regular.ttf", TRUETYPE "NotoNaskhArabic-Bold.ttf",
    TRUETYPE "NotoSansArabic-Regular.ttf", TRUETYPE "NotoSansArabic-Bold.ttf",
    TRUETYPE "NotoSansHebrew-Regular.ttf", TRUETYPE "NotoSansHebrew-Bold.ttf",
    TRUETYPE "NotoSansThai-Regular.ttf", TRUETYPE "NotoSansThai-Bold.ttf",
    TRUETYPE "NotoSansDevanagari-Regular.ttf", TRUETYPE "NotoSansDevanagari-Bold.ttf",
    TRUETYPE "NotoSansBengali-Regular.ttf", TRUETYPE "NotoSansBengali-Bold.ttf",
    TRUETYPE "NotoSansTamil-Regular.ttf", TRUETYPE "NotoSansTamil-Bold.ttf",
    TRUETYPE "NotoSansTelugu-Regular.ttf", TRUETYPE "NotoSansTelugu-Bold.ttf",
    TRUETYPE "NotoSansArmenian-Regular.ttf", TRUETYPE "NotoSansArmenian-Bold.ttf",
    TRUETYPE "NotoSansGeorgian-Regular.ttf", TRUETYPE "NotoSansGeorgian-Bold.ttf",
    TRUETYPE "NotoSansKhmer-Regular.ttf", TRUETYPE "NotoSansKhmer-Bold.ttf",
    TRUETYPE "NotoSansMyanmar-Regular.ttf", TRUETYPE "NotoSansMyanmar-Bold.ttf",
    TRUETYPE "NotoSansSymbols-Regular.ttf", TRUETYPE "NotoSansSymbols2-Regular.ttf", TRUETYPE "NotoSansMath-Regular.ttf",
    TRUETYPE "NotoColorEmoji.ttf",
};

// The emoji are pictures of one size: each is scaled to the size that was asked for.
#define SCALE_BITMAPS                                                                                                  \
    "<match target=\"font\"><test name=\"outline\"><bool>false</bool></test>"                                          \
    "<edit name=\"pixelsizefixupfactor\" mode=\"assign\"><divide><name target=\"pattern\">pixelsize</name>"            \
    "<name target=\"font\">pixelsize</name></divide></edit>"                                                           \
    "<edit name=\"matrix\" mode=\"assign\"><times><name>matrix</name><matrix><name>pixelsizefixupfactor</name>"        \
    "<double>0</double><double>0</double><name>pixelsizefixupfactor</name></matrix></times></edit></match>"

#define FALLBACK(han)                                                                                                  \
    "Noto Sans," han ",Noto Naskh Arabic,Noto Sans Hebrew,Noto Sans Thai,Noto Sans Devanagari,Noto Sans Bengali,"       \
    "Noto Sans Tamil,Noto Sans Telugu,Noto Sans Armenian,Noto Sans Georgian,Noto Sans Khmer,Noto Sans Myanmar,"         \
    "Noto Sans Symbols,Noto Sans Symbols2,Noto Sans Math"

static const struct {
    const char *language, *families;     // the first that the language starts with
} fallbacks[] = {
    { "ja", FALLBACK("Noto Sans CJK JP") },      { "ko", FALLBACK("Noto Sans CJK KR") },
    { "zh-Hant-HK", FALLBACK("Noto Sans CJK HK") }, { "zh-Hant", FALLBACK("Noto Sans CJK TC") },
    { "zh-TW", FALLBACK("Noto Sans CJK TC") },   { "zh-HK", FALLBACK("Noto Sans CJK HK") },
    { "zh-MO", FALLBACK("Noto Sans CJK HK") },   { "", FALLBACK("Noto Sans CJK SC") },
};

struct vt_fonts {
    FcConfig *config;
    int files;
    _Atomic(PangoFontMap *) idle[VT_FONT_MAPS_KEPT];         // NULL: an empty place
};

const char *vt_fonts_fallback(const char *language)
{
    size_t i = 0, length;
    do {
        length = strlen(fallbacks[i].language);
    } while (strncmp(fallbacks[i].language, language ? language : "en", length) != 0 && ++i);
    return fallbacks[i].families;
}

static FcConfig *make_config(void)
{
    GString *xml = g_string_new("<?xml version=\"1.0\"?><!DOCTYPE fontconfig SYSTEM \"urn:fontconfig:fonts.dtd\">"
                                "<fontconfig><dir>" TRUETYPE "</dir><dir>" OPENTYPE "</dir>"
                                "<cachedir>/var/cache/fontconfig</cachedir>"
                                "<cachedir prefix=\"xdg\">fontconfig</cachedir>"
                                "<selectfont><rejectfont><glob>*.*</glob></rejectfont><acceptfont>");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        g_string_append_printf(xml, "<glob>%s</glob>", files[i]);
    g_string_append(xml, "</acceptfont></selectfont>"
                         "<alias binding=\"same\"><family>emoji</family><prefer><family>Noto Color Emoji</family></prefer>"
                         "</alias><alias binding=\"same\"><family>sans-serif</family><prefer><family>Noto Sans</family>"
                         "</prefer></alias>" SCALE_BITMAPS "</fontconfig>");
    FcConfig *config = FcConfigCreate();
    if (config && (!FcConfigParseAndLoadFromMemory(config, (const FcChar8 *)xml->str, FcTrue) ||
                   !FcConfigBuildFonts(config))) {
        FcConfigDestroy(config);
        config = NULL;
    }
    g_string_free(xml, TRUE);
    return config;
}

int vt_fonts_new(struct vt_fonts **ret)
{
    struct vt_fonts *fonts = calloc(1, sizeof *fonts);
    if (!fonts)
        return -ENOMEM;
    fonts->config = make_config();
    if (!fonts->config) {
        vt_fonts_free(&fonts);
        return -ENOMEM;
    }
    *ret = fonts;
    return 0;
}

// Pango before 1.54 keeps a map's reference to its configuration when the map goes: it is taken away first.
static void drop_map(PangoFontMap *map)
{
    pango_fc_font_map_set_config(PANGO_FC_FONT_MAP(map), NULL);
    g_object_unref(map);
}

void vt_fonts_free(struct vt_fonts **fonts)
{
    struct vt_fonts *old = *fonts;
    *fonts = NULL;
    if (!old)
        return;
    for (int i = 0; i < VT_FONT_MAPS_KEPT; i++)
        if (atomic_load(&old->idle[i]))
            drop_map(atomic_load(&old->idle[i]));
    if (old->config)
        FcConfigDestroy(old->config);
    free(old);
}

int vt_fonts_add(struct vt_fonts *fonts, const char *path)
{
    if (fonts->files == VT_FONT_FILES)
        return -EFBIG;
    const FcFontSet *before = FcConfigGetFonts(fonts->config, FcSetApplication);
    int count = before ? before->nfont : 0;
    if (!FcConfigAppFontAddFile(fonts->config, (const FcChar8 *)path))
        return -EINVAL;
    const FcFontSet *after = FcConfigGetFonts(fonts->config, FcSetApplication);
    if (!after || after->nfont == count)
        return -EINVAL;
    fonts->files++;
    return 0;
}

static bool set_has(const FcFontSet *set, const char *family, size_t length)
{
    for (int i = 0; set && i < set->nfont; i++) {
        FcChar8 *name;
        for (int k = 0; FcPatternGetString(set->fonts[i], FC_FAMILY, k, &name) == FcResultMatch; k++) {
            if (strlen((char *)name) == length && g_ascii_strncasecmp((char *)name, family, length) == 0)
                return true;
        }
    }
    return false;
}

bool vt_fonts_has(const struct vt_fonts *fonts, const char *family, size_t length)
{
    return (length == 10 && g_ascii_strncasecmp(family, "sans-serif", length) == 0) ||
           set_has(FcConfigGetFonts(fonts->config, FcSetApplication), family, length) ||
           set_has(FcConfigGetFonts(fonts->config, FcSetSystem), family, length);
}

PangoFontMap *vt_fonts_take(struct vt_fonts *fonts)
{
    for (int i = 0; i < VT_FONT_MAPS_KEPT; i++) {
        PangoFontMap *idle = atomic_exchange(&fonts->idle[i], NULL);
        if (idle)
            return idle;
    }
    PangoFontMap *map = pango_cairo_font_map_new_for_font_type(CAIRO_FONT_TYPE_FT);
    pango_fc_font_map_set_config(PANGO_FC_FONT_MAP(map), fonts->config);
    return map;
}

void vt_fonts_give(struct vt_fonts *fonts, PangoFontMap **map)
{
    PangoFontMap *old = *map;
    *map = NULL;
    for (int i = 0; i < VT_FONT_MAPS_KEPT; i++) {
        PangoFontMap *empty = NULL;
        if (atomic_compare_exchange_strong(&fonts->idle[i], &empty, old))
            return;
    }
    drop_map(old);
}

// ---- `fonts` of a template

static void load_file(struct vt_template *t, const struct vt_yaml *at, const char *folder,
                      struct vt_diagnostics *diagnostics)
{
    char *data = NULL;
    size_t size = 0;
    if (at->kind != VT_YAML_SCALAR || !vt_asset_name_valid(at->text)) {
        vt_diagnose(diagnostics, VT_ERROR, at->line, at->column, "a font is the plain name of a file beside the template");
        return;
    }
    int r = vt_asset_read(folder, at->text, VT_FONT_BYTES, &data, &size);
    free(data);
    if (r != 0) {
        vt_diagnose(diagnostics, VT_ERROR, at->line, at->column, "the font \"%.64s\" cannot be read: %s", at->text,
                    vt_asset_why(r));
        return;
    }
    char *path = g_build_filename(folder, at->text, NULL);
    r = vt_fonts_add(t->fonts, path);
    if (r != 0)
        vt_diagnose(diagnostics, VT_ERROR, at->line, at->column, r == -EFBIG ? "\"%.64s\" is too many: a template "
                    "has at most 8 fonts (limit)" : "\"%.64s\" is no font", at->text);
    g_free(path);
}

void vt_fonts_load(struct vt_template *t, const struct vt_yaml *list, const char *folder,
                   struct vt_diagnostics *diagnostics)
{
    if (list->kind != VT_YAML_LIST) {
        vt_diagnose(diagnostics, VT_ERROR, list->line, list->column, "`fonts` must be a list of files beside the template");
        return;
    }
    for (const struct vt_yaml *entry = list->first; entry; entry = entry->next)
        load_file(t, entry, folder, diagnostics);
}
