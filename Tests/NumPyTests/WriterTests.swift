import Foundation
@testable import NumPy
import Storage
import Testing

@Suite struct WriterTests {
    @Test func batchesMakeTheFileOfTheWhole() throws {
        try withFolder { folder in
            let path = folder.appending(path: "a.npy").path
            let whole = try Tensor((0..<600).map(Float.init), shape: [50, 3, 4])
            let cuts: [[Int]] = [[0, 50], [0, 1, 2, 50], [0, 0, 7, 49, 50, 50]]
            for cut in cuts {
                let writer = try NPYWriter(path, dtype: .float32, rowShape: [3, 4])
                for (start, end) in zip(cut, cut.dropFirst()) { try writer.append(whole[start..<end]) }
                #expect(writer.count == 50)
                try writer.finish()
                #expect(try [UInt8](Data(contentsOf: URL(filePath: path))) == NPY.encode(whole))
            }
            // Rows in another order in memory; numbers without rows; no rows at all.
            let turned = try Tensor((0..<600).map(Float.init), shape: [4, 3, 50]).transposed([2, 1, 0])
            for (rowShape, batches) in [
                ([3, 4], [turned]), ([], [try Tensor([Float(1), 2])]), ([0, 5], [try Tensor(zeros: [3, 0, 5])]), ([7], []),
            ] as [([Int], [Tensor])] {
                let writer = try NPYWriter(path, dtype: .float32, rowShape: Shape(rowShape))
                for batch in batches { try writer.append(batch) }
                try writer.finish()
                let tensor = try NPY.load(path)
                #expect(tensor.shape.dims == [batches.first?.shape[0] ?? 0] + rowShape)
                #expect(try tensor.packedBytes() == batches.first?.packedBytes() ?? [])
            }
        }
    }

    @Test func anUnfinishedFileLeavesTheOldOne() throws {
        try withFolder { folder in
            let path = folder.appending(path: "a.npy").path
            try NPY.save(Tensor([1, 2, 3]), to: path)
            do {
                let writer = try NPYWriter(path, dtype: .float32, rowShape: [2])
                try writer.append(Tensor(zeros: [5, 2]))
                #expect(throws: KerasError.self) { try writer.append(Tensor(zeros: [5, 3])) }
                #expect(throws: KerasError.self) { try writer.append(Tensor(zeros: [5, 2], dtype: .float64)) }
                #expect(throws: KerasError.self) { try writer.append(Tensor(zeros: [])) }
                #expect(writer.count == 5)
            }
            #expect(try NPY.load(path).scalars(as: Int.self) == [1, 2, 3])
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a.npy"])
            let writer = try NPYWriter(path, dtype: .int8, rowShape: [])
            try writer.finish()
            for again in [{ try writer.finish() }, { try writer.append(Tensor([Int8(1)])) }] {
                #expect(throws: KerasError.self) { try again() }
            }
            #expect(try NPY.load(path).shape == [0])
            #expect(throws: KerasError.self) { try NPYWriter(folder.path, dtype: .int8, rowShape: []) }
            #expect(throws: KerasError.self) { try NPYWriter(path, dtype: .bfloat16, rowShape: []) }
        }
    }

    @Test func manyDigitsFitIntoTheHeader() throws {
        // As long for no rows as for as many as there can be: the room numpy leaves.
        let lengths = try [0, 1, 99, 1 << 40].map { try NPYHeader.encode(.bool, Shape([$0]), isFortran: false).count }
        #expect(Set(lengths).count == 1)
    }

    @Test func compressedArchives() throws {
        try withFolder { folder in
            let path = folder.appending(path: "a.npz").path
            let source = try NPZ(path: fixtures.appending(path: "deflated.npz").path)
            let arrays = try source.names.map { ($0, try source.tensor(named: $0)) }
            try NPZ.save(arrays, to: path, compressed: true)
            let copy = try NPZ(path: path)
            #expect(copy.names == source.names)
            for name in copy.names {
                try copy.verify(name)
                #expect(try copy.tensor(named: name).packedBytes() == source.tensor(named: name).packedBytes(), "\(name)")
            }
            #expect(try Data(contentsOf: URL(filePath: path)).count < 3000)
            // An array that fills many of zlib's pieces, in an order that has to be packed.
            let large = try Tensor((0..<1_000_000).map { Float($0 % 1000) }, shape: [100, 100, 100]).transposed([1, 0, 2])
            try NPZ.save([("large", large)], to: path, compressed: true)
            #expect(try NPZ(path: path).tensor(named: "large").scalars(as: Float.self) == large.scalars(as: Float.self))
        }
    }

    @Test func contentTellsWhatAFileIs() throws {
        try withFolder { folder in
            let path = folder.appending(path: "misnamed.npz").path
            try NPY.save(Tensor([1, 2]), to: path)
            guard case .array(let tensor) = try NumPyFile.load(path) else { throw CancellationError() }
            #expect(try tensor.scalars(as: Int.self) == [1, 2])
            try NPZ.save([("x", tensor)], to: path)
            for mapped in [true, false] {
                guard case .archive(let archive) = try NumPyFile.load(path, mapped: mapped) else { throw CancellationError() }
                #expect(archive.names == ["x"])
            }
            try Data("neither".utf8).write(to: URL(filePath: path))
            #expect(throws: KerasError.self) { try NumPyFile.load(path) }
        }
    }

    @Test func membersMayBeUnaligned() throws {
        let archive = try NPZ(path: fixtures.appending(path: "stored.npz").path)
        for name in ["x", "f", "zeros"] {
            let tensor = try archive.tensor(named: name)
            #expect(try tensor.contiguous().isAligned)
        }
        // A name of one letter more moves the elements by one byte.
        let unaligned = try ["a", "ab", "abc"].map { name in
            var result = true
            try withFolder { folder in
                let path = folder.appending(path: "a.npz").path
                try NPZ.save([(name, try Tensor([1.5, 2.5]))], to: path)
                let tensor = try NPZ(path: path).tensor(named: name)
                result = tensor.isAligned
                #expect(try tensor.scalars(as: Double.self) == [1.5, 2.5] && tensor.sum() == 4)
            }
            return result
        }
        #expect(unaligned.contains(false))
    }
}
