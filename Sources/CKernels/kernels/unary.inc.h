// Element by element. Body and tail run the same vector instructions, so an element's place cannot change its bits.

#define UNARY(name) INLINE V u_##name(V x, V a, V b, V c)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wunused-parameter" // every kind has the same signature

UNARY(copy) { return x; }
UNARY(negate) { return -x; }
UNARY(abs) { return absolute(x); }
UNARY(square) { return x * x; }
UNARY(sqrt) { return __builtin_elementwise_sqrt(x); }
UNARY(rsqrt) { return 1 / __builtin_elementwise_sqrt(x); }
UNARY(reciprocal) { return 1 / x; }
UNARY(exp) { return exp_v(x); }
UNARY(expm1) { return expm1_v(x); }
UNARY(log) { return log_v(x); }
UNARY(log1p) { return log1p_v(x); }
UNARY(tanh) { return tanh_v(x); }
UNARY(sigmoid) { return sigmoid_v(x); }
UNARY(softplus) { return softplus_v(x); }
UNARY(softsign) { return x / (1 + absolute(x)); }
UNARY(erf) { return erf_v(x); }
UNARY(erfc) { return erfc_v(x); }
UNARY(gelu) { return gelu_v(x); }
UNARY(gelu_tanh) { return 0.5f * x * (1 + tanh_v(0.79788456080286535588f * (x + 0.044715f * (x * x * x)))); }
UNARY(elu) { return x > 0 ? x : a * expm1_v(x); }
UNARY(selu) { return 1.05070098735548049342f * (x > 0 ? x : 1.67326324235437728482f * expm1_v(x)); }
UNARY(celu) { return x > 0 ? x : a * expm1_v(x / a); }
UNARY(silu) { return x * sigmoid_v(x); }
UNARY(mish) {
    // tanh(log(1+w)) = (w*w+2*w) / (w*w+2*w+2), with w = exp(x): exact where the two steps would cancel.
    const V w = exp_v(x > 20 ? 20 : x);
    const V n = w * (w + 2);
    return x * (n / (n + 2));
}
UNARY(hard_sigmoid) { return clamp(a * x + b, 0, 1); }
UNARY(hard_silu) { return x * clamp(a * x + b, 0, 1); }
UNARY(hard_tanh) { return clamp(x, -1, 1); }
UNARY(hard_shrink) { return absolute(x) > a ? x : 0; }
UNARY(soft_shrink) { return x > a ? x - a : (x < -a ? x + a : 0); }
UNARY(threshold) { return x > a ? x : b; }
UNARY(tanh_shrink) { return x - tanh_v(x); }
UNARY(log_sigmoid) { return -softplus_v(-x); }
UNARY(squareplus) { return (x + __builtin_elementwise_sqrt(x * x + a)) * 0.5f; }
UNARY(sparse_sigmoid) { return clamp(0.5f * (x + 1), 0, 1); }
UNARY(sparse_plus) { return x <= -1 ? 0 : (x < 1 ? 0.25f * ((x + 1) * (x + 1)) : x); }
UNARY(clamp) { return clamp(x, a, b); }
UNARY(leaky) { return x < 0 ? a * x : x; }
UNARY(relu_general) {
    const V below = a == 0 ? (x != x ? x : 0) : a * (x - b);
    const V y = x > b ? x : below;
    return y > c ? c : y;
}
UNARY(floor) { return __builtin_elementwise_floor(x); }
UNARY(ceil) { return __builtin_elementwise_ceil(x); }
UNARY(round) { return __builtin_elementwise_rint(x); }
UNARY(sign) { return x > 0 ? 1 : (x < 0 ? -1 : x); }
UNARY(affine) { return a * x + b; }

#pragma clang diagnostic pop
#undef UNARY

static void unary(kk_unary kind, const float *x, float *y, size_t n, float a, float b, float c) {
#define UNARY(name, meaning) \
    case kk_unary_##name: { \
        size_t i = 0; \
        for (; i + VL <= n; i += VL) store(y + i, u_##name(load(x + i), a, b, c)); \
        if (i < n) store_part(y + i, u_##name(load_part(x + i, n - i, 0), a, b, c), n - i); \
        break; \
    }
#define u_sin(x, a, b, c) x
#define u_cos(x, a, b, c) x
#define u_power(x, a, b, c) x
    switch (kind) {
    case kk_unary_sin: case kk_unary_cos: case kk_unary_power: kk_f32_unary(kind, x, y, n, a, b, c); return;
    default: break;
    }
    switch (kind) { KK_UNARY_KINDS(UNARY) }
#undef u_sin
#undef u_cos
#undef u_power
#undef UNARY
}
