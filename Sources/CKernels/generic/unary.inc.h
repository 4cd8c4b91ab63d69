// One function per kind, (x, a, b, c) -> y. Where a formula goes beyond its name it keeps the ends right:
// nothing overflows on the way to a finite result, and NaN stays NaN unless Keras's own formula drops it.

#define UNARY(name) static inline REAL u_##name(REAL x, REAL a, REAL b, REAL c)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wunused-parameter" // every kind has the same signature

UNARY(copy) { return x; }
UNARY(negate) { return -x; }
UNARY(abs) { return fabs(x); }
UNARY(square) { return x * x; }
UNARY(sqrt) { return sqrt(x); }
UNARY(rsqrt) { return 1 / sqrt(x); }
UNARY(reciprocal) { return 1 / x; }
UNARY(exp) { return exp(x); }
UNARY(expm1) { return expm1(x); }
UNARY(log) { return log(x); }
UNARY(log1p) { return log1p(x); }
UNARY(tanh) { return tanh(x); }
UNARY(sigmoid) {
    const REAL e = exp(-fabs(x));
    return (x < 0 ? e : 1) / (1 + e);
}
UNARY(softplus) { return (x < 0 ? 0 : x) + log1p(exp(-fabs(x))); }
UNARY(softsign) { return x / (1 + fabs(x)); }
UNARY(erf) { return erf(x); }
UNARY(erfc) { return erfc(x); }
// In double, as erfc makes x*x of a rounding of its argument.
UNARY(gelu) { return (REAL)(0.5 * x * erfc(x * -0.70710678118654752440)); }
UNARY(gelu_tanh) {
    return (REAL)0.5 * x * (1 + tanh((REAL)0.79788456080286535588 * (x + (REAL)0.044715 * (x * x * x))));
}
UNARY(elu) { return x > 0 ? x : a * expm1(x); }
UNARY(selu) {
    return (REAL)1.05070098735548049342 * (x > 0 ? x : (REAL)1.67326324235437728482 * expm1(x));
}
UNARY(celu) { return x > 0 ? x : a * expm1(x / a); }
UNARY(silu) { return x * u_sigmoid(x, 0, 0, 0); }
UNARY(mish) { return x * tanh(u_softplus(x, 0, 0, 0)); }
UNARY(hard_sigmoid) { return clamp(a * x + b, 0, 1); }
UNARY(hard_silu) { return x * clamp(a * x + b, 0, 1); }
UNARY(hard_tanh) { return clamp(x, -1, 1); }
UNARY(hard_shrink) { return fabs(x) > a ? x : 0; }
UNARY(soft_shrink) { return x > a ? x - a : x < -a ? x + a : 0; }
UNARY(threshold) { return x > a ? x : b; }
UNARY(tanh_shrink) { return x - tanh(x); }
UNARY(log_sigmoid) { return -u_softplus(-x, 0, 0, 0); }
UNARY(squareplus) { return (x + sqrt(x * x + a)) / 2; }
UNARY(sparse_sigmoid) { return clamp((REAL)0.5 * (x + 1), 0, 1); }
UNARY(sparse_plus) { return x <= -1 ? 0 : x < 1 ? (REAL)0.25 * ((x + 1) * (x + 1)) : x; }
UNARY(clamp) { return clamp(x, a, b); }
UNARY(leaky) { return x < 0 ? a * x : x; }
UNARY(relu_general) {
    // 0 * -infinity would be NaN where Keras, which then skips the slope, gives 0.
    const REAL below = a == 0 ? (x != x ? x : 0) : a * (x - b);
    const REAL y = x > b ? x : below;
    return y > c ? c : y;
}
UNARY(floor) { return floor(x); }
UNARY(ceil) { return ceil(x); }
UNARY(round) { return rint(x); }
UNARY(sign) { return x > 0 ? 1 : x < 0 ? -1 : x; }
UNARY(sin) { return sin(x); }
UNARY(cos) { return cos(x); }
UNARY(affine) { return a * x + b; }
UNARY(power) { return pow(x, a); }

#pragma clang diagnostic pop
#undef UNARY

void FN(unary)(kk_unary kind, const REAL *x, REAL *y, size_t n, REAL a, REAL b, REAL c) {
#define UNARY(name, meaning) \
    case kk_unary_##name: \
        for (size_t i = 0; i < n; i++) y[i] = u_##name(x[i], a, b, c); \
        break;
    switch (kind) { KK_UNARY_KINDS(UNARY) }
#undef UNARY
}
