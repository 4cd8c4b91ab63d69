// The transformations of Winograd's convolution, channels in the lanes; generic/winograd.inc.h has the matrices.
// A tile's bits depend on the tile alone.

#include "../winograd_weights.h"

// VL weights at once. `m` is a constant.
INLINE void winograd_weights_block(const size_t m, size_t left, const float *kernel, size_t tap, float *u, size_t u_step) {
    typedef double D __attribute__((ext_vector_type(VL)));
    const double(*g)[3] = winograd_g(m);
    const size_t p = m + 2;
    D cell[9], row[3];
#pragma clang loop unroll(full)
    for (size_t t = 0; t < 9; t++) cell[t] = __builtin_convertvector(load_n(kernel + t * tap, left, 0), D);
    for (size_t y = 0; y < p; y++) {
#pragma clang loop unroll(full)
        for (size_t x = 0; x < 3; x++) row[x] = g[y][0] * cell[x] + g[y][1] * cell[3 + x] + g[y][2] * cell[6 + x];
#pragma clang loop unroll(full)
        for (size_t x = 0; x < p; x++) {
            const D value = g[x][0] * row[0] + g[x][1] * row[1] + g[x][2] * row[2];
            store_n(u + (y * p + x) * u_step, __builtin_convertvector(value, V), left);
        }
    }
}

static void winograd_weights(size_t m, size_t count, const float *kernel, size_t tap, float *u, size_t u_step) {
    for (size_t at = 0; at < count; at += VL) {
        const size_t left = count - at < VL ? count - at : VL;
        if (m == 2) winograd_weights_block(2, left, kernel + at, tap, u + at, u_step);
        else if (m == 3) winograd_weights_block(3, left, kernel + at, tap, u + at, u_step);
        else winograd_weights_block(4, left, kernel + at, tap, u + at, u_step);
    }
}

// Bᵀ d along one axis: p cells `step` vectors apart become p values. `m` is a constant at every call.
INLINE void winograd_spread(const size_t m, const V *d, const size_t step, V *v, const size_t v_step) {
    if (m == 2) {
        const V d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step];
        v[0] = d2 - d0;
        v[v_step] = d1 + d2;
        v[2 * v_step] = d2 - d1;
        v[3 * v_step] = d3 - d1;
        return;
    }
    // A point and its negative share their even and odd parts.
    if (m == 3) {
        const V d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step];
        const V even_a = d3 - 1.5625f * d1, odd_a = d2 - 1.5625f * d0;
        const V even_b = d3 - 0.140625f * d1, odd_b = d2 - 0.140625f * d0;
        v[0] = even_a + 0.375f * odd_a;
        v[v_step] = even_a - 0.375f * odd_a;
        v[2 * v_step] = even_b + 1.25f * odd_b;
        v[3 * v_step] = even_b - 1.25f * odd_b;
        v[4 * v_step] = (d4 - 1.703125f * d2) + 0.2197265625f * d0;
        return;
    }
    const V d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step], d5 = d[5 * step];
    const V even_a = d4 - 2.25f * d2, odd_a = d3 - 2.25f * d1;
    const V even_b = d4 - 0.5625f * d2, odd_b = d3 - 0.5625f * d1;
    v[0] = (d4 - 2.8125f * d2) + 1.265625f * d0;
    v[v_step] = even_a + 0.75f * odd_a;
    v[2 * v_step] = even_a - 0.75f * odd_a;
    v[3 * v_step] = even_b + 1.5f * odd_b;
    v[4 * v_step] = even_b - 1.5f * odd_b;
    v[5 * v_step] = (d5 - 2.8125f * d3) + 1.265625f * d1;
}

// Aᵀ x along one axis: p values become m.
INLINE void winograd_gather(const size_t m, const V *x, const size_t step, V *y, const size_t y_step) {
    if (m == 2) {
        const V x1 = x[step], x2 = x[2 * step];
        y[0] = x[0] + (x1 + x2);
        y[y_step] = x[3 * step] + (x1 - x2);
        return;
    }
    if (m == 3) {
        const V x0 = x[0], x1 = x[step], x2 = x[2 * step], x3 = x[3 * step];
        const V even_a = x0 + x1, odd_a = x0 - x1, even_b = x2 + x3, odd_b = x2 - x3;
        y[0] = even_a + even_b;
        y[y_step] = 0.375f * odd_a + 1.25f * odd_b;
        y[2 * y_step] = (x[4 * step] + 0.140625f * even_a) + 1.5625f * even_b;
        return;
    }
    const V x1 = x[step], x2 = x[2 * step], x3 = x[3 * step], x4 = x[4 * step];
    const V even_a = x1 + x2, odd_a = x1 - x2, even_b = x3 + x4, odd_b = x3 - x4;
    y[0] = x[0] + (even_a + even_b);
    y[y_step] = 0.75f * odd_a + 1.5f * odd_b;
    y[2 * y_step] = 0.5625f * even_a + 2.25f * even_b;
    y[3 * y_step] = (x[5 * step] + 0.421875f * odd_a) + 3.375f * odd_b;
}

// VL channels of one patch (fewer at the end: `left`). `m` and `inside` (every cell is in the image) are constants.
INLINE void winograd_patch(const size_t m, const int inside, const kk_tile *tile, const float *cells, ptrdiff_t row_stride,
                           size_t pixel_stride, size_t left, float *v, size_t v_step) {
    enum { P = 6 };
    const size_t p = m + 2;
    V half[P * P], row[P];
#pragma clang loop unroll(full)
    for (size_t x = 0; x < p; x++) {
        V column[P];
        const int is_column_in = inside || (x >= tile->left && x < tile->right);
#pragma clang loop unroll(full)
        for (size_t y = 0; y < p; y++) {
            const int is_in = inside || (is_column_in && y >= tile->top && y < tile->bottom);
            column[y] = is_in ? load_n(cells + (ptrdiff_t)y * row_stride + (ptrdiff_t)(x * pixel_stride), left, 0) : (V)0;
        }
        winograd_spread(m, column, 1, half + x, p);
    }
#pragma clang loop unroll(full)
    for (size_t y = 0; y < p; y++) {
        winograd_spread(m, half + y * p, 1, row, 1);
#pragma clang loop unroll(full)
        for (size_t x = 0; x < p; x++) store_n(v + (y * p + x) * v_step, row[x], left);
    }
}

INLINE void winograd_input_of(const size_t m, const kk_tile *tiles, size_t count, const float *image, ptrdiff_t row_stride,
                              size_t pixel_stride, size_t channels, float *v, size_t v_step, size_t v_stride) {
    const size_t p = m + 2;
    for (size_t i = 0; i < count; i++, tiles++, v += v_stride) {
        const float *cells = image + tiles->from;
        const int inside = tiles->top == 0 && tiles->left == 0 && tiles->bottom == p && tiles->right == p;
        size_t c = 0;
        if (inside)
            for (; c + VL <= channels; c += VL) winograd_patch(m, 1, tiles, cells + c, row_stride, pixel_stride, VL, v + c, v_step);
        for (; c < channels; c += VL) {
            const size_t left = channels - c;
            winograd_patch(m, 0, tiles, cells + c, row_stride, pixel_stride, left < VL ? left : VL, v + c, v_step);
        }
    }
}

static void winograd_input(size_t m, const kk_tile *tiles, size_t count, const float *image, ptrdiff_t row_stride,
                           size_t pixel_stride, size_t channels, float *v, size_t v_step, size_t v_stride) {
    if (m == 2) winograd_input_of(2, tiles, count, image, row_stride, pixel_stride, channels, v, v_step, v_stride);
    else if (m == 3) winograd_input_of(3, tiles, count, image, row_stride, pixel_stride, channels, v, v_step, v_stride);
    else winograd_input_of(4, tiles, count, image, row_stride, pixel_stride, channels, v, v_step, v_stride);
}

// VL columns of one tile's products. `m`, `cell` (2 if pooled) and `whole` (all results are kept) are constants.
INLINE void winograd_results(const size_t m, const size_t cell, const int whole, const kk_tile *tile, const float *products,
                             size_t step, size_t left, const kk_epilogue_f32 *epilogue, V bias, const float *addend, float *out,
                             ptrdiff_t row_stride, size_t pixel_stride) {
    enum { P = 6, M = 4 };
    const size_t p = m + 2;
    const V low = epilogue->low, high = epilogue->high;
    const int is_bounded = epilogue->high < INFINITY;
    V half[M * P], results[M * M];
#pragma clang loop unroll(full)
    for (size_t x = 0; x < p; x++) {
        V column[P];
#pragma clang loop unroll(full)
        for (size_t y = 0; y < p; y++) column[y] = load_n(products + (y * p + x) * step, left, 0);
        winograd_gather(m, column, 1, half + x, p);
    }
#pragma clang loop unroll(full)
    for (size_t y = 0; y < m; y++) winograd_gather(m, half + y * p, 1, results + y * m, 1);
#pragma clang loop unroll(full)
    for (size_t y = 0; y < m; y += cell)
#pragma clang loop unroll(full)
        for (size_t x = 0; x < m; x += cell) {
            if (!whole && (y + cell > tile->rows || x + cell > tile->columns)) continue;
            const ptrdiff_t place = (ptrdiff_t)(y / cell) * row_stride + (ptrdiff_t)(x / cell * pixel_stride);
            const V *cells = results + y * m + x;
            V result = cell == 1 ? cells[0] : largest_of_four(cells[0], cells[1], cells[m], cells[m + 1]);
            result += bias;
            if (cell == 1 && addend) result += load_n(addend + place, left, 0);
            store_n(out + place, clamp_if(result, low, high, is_bounded), left);
        }
}

INLINE void winograd_output_of(const size_t m, const size_t cell, const kk_tile *tiles, size_t count, const float *products,
                               size_t step, size_t stride, size_t n, const kk_epilogue_f32 *epilogue, float *out,
                               ptrdiff_t row_stride, size_t pixel_stride) {
    for (size_t i = 0; i < count; i++, tiles++, products += stride) {
        const int whole = tiles->rows == m && tiles->columns == m;
        for (size_t j = 0; j < n; j += VL) {
            const size_t left = n - j < VL ? n - j : VL;
            const V bias = epilogue->bias ? load_n(epilogue->bias + j, left, 0) : 0;
            const float *addend = epilogue->addend ? epilogue->addend + tiles->to + j : NULL;
            float *to = out + tiles->to + j;
            if (whole && left == VL)
                winograd_results(m, cell, 1, tiles, products + j, step, VL, epilogue, bias, addend, to, row_stride, pixel_stride);
            else
                winograd_results(m, cell, 0, tiles, products + j, step, left, epilogue, bias, addend, to, row_stride, pixel_stride);
        }
    }
}

static void winograd_output(size_t m, const kk_tile *tiles, size_t count, const float *products, size_t step, size_t stride,
                            size_t n, const kk_epilogue_f32 *epilogue, float *out, ptrdiff_t row_stride, size_t pixel_stride) {
#define OUTPUT(m, cell) \
    winograd_output_of(m, cell, tiles, count, products, step, stride, n, epilogue, out, row_stride, pixel_stride)
    if (m == 2 && epilogue->pool == 4) OUTPUT(2, 2);
    else if (m == 2) OUTPUT(2, 1);
    else if (m == 3) OUTPUT(3, 1);
    else if (epilogue->pool == 4) OUTPUT(4, 2);
    else OUTPUT(4, 1);
#undef OUTPUT
}
