import NumPy
import Storage
import Testing

/// Pickles that would do harm, or only cost too much, each with the one sentence that is said to it.
@Suite struct HostilePickleTests {
    private static let notData = "a pickle asks for something that is not data; found "
    private static let data = ", expected numpy's arrays, numbers, text, lists, tuples and dictionaries"

    struct Case: Sendable, CustomStringConvertible {
        let bytes: [UInt8]
        let sentence: String
        init(_ text: String, _ sentence: String) { self.init(Array(text.unicodeScalars.map { UInt8($0.value) }), sentence) }
        init(_ bytes: [UInt8], _ sentence: String) { (self.bytes, self.sentence) = (bytes, sentence) }
        var description: String { sentence }
    }

    /// A short text as protocol 4 has it.
    private static func text(_ text: String) -> [UInt8] { [0x8C, UInt8(text.utf8.count)] + text.utf8 }

    static let code: [Case] = [
        Case("cos\nsystem\n(S'true'\ntR.", "byte 0: \(notData)os.system\(data)"),
        Case("cposix\nsystem\n(S'true'\ntR.", "byte 0: \(notData)posix.system\(data)"),
        Case("c__builtin__\neval\n(S'1'\ntR.", "byte 0: \(notData)__builtin__.eval\(data)"),
        Case([0x80, 2] + Array("cbuiltins\nexec\n".utf8), "byte 2: \(notData)builtins.exec\(data)"),
        Case([0x80, 4] + text("os") + text("system") + [0x93], "byte 14: \(notData)os.system\(data)"),
        Case([0x80, 4] + text("numpy") + text("load") + [0x93], "byte 15: \(notData)numpy.load\(data)"),
        Case([0x80, 4] + text("numpy") + text("ndarray.tofile") + [0x93], "byte 25: \(notData)numpy.ndarray.tofile\(data)"),
        // A dot in the name walks from object to object: the whole spells what is allowed, and is not.
        Case(
            [0x80, 4] + text("numpy") + text("core.multiarray.scalar") + [0x93], "byte 33: \(notData)numpy.core.multiarray.scalar\(data)"),
        Case(
            [0x80, 4] + text("numpy.core") + text("multiarray.scalar") + [0x93], "byte 33: \(notData)numpy.core.multiarray.scalar\(data)"),
        Case([0x80, 4] + text("codecs") + text("encode") + [0x93], "byte 18: \(notData)codecs.encode\(data)"),
        Case("c_codecs\ndecode\n.", "byte 0: \(notData)_codecs.decode\(data)"),
        Case("cnumpy.core.multiarray\n_reconstruct\u{0}\n.", "byte 0: \(notData)numpy.core.multiarray._reconstruct\u{0}\(data)"),
        // The name comes from the memo, put together elsewhere.
        Case(
            [0x80, 4] + text("os") + [0x94] + text("system") + [0x94, 0x30, 0x30, 0x68, 0, 0x68, 1, 0x93],
            "byte 22: \(notData)os.system\(data)"),
        Case([0x80, 4, 0x4B, 1, 0x4B, 2, 0x93], "byte 6: a name in a pickle is not text; found an integer"),
        // Nested: what is refused stands in the arguments of what is allowed.
        Case("cnumpy\ndtype\n(cos\nsystem\n(S'true'\ntRtR.", "byte 14: \(notData)os.system\(data)"),
        Case("(ios\nsystem\n.", "byte 1: \(notData)os.system\(data)"),
        Case("(S'x'\no.", "byte 6: \(notData)an object of a class (obj)\(data)"),
        Case("cnumpy\nndarray\n)\u{81}.", "byte 16: \(notData)an object of a class (newObj)\(data)"),
        Case("cnumpy\nndarray\n)}\u{92}.", "byte 17: \(notData)an object of a class (newObjEx)\(data)"),
        Case([0x80, 2, 0x82, 1], "byte 2: \(notData)a registered extension (ext1)\(data)"),
        Case([0x80, 2, 0x84, 1, 2, 3, 4], "byte 2: \(notData)a registered extension (ext4)\(data)"),
        Case("P1\n.", "byte 0: \(notData)an object outside of the pickle (persID)\(data)"),
        Case("Vx\nQ.", "byte 3: \(notData)an object outside of the pickle (binPersID)\(data)"),
        Case([0x80, 5, 0x97], "byte 2: a pickle leaves its bytes in other places (out-of-band buffers); found nextBuffer"),
        // The state of something else than an array.
        Case("(lp0\n(dVx\nI1\nsb.", "byte 14: \(notData)the state of a list\(data)"),
        Case("cnumpy\nndarray\n(db.", "byte 17: \(notData)the state of a function\(data)"),
        Case("I1\n(tR.", "byte 5: a pickle calls what is no function; found an integer"),
        Case("cnumpy\nndarray\n(I3\nttR.", "byte 20: a pickle takes values from a mark it has not set"),
        Case("cnumpy\nndarray\n((I3\nttR.", "byte 22: a pickle makes an array in a way that numpy does not"),
        Case(
            "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\ndtype\n(I0\ntVb\ntR.",
            "byte 59: a pickle describes an array in a way that numpy does not; found other arguments of _reconstruct"),
        Case("c_codecs\nencode\n(Vab\nVrot13\ntR.", "byte 29: a pickle encodes bytes in an unknown way; found 'rot13', expected 'latin1'"),
        Case(
            "c__builtin__\nbytes\n(I99999999\ntR.",
            "byte 31: a pickle describes an array in a way that numpy does not; found other arguments of bytes"),
        Case("cos.", "byte 0: the pickle ends too early; found 0 bytes, expected 1"),
    ]

    private static func number(_ count: Int, bytes: Int) -> [UInt8] { (0..<bytes).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) } }

    static let bombs: [Case] = [
        Case(
            [0x80, 4, 0x95] + number(1 << 60, bytes: 8) + [0x4E, 0x2E],
            "byte 2: a frame of the pickle is longer than the rest of it; found 1152921504606846976 bytes, expected 2"),
        Case(
            [0x80, 4, 0x8E] + number(1 << 40, bytes: 8) + [0x2E], "byte 2: the pickle ends too early; found 1 bytes, expected 1099511627776"
        ),
        Case(
            [0x80, 4, 0x8D] + [UInt8](repeating: 0xFF, count: 8), "byte 2: the pickle ends too early; found 0 bytes, expected \(Int.max)"),
        Case([0x80, 3, 0x42] + number(0xFFFF_FFFF, bytes: 4), "byte 2: the pickle ends too early; found 0 bytes, expected 4294967295"),
        Case([0x80, 2, 0x8B] + number(0x7FFF_FFFF, bytes: 4), "byte 2: the pickle ends too early; found 0 bytes, expected 2147483647"),
        Case([0x80, 2, 0x8B] + number(-1, bytes: 4), "byte 2: a length in the pickle is negative; found -1"),
        Case([0x80, 1, 0x54] + number(-5, bytes: 4), "byte 2: a length in the pickle is negative; found -5"),
        Case([0x80, 2, 0x8A, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x2E], "byte 2: an integer takes more than 64 bits"),
        Case("L\(String(repeating: "9", count: 900))L\n.", "byte 0: an integer takes more than 64 bits"),
        Case(
            "L\(String(repeating: "9", count: 2000))L\n.",
            "byte 0: a line of a pickle is too long; found more than 1024 bytes, expected a number or a name"),
        Case([0x80, 9], "byte 0: the pickle has an unknown protocol; found 9, expected 0 to 5"),
        Case([0xFF], "byte 0: this is no pickle; found 0xff"),
        Case([0x4E, 0xFF], "byte 1: a pickle has an unknown instruction; found 0xff"),
        Case(".", "byte 0: a pickle takes more values than it has made"),
        Case("h\u{5}.", "byte 0: a pickle recalls a value it has not kept; found number 5"),
        Case("Np-1\n.", "byte 1: a value of a pickle is kept under a number that is none; found -1"),
        // Lists that hold themselves, and a tower of lists.
        Case("]q\u{0}h\u{0}a.", "a pickle's values are nested too deeply, or hold themselves; expected at most 100 deep"),
        Case(
            String(repeating: "]", count: 200) + String(repeating: "a", count: 199) + ".",
            "a pickle's values are nested too deeply, or hold themselves; expected at most 100 deep"),
        // Ten lists of each ten of the list before: 10⁴⁰ values.
        Case(
            "(lp0\nN" + "a" + (1..<40).map { "(lp\($0)\n" + String(repeating: "g\($0 - 1)\na", count: 10) }.joined() + ".",
            "a pickle unfolds to too many values; expected at most 16777216, shared ones counted each time"),
    ]

    @Test(arguments: code + bombs) func isRefused(pickle: Case) throws {
        let clock = ContinuousClock()
        let start = clock.now
        let error = try #require(throws: KerasError.self) { try Pickle.decode(.copy(of: pickle.bytes)) }
        #expect(error.description == pickle.sentence)
        #expect(clock.now - start < .milliseconds(500))
    }

    @Test func limitsAreKept() throws {
        func refuses(_ text: String, _ change: (inout PickleLimits) -> Void) throws -> String {
            var limits = PickleLimits()
            _ = try Pickle.decode(.copy(of: Array(text.utf8)), limits: limits)
            change(&limits)
            let error = try #require(throws: KerasError.self) { try Pickle.decode(.copy(of: Array(text.utf8)), limits: limits) }
            #expect(error.problems.map(\.kind) == [.resource])
            return error.problems[0].sentence
        }
        #expect(try refuses("(lI1\naI1\naI1\na.") { $0.values = 3 } == "a pickle has too many values")
        #expect(try refuses("(lp0\nI1\na(lg0\nag0\nag0\nag0\nag0\na.") { $0.values = 8 } == "a pickle unfolds to too many values")
        #expect(try refuses("I1\n2222200000.") { $0.values = 5 } == "a pickle has too many values")
        #expect(try refuses("NNN00.") { $0.operations = 5 } == "a pickle has too many instructions")
        #expect(try refuses("Np0\np1\np2\n.") { $0.memo = 2 } == "a pickle has too many values to keep")
        #expect(try refuses("(l(l(laa.") { $0.depth = 2 } == "a pickle's values are nested too deeply, or hold themselves")
        #expect(try refuses("Vabcdefgh\n.") { $0.copies = 0 } == "a pickle unfolds to more than it holds")
        #expect(try refuses("I100000\n.") { $0.line = 4 } == "a line of a pickle is too long")
    }

    /// One array's bytes, which many arrays of the other byte order share: each would be a copy.
    @Test func sharedBytesAreNotCopiedForever() throws {
        var pickle =
            "S'" + String(repeating: "a", count: 4000) + "'\np1\n0cnumpy\ndtype\n(Vf4\nI0\nI1\ntR(I3\nV>\nNNNI-1\nI-1\nI0\ntbp2\n0(lp3\n"
        for _ in 0..<100 { pickle += "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntVb\ntR(I1\n(I1000\ntg2\nI00\ng1\ntba" }
        let error = try #require(throws: KerasError.self) { try Pickle.decode(.copy(of: Array((pickle + ".").utf8))) }
        #expect(error.problems[0].sentence == "a pickle unfolds to more than it holds")
    }

    /// A structure whose fields are structures of the same structure: 2³⁰ fields.
    @Test func structuresDoNotUnfold() throws {
        var pickle = "cnumpy\ndtype\n(Vi1\nI0\nI1\ntRp0\n"
        for level in 1..<30 {
            pickle +=
                "cnumpy\ndtype\n(VV\(1 << level)\nI0\nI1\ntR(I3\nV|\nN(Va\nVb\nt(dVa\n(g\(level - 1)\nI0\ntsVb\n(g\(level - 1)\nI\(1 << (level - 1))\nts"
            pickle += "I\(1 << level)\nI1\nI16\ntbp\(level)\n"
        }
        let error = try #require(throws: KerasError.self) { try Pickle.decode(.copy(of: Array((pickle + ".").utf8))) }
        #expect(error.problems[0].sentence == "a structure of a pickle has too many fields")
    }

    @Test func appendingOneByOneIsLinear() throws {
        var pickle: [UInt8] = [0x5D]
        for _ in 0..<200_000 { pickle += [0x4B, 1, 0x61] }
        let clock = ContinuousClock()
        let start = clock.now
        guard case .list(let items) = try Pickle.decode(.copy(of: pickle + [0x2E])) else {
            Issue.record("no list")
            return
        }
        #expect(items.count == 200_000 && clock.now - start < .seconds(60))
    }

    /// Shapes and sizes that do not fit.
    @Test(arguments: [
        ("(I-1\nt", "a shape has a negative length; found -1 in (-1,)"),
        ("(I3\nt", "an array of a pickle has another size than its shape; found 8 bytes, expected 12 for (3,)"),
        ("(I1\nt", "an array of a pickle has another size than its shape; found 8 bytes, expected 4 for (1,)"),
        ("(I140737488355328\nI2\nt", "a shape has too many elements; found (140737488355328, 2), expected at most 2^47"),
        ("I2\n", "a pickle describes an array in a way that numpy does not; found an integer, expected a tuple"),
        ("(VI\nt", "a pickle describes an array in a way that numpy does not; found text, expected an integer"),
    ]) func arraysMustFit(shape: String, sentence: String) throws {
        let pickle =
            "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntVb\ntR(I1\n\(shape)cnumpy\ndtype\n(Vf4\nI0\nI1\ntRI00\nS'abcdefgh'\ntb."
        let error = try #require(throws: KerasError.self) { try Pickle.decode(.copy(of: Array(pickle.utf8))) }
        #expect(error.description.hasSuffix(sentence), "\(error)")
    }
}
