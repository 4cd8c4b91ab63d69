// The meaning of every kernel, over REAL, as functions FN(name). Included once per element type.
// Written to be read; the vector kernels are tested against these.
#include <string.h>
#include <tgmath.h>

enum { NR = 8 };

static inline REAL clamp(REAL x, REAL low, REAL high) {
    x = x < low ? low : x;
    return x > high ? high : x;
}
static inline REAL larger(REAL a, REAL b) { return a >= b || a != a ? a : b; }
static inline REAL smaller(REAL a, REAL b) { return a <= b || a != a ? a : b; }

#include "gemm.inc.h"
#include "winograd.inc.h"
#include "outer_product.inc.h"
#include "depthwise.inc.h"
#include "windows.inc.h"
#include "unary.inc.h"
#include "binary.inc.h"
#include "rows.inc.h"
#include "reduce.inc.h"
#include "move.inc.h"
