import Foundation
import JSON
import NumPy
import Storage
import Testing

/// A pickle with what Python says is in it: `Fixtures/make/pickles.py`.
struct PickleCase: Sendable, CustomStringConvertible {
    let name: String
    let writer: String
    let protocolNumber: Int
    let bytes: [UInt8]
    let value: JSON

    var description: String { "\(name), \(writer), protocol \(protocolNumber)" }

    static let all: [PickleCase] = {
        guard let text = try? Data(contentsOf: fixtures.appending(path: "pickles_np246.json")), let json = try? JSON(parsing: text).array
        else {
            return []
        }
        return json.map { entry in
            PickleCase(
                name: entry["name"]!.string!, writer: entry["writer"]!.string!, protocolNumber: entry["protocol"]!.integer!,
                bytes: fromHexadecimal(entry["hex"]!.string!), value: entry["value"]!)
        }
    }()
}

func fromHexadecimal(_ text: String) -> [UInt8] {
    func digit(_ letter: UInt8) -> UInt8 { letter < 0x3A ? letter - 0x30 : letter - 0x61 + 10 }
    let hex = Array(text.utf8)
    return stride(from: 0, to: hex.count, by: 2).map { digit(hex[$0]) << 4 | digit(hex[$0 + 1]) }
}

func hexadecimal(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef")
    return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
}

extension PickleValue {
    /// As the maker of the fixtures describes it.
    func described() throws -> JSON {
        switch self {
        case .none: "none"
        case .bool(let value): ["bool": .bool(value)]
        case .int(let value): ["int": .integer(value)]
        case .float(let value): ["float": .string(hexadecimal((0..<8).map { UInt8(value.bitPattern >> (56 - 8 * $0) & 0xFF) }))]
        case .string(let text): ["string": .string(text)]
        case .bytes(let buffer): ["bytes": .string(hexadecimal(buffer.withUnsafeBytes { Array($0) }))]
        case .list(let items): ["list": .array(try items.map { try $0.described() })]
        case .tuple(let items): ["tuple": .array(try items.map { try $0.described() })]
        case .set(let items): ["set": .array(try items.map { try $0.described() })]
        case .dict(let entries): ["dict": .array(try entries.map { [try $0.key.described(), try $0.value.described()] })]
        case .tensor(let tensor):
            [
                "tensor": [
                    "dtype": .string(tensor.dtype.isStructured ? "structure" : tensor.dtype.description),
                    "shape": .array(tensor.shape.dims.map(JSON.integer)), "hex": .string(hexadecimal(try tensor.packedBytes())),
                ]
            ]
        case .objects(let array):
            [
                "objects": [
                    "shape": .array(array.shape.dims.map(JSON.integer)), "elements": .array(try array.elements.map { try $0.described() }),
                ]
            ]
        }
    }
}

extension DType {
    fileprivate var isStructured: Bool { if case .structured = self { true } else { false } }
}

@Suite struct PickleTests {
    @Test func thereAreFixtures() {
        #expect(PickleCase.all.count > 400)
        #expect(Set(PickleCase.all.map(\.protocolNumber)) == [0, 1, 2, 3, 4, 5])
        #expect(Set(PickleCase.all.map(\.writer)) == ["numpy 1", "numpy 2", "Python 2"])
    }

    @Test(arguments: PickleCase.all) func readsWhatPythonWrote(pickle: PickleCase) throws {
        #expect(try Pickle.decode(.copy(of: pickle.bytes)).described() == pickle.value)
    }

    @Test(arguments: PickleCase.all.filter { $0.bytes.count < 300 }) func everyTruncationThrows(pickle: PickleCase) throws {
        for count in 0..<pickle.bytes.count {
            #expect(throws: KerasError.self) { try Pickle.decode(.copy(of: Array(pickle.bytes[..<count]))) }
        }
    }

    @Test func sharedValuesShareMemory() throws {
        let pickle = try #require(PickleCase.all.first { $0.name == "repeated" && $0.protocolNumber == 4 })
        guard case .list(let items) = try Pickle.decode(.copy(of: pickle.bytes)), case .tensor(let first) = items[0],
            case .tensor(let second) = items[1]
        else {
            Issue.record("no list of tensors")
            return
        }
        #expect(first.buffer === second.buffer)
    }

    @Test func arraysAreViewsOfTheFile() throws {
        let pickle = try #require(PickleCase.all.first { $0.name == "little" && $0.protocolNumber == 4 })
        let buffer = try Buffer.copy(of: pickle.bytes)
        guard case .tensor(let tensor) = try Pickle.decode(buffer) else {
            Issue.record("no tensor")
            return
        }
        let start = Int(bitPattern: buffer.bytes.baseAddress)
        #expect((start..<start + buffer.count).contains(Int(bitPattern: tensor.address)))
    }

    @Test func dictionariesAreReadByName() throws {
        let pickle = try #require(PickleCase.all.first { $0.name == "a batch of CIFAR-10" })
        let batch = try Pickle.decode(.copy(of: pickle.bytes))
        #expect(try batch["data"]?.tensor().shape == [4, 12])
        #expect(try batch["labels"]?.tensor().scalars(as: Int.self) == [6, 9, 9, 4])
        #expect(batch["batch_label"]?.text == "training batch 1 of 5")
        #expect(batch["nothing"] == nil)
    }

    @Test func listsOfNumbersBecomeTensors() throws {
        func tensor(_ text: String) throws -> Tensor { try Pickle.decode(.copy(of: Array(text.utf8))).tensor() }
        let matrix = try tensor("(lp0\n(lI1\naI2\naa(lI3\naI4\naa.")
        #expect(matrix.shape == [2, 2] && matrix.dtype == .int64)
        #expect(try tensor("(lI1\naF0.5\naI01\na.").scalars(as: Double.self) == [1, 0.5, 1])
        #expect(try tensor("(lI01\naI00\na.").dtype == .bool)
        #expect(try tensor("(l.").shape == [0] && tensor("I5\n.").shape == [])
        #expect(try tensor("(lVtext\naVa\na.").strings() == ["text", "a"])
        for ragged in ["(l(lI1\naa(lI3\naI4\naa.", "(lI1\na(lI1\naa.", "(lVtext\naI1\na.", "N."] {
            #expect(throws: KerasError.self) { try tensor(ragged) }
        }
    }

    /// As Python 3.11 reads them.
    @Test(arguments: [
        (#"S'\101\60z\q\a\b\f\n\r\t\v\x41\\\'\"'"#, "A0z\\q\u{7}\u{8}\u{C}\n\r\t\u{B}A\\'\""), (#"S'\1018\7'"#, "A8\u{7}"),
        (#"V\U0001f600\u00e9\u005c"#, "😀é\\"),
        // In halves, as Pythons of 16-bit characters wrote it.
        (#"V\ud83d\ude00"#, "😀"),
    ])
    func escapesAreThoseOfPython(pickle: String, text: String) throws {
        #expect(try Pickle.decode(.copy(of: Array((pickle + "\n.").utf8))).text == text)
    }

    @Test(arguments: [
        (#"V\ud83d"#, "a text holds half a character (a lone surrogate)"),
        (#"V\ud83dx"#, "a text holds half a character (a lone surrogate)"),
        (#"V\ude00"#, "a text holds half a character (a lone surrogate)"), (#"V\Uffffffff"#, "an escape in a text is no character"),
        (#"S'\x4'"#, "a string of a pickle ends inside of an escape"),
    ])
    func escapesOfNothingAreRefused(pickle: String, sentence: String) throws {
        let error = try #require(throws: KerasError.self) { try Pickle.decode(.copy(of: Array((pickle + "\n.").utf8))) }
        #expect(error.problems.map(\.sentence) == [sentence])
    }

    @Test func lastValueOfAKeyCounts() throws {
        // {1: 'a', 2: 'b', True: 'c', 1.0: 'd'}
        let value = try Pickle.decode(.copy(of: Array("(dI1\nVa\nsI2\nVb\nsI01\nVc\nsF1.0\nVd\ns.".utf8)))
        #expect(try value.described() == ["dict": [[["int": 1], ["string": "d"]], [["int": 2], ["string": "b"]]]])
    }

    @Test(arguments: ["np246", "np126", "np118", "np116_py27"]) func readsObjectArrays(version: String) throws {
        let path = fixtures.appending(path: "objects_\(version).npy").path
        let (vector, matrix): (Tensor, Tensor) = try NPY.loadObjects(path, allowPickle: true).unpacked()
        #expect(vector.dtype == .float32 && matrix.dtype == .float32)
        #expect(try vector.scalars(as: Float.self) == [0, 1, 2])
        #expect(matrix.shape == [2, 2])
        #expect(try matrix.scalars(as: Float.self) == [0, 1, 2, 3])
        for read in [{ _ = try NPY.loadObjects(path) }, { _ = try NPY.load(path) }] as [() throws -> Void] {
            let error = try #require(throws: KerasError.self) { try read() }
            #expect(error.problems.map(\.kind) == [.policy] && error.description.contains("allowPickle: true"))
        }
        #expect(throws: KerasError.self) {
            let _: (Tensor, Tensor, Tensor) = try NPY.loadObjects(path, allowPickle: true).unpacked()
        }
    }

    @Test func plainFilesAreNoObjects() throws {
        let error = try #require(throws: KerasError.self) {
            try NPY.loadObjects(fixtures.appending(path: "f4.npy").path, allowPickle: true)
        }
        #expect(error.problems.map(\.kind) == [.mismatch])
    }

    /// Every pickled array of the corpus is read, or refused by the name of what it asks for.
    @Test func readsTheCorpus() throws {
        for file in files(under: corpus.appending(path: "real"), endings: ["npy", "npz"]) {
            for (name, buffer) in try pickles(in: file) {
                do {
                    let array = try NPY.decodeObjects(buffer, allowPickle: true)
                    #expect(array.count == array.shape.count)
                } catch let error as KerasError {
                    let names = ["scipy.sparse", "builtins.range"]
                    #expect(error.problems.map(\.kind) == [.policy], "\(file.path) \(name): \(error)")
                    #expect(names.contains(where: error.description.contains), "\(file.path) \(name): \(error)")
                }
            }
        }
    }

    private func pickles(in file: URL) throws -> [(String, Buffer)] {
        let buffer = try Files.map(file.path)
        guard file.pathExtension == "npz" else { return try NPYPickle(buffer) == nil ? [] : [("", buffer)] }
        let archive = try ZipArchive(buffer, name: file.path)
        return try archive.members.compactMap { member in
            let contents = try archive.contents(of: member)
            return try member.name.hasSuffix(".npy") && NPYPickle(contents) != nil ? (member.name, contents) : nil
        }
    }
}
