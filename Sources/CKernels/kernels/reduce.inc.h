// Reductions. Long sums go in blocks, in an order that is fixed by the length.

enum { SUM_BLOCK = 128, CHAINS = 4 };

// `kind` is a constant at every call.
INLINE V reduce_neutral(const kk_reduce kind) {
    switch (kind) {
    case kk_reduce_max: return -INFINITY;
    case kk_reduce_min: return INFINITY;
    case kk_reduce_product: return 1;
    case kk_reduce_sum: case kk_reduce_mean: case kk_reduce_sum_of_squares: return 0;
    }
}
INLINE V reduce_step(const kk_reduce kind, V so_far, V x) {
    switch (kind) {
    case kk_reduce_max: return larger(so_far, x);
    case kk_reduce_min: return smaller(so_far, x);
    case kk_reduce_product: return so_far * x;
    case kk_reduce_sum: case kk_reduce_mean: return so_far + x;
    case kk_reduce_sum_of_squares: return so_far + x * x;
    }
}
INLINE V reduce_join(const kk_reduce kind, V a, V b) {
    return reduce_step(kind == kk_reduce_sum_of_squares ? kk_reduce_sum : kind, a, b);
}
INLINE float reduce_lanes(const kk_reduce kind, V v) {
    switch (kind) {
    case kk_reduce_max: return max_lanes(v);
    case kk_reduce_min: return min_lanes(v);
    case kk_reduce_product: return product_lanes(v);
    case kk_reduce_sum: case kk_reduce_mean: case kk_reduce_sum_of_squares: return sum_lanes(v);
    }
}

INLINE float reduce_row(const kk_reduce kind, const float *x, size_t n) {
    const V neutral = reduce_neutral(kind);
    V total = neutral;
    size_t j = 0;
    while (j + CHAINS * VL <= n) {
        V chains[CHAINS] = {neutral, neutral, neutral, neutral};
        for (size_t s = 0; s < SUM_BLOCK && j + CHAINS * VL <= n; s++, j += CHAINS * VL)
            for (size_t v = 0; v < CHAINS; v++) chains[v] = reduce_step(kind, chains[v], load(x + j + v * VL));
        const V left = reduce_join(kind, chains[0], chains[1]), right = reduce_join(kind, chains[2], chains[3]);
        total = reduce_join(kind, total, reduce_join(kind, left, right));
    }
    for (; j + VL <= n; j += VL) total = reduce_step(kind, total, load(x + j));
    if (j < n) total = reduce_step(kind, total, load_part(x + j, n - j, neutral[0]));
    const float y = reduce_lanes(kind, total);
    return kind == kk_reduce_mean ? y / n : y;
}

// nv vectors of columns, `left` of them wanted.
INLINE void reduce_column_block(const kk_reduce kind, const size_t nv, const float *x, size_t rows, size_t n, float *y,
                                size_t left) {
    const V neutral = reduce_neutral(kind);
    V totals[CHAINS];
    for (size_t v = 0; v < nv; v++) totals[v] = neutral;
    for (size_t r0 = 0; r0 < rows; r0 += SUM_BLOCK) {
        V block[CHAINS];
        for (size_t v = 0; v < nv; v++) block[v] = neutral;
        for (size_t r = r0; r < rows && r < r0 + SUM_BLOCK; r++)
            for (size_t v = 0; v < nv; v++) block[v] = reduce_step(kind, block[v], load_n(x + r * n + v * VL, left, 0));
        for (size_t v = 0; v < nv; v++) totals[v] = reduce_join(kind, totals[v], block[v]);
    }
    for (size_t v = 0; v < nv; v++)
        store_n(y + v * VL, kind == kk_reduce_mean ? totals[v] / (float)rows : totals[v], left);
}

INLINE void reduce_columns_of(const kk_reduce kind, const float *x, size_t rows, size_t n, float *y) {
    size_t j = 0;
    for (; j + CHAINS * VL <= n; j += CHAINS * VL) reduce_column_block(kind, CHAINS, x + j, rows, n, y + j, VL);
    for (; j + VL <= n; j += VL) reduce_column_block(kind, 1, x + j, rows, n, y + j, VL);
    if (j < n) reduce_column_block(kind, 1, x + j, rows, n, y + j, n - j);
}

static void reduce_rows(kk_reduce kind, const float *x, size_t rows, size_t n, float *y) {
#define REDUCE(name, meaning) \
    case kk_reduce_##name: \
        for (size_t r = 0; r < rows; r++) y[r] = reduce_row(kk_reduce_##name, x + r * n, n); \
        break;
    switch (kind) { KK_REDUCE_KINDS(REDUCE) }
#undef REDUCE
}

static void reduce_columns(kk_reduce kind, const float *x, size_t rows, size_t n, float *y) {
    if (n == 1) { // one column is contiguous: all lanes work
        reduce_rows(kind, x, 1, rows, y);
        return;
    }
#define REDUCE(name, meaning) \
    case kk_reduce_##name: reduce_columns_of(kk_reduce_##name, x, rows, n, y); break;
    switch (kind) { KK_REDUCE_KINDS(REDUCE) }
#undef REDUCE
}
