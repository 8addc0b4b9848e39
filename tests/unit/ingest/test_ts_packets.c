// What becomes of a stranger's packets before a demultiplexer sees them: tables, limits, broken and hostile ones. All of
// it is made by hand here.
#include <errno.h>

#include "base/mediatime.h"
#include "check.h"
#include "ingest/ts_packets.h"

#define VIDEO 0x200
#define SOUND 0x201
#define MAP   0x1000

static struct vt_ts_packets p;
static struct vt_writer bytes;
static int counters[8192];

static uint32_t crc_of(const uint8_t *data, size_t size)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < 8 * size; i++) {
        uint32_t bit = (crc >> 31) ^ (data[i / 8] >> (7 - i % 8) & 1);
        crc = crc << 1 ^ (bit ? 0x04c11db7 : 0);
    }
    return crc;
}

static void begin(void)
{
    vt_ts_packets_init(&p);
    vt_writer_free(&bytes);
    memset(counters, 0, sizeof counters);
}

// A packet with these bytes at its end, stuffed in front.
static void packet(unsigned pid, bool start, const uint8_t *payload, size_t size)
{
    size_t field = 184 - size;
    vt_write_u8(&bytes, 0x47);
    vt_write_u16be(&bytes, (uint16_t)(start << 14 | pid));
    vt_write_u8(&bytes, (uint8_t)((field ? 0x30 : 0x10) | (counters[pid]++ & 15)));
    if (field)
        vt_write_u8(&bytes, (uint8_t)(field - 1));
    if (field > 1)
        vt_write_u8(&bytes, 0);
    for (size_t i = 2; i < field; i++)
        vt_write_u8(&bytes, 0xff);
    vt_write_bytes(&bytes, payload, size);
}

static void media(unsigned pid, bool start)
{
    uint8_t payload[184];
    memset(payload, counters[pid] & 0xff, sizeof payload);
    packet(pid, start, payload, sizeof payload);
}

static struct vt_writer body;

// A section of what stands in `body`, over as many packets as it needs.
static void section(unsigned pid, uint8_t table, uint16_t id, int version, bool right)
{
    struct vt_writer w = {0};
    vt_write_u8(&w, 0);                                  // pointer
    vt_write_u8(&w, table);
    vt_write_u16be(&w, (uint16_t)(0xb000 | (body.size + 9)));
    vt_write_u16be(&w, id);
    vt_write_u8(&w, (uint8_t)(0xc1 | version << 1));
    vt_write_u16be(&w, 0);
    vt_write_bytes(&w, body.data, body.size);
    vt_write_u32be(&w, crc_of(w.data + 1, w.size - 1) ^ !right);
    for (size_t at = 0; at < w.size; at += 184)
        packet(pid, at == 0, w.data + at, w.size - at < 184 ? w.size - at : 184);
    vt_writer_free(&w);
    vt_writer_free(&body);
}

static void association(int programs)
{
    for (int i = 0; i < programs; i++) {
        vt_write_u16be(&body, (uint16_t)(i + 1));
        vt_write_u16be(&body, (uint16_t)(0xe000 | (MAP + i)));
    }
    section(0, 0, 1, 0, true);
}

static void entry(uint8_t type, unsigned pid)
{
    vt_write_u8(&body, type);
    vt_write_u16be(&body, (uint16_t)(0xe000 | pid));
    vt_write_u16be(&body, 0xf000);
}

static void begin_map(void)
{
    vt_write_u32be(&body, 0xe000f000 | VIDEO << 16);
}

static void end_map(int program, int version)
{
    section((unsigned)(MAP + program - 1), 2, (uint16_t)program, version, true);
}

// H.264 and AAC of program 1.
static void usual(void)
{
    association(1);
    begin_map();
    entry(0x1b, VIDEO);
    entry(0x0f, SOUND);
    end_map(1, 0);
}

struct outcome {
    int packets[VT_TS_KINDS], tables, changes, error;
    uint8_t last[VT_TS_PACKET];
};

// Gives everything that has been written so far, at `now_ns`, in pieces of `piece` bytes.
static struct outcome give(int64_t now_ns, size_t piece)
{
    struct outcome o = {.error = 0};
    uint8_t out[VT_TS_PACKET];
    for (size_t at = 0; at <= bytes.size && !o.error; at += piece) {
        size_t size = bytes.size - at < piece ? bytes.size - at : piece;
        struct vt_reader in = vt_reader(size > 0 ? bytes.data + at : NULL, size);
        int got;
        while ((got = vt_ts_packets_next(&p, &in, now_ns, out)) > 0) {
            int pid = (out[1] & 0x1f) << 8 | out[2];
            o.changes += got == VT_TS_CHANGED;
            if (got == VT_TS_CHANGED)
                continue;
            if (pid == VT_TS_PID_VIDEO || pid == VT_TS_PID_AUDIO)
                o.packets[pid == VT_TS_PID_AUDIO]++;
            else
                o.tables++;
            memcpy(o.last, out, sizeof out);
        }
        o.error = got;
        if (size == 0)
            break;
    }
    vt_writer_free(&bytes);
    return o;
}

static enum vt_codec codec(enum vt_ts_kind kind)
{
    return p.layout.tracks[kind].codec;
}

TEST(gives_a_programs_packets_on)
{
    for (size_t piece = 1; piece < 600; piece += 61) {
        begin();
        usual();
        for (int i = 0; i < 20; i++) {
            media(VIDEO, i % 5 == 0);
            media(SOUND, true);
            media(0x333, true);                          // nobody's
        }
        struct outcome o = give(VT_NS_PER_S, piece);
        REQUIRE_INT(o.error, 0);
        REQUIRE_INT(o.changes, 1);
        REQUIRE_INT(o.tables, VT_TS_TABLES);
        REQUIRE_INT(o.packets[VT_TS_VIDEO], 20);
        REQUIRE_INT(o.packets[VT_TS_AUDIO], 20);
        REQUIRE_INT(codec(VT_TS_VIDEO), VT_CODEC_H264);
        REQUIRE_INT(codec(VT_TS_AUDIO), VT_CODEC_AAC);
        REQUIRE_INT(p.counts.holes, 0);
        REQUIRE_INT(o.last[0] == 0x47 && o.last[1] == 0x41 && o.last[2] == 1, 1);
    }
}

TEST(its_own_tables_are_whole)
{
    struct vt_ts_track video = {.video = true, .codec = VT_CODEC_HEVC},
                       audio = {.codec = VT_CODEC_OPUS, .opus_channels = 2};
    uint8_t tables[VT_TS_TABLES][VT_TS_PACKET];
    struct vt_ts_section s = {0};
    struct vt_ts_programs programs;
    struct vt_ts_map map;
    bool start = true;
    vt_ts_tables_write(tables, &video, &audio);
    struct vt_reader r = vt_reader(tables[0] + 4, 184);
    REQUIRE(vt_ts_section_next(&s, &r, &start));
    REQUIRE_INT(vt_ts_programs_read(&programs, &s), 0);
    REQUIRE_INT(programs.count, 1);
    REQUIRE_INT(programs.list[0].pid, VT_TS_PID_MAP);
    REQUIRE(!vt_ts_section_next(&s, &r, &start));
    r = vt_reader(tables[1] + 4, 184);
    start = true;
    REQUIRE(vt_ts_section_next(&s, &r, &start));
    REQUIRE_INT(vt_ts_map_read(&map, &s), 0);
    REQUIRE_INT(map.count, 2);
    REQUIRE(map.list[0].video && map.list[0].codec == VT_CODEC_HEVC && map.list[0].pid == VT_TS_PID_VIDEO);
    REQUIRE(map.list[1].codec == VT_CODEC_OPUS && map.list[1].opus_channels == 2);
}

TEST(takes_the_first_of_each_kind)
{
    char others[256];
    begin();
    association(3);
    begin_map();
    entry(0x06, 0x300);                                  // private data
    entry(0x86, 0x301);                                  // SCTE-35
    entry(0x0f, SOUND);
    entry(0x1b, VIDEO);
    entry(0x81, SOUND + 1);
    entry(0x24, VIDEO + 5);
    end_map(1, 0);
    media(SOUND + 1, true);
    media(VIDEO + 5, true);
    media(VIDEO, true);
    media(SOUND, true);
    struct outcome o = give(VT_NS_PER_S, 4096);
    REQUIRE_INT(o.packets[VT_TS_VIDEO], 1);
    REQUIRE_INT(o.packets[VT_TS_AUDIO], 1);
    vt_ts_packets_others(&p, others, sizeof others);
    REQUIRE_TEXT(others, "audio 514 (AC-3), video 517 (HEVC), program 2, program 3");
    vt_ts_packets_others(&p, others, 12);
    REQUIRE_TEXT(others, "audio 514 (");
}

TEST(a_silent_track_gives_way)
{
    begin();
    association(1);
    begin_map();
    entry(0x1b, VIDEO);
    entry(0x0f, SOUND);
    entry(0x81, SOUND + 1);
    end_map(1, 0);
    media(SOUND + 1, true);
    give(VT_NS_PER_S, 4096);
    media(SOUND + 1, true);
    struct outcome o = give(VT_NS_PER_S + VT_TS_SWITCH_NS - 1, 4096);
    REQUIRE_INT(o.changes, 0);
    media(SOUND + 1, true);
    media(SOUND + 1, true);
    o = give(VT_NS_PER_S + VT_TS_SWITCH_NS, 4096);
    REQUIRE_INT(o.changes, 1);
    REQUIRE_INT(o.packets[VT_TS_AUDIO], 1);
    REQUIRE_INT(codec(VT_TS_AUDIO), VT_CODEC_AC3);
    REQUIRE_INT(codec(VT_TS_VIDEO), VT_CODEC_H264);
    media(SOUND, true);                                  // the first one again: too late
    o = give(VT_NS_PER_S + VT_TS_SWITCH_NS + 1, 4096);
    REQUIRE_INT(o.changes, 0);
}

TEST(a_program_without_a_map_gives_way)
{
    begin();
    association(2);
    media(0x77, true);                                   // two in a row are a beginning
    give(VT_NS_PER_S, 4096);
    begin_map();
    entry(0x1b, VIDEO);
    end_map(2, 0);
    struct outcome o = give(VT_NS_PER_S + VT_TS_SWITCH_NS, 4096);
    REQUIRE_INT(o.changes, 0);
    give(VT_NS_PER_S + VT_TS_SWITCH_NS + 1, 4096);       // no bytes, just time
    begin_map();
    entry(0x1b, VIDEO);
    end_map(2, 0);
    o = give(4 * VT_NS_PER_S, 4096);
    REQUIRE_INT(o.changes, 1);
    REQUIRE_INT(p.map.program, 2);
}

TEST(other_tables_are_taken_over_up_to_a_limit)
{
    begin();
    usual();
    REQUIRE_INT(give(VT_NS_PER_S, 4096).changes, 1);
    for (int version = 1; version < 200; version++) {    // a new version that says the same
        begin_map();
        entry(0x1b, VIDEO);
        entry(0x0f, SOUND);
        end_map(1, version & 31);
    }
    REQUIRE_INT(give(VT_NS_PER_S, 4096).changes, 0);
    for (int i = 1; i <= VT_TS_CHANGES; i++) {
        begin_map();
        entry(i & 1 ? 0x24 : 0x1b, VIDEO);
        end_map(1, i & 31);
        struct outcome o = give(VT_NS_PER_S, 4096);
        REQUIRE_INT(o.changes, i < VT_TS_CHANGES);
        REQUIRE_INT(o.error, i < VT_TS_CHANGES ? 0 : -EINVAL);
    }
    REQUIRE_TEXT(p.why, "its program changes too often");
}

TEST(changes_are_forgotten)
{
    begin();
    usual();
    give(VT_NS_PER_S, 4096);
    for (int i = 1; i <= 3 * VT_TS_CHANGES; i++) {
        begin_map();
        entry(i & 1 ? 0x24 : 0x1b, VIDEO);
        end_map(1, i & 31);
        REQUIRE_INT(give(i * VT_TS_CHANGES_NS / 10, 4096).error, 0);
    }
}

TEST(refuses_what_it_cannot_take_by_name)
{
    static const struct { uint8_t type; const char *why; } kinds[] = {
        {0x02, "video of the kind MPEG-2 video is not supported: choose H.264 in the encoder"},
        {0x33, "video of the kind VVC is not supported: choose H.264 in the encoder"},
        {0x82, "sound of the kind DTS is not supported: choose AAC in the encoder"},
    };
    for (size_t i = 0; i < 3; i++) {
        begin();
        association(1);
        begin_map();
        entry(kinds[i].type, SOUND);
        end_map(1, 0);
        REQUIRE_INT(give(VT_NS_PER_S, 4096).error, -EINVAL);
        REQUIRE_TEXT(p.why, kinds[i].why);
    }
    begin();                                             // beside one that can be taken it is only left out
    association(1);
    begin_map();
    entry(0x82, SOUND);
    entry(0x0f, SOUND + 1);
    end_map(1, 0);
    REQUIRE_INT(give(VT_NS_PER_S, 4096).error, 0);
    REQUIRE_INT(codec(VT_TS_AUDIO), VT_CODEC_AAC);
}

static enum vt_codec described(const char *descriptors, size_t size)
{
    begin();
    association(1);
    begin_map();
    vt_write_u8(&body, 6);
    vt_write_u16be(&body, 0xe000 | SOUND);
    vt_write_u16be(&body, (uint16_t)(0xf000 | size));
    vt_write_bytes(&body, descriptors, size);
    end_map(1, 0);
    give(VT_NS_PER_S, 4096);
    return p.layout.tracks[VT_TS_AUDIO].codec + p.layout.tracks[VT_TS_VIDEO].codec;
}

TEST(reads_descriptors)
{
    REQUIRE_INT(described("\x05\x04Opus\x7f\x02\x80\x06", 10), VT_CODEC_OPUS);
    REQUIRE_INT(p.layout.tracks[VT_TS_AUDIO].opus_channels, 6);
    REQUIRE_INT(described("\x0a\x04" "eng\0\x6a\x01\0", 9), VT_CODEC_AC3);
    REQUIRE_INT(described("\x7a\x01\0", 3), VT_CODEC_EAC3);
    REQUIRE_INT(described("\x05\x04HEVC", 6), VT_CODEC_HEVC);
    REQUIRE_INT(described("\x05\x04KLVA", 6), VT_CODEC_NONE);
    REQUIRE_INT(described("\x05\x04Opu", 5), VT_CODEC_NONE);         // cut
    REQUIRE_INT(described("\x6a\x09\0", 3), VT_CODEC_NONE);          // past the end
    REQUIRE_INT(described("", 0), VT_CODEC_NONE);
}

TEST(finds_packets_after_junk)
{
    begin();
    vt_write_bytes(&bytes, "GGG junk G", 10);
    usual();
    media(VIDEO, true);
    vt_write_bytes(&bytes, "more junk", 9);
    for (int i = 0; i < 4; i++)
        media(VIDEO, false);
    struct outcome o = give(VT_NS_PER_S, 100);
    REQUIRE_INT(o.packets[VT_TS_VIDEO], 5);
    REQUIRE_INT(p.counts.lost, 1);
    REQUIRE_INT(p.counts.holes, 0);
}

TEST(counts_holes_and_drops_copies)
{
    begin();
    usual();
    media(VIDEO, true);
    media(VIDEO, false);
    uint8_t again[VT_TS_PACKET];                         // the same twice more: once may be
    memcpy(again, bytes.data + bytes.size - VT_TS_PACKET, sizeof again);
    vt_write_bytes(&bytes, again, sizeof again);
    vt_write_bytes(&bytes, again, sizeof again);
    counters[VIDEO] += 3;                                // three are missing
    media(VIDEO, false);
    struct outcome o = give(VT_NS_PER_S, 4096);
    REQUIRE_INT(o.packets[VT_TS_VIDEO], 4);
    REQUIRE_INT(p.counts.holes, 2);
}

TEST(a_jump_that_is_announced_is_no_hole)
{
    begin();
    usual();
    media(VIDEO, true);
    counters[VIDEO] += 3;
    uint8_t payload[100] = {0};
    packet(VIDEO, false, payload, sizeof payload);
    bytes.data[bytes.size - VT_TS_PACKET + 5] = 0x80;
    REQUIRE_INT(give(VT_NS_PER_S, 4096).packets[VT_TS_VIDEO], 2);
    REQUIRE_INT(p.counts.holes, 0);
}

TEST(scrambled_packets_are_dropped_and_in_the_end_refused)
{
    begin();
    usual();
    for (int i = 0; i < VT_TS_SCRAMBLED - 1; i++) {
        media(VIDEO, false);
        bytes.data[bytes.size - VT_TS_PACKET + 3] |= 0x80;
    }
    struct outcome o = give(VT_NS_PER_S, 4096);
    REQUIRE_INT(o.packets[VT_TS_VIDEO], 0);
    REQUIRE_INT(o.error, 0);
    media(VIDEO, false);
    bytes.data[bytes.size - VT_TS_PACKET + 3] |= 0xc0;
    REQUIRE_INT(give(VT_NS_PER_S, 4096).error, -EINVAL);
    REQUIRE_TEXT(p.why, "it is scrambled: turn conditional access off");
}

TEST(broken_tables_change_nothing)
{
    begin();
    usual();
    give(VT_NS_PER_S, 4096);
    begin_map();
    entry(0x24, VIDEO);
    section(MAP, 2, 1, 1, false);                        // CRC
    begin_map();
    entry(0x24, VIDEO);
    section(MAP, 2, 77, 1, true);                        // of another program
    begin_map();
    entry(0x24, VIDEO);
    section(MAP, 3, 1, 1, true);                         // another table
    begin_map();
    vt_write_u8(&body, 0x24);
    section(MAP, 2, 1, 1, true);                         // ends within a track
    vt_write_u32be(&body, 0xe200ffff);
    section(MAP, 2, 1, 1, true);                         // descriptors past the end
    vt_write_u16be(&body, 5);
    section(0, 0, 1, 1, true);                           // ends within a program
    section(0, 0, 1, 1, true);                           // no program at all
    struct outcome o = give(VT_NS_PER_S, 4096);
    REQUIRE_INT(o.changes, 0);
    REQUIRE_INT(o.error, 0);
    REQUIRE_INT(codec(VT_TS_VIDEO), VT_CODEC_H264);
}

TEST(a_table_that_is_not_in_force_yet_waits)
{
    begin();
    usual();
    give(VT_NS_PER_S, 4096);
    begin_map();
    entry(0x24, VIDEO);
    section(MAP, 2, 1, -1 & 31, true);
    REQUIRE_INT(give(VT_NS_PER_S, 4096).changes, 1);
    struct vt_ts_section s = p.section;
    struct vt_ts_map map;
    s.data[5] &= 0xfe;
    REQUIRE_INT(vt_ts_map_read(&map, &s), -EINVAL);
}

TEST(a_table_may_be_as_long_as_the_standard_allows)
{
    for (int past = 0; past < 2; past++) {
        begin();
        association(1);
        begin_map();
        entry(0x1b, VIDEO);
        vt_write_u8(&body, 0x06);
        vt_write_u16be(&body, 0xe000 | SOUND);
        size_t room = VT_TS_SECTION_BYTES - 12 - body.size - 2 + (size_t)past;
        vt_write_u16be(&body, (uint16_t)(0xf000 | room));
        for (size_t i = 0; i < room; i++)
            vt_write_u8(&body, 0);
        end_map(1, 0);
        REQUIRE_INT(give(VT_NS_PER_S, 4096).changes, !past);
        REQUIRE_INT(p.section.open, !past);
    }
}

TEST(a_hole_within_a_table_drops_it)
{
    begin();
    association(1);
    begin_map();
    entry(0x1b, VIDEO);
    for (int i = 0; i < 60; i++)
        entry(0x06, 0x400 + (unsigned)i);
    end_map(1, 0);
    REQUIRE_INT(bytes.size, 3 * VT_TS_PACKET);
    bytes.data[2 * VT_TS_PACKET + 3] ^= 3;
    REQUIRE_INT(give(VT_NS_PER_S, 4096).changes, 0);
}

TEST(two_tables_in_one_packet)
{
    begin();
    association(2);
    for (int program = 2; program >= 1; program--) {
        begin_map();
        entry(program == 1 ? 0x24 : 0x1b, VIDEO);
        section(MAP, 2, (uint16_t)program, 0, true);
    }
    // both sections behind one another, the second of them cut in two
    struct vt_writer w = bytes;
    bytes = (struct vt_writer){0};
    uint8_t both[184] = {0};
    size_t size = 12 + 4 + 5, at = 1;
    memcpy(both + at, w.data + 2 * VT_TS_PACKET - size, size);
    memcpy(both + at + size, w.data + 3 * VT_TS_PACKET - size, size);
    packet(0, true, w.data + VT_TS_PACKET - 21, 21);
    counters[0] = 1;
    vt_writer_free(&bytes);
    vt_write_bytes(&bytes, w.data, VT_TS_PACKET);
    counters[MAP] = 0;
    packet(MAP, true, both, 1 + size + 10);
    packet(MAP, false, both + 1 + size + 10, size - 10);
    vt_writer_free(&w);
    struct outcome o = give(VT_NS_PER_S, 4096);
    REQUIRE_INT(o.changes, 1);
    REQUIRE_INT(codec(VT_TS_VIDEO), VT_CODEC_HEVC);
}

TEST(programs_and_tracks_have_limits)
{
    begin();
    association(VT_TS_PROGRAMS + 1);
    give(VT_NS_PER_S, 4096);
    REQUIRE_INT(p.programs.count, VT_TS_PROGRAMS);
    begin_map();
    for (int i = 0; i <= VT_TS_TRACKS; i++)
        entry(0x0f, SOUND + (unsigned)i);
    end_map(1, 0);
    give(VT_NS_PER_S, 4096);
    REQUIRE_INT(p.map.count, VT_TS_TRACKS);
}

TEST(thousands_of_pids_cost_nothing)
{
    begin();
    usual();
    for (unsigned pid = 1; pid < 0x1fff; pid++) {
        media(pid == MAP || pid == VIDEO || pid == SOUND ? 1 : pid, true);
        if (pid % 100 == 0)
            media(VIDEO, false);
    }
    struct outcome o = give(VT_NS_PER_S, 4096);
    REQUIRE_INT(o.packets[VT_TS_VIDEO], 81);
    REQUIRE_INT(o.packets[VT_TS_AUDIO], 0);
    REQUIRE_INT(p.counts.holes, 0);
}

TEST(waits_for_a_program_so_long)
{
    begin();
    for (int i = 0; i < VT_TS_PROBE_BYTES / VT_TS_PACKET; i++)
        media(0x77, false);
    REQUIRE_INT(give(VT_NS_PER_S, 4096).error, 0);
    media(0x77, false);
    REQUIRE_INT(give(VT_NS_PER_S, 4096).error, -EINVAL);
    REQUIRE_TEXT(p.why, "what it sends is MPEG-TS without a program of video or sound");
    begin();
    media(0x77, false);
    REQUIRE_INT(give(VT_NS_PER_S, 4096).error, 0);
    REQUIRE_INT(give(VT_NS_PER_S + VT_TS_PROBE_NS, 4096).error, 0);
    REQUIRE_INT(give(VT_NS_PER_S + VT_TS_PROBE_NS + 1, 4096).error, -EINVAL);
    begin();
    for (int i = 0; i <= VT_TS_PROBE_BYTES; i++)
        vt_write_u8(&bytes, (uint8_t)(i * 7 & 0x3f));
    REQUIRE_INT(give(VT_NS_PER_S, 4096).error, -EINVAL);
    REQUIRE_TEXT(p.why, "what it sends is not MPEG-TS");
}

TEST(headers_that_make_no_sense_are_passed_over)
{
    begin();
    usual();
    media(VIDEO, true);
    bytes.data[bytes.size - VT_TS_PACKET + 3] &= 0x0f;   // neither field nor payload
    media(VIDEO, false);
    bytes.data[bytes.size - VT_TS_PACKET + 3] |= 0x30;
    bytes.data[bytes.size - VT_TS_PACKET + 4] = 200;     // a field longer than the packet
    media(VIDEO, false);
    bytes.data[bytes.size - VT_TS_PACKET + 3] |= 0x30;
    bytes.data[bytes.size - VT_TS_PACKET + 4] = 183;     // exactly as long: no payload is left
    struct outcome o = give(VT_NS_PER_S, 4096);
    REQUIRE_INT(o.packets[VT_TS_VIDEO], 1);
    REQUIRE_INT(o.error, 0);
}

int main(void)
{
    RUN(gives_a_programs_packets_on);
    RUN(its_own_tables_are_whole);
    RUN(takes_the_first_of_each_kind);
    RUN(a_silent_track_gives_way);
    RUN(a_program_without_a_map_gives_way);
    RUN(other_tables_are_taken_over_up_to_a_limit);
    RUN(changes_are_forgotten);
    RUN(refuses_what_it_cannot_take_by_name);
    RUN(reads_descriptors);
    RUN(finds_packets_after_junk);
    RUN(counts_holes_and_drops_copies);
    RUN(a_jump_that_is_announced_is_no_hole);
    RUN(scrambled_packets_are_dropped_and_in_the_end_refused);
    RUN(broken_tables_change_nothing);
    RUN(a_table_that_is_not_in_force_yet_waits);
    RUN(a_table_may_be_as_long_as_the_standard_allows);
    RUN(a_hole_within_a_table_drops_it);
    RUN(two_tables_in_one_packet);
    RUN(programs_and_tracks_have_limits);
    RUN(thousands_of_pids_cost_nothing);
    RUN(waits_for_a_program_so_long);
    RUN(headers_that_make_no_sense_are_passed_over);
    vt_writer_free(&bytes);
    return DONE();
}
