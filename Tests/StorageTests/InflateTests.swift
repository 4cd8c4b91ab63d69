import Foundation
import Storage
import Tensors
import Testing

@Suite struct InflateTests {
    let lines = (0..<5_000).map { "line \($0)\n" }.joined()
    func file(_ name: String) throws -> Buffer { try .copy(of: [UInt8](Data(contentsOf: fixtures.appending(path: "storage/" + name)))) }
    func bytes(_ buffer: Buffer) -> [UInt8] { buffer.withUnsafeBytes { Array($0) } }

    /// The raw stream in a gzip file without a name: ten bytes before it and eight behind.
    func raw() throws -> Buffer {
        let whole = try file("lines.gz")
        return whole.view(10..<whole.count - 8)
    }

    @Test func inflates() throws {
        #expect(try bytes(Gzip.inflate(file("lines.gz"))) == Array(lines.utf8))
        #expect(try bytes(Gzip.inflate(file("two.gz"))) == Array("onetwo".utf8))
        #expect(try bytes(Inflate.exactly(lines.utf8.count, from: raw())) == Array(lines.utf8))
        #expect(try bytes(Inflate.exactly(lines.utf8.count, from: file("lines.gz"), format: .gzip)) == Array(lines.utf8))
    }

    @Test func readsInPieces() throws {
        let stream = try InflateStream(raw(), format: .deflate)
        let piece = try Buffer(count: 7)
        var all: [UInt8] = []
        while case let count = try stream.read(into: piece.bytes), count > 0 { all += bytes(piece)[..<count] }
        #expect(all == Array(lines.utf8) && stream.isAtEnd)
    }

    @Test func sizeMustBeExact() throws {
        for wrong in [0, 1, lines.utf8.count - 1, lines.utf8.count + 1] {
            #expect(throws: KerasError.self) { try Inflate.exactly(wrong, from: raw()) }
        }
    }

    @Test func damageIsAnError() throws {
        let whole = bytes(try file("lines.gz"))
        for count in stride(from: 0, to: whole.count, by: 97) {
            #expect(throws: KerasError.self) { try Gzip.inflate(.copy(of: Array(whole[..<count]))) }
        }
        for _ in 0..<500 {
            var mutant = whole
            mutant[Int.random(in: 0..<whole.count)] = .random(in: 0...255)
            do { _ = try Gzip.inflate(.copy(of: mutant)) } catch is KerasError {}
        }
    }

    @Test func limitsComeBeforeMemory() throws {
        let tiny = try Buffer(count: 100)
        for count in [100 * 1033 + 2000, 1 << 50, .max] {
            let error = try #require(throws: KerasError.self) { try Inflate.exactly(count, from: tiny) }
            #expect(error.problems[0].kind == .resource)
        }
        #expect(throws: KerasError.self) { try Inflate.check(2 << 30, from: 4 << 20) }
        try Inflate.check(2 << 30, from: 30 << 20)
        var limits = StorageLimits()
        limits.inflated = 10_000
        #expect(throws: KerasError.self) { try Gzip.inflate(file("lines.gz"), limits: limits) }
    }

    @Test func checksums() throws {
        #expect(try CRC32.of(.copy(of: Array("123456789".utf8))) == 0xCBF4_3926)
        #expect(try CRC32.of(Buffer(count: 0)) == 0)
    }

    @Test func swapsBytes() throws {
        let source = try Buffer.copy(of: Array(0..<16))
        func swapped(_ source: Buffer, unit: Int) throws -> Buffer {
            let copy = try Buffer.copy(of: bytes(source))
            if let start = copy.bytes.baseAddress { ByteOrder.swap(start, start, unit: unit, count: copy.count / unit) }
            return copy
        }
        #expect(try bytes(swapped(source, unit: 2)) == [1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14])
        #expect(try bytes(swapped(source, unit: 4)) == [3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12])
        #expect(try bytes(swapped(source, unit: 8)) == [7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8])
        #expect(try bytes(swapped(source.view(1..<5), unit: 2)) == [2, 1, 4, 3])
    }
}
