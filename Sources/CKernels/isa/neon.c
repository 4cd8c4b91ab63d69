#include "../tables.h"
#if defined(__aarch64__)
const kk_table_f32 kk_neon = {KK_MEMBERS(KK_GENERIC_F32).name = "neon", .nr = 8};
#endif
