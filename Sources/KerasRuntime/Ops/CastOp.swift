import KerasModel
import Tensors

/// Between the plan's scalar and int32, and what narrower types do to a number.
struct CastStep<T: ComputeScalar>: Step {
    private enum Way { case realToReal, realToInteger, integerToReal, integerToInteger }

    private let way: Way
    private let dtype: DType
    private let from: Location
    private let to: Location
    private let cut: Parts

    static func make(to dtype: DType, _ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws -> CastStep {
        guard dtype.isStoredAsInteger || dtype.isFloatingPoint else {
            throw KerasError(.unsupported, "numbers are not converted to this type", found: "\(dtype)")
        }
        let way: Way =
            switch (plan.isInteger(node.inputs[0]), plan.isInteger(node.output)) {
            case (false, false): .realToReal
            case (false, true): .realToInteger
            case (true, false): .integerToReal
            case (true, true): .integerToInteger
            }
        return CastStep(
            way: way, dtype: dtype, from: try plan.location(node.inputs[0]), to: try plan.location(node.output),
            cut: .elements(plan.shape(node.output).count, of: T.self))
    }

    var parts: Int { cut.count }

    @specialized(where T == Float)
    func run(_ frame: Frame<T>, part: Int) throws {
        let mine = cut[part]
        switch way {
        case .realToReal: (frame.reals(to) + mine.lowerBound).update(from: frame.reals(from) + mine.lowerBound, count: mine.count)
        case .integerToReal:
            let (x, y) = (frame.integers(from), frame.reals(to))
            for index in mine { y[index] = T(x[index]) }
        case .realToInteger:
            let (x, y) = (frame.reals(from), frame.integers(to))
            for index in mine { y[index] = dtype == .bool ? (x[index] != 0 ? 1 : 0) : narrowed(Int64(double: Double(x[index]))) }
        case .integerToInteger:
            let (x, y) = (frame.integers(from), frame.integers(to))
            for index in mine { y[index] = dtype == .bool ? (x[index] != 0 ? 1 : 0) : narrowed(Int64(x[index])) }
        }
    }

    /// As the type would hold it, integers wrapping.
    private func narrowed(_ value: Int64) -> Int32 {
        switch dtype {
        case .int8: Int32(Int8(truncatingIfNeeded: value))
        case .uint8: Int32(UInt8(truncatingIfNeeded: value))
        case .int16: Int32(Int16(truncatingIfNeeded: value))
        case .uint16: Int32(UInt16(truncatingIfNeeded: value))
        default: Int32(clamping: value)
        }
    }
}

/// Rounds numbers held as `T` to what a narrower type can hold.
struct RoundStep<T: ComputeScalar>: Step {
    let dtype: DType
    let location: Location
    private let cut: Parts

    init(dtype: DType, count: Int, at location: Location) {
        (self.dtype, self.location, cut) = (dtype, location, .elements(count, of: T.self))
    }

    var parts: Int { cut.count }

    @specialized(where T == Float)
    func run(_ frame: Frame<T>, part: Int) throws {
        let x = frame.reals(location)
        if dtype == .float16 {
            for index in cut[part] { x[index] = T(Float16(x[index])) }
        } else {
            for index in cut[part] { x[index] = T(BFloat16(Float(x[index])).float) }
        }
    }
}
