#include "Forks.h"
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int fork_and_run(int seconds, void (*body)(void *), void *context, long *peak_kilobytes, double *took) {
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = {(rlim_t)seconds, (rlim_t)seconds};
        setrlimit(RLIMIT_CPU, &limit);
        // Somebody else may have the machine.
        alarm(20 * (unsigned)seconds);
        body(context);
        _exit(0);
    }
    int status = 0;
    struct rusage usage;
    wait4(child, &status, 0, &usage);
    *took = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
    *peak_kilobytes = usage.ru_maxrss;
    return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status) == 0 ? 0 : 1000 + WEXITSTATUS(status);
}
