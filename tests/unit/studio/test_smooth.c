// Motion as it is on air: a mark's middle, measured in the blended planes, stands where the media time says.
#include "check.h"

#include <pthread.h>

#include "studio/sprite_planes.h"
#include "studio/spritecache.h"

#define CLOCK   INT64_C(1772391852000000000)     // 2026-03-01T19:04:12Z
#define FRAMES  30
#define SPRITES 64
#define OFF        0.15                  // pixels that a mark may be from its place; between frames it moves 0.3 to 12
#define CHROMA_OFF 0.15                  // its chroma from its luma: half as many samples

static const struct vt_rational rates[] = {{25, 1}, {30000, 1001}, {30, 1}, {60, 1}};
static const int heights[] = {720, 360};

struct picture {
    int width, height;
    uint8_t *memory;
    struct vt_planes planes;
};

static struct picture picture_new(int height)
{
    int width = height * 16 / 9;
    uint8_t *memory = malloc((size_t)width * (size_t)height * 3 / 2);
    return (struct picture){width, height, memory,
                            {{memory, memory + width * height, memory + width * height * 5 / 4}, {width, width / 2, width / 2},
                             width, height}};
}

static void picture_clear(struct picture *p)
{
    memset(p->planes.plane[0], 16, (size_t)p->width * (size_t)p->height);
    memset(p->planes.plane[1], 128, (size_t)p->width * (size_t)p->height / 2);
}

struct middle {
    double x, y, weight;
};

// Of what stands out of `ground` in a plane, in luma pixels; `step` of them a sample, the first one's site at (0, down).
static struct middle middle_of(const struct picture *p, int plane, int ground, int step, double down)
{
    struct middle m = {0};
    for (int y = 0; y < p->height / step; y++)
        for (int x = 0; x < p->width / step; x++) {
            double v = abs(p->planes.plane[plane][y * p->planes.stride[plane] + x] - ground);
            m.x += v * x * step;
            m.y += v * (y * step + down);
            m.weight += v;
        }
    m.x /= m.weight;
    m.y /= m.weight;
    return m;
}

static struct vt_view *view_of(const char *body, const char *language, struct vt_rational rate)
{
    char text[4096];
    struct vt_diagnostics said = {0};
    struct vt_template *t = NULL;
    struct vt_view *view = NULL;
    int size = snprintf(text, sizeof text, "id: t\nversion: 1.0.0\nname: T\ncanvas: { design: 1280x720, safe: none }\n%s", body);
    if (vt_template_load(&t, "t", text, (size_t)size, &said) != 0)
        check_fail(__FILE__, __LINE__, "line %d: %s", said.list[0].line, said.list[0].text);
    json_t *products = json_loads("[{\"title\":\"H\"}]", 0, NULL);
    struct vt_view_params params = {.template = t, .width = 1280, .height = 720, .language = language, .products = products,
                                    .at_ns = CLOCK, .rate = rate};
    if (vt_view_new(&view, &params, &said) != 0)
        check_fail(__FILE__, __LINE__, "%s", said.list[0].text);
    json_decref(products);
    vt_template_unref(&t);
    return view;
}

struct player {
    struct vt_view *view;
    struct vt_painter *painter;
    struct vt_spritecache *sprites;
    struct vt_drawing drawing;
    struct vt_placement placement;
    struct picture picture;
};

static struct player *player_new(struct vt_view *view, int height)
{
    static const struct vt_colour colour = {.primaries = 1, .transfer = 1, .matrix = 1, .chroma_site = 1};
    struct player *p = calloc(1, sizeof *p);
    p->view = view;
    p->picture = picture_new(height);
    p->sprites = vt_spritecache_new(&colour, SPRITES, SIZE_MAX);
    if (vt_painter_new(&p->painter, p->picture.width, height) != 0)
        abort();
    return p;
}

static void player_free(struct player *p)
{
    vt_spritecache_free(&p->sprites);
    vt_painter_free(&p->painter);
    free(p->picture.memory);
    free(p);
}

static void show(struct player *p, int frame, int64_t at_ns, const struct vt_blend_ways *ways)
{
    struct vt_moment moment = {.now_ns = CLOCK + at_ns, .enter_ns = CLOCK, .exit_ns = INT64_MAX};
    if (vt_painter_draw(p->painter, p->view, &moment, &p->drawing) != 0 ||
        vt_spritecache_place(p->sprites, &p->drawing, frame, &p->placement) != 0)
        abort();
    picture_clear(&p->picture);
    vt_blend_with(ways, &p->picture.planes, &p->placement);
    vt_placement_clear(&p->placement);
}

// Both ways to blend, the AVX2 one equal to the C one in every bit.
static void show_checked(struct player *p, int frame, int64_t at_ns)
{
    size_t size = (size_t)p->picture.width * (size_t)p->picture.height * 3 / 2;
    show(p, frame, at_ns, &vt_blend_ways_c);
#if defined(__x86_64__)
    if (!__builtin_cpu_supports("avx2"))
        return;
    uint8_t *copy = malloc(size);
    memcpy(copy, p->picture.memory, size);
    show(p, frame, at_ns, &vt_blend_ways_avx2);
    bool same = memcmp(copy, p->picture.memory, size) == 0;
    free(copy);
    REQUIRE(same);
#endif
}

// The mark moves by (x, y) canvas pixels a second from where it is `from_s` seconds after its first frame.
static void check_motion(const char *body, const char *language, int from_s, double x, double y)
{
    for (size_t r = 0; r < sizeof rates / sizeof *rates; r++)
        for (size_t h = 0; h < sizeof heights / sizeof *heights; h++) {
            struct vt_view *view = view_of(body, language, rates[r]);
            struct player *p = player_new(view, heights[h]);
            double scale = heights[h] / 720.0;
            struct middle luma0 = {0}, chroma0 = {0};
            for (int frame = 0; frame < FRAMES; frame++) {
                int64_t at_ns = from_s * VT_NS_PER_S + vt_frame_to_ns(frame, rates[r]);
                show_checked(p, frame, at_ns);
                struct middle luma = middle_of(&p->picture, 0, 16, 1, 0), chroma = middle_of(&p->picture, 2, 128, 2, 0.5);
                if (frame == 0)
                    luma0 = luma, chroma0 = chroma;
                double seconds = (double)vt_frame_to_ns(frame, rates[r]) / 1e9;
                REQUIRE_NEAR(luma.x - luma0.x, x * scale * seconds, OFF);
                REQUIRE_NEAR(luma.y - luma0.y, y * scale * seconds, OFF);
                REQUIRE_NEAR(chroma.x - luma.x, 0, CHROMA_OFF);
                REQUIRE_NEAR(chroma.y - luma.y, 0, CHROMA_OFF);
                REQUIRE_NEAR(luma.weight / luma0.weight, 1, 0.06);
                REQUIRE_NEAR(chroma.weight / chroma0.weight, 1, 0.06);
            }
            player_free(p);
            vt_view_unref(&view);
        }
}

static const char card[] =
    "layout: { type: box, id: root, style: { position: absolute, inset: 0 }, children: [ { type: box, id: card, style: {"
    " position: absolute, inset: 201px auto auto 301px, width: 60px, height: 40px, background: \"#ff0000\" } } ] }\n"
    "motion: { loop: { card: { keyframes: [ { transform: \"%s(%dpx)\" }, { transform: \"%s(%dpx)\" } ], duration: 10s,"
    " easing: linear } } }\n";

static void check_card(const char *transform, int from, int to, double x, double y)
{
    char body[1024];
    snprintf(body, sizeof body, card, transform, from, transform, to);
    check_motion(body, "en", 1, x * (to - from) / 10.0, y * (to - from) / 10.0);
}

TEST(a_card_moves_evenly_each_way)
{
    check_card("translateX", 0, 370, 1, 0);
    check_card("translateX", 400, 100, 1, 0);
    check_card("translateY", 0, 70, 0, 1);
    check_card("translateY", 90, -100, 0, 1);
}

TEST(a_card_moves_evenly_aslant)
{
    static const char aslant[] =
        "layout: { type: box, id: root, style: { position: absolute, inset: 0 }, children: [ { type: box, id: card, style: {"
        " position: absolute, inset: 201px auto auto 301px, width: 60px, height: 40px, background: \"#ff0000\" } } ] }\n"
        "motion: { loop: { card: { keyframes: [ { transform: \"translate(0px, 0px)\" }, { transform: \"translate(330px, -170px)\" } ],"
        " duration: 10s, easing: linear } } }\n";
    check_motion(aslant, "en", 1, 33, -17);
}

// A clock over a box: layers of their own that move as one, and fade as one, so that they are drawn together first.
TEST(what_moves_as_one_stays_together)
{
    static const char group[] =
        "layout: { type: box, id: root, style: { position: absolute, inset: 0 }, children: [ { type: box, id: card, style: {"
        " position: absolute, inset: 201px auto auto 301px, width: 160px, height: 80px, opacity: 0.9, background: \"#ff0000\" },"
        " children: [ { type: timer, for: 1h, style: { position: absolute, inset: 0, background: \"#ff0000\", color: \"#ff0000\" } } ] } ] }\n"
        "motion: { loop: { card: { keyframes: [ { transform: translateX(0px) }, { transform: translateX(210px) } ], duration: 10s,"
        " easing: linear } } }\n";
    check_motion(group, "en", 1, 21, 0);
}

// What grows or turns is drawn where it stands, not on whole pixels.
TEST(what_turns_and_moves_does_not_snap)
{
    static const char turned[] =
        "layout: { type: box, id: root, style: { position: absolute, inset: 0 }, children: [ { type: box, id: card, style: {"
        " position: absolute, inset: 200px auto auto 300px, width: 60px, height: 60px, background: \"#ff0000\" } } ] }\n"
        "motion: { loop: { card: { keyframes: [ { transform: \"scale(0.8) rotate(0deg) translateX(0px)\" },"
        " { transform: \"scale(0.8) rotate(360deg) translateX(130px)\" } ], duration: 10s, easing: linear } } }\n";
    check_motion(turned, "en", 1, 13, 0);
}

// One letter and a long nothing, so that it stands in the picture alone.
static const char tape[] =
    "layout: { type: ticker, id: tape, items: \"{{ show.products }}\", item: { text: \"{{ item.title }}\", separator: \"%s\" },\n"
    " speed: %dpx/s, style: { position: absolute, inset: 300px 0 auto 0, height: 60px, font-size: 40px, color: \"#ff0000\" } }\n";

static void check_tape(const char *language, int from_s, int speed, int direction)
{
    char body[4096], space[1024] = "";
    for (int i = 0; i < 150; i++)
        strcat(space, "\u00a0");
    snprintf(body, sizeof body, tape, space, speed);
    check_motion(body, language, from_s, direction * speed, 0);
}

TEST(a_ticker_crawls_evenly_at_every_rate)
{
    check_tape("en", 3, 300, -1);
    check_tape("en", 3, 263, -1);
    check_tape("ar", 8, 120, 1);
    check_tape("ar", 25, 37, 1);
}

// ---- the same twice, on one thread and on four

static void *hash_motion(void *opaque)
{
    struct player *p = player_new(opaque, 360);
    size_t size = (size_t)p->picture.width * (size_t)p->picture.height * 3 / 2;
    uint64_t *hash = malloc(sizeof *hash);
    *hash = 1;
    for (int frame = 0; frame < FRAMES; frame++) {
        show(p, frame, VT_NS_PER_S + vt_frame_to_ns(frame, rates[1]), &vt_blend_ways_c);
        for (size_t i = 0; i < size; i++)
            *hash = (*hash ^ p->picture.memory[i]) * UINT64_C(0x100000001b3);
    }
    player_free(p);
    return hash;
}

TEST(motion_is_the_same_twice_and_on_four_threads)
{
    char body[1024];
    snprintf(body, sizeof body, card, "translateX", 0, "translateX", 370);
    struct vt_view *view = view_of(body, "en", rates[1]);
    uint64_t *alone = hash_motion(view), *again = hash_motion(view);
    bool same = *alone == *again;
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        REQUIRE_INT(pthread_create(&threads[i], NULL, hash_motion, view), 0);
    for (int i = 0; i < 4; i++) {
        void *hash;
        pthread_join(threads[i], &hash);
        same = same && *(uint64_t *)hash == *alone;
        free(hash);
    }
    free(alone);
    free(again);
    REQUIRE(same);
    vt_view_unref(&view);
}

int main(void)
{
    RUN(a_card_moves_evenly_each_way);
    RUN(a_card_moves_evenly_aslant);
    RUN(what_moves_as_one_stays_together);
    RUN(what_turns_and_moves_does_not_snap);
    RUN(a_ticker_crawls_evenly_at_every_rate);
    RUN(motion_is_the_same_twice_and_on_four_threads);
    return DONE();
}
