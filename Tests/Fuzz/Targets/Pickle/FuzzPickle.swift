import NumPy
import Tensors

/// Pickles of data.
@_cdecl("LLVMFuzzerTestOneInput") public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard let bytes = try? Buffer(count: count) else { return 0 }
    bytes.bytes.copyMemory(from: UnsafeRawBufferPointer(start: start, count: count))
    _ = try? Pickle.decode(bytes)
    return 0
}
