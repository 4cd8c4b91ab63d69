// Matrix product over row pointers: each row of A is `taps` runs of `tap_length` numbers, which is what a
// convolution's window is in memory, so nothing has to be copied out first.

size_t FN(packed_size)(size_t k, size_t n) { return (n + NR - 1) / NR * NR * k; }

void FN(pack)(size_t k, size_t n, const REAL *b, ptrdiff_t row_stride, ptrdiff_t col_stride, REAL *packed) {
    for (size_t j0 = 0; j0 < n; j0 += NR)
        for (size_t i = 0; i < k; i++)
            for (size_t j = j0; j < j0 + NR; j++)
                *packed++ = j < n ? b[(ptrdiff_t)i * row_stride + (ptrdiff_t)j * col_stride] : 0;
}

// A sum on its way to the result's column j, with the addend's number at `place`.
static inline REAL finished(REAL sum, const EPILOGUE *epilogue, size_t j, size_t place) {
    REAL x = epilogue->bias ? sum + epilogue->bias[j] : sum;
    if (epilogue->addend) x += epilogue->addend[place];
    return clamp(x, epilogue->low, epilogue->high);
}

// Row i of the result.
static inline void product_row(size_t i, size_t n, const REAL *row, size_t taps, const ptrdiff_t *tap_offsets, size_t tap_length,
                               const REAL *packed, const EPILOGUE *epilogue, REAL *out, size_t out_stride) {
    const size_t panel_size = taps * tap_length * NR;
    for (size_t j0 = 0; j0 < n; j0 += NR, packed += panel_size) {
        const size_t width = n - j0 < NR ? n - j0 : NR;
        double sum[NR] = {0}; // whatever REAL is: this is what others are measured by
        const REAL *b = packed;
        for (size_t t = 0; t < taps; t++) {
            const REAL *a = row + tap_offsets[t];
            for (size_t k = 0; k < tap_length; k++, b += NR)
                for (size_t j = 0; j < NR; j++) sum[j] += (double)a[k] * b[j];
        }
        for (size_t j = 0; j < width; j++) {
            const size_t place = i / epilogue->pool * out_stride + j0 + j;
            const size_t added = epilogue->addend_stride ? i * epilogue->addend_stride + j0 + j : place;
            const REAL x = finished((REAL)sum[j], epilogue, j0 + j, added);
            out[place] = i % epilogue->pool ? larger(out[place], x) : x;
        }
    }
}

void FN(gemm)(size_t m, size_t n, const REAL *const *rows, size_t taps, const ptrdiff_t *tap_offsets, size_t tap_length,
              const REAL *packed, const EPILOGUE *epilogue, REAL *out, size_t out_stride) {
    for (size_t i = 0; i < m; i++) product_row(i, n, rows[i], taps, tap_offsets, tap_length, packed, epilogue, out, out_stride);
}

void FN(gemm_line)(size_t m, size_t n, const REAL *x, ptrdiff_t step, ptrdiff_t line_step, size_t taps, const ptrdiff_t *tap_offsets,
                   size_t tap_length, const REAL *packed, const EPILOGUE *epilogue, REAL *out, size_t out_stride) {
    for (size_t i = 0; i < m; i++) {
        const ptrdiff_t at = (ptrdiff_t)i;
        const ptrdiff_t offset = epilogue->pool == 4 ? (at / 4 * 2 + at % 2) * step + at / 2 % 2 * line_step : at * step;
        product_row(i, n, x + offset, taps, tap_offsets, tap_length, packed, epilogue, out, out_stride);
    }
}
