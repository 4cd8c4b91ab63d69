// Compares the kernels of a table with their meaning, the generic table in double. Plain C, so that the same checks run
// from the Swift tests for what this processor has, and under an emulator for what it has not (.ci/cross).
#ifndef CKERNELS_CHECKS_H
#define CKERNELS_CHECKS_H

#include "CKernels.h"
#include <stddef.h>

#pragma clang assume_nonnull begin

/// One check for each member of the table, under the member's name.
extern const size_t kc_check_count;
const char *kc_check_name(size_t check);

/// How many comparisons failed; the first few are described in `message`.
size_t kc_run_check(size_t check, const kk_table_f32 *table, char *message, size_t size);

/// The largest error of each kind of `unary`, in units in the last place, over every 1009th float.
void kc_print_exactness(const kk_table_f32 *table);

#pragma clang assume_nonnull end
#endif
