import Foundation
import NumPy
import Testing

/// Arrays of every kind of file, in and out of the command.
@Suite struct DataTests {
    private let folder: Folder
    private let sound = Command.fixture("broken/sound.h5")
    private let images = Command.fixture("numpy/idx/images-idx3-ubyte.gz")
    private let objects = Command.fixture("numpy/objects_np126.npy")

    init() throws { folder = try Folder() }

    @Test func convertsBetweenFilesOfArrays() throws {
        let expected = try IDX.load(images)
        var last = images
        for name in ["a.npy", "b.npz", "c-idx3-ubyte", "d.npy", "e.idx.gz", "f.npz"] {
            let run = try Command("convert", last, folder.path(name))
            #expect(run.status == 0, "\(name): \(run.complaints)")
            last = folder.path(name)
        }
        let archive = try NPZ(path: last)
        #expect(archive.names == ["arr_0"])
        let found = try archive.tensor(named: "arr_0")
        #expect(found.dtype == .uint8 && found.shape == expected.shape)
        #expect(try found.scalars(as: UInt8.self) == expected.scalars(as: UInt8.self))
    }

    @Test func convertsTables() throws {
        let table = try folder.file("table.csv", "a,b\n1,2.5\n-3,1e-7\n".utf8)
        let refused = try Command("convert", table, folder.path("x.npy"))
        #expect(refused.status == 65)
        #expect(
            refused.complaints.first?.contains("line 1, column 1") == true && refused.complaints.first?.contains("--skip-rows 1") == true)
        #expect(try Command("convert", table, folder.path("x.npy"), "--skip-rows", "1", "--dtype", "float32").status == 0)
        let tensor = try NPY.load(folder.path("x.npy"))
        #expect(tensor.dtype == .float32 && tensor.shape == [2, 2])
        #expect(try Command("convert", folder.path("x.npy"), folder.path("y.csv")).status == 0)
        #expect(try String(contentsOfFile: folder.path("y.csv"), encoding: .utf8) == "1.0,2.5\n-3.0,1e-07\n")
        let large = try folder.file("large.csv", "9007199254740993\n".utf8)
        #expect(try Command("convert", large, folder.path("z.npy"), "--dtype", "int64").status == 0)
        #expect(try NPY.load(folder.path("z.npy")).scalars(as: Int.self) == [9_007_199_254_740_993])
        let cube = try Command("convert", images, folder.path("cube.csv"))
        #expect(cube.status == 65 && cube.complaints.first?.contains("rows and columns") == true)
    }

    @Test func severalArraysNeedAnArchive() throws {
        try NPZ.save([("a", Tensor([1])), ("b", Tensor([2]))], to: folder.path("two.npz"))
        let refused = try Command("convert", folder.path("two.npz"), folder.path("x.npy"))
        #expect(refused.status == 64 && refused.complaints.first?.contains("'a', 'b'") == true)
        #expect(try Command("convert", folder.path("two.npz") + ":b", folder.path("x.npy")).status == 0)
        #expect(try NPY.load(folder.path("x.npy")).scalars(as: Int.self) == [2])
        #expect(try Command("convert", folder.path("two.npz"), folder.path("small.npz"), "--compress").status == 0)
        #expect(try NPZ(path: folder.path("small.npz")).names == ["a", "b"])
    }

    @Test func dataSetsOfHDF5() throws {
        let growing = Command.fixture("../Tests/Fuzz/Seeds/HDF5/chunks_extensible_more.h5")
        #expect(try Command("convert", growing, folder.path("all.npz")).status == 0)
        let archive = try NPZ(path: folder.path("all.npz"))
        #expect(archive.names == ["w"])
        #expect(try archive.tensor(named: "w").scalars(as: Int.self) == Array(0..<80))
        #expect(try Command("convert", growing + ":w", folder.path("w.npy")).status == 0)
        #expect(try NPY.load(folder.path("w.npy")).shape == [80])
        let missing = try Command("evaluate", sound, growing, "--loss", "mean_squared_error")
        #expect(missing.status == 65 && missing.complaints.first?.contains("expected one of 'w'") == true, "\(missing.complaints)")
    }

    @Test func objectsOnlyWhereAllowed() throws {
        for arguments in [["inspect", objects], ["convert", objects + ":arr_0", folder.path("x.npy")]] {
            let refused = try Command(arguments)
            #expect(refused.status == 65 && refused.complaints.first?.contains("--allow-pickle") == true, "\(refused.complaints)")
        }
        #expect(try Command("convert", objects + ":arr_1", folder.path("x.npy"), "--allow-pickle").status == 0)
        #expect(try NPY.load(folder.path("x.npy")).shape == [2, 2])
        #expect(try Command("convert", objects, folder.path("all.npz"), "--allow-pickle").status == 0)
        #expect(try NPZ(path: folder.path("all.npz")).names == ["arr_0", "arr_1"])
        let list = try Command("inspect", objects, "--allow-pickle")
        #expect(list.status == 0 && list.output.contains("arr_1") && list.output.contains("(2, 2)"))
        let attack = try folder.file("attack.pkl", [0x80, 2] + Array("cos\nsystem\n(S'true'\ntR.".utf8))
        let refused = try Command("inspect", attack, "--allow-pickle")
        #expect(refused.status == 65 && refused.complaints.first?.contains("found os.system") == true)
    }

    @Test func predictsFromAnyOfThem() throws {
        let x = try Tensor((0..<6).map { Float($0) }, shape: [2, 3])
        try NPY.save(x, to: folder.path("x.npy"))
        #expect(try Command("predict", sound, folder.path("x.npy"), "-o", folder.path("y.npy")).status == 0)
        let expected = try NPY.load(folder.path("y.npy")).scalars(as: Float.self)
        for name in ["x.csv", "x.idx", "x.idx.gz", "x.npz"] {
            #expect(try Command("convert", folder.path("x.npy"), folder.path(name)).status == 0)
            #expect(try Command("predict", sound, folder.path(name), "-o", folder.path("z.npy")).status == 0)
            #expect(try NPY.load(folder.path("z.npy")).scalars(as: Float.self) == expected, "\(name)")
        }
        #expect(try Command("predict", sound, folder.path("x.npy"), "-o", folder.path("z.csv")).status == 0)
        #expect(try CSV.load(folder.path("z.csv"), dtype: .float32).scalars(as: Float.self) == expected)
    }

    @Test func inspectCountsWhatIsNotFinite() throws {
        try NPY.save(try Tensor([1, .nan, .infinity, .nan, 3] as [Double]), to: folder.path("x.npy"))
        let text = try Command("inspect", folder.path("x.npy")).output
        #expect(text.contains("NaN") && text.contains("infinite"))
        let json = try Command("inspect", folder.path("x.npy"), "--json").output
        #expect(json.contains("\"nan\": 2") && json.contains("\"infinite\": 1") && json.contains("\"mean\": 2.0"))
        let idx = try Command("inspect", images).output
        #expect(idx.contains("IDX array") && idx.contains("(5, 4, 4)"))
    }
}
