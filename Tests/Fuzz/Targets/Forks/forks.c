#include "Forks.h"
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

void *shared_memory(long size) {
    void *memory = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

int fork_and_run(void (*body)(void *), void *context) {
    pid_t child = fork();
    if (child < 0) return 2000;
    if (child == 0) {
        body(context);
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status) == 0 ? 0 : 1000 + WEXITSTATUS(status);
}

void allow_seconds(int seconds) {
    // Of a processor, and 240 times as many by the clock: somebody else may have the machine.
    struct itimerval limit = {{0, 0}, {seconds, 0}};
    setitimer(ITIMER_PROF, &limit, NULL);
    alarm(240 * (unsigned)seconds);
}

static int descriptors[2] = {-1, -1};

static long number_after(const char *text, const char *name) {
    const char *found = strstr(text, name);
    return found ? atol(found + strlen(name)) : 0;
}

long forget_peak(void) {
    if (descriptors[0] < 0) {
        descriptors[0] = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
        descriptors[1] = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    }
    if (write(descriptors[0], "5", 1) != 1) return -1;
    char text[256] = {0};
    if (pread(descriptors[1], text, sizeof text - 1, 0) <= 0) return -1;
    return number_after(text, " ") * (sysconf(_SC_PAGESIZE) / 1024);
}

long peak(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}
