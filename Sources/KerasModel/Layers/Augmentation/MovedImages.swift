import Tensors

/// How images are read at places between their pixels and beside them.
struct ImageReading {
    /// What is beside an image. Keras: `fill_mode`.
    private enum Fill: String { case reflect, wrap, constant, nearest }
    private let fill: Fill
    private let value: Double
    private let isBilinear: Bool

    init(_ settings: AugmentationSettings) throws {
        func unknown(_ key: String, _ word: String) -> KerasError {
            KerasError(.unsupported, "images are not read so", at: Place(key: key), found: word)
        }
        let (fill, interpolation) = (settings.word("fill_mode", default: "reflect"), settings.word("interpolation", default: "bilinear"))
        guard let known = Fill(rawValue: fill.lowercased()) else { throw unknown("fill_mode", fill) }
        guard ["nearest", "bilinear"].contains(interpolation.lowercased()) else { throw unknown("interpolation", interpolation) }
        self.fill = known
        isBilinear = interpolation.lowercased() == "bilinear"
        value = settings.number("fill_value", default: 0)
    }

    /// Images `(n, h, w, c)` with each pixel taken from the place `(x, y)`, each `(n, h · w)` of float32, counted in pixels.
    /// Source: TensorFlow's `ImageProjectiveTransformV3`, which finds places in float32.
    func read(_ images: Value, x: Value, y: Value, _ call: LayerCall) throws -> Value {
        let (n, h, w, c) = (images.shape[0], images.shape[1], images.shape[2], images.shape[3])
        let pixels = try call.reshape(try call.transpose(images, [0, 3, 1, 2]), [n, c, h * w])
        let (x, y) = (try folded(x, w, call), try folded(y, h, call))
        func clamped(_ place: Value, _ length: Int) throws -> Value {
            try call.emit(.unary(.clamp(low: 0, high: Double(length - 1))), place)
        }
        // (n, h · w) whole numbers → (n, c, h · w).
        func pixel(_ column: Value, _ row: Value) throws -> Value {
            let (left, top) = (try clamped(column, w), try clamped(row, h))
            let place = try call.emit(.binary(.add), try scaled(top, Double(w), call), left)
            let places = try call.emit(.broadcast(Shape([n, c, h * w])), try call.reshape(try call.cast(place, .int32), [n, 1, h * w]))
            let found = try call.emit(.pick, pixels, places)
            guard fill == .constant else { return found }
            let isWithin = try call.emit(
                .binary(.multiply), try call.emit(.binary(.equal), left, column), try call.emit(.binary(.equal), top, row))
            return try call.choose(try call.reshape(isWithin, [n, 1, h * w]), found, else: value)
        }
        let result = isBilinear ? try between(x, y, images, pixel, call) : try pixel(try whole(x, call), try whole(y, call))
        return try call.transpose(try call.reshape(result, [n, c, h, w]), [0, 2, 3, 1])
    }

    /// The nearest whole number, halves away from 0.
    private func whole(_ place: Value, _ call: LayerCall) throws -> Value {
        let size = try call.emit(.unary(.floor), try scaled(try call.emit(.unary(.abs), place), 1, call, plus: 0.5))
        return try call.emit(.binary(.multiply), size, try call.emit(.unary(.sign), place))
    }

    private func between(_ x: Value, _ y: Value, _ images: Value, _ pixel: (Value, Value) throws -> Value, _ call: LayerCall) throws
        -> Value
    {
        let (left, top) = (try call.emit(.unary(.floor), x), try call.emit(.unary(.floor), y))
        // How much of the farther of two pixels there is.
        func share(_ place: Value, _ nearer: Value) throws -> Value {
            let share = try call.cast(try call.emit(.binary(.subtract), place, nearer), images.dtype)
            return try call.reshape(share, [share.shape[0], 1, share.shape[1]])
        }
        func mixed(_ nearer: Value, _ farther: Value, _ share: Value) throws -> Value {
            try call.emit(
                .binary(.add), try call.emit(.binary(.multiply), nearer, try scaled(share, -1, call, plus: 1)),
                try call.emit(.binary(.multiply), farther, share))
        }
        let (right, bottom) = (try scaled(left, 1, call, plus: 1), try scaled(top, 1, call, plus: 1))
        let (across, down) = (try share(x, left), try share(y, top))
        return try mixed(
            try mixed(try pixel(left, top), try pixel(right, top), across),
            try mixed(try pixel(left, bottom), try pixel(right, bottom), across),
            down)
    }

    /// The place within an image that stands for one beside it.
    private func folded(_ place: Value, _ length: Int, _ call: LayerCall) throws -> Value {
        guard fill != .constant else { return place }
        var place = place
        if length > 1, fill == .reflect {
            let period = Double(2 * length)
            let passed = try call.emit(.unary(.floor), try scaled(place, 1 / period, call))
            let within = try call.emit(.binary(.subtract), place, try scaled(passed, period, call))
            place = try call.emit(.binary(.minimum), within, try scaled(within, -1, call, plus: period - 1))
        } else if length > 1, fill == .wrap {
            // TensorFlow counts by one less than the length how often the image was passed.
            let last = Double(length - 1)
            func passed(_ place: Value) throws -> Value { try call.emit(.unary(.floor), try scaled(place, 1 / last, call)) }
            let zero = try call.emit(.unary(.affine(scale: 0, offset: 0)), place)
            let end = try call.emit(.unary(.affine(scale: 0, offset: last)), place)
            let before = try call.emit(
                .binary(.multiply), try call.emit(.binary(.less), place, zero),
                try scaled(try passed(try scaled(place, -1, call)), 1, call, plus: 1))
            let after = try call.emit(.binary(.multiply), try call.emit(.binary(.greater), place, end), try passed(place))
            let times = try call.emit(.binary(.subtract), before, after)
            place = try call.emit(.binary(.add), place, try scaled(times, Double(length), call))
        }
        return try call.emit(.unary(.clamp(low: 0, high: Double(length - 1))), place)
    }

    private func scaled(_ x: Value, _ factor: Double, _ call: LayerCall, plus offset: Double = 0) throws -> Value {
        factor == 1 && offset == 0 ? x : try call.emit(.unary(.affine(scale: factor, offset: offset)), x)
    }
}

extension LayerCall {
    /// `a · x + b · y` from the middle of images on, of which `a` and `b` are `(n, 1)` and x and y the pixels' own places: `(n, h · w)`, along the
    /// width or the height. Nil stands for nothing.
    func places(of images: Value, x a: Value?, y b: Value?, alongHeight: Bool) throws -> Value {
        let (middleX, middleY) = (Double(images.shape[2] - 1) / 2, Double(images.shape[1] - 1) / 2)
        func part(_ factor: Value?, _ place: Value, _ middle: Double) throws -> [Value] {
            try factor.map { [try emit(.binary(.multiply), $0, try emit(.unary(.affine(scale: 1, offset: -middle)), place))] } ?? []
        }
        let parts =
            try part(a, try ownPlaces(of: images, alongHeight: false), middleX)
            + part(b, try ownPlaces(of: images, alongHeight: true), middleY)
        let sum = parts.count == 2 ? try emit(.binary(.add), parts) : parts[0]
        return try emit(.unary(.affine(scale: 1, offset: alongHeight ? middleY : middleX)), sum)
    }

    /// Where each pixel of an image is, along its width or its height: `(1, h · w)` of float32.
    func ownPlaces(of images: Value, alongHeight: Bool) throws -> Value {
        let (h, w) = (images.shape[1], images.shape[2])
        let places = (0..<h).flatMap { row in (0..<w).map { Double(alongHeight ? row : $0) } }
        return lowering.graph.constant(try Tensor(places, shape: [1, h * w]).converted(to: .float32))
    }
}
