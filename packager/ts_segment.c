#include "packager/ts_segment.h"

#include <errno.h>


struct mux {
    struct vt_writer *w, scratch;
    struct vt_ts *ts;
    const struct vt_ts_segment *s;
    int sound;                               // the next frame of it
    size_t sound_at;                         // where its bytes are
    struct vt_reader messages;
    int64_t message_time;                    // of the next one, in VT_TS_CLOCK; INT64_MAX: none
    int64_t clock;                           // media time of the last clock reference, in VT_TS_CLOCK
};

// -- times: media time in VT_TS_CLOCK

static int64_t frame_time(const struct mux *m, int64_t frame)
{
    return vt_muldiv(frame * m->s->rate.den, VT_TS_CLOCK, m->s->rate.num);
}

static int64_t sound_time(const struct mux *m)
{
    return m->s->sound && m->sound < m->s->sound_count
         ? vt_muldiv(m->s->sound->samples[m->sound].pts, VT_TS_CLOCK, m->s->audio->sample_rate) : INT64_MAX;
}

static int64_t clock_time(const struct mux *m)
{
    return m->s->pictures ? m->clock + VT_TS_CLOCK_EVERY : INT64_MAX;
}

// Everything arrives VT_TS_AHEAD before the time at which pictures that are not reordered are decoded.
static int64_t clock_at(const struct mux *m, int64_t time)
{
    return time + VT_TS_START * 300 - VT_TS_AHEAD - frame_time(m, m->s->reorder);
}

// -- cues

void vt_ts_message(struct vt_writer *w, int64_t time, const struct vt_writer *id3)
{
    vt_write_u64be(w, (uint64_t)time);
    vt_write_u32be(w, (uint32_t)id3->size);
    vt_write_bytes(w, id3->data, id3->size);
    w->failed |= id3->failed;
}

static void next_message(struct mux *m)
{
    m->message_time = m->messages.left > 0 ? (int64_t)vt_read_u64be(&m->messages) * 300 : INT64_MAX;
}

static void write_message(struct mux *m)
{
    int64_t time = m->message_time / 300 + VT_TS_START;
    size_t size = vt_read_u32be(&m->messages);
    const uint8_t *data = vt_read_bytes(&m->messages, size);
    struct vt_ts_unit unit = {.stream = VT_TS_METADATA, .pts = time, .dts = time, .data = data, .size = size};
    if (data && size > 0)
        vt_ts_unit(m->w, m->ts, &unit);
    next_message(m);
}

// -- sound

static uint16_t config_bits(const struct vt_track *audio)
{
    return (uint16_t)(audio->config[0] << 8 | audio->config[1]);
}

// ISO/IEC 14496-3 §1.A.2.2: no CRC, one frame.
static void write_adts(struct vt_writer *w, const struct vt_track *audio, size_t frame)
{
    unsigned bits = config_bits(audio), profile = (bits >> 11) - 1, rate = bits >> 7 & 15, channels = bits >> 3 & 15;
    unsigned size = (unsigned)frame + 7;
    vt_write_u16be(w, 0xFFF1);
    vt_write_u8(w, (uint8_t)(profile << 6 | rate << 2 | channels >> 2));
    vt_write_u8(w, (uint8_t)((channels & 3) << 6 | size >> 11));
    vt_write_u8(w, (uint8_t)(size >> 3));
    vt_write_u16be(w, (uint16_t)((size & 7) << 13 | 0x1FFC));
}

static void write_sound(struct mux *m)
{
    const struct vt_run *run = m->s->sound;
    int64_t time = sound_time(m), pts = vt_muldiv(run->samples[m->sound].pts, VT_90K, m->s->audio->sample_rate);
    m->scratch.size = 0;
    for (int i = 0; i < VT_TS_SOUND_FRAMES && m->sound < m->s->sound_count; i++, m->sound++) {
        size_t size = run->samples[m->sound].size;
        write_adts(&m->scratch, m->s->audio, size);
        vt_write_bytes(&m->scratch, run->data.data + m->sound_at, size);
        m->sound_at += size;
    }
    struct vt_ts_unit unit = {.stream = VT_TS_AUDIO, .pts = pts + VT_TS_START, .dts = pts + VT_TS_START,
                              .clocked = !m->s->pictures, .clock = clock_at(m, time), .key = !m->s->pictures,
                              .data = m->scratch.data, .size = m->scratch.size};
    if (m->scratch.failed)
        m->w->failed = true;
    else
        vt_ts_unit(m->w, m->ts, &unit);
}

// -- pictures

// ISO/IEC 14496-15 to annex B of 14496-10, with the delimiter that a transport stream must have (§2.14.1).
static void write_start(struct vt_writer *w, const uint8_t *nal, size_t size)
{
    vt_write_u32be(w, 1);
    vt_write_bytes(w, nal, size);
}

static void write_sets(struct vt_writer *w, struct vt_reader *r, int count)
{
    for (int i = 0; i < count; i++) {
        size_t size = vt_read_u16be(r);
        const uint8_t *set = vt_read_bytes(r, size);
        if (set)
            write_start(w, set, size);
    }
}

static bool write_annex_b(struct vt_writer *w, const struct vt_track *video, bool key, const uint8_t *data, size_t size)
{
    struct vt_reader r = vt_reader(video->config, video->config_size), sample = vt_reader(data, size);
    write_start(w, (const uint8_t[]){9, 0xF0}, 2);
    if (key) {
        vt_read_skip(&r, 5);
        write_sets(w, &r, vt_read_u8(&r) & 31);
        write_sets(w, &r, vt_read_u8(&r));
    }
    while (sample.left > 0) {
        size_t length = vt_read_u32be(&sample);
        const uint8_t *nal = vt_read_bytes(&sample, length);
        if (!nal)
            return false;
        write_start(w, nal, length);
    }
    return true;
}

static int write_picture(struct mux *m, int i, size_t at)
{
    const struct vt_run *run = m->s->pictures;
    const struct vt_run_sample *sample = &run->samples[i];
    int64_t time = vt_run_time(run, i);
    m->scratch.size = 0;
    if (!write_annex_b(&m->scratch, m->s->video, sample->key, run->data.data + at, sample->size))
        return -EMSGSIZE;
    m->clock = frame_time(m, time);
    struct vt_ts_unit unit = {
        .stream = VT_TS_VIDEO, .pts = vt_frame_to_90k(sample->pts, m->s->rate) + VT_TS_START,
        .dts = vt_frame_to_90k(time - m->s->reorder, m->s->rate) + VT_TS_START, .clocked = true,
        .clock = clock_at(m, m->clock), .key = sample->key, .data = m->scratch.data, .size = m->scratch.size,
    };
    if (m->scratch.failed)
        m->w->failed = true;
    else
        vt_ts_unit(m->w, m->ts, &unit);
    return 0;
}

int vt_ts_reorder(const struct vt_run *pictures)
{
    int64_t most = 0;
    for (int i = 0; i < pictures->count; i++) {
        int64_t early = vt_run_time(pictures, i) - pictures->samples[i].pts;
        most = early > most ? early : most;
    }
    return (int)most;
}

// -- all together

// Cues, sound and bare clock references from before `until`; cues on it, too.
static void write_until(struct mux *m, int64_t until)
{
    for (;;) {
        int64_t sound = sound_time(m), clock = clock_time(m), message = m->message_time;
        if (message <= until && message <= sound && message <= clock && message != INT64_MAX) {
            write_message(m);
        } else if (sound < until && sound <= clock) {
            write_sound(m);
        } else if (clock < until) {
            vt_ts_clock(m->w, m->ts, VT_TS_VIDEO, clock_at(m, clock));
            m->clock = clock;
        } else {
            return;
        }
        if (m->w->failed)
            return;
    }
}

static int write_all(struct mux *m, int64_t *ret_key_size)
{
    const struct vt_ts_segment *s = m->s;
    size_t start = m->w->size, at = 0;
    vt_ts_tables(m->w, m->ts, s->video, s->audio);
    if (s->pictures)
        m->clock = frame_time(m, vt_run_time(s->pictures, 0));
    for (int i = 0; i < s->picture_count; i++) {
        write_until(m, frame_time(m, vt_run_time(s->pictures, i)));
        int result = write_picture(m, i, at);
        if (result < 0)
            return result;
        if (i == 0)
            *ret_key_size = (int64_t)(m->w->size - start);
        at += s->pictures->samples[i].size;
    }
    if (s->pictures)
        write_until(m, frame_time(m, s->end));
    while (!m->w->failed && m->message_time != INT64_MAX)
        write_message(m);
    while (!m->w->failed && sound_time(m) != INT64_MAX)
        write_sound(m);
    return m->w->failed ? -ENOMEM : 0;
}

int vt_ts_segment(struct vt_writer *w, struct vt_ts *ts, const struct vt_ts_segment *segment, int64_t *ret_key_size)
{
    struct mux m = {.w = w, .ts = ts, .s = segment,
                    .messages = vt_reader(segment->messages->data, segment->messages->size)};
    *ret_key_size = 0;
    next_message(&m);
    int result = write_all(&m, ret_key_size);
    vt_writer_free(&m.scratch);
    return result;
}
