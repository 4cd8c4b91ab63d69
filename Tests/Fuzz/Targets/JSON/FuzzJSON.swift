import JSON
import Tensors

/// JSON, and the YAML of old models.
@_cdecl("LLVMFuzzerTestOneInput") public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    _ = try? JSON(yaml: bytes)
    guard let json = try? JSON(parsing: bytes) else { return 0 }
    let text = json.serialized()
    // What was written is read as the same value.
    guard (try? JSON(parsing: text)) == json else { fatalError("\(text)") }
    return 0
}
