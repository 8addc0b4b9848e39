// ISO base media files: init segments and fragments.
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "check/media.h"

#define KIND(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))
#define NOT_SYNC 0x10000u              // sample_is_non_sync_sample

struct walk {
    struct vt_media *media;
    struct vt_media_track *track;      // of the trak or traf that is read
    int boxes;
    uint32_t samples;
    uint32_t default_duration, default_flags;
    bool has_tfdt;
    int64_t clock;                     // decode time of the next sample of the traf
};

static void read_level(struct walk *walk, struct vt_reader r, uint32_t parent, int depth);

static struct vt_media_track *find_track(struct vt_media *media, uint32_t id)
{
    for (int i = 0; i < media->n_tracks; i++)
        if (media->tracks[i].id == id)
            return &media->tracks[i];
    if (media->n_tracks == VT_MEDIA_TRACKS)
        return NULL;
    struct vt_media_track *track = &media->tracks[media->n_tracks++];
    *track = (struct vt_media_track){.id = id, .kind = '?'};
    return track;
}

static void read_ftyp(struct vt_media *media, struct vt_reader *r)
{
    static const char *const brands[] = {"iso6", "iso7", "iso8", "iso9", "isoa", "isob", "isoc", "cmfc", "cmf2", "cmfs",
                                         "cmff", "cmfl"};
    bool found = false;
    media->has_ftyp = true;
    for (bool major = true; r->left >= 4; major = false) {
        const uint8_t *brand = vt_read_bytes(r, 4);
        for (size_t i = 0; i < sizeof brands / sizeof brands[0]; i++)
            found |= memcmp(brand, brands[i], 4) == 0;
        if (major)
            vt_read_skip(r, 4);
    }
    media->old_brand = !found;
}

// A full box's version; the reader stands behind its flags.
static int version(struct vt_reader *r, uint32_t *ret_flags)
{
    uint32_t word = vt_read_u32be(r);
    *ret_flags = word & 0xffffff;
    return (int)(word >> 24);
}

static uint64_t sized(struct vt_reader *r, bool wide)
{
    return wide ? vt_read_u64be(r) : vt_read_u32be(r);
}

static void read_tkhd(struct walk *walk, struct vt_reader *r)
{
    uint32_t flags;
    bool wide = version(r, &flags) == 1;
    vt_read_skip(r, wide ? 16 : 8);
    walk->track = find_track(walk->media, vt_read_u32be(r));
    vt_read_skip(r, 4);
    walk->media->has_duration |= sized(r, wide) != 0;
}

static void read_mvhd(struct walk *walk, struct vt_reader *r)
{
    uint32_t flags;
    bool wide = version(r, &flags) == 1;
    vt_read_skip(r, wide ? 20 : 12);
    walk->media->has_duration |= sized(r, wide) != 0;
}

static void read_mdhd(struct walk *walk, struct vt_reader *r)
{
    uint32_t flags;
    bool wide = version(r, &flags) == 1;
    vt_read_skip(r, wide ? 16 : 8);
    walk->track->timescale = vt_read_u32be(r);
}

static void read_hdlr(struct walk *walk, struct vt_reader *r)
{
    vt_read_skip(r, 8);
    uint32_t kind = vt_read_u32be(r);
    walk->track->kind = kind == KIND('v', 'i', 'd', 'e') ? 'v' : kind == KIND('s', 'o', 'u', 'n') ? 'a' :
        kind == KIND('m', 'e', 't', 'a') ? 'm' : '?';
}

static void read_elst(struct walk *walk, struct vt_reader *r)
{
    uint32_t flags;
    bool wide = version(r, &flags) == 1;
    if (vt_read_u32be(r) == 0)
        return;
    (void)sized(r, wide);
    int64_t time = wide ? (int64_t)vt_read_u64be(r) : (int32_t)vt_read_u32be(r);
    walk->track->edit = time > 0 ? time : 0;
}

static void read_dref(struct walk *walk, struct vt_reader *r)
{
    uint32_t flags;
    (void)version(r, &flags);
    uint32_t count = vt_read_u32be(r);
    for (uint32_t i = 0; i < count && r->left >= 12; i++) {
        uint32_t size = vt_read_u32be(r);
        vt_read_skip(r, 4);
        (void)version(r, &flags);
        walk->media->external |= !(flags & 1);
        vt_read_skip(r, size > 12 ? size - 12 : 0);
    }
}

// The profile of an avcC, or the object type in an esds, behind the sample entry's fixed part.
static void read_entry_boxes(struct vt_media_track *track, const char *name, struct vt_reader r)
{
    while (r.left >= 8) {
        uint32_t size = vt_read_u32be(&r), kind = vt_read_u32be(&r);
        if (size < 8 || size - 8 > r.left)
            return;
        struct vt_reader box = vt_read_sub(&r, size - 8);
        if (kind == KIND('a', 'v', 'c', 'C') && box.left >= 4) {
            snprintf(track->codec, sizeof track->codec, "%.4s.%02x%02x%02x", name, box.at[1], box.at[2], box.at[3]);
        } else if (kind == KIND('e', 's', 'd', 's')) {
            // The decoder specific descriptor (tag 5) begins with five bits of object type.
            for (size_t i = 17; i + 2 < box.left; i++)
                if (box.at[i] == 5 && (box.at[i + 1] < 0x40 || box.at[i + 1] == 0x80)) {
                    size_t at = i + 1;
                    while (at < box.left && box.at[at] & 0x80)
                        at++;
                    if (at + 1 < box.left)
                        snprintf(track->codec, sizeof track->codec, "mp4a.40.%d", box.at[at + 1] >> 3);
                    return;
                }
        }
    }
}

static void read_stsd(struct walk *walk, struct vt_reader *r)
{
    uint32_t flags;
    (void)version(r, &flags);
    if (vt_read_u32be(r) == 0)
        return;
    uint32_t size = vt_read_u32be(r);
    const uint8_t *name = vt_read_bytes(r, 4);
    if (!name || size < 8 || size - 8 > r->left)
        return;
    char text[5] = {0};
    memcpy(text, name, 4);
    struct vt_reader entry = vt_read_sub(r, size - 8);
    snprintf(walk->track->codec, sizeof walk->track->codec, "%s", text);
    if (walk->track->kind == 'v' && entry.left >= 78) {
        walk->track->width = entry.at[24] << 8 | entry.at[25];
        walk->track->height = entry.at[26] << 8 | entry.at[27];
        vt_read_skip(&entry, 78);
        read_entry_boxes(walk->track, text, entry);
    } else if (walk->track->kind == 'a' && entry.left >= 28) {
        vt_read_skip(&entry, 28);
        read_entry_boxes(walk->track, text, entry);
    }
}

static void read_trex(struct walk *walk, struct vt_reader *r)
{
    uint32_t flags;
    (void)version(r, &flags);
    struct vt_media_track *track = find_track(walk->media, vt_read_u32be(r));
    vt_read_skip(r, 4);
    uint32_t duration = vt_read_u32be(r);
    vt_read_skip(r, 4);
    if (!track || r->failed)
        return;
    track->trex_duration = duration;
    track->trex_flags = vt_read_u32be(r);
}

// ---- fragments

static void read_tfhd(struct walk *walk, struct vt_reader *r)
{
    uint32_t flags;
    (void)version(r, &flags);
    walk->track = find_track(walk->media, vt_read_u32be(r));
    if (!walk->track)
        return;
    walk->default_duration = walk->track->trex_duration;
    walk->default_flags = walk->track->trex_flags;
    walk->has_tfdt = false;
    walk->track->fragments++;
    walk->media->not_moof_relative |= (flags & 1) || !(flags & 0x20000);
    vt_read_skip(r, (flags & 1 ? 8 : 0) + (flags & 2 ? 4 : 0));
    if (flags & 8)
        walk->default_duration = vt_read_u32be(r);
    vt_read_skip(r, flags & 0x10 ? 4 : 0);
    if (flags & 0x20)
        walk->default_flags = vt_read_u32be(r);
}

static void read_tfdt(struct walk *walk, struct vt_reader *r)
{
    uint32_t flags;
    struct vt_media_track *track = walk->track;
    uint64_t time = sized(r, version(r, &flags) == 1);
    walk->has_tfdt = true;
    walk->clock = time > INT64_MAX / 4 ? INT64_MAX / 4 : (int64_t)time;
    if (!track->any) {
        track->start = walk->clock;
        track->first_shown = INT64_MAX;
    } else if (walk->clock != track->start + track->duration && !track->broken_line) {
        track->broken_line = true;
        track->line_apart = walk->clock - (track->start + track->duration);
    }
}

static void take_sample(struct walk *walk, uint32_t duration, uint32_t flags, int64_t offset)
{
    struct vt_media_track *track = walk->track;
    bool sync = !(flags & NOT_SYNC);
    if (!track->any)
        track->starts_sync = sync;
    track->any = true;
    track->any_sync |= sync;
    if (walk->clock + offset < track->first_shown)
        track->first_shown = walk->clock + offset;
    if (duration > track->longest)
        track->longest = duration;
    walk->clock += duration;
    track->duration += duration;
    track->samples++;
}

static void read_trun(struct walk *walk, struct vt_reader *r)
{
    uint32_t flags, first_flags = 0;
    bool is_signed = version(r, &flags) > 0;
    uint32_t count = vt_read_u32be(r);
    if (count > VT_MEDIA_SAMPLES - walk->samples || !walk->track) {
        snprintf(walk->media->trouble, sizeof walk->media->trouble, "a trun of %u samples", count);
        return;
    }
    walk->samples += count;
    vt_read_skip(r, flags & 1 ? 4 : 0);
    if (flags & 4)
        first_flags = vt_read_u32be(r);
    for (uint32_t i = 0; i < count && !r->failed; i++) {
        uint32_t duration = flags & 0x100 ? vt_read_u32be(r) : walk->default_duration;
        vt_read_skip(r, flags & 0x200 ? 4 : 0);
        uint32_t own = flags & 0x400 ? vt_read_u32be(r) : i == 0 && (flags & 4) ? first_flags : walk->default_flags;
        uint32_t raw = flags & 0x800 ? vt_read_u32be(r) : 0;
        if (!r->failed)
            take_sample(walk, duration, own, is_signed ? (int64_t)(int32_t)raw : (int64_t)raw);
    }
}

static void take_metadata(struct vt_media *media, struct vt_reader *r)
{
    uint64_t sum = 1469598103934665603u;
    while (r->left)
        sum = (sum ^ vt_read_u8(r)) * 1099511628211u;
    media->metadata++;
    media->metadata_sum += sum;
}

// ---- boxes

static void read_box(struct walk *walk, uint32_t kind, struct vt_reader *r)
{
    switch (kind) {
    case KIND('f', 't', 'y', 'p'): read_ftyp(walk->media, r); return;
    case KIND('m', 'v', 'h', 'd'): read_mvhd(walk, r); return;
    case KIND('t', 'k', 'h', 'd'): read_tkhd(walk, r); return;
    case KIND('t', 'r', 'e', 'x'): read_trex(walk, r); return;
    case KIND('t', 'f', 'h', 'd'): read_tfhd(walk, r); return;
    case KIND('e', 'm', 's', 'g'): take_metadata(walk->media, r); return;
    case KIND('d', 'r', 'e', 'f'): read_dref(walk, r); return;
    default: break;
    }
    if (!walk->track)
        return;
    switch (kind) {
    case KIND('m', 'd', 'h', 'd'): read_mdhd(walk, r); return;
    case KIND('h', 'd', 'l', 'r'): read_hdlr(walk, r); return;
    case KIND('e', 'l', 's', 't'): read_elst(walk, r); return;
    case KIND('s', 't', 's', 'd'): read_stsd(walk, r); return;
    case KIND('t', 'f', 'd', 't'): read_tfdt(walk, r); return;
    case KIND('t', 'r', 'u', 'n'): read_trun(walk, r); return;
    case KIND('s', 't', 't', 's'):
        vt_read_skip(r, 4);
        walk->media->has_samples |= vt_read_u32be(r) != 0;
        return;
    default: return;
    }
}

static bool holds_boxes(uint32_t kind)
{
    static const char names[] = "moovtrakmdiaminfdinfstblmvexmooftrafedts";
    for (size_t i = 0; i + 4 < sizeof names; i += 4)
        if (kind == KIND((uint8_t)names[i], (uint8_t)names[i + 1], (uint8_t)names[i + 2], (uint8_t)names[i + 3]))
            return true;
    return false;
}

static void enter(struct walk *walk, uint32_t kind, struct vt_reader box, int depth)
{
    struct vt_media *media = walk->media;
    media->has_moov |= kind == KIND('m', 'o', 'o', 'v');
    media->has_mvex |= kind == KIND('m', 'v', 'e', 'x');
    media->has_moof |= kind == KIND('m', 'o', 'o', 'f');
    if (kind == KIND('t', 'r', 'a', 'k') || kind == KIND('t', 'r', 'a', 'f')) {
        walk->track = NULL;
        walk->has_tfdt = false;
    }
    read_level(walk, box, kind, depth + 1);
    if (kind == KIND('t', 'r', 'a', 'f'))
        media->no_tfdt |= !walk->has_tfdt;
}

static void read_level(struct walk *walk, struct vt_reader r, uint32_t parent, int depth)
{
    struct vt_media *media = walk->media;
    while (r.left && !media->trouble[0]) {
        uint64_t size = vt_read_u32be(&r), head = 8;
        uint32_t kind = vt_read_u32be(&r);
        if (size == 1) {
            size = vt_read_u64be(&r);
            head = 16;
        } else if (size == 0 && parent == 0) {
            size = head + r.left;
        }
        if (r.failed || size < head || size - head > r.left || depth == VT_MEDIA_DEPTH || ++walk->boxes > VT_MEDIA_BOXES) {
            snprintf(media->trouble, sizeof media->trouble, "a box of %llu bytes where %zu are left", (unsigned long long)size,
                     r.left);
            return;
        }
        struct vt_reader box = vt_read_sub(&r, (size_t)(size - head));
        if (holds_boxes(kind))
            enter(walk, kind, box, depth);
        else
            read_box(walk, kind, &box);
    }
}

void vt_media_read_boxes(struct vt_media *ret, const void *data, size_t size)
{
    struct walk walk = {.media = ret};
    ret->fragmented = true;
    read_level(&walk, vt_reader(data, size), 0, 0);
}
