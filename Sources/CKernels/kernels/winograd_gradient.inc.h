// The transformations round the products that are the gradient of a Winograd convolution's weights, channels in the lanes;
// generic/winograd.inc.h has the matrices. A tile's bits depend on the tile alone.

// A y along one axis: m values become p. `m` is a constant at every call.
INLINE void winograd_gradient_spread(const size_t m, const V *y, const size_t step, V *z, const size_t z_step) {
    const V y0 = y[0], y1 = y[step];
    if (m == 2) {
        z[0] = y0;
        z[z_step] = y0 + y1;
        z[2 * z_step] = y0 - y1;
        z[3 * z_step] = y1;
        return;
    }
    const V y2 = y[2 * step];
    if (m == 3) {
        const V even_a = y0 + 0.140625f * y2, even_b = y0 + 1.5625f * y2;
        z[0] = even_a + 0.375f * y1;
        z[z_step] = even_a - 0.375f * y1;
        z[2 * z_step] = even_b + 1.25f * y1;
        z[3 * z_step] = even_b - 1.25f * y1;
        z[4 * z_step] = y2;
        return;
    }
    const V y3 = y[3 * step];
    const V even_a = y0 + 0.5625f * y2, odd_a = 0.75f * y1 + 0.421875f * y3;
    const V even_b = y0 + 2.25f * y2, odd_b = 1.5f * y1 + 3.375f * y3;
    z[0] = y0;
    z[z_step] = even_a + odd_a;
    z[2 * z_step] = even_a - odd_a;
    z[3 * z_step] = even_b + odd_b;
    z[4 * z_step] = even_b - odd_b;
    z[5 * z_step] = y3;
}

// VL columns of one tile of dy. `m` and `whole` (every cell is there) are constants.
INLINE void winograd_gradient_cells(const size_t m, const int whole, const kk_tile *tile, const float *cells, ptrdiff_t row_stride,
                                    size_t pixel_stride, size_t left, float *z, size_t z_step) {
    enum { P = 6, M = 4 };
    const size_t p = m + 2;
    V half[P * M], row[P];
#pragma clang loop unroll(full)
    for (size_t x = 0; x < m; x++) {
        V column[M];
#pragma clang loop unroll(full)
        for (size_t y = 0; y < m; y++) {
            const int is_in = whole || (x < tile->columns && y < tile->rows);
            column[y] = is_in ? load_n(cells + (ptrdiff_t)y * row_stride + (ptrdiff_t)(x * pixel_stride), left, 0) : (V)0;
        }
        winograd_gradient_spread(m, column, 1, half + x, m);
    }
#pragma clang loop unroll(full)
    for (size_t y = 0; y < p; y++) {
        winograd_gradient_spread(m, half + y * m, 1, row, 1);
#pragma clang loop unroll(full)
        for (size_t x = 0; x < p; x++) store_n(z + (y * p + x) * z_step, row[x], left);
    }
}

INLINE void winograd_output_gradient_of(const size_t m, const kk_tile *tiles, size_t count, const float *dy, ptrdiff_t row_stride,
                                        size_t pixel_stride, size_t n, float *z, size_t z_step, size_t z_stride) {
    for (size_t i = 0; i < count; i++, tiles++, z += z_stride) {
        const float *cells = dy + tiles->to;
        size_t j = 0;
        if (tiles->rows == m && tiles->columns == m)
            for (; j + VL <= n; j += VL) winograd_gradient_cells(m, 1, tiles, cells + j, row_stride, pixel_stride, VL, z + j, z_step);
        for (; j < n; j += VL) {
            const size_t left = n - j < VL ? n - j : VL;
            winograd_gradient_cells(m, 0, tiles, cells + j, row_stride, pixel_stride, left, z + j, z_step);
        }
    }
}

static void winograd_output_gradient(size_t m, const kk_tile *tiles, size_t count, const float *dy, ptrdiff_t row_stride,
                                     size_t pixel_stride, size_t n, float *z, size_t z_step, size_t z_stride) {
    if (m == 2) winograd_output_gradient_of(2, tiles, count, dy, row_stride, pixel_stride, n, z, z_step, z_stride);
    else if (m == 3) winograd_output_gradient_of(3, tiles, count, dy, row_stride, pixel_stride, n, z, z_step, z_stride);
    else winograd_output_gradient_of(4, tiles, count, dy, row_stride, pixel_stride, n, z, z_step, z_stride);
}

// Gᵀ u G of VL weights. `m` is a constant.
INLINE void winograd_weights_gradient_block(const size_t m, size_t left, const float *du, size_t du_step, float *dw, size_t tap) {
    const double(*g)[3] = winograd_g(m);
    const size_t p = m + 2;
    V rows[3][6];
#pragma clang loop unroll(full)
    for (size_t x = 0; x < p; x++) {
        V sums[3] = {0, 0, 0};
#pragma clang loop unroll(full)
        for (size_t y = 0; y < p; y++) {
            const V cell = load_n(du + (y * p + x) * du_step, left, 0);
#pragma clang loop unroll(full)
            for (size_t i = 0; i < 3; i++) sums[i] += (float)g[y][i] * cell;
        }
#pragma clang loop unroll(full)
        for (size_t i = 0; i < 3; i++) rows[i][x] = sums[i];
    }
#pragma clang loop unroll(full)
    for (size_t i = 0; i < 3; i++)
#pragma clang loop unroll(full)
        for (size_t j = 0; j < 3; j++) {
            V sum = 0;
#pragma clang loop unroll(full)
            for (size_t x = 0; x < p; x++) sum += (float)g[x][j] * rows[i][x];
            store_n(dw + (i * 3 + j) * tap, sum, left);
        }
}

static void winograd_weights_gradient(size_t m, size_t count, const float *du, size_t du_step, float *dw, size_t tap) {
    for (size_t at = 0; at < count; at += VL) {
        const size_t left = count - at < VL ? count - at : VL;
        if (m == 2) winograd_weights_gradient_block(2, left, du + at, du_step, dw + at, tap);
        else if (m == 3) winograd_weights_gradient_block(3, left, du + at, du_step, dw + at, tap);
        else winograd_weights_gradient_block(4, left, du + at, du_step, dw + at, tap);
    }
}
