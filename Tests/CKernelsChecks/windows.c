// Depthwise convolution and pooling.
#include "checks.h"

#define CHANNELS 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 67

CHECK(depthwise_line) {
    const kk_table_f32 *f = kc_table(run);
    // pixels, taps, cells, stride, dilation, first cell, width of the line, multiplier
    static const ptrdiff_t cases[][8] = {
        {1, 1, 1, 1, 1, 0, 1, 1},    {7, 3, 3, 1, 1, 0, 9, 1},   {7, 3, 3, 1, 1, -1, 7, 1},  {28, 3, 3, 1, 1, -1, 28, 1},
        {19, 3, 3, 1, 1, -1, 19, 1}, {14, 3, 3, 2, 1, 0, 28, 1}, {14, 3, 3, 2, 1, -1, 28, 1}, {3, 3, 3, 2, 1, 0, 7, 1},
        {14, 5, 5, 1, 1, -2, 14, 1}, {10, 5, 5, 2, 1, -1, 20, 1}, {9, 3, 3, 1, 2, -2, 9, 1},  {6, 2, 4, 3, 1, -1, 17, 1},
        {5, 1, 7, 1, 1, -3, 5, 1},   {9, 3, 3, 1, 1, -1, 9, 2},   {5, 3, 3, 2, 1, 0, 10, 3},  {3, 2, 5, 1, 1, -2, 3, 8},
        {5, 2, 3, 1, 1, -4, 2, 1},
    };
    EACH(channels, CHANNELS)
        for (size_t s = 0; s < COUNT(cases); s++)
            for (int with_bias = 0; with_bias < 2; with_bias++) {
                const size_t count = (size_t)cases[s][0], taps = (size_t)cases[s][1], cells = (size_t)cases[s][2];
                const ptrdiff_t stride = cases[s][3], dilation = cases[s][4], first = cases[s][5], width = cases[s][6];
                const size_t multiplier = (size_t)cases[s][7], n = channels * multiplier, size = (size_t)width * channels;
                kc_case(run, "depthwise_line %zu channels, case %zu, bias %d", channels, s, with_bias);
                const float *lines[5];
                const double *wide_lines[5];
                for (size_t t = 0; t < taps; t++) {
                    lines[t] = kc_random(run, size);
                    wide_lines[t] = kc_wide(run, lines[t], size);
                    if (s % 3 == 1 && t == channels % 3) lines[t] = NULL, wide_lines[t] = NULL;
                }
                const float *weights = kc_random(run, taps * cells * n), *bias = with_bias ? kc_random(run, n) : NULL;
                const float low = with_bias ? -0.5f : -INFINITY, high = with_bias ? 1 : INFINITY;
                float *out = kc_floats(run, count * n), *cut = kc_floats(run, count * n);
                double *want = kc_doubles(run, count * n);
                f->depthwise_line(count, lines, taps, cells, stride, dilation, first, width, channels, multiplier, weights, bias,
                                  low, high, out);
                kc_meaning()->depthwise_line(count, wide_lines, taps, cells, stride, dilation, first, width, channels, multiplier,
                                             kc_wide(run, weights, taps * cells * n), bias ? kc_wide(run, bias, n) : NULL, low,
                                             high, want);
                kc_close(run, out, want, count * n, 1, 2e-6);
                for (size_t p = 0, part = 1; p < count; p += part, part += 2) { // in pieces of 1, 3, 5, ...
                    if (part > count - p) part = count - p;
                    f->depthwise_line(part, lines, taps, cells, stride, dilation, first + (ptrdiff_t)p * stride, width, channels,
                                      multiplier, weights, bias, low, high, cut + p * n);
                }
                kc_same(run, cut, out, count * n, "pixels cut, other bits");
            }
}

static void pool(kc_run *run, int sums) {
    enum { DEPTH = 3, HEIGHT = 4, WIDTH = 7 };
    static const size_t cases[][4] = {{1, 2, 2, 2}, {1, 1, 1, 1}, {1, 1, 3, 1}, {2, 3, 2, 1}, {3, 4, 1, 1}, {1, 3, 3, 2}, {1, 3, 3, 1}};
    EACH(channels, CHANNELS)
        for (size_t s = 0; s < 2 * COUNT(cases); s++) {
            const size_t *at = cases[s / 2], nd = at[0], nh = at[1], nw = at[2], step = at[3], count = (WIDTH - nw) / step + 1;
            const size_t all = DEPTH * HEIGHT * WIDTH * channels, sd = HEIGHT * WIDTH * channels, sh = WIDTH * channels;
            // The last window ends where the input does.
            const size_t start = s & 1 ? all - ((nd - 1) * sd + (nh - 1) * sh + ((count - 1) * step + nw) * channels) : 0;
            kc_case(run, "%s of %zu channels, window %zux%zux%zu", sums ? "sum_pool" : "max_pool", channels, nd, nh, nw);
            float *x = kc_random(run, all), *out = kc_floats(run, count * channels);
            x[0] = NAN;
            x[all - 1] = -INFINITY;
            const double *wide = kc_wide(run, x, all);
            double *want = kc_doubles(run, count * channels), divisor = (double)(nd * nh * nw);
            const ptrdiff_t c = (ptrdiff_t)channels, d = (ptrdiff_t)sd, h = (ptrdiff_t)sh, by = (ptrdiff_t)step * c;
            if (sums) {
                kc_table(run)->sum_pool(x + start, count, by, nd, d, nh, h, nw, c, channels, (float)divisor, out);
                kc_meaning()->sum_pool(wide + start, count, by, nd, d, nh, h, nw, c, channels, divisor, want);
            } else {
                kc_table(run)->max_pool(x + start, count, by, nd, d, nh, h, nw, c, channels, out);
                kc_meaning()->max_pool(wide + start, count, by, nd, d, nh, h, nw, c, channels, want);
            }
            kc_close(run, out, want, count * channels, sums, sums ? 1e-6 : 0);
        }
}
CHECK(max_pool) {
    pool(run, 0);
    for (int place = 0; place < 4; place++) {
        kc_case(run, "max_pool of NaN at %d", place);
        float x[] = {1, 2, 3, 4}, y = 0;
        x[place] = NAN;
        kc_table(run)->max_pool(x, 1, 0, 1, 0, 2, 2, 2, 1, 1, &y);
        if (!isnan(y)) kc_fail(run, "is %g, not NaN", (double)y);
    }
}
CHECK(max_pool_gradient) {
    // Windows of cells that hold few different numbers, so that many share the largest; some windows lie over each other.
    static const size_t cases[][4] = {{1, 2, 2, 2}, {1, 1, 1, 1}, {1, 1, 3, 1}, {2, 2, 2, 1}, {1, 3, 3, 2}, {1, 3, 3, 1}};
    enum { DEPTH = 2, HEIGHT = 3, WIDTH = 7 };
    EACH(channels, CHANNELS)
        for (size_t s = 0; s < COUNT(cases); s++) {
            const size_t nd = cases[s][0], nh = cases[s][1], nw = cases[s][2], step = cases[s][3], count = (WIDTH - nw) / step + 1;
            const size_t all = DEPTH * HEIGHT * WIDTH * channels, n = count * channels;
            const ptrdiff_t c = (ptrdiff_t)channels, h = WIDTH * c, d = HEIGHT * h, by = (ptrdiff_t)step * c;
            kc_case(run, "max_pool_gradient of %zu channels, window %zux%zux%zu", channels, nd, nh, nw);
            float *x = kc_random(run, all), *y = kc_floats(run, n), *dx = kc_floats(run, all);
            for (size_t i = 0; i < all; i++) x[i] = floorf(x[i] * 2), dx[i] = (float)(i % 3);
            const float *dy = kc_random(run, n);
            kc_table(run)->max_pool(x, count, by, nd, d, nh, h, nw, c, channels, y);
            double *want = kc_doubles(run, all);
            const double *before = kc_wide(run, dx, all);
            for (size_t i = 0; i < all; i++) want[i] = before[i];
            kc_table(run)->max_pool_gradient(x, count, by, nd, d, nh, h, nw, c, channels, y, dy, dx);
            kc_meaning()->max_pool_gradient(kc_wide(run, x, all), count, by, nd, d, nh, h, nw, c, channels, kc_wide(run, y, n),
                                            kc_wide(run, dy, n), want);
            kc_close(run, dx, want, all, 1, 1e-6);
        }
}
CHECK(sum_pool) { pool(run, 1); }
