// The vector kernels in float. An instruction set's file defines VL (lanes), NV (vectors in a panel's width), MR (rows
// of a GEMM block) and ISA (its name), then includes this inside its `attribute push(target)`; the table comes out.
// System headers must already be included there: what they define must not get the target.

#include "vector.inc.h"
#include "gemm.inc.h"
#include "gemm_line.inc.h"
#include "winograd.inc.h"
#include "winograd_gradient.inc.h"
#include "outer_product.inc.h"
#include "depthwise.inc.h"
#include "windows.inc.h"
#include "math.inc.h"
#include "unary.inc.h"
#include "binary.inc.h"
#include "softmax.inc.h"
#include "reduce.inc.h"
#include "normalize.inc.h"
#include "move.inc.h"

// Generic first, then what is better here: overriding is the point.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Winitializer-overrides"
#define KK_TABLE_OF(symbol, isa) \
    const kk_table_f32 symbol = { \
        KK_MEMBERS(KK_GENERIC_F32).name = isa, .nr = NR, .packed_size = packed_size, .pack = pack, .gemm = gemm, \
        .gemm_line = gemm_line, .outer_product = outer_product, .winograd_weights = winograd_weights, \
        .winograd_input = winograd_input, .winograd_output = winograd_output, \
        .winograd_output_gradient = winograd_output_gradient, .winograd_weights_gradient = winograd_weights_gradient, \
        .depthwise_line = depthwise_line, .max_pool = max_pool, .max_pool_gradient = max_pool_gradient, .sum_pool = sum_pool, \
        .unary = unary, .binary = binary, .scale_shift = scale_shift, .softmax = softmax, .log_softmax = log_softmax, \
        .normalize_rows = normalize_rows, .reduce_rows = reduce_rows, .reduce_columns = reduce_columns, \
        .transpose = transpose, .scatter_add_rows = scatter_add_rows}
KK_TABLE_OF(TABLE, ISA);
#pragma clang diagnostic pop
