#include "overlay/layout.h"

#include <errno.h>
#include <string.h>

// What a box is asked to fit into. NAN stands for "not known" everywhere in this file.
struct space {
    double width, height;                // border box, if it is decided already
    double most;                         // widest border box, if it is not
    double base_width, base_height;      // what percentages are of
};

// One line of items in a container; or all of its items, before they are broken into lines.
struct line {
    struct vt_box *container;
    bool row;
    double inner_width, inner_height;    // content box of the container
    double most_width;                   // the same as a limit, when inner_width is not known
    double base_height;                  // what percentages of height are of: NAN where content decides it
    double gap, cross_gap;
    struct vt_box *first, *end;          // items, in flow; the one behind the last
    int count;
    double cross;                        // across: its size, if it is known, and its place
    double at;
};

static double resolve(const struct vt_layout *layout, struct vt_length length, double base)
{
    switch (length.unit) {
    case VT_PX:
        return length.value * layout->scale;
    case VT_PERCENT:
        return length.value / 100 * base;
    case VT_VW:
        return length.value / 100 * layout->width;
    case VT_VH:
        return length.value / 100 * layout->height;
    case VT_AUTO:
    case VT_SAFE:
        break;
    }
    return NAN;
}

static double resolve_or_zero(const struct vt_layout *layout, struct vt_length length, double base)
{
    double value = resolve(layout, length, base);
    return isnan(value) ? 0 : value;
}

static double clamp(double value, double min, double max)
{
    if (!isnan(max) && value > max)
        value = max;
    if (!isnan(min) && value < min)
        value = min;
    return value < 0 ? 0 : value;        // NAN stays
}

// Border and padding of two opposite sides; `base` is what percentages are of.
static double edges_of(const struct vt_layout *l, const struct vt_box *box, enum vt_side a, enum vt_side b, double base)
{
    return resolve_or_zero(l, box->style.padding[a], base) + resolve_or_zero(l, box->style.padding[b], base) +
           2 * box->style.border * l->scale;
}

// No box is smaller than its border and padding.
static double clamp_width(const struct vt_layout *l, const struct vt_box *box, double value, double base)
{
    double edges = edges_of(l, box, VT_LEFT, VT_RIGHT, base);
    value = clamp(value, resolve(l, box->style.min_width, base), resolve(l, box->style.max_width, base));
    return value < edges ? edges : value;
}

static double clamp_height(const struct vt_layout *l, const struct vt_box *box, double value, double base)
{
    double edges = edges_of(l, box, VT_TOP, VT_BOTTOM, NAN);
    value = clamp(value, resolve(l, box->style.min_height, base), resolve(l, box->style.max_height, base));
    return value < edges ? edges : value;
}

static double above_zero(double value)
{
    return value < 0 ? 0 : value;        // NAN stays
}

static struct vt_extent solve(struct vt_layout *l, struct vt_box *box, struct space space, bool place);

static struct vt_box *in_flow(struct vt_box *box)
{
    while (box && box->style.position != 0)
        box = box->next;
    return box;
}

#define EACH_ITEM(box, line) \
    for (struct vt_box *box = (line)->first; box != (line)->end; box = in_flow(box->next))

static double margin_main(const struct line *line, const struct vt_box *box)
{
    const double *margin = box->item.margin;
    return line->row ? margin[VT_LEFT] + margin[VT_RIGHT] : margin[VT_TOP] + margin[VT_BOTTOM];
}

static double margin_cross(const struct line *line, const struct vt_box *box)
{
    const double *margin = box->item.margin;
    return line->row ? margin[VT_TOP] + margin[VT_BOTTOM] : margin[VT_LEFT] + margin[VT_RIGHT];
}

static double clamp_main(const struct vt_layout *l, const struct line *line, const struct vt_box *box, double value)
{
    return line->row ? clamp_width(l, box, value, line->inner_width) : clamp_height(l, box, value, line->base_height);
}

static enum vt_align align_of(const struct line *line, const struct vt_box *box)
{
    int own = box->style.align_self, all = line->container->style.align_items;
    return (enum vt_align)(own != VT_ALIGN_AUTO ? own : all != VT_ALIGN_AUTO ? all : VT_ALIGN_STRETCH);
}

// The cross size that the line dictates: of an item stretched in a line whose own size is known. One with a ratio and
// a size along the line keeps its ratio.
static double stretched(const struct vt_layout *l, const struct line *line, const struct vt_box *box)
{
    struct vt_length own = line->row ? box->style.height : box->style.width;
    double inner = line->row ? line->inner_height : line->inner_width;
    struct vt_length along = line->row ? box->style.width : box->style.height;
    if (own.unit != VT_AUTO || (box->style.aspect > 0 && along.unit != VT_AUTO) || align_of(line, box) != VT_ALIGN_STRETCH || isnan(line->cross))
        return NAN;
    double size = line->cross - margin_cross(line, box);
    return line->row ? clamp_height(l, box, size, line->base_height) : clamp_width(l, box, size, inner);
}

static struct vt_extent solve_item(struct vt_layout *l, const struct line *line, struct vt_box *box, double main,
                                   bool place)
{
    double cross = stretched(l, line, box);
    struct space space = {
        .width = line->row ? main : cross,
        .height = line->row ? cross : main,
        .most = line->row ? NAN : above_zero(line->most_width - margin_cross(line, box)),
        .base_width = line->inner_width,
        .base_height = line->base_height,
    };
    return solve(l, box, space, place);
}

static void start_item(struct vt_layout *l, struct line *line, struct vt_box *box)
{
    struct vt_flex_item *item = &box->item;
    line->count++;
    for (int i = 0; i < 4; i++)
        item->margin[i] = resolve_or_zero(l, box->style.margin[i], line->inner_width);
    double inner = line->row ? line->inner_width : line->inner_height;
    item->base = resolve(l, box->style.basis, inner);
    if (isnan(item->base))
        item->base = resolve(l, line->row ? box->style.width : box->style.height, inner);
    if (isnan(item->base)) {
        struct vt_extent extent = solve_item(l, line, box, NAN, false);
        item->base = line->row ? extent.width : extent.height;
    }
    double edges = line->row ? edges_of(l, box, VT_LEFT, VT_RIGHT, line->inner_width)
                             : edges_of(l, box, VT_TOP, VT_BOTTOM, line->inner_width);
    item->base = item->base < edges ? edges : item->base;
    item->main = clamp_main(l, line, box, item->base);
}

// ---- flexible lengths, as CSS resolves them

static double gaps(const struct line *line)
{
    return line->count > 1 ? line->gap * (line->count - 1) : 0;
}

static double sum_main(const struct line *line)
{
    double sum = gaps(line);
    EACH_ITEM(box, line)
        sum += box->item.main + margin_main(line, box);
    return sum;
}

static double factor_of(const struct vt_box *box, bool growing)
{
    return growing ? box->style.grow : box->style.shrink * box->item.base;
}

// Freezes the items whose limits moved them the way that the sum of all moves went. False when all are frozen.
static bool freeze(const struct line *line, double violation)
{
    bool left = false;
    EACH_ITEM(box, line) {
        double off = box->item.main - box->item.wanted;
        if (!box->item.frozen)
            box->item.frozen = violation == 0 || (violation > 0 ? off > 0 : off < 0);
        left |= !box->item.frozen;
    }
    return left;
}

static bool flex_round(const struct vt_layout *l, const struct line *line, double inner, bool growing)
{
    double used = gaps(line), factors = 0, grows = 0, violation = 0;
    EACH_ITEM(box, line) {
        used += (box->item.frozen ? box->item.main : box->item.base) + margin_main(line, box);
        factors += box->item.frozen ? 0 : factor_of(box, growing);
        grows += box->item.frozen ? 0 : growing ? box->style.grow : box->style.shrink;
    }
    if (factors <= 0)
        return false;
    double room = (inner - used) * (grows < 1 ? grows : 1);
    EACH_ITEM(box, line) {
        if (box->item.frozen)
            continue;
        box->item.wanted = box->item.base + room * factor_of(box, growing) / factors;
        box->item.main = clamp_main(l, line, box, box->item.wanted);
        violation += box->item.main - box->item.wanted;
    }
    return freeze(line, violation);
}

static void flex(const struct vt_layout *l, const struct line *line, double inner)
{
    bool growing = sum_main(line) < inner;
    EACH_ITEM(box, line) {
        const struct vt_flex_item *item = &box->item;
        double factor = growing ? box->style.grow : box->style.shrink;
        box->item.frozen = factor == 0 || (growing ? item->base > item->main : item->base < item->main);
    }
    while (flex_round(l, line, inner, growing))
        continue;
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

static double highest_baseline(const struct line *line)
{
    double highest = 0;
    EACH_ITEM(box, line) {
        if (align_of(line, box) == VT_ALIGN_BASELINE)
            highest = fmax(highest, box->item.margin[VT_TOP] + box->item.baseline);
    }
    return highest;
}

static double cross_place(const struct line *line, const struct vt_box *box, bool rtl)
{
    double before = line->row ? box->item.margin[VT_TOP] : box->item.margin[rtl ? VT_RIGHT : VT_LEFT];
    double room = line->cross - box->item.cross - margin_cross(line, box);
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

// Places items that are solved; a right-to-left container is its mirror image.
static void place_items(const struct vt_layout *l, const struct line *line)
{
    double lead, between;
    justify((enum vt_justify)line->container->style.justify, line->count,
            (line->row ? line->inner_width : line->inner_height) - sum_main(line), &lead, &between);
    double at = lead;
    EACH_ITEM(box, line) {
        double main = at + box->item.margin[line->row ? (l->rtl ? VT_RIGHT : VT_LEFT) : VT_TOP];
        double cross = line->at + cross_place(line, box, l->rtl);
        double x = line->row ? main : cross, y = line->row ? cross : main;
        if (l->rtl)
            x = line->inner_width - x - box->width;
        move(box, x + line->container->edge[VT_LEFT], y + line->container->edge[VT_TOP]);
        at += box->item.main + margin_main(line, box) + line->gap + between;
    }
}

static double inset_of(const struct vt_layout *l, const struct vt_box *box, enum vt_side side, double base)
{
    struct vt_length inset = box->style.inset[side];
    return inset.unit == VT_SAFE ? l->safe[side] : resolve(l, inset, base);
}

// An absolute box stands in its container's padding box.
static void place_absolute(struct vt_layout *l, const struct vt_box *container, struct vt_box *box)
{
    double border = container->style.border * l->scale;
    double w = above_zero(container->width - 2 * border), h = above_zero(container->height - 2 * border);
    double top = inset_of(l, box, VT_TOP, h), right = inset_of(l, box, VT_RIGHT, w);
    double bottom = inset_of(l, box, VT_BOTTOM, h), left = inset_of(l, box, VT_LEFT, w);
    double margin[4];
    for (int i = 0; i < 4; i++)
        margin[i] = resolve_or_zero(l, box->style.margin[i], w);
    top += margin[VT_TOP];
    right += margin[VT_RIGHT];
    bottom += margin[VT_BOTTOM];
    left += margin[VT_LEFT];
    struct space space = {NAN, NAN, w - (isnan(left) ? 0 : left) - (isnan(right) ? 0 : right), w, h};
    space.most = above_zero(space.most);
    if (box->style.width.unit == VT_AUTO && !isnan(left) && !isnan(right))
        space.width = clamp_width(l, box, space.most, w);
    if (box->style.height.unit == VT_AUTO && !isnan(top) && !isnan(bottom))
        space.height = clamp_height(l, box, h - top - bottom, h);
    solve(l, box, space, true);
    bool from_right = isnan(left) && (!isnan(right) || l->rtl);
    double x = from_right ? w - (isnan(right) ? margin[VT_RIGHT] : right) - box->width : isnan(left) ? margin[VT_LEFT] : left;
    double y = !isnan(top) ? top : !isnan(bottom) ? h - bottom - box->height : margin[VT_TOP];
    move(box, x + border, y + border);
}

// ---- boxes

// What the items have along the line: their room, or NAN when they take what they need.
static double room_along(const struct vt_layout *l, const struct line *all, double sum)
{
    const struct vt_box *container = all->container;
    double inner = all->row ? all->inner_width : all->inner_height;
    if (isnan(inner) && all->row) {
        double across = container->edge[VT_LEFT] + container->edge[VT_RIGHT];
        double content = sum > all->most_width ? all->most_width : sum;
        double limited = clamp_width(l, container, content + across, NAN);
        inner = limited != sum + across ? above_zero(limited - across) : NAN;
    }
    if (isnan(inner) && !all->row) {
        double down = container->edge[VT_TOP] + container->edge[VT_BOTTOM];
        double limited = clamp_height(l, container, sum + down, NAN);
        inner = limited != sum + down ? above_zero(limited - down) : NAN;
    }
    return inner;
}

// Marks the items that start a line: the first, and those that go beyond what there is.
static void break_lines(const struct line *all, double inner)
{
    bool wraps = all->container->style.wrap != 0 && !isnan(inner);
    double used = 0;
    EACH_ITEM(box, all) {
        double size = box->item.main + margin_main(all, box);
        box->item.starts = box == all->first || (wraps && used + all->gap + size > inner + 1e-6);
        used = box->item.starts ? size : used + all->gap + size;
    }
}

// The line that starts with `first`.
static struct line line_from(const struct line *all, struct vt_box *first)
{
    struct line line = *all;
    line.first = line.end = first;
    line.count = 0;
    do {
        line.end = in_flow(line.end->next);
        line.count++;
    } while (line.end && !line.end->item.starts);
    return line;
}

#define EACH_LINE(line, all)                                                                                           \
    for (struct line line = (all)->first ? line_from(all, (all)->first) : *(all); line.first;                            \
         line = line.end ? line_from(all, line.end) : (struct line){0})

// Grown or shrunk into what there is; then how far each item reaches across.
static void solve_line(struct vt_layout *l, struct line *line, double inner)
{
    if (!isnan(inner))
        flex(l, line, inner);
    EACH_ITEM(box, line) {
        struct vt_extent extent = solve_item(l, line, box, box->item.main, false);
        box->item.cross = line->row ? extent.height : extent.width;
        box->item.baseline = !isnan(extent.baseline) ? extent.baseline : extent.height;
    }
}

static double cross_reach(const struct line *line)
{
    double reach = 0, baseline = highest_baseline(line);
    EACH_ITEM(box, line) {
        bool on_line = line->row && align_of(line, box) == VT_ALIGN_BASELINE;
        double size = on_line ? baseline - box->item.baseline + box->item.cross + box->item.margin[VT_BOTTOM]
                              : box->item.cross + margin_cross(line, box);
        reach = fmax(reach, size);
    }
    return reach;
}

// All lines, one after the other, and how many they are.
static double reach_of_lines(const struct line *all, int *ret_count)
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

static struct stacking stack(const struct line *all)
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
static void place_line(const struct stacking *s, struct line *line, double *at)
{
    if (line->container->style.wrap == 0) {
        line->cross = line->row ? line->inner_height : line->inner_width;
        return;
    }
    line->cross = cross_reach(line) + s->stretch;
    line->at = *at;
    *at += line->cross + line->cross_gap + s->between;
}

static double first_baseline(const struct line *all, double height)
{
    if (!all->first)
        return NAN;
    struct line known = *all;
    known.inner_height = height - all->container->edge[VT_TOP] - all->container->edge[VT_BOTTOM];
    struct stacking s = stack(&known);
    struct line first = line_from(&known, known.first);
    double y = first.first->item.margin[VT_TOP], between, at = s.lead;
    place_line(&s, &first, &at);
    if (all->row) {
        y = first.at + cross_place(&first, first.first, false);
    } else if (all->container->style.justify != VT_JUSTIFY_START) {
        justify((enum vt_justify)all->container->style.justify, first.count, known.inner_height - sum_main(&first), &y,
                &between);
        y += first.first->item.margin[VT_TOP];
    }
    return all->container->edge[VT_TOP] + y + first.first->item.baseline;
}

static void place_container(struct vt_layout *l, struct line *all, struct vt_box *box)
{
    all->inner_width = all->most_width = above_zero(box->width - box->edge[VT_LEFT] - box->edge[VT_RIGHT]);
    all->inner_height = above_zero(box->height - box->edge[VT_TOP] - box->edge[VT_BOTTOM]);
    struct stacking s = stack(all);
    double at = s.lead;
    EACH_LINE(line, all) {
        place_line(&s, &line, &at);
        EACH_ITEM(item, &line) {
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

static struct line line_of(const struct vt_layout *l, struct vt_box *box, double width, double height, double most)
{
    double across = box->edge[VT_LEFT] + box->edge[VT_RIGHT], down = box->edge[VT_TOP] + box->edge[VT_BOTTOM];
    struct line all = {
        .container = box,
        .row = box->style.direction == VT_ROW,
        .inner_width = above_zero(width - across),
        .inner_height = above_zero(height - down),
        .base_height = above_zero(height - down),
        .most_width = above_zero((isnan(width) ? most : width) - across),
        .first = in_flow(box->first),
    };
    double rows = resolve_or_zero(l, box->style.row_gap, all.inner_height);
    double columns = resolve_or_zero(l, box->style.column_gap, all.inner_width);
    all.gap = all.row ? columns : rows;
    all.cross_gap = all.row ? rows : columns;
    all.cross = box->style.wrap ? NAN : all.row ? all.inner_height : all.inner_width;
    return all;
}

static struct vt_extent solve_container(struct vt_layout *l, struct vt_box *box, struct line *all, double width,
                                        double height, double most, double base_width, double base_height)
{
    double across = box->edge[VT_LEFT] + box->edge[VT_RIGHT], down = box->edge[VT_TOP] + box->edge[VT_BOTTOM];
    int lines;
    *all = line_of(l, box, width, height, most);
    EACH_ITEM(item, all)
        start_item(l, all, item);
    double sum = sum_main(all), inner = room_along(l, all, sum);
    break_lines(all, inner);
    EACH_LINE(line, all)
        solve_line(l, &line, inner);
    if (box->style.wrap == 0)
        sum = sum_main(all);
    double reach = reach_of_lines(all, &lines);
    if (isnan(width)) {
        double content = all->row ? sum : reach;
        width = clamp_width(l, box, fmin(content, isnan(all->most_width) ? content : all->most_width) + across,
                            base_width);
    }
    if (isnan(height) && box->style.aspect > 0)
        height = clamp_height(l, box, width / box->style.aspect, base_height);
    if (isnan(height))
        height = clamp_height(l, box, (all->row ? reach : sum) + down, base_height);
    return (struct vt_extent){width, height, first_baseline(all, height)};
}

static struct vt_extent solve_leaf(struct vt_layout *l, struct vt_box *box, double width, double height, double most,
                                   double base_width, double base_height)
{
    double across = box->edge[VT_LEFT] + box->edge[VT_RIGHT], down = box->edge[VT_TOP] + box->edge[VT_BOTTOM];
    struct vt_extent content = {0, 0, NAN};
    if (box->measure)
        content = box->measure(box->opaque, above_zero((isnan(width) ? most : width) - across));
    if (isnan(width))
        width = clamp_width(l, box, content.width + across, base_width);
    if (isnan(height) && box->style.aspect > 0)
        height = clamp_height(l, box, width / box->style.aspect, base_height);
    if (isnan(height))
        height = clamp_height(l, box, content.height + down, base_height);
    return (struct vt_extent){width, height, content.baseline + box->edge[VT_TOP]};
}

static void decide(const struct vt_layout *l, const struct vt_box *box, struct space *space)
{
    const struct vt_style *style = &box->style;
    if (isnan(space->width))
        space->width = clamp_width(l, box, resolve(l, style->width, space->base_width), space->base_width);
    if (isnan(space->height))
        space->height = clamp_height(l, box, resolve(l, style->height, space->base_height), space->base_height);
    if (style->aspect > 0 && isnan(space->width) && !isnan(space->height))
        space->width = clamp_width(l, box, space->height * style->aspect, space->base_width);
    if (style->aspect > 0 && isnan(space->height) && !isnan(space->width))
        space->height = clamp_height(l, box, space->width / style->aspect, space->base_height);
    double max = resolve(l, style->max_width, space->base_width);
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
    struct line line;
    const double key[5] = {space.width, space.height, space.most, space.base_width, space.base_height};
    if (++l->steps > VT_LAYOUT_STEPS || (!place && recall(box, key, &extent)))
        return extent;
    for (int i = 0; i < 4; i++)
        box->edge[i] = resolve_or_zero(l, box->style.padding[i], space.base_width) + box->style.border * l->scale;
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
