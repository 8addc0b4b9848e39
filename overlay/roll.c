#include "overlay/roll.h"

#include <math.h>
#include <string.h>

#define CELLS_MAX 24                     // digits of one number that roll

struct cell {
    const struct vt_glyph_run *run;
    int glyph, digit;
    double x;
};

bool vt_changed_from(const struct vt_item *item, const struct vt_item *before)
{
    if (!before || !item->change)
        return false;
    if (isnan(item->value) || isnan(before->value))
        return item->change->when == VT_CHANGED && item->shaped.hash != before->shaped.hash;
    if (strcmp(item->currency, before->currency) != 0)
        return false;
    double by = item->value - before->value;
    return item->change->when == VT_INCREASED ? by > 0 : item->change->when == VT_DECREASED ? by < 0 : by != 0;
}

// The digits of a text from right to left, as they stand.
static int find_cells(const struct vt_shaped *shaped, struct cell cells[CELLS_MAX])
{
    int count = 0;
    for (int r = 0; r < shaped->n_runs; r++) {
        const struct vt_glyph_run *run = &shaped->runs[r];
        for (int i = 0; i < run->count; i++) {
            if (!run->digits[i] || count == CELLS_MAX)
                continue;
            int at = count++;
            while (at > 0 && cells[at - 1].x < run->glyphs[i].x) {
                cells[at] = cells[at - 1];
                at--;
            }
            cells[at] = (struct cell){ run, i, run->digits[i] - 1, run->glyphs[i].x };
        }
    }
    return count;
}

static const struct cell *cell_of(const struct cell *cells, int count, const struct vt_glyph_run *run, int glyph)
{
    for (int i = 0; i < count; i++) {
        if (cells[i].run == run && cells[i].glyph == glyph)
            return &cells[i];
    }
    return NULL;
}

static void paint_glyph(const struct vt_brush *b, const struct vt_item *item, const struct vt_glyph_run *like,
                        cairo_glyph_t glyph, double x, double y, bool behind)
{
    struct vt_glyph_run run = *like;
    double em = run.matrix.xx;
    struct vt_shaped one = { .runs = &run, .n_runs = 1, .x = glyph.x - em, .y = glyph.y - 2 * em, .width = 3 * em,
                             .height = 3 * em };
    run.glyphs = &glyph;
    run.count = 1;
    if (behind)
        vt_paint_behind(b, &item->box.style.text, item->scale, &one, x, y, item->box.style.opacity);
    else
        vt_paint_shaped(b, &one, x, y, item->box.style.text.colour, item->box.style.opacity);
}

// One digit's window: two neighbours of the way from one digit to the other, one leaving as the other comes.
static void paint_cell(const struct vt_brush *b, const struct vt_item *item, const struct cell *cell, int from,
                       double progress, double x, double y, bool behind)
{
    double at = from + (cell->digit - from) * progress, part = at - floor(at);
    double width = item->digit_width * cell->run->matrix.xx, height = vt_item_inner_height(item);
    cairo_glyph_t glyph = cell->run->glyphs[cell->glyph];
    cairo_save(b->cr);
    cairo_rectangle(b->cr, (x + cell->x) * b->sx - b->x, y * b->sy - b->y, width * b->sx, height * b->sy);
    cairo_clip(b->cr);
    glyph.index = item->digits[(int)floor(at) % 10];
    paint_glyph(b, item, cell->run, glyph, x, y - part * height, behind);
    if (part > 0) {
        glyph.index = item->digits[((int)floor(at) + 1) % 10];
        paint_glyph(b, item, cell->run, glyph, x, y + (1 - part) * height, behind);
    }
    cairo_restore(b->cr);
}

struct rolling {
    const struct cell *now, *then;
    int n_now, n_then;
    double progress, x, y;
    bool behind;
};

static void paint_rolling(const struct vt_brush *b, const struct vt_item *item, const struct vt_glyph_run *run,
                          const struct rolling *r)
{
    for (int i = 0; i < run->count; i++) {
        const struct cell *cell = cell_of(r->now, r->n_now, run, i);
        int place = cell ? (int)(cell - r->now) : r->n_then;
        if (place < r->n_then && r->then[place].digit != cell->digit)
            paint_cell(b, item, cell, r->then[place].digit, r->progress, r->x, r->y, r->behind);
        else
            paint_glyph(b, item, run, run->glyphs[i], r->x, r->y, r->behind);
    }
}

void vt_roll_paint(const struct vt_brush *b, const struct vt_item *item, const struct vt_item *before,
                   double progress)
{
    struct cell now[CELLS_MAX], then[CELLS_MAX];
    int n_now = find_cells(&item->shaped, now), n_then = find_cells(&before->shaped, then);
    double x = item->box.x + item->box.edge[VT_LEFT], y = item->box.y + item->box.edge[VT_TOP];
    progress = fmin(fmax(progress, 0), 1);
    for (int pass = 0; pass < 2; pass++) {
        for (int r = 0; r < item->shaped.n_runs; r++)
            paint_rolling(b, item, &item->shaped.runs[r], &(struct rolling){ now, then, n_now, n_then, progress, x, y, pass == 0 });
    }
}
