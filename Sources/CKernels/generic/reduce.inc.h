// Reductions over contiguous rows or over columns. Long sums go in blocks, so that the error of a million
// additions is that of a block and of the blocks, in an order that depends on the length only.

enum { SUM_BLOCK = 128 };

static inline REAL reduce_neutral(kk_reduce kind) {
    switch (kind) {
    case kk_reduce_max: return -(REAL)INFINITY;
    case kk_reduce_min: return (REAL)INFINITY;
    case kk_reduce_product: return 1;
    case kk_reduce_sum: case kk_reduce_mean: case kk_reduce_sum_of_squares: return 0;
    }
}

static inline REAL reduce_step(kk_reduce kind, REAL so_far, REAL x) {
    switch (kind) {
    case kk_reduce_max: return larger(so_far, x);
    case kk_reduce_min: return smaller(so_far, x);
    case kk_reduce_product: return so_far * x;
    case kk_reduce_sum: case kk_reduce_mean: return so_far + x;
    case kk_reduce_sum_of_squares: return so_far + x * x;
    }
}

// Joins two partial results: a sum of squares joins by addition.
static inline REAL reduce_join(kk_reduce kind, REAL a, REAL b) {
    return reduce_step(kind == kk_reduce_sum_of_squares ? kk_reduce_sum : kind, a, b);
}

static inline REAL reduce_strided(kk_reduce kind, const REAL *x, size_t n, size_t stride) {
    REAL total = reduce_neutral(kind);
    for (size_t i = 0; i < n; i += SUM_BLOCK) {
        REAL block = reduce_neutral(kind);
        for (size_t j = i; j < n && j < i + SUM_BLOCK; j++) block = reduce_step(kind, block, x[j * stride]);
        total = reduce_join(kind, total, block);
    }
    return kind == kk_reduce_mean ? total / n : total;
}

void FN(reduce_rows)(kk_reduce kind, const REAL *x, size_t rows, size_t n, REAL *y) {
    for (size_t r = 0; r < rows; r++) y[r] = reduce_strided(kind, x + r * n, n, 1);
}

void FN(reduce_columns)(kk_reduce kind, const REAL *x, size_t rows, size_t n, REAL *y) {
    for (size_t j = 0; j < n; j++) y[j] = reduce_strided(kind, x + j, rows, n);
}
