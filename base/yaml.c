#include "base/yaml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/log.h"

#define BLOCK_BYTES 16384

// Nodes and texts live in blocks that are freed with the document.
struct block {
    struct block *next;
    size_t used, room;
    _Alignas(max_align_t) char data[];
};

struct vt_yaml_document {
    struct block *blocks;
    struct vt_yaml *root;
};

struct open {
    struct vt_yaml *node;
    struct vt_yaml *last;      // entry that was added last
    const char *key;           // of the entry that comes next; NULL: a key comes next
    int key_line, key_column;
};

struct reading {
    yaml_parser_t parser;
    struct vt_yaml_document *document;
    struct vt_diagnostics *diagnostics;
    struct open stack[VT_YAML_DEPTH];
    int depth;
    int nodes, documents;
    bool ended;
    const struct vt_yaml **sorted;     // scratch for duplicate keys
};

static void *take(struct vt_yaml_document *document, size_t size)
{
    size = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    struct block *block = document->blocks;
    if (!block || block->room - block->used < size) {
        size_t room = size > BLOCK_BYTES ? size : BLOCK_BYTES;
        block = malloc(sizeof *block + room);
        if (!block)
            return NULL;
        *block = (struct block){.next = document->blocks, .room = room};
        document->blocks = block;
    }
    void *place = block->data + block->used;
    block->used += size;
    return place;
}

static int fail_at(struct reading *r, yaml_mark_t mark, const char *text)
{
    vt_diagnose(r->diagnostics, VT_ERROR, (int)mark.line + 1, (int)mark.column + 1, "%s", text);
    return -EINVAL;
}

static const char *copy_text(struct reading *r, const char *text, size_t size)
{
    char *copy = take(r->document, size + 1);
    if (copy) {
        memcpy(copy, text, size);
        copy[size] = 0;
    }
    return copy;
}

// Hangs a node into the open list or map, or makes it the root.
static int attach(struct reading *r, struct vt_yaml *node)
{
    if (r->depth == 0) {
        r->document->root = node;
        return 0;
    }
    struct open *open = &r->stack[r->depth - 1];
    if (open->node->kind == VT_YAML_MAP) {
        node->key = open->key;
        node->key_line = open->key_line;
        node->key_column = open->key_column;
        open->key = NULL;
    }
    if (open->last)
        open->last->next = node;
    else
        open->node->first = node;
    open->last = node;
    open->node->count++;
    return 0;
}

static bool key_is_due(const struct reading *r)
{
    return r->depth > 0 && r->stack[r->depth - 1].node->kind == VT_YAML_MAP && !r->stack[r->depth - 1].key;
}

static int new_node(struct reading *r, enum vt_yaml_kind kind, yaml_mark_t mark, struct vt_yaml **ret)
{
    if (r->nodes >= VT_YAML_NODES)
        return fail_at(r, mark, "too many values in one file");
    struct vt_yaml *node = take(r->document, sizeof *node);
    if (!node)
        return -ENOMEM;
    r->nodes++;
    *node = (struct vt_yaml){.kind = kind, .line = (int)mark.line + 1, .column = (int)mark.column + 1};
    *ret = node;
    return 0;
}

static int take_key(struct reading *r, const char *text, size_t size, bool plain, yaml_mark_t mark)
{
    if (plain && strcmp(text, "<<") == 0)
        return fail_at(r, mark, "merge keys (<<) are not supported: write the entries out");
    if (size == 0)
        return fail_at(r, mark, "an entry has no key");
    if (r->nodes >= VT_YAML_NODES)
        return fail_at(r, mark, "too many values in one file");
    struct open *open = &r->stack[r->depth - 1];
    open->key = copy_text(r, text, size);
    open->key_line = (int)mark.line + 1;
    open->key_column = (int)mark.column + 1;
    return open->key ? 0 : -ENOMEM;
}

static int on_scalar(struct reading *r, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    size_t size = event->data.scalar.length;
    bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (event->data.scalar.tag)
        return fail_at(r, event->start_mark, "tags (!…) are not supported");
    if (memchr(text, 0, size))
        return fail_at(r, event->start_mark, "text must not hold a NUL character");
    if (key_is_due(r))
        return take_key(r, text, size, plain, event->start_mark);
    struct vt_yaml *node = NULL;
    int err = new_node(r, VT_YAML_SCALAR, event->start_mark, &node);
    if (err)
        return err;
    node->quoted = !plain;
    node->text = copy_text(r, text, size);
    node->size = size;
    return node->text ? attach(r, node) : -ENOMEM;
}

static int on_open(struct reading *r, const yaml_event_t *event, enum vt_yaml_kind kind, const yaml_char_t *tag)
{
    if (tag)
        return fail_at(r, event->start_mark, "tags (!…) are not supported");
    if (key_is_due(r))
        return fail_at(r, event->start_mark, "a key must be plain text");
    if (r->depth == VT_YAML_DEPTH)
        return fail_at(r, event->start_mark, "lists and maps are nested too deeply");
    struct vt_yaml *node = NULL;
    int err = new_node(r, kind, event->start_mark, &node);
    if (!err)
        err = attach(r, node);
    if (!err)
        r->stack[r->depth++] = (struct open){.node = node};
    return err;
}

static int compare_keys(const void *a, const void *b)
{
    const struct vt_yaml *left = *(const struct vt_yaml *const *)a, *right = *(const struct vt_yaml *const *)b;
    int order = strcmp(left->key, right->key);
    if (order)
        return order;
    return left->key_line != right->key_line ? left->key_line - right->key_line
                                             : left->key_column - right->key_column;
}

static int check_duplicates(struct reading *r, const struct vt_yaml *map)
{
    int n = 0;
    for (const struct vt_yaml *entry = map->first; entry; entry = entry->next)
        r->sorted[n++] = entry;
    qsort(r->sorted, (size_t)n, sizeof r->sorted[0], compare_keys);
    for (int i = 1; i < n; i++) {
        const struct vt_yaml *entry = r->sorted[i];
        if (strcmp(entry->key, r->sorted[i - 1]->key) != 0)
            continue;
        char shown[64];
        vt_diagnose(r->diagnostics, VT_ERROR, entry->key_line, entry->key_column, "%s stands here twice",
                    vt_escape(shown, sizeof shown, entry->key, strlen(entry->key)));
        return -EINVAL;
    }
    return 0;
}

static int on_document(struct reading *r, const yaml_event_t *event)
{
    if (r->documents++ > 0)
        return fail_at(r, event->start_mark, "one file holds one document: a second one starts here");
    return 0;
}

static int on_event(struct reading *r, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return on_document(r, event);
    case YAML_ALIAS_EVENT:
        return fail_at(r, event->start_mark, "aliases (*…) are not supported: write the value out");
    case YAML_SCALAR_EVENT:
        if (event->data.scalar.anchor)
            return fail_at(r, event->start_mark, "anchors (&…) are not supported");
        return on_scalar(r, event);
    case YAML_SEQUENCE_START_EVENT:
        if (event->data.sequence_start.anchor)
            return fail_at(r, event->start_mark, "anchors (&…) are not supported");
        return on_open(r, event, VT_YAML_LIST, event->data.sequence_start.tag);
    case YAML_MAPPING_START_EVENT:
        if (event->data.mapping_start.anchor)
            return fail_at(r, event->start_mark, "anchors (&…) are not supported");
        return on_open(r, event, VT_YAML_MAP, event->data.mapping_start.tag);
    case YAML_SEQUENCE_END_EVENT:
        r->depth--;
        return 0;
    case YAML_MAPPING_END_EVENT:
        return check_duplicates(r, r->stack[--r->depth].node);
    case YAML_STREAM_END_EVENT:
        r->ended = true;
        return 0;
    default:
        return 0;
    }
}

// The reader knows only the byte at which it stopped.
static void place_of(const char *text, size_t offset, int *ret_line, int *ret_column)
{
    *ret_line = *ret_column = 1;
    for (size_t i = 0; i < offset; i++) {
        bool inner = ((unsigned char)text[i] & 0xc0) == 0x80;
        *ret_column = text[i] == '\n' ? 1 : *ret_column + !inner;
        *ret_line += text[i] == '\n';
    }
}

static int fail_syntax(struct reading *r, const char *text, size_t size)
{
    const yaml_parser_t *p = &r->parser;
    if (p->error == YAML_MEMORY_ERROR)
        return -ENOMEM;
    int line = (int)p->problem_mark.line + 1, column = (int)p->problem_mark.column + 1;
    if (p->error == YAML_READER_ERROR)
        place_of(text, p->problem_offset < size ? p->problem_offset : size, &line, &column);
    vt_diagnose(r->diagnostics, VT_ERROR, line, column, "not YAML: %s%s%s", p->problem ? p->problem : "unreadable",
                p->context ? ", " : "", p->context ? p->context : "");
    return -EINVAL;
}

static int read_events(struct reading *r, const char *text, size_t size)
{
    int err = 0;
    while (!err && !r->ended) {
        yaml_event_t event;
        if (!yaml_parser_parse(&r->parser, &event))
            return fail_syntax(r, text, size);
        err = on_event(r, &event);
        yaml_event_delete(&event);
    }
    return err;
}

static int settle_root(struct reading *r)
{
    struct vt_yaml *root = r->document->root;
    if (root && !vt_yaml_is_null(root))
        return 0;
    r->document->root = take(r->document, sizeof *root);
    if (!r->document->root)
        return -ENOMEM;
    *r->document->root = (struct vt_yaml){.kind = VT_YAML_MAP, .line = 1, .column = 1};
    return 0;
}

static int read_document(struct reading *r, const char *text, size_t size)
{
    r->document = calloc(1, sizeof *r->document);
    r->sorted = malloc(VT_YAML_NODES * sizeof r->sorted[0]);
    if (!r->document || !r->sorted || !yaml_parser_initialize(&r->parser))
        return -ENOMEM;
    yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r->parser, (const unsigned char *)text, size);
    int err = read_events(r, text, size);
    yaml_parser_delete(&r->parser);
    return err ? err : settle_root(r);
}

int vt_yaml_parse(struct vt_yaml_document **ret, const char *text, size_t size,
                  struct vt_diagnostics *diagnostics)
{
    if (size > VT_YAML_BYTES) {
        vt_diagnose(diagnostics, VT_ERROR, 0, 0, "longer than %d bytes", VT_YAML_BYTES);
        return -EINVAL;
    }
    struct reading *r = calloc(1, sizeof *r);
    if (!r)
        return -ENOMEM;
    r->diagnostics = diagnostics;
    int err = read_document(r, text, size);
    if (err)
        vt_yaml_free(&r->document);
    else
        *ret = r->document;
    free(r->sorted);
    free(r);
    return err;
}

void vt_yaml_free(struct vt_yaml_document **document)
{
    if (!*document)
        return;
    for (struct block *block = (*document)->blocks, *next; block; block = next) {
        next = block->next;
        free(block);
    }
    free(*document);
    *document = NULL;
}

const struct vt_yaml *vt_yaml_root(const struct vt_yaml_document *document)
{
    return document->root;
}

const struct vt_yaml *vt_yaml_get(const struct vt_yaml *map, const char *key)
{
    if (!map || map->kind != VT_YAML_MAP)
        return NULL;
    const struct vt_yaml *entry = map->first;
    while (entry && strcmp(entry->key, key) != 0)
        entry = entry->next;
    return entry;
}

bool vt_yaml_is_null(const struct vt_yaml *node)
{
    return node->kind == VT_YAML_SCALAR && !node->quoted &&
           (node->size == 0 || strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0);
}
