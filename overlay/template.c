#include "overlay/words.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum manifest_key { M_TEXT, M_ID, M_STEPS, M_AUTHOR, M_TOKENS, M_PART };

static const struct vt_key manifest[] = {
    { "$schema", M_TEXT },     { "id", M_ID, true },       { "version", M_TEXT, true }, { "name", M_TEXT, true },
    { "description", M_TEXT }, { "author", M_AUTHOR },     { "stepCount", M_STEPS },    { "tokens", M_TOKENS },
    { "fonts", M_PART },       { "schema", M_PART },      { "strings", M_PART },      { "canvas", M_PART },        { "layout", M_PART, true },
    { "variants", M_PART },    { "motion", M_PART },       { "samples", M_PART },
};
static const char *const manifest_later[] = { "customActions", "thumbnails", "renderRequirements", "assets",
                                              NULL };

#define ROWS(table) table, (int)(sizeof table / sizeof *table)

static const struct vt_key canvas_keys[] = { { "design" }, { "safe" } };

const struct vt_key *vt_manifest_words(int *ret_count)
{
    *ret_count = (int)(sizeof manifest / sizeof *manifest);
    return manifest;
}

const struct vt_key *vt_canvas_words(int *ret_count)
{
    *ret_count = (int)(sizeof canvas_keys / sizeof *canvas_keys);
    return canvas_keys;
}

static bool id_valid(const char *id)
{
    size_t length = strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
    return length >= 1 && length <= VT_TEMPLATE_ID && !id[length];
}

static const char *read_text(const struct vt_yaml *root, const char *key, struct vt_diagnostics *diagnostics)
{
    const struct vt_yaml *at = vt_yaml_get(root, key);
    if (at && at->kind == VT_YAML_SCALAR && at->size <= 256)
        return at->text;
    if (at)
        vt_diagnose(diagnostics, VT_ERROR, at->line, at->column, "`%s` must be a text of at most 256 bytes", key);
    return NULL;
}

static void read_manifest(struct vt_template *t, const struct vt_yaml *root, struct vt_diagnostics *diagnostics)
{
    const struct vt_yaml *steps = vt_yaml_get(root, "stepCount"), *id = vt_yaml_get(root, "id");
    int64_t count;
    t->id = read_text(root, "id", diagnostics);
    t->version = read_text(root, "version", diagnostics);
    t->title = read_text(root, "name", diagnostics);
    if (t->id && !id_valid(t->id))
        vt_diagnose(diagnostics, VT_ERROR, id->line, id->column,
                    "`id` is 1 to %d letters, digits, dots, _ or -, such as com.example.card", VT_TEMPLATE_ID);
    if (t->version && strpbrk(t->version, " \t\n@/"))
        vt_diagnose(diagnostics, VT_ERROR, root->line, root->column, "`version` has no blanks, @ or /");
    if (steps)
        vt_read_integer(steps, -1, VT_STEPS_MAX, "`stepCount`", &count, diagnostics);
}

static void check_tokens(const struct vt_yaml *map, int depth, struct vt_diagnostics *diagnostics)
{
    for (const struct vt_yaml *entry = map->first; entry; entry = entry->next) {
        if (entry->kind == VT_YAML_LIST || (entry->kind == VT_YAML_MAP && depth >= 4))
            vt_diagnose(diagnostics, VT_ERROR, entry->line, entry->column, "a token is one value, in maps of at most 4");
        else if (entry->kind == VT_YAML_MAP)
            check_tokens(entry, depth + 1, diagnostics);
    }
}

static void read_tokens(struct vt_template *t, const struct vt_yaml *tokens, const char *folder,
                        struct vt_diagnostics *diagnostics)
{
    if (tokens->kind == VT_YAML_SCALAR) {
        vt_tokens_load_file(t, tokens, folder, diagnostics);
        return;
    }
    check_tokens(tokens, 1, diagnostics);
    t->tokens = tokens;
}

static void read_strings(struct vt_template *t, const struct vt_yaml *strings, struct vt_diagnostics *diagnostics)
{
    for (const struct vt_yaml *language = strings->first; language; language = language->next) {
        if (strings->kind == VT_YAML_MAP && language->kind == VT_YAML_MAP)
            continue;
        vt_diagnose(diagnostics, VT_ERROR, language->line, language->column,
                    "`strings` is a map of languages, each a map of keys and texts");
        return;
    }
    t->strings = strings->kind == VT_YAML_MAP ? strings : NULL;
}

static void read_canvas(struct vt_template *t, const struct vt_yaml *canvas, struct vt_diagnostics *diagnostics)
{
    int width, height, end = 0;
    if (!vt_keys_check(canvas, ROWS(canvas_keys), NULL, "`canvas`", diagnostics))
        return;
    const struct vt_yaml *design = vt_yaml_get(canvas, "design"), *safe = vt_yaml_get(canvas, "safe");
    if (design && (design->kind != VT_YAML_SCALAR || sscanf(design->text, "%dx%d%n", &width, &height, &end) != 2 ||
                   design->text[end] || width < 16 || width > 16384 || height < 16 || height > 16384)) {
        vt_diagnose(diagnostics, VT_ERROR, design->line, design->column, "`design` must be a size such as 1920x1080");
    } else if (design) {
        t->design_width = width;
        t->design_height = height;
    }
    if (safe && (safe->kind != VT_YAML_SCALAR || (strcmp(safe->text, "auto") != 0 && strcmp(safe->text, "none") != 0)))
        vt_diagnose(diagnostics, VT_ERROR, safe->line, safe->column, "`safe` must be auto or none");
    else if (safe)
        t->safe = safe->text[0] == 'a';
}

static void load_parts(struct vt_template *t, const struct vt_yaml *root, const char *folder,
                       struct vt_diagnostics *diagnostics)
{
    const struct vt_yaml *at;
    if ((at = vt_yaml_get(root, "fonts")))
        vt_fonts_load(t, at, folder, diagnostics);
    if ((at = vt_yaml_get(root, "tokens")))
        read_tokens(t, at, folder, diagnostics);
    if ((at = vt_yaml_get(root, "strings")))
        read_strings(t, at, diagnostics);
    if ((at = vt_yaml_get(root, "canvas")))
        read_canvas(t, at, diagnostics);
    if ((at = vt_yaml_get(root, "schema")))
        vt_fields_load(t, at, diagnostics);
    if ((at = vt_yaml_get(root, "layout")))
        vt_nodes_load(t, at, diagnostics);
    if ((at = vt_yaml_get(root, "variants")))
        vt_variants_load(t, at, diagnostics);
    if ((at = vt_yaml_get(root, "motion")))
        vt_motion_load(t, at, diagnostics);
    if ((at = vt_yaml_get(root, "samples")))
        vt_samples_load(t, at, diagnostics);
}

static int load(struct vt_template *t, const char *folder, const char *text, size_t size,
                struct vt_diagnostics *diagnostics)
{
    int r = vt_yaml_parse(&t->document, text, size, diagnostics);
    if (r != 0)
        return r;
    const struct vt_yaml *root = vt_yaml_root(t->document);
    if (root->kind != VT_YAML_MAP) {
        vt_diagnose(diagnostics, VT_ERROR, root->line, root->column, "a template is a map that starts with `id`");
        return -EINVAL;
    }
    vt_keys_check(root, ROWS(manifest), manifest_later, "a template", diagnostics);
    read_manifest(t, root, diagnostics);
    load_parts(t, root, folder, diagnostics);
    return t->n_nodes > VT_TEMPLATE_NODES ? -EFBIG : diagnostics->errors ? -EINVAL : 0;
}

static void set_sha256(struct vt_template *t, const char *text, size_t size)
{
    char *sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)text, size);
    t->sha256 = vt_arena_text(&t->arena, sum, strlen(sum));
    g_free(sum);
}

int vt_template_load(struct vt_template **ret, const char *name, const char *text, size_t size,
                     struct vt_diagnostics *diagnostics)
{
    return vt_template_load_in(ret, name, NULL, text, size, diagnostics);
}

int vt_template_load_in(struct vt_template **ret, const char *name, const char *folder, const char *text, size_t size,
                        struct vt_diagnostics *diagnostics)
{
    struct vt_diagnostics *own = calloc(1, sizeof *own);
    struct vt_template *t = calloc(1, sizeof *t);
    int r = -ENOMEM;
    if (!own || !t)
        goto fail;
    t->folder = folder ? vt_arena_text(&t->arena, folder, strlen(folder)) : NULL;
    if (vt_fonts_new(&t->fonts) != 0)
        goto fail;
    t->references = 1;
    t->name = vt_arena_text(&t->arena, name ? name : "", name ? strlen(name) : 0);
    t->design_width = 1920;
    t->design_height = 1080;
    t->safe = true;
    t->calm_enter = t->calm_exit = t->calm_step = t->calm_loop = t->calm_change = true;
    if (size > VT_TEMPLATE_BYTES) {
        vt_diagnose(own, VT_ERROR, 0, 0, "a template has at most %d bytes (limit), this one has %zu", VT_TEMPLATE_BYTES,
                    size);
        r = -EFBIG;
    } else {
        r = load(t, folder, text, size, own);
        set_sha256(t, text, size);
    }
    for (int i = 0; i < own->count; i++)
        vt_diagnose(diagnostics, own->list[i].severity, own->list[i].line, own->list[i].column, "%s", own->list[i].text);
    if (r == 0) {
        *ret = t;
        t = NULL;
    }
fail:
    vt_template_unref(&t);
    free(own);
    return r;
}

struct vt_template *vt_template_ref(struct vt_template *t)
{
    __atomic_add_fetch(&t->references, 1, __ATOMIC_RELAXED);
    return t;
}

void vt_template_unref(struct vt_template **t)
{
    struct vt_template *old = *t;
    *t = NULL;
    if (!old || __atomic_sub_fetch(&old->references, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    vt_fields_free(old);
    vt_yaml_free(&old->document);
    vt_yaml_free(&old->token_document);
    vt_fonts_free(&old->fonts);
    vt_arena_free(&old->arena);
    free(old);
}

const char *vt_template_id(const struct vt_template *t)
{
    return t->id;
}

const char *vt_template_version(const struct vt_template *t)
{
    return t->version;
}

int vt_template_files(const struct vt_template *t, const char **ret, int room)
{
    const struct vt_yaml *fonts = vt_yaml_get(vt_yaml_root(t->document), "fonts");
    int count = 0;
    if (t->token_file && count < room)
        ret[count++] = t->token_file;
    for (int i = 0; i < t->n_drawings && count < room; i++)
        ret[count++] = t->drawings[i].name;
    for (const struct vt_yaml *font = fonts ? fonts->first : NULL; font && count < room; font = font->next)
        ret[count++] = font->text;
    return count;
}

const char *vt_template_title(const struct vt_template *t)
{
    return t->title;
}

const char *vt_template_sha256(const struct vt_template *t)
{
    return t->sha256;
}

static bool speaks_of(const struct vt_yaml *at, const char *words)
{
    bool found = at->kind == VT_YAML_SCALAR && strstr(at->text, words);
    for (const struct vt_yaml *entry = at->first; entry && !found; entry = entry->next)
        found = speaks_of(entry, words);
    return found;
}

bool vt_template_shows_products(const struct vt_template *t)
{
    return speaks_of(vt_yaml_root(t->document), "show.products");
}

bool vt_template_needs_product(const struct vt_template *t)
{
    const struct vt_field *product = vt_template_field(t, "product");
    return product && product->required;
}

const char *const *vt_template_samples(const struct vt_template *t)
{
    return t->sample_names;
}
