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

// dst × (255 − alpha) / 255 of 16 numbers, rounded to nearest.
AVX2 static inline __m256i behind(__m256i dst, __m256i alpha)
{
    __m256i x = _mm256_mullo_epi16(dst, _mm256_sub_epi16(_mm256_set1_epi16(255), alpha));
    x = _mm256_add_epi16(x, _mm256_set1_epi16(128));
    return _mm256_srli_epi16(_mm256_add_epi16(x, _mm256_srli_epi16(x, 8)), 8);
}

AVX2 static inline __m256i blend_32(__m256i dst, __m256i s, __m256i a)
{
    __m256i zero = _mm256_setzero_si256();
    __m256i low = behind(_mm256_unpacklo_epi8(dst, zero), _mm256_unpacklo_epi8(a, zero));
    __m256i high = behind(_mm256_unpackhi_epi8(dst, zero), _mm256_unpackhi_epi8(a, zero));
    return _mm256_adds_epu8(s, _mm256_packus_epi16(low, high));
}

AVX2 static inline __m256i scaled_32(__m256i v, __m256i opacity)
{
    __m256i zero = _mm256_setzero_si256();
    return _mm256_packus_epi16(scaled(_mm256_unpacklo_epi8(v, zero), opacity),
                               scaled(_mm256_unpackhi_epi8(v, zero), opacity));
}

AVX2 static inline void blend_step(uint8_t *dst, const uint8_t *s, const uint8_t *a, int opacity)
{
    __m256i colour = _mm256_loadu_si256((const __m256i *)(const void *)s);
    __m256i alpha = _mm256_loadu_si256((const __m256i *)(const void *)a);
    if (opacity != 256) {
        __m256i factor = _mm256_set1_epi16((short)opacity);
        colour = scaled_32(colour, factor);
        alpha = scaled_32(alpha, factor);
    }
    __m256i *at = (__m256i *)(void *)dst;
    _mm256_storeu_si256(at, blend_32(_mm256_loadu_si256(at), colour, alpha));
}

AVX2 void vt_blend_run_avx2(uint8_t *dst, const uint8_t *s, const uint8_t *a, int count, int opacity)
{
    int i = 0;
    for (; i + STEP <= count; i += STEP)
        blend_step(dst + i, s + i, a + i, opacity);
    if (i == count)
        return;
    uint8_t rest[STEP] = {0};
    memcpy(rest, dst + i, (size_t)(count - i));
    blend_step(rest, s + i, a + i, opacity);
    memcpy(dst + i, rest, (size_t)(count - i));
}
