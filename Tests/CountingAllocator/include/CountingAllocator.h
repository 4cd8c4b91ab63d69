// Counts what a thread asks the C library's allocator for, so that a test can show that a call asks for nothing.
#pragma once

/// How often this thread has asked for memory; -1 where it cannot be counted.
long counted_allocations(void);
