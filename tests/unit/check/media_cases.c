// Rules that are seen in the bytes: small fragments and transport streams made by hand.
#include "check/media_rules.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "tests/unit/check/cases.h"

#define SCALE 30000
#define FRAME 1000

// ---- fragmented MP4

static size_t open_box(struct vt_writer *w, const char *kind)
{
    vt_write_u32be(w, 0);
    vt_write_text(w, kind);
    return w->size - 8;
}

static void close_box(struct vt_writer *w, size_t at)
{
    vt_patch_u32be(w, at, (uint32_t)(w->size - at));
}

static void zeros(struct vt_writer *w, size_t count)
{
    while (count--)
        vt_write_u8(w, 0);
}

struct init {
    const char *brand;
    bool no_mvex, samples, lasts, external, no_ftyp;
    int width;
};

static void write_stsd(struct vt_writer *w, int width)
{
    size_t stsd = open_box(w, "stsd");
    zeros(w, 4);
    vt_write_u32be(w, 1);
    size_t entry = open_box(w, "avc1");
    zeros(w, 24);
    vt_write_u16be(w, (uint16_t)width);
    vt_write_u16be(w, 180);
    zeros(w, 50);
    size_t config = open_box(w, "avcC");
    vt_write_bytes(w, "\x01\x64\x00\x1f\xff", 5);
    close_box(w, config);
    close_box(w, entry);
    close_box(w, stsd);
}

static void write_trak(struct vt_writer *w, const struct init *how)
{
    size_t trak = open_box(w, "trak"), tkhd = open_box(w, "tkhd");
    zeros(w, 12);
    vt_write_u32be(w, 1);
    zeros(w, 4);
    vt_write_u32be(w, how->lasts ? 9000 : 0);
    zeros(w, 60);
    close_box(w, tkhd);
    size_t mdia = open_box(w, "mdia"), mdhd = open_box(w, "mdhd");
    zeros(w, 12);
    vt_write_u32be(w, SCALE);
    zeros(w, 8);
    close_box(w, mdhd);
    size_t hdlr = open_box(w, "hdlr");
    zeros(w, 8);
    vt_write_text(w, "vide");
    zeros(w, 13);
    close_box(w, hdlr);
    size_t minf = open_box(w, "minf"), dinf = open_box(w, "dinf"), dref = open_box(w, "dref");
    zeros(w, 4);
    vt_write_u32be(w, 1);
    size_t url = open_box(w, "url ");
    vt_write_u32be(w, how->external ? 0 : 1);
    close_box(w, url);
    close_box(w, dref);
    close_box(w, dinf);
    size_t stbl = open_box(w, "stbl");
    write_stsd(w, how->width ? how->width : 320);
    size_t stts = open_box(w, "stts");
    zeros(w, 4);
    vt_write_u32be(w, how->samples);
    close_box(w, stts);
    close_box(w, stbl);
    close_box(w, minf);
    close_box(w, mdia);
    close_box(w, trak);
}

static void write_init(struct vt_writer *w, const struct init *how)
{
    if (!how->no_ftyp) {
        size_t ftyp = open_box(w, "ftyp");
        vt_write_text(w, how->brand ? how->brand : "cmfc");
        zeros(w, 4);
        close_box(w, ftyp);
    }
    size_t moov = open_box(w, "moov"), mvhd = open_box(w, "mvhd");
    zeros(w, 100);
    close_box(w, mvhd);
    write_trak(w, how);
    if (!how->no_mvex) {
        size_t mvex = open_box(w, "mvex"), trex = open_box(w, "trex");
        zeros(w, 4);
        vt_write_u32be(w, 1);
        vt_write_u32be(w, 1);
        vt_write_u32be(w, FRAME);
        zeros(w, 4);
        vt_write_u32be(w, 0x10000);
        close_box(w, trex);
        close_box(w, mvex);
    }
    close_box(w, moov);
}

struct fragment {
    uint64_t time;
    int samples;
    bool no_key, no_tfdt, absolute, late_key;
    const char *message;               // of an emsg before it
};

static void write_fragment(struct vt_writer *w, const struct fragment *how)
{
    if (how->message) {
        size_t emsg = open_box(w, "emsg");
        vt_write_u32be(w, 0x01000000);
        vt_write_text(w, how->message);
        close_box(w, emsg);
    }
    size_t moof = open_box(w, "moof"), traf = open_box(w, "traf"), tfhd = open_box(w, "tfhd");
    vt_write_u32be(w, how->absolute ? 0 : 0x020000);
    vt_write_u32be(w, 1);
    close_box(w, tfhd);
    if (!how->no_tfdt) {
        size_t tfdt = open_box(w, "tfdt");
        vt_write_u32be(w, 0x01000000);
        vt_write_u64be(w, how->time);
        close_box(w, tfdt);
    }
    size_t trun = open_box(w, "trun");
    vt_write_u32be(w, 0x000400);
    vt_write_u32be(w, (uint32_t)how->samples);
    for (int i = 0; i < how->samples; i++)
        vt_write_u32be(w, i == (how->late_key ? 1 : 0) && !how->no_key ? 0x02000000 : 0x01010000);
    close_box(w, trun);
    close_box(w, traf);
    close_box(w, moof);
    size_t mdat = open_box(w, "mdat");
    zeros(w, 100);
    close_box(w, mdat);
}

static void read_init(struct vt_media *ret, const struct init *how)
{
    struct vt_writer w = {.limit = 0};
    write_init(&w, how);
    vt_media_read(ret, NULL, w.data, w.size);
    vt_writer_free(&w);
}

static void run_init(int rule, const struct init *how, const char *what)
{
    struct vt_findings findings = {.count = 0};
    struct vt_media media;
    read_init(&media, how);
    vt_check_init("http://127.0.0.1/init.mp4", &media, &findings);
    require_only(&findings, rule, what);
    vt_findings_free(&findings);
}

// A segment of 180 frames, six seconds, after one that ends at its start.
static void run_segment(int rule, const struct fragment *how, const struct init *before, const char *edit_from,
                        const char *edit_to, const char *what)
{
    struct vt_findings findings = {.count = 0}, ignored = {.count = 0};
    struct vt_media init, other, last, media;
    struct vt_writer w = {.limit = 0};
    char *text = edited(good_live, edit_from, edit_to);
    struct vt_m3u *m3u = read_text("http://127.0.0.1/v.m3u8", text, &ignored);
    read_init(&init, &(struct init){0});
    read_init(&other, before);
    write_fragment(&w, &(struct fragment){.time = 0, .samples = 180});
    vt_media_read(&last, &other, w.data, w.size);
    vt_writer_free(&w);
    write_fragment(&w, how);
    vt_media_read(&media, &init, w.data, w.size);
    vt_check_segment(m3u, &m3u->segments[1], "http://127.0.0.1/v-11.m4s", &media, w.size, &last, &findings);
    require_only(&findings, rule, what);
    vt_writer_free(&w);
    vt_m3u_free(&m3u);
    vt_findings_free(&findings);
    vt_findings_free(&ignored);
    free(text);
}

static void test_fragments(void)
{
    static const struct init plain = {0}, wide = {.width = 640};
    run_init(0, &plain, "a good init segment");
    run_init(47, &(struct init){.brand = "isom"}, "an old brand");
    run_init(47, &(struct init){.no_mvex = true}, "no mvex");
    run_init(47, &(struct init){.no_ftyp = true}, "no ftyp");
    run_init(47, &(struct init){.samples = true}, "samples");
    run_init(47, &(struct init){.lasts = true}, "a duration");
    run_init(48, &(struct init){.external = true}, "an external reference");
    run_segment(0, &(struct fragment){180000, 180}, &plain, "#EXTM3U", "#EXTM3U", "a good segment");
    run_segment(22, &(struct fragment){180000, 170}, &plain, "#EXTM3U", "#EXTM3U", "too few frames");
    run_segment(37, &(struct fragment){180000, 180}, &plain, "#EXTINF:6.00000,\nv-11",
                "#EXT-X-BITRATE:50\n#EXTINF:6.00000,\nv-11", "another bit rate");
    run_segment(41, &(struct fragment){180000, 180}, &wide, "#EXTM3U", "#EXTM3U", "another size");
    run_segment(48, &(struct fragment){181000, 180}, &plain, "#EXTM3U", "#EXTM3U", "a hole");
    run_segment(48, &(struct fragment){180000, 180, .absolute = true}, &plain, "#EXTM3U", "#EXTM3U", "absolute addresses");
    run_segment(50, &(struct fragment){180000, 180, .no_key = true}, &plain, "#EXTM3U", "#EXTM3U", "no key frame");
    run_segment(50, &(struct fragment){180000, 180, .late_key = true}, &plain, "#EXTM3U", "#EXTM3U", "a late key frame");
}

static void run_part(int rule, const struct fragment *how, int part)
{
    struct vt_findings findings = {.count = 0}, ignored = {.count = 0};
    struct vt_media init, media;
    struct vt_writer w = {.limit = 0};
    struct vt_m3u *m3u = read_text("http://127.0.0.1/v.m3u8", good_low, &ignored);
    read_init(&init, &(struct init){0});
    write_fragment(&w, how);
    vt_media_read(&media, &init, w.data, w.size);
    vt_check_part_media(&m3u->parts[part], "http://127.0.0.1/v-25.0.m4s", &media, &findings);
    require_only(&findings, rule, "a part");
    vt_writer_free(&w);
    vt_m3u_free(&m3u);
    vt_findings_free(&findings);
    vt_findings_free(&ignored);
}

static void run_whole(int rule, const struct fragment *whole, const struct fragment *part)
{
    struct vt_findings findings = {.count = 0};
    struct vt_media init;
    struct vt_writer one = {.limit = 0}, two = {.limit = 0};
    read_init(&init, &(struct init){0});
    write_fragment(&one, whole);
    write_fragment(&two, part);
    vt_check_parts_whole("http://127.0.0.1/v-25.m4s", one.data, one.size, two.data, two.size, &init, &findings);
    require_only(&findings, rule, "a segment and its parts");
    vt_writer_free(&one);
    vt_writer_free(&two);
    vt_findings_free(&findings);
}

// ---- MPEG-TS

struct stream {
    bool no_pat, no_pmt, two_programs, jump;
    int counter, programs;
    uint64_t pts;
};

static void packet(struct vt_writer *w, unsigned pid, int counter, const void *payload, size_t size)
{
    size_t start = w->size;
    vt_write_u8(w, 0x47);
    vt_write_u16be(w, (uint16_t)(0x4000 | pid));
    vt_write_u8(w, (uint8_t)(0x10 | (counter & 15)));
    vt_write_bytes(w, payload, size);
    while (w->size - start < 188)
        vt_write_u8(w, 0xff);
}

static void write_stream(struct vt_writer *w, const struct stream *how)
{
    static const uint8_t pat[] = {0, 0, 0xb0, 13, 0, 1, 0xc1, 0, 0, 0, 1, 0xe1, 0, 1, 2, 3, 4};
    static const uint8_t pat_2[] = {0, 0, 0xb0, 17, 0, 1, 0xc1, 0, 0, 0, 1, 0xe1, 0, 0, 2, 0xe1, 0, 1, 2, 3, 4};
    static const uint8_t pmt[] = {0, 2, 0xb0, 18, 0, 1, 0xc1, 0, 0, 0xe1, 1, 0xf0, 0, 0x1b, 0xe1, 1, 0xf0, 0, 1, 2, 3, 4};
    if (!how->no_pat)
        packet(w, 0, how->counter, how->two_programs ? pat_2 : pat, how->two_programs ? sizeof pat_2 : sizeof pat);
    if (!how->no_pmt)
        packet(w, 0x100, how->counter, pmt, sizeof pmt);
    for (int i = 0; i < 150; i++) {
        uint64_t pts = (how->pts + (uint64_t)i * 3600) & 0x1ffffffff;
        uint8_t pes[] = {0, 0, 1, 0xe0, 0, 0, 0x80, 0x80, 5, (uint8_t)(0x21 | (pts >> 29 & 14)), (uint8_t)(pts >> 22),
                         (uint8_t)(pts >> 14 | 1), (uint8_t)(pts >> 7), (uint8_t)(pts << 1 | 1), 0, 0, 1, i ? 0x41 : 0x65};
        packet(w, 0x101, how->counter * 150 + i + (how->jump && i > 7 ? 3 : 0), pes, sizeof pes);
    }
}

static void run_stream(int rule, const struct stream *how, const char *what)
{
    struct vt_findings findings = {.count = 0}, ignored = {.count = 0};
    struct vt_media last, media;
    struct vt_writer one = {.limit = 0}, two = {.limit = 0};
    struct vt_m3u *m3u = read_text("http://127.0.0.1/v.m3u8", good_ts, &ignored);
    write_stream(&one, &(struct stream){.counter = 0, .pts = 0x1ffffffff - 269999});
    write_stream(&two, how);
    vt_media_read(&last, NULL, one.data, one.size);
    vt_media_read(&media, NULL, two.data, two.size);
    vt_check_segment(m3u, &m3u->segments[0], "http://127.0.0.1/v-1.ts", &media, two.size, &last, &findings);
    require_only(&findings, rule, what);
    vt_writer_free(&one);
    vt_writer_free(&two);
    vt_m3u_free(&m3u);
    vt_findings_free(&findings);
    vt_findings_free(&ignored);
}

void test_media(void)
{
    test_fragments();
    run_part(0, &(struct fragment){0, 60}, 0);
    run_part(0, &(struct fragment){0, 60, .no_key = true}, 1);
    run_part(80, &(struct fragment){0, 60, .no_key = true}, 0);
    run_part(80, &(struct fragment){0, 60}, 1);
    run_part(22, &(struct fragment){0, 50}, 0);
    run_whole(0, &(struct fragment){0, 60, .message = "one"}, &(struct fragment){0, 60, .message = "one"});
    run_whole(81, &(struct fragment){0, 60, .message = "one"}, &(struct fragment){0, 60, .message = "two"});
    run_whole(81, &(struct fragment){0, 60}, &(struct fragment){0, 59});
    // The clock of 33 bits wraps in the middle of the first segment.
    uint64_t next = (0x1ffffffff - 269999 + 150 * 3600) & 0x1ffffffff;
    run_stream(0, &(struct stream){.counter = 1, .pts = next}, "a good stream");
    run_stream(42, &(struct stream){.counter = 1, .pts = next + 90000}, "a hole");
    run_stream(42, &(struct stream){.counter = 1, .pts = next, .jump = true}, "a jump of the counter");
    run_stream(42, &(struct stream){.counter = 3, .pts = next}, "a jump of the counter between segments");
    run_stream(49, &(struct stream){.counter = 1, .pts = next, .two_programs = true}, "two programs");
}
