internal import Tensors

/// A compressed member of an archive, inflated piece by piece into the memory it is wanted in, its checksum formed on the way.
package final class ZipMemberReader {
    private let place: Place
    private let member: ZipArchive.Member
    private let stream: InflateStream
    private var sum = CRC32()
    private var produced = 0

    /// A piece that stays in the cache between inflating it and summing it up.
    private static let pieceSize = 1 << 17

    init(_ member: ZipArchive.Member, stored: Buffer, place: Place) throws {
        self.place = place
        self.member = member
        stream = try InflateStream(stored, format: .deflate)
    }

    /// Bytes that have not been read yet, as the directory says.
    package var remaining: Int { member.count - produced }

    /// Fills all of `target`.
    ///
    /// - Throws: a `malformed` problem if the data is damaged or there is not as much.
    package func read(into target: UnsafeMutableRawBufferPointer) throws {
        try KerasError.placing(place) {
            let follower = target.count < FollowingChecksum.worthwhile ? nil : FollowingChecksum(target, after: sum)
            // The memory is not let go while somebody reads it.
            defer { if let follower { sum = follower.finish() } }
            var done = 0
            while done < target.count {
                let piece = UnsafeMutableRawBufferPointer(rebasing: target[done..<min(done + ZipMemberReader.pieceSize, target.count)])
                let count = try stream.read(into: piece)
                done += count
                produced += count
                if let follower {
                    follower.advance(to: done)
                } else {
                    sum.update(UnsafeRawBufferPointer(rebasing: piece[..<count]))
                }
                guard count == piece.count else { throw wrongSize("\(produced) bytes") }
            }
        }
    }

    /// Reads what is left, and holds size and checksum against the directory's.
    ///
    /// - Throws: a `malformed` problem if one differs or the data is damaged.
    package func finish() throws {
        try KerasError.placing(place) {
            let rest = try Buffer.uninitialized(count: ZipMemberReader.pieceSize)
            while !stream.isAtEnd {
                let count = try stream.read(into: rest.bytes)
                sum.update(UnsafeRawBufferPointer(rebasing: rest.bytes[..<count]))
                produced += count
                guard produced <= member.count else { throw wrongSize("more") }
            }
            guard produced == member.count else { throw wrongSize("\(produced) bytes") }
            try member.check(sum.value)
        }
    }

    private func wrongSize(_ found: String) -> KerasError {
        KerasError(
            .malformed, "the compressed data has another size than its container says", found: found, expected: "\(member.count) bytes")
    }
}

extension ZipArchive.Member {
    /// - Throws: a `malformed` problem if the directory has another checksum.
    func check(_ crc: UInt32) throws {
        // A fuzzer would not get past it.
        #if !FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
        guard crc == self.crc else {
            throw KerasError(
                .malformed, "the ZIP member is damaged: its checksum differs", found: "0x" + String(crc, radix: 16),
                expected: "0x" + String(self.crc, radix: 16))
        }
        #endif
    }
}
