// Softmax over rows. Short rows go VL at a time, one per lane: reductions across lanes cost more than a short row has
// work for. Long rows go one at a time. Which way depends on n only.

enum { SHORT_ROW = 48 }; // VL rows of it fit in a few kilobytes of stack

// Rows to lanes and back, in squares of four; the last square of a row may cover numbers of the one before again.
INLINE void rows_to_lanes(const float *x, size_t rows, size_t n, float *lanes) {
    size_t l = 0;
    if (n >= 4)
        for (; l + 4 <= rows; l += 4)
            for (size_t j = 0; j < n; j += 4) {
                const size_t at = j + 4 <= n ? j : n - 4;
                transpose_4x4(x + l * n + at, n, lanes + at * VL + l, VL);
            }
    for (; l < VL; l++) // lanes without a row repeat the first
        for (size_t j = 0; j < n; j++) lanes[j * VL + l] = x[(l < rows ? l : 0) * n + j];
}
INLINE void lanes_to_rows(const float *lanes, size_t rows, size_t n, float *y) {
    size_t l = 0;
    if (n >= 4)
        for (; l + 4 <= rows; l += 4)
            for (size_t j = 0; j < n; j += 4) {
                const size_t at = j + 4 <= n ? j : n - 4;
                transpose_4x4(lanes + at * VL + l, VL, y + l * n + at, n);
            }
    for (; l < rows; l++)
        for (size_t j = 0; j < n; j++) y[l * n + j] = lanes[j * VL + l];
}

INLINE void softmax_short(const float *x, float *y, size_t rows, size_t n, const int logarithm) {
    V columns[SHORT_ROW];
    float *lanes = (float *)columns;
    for (size_t r = 0; r < rows; r += VL) {
        const size_t here = rows - r < VL ? rows - r : VL;
        rows_to_lanes(x + r * n, here, n, lanes);
        V max = columns[0];
        for (size_t j = 1; j < n; j++) max = larger(max, columns[j]);
        V sum = 0;
        for (size_t j = 0; j < n; j++) {
            const V z = columns[j] - max, e = exp_v(z);
            columns[j] = logarithm ? z : e;
            sum += e;
        }
        const V last = logarithm ? log_v(sum) : 1 / sum;
        for (size_t j = 0; j < n; j++) columns[j] = logarithm ? columns[j] - last : columns[j] * last;
        lanes_to_rows(lanes, here, n, y + r * n);
    }
}

INLINE void softmax_long(const float *x, float *y, size_t rows, size_t n, const int logarithm) {
    const size_t whole = n / VL * VL, rest = n - whole;
    for (size_t r = 0; r < rows; r++, x += n, y += n) {
        V max = -INFINITY;
        for (size_t j = 0; j < whole; j += VL) max = larger(max, load(x + j));
        if (rest) max = larger(max, load_part(x + whole, rest, -INFINITY));
        const V top = max_lanes(max);
        V sums = 0;
        for (size_t j = 0; j < whole; j += VL) {
            const V e = exp_v(load(x + j) - top);
            if (!logarithm) store(y + j, e);
            sums += e;
        }
        V tail = 0;
        if (rest) {
            tail = exp_v(load_part(x + whole, rest, -INFINITY) - top);
            // Under an infinite or NaN top the padding is no zero, but then the row is NaN anyway.
            sums += tail;
        }
        const float sum = sum_lanes(sums);
        if (logarithm) {
            const V log_sum = log_v(sum);
            for (size_t j = 0; j < whole; j += VL) store(y + j, load(x + j) - top - log_sum);
            if (rest) store_part(y + whole, load_part(x + whole, rest, 0) - top - log_sum, rest);
        } else {
            const V scale = 1 / sum;
            for (size_t j = 0; j < whole; j += VL) store(y + j, load(y + j) * scale);
            if (rest) store_part(y + whole, tail * scale, rest);
        }
    }
}

static void softmax(const float *x, float *y, size_t rows, size_t n) {
    if (n == 0) return;
    if (n <= SHORT_ROW) softmax_short(x, y, rows, n, 0);
    else softmax_long(x, y, rows, n, 0);
}

static void log_softmax(const float *x, float *y, size_t rows, size_t n) {
    if (n == 0) return;
    if (n <= SHORT_ROW) softmax_short(x, y, rows, n, 1);
    else softmax_long(x, y, rows, n, 1);
}
