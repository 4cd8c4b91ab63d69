internal import Storage
public import Tensors

/// Python's pickles of plain data and numpy's arrays, protocols 0 to 5, such as `cifar-10-batches-py/data_batch_1`.
///
/// A pickle is a program. Here it is run on values of our own, and can make nothing else than numbers, text, collections and arrays: nothing
/// is looked up or called, and what asks for more is refused by its name.
public enum Pickle {
    /// Reads a file that is one pickle. Arrays are views of the mapped file, which must not be truncated while they live.
    ///
    /// - Throws: `noInput` if there is no such file, `policy` for a pickle that is not data alone, `malformed` for what is none, `unsupported`
    ///   for values that have no form here, `resource` for sizes beyond the limits.
    public static func load(_ path: String) throws -> PickleValue {
        try KerasError.placing(Place(file: path)) { try decode(try Files.map(path)) }
    }

    /// Reads the pickle that `buffer` begins with; what follows it is left alone.
    ///
    /// - Throws: as ``load(_:)``, but for the file itself.
    public static func decode(_ buffer: Buffer) throws -> PickleValue { try decode(buffer, limits: .standard) }

    package static func decode(_ buffer: Buffer, limits: PickleLimits) throws -> PickleValue {
        var machine = PickleMachine(buffer, limits: limits)
        let last = try machine.run()
        var result = PickleResult(machine)
        return try result.value(of: last)
    }

    /// True for bytes that begin as a pickle of protocol 2 or later does. Those before have no mark.
    package static func sniff(_ buffer: Buffer) -> Bool {
        buffer.count >= 4 && buffer.bytes[0] == PickleOpcode.proto.rawValue && (2...5).contains(buffer.bytes[1])
    }
}
