// The kernels: numbers in, numbers out. Nothing here allocates, logs, keeps state or knows a layer.
// docs/KERNELS.md says what each one means and how exact it is; Sources/CKernels/generic/ is that meaning as code.
//
// Rules that hold for every kernel:
// - Pointers need no more alignment than their element (64 bytes is faster for packed weights).
// - Nothing outside the stated elements is read or written.
// - An element's bits depend on its own operands only: not on its place in the array, nor on how the caller
//   cuts rows, pixels or elements into several calls. They may differ between instruction sets.
#ifndef CKERNELS_H
#define CKERNELS_H

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

// What a thread does while it spins: leaves the core to its twin.
static inline void kk_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

// Closed, so that Swift sees real enums: `kk_unary.exp`.
#define KK_CLOSED __attribute__((enum_extensibility(closed)))

// The kinds are lists, because the enum, the names, the vector dispatch and the tests are all made from them.
// X(name, meaning)
#define KK_UNARY_KINDS(X) \
    X(copy, "x") \
    X(negate, "-x") \
    X(abs, "|x|") \
    X(square, "x*x") \
    X(sqrt, "sqrt(x)") \
    X(rsqrt, "1/sqrt(x)") \
    X(reciprocal, "1/x") \
    X(exp, "exp(x)") \
    X(expm1, "exp(x)-1") \
    X(log, "log(x)") \
    X(log1p, "log(1+x)") \
    X(tanh, "tanh(x)") \
    X(sigmoid, "1/(1+exp(-x))") \
    X(softplus, "log(1+exp(x)), never overflowing") \
    X(softsign, "x/(1+|x|)") \
    X(erf, "erf(x)") \
    X(erfc, "1-erf(x)") \
    X(gelu, "x/2*erfc(-x/sqrt(2))") \
    X(gelu_tanh, "x/2*(1+tanh(sqrt(2/pi)*(x+0.044715*x^3)))") \
    X(elu, "x>0 ? x : a*(exp(x)-1)") \
    X(selu, "1.0507..*(x>0 ? x : 1.6733..*(exp(x)-1))") \
    X(celu, "x>0 ? x : a*(exp(x/a)-1)") \
    X(silu, "x*sigmoid(x)") \
    X(mish, "x*tanh(softplus(x))") \
    X(hard_sigmoid, "clip(a*x+b, 0, 1)") \
    X(hard_silu, "x*clip(a*x+b, 0, 1)") \
    X(hard_tanh, "clip(x, -1, 1)") \
    X(hard_shrink, "|x|>a ? x : 0") \
    X(soft_shrink, "x>a ? x-a : x<-a ? x+a : 0") \
    X(threshold, "x>a ? x : b") \
    X(tanh_shrink, "x-tanh(x)") \
    X(log_sigmoid, "log(sigmoid(x))") \
    X(squareplus, "(x+sqrt(x*x+a))/2") \
    X(sparse_sigmoid, "clip((x+1)/2, 0, 1)") \
    X(sparse_plus, "x<=-1 ? 0 : x<1 ? (x+1)^2/4 : x") \
    X(clamp, "x<a ? a : x>b ? b : x") \
    X(leaky, "x<0 ? a*x : x") \
    X(relu_general, "slope a, threshold b, ceiling c: min(c, x>b ? x : a*(x-b)); with a = 0 the lower side is 0 even at -infinity") \
    X(floor, "floor(x)") \
    X(ceil, "ceil(x)") \
    X(round, "nearest, halves to even") \
    X(sign, "-1, 0 or 1") \
    X(sin, "sin(x)") \
    X(cos, "cos(x)") \
    X(affine, "a*x+b") \
    X(power, "x^a")

#define KK_BINARY_KINDS(X) \
    X(add, "a+b") \
    X(subtract, "a-b") \
    X(multiply, "a*b") \
    X(divide, "a/b") \
    X(maximum, "the larger; NaN if either is") \
    X(minimum, "the smaller; NaN if either is") \
    X(power, "a^b") \
    X(squared_difference, "(a-b)^2") \
    X(equal, "a==b, as 1 or 0") \
    X(not_equal, "a!=b") \
    X(less, "a<b") \
    X(less_equal, "a<=b") \
    X(greater, "a>b") \
    X(greater_equal, "a>=b") \
    X(logical_and, "both differ from 0") \
    X(logical_or, "one differs from 0") \
    X(prelu, "a<0 ? a*b : a") \
    X(gate, "b>0 ? a : 0")

#define KK_REDUCE_KINDS(X) \
    X(sum, "sum") \
    X(mean, "sum/count") \
    X(max, "largest; NaN if any is") \
    X(min, "smallest; NaN if any is") \
    X(product, "product") \
    X(sum_of_squares, "sum of x*x")

// The kernels: every member of the tables but `name` and `nr`. The generic tables and the tests are made from it.
#define KK_MEMBERS(X) \
    X(packed_size) X(pack) X(gemm) X(gemm_line) X(outer_product) X(winograd_weights) X(winograd_input) X(winograd_output) \
    X(winograd_output_gradient) X(winograd_weights_gradient) X(depthwise_line) X(max_pool) X(max_pool_gradient) X(sum_pool) \
    X(unary) X(binary) X(scale_shift) X(softmax) X(log_softmax) X(normalize_rows) X(reduce_rows) X(reduce_columns) X(transpose) X(gather) X(scatter_add_rows)

#define KK_ONE(...) +1
#define KK_UNARY_CASE(name, meaning) kk_unary_##name,
#define KK_BINARY_CASE(name, meaning) kk_binary_##name,
#define KK_REDUCE_CASE(name, meaning) kk_reduce_##name,
typedef enum KK_CLOSED kk_unary : int { KK_UNARY_KINDS(KK_UNARY_CASE) } kk_unary;
typedef enum KK_CLOSED kk_binary : int { KK_BINARY_KINDS(KK_BINARY_CASE) } kk_binary;
typedef enum KK_CLOSED kk_reduce : int { KK_REDUCE_KINDS(KK_REDUCE_CASE) } kk_reduce;
enum { kk_unary_count = 0 KK_UNARY_KINDS(KK_ONE) };
enum { kk_binary_count = 0 KK_BINARY_KINDS(KK_ONE) };
enum { kk_reduce_count = 0 KK_REDUCE_KINDS(KK_ONE) };
/// A tile of a Winograd convolution: p × p cells of the image give m × m results.
typedef struct kk_tile {
    /// Where the patch's first cell is, in elements from the image's; it may lie outside.
    ptrdiff_t from;
    /// Where the tile's first result is, in elements from the output's.
    ptrdiff_t to;
    /// The rows and columns of the patch that lie inside the image: top ..< bottom, left ..< right.
    uint8_t top, bottom, left, right;
    /// How many rows and columns of results are kept.
    uint8_t rows, columns;
} kk_tile;

const char *kk_unary_name(kk_unary kind);
const char *kk_binary_name(kk_binary kind);
const char *kk_reduce_name(kk_reduce kind);

#pragma clang assume_nonnull end // no #include may stand inside

#define KK_REAL float
#define KK_TABLE kk_table_f32
#define KK_EPILOGUE kk_epilogue_f32
#include "kk_table.inc.h"
#undef KK_REAL
#undef KK_TABLE
#undef KK_EPILOGUE

#define KK_REAL double
#define KK_TABLE kk_table_f64
#define KK_EPILOGUE kk_epilogue_f64
#include "kk_table.inc.h"
#undef KK_REAL
#undef KK_TABLE
#undef KK_EPILOGUE

#pragma clang assume_nonnull begin

/// The table of one instruction set, or NULL where the name is unknown or this processor lacks it.
const kk_table_f32 *_Nullable kk_table_f32_named(const char *isa);
/// The best table this processor can run.
const kk_table_f32 *kk_table_f32_best(void);
/// Plain C in double precision: what float64 models run on, and what the float tables are tested against.
const kk_table_f64 *kk_table_f64_generic(void);
/// Every name `kk_table_f32_named` knows, best first, whether or not this processor can run it.
const char *_Nonnull const *_Nonnull kk_isa_names(size_t *count);

#pragma clang assume_nonnull end
#endif
