// Depthwise convolution, a line of pixels at a time.

void FN(depthwise_line)(size_t count, const REAL *const *lines, size_t taps, size_t cells, ptrdiff_t stride,
                        ptrdiff_t dilation, ptrdiff_t first, ptrdiff_t width, size_t channels, size_t multiplier,
                        const REAL *weights, const REAL *bias, REAL low, REAL high, REAL *out) {
    const size_t n = channels * multiplier;
    for (size_t p = 0; p < count; p++, out += n)
        for (size_t j = 0; j < n; j++) {
            REAL sum = 0;
            for (size_t t = 0; t < taps; t++)
                for (size_t w = 0; w < cells; w++) {
                    const ptrdiff_t at = first + (ptrdiff_t)p * stride + (ptrdiff_t)w * dilation;
                    if (lines[t] && at >= 0 && at < width)
                        sum += lines[t][(size_t)at * channels + j / multiplier] * weights[(t * cells + w) * n + j];
                }
            out[j] = clamp(bias ? sum + bias[j] : sum, low, high);
        }
}
