import CountingAllocator
import Keras
import Testing

/// What `predict(into:)` asks the allocator for once shapes are known.
@Suite struct AllocationTests {
    @Test(arguments: [1, 2], [1, 5, 40]) func predictingIntoAllocatesNothing(threads: Int, samples: Int) throws {
        guard counted_allocations() >= 0 else { return }
        let model = Sequential {
            Conv2D(8, (3, 3), activation: .relu).inputShape(12, 12, 1)
            MaxPooling2D((2, 2))
            Conv2D(16, (3, 3))
            BatchNormalization()
            GlobalAveragePooling2D()
            Softmax()
        }
        model.runtime.threads = threads
        let images = try Tensor((0..<samples * 144).map { Float($0 % 17) / 8 }, shape: [samples, 12, 12, 1])
        var scores = try Tensor(zeros: [samples, 16])
        // Two runs may be under way at once, and each has memory of its own.
        for _ in 0..<20 { try model.predict(images, into: &scores) }
        let before = counted_allocations()
        for _ in 0..<100 { try model.predict(images, into: &scores) }
        #expect(counted_allocations() - before == 0)
        #expect(try scores.scalars(as: Float.self) == model.predict(images).scalars(as: Float.self))
    }

    @Test func countingCounts() throws {
        guard counted_allocations() >= 0 else { return }
        let before = counted_allocations()
        _ = try Tensor(zeros: [100])
        #expect(counted_allocations() > before)
    }
}
