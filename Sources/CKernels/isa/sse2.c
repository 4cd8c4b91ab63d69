// What every x86-64 has: 4 lanes, 16 registers, no FMA: a product needs a register of its own, hence the small block.
#include "../tables.h"

#if defined(__x86_64__)
#include <math.h>

#define TABLE kk_sse2
#define ISA "sse2"
enum { VL = 4, NV = 2 };
#define MR 4

#include "../kernels/all.inc.h"
#endif
