#include "../tables.h"
#if defined(__x86_64__)
#pragma clang diagnostic ignored "-Winitializer-overrides"
const kk_table_f32 kk_sse2 = {KK_MEMBERS(KK_GENERIC_F32).name = "sse2", .nr = 8};
#endif
