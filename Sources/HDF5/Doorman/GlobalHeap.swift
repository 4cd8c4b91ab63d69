internal import Tensors

extension Doorman {
    /// An element of variable length, whose reference stands at `position`.
    ///
    /// - Parameter left: as ``variable(_:heap:index:itemSize:at:left:)`` has it.
    mutating func variable(at position: Int, itemSize: Int, left: inout Int) throws {
        try variable(
            file.number(at: position, width: 4), heap: file.number(at: position + 4, width: 8),
            index: file.number(at: position + 12, width: 4),
            itemSize: itemSize, at: position, left: &left)
    }

    /// `count` items that are said to be an object of a heap.
    ///
    /// - Parameter left: the bytes that may still be referred to. Objects may be shared, and a small file could stand for endless text.
    mutating func variable(_ count: UInt64, heap: UInt64, index: UInt64, itemSize: Int, at position: Int, left: inout Int) throws {
        // The library takes address 0 for an empty element, whatever else stands there.
        if heap == 0 { return }
        func problem(_ sentence: String, _ found: String, _ expected: String) -> KerasError {
            KerasError(.malformed, sentence, at: Place(offset: position + file.base), found: found, expected: expected)
        }
        let sizes = try collection(at: heap)
        guard let number = UInt16(exactly: index), let size = sizes[number] else {
            throw problem("text is looked for where there is none", "object \(index)", "one of \(sizes.count) in the heap at \(heap)")
        }
        // The library copies the whole object into room for `count` items.
        guard UInt64(size) == count * UInt64(itemSize) else {
            throw problem("text is not as long as the reference to it says", "\(size) bytes", "\(count) × \(itemSize)")
        }
        left -= size
        guard left >= 0 else {
            throw KerasError(
                .resource, "the same text is referred to over and over", at: Place(offset: position + file.base),
                expected: "no more of it in all than the file is long")
        }
    }

    /// The objects of the global heap's part at `address`. HDF5 File Format Specification III.E
    private mutating func collection(at address: UInt64) throws -> [UInt16: Int] {
        if let known = collections[address] { return known }
        var prefix = try file.span(address, 16, "a global heap")
        try prefix.signature("GCOL", "a global heap")
        _ = try prefix.version(1...1, of: "a global heap")
        try prefix.skip(3)
        let size = try prefix.u64()
        guard size >= 4096, size % 8 == 0 else {
            throw prefix.problem("a global heap is too small", found: "\(size) bytes", expected: "at least 4096")
        }
        var field = try claim(address, size, "a global heap")
        try field.skip(16)
        var sizes: [UInt16: Int] = [:]
        var hasFreeSpace = false
        // What is too short for another object is left over.
        while field.left >= 16 {
            let start = field.at
            let index = UInt16(try field.u16())
            try field.skip(6)
            let size = try field.u64()
            if index == 0 {
                guard !hasFreeSpace, size >= 16, size <= UInt64(field.left + 16), size % 8 == 0 else {
                    throw field.problem(
                        "a global heap's free space is not in it", found: "\(size) bytes", expected: "at most \(field.left + 16)")
                }
                hasFreeSpace = true
                try field.skip(Int(size) - 16)
                continue
            }
            guard size <= UInt64(field.left), (Int(size) + 7) / 8 * 8 <= field.left else {
                throw field.problem(
                    "an object of a global heap reaches beyond it", found: "\(size) bytes", expected: "at most \(field.left)")
            }
            guard sizes.updateValue(Int(size), forKey: index) == nil else {
                throw KerasError(
                    .malformed, "a global heap has two objects of one number", at: Place(offset: start + file.base), found: "\(index)")
            }
            try field.skip((Int(size) + 7) / 8 * 8)
        }
        collections[address] = sizes
        return sizes
    }
}
