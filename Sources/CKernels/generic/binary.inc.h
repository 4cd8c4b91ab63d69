// Two operands, either of which may be one number for all.

#define BINARY(name) static inline REAL b_##name(REAL a, REAL b)

BINARY(add) { return a + b; }
BINARY(subtract) { return a - b; }
BINARY(multiply) { return a * b; }
BINARY(divide) { return a / b; }
BINARY(maximum) { return larger(a, b); }
BINARY(minimum) { return smaller(a, b); }
BINARY(power) { return pow(a, b); }
BINARY(squared_difference) { return (a - b) * (a - b); }
BINARY(equal) { return a == b; }
BINARY(not_equal) { return a != b; }
BINARY(less) { return a < b; }
BINARY(less_equal) { return a <= b; }
BINARY(greater) { return a > b; }
BINARY(greater_equal) { return a >= b; }
BINARY(logical_and) { return a != 0 && b != 0; }
BINARY(logical_or) { return a != 0 || b != 0; }
BINARY(prelu) { return a < 0 ? a * b : a; }
BINARY(gate) { return b > 0 ? a : 0; }
#undef BINARY

void FN(binary)(kk_binary kind, const REAL *a, size_t a_step, const REAL *b, size_t b_step, REAL *out, size_t n) {
#define BINARY(name, meaning) \
    case kk_binary_##name: \
        for (size_t i = 0; i < n; i++) out[i] = b_##name(a[i * a_step], b[i * b_step]); \
        break;
    switch (kind) { KK_BINARY_KINDS(BINARY) }
#undef BINARY
}

void FN(scale_shift)(const REAL *x, size_t rows, size_t n, const REAL *scale, const REAL *shift, REAL low, REAL high,
                     REAL *y) {
    for (size_t r = 0; r < rows; r++, x += n, y += n)
        for (size_t j = 0; j < n; j++) y[j] = clamp(x[j] * scale[j] + shift[j], low, high);
}
