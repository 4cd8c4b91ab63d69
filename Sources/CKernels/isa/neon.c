// What every aarch64 has: 4 lanes, 32 registers, FMA; a block of 6 rows by 16 columns is 24 sums.
#include "../tables.h"

#if defined(__aarch64__)
#include <math.h>

#define TABLE kk_neon
#define ISA "neon"
enum { VL = 4, NV = 4 };
#define MR 6

#include "../kernels/all.inc.h"
#endif
