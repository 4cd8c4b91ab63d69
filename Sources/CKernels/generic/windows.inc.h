// Depthwise convolution and pooling.

void FN(depthwise)(size_t pixels, const REAL *const *rows, size_t taps, const ptrdiff_t *tap_offsets, size_t channels,
                   size_t multiplier, const REAL *weights, const REAL *bias, REAL low, REAL high, REAL *out,
                   size_t out_stride) {
    const size_t width = channels * multiplier;
    for (size_t p = 0; p < pixels; p++, out += out_stride) {
        for (size_t j = 0; j < width; j++) out[j] = 0;
        for (size_t t = 0; t < taps; t++) {
            const REAL *in = rows[p] + tap_offsets[t], *w = weights + t * width;
            for (size_t c = 0; c < channels; c++)
                for (size_t q = 0; q < multiplier; q++) out[c * multiplier + q] += in[c] * w[c * multiplier + q];
        }
        for (size_t j = 0; j < width; j++) out[j] = clamp(bias ? out[j] + bias[j] : out[j], low, high);
    }
}

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
