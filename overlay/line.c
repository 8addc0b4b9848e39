#include "overlay/line.h"

double vt_length_of(const struct vt_layout *layout, struct vt_length length, double base)
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
    case VT_VMIN:
        return length.value / 100 * fmin(layout->width, layout->height);
    case VT_VMAX:
        return length.value / 100 * fmax(layout->width, layout->height);
    case VT_AUTO:
    case VT_EM:
    case VT_SAFE:
        break;
    }
    return NAN;
}

double vt_length_or_zero(const struct vt_layout *layout, struct vt_length length, double base)
{
    double value = vt_length_of(layout, length, base);
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

double vt_edges_size(const struct vt_layout *l, const struct vt_box *box, enum vt_side a, enum vt_side b, double base)
{
    return vt_length_or_zero(l, box->style.padding[a], base) + vt_length_or_zero(l, box->style.padding[b], base) +
           2 * box->style.border * l->scale;
}

double vt_clamp_width(const struct vt_layout *l, const struct vt_box *box, double value, double base)
{
    double edges = vt_edges_size(l, box, VT_LEFT, VT_RIGHT, base);
    value = clamp(value, vt_length_of(l, box->style.min_width, base), vt_length_of(l, box->style.max_width, base));
    return value < edges ? edges : value;
}

double vt_clamp_height(const struct vt_layout *l, const struct vt_box *box, double value, double base)
{
    double edges = vt_edges_size(l, box, VT_TOP, VT_BOTTOM, NAN);
    value = clamp(value, vt_length_of(l, box->style.min_height, base), vt_length_of(l, box->style.max_height, base));
    return value < edges ? edges : value;
}

double vt_clamp_main(const struct vt_layout *l, const struct vt_line *line, const struct vt_box *box, double value)
{
    return line->row ? vt_clamp_width(l, box, value, line->inner_width) : vt_clamp_height(l, box, value, line->base_height);
}

// ---- flexible lengths, as CSS resolves them

static double gaps(const struct vt_line *line)
{
    return line->count > 1 ? line->gap * (line->count - 1) : 0;
}

double vt_line_sum(const struct vt_line *line)
{
    double sum = gaps(line);
    VT_EACH_ITEM(box, line)
        sum += box->item.main + vt_margin_main(line, box);
    return sum;
}

static double factor_of(const struct vt_box *box, bool growing)
{
    return growing ? box->style.grow : box->style.shrink * box->item.base;
}

// Freezes the items whose limits moved them the way that the sum of all moves went. False when all are frozen.
static bool freeze(const struct vt_line *line, double violation)
{
    bool left = false;
    VT_EACH_ITEM(box, line) {
        double off = box->item.main - box->item.wanted;
        if (!box->item.frozen)
            box->item.frozen = violation == 0 || (violation > 0 ? off > 0 : off < 0);
        left |= !box->item.frozen;
    }
    return left;
}

static bool flex_round(const struct vt_layout *l, const struct vt_line *line, double inner, bool growing)
{
    double used = gaps(line), factors = 0, grows = 0, violation = 0;
    VT_EACH_ITEM(box, line) {
        used += (box->item.frozen ? box->item.main : box->item.base) + vt_margin_main(line, box);
        factors += box->item.frozen ? 0 : factor_of(box, growing);
        grows += box->item.frozen ? 0 : growing ? box->style.grow : box->style.shrink;
    }
    if (factors <= 0)
        return false;
    double room = (inner - used) * (grows < 1 ? grows : 1);
    VT_EACH_ITEM(box, line) {
        if (box->item.frozen)
            continue;
        box->item.wanted = box->item.base + room * factor_of(box, growing) / factors;
        box->item.main = vt_clamp_main(l, line, box, box->item.wanted);
        violation += box->item.main - box->item.wanted;
    }
    return freeze(line, violation);
}

void vt_line_flex(const struct vt_layout *l, const struct vt_line *line, double inner)
{
    bool growing = vt_line_sum(line) < inner;
    VT_EACH_ITEM(box, line) {
        const struct vt_flex_item *item = &box->item;
        double factor = growing ? box->style.grow : box->style.shrink;
        box->item.frozen = factor == 0 || (growing ? item->base > item->main : item->base < item->main);
    }
    while (flex_round(l, line, inner, growing))
        continue;
}
