#include "overlay/view.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "overlay/data.h"
#include "overlay/money.h"

// Shares of the picture that stay free with `inset: safe`: EBU R 95's graphics area in landscape, what phone apps cover
// in portrait.
static const double safe_landscape[4] = { 0.05, 0.05, 0.05, 0.05 };
static const double safe_portrait[4] = { 0.14, 0.06, 0.20, 0.06 };

void vt_safe_area(double width, double height, double ret[4])
{
    const double *safe = height > width ? safe_portrait : safe_landscape;
    for (int i = 0; i < 4; i++)
        ret[i] = safe[i] * (i == VT_TOP || i == VT_BOTTOM ? height : width);
}

const struct vt_yaml *vt_making_look(const struct vt_making *m, const struct vt_node *node, const char *section,
                                     const char *key)
{
    for (int i = m->n_patches - 1; i >= 0 && node->id; i--) {
        const struct vt_yaml *map = vt_yaml_get(m->patches[i], node->id);
        if (map && section)
            map = vt_yaml_get(map, section);
        const struct vt_yaml *found = map ? vt_yaml_get(map, key) : NULL;
        if (found)
            return found;
    }
    const struct vt_yaml *map = section ? vt_yaml_get(node->yaml, section) : node->yaml;
    return map ? vt_yaml_get(map, key) : NULL;
}

const char *vt_making_text(struct vt_making *m, const struct vt_node *node, const char *section, const char *key,
                           bool isolate)
{
    const struct vt_yaml *at = vt_making_look(m, node, section, key);
    struct vt_writer out = { .limit = VT_TEXT_BYTES };
    if (!at)
        return NULL;
    vt_expression_text(at->text, &m->scope, isolate, &out);
    const char *text = out.failed ? NULL : vt_arena_text(&m->view->arena, (char *)out.data, out.size);
    vt_writer_free(&out);
    if (!text) {
        vt_diagnose(m->diagnostics, VT_ERROR, at->line, at->column, "`%s` has more than %d bytes (limit) with its data", key,
                    VT_TEXT_BYTES);
        m->failed = true;
    }
    return text;
}

static bool is_rtl(const char *language)
{
    static const char *const codes[] = { "ar", "fa", "he", "ur", "yi", "ps", "ug", "dv" };
    for (size_t i = 0; language && i < sizeof codes / sizeof *codes; i++) {
        if (strncmp(language, codes[i], 2) == 0 && (!language[2] || language[2] == '-'))
            return true;
    }
    return false;
}

static bool language_matches(const char *wanted, const char *language)
{
    size_t size = strlen(wanted);
    return strncmp(wanted, language, size) == 0 && (!language[size] || language[size] == '-');
}

static bool variant_applies(const struct vt_making *m, const struct vt_variant *variant, double width, double height)
{
    enum vt_orientation orientation = height > width ? VT_PORTRAIT : VT_LANDSCAPE;
    if (variant->orientation != VT_ANY_ORIENTATION && variant->orientation != orientation)
        return false;
    if (width < variant->min_width || width > variant->max_width || height < variant->min_height ||
        height > variant->max_height)
        return false;
    if (variant->direction && (strcmp(variant->direction, "rtl") == 0) != m->view->rtl)
        return false;
    if (variant->market && strcasecmp(variant->market, m->params->market ? m->params->market : "none") != 0)
        return false;
    if (variant->output && strcmp(variant->output, m->params->output ? m->params->output : "main") != 0)
        return false;
    return !variant->language || language_matches(variant->language, m->scope.language);
}

// ---- building the tree

static bool stands(const struct vt_making *m, const struct vt_node *node)
{
    const struct vt_yaml *when = vt_making_look(m, node, NULL, "when"), *step = vt_making_look(m, node, NULL, "step");
    if (step && atoi(step->text) > m->params->step)
        return false;
    return !when || vt_expression_condition(when->text, &m->scope);
}

static void set_style(struct vt_making *m, struct vt_item *item)
{
    const struct vt_node *node = item->node;
    vt_style_init(&item->box.style, item->parent ? &item->parent->box.style.text : NULL);
    vt_style_apply(&item->box.style, vt_yaml_get(node->yaml, "style"), &m->binder);
    for (int i = 0; i < m->n_patches && node->id; i++) {
        const struct vt_yaml *map = vt_yaml_get(m->patches[i], node->id);
        vt_style_apply(&item->box.style, map ? vt_yaml_get(map, "style") : NULL, &m->binder);
    }
    vt_style_settle(&item->box.style);
}

static const struct vt_motion *find_motion(const struct vt_motion *list, int count, int node)
{
    for (int i = 0; i < count; i++) {
        if (list[i].node == node)
            return &list[i];
    }
    return NULL;
}

static const struct vt_change *find_change(const struct vt_template *t, int node)
{
    for (int i = 0; i < t->n_change; i++) {
        if (t->change[i].node == node)
            return &t->change[i];
    }
    return NULL;
}

// Its own motions; and its box's entry, when that one staggers its children.
static void find_motions(struct vt_making *m, struct vt_item *item, int index)
{
    const struct vt_template *t = m->view->template;
    item->enter = find_motion(t->enter, t->n_enter, index);
    item->exit = find_motion(t->exit, t->n_exit, index);
    item->loop = find_motion(t->loop, t->n_loop, index);
    item->step = find_motion(t->step, t->n_step, index);
    item->change = find_change(t, index);
    item->staggering = item->enter && item->enter->stagger_ns > 0 ? item->enter : NULL;
    if (item->staggering)
        item->enter = NULL;
    if (item->enter)
        item->enter_delay_ns = item->enter->delay_ns;
    struct vt_item *parent = item->parent;
    if (parent && parent->staggering && !item->enter) {
        item->enter = parent->staggering;
        item->enter_delay_ns = item->enter->delay_ns + item->enter->stagger_ns * parent->staggered++;
    }
}

static bool has_room(struct vt_making *m, const struct vt_node *node)
{
    if (m->view->n_items < VT_TEMPLATE_NODES)
        return true;
    if (!m->failed)
        vt_diagnose(m->diagnostics, VT_ERROR, node->yaml->line, node->yaml->column,
                    "with its repetitions the template has more than %d nodes (limit)", VT_TEMPLATE_NODES);
    m->failed = true;
    return false;
}

// ---- legibility

static bool shows_text(const struct vt_node *node)
{
    return node->type == VT_NODE_TEXT || node->type == VT_NODE_NUMBER || node->type == VT_NODE_TIMER ||
           node->type == VT_NODE_TICKER;
}

static bool is_illegible(const struct vt_making *m, const struct vt_text_style *text)
{
    if (m->params->smallest_height <= 0)
        return false;
    return text->size * m->view->scale * m->params->smallest_height / m->view->height < VT_LEGIBLE_PX;
}

// Whether a box without children is one whose texts were too small.
static bool lost_text(const struct vt_making *m, const struct vt_node *node)
{
    const struct vt_template *t = m->view->template;
    for (int child = node->first; child >= 0; child = t->nodes[child].next) {
        if (shows_text(&t->nodes[child]) && stands(m, &t->nodes[child]))
            return true;
    }
    return false;
}

// ---- items

static struct vt_item *make_item(struct vt_making *m, int index, struct vt_item *parent);

static void make_children(struct vt_making *m, struct vt_item *item, struct vt_box ***place)
{
    const struct vt_template *t = m->view->template;
    for (int child = item->node->first; child >= 0; child = t->nodes[child].next) {
        struct vt_item *made = make_item(m, child, item);
        if (!made)
            continue;
        **place = &made->box;
        *place = &made->box.next;
    }
}

// Its children once for each entry of a list, which they call `item`.
static void repeat(struct vt_making *m, struct vt_item *item, struct vt_box ***place)
{
    const struct vt_yaml *items = vt_making_look(m, item->node, NULL, "items");
    const struct vt_yaml *max = vt_making_look(m, item->node, NULL, "max");
    size_t most = max ? (size_t)atoi(max->text) : VT_REPEAT_ITEMS, i;
    json_t *list = vt_expression_value(items->text, &m->scope), *value;
    const json_t *outer = m->scope.item;
    int index = m->index;
    json_array_foreach(list, i, value) {
        if (i >= most || i >= VT_REPEAT_ITEMS)
            break;
        m->scope.item = value;
        m->index = (int)i;
        make_children(m, item, place);
    }
    m->scope.item = outer;
    m->index = index;
    json_decref(list);
}

static struct vt_item *make_item(struct vt_making *m, int index, struct vt_item *parent)
{
    const struct vt_template *t = m->view->template;
    const struct vt_node *node = &t->nodes[index];
    if (!stands(m, node))
        return NULL;
    struct vt_item *item = vt_arena_alloc(&m->view->arena, sizeof *item);
    item->node = node;
    item->parent = parent;
    item->shaper = m->shaper;
    item->scale = m->view->scale;
    item->index = m->index;
    item->entry = m->scope.item;
    item->value = NAN;
    set_style(m, item);
    if (item->box.style.display == 1 || !has_room(m, node))
        return NULL;
    if (shows_text(node) && is_illegible(m, &item->box.style.text)) {
        m->illegible = true;
        if (m->legible_only)
            return NULL;
    }
    find_motions(m, item, index);
    int first = m->view->n_items;
    m->view->items[m->view->n_items++] = item;
    vt_content_make(m, item);
    struct vt_box **place = &item->box.first;
    if (node->type == VT_NODE_REPEAT)
        repeat(m, item, &place);
    else
        make_children(m, item, &place);
    if (node->first >= 0 && !item->box.first && m->legible_only && lost_text(m, node)) {
        m->view->n_items = first;        // nothing is left of it
        return NULL;
    }
    return item;
}

static int solve(struct vt_making *m)
{
    struct vt_view *view = m->view;
    struct vt_layout layout = { .width = view->width, .height = view->height, .scale = view->scale, .rtl = view->rtl };
    if (view->template->safe)
        vt_safe_area(view->width, view->height, layout.safe);
    if (view->root && vt_layout_solve(&layout, &view->root->box) != 0) {
        vt_diagnose(m->diagnostics, VT_ERROR, 0, 0, "the layout takes more than %d steps (limit)", VT_LAYOUT_STEPS);
        return -EINVAL;
    }
    for (int i = 0; i < view->n_items; i++)
        vt_content_settle(m, view->items[i]);
    return 0;
}

static void measure_motion(struct vt_view *view)
{
    for (int i = 0; i < view->n_items; i++) {
        const struct vt_item *item = view->items[i];
        if (item->enter && item->enter->duration_ns + item->enter_delay_ns > view->enter_ns)
            view->enter_ns = item->enter->duration_ns + item->enter_delay_ns;
        int64_t exit_ns = item->exit ? item->exit->duration_ns + item->exit->delay_ns : 0;
        if (exit_ns > view->exit_ns)
            view->exit_ns = exit_ns;
        if (exit_ns > view->calm_exit_ns && !vt_motion_cut(item->exit->calm, view->template->calm_exit))
            view->calm_exit_ns = exit_ns;
    }
}

static void set_price(struct vt_view *view, const json_t *data)
{
    view->has_price = vt_money_from_json(json_object_get(json_object_get(data, "price"), "current"), &view->price,
                                         view->currency);
}

// What only making needed.
static void let_go(struct vt_making *m)
{
    for (int i = 0; i < m->view->n_items; i++) {
        m->view->items[i]->shaper = NULL;
        m->view->items[i]->entry = NULL;
    }
    vt_shaper_free(&m->shaper);
}

static void let_items_go(struct vt_view *view)
{
    for (int i = 0; i < view->n_items; i++)
        vt_content_fini(view->items[i]);
    view->n_items = 0;
}

// `width` and `height` are what the variants go by.
static void make_items(struct vt_making *m, double width, double height)
{
    const struct vt_template *t = m->view->template;
    m->n_patches = 0;
    for (int i = 0; i < t->n_variants; i++) {
        if (variant_applies(m, &t->variants[i], width, height))
            m->patches[m->n_patches++] = t->variants[i].set;
    }
    m->view->root = make_item(m, 0, NULL);
}

static int make(struct vt_making *m, const json_t *data)
{
    struct vt_view *view = m->view;
    const struct vt_template *t = view->template;
    m->scope = (struct vt_scope){ .data = data, .language = m->params->language ? m->params->language : "en",
                                  .strings = t->strings };
    m->binder = (struct vt_binder){ .tokens = t->tokens, .scope = &m->scope, .strings = t->strings,
                                    .arena = &view->arena, .diagnostics = m->diagnostics,
                                    .vw = view->width / view->scale / 100, .vh = view->height / view->scale / 100 };
    view->rtl = is_rtl(m->scope.language);
    m->shaper = vt_shaper_new(t->fonts, m->scope.language, view->rtl);
    make_items(m, view->width, view->height);
    if (m->illegible && !m->failed) {
        let_items_go(view);
        m->legible_only = true;
        make_items(m, view->width * m->params->smallest_height / view->height, m->params->smallest_height);
    }
    int r = solve(m);
    if (r == 0) {
        vt_layers_make(m);
        vt_hotspots_make(m);
        measure_motion(view);
        set_price(view, data);
    }
    let_go(m);
    return r != 0 ? r : m->failed ? -EINVAL : 0;
}

static bool params_valid(const struct vt_view_params *params)
{
    return params->width > 0 && params->height > 0 && params->width <= 16384 && params->height <= 16384 &&
           params->rate.num > 0 && params->rate.den > 0;
}

int vt_view_new(struct vt_view **ret, const struct vt_view_params *params, struct vt_diagnostics *diagnostics)
{
    if (!params_valid(params) || !vt_data_check(params->template, params->data, diagnostics))
        return -EINVAL;
    struct vt_view *view = calloc(1, sizeof *view);
    if (!view)
        return -ENOMEM;
    view->references = 1;
    view->template = vt_template_ref(params->template);
    view->width = params->width;
    view->height = params->height;
    view->scale = fmin(view->width, view->height) / fmin(view->template->design_width, view->template->design_height);
    view->frame_ns = vt_frame_to_ns(1, params->rate);

    struct vt_making m = { .params = params, .view = view, .diagnostics = diagnostics };
    struct vt_data_params derive = { view->template, params->data, params->products, params->language, params->market,
                                     params->at_ns };
    json_t *data = vt_data_derive(&derive, &view->expires_ns);
    int r = make(&m, data);
    json_decref(data);
    if (r != 0)
        vt_view_unref(&view);
    else
        *ret = view;
    return r;
}

struct vt_view *vt_view_ref(struct vt_view *view)
{
    __atomic_add_fetch(&view->references, 1, __ATOMIC_RELAXED);
    return view;
}

void vt_view_unref(struct vt_view **view)
{
    struct vt_view *old = *view;
    *view = NULL;
    if (!old || __atomic_sub_fetch(&old->references, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    for (int i = 0; i < old->n_items; i++)
        vt_content_fini(old->items[i]);
    vt_template_unref(&old->template);
    vt_arena_free(&old->arena);
    free(old);
}

const struct vt_hotspot *vt_view_hotspots(const struct vt_view *view, int *ret_count)
{
    *ret_count = view->n_hotspots;
    return view->hotspots;
}

bool vt_view_price(const struct vt_view *view, int64_t *ret_amount, char ret_currency[4])
{
    if (!view->has_price)
        return false;
    *ret_amount = view->price;
    memcpy(ret_currency, view->currency, 4);
    return true;
}

int64_t vt_view_enter_ns(const struct vt_view *view)
{
    return view->enter_ns;
}

int64_t vt_view_change_ns(const struct vt_view *view)
{
    int64_t longest = 0;
    for (int i = 0; i < view->n_items; i++) {
        const struct vt_change *change = view->items[i]->change;
        const struct vt_motion *step = view->items[i]->step;
        if (change && change->duration_ns > longest)
            longest = change->duration_ns;
        if (step && step->duration_ns + step->delay_ns > longest)
            longest = step->duration_ns + step->delay_ns;
    }
    return longest;
}

static const struct vt_item *find_ticker(const struct vt_view *view)
{
    for (int i = 0; i < view->n_items; i++) {
        if (view->items[i]->ticker && view->items[i]->ticker->count && !view->items[i]->ticker->marquee)
            return view->items[i];
    }
    return NULL;
}

// Where a tape stands after `elapsed`, pixels of the rendition, as painters reckon it.
static double tape_at(int64_t elapsed, double speed, double period)
{
    double at = fmod((double)elapsed / 1e9 * speed, period);
    return at < 0 ? at + period : at;
}

int64_t vt_view_ticker_ahead(const struct vt_view *view, const struct vt_view *before, const struct vt_moment *moment,
                             int width)
{
    const struct vt_item *now = find_ticker(view), *then = find_ticker(before);
    int64_t elapsed = moment->now_ns > moment->enter_ns ? moment->now_ns - moment->enter_ns : 0;
    if (!now || !then || now->ticker->hold_ns || then->ticker->hold_ns || now->ticker->count != then->ticker->count || now->ticker->speed <= 0)
        return moment->ticker_ns;
    const struct vt_ticker_content *a = then->ticker, *b = now->ticker;
    double scale = width / view->width, wanted = 0, period = fmax(1, round(b->width * scale));
    double at = tape_at(elapsed + moment->ticker_ns, a->speed * scale, fmax(1, round(a->width * scale)));
    int i = 0;
    while (i < a->count - 1 && at >= a->widths[i] * scale) {
        at -= a->widths[i] * scale;
        wanted += b->widths[i++] * scale;
    }
    wanted += fmin(at, b->widths[i] * scale);
    double ahead = wanted - tape_at(elapsed, b->speed * scale, period);
    return llround((ahead < 0 ? ahead + period : ahead) / (b->speed * scale) * 1e9);
}

int64_t vt_view_exit_ns(const struct vt_view *view)
{
    return view->exit_ns;
}

int64_t vt_view_expires_ns(const struct vt_view *view)
{
    return view->expires_ns;
}
