// Winograd's convolution F(m × m, 3 × 3): output = Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A for each tile, ⊙ summed over channels.
// Lavin & Gray, "Fast Algorithms for Convolutional Neural Networks" (2015); the matrices are those of Toom and Cook for the
// points 0, ±1, ∞ (m = 2), ±3/8, ±5/4, ∞ (m = 3) and 0, ±3/4, ±3/2, ∞ (m = 4): with these, whose powers are exact and near 1,
// the error is the direct convolution's for m = 2 and 3 and about twice that for m = 4, where the usual ±1, ±2 give ten times as much.
// What the weights get is the same sum read the other way: gradient = Gᵀ[(A dy Aᵀ) ⊙ (Bᵀ d B)]G, ⊙ summed over tiles.

#include "../winograd_weights.h"

static const double winograd_b2[4][4] = {{-1, 0, 1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, -1, 0, 1}};
static const double winograd_a2[2][4] = {{1, 1, 1, 0}, {0, 1, -1, 1}};

static const double winograd_b3[5][5] = {
    {-75. / 128, -25. / 16, 3. / 8, 1, 0},
    {75. / 128, -25. / 16, -3. / 8, 1, 0},
    {-45. / 256, -9. / 64, 5. / 4, 1, 0},
    {45. / 256, -9. / 64, -5. / 4, 1, 0},
    {225. / 1024, 0, -109. / 64, 0, 1},
};
static const double winograd_a3[3][5] = {
    {1, 1, 1, 1, 0},
    {3. / 8, -3. / 8, 5. / 4, -5. / 4, 0},
    {9. / 64, 9. / 64, 25. / 16, 25. / 16, 1},
};

static const double winograd_b4[6][6] = {
    {81. / 64, 0, -45. / 16, 0, 1, 0},
    {0, -27. / 16, -9. / 4, 3. / 4, 1, 0},
    {0, 27. / 16, -9. / 4, -3. / 4, 1, 0},
    {0, -27. / 32, -9. / 16, 3. / 2, 1, 0},
    {0, 27. / 32, -9. / 16, -3. / 2, 1, 0},
    {0, 81. / 64, 0, -45. / 16, 0, 1},
};
static const double winograd_a4[4][6] = {
    {1, 1, 1, 1, 1, 0},
    {0, 3. / 4, -3. / 4, 3. / 2, -3. / 2, 0},
    {0, 9. / 16, 9. / 16, 9. / 4, 9. / 4, 0},
    {0, 27. / 64, -27. / 64, 27. / 8, -27. / 8, 1},
};

static const double *FN(winograd_a)(size_t m) { return m == 2 ? winograd_a2[0] : m == 3 ? winograd_a3[0] : winograd_a4[0]; }

void FN(winograd_weights)(size_t m, size_t count, const REAL *kernel, size_t tap, REAL *u, size_t u_step) {
    const double(*g)[3] = winograd_g(m);
    const size_t p = m + 2;
    for (size_t at = 0; at < count; at++)
        for (size_t y = 0; y < p; y++) {
            double row[3] = {0};
            for (size_t x = 0; x < 3; x++)
                for (size_t i = 0; i < 3; i++) row[x] += g[y][i] * kernel[(i * 3 + x) * tap + at];
            for (size_t x = 0; x < p; x++)
                u[(y * p + x) * u_step + at] = (REAL)(g[x][0] * row[0] + g[x][1] * row[1] + g[x][2] * row[2]);
        }
}

void FN(winograd_input)(size_t m, const kk_tile *tiles, size_t count, const REAL *image, ptrdiff_t row_stride, size_t pixel_stride,
                        size_t channels, REAL *v, size_t v_step, size_t v_stride) {
    const size_t p = m + 2;
    const double *b = m == 2 ? winograd_b2[0] : m == 3 ? winograd_b3[0] : winograd_b4[0];
    for (size_t i = 0; i < count; i++, tiles++, v += v_stride)
        for (size_t c = 0; c < channels; c++) {
            REAL half[6][6] = {0};
            for (size_t row = tiles->top; row < tiles->bottom; row++)
                for (size_t column = tiles->left; column < tiles->right; column++) {
                    const REAL cell = image[tiles->from + (ptrdiff_t)row * row_stride + (ptrdiff_t)(column * pixel_stride + c)];
                    for (size_t y = 0; y < p; y++) half[y][column] += (REAL)b[y * p + row] * cell;
                }
            for (size_t y = 0; y < p; y++)
                for (size_t x = 0; x < p; x++) {
                    REAL sum = 0;
                    for (size_t column = 0; column < p; column++) sum += (REAL)b[x * p + column] * half[y][column];
                    v[(y * p + x) * v_step + c] = sum;
                }
        }
}

void FN(winograd_output)(size_t m, const kk_tile *tiles, size_t count, const REAL *products, size_t step, size_t stride, size_t n,
                         const EPILOGUE *epilogue, REAL *out, ptrdiff_t row_stride, size_t pixel_stride) {
    const size_t p = m + 2, cell = epilogue->pool == 4 ? 2 : 1;
    const double *a = FN(winograd_a)(m);
    for (size_t i = 0; i < count; i++, tiles++, products += stride)
        for (size_t j = 0; j < n; j++) {
            REAL half[4][6] = {0};
            for (size_t y = 0; y < m; y++)
                for (size_t row = 0; row < p; row++)
                    for (size_t x = 0; x < p; x++) half[y][x] += (REAL)a[y * p + row] * products[(row * p + x) * step + j];
            for (size_t y = 0; y < tiles->rows / cell * cell; y++)
                for (size_t x = 0; x < tiles->columns / cell * cell; x++) {
                    REAL sum = 0;
                    for (size_t column = 0; column < p; column++) sum += (REAL)a[x * p + column] * half[y][column];
                    REAL *to = out + tiles->to + (ptrdiff_t)(y / cell) * row_stride + (ptrdiff_t)(x / cell * pixel_stride + j);
                    const REAL result = finished(sum, epilogue, j, (size_t)(to - out));
                    *to = y % cell || x % cell ? larger(*to, result) : result;
                }
        }
}

void FN(winograd_output_gradient)(size_t m, const kk_tile *tiles, size_t count, const REAL *dy, ptrdiff_t row_stride,
                                  size_t pixel_stride, size_t n, REAL *z, size_t z_step, size_t z_stride) {
    const size_t p = m + 2;
    const double *a = FN(winograd_a)(m);
    for (size_t i = 0; i < count; i++, tiles++, z += z_stride)
        for (size_t j = 0; j < n; j++) {
            REAL half[6][4] = {0};
            for (size_t row = 0; row < tiles->rows; row++)
                for (size_t column = 0; column < tiles->columns; column++) {
                    const REAL cell = dy[tiles->to + (ptrdiff_t)row * row_stride + (ptrdiff_t)(column * pixel_stride + j)];
                    for (size_t y = 0; y < p; y++) half[y][column] += (REAL)a[row * p + y] * cell;
                }
            for (size_t y = 0; y < p; y++)
                for (size_t x = 0; x < p; x++) {
                    REAL sum = 0;
                    for (size_t column = 0; column < m; column++) sum += (REAL)a[column * p + x] * half[y][column];
                    z[(y * p + x) * z_step + j] = sum;
                }
        }
}

void FN(winograd_weights_gradient)(size_t m, size_t count, const REAL *du, size_t du_step, REAL *dw, size_t tap) {
    const double(*g)[3] = winograd_g(m);
    const size_t p = m + 2;
    for (size_t at = 0; at < count; at++)
        for (size_t i = 0; i < 3; i++) {
            REAL row[6] = {0};
            for (size_t x = 0; x < p; x++)
                for (size_t y = 0; y < p; y++) row[x] += (REAL)g[y][i] * du[(y * p + x) * du_step + at];
            for (size_t j = 0; j < 3; j++) {
                REAL sum = 0;
                for (size_t x = 0; x < p; x++) sum += (REAL)g[x][j] * row[x];
                dw[(i * 3 + j) * tap + at] = sum;
            }
        }
}
