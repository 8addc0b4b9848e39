// What of SVG is drawn. The list of elements is closed, because librsvg would follow references that make a few bytes
// cost seconds, and text would depend on the machine's fonts.
#include <errno.h>
#include <glib.h>
#include <librsvg/rsvg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "overlay/beside.h"
#include "overlay/figures.h"
#include "overlay/template.h"

#define CLIPS_MAX 8

static const char *const elements[] = { "svg", "g", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon",
                                        "defs", "linearGradient", "radialGradient", "stop", "clipPath", "title", "desc",
                                        NULL };

static bool is_name_end(char c)
{
    return c == 0 || strchr(" \t\r\n/>", c) != NULL;
}

static bool is_drawn(const char *name, size_t length)
{
    for (int i = 0; elements[i]; i++) {
        if (strlen(elements[i]) == length && strncmp(elements[i], name, length) == 0)
            return true;
    }
    return false;
}

static int refuse(char *why, size_t room, int error, const char *what, const char *name, size_t length)
{
    snprintf(why, room, "%s%s%.*s%s", what, length ? " <" : "", (int)(length < 40 ? length : 40), name,
             length ? ">" : "");
    return error;
}

static int check_elements(const char *at, char *why, size_t room)
{
    int count = 0, clips = 0;
    if (strncmp(at, "<?xml", 5) == 0) {
        const char *end = strstr(at, "?>"), *coded = strstr(at, "encoding=");
        if (!end || (coded && coded < end && g_ascii_strncasecmp(coded + 10, "utf-8", 5) != 0))
            return refuse(why, room, -EINVAL, "a drawing is written in UTF-8", "", 0);
        at = end + 2;
    }
    for (at = strchr(at, '<'); at; at = strchr(at, '<')) {
        if (strncmp(at, "<!--", 4) == 0) {
            at = strstr(at + 4, "-->");
            if (!at)
                return refuse(why, room, -EINVAL, "a comment has no end", "", 0);
            continue;
        }
        const char *name = at[1] == '/' ? at + 2 : at + 1;
        size_t length = 0;
        while (!is_name_end(name[length]))
            length++;
        if (!is_drawn(name, length))
            return refuse(why, room, -EINVAL, "a drawing cannot hold", name, length ? length : 1);
        clips += at[1] != '/' && strncmp(name, "clipPath", 8) == 0;
        count += at[1] != '/';
        if (count > VT_SVG_ELEMENTS || clips > CLIPS_MAX)
            return refuse(why, room, -EFBIG, "a drawing has at most 2000 elements and 8 clip paths (limits)", "", 0);
        at = name + length;
    }
    return 0;
}

int vt_svg_check(const char *source, size_t size, char *why, size_t room)
{
    GError *error = NULL;
    if (size > VT_SVG_BYTES)
        return refuse(why, room, -EFBIG, "a drawing has at most 65536 bytes (limit)", "", 0);
    if (!g_utf8_validate(source, (gssize)size, NULL))
        return refuse(why, room, -EINVAL, "a drawing is written in UTF-8", "", 0);
    while (*source && strchr(" \t\r\n", *source))
        source++;
    int r = check_elements(source, why, room);
    if (r != 0)
        return r;
    RsvgHandle *handle = rsvg_handle_new_from_data((const guint8 *)source, strlen(source), &error);
    if (!handle) {
        snprintf(why, room, "not an SVG drawing: %.100s", error ? error->message : "it cannot be read");
        g_clear_error(&error);
        return -EINVAL;
    }
    g_object_unref(handle);
    return 0;
}

void vt_svg_load(struct vt_template *t, const struct vt_yaml *at, struct vt_diagnostics *diagnostics)
{
    char why[160], *source = NULL;
    size_t size = 0;
    if (at->kind != VT_YAML_SCALAR || !vt_asset_name_valid(at->text)) {
        vt_diagnose(diagnostics, VT_ERROR, at->line, at->column, "`src` is the plain name of a file beside the template");
        return;
    }
    for (int i = 0; i < t->n_drawings; i++) {
        if (strcmp(t->drawings[i].name, at->text) == 0)
            return;
    }
    int r = vt_asset_read(t->folder, at->text, VT_SVG_BYTES, &source, &size);
    if (r != 0)
        vt_diagnose(diagnostics, VT_ERROR, at->line, at->column, "the drawing \"%.64s\" cannot be read: %s", at->text,
                    vt_asset_why(r));
    else if (vt_svg_check(source, size, why, sizeof why) != 0)
        vt_diagnose(diagnostics, VT_ERROR, at->line, at->column, "%.64s: %s", at->text, why);
    else if (t->n_drawings == VT_DRAWINGS_MAX)
        vt_diagnose(diagnostics, VT_ERROR, at->line, at->column, "a template has at most %d drawings (limit)",
                    VT_DRAWINGS_MAX);
    else
        t->drawings[t->n_drawings++] = (struct vt_drawing_file){ at->text, vt_arena_text(&t->arena, source, size) };
    free(source);
}
