import HDF5
import Storage
import Tensors
import Testing

#if canImport(Glibc)
import Glibc
#endif

struct FilesTests {
    @Test func contiguousWeightsAreViews() throws {
        let file = try file("generations/k315_seq.h5")
        let dataset = try file.root.dataset("model_weights/dense/sequential/dense/kernel")
        let first = try dataset.tensor()
        let second = try dataset.tensor()
        #expect(first.dtype == .float32)
        #expect(first.buffer === file.bytes)
        #expect(first.address == second.address)
        let inside = file.bytes.bytes.baseAddress!..<file.bytes.bytes.baseAddress! + file.bytes.count
        #expect(inside.contains(UnsafeMutableRawPointer(mutating: first.address)))
        guard case .contiguous(let address, let stored) = dataset.storage else { throw KerasError(.usage, "not contiguous") }
        #expect(first.byteOffset == address && stored == first.byteCount)
    }

    @Test func tensorsOutliveTheirFile() throws {
        var tensor: Tensor?
        do {
            let file = try file("hdf5_userblock.h5")
            tensor = try file.root.dataset("data").tensor()
        }
        #expect(try tensor?.scalars(as: Float.self) == [0, 1, 2, 3])
    }

    @Test(arguments: ["hdf5_userblock.h5", "hdf5_latest.h5"]) func otherSuperblocks(name: String) throws {
        #expect(try file(name).root.dataset("data").tensor().scalars(as: Float.self) == [0, 1, 2, 3])
    }

    @Test func manyMembers() throws {
        let many = try file("hdf5_latest.h5").root.group("many")
        let numbers = (0..<40).map(String.init)
        #expect(try many.names() == numbers.map { "member_" + $0 }.sorted())
        #expect(try many.attributeNames() == numbers.map { "attribute_" + $0 }.sorted())
        #expect(try many.attribute("attribute_17")?.integer() == 17)
    }

    @Test func paths() throws {
        let file = try file("hdf5_types.h5")
        let numbers = try file.root.group("numbers")
        #expect(numbers.path == "/numbers" && file.root.path == "/")
        #expect(try file.root.names() == ["numbers", "stored", "texts", "values"])
        #expect(
            try file.root.contains("numbers/scalar") && numbers.contains("scalar") && numbers.contains("/texts")
                && numbers.contains("./scalar"))
        #expect(try !file.root.contains("numbers/none") && !file.root.contains("none/at/all") && !numbers.contains("scalar/below"))
        #expect(try !numbers.contains("scalar\0"))
        #expect(try numbers.dataset("//numbers//scalar/").path == "/numbers/scalar")
        #expect(problem { _ = try file.root.group("none/\u{301}x") }?.place.object == "/none/\u{301}x")
        #expect(problem { _ = try file.root.group("numbers/\u{301}x/../scalar") }?.kind == .malformed)
        let missing = try #require(problem { _ = try numbers.dataset("none") })
        #expect(missing.kind == .malformed && missing.place.object == "/numbers/none" && missing.place.file == file.name)
        #expect(problem { _ = try numbers.group("scalar") }?.found == "a dataset")
        #expect(problem { _ = try file.root.dataset("numbers") }?.found == "a group")
        #expect(problem { _ = try file.root.group(String(repeating: "numbers/", count: 200)) }?.kind == .resource)
    }

    @Test func chunkedNames() throws {
        let root = try file("hdf5_chunked_names.h5").root
        let names = try root.stringList("layer_names")
        #expect(names.count == 401)
        #expect(names.enumerated().allSatisfy { $1.count == 200 && $1.hasPrefix("layer_" + ("00" + String($0)).suffix(3) + "_x") })
        #expect(try root.stringList("weight_names").isEmpty)
        let layers = try file("generations/k224_seq.h5").root.group("model_weights")
        #expect(try layers.stringList("layer_names").count == layers.names().count)
    }

    /// Labelled in the one layout, bare in the other, which Keras 3 wrote from the same model.
    @Test func bfloat16OfKeras() throws {
        let labelled = try file("generations/bf.weights.h5").root.dataset("layers/dense/vars/0")
        #expect(labelled.dtype == .bfloat16)
        let bare = try file("generations/bf.h5").root.dataset("model_weights/dense_5/sequential_2/dense_5/kernel")
        #expect(bare.dtype == nil && bare.datatype.kind == .opaque)
        #expect(problem { _ = try bare.tensor() }?.kind == .unsupported)
        #expect(problem { _ = try bare.tensor(opaqueAs: .float32) }?.kind == .unsupported)
        #expect(try bare.tensor(opaqueAs: .bfloat16).scalars(as: Float.self) == labelled.tensor().scalars(as: Float.self))
        #expect(try bare.tensor(opaqueAs: .bfloat16).buffer === bare.file.bytes)
    }

    @Test(arguments: ["soft", "soft/below", "soft_group/data", "dangling", "external", "outside", "virtual", "virtual_unlimited"])
    func linksThatLeadAway(path: String) throws {
        let root = try file("hdf5_links.h5").root
        for body in [{ _ = try root.dataset(path) }, { _ = try root.member(path) }] as [() throws -> Void] {
            let refused = try #require(problem(body))
            #expect(refused.kind == .policy)
            #expect(refused.place.object == "/" + (path == "soft/below" ? "soft" : path == "soft_group/data" ? "soft_group" : path))
            #expect(refused.found != nil)
        }
    }

    @Test func hardLinks() throws {
        let root = try file("hdf5_links.h5").root
        #expect(
            try root.names() == ["dangling", "external", "group", "hard", "outside", "soft", "soft_group", "virtual", "virtual_unlimited"])
        #expect(try root.dataset("hard/self/self/data").tensor().scalars(as: Int.self) == [0, 1, 2, 3])
    }

    @Test func truncated() throws {
        let name = "generations/k224_seq.h5"
        let size = try Files.read("\(fixtures)/\(name)").count
        for length in [1, 7, 8, 9, 30, 95, 96, 512, 2048, size / 2, size - 1] {
            let bytes = try changed(name) { $0.removeLast($0.count - length) }
            let cut = try #require(problem { _ = try HDF5File(bytes: bytes, name: "cut.h5") })
            #expect(cut.kind == .malformed && cut.place.file == "cut.h5", "\(cut)")
            if length >= 96 { #expect(cut.sentence == "the file is cut short: \(length) of \(size) bytes") }
        }
    }

    @Test(arguments: [
        ("", "an empty file"), ("PK\u{3}\u{4}\u{14}\0\0\0\0\0", "ZIP"), ("version https://git-lfs.github.com/spec/v1\noid", "Git LFS"),
        ("\n <!DOCTYPE html><html>", "HTML"), ("{\"class_name\": \"Model\"}", "JSON"), ("something else", "73 6f 6d 65"),
        (String(repeating: "\0", count: 3000), "zeros"),
    ]) func otherFiles(text: String, found: String) throws {
        let wrong = try #require(problem { _ = try HDF5File(bytes: try buffer(Array(text.utf8)), name: "x") })
        #expect(wrong.kind == .malformed)
        #expect(wrong.found?.contains(found) == true)
    }

    @Test func otherBinaryFiles() throws {
        #expect(
            problem { _ = try HDF5File(bytes: try buffer([0x93] + Array("NUMPY\u{1}".utf8)), name: "x") }?.found?.contains(".npy") == true)
        #expect(problem { _ = try HDF5File(bytes: try buffer([0x80, 4, 0x95]), name: "x") }?.found?.contains("pickle") == true)
    }

    @Test func filesThatAreNone() {
        #expect(problem { _ = try HDF5File(path: fixtures) }?.sentence == "this is a directory, not a file")
        #expect(problem { _ = try HDF5File(path: fixtures + "/none.h5") }?.kind == .noInput)
        #expect(problem { _ = try HDF5File(path: "/dev/null") }?.sentence == "this is not a regular file")
        #expect(problem { _ = try Files.map(fixtures + "/none.h5") }?.cause == "No such file or directory")
    }

    @Test func mappedAndReadAreTheSame() throws {
        let path = "\(fixtures)/generations/bf.h5"
        let read = try Files.read(path).withUnsafeBytes { Array($0) }
        #expect(try Files.map(path).withUnsafeBytes { Array($0) } == read)
        #expect(!read.isEmpty)
    }

    /// Where the root group begins is spoilt: the library has something to say, on threads it has not seen. That it says so to us alone shows
    /// in the tests of the command, which look at all it prints.
    @Test func whatTheLibrarySaysBecomesTheCause() async throws {
        let bytes = try changed("generations/k224_seq.h5") { for index in 96..<300 { $0[index] = 0xEE } }
        let found = await withTaskGroup(of: Problem?.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    var budgets = Budgets()
                    budgets.trustsHDF5 = true
                    return Budgets.$current.withValue(budgets) {
                        problem { _ = try HDF5File(bytes: bytes, name: "spoilt.h5").root.names() }
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        for problem in found {
            #expect(problem?.kind == .malformed)
            #expect(problem?.cause?.isEmpty == false)
        }
    }

    @Test func manyThreads() async throws {
        let shared = try file("generations/tf24_seq.h5")
        try await withThrowingTaskGroup(of: Int.self) { group in
            for task in 0..<8 {
                group.addTask {
                    var bytes = 0
                    for _ in 0..<10 {
                        let file = task % 2 == 0 ? shared : try file("generations/tf24_seq.h5")
                        var walk = Walk()
                        try walk.read(file.root)
                        bytes = walk.bytes
                    }
                    return bytes
                }
            }
            var all: Set<Int> = []
            for try await bytes in group { all.insert(bytes) }
            #expect(all.count == 1)
        }
    }

    @Test(arguments: ["k122th_seq", "k224_seq", "tf24_seq", "k315_seq", "k315_seq.weights", "bf.weights", "f16.weights"])
    func generations(name: String) throws {
        var walk = Walk()
        try walk.read(try file("generations/\(name).h5").root)
        #expect(walk.datasets > 0 && walk.attributes > 0 && walk.bytes > 0)
    }

    /// Every file of the larger collection, where it stands beside the project.
    @Test func largerCollection() throws {
        let folder = fixtures + "/../../shared/corpus/generations"
        guard let directory = opendir(folder) else { return }
        defer { closedir(directory) }
        var count = 0
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            guard name.hasSuffix(".h5") else { continue }
            var walk = Walk()
            #expect(throws: Never.self, "\(name)") { try walk.read(try HDF5File(path: folder + "/" + name).root) }
            count += 1
        }
        #expect(count > 0)
    }
}
