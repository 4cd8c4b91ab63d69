#include "CountingAllocator.h"

// The sanitizers have allocators of their own.
#if defined(__linux__) && __has_include(<gnu/libc-version.h>) && !__has_feature(thread_sanitizer) && !__has_feature(address_sanitizer)
#include <errno.h>
#include <stddef.h>

// Stand in for the C library's own, for every library of the process; glibc keeps these under second names for such uses.
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);

static __thread long count __attribute__((tls_model("initial-exec")));
static __thread size_t bytes __attribute__((tls_model("initial-exec")));

void *malloc(size_t size) { return count++, bytes += size, __libc_malloc(size); }
void *calloc(size_t n, size_t size) { return count++, bytes += n * size, __libc_calloc(n, size); }
void *realloc(void *memory, size_t size) { return count++, bytes += size, __libc_realloc(memory, size); }
void *aligned_alloc(size_t alignment, size_t size) { return count++, bytes += size, __libc_memalign(alignment, size); }
int posix_memalign(void **memory, size_t alignment, size_t size) {
    count++;
    bytes += size;
    *memory = __libc_memalign(alignment, size);
    return *memory ? 0 : ENOMEM;
}

long counted_allocations(void) { return count; }
long counted_bytes(void) { return (long)bytes; }
#else
long counted_allocations(void) { return -1; }
long counted_bytes(void) { return -1; }
#endif
