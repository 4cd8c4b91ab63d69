import HDF5
import Tensors

/// The structure check, and whatever it lets in read to the end by the C library.
@_cdecl("LLVMFuzzerTestOneInput") public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard let bytes = try? Buffer(count: count) else { return 0 }
    bytes.bytes.copyMemory(from: UnsafeRawBufferPointer(start: start, count: count))
    // A second time, for a name's hash stands before the checksum that covers it.
    try? HDF5File.inspect(bytes)
    guard let file = try? HDF5File(bytes: bytes, name: "input") else { return 0 }
    var left = 1000
    read(file.root, depth: 0, &left)
    return 0
}

private func read(_ group: HDF5Group, depth: Int, _ left: inout Int) {
    readAttributes(group)
    for name in (try? group.names()) ?? [] where depth < 8 && left > 0 {
        left -= 1
        switch try? group.member(name) {
        case .group(let member): read(member, depth: depth + 1, &left)
        case .dataset(let dataset):
            readAttributes(dataset)
            _ = dataset.datatype.isText ? try? dataset.strings().count : try? dataset.tensor(opaqueAs: .bfloat16).count
        default: break
        }
    }
}

private func readAttributes(_ object: some HDF5Object) {
    for name in (try? object.attributeNames()) ?? [] {
        guard let attribute = try? object.attribute(name) else { continue }
        _ = attribute.datatype.isText ? try? attribute.strings().count : try? attribute.tensor().count
    }
}
