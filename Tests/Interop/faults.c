// Preloaded into a command that saves a file: makes one call of one kind fail, or ends the process there. Only files that are being written
// count, and memory that C libraries ask for or that is large. Driven by the environment; faults.py is who drives it.
//
//     FAULT_CALL   open, write, fsync, rename, close, chmod, any; large (our memory of 256 KiB or more), zlib, hdf5 (memory of these libraries)
//     FAULT_NTH    which of them, from 1; 0 counts alone
//     FAULT_ERRNO  what it fails with; 0 ends the process with SIGKILL
//     FAULT_LASTS  1: every one after it fails too
//     FAULT_COUNT  a file that the number of such calls is written to at the end
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
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
// Where the library's code stands whose requests for memory are counted.
static struct { char *start, *end; } code_of[16];
static int code_count;
static int is_large;
static long nth, code, lasts;
static atomic_long seen;
static char writing[4096];
static int is_ready;

static int note(struct dl_phdr_info *info, size_t size, void *name) {
    (void)size;
    const char *file = strrchr(info->dlpi_name, '/');
    if (!file || strncmp(file + 1, name, strlen(name)) != 0) return 0;
    for (int k = 0; k < info->dlpi_phnum && code_count < 16; k++) {
        if (info->dlpi_phdr[k].p_type != PT_LOAD) continue;
        char *start = (char *)info->dlpi_addr + info->dlpi_phdr[k].p_vaddr;
        code_of[code_count].start = start;
        code_of[code_count++].end = start + info->dlpi_phdr[k].p_memsz;
    }
    return 0;
}

__attribute__((constructor)) static void begin(void) {
    kind = getenv("FAULT_CALL");
    is_large = kind && strcmp(kind, "large") == 0;
    if (is_large || (kind && strcmp(kind, "hdf5") == 0)) dl_iterate_phdr(note, "libhdf5");
    if (kind && strcmp(kind, "zlib") == 0) dl_iterate_phdr(note, "libz.");
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

// Whether this request is one of those that are counted. Swift's own small ones cannot fail without a trap.
static int is_counted(size_t size, void *caller) {
    if (!is_ready) return 0;
    int is_of_library = 0;
    for (int k = 0; k < code_count; k++) is_of_library |= (char *)caller >= code_of[k].start && (char *)caller < code_of[k].end;
    return is_large ? size >= 1 << 18 && !is_of_library : is_of_library;
}

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size) {
    if (is_counted(size, __builtin_return_address(0)) && fails(kind)) return NULL;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    if (is_counted(count * size, __builtin_return_address(0)) && fails(kind)) return NULL;
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
    if (is_counted(size, __builtin_return_address(0)) && fails(kind)) return NULL;
    return __libc_realloc(old, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
    if (is_counted(size, __builtin_return_address(0)) && fails(kind)) return ENOMEM;
    *memory = __libc_memalign(alignment, size);
    return *memory ? 0 : ENOMEM;
}
