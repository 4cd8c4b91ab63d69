// What every check uses: arrays whose ends are watched, numbers that are the same everywhere, comparisons.
#ifndef CHECKS_H
#define CHECKS_H

#include "include/CKernelsChecks.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct kc_run kc_run;

/// The table under test, and the meaning.
const kk_table_f32 *kc_table(kc_run *run);
const kk_table_f64 *kc_meaning(void);

/// Starts a case: the arrays of the one before are looked over and taken back. The words are part of a failure's message.
void kc_case(kc_run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));
void kc_fail(kc_run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));

/// Arrays that end at a page nobody may touch: a kernel that passes the end dies. What stands before the start is compared
/// when the case ends. Odd counts make them unaligned by themselves. Full of 777 at first.
float *kc_floats(kc_run *run, size_t count);
float *kc_copy(kc_run *run, const float *x, size_t count);
/// -1 ... 1, or what is asked for; the same numbers at every place and on every machine.
float *kc_random(kc_run *run, size_t count);
float *kc_random_between(kc_run *run, size_t count, float low, float high);
double *kc_doubles(kc_run *run, size_t count);
double *kc_wide(kc_run *run, const float *x, size_t count);

/// Every element of `got` within `tolerance` of `want`, relative to the larger of `scale` (what was summed, in magnitude)
/// and the result.
void kc_close(kc_run *run, const float *got, const double *want, size_t count, double scale, double tolerance);
/// The same bits, NaN equal to NaN.
void kc_same(kc_run *run, const float *got, const float *want, size_t count, const char *why);

/// How far `got` is from `want` in `unit`; 0 where both are NaN or the same infinity, or where the exact result has left
/// float's range as `got` has.
double kc_distance(float got, double want, double unit);
/// A unit in the last place of `value` as a float.
double kc_ulp(double value);

#define COUNT(array) (sizeof(array) / sizeof *(array))
/// Goes through a list of numbers written out: `EACH(n, 1, 2, 3) { ... }`.
#define EACH(name, ...) \
    for (size_t name##_list[] = {__VA_ARGS__}, name##_at = 0, name; \
         name##_at < COUNT(name##_list) && (name = name##_list[name##_at], 1); name##_at++)

#define CHECK(member) void kc_check_##member(kc_run *run)
#define DECLARE_CHECK(member) CHECK(member);
KK_MEMBERS(DECLARE_CHECK)

#endif
