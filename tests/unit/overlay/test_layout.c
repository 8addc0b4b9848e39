#include "check.h"

#include <errno.h>

#include "overlay/layout.h"

static struct vt_box boxes[64];
static int n_boxes;
static struct vt_layout layout;

static struct vt_length px(double value)
{
    return (struct vt_length){VT_PX, (float)value};
}

static struct vt_length percent(double value)
{
    return (struct vt_length){VT_PERCENT, (float)value};
}

static struct vt_box *add(struct vt_box *parent)
{
    struct vt_box *box = &boxes[n_boxes++];
    memset(box, 0, sizeof *box);
    vt_style_init(&box->style, NULL);
    if (parent) {
        struct vt_box **place = &parent->first;
        while (*place)
            place = &(*place)->next;
        *place = box;
    }
    return box;
}

// A new canvas of 1000 × 500 with a root of its size.
static struct vt_box *start(void)
{
    n_boxes = 0;
    layout = (struct vt_layout){.width = 1000, .height = 500, .scale = 1, .safe = {50, 100, 50, 100}};
    struct vt_box *root = add(NULL);
    root->style.position = 1;
    for (int i = 0; i < 4; i++)
        root->style.inset[i] = px(0);
    return root;
}

static struct vt_box *sized(struct vt_box *parent, double width, double height)
{
    struct vt_box *box = add(parent);
    box->style.width = px(width);
    box->style.height = px(height);
    return box;
}

static void require_box(const struct vt_box *box, double x, double y, double width, double height)
{
    REQUIRE_NEAR(box->x, x, 1e-3);
    REQUIRE_NEAR(box->y, y, 1e-3);
    REQUIRE_NEAR(box->width, width, 1e-3);
    REQUIRE_NEAR(box->height, height, 1e-3);
}

static void solve(struct vt_box *root)
{
    REQUIRE_INT(vt_layout_solve(&layout, root), 0);
}

TEST(rows_place_one_after_the_other)
{
    struct vt_box *root = start(), *a = sized(root, 100, 50), *b = sized(root, 200, 60);
    root->style.column_gap = px(10);
    for (int i = 0; i < 4; i++)
        root->style.padding[i] = px(20);
    b->style.margin[VT_LEFT] = px(5);
    solve(root);
    require_box(root, 0, 0, 1000, 500);
    require_box(a, 20, 20, 100, 50);
    require_box(b, 135, 20, 200, 60);
}

TEST(growth_is_shared_and_limits_are_kept)
{
    struct vt_box *root = start(), *a = sized(root, 100, 50), *b = sized(root, 100, 50), *c = sized(root, 100, 50);
    a->style.grow = 1;
    b->style.grow = 3;
    b->style.max_width = px(300);
    solve(root);
    require_box(a, 0, 0, 600, 50);
    require_box(b, 600, 0, 300, 50);
    require_box(c, 900, 0, 100, 50);
}

TEST(growth_below_one_takes_its_part)
{
    struct vt_box *root = start(), *a = sized(root, 100, 50);
    a->style.grow = 0.5;
    solve(root);
    require_box(a, 0, 0, 550, 50);
}

TEST(shrinking_goes_by_size)
{
    struct vt_box *root = start(), *a = sized(root, 900, 50), *b = sized(root, 300, 50), *c = sized(root, 100, 50);
    c->style.shrink = 0;
    solve(root);
    require_box(a, 0, 0, 675, 50);       // 300 too many, shared 3 : 1
    require_box(b, 675, 0, 225, 50);
    require_box(c, 900, 0, 100, 50);
}

TEST(a_least_width_stops_shrinking)
{
    struct vt_box *root = start(), *a = sized(root, 800, 50), *b = sized(root, 800, 50);
    a->style.min_width = px(700);
    solve(root);
    require_box(a, 0, 0, 700, 50);
    require_box(b, 700, 0, 300, 50);
}

TEST(columns_stretch_and_justify)
{
    struct vt_box *root = start(), *a = add(root), *b = sized(root, 100, 50);
    root->style.direction = VT_COLUMN;
    root->style.justify = VT_JUSTIFY_BETWEEN;
    a->style.height = px(40);
    b->style.align_self = VT_ALIGN_END;
    solve(root);
    require_box(a, 0, 0, 1000, 40);
    require_box(b, 900, 450, 100, 50);
}

TEST(justification_and_alignment_of_a_row)
{
    static const struct {
        int justify;
        double first, second;
    } cases[] = {
        {VT_JUSTIFY_START, 0, 100},       {VT_JUSTIFY_END, 800, 900},    {VT_JUSTIFY_CENTER, 400, 500},
        {VT_JUSTIFY_BETWEEN, 0, 900},     {VT_JUSTIFY_AROUND, 200, 700}, {VT_JUSTIFY_EVENLY, 800.0 / 3, 100 + 1600.0 / 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct vt_box *root = start(), *a = sized(root, 100, 50), *b = sized(root, 100, 100);
        root->style.justify = cases[i].justify;
        root->style.align_items = VT_ALIGN_CENTER;
        solve(root);
        require_box(a, cases[i].first, 225, 100, 50);
        require_box(b, cases[i].second, 200, 100, 100);
    }
}

TEST(right_to_left_is_the_mirror_image)
{
    struct vt_box *root = start(), *a = sized(root, 100, 50), *b = sized(root, 200, 50);
    layout.rtl = true;
    root->style.column_gap = px(10);
    b->style.margin[VT_RIGHT] = px(7);
    solve(root);
    require_box(a, 900, 0, 100, 50);
    require_box(b, 683, 0, 200, 50);
}

TEST(rows_and_columns_run_backwards)
{
    struct vt_box *root = start(), *a = sized(root, 100, 50), *b = sized(root, 200, 60);
    root->style.direction = VT_ROW_REVERSE;
    root->style.column_gap = px(10);
    b->style.margin[VT_RIGHT] = px(7);
    solve(root);
    require_box(a, 900, 0, 100, 50);
    require_box(b, 683, 0, 200, 60);
    layout.rtl = true;                   // twice the mirror image
    solve(root);
    require_box(a, 0, 0, 100, 50);
    require_box(b, 110, 0, 200, 60);
    layout.rtl = false;
    root = start();
    a = sized(root, 100, 50);
    b = sized(root, 200, 60);
    root->style.direction = VT_COLUMN_REVERSE;
    root->style.row_gap = px(10);
    b->style.margin[VT_BOTTOM] = px(7);
    solve(root);
    require_box(a, 0, 450, 100, 50);
    require_box(b, 0, 373, 200, 60);
    root->style.justify = VT_JUSTIFY_END;        // at the top
    solve(root);
    require_box(a, 0, 77, 100, 50);
    require_box(b, 0, 0, 200, 60);
}

TEST(absolute_boxes_stand_by_their_insets)
{
    struct vt_box *root = start(), *a = sized(root, 100, 50), *b = add(root), *c = add(root);
    a->style.position = b->style.position = c->style.position = 1;
    a->style.inset[VT_RIGHT] = px(20);
    a->style.inset[VT_BOTTOM] = px(30);
    b->style.inset[VT_LEFT] = b->style.inset[VT_RIGHT] = percent(10);
    b->style.inset[VT_TOP] = px(5);
    b->style.height = percent(50);
    for (int i = 0; i < 4; i++)
        c->style.inset[i] = (struct vt_length){VT_SAFE, 0};
    solve(root);
    require_box(a, 880, 420, 100, 50);
    require_box(b, 100, 5, 800, 250);
    require_box(c, 100, 50, 800, 400);
}

TEST(units_are_of_what_they_say)
{
    struct vt_box *root = start(), *a = add(root), *b = add(root);
    layout.scale = 0.5;
    a->style.width = (struct vt_length){VT_VW, 10};
    a->style.height = (struct vt_length){VT_VH, 10};
    b->style.width = percent(25);
    b->style.height = px(100);
    solve(root);
    require_box(a, 0, 0, 100, 50);
    require_box(b, 100, 0, 250, 50);
}

TEST(ratios_give_the_other_side)
{
    struct vt_box *root = start(), *a = add(root), *b = add(root);
    a->style.width = px(160);
    a->style.aspect = 16.0 / 9;
    b->style.height = px(90);
    b->style.aspect = 16.0 / 9;
    solve(root);
    require_box(a, 0, 0, 160, 90);
    require_box(b, 160, 0, 160, 90);
}

// Text of 1000 characters of 10 × 20: breaks like text.
static struct vt_extent measure(void *opaque, double width)
{
    double length = *(double *)opaque, columns = isnan(width) || width >= length ? length : fmax(10, floor(width / 10) * 10);
    double lines = ceil(length / columns);
    return (struct vt_extent){columns, lines * 20, 15};
}

TEST(text_wraps_into_what_is_left)
{
    double length = 1200;
    struct vt_box *root = start(), *icon = sized(root, 100, 40), *text = add(root);
    icon->style.shrink = 0;
    text->measure = measure;
    text->opaque = &length;
    root->style.align_items = VT_ALIGN_START;
    solve(root);
    require_box(text, 100, 0, 900, 40);
}

TEST(a_card_is_as_large_as_its_content)
{
    double length = 300;
    struct vt_box *root = start(), *card = add(root), *text = add(card);
    root->style.align_items = VT_ALIGN_START;
    for (int i = 0; i < 4; i++)
        card->style.padding[i] = px(10);
    card->style.border = 2;
    text->measure = measure;
    text->opaque = &length;
    solve(root);
    require_box(card, 0, 0, 324, 44);
    require_box(text, 12, 12, 300, 20);
}

TEST(lines_break_and_keep_their_gaps)
{
    struct vt_box *root = start(), *list[5];
    root->style.wrap = 1;
    root->style.column_gap = px(20);
    root->style.row_gap = px(10);
    root->style.align_content = VT_JUSTIFY_START;
    for (int i = 0; i < 5; i++)
        list[i] = sized(root, 320, i == 1 ? 80 : 50);
    solve(root);
    require_box(list[2], 680, 0, 320, 50);       // 3 × 320 and 2 × 20 are exactly 1000
    require_box(list[3], 0, 90, 320, 50);
    list[0]->style.width = px(320.1);
    solve(root);
    require_box(list[2], 0, 90, 320, 50);
}

TEST(lines_are_stacked_as_align_content_says)
{
    static const struct {
        int how;
        double first, second;
    } cases[] = {
        {VT_JUSTIFY_START, 0, 50},   {VT_JUSTIFY_END, 400, 450},   {VT_JUSTIFY_CENTER, 200, 250},
        {VT_JUSTIFY_BETWEEN, 0, 450}, {VT_JUSTIFY_AROUND, 100, 350}, {VT_JUSTIFY_STRETCH, 0, 250},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct vt_box *root = start(), *a = sized(root, 600, 50), *b = sized(root, 600, 50);
        root->style.wrap = 1;
        root->style.align_content = cases[i].how;
        a->style.shrink = b->style.shrink = 0;
        solve(root);
        require_box(a, 0, cases[i].first, 600, 50);
        require_box(b, 0, cases[i].second, 600, 50);
    }
}

TEST(a_wrapping_card_is_as_high_as_its_lines)
{
    struct vt_box *root = start(), *card = add(root), *tall = add(card);
    root->style.align_items = VT_ALIGN_START;
    card->style.wrap = 1;
    card->style.width = px(250);
    card->style.row_gap = px(6);
    tall->style.width = px(100);
    for (int i = 0; i < 4; i++)
        sized(card, 100, 40);
    solve(root);
    require_box(card, 0, 0, 250, 132);
    require_box(tall, 0, 0, 100, 40);            // stretched over its line, not over the card
}

TEST(percentages_of_what_content_decides_are_auto)
{
    struct vt_box *root = start(), *row = add(root), *child = add(row), *inner = sized(child, 30, 60);
    root->style.align_items = VT_ALIGN_START;
    row->style.align_items = VT_ALIGN_START;
    child->style.height = percent(50);
    solve(root);
    require_box(row, 0, 0, 30, 60);
    require_box(child, 0, 0, 30, 60);
    require_box(inner, 0, 0, 30, 60);
}

TEST(baselines_align)
{
    double length = 100;
    struct vt_box *root = start(), *big = add(root), *small = add(root);
    root->style.align_items = VT_ALIGN_BASELINE;
    big->measure = small->measure = measure;
    big->opaque = small->opaque = &length;
    big->style.padding[VT_TOP] = px(30);
    solve(root);
    require_box(big, 0, 0, 100, 50);
    require_box(small, 100, 30, 100, 20);
}

TEST(a_hostile_tree_ends)
{
    struct vt_box *root = start(), *at = root;
    double length = 500;
    for (int i = 0; i < 40; i++) {
        struct vt_box *child = add(at);
        child->style.direction = i % 2 ? VT_ROW : VT_COLUMN;
        child->style.width = i % 3 ? percent(90) : (struct vt_length){VT_AUTO, 0};
        child->style.grow = 1;
        at = child;
    }
    at->measure = measure;
    at->opaque = &length;
    int r = vt_layout_solve(&layout, root);
    REQUIRE(r == 0 || r == -EFBIG);
    REQUIRE(layout.steps < 10 * VT_LAYOUT_STEPS);
}

int main(void)
{
    RUN(rows_place_one_after_the_other);
    RUN(growth_is_shared_and_limits_are_kept);
    RUN(growth_below_one_takes_its_part);
    RUN(shrinking_goes_by_size);
    RUN(a_least_width_stops_shrinking);
    RUN(columns_stretch_and_justify);
    RUN(justification_and_alignment_of_a_row);
    RUN(right_to_left_is_the_mirror_image);
    RUN(rows_and_columns_run_backwards);
    RUN(absolute_boxes_stand_by_their_insets);
    RUN(units_are_of_what_they_say);
    RUN(ratios_give_the_other_side);
    RUN(text_wraps_into_what_is_left);
    RUN(a_card_is_as_large_as_its_content);
    RUN(lines_break_and_keep_their_gaps);
    RUN(lines_are_stacked_as_align_content_says);
    RUN(a_wrapping_card_is_as_high_as_its_lines);
    RUN(percentages_of_what_content_decides_are_auto);
    RUN(baselines_align);
    RUN(a_hostile_tree_ends);
    return DONE();
}
