// AVX2 with FMA: 8 lanes, 16 registers; a block of 6 rows by 16 columns is 12 sums.
#include "../tables.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define TABLE kk_avx2
#define ISA "avx2"
enum { VL = 8, NV = 2 };
#define MR 6

// Intrinsics, because a masked move has no spelling in plain vectors, and short rows live by it.
#define HAS_MASKED_MOVES
typedef float MV __attribute__((ext_vector_type(8)));
static inline __attribute__((always_inline)) __m256i first_lanes(size_t n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
static inline __attribute__((always_inline)) MV load_part(const float *p, size_t n, float fill) {
    const __m256i mask = first_lanes(n);
    return (MV)_mm256_blendv_ps(_mm256_set1_ps(fill), _mm256_maskload_ps(p, mask), _mm256_castsi256_ps(mask));
}
static inline __attribute__((always_inline)) void store_part(float *p, MV v, size_t n) {
    _mm256_maskstore_ps(p, first_lanes(n), (__m256)v);
}

#include "../kernels/all.inc.h"

#pragma clang attribute pop
#endif
