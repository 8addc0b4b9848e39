#include "overlay/cells.h"

#include <math.h>

#define EDGE (1.0 / 64)                  // of a pixel, that outlines may be rounded outwards by

int vt_cells_of(const struct vt_timer_content *timer, const char *text, double x, struct vt_cell ret[VT_TIMER_TEXT])
{
    int count = 0;
    if (!*text) {
        ret[0] = (struct vt_cell){ &timer->ending, x };
        return 1;
    }
    for (; text[count]; count++) {
        bool colon = text[count] == ':';
        ret[count] = (struct vt_cell){ &timer->glyphs[colon ? 10 : text[count] - '0'], x };
        x += colon ? timer->colon : timer->digit;
    }
    return count;
}

static struct vt_columns join(struct vt_columns a, struct vt_columns b)
{
    return (struct vt_columns){ fmin(a.x0, b.x0), fmax(a.x1, b.x1) };
}

static bool overlap(const struct vt_columns *a, const struct vt_columns *b)
{
    return a->x0 < b->x1 && b->x0 < a->x1;
}

// A glyph with its outline.
static struct vt_columns ink_of(const struct vt_cell_look *look, const struct vt_cell *cell)
{
    double stroke = look->style->stroke * look->scale, x = cell->x + cell->glyph->x;
    return (struct vt_columns){ floor((x - stroke) * look->sx - EDGE),
                                ceil((x + cell->glyph->width + stroke) * look->sx + EDGE) };
}

// With its shadow.
static struct vt_columns reach_of(const struct vt_cell_look *look, const struct vt_cell *cell)
{
    const struct vt_shadow *shadow = &look->style->shadow;
    struct vt_columns ink = ink_of(look, cell);
    if (shadow->colour.a == 0)
        return ink;
    double pixels = look->scale * look->sx, soft = ceil(1.5 * shadow->blur * pixels) + 3, x = round(shadow->x * pixels);
    return join(ink, (struct vt_columns){ ink.x0 + x - soft, ink.x1 + x + soft });
}

bool vt_cell_shows(const struct vt_cell_look *look, const struct vt_cell *cell, const struct vt_columns *columns)
{
    struct vt_columns reach = reach_of(look, cell);
    return overlap(&reach, columns);
}

// Takes in the glyphs that the edges cut through. False: none.
static bool widen(const struct vt_cell_look *look, const struct vt_cell *cells, int count, struct vt_columns *columns)
{
    struct vt_columns before = *columns;
    for (int i = 0; i < count; i++) {
        struct vt_columns ink = ink_of(look, &cells[i]);
        if (overlap(&ink, columns))
            *columns = join(*columns, ink);
    }
    return columns->x0 < before.x0 || columns->x1 > before.x1;
}

bool vt_cells_changed(const struct vt_cell_look *look, const struct vt_cell *then, const struct vt_cell *now, int count,
                      struct vt_columns *ret)
{
    struct vt_columns columns = { INFINITY, -INFINITY };
    for (int i = 0; i < count; i++) {
        if (then[i].x != now[i].x || now[i].glyph->n_rules)
            return false;
        if (then[i].glyph != now[i].glyph)
            columns = join(columns, join(reach_of(look, &then[i]), reach_of(look, &now[i])));
    }
    while (widen(look, now, count, &columns))
        continue;
    *ret = columns;
    return columns.x0 < columns.x1;
}
