// What only moves numbers or adds them up: exact.
#include "checks.h"

static float *counting(kc_run *run, size_t count) {
    float *x = kc_floats(run, count);
    for (size_t i = 0; i < count; i++) x[i] = (float)i;
    return x;
}

CHECK(transpose) {
    EACH(rows, 1, 2, 3, 4, 5, 8, 17, 33, 70)
        EACH(columns, 1, 3, 4, 7, 16, 19, 64) {
            kc_case(run, "transpose %zu by %zu", rows, columns);
            EACH(apart, 0, 3) {
                const size_t stride = rows + apart;
                float *y = counting(run, stride * columns);
                kc_table(run)->transpose(counting(run, rows * columns), rows, columns, y, stride);
                for (size_t i = 0; i < stride * columns; i++) {
                    // What lies between the rows stays as it was.
                    const size_t r = i % stride, expected = r < rows ? r * columns + i / stride : i;
                    if (y[i] != (float)expected) {
                        kc_fail(run, "[%zu] is %g, %zu apart", i, (double)y[i], apart);
                        break;
                    }
                }
            }
        }
}

CHECK(gather) {
    EACH(width, 1, 3, 16, 21) {
        kc_case(run, "gather width %zu", width);
        const int32_t indices[] = {6, 0, 3, 3};
        const float *x = counting(run, 7 * width);
        float *out = kc_floats(run, 4 * width);
        kc_table(run)->gather(x, width, indices, 4, out);
        for (size_t i = 0; i < 4; i++) kc_same(run, out + i * width, x + (size_t)indices[i] * width, width, "not moved");
    }
}

CHECK(scatter_add_rows) {
    enum { ROWS = 5 };
    EACH(channels, 1, 3, 4, 8, 13, 16, 17, 40)
        // Steps shorter than the rows: neighbours overlap, and add up.
        for (size_t way = 0; way < 3; way++) {
            const size_t in_step = way == 2 ? 2 * channels : channels;
            const size_t out_step = way == 0 ? channels : way == 2 ? 0 : channels / 2 ? channels / 2 : 1;
            kc_case(run, "scatter_add_rows %zu by %zu to %zu", channels, in_step, out_step);
            const size_t size = (ROWS - 1) * out_step + channels;
            const float *x = counting(run, (ROWS - 1) * in_step + channels);
            float *out = kc_floats(run, size), *want = kc_floats(run, size);
            for (size_t i = 0; i < ROWS; i++)
                for (size_t c = 0; c < channels; c++) want[i * out_step + c] += x[i * in_step + c];
            kc_table(run)->scatter_add_rows(x, (ptrdiff_t)in_step, out, (ptrdiff_t)out_step, ROWS, channels);
            kc_same(run, out, want, size, "wrong sums");
        }
}
