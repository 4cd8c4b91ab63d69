// The vector type and how its ends meet memory. Everything is inlined: a call would pass vectors by an ABI
// that depends on the target.

#define INLINE static inline __attribute__((always_inline))

typedef float V __attribute__((ext_vector_type(VL)));
typedef int32_t VI __attribute__((ext_vector_type(VL)));
typedef float VU __attribute__((ext_vector_type(VL), aligned(4)));

enum { NR = VL * NV };

INLINE V load(const float *p) { return *(const VU *)p; }
INLINE void store(float *p, V v) { *(VU *)p = v; }

// The first n < VL lanes; the rest is `fill`, and memory beyond is not touched.
#ifndef HAS_MASKED_MOVES
INLINE V load_part(const float *p, size_t n, float fill) {
    float lanes[VL];
    for (size_t i = 0; i < VL; i++) lanes[i] = fill;
    for (size_t i = 0; i < n; i++) lanes[i] = p[i];
    return load(lanes);
}
INLINE void store_part(float *p, V v, size_t n) {
    float lanes[VL];
    store(lanes, v);
    for (size_t i = 0; i < n; i++) p[i] = lanes[i];
}
#endif

INLINE V load_n(const float *p, size_t n, float fill) { return n >= VL ? load(p) : load_part(p, n, fill); }
INLINE void store_n(float *p, V v, size_t n) {
    if (n >= VL) store(p, v);
    else store_part(p, v, n);
}

// The same comparisons as generic's, so NaN goes the same way.
INLINE V clamp(V x, V low, V high) {
    x = x < low ? low : x;
    return x > high ? high : x;
}
// Of equals the first, as generic says it in other words: here one instruction and one choice, by a comparison that does
// not wait for a.
INLINE V larger(V a, V b) {
    const V m = b > a ? b : a;
    return b == b ? m : b;
}
INLINE V smaller(V a, V b) {
    const V m = b < a ? b : a;
    return b == b ? m : b;
}

INLINE V absolute(V x) { return (V)((VI)x & 0x7fffffff); }
INLINE V with_sign_of(V magnitude, V sign) {
    return (V)(((VI)magnitude & 0x7fffffff) | ((VI)sign & (int32_t)0x80000000));
}

typedef float V4 __attribute__((ext_vector_type(4)));
typedef float V4U __attribute__((ext_vector_type(4), aligned(4)));

// Four by four in registers, whatever the vector width.
INLINE void transpose_4x4(const float *x, size_t x_stride, float *y, size_t y_stride) {
    V4 r0 = *(const V4U *)x, r1 = *(const V4U *)(x + x_stride);
    V4 r2 = *(const V4U *)(x + 2 * x_stride), r3 = *(const V4U *)(x + 3 * x_stride);
    const V4 a = __builtin_shufflevector(r0, r1, 0, 4, 1, 5), b = __builtin_shufflevector(r2, r3, 0, 4, 1, 5);
    const V4 c = __builtin_shufflevector(r0, r1, 2, 6, 3, 7), d = __builtin_shufflevector(r2, r3, 2, 6, 3, 7);
    *(V4U *)y = __builtin_shufflevector(a, b, 0, 1, 4, 5);
    *(V4U *)(y + y_stride) = __builtin_shufflevector(a, b, 2, 3, 6, 7);
    *(V4U *)(y + 2 * y_stride) = __builtin_shufflevector(c, d, 0, 1, 4, 5);
    *(V4U *)(y + 3 * y_stride) = __builtin_shufflevector(c, d, 2, 3, 6, 7);
}

// Joins lanes pairwise, in an order that is fixed by VL.
#define JOIN_LANES(v, x, y, join) \
    ({ \
        float lanes_[VL]; \
        store(lanes_, v); \
        for (size_t half_ = VL / 2; half_ > 0; half_ /= 2) \
            for (size_t i_ = 0; i_ < half_; i_++) { \
                const float x = lanes_[i_], y = lanes_[i_ + half_]; \
                lanes_[i_] = (join); \
            } \
        lanes_[0]; \
    })
INLINE float sum_lanes(V v) { return JOIN_LANES(v, x, y, x + y); }
INLINE float max_lanes(V v) { return JOIN_LANES(v, x, y, x >= y || x != x ? x : y); }
INLINE float min_lanes(V v) { return JOIN_LANES(v, x, y, x <= y || x != x ? x : y); }
INLINE float product_lanes(V v) { return JOIN_LANES(v, x, y, x * y); }
