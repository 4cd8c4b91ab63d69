import JSON
import KerasFormat
import Tensors

/// JSON, and models described in it.
@_cdecl("LLVMFuzzerTestOneInput") public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard let json = try? JSON(parsing: UnsafeRawBufferPointer(start: start, count: count)) else { return 0 }
    let text = json.serialized()
    // What was written is read as the same value.
    guard (try? JSON(parsing: text)) == json else { fatalError("\(text)") }
    _ = try? ModelFile.architecture(json)
    return 0
}
