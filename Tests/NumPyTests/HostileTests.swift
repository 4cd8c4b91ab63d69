import Foundation
import NumPy
import Testing

/// Files that lie, and what is said of each: never more than its own bytes are read for it.
@Suite struct HostileTests {
    struct Lie: Sendable, CustomStringConvertible {
        let file: String
        let kind: Problem.Kind
        let sentence: String
        let found: String?

        init(_ file: String, _ kind: Problem.Kind, _ sentence: String, _ found: String? = nil) {
            (self.file, self.kind, self.sentence, self.found) = (file, kind, sentence, found)
        }

        var description: String { file }
    }

    static let literal = "the header of a .npy file is not a Python dictionary: "
    static let short = "the .npy file is shorter than its array"
    static let keys = "the header of a .npy file has not the keys it should"

    static let lies = [
        Lie("U_bomb.npy", .malformed, short, "16 bytes"),
        Lie("cd_lies.npz", .malformed, "a ZIP member has another size or checksum than the directory gives it"),
        Lie("dup.npz", .malformed, "a ZIP archive holds two members of one name"),
        Lie("dup_keys.npy", .malformed, keys, "descr: '|O'"),
        Lie("extra_key.npy", .malformed, keys, "x: 1"),
        Lie("hdr_deep.npy", .malformed, literal + "it is nested too deeply"),
        Lie("hdr_mul.npy", .malformed, literal + "a comma is missing"),
        Lie("hdrlen_4G_v2.npy", .resource, "the header of a .npy file is too long", "4294967280 bytes"),
        Lie("hdrlen_big_v1.npy", .malformed, "the shape of a .npy file has too many axes", "20000"),
        Lie("itemsize_bomb.npy", .malformed, short, "16 bytes"),
        Lie("magiconly.npy", .malformed, "this is not a .npy file", "6 bytes"),
        Lie("noext.npz", .malformed, "this is not a .npy file", "5 bytes"),
        Lie("shape_1e12.npy", .malformed, short, "16 bytes"),
        Lie("shape_2e9_short.npy", .malformed, short, "16 bytes"),
        Lie("shape_bool.npy", .malformed, "the shape of a .npy file holds something else than integers", "(True, 2)"),
        Lie("shape_neg.npy", .malformed, "a shape has a negative length", "-1 in (-1,)"),
        Lie("shape_neg2.npy", .malformed, "a shape has a negative length", "-4 in (-4, -4)"),
        Lie("shape_overflow.npy", .resource, "a shape has too many elements", "(4294967296, 4294967296, 2)"),
        Lie("shape_zero_huge.npy", .resource, "a shape has too many elements", "(0, 9223372036854775807)"),
        Lie("subarray_bomb.npy", .malformed, "the elements of a .npy file are arrays themselves", "('<f4', (100000,100000))"),
        Lie("trunc.npy", .malformed, short, "7 bytes"),
        Lie("trunc.npz", .malformed, "this is not a ZIP archive, or its end is missing"),
        Lie("ver9.npy", .unsupported, "the .npy file has an unknown version", "9.0"),
        Lie("zero_item.npy", .resource, "a shape has too many elements", "(9223372036854775807,)"),
    ]

    @Test func theListIsTheFolder() throws {
        let folder = fixtures.appending(path: "hostile")
        #expect(files(under: folder, endings: ["npy", "npz"]).map(\.lastPathComponent).sorted() == HostileTests.lies.map(\.file).sorted())
    }

    @Test(arguments: HostileTests.lies) func isRefusedWithItsReason(lie: Lie) throws {
        let path = fixtures.appending(path: "hostile/" + lie.file).path
        let error = try #require(throws: KerasError.self) {
            switch try NumPyFile.load(path) {
            case .array: break
            case .archive(let archive): for name in archive.names { _ = try archive.tensor(named: name) }
            }
        }
        let problem = error.problems[0]
        #expect(error.problems.count == 1 && problem.kind == lie.kind && problem.sentence == lie.sentence && problem.place.file == path)
        if let found = lie.found { #expect(problem.found == found) }
    }

    /// What may stand in `descr`, and what is said of it.
    static let types = [
        Lie("'<f3'", .unsupported, "a .npy file has elements of a type that is not known"),
        Lie("'<M8[ks]'", .unsupported, "a .npy file has times in a unit that numpy does not have"),
        Lie("'<M8[0s]'", .unsupported, "a .npy file has times in a unit that numpy does not have"),
        Lie("'<M8[s'", .unsupported, "a .npy file has times in a unit that numpy does not have"),
        Lie("'|V'", .malformed, "an element of a .npy file has no size, or a larger one than numpy's can have"),
        Lie("'|V-1'", .malformed, "an element of a .npy file has no size, or a larger one than numpy's can have"),
        Lie("'<U900000000'", .malformed, "an element of a .npy file has no size, or a larger one than numpy's can have"),
        Lie("7", .malformed, "the element type of a .npy file is no type"),
        Lie("['<f4']", .malformed, "a field of a .npy file's element type is no tuple of a name, a type and maybe a shape"),
        Lie("[('x',)]", .malformed, "a field of a .npy file's element type is no tuple of a name, a type and maybe a shape"),
        Lie("[(1, '<f4')]", .malformed, "the name of a field is no string"),
        Lie("[('x', '<f4', 'y')]", .malformed, "a field's shape is no tuple of integers"),
        Lie("[('x', '<f4', (-1,))]", .malformed, "a shape has a negative length"),
        Lie("[('x', '<f4', (65536, 65536))]", .malformed, "an element of a .npy file is larger than numpy's can be"),
        Lie("[('x', '|V2000000000'), ('y', '|V2000000000')]", .malformed, "an element of a .npy file is larger than numpy's can be"),
        Lie("[('x', '<f4'), ('x', '<f4')]", .malformed, "two fields of a structured element have the same name"),
        Lie("[(('x', 'a'), '<f4'), ('x', '<f4')]", .malformed, "two fields of a structured element have the same name"),
        Lie("('<f4', (2,))", .malformed, "the elements of a .npy file are arrays themselves"),
        Lie("'|O'", .policy, "an array of Python objects is a pickle, which is read only where that is allowed"),
        Lie("[('x', '<f4'), ('y', '|O')]", .policy, "an array of Python objects is a pickle, which is read only where that is allowed"),
        Lie("'<\\ud800'", .malformed, literal + "a string has an escape that is no character"),
        Lie("'<f\\q'", .malformed, literal + "a string has an unknown escape"),
        Lie(String(repeating: "[", count: 40), .malformed, literal + "it is nested too deeply"),
    ]

    @Test(arguments: HostileTests.types) func typesThatAreNone(lie: Lie) throws {
        let text = Array("{'descr': \(lie.file), 'fortran_order': False, 'shape': (1,), }".utf8)
        let file = [0x93] + Array("NUMPY".utf8) + [2, 0, UInt8(text.count & 0xFF), UInt8(text.count >> 8), 0, 0] + text + [0, 0, 0, 0]
        let problem = try #require(throws: KerasError.self) { try NPY.decode(.copy(of: file)) }.problems[0]
        #expect(problem.sentence == lie.sentence && problem.kind == lie.kind)
    }

    @Test func elementsWithoutBytesAreCounted() throws {
        func file(_ shape: String) throws -> Buffer {
            let text = Array("{'descr': '|S0', 'fortran_order': False, 'shape': \(shape)}".utf8)
            return try .copy(of: [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.count), 0] + text)
        }
        let tensor = try NPY.decode(file("(2, 3)"))
        #expect(try tensor.dtype == .bytes(0) && tensor.strings() == [String](repeating: "", count: 6))
        #expect(try #require(throws: KerasError.self) { try NPY.decode(file("(1000, 1000000)")) }.problems[0].kind == .resource)
    }
}
