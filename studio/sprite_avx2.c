// The conversion of rows with AVX2: equal to the C rows in every bit.
#include <immintrin.h>

#include "studio/sprite_planes.h"

#define AVX2 __attribute__((target("avx2")))

AVX2 static inline __m256i load(const void *at)
{
    return _mm256_loadu_si256(at);
}

AVX2 static inline __m256i component(__m256i argb, int shift)
{
    return _mm256_and_si256(_mm256_srli_epi32(argb, shift), _mm256_set1_epi32(255));
}

AVX2 static inline __m256i times(__m256i v, int32_t weight)
{
    return _mm256_mullo_epi32(v, _mm256_set1_epi32(weight));
}

AVX2 static inline __m256i weighted(const int32_t w[3], __m256i r, __m256i g, __m256i b)
{
    return _mm256_add_epi32(_mm256_add_epi32(times(r, w[0]), times(g, w[1])), times(b, w[2]));
}

AVX2 static inline __m256i rounded(__m256i v)
{
    return _mm256_srai_epi32(_mm256_add_epi32(v, _mm256_set1_epi32(1 << (VT_SPRITE_FRACTION - 1))),
                             VT_SPRITE_FRACTION);
}

// Eight numbers to eight bytes, below 0 as 0 and above 255 as 255.
AVX2 static inline void store_8(uint8_t *to, __m256i v)
{
    __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    _mm_storel_epi64((__m128i *)(void *)to, _mm_packus_epi16(words, words));
}

AVX2 static void luma_row(uint8_t *y, uint8_t *alpha, const uint32_t *argb, int count,
                          const struct vt_sprite_weights *w)
{
    int x = 0;
    for (; x + 8 <= count; x += 8) {
        __m256i p = load(argb + x), a = component(p, 24);
        __m256i sum = weighted(w->y, component(p, 16), component(p, 8), component(p, 0));
        store_8(alpha + x, a);
        store_8(y + x, rounded(_mm256_add_epi32(times(a, w->offset_y), sum)));
    }
    vt_sprite_rows_c.luma(y + x, alpha + x, argb + x, count - x, w);
}

// One component of 16 pixels, added to 16 sums.
AVX2 static inline void add_16(uint16_t *sums, __m256i low, __m256i high, int shift, int twice)
{
    __m256i words = _mm256_packus_epi32(component(low, shift), component(high, shift));
    words = _mm256_slli_epi16(_mm256_permute4x64_epi64(words, 0xd8), twice);
    __m256i *at = (__m256i *)(void *)sums;
    _mm256_storeu_si256(at, _mm256_add_epi16(load(at), words));
}

AVX2 static void add_row(const struct vt_sprite_sums *sums, const uint32_t *argb, int count, int weight)
{
    int x = 0;
    for (; x + 16 <= count; x += 16) {
        __m256i low = load(argb + x), high = load(argb + x + 8);
        add_16(sums->a + x, low, high, 24, weight - 1);
        add_16(sums->r + x, low, high, 16, weight - 1);
        add_16(sums->g + x, low, high, 8, weight - 1);
        add_16(sums->b + x, low, high, 0, weight - 1);
    }
    struct vt_sprite_sums rest = {sums->a + x, sums->r + x, sums->g + x, sums->b + x};
    vt_sprite_rows_c.add(&rest, argb + x, count - x, weight);
}

// The kernel across the columns, for eight samples.
AVX2 static inline __m256i across(const uint16_t *sums, bool cosited)
{
    __m256i here = load(sums), even = _mm256_and_si256(here, _mm256_set1_epi32(0xffff));
    __m256i sum = _mm256_add_epi32(even, _mm256_srli_epi32(here, 16));
    if (!cosited)
        return sum;
    return _mm256_add_epi32(_mm256_add_epi32(sum, even), _mm256_srli_epi32(load(sums - 2), 16));
}

AVX2 static void chroma_row(uint8_t *u, uint8_t *v, uint8_t *alpha, const struct vt_sprite_sums *sums, int count,
                            const struct vt_sprite_weights *w)
{
    __m128i shift = _mm_cvtsi32_si128(w->shift);
    __m256i half = _mm256_set1_epi32(1 << (w->shift - 1));
    int x = 0;
    for (; x + 8 <= count; x += 8) {
        __m256i a = _mm256_srl_epi32(_mm256_add_epi32(across(sums->a + 2 * x, w->cosited_x), half), shift);
        __m256i r = across(sums->r + 2 * x, w->cosited_x), g = across(sums->g + 2 * x, w->cosited_x);
        __m256i b = across(sums->b + 2 * x, w->cosited_x), offset = times(a, w->offset_c);
        store_8(alpha + x, a);
        store_8(u + x, rounded(_mm256_add_epi32(offset, _mm256_sra_epi32(weighted(w->u, r, g, b), shift))));
        store_8(v + x, rounded(_mm256_add_epi32(offset, _mm256_sra_epi32(weighted(w->v, r, g, b), shift))));
    }
    struct vt_sprite_sums rest = {sums->a + 2 * x, sums->r + 2 * x, sums->g + 2 * x, sums->b + 2 * x};
    vt_sprite_rows_c.chroma(u + x, v + x, alpha + x, &rest, count - x, w);
}

const struct vt_sprite_rows vt_sprite_rows_avx2 = {luma_row, add_row, chroma_row};
