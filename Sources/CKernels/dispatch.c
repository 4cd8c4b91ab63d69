// Which tables there are, and which of them this processor can run.

#include "tables.h"
#include <string.h>

static int has_always(void) { return 1; }

#if defined(__x86_64__)
static int has_avx512(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("avx2");
}
static int has_avx2(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#endif

// Best first. A name that belongs to another architecture stays in the list with no table.
static const struct {
    const char *name;
    const kk_table_f32 *table;
    int (*has)(void);
} tables[] = {
#if defined(__x86_64__)
    {"avx512", &kk_avx512, has_avx512},
    {"avx2", &kk_avx2, has_avx2},
    {"sse2", &kk_sse2, has_always},
    {"neon", NULL, has_always},
#elif defined(__aarch64__)
    {"avx512", NULL, has_always},
    {"avx2", NULL, has_always},
    {"sse2", NULL, has_always},
    {"neon", &kk_neon, has_always},
#endif
    {"generic", &kk_generic_f32, has_always},
};
enum { table_count = sizeof tables / sizeof tables[0] };

const kk_table_f32 *kk_table_f32_named(const char *isa) {
    for (size_t i = 0; i < table_count; i++)
        if (tables[i].table && strcmp(tables[i].name, isa) == 0) return tables[i].has() ? tables[i].table : NULL;
    return NULL;
}

const kk_table_f32 *kk_table_f32_best(void) {
    for (size_t i = 0; i < table_count; i++)
        if (tables[i].table && tables[i].has()) return tables[i].table;
    return &kk_generic_f32;
}

const kk_table_f64 *kk_table_f64_generic(void) { return &kk_generic_f64; }

const char *const *kk_isa_names(size_t *count) {
#if defined(__x86_64__) || defined(__aarch64__)
    static const char *const names[] = {"avx512", "avx2", "sse2", "neon", "generic"};
#else
    static const char *const names[] = {"generic"};
#endif
    _Static_assert(sizeof names / sizeof names[0] == table_count, "a table without a name");
    *count = table_count;
    return names;
}

#define KK_NAME(name, meaning) #name,
const char *kk_unary_name(kk_unary kind) {
    static const char *const names[] = {KK_UNARY_KINDS(KK_NAME)};
    return names[kind];
}
const char *kk_binary_name(kk_binary kind) {
    static const char *const names[] = {KK_BINARY_KINDS(KK_NAME)};
    return names[kind];
}
const char *kk_reduce_name(kk_reduce kind) {
    static const char *const names[] = {KK_REDUCE_KINDS(KK_NAME)};
    return names[kind];
}
