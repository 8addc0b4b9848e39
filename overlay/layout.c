#include "overlay/line.h"

#include <errno.h>
#include <string.h>

// What a box is asked to fit into. NAN stands for "not known".
struct space {
    double width, height;                // border box, if it is decided already
    double most;                         // widest border box, if it is not
    double base_width, base_height;      // what percentages are of
};

static struct vt_extent solve(struct vt_layout *l, struct vt_box *box, struct space space, bool place);

static enum vt_align align_of(const struct vt_line *line, const struct vt_box *box)
{
    int own = box->style.align_self, all = line->container->style.align_items;
    return (enum vt_align)(own != VT_ALIGN_AUTO ? own : all != VT_ALIGN_AUTO ? all : VT_ALIGN_STRETCH);
}

// The cross size that the line dictates: of an item stretched in a line whose own size is known. One with a ratio and
// a size along the line keeps its ratio.
static double stretched(const struct vt_layout *l, const struct vt_line *line, const struct vt_box *box)
{
    struct vt_length own = line->row ? box->style.height : box->style.width;
    double inner = line->row ? line->inner_height : line->inner_width;
    struct vt_length along = line->row ? box->style.width : box->style.height;
    if (own.unit != VT_AUTO || (box->style.aspect > 0 && along.unit != VT_AUTO) || align_of(line, box) != VT_ALIGN_STRETCH || isnan(line->cross))
        return NAN;
    double size = line->cross - vt_margin_cross(line, box);
    return line->row ? vt_clamp_height(l, box, size, line->base_height) : vt_clamp_width(l, box, size, inner);
}

static struct vt_extent solve_item(struct vt_layout *l, const struct vt_line *line, struct vt_box *box, double main,
                                   bool place)
{
    double cross = stretched(l, line, box);
    struct space space = {
        .width = line->row ? main : cross,
        .height = line->row ? cross : main,
        .most = line->row ? NAN : vt_above_zero(line->most_width - vt_margin_cross(line, box)),
        .base_width = line->inner_width,
        .base_height = line->base_height,
    };
    return solve(l, box, space, place);
}

static void start_item(struct vt_layout *l, struct vt_line *line, struct vt_box *box)
{
    struct vt_flex_item *item = &box->item;
    line->count++;
    for (int i = 0; i < 4; i++)
        item->margin[i] = vt_length_or_zero(l, box->style.margin[i], line->inner_width);
    double inner = line->row ? line->inner_width : line->inner_height;
    item->base = vt_length_of(l, box->style.basis, inner);
    if (isnan(item->base))
        item->base = vt_length_of(l, line->row ? box->style.width : box->style.height, inner);
    if (isnan(item->base)) {
        struct vt_extent extent = solve_item(l, line, box, NAN, false);
        item->base = line->row ? extent.width : extent.height;
    }
    double edges = line->row ? vt_edges_size(l, box, VT_LEFT, VT_RIGHT, line->inner_width)
                             : vt_edges_size(l, box, VT_TOP, VT_BOTTOM, line->inner_width);
    item->base = item->base < edges ? edges : item->base;
    item->main = vt_clamp_main(l, line, box, item->base);
}

// ---- placing

static void move(struct vt_box *box, double x, double y)
{
    box->x += x;
    box->y += y;
    for (struct vt_box *child = box->first; child; child = child->next)
        move(child, x, y);
}

// Shares `room` out between `n` things: what comes before the first, and between them.
static void justify(enum vt_justify how, double n, double room, double *lead, double *between)
{
    double spread = room > 0 && n > 0 ? room : 0;
    *lead = *between = 0;
    switch (how) {
    case VT_JUSTIFY_START:
    case VT_JUSTIFY_STRETCH:
        break;
    case VT_JUSTIFY_END:
        *lead = room;
        break;
    case VT_JUSTIFY_CENTER:
        *lead = room / 2;
        break;
    case VT_JUSTIFY_BETWEEN:
        *between = n > 1 ? spread / (n - 1) : 0;
        break;
    case VT_JUSTIFY_AROUND:
        *between = n > 0 ? spread / n : 0;
        *lead = *between / 2;
        break;
    case VT_JUSTIFY_EVENLY:
        *lead = *between = spread / (n + 1);
        break;
    }
}

static double highest_baseline(const struct vt_line *line)
{
    double highest = 0;
    VT_EACH_ITEM(box, line) {
        if (align_of(line, box) == VT_ALIGN_BASELINE)
            highest = fmax(highest, box->item.margin[VT_TOP] + box->item.baseline);
    }
    return highest;
}

static double cross_place(const struct vt_line *line, const struct vt_box *box, bool rtl)
{
    double before = line->row ? box->item.margin[VT_TOP] : box->item.margin[rtl ? VT_RIGHT : VT_LEFT];
    double room = line->cross - box->item.cross - vt_margin_cross(line, box);
    switch (align_of(line, box)) {
    case VT_ALIGN_END:
        return before + room;
    case VT_ALIGN_CENTER:
        return before + room / 2;
    case VT_ALIGN_BASELINE:
        return line->row ? highest_baseline(line) - box->item.baseline : before;
    default:
        return before;
    }
}

static bool reads_rtl(const struct vt_layout *l, const struct vt_box *box)
{
    int reading = box->style.text.reading;
    return reading == VT_READING_LANGUAGE ? l->rtl : reading == VT_READING_RTL;
}

static bool runs_backwards(const struct vt_box *container)
{
    return container->style.direction == VT_ROW_REVERSE || container->style.direction == VT_COLUMN_REVERSE;
}

// Places items that are solved; a right-to-left container is its mirror image, and so is one that runs backwards.
static void place_items(const struct vt_layout *l, const struct vt_line *line)
{
    double lead, between;
    bool rtl = reads_rtl(l, line->container), backwards = runs_backwards(line->container);
    bool across = line->row ? rtl != backwards : rtl, down = !line->row && backwards;        // mirrored
    justify((enum vt_justify)line->container->style.justify, line->count,
            (line->row ? line->inner_width : line->inner_height) - vt_line_sum(line), &lead, &between);
    double at = lead;
    VT_EACH_ITEM(box, line) {
        double main = at + box->item.margin[line->row ? (across ? VT_RIGHT : VT_LEFT) : down ? VT_BOTTOM : VT_TOP];
        double cross = line->at + cross_place(line, box, rtl);
        double x = line->row ? main : cross, y = line->row ? cross : main;
        if (across)
            x = line->inner_width - x - box->width;
        if (down)
            y = line->inner_height - y - box->height;
        move(box, x + line->container->edge[VT_LEFT], y + line->container->edge[VT_TOP]);
        at += box->item.main + vt_margin_main(line, box) + line->gap + between;
    }
}

static double inset_of(const struct vt_layout *l, const struct vt_box *box, enum vt_side side, double base)
{
    struct vt_length inset = box->style.inset[side];
    return inset.unit == VT_SAFE ? l->safe[side] : vt_length_of(l, inset, base);
}

// An absolute box stands in its container's padding box.
static void place_absolute(struct vt_layout *l, const struct vt_box *container, struct vt_box *box)
{
    double border = container->style.border * l->scale;
    double w = vt_above_zero(container->width - 2 * border), h = vt_above_zero(container->height - 2 * border);
    double top = inset_of(l, box, VT_TOP, h), right = inset_of(l, box, VT_RIGHT, w);
    double bottom = inset_of(l, box, VT_BOTTOM, h), left = inset_of(l, box, VT_LEFT, w);
    double margin[4];
    for (int i = 0; i < 4; i++)
        margin[i] = vt_length_or_zero(l, box->style.margin[i], w);
    top += margin[VT_TOP];
    right += margin[VT_RIGHT];
    bottom += margin[VT_BOTTOM];
    left += margin[VT_LEFT];
    struct space space = {NAN, NAN, w - (isnan(left) ? 0 : left) - (isnan(right) ? 0 : right), w, h};
    space.most = vt_above_zero(space.most);
    if (box->style.width.unit == VT_AUTO && !isnan(left) && !isnan(right))
        space.width = vt_clamp_width(l, box, space.most, w);
    if (box->style.height.unit == VT_AUTO && !isnan(top) && !isnan(bottom))
        space.height = vt_clamp_height(l, box, h - top - bottom, h);
    solve(l, box, space, true);
    bool from_right = isnan(left) && (!isnan(right) || reads_rtl(l, container));
    double x = from_right ? w - (isnan(right) ? margin[VT_RIGHT] : right) - box->width : isnan(left) ? margin[VT_LEFT] : left;
    double y = !isnan(top) ? top : !isnan(bottom) ? h - bottom - box->height : margin[VT_TOP];
    move(box, x + border, y + border);
}

// ---- boxes

// What the items have along the line: their room, or NAN when they take what they need.
static double room_along(const struct vt_layout *l, const struct vt_line *all, double sum)
{
    const struct vt_box *container = all->container;
    double inner = all->row ? all->inner_width : all->inner_height;
    if (isnan(inner) && all->row) {
        double across = container->edge[VT_LEFT] + container->edge[VT_RIGHT];
        double content = sum > all->most_width ? all->most_width : sum;
        double limited = vt_clamp_width(l, container, content + across, NAN);
        inner = limited != sum + across ? vt_above_zero(limited - across) : NAN;
    }
    if (isnan(inner) && !all->row) {
        double down = container->edge[VT_TOP] + container->edge[VT_BOTTOM];
        double limited = vt_clamp_height(l, container, sum + down, NAN);
        inner = limited != sum + down ? vt_above_zero(limited - down) : NAN;
    }
    return inner;
}

// Marks the items that start a line: the first, and those that go beyond what there is.
static void break_lines(const struct vt_line *all, double inner)
{
    bool wraps = all->container->style.wrap != 0 && !isnan(inner);
    double used = 0;
    VT_EACH_ITEM(box, all) {
        double size = box->item.main + vt_margin_main(all, box);
        box->item.starts = box == all->first || (wraps && used + all->gap + size > inner + 1e-6);
        used = box->item.starts ? size : used + all->gap + size;
    }
}

// The line that starts with `first`.
static struct vt_line line_from(const struct vt_line *all, struct vt_box *first)
{
    struct vt_line line = *all;
    line.first = line.end = first;
    line.count = 0;
    do {
        line.end = vt_in_flow(line.end->next);
        line.count++;
    } while (line.end && !line.end->item.starts);
    return line;
}

#define EACH_LINE(line, all)                                                                                           \
    for (struct vt_line line = (all)->first ? line_from(all, (all)->first) : *(all); line.first;                            \
         line = line.end ? line_from(all, line.end) : (struct vt_line){0})

// Grown or shrunk into what there is; then how far each item reaches across.
static void solve_line(struct vt_layout *l, struct vt_line *line, double inner)
{
    if (!isnan(inner))
        vt_line_flex(l, line, inner);
    VT_EACH_ITEM(box, line) {
        struct vt_extent extent = solve_item(l, line, box, box->item.main, false);
        box->item.cross = line->row ? extent.height : extent.width;
        box->item.baseline = !isnan(extent.baseline) ? extent.baseline : extent.height;
    }
}

static double cross_reach(const struct vt_line *line)
{
    double reach = 0, baseline = highest_baseline(line);
    VT_EACH_ITEM(box, line) {
        bool on_line = line->row && align_of(line, box) == VT_ALIGN_BASELINE;
        double size = on_line ? baseline - box->item.baseline + box->item.cross + box->item.margin[VT_BOTTOM]
                              : box->item.cross + vt_margin_cross(line, box);
        reach = fmax(reach, size);
    }
    return reach;
}

// All lines, one after the other, and how many they are.
static double reach_of_lines(const struct vt_line *all, int *ret_count)
{
    double reach = 0;
    *ret_count = 0;
    EACH_LINE(line, all) {
        reach += cross_reach(&line) + (*ret_count > 0 ? all->cross_gap : 0);
        ++*ret_count;
    }
    return reach;
}

// How the lines of a container whose size is known stand in it.
struct stacking {
    double lead, between, stretch;
};

static struct stacking stack(const struct vt_line *all)
{
    struct stacking s = {0};
    int count;
    double inner = all->row ? all->inner_height : all->inner_width, room = inner - reach_of_lines(all, &count);
    enum vt_justify how = (enum vt_justify)all->container->style.align_content;
    justify(how, count, room, &s.lead, &s.between);
    if (how == VT_JUSTIFY_STRETCH && room > 0 && count > 0)
        s.stretch = room / count;
    return s;
}

// Gives a line its size and place across; `at` is where the next one begins.
static void place_line(const struct stacking *s, struct vt_line *line, double *at)
{
    if (line->container->style.wrap == 0) {
        line->cross = line->row ? line->inner_height : line->inner_width;
        return;
    }
    line->cross = cross_reach(line) + s->stretch;
    line->at = *at;
    *at += line->cross + line->cross_gap + s->between;
}

static double first_baseline(const struct vt_line *all, double height)
{
    if (!all->first)
        return NAN;
    struct vt_line known = *all;
    known.inner_height = height - all->container->edge[VT_TOP] - all->container->edge[VT_BOTTOM];
    struct stacking s = stack(&known);
    struct vt_line first = line_from(&known, known.first);
    double y = first.first->item.margin[VT_TOP], between, at = s.lead;
    place_line(&s, &first, &at);
    if (all->row) {
        y = first.at + cross_place(&first, first.first, false);
    } else if (all->container->style.justify != VT_JUSTIFY_START) {
        justify((enum vt_justify)all->container->style.justify, first.count, known.inner_height - vt_line_sum(&first), &y,
                &between);
        y += first.first->item.margin[VT_TOP];
    }
    return all->container->edge[VT_TOP] + y + first.first->item.baseline;
}

static void place_container(struct vt_layout *l, struct vt_line *all, struct vt_box *box)
{
    all->inner_width = all->most_width = vt_above_zero(box->width - box->edge[VT_LEFT] - box->edge[VT_RIGHT]);
    all->inner_height = vt_above_zero(box->height - box->edge[VT_TOP] - box->edge[VT_BOTTOM]);
    struct stacking s = stack(all);
    double at = s.lead;
    EACH_LINE(line, all) {
        place_line(&s, &line, &at);
        VT_EACH_ITEM(item, &line) {
            solve_item(l, &line, item, item->item.main, true);
            item->item.cross = line.row ? item->height : item->width;
        }
        place_items(l, &line);
    }
    for (struct vt_box *child = box->first; child; child = child->next) {
        if (child->style.position != 0)
            place_absolute(l, box, child);
    }
}

static struct vt_line line_of(const struct vt_layout *l, struct vt_box *box, double width, double height, double most)
{
    double across = box->edge[VT_LEFT] + box->edge[VT_RIGHT], down = box->edge[VT_TOP] + box->edge[VT_BOTTOM];
    struct vt_line all = {
        .container = box,
        .row = box->style.direction == VT_ROW || box->style.direction == VT_ROW_REVERSE,
        .inner_width = vt_above_zero(width - across),
        .inner_height = vt_above_zero(height - down),
        .base_height = vt_above_zero(height - down),
        .most_width = vt_above_zero((isnan(width) ? most : width) - across),
        .first = vt_in_flow(box->first),
    };
    double rows = vt_length_or_zero(l, box->style.row_gap, all.inner_height);
    double columns = vt_length_or_zero(l, box->style.column_gap, all.inner_width);
    all.gap = all.row ? columns : rows;
    all.cross_gap = all.row ? rows : columns;
    all.cross = box->style.wrap ? NAN : all.row ? all.inner_height : all.inner_width;
    return all;
}

static struct vt_extent solve_container(struct vt_layout *l, struct vt_box *box, struct vt_line *all, double width,
                                        double height, double most, double base_width, double base_height)
{
    double across = box->edge[VT_LEFT] + box->edge[VT_RIGHT], down = box->edge[VT_TOP] + box->edge[VT_BOTTOM];
    int lines;
    *all = line_of(l, box, width, height, most);
    VT_EACH_ITEM(item, all)
        start_item(l, all, item);
    double sum = vt_line_sum(all), inner = room_along(l, all, sum);
    break_lines(all, inner);
    EACH_LINE(line, all)
        solve_line(l, &line, inner);
    if (box->style.wrap == 0)
        sum = vt_line_sum(all);
    double reach = reach_of_lines(all, &lines);
    if (isnan(width)) {
        double content = all->row ? sum : reach;
        width = vt_clamp_width(l, box, fmin(content, isnan(all->most_width) ? content : all->most_width) + across,
                            base_width);
    }
    if (isnan(height) && box->style.aspect > 0)
        height = vt_clamp_height(l, box, width / box->style.aspect, base_height);
    if (isnan(height))
        height = vt_clamp_height(l, box, (all->row ? reach : sum) + down, base_height);
    return (struct vt_extent){width, height, first_baseline(all, height)};
}

static struct vt_extent solve_leaf(struct vt_layout *l, struct vt_box *box, double width, double height, double most,
                                   double base_width, double base_height)
{
    double across = box->edge[VT_LEFT] + box->edge[VT_RIGHT], down = box->edge[VT_TOP] + box->edge[VT_BOTTOM];
    struct vt_extent content = {0, 0, NAN};
    if (box->measure)
        content = box->measure(box->opaque, vt_above_zero((isnan(width) ? most : width) - across));
    if (isnan(width))
        width = vt_clamp_width(l, box, content.width + across, base_width);
    if (isnan(height) && box->style.aspect > 0)
        height = vt_clamp_height(l, box, width / box->style.aspect, base_height);
    if (isnan(height))
        height = vt_clamp_height(l, box, content.height + down, base_height);
    return (struct vt_extent){width, height, content.baseline + box->edge[VT_TOP]};
}

static void decide(const struct vt_layout *l, const struct vt_box *box, struct space *space)
{
    const struct vt_style *style = &box->style;
    if (isnan(space->width))
        space->width = vt_clamp_width(l, box, vt_length_of(l, style->width, space->base_width), space->base_width);
    if (isnan(space->height))
        space->height = vt_clamp_height(l, box, vt_length_of(l, style->height, space->base_height), space->base_height);
    if (style->aspect > 0 && isnan(space->width) && !isnan(space->height))
        space->width = vt_clamp_width(l, box, space->height * style->aspect, space->base_width);
    if (style->aspect > 0 && isnan(space->height) && !isnan(space->width))
        space->height = vt_clamp_height(l, box, space->width / style->aspect, space->base_height);
    double max = vt_length_of(l, style->max_width, space->base_width);
    if (isnan(space->most) || max < space->most)
        space->most = max;
}

static bool recall(const struct vt_box *box, const double key[5], struct vt_extent *ret)
{
    int count = box->cached < VT_LAYOUT_CACHE ? box->cached : VT_LAYOUT_CACHE;
    for (int i = 0; i < count; i++) {
        if (memcmp(box->cache[i].key, key, sizeof box->cache[i].key) == 0) {
            *ret = box->cache[i].extent;
            return true;
        }
    }
    return false;
}

static void remember(struct vt_box *box, const double key[5], struct vt_extent extent)
{
    int slot = box->cached++ % VT_LAYOUT_CACHE;
    memcpy(box->cache[slot].key, key, sizeof box->cache[slot].key);
    box->cache[slot].extent = extent;
}

static struct vt_extent solve(struct vt_layout *l, struct vt_box *box, struct space space, bool place)
{
    struct vt_extent extent = {0, 0, NAN};
    struct vt_line line;
    const double key[5] = {space.width, space.height, space.most, space.base_width, space.base_height};
    if (++l->steps > VT_LAYOUT_STEPS || (!place && recall(box, key, &extent)))
        return extent;
    for (int i = 0; i < 4; i++)
        box->edge[i] = vt_length_or_zero(l, box->style.padding[i], space.base_width) + box->style.border * l->scale;
    decide(l, box, &space);
    if (box->first)
        extent = solve_container(l, box, &line, space.width, space.height, space.most, space.base_width,
                                 space.base_height);
    else
        extent = solve_leaf(l, box, space.width, space.height, space.most, space.base_width, space.base_height);
    if (!place) {
        remember(box, key, extent);
        return extent;
    }
    box->x = box->y = 0;
    box->width = extent.width;
    box->height = extent.height;
    box->baseline = extent.baseline;
    if (box->first)
        place_container(l, &line, box);
    return extent;
}

int vt_layout_solve(struct vt_layout *layout, struct vt_box *root)
{
    struct vt_box canvas = {.width = layout->width, .height = layout->height};
    layout->steps = 0;
    place_absolute(layout, &canvas, root);
    return layout->steps > VT_LAYOUT_STEPS ? -EFBIG : 0;
}
