import Foundation
import HDF5
import Tensors

/// The structure check of HDF5 files alone. SEALED=FILE keeps the bytes there as it leaves them, their checksums right.
@_cdecl("LLVMFuzzerTestOneInput") public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard let bytes = try? Buffer(count: count) else { return 0 }
    bytes.bytes.copyMemory(from: UnsafeRawBufferPointer(start: start, count: count))
    try? HDF5File.inspect(bytes)
    guard let sealed else { return 0 }
    try? HDF5File.inspect(bytes)
    try? bytes.withUnsafeBytes { try Data($0).write(to: URL(fileURLWithPath: sealed)) }
    return 0
}

private let sealed = ProcessInfo.processInfo.environment["SEALED"]
