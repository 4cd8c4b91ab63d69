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

// exp(-scale*x*x), scale a power of two. A rounding of the square would count as many times as the square is large: that of x's
// upper half is exact, and the rest is small.
INLINE V bell_v(V x, float scale) {
    const V high = (V)((VI)x + 2048 & -4096);
    const V rest = -scale * ((x - high) * (x + high));
    return exp_v(-scale * high * high) * (1 + rest * (1 + rest * (0.5f + rest * 0.166666667f)));
}

// erf(t) for t up to 0.95.
INLINE V erf_small(V t) {
    const V s = t * t;
    V y = 8.18509070e-5f;
    y = y * s - 8.09770252e-4f;
    y = y * s + 5.19695180e-3f;
    y = y * s - 2.68577058e-2f;
    y = y * s + 1.12836637e-1f;
    y = y * s - 3.76126319e-1f;
    y = y * s + 1.28379166e-1f;
    return y * t + t;
}

// erfc(t)*exp(t*t) for t from 0.5 to 10.3, beyond which erfc is 0 in float.
INLINE V erfc_scaled(V t) {
    const V w = 1 / (1 + 0.5f * t);
    V y = -6.09768182e-2f;
    y = y * w + 2.95274913e-1f;
    y = y * w - 5.10430276e-1f;
    y = y * w + 3.04405153e-1f;
    y = y * w - 4.39171381e-2f;
    y = y * w + 2.09458947e-1f;
    y = y * w + 2.41554737e-1f;
    y = y * w + 2.82564729e-1f;
    y = y * w + 2.82076925e-1f;
    return y * w;
}

INLINE V erf_v(V x) {
    V t = absolute(x);
    t = t > 4 ? 4 : t; // 1 in float from 3.92 on
    const V large = 1 - bell_v(t, 1) * erfc_scaled(t);
    return with_sign_of(t < 0.95f ? erf_small(t) : large, x);
}

INLINE V erfc_v(V x) {
    V t = absolute(x);
    t = t > 10.3f ? 10.3f : t;
    const V y = t < 0.5f ? 1 - erf_small(t) : bell_v(t, 1) * erfc_scaled(t);
    return x < 0 ? 2 - y : y;
}

// x/2 * erfc(-x/sqrt(2)), not 1 + erf, of which nothing is left on the far side of 0.
INLINE V gelu_v(V x) {
    V bounded = absolute(x);
    bounded = bounded > 14.5f ? 14.5f : bounded;
    const V t = bounded * 0.70710678118654752440f, half = 0.5f * x;
    const V bell = bell_v(bounded, 0.5f), scaled = erfc_scaled(t), small = erf_small(t);
    const V near = half * (1 + with_sign_of(small, x));
    // Without the half first, the bell's last bits among the subnormals would be x times as coarse.
    return t < 0.5f ? near : (x < 0 ? bell * (half * scaled) : half * (2 - bell * scaled));
}
