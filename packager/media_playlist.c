#include <errno.h>
#include <stdio.h>

#include "packager/playlist.h"
#include "packager/segmenter.h"

#define WITH_PARTS_MAX 64                    // segments, from the last one on, among which are all that have parts listed
#define SKIP_TARGETS 6                       // CAN-SKIP-UNTIL in target durations; the least that is allowed

void vt_segment_name(const struct vt_packager_params *params, int track, uint64_t msn, char out[VT_NAME_OF_SEGMENT])
{
    snprintf(out, VT_NAME_OF_SEGMENT, "%s-%llu.%s", params->tracks[track].name, (unsigned long long)msn,
             params->container == VT_CONTAINER_TS ? "ts" : "m4s");
}

void vt_part_name(const struct vt_packager_params *params, int track, uint64_t msn, int part,
                  char out[VT_NAME_OF_SEGMENT])
{
    snprintf(out, VT_NAME_OF_SEGMENT, "%s-%llu.%d.m4s", params->tracks[track].name, (unsigned long long)msn, part);
}

void vt_past_name(const struct vt_packager_params *params, int track, bool key_frames, uint64_t msn,
                  char out[VT_NAME_OF_SEGMENT])
{
    snprintf(out, VT_NAME_OF_SEGMENT, "%s%s.past-%llu", params->tracks[track].name,
             key_frames ? VT_KEY_FRAMES_SUFFIX : "", (unsigned long long)msn);
}

int64_t vt_skip_boundary(const struct vt_packager_params *params)
{
    return SKIP_TARGETS * INT64_C(1000000) * vt_target_duration(params);
}

// One playlist while it is written.
struct page {
    struct vt_writer *w;
    const struct vt_playlist *p;
    int track;
    enum vt_playlist_form form;
    bool key_frames;                         // an I-frame playlist
    bool record;                             // one that grows from the show's start
    int skipped;                             // segments
};

// -- tags

static bool tag_skipped(const struct page *page, const struct vt_tag *tag)
{
    const struct vt_packager_params *params = page->p->params;
    if (page->form != VT_FORM_SKIP2)
        return false;
    int64_t end = vt_part_frame(params, tag->k, tag->part + 1);
    return vt_muldiv(end * params->rate.den, 1000000, params->rate.num) < page->p->edge_us - vt_skip_boundary(params);
}

static void write_tag(const struct page *page, const struct vt_tag *tag)
{
    if (!tag_skipped(page, tag))
        vt_write_bytes(page->w, tag->line, tag->line_size);
}

// The first tag of segment k or a later one: tags stand in the order of their segments.
static int first_tag(const struct vt_timeline *timeline, int64_t k)
{
    int low = 0, high = timeline->n_tags;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (timeline->tags[middle].k < k)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

// Tags of segment k, or of one part of it, or -1.
static void write_tags(const struct page *page, int64_t k, int part)
{
    const struct vt_timeline *timeline = page->p->timeline;
    for (int i = first_tag(timeline, k); i < timeline->n_tags && timeline->tags[i].k == k; i++)
        if (part < 0 || timeline->tags[i].part == part)
            write_tag(page, &timeline->tags[i]);
}

// Where the tags end that come before this listed segment: what is missing of a segment has none of its own.
static int64_t end_of_tags(const struct vt_listed *segment)
{
    return segment->k + segment->rest;
}

// Those of the segments [from, to).
static void write_tags_between(const struct page *page, int64_t from, int64_t to)
{
    const struct vt_timeline *timeline = page->p->timeline;
    for (int i = first_tag(timeline, from); i < timeline->n_tags && timeline->tags[i].k < to; i++)
        write_tag(page, &timeline->tags[i]);
}

static void write_seconds(struct vt_writer *w, int64_t us)
{
    vt_write_format(w, "%lld.%06d", (long long)(us / 1000000), (int)(us % 1000000));
}

// -- segments and parts

static void write_date(const struct page *page, const struct vt_listed *segment)
{
    char time[VT_TIME_TEXT];
    vt_format_time(page->p->params->epoch_ns + segment->track[page->track].start_us * 1000, time);
    vt_write_format(page->w, "#EXT-X-PROGRAM-DATE-TIME:%s\n", time);
}

static void write_part(const struct page *page, const struct vt_listed *segment, int i)
{
    const struct vt_listed_part *part = &segment->parts[i];
    char name[VT_NAME_OF_SEGMENT];
    if (part->track[page->track].absent)
        return;
    vt_part_name(page->p->params, page->track, segment->msn, i, name);
    vt_write_text(page->w, "#EXT-X-PART:DURATION=");
    write_seconds(page->w, part->track[page->track].duration_us);
    vt_write_format(page->w, ",URI=\"%s\"%s\n", name, part->track[page->track].gap ? ",GAP=YES"
                    : part->track[page->track].independent ? ",INDEPENDENT=YES" : "");
}

static void write_parts(const struct page *page, const struct vt_listed *segment)
{
    for (int i = 0; i < segment->n_parts; i++) {
        if (!segment->rest)
            write_tags(page, segment->k, i);
        write_part(page, segment, i);
    }
}

// An EXT-X-GAP has no bytes to point at.
static void write_extinf(const struct page *page, const struct vt_listed *segment)
{
    const struct vt_listed_track *t = &segment->track[page->track];
    bool gap = t->gap || (page->key_frames && t->key_size == 0);
    char name[VT_NAME_OF_SEGMENT];
    if (page->key_frames && !gap)
        vt_write_format(page->w, "#EXT-X-BYTERANGE:%lld@%lld\n", (long long)t->key_size, (long long)t->key_at);
    vt_segment_name(page->p->params, page->track, segment->msn, name);
    vt_write_format(page->w, "%s#EXTINF:", gap ? "#EXT-X-GAP\n" : "");
    write_seconds(page->w, t->duration_us);
    vt_write_format(page->w, ",\n%s\n", name);
}

static void write_segment(const struct page *page, const struct vt_listed *segment)
{
    const struct vt_listed_track *t = &segment->track[page->track];
    bool parts = page->form != VT_FORM_PLAIN && !page->key_frames && vt_parts_listed(segment);
    if (!t->absent)
        write_date(page, segment);
    if (parts)
        write_parts(page, segment);
    else if (!segment->rest)
        write_tags(page, segment->k, -1);
    if (!t->absent)
        write_extinf(page, segment);
}

// -- the edge

static uint64_t next_msn(const struct vt_playlist *p)
{
    return p->params->first_msn + (uint64_t)p->next;
}

static void write_reports(const struct page *page)
{
    const struct vt_playlist *p = page->p;
    const struct vt_listed *last = p->window->count ? &p->window->list[p->window->count - 1] : NULL;
    unsigned long long msn = p->part > 0 ? next_msn(p) : last ? last->msn : next_msn(p) - 1;
    int part = p->part > 0 ? p->part - 1 : last ? last->n_parts - 1 : -1;
    for (int t = 0; t < p->params->n_tracks; t++) {
        if (t == page->track)
            continue;
        vt_write_format(page->w, "#EXT-X-RENDITION-REPORT:URI=\"%s.m3u8\",LAST-MSN=%llu", p->params->tracks[t].name,
                        msn);
        if (part >= 0)
            vt_write_format(page->w, ",LAST-PART=%d", part);
        vt_write_text(page->w, "\n");
    }
}

static void write_edge(const struct page *page)
{
    const struct vt_playlist *p = page->p;
    char name[VT_NAME_OF_SEGMENT];
    if (p->window->open.n_parts > 0) {
        write_date(page, &p->window->open);
        write_parts(page, &p->window->open);
    }
    vt_part_name(p->params, page->track, next_msn(p), p->part, name);
    vt_write_format(page->w, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"%s\"\n", name);
    write_reports(page);
}

// -- the head

// Segments that end before the skip boundary: they are farther than it from the end of the last whole one.
static int count_skipped(const struct vt_playlist *p)
{
    int64_t until = vt_window_edge(p->window) - vt_skip_boundary(p->params);
    int at = p->window->count;
    while (at > p->window->first && vt_listed_end(&p->window->list[at - 1]) >= until)
        at--;
    return at - p->window->first;
}

static void write_control(const struct page *page)
{
    const struct vt_packager_params *params = page->p->params;
    int target = vt_part_target(params), hold = 3 * target;
    vt_write_format(page->w, "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=%d.0,CAN-SKIP-DATERANGES=YES,"
                    "PART-HOLD-BACK=%d.%03d\n", SKIP_TARGETS * vt_target_duration(params), hold / 1000, hold % 1000);
    if (!page->key_frames)
        vt_write_format(page->w, "#EXT-X-PART-INF:PART-TARGET=%d.%03d\n", target / 1000, target % 1000);
}

static void write_skip(const struct page *page)
{
    const struct vt_timeline *timeline = page->p->timeline;
    int64_t since = page->p->edge_us - vt_skip_boundary(page->p->params);
    vt_write_format(page->w, "#EXT-X-SKIP:SKIPPED-SEGMENTS=%d", page->skipped);
    if (page->form == VT_FORM_SKIP2) {
        const char *separator = "";
        vt_write_text(page->w, ",RECENTLY-REMOVED-DATERANGES=\"");
        for (int i = 0; i < timeline->n_removed; i++) {
            if (timeline->removed[i].at_us < since)
                continue;
            vt_write_format(page->w, "%s%s.%lld", separator, timeline->removed[i].id,
                            (long long)timeline->removed[i].rev);
            separator = "\t";
        }
        vt_write_text(page->w, "\"");
    }
    vt_write_text(page->w, "\n");
}

// No higher than its tags need: §8.
static int version_of(const struct page *page)
{
    if (page->skipped > 0)
        return page->form == VT_FORM_SKIP2 ? 10 : 9;
    if (page->p->params->container == VT_CONTAINER_TS)
        return page->key_frames ? 4 : 3;     // EXT-X-I-FRAMES-ONLY; durations with fractions
    return page->key_frames ? 5 : 6;         // EXT-X-MAP
}

static void write_head(const struct page *page, uint64_t first)
{
    const struct vt_packager_params *params = page->p->params;
    vt_write_format(page->w, "#EXTM3U\n#EXT-X-VERSION:%d\n#EXT-X-TARGETDURATION:%d\n%s", version_of(page),
                    vt_target_duration(params), page->key_frames ? "#EXT-X-I-FRAMES-ONLY\n" : "");
    if (page->form != VT_FORM_PLAIN)
        write_control(page);
    vt_write_format(page->w, "#EXT-X-MEDIA-SEQUENCE:%llu\n%s", (unsigned long long)first,
                    params->vod ? "#EXT-X-PLAYLIST-TYPE:VOD\n"
                    : page->record || params->window_ns == 0 ? "#EXT-X-PLAYLIST-TYPE:EVENT\n" : "");
    // The map belongs to the first segment, and is skipped with it.
    if (page->skipped > 0)
        write_skip(page);
    else if (params->container == VT_CONTAINER_CMAF)
        vt_write_format(page->w, "#EXT-X-MAP:URI=\"%s-init.mp4\"\n", params->tracks[page->track].name);
}

// Where segments begin that are listed with their parts.
static int first_with_parts(const struct page *page)
{
    const struct vt_window *window = page->p->window;
    int found = window->count, least = window->count - WITH_PARTS_MAX;
    if (page->form == VT_FORM_PLAIN || page->key_frames)
        return found;
    for (int i = window->count - 1; i >= window->first && i >= least; i--)
        if (vt_parts_listed(&window->list[i]))
            found = i;
    return found;
}

// The lines of all listed segments before `end`, or their tags alone: by name where a file holds them.
static void write_past(const struct page *page, int end, bool tags)
{
    const struct vt_window *window = page->p->window;
    const struct vt_past *past = &window->text[page->track][page->key_frames];
    size_t size = past->w.size - past->start;
    char name[VT_NAME_OF_SEGMENT];
    for (int i = end; i < window->count; i++)
        size -= window->list[i].track[page->track].text_size[page->key_frames];
    if (size == 0)
        return;
    if (page->form != VT_FORM_PLAIN && past->stored == past->w.size) {
        vt_past_name(page->p->params, page->track, page->key_frames, window->text_msn, name);
        vt_write_format(page->w, VT_PAST_LINE "%s,%zu,%zu,%d\n", name, past->start, size,
                        tags ? 0 : end - window->first);
    } else if (tags) {
        write_tags_between(page, end_of_tags(&window->list[window->first]), end_of_tags(&window->list[end]));
    } else {
        vt_write_bytes(page->w, past->w.data + past->start, size);
    }
}

int vt_playlist_keep(struct vt_window *window, const struct vt_playlist *playlist)
{
    window->kept = window->kept > window->first ? window->kept : window->first;
    if (window->text_msn == 0 && window->kept < window->count)
        window->text_msn = window->list[window->kept].msn;
    for (; window->kept < window->count; window->kept++) {
        struct vt_listed *segment = &window->list[window->kept];
        for (int i = 0; i < 2 * playlist->params->n_tracks; i++) {
            struct vt_writer *w = &window->text[i / 2][i % 2].w;
            struct page page = {.w = w, .p = playlist, .track = i / 2, .form = VT_FORM_PLAIN, .key_frames = i % 2};
            size_t before = w->size;
            if (!vt_track_listed(playlist->params, i / 2) || w->failed)
                continue;
            write_segment(&page, segment);
            segment->track[i / 2].text_size[i % 2] = (uint32_t)(w->size - before);
            if (w->failed)
                return -ENOMEM;
        }
    }
    return 0;
}

// Tags whose segments have left, and, where a delta update tells of recent ones alone, those of skipped segments.
static void write_early_tags(const struct page *page)
{
    const struct vt_playlist *p = page->p;
    const struct vt_packager_params *params = p->params;
    const struct vt_window *window = p->window;
    int at = window->first + page->skipped;
    if (at == window->count)
        return;
    if (page->form != VT_FORM_SKIP2) {
        write_tags_between(page, INT64_MIN, end_of_tags(&window->list[window->first]));
        return;
    }
    int64_t since_us = p->edge_us - vt_skip_boundary(params);
    int64_t frame = vt_muldiv(since_us > 0 ? since_us : 0, params->rate.num, params->rate.den * INT64_C(1000000));
    write_tags_between(page, vt_segment_of(params, frame) - 1, end_of_tags(&window->list[at]));
}

static void write_page(struct page *page)
{
    const struct vt_playlist *p = page->p;
    const struct vt_window *window = p->window;
    if (page->form >= VT_FORM_SKIP && !p->ended)
        page->skipped = count_skipped(p);
    // Where there is nothing to skip, and at the end, a delta update is the whole playlist.
    if (page->form >= VT_FORM_SKIP && page->skipped == 0)
        page->form = VT_FORM_LL;
    write_head(page, window->first < window->count ? window->list[window->first].msn : next_msn(p));
    write_early_tags(page);
    int at = page->skipped > 0 ? window->first + page->skipped : first_with_parts(page);
    if (page->form != VT_FORM_SKIP2)
        write_past(page, at, page->skipped > 0);
    for (; at < window->count; at++)
        write_segment(page, &window->list[at]);
    if (p->ended)
        vt_write_text(page->w, "#EXT-X-ENDLIST\n");
    else if (page->form != VT_FORM_PLAIN && !page->key_frames)
        write_edge(page);
}

void vt_playlist_media(struct vt_writer *w, const struct vt_playlist *p, int track, enum vt_playlist_form form)
{
    struct page page = {.w = w, .p = p, .track = track, .form = form};
    write_page(&page);
}

void vt_playlist_key_frames(struct vt_writer *w, const struct vt_playlist *p, int track, enum vt_playlist_form form)
{
    struct page page = {.w = w, .p = p, .track = track, .form = form, .key_frames = true};
    write_page(&page);
}

void vt_playlist_record(struct vt_writer *head, struct vt_writer *lines, const struct vt_playlist *p, int track,
                        const struct vt_listed *segment, bool key_frames)
{
    struct page page = {.w = head, .p = p, .track = track, .form = VT_FORM_PLAIN, .key_frames = key_frames,
                        .record = true};
    write_head(&page, segment->msn);
    page.w = lines;
    write_segment(&page, segment);
}
