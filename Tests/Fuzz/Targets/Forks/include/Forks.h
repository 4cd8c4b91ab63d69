#pragma once
// Swift may not call fork(2). Runs `body` in a child that may take `seconds` of a processor; 0 if it ended well, else the signal that
// ended it, or 1000 + its exit status. `took` is in seconds of a processor.
int fork_and_run(int seconds, void (*body)(void *), void *context, long *peak_kilobytes, double *took);
