// The generic kernels in double.
#include "../tables.h"

#define REAL double
#define EPILOGUE kk_epilogue_f64
#define FN(name) kk_f64_##name
#include "all.inc.h"

const kk_table_f64 kk_generic_f64 = {.name = "generic", .nr = NR, KK_MEMBERS(KK_GENERIC_F64)};
