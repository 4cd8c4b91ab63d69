#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// Memory as the system gives it, or nil where it has none.
func allocate(_ size: Int, alignment: Int) -> UnsafeMutableRawPointer? {
    var memory: UnsafeMutableRawPointer?
    return posix_memalign(&memory, alignment, size) == 0 ? memory : nil
}

/// Zeroed memory, or nil where the system has none.
func allocateZeroed(_ size: Int, alignment: Int) -> UnsafeMutableRawPointer? {
    guard let memory = allocate(size, alignment: alignment) else { return nil }
    memset(memory, 0, size)
    return memory
}

func free(_ memory: UnsafeMutableRawPointer) {
    #if canImport(Glibc)
    Glibc.free(memory)
    #elseif canImport(Musl)
    Musl.free(memory)
    #else
    Darwin.free(memory)
    #endif
}
