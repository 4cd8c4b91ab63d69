// The table of kernels over KK_REAL, named KK_TABLE. Included by CKernels.h once per element type, hence no guard.

#pragma clang assume_nonnull begin

/// What becomes of a product's sums before they are stored: clamp(sum + bias[j] + addend[i][j]), and of `pool` results one.
/// The clamp is `x < low ? low : x`, then `x > high ? high : x`: NaN survives.
typedef struct KK_EPILOGUE {
    const KK_REAL *_Nullable bias;
    const KK_REAL *_Nullable addend;
    /// From one row of the addend to the next; 0 where it is laid out as the result. The products over row pointers alone take another.
    size_t addend_stride;
    KK_REAL low, high;
    /// 1; or 4 where each four results that belong together give their largest, as `max_pool` does. Not with an addend.
    size_t pool;
} KK_EPILOGUE;

typedef struct KK_TABLE {
    /// `generic`, `sse2`, `avx2`, `avx512`, `neon`.
    const char *name;
    /// Width of a panel of packed weights: what `pack` pads the columns to.
    size_t nr;

    // Matrix product over row pointers

    /// Elements `pack` writes.
    size_t (*packed_size)(size_t k, size_t n);
    /// B[k][n], at b[k*row_stride + n*col_stride], into panels [panel][k][nr], padded with zeros.
    void (*pack)(size_t k, size_t n, const KK_REAL *b, ptrdiff_t row_stride, ptrdiff_t col_stride, KK_REAL *packed);
    /// out[i*out_stride + j] = epilogue(sum over t, k of rows[i][tap_offsets[t] + k] * B[t*tap_length + k][j]), summed in
    /// ascending (t, k), in partial sums that are cut alike whatever m is. With a pool of 4, rows 4i ..< 4i + 4 give out's row i, and m is a multiple of 4.
    void (*gemm)(size_t m, size_t n, const KK_REAL *_Nonnull const *_Nonnull rows, size_t taps, const ptrdiff_t *tap_offsets,
                 size_t tap_length, const KK_REAL *packed, const KK_EPILOGUE *epilogue, KK_REAL *out, size_t out_stride);
    /// The same over a line of windows that lie evenly: rows[i] is x + i*step, and with a pool of 4 x + (i/4*2 + i%2)*step + i/2%2*line_step.
    /// Summed in one chain, for windows of few terms: under 128 of them the bits are those of `gemm`.
    void (*gemm_line)(size_t m, size_t n, const KK_REAL *x, ptrdiff_t step, ptrdiff_t line_step, size_t taps, const ptrdiff_t *tap_offsets,
                      size_t tap_length, const KK_REAL *packed, const KK_EPILOGUE *epilogue, KK_REAL *out, size_t out_stride);
    /// dw[(t*tap_length + k)*n + j] += sum over i of rows[i][tap_offsets[t] + k] * dy[i*dy_stride + j], one i after the
    /// other onto what is there: consecutive calls over parts of m, in order, give the bits of one call.
    void (*outer_product)(size_t m, size_t n, const KK_REAL *_Nonnull const *_Nonnull rows, size_t taps,
                          const ptrdiff_t *tap_offsets, size_t tap_length, const KK_REAL *dy, size_t dy_stride, KK_REAL *dw);

    // Winograd's convolution F(m × m, 3 × 3), m = 2, 3 or 4, p = m + 2: (p·p) products over channels instead of 9 for each of m·m results

    /// u[q*u_step + i], i < count: weight i of a kernel, whose nine taps are kernel[t*tap + i], in each of the p·p planes q, computed in
    /// double precision.
    void (*winograd_weights)(size_t m, size_t count, const KK_REAL *kernel, size_t tap, KK_REAL *u, size_t u_step);
    /// v[q*v_step + i*v_stride + c], c < channels, from the p × p patches of image[row*row_stride + column*pixel_stride + c]; cells
    /// outside are 0.
    void (*winograd_input)(size_t m, const kk_tile *tiles, size_t count, const KK_REAL *image, ptrdiff_t row_stride,
                           size_t pixel_stride, size_t channels, KK_REAL *v, size_t v_step, size_t v_stride);
    /// out[row*row_stride + column*pixel_stride + j] from products[q*step + i*stride + j], j < n. With a pool of 4 each
    /// 2 × 2 of a tile's results give one, and m is even.
    void (*winograd_output)(size_t m, const kk_tile *tiles, size_t count, const KK_REAL *products, size_t step, size_t stride,
                            size_t n, const KK_EPILOGUE *epilogue, KK_REAL *out, ptrdiff_t row_stride, size_t pixel_stride);
    /// z[q*z_step + i*z_stride + j], j < n, from the m × m cells dy[row*row_stride + column*pixel_stride + j] of each tile: what its
    /// products get; cells that `winograd_output` does not write are 0.
    void (*winograd_output_gradient)(size_t m, const kk_tile *tiles, size_t count, const KK_REAL *dy, ptrdiff_t row_stride,
                                     size_t pixel_stride, size_t n, KK_REAL *z, size_t z_step, size_t z_stride);
    /// dw[t*tap + i], i < count: what the nine taps of a kernel get from du[q*du_step + i], the gradient of its p·p planes.
    void (*winograd_weights_gradient)(size_t m, size_t count, const KK_REAL *du, size_t du_step, KK_REAL *dw, size_t tap);

    // Windows

    /// A line of `count` pixels, with j = c*multiplier + q: out[p*channels*multiplier + j] = clamp(bias[j] + sum over
    /// t < taps, w < cells of lines[t][at*channels + c] * weights[(t*cells + w)*channels*multiplier + j]) at the cell
    /// at = first + p*stride + w*dilation. A cell outside 0 ..< width and a line that is NULL are padding: they count
    /// nothing and are not read. Summed in ascending (t, w).
    void (*depthwise_line)(size_t count, const KK_REAL *_Nullable const *_Nonnull lines, size_t taps, size_t cells,
                           ptrdiff_t stride, ptrdiff_t dilation, ptrdiff_t first, ptrdiff_t width, size_t channels,
                           size_t multiplier, const KK_REAL *weights, const KK_REAL *_Nullable bias, KK_REAL low, KK_REAL high,
                           KK_REAL *out);
    /// out[i*channels + c] = the largest of in[i*step + d*sd + h*sh + w*sw + c] over d < nd, h < nh, w < nw;
    /// NaN if one is NaN, -infinity over nothing.
    void (*max_pool)(const KK_REAL *in, size_t count, ptrdiff_t step, size_t nd, ptrdiff_t sd, size_t nh, ptrdiff_t sh,
                     size_t nw, ptrdiff_t sw, size_t channels, KK_REAL *out);
    /// dx[i*step + d*sd + h*sh + w*sw + c] += dy[i*channels + c] at the first cell of window i, in ascending (d, h, w), where x is
    /// y[i*channels + c]; nowhere if none is. `y` is what `max_pool` gave for `x`, and `dx` lies as `x` does.
    void (*max_pool_gradient)(const KK_REAL *x, size_t count, ptrdiff_t step, size_t nd, ptrdiff_t sd, size_t nh, ptrdiff_t sh,
                              size_t nw, ptrdiff_t sw, size_t channels, const KK_REAL *y, const KK_REAL *dy, KK_REAL *dx);
    /// The same window summed, then divided by `divisor`.
    void (*sum_pool)(const KK_REAL *in, size_t count, ptrdiff_t step, size_t nd, ptrdiff_t sd, size_t nh, ptrdiff_t sh,
                     size_t nw, ptrdiff_t sw, size_t channels, KK_REAL divisor, KK_REAL *out);

    // Element by element

    /// y[i] = kind(x[i]) with the kind's own a, b, c. y may be x.
    void (*unary)(kk_unary kind, const KK_REAL *x, KK_REAL *y, size_t n, KK_REAL a, KK_REAL b, KK_REAL c);
    /// out[i] = kind(a[i*a_step], b[i*b_step]); steps are 0 or 1. out may be an operand whose step is 1.
    void (*binary)(kk_binary kind, const KK_REAL *a, size_t a_step, const KK_REAL *b, size_t b_step, KK_REAL *out, size_t n);
    /// y[r*n + j] = clamp(x[r*n + j] * scale[j] + shift[j]). y may be x.
    void (*scale_shift)(const KK_REAL *x, size_t rows, size_t n, const KK_REAL *scale, const KK_REAL *shift, KK_REAL low, KK_REAL high,
                        KK_REAL *y);

    // Over rows of n. y may be x.

    void (*softmax)(const KK_REAL *x, KK_REAL *y, size_t rows, size_t n);
    void (*log_softmax)(const KK_REAL *x, KK_REAL *y, size_t rows, size_t n);
    /// (x - mean) / sqrt(variance + epsilon) * gamma + beta over each row, variance divided by n.
    void (*normalize_rows)(const KK_REAL *x, size_t rows, size_t n, KK_REAL epsilon, const KK_REAL *_Nullable gamma,
                           const KK_REAL *_Nullable beta, KK_REAL *y);

    // Reductions. y must not overlap x.

    /// y[r] over x[r*n ..< r*n + n].
    void (*reduce_rows)(kk_reduce kind, const KK_REAL *x, size_t rows, size_t n, KK_REAL *y);
    /// y[j] over x[r*n + j] for all r.
    void (*reduce_columns)(kk_reduce kind, const KK_REAL *x, size_t rows, size_t n, KK_REAL *y);

    // Moving

    /// y[c*y_stride + r] = x[r*cols + c].
    void (*transpose)(const KK_REAL *x, size_t rows, size_t cols, KK_REAL *y, size_t y_stride);
    /// out[i*width + j] = table[indices[i]*width + j]; the indices were checked by the caller.
    void (*gather)(const KK_REAL *table, size_t width, const int32_t *indices, size_t count, KK_REAL *out);
    /// out[i*out_step + c] += in[i*in_step + c], in ascending i: the rows of `out` may overlap.
    void (*scatter_add_rows)(const KK_REAL *in, ptrdiff_t in_step, KK_REAL *out, ptrdiff_t out_step, size_t count,
                             size_t channels);
} KK_TABLE;

#pragma clang assume_nonnull end
