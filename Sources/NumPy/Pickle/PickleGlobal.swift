internal import Tensors

/// The only things a pickle may name. Each is a form of data whose meaning is written here; nothing is ever looked up or called.
enum PickleGlobal: Sendable {
    /// `numpy.ndarray`, as the class that `_reconstruct` is told to make.
    case ndarray
    /// `numpy.dtype(code, align, copy)`; its byte order and fields follow as its state.
    case dtype
    /// `_reconstruct(ndarray, (0,), b'b')`: an array, whose shape and elements follow as its state.
    case reconstruct
    /// `_frombuffer(bytes, dtype, shape, order)`: an array of protocol 5.
    case fromBuffer
    /// `scalar(dtype, bytes)`: one number.
    case scalar
    /// `_codecs.encode(text, 'latin1')`: bytes where the protocol has text only.
    case encode
    /// `bytes()`: none, for which there is nothing to encode.
    case bytes

    struct Name: Hashable, Sendable {
        let module: String
        let name: String
    }

    /// By module and name, as numpy 1 and numpy 2 write them. A name with a dot in it is another one.
    private static let allowed: [Name: PickleGlobal] = [
        Name(module: "numpy", name: "ndarray"): .ndarray,
        Name(module: "numpy", name: "dtype"): .dtype,
        Name(module: "numpy.core.multiarray", name: "_reconstruct"): .reconstruct,
        Name(module: "numpy._core.multiarray", name: "_reconstruct"): .reconstruct,
        Name(module: "numpy.core.numeric", name: "_frombuffer"): .fromBuffer,
        Name(module: "numpy._core.numeric", name: "_frombuffer"): .fromBuffer,
        Name(module: "numpy.core.multiarray", name: "scalar"): .scalar,
        Name(module: "numpy._core.multiarray", name: "scalar"): .scalar,
        Name(module: "_codecs", name: "encode"): .encode,
        Name(module: "__builtin__", name: "bytes"): .bytes,
        Name(module: "builtins", name: "bytes"): .bytes,
    ]

    /// - Throws: a `policy` problem that names what is not on the list.
    init(_ name: Name) throws {
        guard let global = PickleGlobal.allowed[name] else { throw PickleGlobal.refused("\(name.module).\(name.name)") }
        self = global
    }

    static func refused(_ what: String) -> KerasError {
        KerasError(
            .policy, "a pickle asks for something that is not data", found: what.prefixed(200),
            expected: "numpy's arrays, numbers, text, lists, tuples and dictionaries")
    }
}

extension String {
    /// Its beginning, with a mark where something is left out.
    func prefixed(_ count: Int) -> String { unicodeScalars.count <= count ? self : String(unicodeScalars.prefix(count)) + "…" }
}
