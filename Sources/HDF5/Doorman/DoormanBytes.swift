internal import Tensors

/// The bytes the doorman looks at: from HDF5's address 0 to the end that the superblock states. No reading leaves them.
struct DoormanBytes {
    let bytes: UnsafeRawBufferPointer
    /// Where address 0 stands in the file, for messages.
    let base: Int

    var count: Int { bytes.count }

    /// The `count` bytes at `address`.
    ///
    /// - Throws: a `malformed` problem if they are not all in the file.
    func span(_ address: UInt64, _ count: UInt64, _ what: @autoclosure () -> String) throws -> DoormanCursor {
        guard let start = Int(exactly: address), let length = Int(exactly: count), start <= bytes.count, length <= bytes.count - start
        else {
            throw KerasError(
                .malformed, "\(what()) reaches beyond the end of the file", at: Place(offset: offset(address)),
                found: "\(count) bytes at \(address)", expected: "the end at or before \(bytes.count)")
        }
        return DoormanCursor(file: self, at: start, end: start + length)
    }

    /// Where `address` is in the file, for messages.
    func offset(_ address: UInt64) -> Int? {
        guard let (offset, overflow) = Int(exactly: address)?.addingReportingOverflow(base), !overflow else { return nil }
        return offset
    }

    /// Little-endian, of `width` bytes up to 8. The caller has made sure that they are in the file.
    func number(at position: Int, width: Int) -> UInt64 {
        precondition(position >= 0 && width <= bytes.count - position)
        if width == 8 { return UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)) }
        var number: UInt64 = 0
        for index in (0..<width).reversed() { number = number << 8 | UInt64(bytes[position + index]) }
        return number
    }
}

/// A place in a structure of known length, moving on as its fields are read.
struct DoormanCursor {
    let file: DoormanBytes
    private(set) var at: Int
    let end: Int

    init(file: DoormanBytes, at: Int, end: Int) {
        self.file = file
        self.at = at
        self.end = end
    }

    var left: Int { end - at }

    /// - Throws: a `malformed` problem if the structure ends before `count` more bytes.
    mutating func skip(_ count: Int) throws {
        guard count >= 0, count <= left else { throw short(count) }
        at += count
    }

    mutating func number(_ width: Int) throws -> UInt64 {
        guard width <= left else { throw short(width) }
        defer { at += width }
        return file.number(at: at, width: width)
    }

    mutating func u8() throws -> Int { Int(try number(1)) }
    mutating func u16() throws -> Int { Int(try number(2)) }
    mutating func u32() throws -> Int { Int(try number(4)) }
    mutating func u64() throws -> UInt64 { try number(8) }

    /// A cursor over the next `count` bytes, which this one steps over.
    mutating func part(_ count: Int) throws -> DoormanCursor {
        let start = at
        try skip(count)
        return DoormanCursor(file: file, at: start, end: at)
    }

    /// Steps over text and the NUL that ends it; how long it is without that.
    mutating func text() throws -> Int {
        guard let length = file.bytes[at..<end].firstIndex(of: 0).map({ $0 - at }) else { throw problem("a text has no end") }
        at += length + 1
        return length
    }

    /// - Throws: a `malformed` problem if the next four bytes are not `signature`.
    mutating func signature(_ signature: StaticString, _ what: String) throws {
        let start = at
        try skip(4)
        guard signature.withUTF8Buffer({ file.bytes[start..<start + 4].elementsEqual($0) }) else {
            throw KerasError(
                .malformed, "\(what) does not begin as one", at: Place(offset: start + file.base),
                found: hexadecimal(file.bytes[start..<start + 4]), expected: "'\(signature)'")
        }
    }

    /// A byte that has one of a few values.
    mutating func version(_ allowed: ClosedRange<Int>, of what: String, kind: Problem.Kind = .unsupported) throws -> Int {
        let found = try u8()
        guard allowed.contains(found) else {
            throw KerasError(
                kind, "\(what) is of a version that is not known", at: Place(offset: at - 1 + file.base), found: "\(found)",
                expected: allowed.count == 1 ? "\(allowed.lowerBound)" : "\(allowed.lowerBound) to \(allowed.upperBound)")
        }
        return found
    }

    /// Compares the checksum that stands here with that of all bytes from `start` on. H5_checksum_metadata
    mutating func checksum(from start: Int, _ what: String) throws {
        try checksum(lookup3(file.bytes[start..<at]), what)
    }

    /// Compares the checksum that stands here with what it has to be.
    mutating func checksum(_ actual: UInt32, _ what: String) throws {
        let position = at
        let stated = try number(4)
        #if FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
        // A fuzzer would not get past it, nor see what the library makes of the bytes that it covers.
        UnsafeMutableRawPointer(mutating: file.bytes.baseAddress!).storeBytes(
            of: actual.littleEndian, toByteOffset: position, as: UInt32.self)
        #else
        guard stated == UInt64(actual) else {
            throw KerasError(
                .malformed, "the checksum of \(what) is wrong", at: Place(offset: position + file.base),
                found: "0x" + String(stated, radix: 16), expected: "0x" + String(actual, radix: 16))
        }
        #endif
    }

    func problem(_ sentence: String, found: String? = nil, expected: String? = nil, kind: Problem.Kind = .malformed) -> KerasError {
        KerasError(kind, sentence, at: Place(offset: at + file.base), found: found, expected: expected)
    }

    private func short(_ count: Int) -> KerasError {
        problem("a structure is too short for what is in it", found: "\(left) bytes left", expected: "\(count)")
    }
}

private func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
}

/// Bob Jenkins's lookup3 ("hashlittle", initial value 0), HDF5's checksum of its own structures.
func lookup3(_ bytes: Slice<UnsafeRawBufferPointer>) -> UInt32 {
    func rotated(_ value: UInt32, _ count: UInt32) -> UInt32 { value << count | value >> (32 - count) }
    var (a, b, c) = (0xDEAD_BEEF &+ UInt32(truncatingIfNeeded: bytes.count), UInt32(0), UInt32(0))
    b = a
    c = a
    let data = UnsafeRawBufferPointer(rebasing: bytes)
    var at = 0
    while data.count - at > 12 {
        a &+= UInt32(littleEndian: data.loadUnaligned(fromByteOffset: at, as: UInt32.self))
        b &+= UInt32(littleEndian: data.loadUnaligned(fromByteOffset: at + 4, as: UInt32.self))
        c &+= UInt32(littleEndian: data.loadUnaligned(fromByteOffset: at + 8, as: UInt32.self))
        a = (a &- c) ^ rotated(c, 4)
        c &+= b
        b = (b &- a) ^ rotated(a, 6)
        a &+= c
        c = (c &- b) ^ rotated(b, 8)
        b &+= a
        a = (a &- c) ^ rotated(c, 16)
        c &+= b
        b = (b &- a) ^ rotated(a, 19)
        a &+= c
        c = (c &- b) ^ rotated(b, 4)
        b &+= a
        at += 12
    }
    if at == data.count { return c }
    var rest: (UInt32, UInt32, UInt32) = (0, 0, 0)
    for (index, byte) in data[at...].enumerated() {
        let shifted = UInt32(byte) << UInt32(8 * (index % 4))
        switch index / 4 {
        case 0: rest.0 |= shifted
        case 1: rest.1 |= shifted
        default: rest.2 |= shifted
        }
    }
    a &+= rest.0
    b &+= rest.1
    c &+= rest.2
    c = (c ^ b) &- rotated(b, 14)
    a = (a ^ c) &- rotated(c, 11)
    b = (b ^ a) &- rotated(a, 25)
    c = (c ^ b) &- rotated(b, 16)
    a = (a ^ c) &- rotated(c, 4)
    b = (b ^ a) &- rotated(a, 14)
    c = (c ^ b) &- rotated(b, 24)
    return c
}
