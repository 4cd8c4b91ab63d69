// unary, binary, scale_shift.
#include "checks.h"
#include <float.h>

/// How exact a kind is: units in the last place of the result, or of the larger of result and argument where the formula
/// subtracts (Keras's own does, too). The figures of docs/KERNELS.md, rounded up; below `coarse` nothing is promised.
typedef struct {
    int stated;
    double ulps;
    int of_argument;
} unary_bound;

#define EXACT {1, 0, 0}
#define HALF {1, 0.5, 0}
#define GOOD {1, 1.5, 0}
#define FAIR {1, 2.5, 0}
#define TAIL {1, 6, 0}
#define OF_X {1, 2.5, 1}
static const unary_bound bounds[kk_unary_count] = {
    [kk_unary_copy] = EXACT, [kk_unary_negate] = EXACT, [kk_unary_abs] = EXACT, [kk_unary_square] = HALF,
    [kk_unary_sqrt] = HALF, [kk_unary_rsqrt] = FAIR, [kk_unary_reciprocal] = HALF, [kk_unary_exp] = GOOD,
    [kk_unary_expm1] = GOOD, [kk_unary_log] = GOOD, [kk_unary_log1p] = FAIR, [kk_unary_tanh] = FAIR,
    [kk_unary_sigmoid] = FAIR, [kk_unary_softplus] = FAIR, [kk_unary_softsign] = FAIR, [kk_unary_erf] = GOOD,
    [kk_unary_erfc] = TAIL, [kk_unary_gelu] = TAIL, [kk_unary_gelu_tanh] = OF_X, [kk_unary_elu] = FAIR, [kk_unary_selu] = FAIR,
    [kk_unary_celu] = FAIR, [kk_unary_silu] = OF_X, [kk_unary_mish] = OF_X, [kk_unary_hard_sigmoid] = OF_X,
    [kk_unary_hard_silu] = OF_X, [kk_unary_hard_tanh] = EXACT, [kk_unary_hard_shrink] = EXACT,
    [kk_unary_soft_shrink] = OF_X, [kk_unary_threshold] = EXACT, [kk_unary_tanh_shrink] = OF_X,
    [kk_unary_log_sigmoid] = FAIR, [kk_unary_squareplus] = OF_X, [kk_unary_sparse_sigmoid] = OF_X,
    [kk_unary_sparse_plus] = FAIR, [kk_unary_clamp] = EXACT, [kk_unary_leaky] = HALF, [kk_unary_relu_general] = OF_X,
    [kk_unary_floor] = EXACT, [kk_unary_ceil] = EXACT, [kk_unary_round] = EXACT, [kk_unary_sign] = EXACT,
    [kk_unary_sin] = GOOD, [kk_unary_cos] = GOOD, [kk_unary_affine] = OF_X, [kk_unary_power] = GOOD,
};

/// a, b, c that exercise a kind's parameters; exact in float, so that both precisions get the same numbers. The first set of
/// a kind is what the exactness table is measured with.
typedef struct {
    float a, b, c;
} parameters;
static size_t parameters_of(kk_unary kind, parameters sets[4]) {
    static const parameters general[] = {{0.25f, 0.5f, 6}, {0, 0, INFINITY}, {0, 1, 3}, {0.125f, 0, INFINITY}};
    static const parameters clamp[] = {{-0.75f, 1.5f, 0}, {0, INFINITY, 0}}, threshold[] = {{0.5f, -2, 0}},
                            line[] = {{0.1875f, 0.5f, 0}}, power[] = {{2, 0, 0}, {0.5f, 0, 0}, {-1.25f, 0, 0}},
                            four[] = {{4, 0, 0}}, slope[] = {{1, 0, 0}, {0.375f, 0, 0}}, affine[] = {{2.5f, -0.25f, 0}},
                            others[] = {{0.5f, 0, 0}};
#define SETS(list) return memcpy(sets, list, sizeof list), COUNT(list)
    switch (kind) {
    case kk_unary_relu_general: SETS(general);
    case kk_unary_clamp: SETS(clamp);
    case kk_unary_threshold: SETS(threshold);
    case kk_unary_hard_sigmoid: case kk_unary_hard_silu: SETS(line);
    case kk_unary_power: SETS(power);
    case kk_unary_squareplus: SETS(four);
    case kk_unary_elu: case kk_unary_celu: case kk_unary_leaky: SETS(slope);
    case kk_unary_affine: SETS(affine);
    default: SETS(others);
    }
#undef SETS
}

static const float special[] = {
    0, -0.0f, INFINITY, -INFINITY, NAN, 0x1p-149f, -0x1p-149f, FLT_MIN, 0x1p-140f, -0x1.8p-133f, FLT_MAX, -FLT_MAX, 1, -1, 0.5f,
    -0.5f, 1.5f, 2.5f, -2.5f, 88.72f, 88.73f, 88.8f, 89, 90, -87.3f, -87.4f, -88, -103, -103.9f, -104, -105, 128, 0.95f, -0.95f,
    0.499f, 0.501f, 0.707f, -0.708f, 9.19f, 9.2f, 10.05f, 10.06f, -5.5f, -13.0f, -14.2f, -14.5f, -14.6f, 9.01f, 9.02f, 3.92f, 4, 20, -20, 6, 3, -3,
};
enum { FINE = 2401, WIDE = 2001, EXPONENTS = 4 * 261, ARGUMENTS = COUNT(special) + FINE + WIDE + EXPONENTS };

static float *unary_arguments(kc_run *run) {
    float *x = kc_floats(run, ARGUMENTS), *at = x;
    const float *random = kc_random_between(run, EXPONENTS, 1, 1.999f);
    memcpy(at, special, sizeof special);
    at += COUNT(special);
    for (int step = -1200; step <= 1200; step++) *at++ = (float)step * 0.01f;
    for (int step = -1000; step <= 1000; step++) *at++ = (float)step * 0.117f;
    for (int i = 0; i < EXPONENTS; i++) *at++ = ldexpf(i & 1 ? -random[i] : random[i], i / 4 - 140);
    return x;
}

/// The distance in the bound's unit, and 0 where the formula itself leaves float's range.
static double unary_distance(kk_unary kind, unary_bound bound, float x, float got, double want) {
    if (kind == kk_unary_squareplus && fabsf(x) > 1e19f) return 0;
    if (kind == kk_unary_gelu_tanh && x < -1e12f) return 0;
    double unit = kc_ulp(want);
    // The last bit of the subnormals is coarse against the argument that made it.
    if (bound.of_argument) unit = fmax(fmax(unit, kc_ulp(x)), 0x1p-24);
    return kc_distance(got, want, unit);
}

static void unary_kind(kc_run *run, kk_unary kind) {
    const unary_bound bound = bounds[kind];
    parameters sets[4];
    const size_t count = parameters_of(kind, sets);
    kc_case(run, "unary %s", kk_unary_name(kind));
    if (!bound.stated) kc_fail(run, "how exact it is, is not stated");
    for (size_t s = 0; s < count; s++) {
        const parameters p = sets[s];
        kc_case(run, "unary %s with %g, %g, %g", kk_unary_name(kind), (double)p.a, (double)p.b, (double)p.c);
        const float *x = unary_arguments(run);
        float *y = kc_floats(run, ARGUMENTS);
        double *want = kc_doubles(run, ARGUMENTS);
        kc_table(run)->unary(kind, x, y, ARGUMENTS, p.a, p.b, p.c);
        kc_meaning()->unary(kind, kc_wide(run, x, ARGUMENTS), want, ARGUMENTS, p.a, p.b, p.c);
        for (size_t i = 0; i < ARGUMENTS; i++) {
            const double off = unary_distance(kind, bound, x[i], y[i], want[i]);
            if (off <= bound.ulps + 0.001) continue;
            kc_fail(run, "of %.9g is %.9g, not %.9g: %g ulp", (double)x[i], (double)y[i], want[i], off);
            break;
        }
    }
    // The same bits at every place, and in place.
    enum { N = 71 };
    const parameters p = sets[0];
    for (size_t start = 0; start < 18; start++)
        EACH(n, 1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 33, N - start) {
            kc_case(run, "unary %s from %zu, %zu of them", kk_unary_name(kind), start, n);
            float *x = kc_floats(run, N), *whole = kc_floats(run, N);
            for (size_t i = 0; i < N; i++) x[i] = (float)((int)(i * 37 % 71) - 35) * 0.2568f;
            x[67] = NAN, x[68] = INFINITY, x[69] = -INFINITY, x[70] = -0.0f;
            kc_table(run)->unary(kind, x, whole, N, p.a, p.b, p.c);
            float *part = kc_copy(run, x + start, n);
            kc_table(run)->unary(kind, part, part, n, p.a, p.b, p.c);
            kc_same(run, part, whole + start, n, "another place, other bits");
        }
}

CHECK(unary) {
    for (int kind = 0; kind < kk_unary_count; kind++) unary_kind(run, (kk_unary)kind);
}

void kc_print_exactness(const kk_table_f32 *table) {
    enum { CHUNK = 4096 };
    static float x[CHUNK], y[CHUNK];
    static double wide[CHUNK], want[CHUNK];
    for (int kind = 0; kind < kk_unary_count; kind++) {
        parameters p[4];
        parameters_of((kk_unary)kind, p);
        double worst = 0;
        float at = 0;
        for (uint64_t bits = 0; bits < (uint64_t)1 << 32;) {
            size_t n = 0;
            for (; n < CHUNK && bits < (uint64_t)1 << 32; n++, bits += 1009) {
                const uint32_t low = (uint32_t)bits;
                memcpy(x + n, &low, sizeof low);
                wide[n] = x[n];
            }
            table->unary((kk_unary)kind, x, y, n, p->a, p->b, p->c);
            kc_meaning()->unary((kk_unary)kind, wide, want, n, p->a, p->b, p->c);
            for (size_t i = 0; i < n; i++) {
                const double off = unary_distance((kk_unary)kind, bounds[kind], x[i], y[i], want[i]);
                if (off > worst) worst = off, at = x[i];
            }
        }
        printf("%-15s %5.2f%s at %.9g\n", kk_unary_name((kk_unary)kind), worst, bounds[kind].of_argument ? " of x" : "", (double)at);
        fflush(stdout);
    }
}

CHECK(binary) {
    static const float values[] = {0, -0.0f, 1, -1, INFINITY, -INFINITY, NAN, 2};
    for (int kind = 0; kind < kk_binary_count; kind++)
        EACH(n, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 33, 100)
            for (int steps = 0; steps < 4; steps++) {
                const size_t a_step = steps & 1, b_step = steps >> 1, a_count = a_step ? n : 1, b_count = b_step ? n : 1;
                kc_case(run, "binary %s n %zu steps %zu %zu", kk_binary_name((kk_binary)kind), n, a_step, b_step);
                float *a = kc_random_between(run, n, 0, 4), *b = kc_random(run, n);
                // Every special value meets every other somewhere in the longest.
                for (size_t i = 0; i < n && i < 64; i++) a[i] = values[i % 8], b[i] = values[i / 8];
                if (!a_step) a += n - 1;
                if (!b_step) b += n - 1;
                float *out = kc_floats(run, n);
                double *want = kc_doubles(run, n);
                kc_table(run)->binary((kk_binary)kind, a, a_step, b, b_step, out, n);
                kc_meaning()->binary((kk_binary)kind, kc_wide(run, a, a_count), a_step, kc_wide(run, b, b_count), b_step, want, n);
                kc_close(run, out, want, n, 0, 0x1p-22);
                if (!a_step) continue;
                float *place = kc_copy(run, a, n);
                kc_table(run)->binary((kk_binary)kind, place, 1, b, b_step, place, n);
                kc_same(run, place, out, n, "in place, other bits");
            }
    EACH(kind, kk_binary_maximum, kk_binary_minimum) {
        kc_case(run, "binary %s and NaN", kk_binary_name((kk_binary)kind));
        float out[3];
        kc_table(run)->binary((kk_binary)kind, (float[]){NAN, 1, 2}, 1, (float[]){1, NAN, 3}, 1, out, 3);
        if (!isnan(out[0]) || !isnan(out[1]) || out[2] != (kind == kk_binary_maximum ? 3 : 2)) kc_fail(run, "NaN got lost");
    }
}

CHECK(scale_shift) {
    EACH(n, 1, 3, 4, 7, 8, 16, 17, 31, 32, 33, 40, 64, 67, 130)
        EACH(rows, 1, 2, 5, 9, 50) {
            kc_case(run, "scale_shift %zu of %zu", rows, n);
            const float *x = kc_random(run, rows * n), *scale = kc_random(run, n), *shift = kc_random(run, n);
            float *y = kc_floats(run, rows * n);
            double *want = kc_doubles(run, rows * n);
            kc_table(run)->scale_shift(x, rows, n, scale, shift, -0.25f, 0.5f, y);
            kc_meaning()->scale_shift(kc_wide(run, x, rows * n), rows, n, kc_wide(run, scale, n), kc_wide(run, shift, n), -0.25,
                                      0.5, want);
            kc_close(run, y, want, rows * n, 1, 0x1p-22);
            float *last = kc_copy(run, x + (rows - 1) * n, n);
            kc_table(run)->scale_shift(last, 1, n, scale, shift, -0.25f, 0.5f, last);
            kc_same(run, last, y + (rows - 1) * n, n, "a row alone and in place, other bits");
        }
}
