import CKernels
import Testing

/// How exact a kind is: `ulps` of the result, or of the larger of result and argument where the formula subtracts
/// (Keras's own does, too). The figures of docs/KERNELS.md, rounded up.
private struct Bound {
    var ulps: Double
    var ofArgument = false

    static func of(_ kind: kk_unary) -> Bound {
        switch kind {
        case .copy, .negate, .abs, .floor, .ceil, .round, .sign, .hard_tanh, .hard_shrink, .threshold, .clamp:
            Bound(ulps: 0)
        case .exp, .log, .sin, .cos, .erf, .expm1, .power: Bound(ulps: 1.5)
        case .tanh, .sigmoid, .log1p, .softplus, .log_sigmoid, .softsign, .rsqrt, .elu, .selu, .celu, .sparse_plus:
            Bound(ulps: 2.5)
        case .gelu, .gelu_tanh, .tanh_shrink, .squareplus, .silu, .mish, .relu_general, .hard_silu, .soft_shrink,
            .hard_sigmoid, .affine, .sparse_sigmoid:
            Bound(ulps: 2.5, ofArgument: true)
        default: Bound(ulps: 0.5)
        }
    }
}

private let kinds = (0..<Int32(kk_unary_count)).map { kk_unary(rawValue: $0)! }

/// a, b, c that exercise a kind's parameters; exact in float, so that both precisions get the same numbers.
private func parameters(_ kind: kk_unary) -> [(Float, Float, Float)] {
    switch kind {
    case .relu_general: [(0.25, 0.5, 6), (0, 0, .infinity), (0, 1, 3), (0.125, 0, .infinity)]
    case .clamp: [(-0.75, 1.5, 0), (0, .infinity, 0)]
    case .threshold: [(0.5, -2, 0)]
    case .hard_sigmoid, .hard_silu: [(0.1875, 0.5, 0)]
    case .power: [(2, 0, 0), (0.5, 0, 0), (-1.25, 0, 0)]
    case .squareplus: [(4, 0, 0)]
    case .elu, .celu, .leaky: [(1, 0, 0), (0.375, 0, 0)]
    case .affine: [(2.5, -0.25, 0)]
    default: [(0.5, 0, 0)]
    }
}

private let arguments: [Float] = {
    var values: [Float] = [
        0, -0.0, .infinity, -.infinity, .nan, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .leastNormalMagnitude,
        0x1p-140, -0x1.8p-133, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 88.72, 88.73,
        88.8, 89, 90, -87.3, -87.4, -88, -103, -103.9, -104, -105, 128, 0.95, -0.95, 9.01, 9.02, 3.92, 4, 20, -20, 6, 3, -3,
    ]
    for step in -1200...1200 { values.append(Float(step) * 0.01) }
    for step in -1000...1000 { values.append(Float(step) * 0.117) }
    var random = Random(7)
    for exponent in -140...120 {
        for sign in [FloatingPointSign.plus, .minus] {
            for _ in 0..<2 { values.append(Float(sign: sign, exponent: exponent, significand: random.float(1...1.999))) }
        }
    }
    return values
}()

@Suite struct UnaryTests {
    @Test(arguments: Table.all) func matchesDouble(table: Table) {
        let x = arguments, wide = x.map(Double.init)
        for kind in kinds {
            let bound = Bound.of(kind), name = String(cString: kk_unary_name(kind))
            for (a, b, c) in parameters(kind) {
                let y = Guarded<Float>(x.count)
                var want = [Double](repeating: 0, count: x.count)
                table.f.unary(kind, Guarded(x).base, y.base, x.count, a, b, c)
                reference.unary(kind, wide, &want, x.count, Double(a), Double(b), Double(c))
                for i in x.indices {
                    // Where x*x leaves float's range the formula does, in any implementation in float.
                    if kind == .squareplus && abs(x[i]) > 1e19 { continue }
                    if kind == .gelu_tanh && abs(x[i]) > 1e12 && x[i] < 0 { continue }
                    var unit = ulp(of: want[i])
                    if bound.ofArgument { unit = max(unit, ulp(of: wide[i]), 0x1p-24) }
                    // The last bit of the subnormals is coarse against the argument that made it.
                    let off = distance(y.base[i], want[i], unit: unit)
                    if off > bound.ulps + 0.001 {
                        Issue.record("\(table) \(name)(\(x[i])) with \(a), \(b), \(c) is \(y.base[i]), not \(want[i]): \(off) ulp")
                        break
                    }
                }
                #expect(y.intact)
            }
        }
    }

    @Test(arguments: Table.all) func sameBitsAtEveryPlace(table: Table) {
        var random = Random(11)
        let x = random.floats(67, -9...9) + [.nan, .infinity, -.infinity, -0.0]
        for kind in kinds {
            let (a, b, c) = parameters(kind)[0]
            let whole = Guarded<Float>(x.count)
            table.f.unary(kind, Guarded(x).base, whole.base, x.count, a, b, c)
            for start in 0..<18 {
                for count in [1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 33, x.count - start] {
                    let part = Guarded(Array(x[start..<start + count]))
                    table.f.unary(kind, part.base, part.base, count, a, b, c)  // in place
                    #expect(part.intact)
                    #expect(
                        sameBits(part.values, Array(whole.values[start..<start + count])),
                        "\(table) \(String(cString: kk_unary_name(kind))) from \(start), \(count)")
                }
            }
        }
    }

    @Test func theReferenceKnowsItsKinds() {
        func value(_ kind: kk_unary, _ x: Double, _ a: Double = 0, _ b: Double = 0, _ c: Double = 0) -> Double {
            var y = 0.0
            reference.unary(kind, [x], &y, 1, a, b, c)
            return y
        }
        #expect(value(.hard_sigmoid, 1, 0.25, 0.5) == 0.75)
        #expect(value(.relu_general, 7, 0.5, 1, 6) == 6)
        #expect(value(.relu_general, -3, 0.5, 1, 6) == -2)
        #expect(value(.relu_general, -.infinity, 0, 0, 6) == 0)
        #expect(value(.relu_general, .nan, 0, 0, .infinity).isNaN)
        #expect(value(.softplus, 1000) == 1000)
        #expect(value(.round, 2.5) == 2 && value(.round, 3.5) == 4 && value(.round, -0.5) == 0)
        #expect(value(.sparse_plus, 0) == 0.25 && value(.sparse_sigmoid, 0) == 0.5)
        #expect(value(.soft_shrink, -2, 0.5) == -1.5 && value(.hard_shrink, 0.5, 0.5) == 0)
        #expect(value(.threshold, 1, 2, -7) == -7 && value(.leaky, -2, 0.5) == -1)
        #expect(abs(value(.gelu, 1) - 0.8413447460685429) < 1e-15)
        #expect(abs(value(.gelu_tanh, 1) - 0.8411919906082768) < 1e-15)
        #expect(abs(value(.mish, 1) - 0.8650983882673103) < 1e-15)
        #expect(abs(value(.selu, -1) + 1.1113307378125625) < 1e-15)
        #expect(abs(value(.celu, -1, 2) + 0.7869386805747332) < 1e-15)
        #expect(abs(value(.squareplus, 1, 4) - 1.618033988749895) < 1e-15)
        #expect(abs(value(.log_sigmoid, -1) + 1.3132616875182228) < 1e-15)
    }
}
