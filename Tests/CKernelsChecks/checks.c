// The list of checks, and what they share.
#include "checks.h"
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SLOTS = 24, FRONT = 64 };
static const size_t slot_size = (size_t)9 << 20;

struct kc_run {
    const kk_table_f32 *table;
    char *slots;
    size_t page, used;
    char *starts[SLOTS];
    uint64_t random;
    size_t failures;
    char label[200];
    char *message;
    size_t message_size;
};

#define CHECK_NAME(member) #member,
#define CHECK_FUNCTION(member) kc_check_##member,
static const char *const names[] = {KK_MEMBERS(CHECK_NAME)};
static void (*const checks[])(kc_run *) = {KK_MEMBERS(CHECK_FUNCTION)}; // a member without a check does not link
const size_t kc_check_count = COUNT(names);

const char *kc_check_name(size_t check) { return names[check]; }
const kk_table_f32 *kc_table(kc_run *run) { return run->table; }
const kk_table_f64 *kc_meaning(void) { return kk_table_f64_generic(); }

size_t kc_run_check(size_t check, const kk_table_f32 *table, char *message, size_t size) {
    kc_run run = {.table = table, .message = message, .message_size = size, .random = 0x9E3779B97F4A7C15};
    run.page = (size_t)sysconf(_SC_PAGESIZE);
    run.slots = mmap(NULL, SLOTS * slot_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (run.slots == MAP_FAILED) abort();
    for (size_t s = 1; s <= SLOTS; s++) mprotect(run.slots + s * slot_size - run.page, run.page, PROT_NONE);
    message[0] = 0;
    snprintf(run.label, sizeof run.label, "%s", names[check]);
    checks[check](&run);
    kc_case(&run, "end"); // looks over the last case's arrays
    munmap(run.slots, SLOTS * slot_size);
    return run.failures;
}

void kc_fail(kc_run *run, const char *format, ...) {
    if (run->failures++ >= 5) return;
    const size_t at = strlen(run->message);
    char what[200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    snprintf(run->message + at, run->message_size - at, "%s%s: %s: %s", at ? "\n" : "", run->table->name, run->label, what);
}

static const unsigned char watched = 0xA5;

void kc_case(kc_run *run, const char *format, ...) {
    for (size_t s = 0; s < run->used; s++)
        for (size_t i = 1; i <= FRONT; i++)
            if ((unsigned char)run->starts[s][-(ptrdiff_t)i] != watched) {
                kc_fail(run, "array %zu was written before its start", s);
                break;
            }
    run->used = 0;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(run->label, sizeof run->label, format, arguments);
    va_end(arguments);
}

static void *slot(kc_run *run, size_t bytes) {
    if (run->used == SLOTS || bytes + FRONT + run->page > slot_size) abort(); // the check's own fault
    char *start = run->slots + (run->used + 1) * slot_size - run->page - bytes;
    memset(start - FRONT, watched, FRONT);
    run->starts[run->used++] = start;
    return start;
}

float *kc_floats(kc_run *run, size_t count) {
    float *x = slot(run, count * sizeof(float));
    for (size_t i = 0; i < count; i++) x[i] = 777;
    return x;
}
float *kc_copy(kc_run *run, const float *x, size_t count) {
    return memcpy(slot(run, count * sizeof(float)), x, count * sizeof(float));
}
float *kc_random(kc_run *run, size_t count) { return kc_random_between(run, count, -1, 1); }
float *kc_random_between(kc_run *run, size_t count, float low, float high) {
    float *x = kc_floats(run, count);
    for (size_t i = 0; i < count; i++) {
        run->random ^= run->random << 13;
        run->random ^= run->random >> 7;
        run->random ^= run->random << 17;
        x[i] = low + (high - low) * (float)(run->random >> 40) / (float)(1 << 24);
    }
    return x;
}
double *kc_doubles(kc_run *run, size_t count) {
    double *x = slot(run, count * sizeof(double));
    for (size_t i = 0; i < count; i++) x[i] = 777;
    return x;
}
double *kc_wide(kc_run *run, const float *x, size_t count) {
    double *wide = slot(run, count * sizeof(double));
    for (size_t i = 0; i < count; i++) wide[i] = x[i];
    return wide;
}

double kc_ulp(double value) {
    const float x = fabsf((float)value);
    if (!isfinite(x)) return 0;
    const double step = (double)nextafterf(x, INFINITY) - x;
    return isfinite(step) ? step : (double)x - nextafterf(x, 0);
}

double kc_distance(float got, double want, double unit) {
    if (isnan(got) || isnan(want)) return isnan(got) && isnan(want) ? 0 : INFINITY;
    if (got == want || got == (float)want) return 0;
    if (isinf(got) || isinf(want)) return INFINITY;
    return fabs(got - want) / unit;
}

void kc_close(kc_run *run, const float *got, const double *want, size_t count, double scale, double tolerance) {
    for (size_t i = 0; i < count; i++) {
        const double off = kc_distance(got[i], want[i], fmax(scale, fabs(want[i])));
        if (off <= tolerance) continue;
        kc_fail(run, "[%zu] is %.9g, not %.9g: off by %g, allowed %g", i, (double)got[i], want[i], off, tolerance);
        return;
    }
}

void kc_same(kc_run *run, const float *got, const float *want, size_t count, const char *why) {
    for (size_t i = 0; i < count; i++) {
        if (memcmp(got + i, want + i, sizeof(float)) == 0 || (isnan(got[i]) && isnan(want[i]))) continue;
        kc_fail(run, "%s: [%zu] is %.9g, not %.9g", why, i, (double)got[i], (double)want[i]);
        return;
    }
}
