import Keras

/// How far two arrays are apart.
struct ArrayDifference {
    var shapes: (a: Shape, b: Shape)
    var dtypes: (a: DType, b: DType)
    /// Elements that are not the same number; nil where the shapes differ. Two that are not numbers are the same.
    var differing: Int?
    /// The largest distance of two elements; nil where there is none to speak of: other shapes, text, complex numbers.
    var largest: Double?
    /// That distance as a share of the largest magnitude in either array.
    var relative: Double?

    /// Elements looked at together.
    private static let piece = 1 << 16

    init(_ a: Tensor, _ b: Tensor) throws {
        shapes = (a.shape, b.shape)
        dtypes = (a.dtype, b.dtype)
        guard a.shape == b.shape else { return }
        let (left, right) = (try a.reshaped(to: [a.count]), try b.reshaped(to: [b.count]))
        let isNumeric = a.dtype.isNumeric && b.dtype.isNumeric
        // What double precision might round is counted by its bytes.
        let byBytes = a.dtype == b.dtype && !(a.dtype.isFloatingPoint && isNumeric)
        guard isNumeric || a.dtype == b.dtype else {
            differing = a.count
            return
        }
        var (count, distance, magnitude) = (0, 0.0, 0.0)
        for start in stride(from: 0, to: a.count, by: ArrayDifference.piece) {
            let rows = start..<min(start + ArrayDifference.piece, a.count)
            if byBytes { count += try ArrayDifference.differingBytes(left[rows], right[rows]) }
            guard isNumeric else { continue }
            let (x, y) = (try left[rows].converted(to: .float64), try right[rows].converted(to: .float64))
            x.withScalars(as: Double.self) { x in
                y.withScalars(as: Double.self) { y in
                    for index in x.indices {
                        let (p, q) = (x[index], y[index])
                        if p == q || (p.isNaN && q.isNaN) {
                            if p.isFinite { magnitude = max(magnitude, p.magnitude) }
                            continue
                        }
                        if !byBytes { count += 1 }
                        distance = p.isFinite && q.isFinite ? max(distance, (p - q).magnitude) : .infinity
                        magnitude = max(magnitude, p.isFinite ? p.magnitude : 0, q.isFinite ? q.magnitude : 0)
                    }
                }
            }
        }
        differing = count
        if isNumeric {
            largest = distance
            relative = distance == 0 ? 0 : magnitude == 0 ? .infinity : distance / magnitude
        }
    }

    private static func differingBytes(_ a: Tensor, _ b: Tensor) throws -> Int {
        let (a, b, size) = (try a.contiguous(), try b.contiguous(), a.dtype.size)
        return a.withUnsafeBytes { x in
            b.withUnsafeBytes { y in
                stride(from: 0, to: x.count, by: max(size, 1)).reduce(0) { count, start in
                    count + (x[start..<start + size].elementsEqual(y[start..<start + size]) ? 0 : 1)
                }
            }
        }
    }

    var isSame: Bool { differing == 0 && dtypes.a == dtypes.b }

    var json: JSONObject {
        func dims(_ shape: Shape) -> JSON { .array(shape.dims.map(JSON.integer)) }
        var object: JSONObject = ["shape": dims(shapes.a), "dtype": .string("\(dtypes.a)")]
        if shapes.a != shapes.b { object["other_shape"] = dims(shapes.b) }
        if dtypes.a != dtypes.b { object["other_dtype"] = .string("\(dtypes.b)") }
        if let differing { object["differing"] = .integer(differing) }
        if let largest { object["largest_absolute"] = .float(largest) }
        if let relative { object["largest_relative"] = .float(relative) }
        return object
    }

    /// Shape, type and the three numbers, for a table.
    var fields: [String] {
        func both<V: Equatable>(_ a: V, _ b: V) -> String { a == b ? "\(a)" : "\(a) → \(b)" }
        func number(_ value: Double?) -> String { value.map { $0 == 0 ? "0" : $0.isFinite ? Numbers.scientific($0, 2) : "inf" } ?? "" }
        let count = shapes.a.count
        return [
            both(shapes.a, shapes.b), both(dtypes.a, dtypes.b), number(largest), number(relative),
            differing.map { "\(Numbers.grouped($0)) of \(Numbers.grouped(count))" } ?? "",
        ]
    }
}
