// Winograd's transformations, each against its own meaning. That together they are a convolution is in WinogradTests.swift.
#include "checks.h"

enum { MAX_TILES = 40 };
#define SIDES 2, 3, 4

/// The tiles of a 3 x 3 convolution of stride 1 over one image, with or without a border of zeros.
typedef struct {
    size_t m, planes, height, width, channels, rows, columns, count;
    kk_tile tiles[MAX_TILES];
} image;

static image make_image(size_t m, size_t height, size_t width, size_t padding, size_t channels, size_t filters, size_t cell) {
    image im = {.m = m, .planes = (m + 2) * (m + 2), .height = height, .width = width, .channels = channels};
    im.rows = (height + 2 * padding - 2) / cell;
    im.columns = (width + 2 * padding - 2) / cell;
    for (size_t y = 0; y < im.rows * cell; y += m)
        for (size_t x = 0; x < im.columns * cell; x += m) {
            const ptrdiff_t top = (ptrdiff_t)(y - padding), left = (ptrdiff_t)(x - padding), p = (ptrdiff_t)m + 2;
            const ptrdiff_t below = (ptrdiff_t)height - top, right = (ptrdiff_t)width - left;
            im.tiles[im.count++] = (kk_tile){
                .from = (top * (ptrdiff_t)width + left) * (ptrdiff_t)channels,
                .to = (ptrdiff_t)((y / cell * im.columns + x / cell) * filters),
                .top = (uint8_t)(top < 0 ? -top : 0), .bottom = (uint8_t)(below < p ? below : p),
                .left = (uint8_t)(left < 0 ? -left : 0), .right = (uint8_t)(right < p ? right : p),
                .rows = (uint8_t)(im.rows * cell - y < m ? im.rows * cell - y : m),
                .columns = (uint8_t)(im.columns * cell - x < m ? im.columns * cell - x : m)};
        }
    return im;
}

CHECK(winograd_weights) {
    EACH(m, SIDES)
        EACH(channels, 1, 3, 17)
            EACH(filters, 1, 5, 33) {
                kc_case(run, "winograd_weights m %zu, %zu to %zu", m, channels, filters);
                const size_t planes = (m + 2) * (m + 2), size = channels * filters, step = size + 2, all = (planes - 1) * step + size;
                const float *kernel = kc_random(run, 9 * size);
                float *u = kc_floats(run, all);
                double *want = kc_doubles(run, all);
                kc_table(run)->winograd_weights(m, size, kernel, size, u, step);
                kc_meaning()->winograd_weights(m, size, kc_wide(run, kernel, 9 * size), size, want, step);
                kc_close(run, u, want, all, 1, 0x1p-23);
            }
}

#define SIZES 3, 5, 6, 9, 13

CHECK(winograd_input) {
    EACH(m, SIDES)
        EACH(height, SIZES)
            EACH(padding, 0, 1)
                EACH(channels, 1, 3, 16, 17, 40) {
                    kc_case(run, "winograd_input m %zu, %zu x 9 x %zu, padding %zu", m, height, channels, padding);
                    const image im = make_image(m, height, 9, padding, channels, 1, 1);
                    const size_t size = height * 9 * channels, stride = channels + 3, step = im.count * stride;
                    const size_t all = im.planes * step - 3;
                    const ptrdiff_t row = (ptrdiff_t)(9 * channels);
                    const float *x = kc_random(run, size);
                    float *v = kc_floats(run, all), *cut = kc_floats(run, all);
                    double *want = kc_doubles(run, all);
                    kc_table(run)->winograd_input(m, im.tiles, im.count, x, row, channels, channels, v, step, stride);
                    kc_meaning()->winograd_input(m, im.tiles, im.count, kc_wide(run, x, size), row, channels, channels, want, step, stride);
                    kc_close(run, v, want, all, 8, 0x1p-21);
                    for (size_t i = 0; i < im.count; i++)
                        kc_table(run)->winograd_input(m, im.tiles + i, 1, x, row, channels, channels, cut + i * stride, step, stride);
                    kc_same(run, cut, v, all, "tiles cut, other bits");
                }
}

CHECK(winograd_output) {
    EACH(m, SIDES)
        EACH(height, SIZES)
            EACH(way, 0, 1, 2)
                EACH(filters, 1, 3, 16, 17, 40) {
                    const size_t pool = way == 2 ? 4 : 1;
                    if (pool == 4 && m % 2) continue;
                    kc_case(run, "winograd_output m %zu, %zu x 9 to %zu, way %zu", m, height, filters, way);
                    const image im = make_image(m, height, 9, 1, 1, filters, pool == 4 ? 2 : 1);
                    const size_t stride = filters + 3, step = im.count * stride, all = im.planes * step - 3;
                    const size_t size = im.rows * im.columns * filters;
                    const ptrdiff_t row = (ptrdiff_t)(im.columns * filters);
                    const float *y = kc_random(run, all), *bias = kc_random(run, filters), *addend = way == 1 ? kc_random(run, size) : NULL;
                    float *out = kc_floats(run, size), *cut = kc_floats(run, size);
                    double *want = kc_doubles(run, size);
                    const kk_epilogue_f32 epilogue = {way ? bias : NULL, addend, 0, -2, 3, pool};
                    const kk_epilogue_f64 wide = {way ? kc_wide(run, bias, filters) : NULL, addend ? kc_wide(run, addend, size) : NULL, 0, -2,
                                                  3, pool};
                    kc_table(run)->winograd_output(m, im.tiles, im.count, y, step, stride, filters, &epilogue, out, row, filters);
                    kc_meaning()->winograd_output(m, im.tiles, im.count, kc_wide(run, y, all), step, stride, filters, &wide, want, row,
                                                  filters);
                    kc_close(run, out, want, size, 60, 0x1p-22);
                    for (size_t i = 0; i < im.count; i++)
                        kc_table(run)->winograd_output(m, im.tiles + i, 1, y + i * stride, step, stride, filters, &epilogue, cut, row,
                                                       filters);
                    kc_same(run, cut, out, size, "tiles cut, other bits");
                }
}

CHECK(winograd_output_gradient) {
    EACH(m, SIDES)
        EACH(height, SIZES)
            EACH(filters, 1, 3, 16, 17, 40) {
                kc_case(run, "winograd_output_gradient m %zu, %zu x 9 of %zu", m, height, filters);
                const image im = make_image(m, height, 9, 1, 1, filters, 1);
                const size_t size = im.rows * im.columns * filters, stride = filters + 3, step = im.count * stride;
                const size_t all = im.planes * step - 3;
                const ptrdiff_t row = (ptrdiff_t)(im.columns * filters);
                const float *dy = kc_random(run, size);
                float *z = kc_floats(run, all), *cut = kc_floats(run, all);
                double *want = kc_doubles(run, all);
                kc_table(run)->winograd_output_gradient(m, im.tiles, im.count, dy, row, filters, filters, z, step, stride);
                kc_meaning()->winograd_output_gradient(m, im.tiles, im.count, kc_wide(run, dy, size), row, filters, filters, want, step,
                                                       stride);
                kc_close(run, z, want, all, 20, 0x1p-22);
                for (size_t i = 0; i < im.count; i++)
                    kc_table(run)->winograd_output_gradient(m, im.tiles + i, 1, dy, row, filters, filters, cut + i * stride, step, stride);
                kc_same(run, cut, z, all, "tiles cut, other bits");
            }
}

CHECK(winograd_weights_gradient) {
    EACH(m, SIDES)
        EACH(channels, 1, 3, 17)
            EACH(filters, 1, 5, 33) {
                kc_case(run, "winograd_weights_gradient m %zu, %zu to %zu", m, channels, filters);
                const size_t size = channels * filters, step = size + 2, all = ((m + 2) * (m + 2) - 1) * step + size;
                const float *du = kc_random(run, all);
                float *dw = kc_floats(run, 9 * size);
                double *want = kc_doubles(run, 9 * size);
                kc_table(run)->winograd_weights_gradient(m, size, du, step, dw, size);
                kc_meaning()->winograd_weights_gradient(m, size, kc_wide(run, du, all), step, want, size);
                kc_close(run, dw, want, 9 * size, 8, 0x1p-22);
            }
}
