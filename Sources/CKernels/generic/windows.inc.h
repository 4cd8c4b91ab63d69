// Pooling.

#define FOR_WINDOW(cell) \
    for (size_t d = 0; d < nd; d++) \
        for (size_t h = 0; h < nh; h++) \
            for (size_t w = 0; w < nw; w++) \
                for (const REAL *cell = in + (ptrdiff_t)d * sd + (ptrdiff_t)h * sh + (ptrdiff_t)w * sw; cell; cell = NULL)

void FN(max_pool)(const REAL *in, size_t count, ptrdiff_t step, size_t nd, ptrdiff_t sd, size_t nh, ptrdiff_t sh,
                  size_t nw, ptrdiff_t sw, size_t channels, REAL *out) {
    for (size_t i = 0; i < count; i++, in += step, out += channels) {
        for (size_t c = 0; c < channels; c++) out[c] = -(REAL)INFINITY;
        FOR_WINDOW(cell)
            for (size_t c = 0; c < channels; c++) out[c] = larger(out[c], cell[c]);
    }
}

void FN(max_pool_gradient)(const REAL *x, size_t count, ptrdiff_t step, size_t nd, ptrdiff_t sd, size_t nh, ptrdiff_t sh,
                           size_t nw, ptrdiff_t sw, size_t channels, const REAL *y, const REAL *dy, REAL *dx) {
    for (size_t i = 0; i < count; i++, x += step, dx += step, y += channels, dy += channels)
        for (size_t c = 0; c < channels; c++)
            for (size_t cell = 0; cell < nd * nh * nw; cell++) {
                const size_t d = cell / (nh * nw), h = cell / nw % nh, w = cell % nw;
                const ptrdiff_t at = (ptrdiff_t)d * sd + (ptrdiff_t)h * sh + (ptrdiff_t)w * sw + (ptrdiff_t)c;
                if (x[at] != y[c]) continue;
                dx[at] += dy[c];
                break;
            }
}

void FN(sum_pool)(const REAL *in, size_t count, ptrdiff_t step, size_t nd, ptrdiff_t sd, size_t nh, ptrdiff_t sh,
                  size_t nw, ptrdiff_t sw, size_t channels, REAL divisor, REAL *out) {
    for (size_t i = 0; i < count; i++, in += step, out += channels) {
        for (size_t c = 0; c < channels; c++) out[c] = 0;
        FOR_WINDOW(cell)
            for (size_t c = 0; c < channels; c++) out[c] += cell[c];
        for (size_t c = 0; c < channels; c++) out[c] /= divisor;
    }
}
#undef FOR_WINDOW
