import KerasModel
import Tensors

/// How the windows of a convolution lie in an image that already has its padding.
struct WindowGeometry: Sendable {
    /// Numbers in one image before and after padding.
    let imageSize: Int
    let paddedSize: Int
    /// Where each window begins, in the order of the output's pixels.
    let pixels: [Int]
    /// Runs of contiguous numbers a window consists of: offsets from its beginning, and their common length.
    let taps: [Int]
    let tapLength: Int
    /// Copies an image into the padded one; nil where there is no padding.
    let padding: StridedCopy?

    /// - Parameters:
    ///   - channels: of the whole image.
    ///   - tapChannels: of which a window sees so many together.
    init(spatial: [Int], channels: Int, tapChannels: Int, kernel: [Int], output: [Int], _ convolution: Convolution) {
        let padded = zip(spatial, convolution.padding).map { $0 + $1.total }
        let pitches = Array(Shape(padded + [channels]).strides.dropLast())
        imageSize = Shape(spatial + [channels]).count
        paddedSize = Shape(padded + [channels]).count
        pixels = WindowGeometry.offsets(output, zip(pitches, convolution.strides).map { $0 * $1 })
        // Neighbouring cells of a line are one run, unless channels of other groups stand between them.
        let joins = tapChannels == channels && convolution.dilation.last == 1 && !kernel.isEmpty
        let cells = joins ? Array(kernel.dropLast()) : kernel
        taps = WindowGeometry.offsets(cells, zip(pitches, convolution.dilation).map { $0 * $1 })
        tapLength = joins ? (kernel.last ?? 1) * channels : tapChannels
        if padded == spatial {
            padding = nil
        } else {
            let offset = zip(convolution.padding, pitches).reduce(0) { $0 + $1.0.before * $1.1 }
            padding = StridedCopy(
                spatial + [channels], from: Shape(spatial + [channels]).strides, to: pitches + [1], toOffset: offset)
        }
    }

    /// The offsets of all cells of a box, in row-major order.
    static func offsets(_ lengths: [Int], _ pitches: [Int]) -> [Int] {
        zip(lengths, pitches).reduce([0]) { offsets, axis in
            offsets.flatMap { offset in (0..<axis.0).map { offset + $0 * axis.1 } }
        }
    }
}
