internal import Storage
internal import Tensors

/// Chunks of a dataset that pass through deflate.
///
/// The library takes an inflated chunk for as long as the dataset says, and reads beyond one that is shorter. How long it is shows only when it
/// is inflated: so that is done first, a little at a time and into memory that is used again.
struct HDF5DeflatedChunks: Sendable {
    enum Filter: Equatable, Sendable {
        case deflate, fletcher32
        /// Of elements that are as long as the filter says, whatever the dataset says.
        case shuffle(elementSize: Int)
        /// Never passed through: whoever reads such a dataset is told.
        case other
    }

    struct Chunk: Sendable {
        /// Where it stands in the file.
        let start, count: Int
        /// The filters that this one was not passed through, by their bits.
        let mask: Int
    }

    /// In the order in which they were applied.
    let filters: [Filter]
    /// Of every chunk, before them.
    let bytes: Int
    var chunks: [Chunk] = []

    /// - Throws: a `malformed` problem for a chunk that does not come to the bytes it stands for.
    func check(_ file: Buffer) throws {
        let scratch = try Buffer.uninitialized(count: 1 << 16)
        for chunk in chunks {
            var count = chunk.count
            var isInflated = false
            for (index, filter) in filters.enumerated().reversed() where chunk.mask >> index & 1 == 0 {
                switch filter {
                case .deflate:
                    guard !isInflated else {
                        throw KerasError(.unsupported, "a chunk is compressed twice", at: Place(offset: chunk.start))
                    }
                    isInflated = true
                    count = try inflated(file.view(chunk.start..<chunk.start + count), scratch)
                case .fletcher32:
                    guard count > 4 else { throw wrong(chunk, count) }
                    count -= 4
                case .shuffle, .other: break
                }
            }
            guard count == bytes else { throw wrong(chunk, count) }
        }
    }

    /// A chunk's elements, with all filters undone; the sums of fletcher32 are left to the library.
    func contents(of chunk: Chunk, in file: DoormanBytes) throws -> [UInt8] {
        let start = chunk.start - file.base
        var bytes = Array(file.bytes[start..<start + chunk.count])
        for (index, filter) in filters.enumerated().reversed() where chunk.mask >> index & 1 == 0 {
            switch filter {
            case .deflate:
                let stream = try InflateStream(Buffer.copy(of: bytes), format: .zlib)
                let target = try Buffer.uninitialized(count: self.bytes + 5)
                let count = try stream.read(into: target.bytes)
                bytes = Array(target.bytes[..<count])
            case .fletcher32:
                guard bytes.count > 4 else { throw wrong(chunk, bytes.count) }
                bytes.removeLast(4)
            case .shuffle(let elementSize):
                let (number, shuffled) = (bytes.count / elementSize, bytes)
                for element in 0..<number {
                    for byte in 0..<elementSize { bytes[element * elementSize + byte] = shuffled[byte * number + element] }
                }
            case .other: break
            }
        }
        guard bytes.count == self.bytes else { throw wrong(chunk, bytes.count) }
        return bytes
    }

    private func inflated(_ source: Buffer, _ scratch: Buffer) throws -> Int {
        let stream = try InflateStream(source, format: .zlib)
        var count = 0
        while !stream.isAtEnd && count <= bytes + 4 { count += try stream.read(into: scratch.bytes) }
        return count
    }

    private func wrong(_ chunk: Chunk, _ count: Int) -> KerasError {
        KerasError(
            .malformed, "a chunk is not as long as its shape", at: Place(offset: chunk.start), found: "\(count) bytes or more",
            expected: "\(bytes)")
    }
}
