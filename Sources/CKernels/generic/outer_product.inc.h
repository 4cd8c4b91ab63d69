// The gradient of a product's weights: every row of A times its row of dy, added up.

void FN(outer_product)(size_t m, size_t n, const REAL *const *rows, size_t taps, const ptrdiff_t *tap_offsets,
                       size_t tap_length, const REAL *dy, size_t dy_stride, REAL *dw) {
    for (size_t i = 0; i < m; i++, dy += dy_stride)
        for (size_t t = 0; t < taps; t++) {
            const REAL *a = rows[i] + tap_offsets[t];
            for (size_t k = 0; k < tap_length; k++)
                for (size_t j = 0; j < n; j++) dw[(t * tap_length + k) * n + j] += a[k] * dy[j];
        }
}
