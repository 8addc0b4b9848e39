#include "packager/cmaf.h"

#include <string.h>

#include "packager/boxes.h"
#include "packager/sps.h"

#define TRACK_ID        1
#define FLAGS_KEY       0x02000000           // depends on no other sample
#define FLAGS_INTER     0x01010000           // depends on others, is no sync sample

uint32_t vt_video_timescale(struct vt_rational rate)
{
    if (VT_90K % rate.num == 0)
        return VT_90K;
    return (uint32_t)(rate.num < 1000 ? rate.num * 1000 : rate.num);
}

uint32_t vt_track_timescale(const struct vt_track *track, struct vt_rational rate)
{
    return track->kind == VT_TRACK_VIDEO ? vt_video_timescale(rate) : (uint32_t)track->sample_rate;
}

static void write_ftyp(struct vt_writer *w, bool video)
{
    size_t box = vt_box(w, "ftyp");
    vt_write_text(w, "iso6");
    vt_write_u32be(w, 0);
    vt_write_text(w, "iso6cmfc");
    if (video)
        vt_write_text(w, "aid3");            // emsg with ID3 inside
    vt_box_end(w, box);
}

static void write_matrix(struct vt_writer *w)
{
    static const uint32_t unity[9] = {0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000};
    for (int i = 0; i < 9; i++)
        vt_write_u32be(w, unity[i]);
}

static void write_mvhd(struct vt_writer *w, uint32_t timescale)
{
    size_t box = vt_full_box(w, "mvhd", 0, 0);
    vt_write_zeros(w, 8);
    vt_write_u32be(w, timescale);
    vt_write_u32be(w, 0);
    vt_write_u32be(w, 0x10000);
    vt_write_u16be(w, 0x100);
    vt_write_zeros(w, 10);
    write_matrix(w);
    vt_write_zeros(w, 24);
    vt_write_u32be(w, TRACK_ID + 1);
    vt_box_end(w, box);
}

static void write_tkhd(struct vt_writer *w, const struct vt_track *track)
{
    bool video = track->kind == VT_TRACK_VIDEO;
    size_t box = vt_full_box(w, "tkhd", 0, 7);
    vt_write_zeros(w, 8);
    vt_write_u32be(w, TRACK_ID);
    vt_write_zeros(w, 4 + 4 + 8 + 2 + 2);
    vt_write_u16be(w, video ? 0 : 0x100);
    vt_write_u16be(w, 0);
    write_matrix(w);
    vt_write_u32be(w, video ? (uint32_t)track->width << 16 : 0);
    vt_write_u32be(w, video ? (uint32_t)track->height << 16 : 0);
    vt_box_end(w, box);
}

// ISO 639-2 needs three letters; BCP 47's two are told by the playlist, and "und" here.
static uint16_t packed_language(const char *language)
{
    if (!language || strspn(language, "abcdefghijklmnopqrstuvwxyz") != 3 || (language[3] && language[3] != '-'))
        language = "und";
    return (uint16_t)((language[0] - 0x60) << 10 | (language[1] - 0x60) << 5 | (language[2] - 0x60));
}

static void write_mdhd(struct vt_writer *w, const struct vt_track *track, uint32_t timescale)
{
    size_t box = vt_full_box(w, "mdhd", 0, 0);
    vt_write_zeros(w, 8);
    vt_write_u32be(w, timescale);
    vt_write_u32be(w, 0);
    vt_write_u16be(w, packed_language(track->language));
    vt_write_u16be(w, 0);
    vt_box_end(w, box);
}

static void write_hdlr(struct vt_writer *w, bool video)
{
    size_t box = vt_full_box(w, "hdlr", 0, 0);
    vt_write_u32be(w, 0);
    vt_write_text(w, video ? "vide" : "soun");
    vt_write_zeros(w, 12);
    vt_write_text(w, "vitrine");
    vt_write_u8(w, 0);
    vt_box_end(w, box);
}

static void write_dinf(struct vt_writer *w)
{
    size_t dinf = vt_box(w, "dinf");
    size_t dref = vt_full_box(w, "dref", 0, 0);
    vt_write_u32be(w, 1);
    vt_box_end(w, vt_full_box(w, "url ", 0, 1));
    vt_box_end(w, dref);
    vt_box_end(w, dinf);
}

static void write_pasp(struct vt_writer *w, const struct vt_sps *sps)
{
    size_t box = vt_box(w, "pasp");
    vt_write_u32be(w, sps->sar_width);
    vt_write_u32be(w, sps->sar_height);
    vt_box_end(w, box);
}

// ISO/IEC 14496-12 §12.1.5.
static void write_colr(struct vt_writer *w, const struct vt_sps *sps)
{
    size_t box = vt_box(w, "colr");
    vt_write_text(w, "nclx");
    vt_write_u16be(w, sps->primaries);
    vt_write_u16be(w, sps->transfer);
    vt_write_u16be(w, sps->matrix);
    vt_write_u8(w, sps->full_range ? 0x80 : 0);
    vt_box_end(w, box);
}

static void write_avc1(struct vt_writer *w, const struct vt_track *track)
{
    struct vt_sps sps = {.sar_width = 1, .sar_height = 1};
    (void)vt_sps_of_avcc(track->config, track->config_size, &sps);      // what it does not tell is not told
    size_t entry = vt_box(w, "avc1");
    vt_write_zeros(w, 6);
    vt_write_u16be(w, 1);
    vt_write_zeros(w, 16);
    vt_write_u16be(w, (uint16_t)track->width);
    vt_write_u16be(w, (uint16_t)track->height);
    vt_write_u32be(w, 0x480000);
    vt_write_u32be(w, 0x480000);
    vt_write_u32be(w, 0);
    vt_write_u16be(w, 1);
    vt_write_zeros(w, 32);
    vt_write_u16be(w, 0x18);
    vt_write_u16be(w, 0xFFFF);
    size_t config = vt_box(w, "avcC");
    vt_write_bytes(w, track->config, track->config_size);
    vt_box_end(w, config);
    write_pasp(w, &sps);
    if (sps.coloured)
        write_colr(w, &sps);
    vt_box_end(w, entry);
}

// A descriptor's tag and its size in four bytes, ISO/IEC 14496-1 §8.3.3.
static void write_descriptor(struct vt_writer *w, uint8_t tag, size_t size)
{
    vt_write_u8(w, tag);
    for (int shift = 21; shift >= 0; shift -= 7)
        vt_write_u8(w, (uint8_t)((size >> shift & 0x7F) | (shift ? 0x80 : 0)));
}

static void write_esds(struct vt_writer *w, const struct vt_track *track)
{
    size_t specific = 5 + track->config_size, decoder = 5 + 13 + specific;
    size_t box = vt_full_box(w, "esds", 0, 0);
    write_descriptor(w, 3, 3 + decoder + 5 + 1);
    vt_write_u16be(w, 0);
    vt_write_u8(w, 0);
    write_descriptor(w, 4, 13 + specific);
    vt_write_u8(w, 0x40);                    // MPEG-4 audio
    vt_write_u8(w, 0x15);                    // audio stream
    vt_write_u24be(w, 0);
    vt_write_u32be(w, (uint32_t)track->bitrate);
    vt_write_u32be(w, (uint32_t)track->bitrate);
    write_descriptor(w, 5, track->config_size);
    vt_write_bytes(w, track->config, track->config_size);
    write_descriptor(w, 6, 1);
    vt_write_u8(w, 2);
    vt_box_end(w, box);
}

static void write_mp4a(struct vt_writer *w, const struct vt_track *track)
{
    size_t entry = vt_box(w, "mp4a");
    vt_write_zeros(w, 6);
    vt_write_u16be(w, 1);
    vt_write_zeros(w, 8);
    vt_write_u16be(w, (uint16_t)track->channels);
    vt_write_u16be(w, 16);
    vt_write_zeros(w, 4);
    vt_write_u32be(w, track->sample_rate <= UINT16_MAX ? (uint32_t)track->sample_rate << 16 : 0);
    write_esds(w, track);
    vt_box_end(w, entry);
}

static void write_empty_table(struct vt_writer *w, const char type[4], size_t counts)
{
    size_t box = vt_full_box(w, type, 0, 0);
    vt_write_zeros(w, 4 * counts);
    vt_box_end(w, box);
}

static void write_stbl(struct vt_writer *w, const struct vt_track *track)
{
    size_t stbl = vt_box(w, "stbl");
    size_t stsd = vt_full_box(w, "stsd", 0, 0);
    vt_write_u32be(w, 1);
    if (track->kind == VT_TRACK_VIDEO)
        write_avc1(w, track);
    else
        write_mp4a(w, track);
    vt_box_end(w, stsd);
    write_empty_table(w, "stts", 1);
    write_empty_table(w, "stsc", 1);
    write_empty_table(w, "stsz", 2);
    write_empty_table(w, "stco", 1);
    vt_box_end(w, stbl);
}

static void write_mdia(struct vt_writer *w, const struct vt_track *track, uint32_t timescale)
{
    bool video = track->kind == VT_TRACK_VIDEO;
    size_t mdia = vt_box(w, "mdia");
    write_mdhd(w, track, timescale);
    write_hdlr(w, video);
    size_t minf = vt_box(w, "minf");
    size_t head = vt_full_box(w, video ? "vmhd" : "smhd", 0, video ? 1 : 0);
    vt_write_zeros(w, video ? 8 : 4);
    vt_box_end(w, head);
    write_dinf(w);
    write_stbl(w, track);
    vt_box_end(w, minf);
    vt_box_end(w, mdia);
}

static void write_mvex(struct vt_writer *w)
{
    size_t mvex = vt_box(w, "mvex");
    size_t trex = vt_full_box(w, "trex", 0, 0);
    vt_write_u32be(w, TRACK_ID);
    vt_write_u32be(w, 1);
    vt_write_zeros(w, 12);
    vt_box_end(w, trex);
    vt_box_end(w, mvex);
}

static void write_edts(struct vt_writer *w, int64_t delay)
{
    size_t edts = vt_box(w, "edts");
    size_t elst = vt_full_box(w, "elst", 0, 0);
    vt_write_u32be(w, 1);
    vt_write_u32be(w, 0);                    // all of it, fragments too
    vt_write_u32be(w, (uint32_t)delay);
    vt_write_u32be(w, 0x10000);
    vt_box_end(w, elst);
    vt_box_end(w, edts);
}

void vt_cmaf_init(struct vt_writer *w, const struct vt_track *track, uint32_t timescale, int64_t delay)
{
    write_ftyp(w, track->kind == VT_TRACK_VIDEO);
    size_t moov = vt_box(w, "moov");
    write_mvhd(w, timescale);
    size_t trak = vt_box(w, "trak");
    write_tkhd(w, track);
    if (delay > 0)
        write_edts(w, delay);
    write_mdia(w, track, timescale);
    vt_box_end(w, trak);
    write_mvex(w);
    vt_box_end(w, moov);
}

// Which columns trun needs: those whose value is not the same in every sample.
#define TRUN_OFFSET      0x001
#define TRUN_FIRST_FLAGS 0x004
#define TRUN_DURATION    0x100
#define TRUN_SIZE        0x200
#define TRUN_FLAGS       0x400
#define TRUN_COMPOSITION 0x800

static uint32_t trun_columns(const struct vt_fragment *f)
{
    uint32_t columns = TRUN_OFFSET | TRUN_SIZE;
    for (int i = 0; i < f->count; i++) {
        const struct vt_sample *s = &f->samples[i];
        if (s->duration != f->samples[0].duration)
            columns |= TRUN_DURATION;
        if (s->composition)
            columns |= TRUN_COMPOSITION;
        if (i > 0 && s->key != f->samples[f->count - 1].key)
            columns |= TRUN_FLAGS;
    }
    if (!(columns & TRUN_FLAGS) && f->samples[0].key != f->samples[f->count - 1].key)
        columns |= TRUN_FIRST_FLAGS;
    return columns;
}

static uint32_t sample_flags(const struct vt_sample *sample)
{
    return sample->key ? FLAGS_KEY : FLAGS_INTER;
}

static void write_trun(struct vt_writer *w, const struct vt_fragment *f, size_t *data_offset)
{
    uint32_t columns = trun_columns(f);
    size_t box = vt_full_box(w, "trun", 1, columns);
    vt_write_u32be(w, (uint32_t)f->count);
    *data_offset = w->size;
    vt_write_u32be(w, 0);
    if (columns & TRUN_FIRST_FLAGS)
        vt_write_u32be(w, sample_flags(&f->samples[0]));
    for (int i = 0; i < f->count; i++) {
        const struct vt_sample *s = &f->samples[i];
        if (columns & TRUN_DURATION)
            vt_write_u32be(w, (uint32_t)s->duration);
        vt_write_u32be(w, (uint32_t)s->size);
        if (columns & TRUN_FLAGS)
            vt_write_u32be(w, sample_flags(s));
        if (columns & TRUN_COMPOSITION)
            vt_write_u32be(w, (uint32_t)(int32_t)s->composition);
    }
    vt_box_end(w, box);
}

static void write_traf(struct vt_writer *w, const struct vt_fragment *f, size_t *data_offset)
{
    size_t traf = vt_box(w, "traf");
    size_t tfhd = vt_full_box(w, "tfhd", 0, 0x020000 | 0x08 | 0x20);   // base is moof; default duration, flags
    vt_write_u32be(w, TRACK_ID);
    vt_write_u32be(w, (uint32_t)f->samples[0].duration);
    vt_write_u32be(w, sample_flags(&f->samples[f->count - 1]));
    vt_box_end(w, tfhd);
    size_t tfdt = vt_full_box(w, "tfdt", 1, 0);
    vt_write_u64be(w, (uint64_t)f->decode_time);
    vt_box_end(w, tfdt);
    write_trun(w, f, data_offset);
    vt_box_end(w, traf);
}

void vt_cmaf_fragment(struct vt_writer *w, const struct vt_fragment *f)
{
    size_t data_offset = 0;
    size_t moof = vt_box(w, "moof");
    size_t mfhd = vt_full_box(w, "mfhd", 0, 0);
    vt_write_u32be(w, f->sequence);
    vt_box_end(w, mfhd);
    write_traf(w, f, &data_offset);
    vt_box_end(w, moof);
    if (!w->failed)
        vt_patch_u32be(w, data_offset, (uint32_t)(w->size - moof + 8));

    const struct vt_sample *last = &f->samples[f->count - 1];
    size_t mdat = vt_box(w, "mdat");
    vt_write_bytes(w, f->data + f->samples[0].offset, last->offset + last->size - f->samples[0].offset);
    vt_box_end(w, mdat);
}
