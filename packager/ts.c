#include "packager/ts.h"

#include <assert.h>
#include <string.h>

#define PAYLOAD        (VT_TS_PACKET - 4)
#define PROGRAM        1
#define CRC_POLYNOMIAL 0x04C11DB7u
#define CLOCK_FIELD    8                     // length, flags and PCR of an adaptation field

static const uint16_t pids[VT_TS_STREAMS] = {0, 0x1000, 0x100, 0x101, 0x102};
static const uint8_t stream_ids[VT_TS_STREAMS] = {0, 0, 0xE0, 0xC0, 0xBD};

// -- packets

static void write_header(struct vt_writer *w, const struct vt_ts *ts, enum vt_ts_stream stream, bool starts,
                         bool field, bool payload)
{
    // Without payload the counter stays: it says again what the packet before had.
    uint8_t counter = payload ? ts->counter[stream] : (ts->counter[stream] - 1) & 15;
    vt_write_u8(w, 0x47);
    vt_write_u16be(w, (uint16_t)((starts ? 0x4000 : 0) | pids[stream]));
    vt_write_u8(w, (uint8_t)((field ? 0x20 : 0) | (payload ? 0x10 : 0) | counter));
}

static void write_stuffing(struct vt_writer *w, size_t count)
{
    while (count-- > 0)
        vt_write_u8(w, 0xFF);
}

// §2.4.3.5: 33 bits of 90 kHz, 6 reserved, 9 of the rest.
static void write_clock(struct vt_writer *w, int64_t clock)
{
    uint64_t base = (uint64_t)(clock / 300) & 0x1FFFFFFFF, rest = (uint64_t)(clock % 300);
    vt_write_u32be(w, (uint32_t)(base >> 1));
    vt_write_u16be(w, (uint16_t)((base & 1) << 15 | 0x7E00 | rest));
}

// An adaptation field of `size` bytes in all; 0: none.
static void write_field(struct vt_writer *w, size_t size, bool key, bool clocked, int64_t clock)
{
    if (size == 0)
        return;
    vt_write_u8(w, (uint8_t)(size - 1));
    if (size == 1)
        return;
    vt_write_u8(w, (uint8_t)((key ? 0x40 : 0) | (clocked ? 0x10 : 0)));
    if (clocked)
        write_clock(w, clock);
    write_stuffing(w, size - (clocked ? CLOCK_FIELD : 2));
}

void vt_ts_clock(struct vt_writer *w, const struct vt_ts *ts, enum vt_ts_stream stream, int64_t clock)
{
    write_header(w, ts, stream, false, true, false);
    write_field(w, PAYLOAD, false, true, clock);
}

// -- tables

static uint32_t crc(const uint8_t *data, size_t size)
{
    uint32_t value = 0xFFFFFFFF;
    for (size_t i = 0; i < size; i++) {
        value ^= (uint32_t)data[i] << 24;
        for (int bit = 0; bit < 8; bit++)
            value = value & 0x80000000 ? value << 1 ^ CRC_POLYNOMIAL : value << 1;
    }
    return value;
}

// `body` is what stands between section_length and CRC_32.
static void write_section(struct vt_writer *w, struct vt_ts *ts, enum vt_ts_stream stream, uint8_t table,
                          const struct vt_writer *body)
{
    size_t length = body->size + 4;
    write_header(w, ts, stream, true, false, true);
    ts->counter[stream] = (ts->counter[stream] + 1) & 15;
    vt_write_u8(w, 0);
    size_t start = w->size;
    vt_write_u8(w, table);
    vt_write_u16be(w, (uint16_t)(0xB000 | length));
    vt_write_bytes(w, body->data, body->size);
    w->failed |= body->failed;
    if (w->failed)
        return;
    vt_write_u32be(w, crc(w->data + start, w->size - start));
    write_stuffing(w, PAYLOAD - 1 - 3 - length);
}

// Number, version 0, current, the only section.
static void write_section_head(struct vt_writer *w, uint16_t number)
{
    vt_write_u16be(w, number);
    vt_write_u8(w, 0xC1);
    vt_write_u16be(w, 0);
}

static void write_identifiers(struct vt_writer *w)
{
    vt_write_u16be(w, 0xFFFF);
    vt_write_text(w, "ID3 ");
    vt_write_u8(w, 0xFF);
    vt_write_text(w, "ID3 ");
    vt_write_u8(w, 0);                       // metadata_service_id
}

// metadata_pointer_descriptor, §2.6.58.
static void write_pointer(struct vt_writer *w)
{
    vt_write_u8(w, 0x25);
    vt_write_u8(w, 15);
    write_identifiers(w);
    vt_write_u8(w, 0x1F);                    // the metadata is in this program
    vt_write_u16be(w, PROGRAM);
}

static void write_stream(struct vt_writer *w, uint8_t type, enum vt_ts_stream stream, uint16_t info)
{
    vt_write_u8(w, type);
    vt_write_u16be(w, (uint16_t)(0xE000 | pids[stream]));
    vt_write_u16be(w, (uint16_t)(0xF000 | info));
}

// With metadata_descriptor, §2.6.60.
static void write_metadata_stream(struct vt_writer *w)
{
    write_stream(w, 0x15, VT_TS_METADATA, 15);
    vt_write_u8(w, 0x26);
    vt_write_u8(w, 13);
    write_identifiers(w);
    vt_write_u8(w, 0x0F);                    // no decoder configuration
}

void vt_ts_tables(struct vt_writer *w, struct vt_ts *ts, bool video, bool audio)
{
    struct vt_writer pat = {0}, pmt = {0};
    write_section_head(&pat, 1);
    vt_write_u16be(&pat, PROGRAM);
    vt_write_u16be(&pat, 0xE000 | pids[VT_TS_PMT]);
    write_section(w, ts, VT_TS_PAT, 0, &pat);

    write_section_head(&pmt, PROGRAM);
    vt_write_u16be(&pmt, 0xE000 | pids[video ? VT_TS_VIDEO : VT_TS_AUDIO]);      // where the clock is
    vt_write_u16be(&pmt, video ? 0xF000 | 17 : 0xF000);
    if (video)
        write_pointer(&pmt);
    if (video)
        write_stream(&pmt, 0x1B, VT_TS_VIDEO, 0);
    if (audio)
        write_stream(&pmt, 0x0F, VT_TS_AUDIO, 0);
    if (video)
        write_metadata_stream(&pmt);
    write_section(w, ts, VT_TS_PMT, 2, &pmt);
    vt_writer_free(&pat);
    vt_writer_free(&pmt);
}

// -- PES packets

// §2.4.3.7: four bits, then 3, 15 and 15 of the time with a marker bit after each.
static void write_time(struct vt_writer *w, uint8_t prefix, int64_t time)
{
    uint64_t t = (uint64_t)time & 0x1FFFFFFFF;
    vt_write_u8(w, (uint8_t)(prefix << 4 | (t >> 30) << 1 | 1));
    vt_write_u16be(w, (uint16_t)((t >> 15 & 0x7FFF) << 1 | 1));
    vt_write_u16be(w, (uint16_t)((t & 0x7FFF) << 1 | 1));
}

// Writes the head of the PES packet into `w`, which is empty.
static void write_pes_head(struct vt_writer *w, const struct vt_ts_unit *unit)
{
    bool both = unit->dts != unit->pts, video = unit->stream == VT_TS_VIDEO;
    uint8_t head = both ? 10 : 5;
    vt_write_u24be(w, 1);
    vt_write_u8(w, stream_ids[unit->stream]);
    vt_write_u16be(w, video ? 0 : (uint16_t)(3 + head + unit->size));    // a picture may be longer than can be said
    vt_write_u8(w, 0x84);                    // starts with an access unit: data_alignment_indicator
    vt_write_u8(w, both ? 0xC0 : 0x80);
    vt_write_u8(w, head);
    write_time(w, both ? 3 : 2, unit->pts);
    if (both)
        write_time(w, 1, unit->dts);
}

void vt_ts_unit(struct vt_writer *w, struct vt_ts *ts, const struct vt_ts_unit *unit)
{
    struct vt_writer head = {0};
    assert(unit->size > 0 && (unit->stream == VT_TS_VIDEO || unit->size <= VT_TS_PES_MAX));
    write_pes_head(&head, unit);
    size_t head_left = head.failed ? 0 : head.size, left = unit->size;
    const uint8_t *at = unit->data;
    for (bool first = true; left > 0 && !w->failed; first = false) {
        bool clocked = first && unit->clocked, key = first && unit->key;
        size_t field = clocked ? CLOCK_FIELD : key ? 2 : 0, room = PAYLOAD - field;
        if (head_left + left < room) {       // the last packet is filled up in front
            field = PAYLOAD - head_left - left;
            room = head_left + left;
        }
        write_header(w, ts, unit->stream, first, field > 0, true);
        write_field(w, field, key, clocked, unit->clock);
        ts->counter[unit->stream] = (ts->counter[unit->stream] + 1) & 15;
        vt_write_bytes(w, head.data, head_left);
        vt_write_bytes(w, at, room - head_left);
        at += room - head_left;
        left -= room - head_left;
        head_left = 0;
    }
    w->failed |= head.failed;
    vt_writer_free(&head);
}
