import Tensors

let imageOperations: [Operation] = [
    Operation(
        keras3: [
            "Resize(x:images, size, interpolation, antialias, crop:crop_to_aspect_ratio, pad:pad_to_aspect_ratio, fill_mode, fill_value, data_format)"
        ],
        one: { call in
            for name in ["antialias", "crop", "pad"] where try call.bool(name) { throw call.unsupported(name, true) }
            return try call.resized(
                try call.string("interpolation") ?? "bilinear", isFirst: try call.string("data_format") == "channels_first")
        }),
    Operation(
        tensorflow: ["image.resize(x:images, size, interpolation:method, keep:preserve_aspect_ratio, antialias)"],
        one: { call in
            for name in ["antialias", "keep"] where try call.bool(name) { throw call.unsupported(name, true) }
            return try call.resized(try call.string("interpolation") ?? "bilinear", isFirst: false)
        }),
    Operation(
        graph: ["ResizeBilinear(x:images, size, align_corners, half_pixel_centers)"],
        one: { call in
            if try call.bool("align_corners") { throw call.unsupported("align_corners", true) }
            return try call.resized(try call.bool("half_pixel_centers") ? .bilinear : .bilinearAsymmetric)
        }),
    Operation(
        graph: ["ResizeNearestNeighbor(x:images, size, align_corners, half_pixel_centers)"],
        one: { call in
            if try call.bool("align_corners") { throw call.unsupported("align_corners", true) }
            guard try call.bool("half_pixel_centers") else { throw call.unsupported("half_pixel_centers", false) }
            return try call.resized(.nearest)
        }),
    Operation(
        keras3: ["DepthToSpace(x, block_size, data_format)"], tensorflow: ["nn.depth_to_space(x:input, block_size, data_format)"],
        graph: ["DepthToSpace(x:input, block_size, data_format)"],
        one: { call in
            let (x, block) = try call.blocks()
            let (n, h, w, c) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
            guard c > 0, c % (block * block) == 0 else { throw KerasError(.mismatch, "channels do not make blocks", found: "\(x.shape)") }
            let depth = c / (block * block)
            let parts = try call.reshape(x, [n, h, w, block, block, depth])
            return try call.reshape(try call.transpose(parts, [0, 1, 3, 2, 4, 5]), [n, h * block, w * block, depth])
        }),
    Operation(
        keras3: ["SpaceToDepth(x, block_size, data_format)"], tensorflow: ["nn.space_to_depth(x:input, block_size, data_format)"],
        graph: ["SpaceToDepth(x:input, block_size, data_format)"],
        one: { call in
            let (x, block) = try call.blocks()
            let (n, h, w, c) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
            guard h > 0, w > 0, h % block == 0, w % block == 0 else {
                throw KerasError(.mismatch, "an image does not make blocks", found: "\(x.shape)")
            }
            let parts = try call.reshape(x, [n, h / block, block, w / block, block, c])
            return try call.reshape(try call.transpose(parts, [0, 1, 3, 2, 4, 5]), [n, h / block, w / block, block * block * c])
        }),
    pooling(.max, keras3: "MaxPool", tensorflow: "max_pool2d", graph: "MaxPool"),
    pooling(.average, keras3: "AveragePool", tensorflow: "avg_pool2d", graph: "AvgPool"),
]

private func pooling(_ kind: Pool.Kind, keras3: String, tensorflow: String, graph: String) -> Operation {
    Operation(
        keras3: ["\(keras3)(x:inputs, window:pool_size, strides, padding, data_format)"],
        tensorflow: ["nn.\(tensorflow)(x:input, window:ksize, strides, padding, data_format)"],
        graph: ["\(graph)(x:value, window:ksize, strides, padding, data_format)"],
        one: { call in
            let x = try call.tensor()
            guard try call.string("data_format").map({ $0 == "channels_last" || $0 == "NHWC" }) ?? true else {
                throw call.unsupported("data_format", try call.string("data_format")!)
            }
            let rank = x.rank - 2
            guard rank > 0 else { throw KerasError(.mismatch, "this is no image", found: "\(x.shape)") }
            func extents(_ name: String) throws -> [Int]? {
                guard let values = try call.ints(name) else { return nil }
                let own =
                    values.count == 1
                    ? Array(repeating: values[0], count: rank) : values.count == rank + 2 ? Array(values[1...rank]) : values
                guard own.count == rank, own.allSatisfy({ $0 > 0 }) else { throw call.unsupported(name, "\(values)") }
                return own
            }
            guard let window = try extents("window") else { throw call.lacking("pool_size") }
            let strides = try extents("strides") ?? window
            guard let padding = Padding(rawValue: (try call.string("padding") ?? "valid").lowercased()), padding != .causal else {
                throw call.unsupported("padding", try call.string("padding")!)
            }
            let edges = (0..<rank).map { padding.edges(x.shape[$0 + 1], window: window[$0], stride: strides[$0]) }
            return try call.emit(.pool(Pool(kind, window: window, strides: strides, padding: edges)), x)
        })
}

extension OperationCall {
    fileprivate func blocks() throws -> (Value, Int) {
        let x = try tensor()
        guard try string("data_format").map({ $0 == "NHWC" || $0 == "channels_last" }) ?? true else {
            throw unsupported("data_format", try string("data_format")!)
        }
        guard x.rank == 4, let block = try int("block_size"), block > 0 else { throw lacking("block_size") }
        return (x, block)
    }

    fileprivate func resized(_ interpolation: String, isFirst: Bool) throws -> Value {
        let known: [Interpolation] = [.nearest, .bilinear, .bicubic, .area, .lanczos3, .lanczos5, .gaussian, .mitchellcubic]
        guard let kind = known.first(where: { $0.rawValue == interpolation }) else { throw unsupported("interpolation", interpolation) }
        return try resized(kind, isFirst: isFirst)
    }

    /// An image, or several, brought to another height and width.
    fileprivate func resized(_ interpolation: Interpolation, isFirst: Bool = false) throws -> Value {
        var x = try real(try tensor())
        guard let size = try ints("size"), size.count == 2, size.allSatisfy({ $0 > 0 }) else { throw lacking("size") }
        let isSingle = x.rank == 3
        if isSingle { x = try reshape(x, [1] + x.shape.dims) }
        guard x.rank == 4 else { throw KerasError(.mismatch, "this is no image", found: "\(x.shape)") }
        let result = try call.channelsLast(x, isFirst ? .channelsFirst : .channelsLast) {
            try call.interpolate($0, height: size[0], width: size[1], interpolation)
        }
        return isSingle ? try reshape(result, Array(result.shape.dims.dropFirst())) : result
    }
}
