// A file that anybody may have written. The tree must keep its own promises: counts, depths, places, keys.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool held)
{
    if (!held)
        abort();
}

static int walk(const struct vt_yaml *node, int depth)
{
    int nodes = 1, count = 0;
    require(node->line >= 1 && node->column >= 1);
    if (node->kind == VT_YAML_SCALAR) {
        require(strlen(node->text) == node->size && !node->first);
        return nodes;
    }
    require(depth < VT_YAML_DEPTH);
    for (const struct vt_yaml *entry = node->first; entry; entry = entry->next, count++) {
        require((entry->key != NULL) == (node->kind == VT_YAML_MAP));
        if (count < 64 && entry->key)
            require(vt_yaml_get(node, entry->key) == entry);
        nodes += walk(entry, depth + 1);
    }
    require(count == node->count);
    return nodes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vt_yaml_document *document = NULL;
    struct vt_diagnostics diagnostics = {0};
    if (vt_yaml_parse(&document, (const char *)data, size, &diagnostics) == 0)
        require(walk(vt_yaml_root(document), 0) <= VT_YAML_NODES + 1);
    else
        require(!document && diagnostics.errors == 1);
    vt_yaml_free(&document);
    return 0;
}
