import CountingAllocator
import Foundation
import NumPy
import Storage
import Testing

/// Files broken at random: each must be read or refused, at once, and without asking for more memory than a named limit lets it.
///
/// `KERAS_MUTATIONS=10000000 swift test -c release -Xswiftc -enable-testing --filter MutationTests` breaks so many of each kind;
/// `KERAS_MUTATION_SEED` begins elsewhere.
@Suite struct MutationTests {
    /// A kind of file, what of it is broken, and how it is read.
    struct Kind: Sendable, CustomStringConvertible {
        let description: String
        let originals: @Sendable () throws -> [[UInt8]]
        /// Where the structure of a file is.
        let target: @Sendable ([UInt8]) -> Range<Int>
        let read: @Sendable (Buffer) throws -> Void
    }

    static let kinds = [
        Kind(description: "headers of .npy", originals: { try whole(["npy"], under: "numpy") }, target: { 0..<min($0.count, 200) }) {
            _ = try NPY.decode($0).packedBytes()
        },
        Kind(
            description: "directories of .npz", originals: { try whole(["npz"], under: "numpy") },
            target: { max(0, $0.count - 700)..<$0.count }
        ) {
            try readArchive($0)
        },
        Kind(description: "members of .npz", originals: { try whole(["npz"], under: "numpy") }, target: { 0..<$0.count }) {
            try readArchive($0)
        },
        Kind(
            description: "pickles",
            originals: { PickleCase.all.map(\.bytes) + (HostilePickleTests.code + HostilePickleTests.bombs).map(\.bytes) },
            target: { 0..<$0.count }
        ) { try walk(try Pickle.decode($0)) },
        Kind(description: "object arrays", originals: { try whole(["npy"], under: "numpy", named: "objects_") }, target: { 0..<$0.count }) {
            try walk(.objects(try NPY.decodeObjects($0, allowPickle: true)))
        },
        Kind(description: "IDX and gzip", originals: { try whole(["gz", ""], under: "numpy/idx") }, target: { 0..<$0.count }) {
            _ = try IDX.decode($0).packedBytes()
        },
    ]

    private static func whole(_ endings: [String], under folder: String, named prefix: String = "") throws -> [[UInt8]] {
        files(under: package.appending(path: "Fixtures/" + folder), endings: endings).filter { $0.lastPathComponent.hasPrefix(prefix) }
            .compactMap { (try? Data(contentsOf: $0)).map { [UInt8]($0) } }.filter { $0.count < 1 << 16 }
    }

    private static func readArchive(_ buffer: Buffer) throws {
        let archive = try NPZ(buffer, name: "mutant.npz")
        for name in archive.names {
            do {
                _ = try archive.tensor(named: name).packedBytes()
                try archive.verify(name)
            } catch is KerasError {}
        }
    }

    /// Walks through what there is, up to so many values: shared ones are met again and again.
    private static func walk(_ value: PickleValue, _ rest: inout Int) throws {
        rest -= 1
        guard rest > 0 else { return }
        switch value {
        case .list(let items), .tuple(let items), .set(let items): for item in items where rest > 0 { try walk(item, &rest) }
        case .dict(let entries):
            for entry in entries where rest > 0 {
                try walk(entry.key, &rest)
                try walk(entry.value, &rest)
            }
        case .objects(let array): for element in array.elements where rest > 0 { try walk(element, &rest) }
        case .tensor(let tensor): rest -= try tensor.packedBytes().count
        default: break
        }
    }

    private static func walk(_ value: PickleValue) throws {
        var rest = 100_000
        try walk(value, &rest)
    }

    /// SplitMix64: the same mutants for the same seed.
    struct Chance: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    /// One to four changes: a byte, a bit, a number's extreme, a piece left out, put in, or taken from another file.
    private static func mutate(_ file: inout [UInt8], _ kind: Kind, _ originals: [[UInt8]], _ chance: inout Chance) {
        for _ in 0..<Int.random(in: 1...4, using: &chance) {
            let range = kind.target(file)
            guard !range.isEmpty else { return }
            let place = Int.random(in: range, using: &chance)
            switch Int.random(in: 0..<12, using: &chance) {
            case 0...3: file[place] = .random(in: 0...255, using: &chance)
            case 4...5: file[place] ^= 1 << UInt8.random(in: 0..<8, using: &chance)
            case 6:
                let bytes = [[0, 0, 0, 0], [255, 255, 255, 255], [255, 255, 255, 127], [0, 0, 0, 128], [1, 0, 0, 0]][
                    Int.random(in: 0..<5, using: &chance)]
                for (offset, byte) in bytes.enumerated() where place + offset < file.count { file[place + offset] = UInt8(byte) }
            case 7: file.insert(Array("0123456789(){}[]',<>OVUS".utf8).randomElement(using: &chance)!, at: place)
            case 8: file.removeSubrange(place..<min(place + Int.random(in: 1...8, using: &chance), file.count))
            case 9:
                let piece = Array(file[place..<min(place + Int.random(in: 1...40, using: &chance), file.count)])
                for _ in 0..<Int.random(in: 1...20, using: &chance) { file.insert(contentsOf: piece, at: place) }
            case 10:
                let other = originals.randomElement(using: &chance)!
                guard !other.isEmpty else { continue }
                let start = Int.random(in: 0..<other.count, using: &chance)
                file.insert(contentsOf: other[start..<min(start + Int.random(in: 1...60, using: &chance), other.count)], at: place)
            default: file.removeSubrange(place...)
            }
        }
    }

    @Test(arguments: kinds) func mutantsReadOrThrow(kind: Kind) throws {
        let environment = ProcessInfo.processInfo.environment
        let mutants = environment["KERAS_MUTATIONS"].flatMap { Int($0) } ?? 4000
        let seed = environment["KERAS_MUTATION_SEED"].flatMap { UInt64($0) } ?? .random(in: 0..<1 << 32)
        let originals = try kind.originals()
        try #require(!originals.isEmpty)
        var chance = Chance(state: seed)
        var (readable, slowest, most) = (0, Duration.zero, 0)
        let clock = ContinuousClock()
        for index in 0..<mutants {
            var file = originals.randomElement(using: &chance)!
            MutationTests.mutate(&file, kind, originals, &chance)
            let buffer = try Buffer.copy(of: file)
            let before = counted_bytes()
            let start = clock.now
            do {
                try kind.read(buffer)
                readable += 1
            } catch is KerasError {
            } catch {
                Issue.record("mutant \(index) of seed \(seed): \(error)")
            }
            let time = clock.now - start
            let bytes = counted_bytes() - before
            if time > .seconds(1) || bytes > MutationTests.mostBytes(file.count) {
                Issue.record("mutant \(index) of seed \(seed), \(file.count) bytes: \(time), \(bytes) bytes of memory")
            }
            slowest = max(slowest, time)
            most = max(most, bytes)
        }
        print("\(kind): \(mutants) mutants of seed \(seed), \(readable) read, slowest \(slowest), most memory \(most) bytes")
    }

    /// What reading such a file may ask for in all, were nothing given back: deflate's most for each of the four times that an archive's members are
    /// looked at, and elements without bytes that are counted one by one.
    private static func mostBytes(_ count: Int) -> Int { 64 << 20 + 4 * StorageLimits.standard.ratio * count }
}
