import JSON
import Storage
import Tensors
import Testing

@testable import KerasFormat

/// The container: what is written is read, and nothing that breaks the format's rules is.
@Suite struct SafetensorsTests {
    private static func bytes(_ header: String, data: Int = 0, length: Int? = nil) -> [UInt8] {
        let count = length ?? header.utf8.count
        return (0..<8).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) } + Array(header.utf8) + [UInt8](repeating: 1, count: data)
    }

    private static func joined(_ file: Safetensors) throws -> [UInt8] {
        try file.encoded().joined().withUnsafeBytes { Array($0) }
    }

    @Test func everyTypeGoesThereAndBack() throws {
        let types: [DType] = [
            .bool, .int8, .uint8, .int16, .uint16, .int32, .uint32, .int64, .uint64, .float16, .bfloat16, .float32, .float64,
        ]
        let tensors = try types.map {
            (name: "t/\($0)", tensor: try Tensor([0, 1, 1, 0, 1, 0] as [Float], shape: [2, 3]).converted(to: $0))
        }
        let empty = (name: "empty", tensor: try Tensor(zeros: [0, 4]))
        let scalar = (name: "scalar", tensor: try Tensor([Float(7)], shape: Shape([])))
        let written = Safetensors(metadata: [("ключ", "значение \u{0} \"")], tensors: tensors + [empty, scalar])
        let bytes = try SafetensorsTests.joined(written)
        #expect(bytes == (try SafetensorsTests.joined(written)))
        let read = try Safetensors(Buffer.copy(of: bytes))
        #expect(read.metadata.map(\.key) == ["ключ"] && read.metadata.map(\.value) == ["значение \u{0} \""])
        #expect(Set(read.tensors.map(\.name)) == Set(written.tensors.map(\.name)))
        for (name, tensor) in written.tensors {
            let again = try #require(read.tensors.first { $0.name == name }).tensor
            #expect(again.dtype == tensor.dtype && again.shape == tensor.shape, "\(name)")
            #expect(try again.scalars(as: Double.self) == tensor.scalars(as: Double.self))
            #expect(tensor.count == 0 || again.isAligned, "\(name) is not aligned")
        }
    }

    @Test func arraysAreViews() throws {
        let tensor = try Tensor((0..<1000).map(Float.init))
        let bytes = try Buffer.copy(of: SafetensorsTests.joined(Safetensors(tensors: [("x", tensor)])))
        let read = try Safetensors(bytes)
        let inside = bytes.withUnsafeBytes { whole in
            read.tensors[0].tensor.withUnsafeBytes {
                $0.baseAddress! >= whole.baseAddress! && $0.baseAddress! < whole.baseAddress! + whole.count
            }
        }
        #expect(inside)
    }

    private static let entry = #""a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}"#

    /// A header, the bytes after it, and what is said of them.
    @Test(arguments: [
        (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 7, "does not lie in the file"),
        (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 9, "belong to none"),
        (#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, 8, "do not fill its shape"),
        (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, 8, "does not lie in the file"),
        (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}"#, 8, "does not lie in the file"),
        (#"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, 8, "negative length"),
        (#"{"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}"#, 8, "no integer"),
        (#"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}"#, 8, "too many elements"),
        (#"{"a":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}"#, 8, "are not read"),
        (#"{"a":{"dtype":"F32","shape":[2]}}"#, 8, "entry is not what it must be"),
        (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"more":1}}"#, 8, "entry is not what it must be"),
        (
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}"#, 8,
            "does not begin"
        ),
        (
            #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[3,5]}}"#, 5,
            "does not begin"
        ),
        (#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#, 2, "twice"),
        (#"{"__metadata__":{"a":1}}"#, 0, "expected a text"),
        (#"{"__metadata__":[]}"#, 0, "an object of texts"),
        (#"[]"#, 0, "no JSON object"),
        (#"{"a":"#, 0, "header"),
        (#" {}"#, 0, "no JSON object"),
    ])
    func broken(header: String, data: Int, sentence: String) throws {
        let error = #expect(throws: KerasError.self) { try Safetensors(Buffer.copy(of: SafetensorsTests.bytes(header, data: data))) }
        #expect("\(error!)".contains(sentence), "\(error!)")
    }

    @Test(arguments: [0, 1, 7, 8]) func short(count: Int) throws {
        #expect(throws: KerasError.self) { try Safetensors(Buffer.copy(of: [UInt8](repeating: 0, count: count))) }
    }

    @Test(arguments: [100, Int(Int32.max), Int.max, -1]) func headerBeyondTheFile(length: Int) throws {
        let error = #expect(throws: KerasError.self) { try Safetensors(Buffer.copy(of: SafetensorsTests.bytes("{}", length: length))) }
        #expect("\(error!)".contains("longer than the file"))
    }

    /// Changed bytes give an error or an array within the file, never a trap.
    @Test func mutations() throws {
        let file = Safetensors(
            metadata: [("k", "v")],
            tensors: [("a/kernel", try Tensor((0..<6).map(Float.init), shape: [2, 3])), ("b", try Tensor([Int64(3)]))])
        let sound = try SafetensorsTests.joined(file)
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<4000 {
            var bytes = sound
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[Int.random(in: bytes.indices, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: Int.random(in: bytes.indices, using: &generator))
                case 2: bytes.insert(UInt8(ascii: "9"), at: Int.random(in: bytes.indices, using: &generator))
                default: bytes.removeLast(Int.random(in: 1..<bytes.count, using: &generator))
                }
                if bytes.count < 2 { break }
            }
            do {
                for (_, tensor) in try Safetensors(Buffer.copy(of: bytes)).tensors {
                    _ = tensor.dtype.isNumeric ? try tensor.scalars(as: Double.self) : []
                }
            } catch is KerasError {}
        }
    }
}
