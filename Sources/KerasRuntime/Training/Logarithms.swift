#if canImport(Glibc)
private import Glibc
#elseif canImport(Musl)
private import Musl
#else
private import Darwin
#endif

// The C library's functions that random numbers, optimizers and schedules need.

func logarithm(_ x: Double) -> Double { log(x) }
func logarithm(_ x: Float) -> Float { logf(x) }
func cosine(_ x: Double) -> Double { cos(x) }
func cosine(_ x: Float) -> Float { cosf(x) }
func power(_ x: Float, _ exponent: Float) -> Float { powf(x, exponent) }

extension Float {
    /// Not a number stays so.
    func clipped(_ low: Float, _ high: Float) -> Float { self < low ? low : self > high ? high : self }
}
