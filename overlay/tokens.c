// Design tokens: a template's own, those of a file beside it (Design Tokens format), and a few that are always there.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "overlay/beside.h"
#include "overlay/template.h"

#define ALIASES_MAX 8                    // tokens that stand for one another

static const struct {
    const char *name, *value;
} default_tokens[] = {
    { "color.surface", "#14161cf2" }, { "color.surface-2", "#23262fff" }, { "color.text", "#ffffff" },
    { "color.muted", "#b9bfcc" },     { "color.sale", "#e5123d" },        { "color.on-sale", "#ffffff" },
    { "color.accent", "#ffd166" },    { "color.on-accent", "#14161c" },   { "color.line", "#ffffff29" },
};

// The scalar that a path of names leads to, or the `$value` there.
static const char *find(const struct vt_yaml *at, const char *name, size_t length)
{
    const char *part = name, *end = name + length;
    while (at && at->kind == VT_YAML_MAP && part < end) {
        size_t size = 0;
        while (part + size < end && part[size] != '.')
            size++;
        const struct vt_yaml *entry = at->first;
        while (entry && (strlen(entry->key) != size || strncmp(entry->key, part, size) != 0))
            entry = entry->next;
        at = entry;
        part += size + 1;
    }
    if (at && at->kind == VT_YAML_MAP && part > end)
        at = vt_yaml_get(at, "$value");
    return at && at->kind == VT_YAML_SCALAR && part > end ? at->text : NULL;
}

const char *vt_token(const struct vt_yaml *tokens, const char *name, size_t length)
{
    for (int step = 0; step < ALIASES_MAX; step++) {
        const char *value = find(tokens, name, length);
        for (size_t i = 0; !value && i < sizeof default_tokens / sizeof *default_tokens; i++) {
            if (strlen(default_tokens[i].name) == length && strncmp(default_tokens[i].name, name, length) == 0)
                value = default_tokens[i].value;
        }
        size_t size = value ? strlen(value) : 0;
        if (size < 3 || value[0] != '{' || value[size - 1] != '}')
            return value;
        name = value + 1;
        length = size - 2;
    }
    return NULL;                         // they go round in a circle
}

static void parse(struct vt_template *t, const struct vt_yaml *at, const char *text, size_t size,
                  struct vt_diagnostics *diagnostics)
{
    struct vt_diagnostics *own = calloc(1, sizeof *own);
    if (own && vt_yaml_parse(&t->token_document, text, size, own) == 0)
        t->tokens = vt_yaml_root(t->token_document);
    else
        vt_diagnose(diagnostics, VT_ERROR, at->line, at->column, "%.80s:%d:%d: %.120s", at->text,
                    own && own->count ? own->list[0].line : 0, own && own->count ? own->list[0].column : 0,
                    own && own->count ? own->list[0].text : "cannot be read");
    free(own);
}

void vt_tokens_load_file(struct vt_template *t, const struct vt_yaml *at, const char *folder,
                         struct vt_diagnostics *diagnostics)
{
    char *text = NULL;
    size_t size = 0;
    if (!vt_asset_name_valid(at->text)) {
        vt_diagnose(diagnostics, VT_ERROR, at->line, at->column, "a token file lies beside the template: \"%.80s\" is no "
                    "plain file name", at->text);
        return;
    }
    t->token_file = at->text;
    int r = vt_asset_read(folder, at->text, VT_TOKEN_BYTES, &text, &size);
    if (r == 0)
        parse(t, at, text, size, diagnostics);
    else if (r == -ENOENT)
        vt_diagnose(diagnostics, VT_WARNING, at->line, at->column,
                    "the token file \"%.80s\" is not there; built-in tokens are used", at->text);
    else
        vt_diagnose(diagnostics, VT_ERROR, at->line, at->column, "the token file \"%.80s\" cannot be read: %s", at->text,
                    vt_asset_why(r));
    free(text);
}
