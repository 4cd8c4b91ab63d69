import Storage
import Tensors
import Testing

@Suite struct GzipTests {
    @Test func sizeIsLimitedBeforeMemoryIs() throws {
        // A stream that says four gigabytes at its end, and holds eleven bytes.
        var bytes: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF, 0x4B, 0x04, 0x00]
        bytes += [0x43, 0xBE, 0xB7, 0xE8, 0xFF, 0xFF, 0xFF, 0xFF]
        let error = try #require(throws: KerasError.self) { try Gzip.inflate(.copy(of: bytes)) }
        #expect(error.problems[0].kind == .malformed)
        var limits = StorageLimits()
        limits.inflated = 0
        bytes.replaceSubrange(17..., with: [1, 0, 0, 0])
        #expect(try Gzip.inflate(.copy(of: bytes)).count == 1)
        #expect(try #require(throws: KerasError.self) { try Gzip.inflate(.copy(of: bytes), limits: limits) }.problems[0].kind == .resource)
    }

    @Test func tellsGzipByItsBeginning() throws {
        #expect(
            try Gzip.sniff(.copy(of: [0x1F, 0x8B, 8, 0])) && !Gzip.sniff(.copy(of: [0x1F, 0x8B]))
                && !Gzip.sniff(.copy(of: [0x50, 0x4B, 3, 4])))
    }

    /// RFC 1321's own, and lengths round the ends of a block.
    @Test func checksumsAreMD5() throws {
        func md5(_ text: String) throws -> String { MD5.of(try .copy(of: Array(text.utf8))) }
        #expect(try md5("") == "d41d8cd98f00b204e9800998ecf8427e")
        #expect(try md5("abc") == "900150983cd24fb0d6963f7d28e17f72")
        #expect(
            try md5("12345678901234567890123456789012345678901234567890123456789012345678901234567890")
                == "57edf4a22be3c955ac49da2e2107b67a")
        #expect(try md5(String(repeating: "a", count: 55)) == "ef1772b6dff9a122358552954ad0df65")
        #expect(try md5(String(repeating: "a", count: 56)) == "3b0c8ac703f828b04c6c197006d17218")
        #expect(try md5(String(repeating: "a", count: 64)) == "014842d480b571495a4a0363793f7367")
        var pieces = MD5()
        for _ in 0..<80 { pieces.update([0x61]) }
        #expect(try pieces.digest() == md5(String(repeating: "a", count: 80)))
    }
}
