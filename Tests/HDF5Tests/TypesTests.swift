import HDF5
import JSON
import Storage
import Tensors
import Testing

/// Against what the script that made `hdf5_types.h5` says it put there.
struct TypesTests {
    static let expected: JSON = {
        let text = try! Files.read("\(fixtures)/hdf5_types.json")
        return try! JSON(parsing: text.withUnsafeBytes { Array($0) })
    }()

    static let datasets = expected["datasets"]!.object!.keys
    static let strings = expected["strings"]!.object!.keys
    static let attributes = expected["attributes"]!.object!.keys

    @Test(arguments: datasets) func numbers(path: String) throws {
        let expected = try #require(TypesTests.expected["datasets"]?[path])
        let dataset = try file("hdf5_types.h5").root.dataset(path)
        #expect(dataset.dtype?.description == expected["dtype"]?.string)
        #expect(dataset.shape.dims == expected["shape"]?.array?.compactMap(\.integer))
        let tensor = try dataset.tensor()
        #expect(tensor.dtype == dataset.dtype)
        #expect(tensor.shape == dataset.shape)
        #expect(try tensor.scalars(as: Double.self) == expected["values"]?.array?.compactMap(\.number))
    }

    @Test(arguments: strings) func texts(path: String) throws {
        let dataset = try file("hdf5_types.h5").root.dataset(path)
        #expect(try dataset.strings() == TypesTests.expected["strings"]?[path]?.array?.compactMap(\.string))
        #expect(dataset.datatype.isText)
    }

    @Test(arguments: attributes) func textAttributes(name: String) throws {
        let expected = try #require(TypesTests.expected["attributes"]?[name])
        let attribute = try #require(try file("hdf5_types.h5").root.group("texts").attribute(name))
        let strings = expected["strings"]?.array?.compactMap(\.string) ?? ["nothing expected"]
        #expect(attribute.shape.dims == expected["shape"]?.array?.compactMap(\.integer))
        #expect(try attribute.strings() == strings)
        if strings.count == 1 { #expect(try attribute.string() == strings[0]) }
    }

    @Test func longAttribute() throws {
        let texts = try file("hdf5_types.h5").root.group("texts")
        #expect(try texts.attribute("long")?.string() == "{" + String(repeating: "x", count: 70000) + "}")
        #expect(try texts.attribute("none") == nil)
        #expect(try texts.attribute("lo\0ng") == nil)
    }

    @Test func numberAttributes() throws {
        let values = try file("hdf5_types.h5").root.group("values")
        #expect(try values.attributeNames() == ["big_endian", "bool", "float", "int", "reference", "uint64"])
        #expect(try values.attribute("int")?.integer() == -7)
        #expect(try values.attribute("int")?.number() == -7)
        #expect(try values.attribute("float")?.number() == 0.25)
        #expect(try values.attribute("bool")?.integer() == 1)
        #expect(try values.attribute("bool")?.tensor().dtype == .bool)
        #expect(try values.attribute("big_endian")?.tensor().scalars(as: Int16.self) == [1, 2, 300])
        #expect(try values.attribute("uint64")?.number() == 0x1p64)
        #expect(problem { _ = try values.attribute("uint64")?.integer() }?.kind == .malformed)
        let wrong = try #require(problem { _ = try values.attribute("int")?.string() })
        #expect(wrong.place.object == "/values/@int")
        #expect(wrong.found == "int32")
        #expect(problem { _ = try values.attribute("reference")?.tensor() }?.found == "references")
    }

    @Test func textThatIsNotUTF8() throws {
        let attribute = try #require(try file("hdf5_types.h5").root.group("texts").attribute("latin1"))
        let wrong = try #require(problem { _ = try attribute.string() })
        #expect(wrong.kind == .malformed)
        #expect(wrong.place.object == "/texts/@latin1")
    }

    @Test(arguments: ["chunked", "gzip", "gzip_shuffle_fletcher", "gzip_be"]) func chunks(name: String) throws {
        let dataset = try file("hdf5_types.h5").root.dataset("stored/\(name)")
        let tensor = try dataset.tensor()
        #expect(tensor.shape == [30, 40])
        #expect(tensor.dtype == (name == "gzip_be" ? .float64 : .float32))
        #expect(try tensor.scalars(as: Int.self) == Array(0..<1200))
    }

    @Test func whatCannotBeRead() throws {
        let stored = try file("hdf5_types.h5").root.group("stored")
        let lzf = try #require(problem { _ = try stored.dataset("lzf").tensor() })
        #expect(lzf.kind == .unsupported && lzf.found == "lzf")
        let compound = try #require(problem { _ = try stored.dataset("compound").tensor() })
        #expect(compound.kind == .unsupported && compound.place.object == "/stored/compound")
        #expect(try stored.dataset("compound").dtype == nil)
        // 16 GiB and 4 TiB declared, nothing stored.
        for name in ["unwritten", "chunked_bomb"] {
            let bomb = try #require(problem { _ = try stored.dataset(name).tensor() })
            #expect(bomb.kind == .malformed && bomb.found == "0 bytes")
        }
        #expect(problem { _ = try stored.dataset("compact").strings() }?.expected == "text")
    }

    @Test func damagedChunkIsNoticed() throws {
        let whole = try file("hdf5_types.h5")
        let bytes = try changed("hdf5_types.h5") { bytes in
            // The deflated chunk begins with zlib's header: spoil what follows the first one found.
            let start = bytes.indices.dropLast().first { bytes[$0] == 0x78 && bytes[$0 + 1] == 0x5E }!
            for index in start + 10..<start + 30 { bytes[index] ^= 0x5A }
        }
        let damaged = try HDF5File(bytes: bytes, name: "damaged.h5")
        let wrong = ["gzip", "gzip_shuffle_fletcher", "gzip_be"].compactMap { name in
            problem { _ = try damaged.root.dataset("stored/\(name)").tensor() }
        }
        #expect(wrong.count == 1 && wrong[0].kind == .malformed)
        #expect(wrong.first?.place.file == "damaged.h5" && wrong.first?.cause != nil)
        #expect(try whole.root.dataset("stored/gzip").tensor().count == 1200)
    }
}
