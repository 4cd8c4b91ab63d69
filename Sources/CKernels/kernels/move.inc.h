// Kernels that only move or add up. Gathering is memory copying: generic's is as good.

static void transpose(const float *x, size_t rows, size_t cols, float *y, size_t y_stride) {
    enum { BLOCK = 16 }; // of rows: a line of the cache on the other side
    for (size_t r0 = 0; r0 < rows; r0 += BLOCK) {
        const size_t end = rows - r0 < BLOCK ? rows : r0 + BLOCK;
        size_t c = 0;
        for (; c + 4 <= cols; c += 4) {
            size_t r = r0;
            for (; r + 4 <= end; r += 4) transpose_4x4(x + r * cols + c, cols, y + c * y_stride + r, y_stride);
            for (; r < end; r++)
                for (size_t q = c; q < c + 4; q++) y[q * y_stride + r] = x[r * cols + q];
        }
        for (; c < cols; c++)
            for (size_t r = r0; r < end; r++) y[c * y_stride + r] = x[r * cols + c];
    }
}

static void scatter_add_rows(const float *in, ptrdiff_t in_step, float *out, ptrdiff_t out_step, size_t count,
                             size_t channels) {
    for (size_t i = 0; i < count; i++, in += in_step, out += out_step) {
        size_t c = 0;
        for (; c + VL <= channels; c += VL) store(out + c, load(out + c) + load(in + c));
        if (c < channels)
            store_part(out + c, load_part(out + c, channels - c, 0) + load_part(in + c, channels - c, 0), channels - c);
    }
}
