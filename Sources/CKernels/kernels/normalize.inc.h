// Layer normalisation of rows: mean, then the variance around it, then the row.

static void normalize_rows(const float *x, size_t rows, size_t n, float epsilon, const float *gamma, const float *beta,
                           float *y) {
    const size_t whole = n / VL * VL, rest = n - whole;
    for (size_t r = 0; r < rows; r++, x += n, y += n) {
        const float mean = reduce_row(kk_reduce_mean, x, n);
        V squares[2] = {0, 0};
        size_t j = 0;
        for (; j + 2 * VL <= n; j += 2 * VL)
            for (size_t v = 0; v < 2; v++) {
                const V d = load(x + j + v * VL) - mean;
                squares[v] += d * d;
            }
        for (; j < n; j += VL) { // lanes beyond the row hold the mean and add nothing
            const V d = load_n(x + j, n - j, mean) - mean;
            squares[0] += d * d;
        }
        const float variance = sum_lanes(squares[0] + squares[1]) / n;
        const V scale = 1 / __builtin_elementwise_sqrt((V)(variance + epsilon));
#define NORMALIZED(load_gamma, load_beta, value) \
    ({ \
        V z = ((value) - mean) * scale; \
        if (gamma) z = z * (load_gamma); \
        if (beta) z = z + (load_beta); \
        z; \
    })
        for (j = 0; j < whole; j += VL) store(y + j, NORMALIZED(load(gamma + j), load(beta + j), load(x + j)));
        if (rest)
            store_part(y + j,
                       NORMALIZED(load_part(gamma + j, rest, 0), load_part(beta + j, rest, 0),
                                  load_part(x + j, rest, 0)),
                       rest);
#undef NORMALIZED
    }
}
