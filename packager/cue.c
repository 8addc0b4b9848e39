#include "packager/cue.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "packager/grapheme.h"

static const char ellipsis[] = "\u2026";

// A label as far as it is kept: `keep` of its `size` bytes.
struct label {
    const char *text;
    size_t size, keep;
};

static const char *op_name(enum vt_cue_op op)
{
    static const char *const names[] = {"start", "update", "end", "snap"};
    return names[op];
}

// What JSON must escape; U+FFFD for bytes that are no UTF-8.
static void write_escaped(struct vt_writer *w, const char *text, size_t size)
{
    for (size_t at = 0, length; at < size; at += length) {
        uint32_t c;
        length = vt_utf8_decode(text + at, size - at, &c);
        if (c == '"' || c == '\\')
            vt_write_format(w, "\\%c", (char)c);
        else if (c < 0x20)
            vt_write_format(w, "\\u%04x", (unsigned)c);
        else if (c == 0xFFFD && length == 1)
            vt_write_text(w, "\uFFFD");
        else
            vt_write_bytes(w, text + at, length);
    }
}

static size_t escaped_size(const char *text, size_t size)
{
    size_t total = 0;
    for (size_t at = 0, length; at < size; at += length) {
        uint32_t c;
        length = vt_utf8_decode(text + at, size - at, &c);
        total += c == '"' || c == '\\' ? 2 : c < 0x20 ? 6 : c == 0xFFFD ? 3 : length;
    }
    return total;
}

static void write_member(struct vt_writer *w, const char *name, const char *value)
{
    if (!value)
        return;
    vt_write_format(w, ",\"%s\":\"", name);
    write_escaped(w, value, strlen(value));
    vt_write_text(w, "\"");
}

// Thousandths of a percent without trailing zeros, whatever the locale.
static void write_percent(struct vt_writer *w, double percent)
{
    int64_t v = isfinite(percent) && fabs(percent) < 1e9 ? llround(percent * 1000) : 0;
    int64_t part = v < 0 ? -v : v;
    vt_write_format(w, "%s%lld", v < 0 ? "-" : "", (long long)(part / 1000));
    part %= 1000;
    if (part == 0)
        return;
    char digits[8];
    int length = snprintf(digits, sizeof digits, ".%03d", (int)part);
    while (digits[length - 1] == '0')
        length--;
    vt_write_bytes(w, digits, (size_t)length);
}

static size_t label_size(const struct label *label)
{
    return escaped_size(label->text, label->keep) + (label->keep < label->size ? sizeof ellipsis - 1 : 0);
}

static void write_hotspot(struct vt_writer *w, const struct vt_cue_hotspot *h, const struct label *label)
{
    vt_write_text(w, "{\"n\":\"");
    write_escaped(w, h->name ? h->name : "", h->name ? strlen(h->name) : 0);
    vt_write_text(w, "\"");
    write_member(w, "act", h->action);
    vt_write_text(w, ",\"r\":[");
    for (int i = 0; i < 4; i++) {
        vt_write_text(w, i ? "," : "");
        write_percent(w, h->rect[i]);
    }
    vt_write_format(w, "],\"z\":%d", h->z);
    if (h->label) {
        vt_write_text(w, ",\"l\":\"");
        write_escaped(w, label->text, label->keep);
        vt_write_text(w, label->keep < label->size ? ellipsis : "");
        vt_write_text(w, "\"");
    }
    if (h->quantity)
        vt_write_format(w, ",\"q\":%d", h->quantity);
    write_member(w, "i", h->item);
    write_member(w, "c", h->coupon);
    write_member(w, "u", h->url);
    vt_write_text(w, "}");
}

static void write_time(struct vt_writer *w, const char *name, int64_t frame, const struct vt_cue_clock *clock)
{
    char text[VT_TIME_TEXT];
    vt_format_time(clock->epoch_ns + vt_frame_to_ns(frame, clock->rate), text);
    write_member(w, name, text);
}

static void write_cue(struct vt_writer *w, const struct vt_cue *cue, const struct vt_cue_clock *clock,
                      const struct label *labels)
{
    vt_write_format(w, "{\"v\":1,\"id\":\"%s\",\"rev\":%lld,\"op\":\"%s\"", cue->id, (long long)cue->rev,
                    op_name(cue->op));
    write_time(w, "t", cue->frame, clock);
    vt_write_format(w, ",\"pts\":%lld", (long long)vt_frame_to_90k(cue->frame, clock->rate));
    if (cue->op == VT_CUE_END)
        write_time(w, "ends", cue->frame, clock);
    else if (cue->end_frame != INT64_MAX)
        write_time(w, "ends", cue->end_frame, clock);
    write_member(w, "tpl", cue->template);
    write_member(w, "item", cue->item);
    if (cue->priced) {
        vt_write_format(w, ",\"price\":{\"a\":%lld", (long long)cue->amount);
        write_member(w, "c", cue->currency);
        vt_write_text(w, "}");
    }
    vt_write_text(w, ",\"hs\":[");
    int count = cue->op == VT_CUE_END ? 0 : cue->hotspot_count;
    for (int i = 0; i < count; i++) {
        vt_write_text(w, i ? "," : "");
        write_hotspot(w, &cue->hotspots[i], &labels[i]);
    }
    vt_write_text(w, "]");
    write_member(w, "more", cue->more);
    vt_write_text(w, "}");
}

// Keeps as many clusters as take `room` bytes with the ellipsis, but at least one; all where that is no longer.
static void cut_label(struct label *label, size_t room)
{
    static const size_t mark = sizeof ellipsis - 1;
    size_t at = vt_grapheme_size(label->text, label->size), used = escaped_size(label->text, at);
    label->keep = at;
    while (at < label->size && used <= room) {
        label->keep = used + mark <= room ? at : label->keep;
        size_t cluster = vt_grapheme_size(label->text + at, label->size - at);
        used += escaped_size(label->text + at, cluster);
        at += cluster;
    }
    if (at == label->size && (used <= room || used <= label_size(label)))
        label->keep = label->size;
}

static size_t labels_size(struct label *labels, int count, size_t room)
{
    size_t total = 0;
    for (int i = 0; i < count; i++) {
        cut_label(&labels[i], room);
        total += label_size(&labels[i]);
    }
    return total;
}

// Cuts the longest labels to the greatest length at which all together take `size` bytes at most. False if there is
// none.
static bool fit_labels(struct label *labels, int count, size_t size)
{
    size_t least = 0, most = VT_CUE_JSON;
    while (least < most) {
        size_t middle = (least + most + 1) / 2;
        if (labels_size(labels, count, middle) <= size)
            least = middle;
        else
            most = middle - 1;
    }
    return labels_size(labels, count, least) <= size;
}

static size_t take_labels(struct label *labels, const struct vt_cue *cue)
{
    size_t total = 0;
    for (int i = 0; i < cue->hotspot_count; i++) {
        const char *text = cue->hotspots[i].label ? cue->hotspots[i].label : "";
        labels[i] = (struct label){text, strlen(text), strlen(text)};
        total += label_size(&labels[i]);
    }
    return total;
}

int vt_cue_json(const struct vt_cue *cue, const struct vt_cue_clock *clock, char out[VT_CUE_JSON + 1])
{
    assert(cue->hotspot_count >= 0 && cue->hotspot_count <= VT_CUE_HOTSPOTS);
    assert(vt_name_valid(cue->id));
    struct label labels[VT_CUE_HOTSPOTS] = {0};
    struct vt_writer w = {0};
    size_t whole = take_labels(labels, cue);
    write_cue(&w, cue, clock, labels);
    size_t excess = w.size > VT_CUE_JSON ? w.size - VT_CUE_JSON : 0;
    if (!w.failed && excess > 0 && excess <= whole && cue->op != VT_CUE_END &&
        fit_labels(labels, cue->hotspot_count, whole - excess)) {
        vt_writer_free(&w);
        write_cue(&w, cue, clock, labels);
    }
    int result = w.failed ? -ENOMEM : w.size > VT_CUE_JSON ? -EMSGSIZE : (int)w.size;
    if (result >= 0) {
        memcpy(out, w.data, w.size);
        out[w.size] = 0;
    }
    vt_writer_free(&w);
    return result;
}

int vt_cue_snap_json(const char *json, char out[VT_CUE_JSON + 1])
{
    static const char start[] = "\"op\":\"";
    const char *op = strstr(json, start);
    assert(op && strlen(json) <= VT_CUE_JSON);
    op += sizeof start - 1;
    const char *rest = strchr(op, '"');
    int size = snprintf(out, VT_CUE_JSON + 1, "%.*ssnap%s", (int)(op - json), json, rest);
    assert(size <= VT_CUE_JSON);
    return size;
}
