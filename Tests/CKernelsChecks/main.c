// The checks as a program, for a processor that is only emulated: `checks ISA` runs them all, `checks --exactness ISA` prints
// the table of docs/KERNELS.md.
#include "include/CKernelsChecks.h"
#include <stdio.h>
#include <string.h>

int main(int count, char **arguments) {
    const int exactness = count > 1 && strcmp(arguments[1], "--exactness") == 0;
    const kk_table_f32 *table = count == 2 + exactness ? kk_table_f32_named(arguments[1 + exactness]) : NULL;
    if (!table) {
        fprintf(stderr, "usage: checks [--exactness] ISA, one that this processor has\n");
        return 2;
    }
    if (exactness) {
        kc_print_exactness(table);
        return 0;
    }
    size_t failures = 0;
    for (size_t i = 0; i < kc_check_count; i++) {
        char message[4096];
        const size_t failed = kc_run_check(i, table, message, sizeof message);
        if (failed) printf("%s\n%s: %zu failures\n", message, kc_check_name(i), failed);
        failures += failed;
    }
    printf("%s: %zu kernels checked, %zu failures\n", table->name, kc_check_count, failures);
    return failures != 0;
}
