// Variants: what of a template changes for some pictures, languages, markets or outputs.
#include <math.h>
#include <string.h>

#include "overlay/words.h"

#define ROWS(table) table, (int)(sizeof table / sizeof *table)

static const struct vt_key variant_keys[] = { { "when", 0, true }, { "set", 0, true } };
static const struct vt_key media_keys[] = { { "orientation" }, { "min-width" }, { "max-width" }, { "min-height" },
                                            { "max-height" },  { "lang" },      { "dir" },
                                            { "market" },      { "output" } };
static const char *const media_later[] = { "aspect-ratio", NULL };

static void read_size(const struct vt_yaml *when, const char *name, double *ret, struct vt_diagnostics *diagnostics)
{
    struct vt_length px;
    const struct vt_yaml *at = vt_yaml_get(when, name);
    *ret = NAN;
    if (!at)
        return;
    if (at->kind != VT_YAML_SCALAR || vt_parse_length(at->text, &px) != 0 || px.unit != VT_PX)
        vt_diagnose(diagnostics, VT_ERROR, at->line, at->column, "`%s` must be px, such as 480px", name);
    else
        *ret = px.value;
}

static void read_media(struct vt_variant *variant, const struct vt_yaml *when, struct vt_diagnostics *diagnostics)
{
    static const char *const orientations[] = { "landscape", "portrait", NULL }, *const sides[] = { "ltr", "rtl", NULL };
    if (!vt_keys_check(when, ROWS(media_keys), media_later, "a variant's `when`", diagnostics))
        return;
    const struct vt_yaml *orientation = vt_yaml_get(when, "orientation"), *dir = vt_yaml_get(when, "dir");
    const struct vt_yaml *lang = vt_yaml_get(when, "lang");
    read_size(when, "min-width", &variant->min_width, diagnostics);
    read_size(when, "max-width", &variant->max_width, diagnostics);
    read_size(when, "min-height", &variant->min_height, diagnostics);
    read_size(when, "max-height", &variant->max_height, diagnostics);
    if (orientation)
        vt_check_word(orientation, "orientation", orientations, NULL, diagnostics);
    if (orientation && orientation->kind == VT_YAML_SCALAR)
        variant->orientation = orientation->text[0] == 'p' ? VT_PORTRAIT : VT_LANDSCAPE;
    if (dir)
        vt_check_word(dir, "dir", sides, NULL, diagnostics);
    variant->direction = dir && dir->kind == VT_YAML_SCALAR ? dir->text : NULL;
    const struct vt_yaml *market = vt_yaml_get(when, "market");
    variant->market = market && vt_check_scalar(market, "market", diagnostics) ? market->text : NULL;
    const struct vt_yaml *output = vt_yaml_get(when, "output");
    variant->output = output && vt_check_scalar(output, "output", diagnostics) ? output->text : NULL;
    variant->language = lang && vt_check_scalar(lang, "lang", diagnostics) ? lang->text : NULL;
}

static void read_patches(struct vt_template *t, const struct vt_yaml *set, struct vt_diagnostics *diagnostics)
{
    const char *ids[VT_TEMPLATE_NODES + 1] = { 0 };
    int n_ids = 0;
    if (set->kind != VT_YAML_MAP) {
        vt_diagnose(diagnostics, VT_ERROR, set->line, set->column, "`set` must be a map of node ids");
        return;
    }
    for (int i = 0; i < t->n_nodes && i < VT_TEMPLATE_NODES; i++) {
        if (t->nodes[i].id)
            ids[n_ids++] = t->nodes[i].id;
    }
    for (const struct vt_yaml *entry = set->first; entry; entry = entry->next) {
        int node = vt_template_find_node(t, entry->key);
        const char *near = node < 0 ? vt_nearest_name(entry->key, ids) : NULL;
        if (node >= 0)
            vt_node_check(t, t->nodes[node].type, entry, true, diagnostics);
        else
            vt_diagnose(diagnostics, VT_ERROR, entry->key_line, entry->key_column,
                        near ? "no node has the id \"%.60s\"; did you mean \"%s\"?" : "no node has the id \"%.60s\"",
                        entry->key, near);
    }
}

void vt_variants_load(struct vt_template *t, const struct vt_yaml *list, struct vt_diagnostics *diagnostics)
{
    if (list->kind != VT_YAML_LIST || list->count > VT_VARIANTS_MAX) {
        vt_diagnose(diagnostics, VT_ERROR, list->line, list->column, "`variants` must be a list of at most %d (limit)",
                    VT_VARIANTS_MAX);
        return;
    }
    for (const struct vt_yaml *entry = list->first; entry; entry = entry->next) {
        if (!vt_keys_check(entry, ROWS(variant_keys), NULL, "a variant", diagnostics))
            continue;
        struct vt_variant *variant = &t->variants[t->n_variants++];
        variant->set = vt_yaml_get(entry, "set");
        read_media(variant, vt_yaml_get(entry, "when"), diagnostics);
        read_patches(t, variant->set, diagnostics);
    }
}

const struct vt_key *vt_variant_words(enum vt_words which, int *ret_count)
{
    bool media = which == VT_WORDS_MEDIA;
    *ret_count = media ? (int)(sizeof media_keys / sizeof *media_keys) : (int)(sizeof variant_keys / sizeof *variant_keys);
    return media ? media_keys : variant_keys;
}
