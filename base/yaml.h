// A YAML 1.1 subset as a tree of untyped scalars with their places, for configurations, templates and cue files.
//
// Refused, with line and column: anchors and aliases, tags, merge keys, duplicate keys, more than one document,
// and anything past the limits below. Scalars stay text ("16:9", "no", "1e3" are what they say); whoever reads
// them types them by a schema. Pure; the tree is immutable and freed as one.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/diagnostic.h"

#define VT_YAML_BYTES (1024 * 1024)
#define VT_YAML_DEPTH 64
#define VT_YAML_NODES 20000

enum vt_yaml_kind { VT_YAML_SCALAR, VT_YAML_LIST, VT_YAML_MAP };

struct vt_yaml {
    enum vt_yaml_kind kind;
    int line, column;          // of its first character, from 1
    bool quoted;               // scalar in '…' or "…"; an unquoted empty scalar, ~ or null is a null
    const char *text;          // scalar: NUL-terminated UTF-8 without inner NUL; key of a map entry in `key` below
    size_t size;               // bytes of `text`
    const char *key;           // when it is a map's entry
    int key_line, key_column;
    struct vt_yaml *next;      // next entry of the list or map it is in
    struct vt_yaml *first;     // list, map: first entry
    int count;                 // list, map: number of entries
};

struct vt_yaml_document;

// Parses `size` bytes. Returns 0 and a document, or -EINVAL (what was wrong is in `diagnostics`) or -ENOMEM.
// Empty input is a document whose root is an empty map.
int vt_yaml_parse(struct vt_yaml_document **ret, const char *text, size_t size,
                  struct vt_diagnostics *diagnostics);
void vt_yaml_free(struct vt_yaml_document **document);
const struct vt_yaml *vt_yaml_root(const struct vt_yaml_document *document);

// Entry of a map, or NULL.
const struct vt_yaml *vt_yaml_get(const struct vt_yaml *map, const char *key);
bool vt_yaml_is_null(const struct vt_yaml *node);
