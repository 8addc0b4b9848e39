// The blend of one run with AVX2: equal to vt_blend_run_c in every bit.
#include <immintrin.h>
#include <string.h>

#include "studio/sprite_planes.h"

#define AVX2 __attribute__((target("avx2")))
#define STEP 32

// (v × opacity + 128) / 256 of 16 numbers.
AVX2 static inline __m256i scaled(__m256i v, __m256i opacity)
{
    return _mm256_srli_epi16(_mm256_add_epi16(_mm256_mullo_epi16(v, opacity), _mm256_set1_epi16(128)), 8);
}

// dst × rest / 255 of 16 numbers, rounded to nearest: x / 255 is x × 257 / 65536 there.
AVX2 static inline __m256i behind(__m256i dst, __m256i rest)
{
    __m256i x = _mm256_add_epi16(_mm256_mullo_epi16(dst, rest), _mm256_set1_epi16(128));
    return _mm256_mulhi_epu16(x, _mm256_set1_epi16(257));
}

AVX2 static inline __m256i blend_32(__m256i dst, __m256i s, __m256i a)
{
    __m256i zero = _mm256_setzero_si256(), rest = _mm256_xor_si256(a, _mm256_set1_epi8(-1));
    __m256i low = behind(_mm256_unpacklo_epi8(dst, zero), _mm256_unpacklo_epi8(rest, zero));
    __m256i high = behind(_mm256_unpackhi_epi8(dst, zero), _mm256_unpackhi_epi8(rest, zero));
    return _mm256_adds_epu8(s, _mm256_packus_epi16(low, high));
}

AVX2 static inline __m256i scaled_32(__m256i v, __m256i opacity)
{
    __m256i zero = _mm256_setzero_si256();
    return _mm256_packus_epi16(scaled(_mm256_unpacklo_epi8(v, zero), opacity),
                               scaled(_mm256_unpackhi_epi8(v, zero), opacity));
}

AVX2 static inline __m256i blended(__m256i behind, __m256i colour, __m256i alpha, int opacity)
{
    if (opacity != 256) {
        __m256i factor = _mm256_set1_epi16((short)opacity);
        colour = scaled_32(colour, factor);
        alpha = scaled_32(alpha, factor);
    }
    return blend_32(behind, colour, alpha);
}

AVX2 static inline __m256i blended_at(const uint8_t *dst, const uint8_t *s, const uint8_t *a, int opacity)
{
    return blended(_mm256_loadu_si256((const __m256i *)(const void *)dst), _mm256_loadu_si256((const __m256i *)(const void *)s),
                   _mm256_loadu_si256((const __m256i *)(const void *)a), opacity);
}

// 16, 8 or 4 bytes, as the lowest of 32.
AVX2 static inline __m256i some(const uint8_t *at, int size)
{
    int32_t four;
    if (size == 16)
        return _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)at));
    if (size == 8)
        return _mm256_castsi128_si256(_mm_loadl_epi64((const __m128i *)(const void *)at));
    memcpy(&four, at, 4);
    return _mm256_castsi128_si256(_mm_cvtsi32_si128(four));
}

AVX2 static inline void store_some(uint8_t *to, __m256i v, int size)
{
    int32_t four = _mm256_cvtsi256_si32(v);
    if (size == 16)
        _mm_storeu_si128((__m128i *)(void *)to, _mm256_castsi256_si128(v));
    else if (size == 8)
        _mm_storel_epi64((__m128i *)(void *)to, _mm256_castsi256_si128(v));
    else
        memcpy(to, &four, 4);
}

// From `size` to twice as many bytes: the first and the last, which may overlap.
AVX2 static inline void blend_ends(uint8_t *dst, const uint8_t *s, const uint8_t *a, int count, int size, int opacity)
{
    int last = count - size;
    __m256i one = blended(some(dst, size), some(s, size), some(a, size), opacity);
    __m256i other = blended(some(dst + last, size), some(s + last, size), some(a + last, size), opacity);
    store_some(dst, one, size);
    store_some(dst + last, other, size);
}

AVX2 static void blend_few(uint8_t *dst, const uint8_t *s, const uint8_t *a, int count, int opacity)
{
    if (count >= 16)
        blend_ends(dst, s, a, count, 16, opacity);
    else if (count >= 8)
        blend_ends(dst, s, a, count, 8, opacity);
    else if (count >= 4)
        blend_ends(dst, s, a, count, 4, opacity);
    else
        vt_blend_run_c(dst, s, a, count, opacity);
}

AVX2 void vt_blend_run_avx2(uint8_t *dst, const uint8_t *s, const uint8_t *a, int count, int opacity)
{
    if (count < STEP) {
        blend_few(dst, s, a, count, opacity);
        return;
    }
    // The last step overlaps the one before: both are made from what was there.
    int last = count - STEP;
    __m256i end = blended_at(dst + last, s + last, a + last, opacity);
    for (int i = 0; i + STEP <= count; i += STEP)
        _mm256_storeu_si256((__m256i *)(void *)(dst + i), blended_at(dst + i, s + i, a + i, opacity));
    _mm256_storeu_si256((__m256i *)(void *)(dst + last), end);
}

// Two neighbours of each of 32 bytes, weighted and added: the low halves of both lanes, then the high ones.
AVX2 static inline void mix_two(const uint8_t *one, const uint8_t *other, __m256i weights, __m256i *low, __m256i *high)
{
    __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)one);
    __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)other);
    *low = _mm256_add_epi16(*low, _mm256_maddubs_epi16(_mm256_unpacklo_epi8(a, b), weights));
    *high = _mm256_add_epi16(*high, _mm256_maddubs_epi16(_mm256_unpackhi_epi8(a, b), weights));
}

AVX2 void vt_blend_mix_avx2(uint8_t *out, const uint8_t *const in[4], int count, const int8_t weights[4], int most)
{
    const __m256i first = _mm256_set1_epi16((short)((uint8_t)weights[0] | weights[1] << 8));
    const __m256i last = _mm256_set1_epi16((short)((uint8_t)weights[2] | weights[3] * 256));
    const __m256i limit = _mm256_set1_epi8((char)most);
    for (int i = 0; i < count; i += STEP) {
        __m256i low = _mm256_set1_epi16(32), high = low;
        mix_two(in[0] + i, in[1] + i, first, &low, &high);
        mix_two(in[2] + i, in[3] + i, last, &low, &high);
        __m256i bytes = _mm256_packus_epi16(_mm256_srai_epi16(low, 6), _mm256_srai_epi16(high, 6));
        _mm256_storeu_si256((__m256i *)(void *)(out + i), _mm256_min_epu8(bytes, limit));
    }
}

const struct vt_blend_ways vt_blend_ways_avx2 = {vt_blend_run_avx2, vt_blend_mix_avx2};
