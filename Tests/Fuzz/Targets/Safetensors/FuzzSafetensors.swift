import KerasFormat
import Tensors

/// Safetensors files.
@_cdecl("LLVMFuzzerTestOneInput") public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard let bytes = try? Buffer(count: count) else { return 0 }
    bytes.bytes.copyMemory(from: UnsafeRawBufferPointer(start: start, count: count))
    _ = try? Safetensors(bytes)
    return 0
}
