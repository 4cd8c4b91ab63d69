import HDF5
import Tensors

/// The structure check of HDF5 files alone.
@_cdecl("LLVMFuzzerTestOneInput") public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard let bytes = try? Buffer(count: count) else { return 0 }
    bytes.bytes.copyMemory(from: UnsafeRawBufferPointer(start: start, count: count))
    try? HDF5File.inspect(bytes)
    return 0
}
