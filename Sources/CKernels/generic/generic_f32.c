// The generic kernels in float.
#include "../tables.h"

#define REAL float
#define EPILOGUE kk_epilogue_f32
#define FN(name) kk_f32_##name
#include "all.inc.h"

const kk_table_f32 kk_generic_f32 = {.name = "generic", .nr = NR, KK_MEMBERS(KK_GENERIC_F32)};
