// MPEG-TS, read back packet by packet.
#include "shelf.h"

#include "base/bytes.h"
#include "packager/segmenter.h"
#include "packager/ts_segment.h"

static struct shelf shelf;

static struct vt_packager_params ts_params(void)
{
    struct vt_packager_params params = shelf_params(&shelf);
    params.container = VT_CONTAINER_TS;
    return params;
}

static void close_all(struct vt_packager *p)
{
    vt_packager_free(&p);
    shelf_clear(&shelf);
}

// -- a reader of its own

enum { PID_PAT = 0, PID_PMT = 0x1000, PID_VIDEO = 0x100, PID_AUDIO = 0x101, PID_ID3 = 0x102 };

struct unit {
    int pid;
    int64_t pts, dts, clock;                 // 33 bits, 33 bits, 27 MHz; -1: none
    bool random_access, aligned;
    size_t at, end;                          // packets, in bytes of the segment
    uint8_t data[60000];
    size_t size;
};

struct reader {
    int counter[8192];                       // last one; -1: none yet
    int64_t clocks[4000];
    int n_clocks;
    struct unit units[300];
    int n_units;
    uint8_t pat[200], pmt[200];
};
static struct reader reader;

static uint32_t slow_crc(const uint8_t *data, size_t size)
{
    uint32_t crc = 0xFFFFFFFF;
    for (size_t i = 0; i < 8 * size; i++) {
        uint32_t bit = data[i / 8] >> (7 - i % 8) & 1, top = crc >> 31;
        crc = crc << 1 ^ ((top ^ bit) ? 0x04C11DB7 : 0);
    }
    return crc;
}

static int64_t read_time(const uint8_t *p)
{
    REQUIRE((p[0] & 1) && (p[2] & 1) && (p[4] & 1));
    return (int64_t)(p[0] >> 1 & 7) << 30 | p[1] << 22 | (p[2] >> 1) << 15 | p[3] << 7 | p[4] >> 1;
}

static void read_section(const uint8_t *payload, uint8_t out[200])
{
    size_t length = (size_t)(payload[2] & 15) << 8 | payload[3];
    REQUIRE(payload[0] == 0 && length + 3 <= 180);
    REQUIRE_INT(slow_crc(payload + 1, length + 3), 0);
    memcpy(out, payload + 1, length + 3);
}

static void start_unit(int pid, const uint8_t *p, size_t size, size_t at)
{
    REQUIRE(reader.n_units < 300 && size >= 14);
    struct unit *unit = &reader.units[reader.n_units++];
    *unit = (struct unit){.pid = pid, .clock = -1, .at = at, .aligned = p[6] & 4};
    REQUIRE(p[0] == 0 && p[1] == 0 && p[2] == 1);
    REQUIRE_INT(p[3], pid == PID_VIDEO ? 0xE0 : pid == PID_AUDIO ? 0xC0 : 0xBD);
    bool both = p[7] >> 6 == 3;
    REQUIRE_INT(p[8], both ? 10 : 5);
    REQUIRE_INT(p[9] >> 4, both ? 3 : 2);
    unit->pts = read_time(p + 9);
    unit->dts = both ? read_time(p + 14) : unit->pts;
    unit->size = size - 9 - p[8];
    memcpy(unit->data, p + 9 + p[8], unit->size);
}

static struct unit *last_unit(int pid)
{
    for (int i = reader.n_units - 1; i >= 0; i--)
        if (reader.units[i].pid == pid)
            return &reader.units[i];
    return NULL;
}

static void read_packet(const uint8_t *p, size_t at)
{
    int pid = (p[1] & 31) << 8 | p[2], counter = p[3] & 15;
    bool starts = p[1] & 0x40, field = p[3] & 0x20, payload = p[3] & 0x10;
    int64_t clock = -1;
    size_t head = 4;
    bool random_access = false;
    REQUIRE_INT(p[0], 0x47);
    REQUIRE_INT(p[1] & 0xA0, 0);
    if (reader.counter[pid] >= 0)
        REQUIRE_INT(counter, (reader.counter[pid] + payload) % 16);
    reader.counter[pid] = counter;
    if (field) {
        size_t length = p[4];
        head += 1 + length;
        REQUIRE(head <= 188 && (payload || length == 183));
        random_access = length > 0 && (p[5] & 0x40);
        REQUIRE(length == 0 || !(p[5] & 0x80));
        if (length > 0 && (p[5] & 0x10)) {
            struct vt_reader r = vt_reader(p + 6, 6);
            uint64_t v = (uint64_t)vt_read_u32be(&r) << 16;
            v |= vt_read_u16be(&r);
            clock = (int64_t)(v >> 15) * 300 + (int64_t)(v & 0x1FF);
            REQUIRE(reader.n_clocks < 4000);
            reader.clocks[reader.n_clocks++] = clock;
        }
        for (size_t i = 5 + (length > 0) + (clock >= 0 ? 6 : 0); i < head; i++)
            REQUIRE_INT(p[i], 0xFF);
    }
    if (pid == PID_PAT || pid == PID_PMT) {
        REQUIRE(starts && payload && !field);
        read_section(p + 4, pid == PID_PAT ? reader.pat : reader.pmt);
    } else if (starts) {
        start_unit(pid, p + head, 188 - head, at);
        last_unit(pid)->clock = clock;
        last_unit(pid)->random_access = random_access;
        last_unit(pid)->end = at + 188;
    } else if (payload) {
        struct unit *unit = last_unit(pid);
        REQUIRE(unit && unit->size + 188 - head <= sizeof unit->data);
        memcpy(unit->data + unit->size, p + head, 188 - head);
        unit->size += 188 - head;
        unit->end = at + 188;
    }
}

static void read_segment(const char *name)
{
    struct shelf_file *file = shelf_find(&shelf, name);
    REQUIRE(file && file->size % 188 == 0);
    reader.n_units = reader.n_clocks = 0;
    for (size_t at = 0; at < file->size; at += 188)
        read_packet(file->data + at, at);
    REQUIRE(file->data[1] == 0x40 && file->data[2] == 0);
    REQUIRE(file->data[189] == 0x50 && file->data[190] == 0);
}

static void restart_reader(void)
{
    for (int i = 0; i < 8192; i++)
        reader.counter[i] = -1;
}

static bool holds(const struct unit *unit, const char *text)
{
    return memmem(unit->data, unit->size, text, strlen(text));
}

static int count_units(int pid)
{
    int count = 0;
    for (int i = 0; i < reader.n_units; i++)
        count += reader.units[i].pid == pid;
    return count;
}

// Frames of one NAL unit with a length before it, as an encoder's.
static int give_frames(struct vt_packager *p, const struct vt_packager_params *params, int64_t from, int64_t to)
{
    static uint8_t data[50000];
    int64_t sample = (vt_muldiv(from, INT64_C(48000) * params->rate.den, params->rate.num) + 1023) / 1024 * 1024;
    for (int64_t frame = from; frame < to; frame++) {
        bool key = vt_segment_frame(params, vt_segment_of(params, frame)) == frame;
        uint32_t size = key ? 30000 : 700 + (uint32_t)(frame * 37 % 400);        // of all remainders by 184
        memcpy(data, (uint8_t[]){0, 0, (uint8_t)(size >> 8), (uint8_t)size, key ? 0x65 : 0x41, (uint8_t)frame}, 6);
        for (uint32_t i = 6; i < size + 4; i++)
            data[i] = (uint8_t)(i * 7 + 1) | 1;
        struct vt_packet packet = {data, size + 4, frame, frame, 1, key};
        for (int t = 0; t < params->n_tracks; t++)
            if (params->tracks[t].kind == VT_TRACK_VIDEO)
                REQUIRE_INT(vt_packager_packet(p, t, &packet), 0);
        if (params->n_tracks > 1)
            REQUIRE_INT(shelf_sound(p, 1, &sample, vt_muldiv(frame + 1, INT64_C(48000) * params->rate.den,
                                                             params->rate.num)), 0);
    }
    return 0;
}

static struct vt_cue cue(const char *id, int64_t rev, enum vt_cue_op op, int64_t frame)
{
    struct vt_cue cue = {.rev = rev, .op = op, .frame = frame, .end_frame = INT64_MAX, .lease_frame = frame + 90,
                         .template = "t@1"};
    vt_name_copy(cue.id, id);
    return cue;
}

TEST(tables_are_exactly)
{
    static const char pmt[] = "02b0370001c10000e100f011250fffff49443320ff49443320001f00011be100f00015e102f00f260dffff"
                              "49443320ff49443320000f514c7db2";
    struct vt_packager_params params = ts_params();
    params.n_tracks = 1;
    struct vt_packager *p = open_packager(&params);
    restart_reader();
    give_frames(p, &params, 0, 61);
    read_segment("720p-1.ts");
    char text[200];
    for (int i = 0; i < 58; i++)
        snprintf(text + 2 * i, 3, "%02x", reader.pmt[i]);
    REQUIRE_TEXT(text, pmt);
    REQUIRE(memcmp(reader.pat, (uint8_t[]){0, 0xB0, 13, 0, 1, 0xC1, 0, 0, 0, 1, 0xF0, 0}, 12) == 0);
    close_all(p);
}

TEST(playlists_are_exactly)
{
    struct vt_packager_params params = ts_params();
    params.n_tracks = 3;
    struct vt_packager *p = open_packager(&params);
    REQUIRE_INT(shelf.puts[VT_BLOB_INIT], 0);
    give_frames(p, &params, 0, 140);
    REQUIRE_INT(vt_packager_finish(p), 0);
    REQUIRE_INT(shelf.ready, 3);
    REQUIRE_TEXT(shelf_text(&shelf, "360p.m3u8"),
        "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:1\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-03-01T19:00:00.000Z\n#EXTINF:2.000000,\n360p-1.ts\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-03-01T19:00:02.000Z\n#EXTINF:2.000000,\n360p-2.ts\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-03-01T19:00:04.000Z\n#EXTINF:0.666667,\n360p-3.ts\n#EXT-X-ENDLIST\n");
    const char *keys = shelf_text(&shelf, "720p-iframes.m3u8");
    REQUIRE(strstr(keys, "#EXT-X-VERSION:4\n") && strstr(keys, "#EXT-X-I-FRAMES-ONLY\n") && !strstr(keys, "MAP"));
    REQUIRE(!shelf_find(&shelf, "audio.m3u8") && !shelf_find(&shelf, "audio-1.ts"));
    const char *index = shelf_text(&shelf, "index.m3u8");
    REQUIRE(!strstr(index, "EXT-X-MEDIA") && !strstr(index, "AUDIO=") && !strstr(index, "audio"));
    REQUIRE(strstr(index, "CODECS=\"avc1.64001f,mp4a.40.2\",RESOLUTION=640x360"));
    REQUIRE(strstr(index, "CODECS=\"avc1.64001f\",RESOLUTION=640x360,URI=\"360p-iframes.m3u8\""));
    // What is told is what the whole multiplex takes.
    double peak = shelf_find(&shelf, "720p-1.ts")->size * 4.0;
    const char *told = strstr(index, ":BANDWIDTH=");
    REQUIRE(told && strtod(told + 11, NULL) >= peak - 1);
    close_all(p);
}

TEST(rates_are_those_of_the_whole_multiplex_from_the_start)
{
    struct vt_packager_params params = ts_params();
    struct vt_packager *p = open_packager(&params);
    struct vt_writer w = {0};
    vt_packager_multivariant(p, "", &w);
    vt_write_u8(&w, 0);
    const char *text = (const char *)w.data, *average = strstr(text, "AVERAGE-BANDWIDTH=");
    int64_t told = average ? strtoll(average + 18, NULL, 10) : 0, media = 2500000 + 128000;
    REQUIRE(told > media * 188 / 184 && told < media * 11 / 10);
    REQUIRE(strtoll(strstr(text, ":BANDWIDTH=") + 11, NULL, 10) == told * 5 / 4);
    REQUIRE(!strstr(text, "EXT-X-VERSION"));
    vt_writer_free(&w);
    close_all(p);
}

// Everything that the multiplex promises for one rate, over four segments.
static void check_rate(struct vt_rational rate, int64_t first_k)
{
    struct vt_packager_params params = ts_params();
    params.rate = rate;
    params.first_frame = vt_segment_frame(&params, first_k);
    struct vt_packager *p = open_packager(&params);
    struct vt_cue start = cue("c1", 1, VT_CUE_START, params.first_frame + 7);
    REQUIRE_INT(vt_packager_cue(p, &start, NULL, 0), 0);
    give_frames(p, &params, params.first_frame, vt_segment_frame(&params, first_k + 4) + 3);
    restart_reader();
    int64_t clock = -1, next_sound = -1, frame = params.first_frame;
    for (int64_t k = first_k; k < first_k + 4; k++) {
        char name[40];
        snprintf(name, sizeof name, "720p-%lld.ts", (long long)k + 1);
        read_segment(name);
        int64_t end = vt_segment_frame(&params, k + 1);
        // Clock references rise, never more than 100 ms apart, across segments too.
        REQUIRE(reader.n_clocks >= 20);
        for (int i = 0; i < reader.n_clocks; i++) {
            int64_t step = clock < 0 ? 1 : (reader.clocks[i] - clock) & ((INT64_C(300) << 33) - 1);
            step = clock >= 0 && reader.clocks[i] < clock ? reader.clocks[i] + (INT64_C(300) << 33) - clock : step;
            REQUIRE(step > 0 && step <= 27 * 100000);
            clock = reader.clocks[i];
        }
        int64_t arrived = reader.units[0].clock;
        for (int i = 0; i < reader.n_units; i++) {
            struct unit *unit = &reader.units[i];
            REQUIRE(unit->aligned);
            if (unit->pid == PID_VIDEO) {
                int64_t pts = vt_frame_to_90k(frame, rate) + VT_TS_START;
                REQUIRE_INT(unit->pts, pts & 0x1FFFFFFFF);
                REQUIRE_INT(unit->dts, unit->pts);
                // Exact to a tick of 27 MHz, half a second ahead.
                int64_t exact = vt_muldiv(frame * rate.den, 27000000, rate.num) + VT_TS_START * 300 - VT_TS_AHEAD;
                REQUIRE_INT(unit->clock, exact % (INT64_C(300) << 33));
                REQUIRE_INT(unit->random_access, frame == vt_segment_frame(&params, k));
                REQUIRE(memcmp(unit->data, (uint8_t[]){0, 0, 0, 1, 9, 0xF0, 0, 0, 0, 1}, 10) == 0);
                uint8_t type = unit->data[10];
                REQUIRE_INT(type, unit->random_access ? 0x67 : 0x41);
                REQUIRE_INT(unit->size, unit->random_access ? 6 + 8 + 6 + 4 + 30000 : 6 + 4 + 700 + (frame * 37 % 400));
                frame++;
                arrived = pts * 300;
            } else if (unit->pid == PID_AUDIO) {
                REQUIRE(unit->size > 7 && unit->data[0] == 0xFF && unit->data[1] == 0xF1);
                size_t frames = 0;
                for (size_t at = 0; at < unit->size; frames++) {
                    size_t size = (size_t)(unit->data[at + 3] & 3) << 11 | unit->data[at + 4] << 3 | unit->data[at + 5] >> 5;
                    REQUIRE_INT(size, 207);
                    REQUIRE_INT(unit->data[at + 2], 0x4C);           // LC, 48 kHz
                    REQUIRE_INT(unit->data[at + 3] >> 6, 2);
                    at += size;
                }
                int64_t sample = next_sound >= 0 ? next_sound : vt_segment_sample(&params, k, 48000, 0);
                REQUIRE_INT(unit->pts, (vt_muldiv(sample, 90000, 48000) + VT_TS_START) & 0x1FFFFFFFF);
                next_sound = sample + 1024 * (int64_t)frames;
            } else {
                REQUIRE(unit->pid == PID_ID3 && memcmp(unit->data, "ID3\4\0\0", 6) == 0);
                size_t length = (size_t)unit->data[8] << 7 | unit->data[9];
                REQUIRE_INT(unit->size, length + 10);
            }
        }
        REQUIRE(arrived > 0);
        REQUIRE_INT(frame, end);
        // Index and, from the second on, a snap; the first one has the start.
        REQUIRE_INT(count_units(PID_ID3), 2);
        struct unit *first = &reader.units[0];
        REQUIRE(first->pid == PID_ID3 && first->pts == ((vt_frame_to_90k(vt_segment_frame(&params, k), rate) + VT_TS_START) &
                                                        0x1FFFFFFFF));
        REQUIRE(holds(first, k > first_k ? "\"op\":\"snap\",\"t\":" : "\"on\":[]"));
        if (k == first_k) {
            struct unit *told = last_unit(PID_ID3);
            REQUIRE_INT(told->pts, (vt_frame_to_90k(params.first_frame + 7, rate) + VT_TS_START) & 0x1FFFFFFFF);
            REQUIRE(holds(told, "\"op\":\"start\""));
        }
    }
    close_all(p);
}

TEST(every_rate_is_well_formed)
{
    static const struct vt_rational rates[] = {{25, 1}, {30000, 1001}, {30, 1}, {50, 1}, {60000, 1001}, {60, 1}, {5, 1}};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
        check_rate(rates[i], 0);
}

TEST(times_wrap_at_33_bits)
{
    // 2^33 ticks are 95443.7 s; the wrap lies in the second of four segments of 2 s.
    int64_t wrap = ((INT64_C(1) << 33) - VT_TS_START) / 180000;
    check_rate((struct vt_rational){30, 1}, wrap - 1);
    check_rate((struct vt_rational){60000, 1001}, wrap - 1);
    // The clock runs ahead of it, and wraps half a second later.
    check_rate((struct vt_rational){30, 1}, wrap);
}

TEST(key_frame_ranges_are_whole_packets)
{
    struct vt_packager_params params = ts_params();
    struct vt_packager *p = open_packager(&params);
    give_frames(p, &params, 0, 61);
    const char *range = strstr(shelf_text(&shelf, "720p-iframes.m3u8"), "#EXT-X-BYTERANGE:");
    REQUIRE(range && strstr(range, "@0\n"));
    size_t size = strtoul(range + 17, NULL, 10);
    restart_reader();
    read_segment("720p-1.ts");
    for (int i = 0; i < reader.n_units; i++)
        if (reader.units[i].random_access)
            REQUIRE_INT(reader.units[i].end, size);
    close_all(p);
}

// Pictures in the order 0 3 1 2, three apart: each is decoded before it is shown.
TEST(reordered_pictures_are_decoded_in_time)
{
    static const int order[] = {0, 2, -1, -1};
    struct vt_packager_params params = ts_params();
    params.n_tracks = 1;
    struct vt_packager *p = open_packager(&params);
    static uint8_t data[] = {0, 0, 0, 3, 0x41, 1, 1};
    for (int64_t i = 0; i <= 120; i++) {
        bool key = i % 60 == 0;
        int64_t in = i % 60, pts = key ? i : in <= 57 ? i + order[1 + (in - 1) % 3] : i;
        data[4] = key ? 0x65 : 0x41;
        struct vt_packet packet = {data, sizeof data, i, pts, 1, key};
        REQUIRE_INT(vt_packager_packet(p, 0, &packet), 0);
    }
    restart_reader();
    int64_t dts = -1;
    for (int k = 1; k <= 2; k++) {
        read_segment(k == 1 ? "720p-1.ts" : "720p-2.ts");
        for (int i = 0; i < reader.n_units; i++) {
            if (reader.units[i].pid != PID_VIDEO)
                continue;
            REQUIRE(reader.units[i].dts <= reader.units[i].pts);
            REQUIRE(dts < 0 || reader.units[i].dts == dts + 3000);
            REQUIRE_INT(reader.units[i].clock, reader.units[i].dts * 300 - VT_TS_AHEAD);
            dts = reader.units[i].dts;
        }
    }
    close_all(p);
}

TEST(counters_go_on_after_a_restart)
{
    struct vt_packager_params params = ts_params();
    struct vt_packager *p = open_packager(&params);
    give_frames(p, &params, 0, 150);
    vt_packager_free(&p);
    char *state = strdup(shelf_text(&shelf, "state.json"));
    params.state = state;
    params.state_size = strlen(state);
    params.first_frame = 180;
    p = open_packager(&params);
    give_frames(p, &params, 180, 250);
    restart_reader();
    read_segment("720p-1.ts");
    read_segment("720p-2.ts");
    read_segment("720p-4.ts");
    REQUIRE(strstr(shelf_text(&shelf, "720p.m3u8"), "#EXT-X-GAP\n#EXTINF:2.000000,\n720p-3.ts\n"));
    // Another container is another show.
    params.container = VT_CONTAINER_CMAF;
    struct vt_packager *other = NULL;
    REQUIRE_INT(vt_packager_new(&other, &params), -EBADMSG);
    close_all(p);
    free(state);
}

TEST(sound_alone_carries_the_clock)
{
    struct vt_packager_params params = ts_params();
    params.tracks = &shelf_tracks[1];
    params.n_tracks = 1;
    struct vt_packager *p = open_packager(&params);
    int64_t sample = 0;
    REQUIRE_INT(shelf_sound(p, 0, &sample, 48000 * 3), 0);
    restart_reader();
    read_segment("audio-1.ts");
    REQUIRE_INT(count_units(PID_AUDIO), reader.n_units);
    for (int i = 0; i < reader.n_units; i++)
        REQUIRE_INT(reader.units[i].clock, reader.units[i].pts * 300 - VT_TS_AHEAD);
    for (int i = 1; i < reader.n_clocks; i++)
        REQUIRE(reader.clocks[i] - reader.clocks[i - 1] <= 2700000);
    REQUIRE(strstr(shelf_text(&shelf, "index.m3u8"), "CODECS=\"mp4a.40.2\"\naudio.m3u8\n"));
    close_all(p);
}

TEST(what_it_cannot_carry_is_refused)
{
    struct vt_packager_params params = ts_params();
    struct vt_packager *p = NULL;
    params.part_ns = 333 * VT_NS_PER_MS;
    REQUIRE_INT(vt_packager_new(&p, &params), -EINVAL);
    struct vt_track tracks[3] = {shelf_tracks[0], shelf_tracks[1], shelf_tracks[1]};
    strcpy(tracks[2].name, "more");
    params = ts_params();
    params.tracks = tracks;
    params.n_tracks = 3;
    REQUIRE_INT(vt_packager_new(&p, &params), -EINVAL);
    params = ts_params();
    p = open_packager(&params);
    static const uint8_t large[VT_TS_SOUND_MAX + 1];
    struct vt_packet packet = {large, sizeof large, 0, 0, 1024, true};
    REQUIRE_INT(vt_packager_packet(p, 1, &packet), -EMSGSIZE);
    packet.size--;
    REQUIRE_INT(vt_packager_packet(p, 1, &packet), 0);
    close_all(p);
}

int main(void)
{
    RUN(tables_are_exactly);
    RUN(playlists_are_exactly);
    RUN(rates_are_those_of_the_whole_multiplex_from_the_start);
    RUN(every_rate_is_well_formed);
    RUN(times_wrap_at_33_bits);
    RUN(key_frame_ranges_are_whole_packets);
    RUN(reordered_pictures_are_decoded_in_time);
    RUN(counters_go_on_after_a_restart);
    RUN(sound_alone_carries_the_clock);
    RUN(what_it_cannot_carry_is_refused);
    return DONE();
}
