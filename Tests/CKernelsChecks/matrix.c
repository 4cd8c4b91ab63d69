// Products over row pointers: pack, gemm, outer_product.
#include "checks.h"

/// `m` rows of `taps` runs of `length` over `n` columns; rows overlap as windows do.
typedef struct {
    size_t m, n, taps, length, k;
    ptrdiff_t offsets[3];
    const float *input, *rows[160];
    const double *wide, *wide_rows[160];
} product;

static product make_product(kc_run *run, const char *kernel, size_t m, size_t n, size_t taps, size_t length) {
    product p = {.m = m, .n = n, .taps = taps, .length = length, .k = taps * length};
    kc_case(run, "%s m %zu n %zu taps %zu length %zu", kernel, m, n, taps, length);
    for (size_t t = 0; t < taps; t++) p.offsets[t] = (ptrdiff_t)(t * (length + 2));
    const size_t step = length, size = (m - 1) * step + (taps ? (size_t)p.offsets[taps - 1] : 0) + length;
    p.input = kc_random(run, size);
    p.wide = kc_wide(run, p.input, size);
    for (size_t i = 0; i < m; i++) p.rows[i] = p.input + i * step, p.wide_rows[i] = p.wide + i * step;
    return p;
}

CHECK(packed_size) {
    const kk_table_f32 *f = kc_table(run);
    EACH(k, 0, 1, 5, 48)
        EACH(n, 1, 7, f->nr, f->nr + 1, 3 * f->nr) {
            kc_case(run, "packed_size k %zu n %zu", k, n);
            if (f->packed_size(k, n) != (n + f->nr - 1) / f->nr * f->nr * k) kc_fail(run, "is %zu", f->packed_size(k, n));
        }
}

CHECK(pack) {
    const kk_table_f32 *f = kc_table(run);
    EACH(k, 1, 2, 5, 48)
        EACH(n, 1, 3, 7, 8, 10, 16, 17, 31, 32, 33, 65)
            EACH(transposed, 0, 1) {
                kc_case(run, "pack k %zu n %zu transposed %zu", k, n, transposed);
                const float *b = kc_random(run, k * n);
                const size_t row_stride = transposed ? 1 : n, column_stride = transposed ? k : 1, size = f->packed_size(k, n);
                float *packed = kc_floats(run, size), *want = kc_floats(run, size);
                f->pack(k, n, b, (ptrdiff_t)row_stride, (ptrdiff_t)column_stride, packed);
                for (size_t s = 0; s < size; s++) {
                    const size_t i = s / f->nr % k, j = s / f->nr / k * f->nr + s % f->nr;
                    want[s] = j < n ? b[i * row_stride + j * column_stride] : 0;
                }
                kc_same(run, packed, want, size, "not where it belongs");
            }
}

static void gemm_case(kc_run *run, size_t m, size_t n, size_t taps, size_t length) {
    const kk_table_f32 *f = kc_table(run);
    const kk_table_f64 *d = kc_meaning();
    // Every part of the epilogue, with and without. The pool takes its rows four by four.
    static const struct {
        int bias, addend;
        float low, high;
        size_t pool;
    } ways[] = {{1, 0, 0, INFINITY, 1}, {0, 0, -INFINITY, INFINITY, 1}, {1, 1, -0.5f, 0.5f, 1}, {0, 1, 0, INFINITY, 1}, {1, 0, 0, 6, 4}};
    for (size_t way = 0; way < COUNT(ways); way++) {
        const size_t pool = ways[way].pool, stride = n + 3, results = m / pool, size = (results - 1) * stride + n;
        if (m % pool) continue;
        product p = make_product(run, "gemm", m, n, taps, length);
        if (way == 3 && p.k) ((float *)p.input)[0] = NAN, ((double *)p.wide)[0] = NAN;
        const size_t apart = way == 2 ? n + 5 : 0, added = (m - 1) * (apart ? apart : stride) + n; // the addend's rows
        const float *b = kc_random(run, p.k * n), *bias = kc_random(run, n), *addend = kc_random(run, added);
        const double *wide_b = kc_wide(run, b, p.k * n), *wide_bias = kc_wide(run, bias, n), *wide_addend = kc_wide(run, addend, added);
        float *packed = kc_floats(run, f->packed_size(p.k, n)), *out = kc_floats(run, size), *cut = kc_floats(run, size);
        double *wide_packed = kc_doubles(run, d->packed_size(p.k, n));
        double *want = kc_doubles(run, size); // full of 777 as well: what lies between the rows
        f->pack(p.k, n, b, (ptrdiff_t)n, 1, packed);
        d->pack(p.k, n, wide_b, (ptrdiff_t)n, 1, wide_packed);
        kk_epilogue_f32 epilogue = {ways[way].bias ? bias : NULL, ways[way].addend ? addend : NULL, apart, ways[way].low, ways[way].high, pool};
        const kk_epilogue_f64 wide = {ways[way].bias ? wide_bias : NULL, ways[way].addend ? wide_addend : NULL, apart, ways[way].low,
                                      ways[way].high, pool};
        f->gemm(m, n, p.rows, taps, p.offsets, length, packed, &epilogue, out, stride);
        d->gemm(m, n, p.wide_rows, taps, p.offsets, length, wide_packed, &wide, want, stride);
        // Sums of k products of numbers below 1: what chains of them were seen to be off by stays below 0.6 k * 2^-24.
        kc_close(run, out, want, size, 1, (0.6 * (double)p.k + 12) * 0x1p-24);
        for (size_t i = 0; i < m;) { // rows in pieces of 1, 2, 3, ... : the same bits
            size_t rows = (way + 1 + i / 2) * pool;
            if (rows > m - i) rows = m - i;
            if (ways[way].addend) epilogue.addend = addend + i * (apart ? apart : stride);
            f->gemm(rows, n, p.rows + i, taps, p.offsets, length, packed, &epilogue, cut + i / pool * stride, stride);
            i += rows;
        }
        kc_same(run, cut, out, size, "rows cut, other bits");
        if (pool == 1) continue;
        float *all = kc_floats(run, (m - 1) * stride + n); // the largest of what comes without a pool, to the bit
        epilogue.pool = 1;
        f->gemm(m, n, p.rows, taps, p.offsets, length, packed, &epilogue, all, stride);
        for (size_t i = 0; i < results; i++)
            for (size_t j = 0; j < n; j++) {
                float *cell = all + i * pool * stride + j, largest = cell[0];
                for (size_t q = 1; q < pool; q++) largest = fmaxf(largest, cell[q * stride]);
                cut[i * stride + j] = largest;
            }
        kc_same(run, out, cut, size, "not the largest");
    }
}

CHECK(gemm) {
    EACH(m, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 20, 23, 24, 25, 97, 100)
        EACH(n, 1, 3, 4, 5, 8, 9, 10, 13, 15, 16, 17, 31, 32, 33, 64, 65)
            gemm_case(run, m, n, 1 + (m + n) % 3, 1 + (m * 7 + n) % 9);
    gemm_case(run, 1, 200, 1, 70);
    gemm_case(run, 2, 131, 1, 70);
    gemm_case(run, 30, 32, 3, 3);
    gemm_case(run, 29, 37, 3, 3);
    gemm_case(run, 150, 40, 3, 96);
    gemm_case(run, 100, 33, 1, 1500);
    gemm_case(run, 3, 5, 0, 4);
    gemm_case(run, 3, 5, 2, 0);
}

static void gemm_line_case(kc_run *run, size_t m, size_t n, size_t step, size_t taps, size_t length, size_t pool, int has_addend) {
    const kk_table_f32 *f = kc_table(run);
    const kk_table_f64 *d = kc_meaning();
    kc_case(run, "gemm_line m %zu n %zu step %zu taps %zu length %zu pool %zu", m, n, step, taps, length, pool);
    const size_t columns = pool == 4 ? m / 2 : m, line = (columns - 1) * step + length, k = taps * length, stride = n + 3;
    const size_t lines = taps + (pool == 4), results = m / pool, size = (results - 1) * stride + n;
    const float *x = kc_random(run, lines * line), *b = kc_random(run, k * n), *bias = kc_random(run, n), *addend = kc_random(run, size);
    const double *wide_x = kc_wide(run, x, lines * line);
    ptrdiff_t offsets[4];
    for (size_t t = 0; t < taps; t++) offsets[t] = (ptrdiff_t)(t * line);
    float *packed = kc_floats(run, f->packed_size(k, n)), *out = kc_floats(run, size), *other = kc_floats(run, size);
    double *wide_packed = kc_doubles(run, d->packed_size(k, n)), *want = kc_doubles(run, size);
    f->pack(k, n, b, (ptrdiff_t)n, 1, packed);
    d->pack(k, n, kc_wide(run, b, k * n), (ptrdiff_t)n, 1, wide_packed);
    const kk_epilogue_f32 epilogue = {bias, has_addend ? addend : NULL, 0, -0.5f, has_addend ? INFINITY : 1, pool};
    const kk_epilogue_f64 wide = {kc_wide(run, bias, n), has_addend ? kc_wide(run, addend, size) : NULL, 0, -0.5, has_addend ? INFINITY : 1, pool};
    f->gemm_line(m, n, x, (ptrdiff_t)step, (ptrdiff_t)line, taps, offsets, length, packed, &epilogue, out, stride);
    d->gemm_line(m, n, wide_x, (ptrdiff_t)step, (ptrdiff_t)line, taps, offsets, length, wide_packed, &wide, want, stride);
    kc_close(run, out, want, size, 1, (0.6 * (double)k + 12) * 0x1p-24);
    const float *rows[160]; // what stands where, said by row pointers: the same bits
    for (size_t i = 0; i < m; i++) rows[i] = x + (pool == 4 ? (i / 4 * 2 + i % 2) * step + i / 2 % 2 * line : i * step);
    f->gemm(m, n, rows, taps, offsets, length, packed, &epilogue, other, stride);
    if (k < 128) kc_same(run, out, other, size, "not gemm's bits");
}

CHECK(gemm_line) {
    EACH(m, 1, 2, 3, 4, 5, 7, 11, 12, 13, 26, 28, 36)
        EACH(n, 1, 5, 8, 15, 16, 17, 32, 33, 48, 65)
            EACH(step, 1, 2, 3, 4, 6) gemm_line_case(run, m, n, step, 1 + (m + n) % 3, 1 + (m * 7 + n + step) % 9, 1, n % 2);
    EACH(m, 4, 8, 12, 24, 52)
        EACH(n, 1, 8, 16, 17, 32, 65)
            EACH(step, 1, 2, 3) gemm_line_case(run, m, n, step, 1 + (m + n) % 3, 3 * step, 4, 0);
    gemm_line_case(run, 30, 40, 3, 4, 50, 1, 0);
}

CHECK(outer_product) {
    const kk_table_f32 *f = kc_table(run);
    EACH(m, 1, 2, 5, 9, 150)
        EACH(n, 1, 3, 4, 5, 8, 10, 15, 16, 17, 31, 32, 33, 48, 65)
            EACH(length, 1, 3, 6, 9, 12, 13, 29) {
                const size_t taps = 1 + (m + n + length) % 3, stride = n + 3;
                product p = make_product(run, "outer_product", m, n, taps, length);
                const float *dy = kc_random(run, (m - 1) * stride + n), *before = kc_random(run, p.k * n);
                const double *wide_dy = kc_wide(run, dy, (m - 1) * stride + n);
                float *dw = kc_copy(run, before, p.k * n), *cut = kc_copy(run, before, p.k * n);
                double *want = kc_doubles(run, p.k * n);
                for (size_t i = 0; i < p.k * n; i++) want[i] = before[i];
                f->outer_product(m, n, p.rows, taps, p.offsets, length, dy, stride, dw);
                kc_meaning()->outer_product(m, n, p.wide_rows, taps, p.offsets, length, wide_dy, stride, want);
                kc_close(run, dw, want, p.k * n, 1, ((double)m / 2 + 12) * 0x1p-24);
                // m in two calls, and the first tap by itself: the same bits.
                const size_t half = m / 2;
                f->outer_product(half, n, p.rows, taps, p.offsets, length, dy, stride, cut);
                f->outer_product(m - half, n, p.rows + half, 1, p.offsets, length, dy + half * stride, stride, cut);
                f->outer_product(m - half, n, p.rows + half, taps - 1, p.offsets + 1, length, dy + half * stride, stride,
                                 cut + length * n);
                kc_same(run, cut, dw, p.k * n, "m and k cut, other bits");
                if (n < 2) continue;
                // Columns apart: they lie apart in dw too, so copied together.
                float *left = kc_floats(run, p.k), *right = kc_floats(run, p.k * (n - 1)), *joined = kc_floats(run, p.k * n);
                for (size_t i = 0; i < p.k; i++) {
                    left[i] = before[i * n];
                    memcpy(right + i * (n - 1), before + i * n + 1, (n - 1) * sizeof(float));
                }
                f->outer_product(m, 1, p.rows, taps, p.offsets, length, dy, stride, left);
                f->outer_product(m, n - 1, p.rows, taps, p.offsets, length, dy + 1, stride, right);
                for (size_t i = 0; i < p.k; i++) {
                    joined[i * n] = left[i];
                    memcpy(joined + i * n + 1, right + i * (n - 1), (n - 1) * sizeof(float));
                }
                kc_same(run, joined, dw, p.k * n, "n cut, other bits");
            }
    // More rows than pass a block at once.
    enum { MANY = 1100, LENGTH = 5, N = 20 };
    kc_case(run, "outer_product m %d", MANY);
    const float *a = kc_random(run, MANY + LENGTH), *dy = kc_random(run, MANY * N);
    const double *wide = kc_wide(run, a, MANY + LENGTH);
    const float *rows[MANY];
    const double *wide_rows[MANY];
    for (size_t i = 0; i < MANY; i++) rows[i] = a + i, wide_rows[i] = wide + i;
    float dw[LENGTH * N] = {0};
    double want[LENGTH * N] = {0};
    f->outer_product(MANY, N, rows, 1, (ptrdiff_t[]){0}, LENGTH, dy, N, dw);
    kc_meaning()->outer_product(MANY, N, wide_rows, 1, (ptrdiff_t[]){0}, LENGTH, kc_wide(run, dy, MANY * N), N, want);
    kc_close(run, dw, want, LENGTH * N, 1, MANY * 0x1p-25);
}
