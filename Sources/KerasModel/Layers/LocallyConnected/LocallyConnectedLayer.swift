import JSON
import Tensors

/// A convolution with a kernel of its own at each place: `(n, s…, c)` → `(n, s'…, filters)`, and a bias for each number it gives.
///
/// Keras has three implementations with the same numbers and another layout of the kernel each: by places, as one dense matrix over all cells,
/// and as the numbers of that matrix that are not zero.
public protocol LocallyConnectedLayer: ConvolutionFamily {
    var filters: Int { get set }
    /// 1, 2 or 3.
    var implementation: Int { get set }
}

extension LocallyConnectedLayer {
    public static var dialects: Set<Dialect> { Dialect.older }

    public static var keys: [ConfigKey<Self>] {
        [
            .required("filters", \.filters),
            .extents("kernel_size", \.settings.kernelSize, rank: spatialRank, isRequired: true),
            .extents("strides", \.settings.strides, rank: spatialRank),
            .key("padding", \.settings.padding),
            .key("data_format", \.settings.dataFormat),
            .key("activation", \.settings.activation),
            .key("use_bias", \.settings.useBias),
            .key("kernel_initializer", \.settings.kernelInitializer),
            .key("bias_initializer", \.settings.biasInitializer),
            .key("kernel_regularizer", \.settings.kernelRegularizer),
            .key("bias_regularizer", \.settings.biasRegularizer),
            .key("activity_regularizer", \.settings.activityRegularizer),
            .key("kernel_constraint", \.settings.kernelConstraint),
            .key("bias_constraint", \.settings.biasConstraint),
            .key("implementation", \.implementation).needed { $0.implementation != 1 },
        ]
    }

    public static var maskUse: MaskUse { .drops }

    /// The other format has another layout of the kernel and the bias.
    public func relaid(_ move: ChannelMove, _ inputs: [SymbolicShape]) throws -> Relaid { .fixed }

    private var isChannelsFirst: Bool { settings.dataFormat == .channelsFirst }

    /// Its lengths: of the image, the channels, and of what it gives.
    private func lengths(_ inputs: [SymbolicShape]) throws -> (image: [Int], channels: Int, output: [Int]) {
        let input = try checkedInput(inputs, counts: [("filters", filters)])
        guard (1...3).contains(implementation), implementation > 1 || settings.padding == .valid else {
            throw KerasError(
                .malformed, "this layer has no such implementation", at: Place(key: "implementation"),
                found: "\(implementation) with padding '\(settings.padding.rawValue)'", expected: "1, with 'valid' alone, or 2 or 3")
        }
        let axes = settings.dataFormat.axes(rank: Self.spatialRank)
        let image = try axes.spatial.map { try input.known($0) }
        let output = try windowCounts(input).map { $0 ?? 0 }
        let (cells, places) = (try Shape(checking: image).count, try Shape(checking: output).count)
        _ = try Shape(checking: [cells, try input.known(axes.channels), places, filters])
        return (image, try input.known(axes.channels), output)
    }

    public func weights(_ inputs: [SymbolicShape]) throws -> [WeightSpec] {
        let (image, channels, output) = try lengths(inputs)
        let shape: [Int]
        switch implementation {
        case 1: shape = [output.reduce(1, *), settings.kernelSize.reduce(1, *) * channels, filters]
        case 2: shape = isChannelsFirst ? [channels] + image + [filters] + output : image + [channels] + output + [filters]
        default: shape = [try pairs(image, output).count * channels * filters]
        }
        let kernel = try WeightSpec(
            "kernel", shape, settings.kernelInitializer, regularizer: settings.kernelRegularizer, constraint: settings.kernelConstraint)
        guard settings.useBias else { return [kernel] }
        let bias = try WeightSpec(
            "bias", output + [filters], settings.biasInitializer, regularizer: settings.biasRegularizer, constraint: settings.biasConstraint
        )
        return [kernel, bias]
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        [shape(inputs[0], spatial: try lengths(inputs).output.map { $0 }, channels: filters)]
    }

    /// The cells that each place of the output sees: (cell, place), both counted through.
    private func pairs(_ image: [Int], _ output: [Int]) throws -> [(cell: Int, place: Int)] {
        // Keras centres the window of 'same' on each step, whatever the stride.
        let before = settings.kernelSize.map { settings.padding == .same ? $0 / 2 : 0 }
        let window = try Shape(checking: settings.kernelSize).count
        guard try Shape(checking: [try Shape(checking: output).count, window]).count <= 1 << 24 else {
            throw KerasError(.resource, "a locally connected layer is too large", found: "\(output) places of \(window) cells")
        }
        var pairs: [(cell: Int, place: Int)] = []
        for place in 0..<output.reduce(1, *) {
            for offset in 0..<window {
                var (restOfPlace, restOfOffset, cell, step, isInside) = (place, offset, 0, 1, true)
                for axis in image.indices.reversed() {
                    let index =
                        restOfPlace % output[axis] * settings.strides[axis] + restOfOffset % settings.kernelSize[axis] - before[axis]
                    isInside = isInside && (0..<image[axis]).contains(index)
                    if isInside { cell += index * step }
                    step *= image[axis]
                    restOfPlace /= output[axis]
                    restOfOffset /= settings.kernelSize[axis]
                }
                if isInside { pairs.append((cell, place)) }
            }
        }
        return pairs
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        let (image, channels, output) = try lengths(inputs.map { SymbolicShape($0.shape) })
        let x = try call.cast(inputs[0], call.computeType)
        let n = x.shape[0]
        let kernel = try call.weight("kernel")
        let cells = image.reduce(1, *)
        var sums: Value
        if implementation == 1 {
            sums = try byPlaces(x, kernel, channels, output, call)
        } else {
            // One matrix from all cells to all places.
            let matrix =
                implementation == 2 ? try masked(kernel, channels, image, output, call) : try dense(kernel, channels, image, output, call)
            let flat = try call.reshape(x, [n, cells * channels])
            sums = try call.reshape(
                try call.emit(.matrixMultiply, flat, matrix), [n] + (isChannelsFirst ? [filters] + output : output + [filters]))
            if isChannelsFirst { sums = try channelsToEnd(sums, call) }
        }
        if isChannelsFirst {
            let last = sums.rank - 1
            sums = try call.transpose(sums, [0, last] + Array(1..<last))
        }
        if settings.useBias {
            // Keras takes the bias's numbers, which lie by places and filters, in the order of what they are added to.
            let shape = [1] + (isChannelsFirst ? [filters] + output : output + [filters])
            sums = try call.emit(.binary(.add), sums, try call.reshape(try call.weight("bias"), shape))
        }
        return [try settings.activation.lower(sums, call)]
    }

    private func channelsToEnd(_ x: Value, _ call: LayerCall) throws -> Value {
        try call.transpose(x, [0] + Array(2..<x.rank) + [1])
    }

    /// A product of matrices for each place: its window in a row, by its kernel.
    private func byPlaces(_ input: Value, _ kernel: Value, _ channels: Int, _ output: [Int], _ call: LayerCall) throws -> Value {
        let rank = output.count
        let x = isChannelsFirst ? try channelsToEnd(input, call) : input
        let n = x.shape[0]
        var parts: [Value] = []
        for offset in 0..<settings.kernelSize.reduce(1, *) {
            // The cells that one place of the window falls on, for all places at once.
            var (rest, part) = (offset, x)
            for axis in (0..<rank).reversed() {
                part = try strided(
                    part, axis + 1, from: rest % settings.kernelSize[axis], count: output[axis], step: settings.strides[axis], call)
                rest /= settings.kernelSize[axis]
            }
            parts.append(try call.reshape(part, [n, output.reduce(1, *), 1, channels]))
        }
        // Keras 1D and 2D: the window's cells, then the channels; channels-first ones the other way round.
        var windows = parts.count == 1 ? parts[0] : try call.emit(.concatenate(axis: 2), parts)
        if isChannelsFirst { windows = try call.transpose(windows, [0, 1, 3, 2]) }
        let rows = try call.reshape(windows, [n, output.reduce(1, *), parts.count * channels])
        let product = try call.emit(.matrixMultiply, try call.transpose(rows, [1, 0, 2]), kernel)
        return try call.reshape(try call.transpose(product, [1, 0, 2]), [n] + output + [filters])
    }

    private func strided(_ x: Value, _ axis: Int, from start: Int, count: Int, step: Int, _ call: LayerCall) throws -> Value {
        var (starts, sizes) = ([Int](repeating: 0, count: x.rank), x.shape.dims)
        (starts[axis], sizes[axis]) = (start, (count - 1) * step + 1)
        let part = try call.emit(.slice(starts: starts, sizes: sizes), x)
        guard step > 1 else { return part }
        var edges = [Edges](repeating: .none, count: x.rank)
        edges[axis] = Edges(0, step - 1)
        let dims = x.shape.dims
        let rows = try call.reshape(
            try call.emit(.pad(edges, value: 0), part), Array(dims[..<axis]) + [count, step] + Array(dims[(axis + 1)...]))
        let first = try call.emit(
            .slice(
                starts: [Int](repeating: 0, count: rows.rank),
                sizes: rows.shape.dims.enumerated().map { $0 == axis + 1 ? 1 : $1 }), rows)
        return try call.reshape(first, Array(dims[..<axis]) + [count] + Array(dims[(axis + 1)...]))
    }

    /// The dense kernel with zeros where a place does not see a cell.
    private func masked(_ kernel: Value, _ channels: Int, _ image: [Int], _ output: [Int], _ call: LayerCall) throws -> Value {
        let (cells, places) = (image.reduce(1, *), output.reduce(1, *))
        var sees = [Double](repeating: 0, count: try bounded(cells, places))
        for pair in try pairs(image, output) { sees[pair.cell * places + pair.place] = 1 }
        let shape: Shape = isChannelsFirst ? [1, cells, 1, places] : [cells, 1, places, 1]
        let mask = try call.constant(sees, shape: shape)
        let dims = isChannelsFirst ? [channels, cells, filters, places] : [cells, channels, places, filters]
        let product = try call.emit(.binary(.multiply), try call.reshape(kernel, dims), mask)
        return try call.reshape(product, [cells * channels, places * filters])
    }

    /// The matrix of the numbers that are not zero, which stand by output, then input.
    private func dense(_ kernel: Value, _ channels: Int, _ image: [Int], _ output: [Int], _ call: LayerCall) throws -> Value {
        let (cells, places) = (image.reduce(1, *), output.reduce(1, *))
        let (rows, columns) = (cells * channels, places * filters)
        let count = try bounded(rows, columns)
        var spots: [(column: Int, row: Int)] = []
        for pair in try pairs(image, output) {
            for channel in 0..<channels {
                for filter in 0..<filters {
                    spots.append(
                        isChannelsFirst
                            ? (filter * places + pair.place, channel * cells + pair.cell)
                            : (pair.place * filters + filter, pair.cell * channels + channel))
                }
            }
        }
        spots.sort { $0 < $1 }
        // Each spot of the matrix looks its number up; those without one find the zero behind the last.
        var found = [Int32](repeating: Int32(spots.count), count: count)
        for (number, spot) in spots.enumerated() { found[spot.row * columns + spot.column] = Int32(number) }
        let numbers = try call.reshape(try call.emit(.pad([Edges(0, 1)], value: 0), kernel), [spots.count + 1, 1])
        let indices = call.lowering.graph.constant(try Tensor(found, shape: [rows, columns]))
        return try call.reshape(try call.emit(.gather, numbers, indices), [rows, columns])
    }

    private func bounded(_ rows: Int, _ columns: Int) throws -> Int {
        let count = try Shape(checking: [rows, columns]).count
        guard count <= 1 << 26 else {
            throw KerasError(.resource, "a locally connected layer is too large as one matrix", found: "\(rows) × \(columns)")
        }
        return count
    }
}
