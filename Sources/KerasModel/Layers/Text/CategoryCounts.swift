import Tensors

extension OutputMode {
    /// What the layer computes: whole numbers for places, else reals.
    var foundType: DType { self == .int ? .int32 : .float32 }

    /// Rows of places in this form; a place that is not below `depth` counts for nothing.
    ///
    /// - Parameters:
    ///   - rows: of each sample; all of one length for `int` and `oneHot`.
    ///   - shape: of the places, where they have one.
    ///   - weights: of each place, for `tfIdf`.
    /// - Throws: `unsupported` for forms that Keras gives no rows for.
    func encode(_ rows: [[Int]], shape: Shape, depth: Int, weights: [Double]? = nil) throws -> Tensor {
        switch self {
        case .int: return try Tensor(rows.flatMap { $0.map(Int32.init(clamping:)) }, shape: shape)
        case .oneHot:
            var dims = shape.dims
            if dims.count > 1, dims.last == 1 { dims.removeLast() }
            let places = rows.flatMap { $0 }
            let target = try Shape(checking: dims + [depth])
            return try Tensor(shape: target, as: Float.self) { cells in
                for (index, place) in places.enumerated() where (0..<depth).contains(place) { cells[index * depth + place] = 1 }
            }
        case .multiHot, .count, .tfIdf:
            return try Tensor(shape: try Shape(checking: [rows.count, depth]), as: Float.self) { cells in
                for (row, places) in rows.enumerated() {
                    for place in places where (0..<depth).contains(place) {
                        cells[row * depth + place] = self == .multiHot ? 1 : cells[row * depth + place] + 1
                    }
                    guard self == .tfIdf, let weights else { continue }
                    for place in 0..<depth { cells[row * depth + place] *= place < weights.count ? Float(weights[place]) : 0 }
                }
            }
        }
    }
}
