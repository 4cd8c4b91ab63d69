// Kernels that only move or add up.

void FN(transpose)(const REAL *x, size_t rows, size_t cols, REAL *y, size_t y_stride) {
    enum { BLOCK = 16 }; // a block of both sides fits in the first cache
    for (size_t r0 = 0; r0 < rows; r0 += BLOCK)
        for (size_t c0 = 0; c0 < cols; c0 += BLOCK)
            for (size_t c = c0; c < cols && c < c0 + BLOCK; c++)
                for (size_t r = r0; r < rows && r < r0 + BLOCK; r++) y[c * y_stride + r] = x[r * cols + c];
}

void FN(gather)(const REAL *table, size_t width, const int32_t *indices, size_t count, REAL *out) {
    for (size_t i = 0; i < count; i++) memcpy(out + i * width, table + (size_t)indices[i] * width, width * sizeof(REAL));
}

void FN(scatter_add_rows)(const REAL *in, ptrdiff_t in_step, REAL *out, ptrdiff_t out_step, size_t count,
                          size_t channels) {
    for (size_t i = 0; i < count; i++, in += in_step, out += out_step)
        for (size_t c = 0; c < channels; c++) out[c] += in[c];
}
