// Elementary functions on vectors. The polynomials are near-minimax fits made for this file; the measured errors
// stand in docs/KERNELS.md. Ends are part of the function: overflow to infinity, gradual underflow, NaN stays NaN
// (every clamp is a comparison that NaN fails).

#define LN2_HI 0.693359375f // few bits: times an exponent it is exact, with or without FMA
#define LN2_LO -2.12194440e-4f
#define LOG2_E 1.44269504088896341f
#define ROUNDING_BIAS 12582912.0f // 1.5 * 2^23: adding it leaves the rounded integer in the low bits

// x = n*ln(2) + r, and q with exp(r) - 1 = r + r*r*q.
typedef struct {
    VI n;
    V r, q;
} exp_parts;

INLINE exp_parts exp_split(V x) {
    const V biased = x * LOG2_E + ROUNDING_BIAS;
    const V n = biased - ROUNDING_BIAS;
    V r = x - n * LN2_HI;
    r = r - n * LN2_LO;
    V q = 1.98458758e-4f;
    q = q * r + 1.39406172e-3f;
    q = q * r + 8.33338965e-3f;
    q = q * r + 4.16663624e-2f;
    q = q * r + 1.66666657e-1f;
    q = q * r + 0.5f;
    return (exp_parts){(VI)biased - (VI)(V)ROUNDING_BIAS, r, q};
}

INLINE V power_of_two(VI n) { return (V)((n + 127) << 23); }

INLINE V exp_v(V x) {
    x = clamp(x, -104, 89); // beyond, the result is 0 or infinity already
    const exp_parts e = exp_split(x);
    const V p = e.r * e.r * e.q + e.r + 1;
    // In two steps: 2^128 and 2^-149 are no normal numbers, the result may be one.
    const VI half = e.n >> 1;
    return p * power_of_two(half) * power_of_two(e.n - half);
}

INLINE V expm1_v(V x) {
    V bounded = clamp(x, -20, 89);
    const exp_parts e = exp_split(bounded);
    const V p = e.r * e.r * e.q + e.r;
    const V s = power_of_two(e.n - 1); // half, since 2^128 does not exist
    const V y = 2 * (s * p + (s - 0.5f));
    return absolute(x) < 1e-4f ? x + 0.5f * x * x : y;
}

INLINE V log_v(V x) {
    const VI tiny = x < 1.17549435e-38f; // subnormal: scale into the normal range
    const V scaled = tiny ? x * 8388608.0f : x;
    const VI bits = (VI)scaled - 0x3f3504f3; // of sqrt(1/2)
    const V f = (V)((bits & 0x007fffff) + 0x3f3504f3) - 1;
    const V e = __builtin_convertvector(bits >> 23, V) - (tiny ? (V)23.0f : (V)0.0f);
    V g = -7.63442963e-2f;
    g = g * f + 1.27615497e-1f;
    g = g * f - 1.31601945e-1f;
    g = g * f + 1.42017618e-1f;
    g = g * f - 1.66233569e-1f;
    g = g * f + 2.00012267e-1f;
    g = g * f - 2.50008225e-1f;
    g = g * f + 3.33333313e-1f;
    const V ff = f * f;
    V y = g * f * ff + e * LN2_LO;
    y = y - 0.5f * ff;
    y = f + y;
    y = y + e * LN2_HI;
    y = x == 0 ? -(V)INFINITY : y;
    y = x < 0 ? (V)NAN : y;
    return x < INFINITY ? y : x; // infinity and NaN are their own logarithms
}

INLINE V log1p_v(V x) {
    const V u = 1 + x;
    // What rounding took from u, given back to first order; at u = 0 and infinity there is nothing to give.
    const V lost = (x - (u - 1)) / u;
    const V y = log_v(u);
    return (absolute(y) < INFINITY) ? y + lost : y;
}

INLINE V tanh_v(V x) {
    V t = absolute(x);
    t = t > 10 ? 10 : t; // 1 in float from 9.02 on
    const V e = expm1_v(t + t);
    return with_sign_of(e / (e + 2), x);
}

INLINE V sigmoid_v(V x) {
    const V e = exp_v(-absolute(x));
    return (x < 0 ? e : 1) / (1 + e);
}

INLINE V softplus_v(V x) { return (x < 0 ? 0 : x) + log1p_v(exp_v(-absolute(x))); }

INLINE V erf_v(V x) {
    V t = absolute(x);
    t = t > 4 ? 4 : t; // 1 in float from 3.92 on
    const V s = t * t;
    V small = 8.18509070e-5f;
    small = small * s - 8.09770252e-4f;
    small = small * s + 5.19695180e-3f;
    small = small * s - 2.68577058e-2f;
    small = small * s + 1.12836637e-1f;
    small = small * s - 3.76126319e-1f;
    small = small * s + 1.28379166e-1f;
    small = small * t + t;
    V log_rest = 1.98220703e-4f; // log(1 - erf(t))
    log_rest = log_rest * t - 3.06549971e-3f;
    log_rest = log_rest * t + 2.23152488e-2f;
    log_rest = log_rest * t - 1.04113743e-1f;
    log_rest = log_rest * t - 6.36976004e-1f;
    log_rest = log_rest * t - 1.12779725f;
    log_rest = log_rest * t - 1.66439087e-4f;
    const V large = 1 - exp_v(log_rest);
    return with_sign_of(t < 0.95f ? small : large, x);
}
