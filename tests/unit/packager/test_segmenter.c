#include "check.h"
#include "packager/segmenter.h"

static const struct vt_rational rates[] = {{25, 1}, {30000, 1001}, {30, 1}, {50, 1}, {60000, 1001}, {60, 1}};
static const int64_t segments[] = {1000, 2000, 2500, 4000, 6000, 333, 1001};
static const int64_t parts[] = {0, 200, 333, 500, 1000, 10, 5000};

static struct vt_packager_params params(size_t rate, size_t segment, size_t part)
{
    return (struct vt_packager_params){.rate = rates[rate], .segment_ns = segments[segment] * VT_NS_PER_MS,
                                       .part_ns = parts[part] * VT_NS_PER_MS};
}

#define FOR_EACH(array, i) for (size_t i = 0; i < sizeof array / sizeof *array; i++)

TEST(first_frames)
{
    static const struct { size_t rate; int64_t k, frame; } rows[] = {
        {0, 1, 50}, {0, 3, 150}, {1, 1, 60}, {1, 9, 539}, {1, 500, 29970}, {1, 501, 30030}, {2, 7, 420},
        {3, 2, 200}, {4, 1, 120}, {4, 5, 599}, {4, 1000000, 119880120}, {5, 2, 240},
    };
    FOR_EACH(rows, i) {
        struct vt_packager_params p = params(rows[i].rate, 1, 0);
        REQUIRE_INT(vt_segment_frame(&p, rows[i].k), rows[i].frame);
    }
}

TEST(every_frame_is_in_one_segment_and_part)
{
    FOR_EACH(rates, r) FOR_EACH(segments, s) FOR_EACH(parts, n) {
        struct vt_packager_params p = params(r, s, n);
        for (int64_t base = 0; base <= 1000000000; base += 500000000) {
            int64_t k = vt_segment_of(&p, base), part = vt_part_of(&p, base);
            for (int64_t frame = base; frame < base + 300; frame++) {
                int64_t k2 = vt_segment_of(&p, frame);
                int part2 = vt_part_of(&p, frame);
                REQUIRE(vt_segment_frame(&p, k2) <= frame && frame < vt_segment_frame(&p, k2 + 1));
                REQUIRE(vt_part_frame(&p, k2, part2) <= frame && frame < vt_part_frame(&p, k2, part2 + 1));
                REQUIRE((k2 == k && (part2 == part || part2 == part + 1)) || (k2 == k + 1 && part2 == 0));
                REQUIRE(part2 < vt_part_count(&p, k2));
                k = k2;
                part = part2;
            }
        }
    }
}

TEST(parts_are_even)
{
    FOR_EACH(rates, r) {
        struct vt_packager_params p = params(r, 1, 2);
        for (int64_t k = 0; k < 100; k++) {
            int64_t least = INT64_MAX, most = 0;
            REQUIRE_INT(vt_part_count(&p, k), 6);
            for (int i = 0; i < 6; i++) {
                int64_t frames = vt_part_frame(&p, k, i + 1) - vt_part_frame(&p, k, i);
                least = frames < least ? frames : least;
                most = frames > most ? frames : most;
            }
            REQUIRE(most - least <= 1);
            REQUIRE(least * 100 >= most * 85);
        }
    }
}

static int64_t part_ns(const struct vt_packager_params *p, int64_t k, int i, bool sound)
{
    int64_t from = vt_part_frame(p, k, i), to = vt_part_frame(p, k, i + 1);
    if (!sound)
        return vt_frame_to_ns(to, p->rate) - vt_frame_to_ns(from, p->rate);
    return vt_muldiv(vt_frame_sample(p, to, 48000, 0) - vt_frame_sample(p, from, 48000, 0), VT_NS_PER_S, 48000);
}

// An hour of parts: never longer than PART-TARGET, and at least 85 % of it but for the last of a segment. In 100 ms
// there are too few AAC frames for that; but a part of sound is independent, which frees it from the rule.
TEST(parts_are_as_long_as_they_must_be)
{
    struct vt_track tracks[2] = {{.kind = VT_TRACK_VIDEO}, {.kind = VT_TRACK_AUDIO, .sample_rate = 48000}};
    static const int64_t some_parts[] = {100, 200, 250, 333, 500, 1000};
    FOR_EACH(rates, r) FOR_EACH(some_parts, n) for (size_t s = 1; s < 5; s++) {
        struct vt_packager_params p = params(r, s, 0);
        p.part_ns = some_parts[n] * VT_NS_PER_MS;
        p.tracks = tracks;
        p.n_tracks = 2;
        int64_t target = vt_part_target(&p) * VT_NS_PER_MS, longest = 0;
        for (int64_t k = 0; k < 3600000 / segments[s]; k++) {
            int count = vt_part_count(&p, k);
            for (int i = 0; i < 2 * count; i++) {
                bool sound = i >= count;
                int64_t ns = part_ns(&p, k, i % count, sound);
                REQUIRE(ns > 0 && ns <= target);
                REQUIRE(i % count == count - 1 || (sound && n == 0) || ns * 100 >= target * 85);
                longest = ns > longest ? ns : longest;
            }
            REQUIRE_INT(vt_part_frame(&p, k, count), vt_segment_frame(&p, k + 1));
        }
        REQUIRE(longest > target - VT_NS_PER_MS);
    }
    struct vt_packager_params p = params(2, 1, 2);
    p.tracks = tracks;
    p.n_tracks = 2;
    REQUIRE_INT(vt_part_target(&p), 342);
    p.n_tracks = 1;
    REQUIRE_INT(vt_part_target(&p), 334);
    p.rate = (struct vt_rational){25, 1};
    REQUIRE_INT(vt_part_target(&p), 360);
}

TEST(sound_is_cut_at_the_first_frame_after_the_picture)
{
    static const int sample_rates[] = {48000, 44100};
    FOR_EACH(rates, r) FOR_EACH(segments, s) FOR_EACH(sample_rates, n) for (int64_t phase = 0; phase < 1024; phase += 341) {
        struct vt_packager_params p = params(r, s, 0);
        for (int64_t k = 0; k < 50; k++) {
            int64_t cut = vt_segment_sample(&p, k, sample_rates[n], phase);
            int64_t video = vt_segment_frame(&p, k) * p.rate.den * sample_rates[n];
            REQUIRE_INT((cut - phase) % 1024, 0);
            REQUIRE(cut * p.rate.num >= video && (cut - 1024) * p.rate.num < video);
            REQUIRE_INT(vt_segment_of_sample(&p, cut, sample_rates[n]), k);
            REQUIRE(vt_segment_of_sample(&p, cut - 1024, sample_rates[n]) < k);
        }
    }
}

TEST(target_duration_is_the_longest_that_occurs)
{
    struct vt_track tracks[2] = {{.kind = VT_TRACK_VIDEO}, {.kind = VT_TRACK_AUDIO, .sample_rate = 48000}};
    FOR_EACH(rates, r) FOR_EACH(segments, s) {
        struct vt_packager_params p = params(r, s, 0);
        p.tracks = tracks;
        p.n_tracks = 2;
        int target = vt_target_duration(&p);
        double longest = 0;
        for (int64_t k = 0; k < 3000; k++) {
            double video = (double)(vt_segment_frame(&p, k + 1) - vt_segment_frame(&p, k)) * p.rate.den / p.rate.num;
            double audio = (double)(vt_segment_sample(&p, k + 1, 48000, 0) - vt_segment_sample(&p, k, 48000, 0)) / 48000;
            longest = fmax(longest, fmax(video, audio));
        }
        REQUIRE(round(longest) <= target);
        REQUIRE(target == 1 || round(longest + 0.022) >= target);
    }
    struct vt_packager_params p = params(2, 1, 0);
    REQUIRE_INT(vt_target_duration(&p), 2);
}

TEST(timescales)
{
    static const struct { struct vt_rational rate; uint32_t timescale; } rows[] = {
        {{25, 1}, 90000}, {{30, 1}, 90000}, {{50, 1}, 90000}, {{60, 1}, 90000}, {{24, 1}, 90000},
        {{30000, 1001}, 90000}, {{60000, 1001}, 60000}, {{24000, 1001}, 24000}, {{7, 1}, 7000},
    };
    FOR_EACH(rows, i) {
        REQUIRE_INT(vt_video_timescale(rows[i].rate), rows[i].timescale);
        REQUIRE_INT(rows[i].timescale % (uint32_t)rows[i].rate.num, 0);
    }
}

int main(void)
{
    RUN(first_frames);
    RUN(every_frame_is_in_one_segment_and_part);
    RUN(parts_are_even);
    RUN(parts_are_as_long_as_they_must_be);
    RUN(sound_is_cut_at_the_first_frame_after_the_picture);
    RUN(target_duration_is_the_longest_that_occurs);
    RUN(timescales);
    return DONE();
}
