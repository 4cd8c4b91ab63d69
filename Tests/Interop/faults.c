// Preloaded into a command that saves a file: makes one call of one kind fail, or ends the process there. Only files that are being written
// count, and memory that C libraries ask for or that is large. Driven by the environment; faults.py is who drives it.
//
//     FAULT_CALL   open, write, fsync, rename, close, chmod, memory, any
//     FAULT_NTH    which of them, from 1; 0 counts alone
//     FAULT_ERRNO  what it fails with; 0 ends the process with SIGKILL
//     FAULT_LASTS  1: every one after it fails too
//     FAULT_COUNT  a file that the number of such calls is written to at the end
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static const char *kind, *count_path;
static long nth, code, lasts;
static atomic_long seen;
static char writing[4096];
static int is_ready;

__attribute__((constructor)) static void begin(void) {
    kind = getenv("FAULT_CALL");
    nth = getenv("FAULT_NTH") ? atol(getenv("FAULT_NTH")) : 0;
    code = getenv("FAULT_ERRNO") ? atol(getenv("FAULT_ERRNO")) : 0;
    lasts = getenv("FAULT_LASTS") ? atol(getenv("FAULT_LASTS")) : 0;
    count_path = getenv("FAULT_COUNT");
    is_ready = kind != NULL;
}

__attribute__((destructor)) static void end(void) {
    is_ready = 0;
    if (!count_path) return;
    FILE *file = fopen(count_path, "w");
    if (!file) return;
    fprintf(file, "%ld", (long)seen);
    fclose(file);
}

// Whether this call is one that fails.
static int fails(const char *call) {
    if (!is_ready || (strcmp(kind, call) != 0 && strcmp(kind, "any") != 0)) return 0;
    long number = atomic_fetch_add(&seen, 1) + 1;
    if (nth == 0 || number < nth || (number > nth && !lasts)) return 0;
    if (code == 0) kill(getpid(), SIGKILL);
    errno = (int)code;
    return 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int is_written(int descriptor) { return descriptor >= 0 && descriptor < 4096 && writing[descriptor]; }

static int opened(int descriptor, int flags) {
    if (descriptor >= 0 && descriptor < 4096) writing[descriptor] = (flags & O_CREAT) != 0;
    return descriptor;
}

#define OPEN(name, call, ...)                                                                                                             \
    {                                                                                                                                     \
        mode_t mode = 0;                                                                                                                  \
        if (flags & O_CREAT) {                                                                                                            \
            va_list list;                                                                                                                 \
            va_start(list, flags);                                                                                                        \
            mode = (mode_t)va_arg(list, int);                                                                                             \
            va_end(list);                                                                                                                 \
            if (fails("open")) return -1;                                                                                                 \
        }                                                                                                                                 \
        return opened(call, flags);                                                                                                       \
    }

int open(const char *path, int flags, ...) OPEN(open, REAL(open)(path, flags, mode))
int open64(const char *path, int flags, ...) OPEN(open64, REAL(open64)(path, flags, mode))
int openat(int folder, const char *path, int flags, ...) OPEN(openat, REAL(openat)(folder, path, flags, mode))

ssize_t write(int descriptor, const void *bytes, size_t count) {
    if (is_written(descriptor) && fails("write")) return -1;
    return REAL(write)(descriptor, bytes, count);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
    if (is_written(descriptor) && fails("write")) return -1;
    return REAL(pwrite)(descriptor, bytes, count, offset);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off_t offset) {
    if (is_written(descriptor) && fails("write")) return -1;
    return REAL(pwrite64)(descriptor, bytes, count, offset);
}

int fsync(int descriptor) {
    // A folder may refuse: not every file system can flush one.
    if (is_written(descriptor) && fails("fsync")) return -1;
    return REAL(fsync)(descriptor);
}

int close(int descriptor) {
    if (is_written(descriptor)) {
        writing[descriptor] = 0;
        if (fails("close")) {
            int kept = errno;
            REAL(close)(descriptor);
            errno = kept;
            return -1;
        }
    }
    return REAL(close)(descriptor);
}

int rename(const char *from, const char *to) {
    if (fails("rename")) return -1;
    return REAL(rename)(from, to);
}

int fchmod(int descriptor, mode_t mode) {
    if (is_written(descriptor) && fails("chmod")) return -1;
    return REAL(fchmod)(descriptor, mode);
}

// Memory of C libraries, of any size, and what is as large as weights are. Swift's own small allocations cannot fail without a trap.
static int is_ours(size_t size, void *caller) {
    static __thread int is_looking;
    if (!is_ready || is_looking || strcmp(kind, "memory") != 0) return 0;
    is_looking = 1;
    Dl_info where;
    int is_library = dladdr(caller, &where) && where.dli_fname && (strstr(where.dli_fname, "libhdf5") || strstr(where.dli_fname, "libz."));
    is_looking = 0;
    return is_library || size >= 1 << 18;
}

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size) {
    if (is_ours(size, __builtin_return_address(0)) && fails("memory")) return NULL;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    if (is_ours(count * size, __builtin_return_address(0)) && fails("memory")) return NULL;
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
    if (is_ours(size, __builtin_return_address(0)) && fails("memory")) return NULL;
    return __libc_realloc(old, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
    if (is_ours(size, __builtin_return_address(0)) && fails("memory")) return ENOMEM;
    *memory = __libc_memalign(alignment, size);
    return *memory ? 0 : ENOMEM;
}
