#pragma once
// What Swift may not call, or has no words for.

// Memory that a process shares with those it forks; NULL if there is none.
void *shared_memory(long size);

// Runs `body` in a child; 0 if it ended well, else the signal that ended it, or 1000 + its exit status.
int fork_and_run(void (*body)(void *), void *context);

// Ends this process by a signal after so many seconds of a processor from now.
void allow_seconds(int seconds);

// Forgets how much memory this process had at most, and returns how much it has, in KiB; -1 if the system does not tell.
long forget_peak(void);

// How much memory this process has had at most since then, in KiB.
long peak(void);
