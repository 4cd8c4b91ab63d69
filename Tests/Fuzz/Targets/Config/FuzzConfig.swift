import JSON
import KerasFormat
import Tensors

/// Models described in JSON.
@_cdecl("LLVMFuzzerTestOneInput") public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard let json = try? JSON(parsing: UnsafeRawBufferPointer(start: start, count: count)) else { return 0 }
    _ = try? ModelFile.architecture(json)
    return 0
}
