// Two operands, either of which may be one number for all.

#define BINARY(name) INLINE V b_##name(V a, V b)
INLINE V as_one(VI truth) { return (V)(truth & (VI)(V)1.0f); }

BINARY(add) { return a + b; }
BINARY(subtract) { return a - b; }
BINARY(multiply) { return a * b; }
BINARY(divide) { return a / b; }
BINARY(maximum) { return larger(a, b); }
BINARY(minimum) { return smaller(a, b); }
BINARY(power) { return (void)b, a; } // not reached: generic's
BINARY(squared_difference) { return (a - b) * (a - b); }
BINARY(equal) { return as_one(a == b); }
BINARY(not_equal) { return as_one(a != b); }
BINARY(less) { return as_one(a < b); }
BINARY(less_equal) { return as_one(a <= b); }
BINARY(greater) { return as_one(a > b); }
BINARY(greater_equal) { return as_one(a >= b); }
BINARY(logical_and) { return as_one((a != 0) & (b != 0)); }
BINARY(logical_or) { return as_one((a != 0) | (b != 0)); }
BINARY(prelu) { return a < 0 ? a * b : a; }
BINARY(gate) { return b > 0 ? a : (V)0.0f; }
#undef BINARY

static void binary(kk_binary kind, const float *a, size_t a_step, const float *b, size_t b_step, float *out, size_t n) {
    if (n == 0) return;
    if (kind == kk_binary_power) {
        kk_f32_binary(kind, a, a_step, b, b_step, out, n);
        return;
    }
    const V a_all = *a, b_all = *b;
#define LOOP(name, whole_a, part_a, whole_b, part_b) \
    { \
        for (; i + VL <= n; i += VL) store(out + i, b_##name(whole_a, whole_b)); \
        if (i < n) store_part(out + i, b_##name(part_a, part_b), n - i); \
    }
#define EACH(p) load(p + i), load_part(p + i, n - i, 0)
#define SAME(p) p##_all, p##_all
#define LOOP_OF(name, a2, b2) LOOP(name, a2, b2)
#define BINARY(name, meaning) \
    case kk_binary_##name: { \
        size_t i = 0; \
        if (a_step && b_step) LOOP_OF(name, EACH(a), EACH(b)) \
        else if (a_step) LOOP_OF(name, EACH(a), SAME(b)) \
        else if (b_step) LOOP_OF(name, SAME(a), EACH(b)) \
        else LOOP_OF(name, SAME(a), SAME(b)) \
        break; \
    }
    switch (kind) { KK_BINARY_KINDS(BINARY) }
#undef BINARY
#undef LOOP_OF
#undef SAME
#undef EACH
#undef LOOP
}

INLINE void scale_shift_rows(const float *x, size_t rows, size_t n, const float *scale, const float *shift, V low, V high,
                             float *y) {
    for (size_t r = 0; r < rows; r++, x += n, y += n) {
        size_t j = 0;
        for (; j + VL <= n; j += VL) store(y + j, clamp(load(x + j) * load(scale + j) + load(shift + j), low, high));
        if (j < n) {
            const V s = load_part(scale + j, n - j, 0), t = load_part(shift + j, n - j, 0);
            store_part(y + j, clamp(load_part(x + j, n - j, 0) * s + t, low, high), n - j);
        }
    }
}

static void scale_shift(const float *x, size_t rows, size_t n, const float *scale, const float *shift, float low,
                        float high, float *y) {
    if (n < VL && rows >= 2 * VL) { // colours: VL narrow rows are one long one
        float scales[VL * VL], shifts[VL * VL];
        const size_t whole = rows / VL * VL;
        for (size_t j = 0; j < n * VL; j++) scales[j] = scale[j % n], shifts[j] = shift[j % n];
        scale_shift_rows(x, whole / VL, n * VL, scales, shifts, low, high, y);
        x += whole * n, y += whole * n, rows -= whole;
    }
    scale_shift_rows(x, rows, n, scale, shift, low, high, y);
}
