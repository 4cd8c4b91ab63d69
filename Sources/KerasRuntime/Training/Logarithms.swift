#if canImport(Glibc)
private import Glibc
#elseif canImport(Musl)
private import Musl
#else
private import Darwin
#endif

// The C library's functions in the precision losses are computed in.

func exponential(_ x: Float) -> Float { expf(x) }
func logarithm(_ x: Float) -> Float { logf(x) }
/// `ln(1 + x)`, exact near 0.
func logarithm1p(_ x: Float) -> Float { log1pf(x) }
func logarithm(_ x: Double) -> Double { log(x) }
func cosine(_ x: Double) -> Double { cos(x) }
func power(_ x: Float, _ exponent: Float) -> Float { powf(x, exponent) }
