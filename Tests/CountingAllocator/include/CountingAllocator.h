// Counts what a thread asks the C library's allocator for, so that a test can show that a call asks for nothing, or for little.
#pragma once

/// How often this thread has asked for memory; -1 where it cannot be counted.
long counted_allocations(void);

/// The bytes it has asked for in all, whether it has given them back or not; -1 where they cannot be counted.
long counted_bytes(void);
