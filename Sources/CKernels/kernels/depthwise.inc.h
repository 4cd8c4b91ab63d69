// Depthwise convolution along a line of pixels: channels are the lanes. Neighbouring windows share their cells, so a
// block of pixels goes over the cells of a line once and each cell is loaded once for all windows that hold it; the
// weights of a line of the window stay in registers meanwhile. Every output is one chain in ascending (t, w).

// Pixels of a block: nearly every line of the networks made for 224 x 224 images is a multiple of it.
enum { LINE_PIXELS = 7 };

typedef struct {
    const float *const *lines;
    size_t taps, cells;
    ptrdiff_t stride, dilation, width;
    size_t channels, multiplier, n;
    const float *weights, *bias;
    V low, high;
    float *out;
} line_call;

// Lanes j ..< j + left of a cell. With a multiplier one channel serves several neighbouring lanes.
INLINE V line_cell(const line_call *call, const int multiplied, const float *cell, size_t j, size_t left) {
    if (!multiplied) return load_n(cell + j, left, 0);
    float lanes[VL] = {0};
    const size_t m = call->multiplier, here = left < VL ? left : VL;
    size_t c = j / m, q = j % m;
    for (size_t l = 0; l < here; l++) {
        lanes[l] = cell[c];
        if (++q == m) q = 0, c++;
    }
    return load(lanes);
}

// One line of the window, for `pixels` windows of `cells` cells, `stride` apart (all constants at every call). The first
// begins at cell `first`; `edges` where cells may be missing.
INLINE void line_add(const line_call *call, V *sums, const size_t pixels, const size_t cells, const size_t stride,
                     const int edges, const int multiplied, const float *line, const float *weights, ptrdiff_t first,
                     size_t j, size_t left) {
    V w[5];
#pragma clang loop unroll(full)
    for (size_t i = 0; i < cells; i++) w[i] = load_n(weights + i * call->n, left, 0);
    // The next block's cells come into the cache meanwhile: they lie too far apart for the processor to see them coming. Windows two
    // cells apart gain nothing by it.
    if (!edges && stride == 1 && j * sizeof(float) % 64 == 0)
#pragma clang loop unroll(full)
        for (size_t q = 0; q < pixels; q++)
            __builtin_prefetch(line + (first + (ptrdiff_t)(q + pixels)) * (ptrdiff_t)call->channels + j);
#pragma clang loop unroll(full)
    for (size_t q = 0; q < (pixels - 1) * stride + cells; q++) {
        const ptrdiff_t at = first + (ptrdiff_t)q;
        if (edges && (at < 0 || at >= call->width)) continue;
        const V x = line_cell(call, multiplied, line + at * (ptrdiff_t)call->channels, j, left);
#pragma clang loop unroll(full)
        for (size_t p = 0; p < pixels; p++)
            if (q >= p * stride && q < p * stride + cells) sums[p] += x * w[q - p * stride];
    }
}

// Any window, any distance: each window loads its own cells.
INLINE void line_add_any(const line_call *call, V *sums, const size_t pixels, const int multiplied, const float *line,
                         const float *weights, ptrdiff_t first, size_t j, size_t left) {
    for (size_t i = 0; i < call->cells; i++, weights += call->n, first += call->dilation) {
        const V w = load_n(weights, left, 0);
#pragma clang loop unroll(full)
        for (size_t p = 0; p < pixels; p++) {
            const ptrdiff_t at = first + (ptrdiff_t)p * call->stride;
            if (at < 0 || at >= call->width) continue;
            sums[p] += line_cell(call, multiplied, line + at * (ptrdiff_t)call->channels, j, left) * w;
        }
    }
}

// cells == 0 stands for any window.
INLINE void line_lanes(const line_call *call, const size_t pixels, const size_t cells, const size_t stride,
                       const int edges, const int multiplied, ptrdiff_t first, size_t j, size_t left) {
    V sums[LINE_PIXELS];
#pragma clang loop unroll(full)
    for (size_t p = 0; p < pixels; p++) sums[p] = 0;
    const float *weights = call->weights + j;
    for (size_t t = 0; t < call->taps; t++, weights += call->cells * call->n) {
        const float *line = call->lines[t];
        if (!line) continue;
        if (cells) line_add(call, sums, pixels, cells, stride, edges, multiplied, line, weights, first, j, left);
        else line_add_any(call, sums, pixels, multiplied, line, weights, first, j, left);
    }
    const V bias = call->bias ? load_n(call->bias + j, left, 0) : 0;
#pragma clang loop unroll(full)
    for (size_t p = 0; p < pixels; p++)
        store_n(call->out + p * call->n + j, clamp(sums[p] + bias, call->low, call->high), left);
}

INLINE void line_block(const line_call *call, const size_t pixels, const size_t cells, const size_t stride,
                       const int edges, const int multiplied, ptrdiff_t first) {
    size_t j = 0;
    for (; j + VL <= call->n; j += VL) line_lanes(call, pixels, cells, stride, edges, multiplied, first, j, VL);
    if (j < call->n) line_lanes(call, pixels, cells, stride, edges, multiplied, first, j, call->n - j);
}

// A block of its own form where all cells are there; else, and for few pixels, the form that looks at each cell.
INLINE void line_pixels(line_call *call, size_t count, const size_t cells, const size_t stride, ptrdiff_t first) {
    const ptrdiff_t span = (ptrdiff_t)((LINE_PIXELS - 1) * stride + cells);
    while (count) {
        size_t done = LINE_PIXELS;
        if (count < LINE_PIXELS) {
            done = count >= 4 ? 4 : count >= 2 ? 2 : 1;
            if (done == 4) line_block(call, 4, cells, stride, 1, 0, first);
            else if (done == 2) line_block(call, 2, cells, stride, 1, 0, first);
            else line_block(call, 1, cells, stride, 1, 0, first);
        } else if (first >= 0 && first + span <= call->width) line_block(call, LINE_PIXELS, cells, stride, 0, 0, first);
        else line_block(call, LINE_PIXELS, cells, stride, 1, 0, first);
        count -= done;
        first += (ptrdiff_t)(done * stride);
        call->out += done * call->n;
    }
}

static void depthwise_line(size_t count, const float *const *lines, size_t taps, size_t cells, ptrdiff_t stride,
                           ptrdiff_t dilation, ptrdiff_t first, ptrdiff_t width, size_t channels, size_t multiplier,
                           const float *weights, const float *bias, float low, float high, float *out) {
    line_call call = {lines, taps, cells, stride, dilation, width, channels, multiplier, channels * multiplier,
                      weights, bias, low, high, out};
    const int plain = multiplier == 1 && dilation == 1;
    if (plain && cells == 3 && stride == 1) line_pixels(&call, count, 3, 1, first);
    else if (plain && cells == 3 && stride == 2) line_pixels(&call, count, 3, 2, first);
    else if (plain && cells == 5 && stride == 1) line_pixels(&call, count, 5, 1, first);
    else if (plain && cells == 5 && stride == 2) line_pixels(&call, count, 5, 2, first);
    else {
        for (; count >= 4; count -= 4, first += 4 * stride, call.out += 4 * call.n)
            if (multiplier == 1) line_block(&call, 4, 0, 0, 1, 0, first);
            else line_block(&call, 4, 0, 0, 1, 1, first);
        for (; count; count--, first += stride, call.out += call.n)
            if (multiplier == 1) line_block(&call, 1, 0, 0, 1, 0, first);
            else line_block(&call, 1, 0, 0, 1, 1, first);
    }
}
