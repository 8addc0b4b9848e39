#include "check.h"

#include "studio/spritecache.h"

#define ROOM  8
#define BYTES (5 * 100 * 100 * 4)          // some five of these

static struct vt_drawing drawing;
static struct vt_placement placement;

// `count` layers of 100 × 100, the first of which is always the same; with `seed` all others are new.
static void place(struct vt_spritecache *cache, int count, int64_t frame, uint64_t seed)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, 100, 100);
    drawing.count = count;
    for (int i = 0; i < count; i++)
        drawing.layers[i] = (struct vt_layer){.id = (uint64_t)i + 1, .change = i ? seed : 1, .pixels = surface, .width = 100,
                                              .height = 100, .opacity = 1};
    REQUIRE_INT(vt_spritecache_place(cache, &drawing, frame, &placement), 0);
    REQUIRE_INT(placement.count, count);
    vt_placement_clear(&placement);
    cairo_surface_destroy(surface);
}

TEST(what_changes_on_every_frame_takes_no_more_memory_than_allowed)
{
    struct vt_colour colour = {.matrix = 1};
    struct vt_spritecache *cache = vt_spritecache_new(&colour, 512, BYTES);
    REQUIRE(cache);
    for (int frame = 0; frame < 300; frame++) {
        place(cache, 2, frame, (uint64_t)frame + 2);
        REQUIRE(vt_spritecache_bytes(cache) <= BYTES);
    }
    REQUIRE_INT(vt_spritecache_made(cache), 301);        // what stands still was made once
    vt_spritecache_sweep(cache, 300);
    REQUIRE_INT(vt_spritecache_bytes(cache), 0);
    vt_spritecache_free(&cache);
}

TEST(one_frame_may_need_more_than_is_kept)
{
    struct vt_colour colour = {.matrix = 1};
    struct vt_spritecache *cache = vt_spritecache_new(&colour, 512, 1);
    REQUIRE(cache);
    place(cache, 6, 0, 7);
    place(cache, 6, 1, 7);
    REQUIRE_INT(vt_spritecache_made(cache), 6);          // all of the frame before are still there
    place(cache, 1, 2, 7);
    place(cache, 2, 3, 8);
    REQUIRE_INT(vt_spritecache_made(cache), 7);
    place(cache, 6, 4, 7);
    REQUIRE_INT(vt_spritecache_made(cache), 12);         // the five others had not been shown for two frames
    vt_spritecache_free(&cache);
}

TEST(only_so_many_are_kept)
{
    struct vt_colour colour = {.matrix = 1};
    struct vt_spritecache *cache = vt_spritecache_new(&colour, ROOM, SIZE_MAX);
    REQUIRE(cache);
    size_t each = 0;
    for (int frame = 0; frame < 3 * ROOM; frame++) {
        place(cache, 2, frame, (uint64_t)frame + 2);
        each = frame ? each : vt_spritecache_bytes(cache) / 2;
        REQUIRE(vt_spritecache_bytes(cache) <= ROOM * each);
    }
    vt_spritecache_free(&cache);
}

// Every picture is transparent but for one column, and lies about what changed: what follows from what shows what was converted.
static uint8_t blended(struct vt_spritecache *cache, uint64_t change, uint64_t before, int column, int changed_x)
{
    uint8_t y[32 * 2] = {0}, u[16] = {0}, v[16] = {0};
    struct vt_planes planes = {{y, u, v}, {32, 16, 16}, 32, 2};
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, 32, 2);
    cairo_t *cr = cairo_create(surface);
    cairo_set_source_rgb(cr, 1, 1, 1);
    cairo_rectangle(cr, column, 0, 1, 2);
    cairo_fill(cr);
    cairo_destroy(cr);
    cairo_surface_flush(surface);
    drawing.count = 1;
    drawing.layers[0] = (struct vt_layer){.id = 1, .change = change, .before = before, .changed_x = changed_x,
                                          .changed_width = 4, .pixels = surface, .width = 32, .height = 2, .opacity = 1};
    REQUIRE_INT(vt_spritecache_place(cache, &drawing, (int64_t)change, &placement), 0);
    vt_blend(&planes, &placement);
    vt_placement_clear(&placement);
    cairo_surface_destroy(surface);
    return y[column];
}

TEST(only_columns_that_changed_are_converted)
{
    struct vt_colour colour = {.matrix = 1};
    struct vt_spritecache *cache = vt_spritecache_new(&colour, ROOM, SIZE_MAX);
    REQUIRE(cache);
    REQUIRE_INT(blended(cache, 1, 0, 3, 0), 235);
    REQUIRE_INT(blended(cache, 2, 1, 5, 4), 235);
    REQUIRE_INT(blended(cache, 3, 2, 20, 4), 0);         // not one of the four that it says
    REQUIRE_INT(blended(cache, 4, 77, 20, 4), 235);      // what was before is not there
    REQUIRE_INT(vt_spritecache_made(cache), 4);
    vt_spritecache_free(&cache);
}

int main(void)
{
    RUN(what_changes_on_every_frame_takes_no_more_memory_than_allowed);
    RUN(one_frame_may_need_more_than_is_kept);
    RUN(only_so_many_are_kept);
    RUN(only_columns_that_changed_are_converted);
    return DONE();
}
