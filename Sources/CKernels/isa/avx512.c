// AVX-512 (F, VL, BW, DQ): 16 lanes, 32 registers; a block of 12 rows by 32 columns is 24 sums.
#include "../tables.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,fma,avx2"))), apply_to = function)

#define TABLE kk_avx512
#define ISA "avx512"
enum { VL = 16, NV = 2 };
#define MR 12

// Intrinsics, because a mask in memory order has no spelling in plain vectors, and short rows live by it.
#define HAS_MASKED_MOVES
typedef float MV __attribute__((ext_vector_type(16)));
static inline __attribute__((always_inline)) MV load_part(const float *p, size_t n, float fill) {
    return (MV)_mm512_mask_loadu_ps(_mm512_set1_ps(fill), (__mmask16)((1u << n) - 1), p);
}
static inline __attribute__((always_inline)) void store_part(float *p, MV v, size_t n) {
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)v);
}

#include "../kernels/all.inc.h"

#pragma clang attribute pop
#endif
