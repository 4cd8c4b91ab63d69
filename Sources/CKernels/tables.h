// What the tables share inside this target: the generic kernels by name, so that an instruction set's table can start from
// them and stay a constant.
#ifndef KK_TABLES_H
#define KK_TABLES_H

#include "CKernels.h"

#define KK_ONE_MEMBER(member) +1
#define KK_NOTHING_BUT_MEMBERS(table) \
    _Static_assert(sizeof(table) == offsetof(table, packed_size) + (0 KK_MEMBERS(KK_ONE_MEMBER)) * sizeof(void (*)(void)), \
                   "a kernel that KK_MEMBERS does not name")
KK_NOTHING_BUT_MEMBERS(kk_table_f32);
KK_NOTHING_BUT_MEMBERS(kk_table_f64);

#define KK_HIDDEN __attribute__((visibility("hidden")))
#define KK_DECLARE(member) \
    KK_HIDDEN __typeof__(*((kk_table_f32 *)0)->member) kk_f32_##member; \
    KK_HIDDEN __typeof__(*((kk_table_f64 *)0)->member) kk_f64_##member;
KK_MEMBERS(KK_DECLARE)

#define KK_GENERIC_F32(m) .m = kk_f32_##m,
#define KK_GENERIC_F64(m) .m = kk_f64_##m,

KK_HIDDEN extern const kk_table_f32 kk_generic_f32;
KK_HIDDEN extern const kk_table_f64 kk_generic_f64;
#if defined(__x86_64__)
KK_HIDDEN extern const kk_table_f32 kk_avx512, kk_avx2, kk_sse2;
#elif defined(__aarch64__)
KK_HIDDEN extern const kk_table_f32 kk_neon;
#endif

#endif
