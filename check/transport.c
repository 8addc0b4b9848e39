// MPEG-TS segments.
#include <stdio.h>
#include <string.h>

#include "base/mediatime.h"
#include "check/media.h"

#define PACKET 188
#define PTS_BITS 33
#define NO_PID 0x2000

struct stream {
    struct vt_media *media;
    unsigned pmt_pid;
    int packets;
};

static struct vt_media_track *find_track(struct vt_media *media, unsigned pid)
{
    for (int i = 0; i < media->n_tracks; i++)
        if (media->tracks[i].id == pid)
            return &media->tracks[i];
    return NULL;
}

static void count(struct vt_media *media, unsigned pid, unsigned counter, bool has_payload, bool allowed)
{
    int i = 0;
    while (i < media->n_pids && media->pids[i].pid != pid)
        i++;
    if (i == VT_MEDIA_PIDS)
        return;
    if (i == media->n_pids) {
        media->pids[i].pid = (uint16_t)pid;
        media->pids[i].first = (uint8_t)counter;
        media->n_pids++;
    } else if (has_payload && !allowed && counter != ((media->pids[i].last + 1u) & 15) && counter != media->pids[i].last) {
        media->pids[i].gap = true;
    }
    media->pids[i].last = (uint8_t)counter;
}

// The section behind a payload's pointer, without its CRC; 0 bytes if it is none.
static size_t section(const uint8_t *payload, size_t size, const uint8_t **ret)
{
    if (size < 1 || payload[0] + 4u > size)
        return 0;
    const uint8_t *at = payload + 1 + payload[0];
    size_t left = size - 1 - payload[0], length = (size_t)(at[1] & 15) << 8 | at[2];
    if (length + 3 > left || length < 9)
        return 0;
    *ret = at;
    return length + 3 - 4;
}

static void read_pat(struct stream *s, const uint8_t *payload, size_t size)
{
    const uint8_t *at = NULL;
    size_t length = section(payload, size, &at);
    s->media->has_pat |= length > 0;
    s->media->pat_first |= s->packets == 0;
    int programs = 0;
    for (size_t i = 8; i + 4 <= length; i += 4)
        if (at[i] || at[i + 1]) {
            programs++;
            s->pmt_pid = (unsigned)(at[i + 2] & 31) << 8 | at[i + 3];
        }
    if (programs > s->media->programs)
        s->media->programs = programs;
}

static void add_track(struct vt_media *media, unsigned pid, unsigned type)
{
    static const struct {
        unsigned type;
        char kind;
        const char *codec;
    } known[] = {{0x1b, 'v', "avc1"}, {0x24, 'v', "hvc1"}, {0x0f, 'a', "mp4a"}, {0x15, 'm', "id3"}, {0x03, 'a', "mp4a.40.34"}};
    if (find_track(media, pid) || media->n_tracks == VT_MEDIA_TRACKS)
        return;
    struct vt_media_track *track = &media->tracks[media->n_tracks++];
    *track = (struct vt_media_track){.id = pid, .kind = '?', .timescale = 90000};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].type == type) {
            track->kind = known[i].kind;
            snprintf(track->codec, sizeof track->codec, "%s", known[i].codec);
        }
}

static void read_pmt(struct stream *s, const uint8_t *payload, size_t size)
{
    const uint8_t *at = NULL;
    size_t length = section(payload, size, &at);
    if (length < 12)
        return;
    s->media->has_pmt = true;
    for (size_t i = 12 + ((size_t)(at[10] & 15) << 8 | at[11]); i + 5 <= length;) {
        add_track(s->media, (unsigned)(at[i + 1] & 31) << 8 | at[i + 2], at[i]);
        i += 5 + ((size_t)(at[i + 3] & 15) << 8 | at[i + 4]);
    }
}

static int64_t stamp(const uint8_t *at)
{
    return (int64_t)(at[0] >> 1 & 7) << 30 | (int64_t)at[1] << 22 | (int64_t)(at[2] >> 1) << 15 | (int64_t)at[3] << 7 | at[4] >> 1;
}

// Whether a NAL unit of an IDR picture begins in these bytes.
static bool has_idr(const char *codec, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i + 3 < size; i++) {
        if (data[i] || data[i + 1] || data[i + 2] != 1)
            continue;
        if (codec[0] == 'a' ? (data[i + 3] & 31) == 5 : (data[i + 3] >> 1 & 63) >= 16 && (data[i + 3] >> 1 & 63) <= 21)
            return true;
    }
    return false;
}

static void take_pes(struct vt_media *media, struct vt_media_track *track, const uint8_t *data, size_t size, bool random)
{
    if (size < 14 || data[0] || data[1] || data[2] != 1 || !(data[7] & 0x80))
        return;
    int64_t pts = stamp(data + 9), dts = data[7] & 0x40 && size >= 19 ? stamp(data + 14) : pts;
    bool sync = random || (track->kind == 'v' && has_idr(track->codec, data, size)) || track->kind == 'a';
    if (track->kind == 'm') {
        media->metadata++;
        for (size_t i = 9; i < size; i++)
            media->metadata_sum += data[i];
    }
    if (!track->any) {
        track->start = dts;
        track->first_shown = pts;
        track->starts_sync = sync;
    } else {
        int64_t now = vt_unwrap((uint64_t)dts, PTS_BITS, track->start + track->duration);
        int64_t step = now - track->start - track->duration;
        track->broken_line |= step < 0;
        track->line_apart = step < 0 ? step : track->line_apart;
        track->duration = now - track->start;
        track->longest = step > track->longest ? step : track->longest;
        pts = vt_unwrap((uint64_t)pts, PTS_BITS, now);
        track->first_shown = pts < track->first_shown ? pts : track->first_shown;
    }
    track->any = true;
    track->any_sync |= sync;
    track->samples++;
}

static void read_packet(struct stream *s, const uint8_t *packet)
{
    unsigned pid = (unsigned)(packet[1] & 31) << 8 | packet[2], control = packet[3] >> 4 & 3;
    size_t head = 4;
    bool random = false, jump = false;
    if (control & 2) {
        head += 1 + (size_t)packet[4];
        random = packet[4] && packet[5] & 0x40;
        jump = packet[4] && packet[5] & 0x80;
    }
    if (pid != 0x1fff)
        count(s->media, pid, packet[3] & 15, control & 1, jump);
    if (!(control & 1) || head >= PACKET)
        return;
    const uint8_t *payload = packet + head;
    size_t size = PACKET - head;
    bool starts = packet[1] & 0x40;
    struct vt_media_track *track = find_track(s->media, pid);
    if (pid == 0 && starts)
        read_pat(s, payload, size);
    else if (pid == s->pmt_pid && starts)
        read_pmt(s, payload, size);
    else if (track && starts)
        take_pes(s->media, track, payload, size, random);
}

// The last sample's duration is not written: taken to be the longest before it.
void vt_media_read_transport(struct vt_media *ret, const void *data, size_t size)
{
    struct stream s = {.media = ret, .pmt_pid = NO_PID};
    const uint8_t *at = data;
    ret->transport = true;
    for (size_t left = size; left >= PACKET; left -= PACKET, at += PACKET, s.packets++) {
        if (at[0] != 0x47) {
            snprintf(ret->trouble, sizeof ret->trouble, "packet %d does not begin with 0x47", s.packets);
            return;
        }
        read_packet(&s, at);
    }
    if (size % PACKET)
        snprintf(ret->trouble, sizeof ret->trouble, "%zu bytes are no whole packets", size);
    for (int i = 0; i < ret->n_tracks; i++)
        ret->tracks[i].duration += ret->tracks[i].kind == 'v' ? ret->tracks[i].longest : 0;
}
