// Softmax and layer normalisation: each row by itself.

static inline REAL row_max(const REAL *x, size_t n) {
    REAL max = -(REAL)INFINITY;
    for (size_t j = 0; j < n; j++) max = larger(max, x[j]);
    return max;
}

void FN(softmax)(const REAL *x, REAL *y, size_t rows, size_t n) {
    for (size_t r = 0; r < rows; r++, x += n, y += n) {
        const REAL max = row_max(x, n);
        REAL sum = 0;
        for (size_t j = 0; j < n; j++) sum += y[j] = exp(x[j] - max);
        for (size_t j = 0; j < n; j++) y[j] /= sum;
    }
}

void FN(log_softmax)(const REAL *x, REAL *y, size_t rows, size_t n) {
    for (size_t r = 0; r < rows; r++, x += n, y += n) {
        const REAL max = row_max(x, n);
        REAL sum = 0;
        for (size_t j = 0; j < n; j++) sum += exp(x[j] - max);
        const REAL log_sum = log(sum);
        for (size_t j = 0; j < n; j++) y[j] = x[j] - max - log_sum;
    }
}

void FN(normalize_rows)(const REAL *x, size_t rows, size_t n, REAL epsilon, const REAL *gamma, const REAL *beta,
                        REAL *y) {
    for (size_t r = 0; r < rows; r++, x += n, y += n) {
        REAL sum = 0, squares = 0;
        for (size_t j = 0; j < n; j++) sum += x[j];
        const REAL mean = sum / n;
        for (size_t j = 0; j < n; j++) squares += (x[j] - mean) * (x[j] - mean);
        const REAL scale = 1 / sqrt(squares / n + epsilon);
        for (size_t j = 0; j < n; j++) {
            const REAL z = (x[j] - mean) * scale;
            y[j] = (gamma ? z * gamma[j] : z) + (beta ? beta[j] : 0);
        }
    }
}
