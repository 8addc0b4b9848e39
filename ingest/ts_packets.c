#include "ingest/ts_packets.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SYNC 0x47

struct header {
    uint16_t pid;
    bool start, scrambled, jumps;                // jumps: its counter does not go on, and says so
    int counter;
    size_t payload;                              // where it begins; VT_TS_PACKET: there is none
};

void vt_ts_packets_init(struct vt_ts_packets *packets)
{
    memset(packets, 0, sizeof *packets);
    packets->counters[0] = packets->counters[1] = -1;
    for (int i = 0; i < VT_TS_KINDS; i++)
        packets->taken[i].counter = -1;
}

static int refuse(struct vt_ts_packets *p, const char *why)
{
    snprintf(p->why, sizeof p->why, "%s", why);
    return -EINVAL;
}

// ---- packets out of bytes

static void drop(struct vt_ts_packets *p, size_t count)
{
    p->filled -= count;
    memmove(p->window, p->window + count, p->filled);
}

// Looks for two packets in a row at the beginning of the window. False: more bytes are needed.
static bool lock(struct vt_ts_packets *p)
{
    size_t i = 0;
    while (i + VT_TS_PACKET < p->filled && (p->window[i] != SYNC || p->window[i + VT_TS_PACKET] != SYNC))
        i++;
    p->locked = i + VT_TS_PACKET < p->filled;
    drop(p, i);
    return p->locked;
}

// Whether a packet is whole at the beginning of the window.
static bool find_packet(struct vt_ts_packets *p, struct vt_reader *in)
{
    for (;;) {
        if (p->locked && p->filled >= VT_TS_PACKET && p->window[0] != SYNC) {
            p->locked = false;
            p->counts.lost++;
        }
        if (p->locked ? p->filled >= VT_TS_PACKET : lock(p))
            return true;
        size_t count = (p->locked ? VT_TS_PACKET : sizeof p->window) - p->filled;
        count = count < in->left ? count : in->left;
        if (count == 0)
            return false;
        memcpy(p->window + p->filled, vt_read_bytes(in, count), count);
        p->filled += count;
        p->bytes += (int64_t)count;
    }
}

// False for a header that makes no sense.
static bool read_header(struct header *ret, const uint8_t *packet)
{
    unsigned control = packet[3] >> 4 & 3;
    size_t field = control & 2 ? 1u + packet[4] : 0;
    *ret = (struct header){
        .pid = (uint16_t)((packet[1] & 0x1f) << 8 | packet[2]),
        .start = packet[1] & 0x40,
        .scrambled = packet[3] & 0xc0,
        .counter = packet[3] & 15,
        .jumps = field > 1 && packet[5] & 0x80,
        .payload = control & 1 ? 4 + field : VT_TS_PACKET,
    };
    return control != 0 && 4 + field <= VT_TS_PACKET;
}

// ---- what is taken

static bool same_track(const struct vt_ts_track *a, const struct vt_ts_track *b)
{
    return a->pid == b->pid && a->codec == b->codec && a->opus_channels == b->opus_channels;
}

// The track of a kind: the one that was taken, if it is still there, else the first that can be. NULL: none.
static const struct vt_ts_track *choose(const struct vt_ts_packets *p, enum vt_ts_kind kind)
{
    const struct vt_ts_track *first = NULL;
    for (int i = 0; i < p->map.count; i++) {
        const struct vt_ts_track *track = &p->map.list[i];
        if (track->video != (kind == VT_TS_VIDEO) || track->codec == VT_CODEC_NONE)
            continue;
        if (same_track(track, &p->layout.tracks[kind]))
            return track;
        if (!first)
            first = track;
    }
    return first;
}

// A track of the kind that cannot be taken, where none can. NULL: there is no such.
static const struct vt_ts_track *unknown(const struct vt_ts_packets *p, enum vt_ts_kind kind)
{
    for (int i = 0; i < p->map.count && !choose(p, kind); i++) {
        if (p->map.list[i].video == (kind == VT_TS_VIDEO))
            return &p->map.list[i];
    }
    return NULL;
}

static int refuse_unknown(struct vt_ts_packets *p)
{
    const struct vt_ts_track *video = unknown(p, VT_TS_VIDEO), *audio = unknown(p, VT_TS_AUDIO);
    if (!video && !audio)
        return 0;
    snprintf(p->why, sizeof p->why, "%s of the kind %s is not supported: choose %s in the encoder",
             video ? "video" : "sound", video ? video->name : audio->name, video ? "H.264" : "AAC");
    return -EINVAL;
}

// Takes these. Returns VT_TS_CHANGED if they are others than before, else 0, or -EINVAL.
static int take(struct vt_ts_packets *p, const struct vt_ts_track *video, const struct vt_ts_track *audio,
                int64_t now_ns)
{
    const struct vt_ts_track none = {0};
    const struct vt_ts_layout layout = {{video ? *video : none, audio ? *audio : none}};
    if (same_track(&layout.tracks[0], &p->layout.tracks[0]) && same_track(&layout.tracks[1], &p->layout.tracks[1]))
        return 0;
    if (p->changes == 0 || now_ns - p->changes_ns > VT_TS_CHANGES_NS) {
        p->changes_ns = now_ns;
        p->changes = 0;
    }
    if (++p->changes > VT_TS_CHANGES)
        return refuse(p, "its program changes too often");
    p->layout = layout;
    for (int i = 0; i < VT_TS_KINDS; i++) {
        p->taken[i].counter = -1;
        p->taken[i].repeated = false;
    }
    vt_ts_tables_write(p->tables, video, audio);
    p->tables_left = VT_TS_TABLES;
    return VT_TS_CHANGED;
}

// ---- tables

static void look_for_program(struct vt_ts_packets *p, int index, int64_t now_ns)
{
    p->program = index;
    p->program_ns = now_ns;
    p->section.open = false;
    p->section.size = 0;
    p->counters[1] = -1;
}

static void on_association(struct vt_ts_packets *p, int64_t now_ns)
{
    struct vt_ts_programs programs;
    if (vt_ts_programs_read(&programs, &p->association) || programs.count == 0)
        return;
    struct vt_ts_program before = p->programs.list[p->program];
    int index = 0;
    while (index < programs.count && (programs.list[index].number != before.number ||
                                      programs.list[index].pid != before.pid))
        index++;
    p->programs = programs;
    if (index == programs.count)
        look_for_program(p, 0, now_ns);
    else
        p->program = index;
}

static int on_map(struct vt_ts_packets *p, int64_t now_ns)
{
    struct vt_ts_map map;
    if (vt_ts_map_read(&map, &p->section) || map.program != p->programs.list[p->program].number)
        return 0;
    if (map.count == 0) {
        look_for_program(p, (p->program + 1) % p->programs.count, now_ns);
        return 0;
    }
    for (int i = 0; i < map.count; i++) {
        if (i >= p->map.count || !same_track(&map.list[i], &p->map.list[i]))
            p->heard_ns[i] = now_ns;
    }
    p->map = map;
    int error = refuse_unknown(p);
    return error ? error : take(p, choose(p, VT_TS_VIDEO), choose(p, VT_TS_AUDIO), now_ns);
}

static int on_table(struct vt_ts_packets *p, const struct header *h, const uint8_t *packet, bool map, int64_t now_ns)
{
    struct vt_ts_section *section = map ? &p->section : &p->association;
    int *counter = &p->counters[map], result = 0;
    if (h->payload == VT_TS_PACKET || h->counter == *counter)
        return 0;
    if (*counter >= 0 && h->counter != ((*counter + 1) & 15))
        section->open = false;
    *counter = h->counter;
    struct vt_reader payload = vt_reader(packet + h->payload, VT_TS_PACKET - h->payload);
    bool start = h->start;
    while (!result && vt_ts_section_next(section, &payload, &start)) {
        if (map)
            result = on_map(p, now_ns);
        else
            on_association(p, now_ns);
    }
    return result;
}

// ---- media

// Whether the packet goes on: neither a second copy of the last one nor scrambled.
static int check(struct vt_ts_packets *p, enum vt_ts_kind kind, const struct header *h, const uint8_t *packet)
{
    struct vt_ts_taken *taken = &p->taken[kind];
    if (h->scrambled) {
        p->counts.scrambled++;
        return ++p->scrambled < VT_TS_SCRAMBLED ? 0 : refuse(p, "it is scrambled: turn conditional access off");
    }
    p->scrambled = 0;
    if (h->payload == VT_TS_PACKET)
        return 1;
    bool again = h->counter == taken->counter && !taken->repeated &&
                 memcmp(packet + h->payload, taken->last + h->payload, VT_TS_PACKET - h->payload) == 0;
    if (!again && taken->counter >= 0 && !h->jumps && h->counter != ((taken->counter + 1) & 15))
        p->counts.holes++;
    taken->repeated = again;
    taken->counter = h->counter;
    memcpy(taken->last, packet, VT_TS_PACKET);
    return !again;
}

// A packet of some track of the program: 1 when it is one of those that are taken, VT_TS_CHANGED when it takes the place
// of one.
static int on_track(struct vt_ts_packets *p, int index, const struct header *h, const uint8_t *packet, int64_t now_ns)
{
    const struct vt_ts_track *track = &p->map.list[index];
    enum vt_ts_kind kind = track->video ? VT_TS_VIDEO : VT_TS_AUDIO;
    if (h->scrambled && !same_track(track, &p->layout.tracks[kind]))
        return 0;
    if (!h->scrambled && h->payload < VT_TS_PACKET)
        p->heard_ns[index] = now_ns;
    if (same_track(track, &p->layout.tracks[kind]))
        return check(p, kind, h, packet);
    if (track->codec == VT_CODEC_NONE)
        return 0;
    for (int i = 0; i < p->map.count; i++) {
        if (same_track(&p->map.list[i], &p->layout.tracks[kind]) && now_ns - p->heard_ns[i] < VT_TS_SWITCH_NS)
            return 0;
    }
    const struct vt_ts_track *tracks[VT_TS_KINDS] = {choose(p, VT_TS_VIDEO), choose(p, VT_TS_AUDIO)};
    tracks[kind] = track;
    return take(p, tracks[VT_TS_VIDEO], tracks[VT_TS_AUDIO], now_ns);
}

static int on_packet(struct vt_ts_packets *p, const uint8_t *packet, int64_t now_ns, uint8_t out[VT_TS_PACKET])
{
    struct header h;
    p->counts.packets++;
    if (!read_header(&h, packet))
        return 0;
    if (h.pid == VT_TS_PID_TABLE)
        return on_table(p, &h, packet, false, now_ns);
    if (p->programs.count > 0 && h.pid == p->programs.list[p->program].pid)
        return on_table(p, &h, packet, true, now_ns);
    for (int i = 0; i < p->map.count; i++) {
        if (p->map.list[i].pid != h.pid)
            continue;
        bool video = p->map.list[i].video;
        int result = on_track(p, i, &h, packet, now_ns);
        if (result == 1) {
            uint16_t pid = video ? VT_TS_PID_VIDEO : VT_TS_PID_AUDIO;
            memcpy(out, packet, VT_TS_PACKET);
            out[1] = (uint8_t)((packet[1] & 0xe0) | pid >> 8);
            out[2] = (uint8_t)pid;
        }
        return result;
    }
    return 0;
}

// ---- in all

// Whether there still is no program after all that may come before one.
static int check_probe(struct vt_ts_packets *p, int64_t now_ns)
{
    if (p->map.count > 0)
        return 0;
    if (p->programs.count > 0 && now_ns - p->program_ns > VT_TS_SWITCH_NS)
        look_for_program(p, (p->program + 1) % p->programs.count, now_ns);
    if (p->bytes <= VT_TS_PROBE_BYTES && now_ns - p->start_ns <= VT_TS_PROBE_NS)
        return 0;
    return refuse(p, p->counts.packets == 0 ? "what it sends is not MPEG-TS"
                                            : "what it sends is MPEG-TS without a program of video or sound");
}

int vt_ts_packets_next(struct vt_ts_packets *p, struct vt_reader *in, int64_t now_ns, uint8_t out[VT_TS_PACKET])
{
    if (p->start_ns == 0)
        p->start_ns = now_ns;
    if (p->tables_left > 0) {
        memcpy(out, p->tables[VT_TS_TABLES - p->tables_left--], VT_TS_PACKET);
        return 1;
    }
    int result = 0;
    while (!result && find_packet(p, in)) {
        uint8_t packet[VT_TS_PACKET];
        memcpy(packet, p->window, sizeof packet);
        drop(p, VT_TS_PACKET);
        result = on_packet(p, packet, now_ns, out);
        if (!result)
            result = check_probe(p, now_ns);
    }
    return result ? result : check_probe(p, now_ns);
}

void vt_ts_packets_again(struct vt_ts_packets *p)
{
    p->tables_left = VT_TS_TABLES;
}

// ---- what else there is

static bool is_taken(const struct vt_ts_packets *p, const struct vt_ts_track *track)
{
    return same_track(track, &p->layout.tracks[track->video ? VT_TS_VIDEO : VT_TS_AUDIO]);
}

void vt_ts_packets_others(const struct vt_ts_packets *p, char *out, size_t room)
{
    size_t at = 0;
    out[0] = 0;
    for (int i = 0; i < p->map.count && at < room; i++) {
        const struct vt_ts_track *track = &p->map.list[i];
        if (!is_taken(p, track))
            at += (size_t)snprintf(out + at, room - at, "%s%s %d (%s)", at ? ", " : "", track->video ? "video" : "audio",
                                   track->pid, track->name);
    }
    for (int i = 0; i < p->programs.count && at < room; i++) {
        if (p->map.count > 0 && i != p->program)
            at += (size_t)snprintf(out + at, room - at, "%sprogram %d", at ? ", " : "", p->programs.list[i].number);
    }
}
