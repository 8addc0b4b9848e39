#include "studio/spritecache.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

struct entry {
    struct vt_sprite *sprite;            // NULL: free
    uint64_t layer, change;
    int width, height;
    uint8_t parity_x, parity_y;
    int64_t used;
};

struct vt_spritecache {
    struct vt_colour colour;
    int64_t made;
    size_t bytes, most;
    int room;
    struct entry entries[];
};

struct vt_spritecache *vt_spritecache_new(const struct vt_colour *colour, int room, size_t bytes)
{
    struct vt_spritecache *cache = calloc(1, sizeof *cache + (size_t)room * sizeof cache->entries[0]);
    if (cache) {
        cache->colour = *colour;
        cache->room = room;
        cache->most = bytes;
    }
    return cache;
}

void vt_spritecache_free(struct vt_spritecache **cache)
{
    for (int i = 0; *cache && i < (*cache)->room; i++)
        vt_sprite_unref(&(*cache)->entries[i].sprite);
    free(*cache);
    *cache = NULL;
}

static void drop(struct vt_spritecache *cache, struct entry *e)
{
    cache->bytes -= e->sprite ? vt_sprite_bytes(e->sprite) : 0;
    vt_sprite_unref(&e->sprite);
}

// Those that were not used longest go, but none of this frame's and of the one before: what stands may yet be placed again.
static void make_room(struct vt_spritecache *cache, int64_t frame)
{
    while (cache->bytes > cache->most) {
        struct entry *oldest = NULL;
        for (int i = 0; i < cache->room; i++) {
            struct entry *e = &cache->entries[i];
            if (e->sprite && e->used < frame - 1 && (!oldest || e->used < oldest->used))
                oldest = e;
        }
        if (!oldest)
            return;
        drop(cache, oldest);
    }
}

// What of a layer becomes a sprite, and where its first column then lands. A strip that scrolls behind its window is
// converted whole, once for each parity, instead of anew on every frame.
struct cut {
    int source_x, width, x;
    bool window;
};

static struct cut cut_of(const struct vt_layer *layer)
{
    int whole = cairo_image_surface_get_width(layer->pixels);
    if (layer->source_x == 0 && whole <= layer->width)
        return (struct cut){0, layer->width, layer->x, false};
    return (struct cut){0, whole, layer->x - layer->source_x, true};
}

static bool same(const struct entry *a, const struct entry *b)
{
    return a->layer == b->layer && a->change == b->change && a->width == b->width && a->height == b->height &&
           a->parity_x == b->parity_x && a->parity_y == b->parity_y;
}

static struct entry *find(struct vt_spritecache *cache, const struct entry *key)
{
    struct entry *oldest = &cache->entries[0];
    for (int i = 0; i < cache->room; i++) {
        struct entry *e = &cache->entries[i];
        if (e->sprite && same(e, key))
            return e;
        if (oldest->sprite && (!e->sprite || e->used < oldest->used))
            oldest = e;
    }
    drop(cache, oldest);
    return oldest;
}

// The sprite from which a new one differs in a few columns; NULL: it is not there, or nobody says which.
static const struct vt_sprite *made_before(const struct vt_spritecache *cache, const struct vt_layer *layer,
                                           struct entry key)
{
    key.change = layer->before;
    for (int i = 0; i < cache->room && layer->before; i++) {
        if (cache->entries[i].sprite && same(&cache->entries[i], &key))
            return cache->entries[i].sprite;
    }
    return NULL;
}

static int make(struct vt_spritecache *cache, const struct vt_layer *layer, const struct cut *cut, struct entry *key)
{
    const struct vt_sprite *like = cut->window ? NULL : made_before(cache, layer, *key);
    if (like)
        return vt_sprite_new_like(&key->sprite, like, layer->pixels, layer->changed_x, layer->changed_width, &cache->colour);
    return vt_sprite_new(&key->sprite, layer->pixels, cut->source_x, cut->width, layer->height, key->parity_x, key->parity_y,
                         &cache->colour);
}

// The layer's sprite for a parity, made if it is not there: a new reference.
static int take(struct vt_spritecache *cache, const struct vt_layer *layer, const struct cut *cut, int parity_x, int parity_y,
                int64_t frame, struct vt_sprite **ret)
{
    struct entry key = {
        .layer = layer->id, .change = layer->change, .width = cut->width, .height = layer->height,
        .parity_x = (uint8_t)parity_x, .parity_y = (uint8_t)parity_y,
    };
    struct entry *e = find(cache, &key);
    if (!e->sprite) {
        int error = make(cache, layer, cut, &key);
        if (error)
            return error;
        *e = key;
        cache->made++;
        cache->bytes += vt_sprite_bytes(e->sprite);
        e->used = frame;
        make_room(cache, frame);
    }
    e->used = frame;
    *ret = vt_sprite_ref(e->sprite);
    return 0;
}

// Between pixels, also those of the parities between which it stands.
static int take_beside(struct vt_spritecache *cache, const struct vt_layer *layer, const struct cut *cut, int64_t frame,
                       struct vt_placed *placed)
{
    int error = 0;
    for (int i = 1; i < 4 && !error; i++) {
        bool other_x = i & 1, other_y = i >> 1;
        if ((other_x && !placed->part_x) || (other_y && !placed->part_y))
            continue;
        error = take(cache, layer, cut, (placed->x & 1) ^ other_x, (placed->y & 1) ^ other_y, frame, &placed->beside[i - 1]);
    }
    return error;
}

static int place(struct vt_spritecache *cache, const struct vt_layer *layer, int64_t frame, struct vt_placement *to)
{
    int opacity = (int)lroundf(layer->opacity * 256);
    if (opacity <= 0 || to->count == VT_PLACED_MAX)
        return 0;
    struct cut cut = cut_of(layer);
    struct vt_placed *placed = &to->list[to->count];
    *placed = (struct vt_placed){
        .x = cut.x, .y = layer->y, .part_x = layer->part_x, .part_y = layer->part_y,
        .opacity = opacity < 256 ? opacity : 256, .clip_x = layer->x, .clip_width = cut.window ? layer->width : 0,
    };
    int error = take(cache, layer, &cut, cut.x & 1, layer->y & 1, frame, &placed->sprite);
    if (error)
        return error;
    to->count++;
    error = take_beside(cache, layer, &cut, frame, placed);
    if (error)
        placed->part_x = placed->part_y = 0;         // no memory: on the pixel beside
    return error;
}

int vt_spritecache_place(struct vt_spritecache *cache, const struct vt_drawing *drawing, int64_t frame,
                         struct vt_placement *to)
{
    int first_error = 0;
    for (int i = 0; i < drawing->count; i++) {
        int error = place(cache, &drawing->layers[i], frame, to);
        if (error && !first_error)
            first_error = error;
    }
    return first_error;
}

void vt_spritecache_sweep(struct vt_spritecache *cache, int64_t frame)
{
    for (int i = 0; i < cache->room; i++)
        if (cache->entries[i].used < frame)
            drop(cache, &cache->entries[i]);
}

size_t vt_spritecache_bytes(const struct vt_spritecache *cache)
{
    return cache->bytes;
}

int64_t vt_spritecache_made(const struct vt_spritecache *cache)
{
    return cache->made;
}
