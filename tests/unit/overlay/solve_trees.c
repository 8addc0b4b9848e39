// Reads trees of boxes as JSON lines and prints where they stand, for holding the layout against another solver.
//
// A node is {"style": {CSS words}, "children": […]}; a line is an array of x, y, width, height of all nodes, parents
// first, from the canvas's corner.
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "overlay/layout.h"

#define CANVAS_WIDTH  1280
#define CANVAS_HEIGHT 720
#define ROOM          65536

static void style_of(struct vt_style *style, const json_t *map, struct vt_arena *arena)
{
    char text[4096];
    size_t at = 0;
    const char *key;
    json_t *value;
    struct vt_yaml_document *document = NULL;
    struct vt_diagnostics diagnostics = { 0 };
    struct vt_binder binder = { .arena = arena, .diagnostics = &diagnostics };
    json_object_foreach((json_t *)map, key, value)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s: %s\n", key, json_string_value(value));
    vt_style_init(style, NULL);
    if (vt_yaml_parse(&document, text, at, &diagnostics) == 0)
        vt_style_apply(style, vt_yaml_root(document), &binder);
    vt_diagnostics_print(&diagnostics, "style", stderr);
    if (diagnostics.errors)
        exit(1);
    vt_yaml_free(&document);
}

static struct vt_box *read_box(const json_t *node, struct vt_arena *arena)
{
    struct vt_box *box = vt_arena_alloc(arena, sizeof *box), **place = &box->first;
    json_t *child;
    size_t i;
    style_of(&box->style, json_object_get(node, "style"), arena);
    json_array_foreach(json_object_get(node, "children"), i, child) {
        *place = read_box(child, arena);
        place = &(*place)->next;
    }
    return box;
}

static void print_box(const struct vt_box *box, const char **separator)
{
    printf("%s%.4f,%.4f,%.4f,%.4f", *separator, box->x, box->y, box->width, box->height);
    *separator = ",";
    for (const struct vt_box *child = box->first; child; child = child->next)
        print_box(child, separator);
}

int main(void)
{
    static char line[ROOM];
    while (fgets(line, sizeof line, stdin)) {
        struct vt_arena arena = { 0 };
        json_t *tree = json_loads(line, 0, NULL);
        struct vt_box *root = read_box(tree, &arena);
        struct vt_layout layout = { .width = CANVAS_WIDTH, .height = CANVAS_HEIGHT, .scale = 1,
                                    .rtl = json_is_true(json_object_get(tree, "rtl")) };
        const char *separator = "[";
        if (!tree || vt_layout_solve(&layout, root) != 0)
            return 1;
        print_box(root, &separator);
        puts("]");
        json_decref(tree);
        vt_arena_free(&arena);
    }
    return 0;
}
