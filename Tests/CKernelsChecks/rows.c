// Softmax, normalisation, reductions.
#include "checks.h"

#define LENGTHS 1, 2, 3, 5, 7, 8, 9, 10, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 130, 1000

static void softmax(kc_run *run, int logarithm) {
    const kk_table_f32 *f = kc_table(run);
    const char *name = logarithm ? "log_softmax" : "softmax";
    __typeof__(f->softmax) kernel = logarithm ? f->log_softmax : f->softmax;
    __typeof__(kc_meaning()->softmax) meaning = logarithm ? kc_meaning()->log_softmax : kc_meaning()->softmax;
    EACH(n, LENGTHS)
        EACH(rows, 1, 2, 3, 4, 5, 8, 15, 16, 17, 35) {
            kc_case(run, "%s %zu of %zu", name, rows, n);
            const float *x = kc_random_between(run, rows * n, -30, 30);
            float *y = kc_floats(run, rows * n);
            double *want = kc_doubles(run, rows * n);
            kernel(x, y, rows, n);
            meaning(kc_wide(run, x, rows * n), want, rows, n);
            kc_close(run, y, want, rows * n, logarithm ? 60 : 0, 4e-6);
            // A row's bits do not depend on its neighbours, nor on being done in place.
            for (size_t r = 0; r < rows; r += rows - 1 ? rows - 1 : 1) {
                float alone[1000];
                memcpy(alone, x + r * n, n * sizeof(float));
                kernel(alone, alone, 1, n);
                kc_same(run, alone, y + r * n, n, "a row alone, other bits");
            }
            float *place = kc_copy(run, x, rows * n);
            kernel(place, place, rows, n);
            kc_same(run, place, y, rows * n, "in place, other bits");
        }
    EACH(n, 3, 16, 60) {
        float *x = (kc_case(run, "%s of infinities, n %zu", name, n), kc_floats(run, n)), *y = kc_floats(run, n);
        for (size_t i = 0; i < n; i++) x[i] = i == 1 ? 1000 : -INFINITY;
        kernel(x, y, 1, n);
        for (size_t i = 0; i < n; i++)
            if (y[i] != (logarithm ? (i == 1 ? 0 : -INFINITY) : i == 1)) kc_fail(run, "[%zu] is %g", i, (double)y[i]);
        for (int all = 0; all < 2; all++) {
            x[2] = NAN;
            for (size_t i = 0; all && i < n; i++) x[i] = INFINITY;
            kernel(x, y, 1, n);
            for (size_t i = 0; i < n; i++)
                if (!isnan(y[i])) kc_fail(run, "[%zu] is %g, not NaN", i, (double)y[i]);
        }
    }
}
CHECK(softmax) { softmax(run, 0); }
CHECK(log_softmax) { softmax(run, 1); }

CHECK(normalize_rows) {
    EACH(n, LENGTHS)
        EACH(affine, 0, 1, 2, 3) {
            kc_case(run, "normalize_rows 3 of %zu, affine %zu", n, affine);
            const float *x = kc_random_between(run, 3 * n, 4, 6);
            const float *gamma = affine & 1 ? kc_random(run, n) : NULL, *beta = affine & 2 ? kc_random(run, n) : NULL;
            float *y = kc_floats(run, 3 * n);
            double *want = kc_doubles(run, 3 * n);
            kc_table(run)->normalize_rows(x, 3, n, 1e-3f, gamma, beta, y);
            kc_meaning()->normalize_rows(kc_wide(run, x, 3 * n), 3, n, 1e-3f, gamma ? kc_wide(run, gamma, n) : NULL,
                                         beta ? kc_wide(run, beta, n) : NULL, want);
            // The mean of numbers around 5 is exact to about 5e-7, divided by a deviation of at least 0.03.
            kc_close(run, y, want, 3 * n, 1, 2e-5);
            float *last = kc_copy(run, x + 2 * n, n);
            kc_table(run)->normalize_rows(last, 1, n, 1e-3f, gamma, beta, last);
            kc_same(run, last, y + 2 * n, n, "a row alone and in place, other bits");
        }
}

static void reduce(kc_run *run, int columns) {
    const kk_table_f32 *f = kc_table(run);
    __typeof__(f->reduce_rows) kernel = columns ? f->reduce_columns : f->reduce_rows;
    __typeof__(kc_meaning()->reduce_rows) meaning = columns ? kc_meaning()->reduce_columns : kc_meaning()->reduce_rows;
    const char *name = columns ? "reduce_columns" : "reduce_rows";
    for (int k = 0; k < kk_reduce_count; k++)
        EACH(n, LENGTHS)
            EACH(rows, 1, 2, 5, 49, 300) {
                if (rows * n >= 20000) continue;
                const kk_reduce kind = (kk_reduce)k;
                const size_t count = columns ? n : rows, summed = columns ? rows : n;
                const int product = kind == kk_reduce_product;
                kc_case(run, "%s %s of %zu by %zu", name, kk_reduce_name(kind), rows, n);
                const float *x = product ? kc_random_between(run, rows * n, 0.9f, 1.1f) : kc_random(run, rows * n);
                float *y = kc_floats(run, count);
                double *want = kc_doubles(run, count);
                kernel(kind, x, rows, n, y);
                meaning(kind, kc_wide(run, x, rows * n), rows, n, want);
                kc_close(run, y, want, count, product ? 0 : kind == kk_reduce_mean ? 1 : sqrt((double)summed),
                         product ? (double)summed * 0x1p-24 : 1e-6);
            }
    // A plain chain of a million tenths is off by 1 %.
    kc_case(run, "%s of a million tenths", name);
    enum { MILLION = 1000000 };
    float *tenths = kc_floats(run, MILLION), sum = 0;
    for (size_t i = 0; i < MILLION; i++) tenths[i] = 0.1f;
    kernel(kk_reduce_sum, tenths, columns ? MILLION : 1, columns ? 1 : MILLION, &sum);
    kc_close(run, &sum, &(double){(double)0.1f * MILLION}, 1, 0, 1e-4);
    EACH(kind, kk_reduce_max, kk_reduce_min)
        EACH(n, 1, 5, 16, 70, 300)
            EACH(place, 0, n / 2, n - 1) {
                kc_case(run, "%s %s of %zu with NaN at %zu", name, kk_reduce_name((kk_reduce)kind), n, place);
                float *x = kc_floats(run, n), y;
                x[place] = NAN;
                kernel((kk_reduce)kind, x, columns ? n : 1, columns ? 1 : n, &y);
                if (!isnan(y)) kc_fail(run, "is %g, not NaN", (double)y);
            }
}
CHECK(reduce_rows) { reduce(run, 0); }
CHECK(reduce_columns) {
    reduce(run, 1);
    // A column's bits do not depend on how many stand beside it.
    EACH(rows, 3, 49, 300)
        EACH(n, 17, 67) {
            kc_case(run, "reduce_columns: cuts of %zu by %zu", rows, n);
            const float *x = kc_random(run, rows * n);
            float *whole = kc_floats(run, n), *part = kc_floats(run, 2 * rows), cut[2];
            kc_table(run)->reduce_columns(kk_reduce_sum, x, rows, n, whole);
            for (size_t j = 0; j + 2 <= n; j++) {
                for (size_t r = 0; r < rows; r++) memcpy(part + 2 * r, x + r * n + j, 2 * sizeof(float));
                kc_table(run)->reduce_columns(kk_reduce_sum, part, rows, 2, cut);
                kc_same(run, cut, whole + j, 2, "two columns alone, other bits");
            }
        }
}
