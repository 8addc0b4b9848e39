#include "serve/definition.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "serve/token.h"

#define REAL_DIGITS 10                       // 29.97 stays that

// One value a line, so that a place tells a value.
static char *text_of(const json_t *definition)
{
    return json_dumps(definition, JSON_INDENT(1) | JSON_REAL_PRECISION(REAL_DIGITS));
}

static int parse(struct vt_yaml_document **ret, const json_t *definition, struct vt_diagnostics *diagnostics)
{
    char *text = text_of(definition);
    size_t size = text ? strlen(text) : 0;
    int err = !text ? -ENOMEM : size > VT_DEFINITION_BYTES ? -EMSGSIZE : vt_yaml_parse(ret, text, size, diagnostics);
    free(text);
    return err;
}

// ---- paths

static bool climbs(const char *path)
{
    for (const char *at = path; (at = strstr(at, "..")); at += 2) {
        bool begins = at == path || at[-1] == '/', ends = at[2] == 0 || at[2] == '/';
        if (begins && ends)
            return true;
    }
    return false;
}

static bool path_is_below(const struct vt_yaml *path, struct vt_diagnostics *d)
{
    if (!path || path->kind != VT_YAML_SCALAR || vt_yaml_is_null(path) || (path->text[0] != '/' && !climbs(path->text)))
        return true;
    vt_diagnose(d, VT_ERROR, path->line, path->column,
                "must be a path below the configuration file's folder: relative, without \"..\"");
    return false;
}

// A number would be kept as it is, and a key is not.
static bool keys_are_text(const struct vt_yaml *map, struct vt_diagnostics *d)
{
    const struct vt_yaml *keys = vt_yaml_get(map, "keys");
    bool good = true;
    for (const struct vt_yaml *entry = keys ? keys->first : NULL; entry; entry = entry->next) {
        if (entry->kind == VT_YAML_SCALAR && entry->quoted)
            continue;
        vt_diagnose(d, VT_ERROR, entry->line, entry->column, "a key must be a string");
        good = false;
    }
    return good;
}

static bool paths_are_below(const struct vt_yaml *map, struct vt_diagnostics *d)
{
    const struct vt_yaml *slate = vt_yaml_get(map, "slate"), *templates = vt_yaml_get(map, "templates");
    bool good = path_is_below(vt_yaml_get(map, "pictures"), d);
    if (slate && slate->kind == VT_YAML_MAP)
        good &= path_is_below(vt_yaml_get(slate, "image"), d);
    if (templates && templates->kind == VT_YAML_LIST) {
        for (const struct vt_yaml *entry = templates->first; entry; entry = entry->next)
            good &= path_is_below(entry, d);
    }
    return good;
}

// ---- reading

int vt_definition_read(struct vt_channel *ret, const char *name, const json_t *definition, const char *folder,
                       struct vt_diagnostics *diagnostics)
{
    struct vt_yaml_document *document = NULL;
    int err = json_is_object(definition) ? parse(&document, definition, diagnostics) : -EINVAL;
    if (err)
        return err;
    const struct vt_yaml *map = vt_yaml_root(document);
    struct vt_channel channel;
    vt_channel_init(&channel, name);
    bool below = paths_are_below(map, diagnostics), text = keys_are_text(map, diagnostics);
    err = below && text ? vt_channel_from_yaml(&channel, map, folder, diagnostics) : -EINVAL;
    vt_yaml_free(&document);
    if (err)
        vt_channel_free(&channel);
    else
        *ret = channel;
    return err;
}

// ---- secrets

json_t *vt_definition_hashed(const json_t *definition)
{
    json_t *copy = json_deep_copy(definition), *keys = json_object_get(copy, "keys"), *key;
    size_t i;
    json_array_foreach(keys, i, key) {
        char hashed[7 + 65] = "sha256:";
        const char *text = json_string_value(key);
        if (!text || strncmp(text, hashed, 7) == 0)
            continue;
        vt_sha256_hex(text, strlen(text), hashed + 7);
        json_array_set_new(keys, i, json_string(hashed));
    }
    return copy;
}

json_t *vt_definition_shown(const json_t *definition)
{
    json_t *copy = json_deep_copy(definition);
    json_object_del(copy, "keys");
    json_object_del(json_object_get(copy, "srt"), "passphrase");
    return copy;
}

// ---- what is said of it

static bool stands_at(const struct vt_yaml *node, int line, int column)
{
    return (node->line == line && node->column == column) || (node->key && node->key_line == line && node->key_column == column);
}

// The path of the value at a place, behind `path`, which has `length` bytes. Returns whether it was found.
static bool find(const struct vt_yaml *node, int line, int column, char path[VT_DEFINITION_PATH], size_t length)
{
    int index = 0;
    for (const struct vt_yaml *entry = node->first; entry; entry = entry->next, index++) {
        int more = node->kind == VT_YAML_MAP
                       ? snprintf(path + length, VT_DEFINITION_PATH - length, "%s%s", length ? "." : "", entry->key)
                       : snprintf(path + length, VT_DEFINITION_PATH - length, "[%d]", index);
        if (more < 0 || (size_t)more >= VT_DEFINITION_PATH - length)
            continue;
        if (find(entry, line, column, path, length + (size_t)more) || stands_at(entry, line, column))
            return true;
        path[length] = 0;
    }
    return false;
}

json_t *vt_definition_said(const json_t *definition, const struct vt_diagnostics *diagnostics, enum vt_severity severity)
{
    struct vt_yaml_document *document = NULL;
    json_t *list = json_array();
    (void)parse(&document, definition, NULL);
    for (int i = 0; list && i < diagnostics->count; i++) {
        const struct vt_diagnostic *d = &diagnostics->list[i];
        char path[VT_DEFINITION_PATH] = "";
        if (d->severity != severity)
            continue;
        if (!document || !find(vt_yaml_root(document), d->line, d->column, path, 0))
            path[0] = 0;
        json_array_append_new(list, json_pack("{s:s, s:s}", "path", path, "detail", d->text));
    }
    vt_yaml_free(&document);
    return list;
}
