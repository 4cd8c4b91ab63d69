import NumPy
import Tensors

/// `.npz` archives with all their members.
@_cdecl("LLVMFuzzerTestOneInput") public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard let bytes = try? Buffer(count: count) else { return 0 }
    bytes.bytes.copyMemory(from: UnsafeRawBufferPointer(start: start, count: count))
    guard let archive = try? NPZ(bytes, name: "input") else { return 0 }
    for name in archive.names.prefix(20) { _ = try? archive.tensor(named: name).count }
    return 0
}
