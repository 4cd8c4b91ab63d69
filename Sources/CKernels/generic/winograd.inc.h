// Winograd's convolution F(m × m, 3 × 3): output = Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A for each tile, ⊙ summed over channels.
// Lavin & Gray, "Fast Algorithms for Convolutional Neural Networks" (2015); the matrices are those of Toom and Cook for the
// points 0, ±1, ∞ (m = 2) and 0, ±3/4, ±3/2, ∞ (m = 4): with these, whose powers are exact and near 1, the error is about
// twice the direct convolution's, where the usual ±1, ±2 give ten times as much.

#include "../winograd_weights.h"

static const double winograd_b2[4][4] = {{-1, 0, 1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, -1, 0, 1}};
static const double winograd_a2[2][4] = {{1, 1, 1, 0}, {0, 1, -1, 1}};

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

void FN(winograd_weights)(size_t m, size_t count, const REAL *kernel, size_t tap, REAL *u, size_t u_step) {
    const double(*g)[3] = m == 2 ? winograd_g2 : winograd_g4;
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

void FN(winograd_input)(size_t m, const kk_tile *tiles, size_t count, const REAL *image, ptrdiff_t row_stride, size_t channels,
                        REAL *v, size_t v_step, size_t v_stride) {
    const size_t p = m + 2;
    const double *b = m == 2 ? winograd_b2[0] : winograd_b4[0];
    for (size_t i = 0; i < count; i++, tiles++, v += v_stride)
        for (size_t c = 0; c < channels; c++) {
            REAL half[6][6] = {0};
            for (size_t row = tiles->top; row < tiles->bottom; row++)
                for (size_t column = tiles->left; column < tiles->right; column++) {
                    const REAL cell = image[tiles->from + (ptrdiff_t)row * row_stride + (ptrdiff_t)(column * channels + c)];
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
    const double *a = m == 2 ? winograd_a2[0] : winograd_a4[0];
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
