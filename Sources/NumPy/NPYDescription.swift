internal import Storage
internal import Tensors

/// Element types in numpy's words, `<f4` or a list of fields: reading a header's `descr`, and writing it.
enum NPYDescription {
    /// What a `descr` says of the elements.
    enum Content {
        case elements(NPYElement)
        /// Python objects, alone or in a field: what follows the header is a pickle.
        case objects
    }

    private struct HasObjects: Error {}

    /// - Throws: `malformed` problems for what is no type, `unsupported` ones for a type this does not read.
    static func read(_ descr: PythonLiteral, text: String) throws -> Content {
        do {
            var reader = Reader(text: text)
            let (element, shape) = try reader.element(descr)
            guard shape.rank == 0 else { throw reader.problem(.malformed, "the elements of a .npy file are arrays themselves") }
            return .elements(element)
        } catch is HasObjects { return .objects }
    }

    private struct Reader {
        let text: String

        func problem(_ kind: Problem.Kind, _ sentence: String, _ found: String? = nil) -> KerasError {
            KerasError(kind, sentence, at: Place(key: "descr"), found: found ?? text, expected: "a type as numpy writes it, such as '<f4'")
        }

        /// An element type and the shape of a field of it.
        mutating func element(_ descr: PythonLiteral) throws -> (NPYElement, Shape) {
            switch descr {
            case .string(let code): return (try scalar(code), [])
            case .list(let fields): return (try structure(fields), [])
            case .tuple(let parts) where parts.count == 2:
                let (element, inner) = try element(parts[0])
                let outer = try shape(parts[1])
                return (element, try Shape(checking: outer.dims + inner.dims))
            default: throw problem(.malformed, "the element type of a .npy file is no type")
            }
        }

        private func shape(_ literal: PythonLiteral) throws -> Shape {
            let lengths: [PythonLiteral]
            switch literal {
            case .integer: lengths = [literal]
            case .tuple(let items): lengths = items
            default: throw problem(.malformed, "a field's shape is no tuple of integers")
            }
            guard lengths.count <= NPYHeader.maximumRank else { throw problem(.malformed, "a field's shape has too many axes") }
            return try Shape(
                checking: lengths.map {
                    guard case .integer(let length) = $0 else { throw problem(.malformed, "a field's shape is no tuple of integers") }
                    return length
                })
        }

        /// `(name, type)`, `(name, type, shape)`, where the name may be `(title, name)`; without a name it is room between the fields.
        private mutating func structure(_ fields: [PythonLiteral]) throws -> NPYElement {
            var found: [StructuredType.Field] = []
            var (source, target) = (0, 0)
            var moves: [NPYElement.Move] = []
            var isPlain = true
            for field in fields {
                guard case .tuple(let parts) = field, (2...3).contains(parts.count) else {
                    throw problem(.malformed, "a field of a .npy file's element type is no tuple of a name, a type and maybe a shape")
                }
                let (name, title) = try names(parts[0])
                var (element, shape) = try element(parts[1])
                if parts.count == 3 { shape = try Shape(checking: try self.shape(parts[2]).dims + shape.dims) }
                let (length, overflow) = shape.count.multipliedReportingOverflow(by: element.size)
                guard !overflow, length <= StructuredType.maximumSize - source else {
                    throw problem(.malformed, "an element of a .npy file is larger than numpy's can be")
                }
                for var move in element.repeated(shape.count) {
                    move.source += source
                    move.target += target
                    moves.append(move)
                }
                isPlain = isPlain && element.isPlain
                if case .void = element.dtype, name.isEmpty, shape.rank == 0 {
                } else {
                    found.append(.init(name, element.dtype, shape: shape, offset: target, title: title))
                }
                source += length
                target += shape.count * element.dtype.size
            }
            let type = try KerasError.placing(Place(key: "descr")) { [target] in try StructuredType(found, size: target) }
            return NPYElement(dtype: .structured(type), size: source, moves: isPlain ? [] : moves)
        }

        private func names(_ literal: PythonLiteral) throws -> (name: String, title: String?) {
            switch literal {
            case .string(let name): return (name, nil)
            case .tuple(let both) where both.count == 2:
                if case .string(let title) = both[0], case .string(let name) = both[1] { return (name, title) }
                fallthrough
            default: throw problem(.malformed, "the name of a field is no string")
            }
        }

        /// A byte order, a letter, a size: `<f4`, `|S10`, `>M8[25s]`.
        private func scalar(_ descr: String) throws -> NPYElement {
            var code = descr[...]
            var isBigEndian = NPYHeader.isNativeBigEndian
            if let order = code.first, "<>=|".contains(order) {
                if order == ">" { isBigEndian = true } else if order == "<" { isBigEndian = false }
                code = code.dropFirst()
            }
            let isSwapped = isBigEndian != NPYHeader.isNativeBigEndian
            if let dtype = plain[String(code)] { return NPYElement(dtype, isSwapped: isSwapped) }
            let rest = code.dropFirst()
            switch code.first {
            case "S", "U", "V":
                guard let width = Int(rest), rest.first?.isNumber == true, width <= StructuredType.maximumSize / (code.first == "U" ? 4 : 1)
                else {
                    throw problem(.malformed, "an element of a .npy file has no size, or a larger one than numpy's can have", "'\(descr)'")
                }
                return NPYElement(
                    code.first == "S" ? .bytes(width) : code.first == "U" ? .unicode(width) : .void(width), isSwapped: isSwapped)
            case "M", "m":
                let unit: TimeUnit?
                if rest == "8" {
                    unit = TimeUnit(.generic)
                } else {
                    unit = rest.hasPrefix("8[") && rest.last == "]" ? TimeUnit(code: rest.dropFirst(2).dropLast()) : nil
                }
                guard let unit else {
                    throw problem(.unsupported, "a .npy file has times in a unit that numpy does not have", "'\(descr)'")
                }
                return NPYElement(code.first == "M" ? .datetime64(unit) : .timedelta64(unit), isSwapped: isSwapped)
            case "f" where rest == "16" || rest == "12", "c" where rest == "32" || rest == "24":
                let parts = code.first == "f" ? 1 : 2
                let size = (Int(rest) ?? 0) / parts
                let move = NPYElement.Move(source: 0, target: 0, kind: .extended(size, isReversed: isBigEndian), count: parts)
                return NPYElement(dtype: parts == 1 ? .float64 : .complex128, size: size * parts, moves: [move])
            case "O": throw HasObjects()
            default: throw problem(.unsupported, "a .npy file has elements of a type that is not known", "'\(descr)'")
            }
        }
    }

    private static let plain: [String: DType] = [
        "b1": .bool, "?": .bool, "i1": .int8, "i2": .int16, "i4": .int32, "i8": .int64, "u1": .uint8, "u2": .uint16, "u4": .uint32,
        "u8": .uint64, "f2": .float16, "f4": .float32, "f8": .float64, "c8": .complex64, "c16": .complex128,
    ]

    private static let codes = Dictionary(
        plain.filter { $0.key != "?" }.map { ($0.value, $0.key) }, uniquingKeysWith: { first, _ in first })

    /// The `descr` numpy writes for elements of this type on this machine, as Python shows it.
    ///
    /// - Throws: an `unsupported` problem for what numpy has no type for.
    static func write(_ dtype: DType) throws -> String {
        if case .structured(let type) = dtype { return try write(type) }
        return "'\(try code(dtype))'"
    }

    private static func code(_ dtype: DType) throws -> String {
        let order = NPYHeader.isNativeBigEndian ? ">" : "<"
        switch dtype {
        case .bytes(let width): return "|S\(width)"
        case .void(let width): return "|V\(width)"
        case .unicode(let width): return "\(order)U\(width)"
        case .datetime64(let unit): return "\(order)M8\(unit.suffix)"
        case .timedelta64(let unit): return "\(order)m8\(unit.suffix)"
        default:
            guard let name = codes[dtype] else {
                throw KerasError(.unsupported, "numpy has no such element type", found: "\(dtype)", expected: "float32, for example")
            }
            return (dtype.size == 1 ? "|" : order) + name
        }
    }

    private static func write(_ type: StructuredType) throws -> String {
        var parts: [String] = []
        var end = 0
        func skip(to offset: Int) {
            if offset > end { parts.append("('', '|V\(offset - end)')") }
        }
        for field in type.fields {
            skip(to: field.offset)
            let name = PythonText.quoted(field.name)
            let names = field.title.map { "(\(PythonText.quoted($0)), \(name))" } ?? name
            parts.append("(\(names), \(try write(field.dtype))" + (field.shape.rank == 0 ? ")" : ", \(field.shape))"))
            end = field.offset + field.size
        }
        skip(to: type.size)
        return "[" + parts.joined(separator: ", ") + "]"
    }
}

/// Text as Python's `repr` shows it.
enum PythonText {
    static func quoted(_ text: String) -> String {
        let quote: Unicode.Scalar = text.contains("'") && !text.contains("\"") ? "\"" : "'"
        var result = String.UnicodeScalarView([quote])
        for scalar in text.unicodeScalars {
            switch scalar {
            case quote, "\\": result += ["\\", scalar]
            case "\n": result += ["\\", "n"]
            case "\r": result += ["\\", "r"]
            case "\t": result += ["\\", "t"]
            default: if isPrintable(scalar) { result.append(scalar) } else { result += escape(scalar) }
            }
        }
        result.append(quote)
        return String(result)
    }

    /// Python's `str.isprintable`.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        case .spaceSeparator: scalar == " "
        default: true
        }
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String.UnicodeScalarView {
        let (letter, digits): (String, Int) = scalar.value < 0x100 ? ("x", 2) : scalar.value < 0x10000 ? ("u", 4) : ("U", 8)
        let code = String(scalar.value, radix: 16)
        return ("\\" + letter + String(repeating: "0", count: digits - code.count) + code).unicodeScalars
    }
}
