import Tensors

#if canImport(Glibc)
private import Glibc
#elseif canImport(Musl)
private import Musl
#else
private import Darwin
#endif

/// The Fourier transform of real rows by two rounds of small products, after Cooley and Tukey: a length n = p · q is p transforms of length q
/// between q of length p, with a turn of each number in between.
struct FourierTransform {
    private let length: Int
    private let first: Int
    private var second: Int { length / first }

    init(_ length: Int) {
        self.length = length
        // The divisor nearest to the root; of a prime there is one round.
        first = (1...length).filter { length % $0 == 0 && $0 * $0 <= length }.max() ?? 1
    }

    /// Rows `(m, length)` → real and imaginary parts `(m, length / 2 + 1)`.
    func lower(_ x: Value, _ call: LayerCall, _ constant: ([Double], Shape) throws -> Value) throws -> (Value, Value) {
        let (p, q, rows) = (first, second, x.shape[0])
        // x[a · q + b]: transforms over a, of length p, for each b.
        let columns = try call.transpose(try call.reshape(x, [rows, p, q]), [0, 2, 1])
        func turns(_ m: Int, _ n: Int, of whole: Int, _ function: (Double) -> Double) -> [Double] {
            (0..<m).flatMap { i in (0..<n).map { j in function(-2 * .pi * Double(i * j % whole) / Double(whole)) } }
        }
        func product(_ x: Value, _ m: Int, _ n: Int, of whole: Int, _ function: (Double) -> Double) throws -> Value {
            try call.emit(.matrixMultiply, x, try constant(turns(m, n, of: whole, function), [m, n]))
        }
        let (real, imaginary) = (try product(columns, p, p, of: p, cos), try product(columns, p, p, of: p, sin))
        // The turns between the rounds, of b · k.
        func turned(_ x: Value, _ function: (Double) -> Double) throws -> Value {
            try call.emit(.binary(.multiply), x, try constant(turns(q, p, of: length, function), [q, p]))
        }
        let turnedReal = try call.emit(.binary(.subtract), try turned(real, cos), try turned(imaginary, sin))
        let turnedImaginary = try call.emit(.binary(.add), try turned(real, sin), try turned(imaginary, cos))
        // Transforms over b, of length q, for each k: frequency k + p · l.
        let (a, b) = (try call.transpose(turnedReal, [0, 2, 1]), try call.transpose(turnedImaginary, [0, 2, 1]))
        let sums = [
            try call.emit(.binary(.subtract), try product(a, q, q, of: q, cos), try product(b, q, q, of: q, sin)),
            try call.emit(.binary(.add), try product(a, q, q, of: q, sin), try product(b, q, q, of: q, cos)),
        ]
        let parts = try sums.map { sum in
            let whole = try call.reshape(try call.transpose(sum, [0, 2, 1]), [rows, length])
            return try call.emit(.slice(starts: [0, 0], sizes: [rows, length / 2 + 1]), whole)
        }
        return (parts[0], parts[1])
    }
}
