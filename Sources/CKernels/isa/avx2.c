#include "../tables.h"
#if defined(__x86_64__)
#pragma clang diagnostic ignored "-Winitializer-overrides"
const kk_table_f32 kk_avx2 = {KK_MEMBERS(KK_GENERIC_F32).name = "avx2", .nr = 8};
#endif
