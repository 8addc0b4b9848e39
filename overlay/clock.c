// What countdowns show: their digits, how they look as time goes, and what comes at zero.
#include <stdlib.h>
#include <string.h>

#include "overlay/view.h"

static double text_advance(const struct vt_timer_content *timer, const char *text)
{
    double width = 0;
    for (; *text; text++)
        width += *text == ':' ? timer->colon : timer->digit;
    return width;
}

static struct vt_extent measure(void *opaque, double width)
{
    const struct vt_timer_content *timer = ((const struct vt_item *)opaque)->timer;
    char text[VT_TIMER_TEXT];
    (void)width;
    vt_timer_text(timer->zero == VT_ZERO_UP ? llabs(timer->most_ns) : timer->most_ns, timer->format, text);
    return (struct vt_extent){ fmax(text_advance(timer, text), timer->ending_width), timer->height, NAN };
}

// ---- looks

static bool changes_box(const struct vt_yaml *style)
{
    return vt_yaml_get(style, "background") || vt_yaml_get(style, "border") || vt_yaml_get(style, "box-shadow");
}

// The item's own style with these words over it.
static void add_look(struct vt_making *m, const struct vt_item *item, const struct vt_yaml *colour,
                     const struct vt_yaml *words, int64_t below_ns)
{
    struct vt_timer_content *timer = item->timer;
    struct vt_style *style = vt_arena_alloc(&m->view->arena, sizeof *style);
    const char *text = colour ? vt_bind(colour, &m->binder) : NULL;
    *style = item->box.style;
    if (text)
        vt_parse_colour(text, &style->text.colour);
    vt_style_apply(style, words, &m->binder);
    timer->boxed |= words && changes_box(words);
    timer->looks[timer->n_looks++] = (struct vt_look){ below_ns, style };
}

static void read_looks(struct vt_making *m, const struct vt_item *item)
{
    const struct vt_yaml *list = vt_making_look(m, item->node, NULL, "thresholds");
    const struct vt_yaml *zero = vt_making_look(m, item->node, "at-zero", "style");
    for (const struct vt_yaml *entry = list ? list->first : NULL; entry; entry = entry->next) {
        int64_t below_ns = 0;
        vt_read_span(vt_yaml_get(entry, "below"), "below", &below_ns, NULL);
        add_look(m, item, vt_yaml_get(entry, "color"), vt_yaml_get(entry, "style"), below_ns);
    }
    if (zero)
        add_look(m, item, NULL, zero, 0);
}

// ---- at zero

static void read_zero(struct vt_making *m, struct vt_item *item, bool until)
{
    struct vt_timer_content *timer = item->timer;
    const struct vt_yaml *action = vt_making_look(m, item->node, "at-zero", "action");
    const char *word = action ? action->text : "stop", *ending = vt_making_text(m, item->node, "at-zero", "text", true);
    timer->zero = strcmp(word, "hide") == 0 ? VT_ZERO_HIDE : strcmp(word, "count-up") == 0 ? VT_ZERO_UP : VT_ZERO_STOP;
    if (strcmp(word, "end-offer") == 0 && timer->most_ns > 0 && until && timer->until_ns < m->view->expires_ns)
        m->view->expires_ns = timer->until_ns;
    if (!ending || !*ending)
        return;
    struct vt_text text = { .text = ending, .style = &item->box.style.text, .scale = item->scale, .one_line = true };
    struct vt_extent extent = vt_text_measure(m->shaper, &text, NAN);
    vt_text_shape(m->shaper, &text, NAN, NAN, &m->view->arena, &timer->ending);
    timer->ending_width = extent.width;
    timer->height = fmax(timer->height, extent.height);
}

static void shape_glyphs(struct vt_making *m, struct vt_item *item)
{
    struct vt_timer_content *timer = item->timer;
    for (int i = 0; i < VT_TIMER_GLYPHS; i++) {
        char glyph[2] = { i < 10 ? (char)('0' + i) : ':', 0 };
        struct vt_text text = { .text = glyph, .style = &item->box.style.text, .scale = item->scale };
        struct vt_extent extent = vt_text_measure(m->shaper, &text, NAN);
        vt_text_shape(m->shaper, &text, extent.width, extent.height, &m->view->arena, &timer->glyphs[i]);
        if (i < 10)
            timer->digit = fmax(timer->digit, extent.width);
        else
            timer->colon = extent.width;
        timer->height = fmax(timer->height, extent.height);
    }
}

void vt_timer_start(struct vt_making *m, struct vt_item *item)
{
    const struct vt_yaml *format = vt_making_look(m, item->node, NULL, "format");
    const char *until = vt_making_text(m, item->node, NULL, "until", false);
    struct vt_timer_content *timer = vt_arena_alloc(&m->view->arena, sizeof *timer);
    const struct vt_yaml *span = vt_making_look(m, item->node, NULL, "for"), *up = vt_making_look(m, item->node, NULL, "up");
    item->timer = timer;
    if (!until || vt_parse_time(until, &timer->until_ns) != 0)
        timer->until_ns = m->params->at_ns;          // nothing to count down to: 00:00
    if (span)
        vt_read_span(span, "for", &timer->for_ns, NULL);
    timer->up = up && up->text[0] == 't' && span;
    timer->format = format && format->text[0] == 'h' ? VT_TIMER_HH_MM_SS : VT_TIMER_MM_SS;
    timer->most_ns = timer->for_ns ? timer->for_ns : timer->until_ns - m->params->at_ns;
    item->box.style.text.tabular = 1;
    shape_glyphs(m, item);
    read_looks(m, item);
    read_zero(m, item, !span);
    item->box.measure = measure;
    item->box.opaque = item;
}

void vt_timer_fini(struct vt_item *item)
{
    if (!item->timer)
        return;
    for (int i = 0; i < VT_TIMER_GLYPHS; i++)
        vt_shaped_fini(&item->timer->glyphs[i]);
    vt_shaped_fini(&item->timer->ending);
}
