/// Copies elements that lie `byteStrides` apart into packed row-major order.
///
/// Axes that lie one inside the other are joined first, so that whole runs are copied at once; where the target's last axis is not the source's
/// closest one, as in a transposed matrix, both are walked in tiles that stay in the cache.
struct StridedCopy {
    private let size: Int
    private var dims: [Int] = []
    private var strides: [Int] = []

    init(_ shape: Shape, byteStrides: [Int], elementSize: Int) {
        size = elementSize
        for (dim, stride) in zip(shape.dims, byteStrides) where dim != 1 {
            if let last = dims.last, strides[strides.count - 1] == stride * dim {
                dims[dims.count - 1] = last * dim
                strides[strides.count - 1] = stride
            } else {
                dims.append(dim)
                strides.append(stride)
            }
        }
    }

    /// Neither side need be aligned; they do not overlap.
    func run(from source: UnsafeRawPointer, to target: UnsafeMutableRawPointer) {
        guard size > 0, !dims.contains(0) else { return }
        guard let run = dims.last, let step = strides.last else { return target.copyMemory(from: source, byteCount: size) }
        if step == size {
            return forEachRow(without: [dims.count - 1]) { from, to in (target + to).copyMemory(from: source + from, byteCount: run * size)
            }
        }
        switch size {
        case 1: copy(UInt8.self, source, target)
        case 2: copy(UInt16.self, source, target)
        case 4: copy(UInt32.self, source, target)
        case 8: copy(UInt64.self, source, target)
        case 16: copy(SIMD2<UInt64>.self, source, target)
        default:
            forEachRow(without: [dims.count - 1]) { from, to in
                for index in 0..<run { (target + to + index * size).copyMemory(from: source + from + index * step, byteCount: size) }
            }
        }
    }

    private func copy<T: BitwiseCopyable>(_: T.Type, _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer) {
        let last = dims.count - 1
        let closest = strides.indices.min { abs(strides[$0]) < abs(strides[$1]) } ?? last
        let (run, step) = (dims[last], strides[last])
        guard closest != last else {
            return forEachRow(without: [last]) { from, to in
                for index in 0..<run {
                    let element = (source + from + index * step).loadUnaligned(as: T.self)
                    (target + to + index * size).storeBytes(of: element, as: T.self)
                }
            }
        }
        let (columns, columnStep, columnPitch) = (dims[closest], strides[closest], dims[(closest + 1)...].reduce(size, *))
        let tile = 64
        forEachRow(without: [closest, last]) { from, to in
            for top in stride(from: 0, to: columns, by: tile) {
                let bottom = min(top + tile, columns)
                for left in stride(from: 0, to: run, by: tile) {
                    let right = min(left + tile, run)
                    for column in top..<bottom {
                        var (read, write) = (
                            source + from + column * columnStep + left * step, target + to + column * columnPitch + left * size
                        )
                        for _ in left..<right {
                            write.storeBytes(of: read.loadUnaligned(as: T.self), as: T.self)
                            read += step
                            write += size
                        }
                    }
                }
            }
        }
    }

    /// Calls `body` with the offsets of each position on all other axes, in the source and in the target.
    private func forEachRow(without inner: [Int], _ body: (_ from: Int, _ to: Int) -> Void) {
        let outer = dims.indices.filter { !inner.contains($0) }
        let pitches = outer.map { dims[($0 + 1)...].reduce(size, *) }
        var index = [Int](repeating: 0, count: outer.count)
        var (from, to) = (0, 0)
        while true {
            body(from, to)
            var position = outer.count - 1
            while position >= 0 {
                let axis = outer[position]
                index[position] += 1
                from += strides[axis]
                to += pitches[position]
                if index[position] < dims[axis] { break }
                from -= strides[axis] * dims[axis]
                to -= pitches[position] * dims[axis]
                index[position] = 0
                position -= 1
            }
            if position < 0 { return }
        }
    }
}
