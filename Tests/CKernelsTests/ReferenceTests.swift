import CKernels
import Testing

/// The meaning itself, by hand: everything else is compared with it.
@Suite struct ReferenceTests {
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
