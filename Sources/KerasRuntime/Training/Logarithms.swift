#if canImport(Glibc)
private import Glibc
#elseif canImport(Musl)
private import Musl
#else
private import Darwin
#endif

// The C library's functions that random numbers and optimizers need.

func logarithm(_ x: Double) -> Double { log(x) }
func cosine(_ x: Double) -> Double { cos(x) }
func power(_ x: Float, _ exponent: Float) -> Float { powf(x, exponent) }

extension Float {
    /// Not a number stays so.
    func clipped(_ low: Float, _ high: Float) -> Float { self < low ? low : self > high ? high : self }
}
